"""A coordinator's lists: a file or what was pasted from a spreadsheet comes in; settled bills, or who is in which category, go out."""

from bot.lists.bills import MOST_BILLS, read_bills, read_one_bill
from bot.lists.checks import STATUSES, Checked, check_all, check_columns, check_rows, detail_lines, flags
from bot.lists.enrolment import opened_enrolment
from bot.lists.reading import ENDINGS, ListError, from_text
from bot.lists.registers import Listed, read_register
from bot.lists.rosters import as_csv, by_own_cost, settle
from bot.lists.writing import Cell, list_file

__all__ = [
    "ENDINGS",
    "MOST_BILLS",
    "STATUSES",
    "Cell",
    "Checked",
    "ListError",
    "Listed",
    "as_csv",
    "by_own_cost",
    "check_all",
    "check_columns",
    "check_rows",
    "detail_lines",
    "flags",
    "from_text",
    "list_file",
    "opened_enrolment",
    "read_bills",
    "read_one_bill",
    "read_register",
    "settle",
]
