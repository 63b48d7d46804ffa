"""Lists as offices send them, through the forms of the desk: titles, sums, hidden rows, all ways of writing a day, a number, an amount.

Amounts are by hand from the policy facts. 亳州, county hospital, 20,000: 15,600 from basic insurance; an ordinary resident bears 4,400,
somebody with 低保 a quarter of that, 1,100.
"""

import csv
import io
import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import pytest
import xlsxwriter

from tests.desk.conftest import Person
from tests.tables.files import book

HEADER = ("序号", "姓名", "身份证号", "人员类别", "医院级别", "出院日期", "总费用（元）", "自费金额")
#: Three people, four bills. The first number stands there in three ways: it is one person, whose second bill goes on from the first.
ROWS: tuple[tuple[Any, ...], ...] = (
    (1, "甲", " ３４１２２１１９４００１０１１００ｘ ", "低保 ", "县医院", "2025年3月5日", "￥20,000", 0),
    (2, "乙", "341221194101011001", "普通居民", "县医院", "2025/3/5", "20,000元", "0"),
    ("", "", "", "", "", "", "", ""),
    (3, "丙", "3412 2119 4201 0110 02", " 普通\u3000居民", " 县级 ", "20250305", " ２００００.00 ", "０"),
    (4, "甲", "34122119400101100X", "低保", "县 医院", "2025-03-20", "¥20,000.00", ""),
    ("合计", "", "", "", "", "", "80,000元", ""),
)
#: 低保, second bill: 8,800 are left in the year, 65 % of what is above 6,000 are 1,820; three quarters of 6,980 are 5,235, of which
#: 3,300 were paid with the first. 20,000 - 15,600 - 1,820 - 1,935 = 645.
OWN = {("甲", "1"): "1100.00", ("乙", "2"): "4400.00", ("丙", "3"): "4400.00", ("甲", "4"): "645.00"}


#: What is said of the empty row and of the one of sums.
WHY_NOT = ["这一行要用的格子都是空的，没有算。", "这一行像是合计，没有算。"]


def workbook(rows: Sequence[Sequence[Any]] = ROWS, header: Sequence[str] = HEADER) -> bytes:
    """A workbook of Excel: a merged title, a line about the unit, days and amounts of its own, formulas, a hidden row, a second sheet."""
    out = io.BytesIO()
    made = xlsxwriter.Workbook(out)
    sheet, day = made.add_worksheet("报销"), made.add_format({"num_format": "yyyy/m/d"})
    sheet.merge_range(0, 0, 0, len(header) - 1, "李庄村2025年住院费用情况表")
    sheet.write_row(1, 0, ["填报单位：李庄村", "单位：元"])
    sheet.write_row(2, 0, header)
    for at, row in enumerate(rows, 3):
        for column, cell in enumerate(row):
            if isinstance(cell, date):
                sheet.write_datetime(at, column, cell, day)
            elif isinstance(cell, tuple):
                sheet.write_formula(at, column, *cell)
            elif cell != "":
                sheet.write(at, column, cell)
    sheet.set_row(4, None, None, {"hidden": True})
    made.add_worksheet("说明").write_row(0, 0, ["填表说明", "按出院日期填"])
    made.close()
    return out.getvalue()


def of_excel() -> bytes:
    """The rows with days and formulas of Excel in place of texts. A formula counts with what it came to when it was saved."""
    days = (date(2025, 3, 5), date(2025, 3, 5), "", date(2025, 3, 5), date(2025, 3, 20), "")
    totals = (("=G5", None, 20000), 20000, "", 20000.0, ("=10000*2", None, 20000), ("=SUM(G4:G8)", None, 80000))
    return workbook([(*row[:5], day, total, row[7]) for row, day, total in zip(ROWS, days, totals, strict=True)])


def text(rows: Sequence[Sequence[Any]] = ROWS, header: Sequence[str] = HEADER) -> str:
    """The same as CSV."""
    out = io.StringIO()
    csv.writer(out).writerows([header, *rows])
    return out.getvalue()


FILES: dict[str, Callable[[], tuple[str, bytes]]] = {
    "xlsx of texts": lambda: ("三月.xlsx", workbook()),
    "xlsx of Excel": lambda: ("三月.XLSX", of_excel()),
    "gb18030": lambda: ("三月.csv", text().encode("gb18030")),
    "utf-8 with a mark": lambda: ("三月.csv", text().encode("utf-8-sig")),
    "utf-8": lambda: ("三月.CSV", text().encode()),
}


def brought(person: Person, file: tuple[str, bytes], path: str = "/desk/roster", **fields: str) -> str:
    """The page of what a file became."""
    status, where, page = person.bring(file, path=path, pasted="", **{"name": "三月", "place": "anhui-bozhou"} | fields)
    assert status == 303, page
    return where


def refused(person: Person, file: tuple[str, bytes], path: str = "/desk/roster", **fields: str) -> str:
    """What the page says of a file that is not taken."""
    status, _, page = person.bring(file, path=path, pasted="", **{"name": "三月", "place": "anhui-bozhou"} | fields)
    assert status == 422
    return re.findall(r'role="alert">(.*?)</p>', page, re.S)[0]


def taken_along(person: Person, where: str) -> list[dict[str, str]]:
    """The rows of the file that the desk gives out."""
    return list(csv.DictReader(io.StringIO(person.ask("GET", f"{where}.csv")[2].decode("utf-8-sig"))))


