"""The households of a coordinator's desk, one after the other in a talk, told together and compared. Pure.

What the desk keeps of a household is its case and never a result, which is worked out whenever it is looked at.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.conversation.position import ANOTHER, Rules, estimate_at, replay
from bot.conversation.state import DESK, HOUSEHOLD, PRESET, Answer, Conversation
from engine import CaseError, Estimate, estimate, read_case

#: So many households stand beside each other on a phone.
FEWEST, MOST = 2, 4


@dataclass(frozen=True, slots=True)
class Household:
    """A household as the desk has it. `label`: a house number or nickname, or nothing; `facts`: a contract case."""

    label: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OpenDesk:
    """What a turn may know of the desk that is open in its talk. `mark`: what the key is known by that opened it.

    `households`: those of today, where they are asked for; `at`: which of its day the household of now is, where that is asked for and
    it is kept. `has_just_opened`: this very message did it; `place`: where the newest household of the desk is insured.
    """

    name: str
    mark: str
    households: tuple[Household, ...] = ()
    at: int | None = None
    has_just_opened: bool = False
    place: str | None = None


@dataclass(frozen=True, slots=True)
class Visited:
    """A household with what it comes to by the rules of today; `estimate` None: they do not answer it (any more).

    `number`: which of its day it is; None where the desk cannot be read.
    """

    number: int | None
    label: str
    category: str | None
    estimate: Estimate | None


def mark_of(conversation: Conversation) -> str | None:
    """What the key is known by that opened a desk in a talk; None in a talk without one."""
    return next((str(answer.value) for answer in conversation.answers if answer.slot == DESK), None)


def household_of(conversation: Conversation, rules: Rules) -> str | None:
    """The message that opened the household of now, by which the desk knows it; None in a talk without a desk."""
    known = replay(conversation.answers, rules).settings.get(HOUSEHOLD)
    return None if known is None else str(known)


def to_be_kept(conversation: Conversation, rules: Rules) -> Household | None:
    """The household of now as the desk is to keep it; None while there is no estimate."""
    answer = estimate_at(conversation, rules)
    if answer is None or answer.out_of_pocket is None:
        return None
    position = replay(conversation.answers, rules)
    return Household(position.label or "", position.case())


def at_a_new_desk(conversation: Conversation, message: str, desk: OpenDesk) -> Conversation:
    """A talk at a desk that begins: what the person set stays, what was told before does not belong to it.

    Where the door knows no place, the one of the desk's newest household holds, as a village has one.
    """
    opened = (Answer(DESK, desk.mark, PRESET), Answer(HOUSEHOLD, message, PRESET))
    known = tuple(_kept_on(conversation))
    place = () if desk.place is None or any(each.slot == "place" for each in known) else (Answer("place", desk.place, PRESET),)
    return Conversation((*opened, *known, *place), conversation.turn)


def without_desk(conversation: Conversation) -> Conversation:
    """The talk when its desk is closed: nothing of any household stays in it."""
    return Conversation(tuple(_kept_on(conversation)), conversation.turn)


def at_the_next(conversation: Conversation, message: str, rules: Rules) -> Conversation:
    """The talk at the household after the one of now.

    Of those before only the newest stays in the talk, so that a tap by mistake can be taken back; all others stand at the desk alone.
    """
    settings = tuple(answer for answer in conversation.answers if answer.message == PRESET and answer.slot != HOUSEHOLD)
    told = [answer for answer in conversation.answers if answer.message != PRESET]
    begins = max((number for number, answer in enumerate(told, start=1) if answer.slot == ANOTHER), default=0)
    shared = replay((*settings, *told[:begins]), rules).said.values() if begins else ()
    now = Answer(HOUSEHOLD, household_of(conversation, rules), PRESET)
    before = (answer for answer in shared if answer.message != PRESET)
    return Conversation((now, *settings, *before, *told[begins:], Answer(ANOTHER, True, message)), conversation.turn)


def visited(households: Iterable[Household], rules: Rules) -> tuple[Visited, ...]:
    """The households of a day in their order, each with what it comes to."""
    return tuple(worked_out(number, household, rules) for number, household in enumerate(households, start=1))


def worked_out(number: int | None, household: Household, rules: Rules) -> Visited:
    """A household with what it comes to."""
    category = household.facts.get("category")
    try:
        answer = estimate(read_case(household.facts), rules.shelf, rules.today)
    except CaseError:
        return Visited(number, household.label, category, None)
    return Visited(number, household.label, answer.case.category, None if answer.out_of_pocket is None else answer)


def chosen(numbers: Sequence[int], count: int) -> tuple[int, ...] | None:
    """Which of so many households are to be compared: the last two where none is named, None where those cannot be."""
    asked = tuple(dict.fromkeys(numbers)) or (count - 1, count)
    return asked if FEWEST <= len(asked) <= MOST and all(1 <= number <= count for number in asked) else None


def called(names: Sequence[str], households: Sequence[Household]) -> tuple[int, ...]:
    """The places in the day of those who are called so; nobody where one of the names is nobody's, or that of several."""
    found = [[number for number, each in enumerate(households, start=1) if each.label == name] for name in names]
    return tuple(numbers[0] for numbers in found) if all(len(numbers) == 1 for numbers in found) else ()


def _kept_on(conversation: Conversation) -> Iterable[Answer]:
    return (answer for answer in conversation.answers if answer.message == PRESET and answer.slot not in (DESK, HOUSEHOLD))
