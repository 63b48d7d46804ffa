"""The coordinator's desk on the web: a key opens it, lists come in, who pays what stands in a table, and leaves as a file.

Everything works without scripts and with the keyboard alone. The cookie holds the key itself, so that a key that is taken back opens
nothing from the next page on; no other site can use it.
"""

import asyncio
import csv
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import PurePath
from typing import Any

from aiohttp import web

from bot.desk import KINDS, LATER, Book, Cases, Desk, Keys, Registers, Room, RoomError, Roster, Trace, plain
from bot.lists import ENDINGS, ListError, as_csv, by_own_cost, from_text, read_register, settle
from bot.speech import Voice, policy_row
from bot.store import StoreError
from bot.web.errors import ApiError
from bot.web.pages.rendering import is_secure, page, page_voice
from bot.web.plain import remember
from bot.web.shared import ASSISTANT, CLIENTS, SETTINGS, client_of, fields, limited, own_form
from engine import LAYERS, fen

_COOKIE = "nengbao_desk"
_A_DAY = 86_400
_LONGEST_NAME, _MOST_WORDS = 60, 500
_DIGITS = 6
#: Rows that a page shows; the files have all of them.
_SHOWN = 2_000
#: Rows that do not tell, named at once.
_MOST_WRONG = 10
#: Columns that settling adds beside what each layer pays.
_OURS = frozenset(("edition", "status", "hospital_borne", "out_of_pocket", "out_of_pocket_low", "out_of_pocket_high"))
_PAYS = tuple(f"paid_{layer}" for layer in LAYERS)
_MONEY = frozenset((*_PAYS, "hospital_borne", "out_of_pocket", "out_of_pocket_low", "out_of_pocket_high"))
_NOTHING = "0.00"
_FILES = {"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
#: For forms that have to be able to say that they are ours.
_OWN = {"Referrer-Policy": "same-origin", "Cache-Control": "no-store"}

Shows = Callable[[web.Request, Voice, Book], Awaitable[web.Response]]


@dataclass(frozen=True, slots=True)
class _Sent:
    """What the form for a list sends."""

    name: str
    place: str | None
    data: bytes
    ending: str


def _at_desk(shows: Shows, *, changes: bool = False) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A page of an open desk; whoever has no key is asked for it. `changes`: only our own forms may ask for it."""

    async def handler(request: web.Request) -> web.Response:
        limited(request.app[CLIENTS], client_of(request))
        voice = page_voice(request)
        if changes:
            own_form(request)
        room = _room(request)
        try:
            desk = await asyncio.to_thread(Keys(room).known, request.cookies.get(_COOKIE, ""))
            if desk is None:
                return _login(request, voice)
            return await shows(request, voice, Book(room, desk))
        except RoomError as error:
            raise ApiError(503, "unavailable") from error

    return handler


async def _enter(request: web.Request) -> web.Response:
    """Try a key."""
    limited(request.app[CLIENTS], client_of(request))
    own_form(request)
    sent = fields(await request.read())
    voice, key = page_voice(request, sent.get("lang")), sent.get("key", "").strip()
    try:
        tried = await asyncio.to_thread(Keys(_room(request)).open, key, client_of(request))
    except RoomError as error:
        raise ApiError(503, "unavailable") from error
    if tried.desk is None:
        return _login(request, voice, voice.say("desk.locked" if tried.locked else "desk.wrong"), 429 if tried.locked else 403)
    response = _see("/desk")
    response.set_cookie(_COOKIE, plain(key), max_age=_A_DAY, path="/desk", httponly=True, samesite="Strict", secure=is_secure(request))
    return response


async def _leave(request: web.Request) -> web.Response:
    own_form(request)
    response = _see("/desk")
    response.del_cookie(_COOKIE, path="/desk")
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


async def _show(request: web.Request, voice: Voice, book: Book, notice: str = "", sent: _Sent | None = None) -> web.Response:
    heads = await asyncio.to_thread(book.heads)
    shelf = request.app[ASSISTANT].knowledge.shelf
    names = [policy_row(voice, edition) for edition in shelf.editions()]
    places = sorted({row["place"]: row["name"] for row in names}.items())
    written = sent.data.decode("utf-8", "replace") if sent and sent.ending == ".csv" else ""
    return _page(
        request,
        voice,
        "desk.html",
        422 if notice else 200,
        book.desk,
        heads=heads,
        places=places,
        notice=notice,
        sent=sent,
        written=written,
    )


async def _take_up(request: web.Request, voice: Voice, book: Book) -> web.Response:
    """Go on with a talk that somebody gave six digits for."""
    sent = fields(await request.read())
    digits = "".join(char for char in sent.get("digits", "") if char.isdecimal() and char.isascii())
    if len(digits) != _DIGITS:
        return await _show(request, voice, book, voice.say("desk.digits.six"))
    who, message = f"desk-{book.desk.key}", f"desk-{secrets.token_hex(16)}"
    try:
        talk, locked = await request.app[ASSISTANT].taken_up(digits, message, who)
    except StoreError as error:
        raise ApiError(503, "unavailable") from error
    if talk is None:
        return await _show(request, voice, book, voice.say("pass.locked" if locked else "pass.wrong"))
    response = _see("/plain")
    remember(request, response, talk)
    return response


async def _bring(request: web.Request, voice: Voice, book: Book) -> web.Response:
    """Settle a list that was uploaded or pasted. What was pasted stays in the page when it cannot be settled."""
    sent = _Sent("", None, b"", ".csv")
    try:
        sent = _read_form(voice, request.content_type, request.headers["Content-Type"], await request.read())
        knowledge = request.app[ASSISTANT].knowledge
        roster = await asyncio.to_thread(settle, sent.data, sent.ending, sent.name, sent.place, knowledge, voice)
    except ListError as error:
        return await _show(request, voice, book, str(error), sent)
    number = await asyncio.to_thread(book.add, roster)
    return _see(f"/desk/roster/{number}")


async def _roster(request: web.Request, voice: Voice, book: Book) -> web.Response:
    number = _number(request)
    roster = await asyncio.to_thread(book.roster, number)
    if roster is None:
        raise ApiError(404, "not_found")
    rows = by_own_cost(roster)
    columns, first_own = _worth_showing(roster)
    shown = {
        "headings": [_heading(voice, roster.columns[at]) for at in columns],
        "rows": [[_cell(voice, roster.columns[at], row[at]) for at in columns] for row in rows[:_SHOWN]],
        "hidden": max(0, len(rows) - _SHOWN),
        "first_own": first_own,
        **{"roster": roster, "number": number},
    }
    return _page(request, voice, "desk_roster.html", 200, book.desk, **shown)


async def _file(request: web.Request, _voice: Voice, book: Book) -> web.Response:
    number, ending = _number(request), request.match_info["ending"]
    roster = await asyncio.to_thread(lambda: book.roster(number, taken=True))
    if roster is None:
        raise ApiError(404, "not_found")
    body = roster.workbook if ending == "xlsx" else as_csv(roster)
    headers = {"Content-Disposition": f'attachment; filename="nengbao-{number}.{ending}"', "Cache-Control": "no-store"}
    return web.Response(body=body, content_type=_FILES[ending], headers=headers)


async def _forget(request: web.Request, _voice: Voice, book: Book) -> web.Response:
    if not await asyncio.to_thread(book.forget, _number(request)):
        raise ApiError(404, "not_found")
    return _see("/desk")


async def _registers(request: web.Request, voice: Voice, book: Book, notice: str = "", written: str = "") -> web.Response:
    registers = Registers(book)
    versions, conflicts = await asyncio.to_thread(lambda: (registers.all(), registers.conflicts()))
    today = request.app[ASSISTANT].today().isoformat()
    shown = {"versions": versions, "conflicts": conflicts, "kinds": KINDS, "notice": notice, "written": written, "today": today}
    return _page(request, voice, "desk_registers.html", 422 if notice else 200, book.desk, **shown)


async def _bring_register(request: web.Request, voice: Voice, book: Book) -> web.Response:
    """Keep an office's list, whole or not at all: rows that do not tell are named, to be mended."""
    parts = _parts(request.headers["Content-Type"], await request.read()) if request.content_type == "multipart/form-data" else {}
    kind = next((each for each in KINDS if each == _text(parts, "kind")), None)
    if kind is None:
        raise ApiError(422, "invalid", "kind")
    try:
        day = _day(voice, _text(parts, "day"))
        sent = _list_of(voice, parts, day, None)
        knowledge = request.app[ASSISTANT].knowledge
        listed = await asyncio.to_thread(read_register, sent.data, sent.ending, day, knowledge, voice)
        if listed.wrong:
            rows = [f"{voice.say('desk.row', row=str(row))}{why}" for row, why in listed.wrong[:_MOST_WRONG]]
            raise ListError("\n".join([voice.say("desk.register.wrong"), *rows]))
    except ListError as error:
        return await _registers(request, voice, book, str(error), _text(parts, "pasted"))
    number = await asyncio.to_thread(Registers(book).bring, kind, day, listed.people)
    return _see(f"/desk/registers/{number}")


async def _register(request: web.Request, voice: Voice, book: Book) -> web.Response:
    number = _number(request)
    registers = Registers(book)
    versions, changes = await asyncio.to_thread(lambda: (registers.all(), registers.changes(number)))
    version = next((each for each in versions if each.number == number), None)
    if version is None or changes is None:
        raise ApiError(404, "not_found")
    groups = {
        "new": [each for each in changes if each.before is None],
        "gone": [each for each in changes if each.after is None],
        "changed": [each for each in changes if None not in (each.before, each.after)],
    }
    return _page(request, voice, "desk_register.html", 200, book.desk, version=version, groups=groups)


async def _undo(request: web.Request, _voice: Voice, book: Book) -> web.Response:
    if not await asyncio.to_thread(Registers(book).undo, _number(request)):
        raise ApiError(404, "not_found")
    return _see("/desk/registers")


async def _cases(request: web.Request, voice: Voice, book: Book, notice: str = "", sent: Mapping[str, str] | None = None) -> web.Response:
    cases = await asyncio.to_thread(Cases(book).all)
    today = request.app[ASSISTANT].today().isoformat()
    shown = {"cases": cases, "later": LATER, "notice": notice, "sent": dict(sent or {}), "today": today, "most": _MOST_WORDS}
    return _page(request, voice, "desk_cases.html", 422 if notice else 200, book.desk, **shown)


async def _write_case(request: web.Request, voice: Voice, book: Book) -> web.Response:
    """Open a case, or write one more entry of one."""
    sent = fields(await request.read())
    try:
        day, words = _day(voice, sent.get("day", "")), sent.get("words", "").strip()
        if len(words) > _MOST_WORDS:
            raise ListError(voice.say("wrong.too_long", most=_MOST_WORDS))
        if "number" in request.match_info:
            await _add_entry(voice, book, _number(request), sent.get("what", ""), day, words)
        else:
            person = sent.get("person", "").strip()[:_LONGEST_NAME]
            if not person:
                raise ListError(voice.say("desk.case.nobody"))
            await asyncio.to_thread(Cases(book).open, person, day, words)
    except ListError as error:
        return await _cases(request, voice, book, str(error), sent)
    return _see("/desk/cases")


async def _add_entry(voice: Voice, book: Book, number: int, said: str, day: str, words: str) -> None:
    what = next((each for each in LATER if each == said), None)
    if what is None or (what in ("step", "corrected") and not words):
        raise ListError(voice.say("desk.case.no_words"))
    if not await asyncio.to_thread(Cases(book).add, number, what, day, words):
        raise ApiError(404, "not_found")


async def _trail(request: web.Request, voice: Voice, book: Book) -> web.Response:
    trail = [(trace, _about(voice, trace)) for trace in await asyncio.to_thread(book.trail)]
    return _page(request, voice, "desk_trail.html", 200, book.desk, trail=trail)


def _about(voice: Voice, trace: Trace) -> str:
    """What it was done with; a register by its office and day."""
    kind, _, day = trace.about.partition(" ")
    return f"{voice.say(f'desk.kind.{kind}')} {day}" if kind in KINDS else trace.about


def _read_form(voice: Voice, kind: str, content_type: str, body: bytes) -> _Sent:
    """The list of a form, with its name and place. Raises ListError."""
    parts = _parts(content_type, body) if kind == "multipart/form-data" else {}
    return _list_of(voice, parts, _text(parts, "name")[:_LONGEST_NAME] or voice.say("desk.unnamed"), _text(parts, "place") or None)


def _list_of(voice: Voice, parts: dict[str, EmailMessage], name: str, place: str | None) -> _Sent:
    """A file, or what was pasted. Raises ListError."""
    file = parts.get("file")
    data, ending = _bytes(file), PurePath((file.get_filename() if file is not None else "") or "").suffix.lower()
    if data and ending not in ENDINGS:
        raise ListError(voice.say("desk.kind"))
    if data:
        return _Sent(name, place, data, ending)
    try:
        pasted = from_text(_text(parts, "pasted"))
    except csv.Error as error:
        raise ListError(voice.say("desk.broken")) from error
    if not pasted.strip():
        raise ListError(voice.say("desk.empty"))
    return _Sent(name, place, pasted, ".csv")


def _day(voice: Voice, text: str) -> str:
    """An ISO day. Raises ListError."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise ListError(voice.say("desk.register.no_day")) from error


def _parts(content_type: str, body: bytes) -> dict[str, EmailMessage]:
    """The fields of a form by name, of files with theirs; the request was read whole before, and is small."""
    whole: Any = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + content_type.encode("ascii", "ignore") + b"\r\n\r\n" + body)
    parts = list(whole.iter_parts()) if whole.is_multipart() else []
    return {str(part.get_param("name", "", "content-disposition")): part for part in parts}


def _bytes(part: EmailMessage | None) -> bytes:
    payload = part.get_payload(decode=True) if part is not None else b""
    return payload if isinstance(payload, bytes) else b""


def _text(parts: dict[str, EmailMessage], name: str) -> str:
    return _bytes(parts.get(name)).decode("utf-8", "replace").strip("\r\n ")


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


def _number(request: web.Request) -> int:
    return int(request.match_info["number"])


def _room(request: web.Request) -> Room:
    return Room(request.app[SETTINGS].data_dir)


def _login(request: web.Request, voice: Voice, notice: str = "", status: int = 200) -> web.Response:
    return page(request, "desk_login.html", voice, status=status, headers=_OWN, notice=notice, other_langs={})


def _page(request: web.Request, voice: Voice, template: str, status: int, desk: Desk, **values: Any) -> web.Response:
    return page(request, template, voice, status=status, headers=_OWN, desk=desk, **values)


def _see(path: str) -> web.Response:
    """The page to go on with."""
    return web.Response(status=web.HTTPSeeOther.status_code, headers={"Location": path})


DESK = (
    web.get("/desk", _at_desk(_show)),
    web.post("/desk", _enter),
    web.post("/desk/leave", _leave),
    web.post("/desk/talk", _at_desk(_take_up, changes=True)),
    web.post("/desk/roster", _at_desk(_bring, changes=True)),
    web.get(r"/desk/roster/{number:\d{1,9}}", _at_desk(_roster)),
    web.get(r"/desk/roster/{number:\d{1,9}}.{ending:csv|xlsx}", _at_desk(_file)),
    web.post(r"/desk/roster/{number:\d{1,9}}/forget", _at_desk(_forget, changes=True)),
    web.get("/desk/registers", _at_desk(_registers)),
    web.post("/desk/registers", _at_desk(_bring_register, changes=True)),
    web.get(r"/desk/registers/{number:\d{1,9}}", _at_desk(_register)),
    web.post(r"/desk/registers/{number:\d{1,9}}/undo", _at_desk(_undo, changes=True)),
    web.get("/desk/cases", _at_desk(_cases)),
    web.post("/desk/cases", _at_desk(_write_case, changes=True)),
    web.post(r"/desk/cases/{number:\d{1,9}}", _at_desk(_write_case, changes=True)),
    web.get("/desk/trail", _at_desk(_trail)),
)
