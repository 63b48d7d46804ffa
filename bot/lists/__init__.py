"""A coordinator's lists: a file or what was pasted from a spreadsheet comes in; settled bills, or who is in which category, go out."""

from bot.lists.bills import MOST_BILLS, read_bills, read_one_bill
from bot.lists.bringing import SMALL_BYTES, Brought, bring, bring_apart, is_small
from bot.lists.checks import STATUSES, Checked, check_all, check_columns, check_rows, detail_lines, flags
from bot.lists.enrolment import opened_enrolment, unread_lines
from bot.lists.headings import MONEY, OWN_COST, STATUS, heading, status_words
from bot.lists.making import Everything, Made, Printed, RosterFile, RosterSheets, Wanted, WarningsFile, make, make_apart
from bot.lists.reading import ENDINGS, ListError, from_text, person_key
from bot.lists.rosters import Tried, try_out
from bot.lists.writing import Cell, list_file

__all__ = [
    "ENDINGS",
    "MONEY",
    "MOST_BILLS",
    "OWN_COST",
    "SMALL_BYTES",
    "STATUS",
    "STATUSES",
    "Brought",
    "Cell",
    "Checked",
    "Everything",
    "ListError",
    "Made",
    "Printed",
    "RosterFile",
    "RosterSheets",
    "Tried",
    "Wanted",
    "WarningsFile",
    "bring",
    "bring_apart",
    "check_all",
    "check_columns",
    "check_rows",
    "detail_lines",
    "flags",
    "from_text",
    "heading",
    "is_small",
    "list_file",
    "make",
    "make_apart",
    "opened_enrolment",
    "person_key",
    "read_bills",
    "read_one_bill",
    "status_words",
    "try_out",
    "unread_lines",
]
