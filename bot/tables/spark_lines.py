"""Lines of CSV as Spark hands them out, part by part of a file: checked as on one machine, and read by the same reader.

A part begins at any line, so no cell may hold a line break; a line with a quote that it does not close is refused.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import pyarrow as pa

from bot.tables import csv_text
from bot.tables.errors import TableError

_LONGEST_LINE = 1 << 20
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Form:
    """How the lines of a CSV file are written. `header` is its first line that is not blank, `width` counts its cells."""

    encoding: str
    separator: str
    header: bytes
    width: int


@dataclass(slots=True)
class _Seen:
    """One part: its rows, the line that is its header (0: none), the last that is not blank, and what is wrong in which line."""

    rows: int = 0
    header: int = 0
    last: int = 0
    wrong: tuple[str, int] | None = field(default=None)


class Lines:
    """Counts and checks the rows of parts of files as they come."""

    def __init__(self, form: Form | None, columns: Sequence[str]) -> None:
        """`form` is None for files whose rows need no look."""
        self._form, self._columns = form, columns
        self._seen: dict[tuple[str, int], _Seen] = {}

    def take(self, file: str, start: int, rows: Any) -> Any:
        """More rows of a part: the table they are, None where something is wrong."""
        seen = self._seen.setdefault((file, start), _Seen())
        before, seen.rows = seen.rows, seen.rows + rows.num_rows
        if self._form is None:
            seen.last = seen.rows
            return table_of(None, self._columns, rows)
        lines = _lines(rows)
        blank = b" \t" + self._form.separator.encode()
        filled = [at for at, line in enumerate(lines) if line.strip(blank)]
        seen.last = before + filled[-1] + 1 if filled else seen.last
        first = 0
        if start == 0 and not seen.header and filled:
            first = filled[0] + 1
            seen.header = before + first
            if lines[filled[0]].removeprefix(_BOM) != self._form.header:
                seen.wrong = ("spark_other_header", seen.header)
        if seen.wrong is None:
            seen.wrong = _wrong(self._form, lines[first:], before + first)
        if seen.wrong or (start == 0 and not seen.header):
            return None
        try:
            return _read(self._form, self._columns, lines[first:])
        except _BehindError as error:
            seen.wrong = ("unnamed_column", before + first + error.args[0])
        return None

    def told(self) -> list[list[Any]]:
        """What was seen of each part."""
        return [[file, start, seen.rows, seen.header, seen.last, seen.wrong] for (file, start), seen in self._seen.items()]


class _BehindError(Exception):
    """Something stands behind the last column that has a name, in this row."""


def table_of(form: Form | None, columns: Sequence[str], rows: Any) -> Any:
    """Rows of a file that was looked at, under their own names."""
    return pa.Table.from_batches([rows]).rename_columns(list(columns)) if form is None else _read(form, columns, _lines(rows))


def _lines(rows: Any) -> list[bytes]:
    return [line.removesuffix(b"\r") for line in rows.column(0).to_pylist()]


def _wrong(form: Form, lines: list[bytes], before: int) -> tuple[str, int] | None:
    """What is wrong with lines, and in which."""
    for at, line in enumerate(lines, before + 1):
        if len(line) > _LONGEST_LINE:
            return "cell_too_long", at
        if line.count(b'"') % 2:
            return "spark_line_break", at
    joined = b"".join(line + b"\n" for line in lines)
    try:
        text = joined.decode(form.encoding).encode()
    except UnicodeDecodeError as error:
        return "bad_encoding", before + joined[: error.start].count(b"\n") + 1
    if b"\0" in text:
        return "bad_encoding", before + text[: text.index(b"\0")].count(b"\n") + 1
    try:
        csv_text.see_rows("", text, form.separator, form.width)
    except TableError as error:
        return error.code, before + error.row
    return None


def _read(form: Form, columns: Sequence[str], lines: list[bytes]) -> Any:
    names = [str(at) for at in range(form.width)]
    text = b"".join(line + b"\n" for line in (form.separator.join(names).encode(), *lines)).decode(form.encoding).encode()
    frame = pl.read_csv(io.BytesIO(text), separator=form.separator, infer_schema=False)
    if len(frame) != len(lines):
        raise ValueError("other rows than lines")
    for name in names[len(columns) :]:
        if frame[name].null_count() < len(frame):
            raise _BehindError(int(frame[name].is_not_null().arg_true()[0]) + 1)
    texts = [frame[name].to_arrow().cast(pa.string()) for name in names[: len(columns)]]
    return pa.table(texts, names=list(columns))
