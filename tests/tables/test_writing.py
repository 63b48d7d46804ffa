"""A table is written whole or not at all, as Excel in China opens it right."""

import errno
import os
import signal
import threading
import time
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest

from bot.tables import writing
from bot.tables.errors import TableError
from bot.tables.writing import MOST_XLSX_ROWS, RejectsFile, check_rows, write_table

KINDS = ("csv", "xlsx", "parquet")
FRAME = pl.DataFrame(
    {"说": ["=1+1", "001", None], "钱": [Decimal("1.5"), None, Decimal("-20000")], "日": [date(2023, 5, 1), None, date(1899, 1, 1)]},
    schema={"说": pl.String, "钱": pl.Decimal(18, 2), "日": pl.Date},
)


def names(folder: Path) -> list[str]:
    """What stands in a folder."""
    return sorted(path.name for path in folder.iterdir())


def broken(error: BaseException) -> Iterator[pl.DataFrame]:
    """Frames that end in an error."""
    yield FRAME
    raise error


def test_csv_has_a_mark_two_places_and_iso_days(tmp_path: Path) -> None:
    """What Excel needs to see UTF-8, and money as money."""
    write_table(iter([FRAME, FRAME[:1]]), FRAME.schema, tmp_path / "a.csv")
    want = "\ufeff说,钱,日\n=1+1,1.50,2023-05-01\n001,,\n,-20000.00,1899-01-01\n=1+1,1.50,2023-05-01\n"
    assert (tmp_path / "a.csv").read_text("utf-8") == want


def test_parquet_comes_back_as_it_was(tmp_path: Path) -> None:
    """Types, order and rows."""
    write_table(iter([FRAME, FRAME]), FRAME.schema, tmp_path / "a.parquet")
    assert pl.read_parquet(tmp_path / "a.parquet").equals(pl.concat([FRAME, FRAME]))


def test_xlsx_text_is_never_a_formula(tmp_path: Path) -> None:
    """Text stays text, money is a number with two places, days are days; those before 1900 and long numbers are text."""
    frame = FRAME.with_columns(
        pl.Series("n", [7, 10**17, None]), pl.Series("b", [True, False, None]), pl.Series("t", [datetime(2023, 5, 1, 8)] * 3)
    )
    write_table(iter([frame]), frame.schema, tmp_path / "a.xlsx")
    cells = list(openpyxl.load_workbook(tmp_path / "a.xlsx").active.iter_rows())
    moment = datetime(2023, 5, 1, 8)
    assert [tuple(cell.value for cell in row) for row in cells[1:]] == [
        ("=1+1", 1.5, datetime(2023, 5, 1), 7, True, moment),
        ("001", None, None, str(10**17), False, moment),
        (None, -20000, "1899-01-01", None, None, moment),
    ]
    assert (cells[1][0].data_type, cells[1][1].number_format) == ("s", "0.00")


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_without_rows_has_its_header(tmp_path: Path, kind: str) -> None:
    """No frame, no rows, all columns."""
    write_table(iter([]), FRAME.schema, tmp_path / f"a.{kind}")
    readers: dict[str, Any] = {"csv": pl.read_csv, "parquet": pl.read_parquet}
    if kind == "xlsx":
        assert [cell.value for cell in next(openpyxl.load_workbook(tmp_path / "a.xlsx").active.rows)] == FRAME.columns
    else:
        assert (readers[kind](tmp_path / f"a.{kind}").columns, names(tmp_path)) == (FRAME.columns, [f"a.{kind}"])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("error", [TableError("ragged_row", row="3"), KeyboardInterrupt(), ZeroDivisionError("x"), OSError(errno.EIO, "x")])
def test_an_error_on_the_way_comes_out_as_itself_and_leaves_the_old_file(tmp_path: Path, kind: str, error: BaseException) -> None:
    """The rows' own errors are not wrapped, the half file goes, what stood there stays."""
    (tmp_path / f"a.{kind}").write_text("old")
    with pytest.raises(type(error)) as raised:
        write_table(broken(error), FRAME.schema, tmp_path / f"a.{kind}")
    assert raised.value is error
    assert (names(tmp_path), (tmp_path / f"a.{kind}").read_text()) == ([f"a.{kind}"], "old")


@pytest.mark.parametrize("kind", KINDS)
def test_no_half_file_comes_back_after_an_error(tmp_path: Path, kind: str) -> None:
    """Polars opens what it is told the path of in threads of its own, late where the machine is busy: it is handed open files."""

    def nothing() -> Iterator[pl.DataFrame]:
        raise TableError("no_rows", name="a.csv")
        yield FRAME

    crowd = [threading.Thread(target=lambda: sum(range(3_000_000))) for _ in range(4)]
    for busy in crowd:
        busy.start()
    for _ in range(100):
        with pytest.raises(TableError):
            write_table(nothing(), FRAME.schema, tmp_path / f"a.{kind}")
    for busy in crowd:
        busy.join()
    assert names(tmp_path) == []


