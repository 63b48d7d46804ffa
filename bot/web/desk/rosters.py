"""Lists of people and bills at the desk: they are settled, shown with who pays most first, and leave as files."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from aiohttp import web

from bot.desk import Book, Imports, Roster, Rosters, Row
from bot.desk.rosters import Order
from bot.lists import MONEY, OWN_COST, STATUS, Brought, ListError, RosterFile, RosterSheets, heading, person_key, status_words
from bot.lists.warnings import Threshold, apart_words, near
from bot.paper import Form
from bot.speech import Voice, policy_row
from bot.web.desk.door import at_desk, desk_page, number_of, see
from bot.web.desk.forms import LONGEST_NAME, NOTHING, Sent, list_name, sent_of
from bot.web.desk.imports import place_of
from bot.web.desk.making import hand_file, hand_print
from bot.web.desk.receiving import received, take_in
from bot.web.errors import ApiError
from bot.web.shared import ASSISTANT, fields
from engine import LAYERS, fen

#: Rows of one page, and rows that were not settled; the files have all of them.
_SHOWN, _WRONG_SHOWN = 200, 50
#: Columns of results that stand in the table even where they are empty.
_ALWAYS = (OWN_COST, "out_of_pocket_high")
_LAST = ("status", "edition")
_NOTHING = "0.00"
#: Slips in one file: they take a second, large sheets fifty times as long.
MOST_SLIPS = 1_000


#: What a desk is for: each part with the text of its name and its address.
_PARTS = (
    ("day", "desk.day", "/desk/day"),
    ("roster", "desk.new", "#new"),
    ("registers", "desk.registers", "/desk/registers"),
    ("warn", "desk.warn", "/desk/warnings"),
    ("enrol", "desk.enrol", "/desk/enrolment"),
    ("bill", "desk.bill", "/desk/bills"),
    ("cases", "desk.cases", "/desk/cases"),
    ("trail", "desk.trail", "/desk/trail"),
    ("keep", "desk.keep", "/desk/keeping"),
)


async def show(request: web.Request, voice: Voice, book: Book, notice: str = "", sent: Sent = NOTHING) -> web.Response:
    """The lists of the desk, and the form for a new one."""
    heads, coming = await asyncio.to_thread(lambda: (Rosters(book).heads(), Imports(book).open()))
    shown = {"parts": _PARTS, "heads": heads, "coming": coming, "places": places_of(request, voice), "sent": sent}
    return desk_page(request, voice, "desk.html", book.desk, notice=notice, **shown)


def places_of(request: web.Request, voice: Voice) -> list[tuple[str, str]]:
    """The places that there are rules for, with their names."""
    names = [policy_row(voice, edition) for edition in request.app[ASSISTANT].knowledge.shelf.editions()]
    return sorted({str(row["place"]): str(row["name"]) for row in names}.items())


async def _bring(request: web.Request, voice: Voice, book: Book) -> web.Response:
    """Settle a list that was uploaded or pasted. What was pasted stays in the page when it cannot be settled."""
    typed: dict[str, str] = {}
    try:
        async with received(request, voice, book, typed) as source:
            name = list_name(typed, voice, request.app[ASSISTANT].today())
            number = await asyncio.to_thread(Imports(book).begin, "roster", name)
            found = await take_in(request, book, Brought(number, "roster", name, source, voice.lang, typed.get("place") or None))
    except ListError as error:
        return await show(request, voice, book, str(error), sent_of(typed))
    return see(place_of(found))


async def _roster(request: web.Request, voice: Voice, book: Book) -> web.Response:
    number, rosters = number_of(request), Rosters(book)
    order, page = _asked(request)
    return await _shown(request, voice, book, number, order, page, lambda: rosters.rows(number, order, (page - 1) * _SHOWN, _SHOWN))


def _asked(request: web.Request) -> tuple[Order, int]:
    """In which order, and which page, from 1."""
    said = request.query.get("page", "1")[:6]
    return "row" if request.query.get("by") == "row" else "own", max(1, int(said)) if said.isascii() and said.isdecimal() else 1


async def _find(request: web.Request, voice: Voice, book: Book) -> web.Response:
    """The rows of somebody, by the beginning of their number, else of anything else the list says of them.

    What is looked for is no address, so that no name is in one.
    """
    number, wanted = number_of(request), fields(await request.read()).get("who", "").strip()[:LONGEST_NAME]
    rosters = Rosters(book)

    def read() -> list[Row]:
        return rosters.find(number, person_key(wanted), _SHOWN) or rosters.mentioning(number, wanted, _SHOWN)

    return await _shown(request, voice, book, number, "own", 1, read, wanted)


async def _shown(
    request: web.Request, voice: Voice, book: Book, number: int, order: Order, page: int, read: Callable[[], list[Row]], wanted: str = ""
) -> web.Response:
    rosters = Rosters(book)
    roster = await asyncio.to_thread(rosters.roster, number)
    if roster is None:
        raise ApiError(404, "not_found")
    rows, rejects, threshold = await asyncio.to_thread(lambda: (read(), rosters.rejects(number, _WRONG_SHOWN), Threshold.of(book)))
    years = await asyncio.to_thread(rosters.unpaid_of_years, number, rows)
    columns = _worth_showing(roster, rows)
    # What to look out for stands behind what one pays; what pays it, and by which rules, can wait.
    notes = columns.index(roster.columns.index(_ALWAYS[-1], roster.given)) + 1
    headings = [heading(voice, roster, at) for at in columns]
    headings.insert(notes, voice.say("desk.day.column.warnings"))
    told = [[_cell(voice, roster, at, row.cells[at]) for at in columns] for row in rows]
    for cells, row in zip(told, rows, strict=True):
        cells.insert(notes, " ".join(warnings_of(voice, roster, row, years, threshold)))
    shown: dict[str, Any] = {
        "headings": headings,
        "rows": told,
        "notes": notes,
        "numbers": {at + (at >= notes) for at, column in enumerate(columns) if column >= roster.given and roster.columns[column] in MONEY},
        "pages": {"page": page, "last": -(-roster.rows // _SHOWN), "by": order},
        "apart": apart_words(voice, roster, request.app[ASSISTANT].knowledge),
        "all_slips": _SHOWN < roster.rows <= MOST_SLIPS,
        "basis": threshold.basis(voice) if any(unpaid > near(threshold.amount) for unpaid in years.values()) else "",
        **{"roster": roster, "rejects": rejects, "wanted": wanted, "more_wrong": max(0, roster.rejects - _WRONG_SHOWN)},
    }
    return desk_page(request, voice, "desk_roster.html", book.desk, **shown)


def warnings_of(voice: Voice, roster: Roster, row: Row, years: Mapping[int, int], threshold: Threshold) -> Iterator[str]:
    """What to look out for with a bill, in a few words each."""
    unpaid = years.get(row.number, 0)
    if unpaid > near(threshold.amount):
        state = "above" if unpaid > threshold.amount else "near"
        yield voice.say(f"desk.row.{state}", year_amount=unpaid, threshold_amount=threshold.amount)
    if row.may_apply and unpaid > threshold.amount:
        yield voice.say("desk.warn.may_apply")
    if row.cells[roster.columns.index("status", roster.given)] == "partial":
        yield voice.say("desk.row.open")


async def _slips(request: web.Request, voice: Voice, book: Book) -> web.StreamResponse:
    """The sheets of the bills of one page in one file, in the order of the page; slips of a whole list, up to so many."""
    roster, (order, page) = await _taken(request, book), _asked(request)
    form: Form = "slip" if request.query.get("form") == "slip" else "a4"
    first, count = (0, MOST_SLIPS) if form == "slip" and "all" in request.query else ((page - 1) * _SHOWN, _SHOWN)
    today = request.app[ASSISTANT].today().isoformat()
    return await hand_print(request, voice, book, RosterSheets(roster, order, first, count, form, today))


async def _file(request: web.Request, voice: Voice, book: Book) -> web.StreamResponse:
    """The list as a file, in the language of its page."""
    roster = await _taken(request, book)
    return await hand_file(request, voice, book, RosterFile(roster), f"nengbao-{roster.number}.{request.match_info['ending']}")


async def _taken(request: web.Request, book: Book) -> Roster:
    roster = await asyncio.to_thread(lambda: Rosters(book).roster(number_of(request), taken=True))
    if roster is None:
        raise ApiError(404, "not_found")
    return roster


async def _forget(request: web.Request, _voice: Voice, book: Book) -> web.Response:
    if not await asyncio.to_thread(Rosters(book).forget, number_of(request)):
        raise ApiError(404, "not_found")
    return see("/desk")


def _worth_showing(roster: Roster, rows: Sequence[Row]) -> list[int]:
    """The columns of a page in their order: those of the list, what one pays, what pays anything to anybody on it. The files have all."""
    results = {column: at for at, column in enumerate(roster.columns[roster.given :], roster.given)}
    pays = [column for column in results if column in (*(f"paid_{layer}" for layer in LAYERS), "hospital_borne")]
    pays = [column for column in pays if any(row.cells[results[column]] not in ("", _NOTHING) for row in rows)]
    return [*range(roster.given), *(results[column] for column in (*_ALWAYS, *pays, *_LAST))]


def _cell(voice: Voice, roster: Roster, at: int, cell: str) -> str:
    column = roster.columns[at]
    if at >= roster.given and column in MONEY and cell:
        return voice.say("desk.amount", own_amount=fen(cell))
    return status_words(voice)[cell] if at >= roster.given and column == STATUS else cell


ROSTERS = (
    web.get("/desk", at_desk(show)),
    web.post("/desk/roster", at_desk(_bring, changes=True, streams=True)),
    web.get(r"/desk/roster/{number:\d{1,9}}", at_desk(_roster)),
    web.post(r"/desk/roster/{number:\d{1,9}}/find", at_desk(_find, changes=True)),
    web.get(r"/desk/roster/{number:\d{1,9}}.{ending:csv|xlsx}", at_desk(_file)),
    web.get(r"/desk/roster/{number:\d{1,9}}/slips.pdf", at_desk(_slips)),
    web.post(r"/desk/roster/{number:\d{1,9}}/forget", at_desk(_forget, changes=True)),
)
