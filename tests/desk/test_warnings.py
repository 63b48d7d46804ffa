"""Early warning: whose year passes the threshold, who is near it and to which threshold of the rules it is how far; files and notes."""

import io
import re

import openpyxl
import pytest

from bot.desk import Book, Feedback, Imports, Rosters
from bot.desk import rosters as rosters_of_desk
from bot.knowledge import Knowledge
from bot.lists import Brought, bring
from bot.lists.warnings import NEAR, concerns, near
from tests.desk.conftest import Person

HEAD = "身份证号\t人员类别\t医院级别\t出院日期\t总费用\t自费金额\n"
#: Eligible cost left unpaid, worked by hand from FACTS A2 to A4. An ordinary resident, county, 20,000: basic 15,600, 4,400 are left. Three
#: of them in a year: 13,200 after basic; critical illness 60% from 12,000 on: 720, so 12,480 are left. Low-income, city, 100,000: basic
#: 74,475, critical illness 65% of 25,525 - 6,000: 12,691.25, medical aid 75% of 12,833.75: 9,625.31, so 3,208.44 are left.
ROWS = (
    "A1\t普通居民\t县医院\t2024-01-05\t20000\t0\n"
    "B2\t低保\t市级医院\t2024-02-05\t100000\t0\n"
    "a1\t普通居民\t县医院\t2023-03-05\t20000\t0\n"
    "A1\t普通居民\t县医院\t2024-03-05\t20000\t0\n"
    "A1\t普通居民\t县医院\t2024-05-05\t20000\t0\n"
    "C3\t普通居民\t县医院\t2024-03-05\t20000\t0\n"
    "C3\t普通居民\t县医院\t2024-04-05\t20000\t0\n"
    "D4\t监测户\t省级医院\t2024-04-05\t200000\t0\n"
)


def settled(book: Book, knowledge: Knowledge, rows: str, name: str = "in.csv") -> int:
    """A list at the desk."""
    folder = book.work() / "one"
    folder.mkdir()
    (folder / name).write_text((HEAD + rows).replace("\t", ","))
    number = Imports(book).begin("roster", "名单")
    bring(book, Brought(number, "roster", "名单", folder / name, "zh_CN", "anhui-bozhou"), knowledge)
    found = Imports(book).one(number)
    assert found is not None
    assert found.made is not None, found.said
    return found.made


def test_the_bills_of_a_year_add_up_by_person(book: Book, knowledge: Knowledge) -> None:
    """By their number, to the fen, each year by itself: as the rules accumulate, and not bill by bill."""
    number = settled(book, knowledge, ROWS)
    found = {(year.who, year.year): year for year in Rosters(book).burdened(number, -1, None, 0, 100)}
    assert found["A1", 2024].unpaid == 12_480_00
    assert (found["A1", 2024].bills, found["A1", 2024].own, found["A1", 2024].may_apply) == (3, 12_480_00, 0)
    assert (found["B2", 2024].unpaid, found["B2", 2024].may_apply) == (3_208_44, 1)
    assert found["C3", 2024].unpaid == 8_800_00
    assert found["a1", 2023].unpaid == 4_400_00
    assert [year.who for year in Rosters(book).burdened(number, 10_000_00, None, 0, 100)] == ["D4", "A1"]
    assert Rosters(book).how_many(number, 8_000_00, 10_000_00) == 1


def test_the_category_of_a_year_is_that_of_its_last_day(book: Book, knowledge: Knowledge) -> None:
    """Also in a list that begins with the newest: low-income since June, its office is told, and further aid is named.

    By hand: 4,400 are left in January. In June 8,800 after basic in the year, critical illness 65% of 2,800: 1,820, medical aid 75% of
    6,980, of which the bill leaves 2,580: nothing is left of it.
    """
    number = settled(book, knowledge, "A1\t低保\t县医院\t2024-06-05\t20000\t0\nA1\t普通居民\t县医院\t2024-01-05\t20000\t0\n")
    [year] = Rosters(book).burdened(number, 0, None, 0, 9)
    assert (year.category, year.may_apply, year.bills, year.unpaid, year.last) == ("subsistence_allowance", 1, 2, 4_400_00, 2)
    assert not concerns("rural", year.category)


