"""What the list of rejects says of the rows that were not settled."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import polars as pl

from bot.speech import Voice
from bot.tables.names import Names
from bot.tables.settle import Reject
from bot.tables.words import RejectWords
from engine import FACILITIES, Fault, Shelf

_SEVERAL = 2


class RejectLines:
    """The lines of one table, each with the row's place in its block, the column at fault, the reason in words and its code."""

    def __init__(
        self,
        voice: Voice,
        shelf: Shelf,
        names: Names,
        facts: Mapping[str, str],
        header: Sequence[str],
        places: set[Any],
        first_row: int,
    ) -> None:
        """`facts` names the column of each fact, `places` are those of the table, `first_row` is the number of its first row."""
        self._voice, self._names, self._facts, self._header = voice, names, facts, header
        self._places = sorted(places & shelf.places.keys())
        self._words = RejectWords(voice, shelf, self._places, first_row)

    def of(self, frame: pl.DataFrame, rejected: Sequence[Reject]) -> Iterator[tuple[int, str, str, str]]:
        """The lines of a block, the faults of a row in the order of the columns."""
        for row, faults in groupby(rejected, key=lambda reject: reject.row):
            told, cells = [(self._column(reject.fault.field), reject.fault) for reject in faults], frame.row(row, named=True)
            for column, fault in sorted(self._in_whole(cells) or told, key=lambda each: self._place_of(each[0])):
                yield row, column, self._words.of(column, self._closer(fault, cells.get(column))), fault.code

    def _closer(self, fault: Fault, cell: Any) -> Fault:
        """A fault in closer words: of a hospital level that is one of several at the places of the table."""
        meant = self._names.levels_meant(self._places, cell) if (fault.field, fault.code) == ("facility", "not_one_of") else ()
        if len(meant) < _SEVERAL:
            return fault
        levels = [self._voice.say(f"facility.{level}") for level in FACILITIES if level in meant]
        return Fault("", "one_of_several", {"expected": self._voice.listed(levels)})

    def _in_whole(self, cells: Mapping[str, Any]) -> list[tuple[str, Fault]]:
        """What is wrong with a row as a whole: it adds up others, or tells nothing of a bill."""
        facts = (cells[column] for fact, column in self._facts.items() if fact != "person")
        blank = all(cell is None or (isinstance(cell, str) and not cell.strip()) for cell in facts)
        code = "total_row" if self._names.is_total(cells.values()) else "blank_row" if blank else ""
        return [("", Fault("", code))] if code else []

    def _column(self, field: str) -> str:
        """The column of a fact; what it is called where the table has none."""
        key = f"slot.{field}"
        return self._facts.get(field) or (self._voice.say(key) if self._voice.has(key) else field)

    def _place_of(self, column: str) -> int:
        return self._header.index(column) if column in self._header else len(self._header)
