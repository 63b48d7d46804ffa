"""The ledger of clauses: what a founding document states, in our own words, and what of the program answers to each statement.

Stands in data/sources/<document>/clauses.yaml:

    document: bozhou-2021-12-28                  the folder's name
    title: {zh: …, en: …}
    clauses:
      - id: b21                                  in the order of the text
        at: {paragraph: 12, sentence: 3}         headings count as paragraphs
        kind: figure                             figure, rule, duty, service or history
        numbers: [70%]                           what the sentence states, each with its unit: 1500 yuan, 70%, +5 points, x0.5, 33 diseases
        says: {zh: …, en: …}
        answered_by: {figures: [anhui-bozhou/2022/checks.0.share]}

`answered_by` has exactly one of: `figures` (edition/name, as `policies show` prints it), `guidance` (edition/key), `coordinator` (a
feature of the coordinators' desk), `not_modelled` (because). A clause with numbers is answered by figures or by a reason.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from engine.cell import PackModel
from engine.errors import PackError, Problem
from engine.policy import all_figures, mistakes, pack_error
from engine.shelf import Shelf
from engine.text import Text
from engine.yaml_tree import Location, Tree, read_tree

#: What the coordinators' desk does; a clause is for one of these.
Feature = Literal["registers", "enrolment", "early_warning", "case_ledger", "bill_check"]

#: What answers a clause, for counting: `named` are figures of which the text gives none, so that no amount follows.
Answered = Literal["computed", "named", "guided", "coordinator", "not_modelled"]
ANSWERED: tuple[Answered, ...] = ("computed", "named", "guided", "coordinator", "not_modelled")


def _count(raw: Any) -> Any:
    # Scalars of a file are text until a model says what they are.
    return int(raw) if isinstance(raw, str) and raw.isascii() and raw.isdigit() else raw


Count = Annotated[int, BeforeValidator(_count), Field(ge=1, le=999)]
Number = Annotated[str, Field(pattern=r"^(x\d+(\.\d+)?|[+-]?\d+(\.\d+)?(%| [a-z][a-z ]*))$")]


class At(PackModel):
    """Where a sentence stands in the text, both counted from 1; headings count as paragraphs."""

    paragraph: Count
    sentence: Count


class Answer(PackModel):
    """What answers to a clause: exactly one of the four."""

    figures: tuple[str, ...] | None = Field(None, min_length=1)
    guidance: str | None = None
    coordinator: Feature | None = None
    not_modelled: Text | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"expected exactly one of {', '.join(type(self).model_fields)}, found {' and '.join(given) or 'none'}")
        return self


class Clause(PackModel):
    """One statement of a document."""

    id: Annotated[str, Field(pattern=r"^[a-z]\d{2,3}$")]
    at: At
    kind: Literal["figure", "rule", "duty", "service", "history"]
    numbers: tuple[Number, ...] = ()
    says: Text
    answered_by: Answer

    @model_validator(mode="after")
    def _numbers_are_figures(self) -> Self:
        if self.numbers and self.answered_by.figures is None and self.answered_by.not_modelled is None:
            raise ValueError("states numbers, expected `answered_by` to name figures, or `not_modelled` with the reason")
        return self


class Clauses(PackModel):
    """The form of a file."""

    document: str
    title: Text
    clauses: Annotated[tuple[Clause, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Ledger:
    """The clauses of one document, each with how it is answered."""

    document: str
    title: Text
    clauses: tuple[tuple[Clause, Answered], ...]

    def count(self, answered: Answered) -> int:
        """How many clauses are answered in this way."""
        return sum(1 for _, each in self.clauses if each == answered)


def read_ledgers(folder: Path, shelf: Shelf) -> list[Ledger]:
    """Read <document>/clauses.yaml of every document. Raises PackError with the mistakes of all files together."""
    ledgers, problems = [], []
    for path in sorted(folder.glob("*/clauses.yaml")):
        try:
            ledgers.append(read_ledger(path, shelf))
        except PackError as error:
            problems += error.problems
    if not ledgers and not problems:
        problems.append(Problem(str(folder), 1, 1, "no ledger found, expected <document>/clauses.yaml"))
    if problems:
        raise PackError(problems)
    return ledgers


def read_ledger(path: Path, shelf: Shelf) -> Ledger:
    """Read the clauses of one document; figures and guidance they name must be on the shelf. Raises PackError with every mistake."""
    tree = read_tree(path)
    try:
        found = Clauses.model_validate(tree.data)
    except ValidationError as error:
        raise _refused(tree, mistakes(error)) from error
    known, unknown = _held(shelf)
    guidance = {f"{edition.pack.key}/{key}" for edition in shelf.editions() for key in edition.policy.guidance}
    wrong = [*_out_of_order(found, path.parent.name), *_unknown_answers(found, known | unknown, guidance)]
    if wrong:
        raise _refused(tree, wrong)
    return Ledger(found.document, found.title, tuple((clause, _answered(clause.answered_by, known)) for clause in found.clauses))


def _held(shelf: Shelf) -> tuple[set[str], set[str]]:
    """The figures of all editions by `edition/name`: those with a value and those without."""
    every = [(f"{edition.pack.key}/{figure.name}", figure) for edition in shelf.editions() for figure in all_figures(edition.policy)]
    without = {name for name, figure in every if figure.basis == "unknown"}
    return {name for name, _ in every} - without, without


def _answered(answer: Answer, known: set[str]) -> Answered:
    if answer.figures is not None:
        return "computed" if known.intersection(answer.figures) else "named"
    if answer.guidance is not None:
        return "guided"
    return "coordinator" if answer.coordinator is not None else "not_modelled"


def _out_of_order(found: Clauses, folder: str) -> Iterator[tuple[Location, str]]:
    if found.document != folder:
        yield ("document",), f"is `{found.document}`, expected the folder's name `{folder}`"
    seen: set[str] = set()
    for number, (before, clause) in enumerate(zip((None, *found.clauses), found.clauses, strict=False)):
        if clause.id in seen:
            yield ("clauses", number, "id"), f"`{clause.id}` already stands above, expected every clause to have its own"
        elif before and (len(clause.id), clause.id) < (len(before.id), before.id):
            yield ("clauses", number, "id"), f"`{clause.id}` stands after `{before.id}`, expected ids to rise"
        if before and _place(clause) < _place(before):
            yield ("clauses", number, "at"), f"stands in the text before `{before.id}`, expected the order of the text"
        seen.add(clause.id)


def _place(clause: Clause) -> tuple[int, int]:
    return clause.at.paragraph, clause.at.sentence


def _unknown_answers(found: Clauses, figures: set[str], guidance: set[str]) -> Iterator[tuple[Location, str]]:
    for number, clause in enumerate(found.clauses):
        place = ("clauses", number, "answered_by")
        for index, name in enumerate(clause.answered_by.figures or ()):
            if name not in figures:
                yield (*place, "figures", index), f"unknown figure `{name}`{_near(name, figures)}"
        text = clause.answered_by.guidance
        if text is not None and text not in guidance:
            yield (*place, "guidance"), f"unknown guidance `{text}`{_near(text, guidance)}"


def _near(name: str, known: set[str]) -> str:
    near = get_close_matches(name, sorted(known), 1)
    return f", did you mean `{near[0]}`?" if near else ", expected edition/name as `policies show` prints it"


def _refused(tree: Tree, wrong: Iterable[tuple[Location, str]]) -> PackError:
    return pack_error(tree.problem(location, what) for location, what in wrong)
