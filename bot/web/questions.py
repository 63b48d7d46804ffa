"""The questions that HTTP takes as one JSON object and answers with another: what reads it, what settles it, what tells it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from bot.knowledge import Knowledge
from bot.one_message import Said, read_said, understood
from bot.speech import (
    Voice,
    admission_json,
    changed_json,
    check_bill_json,
    compare_json,
    estimate_json,
    finder_json,
    premium_json,
    understood_json,
    year_ledger_json,
)
from engine import (
    Case,
    Changing,
    Finding,
    Household,
    RoughStay,
    Sheet,
    changed,
    check_bill,
    compare,
    estimate,
    find,
    plan_admission,
    premium,
    read_case,
    read_changing,
    read_compared,
    read_finding,
    read_household,
    read_planned,
    read_sheet,
    read_year,
    year_ledger,
)

A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class Question(Generic[A]):
    """One route. `settle` raises CaseError for a wrong request; `optional` are fields of what it takes that it can do without; `many`
    settles many bills, beside the event loop.
    """

    path: str
    summary: str
    takes: type[BaseModel]
    settle: Callable[[dict[str, Any], Knowledge, date], A]
    tell: Callable[[Voice, A], dict[str, Any]]
    optional: tuple[str, ...] = ()
    many: bool = False


QUESTIONS: tuple[Question[Any], ...] = (
    Question(
        "/api/v1/estimate",
        "Estimate what one bill is reimbursed.",
        Case,
        lambda raw, known, today: estimate(read_case(raw), known.shelf, today),
        estimate_json,
    ),
    Question(
        "/api/v1/compare",
        "The same bill at every level of hospital, registered and not, and what being registered is worth.",
        Case,
        lambda raw, known, today: compare(read_compared(raw, known.shelf), known.shelf, today),
        compare_json,
        many=True,
        optional=("facility",),
    ),
    Question(
        "/api/v1/changed",
        "The same bill under two editions of a place's rules, layer by layer.",
        Changing,
        lambda raw, known, today: changed(read_changing(raw), known.shelf, today),
        changed_json,
        many=True,
    ),
    Question(
        "/api/v1/year",
        "A person's year so far: each settlement, and how far it is to each threshold.",
        Case,
        lambda raw, known, today: year_ledger(read_year(raw, known.shelf), known.shelf, today),
        year_ledger_json,
        many=True,
        optional=("facility", "total"),
    ),
    Question(
        "/api/v1/check",
        "A real settlement sheet beside the rules, and what may explain a difference.",
        Sheet,
        lambda raw, known, today: check_bill(read_sheet(raw), known.shelf, today),
        check_bill_json,
        many=True,
    ),
    Question(
        "/api/v1/before",
        "Before an admission: what a rough total may leave to pay, and what to arrange.",
        RoughStay,
        lambda raw, known, today: plan_admission(read_planned(raw), known.shelf, today),
        admission_json,
        many=True,
    ),
    Question(
        "/api/v1/premium",
        "What a household pays for a year of insurance, and what the government pays for it.",
        Household,
        lambda raw, known, today: premium(read_household(raw), known.shelf, today),
        premium_json,
    ),
    Question(
        "/api/v1/category",
        "Which category a person belongs to: the next question, or the office that confirms it.",
        Finding,
        lambda raw, known, today: find(read_finding(raw), known.finder, known.shelf, today),
        finder_json,
    ),
    Question(
        "/api/v1/understand",
        "What one message says: facts of a case, what is unclear about them, and what it asks for.",
        Said,
        lambda raw, known, _today: understood(read_said(raw), known),
        understood_json,
    ),
)
