"""A table written whole or not at all: `write_table`; and the list of rejected rows beside it: `RejectsFile`."""

import csv
import errno
import shutil
import tempfile
import traceback
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, Protocol

import polars as pl
import xlsxwriter  # type: ignore[import-untyped]
from polars.exceptions import PanicException, PolarsError
from polars.io.plugins import register_io_source
from xlsxwriter.exceptions import XlsxWriterException  # type: ignore[import-untyped]

from bot.files import no_formula, put, sync, temporary_name
from bot.tables.errors import TableError, disk_full, disk_is_full

#: Rows of data that an xlsx sheet can hold below its header.
MOST_XLSX_ROWS = 1_048_575
_GROUP_ROWS = 100_000
_LONGEST_XLSX_TEXT = 32_767
#: From here on a double, and Excel, cannot tell whole numbers apart.
_EXCEL_DIGITS = 10**15
_EXCEL_BEGINS = 1900
REJECTS_HEADER = ("行号", "列", "原因", "代码")
#: Errors of the system that another name or folder would avoid.
_ASKED_WRONG = (errno.ENAMETOOLONG, errno.EACCES, errno.EPERM, errno.EROFS, errno.EISDIR)


def write_table(frames: Iterator[pl.DataFrame], schema: pl.Schema, path: Path) -> None:
    """Write frames of one schema as .csv, .xlsx or .parquet. What stood there is replaced only by the whole table.

    Raises TableError: unknown_ending, no_such_folder, is_folder, cannot_write, disk_full (status 1), column_kind, xlsx_rows,
    xlsx_cell_too_long; and whatever `frames` raises, as it is.
    """
    writer = _writer(path)
    _check_kinds(schema, path)
    raised: list[BaseException] = []
    try:
        with _whole(path) as temporary:
            writer(_watched(frames, raised), schema, temporary)
    except KeyboardInterrupt:  # cuts the frames off, which may look like a broken file
        raise
    except BaseException:
        if raised:
            raise raised[0] from None
        raise


def _watched(frames: Iterator[pl.DataFrame], raised: list[BaseException]) -> Iterator[pl.DataFrame]:
    """The same frames; what they raise is kept, for polars pulls them in a thread of its own and may wrap it.

    A panic is not handed back to where it came from: there it is printed, with what it says of cells.
    """
    try:
        yield from frames
    except GeneratorExit:
        raise
    except PanicException as error:
        raised.append(error)
        raise RuntimeError("panic") from None
    except BaseException as error:
        raised.append(error)
        raise


def check_rows(path: Path, rows: int) -> None:
    """Raises TableError: unknown_ending, xlsx_rows, when so many rows do not go into such a file."""
    _writer(path)
    if path.suffix.lower() == ".xlsx" and rows > MOST_XLSX_ROWS:
        raise TableError("xlsx_rows", most=f"{MOST_XLSX_ROWS:,}")


@contextmanager
def scratch_beside(path: Path) -> Iterator[Path]:
    """A folder for what has to be unpacked or sorted, on the disk that the path is on; gone afterwards."""
    with _honest(path):
        folder = Path(tempfile.mkdtemp(prefix=".nengbao-", dir=path.resolve().parent))
    try:
        yield folder
    finally:
        try:  # a second Ctrl-C may come in between
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


class Rejects(Protocol):
    """Where rows that were not settled are noted."""

    def add(self, row: int, column: str, said: str | None, reason: str) -> None:
        """Note a row by its number: the column at fault, what is said of it in words, and the stable code of the reason."""

    def seal(self) -> None:
        """Nothing more comes."""


class RejectsFile:
    """The rows that were not settled and why, in a CSV that Excel in China opens right. It appears when finished, if there are any.

    What a cell held is never written: it may tell of somebody's health.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._temporary = temporary_name(path)
        self._file: IO[str] | None = None
        self.count = 0

    def add(self, row: int, column: str, said: str | None, reason: str) -> None:
        """Note a row by its number: the column at fault, what is said of it in words, and the stable code of the reason."""
        with _honest(self._path):
            if self._file is None:
                self._file = self._temporary.open("w", encoding="utf-8-sig", newline="")
                csv.writer(self._file).writerow(REJECTS_HEADER)
            csv.writer(self._file).writerow((row, no_formula(column), said or "", reason))
        self.count += 1

    def seal(self) -> None:
        """Nothing more comes: what was noted is on the disk then, and putting the list in its place cannot fail for want of room."""
        if self._file is not None:
            with _honest(self._path):
                self._file.close()
                sync(self._temporary)

    def finish(self) -> None:
        """Put the list in its place; without rejects, remove the list of an earlier run."""
        try:
            self.seal()
            with _honest(self._path):
                if self._file is None:
                    self._path.unlink(missing_ok=True)
                else:
                    self._temporary.replace(self._path)
                    sync(self._path.parent)
        except BaseException:
            self.discard()
            raise

    def discard(self) -> None:
        """Leave everything as it was before."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            _remove(self._temporary)


def _writer(path: Path) -> Callable[[Iterator[pl.DataFrame], pl.Schema, Path], None]:
    writers = {".csv": _write_csv, ".xlsx": _write_xlsx, ".parquet": _write_parquet}
    try:
        return writers[path.suffix.lower()]
    except KeyError:
        raise TableError("unknown_ending", name=path.name) from None


