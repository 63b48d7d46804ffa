"""Settlement sheets (对账) at the desk: one from a form, of which nothing is kept, or a list of them; what is worth asking stands first."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from aiohttp import web

from bot.desk import BillList, Bills, Book, Imports, Registers
from bot.knowledge import Knowledge
from bot.lists import (
    MOST_BILLS,
    STATUSES,
    Brought,
    Checked,
    ListError,
    check_all,
    check_columns,
    check_rows,
    detail_lines,
    flags,
    list_file,
    read_one_bill,
)
from bot.speech import Voice
from bot.web.desk.door import at_desk, desk_file, desk_page, number_of, see
from bot.web.desk.forms import amount_of, list_name, sent_of
from bot.web.desk.imports import place_of
from bot.web.desk.receiving import received, take_in
from bot.web.errors import ApiError
from bot.web.shared import ASSISTANT, fields
from engine import CARES, CATEGORIES, FACILITIES

#: Sheets that a page shows, and rows that do not tell; the files have all sheets.
_SHOWN, _MOST_WRONG = 200, 50
_LONGEST_FIELD = 40
#: The fields of one sheet: of the case, of what was paid, and what only some places have.
_CHOICES: Mapping[str, Sequence[str]] = {"category": CATEGORIES, "facility": FACILITIES, "care": CARES}
_ASKED = ("registered", "emergency")
_BILL = ("total", "self_funded", "over_limit", "first_share", "in_scope", "deductible")
_PAID = ("basic", "critical_illness", "medical_aid", "other", "hospital_borne", "own", "account", "cash")
_RARE = ("supplementary", "subsidy", "guarantee_351", "chronic_180")
_FIELDS = ("person", "place", *_CHOICES, "on", *_ASKED, "expired_ok", *_BILL, *_PAID, *_RARE)


async def _show(request: web.Request, voice: Voice, book: Book, notice: str = "", **shown: Any) -> web.Response:
    shelf = request.app[ASSISTANT].knowledge.shelf
    names = {policy.place: voice.worded("place", policy.name) for policy in (edition.policy for edition in shelf.editions())}
    facilities = {key for edition in shelf.editions() for key in edition.policy.facilities}
    values = {
        "heads": await asyncio.to_thread(Bills(book).heads),
        "places": sorted(names.items()),
        "choices": {**_CHOICES, "facility": [key for key in FACILITIES if key in facilities]},
        "asked": _ASKED,
        "bill_fields": _BILL,
        "paid_fields": _PAID,
        "rare_fields": _RARE,
        "most": MOST_BILLS,
        "one": dict.fromkeys(_FIELDS, ""),
        "list_name": "",
        "list_place": "",
        "written": "",
        "answer": None,
    }
    return desk_page(request, voice, "desk_bills.html", book.desk, notice=notice, **(values | shown))


async def _bring(request: web.Request, voice: Voice, book: Book) -> web.Response:
    """Keep a list. Rows that do not tell are named on its page; what was pasted stays in the form when no row can be read."""
    typed: dict[str, str] = {}
    try:
        async with received(request, voice, book, typed) as source:
            sent = sent_of(typed)
            name = list_name(typed, voice, request.app[ASSISTANT].today())
            number = await asyncio.to_thread(Imports(book).begin, "bills", name)
            today, expired_ok = request.app[ASSISTANT].today().isoformat(), bool(typed.get("expired_ok"))
            asked = Brought(number, "bills", name, source, voice.lang, sent.place or None, day=today, expired_ok=expired_ok)
            found = await take_in(request, book, asked)
    except ListError as error:
        sent = sent_of(typed)
        return await _show(request, voice, book, str(error), list_name=sent.name, list_place=sent.place, written=sent.written)
    return see(place_of(found))


async def _check_one(request: web.Request, voice: Voice, book: Book) -> web.Response:
    """Check one sheet from the form. It is answered in the page and not kept."""
    sent = fields(await request.read(), len(_FIELDS) + 1)
    said = {name: sent.get(name, "").strip()[:_LONGEST_FIELD] for name in _FIELDS}
    assistant = request.app[ASSISTANT]
    told = said | _amounts(assistant.knowledge, said)
    try:
        bill = await asyncio.to_thread(read_one_bill, told, assistant.knowledge, voice, assistant.today())
    except ListError as error:
        return await _show(request, voice, book, str(error), one=said)
    checked = await asyncio.to_thread(check_all, [bill], Registers(book), assistant.knowledge.shelf, assistant.today())
    await asyncio.to_thread(Bills(book).checked)
    return await _show(request, voice, book, one=said, answer=_told(voice, checked[0]))


def _amounts(knowledge: Knowledge, said: Mapping[str, str]) -> dict[str, str]:
    """The amounts of the form in figures; one that is not certain stays as it was typed, to be told with its field."""
    told = {name: amount_of(knowledge, said[name]) for name in (*_BILL, *_PAID, *_RARE) if said[name]}
    return {name: amount for name, amount in told.items() if amount is not None}


def _told(voice: Voice, each: Checked) -> dict[str, Any]:
    """What a page shows of a sheet."""
    _, expected = each.line("own")
    return {
        "row": each.bill.row,
        "person": each.bill.person,
        "category": each.check.sheet.case.category,
        "total": each.check.sheet.case.total,
        "said": each.check.sheet.own,
        "expected": expected,
        "against": each.against,
        "status": each.status,
        "flags": flags(voice, each),
        "lines": detail_lines(voice, each),
    }


async def _one(request: web.Request, voice: Voice, book: Book) -> web.Response:
    kept, checked = await _checked(request, book)
    counts = Counter(each.status for each in checked)
    shown: dict[str, Any] = {
        "kept": kept,
        "counts": [(status, counts[status]) for status in STATUSES if counts[status]],
        "against": sum(each.against > 0 for each in checked),
        "rows": [_told(voice, each) for each in checked[:_SHOWN]],
        "hidden": max(0, len(checked) - _SHOWN),
        "wrong": kept.unread[:_MOST_WRONG],
    }
    return desk_page(request, voice, "desk_bill_list.html", book.desk, **shown)


async def _file(request: web.Request, voice: Voice, book: Book) -> web.Response:
    ending = request.match_info["ending"]
    kept, checked = await _checked(request, book, taken=True)
    headings, money = check_columns(voice, checked)
    body = await asyncio.to_thread(list_file, headings, check_rows(voice, checked), money, ending)
    return desk_file(body, f"nengbao-bills-{kept.number}.{ending}")


async def _checked(request: web.Request, book: Book, *, taken: bool = False) -> tuple[BillList, list[Checked]]:
    """A list and its sheets, checked by the rules of today. Raises ApiError 404."""
    assistant = request.app[ASSISTANT]
    kept = await asyncio.to_thread(partial(Bills(book).one, number_of(request), taken=taken))
    if kept is None:
        raise ApiError(404, "not_found")
    return kept, await asyncio.to_thread(check_all, kept.bills, Registers(book), assistant.knowledge.shelf, assistant.today())


async def _forget(request: web.Request, _voice: Voice, book: Book) -> web.Response:
    if not await asyncio.to_thread(Bills(book).forget, number_of(request)):
        raise ApiError(404, "not_found")
    return see("/desk/bills")


BILLS = (
    web.get("/desk/bills", at_desk(_show)),
    web.post("/desk/bills", at_desk(_bring, changes=True, streams=True)),
    web.post("/desk/bills/one", at_desk(_check_one, changes=True)),
    web.get(r"/desk/bills/{number:\d{1,9}}", at_desk(_one)),
    web.get(r"/desk/bills/{number:\d{1,9}}.{ending:csv|xlsx}", at_desk(_file)),
    web.post(r"/desk/bills/{number:\d{1,9}}/forget", at_desk(_forget, changes=True)),
)
