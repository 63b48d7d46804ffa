"""Lists of people and bills at the desk: they are settled, shown with who pays most first, and leave as files."""

import asyncio
from typing import Any

from aiohttp import web

from bot.desk import Book, Roster
from bot.lists import ListError, as_csv, by_own_cost, settle
from bot.speech import Voice, policy_row
from bot.web.desk.door import at_desk, desk_file, desk_page, number_of, see
from bot.web.desk.forms import LONGEST_NAME, Sent, list_of, parts_of, text_of
from bot.web.errors import ApiError
from bot.web.shared import ASSISTANT
from engine import LAYERS, fen

#: Rows that a page shows; the files have all of them.
_SHOWN = 2_000
#: Columns that settling adds beside what each layer pays.
_OURS = frozenset(("edition", "status", "hospital_borne", "out_of_pocket", "out_of_pocket_low", "out_of_pocket_high"))
_PAYS = tuple(f"paid_{layer}" for layer in LAYERS)
_MONEY = frozenset((*_PAYS, "hospital_borne", "out_of_pocket", "out_of_pocket_low", "out_of_pocket_high"))
_NOTHING = "0.00"
_FILES = {"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


async def show(request: web.Request, voice: Voice, book: Book, notice: str = "", sent: Sent | None = None) -> web.Response:
    """The lists of the desk, and the form for a new one."""
    heads = await asyncio.to_thread(book.heads)
    shelf = request.app[ASSISTANT].knowledge.shelf
    names = [policy_row(voice, edition) for edition in shelf.editions()]
    places = sorted({row["place"]: row["name"] for row in names}.items())
    return desk_page(request, voice, "desk.html", book.desk, notice=notice, heads=heads, places=places, sent=sent)


async def _bring(request: web.Request, voice: Voice, book: Book) -> web.Response:
    """Settle a list that was uploaded or pasted. What was pasted stays in the page when it cannot be settled."""
    parts = await parts_of(request)
    sent = Sent(text_of(parts, "name")[:LONGEST_NAME] or voice.say("desk.unnamed"), text_of(parts, "place") or None, b"", ".csv")
    try:
        sent = list_of(voice, parts, sent.name, sent.place)
        knowledge = request.app[ASSISTANT].knowledge
        roster = await asyncio.to_thread(settle, sent.data, sent.ending, sent.name, sent.place, knowledge, voice)
    except ListError as error:
        return await show(request, voice, book, str(error), sent)
    number = await asyncio.to_thread(book.add, roster)
    return see(f"/desk/roster/{number}")


async def _roster(request: web.Request, voice: Voice, book: Book) -> web.Response:
    number = number_of(request)
    roster = await asyncio.to_thread(book.roster, number)
    if roster is None:
        raise ApiError(404, "not_found")
    rows = by_own_cost(roster)
    columns, first_own = _worth_showing(roster)
    shown: dict[str, Any] = {
        "headings": [_heading(voice, roster.columns[at]) for at in columns],
        "rows": [[_cell(voice, roster.columns[at], row[at]) for at in columns] for row in rows[:_SHOWN]],
        "hidden": max(0, len(rows) - _SHOWN),
        "first_own": first_own,
        **{"roster": roster, "number": number},
    }
    return desk_page(request, voice, "desk_roster.html", book.desk, **shown)


async def _file(request: web.Request, _voice: Voice, book: Book) -> web.Response:
    number, ending = number_of(request), request.match_info["ending"]
    roster = await asyncio.to_thread(lambda: book.roster(number, taken=True))
    if roster is None:
        raise ApiError(404, "not_found")
    return desk_file(roster.workbook if ending == "xlsx" else as_csv(roster), _FILES[ending], f"nengbao-{number}.{ending}")


async def _forget(request: web.Request, _voice: Voice, book: Book) -> web.Response:
    if not await asyncio.to_thread(book.forget, number_of(request)):
        raise ApiError(404, "not_found")
    return see("/desk")


def _worth_showing(roster: Roster) -> tuple[list[int], int]:
    """The columns of a page in their order: those of the list, what one pays, what pays anything to anybody. And where ours begin.

    The files have all columns.
    """
    known = {column: at for at, column in enumerate(roster.columns)}
    others = [at for column, at in known.items() if column not in _OURS and column not in _PAYS]
    pays = [column for column in roster.columns if column in (*_PAYS, "hospital_borne")]
    pays = [column for column in pays if any(row[known[column]] not in ("", _NOTHING) for row in roster.rows)]
    return others + [known[column] for column in ("out_of_pocket", "out_of_pocket_high", *pays, "status", "edition")], len(others)


def _heading(voice: Voice, column: str) -> str:
    """What a column that we added is called; one of the list keeps its name."""
    if voice.has(f"desk.column.{column}"):
        return voice.say(f"desk.column.{column}")
    layer = column.removeprefix("paid_")
    return voice.say(f"layer.{layer}") if layer != column and voice.has(f"layer.{layer}") else column


def _cell(voice: Voice, column: str, cell: str) -> str:
    if column == "status" and voice.has(f"desk.status.{cell}"):
        return voice.say(f"desk.status.{cell}")
    return voice.say("desk.amount", own_amount=fen(cell)) if column in _MONEY and cell else cell


ROSTERS = (
    web.get("/desk", at_desk(show)),
    web.post("/desk/roster", at_desk(_bring, changes=True)),
    web.get(r"/desk/roster/{number:\d{1,9}}", at_desk(_roster)),
    web.get(r"/desk/roster/{number:\d{1,9}}.{ending:csv|xlsx}", at_desk(_file)),
    web.post(r"/desk/roster/{number:\d{1,9}}/forget", at_desk(_forget, changes=True)),
)
