"""Files of cases as offices write them: what is in the cells comes out, exactly and in order."""

import re
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from bot.tables.reading import open_table
from bot.tables.xlsx_sheet import UNCOMPUTED
from tests.tables.files import HEADER, book, cell, hand_made, rows_of, sheet_xml, written

TWO = "甲,乙\n001,重症\n2,\n"
ROWS = (("甲", "乙"), [("001", "重症"), ("2", None)])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_the_usual_encodings_and_line_ends_say_the_same(tmp_path: Path, encoding: str, line_end: str) -> None:
    """UTF-8 with and without its mark, GB18030 and UTF-16 need not be told."""
    path = written(tmp_path / "a.CSV", TWO.replace("\n", line_end).encode(encoding))
    assert rows_of(path) == ROWS


def test_a_chinese_character_across_two_blocks_is_one(tmp_path: Path) -> None:
    """Files are read by blocks of a mebibyte; no character breaks there, in either encoding."""
    lines = "甲,乙\n" + "一,二三\n" * 150_000
    for name, encoding in (("a.csv", "utf-8"), ("b.csv", "gb18030")):
        _, rows = rows_of(written(tmp_path / name, lines.encode(encoding)), 100_000)
        assert (len(rows), set(rows)) == (150_000, {("一", "二三")})


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separator_is_seen_in_the_header(tmp_path: Path, separator: str) -> None:
    """Comma, semicolon and tab."""
    assert rows_of(written(tmp_path / "a.csv", TWO.replace(",", separator).encode())) == ROWS


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("甲,乙\n", []),
        ("甲,乙", []),
        ('甲,乙\n"一,二","三\n四""五"\n', [("一,二", '三\n四"五')]),
        ('甲,乙\n,""\n1', [(None, ""), ("1", None)]),
        ("甲,乙\n1,2\n\n3,4\n", [("1", "2"), (None, None), ("3", "4")]),
        ("甲,乙\n1,2\n\n , \n,\n\n", [("1", "2")]),
        ("\n\n 甲 ,乙,,\n1, 2 ,,\n", [("1", " 2 ")]),
        ("\ufeff\n甲,乙\n1,2\n", [("1", "2")]),
        ('\ufeff"甲","乙"\r\n"1","2"\r\n', [("1", "2")]),
        ("甲,乙\r\n1,2\r\n\r\n3,4", [("1", "2"), (None, None), ("3", "4")]),
        ("甲\r\n1\r\n\r\n3\r\n", [("1",), (None,), ("3",)]),
        ("甲\n20000.50\n1e3\n", [("20000.50",), ("1e3",)]),
        ("甲,乙\n\n \n1,2\n", [(None, None), (" ", None), ("1", "2")]),
        ("甲,乙\r\n\r\n1,2\r\n", [(None, None), ("1", "2")]),
        ("甲,乙,丙\n1\n1,2,3\n", [("1", None, None), ("1", "2", "3")]),
    ],
)
def test_csv_cells_come_out_as_written(tmp_path: Path, text: str, rows: list[tuple[str | None, ...]]) -> None:
    """Only an empty cell without quotes is nothing; blank lines are rows unless they end the table; a row may be short, also the first."""
    assert rows_of(written(tmp_path / "a.csv", text.encode()))[1] == rows


def test_a_blank_line_is_a_row_where_a_file_is_cut_too(tmp_path: Path) -> None:
    """Long files are read by blocks of some mebibytes; blank rows and short ones at the beginning of a block are rows as elsewhere."""
    lines = "甲,乙\n" + "\n1\n" * 1_500_000 + "1,2\n"
    with open_table(written(tmp_path / "a.csv", lines.encode()), tmp_path) as table:
        assert table.rows == 3_000_001
        assert sum(frame["甲"].null_count() for frame in table.frames(100_000)) == 1_500_000


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize(
    ("above", "first"),
    [
        (["李庄村2025年住院费用情况表"], 3),
        (["李庄村2025年住院费用情况表||||", "", "填报单位：李庄村|||单位：元|"], 5),
        (["", "|||", '"李庄村\n情况表"', "填报单位：李庄村, 单位：元; 2025年"], 6),
    ],
)
def test_titles_above_the_header_of_a_csv_are_passed_over(tmp_path: Path, separator: str, above: list[str], first: int) -> None:
    """A title, empty rows, a line with place and unit, as in a workbook; rows are numbered as a spreadsheet does."""
    rows = [*above, "姓名|类别|医院|总费用|自费", "", "甲|低保|县|1|0"]
    text = "\n".join(rows).replace(", ", ", " if separator != "," else "， ").replace("; ", "， ").replace("|", separator)
    path = written(tmp_path / "a.csv", text.encode())
    assert rows_of(path) == (("姓名", "类别", "医院", "总费用", "自费"), [(None,) * 5, ("甲", "低保", "县", "1", "0")])
    with open_table(path, tmp_path / "scratch") as table:
        assert table.first_row == first


