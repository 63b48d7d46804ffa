"""What was said, as answers: values that fit their slot, a year as a day, spoken amounts read back."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from bot.conversation.heard import Ambiguity
from bot.conversation.position import (
    ADMISSION,
    ASK,
    BETWEEN,
    EARLIER,
    EARLIER_FACILITY,
    EARLIER_TOTAL,
    FLAGS,
    GUARDIAN,
    SERIES,
    SHEET,
    SO_FAR_OWN,
    SO_FAR_STAYS,
    UNCLEAR,
    UNSURE,
    WHO,
    WHOM,
    Rules,
)
from bot.conversation.state import Answer
from engine import CARES, CATEGORIES, FACILITIES, LAYERS, MOST_EARLIER, Fault, MoneyError, Note, fen, yuan

MONEY = frozenset({"total", "self_funded", "first_share", EARLIER_TOTAL, SO_FAR_OWN})
_HOSPITALS = frozenset({"facility", EARLIER_FACILITY})
_KEYED = frozenset({"place", "category", "facility", EARLIER_FACILITY, "care", WHO})
#: How a fault calls what was told of the year in one sum.
SO_FAR = "so_far"
#: A button's amount that is only about right, before the amount.
ABOUT = "about:"
#: What can be taken back with `slot=none`.
_OPTIONAL = frozenset({EARLIER, "on", "self_funded", "first_share", "registered", "emergency"})


def doubted(doubt: Ambiguity, message: str) -> Answer:
    """A doubt as it is kept. An amount can be asked again as it was said; of anything else no words are kept, which may name somebody."""
    text = doubt.text if doubt.slot in MONEY else None
    return Answer(UNCLEAR, BETWEEN.join((doubt.slot, *doubt.candidates)), message, text)


def answer_for(slot: str, value: Any, message: str, rules: Rules) -> Answer | None:
    """The answer that a value gives to a slot, or None when it does not fit."""
    if slot == ASK:
        known = (*rules.flow.questions, *rules.flow.changes, *SERIES)
        return Answer(ASK, value if value in known else None, message) if value in (*known, "none") else None
    if value == "none" and slot in _OPTIONAL:
        return Answer(slot, None, message)
    if slot.partition(".")[0] in SERIES:
        return _of_series(slot, value, message)
    rough = slot in MONEY and str(value).startswith(ABOUT)
    fitted = _fitted(slot, str(value).removeprefix(ABOUT) if rough else value, rules)
    return None if fitted is None else Answer(slot, fitted, message, approximate=rough)


def _of_series(slot: str, value: Any, message: str) -> Answer | None:
    """An answer to one question of a series: yes or no, or an amount; not knowing is an answer too."""
    series, _, key = slot.partition(".")
    if not key or value == UNSURE:
        return Answer(slot, UNSURE, message) if key in (*CATEGORIES, *LAYERS, "own") else None
    if series == ADMISSION:
        return _of_admission(slot, key, value, message)
    known, fitted = (LAYERS, _amount(value)) if series == SHEET else (CATEGORIES, _flag(value))
    return Answer(slot, fitted, message) if fitted is not None and key in (*known, "own") else None


def _of_admission(slot: str, key: str, value: Any, message: str) -> Answer | None:
    """A hospital, or the two ends of a rough total."""
    if key == "facility":
        return Answer(slot, value, message) if value in FACILITIES else None
    ends = [_amount(end) for end in str(value).split(BETWEEN)]
    known = sorted((end for end in ends if end is not None), key=fen)
    return Answer(slot, f"{known[0]}{BETWEEN}{known[-1]}", message) if len(known) == len(ends) and key == "total" else None


def without(answers: list[Answer], faults: list[Fault], message: str) -> Iterator[Answer]:
    """The answers less those that a fault names; when the contradiction is with an older answer, that one is taken back instead."""
    named = {fault.field.split(".")[0] for fault in faults}
    named |= {EARLIER_TOTAL} if EARLIER in named else set()
    if SO_FAR in named:
        # What is told of the year in one sum is taken back together with the stays.
        named = (named - {SO_FAR}) | {EARLIER, SO_FAR_OWN, SO_FAR_STAYS}
    rest = [answer for answer in answers if answer.slot not in named]
    yield from rest
    if len(rest) == len(answers):
        yield from (Answer(slot, None, message) for slot in sorted(named - {SO_FAR_OWN, SO_FAR_STAYS}))


def read_back(answers: list[Answer]) -> Iterator[Note]:
    """Amounts that were spoken rather than typed are said again in figures, and a year said alone too."""
    for answer in answers:
        if answer.slot == "on" and answer.approximate:
            yield Note("read_back.year", {"text": answer.text})
        elif answer.slot in MONEY and answer.approximate and answer.text is None and isinstance(answer.value, str):
            yield Note("read_back.likely", {"amount": fen(answer.value)})
        elif (answer.slot in MONEY or answer.slot.startswith(f"{SHEET}.")) and answer.text and isinstance(answer.value, str):
            plain = answer.text.replace(",", "").removesuffix("元").strip()
            if answer.approximate or not plain.replace(".", "").isascii() or not plain.replace(".", "").isdigit():
                key = "read_back.about" if answer.approximate else "read_back"
                yield Note(key, {"text": answer.text, "amount": fen(answer.value), "slot": answer.slot.partition(".")[0]})


def _fitted(slot: str, value: Any, rules: Rules) -> Any:
    if slot in MONEY:
        return _amount(value)
    if slot in (*FLAGS, GUARDIAN):
        return _flag(value)
    if slot == "on":
        return value if is_day(value) else None
    if slot == SO_FAR_STAYS:
        return int(value) if str(value).isdecimal() and int(value) <= MOST_EARLIER else None
    if slot == "age":
        return value if isinstance(value, int) else None
    known = {"place": rules.shelf.places, "category": CATEGORIES, "care": CARES, WHO: WHOM}.get(slot, FACILITIES)
    return value if slot in _KEYED and value in known else None


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else {"true": True, "false": False}.get(str(value))


def _amount(value: Any) -> str | None:
    try:
        return yuan(fen(value))
    except MoneyError:
        return None


def is_day(value: Any) -> bool:
    """Whether a value is an ISO day."""
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False
