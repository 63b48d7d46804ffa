"""A coordinator's lists: a file or what was pasted from a spreadsheet comes in; settled bills, or who is in which category, go out."""

from bot.lists.bills import MOST_BILLS, read_bills, read_one_bill
from bot.lists.bringing import SMALL_BYTES, Brought, bring, bring_apart, is_small
from bot.lists.checks import STATUSES, Checked, check_all, check_columns, check_rows, detail_lines, flags
from bot.lists.enrolment import opened_enrolment, unread_lines
from bot.lists.reading import ENDINGS, ListError, from_text, person_key
from bot.lists.rosters import MONEY, OWN_COST, Tried, csv_lines, try_out, write_workbook
from bot.lists.writing import Cell, list_file

__all__ = [
    "ENDINGS",
    "MONEY",
    "MOST_BILLS",
    "OWN_COST",
    "SMALL_BYTES",
    "STATUSES",
    "Brought",
    "Cell",
    "Checked",
    "ListError",
    "Tried",
    "bring",
    "bring_apart",
    "check_all",
    "check_columns",
    "check_rows",
    "csv_lines",
    "detail_lines",
    "flags",
    "from_text",
    "is_small",
    "list_file",
    "opened_enrolment",
    "person_key",
    "read_bills",
    "read_one_bill",
    "try_out",
    "unread_lines",
    "write_workbook",
]
