"""Lists too large to wait for: they go to the disk as they come, are worked on apart, and the page tells how far they are."""

import asyncio
import io
import os
import re
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path

import openpyxl
import pypdfium2
import pytest

from bot.desk import Book, Imports, Keys, Room, Rosters
from bot.desk.imports import PATIENCE
from bot.desk.registers import MOST_TOLD
from bot.knowledge import Knowledge
from bot.lists import Brought, bring
from bot.web.desk import receiving
from tests.desk.conftest import Person
from tests.server import Server

HEAD = "身份证号,姓名,人员类别,医院级别,出院日期,总费用,自费金额\n"


def rows(count: int) -> str:
    """Bills of as many people."""
    return "".join(f"3412{number:06},某{number},低保,县医院,2024-03-05,{20000 + number % 7},0\n" for number in range(count))


def settled(person: Person, where: str) -> str:
    """Wait at the page of an import; where it leads in the end."""
    while True:
        status, headers, body = person.ask("GET", where)
        if status == 303:
            return headers["Location"]
        assert (status, "Refresh" in headers) == (200, True), body.decode()
        assert "<progress" in body.decode()
        time.sleep(0.2)


def test_a_large_list_is_worked_on_apart(person: Person) -> None:
    """Its sender sees how far it is; in the end all rows are there, two hundred on a page, to be found by number, and in both files."""
    data = (HEAD + rows(9_000)).encode("gb18030")
    status, where, page = person.bring(("全镇.csv", data), name="全镇", place="anhui-bozhou", pasted="")
    assert (status, where.startswith("/desk/imports/")) == (303, True), page
    assert "全镇" in person.get("/desk")
    where = settled(person, where)
    page = person.get(where)
    assert "9,000 行" in page
    assert len(re.findall(r'<tr role="row"><td', page)) == 200
    assert "第 1 页，共 45 页" in page
    last = person.get(f"{where}?page=45&by=row")
    assert ("3412008999" in last, 'rel="next"' in last) == (True, False)
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    found = person.ask("POST", f"{where}/find", b"who=341200899", **form)[2].decode()
    assert "找到 10 行" in found
    text = person.ask("GET", f"{where}.csv")[2].decode("utf-8-sig")
    assert len(text.splitlines()) == 9_001
    sheet = openpyxl.load_workbook(io.BytesIO(person.ask("GET", f"{where}.xlsx")[2]), read_only=True).active
    assert sum(1 for _ in sheet.iter_rows()) == 9_001
    assert person.ask("POST", f"{where}/forget")[0] == 303
    assert not list((person.server.data_dir / "desks" / "desk-1.work").iterdir())


def test_a_large_list_that_cannot_be_settled_says_why(person: Person) -> None:
    """On its page, with the way back; nothing of it stays."""
    data = (HEAD.replace("总费用", "别的") + rows(9_000)).encode()
    _, where, _ = person.bring(("全镇.csv", data), name="坏的", place="anhui-bozhou", pasted="")
    while "Refresh" in (answer := person.ask("GET", where))[1]:
        time.sleep(0.2)
    assert 'role="alert"' in answer[2].decode()
    assert "总费用" in answer[2].decode()
    assert "坏的" not in person.get("/desk")
    assert not list((person.server.data_dir / "desks" / "desk-1.work").iterdir())


def test_a_large_register_is_taken(person: Person) -> None:
    """Whole; its changes are counted, and the first of them listed."""
    data = (
        "身份证号,姓名,备注,人员类别\n" + "".join(f"3412{number:06},某某某某某某,没有什么要说的,低保\n" for number in range(9_000))
    ).encode()
    status, where, page = person.bring(("台账.csv", data), path="/desk/registers", kind="civil", day="2020-01-01", pasted="")
    assert (status, where.startswith("/desk/imports/")) == (303, True), page
    page = person.get(settled(person, where))
    assert "新增 9000 人" in page.replace(",", "")
    assert page.count("<li>某某某某某某 3412") == MOST_TOLD
    assert person.ask("POST", f"{settled(person, where)}/undo")[0] == 303


def test_what_is_larger_than_any_list_is_refused(person: Person) -> None:
    """Before it is read: also what is typed has its limit, and nothing is left on the disk."""
    status, _, _ = person.bring(name="三月", place="anhui-bozhou", pasted="a" * 300_000)
    assert status == 413
    assert not list((person.server.data_dir / "desks" / "desk-1.work").iterdir())


