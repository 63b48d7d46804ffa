"""The households of a day at the desk: typed in one after the other, with what each comes to, side by side, and on paper.

Nothing here needs a script; with one, what a household comes to is told while it is typed.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

from aiohttp import web

from bot.desk import Book, Visit, Visits
from bot.lists import ListError, Printed
from bot.lists.households import Household, by_own, households_file, settled, together, warnings
from bot.lists.warnings import Threshold
from bot.paper import Form, sheets_galley
from bot.speech import Voice
from bot.speech.estimate_words import headline
from bot.web.desk.day_shown import compared, detail, doubts, name_of, options, shown_rows, sum_cells, told_apart
from bot.web.desk.door import at_desk, desk_file, desk_page, number_of, see
from bot.web.desk.household import FACTS, Typed, form_of, next_form, read_form
from bot.web.desk.making import hand_print
from bot.web.errors import ApiError, dumps
from bot.web.shared import ASSISTANT, fields
from engine import estimate, read_case

#: Households that stand side by side.
_FEWEST, _MOST = 2, 4
_NUMERAL = re.compile("[0-9]{1,9}")


async def _show(request: web.Request, voice: Voice, book: Book, notice: str = "", typed: Typed | None = None) -> web.Response:
    """The table of a day, and the form for the next household. `typed`: what was sent and could not be kept."""
    day, today = _day(request), request.app[ASSISTANT].today().isoformat()
    visits = Visits(book)
    households, newest, days = await asyncio.to_thread(lambda: (_settle(request, book, visits.of_day(day)), visits.newest(), visits.days()))
    most_first = request.query.get("by") == "own"
    columns, rows = shown_rows(voice, by_own(households) if most_first else households)
    values: dict[str, Any] = {
        "day_of": day,
        "columns": columns,
        "rows": rows,
        "sums": sum_cells(voice, households),
        "together": together(households),
        "doubts": doubts(voice, households),
        "days": [each for each in days if each[0] != day],
        "most_first": most_first,
        "chosen_lang": request.query.get("lang", ""),
    }
    ready = typed is not None or "next" in request.query or (day == today and not most_first)
    form = typed or _begin(request, newest, day)
    return _form_page(request, voice, book, "desk_day.html", form, "label" if ready else "", notice, **values)


def _begin(request: web.Request, newest: Visit | None, day: str) -> Typed:
    """The form for the next household. The day of discharge stays within a day; a place that is the only one need not be chosen."""
    places = request.app[ASSISTANT].knowledge.shelf.places
    known = {"place": next(iter(places))} if len(places) == 1 else {}
    carried = dict(newest.facts) if newest is not None else {}
    if newest is not None and newest.day != day:
        carried = {name: carried[name] for name in ("place", "facility") if name in carried}
    return next_form(known | carried)


def _form_page(
    request: web.Request, voice: Voice, book: Book, template: str, typed: Typed, focus: str, notice: str = "", **values: Any
) -> web.Response:
    """A page with the form. `focus`: the field to begin with, unless something is wrong with another."""
    shelf = request.app[ASSISTANT].knowledge.shelf
    first_wrong = next((name for name in ("label", *FACTS) if name in typed.wrong), focus)
    chosen = options(voice, shelf, typed.said.get("place", ""))
    shown = {"typed": typed, "rest": dumps(dict(typed.rest)), "focus": first_wrong, **chosen}
    return desk_page(request, voice, template, book.desk, notice=notice, **shown, **values)


async def _save(request: web.Request, voice: Voice, book: Book) -> web.Response:
    """Keep a household, and come back for the next one; with something wrong, the form as it was, and what to do."""
    sent = fields(await request.read())
    typed = _read(request, voice, sent)
    if "switch" in sent:
        return await _show(request, voice, book, typed=replace(typed, wrong={}))
    if typed.wrong:
        return await _show(request, voice, book, voice.say("desk.day.not_kept"), typed)
    await asyncio.to_thread(Visits(book).put, _day(request), typed.label, typed.facts)
    return see(_address(request, voice, next="1"))


async def _try(request: web.Request, voice: Voice, book: Book) -> web.Response:
    """What a household comes to while it is typed: lines to read, and what is wrong with a field. Nothing is kept."""
    sent = fields(await request.read())
    typed = _read(request, voice, sent)
    wrong = {name: words for name, words in typed.wrong.items() if not name or sent.get(name)}
    lines = [] if typed.wrong else await asyncio.to_thread(_tell, request, voice, book, typed.facts)
    return web.json_response({"lines": lines, "wrong": wrong}, dumps=dumps, headers={"Cache-Control": "no-store"})


def _tell(request: web.Request, voice: Voice, book: Book, facts: Mapping[str, Any]) -> list[str]:
    """A case's two amounts, what they were worked out from, and what to look out for; or why there are none."""
    assistant = request.app[ASSISTANT]
    answer = estimate(read_case(facts), assistant.knowledge.shelf, assistant.today())
    if answer.out_of_pocket is None:
        return [voice.note(note) for note in answer.cautions]
    case, place = answer.case, answer.policy.name if answer.policy else facts["place"]
    based_on = voice.say("based_on", place=place, category=case.category, facility=case.facility, amount=case.total)
    return [headline(voice, answer, answer.out_of_pocket), based_on, *warnings(voice, answer, Threshold.of(book))]