def _check_kinds(schema: pl.Schema, path: Path) -> None:
    """Lists, structures and bytes have no cell in CSV and xlsx."""
    if path.suffix.lower() == ".parquet":
        return
    for column, kind in schema.items():
        if kind.is_nested() or kind in (pl.Binary, pl.Object):
            raise TableError("column_kind", name=path.name, column=column)


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """A temporary name beside the path; what was written there takes its place at the end, or goes away."""
    with _honest(path):
        if not path.parent.is_dir():
            raise TableError("no_such_folder", folder=str(path.parent))
        if path.is_dir():
            raise TableError("is_folder", name=str(path))
    temporary = temporary_name(path)
    try:
        with _honest(path):
            temporary.touch()  # the system says why it cannot be; polars and xlsxwriter do not
            yield temporary
            put(temporary, path)
    except BaseException:
        _remove(temporary)
        raise


@contextmanager
def _honest(path: Path) -> Iterator[None]:
    """What polars, xlsxwriter and the system raise within, as a TableError."""
    try:
        yield
    except (OSError, PolarsError, PanicException, XlsxWriterException) as error:
        if disk_is_full(error):
            raise disk_full(path) from error
        asked_wrong = getattr(error, "errno", None) in _ASKED_WRONG
        raise TableError("cannot_write", status=2 if asked_wrong else 1, name=str(path)) from error


def _remove(temporary: Path) -> None:
    """Remove a file, also when a second Ctrl-C (polars hands on the first one twice) comes in between."""
    try:
        _unlink(temporary)
    finally:
        _unlink(temporary)


def _unlink(temporary: Path) -> None:
    with suppress(OSError):
        temporary.unlink()


def _write_csv(frames: Iterator[pl.DataFrame], schema: pl.Schema, path: Path) -> None:
    with path.open("wb") as file:
        _streamed(frames, schema).sink_csv(file, include_bom=True)


def _write_parquet(frames: Iterator[pl.DataFrame], schema: pl.Schema, path: Path) -> None:
    with path.open("wb") as file:
        _streamed(frames, schema).sink_parquet(file, row_group_size=_GROUP_ROWS, compression="zstd")


def _streamed(frames: Iterator[pl.DataFrame], schema: pl.Schema) -> pl.LazyFrame:
    """Frames as polars pulls them, one at a time.

    Sinks get an open file: a path is opened by a thread of polars, which may make the file anew after a failed sink has returned.
    """

    def source(columns: list[str] | None, *_: object) -> Iterator[pl.DataFrame]:
        return (frame if columns is None else frame.select(columns) for frame in frames)

    return register_io_source(source, schema=schema)


def _write_xlsx(frames: Iterator[pl.DataFrame], schema: pl.Schema, path: Path) -> None:
    with scratch_beside(path) as scratch:
        book = xlsxwriter.Workbook(path, {"constant_memory": True, "tmpdir": str(scratch)})
        sheet = book.add_worksheet()
        try:
            _fill(_Sheet(book, sheet), frames, schema)
            book.close()
        except BaseException as error:
            _abandon_archive(error)
            raise
        finally:
            if sheet.row_data_fh is not None:
                with suppress(OSError):  # what it still holds does not fit on a full disk either
                    sheet.row_data_fh.close()


def _abandon_archive(error: BaseException) -> None:
    """Let go of the archive that xlsxwriter was writing: forgotten as it is, it would try to end itself and complain on stderr."""
    for link in filter(None, (error, error.__context__)):
        for frame, _ in traceback.walk_tb(link.__traceback__):
            for archive in [value for value in frame.f_locals.values() if isinstance(value, zipfile.ZipFile)]:
                file, archive.fp = archive.fp, None
                with suppress(OSError):
                    if file:
                        file.close()


def _fill(sheet: "_Sheet", frames: Iterator[pl.DataFrame], schema: pl.Schema) -> None:
    for at, name in enumerate(schema):
        sheet.put(0, at, name)
    row = 0
    for frame in frames:
        if row + frame.height > MOST_XLSX_ROWS:
            raise TableError("xlsx_rows", most=f"{MOST_XLSX_ROWS:,}")
        for values in frame.iter_rows():
            row += 1
            for at, value in enumerate(values):
                if value is not None:
                    sheet.put(row, at, value)


class _Sheet:
    """Writes values into cells: text always as text, so that nothing becomes a formula."""

    def __init__(self, book: Any, sheet: Any) -> None:
        self._sheet = sheet
        self._money = book.add_format({"num_format": "0.00"})
        self._day = book.add_format({"num_format": "yyyy-mm-dd"})
        self._moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})

    def put(self, row: int, column: int, value: Any) -> None:
        """Write one value. Raises TableError xlsx_cell_too_long."""
        match value:
            case bool():
                self._sheet.write_boolean(row, column, value)
            case Decimal() if abs(value) < _EXCEL_DIGITS:
                self._sheet.write_number(row, column, float(value), self._money)
            case int() | float() if abs(value) < _EXCEL_DIGITS:
                self._sheet.write_number(row, column, value)
            case date() if value.year >= _EXCEL_BEGINS and getattr(value, "tzinfo", None) is None:
                self._sheet.write_datetime(row, column, value, self._moment if isinstance(value, datetime) else self._day)
            case _:
                self._text(row, column, _as_text(value))

    def _text(self, row: int, column: int, text: str) -> None:
        if len(text.encode("utf-16-le")) // 2 > _LONGEST_XLSX_TEXT:
            raise TableError("xlsx_cell_too_long", row=str(row + 1), most=f"{_LONGEST_XLSX_TEXT:,}")
        self._sheet.write_string(row, column, text)


def _as_text(value: Any) -> str:
    return value.isoformat() if isinstance(value, date | time) and not isinstance(value, timedelta) else str(value)