def test_only_an_open_desk_is_sent_anything(running: Server) -> None:
    """Without a key a large file is not even read."""
    stranger = Person(running)
    before = {path.name for path in (running.data_dir / "desks").iterdir()} if (running.data_dir / "desks").exists() else set()
    status, _, page = stranger.bring(("全镇.csv", b"a" * 1_000_000), name="x", place="", pasted="")
    assert (status, 'name="key"' in page) == (403, True)
    assert {path.name for path in (running.data_dir / "desks").iterdir() if path.suffix == ".work"} <= before


def test_work_that_was_killed_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    """With kill -9: the page says that it stopped, and what was written of it is gone with the next list."""
    server = Server(tmp_path)
    server.start()
    key = Keys(Room(tmp_path)).add("李庄", "张三")
    person = Person(server)
    assert person.open(key) == 303
    data = (HEAD + rows(60_000)).encode()
    _, where, _ = person.bring(("全镇.csv", data), name="停了的", place="anhui-bozhou", pasted="")
    book = Book(Room(tmp_path), desk) if (desk := Keys(Room(tmp_path)).known(key)) else None
    assert book is not None
    working = _working(tmp_path)
    while Imports(book).one(1).stage != "settling":  # type: ignore[union-attr]
        time.sleep(0.05)
    for path in working:
        os.kill(int(path.name), signal.SIGKILL)
    while "没有算完就停了" not in (page := person.get(where)):
        assert "<progress" in page
        time.sleep(0.05)
    assert Rosters(book).heads() == []
    _, where, _ = person.bring(name="三月", place="anhui-bozhou", pasted=(HEAD + rows(2)).replace(",", "\t"))
    assert "三月" in person.get(where)
    with book.opened() as kept:
        assert kept.execute("SELECT count(*) FROM lists").fetchone() == (1,)
    server.stop()


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Person, str]]:
    """A desk with a large list, on a server of its own: its coordinator, and where the list is."""
    folder = tmp_path_factory.mktemp("village")
    server = Server(folder)
    server.start()
    person = Person(server)
    assert person.open(Keys(Room(folder)).add("李庄", "张三")) == 303
    _, where, _ = person.bring(("全镇.csv", (HEAD + rows(9_000)).encode()), name="全镇", place="anhui-bozhou", pasted="")
    where = settled(person, where)
    assert person.send(f"{where.replace('roster', 'warnings')}/threshold", threshold="1")[0] == 303  # everybody is warned of
    yield person, where
    server.stop()


FILES_OF_A_LIST = ("/slips.pdf?form=slip", ".xlsx", ".csv", "-civil.xlsx")


def address(where: str, ending: str) -> str:
    """Where a file of a list is."""
    return (where.replace("roster", "warnings") if "-" in ending else where) + ending


@pytest.mark.parametrize("ending", FILES_OF_A_LIST)
def test_a_large_file_whose_client_goes_away_leaves_nothing(village: tuple[Person, str], ending: str) -> None:
    """The process that makes it ends at once, and nothing of it stays on the disk."""
    person, where = village
    line = HTTPConnection("127.0.0.1", person.server.port, timeout=60)
    line.request("GET", address(where, ending), headers={"Cookie": person.cookie})
    working = _working(person.server.data_dir)
    line.close()
    deadline = time.monotonic() + 10
    while any(map(Path.exists, working)) or [*(person.server.data_dir / "desks" / "desk-1.work").iterdir()]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("ending", FILES_OF_A_LIST)
def test_a_large_file_that_cannot_be_made_says_so(village: tuple[Person, str], ending: str) -> None:
    """As when the machine has no memory left: kindly, with what to do, and the next time it comes."""
    person, where = village
    for _ in range(10):
        status, page = _killed_at_work(person, address(where, ending))
        if status != 200:  # else it had come to its end before it was met
            break
    assert (status, "这份文件没做出来".encode() in page) == (503, True)
    assert not [*(person.server.data_dir / "desks" / "desk-1.work").iterdir()]
    status, headers, data = person.ask("GET", address(where, ending))
    assert (status, headers["Cache-Control"], len(data) > 10_000) == (200, "no-store", True)
    assert [
        line for line in (person.server.data_dir / "server.log").read_text().splitlines() if '"library"' in line or "failed" in line
    ] == []


