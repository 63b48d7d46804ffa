"""Questions beside the bill: the premium, what to do before going to hospital, where to go, what changed. Pure, as the talk stands."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from bot.conversation.heard import Heard, Slot
from bot.conversation.position import ADMISSION, BETWEEN, SHEET, WHO, Position, Rules, edition_of
from engine import (
    Note,
    changed,
    check_bill,
    compare,
    guide,
    plan_admission,
    premium,
    read_changing,
    read_compared,
    read_household,
    read_planned,
    read_sheet,
    read_year,
    year_ledger,
)

_YEAR = re.compile(r"(?:19|20)\d\d")
_NAMED = frozenset({"place", "category"})
#: What of a case is not about its own bill.
_OF_THE_YEAR = frozenset({"place", "category", "insured", "age", "on", "expired_ok", "earlier", "so_far"})


def about_the_bill(heard: Heard, position: Position) -> Heard:
    """The message without what belongs to the question alone: the year of a premium or of a comparison with before is no day of discharge,
    and a hospital that is compared is not where the known stay was.
    """
    alone = {"premium": {"on"}, "changed": {"on"}, "compare": {"facility"} & position.facts.keys()}.get(heard.intent, set())
    slots = {name: slot for name, slot in heard.slots.items() if name not in alone}
    return msgspec.structs.replace(heard, slots=slots, ambiguous=tuple(doubt for doubt in heard.ambiguous if doubt.slot not in alone))


def says_nothing_new(heard: Heard, position: Position) -> bool:
    """Whether a message says nothing about the bill that the talk does not know already; saying what is in doubt settles it."""
    if heard.ambiguous or heard.problems:
        return False
    said = {name: slot for name, slot in heard.slots.items() if name != WHO}
    return all(position.facts.get(name) == slot.value and name not in position.doubts for name, slot in said.items())


def is_taken(heard: Heard, position: Position) -> bool:
    """Whether place and category are what the message said: one that is doubted or not known there is never answered with an older one."""
    if heard.problems or any(doubt.slot in _NAMED for doubt in heard.ambiguous):
        return False
    return all(position.facts.get(name) == heard.slots[name].value for name in _NAMED & heard.slots.keys())


def answer(asked: Heard, position: Position, rules: Rules) -> tuple[Note, ...]:
    """What a message asks beside the bill. Raises CaseError when facts contradict each other."""
    if asked.intent == "compare":
        return comparison(position, rules, asked.hospitals)
    if asked.intent != "premium":
        return QUESTIONS[asked.intent](position, rules)
    return premiums(position, rules, _year(asked, rules), asked.household.people if asked.household else None)


def premiums(position: Position, rules: Rules, year: int | None = None, people: int | None = None) -> tuple[Note, ...]:
    """What the people of the talk pay for a year of insurance, or what has to be known first.

    Of a year later than every one that is held, this is said, and then what the newest one costs.
    """
    missing = next((slot for slot in ("place", "category") if slot not in position.facts), None)
    if missing is not None:
        return (Note(f"premium.lacking.{missing}"),)
    members = [{"category": position.facts["category"], "count": people or 1}]
    asked = {"place": position.facts["place"], "members": members}
    told = premium(read_household(asked | {"year": year}), rules.shelf, rules.today)
    notes = (Note("premium", {"answer": told, "people": people}),)
    if told.status != "refused":
        return notes
    newest = premium(read_household(asked), rules.shelf, rules.today)
    if year is None or newest.year is None or year < newest.year:
        return notes
    return (*notes, Note("premium", {"answer": newest, "people": people}))


def guidance(position: Position, rules: Rules) -> tuple[Note, ...]:
    """What to know before going to hospital, or what has to be known first."""
    if "place" not in position.facts:
        return (Note("guidance.lacking.place"),)
    place, category = str(position.facts["place"]), position.facts.get("category")
    return (Note("guidance", {"answer": guide(place, category, rules.shelf, rules.today)}),)


def comparison(position: Position, rules: Rules, named: tuple[str, ...] = ()) -> tuple[Note, ...]:
    """The bill at every level of hospital, `named` ones first. Which one it was is not needed; what else is missing is asked first."""
    facts = _bill(position, rules, without="facility")
    if facts is None:
        return (_lacking(position, "compare.lacking"),)
    return (Note("compare", {"answer": compare(read_compared(facts, rules.shelf), rules.shelf, rules.today), "named": named}),)


def change(position: Position, rules: Rules) -> tuple[Note, ...]:
    """The bill under the edition of the talk and under the one before it; of the oldest edition, under the one that followed."""
    facts, edition = _bill(position, rules), edition_of(position, rules.shelf)
    if facts is None or edition is None:
        return (_lacking(position, "changed.lacking"),)
    keys = [each.policy.edition for each in rules.shelf.places[edition.policy.place]]
    if len(keys) == 1:
        return (Note("changed.only_one", {"place": edition.policy.name, "edition": keys[0]}),)
    later = max(keys.index(edition.policy.edition), 1)
    asked = read_changing({"case": facts, "from": keys[later - 1], "to": keys[later]})
    return (Note("changed", {"answer": changed(asked, rules.shelf, rules.today)}),)


def checked(position: Position, rules: Rules) -> Note | None:
    """What was read from the settlement sheet beside the bill of the talk; None while nothing of it was read."""
    facts, said = _bill(position, rules), {key: amount for key, amount in position.series[SHEET].items() if amount is not None}
    if facts is None or not said:
        return None
    own = said.pop("own", None)
    asked = {"case": facts, "paid": said} | ({} if own is None else {"own": own})
    return Note("check", {"answer": check_bill(read_sheet(asked), rules.shelf, rules.today)})


def year(position: Position, rules: Rules) -> tuple[Note, ...]:
    """The year so far, with the bill of the talk when there is one."""
    if position.doubts or not position.facts.keys() >= _NAMED:
        return (_lacking(position, "year.lacking"),)
    facts = position.case()
    if not facts.keys() >= {"facility", "total"}:
        facts = {name: value for name, value in facts.items() if name in _OF_THE_YEAR}
    return (Note("year", {"answer": year_ledger(read_year(facts, rules.shelf), rules.shelf, rules.today)}),)


def admission(position: Position, rules: Rules) -> Note | None:
    """What a stay that is still to come may leave to pay, from its rough total or the bill of the talk; None while more has to be known.

    The bill of the talk is not the stay to come: nothing but the person and the year are taken from it.
    """
    facts, rough = position.case(), position.series[ADMISSION]
    total = rough.get("total") or facts.get("total")
    if "total" in rough and "total" in facts:
        facts = {name: value for name, value in facts.items() if name in (*_OF_THE_YEAR, "facility")}
    facts = {name: value for name, value in facts.items() if name != "total"}
    facts |= {name: value for name, value in rough.items() if name == "facility"}
    if total is None or position.doubts or not facts.keys() >= {"place", "category", "facility"}:
        return None
    least, _, most = str(total).partition(BETWEEN)
    asked = {"case": facts, "least": least, "most": most or least}
    return Note("admission", {"answer": plan_admission(read_planned(asked), rules.shelf, rules.today)})


#: What can be asked beside the bill, by the intent of a message or the action of a button.
QUESTIONS: Mapping[str, Callable[[Position, Rules], tuple[Note, ...]]] = {
    "premium": premiums,
    "documents": guidance,
    "compare": comparison,
    "changed": change,
    "year": year,
}


def _bill(position: Position, rules: Rules, without: str | None = None) -> dict[str, Any] | None:
    """The case of the talk, or None while something it needs is missing or doubted."""
    facts = position.case()
    needed = {name for name in rules.flow.questions if name != without}
    return None if set(position.doubts) - {without} or needed - facts.keys() else facts


def _lacking(position: Position, key: str) -> Note:
    """What has to be known first; when only a doubt stands in the way, that."""
    return Note("beside.doubt") if position.doubts and position.facts.keys() >= _NAMED else Note(key)


def _year(asked: Heard, rules: Rules) -> int | None:
    """The year a premium is asked for: one in figures, else one told from today."""
    said = asked.slots.get("on") or next((doubt for doubt in asked.ambiguous if doubt.slot == "on"), None)
    year = _YEAR.search(str(said.value) if isinstance(said, Slot) else said.text) if said else None
    if year is not None:
        return int(year[0])
    years_on = asked.household.years_on if asked.household else None
    return None if years_on is None else rules.today.year + years_on
