"""Broken files, and files made to harm, sent through the forms of the desk: each is refused kindly, and the server is as before."""

import html
import json
import os
import re
import time
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

from bot.lists import is_small
from tests.desk.conftest import Person
from tests.server import UNLIMITED, Server
from tests.tables.files import cell, hand_made, sheet_xml, written
from tests.tables.test_hostile import GIANTS, MIB, REFUSED

#: The forms that take a list, and what is typed beside it.
DOORS = {
    "/desk/roster": {"name": "三月", "place": "anhui-bozhou"},
    "/desk/registers": {"kind": "civil", "day": "2026-10-01"},
    "/desk/enrolment": {"name": "摸底", "place": "anhui-bozhou", "year": "2025"},
    "/desk/bills": {"name": "对账", "place": "anhui-bozhou"},
}
#: What no browser sends as a file.
UNSENT = {"no file", "a folder", "a pipe"}
COLUMNS = ("身份证号", "人员类别", "医院级别", "总费用", "是否参保")
HEADER = f'<row r="1">{"".join(cell(f"{letter}1", name) for letter, name in zip("ABCDE", COLUMNS, strict=True))}</row>'


#: Each file goes to one door, the next one to the next; with NENGBAO_EVERY=1 to all of them (`make soak`).
EVERY = os.environ.get("NENGBAO_EVERY") == "1"


def doors(what: str, files: Collection[str]) -> list[str]:
    """Where a file of some is sent."""
    return list(DOORS) if EVERY else [list(DOORS)[list(files).index(what) % len(DOORS)]]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that lets one person ask as often as many."""
    server = Server(tmp_path_factory.mktemp("hostile"), **UNLIMITED)
    server.start()
    yield server
    assert server.stop() == 0


def told(person: Person, path: str, name: str, data: bytes) -> str:
    """What comes of a file: what the page says of it, or `taken`. Waits where it is worked on apart."""
    status, where, page = person.bring((name, data), path=path, pasted="", **DOORS[path])
    while status == 303:
        status, headers, body = person.ask("GET", where)
        page = body.decode()
        if "Refresh" in headers:
            status = 303
            time.sleep(0.1)
        elif status == 303 or "/imports/" not in where:
            return "taken"
    assert status in (200, 413, 422), page
    [said] = re.findall(r'<p class="note" role="alert">(.*?)</p>', page, re.S)
    return html.unescape(said.replace("<br>", "\n"))


def is_kind(said: str) -> bool:
    """Words for people: Chinese, with what to do, and nothing of a program's inside."""
    return bool(re.search(r"[一-鿿]{4}.*。", said)) and not re.search(r"Traceback|Error|Exception|[a-z]+_[a-z]+|/tmp", said)


def nothing_left(person: Person) -> bool:
    """Whether no file stands in the folder of a desk, and every line of the log is one of ours that tells of no fault."""
    work = person.server.data_dir / "desks" / "desk-1.work"
    lines = [json.loads(line) for line in (person.server.data_dir / "server.log").read_text().splitlines()]
    return not list(work.iterdir()) and not [line for line in lines if line.get("level") in ("error", "critical")]


def memory(server: Server, what: str = "VmHWM") -> int:
    """The most that the server ever held, in MiB."""
    found = re.search(rf"{what}:\s+(\d+)", Path(f"/proc/{server.pid}/status").read_text())
    assert found is not None
    return int(found[1]) // 1024


def answers(server: Server) -> bool:
    """Whether a chat turn is answered as ever: 低保 in a county hospital bears 1,100 of 20,000."""
    said = server.turn(message_id=f"after-{time.monotonic_ns()}", text="亳州低保，在县医院花了两万")
    return "1,100" in said["replies"][0]["text"]


@pytest.mark.parametrize("what", [each for each in REFUSED if each not in UNSENT])
def test_a_bad_file_is_refused_kindly(person: Person, tmp_path: Path, what: str) -> None:
    """With what to do; nothing is left, and a chat is answered right after."""
    source = REFUSED[what][0](tmp_path)
    for path in doors(what, REFUSED):
        said = told(person, path, source.name, source.read_bytes())
        assert is_kind(said), (path, said)
    assert nothing_left(person)
    assert answers(person.server)


def workbook_of_rows(folder: Path, size: int) -> Path:
    """A small workbook with so many bytes of rows."""
    row = "<row>" + "".join(f"<c><v>{each}</v></c>" for each in (1, 2, 3, 4)) + "</row>"
    return hand_made(folder / "a.xlsx", sheet_xml(HEADER + row * (size // len(row))))


def many_lists(folder: Path) -> Path:
    """A workbook whose list of sheets is as long as it may be, and names none."""
    return hand_made(folder / "a.xlsx", sheet_xml(HEADER), **{"xl/_rels/workbook.xml.rels": "<R>" + "<a/>" * 1_000_000 + "</R>"})


#: Small files that are a lot of work, and those that are large.
HEAVY = {
    "two hundred thousand rows": lambda folder: workbook_of_rows(folder, 6 * MIB),
    "a list of sheets": many_lists,
    "rows of nothing": lambda folder: written(folder / "a.csv", (",".join(COLUMNS) + "\n" + "1,,,\n" * 50_000).encode()),
    **GIANTS,
}


@pytest.mark.parametrize("what", HEAVY)
def test_what_is_heavy_is_not_carried_by_the_server(person: Person, tmp_path: Path, what: str) -> None:
    """However small it looks: chats are answered while it is worked on, and the memory of the server hardly grows."""
    source = HEAVY[what](tmp_path)
    data = source.read_bytes()
    assert told(person, "/desk/roster", "a.csv", b"\xe7\x94\xb2,\xe4\xb9\x99\n1,2\n")  # what reads tables is loaded once
    before = memory(person.server, "VmRSS")
    for path in doors(what, HEAVY):
        said = told(person, path, source.name, data)
        assert is_kind(said), (path, said)
    assert memory(person.server, "VmRSS") - before < MOST_GROWN
    assert nothing_left(person)
    assert answers(person.server)


#: MiB.
MOST_GROWN = 100


def test_a_workbook_counts_with_what_it_unpacks_to(tmp_path: Path) -> None:
    """A village's is worked on at once; one of sixty kilobytes that holds half a million rows is not, and what is no workbook is."""
    assert is_small(workbook_of_rows(tmp_path, MIB))
    heavy = workbook_of_rows(tmp_path, 15 * MIB)
    assert heavy.stat().st_size < MIB // 8
    assert not is_small(heavy)
    assert is_small(written(tmp_path / "b.xlsx", b"no workbook"))


@pytest.mark.parametrize("path", DOORS)
def test_names_in_a_form_are_harmless(person: Person, path: str) -> None:
    """A file may be called anything: no path leads out of its folder, nothing of its name is logged."""
    for name in ("../../张三.csv", "C:\\\\张三\\\\a.xlsx", "张三.csv\x00.xlsx", "a" * 5_000 + ".csv", ".csv", "张三"):
        status, _, page = person.bring((name, b"\x00\x01"), path=path, pasted="", **DOORS[path])
        assert status in (400, 422), page
        assert "Traceback" not in page
    assert nothing_left(person)
    assert "张三" not in (person.server.data_dir / "server.log").read_text()
