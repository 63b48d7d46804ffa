"""A message outside of any talk: what it says of a case, by the contract's keys and with a case's types. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bot.conversation.heard import Heard, Problem, Slot
from bot.conversation.hearing import by_place, problem_note
from bot.conversation.position import FLAGS, SO_FAR_OWN, SO_FAR_STAYS, Position, edition_of
from engine import Case, Note, Shelf, Text

SO_FAR = "so_far"
#: What was read leaves commas and blanks behind, often many in a row.
_GAPS = re.compile("[， ]*，[， ]*")


@dataclass(frozen=True, slots=True)
class Fact:
    """What was said of one key of a case, and the words it was read from."""

    value: Any
    text: str
    approximate: bool


@dataclass(frozen=True, slots=True)
class Doubt:
    """What was said of one key of a case and has several readings, or none that could be offered."""

    slot: str
    candidates: tuple[Any, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Alone:
    """A message understood by itself. `problems` each with what to say to it; `unsure`: the key the person said not to know.

    `places` are the names of all places there are rules for.
    """

    facts: Mapping[str, Fact]
    doubts: tuple[Doubt, ...]
    problems: tuple[tuple[Problem, Note], ...]
    intent: str
    rest: str
    unsure: str | None
    places: Mapping[str, Text]


def alone(heard: Heard, place: str | None, shelf: Shelf) -> Alone:
    """What was heard, as facts of a case. `place`: where the person is known to be insured, unless the message says another.

    What belongs to a talk (for whom somebody asks, lines of a settlement sheet) is no fact of a case and is left out.
    """
    meant = by_place(heard, place, shelf)
    policy = (edition_of(Position(facts={"place": place}), shelf) or shelf.editions()[-1]).policy
    return Alone(
        facts=dict(_facts(meant.slots)),
        doubts=tuple(_doubts(meant, place)),
        problems=tuple((problem, problem_note(problem, policy.hotline)) for problem in meant.problems),
        intent=meant.intent,
        rest=_GAPS.sub("，", meant.rest).strip("， "),
        unsure=meant.unsure if meant.unsure in Case.model_fields else None,
        places={key: editions[-1].policy.name for key, editions in shelf.places.items()},
    )


def _facts(slots: Mapping[str, Slot]) -> Iterator[tuple[str, Fact]]:
    """The case's own keys; what was paid earlier in the year is `so_far`, and a number of stays without it says nothing."""
    for name, slot in slots.items():
        if name in Case.model_fields:
            yield name, Fact(slot.value, slot.text, slot.approximate)
    own, stays = slots.get(SO_FAR_OWN), slots.get(SO_FAR_STAYS)
    if own is not None:
        paid = {"own": own.value} | ({"stays": int(stays.value)} if stays else {})
        yield SO_FAR, Fact(paid, own.text, own.approximate)


def _doubts(heard: Heard, place: str | None) -> Iterator[Doubt]:
    """A place that is known is not doubted because a hospital's town was named."""
    for doubt in heard.ambiguous:
        slot = SO_FAR if doubt.slot == SO_FAR_OWN else doubt.slot
        if slot in Case.model_fields and not (slot == "place" and place):
            yield Doubt(slot, tuple(_typed(slot, candidate) for candidate in doubt.candidates), doubt.text)


def _typed(slot: str, candidate: str) -> Any:
    """A reading as a case would hold it."""
    if slot in FLAGS:
        return candidate == "true"
    if slot == SO_FAR:
        return {"own": candidate}
    return int(candidate) if slot == "age" else candidate
