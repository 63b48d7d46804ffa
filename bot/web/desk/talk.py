"""Going on with somebody's talk at the desk: they give six digits for it."""

import secrets

from aiohttp import web

from bot.desk import Book
from bot.speech import Voice
from bot.store import StoreError
from bot.web.desk.door import at_desk, see
from bot.web.desk.rosters import show
from bot.web.errors import ApiError
from bot.web.plain import remember
from bot.web.shared import ASSISTANT, fields

_DIGITS = 6


async def _take_up(request: web.Request, voice: Voice, book: Book) -> web.StreamResponse:
    sent = fields(await request.read())
    digits = "".join(char for char in sent.get("digits", "") if char.isdecimal() and char.isascii())
    if len(digits) != _DIGITS:
        return await show(request, voice, book, voice.say("desk.digits.six"))
    who, message = f"desk-{book.desk.key}", f"desk-{secrets.token_hex(16)}"
    try:
        talk, locked = await request.app[ASSISTANT].taken_up(digits, message, who)
    except StoreError as error:
        raise ApiError(503, "unavailable") from error
    if talk is None:
        return await show(request, voice, book, voice.say("pass.locked" if locked else "pass.wrong"))
    response = see("/plain")
    remember(request, response, talk)
    return response


TALK = (web.post("/desk/talk", at_desk(_take_up, changes=True)),)
