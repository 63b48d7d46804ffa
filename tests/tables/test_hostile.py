"""Files that are broken, or made to harm: each is refused with its reason, soon, in bounded memory, and nothing is left behind."""

import errno
import io
import os
import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from bot.langs import LANGS
from bot.tables import csv_text
from tests.speech.test_catalogues import placeholders, words
from tests.tables.files import HEADER, SHEET, book, cell, hand_made, parts, refusal, rows_of, sheet_xml, written

MIB = 1 << 20
SENTENCES = [words(lang) for lang in LANGS]
Make = Callable[[Path], Path]


def csv(data: bytes) -> Make:
    """A CSV file of such bytes."""
    return lambda folder: written(folder / "a.csv", data)


def xlsx(rows: str, before: str = "", **more: str) -> Make:
    """A workbook with such rows under its header."""
    return lambda folder: hand_made(folder / "a.xlsx", sheet_xml(rows, before), **more)


def office(rows: list[list[object]], *merged: str) -> Make:
    """A workbook as an office makes it."""
    return lambda folder: book(folder / "a.xlsx", rows, merged)


def flat(folder: Path, size: int) -> Path:
    """A sheet that is one character over and over."""
    with zipfile.ZipFile(folder / "a.xlsx", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, text in parts("").items():
            if name != SHEET:
                archive.writestr(name, text)
        with archive.open(SHEET, "w", force_zip64=True) as sheet:
            sheet.write(sheet_xml("").encode()[:-30])
            for _ in range(size // MIB):
                sheet.write(b"0" * MIB)
    return folder / "a.xlsx"


def lying(folder: Path) -> Path:
    """A sheet whose directory promises 1,000 bytes and that inflates to 64 MiB."""
    data = bytearray(flat(folder, 64 * MIB).read_bytes())
    at = data.rindex(SHEET.encode()) - 46
    assert data[at : at + 4] == b"PK\1\2"
    data[at + 24 : at + 28] = (1_000).to_bytes(4, "little")
    return written(folder / "a.xlsx", bytes(data))


def locked(folder: Path) -> Path:
    """A workbook whose entries are marked as encrypted."""
    data = bytearray(hand_made(folder / "a.xlsx", sheet_xml(HEADER)).read_bytes())
    at = data.rindex(SHEET.encode()) - 46
    data[at + 8] |= 1
    return written(folder / "a.xlsx", bytes(data))


def cut_parquet(folder: Path) -> Path:
    """A Parquet file whose middle was overwritten."""
    pl.DataFrame({"a": [os.urandom(8).hex() for _ in range(9_000)]}).write_parquet(folder / "a.parquet")
    data = bytearray((folder / "a.parquet").read_bytes())
    data[500:60_000] = bytes(59_500)
    return written(folder / "a.parquet", bytes(data))


def a_folder(folder: Path) -> Path:
    """A folder named like a file."""
    (folder / "a.csv").mkdir()
    return folder / "a.csv"


def a_pipe(folder: Path) -> Path:
    """A pipe, at which a reader would wait for ever."""
    os.mkfifo(folder / "a.csv")
    return folder / "a.csv"


def many_columns(folder: Path) -> Path:
    """A Parquet file of 501 columns."""
    pl.DataFrame({f"c{at}": [1] for at in range(501)}).write_parquet(folder / "a.parquet")
    return folder / "a.parquet"


def nested_zip(folder: Path) -> Path:
    """An archive of an archive, and no workbook."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("x", "y")
    with zipfile.ZipFile(folder / "a.xlsx", "w") as archive:
        archive.writestr("inner.zip", inner.getvalue())
    return folder / "a.xlsx"


def row(number: int, *cells: str) -> str:
    """The XML of a row."""
    return f'<row r="{number}">{"".join(cells)}</row>'


LAUGHS = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
FILLED = '<row r="2"><c r="A2"><v>1</v></c></row>'

REFUSED: dict[str, tuple[Make, str, dict[str, str]]] = {
    "another ending": (lambda folder: written(folder / "a.xls", b"x"), "unknown_ending", {"name": "a.xls"}),
    "no file": (lambda folder: folder / "a.csv", "no_such_file", {}),
    "a folder": (a_folder, "is_folder", {}),
    "a pipe": (a_pipe, "unreadable", {}),
    "nothing": (csv(b""), "empty", {"name": "a.csv"}),
    "blank lines": (csv(b"\n \n"), "empty", {}),
    "separators and nothing else": (csv(b",,,\n,,,\n"), "empty", {}),
    "only a mark": (csv(b"\xef\xbb\xbf"), "empty", {}),
    "a picture": (csv(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), "bad_encoding", {}),
    "a zero byte": (csv(b"a,b\n1,2\n3,\0\n"), "bad_encoding", {"row": "3"}),
    "neither encoding": (csv("甲\n一\n".encode() + b"\xff\n"), "bad_encoding", {"row": "3"}),
    "a mark and then not UTF-8": (csv(b"\xef\xbb\xbfa\n" + "重症".encode("gb18030")), "bad_encoding", {"row": "2"}),
    "half a character at the end": (csv("甲\n一".encode("gb18030")[:-1]), "bad_encoding", {"row": "2"}),
    "a row too long": (csv(b"a,b\n1,2\n1,2,3\n"), "ragged_row", {"row": "3"}),
    "a row too long behind quotes": (csv(b'a,b\n"1\n",2\n"1,1",2,3\n'), "ragged_row", {"row": "3"}),
    "a quote in a cell": (csv(b'a,b\n1,2\n5" pipe,2\n'), "stray_quote", {"row": "3"}),
    "a letter behind quotes": (csv(b'a,b\n1,2\n"x"y,2\n'), "stray_quote", {"row": "3"}),
    "a quote never closed": (csv(b'a,b\n1,2\n"3,2\n4,5\n'), "open_quote", {"row": "3"}),
    "a cell of two mebibytes": (csv(b"a,b\n1,2\n" + b"x" * 2 * MIB), "cell_too_long", {"row": "3"}),
    "a quoted cell of three mebibytes": (csv(b'a,b\n"' + b"xxxxxxx\n" * 400_000 + b'",1\n'), "open_quote", {"row": "2"}),
    "a row too long under a title": (csv("名单,,\n甲,乙\n1,2\n1,2,3\n".encode()), "ragged_row", {"row": "4"}),
    "a quote under a title of two lines": (csv('"名\n单"\n甲,乙\n5" pipe,2\n'.encode()), "stray_quote", {"row": "3"}),
    "a header over two rows": (csv("序号,人员,,费用,\n,姓名,类别,总费用,自费\n1,甲,低保,1,0\n".encode()), "unnamed_column", {"place": "5"}),
    "the same column twice": (csv(b"a, a\n1,2\n"), "duplicate_column", {"column": "a"}),
    "a column without name": (csv(b"a,,b\n1,2,3\n"), "unnamed_column", {"place": "2"}),
    "data behind the header": (csv(b"a,b,\n1,2,\n1,2,3\n"), "unnamed_column", {"place": "3"}),
    "too many columns": (csv(b",".join(b"c%d" % at for at in range(501))), "too_many_columns", {"most": "500"}),
    "no parquet": (lambda folder: written(folder / "a.parquet", b"hello"), "broken_file", {"kind": "parquet"}),
    "half a parquet": (cut_parquet, "broken_file", {}),
    "a wide parquet": (many_columns, "too_many_columns", {}),
    "an old workbook": (lambda folder: written(folder / "a.xlsx", b"\xd0\xcf\x11\xe0" + b"\0" * 600), "broken_file", {"kind": "xlsx"}),
    "a CSV named xlsx": (lambda folder: written(folder / "a.xlsx", b"a,b\n1,2\n"), "broken_file", {}),
    "a zip in a zip": (nested_zip, "broken_file", {}),
    "an encrypted entry": (locked, "broken_file", {}),
    "a name outside": (xlsx(HEADER, **{"../../etc/x": "y"}), "broken_file", {}),
    "entities": (xlsx(HEADER + row(2, cell("A2", "&b;")), LAUGHS), "broken_file", {}),
    "XML cut off": (lambda folder: hand_made(folder / "a.xlsx", sheet_xml(HEADER)[:-20]), "broken_file", {}),
    "a string that is not there": (xlsx(HEADER + '<row r="2"><c r="A2" t="s"><v>7</v></c></row>'), "broken_file", {}),
    "rows going back": (xlsx(HEADER + row(3, cell("A3", "x")) + row(2, cell("A2", "x"))), "broken_file", {}),
    "a row beyond all rows": (xlsx(HEADER + row(99_999_999, cell("A1", "x"))), "broken_file", {}),
    "a column beyond all columns": (xlsx(HEADER + row(2, cell("ZZZ2", "x"))), "broken_file", {}),
    "a sheet of one character": (lambda folder: flat(folder, 64 * MIB), "xlsx_too_large", {}),
    "a directory that lies": (lying, "broken_file", {}),
    "thousands of entries": (xlsx(HEADER, **{f"x{at}": "" for at in range(5_001)}), "xlsx_too_large", {}),
    "a list of sheets without end": (
        xlsx(HEADER, **{"xl/_rels/workbook.xml.rels": "<R>" + "<a/>" * 1_100_000 + "</R>"}),
        "xlsx_too_large",
        {},
    ),
    "a tag of mebibytes": (lambda folder: hand_made(folder / "a.xlsx", sheet_xml(f'<row r="{"1" * 9 * MIB}"/>')), "xlsx_too_large", {}),
    "a cell of two mebibytes in a sheet": (xlsx(HEADER + row(2, cell("A2", "x" * 2 * MIB))), "cell_too_long", {"row": "2"}),
    "a cell in the far corner": (xlsx(HEADER + row(1_048_576, cell("B1048576", "x"))), "gap", {"row": "1048576", "above": "1"}),
    "a cell far to the right": (xlsx(HEADER + row(2, cell("XFD2", "x"))), "ragged_row", {"row": "2"}),
    "a header far to the right": (xlsx(row(1, cell("A1", "a"), cell("XFD1", "b"))), "too_many_columns", {}),
    "an empty sheet": (xlsx(""), "empty", {}),
    "a header merged sideways": (office([["甲", "费用", None], [1, 2, 3]], "B1:C1"), "merged_header", {"cell": "B1"}),
    "a header merged downwards": (office([["甲", "乙"], [None, "丙"], [1, 2]], "A1:A2"), "merged_header", {"cell": "A1"}),
    "a name over two cells": (office([["总费用", "类别"], ["元", None], [1, 2]], "B1:B2"), "merged_header", {"cell": "B1"}),
    "a name twice over two rows": (
        office(
            [["甲", "住院", None, "门诊", None], [None, "总费用", "自费", "总费用", "自费"], [1, 2, 3, 4, 5]], "A1:A2", "B1:C1", "D1:E1"
        ),
        "merged_header",
        {"cell": "A1"},
    ),
    "a group without names": (
        office([["甲", "费用", None, "乙"], [None, "总费用", None, None], [1, 2, 3, 4]], "A1:A2", "B1:C1", "D1:D2"),
        "unnamed_column",
        {"place": "C2"},
    ),
    "a block of cells in a header": (
        office([["甲", "费用", None], [None, None, None], [1, 2, 3]], "A1:A2", "B1:C2"),
        "merged_header",
        {"cell": "A1"},
    ),
    "a header merged into the table": (office([["甲", "乙"], *[[None, at] for at in range(9)]], "A1:A10"), "merged_header", {"cell": "A1"}),
    "a header of four rows": (office([["甲", "乙"], *[[None, None]] * 3, [1, 2]], "A1:A4", "B1:B4"), "merged_header", {"cell": "A1"}),
    "a header with a hole": (office([["甲", None, "乙"], [1, 2, 3]]), "unnamed_column", {"place": "B1"}),
    "a cell beside the table": (office([["甲", "乙"], [1, 2], [1, 2, 3]]), "ragged_row", {"row": "3"}),
    "a name twice in a sheet": (office([["甲", "甲"], [1, 2]]), "duplicate_column", {"column": "甲"}),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_bad_file_is_refused_with_its_reason(tmp_path: Path, what: str) -> None:
    """Each by its code and place, as a fault of the file, within seconds."""
    make, code, values = REFUSED[what]
    path = make(tmp_path)
    began = time.monotonic()
    error = refusal(path)
    assert (error.code, error.status, {name: error.values[name] for name in values}) == (code, 2, values)
    assert time.monotonic() - began < 5
    assert all(placeholders(sentences[f"table.{code}"]) <= error.values.keys() for sentences in SENTENCES)


def test_every_fault_of_a_file_has_words() -> None:
    """Each code that the code can raise is a sentence in every language."""
    raised: set[str] = set()
    for module in (ROOT / "bot" / "tables").glob("*.py"):
        raised |= set(re.findall(r'TableError\(\s*"([a-z_0-9]+)"', module.read_text("utf-8")))
    assert {"ragged_row", "cannot_write", "gap"} <= raised
    assert [code for code in raised for sentences in SENTENCES if f"table.{code}" not in sentences] == []


def test_a_claimed_size_costs_nothing(tmp_path: Path) -> None:
    """A sheet that says it reaches to the last cell, and does not, is read at once."""
    sheet = sheet_xml(HEADER + FILLED).replace("<sheetData>", '<dimension ref="A1:XFD1048576"/><sheetData>')
    began = time.monotonic()
    assert rows_of(hand_made(tmp_path / "a.xlsx", sheet))[1] == [("1", None)]
    assert time.monotonic() - began < 1


def test_an_empty_first_sheet_names_the_ones_with_data(tmp_path: Path) -> None:
    """Sheet1 is empty and the table stands in the second: said so, not read in silence."""
    made = openpyxl.Workbook()
    made.create_sheet("数据").append(["甲", "乙"])
    made.save(tmp_path / "a.xlsx")
    assert refusal(tmp_path / "a.xlsx").values == {"name": "a.xlsx", "sheet": "Sheet", "others": ["数据"]}


def test_a_file_nobody_may_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the system refuses is told as the file's fault (tests may run as root, so the refusal is played)."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    written(tmp_path / "a.csv", b"a\n")
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(Path, "open", refuse)
    assert refusal(tmp_path / "a.csv").code == "unreadable"


def test_a_full_scratch_folder_is_the_machines_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No room for the copy in UTF-8: status 1, and nothing stays."""

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(csv_text, "_rewritten", refuse)
    error = refusal(written(tmp_path / "a.csv", "甲\n一\n".encode("gb18030")))
    assert (error.code, error.status) == ("disk_full", 1)


# Not getrusage: its peak begins with that of the process that forked the child.
CHILD = """
import re, sys, time
from pathlib import Path
from bot.tables.errors import TableError
from bot.tables.reading import open_table
began = time.monotonic()
try:
    open_table(Path(sys.argv[1]), Path(sys.argv[2]))
except TableError as error:
    print(error.code, time.monotonic() - began, int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024)
"""


@pytest.mark.parametrize("kind", ["zipped gibibyte", "one line", "gb18030 line", "wide row"])
def test_a_giant_is_refused_soon_and_in_little_memory(tmp_path: Path, kind: str) -> None:
    """A gibibyte in a megabyte of xlsx, one line without end, cells without end: less than 300 MiB and 10 seconds."""
    child = subprocess.run(
        [sys.executable, "-c", CHILD, GIANTS[kind](tmp_path), tmp_path], capture_output=True, text=True, check=True, cwd=ROOT
    )
    code, seconds, memory = child.stdout.split()
    assert code in ("xlsx_too_large", "broken_file", "cell_too_long", "too_many_columns")
    assert (float(seconds) < 10, int(memory) < 300) == (True, True), child.stdout


ROOT = Path(__file__).parent.parent.parent


def wide_row(folder: Path) -> Path:
    """A row of half a million cells."""
    return hand_made(folder / "a.xlsx", sheet_xml('<row r="1">' + "".join(f"<c><v>{at}</v></c>" for at in range(500_000)) + "</row>"))


GIANTS: dict[str, Make] = {
    "zipped gibibyte": lambda folder: flat(folder, 1024 * MIB),
    "one line": lambda folder: written(folder / "a.csv", b"a" * 128 * MIB),
    "gb18030 line": lambda folder: written(folder / "a.csv", "重".encode("gb18030") * 32 * MIB),
    "wide row": wide_row,
}
