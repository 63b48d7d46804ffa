"""The ledger of serious diseases: nothing is deleted, everything is set right by a new entry, and closed cases can be opened again."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest

from bot.china import china_today
from bot.desk import Book, Cases, Keys, Room
from tests.desk.conftest import Person
from tests.server import Server


@pytest.fixture
def cases(book: Book) -> Cases:
    """The ledger of a new desk."""
    return Cases(book)


def test_a_case_goes_from_opening_to_closing_and_back(cases: Cases) -> None:
    """Every entry stays with its day and writer; open ones stand first."""
    first, second = cases.open("3号院", "2026-03-01", "食管癌"), cases.open("7号院", "2026-03-02", "白血病")
    assert cases.add(first, "step", "2026-03-05", "联系县医院")
    assert cases.add(first, "closed", "2026-04-01", "")
    assert [(case.number, case.is_open) for case in cases.all()] == [(second, True), (first, False)]
    assert cases.add(first, "corrected", "2026-04-02", "还差一次复查")
    assert not cases.all()[1].is_open
    assert cases.add(first, "reopened", "2026-04-02", "")
    found = next(case for case in cases.all() if case.number == first)
    assert found.is_open
    assert [(entry.what, entry.day, entry.who) for entry in found.entries] == [
        ("opened", "2026-03-01", "张三"),
        ("step", "2026-03-05", "张三"),
        ("closed", "2026-04-01", "张三"),
        ("corrected", "2026-04-02", "张三"),
        ("reopened", "2026-04-02", "张三"),
    ]
    assert not cases.add(99, "step", "2026-04-02", "谁")


def write(somebody: Person, path: str, **sent: str) -> int:
    """Send a form of the ledger."""
    return somebody.ask("POST", path, urlencode(sent).encode(), Content_Type="application/x-www-form-urlencoded")[0]


def test_a_case_begins_when_it_was_opened_last(cases: Cases) -> None:
    """It may be closed and opened again; a case that is not there began on no day."""
    number = cases.open("3号院", "2024-03-01", "食管癌")
    assert cases.began(number) == "2024-03-01"
    cases.add(number, "closed", "2024-04-01", "")
    assert cases.began(number) == "2024-03-01"
    cases.add(number, "reopened", "2024-05-01", "")
    assert (cases.began(number), cases.began(99)) == ("2024-05-01", None)


def test_days_that_cannot_be_are_refused_and_what_was_typed_stays(running: Server) -> None:
    """Nothing happened on a day to come, in China's calendar, and no case was closed before it was opened; no entry is written."""
    keys = Keys(Room(running.data_dir))
    person = Person(running)
    assert person.open(keys.add("日子村", "张三")) == 303
    tomorrow = (china_today() + timedelta(days=1)).isoformat()
    status, _, page = person.send("/desk/cases", person="九号院", day=tomorrow, words="尿毒症")
    assert (status, f"{tomorrow} 还没到" in page, 'value="九号院"' in page, ">尿毒症</textarea>" in page) == (422, True, True, True)
    assert "还没有" in page
    assert write(person, "/desk/cases", person="九号院", day="2024-05-01", words="尿毒症") == 303
    assert write(person, "/desk/cases/1", what="step", day="2030-01-01", words="复查") == 422
    status, _, page = person.send("/desk/cases/1", what="closed", day="2024-04-30", words="办好了")
    assert (status, "2024-05-01 才开始记的" in page, ">办好了</textarea>" in page) == (422, True, True)
    assert '<option value="closed" selected>' in page
    assert "还没办完" in page
    assert write(person, "/desk/cases/1", what="closed", day="2024-05-01", words="") == 303
    assert write(person, "/desk/cases/1", what="reopened", day=china_today().isoformat(), words="") == 303


def test_a_case_that_once_began_on_a_day_to_come_can_be_closed(running: Server) -> None:
    """A ledger from before such days were refused is no trap: it is closed on any day up to today."""
    keys = Keys(Room(running.data_dir))
    person, key = Person(running), keys.add("早村", "张三")
    assert person.open(key) == 303
    desk = keys.known(key)
    assert desk is not None
    number = Cases(Book(Room(running.data_dir), desk)).open("3号院", "2130-01-01", "")
    assert write(person, f"/desk/cases/{number}", what="closed", day=china_today().isoformat(), words="") == 303


def test_the_ledger_on_the_page(person: Person, desks: tuple[str, str]) -> None:
    """Opened, a step, closed; what lacks a day, a person or words is asked for; no other desk sees it or writes in it."""
    assert write(person, "/desk/cases", person="九号院", day="2026-05-01", words="尿毒症") == 303
    assert write(person, "/desk/cases/1", what="step", day="2026-05-02", words="办了门诊慢特病") == 303
    page = person.get("/desk/cases")
    assert "还没办完" in page
    assert "办了门诊慢特病" in page
    assert write(person, "/desk/cases/1", what="closed", day="2026-06-01", words="") == 303
    assert "已经销账" in person.get("/desk/cases")
    for wrong in (
        {"person": "", "day": "2026-05-01"},
        {"person": "甲", "day": "昨天"},
        {"person": "甲", "day": "2026-05-01", "words": "长" * 501},
    ):
        assert write(person, "/desk/cases", **wrong) == 422
    for wrong in ({"what": "step", "day": "2026-05-01"}, {"what": "deleted", "day": "2026-05-01", "words": "删"}):
        assert write(person, "/desk/cases/1", **wrong) == 422
    assert write(person, "/desk/cases/99", what="closed", day="2026-05-01") == 404
    other = Person(person.server)
    assert other.open(desks[1]) == 303
    assert "尿毒症" not in other.get("/desk/cases")
    assert write(other, "/desk/cases/1", what="closed", day="2026-05-01") == 404
    assert "大病救治记了一笔" in person.get("/desk/trail")
