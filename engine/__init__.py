"""The engine's one door: what a policy means. Pure: no clock, file (but packs), environment, language, log or asyncio inside.

shelf = read_shelf([folder])
answer = estimate(read_case({"place": …, "category": …, "facility": …, "total": …}), shelf, today)

Tables have a door of their own, `engine.columns` with `engine.groups`: it needs the extra `[bulk]`.
"""

from engine.admission import Admission, OwnCost, Planned, RoughStay, plan_admission, read_planned
from engine.case import MOST_EARLIER, Case, Earlier, faults_of, read_case
from engine.check_bill import Cause, Check, Line, Sheet, asked_lines, check_bill, read_sheet
from engine.clauses import ANSWERED, Clause, Ledger, read_ledgers
from engine.compare import (
    Change,
    Changing,
    Comparison,
    LayerChange,
    LeftOut,
    Row,
    Side,
    Worth,
    changed,
    compare,
    firmness,
    own_cost,
    read_changing,
    read_compared,
)
from engine.diff import FATES, FIGURE_KINDS, Diff, FigureChange, FigureKind, SampleBill, diff, read_draft
from engine.errors import CaseError, Fault, PackError, Problem
from engine.estimate import Estimate, Layer, OutOfPocket, estimate
from engine.figures import Used
from engine.finder import Finding, Found, Office, Question, Questions, find, read_finding, read_questions
from engine.guidance import Advised, Guide, guide
from engine.keys import AGES, CARES, CATEGORIES, FACILITIES, LAYERS
from engine.lint import lint
from engine.money import LIMIT, MoneyError, fen, yuan
from engine.note import Note
from engine.person_year import PersonYear, settle_amounts
from engine.policy import Policy, Source, all_figures
from engine.premium import Household, Member, PremiumAnswer, Share, premium, premium_of_each, read_household
from engine.program import Step
from engine.samples import Sample, read_samples
from engine.settling import Amounts, Refusal, Settled
from engine.shelf import Edition, Shelf, read_edition, read_shelf
from engine.text import Text
from engine.worked import check_cases
from engine.yaml_tree import read_tree
from engine.year import Year
from engine.year_ledger import Mark, YearLedger, YearQuestion, read_year, year_ledger

__all__ = [
    "AGES",
    "ANSWERED",
    "CARES",
    "CATEGORIES",
    "FACILITIES",
    "FATES",
    "FIGURE_KINDS",
    "LAYERS",
    "LIMIT",
    "MOST_EARLIER",
    "Admission",
    "Advised",
    "Amounts",
    "Case",
    "CaseError",
    "Cause",
    "Change",
    "Changing",
    "Check",
    "Clause",
    "Comparison",
    "Diff",
    "Earlier",
    "Edition",
    "Estimate",
    "Fault",
    "FigureChange",
    "FigureKind",
    "Finding",
    "Found",
    "Guide",
    "Household",
    "Layer",
    "LayerChange",
    "Ledger",
    "LeftOut",
    "Line",
    "Mark",
    "Member",
    "MoneyError",
    "Note",
    "Office",
    "OutOfPocket",
    "OwnCost",
    "PackError",
    "PersonYear",
    "Planned",
    "Policy",
    "PremiumAnswer",
    "Problem",
    "Question",
    "Questions",
    "Refusal",
    "RoughStay",
    "Row",
    "Sample",
    "SampleBill",
    "Settled",
    "Share",
    "Sheet",
    "Shelf",
    "Side",
    "Source",
    "Step",
    "Text",
    "Used",
    "Worth",
    "Year",
    "YearLedger",
    "YearQuestion",
    "all_figures",
    "asked_lines",
    "changed",
    "check_bill",
    "check_cases",
    "compare",
    "diff",
    "estimate",
    "faults_of",
    "fen",
    "find",
    "firmness",
    "guide",
    "lint",
    "own_cost",
    "plan_admission",
    "premium",
    "premium_of_each",
    "read_case",
    "read_changing",
    "read_compared",
    "read_draft",
    "read_edition",
    "read_finding",
    "read_household",
    "read_ledgers",
    "read_planned",
    "read_questions",
    "read_samples",
    "read_sheet",
    "read_shelf",
    "read_tree",
    "read_year",
    "settle_amounts",
    "year_ledger",
    "yuan",
]
