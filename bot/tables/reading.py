"""A table of any of three kinds, opened, checked and given out by frames: `open_table`."""

import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import polars as pl
from polars.exceptions import PanicException, PolarsError

from bot.tables import csv_text
from bot.tables.errors import TableError, Values, disk_full, disk_is_full

MOST_COLUMNS = 500

Frames = Callable[[int], Iterator[pl.DataFrame]]


class Table:
    """A checked table. Leaving it as a context removes what it put into the scratch folder.

    `columns` are the names, stripped; `schema` their types (all text unless Parquet); `rows` counts the data rows; `first_row` is
    the number that a spreadsheet shows beside the first of them (1 for Parquet); `notes` are keys and values of sentences.
    """

    def __init__(
        self,
        path: Path,
        schema: pl.Schema,
        rows: int,
        first_row: int,
        frames: Frames,
        made: Path,
        notes: Sequence[tuple[str, Values]] = (),
    ) -> None:
        self.path, self.schema, self.rows, self.first_row = path, schema, rows, first_row
        self.columns = tuple(schema.names())
        self.notes = list(notes)
        self._frames, self._made = frames, made

    def frames(self, size: int) -> Iterator[pl.DataFrame]:
        """The rows in order, at most `size` at a time. Raises TableError broken_file when they cannot be read after all."""
        given = 0
        with _honest(self.path):
            for frame in self._frames(size):
                for part in frame.iter_slices(size):
                    given += part.height
                    yield part.rename(dict(zip(part.columns, self.columns, strict=True)))
        if given != self.rows:
            raise _broken(self.path)

    def close(self) -> None:
        """Remove what was put into the scratch folder."""
        shutil.rmtree(self._made, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def open_table(path: Path, scratch: Path, tick: Callable[[int], None] = lambda _: None) -> Table:
    """Open a .csv, .xlsx or .parquet file by its ending; `scratch` is an existing folder for what has to be unpacked on the way.

    `tick` is called with the rows done while a file has to be gone through first. Raises TableError (status 2: the file; 1: the machine).
    """
    kinds = {".csv": _open_csv, ".xlsx": _open_xlsx, ".parquet": _open_parquet}
    opener = kinds.get(path.suffix.lower())
    if opener is None:
        raise TableError("unknown_ending", name=path.name)
    _see_file(path)
    with _honest(path):
        made = Path(tempfile.mkdtemp(prefix="table-", dir=scratch))
    try:
        with _honest(path):
            return opener(path, made, tick)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise


def _see_file(path: Path) -> None:
    """Raises TableError unless a file with something in it can be read there."""
    try:
        if path.exists() and not path.is_file():
            raise TableError("is_folder" if path.is_dir() else "unreadable", name=str(path))
        with path.open("rb") as file:
            if not file.read(1):
                raise TableError("empty", name=path.name)
    except FileNotFoundError:
        raise TableError("no_such_file", name=str(path)) from None
    except OSError:
        raise TableError("unreadable", name=str(path)) from None


@contextmanager
def _honest(path: Path) -> Iterator[None]:
    """What polars and the system raise within, as a TableError."""
    try:
        yield
    except OSError as error:
        raise (disk_full(path) if disk_is_full(error) else TableError("unreadable", name=str(path))) from error
    except (PolarsError, PanicException) as error:
        raise (disk_full(path) if disk_is_full(error) else _broken(path)) from error


def _broken(path: Path) -> TableError:
    return TableError("broken_file", name=path.name, kind=path.suffix.lower().removeprefix("."))


def _open_parquet(path: Path, made: Path, _: Callable[[int], None]) -> Table:
    lazy = pl.scan_parquet(path, glob=False, hive_partitioning=False)
    written = lazy.collect_schema()
    if not written:
        raise TableError("empty", name=path.name)
    schema = pl.Schema(dict(zip(column_names(path, written.names()), written.dtypes(), strict=True)))
    rows = int(lazy.select(pl.len()).collect().item())
    return Table(path, schema, rows, 1, lambda size: lazy.collect_batches(chunk_size=size, maintain_order=True), made)


def _open_csv(path: Path, made: Path, tick: Callable[[int], None]) -> Table:
    text = csv_text.prepare(path, made, tick)
    header = text.head.header
    named = len(without_blank_end(header))
    every = range(len(header))
    if named < len(header) and any(frame[str(at)].null_count() < frame.height for frame in _parsed(text) for at in every[named:]):
        raise TableError("unnamed_column", name=path.name, place=str(named + 1))
    names = column_names(path, header[:named])

    def frames(size: int) -> Iterator[pl.DataFrame]:
        return _gathered((frame.select(str(at) for at in range(named)) for frame in _parsed(text)), size)

    return Table(path, _all_text(names), text.rows, text.head.skipped + 2, frames, made)


def _parsed(text: csv_text.CsvText) -> Iterator[pl.DataFrame]:
    """The rows in frames of no particular size, columns named by their position. Polars' own scan of a whole file takes more memory."""
    schema, left = dict.fromkeys(map(str, range(len(text.head.header))), pl.String), text.rows
    # Without a header polars drops blank rows at the beginning, and takes the first one for as wide as all are.
    header = text.head.separator.join(schema).encode() + b"\n"
    for rows in csv_text.row_blocks(text):
        if rows and left:
            frame = pl.read_csv(header + rows, schema=schema, separator=text.head.separator).head(left)
            left -= frame.height
            yield frame


def _gathered(frames: Iterable[pl.DataFrame], size: int) -> Iterator[pl.DataFrame]:
    """Frames of so many rows, the last one of fewer."""
    waiting: list[pl.DataFrame] = []
    for frame in frames:
        waiting.append(frame)
        while sum(each.height for each in waiting) >= size:
            whole = pl.concat(waiting)
            yield whole.head(size).rechunk()
            waiting = [whole.slice(size)]
    if waiting:
        yield pl.concat(waiting)


def _open_xlsx(path: Path, made: Path, tick: Callable[[int], None]) -> Table:
    from bot.tables import xlsx_sheet  # brings openpyxl

    sheet = xlsx_sheet.convert(path, made, tick)

    def frames(size: int) -> Iterator[pl.DataFrame]:
        for file in sheet.files:
            yield from pl.read_parquet(file, glob=False).iter_slices(size)

    return Table(path, _all_text(column_names(path, sheet.header)), sheet.rows, sheet.first_row, frames, made, sheet.notes)


def _all_text(names: Sequence[str]) -> pl.Schema:
    return pl.Schema(dict.fromkeys(names, pl.String))


def without_blank_end(header: Sequence[str]) -> Sequence[str]:
    """The header without the nameless columns at its right end."""
    named = max((at for at, name in enumerate(header, 1) if name.strip()), default=0)
    return header[:named]


def column_names(path: Path, header: Sequence[str]) -> list[str]:
    """The names of the columns, stripped. Raises TableError: too_many_columns, unnamed_column, duplicate_column."""
    names = [name.strip() for name in header]
    if len(names) > MOST_COLUMNS:
        raise TableError("too_many_columns", name=path.name, most=str(MOST_COLUMNS))
    for at, name in enumerate(names, 1):
        if not name:
            raise TableError("unnamed_column", name=path.name, place=str(at))
        if name in names[: at - 1]:
            raise TableError("duplicate_column", name=path.name, column=name)
    if not names:
        raise TableError("unnamed_column", name=path.name, place="1")
    return names
