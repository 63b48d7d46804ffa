"""Who saw and changed what at the desk."""

import asyncio

from aiohttp import web

from bot.desk import KINDS, Book, Trace
from bot.speech import Voice
from bot.web.desk.door import at_desk, desk_page

#: The newest entries; the file with everything has all of them.
_SHOWN = 500


async def _show(request: web.Request, voice: Voice, book: Book) -> web.Response:
    traces = await asyncio.to_thread(book.trail, _SHOWN + 1)
    trail = [(trace, _about(voice, trace)) for trace in traces[-_SHOWN:]]
    return desk_page(request, voice, "desk_trail.html", book.desk, trail=trail[::-1], more=len(traces) > _SHOWN)


def _about(voice: Voice, trace: Trace) -> str:
    """What it was done with; a register by its office and day."""
    kind, _, day = trace.about.partition(" ")
    return f"{voice.say(f'desk.kind.{kind}')} {day}" if kind in KINDS else trace.about


TRAIL = (web.get("/desk/trail", at_desk(_show)),)