def test_everybody_is_told_of_once_and_who_has_most_first(book: Book, knowledge: Knowledge, monkeypatch: pytest.MonkeyPatch) -> None:
    """However few are read at a time, also where many have the same left: as one reading of all has them."""
    monkeypatch.setattr(rosters_of_desk, "_AT_ONCE", 3)
    rows = "".join(f"{who}\t普通居民\t县医院\t2024-03-05\t{20000 + 100 * (who // 5)}\t0\n" for who in range(1000, 1020))
    rosters, number = Rosters(book), settled(book, knowledge, ROWS + rows)
    every = list(rosters.every_burdened(number, 0))
    assert every == rosters.burdened(number, 0, None, 0, 1_000)
    assert len({year.last for year in every}) == len(every) == 25
    assert [year.who for year in rosters.every_burdened(number, 10_000_00)] == ["D4", "A1"]
    assert list(rosters.every_burdened(number, 10**12)) == []


def test_near_begins_at_so_many_percent() -> None:
    """To the fen: 80% of 10,000 are near, a fen less is not; and so where the threshold has no whole percents."""
    for threshold, least in ((10_000_00, 8_000_00), (1_01, 81), (1, 1), (99_99, 80_00)):
        assert (least > near(threshold), least - 1 > near(threshold)) == (True, False)
        assert least * 100 >= threshold * NEAR > (least - 1) * 100


def test_people_of_whom_nobody_tells_who_they_are_stand_alone(book: Book, knowledge: Knowledge) -> None:
    """Two bills without a number are two, also of one day."""
    number = settled(book, knowledge, "\t普通居民\t县医院\t2024-01-05\t20000\t0\n\t普通居民\t县医院\t2024-01-05\t20000\t0\n")
    assert [(year.who, year.bills, year.unpaid) for year in Rosters(book).burdened(number, 0, None, 0, 9)] == [(None, 1, 4_400_00)] * 2


def test_notes_are_added_and_never_changed(book: Book) -> None:
    """Each with its day, in the order in which they were written; of others nothing is told."""
    feedback = Feedback(book)
    feedback.add([("A1", 2024), ("B2", None)], "civil", "2026-11-01", "")
    feedback.add([("A1", 2024)], "answered", "2026-11-20", "已纳入低保边缘")
    found = feedback.of([("A1", 2024), ("C3", 2024), ("B2", None)])
    assert [(mark.what, mark.day, mark.words, mark.by) for mark in found["A1", 2024]] == [
        ("civil", "2026-11-01", "", "张三"),
        ("answered", "2026-11-20", "已纳入低保边缘", "张三"),
    ]
    assert ("C3", 2024) not in found
    assert [mark.what for mark in found["B2", None]] == ["civil"]
    assert [trace.did for trace in book.trail()] == ["warned.civil", "warned.answered"]


@pytest.fixture
def warned(person: Person) -> tuple[Person, str]:
    """A coordinator who brought the list, and the page of its warnings."""
    status, where, page = person.bring(name="三月", place="anhui-bozhou", pasted=HEAD + ROWS)
    assert status == 303, page
    return person, where.replace("/roster/", "/warnings/")


def test_the_page_tells_who_is_above_and_how_far_it_is(warned: tuple[Person, str]) -> None:
    """Most first; the threshold with what stands behind it; how far it is to the next threshold of the rules."""
    person, where = warned
    page = person.get(where)
    assert "超过 10,000 元的有 2 人，快到的（80% 以上）有 1 人" in page
    assert "没有文件依据，是暂用的数" in page
    rows = re.findall(r'<tr role="row">.*?</tr>', page, re.S)[1:]
    assert [next(who for who in ("D4", "A1", "C3") if f">{who}<" in row) for row in rows] == ["D4", "A1", "C3"]
    assert "离大病保险起付线还差 3,200 元" in rows[2]
    assert "可以问问再次救助" in rows[0]
    assert "可以问问再次救助" not in rows[1]
    assert "/desk/warnings/" in person.ask("GET", "/desk/warnings")[1]["Location"]


