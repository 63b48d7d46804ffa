"""CSV as people have it: any usual encoding and separator, proved row by row before polars reads it.

Everything is read by blocks, so that neither a long file nor a long line fills the memory.
"""

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from operator import methodcaller
from pathlib import Path

from bot.tables.errors import TableError

_BLOCK = 1 << 20
#: What is parsed at a time: enough rows for a block that is settled.
_ROWS_BLOCK = 1 << 22
#: Bytes of one row: a longer one is a file that is no table, or a quote that never closes.
_LONGEST_ROW = 1 << 20
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_LONE_RETURN = re.compile(r"\r(?!\n)")
#: A row of these alone holds nothing, whichever of them cells are apart by.
_NOTHING = " \t\r\n,;"
#: The header is looked for among so many rows that hold something.
_HEADER_WITHIN = 10


@dataclass(frozen=True, slots=True)
class CsvText:
    """A checked CSV file in UTF-8: header as written, rows without the blank ones at the end."""

    path: Path
    head: "Head"
    rows: int


@dataclass(frozen=True, slots=True)
class Head:
    """Where a table begins: what its cells are apart by, its header, and the `skipped` rows above it, which take so many `lines`."""

    separator: str
    header: tuple[str, ...]
    skipped: int
    lines: int


def prepare(path: Path, folder: Path, tick: Callable[[int], None]) -> CsvText:
    """Check a CSV file and tell its shape; one that is not UTF-8 is copied as UTF-8 into `folder`.

    Raises TableError: empty, bad_encoding, cell_too_long, stray_quote, open_quote, ragged_row.
    """
    encoding = _encoding(path)
    old_mac = _only_carriage_returns(path, encoding)
    text = path if encoding == "utf-8-sig" and not old_mac else _rewritten(path, folder, encoding, None if old_mac else "")
    found = head(text, _HEADER_WITHIN)
    scan = _Scan(found.separator, len(found.header), found.skipped)
    scan.read(text, found.lines, tick)
    if len(found.header) == 1 and scan.blank_lines:  # polars drops a blank line of one column when it ends in \r\n
        text = _rewritten(text, folder, "utf-8-sig", None)
    return CsvText(text, found, max(scan.last - 1, 0))


def _encoding(path: Path) -> str:
    """UTF-16 by its mark, UTF-8 if the whole file is, else GB18030."""
    with path.open("rb") as file:
        start = file.read(3)
    if start[:2] in _UTF16:
        return _decodes(path, "utf-16")
    try:
        return _decodes(path, "utf-8-sig")
    except TableError as in_utf8:
        if start == codecs.BOM_UTF8 or in_utf8.code != "bad_encoding":
            raise
        return _gb18030(path, in_utf8)


def _gb18030(path: Path, in_utf8: TableError) -> str:
    """GB18030, or the place where the better of the two readings stopped."""
    try:
        return _decodes(path, "gb18030")
    except TableError as in_gb:
        if in_gb.code == "bad_encoding" and in_gb.row <= in_utf8.row:
            raise in_utf8 from None
        raise


def _decodes(path: Path, encoding: str) -> str:
    """The encoding, if the whole file can be read in it. Raises TableError: bad_encoding, cell_too_long."""
    row, length = 1, 0
    for text in _decoded(path, encoding):
        if "\0" in text:
            raise TableError("bad_encoding", name=path.name, row=str(row + text[: text.index("\0")].count("\n")))
        line_end = max(text.rfind("\n"), text.rfind("\r"))
        length = len(text) - line_end - 1 if line_end >= 0 else length + len(text)
        row += text.count("\n")
        if length > _LONGEST_ROW:
            raise TableError("cell_too_long", name=path.name, row=str(row))
    return encoding


def _decoded(path: Path, encoding: str) -> Iterator[str]:
    """The text by blocks. Raises TableError bad_encoding with the line."""
    decoder, row = codecs.getincrementaldecoder(encoding)(), 1
    with path.open("rb") as file:
        while True:
            block = file.read(_BLOCK)
            try:
                yield decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                row += error.object[: error.start].count(b"\n")
                raise TableError("bad_encoding", name=path.name, row=str(row)) from None
            if not block:
                return
            row += block.count(b"\n")


