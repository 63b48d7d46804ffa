"""docs/desk.zh.md says what a coordinator sees: its talk, its addresses, its buttons and its pictures are those of the program."""

import re
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.desk import Keys, Room
from tests.desk.conftest import Person
from tests.screenshots import ENROLMENT, FOLDER, REGISTERS, ROSTER
from tests.server import ROOT, Server

GUIDE = (ROOT / "docs" / "desk.zh.md").read_text(encoding="utf-8")
#: What two printed pages hold beside the pictures, at twelve points.
_ROOM = 1_700
_LARGEST = 120_000


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    """A server with the desk of one village, and its key."""
    server = Server(tmp_path_factory.mktemp("village"))
    key = Keys(Room(server.data_dir)).add("李庄", "张三")
    server.start()
    yield server, key
    server.stop()


@pytest.fixture(scope="module")
def coordinator(village: tuple[Server, str]) -> Person:
    """Somebody who has opened the desk on the web and brought each kind of list."""
    server, key = village
    somebody = Person(server)
    assert somebody.open(key) == 303
    for path, rows in (("roster", ROSTER), ("enrolment", ENROLMENT)):
        assert somebody.bring(path=f"/desk/{path}", name="名单", place="anhui-bozhou", pasted=rows + _WRONG[path])[0] == 303
    for day, rows in REGISTERS.items():
        assert somebody.bring(path="/desk/registers", kind="civil", day=day, pasted=rows)[0] == 303
    assert somebody.send("/desk/cases", person="8号院", day="2026-11-01", words="联系了医院")[0] == 303
    assert somebody.send("/desk/enrolment/1/4", mark="reminded")[0] == 303
    return somebody


#: One row more that cannot be read.
_WRONG = {"roster": "15号院,低保,县医院,2025-07-01,很多,\n", "enrolment": ""}


def talk() -> list[list[str]]:
    """The rows of the talk: what is said, what is answered."""
    table = GUIDE.partition("| 您说 | 它答 |\n|---|---|\n")[2].partition("\n\n")[0]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()]


def test_the_talk_of_the_guide_goes_as_shown(village: tuple[Server, str]) -> None:
    """Said one after the other at an open desk, each sentence is answered with the words beside it; 帮助 is there as well."""
    server, key = village
    turn = server.turn(message_id="open", place="anhui-bozhou", text=f"/desk {key}")
    assert "桌子打开了" in str(turn["replies"])
    assert len(talk()) >= 8
    for number, (said, answered) in enumerate([["帮助", "说“返回”退一步"], *talk()]):
        turn = server.turn(message_id=f"guide-{number}", conversation=turn["conversation"], text=said)
        assert answered in "\n".join(reply["text"] for reply in turn["replies"]), said


def test_every_address_of_the_guide_is_a_page(coordinator: Person) -> None:
    """Each opens, or leads to one that does; every part that the desk has is named."""
    addresses = re.findall(r"`(/desk[^`]*)`", GUIDE)
    for address in addresses:
        status, headers, _ = coordinator.ask("GET", address)
        assert status == 200 or coordinator.get(headers["Location"])
    nav = coordinator.get("/desk").partition("<nav")[2].partition("</nav>")[0]
    assert set(re.findall(r'href="(/desk[^"?]*)"', nav)) == set(addresses)


def test_every_button_of_the_guide_is_on_a_page(coordinator: Person) -> None:
    """What is to be pressed or looked for, 〔so〕, is called that on some page of the desk."""
    keep = {"place": "anhui-bozhou", "category": "ordinary", "facility": "county", "total": "20000", "rest": "{}"}
    for _ in range(2):
        assert coordinator.send("/desk/day/2026-11-29", **keep)[0] == 303
    paths = ("", "/day/2026-11-29", "/roster/1", "/registers/1", "/warnings/1", "/enrolment/1", "/bills", "/cases", "/keeping")
    number = re.findall(r"/desk/day/2026-11-29/(\d+)", coordinator.get("/desk/day/2026-11-29"))[0]
    pages = "".join(coordinator.get(f"/desk{path}") for path in (*paths, f"/day/2026-11-29/{number}"))
    named = set(re.findall("〔(.+?)〕", GUIDE))
    assert len(named) > 10
    assert sorted(words for words in named if words not in pages) == []


def test_the_pictures_of_the_guide_are_made_by_the_program() -> None:
    """Each is there, is a small PNG, is made by tests/screenshots.py, and none is made for nothing; each says what is seen."""
    shown = dict(re.findall(r'<img src="pictures/(desk-[a-z]+)\.png" width="\d+" alt="(.+?)">', GUIDE))
    made = set(re.findall(r'"(desk-[a-z]+)"\)', (ROOT / "tests" / "screenshots.py").read_text(encoding="utf-8")))
    assert set(shown) == made == {path.stem for path in FOLDER.glob("desk-*.png")}
    assert GUIDE.count("<img") == len(shown)
    for name in shown:
        picture = (FOLDER / f"{name}.png").read_bytes()
        assert picture.startswith(b"\x89PNG")
        assert struct.unpack(">II", picture[16:24]) > (500, 500)
        assert len(picture) <= _LARGEST


def test_the_guide_fits_two_pages_and_is_plain() -> None:
    """So many characters beside so few pictures are two pages of A4; but for addresses it has no foreign words, and it does not shout."""
    text = re.sub(r"<img[^>]*>|[|#`\-\s]", "", GUIDE)
    assert len(text) <= _ROOM
    assert GUIDE.count("<img") <= 7
    assert re.findall("[A-Za-z]+", re.sub(r"/desk[/a-z]*", "", text)) == []
    assert "！" not in GUIDE


def test_the_readmes_lead_to_the_guide() -> None:
    """Both link to it."""
    assert all("(docs/desk.zh.md)" in Path(ROOT, name).read_text(encoding="utf-8") for name in ("README.md", "README.zh.md"))
