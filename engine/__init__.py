"""The engine's one door: what a policy means. Pure: no clock, file (but packs), environment, language, log or asyncio inside.

shelf = read_shelf([folder])
answer = estimate(read_case({"place": …, "category": …, "facility": …, "total": …}), shelf, today)
"""

from engine.case import Case, read_case
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
from engine.errors import CaseError, Fault, PackError, Problem
from engine.estimate import Estimate, Layer, OutOfPocket, estimate
from engine.figures import Used
from engine.finder import Finding, Found, Office, Question, Questions, find, read_finding, read_questions
from engine.guidance import Advised, Guide, guide
from engine.keys import CARES, CATEGORIES, FACILITIES
from engine.lint import lint
from engine.money import LIMIT, MoneyError, fen, yuan
from engine.note import Note
from engine.policy import Policy, Source, Text, all_figures
from engine.premium import Household, Member, PremiumAnswer, Share, premium, read_household
from engine.program import Step
from engine.shelf import Edition, Shelf, read_edition, read_shelf
from engine.yaml_tree import read_tree
from engine.year import Year

__all__ = [
    "ANSWERED",
    "CARES",
    "CATEGORIES",
    "FACILITIES",
    "LIMIT",
    "Advised",
    "Case",
    "CaseError",
    "Change",
    "Changing",
    "Clause",
    "Comparison",
    "Edition",
    "Estimate",
    "Fault",
    "Finding",
    "Found",
    "Guide",
    "Household",
    "Layer",
    "LayerChange",
    "Ledger",
    "LeftOut",
    "Member",
    "MoneyError",
    "Note",
    "Office",
    "OutOfPocket",
    "PackError",
    "Policy",
    "PremiumAnswer",
    "Problem",
    "Question",
    "Questions",
    "Row",
    "Share",
    "Shelf",
    "Side",
    "Source",
    "Step",
    "Text",
    "Used",
    "Worth",
    "Year",
    "all_figures",
    "changed",
    "compare",
    "estimate",
    "fen",
    "find",
    "firmness",
    "guide",
    "lint",
    "own_cost",
    "premium",
    "read_case",
    "read_changing",
    "read_compared",
    "read_edition",
    "read_finding",
    "read_household",
    "read_ledgers",
    "read_questions",
    "read_shelf",
    "read_tree",
    "yuan",
]
