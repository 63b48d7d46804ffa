"""The rows of a sheet, read cell by cell, and as a table in Parquet files of bounded size.

Only cells that hold something are ever kept: a far corner, a claimed size or a gap of a million rows cost nothing.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl
from openpyxl.utils.datetime import from_excel  # type: ignore[import-untyped]

from bot.tables.errors import TableError, Values
from bot.tables.xlsx_book import Book, column_letters, column_number, open_book
from bot.tables.xlsx_zip import Package, whole

#: What stands in the place of a formula that was never computed: no check takes it for a fact.
UNCOMPUTED = "#FORMULA"

_MOST_ROWS, _MOST_COLUMNS, _MOST_OF_A_SHEET = 1_048_576, 500, 16_384
_LONGEST_CELL = 1 << 20
_LONGEST_GAP = 1_000
_HEADER_WITHIN = 10
#: A block is written when it has so many rows, cells or characters.
_BLOCK_ROWS, _BLOCK_CELLS, _BLOCK_TEXT = 50_000, 1_000_000, 32 << 20
_REFERENCE = re.compile(r"([A-Z]{1,3})\d*")
#: Digits that Excel computes with and shows; the two behind them are noise of the binary number.
_DIGITS = 15

Row = dict[int, str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet as a table. `header` as written, `first_row` the number of the first data row, `files` its rows in order."""

    header: tuple[str, ...]
    rows: int
    first_row: int
    files: tuple[Path, ...]
    notes: list[tuple[str, Values]]


def convert(path: Path, folder: Path, tick: Callable[[int], None]) -> Sheet:
    """Write the first visible sheet as Parquet files in `folder`, calling `tick` with the rows done.

    Raises TableError: broken_file, xlsx_too_large, empty, empty_sheet, merged_header, unnamed_column, too_many_columns, ragged_row,
    gap, cell_too_long.
    """
    package = Package(path)
    try:
        book = open_book(package)
        rows = _Rows(path, folder, book, tick)
        _Cells(package, book, rows.take).read()
        rows.finish()
    finally:
        package.close()
    notes: list[tuple[str, Values]] = [("other_sheets", {"sheet": book.sheet, "others": list(book.others)})] if book.others else []
    return Sheet(rows.header, rows.done, rows.first_row, tuple(rows.files), notes)


class _Cells:
    """Reads the XML of a sheet and hands over each row that holds something, by column number."""

    def __init__(self, package: Package, book: Book, take: Callable[[int, Row], None]) -> None:
        self._package, self._book, self._take = package, book, take
        self._columns: dict[str, int] = {}
        self._row, self._column, self._cells = 0, 0, Row()
        self._kind, self._style = "n", ""
        self._pieces: list[str] = []
        self._length = 0
        self._text = self._spoken = self._formula = False

    def read(self) -> None:
        """Read the whole sheet."""
        self._package.parse(self._book.part, self._start, self._said, self._end)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "c":
            self._kind, self._style = attributes.get("t", "n"), attributes.get("s", "")
            self._column = self._column_of(attributes.get("r", ""))
            self._pieces, self._length, self._formula = [], 0, False
        elif tag == "v" or (tag == "t" and not self._spoken):
            self._text = True
        elif tag == "f":
            self._formula = True
        elif tag == "rPh":
            self._spoken = True
        elif tag == "row":
            self._begin_row(attributes.get("r", ""))

    def _said(self, piece: str) -> None:
        if self._text:
            self._pieces.append(piece)
            self._length += len(piece)
            if self._length > _LONGEST_CELL:
                raise TableError("cell_too_long", name=self._package.path.name, row=str(self._row))

    def _end(self, tag: str) -> None:
        if tag in ("v", "t"):
            self._text = False
        elif tag == "c":
            said = self._value("".join(self._pieces))
            if said and not said.isspace():
                self._cells[self._column] = said
        elif tag == "row":
            if self._cells:
                self._take(self._row, self._cells)
        elif tag == "rPh":
            self._spoken = False

    def _begin_row(self, number: str) -> None:
        row = whole(number) if number else self._row + 1
        if row is None or not self._row < row <= _MOST_ROWS:
            raise self._package.broken()
        self._row, self._column, self._cells = row, 0, {}

    def _column_of(self, reference: str) -> int:
        """The column a cell names, or the next one."""
        letters = reference.rstrip("0123456789")
        column = self._columns.get(letters)
        if column is None:
            if letters and not _REFERENCE.fullmatch(letters):
                raise self._package.broken()
            column = column_number(letters) if letters else self._column + 1
            if column > _MOST_OF_A_SHEET:
                raise self._package.broken()
            if letters:
                self._columns[letters] = column
        return column

    def _value(self, said: str) -> str:
        """What a cell says, as text."""
        if self._kind == "s":
            return self._shared(said)
        if self._kind in ("str", "inlineStr", "e"):
            return said
        if not said:
            return UNCOMPUTED if self._formula else ""
        if self._kind == "b":
            return "false" if said.strip() == "0" else "true"
        if self._kind == "d":
            return said.removesuffix("T00:00:00")
        return _number(said, whole(self._style) in self._book.days, self._book.epoch)

    def _shared(self, said: str) -> str:
        if not said:
            return ""
        at = whole(said)
        if at is None or at >= len(self._book.strings):
            raise self._package.broken()
        return self._book.strings[at]


