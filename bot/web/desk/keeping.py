"""How long the desk keeps what it no longer needs, and everything it holds to take along."""

import asyncio

import structlog
from aiohttp import web

from bot.desk import KEEP_DAYS, MOST_DAYS, Book, Keeping, Keys, Room, RoomError
from bot.lists import Everything
from bot.speech import Voice
from bot.web.desk.door import at_desk, desk_page, room_of, see
from bot.web.desk.making import hand_file
from bot.web.shared import fields

_SWEEP_SECONDS = 6 * 3600
_log = structlog.get_logger()


async def _show(request: web.Request, voice: Voice, book: Book, notice: str = "") -> web.Response:
    days = await asyncio.to_thread(Keeping(book).days)
    return desk_page(request, voice, "desk_keeping.html", book.desk, notice=notice, days=days, usual=KEEP_DAYS, most=MOST_DAYS)


async def _choose(request: web.Request, voice: Voice, book: Book) -> web.Response:
    said = fields(await request.read()).get("days", "").strip()
    if not (said.isdecimal() and said.isascii() and 1 <= int(said[:9]) <= MOST_DAYS):
        return await _show(request, voice, book, voice.say("desk.keep.wrong", most=MOST_DAYS))
    await asyncio.to_thread(Keeping(book).choose, int(said))
    return see("/desk/keeping")


async def _everything(request: web.Request, voice: Voice, book: Book) -> web.StreamResponse:
    return await hand_file(request, voice, book, Everything(), "nengbao-desk.zip")


async def sweep_desks(app: web.Application) -> None:
    """Throw away what is older than each desk keeps, until cancelled."""
    while True:
        try:
            count = await asyncio.to_thread(_sweep, room_of(app))
            _log.info("desks_swept", count=count)
        except RoomError as error:
            _log.error("desks_not_swept", error=type(error.__cause__ or error).__name__)
        await asyncio.sleep(_SWEEP_SECONDS)


def _sweep(room: Room) -> int:
    """How many lists and households of all desks were thrown away."""
    if not room.folder.exists():
        return 0
    keys = Keys(room)
    desks = [keys.named(name, "") for name in keys.desks()]
    return sum(Keeping(Book(room, desk)).sweep() for desk in desks if desk is not None and room.path_of(desk.number).exists())


KEEPING = (
    web.get("/desk/keeping", at_desk(_show)),
    web.post("/desk/keeping", at_desk(_choose, changes=True)),
    web.get("/desk/everything.zip", at_desk(_everything)),
)
