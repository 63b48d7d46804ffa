"""A coordinator's lists: a file or what was pasted from a spreadsheet comes in; settled bills, or who is in which category, go out."""

from bot.lists.bringing import Brought, bring, bring_apart
from bot.lists.reading import ENDINGS, ListError, from_text
from bot.lists.rosters import MONEY, OWN_COST, csv_lines, write_workbook

__all__ = ["ENDINGS", "MONEY", "OWN_COST", "Brought", "ListError", "bring", "bring_apart", "csv_lines", "from_text", "write_workbook"]
