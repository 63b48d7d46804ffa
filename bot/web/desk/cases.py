"""The ledger of serious diseases (大病专项救治) at the desk."""

import asyncio
from collections.abc import Mapping
from datetime import date

from aiohttp import web

from bot.desk import LATER, Book, Cases
from bot.lists import ListError
from bot.speech import Voice
from bot.web.desk.door import at_desk, desk_page, number_of, see
from bot.web.desk.forms import LONGEST_NAME, past_day_of
from bot.web.errors import ApiError
from bot.web.shared import ASSISTANT, fields

_MOST_WORDS = 500


async def _show(request: web.Request, voice: Voice, book: Book, notice: str = "", sent: Mapping[str, str] | None = None) -> web.Response:
    cases = await asyncio.to_thread(Cases(book).all)
    today = request.app[ASSISTANT].today().isoformat()
    # What was typed goes back into the form that it came from: that of a case, or the one for a new case.
    number = number_of(request) if "number" in request.match_info else None
    shown = {"cases": cases, "later": LATER, "sent": dict(sent or {}), "sent_of": number, "today": today, "most": _MOST_WORDS}
    return desk_page(request, voice, "desk_cases.html", book.desk, notice=notice, **shown)


async def _write(request: web.Request, voice: Voice, book: Book) -> web.Response:
    """Open a case, or write one more entry of one."""
    sent, today = fields(await request.read()), request.app[ASSISTANT].today()
    try:
        day, words = past_day_of(voice, sent.get("day", ""), today), sent.get("words", "").strip()
        if len(words) > _MOST_WORDS:
            raise ListError(voice.say("wrong.too_long", most=_MOST_WORDS))
        if "number" in request.match_info:
            await _add_entry(voice, book, number_of(request), sent.get("what", ""), day, words, today)
        else:
            person = sent.get("person", "").strip()[:LONGEST_NAME]
            if not person:
                raise ListError(voice.say("desk.case.nobody"))
            await asyncio.to_thread(Cases(book).open, person, day, words)
    except ListError as error:
        return await _show(request, voice, book, str(error), sent)
    return see("/desk/cases")


async def _add_entry(voice: Voice, book: Book, number: int, said: str, day: str, words: str, today: date) -> None:
    what = next((each for each in LATER if each == said), None)
    if what is None or (what in ("step", "corrected") and not words):
        raise ListError(voice.say("desk.case.no_words"))
    began = await asyncio.to_thread(Cases(book).began, number)
    # A case that was once opened with a day that is still to come can be closed all the same.
    if what == "closed" and began is not None and day < min(began, today.isoformat()):
        raise ListError(voice.say("desk.case.too_early", day=day, began=began))
    if not await asyncio.to_thread(Cases(book).add, number, what, day, words):
        raise ApiError(404, "not_found")


CASES = (
    web.get("/desk/cases", at_desk(_show)),
    web.post("/desk/cases", at_desk(_write, changes=True)),
    web.post(r"/desk/cases/{number:\d{1,9}}", at_desk(_write, changes=True)),
)
