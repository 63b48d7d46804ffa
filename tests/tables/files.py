"""Files as they come from offices, and as somebody means harm: made here, so that no binary stands in the repository."""

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl

from bot.tables.errors import TableError
from bot.tables.reading import open_table

Row = tuple[Any, ...]

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
SHEET = "xl/worksheets/sheet1.xml"


def book(path: Path, rows: Sequence[Sequence[Any]], merged: Sequence[str] = ()) -> Path:
    """A workbook as openpyxl writes it."""
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(list(row))
    for cells in merged:
        made.active.merge_cells(cells)
    made.save(path)
    return path


def parts(sheet: str) -> dict[str, str]:
    """The least parts of a workbook around the XML of one sheet."""
    return {
        "_rels/.rels": f'{_HEAD}<Relationships xmlns="{_PACKAGE}"><Relationship Id="r1" Type="{_OFFICE}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/_rels/workbook.xml.rels": f'{_HEAD}<Relationships xmlns="{_PACKAGE}"><Relationship Id="r1" Type="{_OFFICE}/worksheet" '
        'Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/workbook.xml": f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
        f'<sheet name="表" sheetId="1" r:id="r1"/></sheets></workbook>',
        SHEET: sheet,
    }


def sheet_xml(rows: str, before: str = "") -> str:
    """The XML of a sheet around its rows."""
    return f'{_HEAD}{before}<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData></worksheet>'


def cell(reference: str, said: str) -> str:
    """A cell with text of its own."""
    return f'<c r="{reference}" t="inlineStr"><is><t>{said}</t></is></c>'


HEADER = f'<row r="1">{cell("A1", "甲")}{cell("B1", "乙")}</row>'


def hand_made(path: Path, sheet: str, **more: str) -> Path:
    """A workbook of the least parts."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in {**parts(sheet), **more}.items():
            archive.writestr(name, text)
    return path


def written(path: Path, data: bytes) -> Path:
    """A file of such bytes."""
    path.write_bytes(data)
    return path


def rows_of(path: Path, size: int = 1000) -> tuple[tuple[str, ...], list[Row]]:
    """Columns and rows of a file, and proof that nothing is left in the scratch folder."""
    scratch = path.parent / "scratch"
    scratch.mkdir(exist_ok=True)
    with open_table(path, scratch) as table:
        frames = list(table.frames(size))
        assert all(frame.columns == list(table.columns) and 0 < frame.height <= size for frame in frames)
        assert table.rows == sum(frame.height for frame in frames)
    assert list(scratch.iterdir()) == []
    return table.columns, [row for frame in frames for row in frame.rows()]


def refusal(path: Path) -> TableError:
    """Why a file is refused, when opened or when read; the scratch folder stays empty."""
    try:
        rows_of(path)
    except TableError as error:
        assert list((path.parent / "scratch").iterdir()) == []
        return error
    raise AssertionError(f"{path.name} was read")


def frame(**columns: Sequence[Any]) -> pl.DataFrame:
    """A frame of such columns."""
    return pl.DataFrame(columns)