async def _household(request: web.Request, voice: Voice, book: Book, notice: str = "", typed: Typed | None = None) -> web.Response:
    """One household: the form with what was told, what it comes to layer by layer, its slip."""
    households = await asyncio.to_thread(lambda: _settle(request, book, Visits(book).of_day(_day(request))))
    household = _find(households, number_of(request))
    visit = household.visit
    values: dict[str, Any] = {
        "day_of": visit.day,
        "number": visit.number,
        "name": name_of(voice, household),
        "detail": detail(voice, household, request.app[ASSISTANT].today()),
    }
    return _form_page(request, voice, book, "desk_household.html", typed or form_of(visit.label, visit.facts), "label", notice, **values)


async def _change(request: web.Request, voice: Voice, book: Book) -> web.Response:
    sent = fields(await request.read())
    typed, number = _read(request, voice, sent), number_of(request)
    if await asyncio.to_thread(Visits(book).is_gone, number):
        # Deleted in another tab, or by another key of this desk: what was typed is worth keeping all the same.
        return await _show(request, voice, book, voice.say("desk.day.gone"), replace(typed, wrong={}) if "switch" in sent else typed)
    if "switch" in sent:
        return await _household(request, voice, book, typed=replace(typed, wrong={}))
    if typed.wrong:
        return await _household(request, voice, book, voice.say("desk.day.not_kept"), typed)
    if not await asyncio.to_thread(Visits(book).change, number, typed.label, typed.facts):
        raise ApiError(404, "not_found")
    return see(_address(request, voice))


async def _forget(request: web.Request, voice: Voice, book: Book) -> web.Response:
    if not await asyncio.to_thread(Visits(book).forget, number_of(request)):
        raise ApiError(404, "not_found")
    return see(_address(request, voice))


async def _compare(request: web.Request, voice: Voice, book: Book) -> web.Response:
    """Two to four households side by side."""
    numbers = list(dict.fromkeys(request.query.getall("n", [])))
    if not _FEWEST <= len(numbers) <= _MOST:
        return await _show(request, voice, book, voice.say("desk.day.compare.how_many", fewest=str(_FEWEST), most=str(_MOST)))
    households = await asyncio.to_thread(lambda: _settle(request, book, Visits(book).of_day(_day(request))))
    chosen = [_find(households, int(number) if _NUMERAL.fullmatch(number) else 0) for number in numbers]
    values: dict[str, Any] = {
        "day_of": _day(request),
        "heads": [(each.visit.number, name) for each, name in zip(chosen, told_apart(voice, chosen), strict=True)],
        "rows": compared(voice, chosen),
        "doubts": doubts(voice, chosen),
        "other_langs": {},  # their addresses hold one `n` alone
    }
    return desk_page(request, voice, "desk_compare.html", book.desk, **values)


