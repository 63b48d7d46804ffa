"""What was heard, as it is meant in this talk: by the open question, the place, the day, and what is known already. Pure."""

import re
from collections.abc import Sequence
from datetime import date

import msgspec

from bot.conversation.answers import MONEY, is_day
from bot.conversation.heard import Ambiguity, Heard, Problem, Slot
from bot.conversation.position import (
    ADMISSION,
    BETWEEN,
    EARLIER_FACILITY,
    EARLIER_TOTAL,
    ROUGH_TOTAL,
    SERIES,
    SHEET,
    SO_FAR_OWN,
    UNSURE,
    WHO,
    Position,
    Rules,
    edition_on,
)
from bot.conversation.state import Answer
from engine import LIMIT, Note, Shelf

_TOTAL = re.compile("总|一共|花|合计|账单|费用")
_HOSPITALS = frozenset({"facility", EARLIER_FACILITY})
#: 三千五够不够 names the money in hand and no cost.
_ENOUGH = "够"


def as_meant(heard: Heard, position: Position, rules: Rules) -> Heard:
    """The message with its day, its hospitals and its sums as this talk means them."""
    return _before_any_bill(by_place(_with_day(heard, position, rules), position.facts.get("place"), rules.shelf), position)


def in_series(heard: Heard, position: Position) -> Heard:
    """What answers the open question of a series, by the name of that question; a stay to come keeps what is said of it to itself."""
    question = str(position.question)
    series = question.partition(".")[0]
    if heard.intent == ADMISSION or question == ROUGH_TOTAL:
        return _of_admission(heard, position)
    if series not in SERIES:
        return heard
    if heard.unsure == series:
        return msgspec.structs.replace(heard, slots=heard.slots | {question: Slot(UNSURE, "")}, unsure=None)
    read = list(position.series[series])
    if series == SHEET and heard.intent == "correct" and series in heard.slots and read:
        question = f"{SHEET}.{read[-1]}"  # 不对，是 13,600: the line before
    said = heard.slots.get(series)
    rough = said is not None and series == SHEET and said.approximate
    slots = {question if name == series else name: slot for name, slot in heard.slots.items() if not (rough and name == series)}
    return msgspec.structs.replace(
        heard,
        slots=slots,
        ambiguous=tuple(msgspec.structs.replace(each, slot=question) if each.slot == series else each for each in heard.ambiguous),
        problems=(*heard.problems, *((Problem("exact", said.text, SHEET),) if rough and said else ())),
    )


def corrected(heard: Heard, answers: Sequence[Answer]) -> Heard:
    """不对，是两千 corrects the amount that was told last; of several told in one breath it is asked which."""
    said = heard.slots.get("total")
    slots_said = heard.slots.keys() - {WHO}
    last = [answer for answer in answers if answer.slot in MONEY and answer.message == answers[-1].message] if answers else []
    slots = list(dict.fromkeys(answer.slot for answer in last if answer.value is not None and answer.slot != EARLIER_TOTAL))
    if heard.intent != "correct" or said is None or len(slots_said) > 1 or _TOTAL.search(heard.rest) or slots in ([], ["total"]):
        return heard
    if len(slots) == 1:
        return msgspec.structs.replace(heard, slots={slots[0]: said})
    return msgspec.structs.replace(heard, slots={}, problems=(*heard.problems, Problem("which", said.text, "total")))


def _of_admission(heard: Heard, position: Position) -> Heard:
    """The rough total of a stay to come, and its hospital when the bill of the talk is another one's."""
    slots = dict(heard.slots)
    # 三千五够不够 names the money in hand and no cost.
    total = None if _ENOUGH in heard.rest else slots.get("total")
    slots.pop("total", None)
    doubt = next((each for each in heard.ambiguous if each.slot == "total" and each.candidates), None)
    if total is not None:
        slots[ROUGH_TOTAL] = total
    elif doubt is not None:
        slots[ROUGH_TOTAL] = Slot(BETWEEN.join((doubt.candidates[0], doubt.candidates[-1])), doubt.text)
    if "facility" in slots and "total" in position.facts:
        slots[f"{ADMISSION}.facility"] = slots.pop("facility")
    doubts = [each for each in heard.ambiguous if each is not doubt]
    doubts = [msgspec.structs.replace(each, slot=ROUGH_TOTAL) if each.slot == "total" else each for each in doubts]
    return msgspec.structs.replace(heard, slots=slots, ambiguous=tuple(doubts))