@pytest.mark.parametrize("kind", FILES)
def test_a_roster_comes_to_the_amounts_by_hand(person: Person, kind: str) -> None:
    """Nobody is missed, also in a hidden row, no sum is taken for a person, and one person's bills of a year are settled in their order."""
    where = brought(person, FILES[kind]())
    rows = taken_along(person, where)
    assert {(row["姓名"], row["序号"]): row["自己掏"] for row in rows} == OWN
    page = person.get(where)
    assert [why for why in WHY_NOT if why in page] == WHY_NOT
    assert len(re.findall(r"<li>第 \d+ 行：", page)) == len(WHY_NOT)
    assert re.findall(r'data-head="姓名">(.)<', page) == ["乙", "丙", "甲", "甲"]


@pytest.mark.parametrize("kind", FILES)
def test_a_register_has_the_same_people(person: Person, kind: str) -> None:
    """Each once, by number however it was typed, in their category."""
    where = brought(person, FILES[kind](), "/desk/registers", kind="civil", day="2025-04-01")
    people = re.findall(r"<li>(\w+) (\S+)</li>", person.get(where))
    assert set(people) == {("34122119400101100X", "低保"), ("341221194101011001", "普通居民"), ("341221194201011002", "普通居民")}
    assert person.ask("POST", f"{where}/undo")[0] == 303


ENROL_HEADER = ("序号", "户号", "姓名", "身份证号", "人员类别", "参保状态")
ENROL_ROWS = (
    (1, " ３号院", "甲", " ３４１２２１１９４００１０１１００ｘ ", "低保 ", "未参保"),
    (2, "3号院", "乙", "341221194101011001", "普通居民", " 正常参保 "),
    ("", "", "", "", "", ""),
    (3, "7号院", "丙", "3412 2119 4201 0110 02", "特困", "否"),
    ("合计", "", "3", "", "", ""),
)


@pytest.mark.parametrize(
    "file",
    [
        ("摸底.xlsx", workbook(ENROL_ROWS, ENROL_HEADER)),
        ("摸底.csv", text(ENROL_ROWS, ENROL_HEADER).encode("gb18030")),
        ("摸底.csv", text(ENROL_ROWS, ENROL_HEADER).encode("utf-8-sig")),
    ],
    ids=["xlsx", "gb18030", "utf-8 with a mark"],
)
def test_who_is_to_be_enrolled(person: Person, file: tuple[str, bytes]) -> None:
    """By hand, 2025: 400 each; 低保 pays a tenth of it, 特困 nothing, and one of three is insured."""
    page = person.get(brought(person, file, "/desk/enrolment", year="2025"))
    assert "名单上 3 人：参保的 1 人，后来记上参保的 0 人，还没参保的 2 人。" in page
    assert "一共要交 800 元：政府帮交 760 元，自己交 40 元" in page
    assert "没看懂" not in page


def test_one_person_s_bills_without_days_are_not_guessed(person: Person) -> None:
    """Which came first decides what each comes to: both are left out, and what to add is said."""
    header, rows = HEADER[:5] + HEADER[6:], [row[:5] + row[6:] for row in ROWS]
    where = brought(person, ("三月.csv", text(rows, header).encode()))
    assert {row["姓名"]: row["自己掏"] for row in taken_along(person, where)} == {"乙": "4400.00", "丙": "4400.00"}
    said = dict(re.findall(r"<li>第 (\d+) 行：(.*?)</li>", person.get(where)))
    assert said["2"] == "“出院日期”这一格是空的。这个人有好几行，每行都要写日期，才知道先后。"
    assert "请先改好第 2 行" in said["6"]


def test_headers_over_two_rows_are_told(person: Person) -> None:
    """The reader takes one row of names: it says which cells are merged, and what to do."""
    rows = [["姓名", "人员类别", "医院级别", "费用", None], [None, None, None, "总费用", "自费金额"], ["甲", "低保", "县医院", 20000, 0]]
    for path, fields in (
        ("/desk/roster", {}),
        ("/desk/registers", {"kind": "civil", "day": "2025-04-01"}),
        ("/desk/enrolment", {"year": "2025"}),
        ("/desk/bills", {}),
    ):
        out = io.BytesIO()
        book(out, rows, ["A1:A2", "B1:B2", "C1:C2", "D1:E1"])  # type: ignore[arg-type]
        said = refused(person, ("三月.xlsx", out.getvalue()), path, **fields)
        assert "合并" in said
        assert "表头" in said


def test_a_formula_that_was_never_computed_is_no_amount(person: Person) -> None:
    """A file of a program that computes nothing: the row is told, and nothing is settled in its place."""
    out = io.BytesIO()
    book(
        out, [HEADER[1:7], ["甲", "1", "低保", "县医院", "2025-03-05", "=10000*2"], ["乙", "2", "普通居民", "县医院", "2025-03-05", 20000]]
    )  # type: ignore[arg-type]
    where = brought(person, ("三月.xlsx", out.getvalue()))
    assert [row["姓名"] for row in taken_along(person, where)] == ["乙"]
    assert "第 2 行" in person.get(where)


def test_a_table_on_the_second_sheet_is_told(person: Person) -> None:
    """The first sheet is empty: which one holds the table is said."""
    out = io.BytesIO()
    made = xlsxwriter.Workbook(out)
    made.add_worksheet("Sheet1")
    made.add_worksheet("报销").write_row(0, 0, HEADER)
    made.close()
    assert "报销" in refused(person, ("三月.xlsx", out.getvalue()))
