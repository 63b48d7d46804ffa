"""Which category a person belongs to: yes/no questions, the most favourable category first, and the office that confirms each.

Pure: what was answered, the questions, the shelf and the day in, `Found` out. The questions are data (data/finder.yaml):

    several: {basis: unverified, note: …}          what holds for somebody in several categories: the most favourable one counts
    questions:                                     one for each category but `ordinary`, in the order in which they are asked
      - category: extreme_poverty
        asks: {zh: …, en: …}
        confirms: {zh: …, en: …}                   the office, and what to ask there
        basis: unverified                          how firm the office is where no text of the edition names it
        note: …
        named_in: {anhui-bozhou/2022: {document: bozhou-2021-12-28, clause: b13}}

A finding never promises anything: the list of the office decides.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictStr, ValidationError

from engine.case import Day, faults_of
from engine.cell import PackModel
from engine.doubts import horizon, is_doubtful
from engine.errors import CaseError, Fault
from engine.keys import CATEGORIES, Basis, Category
from engine.note import Note
from engine.policy import Policy, mistakes, pack_error
from engine.shelf import Edition, Shelf
from engine.text import Text
from engine.yaml_tree import Location, read_tree

#: The category that is left when none of the others applies.
ORDINARY: Category = "ordinary"


class NamedIn(PackModel):
    """The clause of a founding document that names the office."""

    document: str
    clause: str


class Question(PackModel):
    """How a category is asked for, and the office that confirms it; `named_in` by edition (`anhui-bozhou/2022`)."""

    category: Category
    asks: Text
    confirms: Text
    basis: Basis
    note: str
    named_in: dict[str, NamedIn] = Field(default_factory=dict)


class Several(PackModel):
    """How firm it is that the most favourable of several categories counts."""

    basis: Basis
    note: str


class Questions(PackModel):
    """All questions, the most favourable category first."""

    several: Several
    questions: Annotated[tuple[Question, ...], Field(min_length=1)]

    def of(self, policy: Policy) -> tuple[Question, ...]:
        """The questions for the categories that an edition has."""
        return tuple(question for question in self.questions if question.category in policy.categories)


def read_questions(path: Path, shelf: Shelf) -> Questions:
    """Read the file of questions; the editions it names must be on the shelf. Raises PackError with every mistake."""
    tree = read_tree(path)
    try:
        found = Questions.model_validate(tree.data)
    except ValidationError as error:
        raise pack_error(tree.problem(location, what) for location, what in mistakes(error)) from error
    wrong = [*_uneven(found), *_unknown_editions(found, shelf)]
    if wrong:
        raise pack_error(tree.problem(location, what) for location, what in wrong)
    return found


def _uneven(found: Questions) -> Iterator[tuple[Location, str]]:
    """Every category but `ordinary` has exactly one question."""
    seen: set[str] = set()
    for number, question in enumerate(found.questions):
        place = ("questions", number, "category")
        if question.category == ORDINARY:
            yield place, f"`{ORDINARY}` is what is left without any yes, expected no question for it"
        elif question.category in seen:
            yield place, f"`{question.category}` already stands above, expected one question a category"
        seen.add(question.category)
    missing = [category for category in CATEGORIES if category not in seen | {ORDINARY}]
    if missing:
        yield ("questions",), f"no question for {', '.join(missing)}, expected one for every category but `{ORDINARY}`"


def _unknown_editions(found: Questions, shelf: Shelf) -> Iterator[tuple[Location, str]]:
    held = {edition.pack.key: edition.policy for edition in shelf.editions()}
    for number, question in enumerate(found.questions):
        for key in question.named_in:
            place = ("questions", number, "named_in", key)
            if key not in held:
                yield place, f"unknown edition `{key}`, expected one of: {', '.join(held)}"
            elif question.category not in held[key].categories:
                yield place, f"edition `{key}` has no `{question.category}`, expected one that has"


class Finding(BaseModel):
    """What was answered so far, by category; null is 不知道. `on` decides the edition, unsaid: the newest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    place: StrictStr
    on: Day | None = None
    answers: Mapping[Category, StrictBool | None] = Field(default_factory=dict)
    expired_ok: StrictBool = False


def read_finding(raw: Mapping[str, Any]) -> Finding:
    """Read a request. Raises CaseError naming every wrong field with a stable code."""
    try:
        return Finding.model_validate(dict(raw))
    except ValidationError as error:
        raise CaseError(faults_of(error)) from error


@dataclass(frozen=True, slots=True)
class Office:
    """The office that confirms a category, as the question words it; `named_in` is the text of the edition that names it."""

    category: str
    confirms: Text
    basis: str
    named_in: NamedIn | None

    @property
    def doubtful(self) -> bool:
        """Whether it is still to be confirmed for this place."""
        return is_doubtful(self.basis)