async def _slips(request: web.Request, voice: Voice, book: Book) -> web.StreamResponse:
    """The slips of all households of a day in one file, or of one, as they were visited; there is no talk for a code to lead back to."""
    day, form = _day(request), _form(request)
    households = await asyncio.to_thread(lambda: _settle(request, book, Visits(book).of_day(day, taken=True)))
    if "number" in request.match_info:
        households = [_find(households, number_of(request))]
    sheets = [(name_of(voice, each), each.answer) for each in households if each.answer is not None]
    if not sheets:
        raise ApiError(404, "not_found")
    galley = await asyncio.to_thread(partial(sheets_galley, voice, sheets, form=form, made=request.app[ASSISTANT].today()))
    return await hand_print(request, voice, book, Printed(galley))


async def _file(request: web.Request, voice: Voice, book: Book) -> web.Response:
    day, ending = _day(request), request.match_info["ending"]
    name = f"nengbao-{day}.{ending}"

    def written() -> bytes:
        households = _settle(request, book, Visits(book).of_day(day, taken=True))
        return households_file(voice, households, name, ending)

    try:
        return desk_file(await asyncio.to_thread(written), name)
    except ListError as error:
        return await _show(request, voice, book, str(error))


def _form(request: web.Request) -> Form:
    return "slip" if request.query.get("form") == "slip" else "a4"


def _read(request: web.Request, voice: Voice, sent: Mapping[str, str]) -> Typed:
    """The form; with another place chosen, the hospitals are that one's."""
    switched = sent["switch"] if "switch" in sent else sent.get("place", "")
    return read_form({**sent, "place": switched}, request.app[ASSISTANT].knowledge, voice)


def _settle(request: web.Request, book: Book, visits: list[Visit]) -> list[Household]:
    assistant = request.app[ASSISTANT]
    return settled(visits, assistant.knowledge.shelf, assistant.today(), Threshold.of(book))


def _find(households: list[Household], number: int) -> Household:
    """The household of that number. Raises ApiError 404."""
    found = next((each for each in households if each.visit.number == number), None)
    if found is None:
        raise ApiError(404, "not_found")
    return found


def _day(request: web.Request) -> str:
    """The day of an address, or today in China. Raises ApiError 404 for one that no calendar has."""
    said = request.match_info.get("day")
    if said is None:
        return request.app[ASSISTANT].today().isoformat()
    try:
        return date.fromisoformat(said).isoformat()
    except ValueError as error:
        raise ApiError(404, "not_found") from error


def _address(request: web.Request, voice: Voice, **query: str) -> str:
    """The page of the day, in the language that was chosen."""
    chosen = {"lang": voice.lang} if "lang" in request.query else {}
    told = "&".join(f"{name}={value}" for name, value in (query | chosen).items())
    return f"/desk/day/{_day(request)}" + (f"?{told}" if told else "")


_DAY = r"/desk/day/{day:[0-9]{4}-[0-9]{2}-[0-9]{2}}"
_NUMBER = r"/{number:[0-9]{1,9}}"

DAY = (
    web.get("/desk/day", at_desk(_show)),
    web.post("/desk/day/try", at_desk(_try, changes=True, tries=True)),
    web.get(_DAY, at_desk(_show)),
    web.post(_DAY, at_desk(_save, changes=True)),
    web.get(_DAY + r".{ending:csv|xlsx}", at_desk(_file)),
    web.get(_DAY + "/compare", at_desk(_compare)),
    web.get(_DAY + "/slips.pdf", at_desk(_slips)),
    web.get(_DAY + _NUMBER, at_desk(_household)),
    web.post(_DAY + _NUMBER, at_desk(_change, changes=True)),
    web.get(_DAY + _NUMBER + ".pdf", at_desk(_slips)),
    web.post(_DAY + _NUMBER + "/forget", at_desk(_forget, changes=True)),
)