@pytest.mark.parametrize("kind", KINDS)
def test_ctrl_c_leaves_nothing(tmp_path: Path, kind: str) -> None:
    """A real signal while the table is written."""

    def frames() -> Iterator[pl.DataFrame]:
        yield FRAME
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.2)

    try:
        with pytest.raises(KeyboardInterrupt):
            write_table(frames(), FRAME.schema, tmp_path / f"a.{kind}")
        time.sleep(0.1)
    except KeyboardInterrupt:
        pass  # polars hands the same signal on twice
    time.sleep(0.3)
    assert names(tmp_path) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_full_disk_is_the_machines_fault(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that takes nothing more: status 1, nothing left."""
    monkeypatch.setattr(writing, "temporary_name", full_device)
    with pytest.raises(TableError) as raised:
        write_table(iter([FRAME] * 2000), FRAME.schema, tmp_path / f"a.{kind}")
    assert (raised.value.code, raised.value.status, names(tmp_path)) == ("disk_full", 1, [])


def full_device(path: Path) -> Path:
    """A name beside a path behind which the disk is full."""
    (path.parent / "full.part").symlink_to("/dev/full")
    return path.parent / "full.part"


def test_places_that_cannot_be_written_are_named(tmp_path: Path) -> None:
    """A missing folder, a folder in the file's place, an unknown ending, a name too long, a column without cells."""
    (tmp_path / "b.csv").mkdir()
    lists = pl.Schema({"l": pl.List(pl.Int8)})
    said = {
        tmp_path / "no" / "a.csv": ("no_such_folder", FRAME.schema),
        tmp_path / "b.csv": ("is_folder", FRAME.schema),
        tmp_path / "a.txt": ("unknown_ending", FRAME.schema),
        tmp_path / f"{'a' * 250}.csv": ("cannot_write", FRAME.schema),
        tmp_path / f"{'a' * 250}.xlsx": ("cannot_write", FRAME.schema),
        tmp_path / "l.csv": ("column_kind", lists),
    }
    for path, (code, schema) in said.items():
        with pytest.raises(TableError) as raised:
            write_table(iter([]), schema, path)
        assert (raised.value.code, raised.value.status) == (code, 2)
    assert names(tmp_path) == ["b.csv"]


def test_more_rows_than_a_sheet_holds_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before writing when the number is known, and while writing."""
    check_rows(tmp_path / "a.xlsx", MOST_XLSX_ROWS)
    check_rows(tmp_path / "a.csv", MOST_XLSX_ROWS + 1)
    with pytest.raises(TableError, match="xlsx_rows"):
        check_rows(tmp_path / "a.xlsx", MOST_XLSX_ROWS + 1)
    monkeypatch.setattr(writing, "MOST_XLSX_ROWS", 5)
    with pytest.raises(TableError, match="xlsx_rows"):
        write_table(iter([FRAME, FRAME]), FRAME.schema, tmp_path / "a.xlsx")
    assert names(tmp_path) == []


def test_a_text_too_long_for_a_cell_is_not_cut(tmp_path: Path) -> None:
    """Excel's bound is an error, not a loss."""
    frame = pl.DataFrame({"a": ["x", "y" * 32_768]})
    with pytest.raises(TableError) as raised:
        write_table(iter([frame]), frame.schema, tmp_path / "a.xlsx")
    assert (raised.value.code, raised.value.values["row"], names(tmp_path)) == ("xlsx_cell_too_long", "3", [])


def test_rejected_rows_are_listed_without_what_they_hold(tmp_path: Path) -> None:
    """Row, column, reason and code, for Excel; a column that looks like a formula is none."""
    rejects = RejectsFile(tmp_path / "o.rejects.csv")
    rejects.add(7, "总费用", "这里要填一个钱数，没看懂。", "not_money")
    rejects.add(8, "=cmd", None, "unknown")
    assert (rejects.count, (tmp_path / "o.rejects.csv").exists()) == (2, False)
    rejects.finish()
    want = "\ufeff行号,列,原因,代码\n7,总费用,这里要填一个钱数，没看懂。,not_money\n8,'=cmd,,unknown\n"
    assert (names(tmp_path), (tmp_path / "o.rejects.csv").read_text("utf-8")) == (["o.rejects.csv"], want)


def test_without_rejects_an_older_list_goes(tmp_path: Path) -> None:
    """A list that stays would be taken for this run's; a run that is given up leaves it."""
    (tmp_path / "o.rejects.csv").write_text("old")
    given_up = RejectsFile(tmp_path / "o.rejects.csv")
    given_up.add(1, "a", None, "b")
    given_up.discard()
    assert names(tmp_path) == ["o.rejects.csv"]
    RejectsFile(tmp_path / "o.rejects.csv").finish()
    assert names(tmp_path) == []
