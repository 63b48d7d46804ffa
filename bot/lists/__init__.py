"""A coordinator's lists: a file or what was pasted from a spreadsheet comes in; settled bills, or who is in which category, go out."""

from bot.lists.files import Table, table_csv, table_xlsx
from bot.lists.reading import ENDINGS, ListError, from_text
from bot.lists.registers import Listed, read_register
from bot.lists.rosters import as_csv, by_own_cost, settle

__all__ = [
    "ENDINGS",
    "ListError",
    "Listed",
    "Table",
    "as_csv",
    "by_own_cost",
    "from_text",
    "read_register",
    "settle",
    "table_csv",
    "table_xlsx",
]
