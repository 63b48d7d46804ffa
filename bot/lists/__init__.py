"""A coordinator's lists: a file or what was pasted from a spreadsheet comes in; settled bills, or who is in which category, go out."""

from bot.lists.enrolment import opened_enrolment
from bot.lists.reading import ENDINGS, ListError, from_text
from bot.lists.registers import Listed, read_register
from bot.lists.rosters import as_csv, by_own_cost, settle
from bot.lists.writing import Cell, list_file

__all__ = [
    "ENDINGS",
    "Cell",
    "ListError",
    "Listed",
    "as_csv",
    "by_own_cost",
    "from_text",
    "list_file",
    "opened_enrolment",
    "read_register",
    "settle",
]