def test_a_header_is_no_title(tmp_path: Path) -> None:
    """The first row that is as wide as a table is its header, whatever stands in cells below it; its separator is the one that fits."""
    assert rows_of(written(tmp_path / "a.csv", "甲;乙\n1,2,3;4\n".encode())) == (("甲", "乙"), [("1,2,3", "4")])
    assert rows_of(written(tmp_path / "b.csv", "甲,乙,丙\n1\n2,3\n".encode()))[0] == ("甲", "乙", "丙")


def test_quoted_rows_of_many_blocks_are_counted_right(tmp_path: Path) -> None:
    """A line end within quotes is no row, wherever the blocks of the file end."""
    lines = "甲,乙\n" + "".join(f'"{at}\n,","x{"y" * (at % 37)}"\n' for at in range(60_000))
    _, rows = rows_of(written(tmp_path / "a.csv", lines.encode()), 7_000)
    assert [row[0] for row in rows] == [f"{at}\n," for at in range(60_000)]


def test_the_first_row_is_numbered_as_a_spreadsheet_does(tmp_path: Path) -> None:
    """Titles and blank lines above the header count."""
    (tmp_path / "scratch").mkdir()
    for path, first in (
        (written(tmp_path / "a.csv", b"a,b\n1,2\n"), 2),
        (written(tmp_path / "b.csv", b"\n\na,b\n1,2\n"), 4),
        (book(tmp_path / "c.xlsx", [["某县2023年结算表"], ["a", "b"], [1, 2]]), 3),
    ):
        with open_table(path, tmp_path / "scratch") as table:
            assert (table.first_row, table.rows) == (first, 1)


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    """Types, nested columns and order of a Parquet file come through; only names are stripped."""
    frame = pl.DataFrame({" 甲": [1, 2, 3], "d": [Decimal("1.50"), None, Decimal("2.00")], "l": [[1], [], None]})
    frame.write_parquet(tmp_path / "[a]*.parquet", row_group_size=2)
    assert rows_of(tmp_path / "[a]*.parquet", 2) == (("甲", "d", "l"), frame.rows())


def test_parquet_without_rows_has_its_columns(tmp_path: Path) -> None:
    """No rows are no error."""
    pl.DataFrame(schema={"a": pl.Int64}).write_parquet(tmp_path / "a.parquet")
    assert rows_of(tmp_path / "a.parquet") == (("a",), [])


def test_an_office_sheet_reads_as_text(tmp_path: Path) -> None:
    """Numbers as Excel shows them, days in ISO form, booleans, errors; a formula nobody computed is marked."""
    said = [20000.0, 0.1 + 0.2, True, date(2023, 5, 1), datetime(2023, 5, 1, 8, 30), "=A1*2", "#N/A", " 0012 ", "   "]
    path = book(tmp_path / "a.xlsx", [[f"列{at}" for at in range(9)], said])
    want = ("20000", "0.3", "true", "2023-05-01", "2023-05-01T08:30:00", UNCOMPUTED, "#N/A", " 0012 ", None)
    assert rows_of(path)[1] == [want]


def test_a_computed_formula_gives_its_value(tmp_path: Path) -> None:
    """What Excel kept beside a formula is taken, also the empty text."""
    computed = '<row r="2"><c r="A2"><f>1+1</f><v>2</v></c><c r="B2" t="str"><f>IF(1,"","")</f><v></v></c></row>'
    assert rows_of(hand_made(tmp_path / "a.xlsx", sheet_xml(HEADER + computed)))[1] == [("2", None)]


def test_titles_above_the_header_are_passed_over(tmp_path: Path) -> None:
    """A merged title, a line with place and unit, then the header."""
    rows = [
        ["某县2023年住院结算表"],
        ["填报单位：某县", None, None, "单位：元"],
        ["地区", "类别", "医院", "总费用"],
        ["亳州", "低保", "县", 1],
    ]
    path = book(tmp_path / "a.xlsx", rows, ["A1:D1", "A2:C2"])
    assert rows_of(path) == (("地区", "类别", "医院", "总费用"), [("亳州", "低保", "县", "1")])


