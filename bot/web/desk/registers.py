"""The monthly registers (台账) of both offices at the desk."""

import asyncio

from aiohttp import web

from bot.desk import KINDS, Book, Registers
from bot.lists import ListError, read_register
from bot.speech import Voice
from bot.web.desk.door import at_desk, desk_page, number_of, see
from bot.web.desk.forms import day_of, list_of, parts_of, text_of
from bot.web.errors import ApiError
from bot.web.shared import ASSISTANT

#: Rows that do not tell, named at once.
_MOST_WRONG = 10


async def _show(request: web.Request, voice: Voice, book: Book, notice: str = "", written: str = "") -> web.Response:
    registers = Registers(book)
    versions, conflicts = await asyncio.to_thread(lambda: (registers.all(), registers.conflicts()))
    today = request.app[ASSISTANT].today().isoformat()
    shown = {"versions": versions, "conflicts": conflicts, "kinds": KINDS, "written": written, "today": today}
    return desk_page(request, voice, "desk_registers.html", book.desk, notice=notice, **shown)


async def _bring(request: web.Request, voice: Voice, book: Book) -> web.Response:
    """Keep an office's list, whole or not at all: rows that do not tell are named, to be mended."""
    parts = await parts_of(request)
    kind = next((each for each in KINDS if each == text_of(parts, "kind")), None)
    if kind is None:
        raise ApiError(422, "invalid", "kind")
    try:
        day = day_of(voice, text_of(parts, "day"))
        sent = list_of(voice, parts, day, None)
        knowledge = request.app[ASSISTANT].knowledge
        listed = await asyncio.to_thread(read_register, sent.data, sent.ending, day, knowledge, voice)
        if listed.wrong:
            rows = [f"{voice.say('desk.row', row=str(row))}{why}" for row, why in listed.wrong[:_MOST_WRONG]]
            raise ListError("\n".join([voice.say("desk.register.wrong"), *rows]))
    except ListError as error:
        return await _show(request, voice, book, str(error), text_of(parts, "pasted"))
    number = await asyncio.to_thread(Registers(book).bring, kind, day, listed.people)
    return see(f"/desk/registers/{number}")


async def _one(request: web.Request, voice: Voice, book: Book) -> web.Response:
    number = number_of(request)
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
    return desk_page(request, voice, "desk_register.html", book.desk, version=version, groups=groups)


async def _undo(request: web.Request, _voice: Voice, book: Book) -> web.Response:
    if not await asyncio.to_thread(Registers(book).undo, number_of(request)):
        raise ApiError(404, "not_found")
    return see("/desk/registers")


REGISTERS = (
    web.get("/desk/registers", at_desk(_show)),
    web.post("/desk/registers", at_desk(_bring, changes=True)),
    web.get(r"/desk/registers/{number:\d{1,9}}", at_desk(_one)),
    web.post(r"/desk/registers/{number:\d{1,9}}/undo", at_desk(_undo, changes=True)),
)