def _number(said: str, is_day: bool, epoch: datetime) -> str:
    """A number with the digits Excel shows, or the day it stands for."""
    try:
        number = float(said)
    except ValueError:
        return said
    if not math.isfinite(number):
        return said
    if is_day and (day := _day(number, epoch)):
        return day
    if number.is_integer():
        return str(int(number))
    return f"{number:.{_DIGITS}g}"


def _day(number: float, epoch: datetime) -> str:
    """A counted day in ISO form, with its time unless that is midnight; empty when there is no such day."""
    try:
        day = from_excel(number, epoch)
    except (ValueError, OverflowError):
        return ""
    return str(day.isoformat()).removesuffix("T00:00:00") if day is not None else ""


class _Rows:
    """Finds the header among the first rows and writes what stands below it, by blocks."""

    def __init__(self, path: Path, folder: Path, book: Book, tick: Callable[[int], None]) -> None:
        self._path, self._folder, self._book, self._tick = path, folder, book, tick
        self._waiting: list[tuple[int, Row]] | None = []
        self.header: tuple[str, ...] = ()
        self.first_row = self._last_row = self.done = 0
        self.files: list[Path] = []
        self._columns: list[list[str | None]] = []
        self._weight = 0

    def take(self, number: int, cells: Row) -> None:
        """Take the next row that holds something."""
        if self._waiting is None:
            self._add(number, cells)
            return
        self._waiting.append((number, cells))
        if len(self._waiting) == _HEADER_WITHIN:
            self._begin()

    def finish(self) -> None:
        """Write what is left."""
        if self._waiting is not None:
            self._begin()
        self._write()

    def _begin(self) -> None:
        """Choose the header and take the rows that waited for it."""
        waiting, self._waiting = self._waiting or [], None
        if not waiting:
            raise TableError("empty", name=self._path.name)
        widest = max(len(cells) for _, cells in waiting)
        # Titles and lines such as "填报单位：… 单位：元" have few cells; a header has more than half of the widest row's.
        least = max(min(2, widest), widest // 2 + 1)
        at = next(at for at, (_, cells) in enumerate(waiting) if len(cells) >= least)
        number, cells = waiting[at]
        self._name_columns(number, cells)
        for below, values in waiting[at + 1 :]:
            self._add(below, values)

    def _name_columns(self, row: int, cells: Row) -> None:
        last = max(cells)
        if last > _MOST_COLUMNS:
            raise TableError("too_many_columns", name=self._path.name, most=str(_MOST_COLUMNS))
        for merge in self._book.merges:
            if merge.top <= row <= merge.bottom and merge.left <= last and (merge.top, merge.left) != (merge.bottom, merge.right):
                raise TableError("merged_header", name=self._path.name, cell=f"{column_letters(merge.left)}{merge.top}")
        if missing := next((column for column in range(1, last) if column not in cells), 0):
            raise TableError("unnamed_column", name=self._path.name, place=f"{column_letters(missing)}{row}")
        self.header = tuple(cells[column] for column in range(1, last + 1))
        self.first_row, self._last_row = row + 1, row
        self._columns = [[] for _ in self.header]

    def _add(self, number: int, cells: Row) -> None:
        if max(cells) > len(self._columns):
            raise TableError("ragged_row", name=self._path.name, row=str(number))
        blank = number - self._last_row - 1
        if blank > _LONGEST_GAP:
            raise TableError("gap", name=self._path.name, row=str(number), above=str(self._last_row))
        self._last_row = number
        for at, column in enumerate(self._columns, 1):
            if blank:
                column.extend([None] * blank)
            column.append(cells.get(at))
        self._weight += sum(map(len, cells.values()))
        count = len(self._columns[0])
        if count >= _BLOCK_ROWS or count * len(self._columns) >= _BLOCK_CELLS or self._weight >= _BLOCK_TEXT:
            self._write()

    def _write(self) -> None:
        """Write the rows at hand as one more file."""
        if not self._columns or not self._columns[0]:
            return
        file = self._folder / f"{len(self.files):06}.parquet"
        named = {str(at): column for at, column in enumerate(self._columns)}
        pl.DataFrame(named, schema=dict.fromkeys(named, pl.String)).write_parquet(file)
        self.files.append(file)
        self.done += len(self._columns[0])
        self._columns, self._weight = [[] for _ in self._columns], 0
        self._tick(self.done)
