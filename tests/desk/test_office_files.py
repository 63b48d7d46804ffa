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

from bot.china import china_today
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
    """Each once, by number however it was typed, in their category, and called as the file has it."""
    where = brought(person, FILES[kind](), "/desk/registers", kind="civil", day="2025-04-01")
    people = re.findall(r"<li>(\S+) (\w+) (\S+)</li>", person.get(where))
    low, ordinary = ("甲", "34122119400101100X", "低保"), [("乙", "341221194101011001"), ("丙", "341221194201011002")]
    assert set(people) == {low, *((*each, "普通居民") for each in ordinary)}
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


TITLES = "李庄村2025年住院费用情况表\n\n填报单位：李庄村\t\t单位：元\n"


@pytest.mark.parametrize("between", ["\t", ","])
def test_titles_above_what_is_pasted_are_passed_over(person: Person, between: str) -> None:
    """Titles and empty rows, also one right below the header; rows are told by their number in what was pasted."""
    pasted = "\r\n" + TITLES + "姓名\t人员类别\t医院级别\t总费用\n\n甲\t低保\t县医院\t20000\n乙\t发财户\t县医院\t20000\n"
    status, where, page = person.bring(path="/desk/roster", name="三月", place="anhui-bozhou", pasted=pasted.replace("\t", between))
    assert status == 303, page
    assert [row["自己掏"] for row in taken_along(person, where)] == ["1100.00"]
    assert dict(re.findall(r"<li>第 (\d+) 行：(.{4})", person.get(where))) == {"6": "这一行要", "8": "“人员类"}


def test_titles_above_a_csv_are_passed_over(person: Person) -> None:
    """In the files of all forms that take a list."""
    titled = (TITLES.replace("\t", ",") + text()).encode("gb18030")
    assert len(taken_along(person, brought(person, ("三月.csv", titled)))) == len(OWN)
    where = brought(person, ("三月.csv", titled), "/desk/registers", kind="civil", day="2024-04-01")
    assert person.ask("POST", f"{where}/undo")[0] == 303
    titled = (TITLES.replace("\t", ",") + text(ENROL_ROWS, ENROL_HEADER)).encode()
    assert "名单上 3 人" in person.get(brought(person, ("摸底.csv", titled), "/desk/enrolment", year="2025"))


def test_one_person_s_bills_without_days_are_not_guessed(person: Person) -> None:
    """Which came first decides what each comes to: both are left out, and what to add is said."""
    header, rows = HEADER[:5] + HEADER[6:], [row[:5] + row[6:] for row in ROWS]
    where = brought(person, ("三月.csv", text(rows, header).encode()))
    assert {row["姓名"]: row["自己掏"] for row in taken_along(person, where)} == {"乙": "4400.00", "丙": "4400.00"}
    said = dict(re.findall(r"<li>第 (\d+) 行：(.*?)</li>", person.get(where)))
    assert said["2"] == "“出院日期”这一格是空的。这个人有好几行，每行都要写日期，才知道先后。"
    assert "请先改好第 2 行" in said["6"]


#: A header over two rows as offices make it, with the row of its bill.
TWO_ROWS: list[list[Any]] = [
    ["序号", "人员信息", None, None, "费用情况", None],
    [None, "姓名", "人员类别", "医院级别", "总费用", "自费金额"],
    [1, "甲", "低保", "县医院", 20000, 4000],
    [2, "乙", "发财户", "县医院", 20000, 0],
]


