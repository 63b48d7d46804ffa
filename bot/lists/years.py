"""The year of somebody on a list: their bills as cases, how far it is to the next threshold, and what another category would change."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from bot.desk import Roster, Row
from bot.knowledge import Knowledge
from bot.lists.reading import names_of
from engine import CaseError, Earlier, Estimate, Mark, estimate, read_case, read_year, year_ledger

if TYPE_CHECKING:
    pass


class Years:
    """The years of people on one list."""

    def __init__(self, roster: Roster, knowledge: Knowledge) -> None:
        from bot.tables.settle import RowReader

        self._roster, self._shelf = roster, knowledge.shelf
        names = names_of(knowledge)
        columns = names.columns_of(roster.columns[: roster.given])
        fixed = {} if roster.place is None or "place" in columns.facts else {"place": roster.place}
        self._reader: RowReader = RowReader(names, columns.facts, fixed)

    def estimate(self, rows: Sequence[Row], row: Row, today: date) -> Estimate | None:
        """The estimate of a bill with those before it in its year, of which these are `rows`; None where it cannot be read any more."""
        try:
            return estimate(read_case(self._case(rows, row)), self._shelf, today)
        except CaseError:
            return None

    def next_mark(self, rows: Sequence[Row], today: date) -> Mark | None:
        """The threshold of the rules that is nearest ahead in a year with these bills; None where there is none, or nobody knows."""
        try:
            told = year_ledger(read_year(self._case(rows, self._in_order(rows)[-1]), self._shelf), self._shelf, today)
        except CaseError:
            return None
        ahead = [mark for mark in told.marks if mark.state == "ahead" and mark.left]
        return min(ahead, key=lambda mark: mark.left or 0, default=None)

    def _case(self, rows: Sequence[Row], row: Row) -> dict[str, Any]:
        """A bill as a contract case, with those before it in the year."""
        ordered = self._in_order(rows)
        before = (self._said(each) for each in ordered[: ordered.index(row)])
        earlier = [{name: value for name, value in said.items() if name in Earlier.model_fields} for said in before]
        return self._said(row) | {"earlier": earlier}

    def _in_order(self, rows: Sequence[Row]) -> list[Row]:
        return sorted(rows, key=lambda row: (str(self._said(row).get("on") or ""), row.number))

    def _said(self, row: Row) -> dict[str, Any]:
        cells: Mapping[str, str | None] = {
            column: cell or None for column, cell in zip(self._roster.columns[: self._roster.given], row.cells, strict=False)
        }
        return self._reader.said(cells)
