"""The rows of a sheet, read cell by cell, and as a table in Parquet files of bounded size.

Only cells that hold something are ever kept: a far corner, a claimed size or a gap of a million rows cost nothing.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl
from openpyxl.utils.datetime import from_excel  # type: ignore[import-untyped]

from bot.tables.errors import TableError, Values
from bot.tables.xlsx_book import Book, Merge, column_letters, column_number, open_book
from bot.tables.xlsx_zip import Package, whole

#: What stands in the place of a formula that was never computed: no check takes it for a fact.
UNCOMPUTED = "#FORMULA"

_MOST_ROWS, _MOST_COLUMNS, _MOST_OF_A_SHEET = 1_048_576, 500, 16_384
_LONGEST_CELL = 1 << 20
_LONGEST_GAP = 1_000
#: A header stands within so many rows that hold something, and has at most so many itself.
_HEADER_WITHIN, _HEADER_HEIGHT = 10, 3
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


def _covers(merge: Merge, row: int, column: int) -> bool:
    return merge.top <= row <= merge.bottom and merge.left <= column <= merge.right


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
        rows = dict(waiting)
        at = next(at for at, (row, cells) in enumerate(waiting) if len(cells) + self._reaching(rows, row) >= least)
        top, bottom = self._header_rows(rows, waiting[at][0])
        if bottom > waiting[-1][0] and len(waiting) == _HEADER_WITHIN:
            raise self._merged(top, bottom)
        self._name_columns(self._names(rows, top, bottom), bottom)
        for below, values in waiting[at:]:
            if below > bottom:
                self._add(below, values)

    def _reaching(self, rows: Mapping[int, Row], row: int) -> int:
        """How many names reach down to a row from one above it."""
        tall = (merge for merge in self._book.merges if merge.top < row <= merge.bottom and merge.left == merge.right)
        return sum(merge.left in rows.get(merge.top, {}) for merge in tall)

    def _header_rows(self, rows: Mapping[int, Row], row: int) -> tuple[int, int]:
        """The first and the last row of a header: of several where a cell of it is merged downwards."""
        beside = (merge for merge in self._book.merges if merge.top <= row <= merge.bottom and merge.top < merge.bottom)
        tall = [merge for merge in beside if merge.left in rows.get(merge.top, {})]
        return min((merge.top for merge in tall), default=row), max((merge.bottom for merge in tall), default=row)

    def _names(self, rows: Mapping[int, Row], top: int, bottom: int) -> Row:
        """The name of each column, which stands in the last row of the header, or in a cell that is merged down to it.

        What stands above such a name is taken for the name of a group of columns where it is merged sideways; anything else might be a
        part of the name. Raises TableError merged_header.
        """
        last = max((column for row, cells in rows.items() if top <= row <= bottom for column in cells), default=0)
        merges = [merge for merge in self._book.merges if merge.top <= bottom and merge.bottom >= top and merge.left <= last]
        names = {
            column: said for column, said in rows.get(bottom, {}).items() if not any(_covers(merge, bottom, column) for merge in merges)
        }
        for merge in merges:
            is_group = merge.bottom < bottom and merge.left < merge.right
            is_name = merge.bottom == bottom and merge.left == merge.right
            if merge.top < top or not (is_group or is_name) or bottom - top >= _HEADER_HEIGHT:
                raise self._merged(top, bottom)
            if is_name and merge.left in rows.get(merge.top, {}):
                names[merge.left] = rows[merge.top][merge.left]
        loose = [(row, column) for row in range(top, bottom) for column in rows.get(row, {})]
        if any(not any(_covers(merge, row, column) for merge in merges) for row, column in loose):
            raise self._merged(top, bottom)
        if bottom > top and len({"".join(name.split()) for name in names.values()}) < len(names):
            raise self._merged(top, bottom)
        return names

    def _merged(self, top: int, bottom: int) -> TableError:
        """That nobody can tell what the columns are called, by the first merged cell of the header."""
        beside = (merge for merge in self._book.merges if merge.top <= bottom and merge.bottom >= top)
        first = min(beside, key=lambda merge: (merge.top, merge.left))
        return TableError("merged_header", name=self._path.name, cell=f"{column_letters(first.left)}{first.top}")

    def _name_columns(self, names: Row, row: int) -> None:
        last = max(names, default=0)
        if last > _MOST_COLUMNS:
            raise TableError("too_many_columns", name=self._path.name, most=str(_MOST_COLUMNS))
        if missing := next((column for column in range(1, last) if column not in names), 0):
            raise TableError("unnamed_column", name=self._path.name, place=f"{column_letters(missing)}{row}")
        self.header = tuple(names[column] for column in range(1, last + 1))
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
