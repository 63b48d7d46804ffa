"""What a desk keeps and for how long, and everything of it to take along."""

import csv
import io
import os
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from bot.desk import (
    KEEP_DAYS,
    Bills,
    Book,
    Brought,
    Cases,
    Desk,
    Enrollee,
    Enrolments,
    Feedback,
    Imports,
    Keeping,
    Registers,
    Room,
    RoomError,
    Rosters,
    Row,
    Visits,
)
from bot.knowledge import Knowledge
from bot.langs import LANGS
from bot.lists import Everything, make
from bot.lists.warnings import Threshold
from tests.desk.conftest import Person

DAY = 86_400
#: A day in 2026.
NOW = 1_790_000_000


@pytest.fixture
def clock(tmp_path: Path) -> tuple[Book, list[int]]:
    """A desk whose time can be moved."""
    time = [NOW]
    return Book(Room(tmp_path), Desk(1, "李庄", 1, "张三"), lambda: time[0]), time


def filled(book: Book, name: str) -> None:
    """A list of each kind, a household, a register and a case."""
    Enrolments(book).bring(Brought(name, "anhui-bozhou", 2025, "户号", ""), [Enrollee(2, name, name, "", "ordinary", False)])
    Bills(book).bring(name, [], [])
    rosters, registers = Rosters(book), Registers(book)
    rosters.finish(rosters.begin(name, None), ["户号"], 1, [])
    Visits(book).put("2026-01-01", name, {"total": "1"})
    number = registers.begin("civil", "2026-01-01")
    registers.write(number, {name: "ordinary"})
    registers.finish(number)
    Cases(book).open(name, "2026-01-01", "住院了")


def test_lists_and_households_go_when_their_time_is_over(clock: tuple[Book, list[int]]) -> None:
    """As many days as the desk chose, to the second; registers, cases and the trail stay."""
    book, time = clock
    keeping = Keeping(book)
    filled(book, "旧的")
    assert keeping.days() == KEEP_DAYS
    keeping.choose(30)
    time[0] += 30 * DAY
    assert keeping.sweep() == 0
    filled(book, "新的")
    time[0] += 1
    assert keeping.sweep() == 4
    assert [head.name for head in Rosters(book).heads()] == ["新的"]
    assert [visit.label for visit in Visits(book).of_day("2026-01-01")] == ["新的"]
    assert [each.name for each in Enrolments(book).all()] == [each[1] for each in Bills(book).heads()] == ["新的"]
    assert (len(Registers(book).all()), len(Cases(book).all())) == (2, 2)
    assert [trace.did for trace in book.trail() if trace.did in ("chose.keep_days", "forgotten")] == ["chose.keep_days", "forgotten"]


def test_what_a_killed_server_left_is_thrown_away(clock: tuple[Book, list[int]]) -> None:
    """A day later: the file of a list that never came whole, and that it was on its way."""
    book, time = clock
    (book.work() / "left").mkdir()
    (book.work() / "left" / "in.csv").write_text("甲")
    os.utime(book.work() / "left", (NOW, NOW))
    number = Imports(book).begin("roster", "没来成的")
    time[0] += DAY
    Keeping(book).sweep()
    assert (book.work() / "left" / "in.csv").exists()
    time[0] += 1
    Keeping(book).sweep()
    assert list(book.work().iterdir()) == []
    assert Imports(book).one(number) is not None
    time[0] += KEEP_DAYS * DAY
    Keeping(book).sweep()
    assert Imports(book).one(number) is None


def test_everything_is_in_the_zip(clock: tuple[Book, list[int]], tmp_path: Path) -> None:
    """Every table with every row and column of it; what would be a formula is a text. Who took it stands in the trail."""
    book, _ = clock
    filled(book, "=1+1")
    path = tmp_path / "all.zip"
    Keeping(book).write_everything(path, lambda tables: ("说明.txt", "、".join(tables)))
    with closing(sqlite3.connect(tmp_path / "desks" / "desk-1.sqlite3")) as kept, zipfile.ZipFile(path) as packed:
        tables = {name for (name,) in kept.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")}
        assert {name.removesuffix(".csv") for name in packed.namelist()} == {*tables, "说明.txt"}
        assert {"lists", "visits", "registers", "listed", "cases", "entries", "trail"} <= tables
        for table in tables:
            rows = list(csv.reader(io.StringIO(packed.read(f"{table}.csv").decode("utf-8-sig"))))
            told = kept.execute(f"SELECT * FROM {table}")
            assert rows[0] == [column[0] for column in told.description]
            assert rows[1:] == [["" if cell is None else str(cell).replace("=1+1", "'=1+1", 1) for cell in row] for row in told]
    assert book.trail()[-1].did == "taken.everything"


@pytest.mark.parametrize("lang", LANGS)
def test_the_zip_tells_what_each_table_is(clock: tuple[Book, list[int]], tmp_path: Path, knowledge: Knowledge, lang: str) -> None:
    """Also those that are empty, in lines that every editor opens; and that sums of money are in fen."""
    book, _ = clock
    filled(book, "甲")
    Threshold.choose(book, 1)
    Feedback(book).add([("甲", 2024)], "civil", "2024-01-01", "")
    assert make(Everything(), book, knowledge, knowledge.voice(lang), tmp_path / "all.zip").code == "made"
    with zipfile.ZipFile(tmp_path / "all.zip") as packed:
        [name] = [name for name in packed.namelist() if name.endswith(".txt")]
        told = packed.read(name).decode("utf-8-sig")
        assert [table for table in packed.namelist() if table != name and f"\r\n{table}" not in told] == []
    assert ("fen" if lang == "en" else "分") in told
    assert len(packed.namelist()) > 15


def test_the_page_of_keeping(person: Person) -> None:
    """For how long is chosen there, what is no number of days is told, and the zip comes as a file that no browser keeps."""
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    assert f"{KEEP_DAYS} 天" in person.get("/desk/keeping")
    assert person.ask("POST", "/desk/keeping", b"days=90", **form)[0] == 303
    assert "留 90 天" in person.get("/desk/keeping")
    for wrong in (b"days=0", b"days=-1", b"days=99999999999", "days=很久".encode(), b""):
        assert person.ask("POST", "/desk/keeping", wrong, **form)[0] == 422
    status, headers, body = person.ask("GET", "/desk/everything.zip")
    assert (status, headers["Cache-Control"], headers["Content-Type"]) == (200, "no-store", "application/zip")
    names = zipfile.ZipFile(io.BytesIO(body)).namelist()
    assert ("trail.csv" in names, names[0]) == (True, "说明.txt")
    assert "下载了全部" in person.get("/desk/trail")


def test_a_list_that_is_thrown_away_while_it_is_read_is_no_shorter_list(book: Book) -> None:
    """Whoever takes it as a file is told, and has not what looks like all of it."""
    rosters = Rosters(book)
    number = rosters.begin("名单", None)
    rosters.write(number, (Row(row, None, None, None, "ordinary", 1, 1, may_apply=False, cells=("1",)) for row in range(2, 20_003)))
    rosters.finish(number, ["总费用"], 1, [])
    assert sum(1 for _ in rosters.every(number)) == 20_001
    rows = rosters.every(number)
    assert next(rows).number == 2
    assert rosters.forget(number)
    with pytest.raises(RoomError):
        list(rows)
