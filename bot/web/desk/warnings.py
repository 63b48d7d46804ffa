"""Early warning (防返贫预警) at the desk: whose cost of a year passes the threshold, who is near it, whom the offices were told about."""

import asyncio
from functools import partial
from typing import Any

from aiohttp import web

from bot.desk import WHATS, Book, Feedback, Rosters
from bot.lists import ListError, WarningsFile
from bot.lists.warnings import NEAR, OFFICES, Called, Threshold, apart_words, near, people_for, state_words, who_words
from bot.lists.years import Years
from bot.speech import Voice
from bot.web.desk.door import at_desk, desk_page, number_of, see
from bot.web.desk.forms import amount_of, past_day_of
from bot.web.desk.making import hand_file
from bot.web.errors import ApiError
from bot.web.shared import ASSISTANT, fields
from engine import Mark, MoneyError, fen

#: People of one page.
_SHOWN = 50
_MOST_WORDS = 200


async def _newest(request: web.Request, voice: Voice, book: Book) -> web.Response:
    """The warnings of the newest list; without any, what has to be there first."""
    heads = await asyncio.to_thread(Rosters(book).heads)
    return see(f"/desk/warnings/{heads[0].number}") if heads else desk_page(request, voice, "desk_warnings.html", book.desk, roster=None)


async def _show(request: web.Request, voice: Voice, book: Book, notice: str = "") -> web.Response:
    number, assistant = number_of(request), request.app[ASSISTANT]
    page = max(1, int(asked)) if (asked := request.query.get("page", "1")[:6]).isdecimal() else 1

    def read() -> dict[str, Any]:
        rosters, chosen = Rosters(book), Threshold.of(book)
        threshold, roster = chosen.amount, rosters.roster(number)
        if roster is None:
            raise ApiError(404, "not_found")
        people = rosters.burdened(number, near(threshold), None, (page - 1) * _SHOWN, _SHOWN)
        names = Called(rosters, roster, assistant.knowledge).of(people)
        years, marks = Years(roster, assistant.knowledge), Feedback(book).of((each.who, each.year) for each in people if each.who)
        above = rosters.how_many(number, threshold, None)
        every = rosters.how_many(number, near(threshold), None)
        return {
            "roster": roster,
            "heads": rosters.heads(),
            "threshold": threshold,
            "apart": apart_words(voice, roster, assistant.knowledge),
            "basis": chosen.basis(voice),
            "people": [
                {
                    "year": each,
                    "name": name,
                    "who": who_words(voice, each),
                    "state": state_words(voice, each, threshold),
                    "next": _next(voice, years.next_mark(rosters.of_year(number, each.last), assistant.today())),
                    "marks": marks.get((each.who or "", each.year), ()),
                }
                for each, name in zip(people, names, strict=True)
            ],
            "counts": {"above": above, "near": every - above},
            "pages": {"page": page, "last": max(1, -(-every // _SHOWN))},
        }

    shown = await asyncio.to_thread(read)
    today = assistant.today().isoformat()
    return desk_page(
        request,
        voice,
        "desk_warnings.html",
        book.desk,
        notice=notice,
        today=today,
        offices=list(OFFICES),
        whats=WHATS,
        near=NEAR,
        most=_MOST_WORDS,
        **shown,
    )


def _next(voice: Voice, mark: Mark | None) -> str:
    """How far it is to the next threshold of the rules."""
    if mark is None:
        return ""
    # Of a cap between two figures the lower one is meant.
    key = mark.kind if mark.at_most is None else "cap_range"
    return voice.say(f"desk.warn.next.{key}", layer=mark.layer, left_amount=mark.left)


async def _choose(request: web.Request, voice: Voice, book: Book) -> web.Response:
    """Another threshold, in yuan; an empty one is the usual one."""
    said = fields(await request.read()).get("threshold", "").strip()
    amount = amount_of(request.app[ASSISTANT].knowledge, said) if said else None
    if said and amount is None:
        return await _show(request, voice, book, voice.say("desk.warn.no_amount"))
    try:
        await asyncio.to_thread(Threshold.choose, book, fen(amount) if amount is not None else None)
    except MoneyError:
        return await _show(request, voice, book, voice.say("desk.warn.no_amount"))
    return see(f"/desk/warnings/{number_of(request)}")


async def _mark(request: web.Request, voice: Voice, book: Book) -> web.Response:
    """Note that an office was told about somebody, or about all of its file, or that somebody was answered for."""
    number, sent = number_of(request), fields(await request.read())
    try:
        day, words = past_day_of(voice, sent.get("day", ""), request.app[ASSISTANT].today()), sent.get("words", "").strip()
        what = next((each for each in WHATS if each == sent.get("what")), None)
        if what is None:
            raise ApiError(422, "invalid", "what")
        if len(words) > _MOST_WORDS:
            raise ListError(voice.say("wrong.too_long", most=_MOST_WORDS))
        people = await asyncio.to_thread(_people, book, number, sent)
        if people:
            await asyncio.to_thread(Feedback(book).add, people, what, day, words)
    except ListError as error:
        return await _show(request, voice, book, str(error))
    return see(f"/desk/warnings/{number}")


def _people(book: Book, number: int, sent: dict[str, str]) -> list[tuple[str, int | None]]:
    """One of a list by the row of their last bill, or everybody whom an office is told about."""
    rosters, threshold = Rosters(book), Threshold.of(book).amount
    office = next((each for each in OFFICES if each == sent.get("office")), None)
    if office is not None:
        return [(year.who, year.year) for year in people_for(rosters, number, office, threshold) if year.who]
    row = sent.get("row", "")[:9]
    bills = rosters.of_year(number, int(row)) if row.isdecimal() and row.isascii() else []
    return [(bills[-1].who, bills[-1].year)] if bills and bills[-1].who else []


async def _file(request: web.Request, voice: Voice, book: Book) -> web.StreamResponse:
    """The file for an office."""
    number, ending = number_of(request), request.match_info["ending"]
    office = next(each for each in OFFICES if each == request.match_info["office"])
    if await asyncio.to_thread(partial(Rosters(book).roster, number, taken=True)) is None:
        raise ApiError(404, "not_found")
    return await hand_file(request, voice, book, WarningsFile(number, office), f"nengbao-{office}-{number}.{ending}")


WARNINGS = (
    web.get("/desk/warnings", at_desk(_newest)),
    web.get(r"/desk/warnings/{number:\d{1,9}}", at_desk(_show)),
    web.post(r"/desk/warnings/{number:\d{1,9}}/threshold", at_desk(_choose, changes=True)),
    web.post(r"/desk/warnings/{number:\d{1,9}}/mark", at_desk(_mark, changes=True)),
    web.get(r"/desk/warnings/{number:\d{1,9}}-{office:civil|rural}.{ending:csv|xlsx}", at_desk(_file)),
)
