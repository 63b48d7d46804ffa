"""What `nengbao batch` does not take: exit status 2 or 1, plain words, nothing on standard output, and every file as it was."""

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from bot.tables import batch as batch_of_tables
from bot.tables import writing
from bot.tables.errors import TableError
from tests.speech.test_catalogues import words
from tests.tables.command import GOOD, Command, csv_of, write
from tests.tables.files import book, cell, hand_made, sheet_xml, written

Make = Callable[[Path], Path]


def rows(*changes: dict[str, Any]) -> Make:
    """A CSV of good rows with such changes; `...` takes a column away."""
    said = [{**GOOD, **more} for more in changes]
    return lambda folder: csv_of(folder / "a.csv", [{key: cell for key, cell in row.items() if cell is not ...} for row in said])


def text(said: str) -> Make:
    """A CSV of such text."""
    return lambda folder: written(folder / "a.csv", said.encode())


def parquet(**columns: Sequence[Any]) -> Make:
    """A Parquet file of one good row with such columns."""
    return lambda folder: write(pl.DataFrame({name: [said] for name, said in GOOD.items()} | columns), folder / "a.parquet")


def sheet(*lines: Sequence[Any], merged: Sequence[str] = ()) -> Make:
    """A workbook of such lines."""
    return lambda folder: book(folder / "a.xlsx", lines, merged)


def far_corner(folder: Path) -> Path:
    """A workbook of some kilobytes with one cell in the last row and column."""
    return hand_made(folder / "a.xlsx", sheet_xml(f'<row r="1048576">{cell("XFD1048576", "远")}</row>'))


def nothing(folder: Path) -> Path:
    """No file."""
    return folder / "没有.csv"


HEADER, LINE = ",".join(GOOD), ",".join(GOOD.values())
REQUESTS: dict[str, tuple[Make, tuple[str, ...], str, str]] = {
    # what: (the table, options, the name of the result, what the message has to say)
    "no file": (nothing, (), "out.csv", "没有找到"),
    "empty file": (text(""), (), "out.csv", "是空的"),
    "only a header": (text(HEADER), (), "out.csv", "没有一行数据"),
    "a folder": (lambda folder: folder, (), "out.csv", "后缀不认识"),
    "unknown ending of the result": (rows({}), (), "out.xls", "后缀不认识"),
    "no ending of the result": (rows({}), (), "out", "后缀不认识"),
    "a name of the table too long": (lambda folder: folder / f"{'名' * 100}.csv", (), "out.csv", "读不了"),
    "a result in no folder": (rows({}), (), "没有/out.csv", "没有“"),
    "a name too long": (rows({}), (), f"{'名' * 100}.csv", "文件名是不是太长"),
    "a column is missing": (rows({"total": ...}), (), "out.csv", "“总费用”（total）"),
    "no place": (rows({"place": ...}), (), "out.csv", "--place"),
    "a column is misspelt": (rows({"total": ..., "总费": "5"}), (), "out.csv", "“总费”是不是“总费用”？"),
    "a column stands twice": (text(f"{HEADER},total\n{LINE},5\n"), (), "out.csv", "两列都叫“total”"),
    "a column without a name": (text(f"{HEADER},,x\n{LINE},5,6\n"), (), "out.csv", "没有列名"),
    "a column that holds cases": (rows({"earlier": "[]"}), (), "out.csv", "人员编号"),
    "a column of lists into CSV": (parquet(x=[[1, 2]]), (), "out.csv", "装不下"),
    "an earlier result": (rows({"status": "computed", "out_of_pocket": "1"}), (), "out.csv", "以前算出来的结果"),
    "a column named like a result": (rows({"edition": "x"}), (), "out.csv", "重名"),
    "more cells than the header": (text(f"{HEADER}\n{LINE},7\n"), (), "out.csv", "第 2 行"),
    "an open quote": (text(f'{HEADER}\n{LINE},"\n'), (), "out.csv", "双引号"),
    "merged header": (sheet(list(GOOD), list(GOOD.values()), merged=["A1:B1"]), (), "out.csv", "合并"),
    "a cell in the far corner": (far_corner, (), "out.csv", "列"),
    "no workbook": (lambda folder: written(folder / "a.xlsx", b"PK\3\4nothing"), (), "out.csv", "打不开"),
    "no Parquet": (lambda folder: written(folder / "a.parquet", b"PAR1nothing"), (), "out.csv", "打不开"),
    "neither UTF-8 nor GB18030": (lambda folder: written(folder / "a.csv", b"a,b\n\xff\xff,1\n"), (), "out.csv", "第 2 行"),
    "unknown place": (rows({}), ("--place", "火星"), "out.csv", "--place"),
    "a threshold that is no amount": (rows({}), ("--warn-at", "很多"), "out.csv", "--warn-at"),
    "a threshold below nothing": (rows({}), ("--warn-at", "-1"), "out.csv", "--warn-at"),
    "unknown engine": (rows({}), ("--engine", "abacus"), "out.csv", "--engine"),
    "only rejects": (rows({"total": "x"}, {"category": "y"}), (), "out.csv", "全都有问题"),
    "text in a column of amounts": (parquet(total=["两万"]), (), "out.parquet", "全都有问题"),
    "true and false for amounts": (parquet(total=[True]), (), "out.parquet", "全都有问题"),
    "amounts above the limit": (rows({"total": "100000000.01"}), (), "out.csv", "全都有问题"),
    "nothing but nulls": (parquet(**{name: [None] for name in GOOD}), (), "out.parquet", "全都有问题"),
}


