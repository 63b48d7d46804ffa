"""The workbook around a sheet: which sheet is meant, its shared strings, which styles are days, which cells are merged."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format, is_timedelta_format  # type: ignore[import-untyped]
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH  # type: ignore[import-untyped]

from bot.tables.errors import TableError
from bot.tables.xlsx_zip import MIB, MOST_STRINGS, MOST_STYLES, Package, whole

_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]{0,200}?ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')
_HOLDS = re.compile(rb"<(?:\w+:)?(?:v|is)[ >]")
_MERGED_UNTIL_ROW, _MOST_MERGES = 40, 10_000


@dataclass(frozen=True, slots=True)
class Merge:
    """Cells merged into one: first and last row and column, counted from 1."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True, slots=True)
class Book:
    """What is needed to read one sheet."""

    sheet: str
    part: str
    others: tuple[str, ...]
    strings: list[str]
    days: frozenset[int]
    epoch: datetime
    merges: tuple[Merge, ...]


def open_book(package: Package) -> Book:
    """The first visible sheet and what its cells refer to; `others` are the visible sheets behind it that hold data.

    Raises TableError: broken_file, xlsx_too_large, empty_sheet.
    """
    main = next((target for kind, _, target in _relations(package, "") if kind == "officeDocument"), "xl/workbook.xml")
    related = list(_relations(package, main))
    sheets, epoch = _sheets(package, main, {key: target for kind, key, target in related if kind == "worksheet"})
    if not sheets:
        raise package.broken()
    (name, part), *behind = sheets.items()
    others = tuple(other for other, target in behind if _holds_data(package, target))
    if others and not _holds_data(package, part):
        raise TableError("empty_sheet", name=package.path.name, sheet=name, others=list(others))
    named = {kind: target for kind, _, target in related if target in package}
    strings = shared_strings(package, named["sharedStrings"]) if "sharedStrings" in named else []
    days = _days(package, named["styles"]) if "styles" in named else frozenset()
    return Book(name, part, others, strings, days, epoch, _merges(package, part))


def column_number(letters: str) -> int:
    """A -> 1, AA -> 27."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def column_letters(number: int) -> str:
    """1 -> A, 27 -> AA."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _relations(package: Package, part: str) -> Iterator[tuple[str, str, str]]:
    """Kind, key and target of what a part refers to."""
    folder, file = posixpath.split(part)
    listed = posixpath.join(folder, "_rels", f"{file}.rels")
    for tag, attributes in package.tags(listed):
        if tag == "Relationship" and attributes.get("TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/", folder, attributes.get("Target", ""))).lstrip("/")
            yield attributes.get("Type", "").rpartition("/")[2], attributes.get("Id", ""), target


def _sheets(package: Package, main: str, targets: dict[str, str]) -> tuple[dict[str, str], datetime]:
    """The visible sheets with cells, in order, and the day from which the workbook counts."""
    sheets, epoch = {}, WINDOWS_EPOCH
    for tag, attributes in package.tags(main):
        if tag == "sheet" and attributes.get("state", "visible") == "visible":
            key = next((value for name, value in attributes.items() if name.rpartition(":")[2] == "id"), "")
            if key in targets and targets[key] in package:
                sheets[attributes.get("name", "")] = targets[key]
        elif tag == "workbookPr" and attributes.get("date1904") in ("1", "true"):
            epoch = MAC_EPOCH
    return sheets, epoch


def _holds_data(package: Package, part: str) -> bool:
    """Whether a sheet has a value in its first megabyte."""
    seen = 0
    for block in package.blocks(part):
        if _HOLDS.search(block):
            return True
        seen += len(block)
        if seen > MIB:
            break
    return False


def shared_strings(package: Package, part: str) -> list[str]:
    """The texts to which cells refer by number, without the pronunciation that may stand beside them."""
    package.bound(part, MOST_STRINGS)
    strings: list[str] = []
    pieces: list[str] = []
    inside = spoken = False

    def start(tag: str, _: dict[str, str]) -> None:
        nonlocal inside, spoken
        if tag == "rPh":
            spoken = True
        elif tag == "t":
            inside = not spoken

    def text(piece: str) -> None:
        if inside:
            pieces.append(piece)

    def end(tag: str) -> None:
        nonlocal inside, spoken
        if tag == "t":
            inside = False
        elif tag == "rPh":
            spoken = False
        elif tag == "si":
            strings.append("".join(pieces))
            pieces.clear()

    package.parse(part, start, text, end)
    return strings


def _days(package: Package, part: str) -> frozenset[int]:
    """The numbers of the styles in which a number is a day."""
    package.bound(part, MOST_STYLES)
    formats: dict[int, Any] = dict(BUILTIN_FORMATS)
    styles: list[int] = []
    inside = False

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal inside
        key = whole(attributes.get("numFmtId", "")) or 0
        if tag == "numFmt":
            formats[key] = attributes.get("formatCode", "")
        elif tag in ("cellXfs", "cellStyles", "dxfs"):
            inside = tag == "cellXfs"
        elif tag == "xf" and inside:
            styles.append(key)

    package.parse(part, start, lambda _: None, lambda _: None)
    # Formats 27 to 36 and 50 to 58 are days in Chinese Excel, and only there.
    chinese = {*range(27, 32), 36, *range(50, 59)}
    days = {key for key, code in formats.items() if is_date_format(code) and not is_timedelta_format(code)} | (chinese - formats.keys())
    return frozenset(at for at, key in enumerate(styles) if key in days)


def _merges(package: Package, part: str) -> tuple[Merge, ...]:
    """The merged cells of the first rows. They stand behind all rows; looking for them also proves that the whole part unpacks."""
    found: list[Merge] = []
    rest = b""
    for block in package.blocks(part):
        text = rest + block
        for left, top, right, bottom in _MERGED.findall(text):
            if int(top) <= _MERGED_UNTIL_ROW and len(found) < _MOST_MERGES:
                found.append(Merge(int(top), column_number(left.decode()), int(bottom), column_number(right.decode())))
        rest = text[max(text.rfind(b">") + 1, len(text) - 300) :]
    return tuple(found)