@dataclass(frozen=True, slots=True)
class Found:
    """Where the questions have led to.

    `ask`: `question` comes next. `found`: `office` confirms the category, and `possible` are better ones that were answered with 不知道.
    `unsure`: no yes, and `possible` are those not known. `ordinary`: no to everything. `refused`: no rules for that day, `cautions` say
    which are missing. `categories` are those that the edition asks for, in order.
    """

    finding: Finding
    status: Literal["ask", "found", "unsure", "ordinary", "refused"]
    policy: Policy
    categories: tuple[str, ...] = ()
    question: Question | None = None
    office: Office | None = None
    possible: tuple[Office, ...] = ()
    cautions: tuple[Note, ...] = ()
    advice: tuple[Note, ...] = ()

    @property
    def category(self) -> str | None:
        """The category that the answers point to; None while nobody can say."""
        if self.office is not None:
            return self.office.category
        return ORDINARY if self.status == "ordinary" else None

    @property
    def compute_as(self) -> str | None:
        """The category a bill can be computed with now: as long as nothing is confirmed, as an ordinary resident's."""
        return ORDINARY if self.status == "unsure" else self.category


def find(finding: Finding, questions: Questions, shelf: Shelf, today: date) -> Found:
    """The next question, or what the answers come to: the first yes once every better category is answered.

    `today` only decides whether a verified day has passed. Raises CaseError for a place not on the shelf and for an answer about a category
    that the edition does not ask for.
    """
    if finding.place not in shelf.places:
        raise CaseError([Fault("place", "unknown_place", {"known": ", ".join(sorted(shelf.places))})])
    edition = shelf.choose(finding.place, finding.on, expired_ok=finding.expired_ok)
    if isinstance(edition, Note):
        policy = shelf.places[finding.place][-1].policy
        return Found(finding, "refused", policy, cautions=(edition,), advice=(_ask(policy),))
    asked = questions.of(edition.policy)
    _check(finding, tuple(question.category for question in asked))
    return _Asking(finding, questions.several, asked, edition, today).found()


def _check(finding: Finding, categories: tuple[str, ...]) -> None:
    known = {"known": "、".join(categories)}
    faults = [Fault(f"answers.{category}", "not_asked", known) for category in finding.answers if category not in categories]
    if faults:
        raise CaseError(faults)


def _ask(policy: Policy) -> Note:
    return Note("ask", {"hotline": policy.hotline, "place": policy.name})


@dataclass(frozen=True, slots=True)
class _Asking:
    """The questions of one edition on their way to a finding."""

    finding: Finding
    several: Several
    asked: tuple[Question, ...]
    edition: Edition
    today: date

    def found(self) -> Found:
        answers = self.finding.answers
        yes = next((number for number, question in enumerate(self.asked) if answers.get(question.category)), None)
        better = self.asked[:yes]
        following = next((question for question in better if question.category not in answers), None)
        if following is not None:
            return self._answer("ask", question=following)
        possible = tuple(self._office(question) for question in better if answers[question.category] is None)
        if yes is not None:
            return self._answer("found", office=self._office(self.asked[yes]), possible=possible, rest=self.asked[yes + 1 :])
        return self._answer("unsure" if possible else "ordinary", possible=possible)

    def _answer(
        self,
        status: Literal["ask", "found", "unsure", "ordinary"],
        question: Question | None = None,
        office: Office | None = None,
        possible: tuple[Office, ...] = (),
        rest: tuple[Question, ...] = (),
    ) -> Found:
        policy = self.edition.policy
        offices = (*((office,) if office else ()), *possible)
        return Found(
            finding=self.finding,
            status=status,
            policy=policy,
            categories=tuple(each.category for each in self.asked),
            question=question,
            office=office,
            possible=possible,
            cautions=(*horizon(self.finding.on, policy, self.today), *self._doubts(offices, rest)),
            advice=() if status == "ask" else (Note("finder.list_decides"), _ask(policy)),
        )

    def _doubts(self, offices: tuple[Office, ...], rest: tuple[Question, ...]) -> Iterator[Note]:
        """What of the finding is still to be confirmed; `rest` are the categories behind the first yes, of which one may apply as well."""
        place = {"place": self.edition.policy.name}
        doubtful = tuple(office.category for office in offices if office.doubtful)
        if doubtful:
            yield Note("finder.to_confirm", {"categories": doubtful} | place)
        if is_doubtful(self.several.basis) and any(self.finding.answers.get(question.category, True) is not False for question in rest):
            yield Note("finder.best_counts", place)

    def _office(self, question: Question) -> Office:
        named = question.named_in.get(self.edition.pack.key)
        return Office(question.category, question.confirms, "stated" if named else question.basis, named)
