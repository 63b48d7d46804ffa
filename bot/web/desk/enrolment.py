"""Everyone enrolled (全民参保) at the desk: who is not insured, what they pay and what is paid for them, and reminders to hand out."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from aiohttp import web

from bot.desk import MARKS, Book, Count, Enrolment, Enrolments, Imports, Member
from bot.desk.enrolment import is_to_pay
from bot.lists import Brought, Cell, ListError, Printed, list_file, unread_lines
from bot.paper import Galley, reminders_galley
from bot.speech import Voice, category_lines
from bot.web.desk.door import at_desk, desk_file, desk_page, number_of, see
from bot.web.desk.forms import NOTHING, Sent, list_name, sent_of
from bot.web.desk.imports import place_of
from bot.web.desk.making import hand_file
from bot.web.desk.receiving import received, take_in
from bot.web.errors import ApiError
from bot.web.shared import ASSISTANT, fields
from engine import CATEGORIES, Household, PremiumAnswer, Share, premium, premium_of_each

#: Households of a page, households of a file of reminders, and rows that do not tell that a page names.
_OF_A_PAGE, _OF_A_FILE, _MOST_WRONG = 50, 500, 50
_LONGEST_YEAR, _LONGEST_NUMBER = 4, 9


@dataclass(frozen=True, slots=True)
class _Sums:
    """How many people of a list are what, and what those pay who are still to be enrolled. Money in fen; `low` is the least of `own`."""

    people: int
    insured: int
    joined: int
    open: int
    premium: int
    subsidy: int
    own: int
    low: int


async def _show(request: web.Request, voice: Voice, book: Book, notice: str = "", sent: Sent = NOTHING, year: str = "") -> web.Response:
    shelf = request.app[ASSISTANT].knowledge.shelf
    lists = await asyncio.to_thread(Enrolments(book).all)
    names = {policy.place: voice.worded("place", policy.name) for policy in (edition.policy for edition in shelf.editions())}
    years = {year for edition in shelf.editions() if edition.policy.premium for year in edition.policy.premium.personal}
    shown = {
        "lists": lists,
        "places": sorted(names.items()),
        "names": names,
        "years": sorted(years, reverse=True),
        "sent": sent,
        "year": year,
    }
    return desk_page(request, voice, "desk_enrolment.html", book.desk, notice=notice, **shown)


async def _bring(request: web.Request, voice: Voice, book: Book) -> web.Response:
    """Keep a list. Rows that do not tell are named on its page; what was pasted stays in the form when the list cannot be read."""
    typed: dict[str, str] = {}
    try:
        async with received(request, voice, book, typed) as source:
            name, year = list_name(typed, voice, request.app[ASSISTANT].today()), _year_of(typed)
            if year and not (year.isascii() and year.isdecimal() and len(year) == _LONGEST_YEAR and year[0] != "0"):
                raise ApiError(422, "invalid", "year")
            number = await asyncio.to_thread(Imports(book).begin, "enrolment", name)
            today, place = request.app[ASSISTANT].today().isoformat(), typed.get("place")
            asked = Brought(number, "enrolment", name, source, voice.lang, place, day=today, year=int(year) if year else None)
            found = await take_in(request, book, asked)
    except ListError as error:
        return await _show(request, voice, book, str(error), sent_of(typed), _year_of(typed))
    return see(place_of(found))


def _year_of(typed: dict[str, str]) -> str:
    return typed.get("year", "").strip()[:_LONGEST_YEAR]


async def _one(request: web.Request, voice: Voice, book: Book) -> web.Response:
    number, enrolments = number_of(request), Enrolments(book)
    enrolment = await asyncio.to_thread(enrolments.seen, number)
    if enrolment is None:
        raise ApiError(404, "not_found")
    shown = await asyncio.to_thread(_shown, request, voice, enrolments, enrolment, _page(request.query.get("page", "")))
    return desk_page(request, voice, "desk_enrolled.html", book.desk, enrolment=enrolment, **shown)


def _page(said: str) -> int:
    """The number of a page; the first where it is none."""
    return int(said) if said.isascii() and said.isdecimal() and len(said) < _LONGEST_NUMBER else 1


def _shown(request: web.Request, voice: Voice, enrolments: Enrolments, enrolment: Enrolment, asked: int) -> dict[str, Any]:
    """What the page of a list shows: its sums, where its figures come from, and a page of its households."""
    number = enrolment.number
    counts, homes = sorted(enrolments.counts(number), key=_rank), enrolments.homes_count(number)
    answer = _answer(request, enrolment, counts)
    shares = _shares(answer)
    pages = max(1, -(-homes // _OF_A_PAGE))
    page = min(max(1, asked), pages)
    to_print = enrolments.homes_count(number, is_open=True)
    return {
        "sums": _summed(counts, shares),
        "counts": [count for count in counts if count.open],
        "shares": shares,
        "past": _past(request, voice, enrolment),
        "basis": [_year(request, voice, enrolment), *category_lines(voice, answer)],
        "place": voice.worded("place", answer.policy.name),
        "homes": enrolments.homes(number, shares, _OF_A_PAGE, (page - 1) * _OF_A_PAGE),
        "page": page,
        "pages": pages,
        "files": [(part + 1, part * _OF_A_FILE + 1, min(to_print, (part + 1) * _OF_A_FILE)) for part in range(-(-to_print // _OF_A_FILE))],
        "most": _OF_A_FILE,
        "wrong": unread_lines(voice, enrolments.unread(number, _MOST_WRONG)),
    }


def _rank(count: Count) -> int:
    """Categories stand in the order in which they stand everywhere."""
    return CATEGORIES.index(count.category)


def _newest(request: web.Request, enrolment: Enrolment) -> PremiumAnswer:
    """What is paid at the place of a list in the newest year that is held."""
    assistant = request.app[ASSISTANT]
    return premium_of_each(enrolment.place, None, assistant.knowledge.shelf, assistant.today())


def _past(request: web.Request, voice: Voice, enrolment: Enrolment) -> str:
    """That nobody pays for the year of the figures any more, and what to do; empty where it is still to be paid for."""
    today, newest = request.app[ASSISTANT].today(), _newest(request, enrolment)
    if is_to_pay(enrolment.year, today):
        return ""
    if newest.year is not None and is_to_pay(newest.year, today):
        return voice.say("desk.enrol.past.newer", year=str(enrolment.year), newest=str(newest.year))
    return voice.say("desk.enrol.past", year=str(enrolment.year), hotline=newest.policy.hotline)


def _year(request: web.Request, voice: Voice, enrolment: Enrolment) -> str:
    """For which year the figures are, and whether that is the newest."""
    newest = _newest(request, enrolment).year
    return voice.say("premium.newest" if newest == enrolment.year else "desk.enrol.year", year=str(enrolment.year))


def _answer(request: web.Request, enrolment: Enrolment, counts: Sequence[Count]) -> PremiumAnswer:
    """What one person of each category of a list pays, by the rules as they are held now."""
    assistant = request.app[ASSISTANT]
    members = [{"category": count.category} for count in counts]
    household = Household.model_validate({"place": enrolment.place, "year": enrolment.year, "members": members})
    return premium(household, assistant.knowledge.shelf, assistant.today())


def _shares(answer: PremiumAnswer) -> dict[str, Share]:
    """What one of each category pays; nothing where the rules that are held now do not tell it."""
    return {share.category: share for share in answer.shares}


def _summed(counts: Sequence[Count], shares: dict[str, Share]) -> _Sums:
    people = [sum(getattr(count, name) for count in counts) for name in ("insured", "joined", "open")]
    money = [sum(count.open * getattr(shares[count.category], name) for count in counts) if shares else 0 for name in _MONEY]
    return _Sums(sum(people), *people, *money)


_MONEY = ("premium", "subsidy", "own", "low")


async def _file(request: web.Request, voice: Voice, book: Book) -> web.Response:
    number, ending, enrolments = number_of(request), request.match_info["ending"], Enrolments(book)
    enrolment = await asyncio.to_thread(partial(enrolments.seen, number, taken=True))
    if enrolment is None:
        raise ApiError(404, "not_found")
    body = await asyncio.to_thread(_file_of, request, voice, enrolments, enrolment, ending)
    return desk_file(body, f"nengbao-enrolment-{number}.{ending}")


#: The columns of a file of a list; those of money hold nothing for somebody who is insured.
_COLUMNS = ("row", "home", "person", "name", "category", "insured", *_MONEY, "reminded", "joined")
_MONEY_AT = tuple(_COLUMNS.index(name) for name in _MONEY)


def _file_of(request: web.Request, voice: Voice, enrolments: Enrolments, enrolment: Enrolment, ending: str) -> bytes:
    shares = _shares(_answer(request, enrolment, enrolments.counts(enrolment.number)))
    headings = [_heading(voice, enrolment, name) for name in _COLUMNS]
    return list_file(headings, _cells(voice, enrolments.people(enrolment.number), shares), _MONEY_AT, ending)


def _heading(voice: Voice, enrolment: Enrolment, name: str) -> str:
    """What a column is called; amounts with their year, since a file goes further than the page that tells it."""
    words = voice.say(f"desk.enrol.column.{name}")
    return voice.say("desk.enrol.slip.of_year", year=str(enrolment.year), words=words) if name in _MONEY else words


def _cells(voice: Voice, people: Iterator[Member], shares: dict[str, Share]) -> Iterator[Sequence[Cell]]:
    categories = {key: voice.say(f"category.{key}") for key in shares}
    insured = {True: voice.say("yes"), False: voice.say("no")}
    for each in people:
        share = shares.get(each.category) if each.is_open else None
        money = [getattr(share, name) if share else None for name in _MONEY]
        category = categories.get(each.category, each.category)
        yield (str(each.row), each.home, each.person, each.name, category, insured[not each.is_open], *money, each.reminded, each.joined)


async def _reminders(request: web.Request, voice: Voice, book: Book) -> web.StreamResponse:
    number, part, enrolments = number_of(request), int(request.match_info["part"]), Enrolments(book)
    enrolment = await asyncio.to_thread(partial(enrolments.seen, number, taken=True))
    if enrolment is None:
        raise ApiError(404, "not_found")
    slips = Printed(await asyncio.to_thread(_slips, request, voice, enrolments, enrolment, part))
    return await hand_file(request, voice, book, slips, f"nengbao-reminders-{number}-{part}.pdf")


def _slips(request: web.Request, voice: Voice, enrolments: Enrolments, enrolment: Enrolment, part: int) -> Galley:
    """The reminders of a part of a list. Raises ApiError 404 where it has no such part."""
    answer = _answer(request, enrolment, [count for count in enrolments.counts(enrolment.number) if count.open])
    homes = enrolments.homes(enrolment.number, _shares(answer), _OF_A_FILE, (part - 1) * _OF_A_FILE, as_listed=True)
    if not homes or not answer.shares:
        raise ApiError(404, "not_found")
    return reminders_galley(voice, answer, homes, request.app[ASSISTANT].today())


async def _mark(request: web.Request, _voice: Voice, book: Book) -> web.Response:
    """Note that somebody was reminded or is enrolled now, or that such a mark was wrong. It is of the day on which it is made."""
    number, row, sent = number_of(request), int(request.match_info["row"]), fields(await request.read())
    mark = next((each for each in MARKS if each == sent.get("mark")), None)
    if mark is None:
        raise ApiError(422, "invalid", "mark")
    today = request.app[ASSISTANT].today().isoformat()
    if not await asyncio.to_thread(Enrolments(book).mark, number, row, mark, today):
        raise ApiError(404, "not_found")
    return see(f"/desk/enrolment/{number}?page={_page(sent.get('page', ''))}#row-{row}")


async def _forget(request: web.Request, _voice: Voice, book: Book) -> web.Response:
    if not await asyncio.to_thread(Enrolments(book).forget, number_of(request)):
        raise ApiError(404, "not_found")
    return see("/desk/enrolment")


ENROLMENT = (
    web.get("/desk/enrolment", at_desk(_show)),
    web.post("/desk/enrolment", at_desk(_bring, changes=True, streams=True)),
    web.get(r"/desk/enrolment/{number:\d{1,9}}", at_desk(_one)),
    web.get(r"/desk/enrolment/{number:\d{1,9}}.{ending:csv|xlsx}", at_desk(_file)),
    web.get(r"/desk/enrolment/{number:\d{1,9}}/reminders-{part:[1-9]\d{0,5}}.pdf", at_desk(_reminders)),
    web.post(r"/desk/enrolment/{number:\d{1,9}}/forget", at_desk(_forget, changes=True)),
    web.post(r"/desk/enrolment/{number:\d{1,9}}/{row:\d{1,9}}", at_desk(_mark, changes=True)),
)