def test_what_nobody_can_compute_may_leave_less(person: Person) -> None:
    """濮阳 2022 has medical aid for low income without a figure, none for ordinary residents: in the page and in the file of an office."""
    rows = "A1\t低保\t县级\t2022-06-05\t90000\t0\nA1\t普通居民\t县级\t2022-07-05\t20000\t0\nB2\t普通居民\t县级\t2022-06-05\t90000\t0\n"
    where = person.bring(place="henan-puyang", pasted=HEAD + rows)[1].replace("/roster/", "/warnings/")
    words = "超过了 还有一笔算不出来，实际自付可能少一些。"
    lines = person.ask("GET", f"{where}-civil.csv")[2].decode("utf-8-sig").splitlines()
    for told in (lines, re.findall(r'<tr role="row">.*?</tr>', person.get(where), re.S)):
        assert ["A1" in line for line in told if words in line] == [True]


def test_a_cap_between_two_figures_is_so_far_at_least(person: Person) -> None:
    """Basic insurance in 亳州 is capped at 200,000 to 300,000. City, 260,000: it pays 75% of 259,300, which is 194,475."""
    where = person.bring(place="anhui-bozhou", pasted=HEAD + "A1\t监测户\t市级医院\t2024-01-05\t260000\t0\n")[1]
    assert "离基本医保封顶线至少还差 5,525 元" in person.get(where.replace("/roster/", "/warnings/"))


def test_the_threshold_is_the_desk_s_own(warned: tuple[Person, str]) -> None:
    """It holds from then on, is said to be theirs, stands in the trail, and an empty one is the usual one."""
    person, where = warned
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    assert person.ask("POST", f"{where}/threshold", b"threshold=12480", **form)[0] == 303
    page = person.get(where)
    assert "超过 12,480 元的有 1 人，快到的（80% 以上）有 1 人" in page
    assert "预警线 12,480 元是这张桌子自己定的" in page
    assert "预警线 12,480 元是这张桌子自己定的" in person.get(where.replace("warnings", "roster"))
    assert "改了预警线（元）： 12480.00" in person.get("/desk/trail")
    status, _, body = person.ask("POST", f"{where}/threshold", "threshold=很多".encode(), **form)
    assert (status, "预警线没看懂" in body.decode()) == (422, True)
    assert person.ask("POST", f"{where}/threshold", b"threshold=", **form)[0] == 303
    page = person.get(where)
    assert ("超过 10,000 元的" in page, "没有文件依据" in page) == (True, True)


@pytest.mark.parametrize(
    ("typed", "told"),
    [("５,000元", "5,000"), ("2万", "20,000"), ("20,000", "20,000"), ("1万2", "12,000"), ("8", "8"), ("8000.5", "8,000.50")],
)
def test_a_threshold_is_read_as_it_is_written(warned: tuple[Person, str], typed: str, told: str) -> None:
    """As the form of a day reads amounts; figures alone are yuan, whatever their size."""
    person, where = warned
    try:
        assert person.send(f"{where}/threshold", threshold=typed)[0] == 303
        assert f"超过 {told} 元的有" in person.get(where)
    finally:
        person.send(f"{where}/threshold", threshold="")


@pytest.mark.parametrize("typed", ["约5000", "-5", "5,00", "9" * 30, "1e3", "五千到六千"])
def test_a_threshold_that_is_not_certain_is_asked_for_again(warned: tuple[Person, str], typed: str) -> None:
    """Nobody is warned by an amount that was guessed."""
    person, where = warned
    status, _, page = person.send(f"{where}/threshold", threshold=typed)
    assert (status, "预警线没看懂" in page) == (422, True)
    assert "超过 10,000 元的有" in person.get(where)


def test_each_office_has_one_file(warned: tuple[Person, str]) -> None:
    """Its own people and those of nobody's list; the same in Excel and CSV; money as numbers; what was noted stands there."""
    person, where = warned
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    sent = "row=5&what=civil&day=2026-11-01&words=电话".encode()
    assert person.ask("POST", f"{where}/mark", sent, **form)[0] == 303
    assert person.ask("POST", f"{where}/mark", b"office=rural&what=rural&day=2026-11-02", **form)[0] == 303
    found = {}
    for office in ("civil", "rural"):
        sheet = openpyxl.load_workbook(io.BytesIO(person.ask("GET", f"{where}-{office}.xlsx")[2])).active
        found[office] = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
        text = person.ask("GET", f"{where}-{office}.csv")[2].decode("utf-8-sig")
        assert [line.split(",")[0] for line in text.splitlines()[1:]] == [row[0] for row in found[office]]
    assert [row[0] for row in found["civil"]] == ["A1", "C3"]
    assert [row[0] for row in found["rural"]] == ["D4", "A1", "C3"]
    assert found["civil"][0][4] == 12480
    assert "2026-11-01 告诉民政了 电话" in found["civil"][0][-1]
    assert "2026-11-02 告诉乡村振兴了" in found["rural"][2][-1]
    page = person.get(where)
    assert "2026-11-01 告诉民政了 电话" in page