def _only_carriage_returns(path: Path, encoding: str) -> bool:
    """Whether lines end as on an old Mac: polars would see one line."""
    with path.open(encoding=encoding, newline="") as file:
        start = file.read(_BLOCK)
    return "\r" in start and "\n" not in start


def _rewritten(path: Path, folder: Path, encoding: str, newline: str | None) -> Path:
    """A copy in UTF-8, its line ends made those of Unix where `newline` is None."""
    copy = folder / f"{'plain' if path.parent == folder else 'copy'}.csv"
    with path.open(encoding=encoding, newline=newline) as file, copy.open("w", encoding="utf-8", newline="") as out:
        while text := file.read(_BLOCK):
            out.write(text)
    return copy


def head(path: Path, within: int = 1) -> Head:
    """Where the table of a file begins; its header is among the first `within` rows that hold something.

    Raises TableError: empty, stray_quote.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        start = file.read(_BLOCK)
    if not start.strip():
        raise TableError("empty", name=path.name)
    # A carriage return alone ends a row for this reader, for polars it does not.
    text = _LONE_RETURN.sub(" ", start)
    found = [(_first_rows(text, separator, within), separator) for separator in ",;\t"]
    rows, separator = max(found, key=lambda each: _likeness(each[0]))
    if not rows and '"' not in text:
        raise TableError("empty", name=path.name)
    if not rows:
        raise TableError("stray_quote", name=path.name, row="1")
    header = next(row for row in rows if row.filled >= _least(rows))
    return Head(separator, header.cells, header.above, header.lines)


@dataclass(frozen=True, slots=True)
class _First:
    """One of the first rows that hold something: how many rows and lines stand above it, and how many of its cells are filled."""

    above: int
    lines: int
    cells: tuple[str, ...]

    @property
    def filled(self) -> int:
        return sum(bool(cell.strip(_NOTHING)) for cell in self.cells)


def _first_rows(text: str, separator: str, within: int) -> list[_First]:
    """The first rows that hold something, up to one that cannot be read: it is told when all rows are seen."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows: list[_First] = []
    above = lines = 0
    with suppress(csv.Error):
        for cells in reader:
            row = _First(above, lines, tuple(cells))
            rows += [row] if row.filled else []
            above, lines = above + 1, reader.line_num
            if len(rows) == within:
                break
    return rows