def test_headers_over_two_rows_are_read(person: Person) -> None:
    """By hand: 16,000 can be paid, of it 12,400 by basic insurance (500 off, 80 %); three quarters of 3,600 are 2,700, and 4,900 are left.

    Rows keep the numbers of the file. Where two columns have the same name below different ones, it is refused as it was.
    """
    out = io.BytesIO()
    book(out, TWO_ROWS, ["A1:A2", "B1:D1", "E1:F1"])  # type: ignore[arg-type]
    where = brought(person, ("三月.xlsx", out.getvalue()))
    assert [(row["姓名"], row["自己掏"]) for row in taken_along(person, where)] == [("甲", "4900.00")]
    assert "第 4 行：“人员类别”这一格不认识" in person.get(where)
    out = io.BytesIO()
    twice = [["序号", "门诊", None, "住院", None], [None, "总费用", "自费", "总费用", "自费"], [1, 2, 3, 4, 5]]
    book(out, twice, ["A1:A2", "B1:C1", "D1:E1"])  # type: ignore[arg-type]
    for path, fields in (
        ("/desk/roster", {}),
        ("/desk/registers", {"kind": "civil", "day": "2025-04-01"}),
        ("/desk/enrolment", {"year": "2025"}),
        ("/desk/bills", {}),
    ):
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


def told_columns(person: Person, where: str) -> list[str]:
    """What the page of a list says of its columns."""
    lines = re.findall(r"<p>(.*?)</p>", person.get(where).partition("<h1>")[2], re.S)[0].split("<br>")
    return [line.strip() for line in lines if re.search("列|表|没有用", line)]


@pytest.mark.parametrize(
    "name", ["其中：自费", "其中:自费", "其中 自费", "自费金额", "自费费用（元）", "自费部分", "其中：自费部分", "丙类"]
)
def test_the_self_funded_part_goes_by_many_names(person: Person, name: str) -> None:
    """By hand: 16,000 can be paid, of it 12,400 by basic insurance; 低保 bears a quarter of 3,600 and the 4,000, which are 4,900."""
    for kind in ("家庭类别", "保障类别", "监测对象类别", "对象类别", "人员属性"):
        header = ["姓名", kind, "就诊医院级别", "总费用", name]
        where = brought(person, ("三月.csv", text([["甲", "低保", "县医院", "20000", "4000"]], header).encode()))
        assert [row["自己掏"] for row in taken_along(person, where)] == ["4900.00"], kind


@pytest.mark.parametrize(
    ("place", "level", "told"),
    [
        ("anhui-bozhou", "三甲医院", "市级医院、省级医院"),
        ("anhui-bozhou", "三级甲等", "市级医院、省级医院"),
        ("henan-puyang", "三级", "市级三级医院、省级三级医院"),
        ("henan-puyang", "二级", "县级医院、市级二级医院、省级二级医院"),
        ("anhui-bozhou", "二级甲等", ""),
        ("beijing", "三甲医院", ""),
    ],
)
def test_a_level_that_a_place_has_twice_is_not_guessed(person: Person, place: str, level: str, told: str) -> None:
    """Where only one hospital of the place has it, it is that one; else those are told from which to choose."""
    rows = [["低保", "乡镇卫生院" if place != "beijing" else "一级", "20000", "0"], ["普通居民", level, "20000", "0"]]
    page = person.get(brought(person, ("三月.csv", text(rows, ["人员类别", "医院级别", "总费用", "自费"]).encode()), place=place))
    assert (f"“医院级别”这一格分不清是哪一种。请写明是：{told}。" in page) == bool(told)
    assert ("第 3 行：" in page) == bool(told)


def test_which_columns_were_taken_for_what_is_told(person: Person) -> None:
    """What is understood, what is not used, what has a name nearly that of something else, and what stands there twice."""
    header = ["序号", "姓名", "身份证号", "人员类别", "类别", "医院级别", "总费用（元）", "其中：自费", "总费用额", "备注"]
    row = ["1", "甲", "1", "低保", "一般", "县医院", "20000", "0", "9", "无"]
    assert told_columns(person, brought(person, ("三月.csv", text([row], header).encode()))) == [
        "看懂的列：姓名、身份证号（分清是谁）、人员类别（家庭类别）、医院级别、总费用（元）、其中：自费（自费部分）。",
        "没用上的列：序号、备注。",
        "“类别”没有用，用的是“人员类别”。",
        "“总费用额”没用上。是不是“总费用”？是的话请改好列名，再放一次。",
    ]
    header = ["人员类别", "医院级别", "总费用", *(f"别的{at}" for at in range(30))]
    told = told_columns(person, brought(person, ("三月.csv", text([["低保", "县医院", "20000"]], header).encode())))
    assert told[1].startswith("没用上的列有 30 列：别的0、")
    assert "列" in told_columns(person, brought(person, ("三月.xlsx", workbook())))[0]
    assert "只算了第一张：报销" in told_columns(person, brought(person, ("三月.xlsx", workbook())))[-1]