def test_people_are_called_by_name_on_the_page_and_in_the_files(person: Person) -> None:
    """The name of the last bill, first, with the whole number beside it; a list without names has no such column."""
    names = dict(zip(("A1", "a1", "B2", "C3", "D4"), ("王芳", "赵大", "李强", "孙二", "周三"), strict=True))
    rows = "".join(f"{names[row[:2]]}\t{row}\n" for row in ROWS.splitlines())
    _, where, _ = person.bring(name="四月", place="anhui-bozhou", pasted=f"姓名\t{HEAD}{rows}")
    where = where.replace("/roster/", "/warnings/")
    assert '周三<br><span class="soft">D4</span>' in person.get(where)
    lines = [line.split(",")[:2] for line in person.ask("GET", f"{where}-civil.csv")[2].decode("utf-8-sig").splitlines()]
    assert lines == [["姓名", "谁"], ["王芳", "A1"], ["孙二", "C3"]]
    sheet = openpyxl.load_workbook(io.BytesIO(person.ask("GET", f"{where}-rural.xlsx")[2])).active
    assert [row[0].value for row in sheet.iter_rows(min_row=2)] == ["周三", "王芳", "孙二"]


def test_a_list_without_numbers_says_that_nothing_is_added_up(person: Person) -> None:
    """Two bills of 老张家, 7,624 left of each, are two people: neither reaches 10,000. The list and its warnings say so; others do not."""
    said = "名单里没有人员编号，一笔算一个人；同一个人的几笔没有加在一起。"
    rows = "老张家\t普通居民\t市级医院\t2024-01-05\t28396\t0\n" * 2
    _, where, _ = person.bring(name="没编号", place="anhui-bozhou", pasted="户名\t" + HEAD.partition("\t")[2] + rows)
    warnings = person.get(where.replace("/roster/", "/warnings/"))
    assert said in person.get(where)
    assert said in warnings
    assert "超过 10,000 元的有 0 人" in warnings
    assert warnings.index(said) < warnings.index("超过 10,000 元的有 0 人")
    _, where, _ = person.bring(name="有编号", place="anhui-bozhou", pasted=HEAD + ROWS)
    assert said not in person.get(where) + person.get(where.replace("/roster/", "/warnings/"))


def test_wrong_notes_are_told(warned: tuple[Person, str]) -> None:
    """A day that is none, an office that is none, words without end; a row that is not there changes nothing."""
    person, where = warned
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    before = person.get(where)
    assert person.ask("POST", f"{where}/mark", "row=5&what=civil&day=昨天".encode(), **form)[0] == 422
    status, _, body = person.ask("POST", f"{where}/mark", b"row=5&what=civil&day=2130-01-01", **form)
    assert (status, "2130-01-01 还没到" in body.decode()) == (422, True)
    assert person.ask("POST", f"{where}/mark", b"row=5&what=nobody&day=2026-11-01", **form)[0] == 422
    assert person.ask("POST", f"{where}/mark", f"row=5&what=civil&day=2026-11-01&words={'a' * 300}".encode(), **form)[0] == 422
    assert person.ask("POST", f"{where}/mark", b"row=99&what=civil&day=2026-11-01", **form)[0] == 303
    assert person.get(where) == before


def test_no_desk_sees_another_s_warnings(warned: tuple[Person, str], desks: tuple[str, str]) -> None:
    """Neither the page nor the files nor by a note."""
    person, where = warned
    other = Person(person.server)
    assert other.open(desks[1]) == 303
    for path in (where, f"{where}-civil.xlsx", f"{where}-rural.csv"):
        assert other.ask("GET", path)[0] == 404
    assert "放一份名单" in other.get("/desk/warnings")