#: Headers over several rows: rows, merged cells, the names they come to.
HEADERS: dict[str, tuple[list[list[object]], list[str], list[str]]] = {
    "two rows": (
        [["序号", "人员信息", None, "费用情况", None, "备注"], [None, "姓名", "类别", "总费用", "其中自费", None]],
        ["A1:A2", "B1:C1", "D1:E1", "F1:F2"],
        ["序号", "姓名", "类别", "总费用", "其中自费", "备注"],
    ),
    "more names above": (
        [["姓名", "类别", "医院", "费用", None], [None, None, None, "总费用", "自费"]],
        ["A1:A2", "B1:B2", "C1:C2", "D1:E1"],
        ["姓名", "类别", "医院", "总费用", "自费"],
    ),
    "three rows": (
        [["姓名", "费用", None, None], [None, "总费用", "其中", None], [None, None, "自费", "先自付"]],
        ["A1:A3", "B1:D1", "B2:B3", "C2:D2"],
        ["姓名", "总费用", "自费", "先自付"],
    ),
    "all merged downwards": ([["姓名", "类别"], [None, None]], ["A1:A2", "B1:B2"], ["姓名", "类别"]),
}


@pytest.mark.parametrize("kind", HEADERS)
@pytest.mark.parametrize("title", [[], [["某县2023年住院结算表"]]], ids=["alone", "below a title"])
def test_a_header_over_several_rows_has_the_names_of_the_lowest(tmp_path: Path, kind: str, title: list[list[object]]) -> None:
    """A cell merged down to it keeps its name, one merged sideways names a group; the first row below is the first of the table."""
    header, merged, names = HEADERS[kind]
    moved = [re.sub(r"\d", lambda found: str(int(found[0]) + len(title)), cells) for cells in merged]
    rows: list[list[object]] = [*title, *header, [*range(len(names))], [None, *range(1, len(names))]]
    path = book(tmp_path / "a.xlsx", rows, [*moved, f"A{len(rows) - 1}:A{len(rows)}"])
    told = tuple(map(str, range(len(names))))
    assert rows_of(path) == (tuple(names), [told, (None, *told[1:])])
    with open_table(path, tmp_path / "scratch") as table:
        assert table.first_row == len(title) + len(header) + 1


def test_the_first_visible_sheet_is_read_and_the_others_told(tmp_path: Path) -> None:
    """A hidden sheet is passed over; a second one with data is noted, an empty one is not."""
    made = openpyxl.Workbook()
    made.active.title, made.active.sheet_state = "藏", "hidden"
    for name, rows in (("一月", [["甲", "乙"], [1, 2]]), ("空", []), ("二月", [["甲"], [3]])):
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    made.save(tmp_path / "a.xlsx")
    with open_table(tmp_path / "a.xlsx", tmp_path) as table:
        assert table.notes == [("other_sheets", {"sheet": "一月", "others": ["二月"]})]
        assert next(table.frames(9)).rows() == [("1", "2")]


def test_blank_rows_within_a_sheet_stay_and_those_behind_go(tmp_path: Path) -> None:
    """Row numbers keep their meaning; formatted but empty rows at the end are none."""
    rows = f'<row r="4">{cell("B4", "x")}</row><row r="9"><c r="A9" s="0"/><c r="ZZ9"/></row>'
    path = hand_made(tmp_path / "a.xlsx", sheet_xml(HEADER + rows))
    assert rows_of(path, 2)[1] == [(None, None), (None, None), (None, "x")]


def test_a_long_sheet_is_told_while_it_is_read(tmp_path: Path) -> None:
    """The rows done are told by blocks, and come out in order however small the frames are."""
    lines = "".join(f'<row r="{at}"><c r="A{at}"><v>{at}</v></c></row>' for at in range(2, 120_002))
    path = hand_made(tmp_path / "a.xlsx", sheet_xml(HEADER + lines))
    told: list[int] = []
    with open_table(path, tmp_path, told.append) as table:
        rows = [row[0] for frame in table.frames(30_000) for row in frame.rows()]
    assert told == [50_000, 100_000, 120_000]
    assert rows == [str(at) for at in range(2, 120_002)]


def test_pronunciation_beside_a_text_is_not_part_of_it(tmp_path: Path) -> None:
    """Rich text is put together; phonetic runs are left out, in shared strings and in cells; prefixed tags are read."""
    strings = "<x:sst xmlns:x='u'><x:si><x:r><x:t>住</x:t></x:r><x:r><x:t>院</x:t></x:r><x:rPh><x:t>zhu</x:t></x:rPh></x:si></x:sst>"
    row = '<row><c t="s"><v>0</v></c><c t="inlineStr"><is><t>县</t><rPh sb="0" eb="1"><t>xian</t></rPh></is></c></row>'
    path = tmp_path / "a.xlsx"
    relations = (
        "<Relationships><Relationship Id='r1' Type='/worksheet' Target='/xl/worksheets/sheet1.xml'/>"
        "<Relationship Id='r2' Type='/sharedStrings' Target='sharedStrings.xml'/></Relationships>"
    )
    hand_made(path, sheet_xml(HEADER + row), **{"xl/sharedStrings.xml": strings, "xl/_rels/workbook.xml.rels": relations})
    assert rows_of(path)[1] == [("住院", "县")]
