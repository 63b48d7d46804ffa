"""Several people of a family in one talk, each with their own bill, and what they pay together. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from bot.conversation.position import Person, Position, Rules, answer_of
from engine import CaseError, Estimate, Note, estimate, read_case


@dataclass(frozen=True, slots=True)
class Counted:
    """One of the family with their estimate; None when today's rules do not answer it any more, or it was not `finished`."""

    who: str | None
    category: str | None
    estimate: Estimate | None
    finished: bool = True


def family(position: Position, rules: Rules) -> Note:
    """Everybody who was told, one after the other, the one of now last."""
    people = [*(_counted(person, rules) for person in position.people), *_of_now(position, rules)]
    return Note("people", {"people": tuple(people)}) if position.people else Note("people.none")


def _of_now(position: Position, rules: Rules) -> Iterator[Counted]:
    """The person of now, once there is an estimate."""
    try:
        answer = answer_of(position, rules)
    except CaseError:
        return
    if answer is not None:
        yield Counted(position.who, answer.case.category, _settled(answer))


def _counted(person: Person, rules: Rules) -> Counted:
    if any(name not in person.case for name in rules.flow.questions):
        return Counted(person.who, person.case.get("category"), None, finished=False)
    try:
        answer = estimate(read_case(person.case), rules.shelf, rules.today)
    except CaseError:
        return Counted(person.who, person.case.get("category"), None)
    return Counted(person.who, answer.case.category, _settled(answer))


def _settled(answer: Estimate) -> Estimate | None:
    return None if answer.status == "refused" else answer