def test_a_column_that_lacks_is_told_in_words(person: Person) -> None:
    """By what it is called, and not by a key of the command."""
    said = refused(person, ("三月.csv", "姓名,医院等级别,总费用\n甲,县医院,20000\n".encode()))
    assert said == "表里少了这几列：家庭类别、医院级别。现有的列：姓名、医院等级别、总费用。请补上再来。“医院等级别”是不是“医院级别”？"
    assert "person" not in refused(person, ("三月.csv", b"category,facility,total,earlier\n1,2,3,4\n"))


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_what_the_desk_gives_out_comes_back_in(person: Person, ending: str) -> None:
    """A list that was settled, whose results are worked out anew, with a cell set right or not; and the households of a day."""
    where = brought(person, FILES["xlsx of texts"]())
    _, _, data = person.ask("GET", f"{where}.{ending}")
    again = brought(person, (f"三月.{ending}", data))
    assert {(row["姓名"], row["序号"]): row["自己掏"] for row in taken_along(person, again)} == OWN
    assert list(taken_along(person, again)[0]) == list(taken_along(person, where)[0])
    assert "上次算出来的列没有用，都重新算了。" in told_columns(person, again)
    facts = {"place": "anhui-bozhou", "facility": "county", "total": "20000", "category": "subsistence_allowance", "self_funded": "4000"}
    assert person.send("/desk/day/2026-11-20", label="甲", **facts)[0] == 303
    for lang in ("zh_CN", "zh_Hant", "en"):
        _, _, data = person.ask("GET", f"/desk/day/2026-11-20.{ending}?lang={lang}")
        own = [row["自己掏"] for row in taken_along(person, brought(person, (f"走访.{ending}", data)))]
        assert set(own) == {"4900.00"}


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("3月 住院报销.csv", "3月 住院报销"),
        ("C:\\\\办公\\\\三月.v2.CSV", "三月.v2"),
        ("../三月.csv", "三月"),
        ("长" * 80 + ".csv", "长" * 60),
        (" .csv", f"名单 {china_today().month}月{china_today().day}日"),
    ],
)
def test_a_list_without_a_name_is_called_like_its_file(person: Person, file: str, name: str) -> None:
    """Without the folder and the ending, and not longer than a name may be; one that was typed counts."""
    data = text([["低保", "县医院", "20000"]], ["人员类别", "医院级别", "总费用"]).encode()
    assert f"<h1>{name}</h1>" in person.get(brought(person, (file, data), name=" "))
    assert "<h1>我起的</h1>" in person.get(brought(person, (file, data), name="我起的"))


def test_a_pasted_list_without_a_name_has_the_day(person: Person) -> None:
    """The day on which it was pasted, in China; so do the lists of the other forms."""
    day = china_today()
    name = f"名单 {day.month}月{day.day}日"
    pasted = text([["低保", "县医院", "20000"]], ["人员类别", "医院级别", "总费用"])
    status, where, page = person.bring(path="/desk/roster", name="", place="anhui-bozhou", pasted=pasted)
    assert (status, f"<h1>{name}</h1>" in person.get(where)) == (303, True), page
    _, _, page = person.bring(path="/desk/registers", kind="civil", day="2025-04-01", pasted="甲,,乙\n1,2,3\n")
    assert f"“{name}”有一列没有列名" in page
    data = text(ENROL_ROWS, ENROL_HEADER).encode()
    assert "摸底" in person.get(brought(person, ("摸底.csv", data), "/desk/enrolment", name="", year="2025"))
