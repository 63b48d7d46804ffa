"""The engine's one door: what a policy means. Pure: no clock, file (but packs), environment, language, log or asyncio inside.

shelf = read_shelf([folder])
answer = estimate(read_case({"place": …, "category": …, "facility": …, "total": …}), shelf, today)
"""

from engine.case import Case, read_case
from engine.errors import CaseError, Fault, PackError, Problem
from engine.estimate import Estimate, Layer, OutOfPocket, estimate
from engine.figures import Used
from engine.keys import CARES, CATEGORIES, FACILITIES
from engine.lint import lint
from engine.money import LIMIT, MoneyError, fen, yuan
from engine.note import Note
from engine.policy import Policy, Source, Text, all_figures
from engine.program import Step
from engine.shelf import Edition, Shelf, read_edition, read_shelf
from engine.yaml_tree import read_tree
from engine.year import Year

__all__ = [
    "CARES",
    "CATEGORIES",
    "FACILITIES",
    "LIMIT",
    "Case",
    "CaseError",
    "Edition",
    "Estimate",
    "Fault",
    "Layer",
    "MoneyError",
    "Note",
    "OutOfPocket",
    "PackError",
    "Policy",
    "Problem",
    "Shelf",
    "Source",
    "Step",
    "Text",
    "Used",
    "Year",
    "all_figures",
    "estimate",
    "fen",
    "lint",
    "read_case",
    "read_edition",
    "read_shelf",
    "read_tree",
    "yuan",
]