def _killed_at_work(person: Person, path: str) -> tuple[int, bytes]:
    """What somebody gets whose file is being made by a process that is killed."""
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(person.ask, "GET", path)
        while not answer.done():
            for process in _at_work(person.server.data_dir):
                with suppress(ProcessLookupError):
                    os.kill(int(process.name), signal.SIGKILL)
        status, _, page = answer.result()
    return status, page


def test_printing_leaves_the_memory_of_the_server_alone(village: tuple[Person, str]) -> None:
    """Large sheets, each on its page in the order of the list, are set in a process of their own."""
    person, _ = village
    _, where, _ = person.bring(("村.csv", (HEAD + rows(25)).encode()), name="村", place="anhui-bozhou", pasted="")
    before = _memory(person.server.pid)
    status, _, data = person.ask("GET", f"{where}/slips.pdf?by=row")
    paper = pypdfium2.PdfDocument(data)
    assert (status, len(paper)) == (200, 25)
    assert "3412000000" in paper[0].get_textpage().get_text_range()
    assert "3412000024" in paper[24].get_textpage().get_text_range()
    assert _memory(person.server.pid) - before < 50


def _memory(pid: int) -> int:
    """What a process has in memory, in megabytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 20


def _working(folder: Path) -> list[Path]:
    """The processes that work for a server, as soon as there are any."""
    deadline = time.monotonic() + 30
    while not (found := _at_work(folder)):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def _at_work(folder: Path) -> list[Path]:
    return [path for path in Path("/proc").glob("[0-9]*") if _is_ours(path, folder)]


def _is_ours(process: Path, folder: Path) -> bool:
    try:
        command, environment = (process / "cmdline").read_bytes(), (process / "environ").read_bytes()
    except OSError:
        return False
    return b"bot.lists" in command and str(folder).encode() in environment


def test_work_of_a_machine_that_went_away_is_told(book: Book, knowledge: Knowledge) -> None:
    """Nobody could say that it stopped; after a time of silence it has."""
    number = Imports(book).begin("roster", "停了的")
    made = Rosters(book).begin("停了的", None)
    Imports(book).becomes(number, made)
    later = Book(book._room, book.desk, lambda: time.time() + PATIENCE + 1)
    found = Imports(later).one(number)
    assert found is not None
    assert found.state == "stopped"
    folder = book.work() / "one"
    folder.mkdir()
    (folder / "in.csv").write_text(HEAD + rows(1))
    bring(book, Brought(Imports(book).begin("roster", "x"), "roster", "x", folder / "in.csv", None, "anhui-bozhou"), knowledge)
    assert [head.name for head in Rosters(book).heads()] == ["x"]
    with book.opened() as kept:
        assert kept.execute("SELECT id FROM lists").fetchall() == [(made + 1,)]


async def test_a_list_that_waits_its_turn_is_not_taken_for_gone(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    """It tells the desk now and then that it still waits, and then its turn comes."""
    monkeypatch.setattr(receiving, "PATIENCE", 0.2)
    works, number = receiving.Works(), Imports(book).begin("roster", "排着的")
    await works._turn.acquire()
    waiting = asyncio.create_task(works._wait(book, number))
    with book.opened() as kept:
        kept.execute("UPDATE imports SET moved = moved - 60")
    while True:
        with book.opened() as kept:
            if kept.execute("SELECT moved FROM imports").fetchone()[0] > time.time() - 30:
                break
        await asyncio.sleep(0.05)
    assert not waiting.done()
    works._turn.release()
    await waiting
    found = Imports(book).one(number)
    assert found is not None
    assert (found.state, found.stage) == ("working", "waiting")


@pytest.mark.parametrize("cut", [b"", b"--edge", b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n1,2'])
def test_a_form_that_is_cut_off_is_refused(person: Person, cut: bytes) -> None:
    """Kindly, and nothing of it stays."""
    status, _, page = person.ask("POST", "/desk/roster", cut, Content_Type="multipart/form-data; boundary=edge")
    assert status in (400, 422), page
    assert not list((person.server.data_dir / "desks" / "desk-1.work").iterdir())