@pytest.mark.parametrize("what", REQUESTS)
def test_a_request_that_cannot_be_met_is_status_2(command: Command, tmp_path: Path, what: str) -> None:
    """The message says what and what to do, on standard error alone; there is no result."""
    make, options, out, message = REQUESTS[what]
    ran = command(make(tmp_path), *options, out=out)
    assert (ran.status, ran.stdout) == (2, "")
    assert message in ran.stderr
    assert not os.path.exists(ran.out)  # Path raises for a name too long
    assert [name for name in ran.out.parents[out.count("/")].iterdir() if name.name != "out.rejects.csv"] == []


@pytest.mark.parametrize("form", ["text", "json"])
def test_only_rejects_leaves_their_list_and_the_result_of_before(command: Command, tmp_path: Path, form: str) -> None:
    """Every row is listed, also where a row has several reasons; no empty table takes the place of an older one."""
    command(rows({})(tmp_path))
    before = (command.folder / "out.csv").read_bytes()
    ran = command(rows({"total": "x", "category": "y"}, {"total": "-1"})(tmp_path), "--format", form)
    assert (ran.status, ran.stdout, ran.out.read_bytes()) == (2, "", before)
    assert ran.rejects() == [(2, "category", "not_one_of"), (2, "total", "not_a_number"), (3, "total", "negative")]


@pytest.mark.parametrize("name", ["a.csv", "./a.csv", "a.rejects.csv"])
def test_neither_result_nor_rejects_replace_the_table(command: Command, tmp_path: Path, name: str) -> None:
    """Whatever path says so; a list of rejects that is put in again is not overwritten either."""
    source = csv_of(command.folder / Path(name).name, [GOOD])
    before = source.read_bytes()
    ran = command(source, out="./a.csv")
    assert (ran.status, source.read_bytes(), ran.folder()) == (2, before, [source.name])
    assert "换个名字" in ran.stderr


def test_a_folder_in_the_place_of_the_result_stays(command: Command, tmp_path: Path) -> None:
    """A folder named like the result, or like the list of rejects, is told before anything is settled."""
    for name in ("out.csv", "out.rejects.csv"):
        (command.folder / name).mkdir()
        ran = command(rows({})(tmp_path))
        assert (ran.status, ran.folder()) == (2, [name])
        assert "是文件夹" in ran.stderr
        (command.folder / name).rmdir()


def old_files(command: Command) -> dict[str, str]:
    """Result and rejects of an earlier run."""
    for name in ("out.csv", "out.rejects.csv"):
        (command.folder / name).write_text("以前的", encoding="utf-8")
    return contents(command)


def contents(command: Command) -> dict[str, str]:
    """What stands in the folder of results, hidden files too."""
    return {path.name: path.read_text("utf-8") for path in command.folder.iterdir()}


@pytest.mark.parametrize("person", [{}, {"person": "p1"}])
@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "磁盘满了"),
        (TableError("disk_full", status=1, folder="/scratch/.nengbao-x"), "磁盘满了"),
        (ZeroDivisionError("王小二"), "意外"),
        (MemoryError(), "意外"),
        (pl.exceptions.ComputeError("王小二"), "意外"),
        (pl.exceptions.PanicException("王小二"), "意外"),
    ],
)
def test_what_breaks_on_the_way_is_status_1_and_leaves_all_as_it_was(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, message: str, person: dict[str, str]
) -> None:
    """Whatever the machine, a library or this program does: one line that repeats no cell, the old files, and nothing left behind."""
    before = old_files(command)

    def broken(*_: object) -> Iterator[Any]:
        raise error

    monkeypatch.setattr(batch_of_tables, "results_of", broken)
    ran = command(rows({"姓名": "王小二", **person}, {"total": "x"})(tmp_path))
    assert (ran.status, ran.stdout, contents(command)) == (1, "", before)
    assert message in ran.stderr
    assert "Traceback" not in ran.stderr
    assert "王小二" not in ran.stderr
    assert message != "磁盘满了" or str(command.folder) in ran.stderr


def test_a_disk_that_is_full_of_rejects_leaves_the_old_result(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list is on the disk before the result takes its place: both are new or both are old."""
    before = old_files(command)
    real = writing.temporary_name

    def full_for_rejects(path: Path) -> Path:
        if not path.name.endswith(".rejects.csv"):
            return real(path)
        (tmp_path / "full").symlink_to("/dev/full")
        return tmp_path / "full"

    monkeypatch.setattr(writing, "temporary_name", full_for_rejects)
    ran = command(rows({}, {"total": "x"})(tmp_path))
    assert (ran.status, ran.stdout, contents(command)) == (1, "", before)
    assert "磁盘满了" in ran.stderr


def test_words_of_one_kind_for_every_reason() -> None:
    """Each reason a row may have begins with the cell or the row it is about, in both languages, and ends as a sentence."""
    for lang, cell_of, row_of, stop in (("zh_CN", "“{field}”这一格", "这一行", "。"), ("en", '"{field}"', "This row", ".")):
        said = {key: sentence for key, sentence in words(lang).items() if key.startswith("reject.")}
        assert [key for key, sentence in said.items() if not sentence.startswith((cell_of, row_of)) or not sentence.endswith(stop)] == []


def test_some_rejects_are_no_failure(command: Command, tmp_path: Path) -> None:
    """Status 0, nothing on standard error, and nothing but result and list in the folder."""
    ran = command(rows({}, {"total": "x"})(tmp_path))
    assert (ran.status, ran.stderr, ran.folder()) == (0, "", ["out.csv", "out.rejects.csv"])