def _with_day(heard: Heard, position: Position, rules: Rules) -> Heard:
    """A year said alone stands for its last day (this year for today) when one edition holds all year; else the day is asked for."""
    said = heard.slots.get("on")
    if said is None or is_day(said.value):
        return heard
    year = int(said.value)
    first, last = date(year, 1, 1), date(year, 12, 31)
    place = heard.slots["place"].value if "place" in heard.slots else position.facts.get("place")
    if edition_on(place, first, rules.shelf) == edition_on(place, last, rules.shelf):
        day = rules.today if year == rules.today.year else last
        return msgspec.structs.replace(heard, slots=heard.slots | {"on": Slot(day.isoformat(), said.text, approximate=True)})
    slots = {name: slot for name, slot in heard.slots.items() if name != "on"}
    return msgspec.structs.replace(heard, slots=slots, ambiguous=(*heard.ambiguous, Ambiguity("on", (), said.text)))


def by_place(heard: Heard, place: str | None, shelf: Shelf) -> Heard:
    """Hospitals and categories as the place has them: of several meanings the one it knows; a level that it splits is asked by grade.

    `place`: where the person is known to be insured, unless the message says another.
    """
    place = str(heard.slots["place"].value) if "place" in heard.slots else place
    editions = shelf.places.get(str(place), ())
    known = editions[-1].policy.facilities if editions else ()
    lists = dict.fromkeys(_HOSPITALS, known) | {"category": editions[-1].policy.categories if editions else ()}
    slots, doubts = dict(heard.slots), list(heard.ambiguous)
    for number, doubt in enumerate(heard.ambiguous):
        if doubt.slot == "place" and doubt.candidates == (place,):
            doubts.remove(doubt)  # 在北京朝阳医院, said by somebody from there
            continue
        meant = _meant(doubt.candidates, lists.get(doubt.slot, ()))
        if len(doubt.candidates) > 1 and len(meant) == 1 and not (doubt.both or doubt.open):
            slots[doubt.slot] = Slot(meant[0], doubt.text)
            doubts.remove(heard.ambiguous[number])
    for name in _HOSPITALS & slots.keys():
        level = str(slots[name].value).rpartition("_")[0]
        if slots[name].value not in known and level in known:
            slots[name] = msgspec.structs.replace(slots[name], value=level)  # 市里的三级医院, where a city's hospitals are of one kind
        grades = tuple(key for key in known if key.startswith(f"{slots[name].value}_"))
        if grades:
            doubts.insert(0, Ambiguity(name, grades, slots.pop(name).text))
    return msgspec.structs.replace(heard, slots=slots, ambiguous=tuple(doubts))


def _meant(candidates: Sequence[str], known: Sequence[str]) -> list[str]:
    """Those that a place has of several meanings: as they are, or every grade of them where none is had as it is."""
    exactly = [key for key in known if key in candidates]
    return exactly or [key for key in known if any(key.startswith(f"{each}_") for each in candidates)]


def problem_note(problem: Problem, hotline: str) -> Note:
    """What to say to something that cannot be right."""
    key = problem.code if problem.code == "place_unknown" else f"problem.{problem.code}"
    return Note(key, {"text": problem.text, "slot": problem.slot or "total", "limit_amount": LIMIT, "hotline": hotline})


def _before_any_bill(heard: Heard, position: Position) -> Heard:
    """今年自己掏了两万 may hold this stay too, once there is one; before any bill was told it is what the year came to."""
    doubt = next((each for each in heard.ambiguous if each.slot == SO_FAR_OWN and len(each.candidates) == 1), None)
    if doubt is None or "total" in position.facts or "total" in heard.slots:
        return heard
    slots = heard.slots | {SO_FAR_OWN: Slot(doubt.candidates[0], doubt.text)}
    return msgspec.structs.replace(heard, slots=slots, ambiguous=tuple(each for each in heard.ambiguous if each is not doubt))
