"""The monthly registers (台账) of both offices at the desk."""

import asyncio
from typing import Any

from aiohttp import web

from bot.desk import KINDS, Book, Imports, Registers, Rosters
from bot.lists import Brought, ListError
from bot.lists.effects import MOST_PEOPLE, effects_of
from bot.speech import Voice
from bot.web.desk.door import at_desk, desk_page, number_of, see
from bot.web.desk.forms import day_of, list_name
from bot.web.desk.imports import place_of
from bot.web.desk.receiving import received, take_in
from bot.web.errors import ApiError
from bot.web.lines import LINES
from bot.web.shared import ASSISTANT


async def _show(request: web.Request, voice: Voice, book: Book, notice: str = "", written: str = "") -> web.Response:
    registers = Registers(book)
    versions, (conflicts, count), coming = await asyncio.to_thread(lambda: (registers.all(), registers.conflicts(), Imports(book).open()))
    today = request.app[ASSISTANT].today().isoformat()
    shown = {"versions": versions, "conflicts": conflicts, "more_conflicts": count - len(conflicts), "coming": coming}
    return desk_page(request, voice, "desk_registers.html", book.desk, notice=notice, kinds=KINDS, written=written, today=today, **shown)


async def _bring(request: web.Request, voice: Voice, book: Book) -> web.Response:
    """Keep an office's list, whole or not at all: rows that do not tell are named, to be mended."""
    typed: dict[str, str] = {}
    try:
        async with received(request, voice, book, typed) as source:
            office = next((each for each in KINDS if each == typed.get("kind")), None)
            if office is None:
                raise ApiError(422, "invalid", "kind")
            day = day_of(voice, typed.get("day", ""))
            name = list_name(typed, voice, request.app[ASSISTANT].today())
            number = await asyncio.to_thread(Imports(book).begin, "register", name)
            found = await take_in(request, book, Brought(number, "register", name, source, voice.lang, office=office, day=day))
    except ListError as error:
        return await _show(request, voice, book, str(error), typed.get("pasted", ""))
    return see(place_of(found))


async def _one(request: web.Request, voice: Voice, book: Book) -> web.Response:
    number = number_of(request)
    registers = Registers(book)
    versions, changes = await asyncio.to_thread(lambda: (registers.all(), registers.changes(number)))
    version = next((each for each in versions if each.number == number), None)
    if version is None or changes is None:
        raise ApiError(404, "not_found")
    groups = {"new": changes.new, "gone": changes.gone, "changed": changes.changed}
    return desk_page(request, voice, "desk_register.html", book.desk, version=version, groups=groups, counts=changes.counts)


async def _effects(request: web.Request, voice: Voice, book: Book) -> web.Response:
    """Which results of a list change because of a register, and by how much."""
    number, assistant = number_of(request), request.app[ASSISTANT]
    asked = request.query.get("list", "")[:9]

    def read() -> dict[str, Any] | None:
        registers, rosters = Registers(book), Rosters(book)
        version = next((each for each in registers.all() if each.number == number), None)
        if version is None:
            return None
        if version.undone:
            # It changes nothing any more, and what other registers say of its people is no effect of it.
            return {"version": version}
        heads = rosters.heads()
        chosen = int(asked) if asked.isdecimal() and asked.isascii() else next((head.number for head in heads), 0)
        roster = rosters.roster(chosen)
        told = roster and effects_of(number, version.day, roster, rosters, registers, assistant.knowledge, voice, book.work())
        return {"version": version, "heads": heads, "roster": roster, "effects": told, "most": MOST_PEOPLE}

    with request.app[LINES].busy(request.protocol):
        shown = await asyncio.to_thread(read)
    if shown is None:
        raise ApiError(404, "not_found")
    return desk_page(request, voice, "desk_effects.html", book.desk, **shown)


async def _undo(request: web.Request, _voice: Voice, book: Book) -> web.Response:
    if not await asyncio.to_thread(Registers(book).undo, number_of(request)):
        raise ApiError(404, "not_found")
    return see("/desk/registers")


REGISTERS = (
    web.get("/desk/registers", at_desk(_show)),
    web.post("/desk/registers", at_desk(_bring, changes=True, streams=True)),
    web.get(r"/desk/registers/{number:\d{1,9}}", at_desk(_one)),
    web.get(r"/desk/registers/{number:\d{1,9}}/effects", at_desk(_effects)),
    web.post(r"/desk/registers/{number:\d{1,9}}/undo", at_desk(_undo, changes=True)),
)
