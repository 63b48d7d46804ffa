"""What the form of one household says: a contract case and a label, and beside each field what is wrong with it.

Amounts are read as in the talk (2万, 20,000, ２００００), and one that could mean several is asked for again. What the form has no field
for (earlier stays, being registered: a chat may have told it) travels along in it and comes back as it was.
"""

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.desk import tidy_label
from bot.knowledge import Knowledge
from bot.lists.households import named_fault
from bot.speech import Voice
from bot.web.desk.forms import LONGEST_NAME, certain_amount, hear_amount
from bot.web.errors import ApiError
from engine import CaseError, Fault, fen, read_case

#: The fields of the form that are facts of a case.
FACTS = ("place", "category", "facility", "on", "total", "self_funded", "expired_ok")
_MONEY = ("total", "self_funded")
_CHOSEN = ("place", "category", "facility")
#: Typed as digits, it is that much and nothing shorter for more: the talk asks whether 80 was meant, a field for yuan need not.
_FIGURES = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_LONGEST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Typed:
    """A form as it was sent. `said`: what stands in its fields; `facts`: the contract case, as far as it could be read; `rest`: those of
    its facts that have no field. `wrong`: what is wrong with a field, in words; under an empty name, with what has no field.
    """

    said: Mapping[str, str]
    label: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    rest: Mapping[str, Any] = field(default_factory=dict)
    wrong: Mapping[str, str] = field(default_factory=dict)


def form_of(label: str, facts: Mapping[str, Any]) -> Typed:
    """The form with a case in it."""
    said = {"label": label} | {name: str(facts[name]) for name in FACTS if facts.get(name) not in (None, False)}
    return Typed(said, label, facts, {name: value for name, value in facts.items() if name not in FACTS})


def next_form(facts: Mapping[str, Any]) -> Typed:
    """The form for the next household: place, hospital and day stay, the person does not."""
    return form_of("", {name: facts[name] for name in ("place", "facility", "on", "expired_ok") if name in facts})


def read_form(sent: Mapping[str, str], knowledge: Knowledge, voice: Voice) -> Typed:
    """What was typed. Raises ApiError for a form that is not ours."""
    said = {name: sent.get(name, "").strip() for name in ("label", *FACTS)}
    label, rest, wrong = tidy_label(said["label"]), _rest(sent.get("rest", "")), {}
    facts: dict[str, Any] = {name: said[name] for name in ("place", "category", "facility", "on") if said[name]}
    if said["expired_ok"]:
        facts["expired_ok"] = True
    if len(label) > LONGEST_NAME:
        wrong["label"] = voice.say("wrong.too_long", most=LONGEST_NAME)
    wrong |= {name: voice.say("desk.day.choose") for name in _CHOSEN if not said[name]}
    for name in _MONEY:
        amount, problem = _amount(voice, knowledge, name, said[name])
        facts |= {name: amount} if amount else {}
        wrong |= {name: problem} if problem else {}
    return Typed(said, label, facts | rest, rest, wrong or _wrong_case(voice, knowledge, facts | rest))


def _rest(text: str) -> dict[str, Any]:
    try:
        rest = json.loads(text or "{}")
    except (ValueError, RecursionError) as error:
        raise ApiError(422, "invalid", "rest") from error
    if not isinstance(rest, dict):
        raise ApiError(422, "invalid", "rest")
    return {name: value for name, value in rest.items() if name not in FACTS}


def _amount(voice: Voice, knowledge: Knowledge, name: str, said: str) -> tuple[str, str]:
    """An amount as a case holds it, and what is wrong with it; neither for an empty field that may be empty."""
    if not said:
        return "", voice.say("desk.day.no_total") if name == "total" else ""
    heard = hear_amount(knowledge, name, said)
    amount = certain_amount(heard, name)
    if amount is not None:
        return amount, ""
    for problem in heard.problems:
        if problem.code == "zero":
            return "", voice.say("problem.zero")
        if voice.has(f"fault.{problem.code}"):
            return "", named_fault(voice, Fault(name, problem.code))
    doubts = (doubt.candidates for doubt in heard.ambiguous if doubt.slot == name)
    meant = next(doubts, ()) if _FIGURES.fullmatch(unicodedata.normalize("NFKC", said)) else ()
    if len(meant) == 1:
        return meant[0], ""
    return "", voice.say("desk.day.unit" if meant else "desk.day.exact", text=said[:_LONGEST_SHOWN])


def _wrong_case(voice: Voice, knowledge: Knowledge, facts: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with a case although each field can be read."""
    if facts["place"] not in knowledge.shelf.places:
        return {"place": voice.say("desk.day.choose")}
    try:
        read_case(facts)
    except CaseError as error:
        return {fault.field if fault.field in FACTS else "": _fault(voice, fault) for fault in reversed(error.faults)}
    return {}


def _fault(voice: Voice, fault: Fault) -> str:
    if fault.code == "above_total" and fault.field in FACTS:
        amounts = {f"{name}_amount": fen(fault.values[name]) for name in ("amount", "total")}
        return voice.say("problem.above_total", slot=fault.field, **amounts)
    return voice.say("desk.day.choose") if fault.code == "not_one_of" else named_fault(voice, fault)