def _least(rows: Sequence[_First]) -> int:
    """How many filled cells a header has at least: titles and lines such as “填报单位：… 单位：元” have few."""
    widest = max((row.filled for row in rows), default=0)
    return max(min(2, widest), widest // 2 + 1)


def _likeness(rows: Sequence[_First]) -> tuple[int, int]:
    """How much rows look like those of a table: how many of them are wide, and how wide they are."""
    widest = max((row.filled for row in rows), default=0)
    return (sum(row.filled >= _least(rows) for row in rows) if widest > 1 else min(widest, 1), widest)


def row_blocks(text: CsvText) -> Iterator[bytes]:
    """The rows below the header, some MiB of whole rows at a time."""
    with text.path.open("rb") as file:
        rest = file.read(_ROWS_BLOCK).removeprefix(codecs.BOM_UTF8)
        for _ in range(text.head.lines):
            rest = rest.partition(b"\n")[2]
        rest = rest[_first_row_end(rest) + 1 :]
        while block := file.read(_ROWS_BLOCK):
            rest += block
            cut = _row_end(rest) + 1
            yield rest[:cut]
            rest = rest[cut:]
        yield rest


def see_rows(name: str, rows: bytes, separator: str, width: int) -> None:
    """See that whole rows in UTF-8, each ended by a line end, are rows. Raises TableError with the number of a row among them."""
    _Scan(separator, width, 0).see(Path(name), rows)


class _Scan:
    """Counts rows and cells as RFC 4180 has them: quotes only around a whole cell. Polars then cannot read it otherwise."""

    def __init__(self, separator: str, width: int, skipped: int) -> None:
        mark = re.escape(separator.encode())
        self._quoted = re.compile(rb'(?<![^%b\n])"[^"]*+(?:""[^"]*+)*+"(?=[%b\n]|\r\n)' % (mark, mark))
        self._separator, self._width, self._skipped = separator.encode(), width, skipped
        self._seps = methodcaller("count", self._separator)
        self.rows = self.last = 0
        self.blank_lines = False

    def read(self, path: Path, above: int, tick: Callable[[int], None]) -> None:
        """Go through the whole file from its header on, which so many lines stand above. `rows` counts records, `last` is the last one that
        is not blank.
        """
        with path.open("rb") as file:
            rest = file.read(_BLOCK).removeprefix(codecs.BOM_UTF8)
            for _ in range(above):
                rest = rest.partition(b"\n")[2]
            while block := file.read(_BLOCK):
                rest = self._whole_rows(path, rest, block)
                tick(max(self.rows - 1, 0))
        self._whole_rows(path, rest, b"" if rest.endswith(b"\n") else b"\n", at_end=True)

    def see(self, path: Path, rows: bytes) -> None:
        """Go through whole rows."""
        self._whole_rows(path, rows, b"", at_end=True)

    def _whole_rows(self, path: Path, rest: bytes, block: bytes, at_end: bool = False) -> bytes:
        """Count the rows that end in this block and give back what is left of the last one."""
        text = rest + block
        cut = _row_end(text) + 1
        self._count(path, text[:cut])
        left = text[cut:]
        if left and (at_end or len(left) > _LONGEST_ROW):
            raise self._no_row(path, left)
        return left

    def _no_row(self, path: Path, left: bytes) -> TableError:
        """Why a text is no whole row: a quote within a cell, one that is never closed, or no line end."""
        plain = self._quoted.sub(b"q", left)
        quote = plain.find(b'"')
        if quote < 0:
            return TableError("cell_too_long", name=path.name, row=self._number(1))
        opens_cell = quote == 0 or plain[quote - 1 : quote] in (b"\n", self._separator)
        code = "open_quote" if opens_cell else "stray_quote"
        return TableError(code, name=path.name, row=self._number(plain[:quote].count(b"\n") + 1))

    def _count(self, path: Path, rows: bytes) -> None:
        """Count whole rows and see that none has too many cells."""
        if b'"' in rows:
            rows = self._quoted.sub(b"q", rows)
            if (stray := rows.find(b'"')) >= 0:
                raise TableError("stray_quote", name=path.name, row=self._number(rows[:stray].count(b"\n") + 1))
        lines = rows.split(b"\n")
        lines.pop()
        if max(map(self._seps, lines), default=0) >= self._width:
            long = next(at for at, line in enumerate(lines, 1) if self._seps(line) >= self._width)
            raise TableError("ragged_row", name=path.name, row=self._number(long))
        if self._width == 1:
            self.blank_lines = self.blank_lines or b"\r" in lines
        empty = b" \t\r" + self._separator
        self.last = next((self.rows + at for at in range(len(lines), 0, -1) if lines[at - 1].strip(empty)), self.last)
        self.rows += len(lines)

    def _number(self, at: int) -> str:
        """The number a spreadsheet shows beside the row."""
        return str(self._skipped + self.rows + at)


def _first_row_end(text: bytes) -> int:
    """Where the first whole row ends; the end of the text for a header without a line end."""
    end = text.find(b"\n")
    while end >= 0 and text.count(b'"', 0, end) % 2:
        end = text.find(b"\n", end + 1)
    return end if end >= 0 else len(text)


def _row_end(text: bytes) -> int:
    """Where the last whole row ends: a line end with as many quotes opened as closed before it; -1 for none."""
    end = text.rfind(b"\n")
    opened = text.count(b'"', 0, end) % 2 if end >= 0 else 0
    while end >= 0 and opened:
        before = text.rfind(b"\n", 0, end)
        opened ^= text.count(b'"', max(before, 0), end) % 2
        end = before
    return end
