"""The sheet a person takes home, really set and read back."""

import re
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import segno

from bot.knowledge import Knowledge
from bot.langs import LANGS
from bot.paper import Back, press, sheet_lines, sheet_pdf, sheets_galley, sheets_pdf
from engine import estimate, read_case
from tests.doors.test_command import run

MADE = date(2026, 11, 29)
#: Sets so many different sheets, one after the other, and tells the memory of the process in the middle and at the end, in megabytes.
_ONE_BY_ONE = """
import sys
from pathlib import Path
from bot.knowledge import read_knowledge
from tests.paper.test_sheet import CASE, pdf

def memory():
    return int(Path("/proc/self/statm").read_text().split()[1]) // 256

knowledge = read_knowledge()
for number in range(int(sys.argv[1])):
    if number == int(sys.argv[1]) // 2:
        print(memory())
    pdf(knowledge, CASE | {"total": str(32000 + number)})
print(memory())
"""
BACK = Back("https://example.org/t/ABCDE23456", "ABCDE 23456")
CASE = {
    "place": "anhui-bozhou",
    "category": "subsistence_allowance",
    "facility": "county",
    "total": "32000",
    "self_funded": "3000",
    "expired_ok": True,
}
#: Every amount is as long as it gets, every layer pays, and everything is assumed.
LONG = CASE | {"facility": "outside_province", "total": "99999999.99", "self_funded": "12345678.91", "registered": False}
REFUSED = CASE | {"on": "2001-01-01"}
A4_POINTS = (595, 842)


def pdf(knowledge: Knowledge, case: dict[str, Any], lang: str = "zh_CN", form: Any = "a4", back: Back | None = BACK) -> bytes:
    """A case's sheet."""
    answer = estimate(read_case(case), knowledge.shelf, MADE)
    return sheet_pdf(knowledge.voice(lang), answer, form=form, made=MADE, back=back)


def words(sheet: bytes) -> str:
    """All words of a PDF, without spaces and line ends."""
    document = pypdfium2.PdfDocument(sheet)
    return re.sub(r"\s", "", "".join(page.get_textpage().get_text_range() for page in document))


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("case", [CASE, LONG, REFUSED], ids=["usual", "long", "refused"])
def test_a_sheet_is_one_page_of_a4(knowledge: Knowledge, case: dict[str, Any], lang: str) -> None:
    """Whatever the estimate, in both languages."""
    document = pypdfium2.PdfDocument(pdf(knowledge, case, lang))
    assert len(document) == 1
    assert tuple(round(side) for side in document[0].get_size()) == A4_POINTS


def test_a_sheet_holds_the_amounts_their_working_and_what_to_do_next(knowledge: Knowledge) -> None:
    """The hand-checked talk of one sentence: 27,482.50 and 4,517.50, every layer, papers, hotline, day, and a mark for what is not firm."""
    said = words(pdf(knowledge, CASE))
    for part in (
        "27,482.50元",
        "4,517.50元",
        "22,800元",
        "130元",
        "4,552.50元",
        "12393",
        "2026年11月29日",
        "待核实",
        "约数",
        "以结算单为准",
    ):
        assert part in said
    assert "ABCDE23456" in said


def test_a_refused_estimate_has_no_amounts(knowledge: Knowledge) -> None:
    """Its sheet says why, and whom to ask."""
    answer = estimate(read_case(REFUSED), knowledge.shelf, MADE)
    assert answer.status == "refused"
    lines = sheet_lines(knowledge.voice("zh_CN"), answer, made=MADE)
    assert lines["strip"] == []
    assert "12393" in words(pdf(knowledge, REFUSED))


def test_a_sheet_can_be_read_by_those_who_cannot_see(knowledge: Knowledge) -> None:
    """It is tagged, names its language, and carries its own font."""
    sheet = pdf(knowledge, CASE)
    document = pypdfium2.PdfDocument(sheet)
    assert document.get_metadata_value("Title") == "明白纸：看病能报多少"
    assert pypdfium2.raw.FPDFCatalog_IsTagged(document)
    for part in (b"/MarkInfo", b"/StructTreeRoot", b"/FontFile", b"pdfuaid"):
        assert part in sheet


def test_a_slip_is_narrow_and_says_the_same_amounts(knowledge: Knowledge) -> None:
    """58 mm wide, one piece, with the amounts, the marks and the code."""
    slip = pdf(knowledge, CASE, form="slip")
    document = pypdfium2.PdfDocument(slip)
    assert len(document) == 1
    assert round(document[0].get_width() / 72 * 25.4) == 58
    said = words(slip)
    assert all(part in said for part in ("27,482.50元", "4,517.50元", "待核实", "12393", "ABCDE23456"))


def test_without_a_talk_there_is_no_way_back(knowledge: Knowledge) -> None:
    """From the command line a sheet leads to no talk and has no code."""
    assert "ABCDE" not in words(pdf(knowledge, CASE, back=None))
    assert sheet_lines(knowledge.voice("zh_CN"), estimate(read_case(CASE), knowledge.shelf, MADE), made=MADE)["back"] is None


def test_the_code_leads_to_the_address() -> None:
    """The squares on the sheet are those of the address, at a level that survives a fold."""
    from bot.paper.press import _qr

    expected = segno.make(BACK.address, error="m", micro=False, boost_error=False)
    squares = re.compile(r' d="(m[^"]+|M[^"]+)"')
    drawn = expected.svg_inline(border=4, dark="#000", light="#fff")
    assert squares.findall(_qr(BACK.address))[-1] == squares.findall(drawn)[-1]


def test_the_command_writes_a_sheet(tmp_path: Path) -> None:
    """--pdf writes the file beside the usual answer; --slip needs it; a folder that is not there is said kindly, and nothing is left."""
    asked = [word for name, value in CASE.items() if name != "expired_ok" for word in (f"--{name.replace('_', '-')}", str(value))]
    done = run("estimate", *asked, "--pdf", str(tmp_path / "sheet.pdf"), data_dir=tmp_path)
    assert done.returncode == 0
    assert "4,517.50" in done.stdout
    assert (tmp_path / "sheet.pdf").read_bytes().startswith(b"%PDF")
    refused = run("estimate", *asked, "--pdf", str(tmp_path / "no" / "sheet.pdf"), data_dir=tmp_path)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "写不到" in refused.stderr
    assert run("estimate", *asked, "--slip", data_dir=tmp_path).returncode == 2
    assert [path.name for path in tmp_path.glob("*.pdf")] == ["sheet.pdf"]


@pytest.mark.parametrize("lang", LANGS)
def test_many_sheets_are_one_file(knowledge: Knowledge, lang: str) -> None:
    """A page each, in their order, tagged; the longest label and the longest estimate fit on one; none has the amounts of another."""
    named = [("3号院", CASE), ("", CASE | {"total": "20000", "self_funded": "0"}), ("长" * 60, LONG), ("老规定", REFUSED)]
    answers = [(label, estimate(read_case(case), knowledge.shelf, MADE)) for label, case in named]
    for form in ("a4", "slip"):
        sheet = sheets_pdf(knowledge.voice(lang), answers, form=form, made=MADE)  # type: ignore[arg-type]
        document = pypdfium2.PdfDocument(sheet)
        pages = [re.sub(r"\s", "", page.get_textpage().get_text_range()) for page in document]
        assert len(pages) == len(named)
        assert [label in page for (label, _), page in zip(named, pages, strict=True)] == [True] * 4
        assert ["4,517.50" in page for page in pages] == [True, False, False, False]
        assert ["1,100" in page for page in pages] == [False, True, False, False]
        assert pypdfium2.raw.FPDFCatalog_IsTagged(document)
        assert b"pdfuaid" in sheet


def test_a_sheet_alone_is_the_page_that_it_is_among_others(knowledge: Knowledge) -> None:
    """The same words, with or without others before it."""
    voice, answer = knowledge.voice("zh_CN"), estimate(read_case(CASE), knowledge.shelf, MADE)
    many = pypdfium2.PdfDocument(sheets_pdf(voice, [("", answer), ("", answer)], form="a4", made=MADE))
    alone = pypdfium2.PdfDocument(sheet_pdf(voice, answer, form="a4", made=MADE))
    said = [page.get_textpage().get_text_range() for page in (*many, *alone)]
    assert said[0] == said[1] == said[2]


def test_sheets_that_are_fitted_some_at_a_time_are_as_each_alone(knowledge: Knowledge, monkeypatch: pytest.MonkeyPatch) -> None:
    """Byte by byte the file that is set in one go, whatever their length, and each sheet in the size it has alone."""
    cases = [
        CASE,
        LONG,
        REFUSED,
        CASE | {"category": "ordinary", "total": "300", "self_funded": "0"},
        LONG | {"total": "52000", "self_funded": "7"},
    ] * 2
    answers = [("3号院", estimate(read_case(case), knowledge.shelf, MADE)) for case in cases]
    voice = knowledge.voice("zh_CN")
    at_once = sheets_pdf(voice, answers, form="a4", made=MADE)
    monkeypatch.setattr(press, "_FITTED_AT_ONCE", 3)
    assert sheets_pdf(voice, answers, form="a4", made=MADE) == at_once
    many = pypdfium2.PdfDocument(at_once)
    for page, (label, answer) in zip(many, answers, strict=True):
        alone = pypdfium2.PdfDocument(sheet_pdf(voice, answer, form="a4", made=MADE, label=label))[0]
        assert page.get_textpage().get_text_range() == alone.get_textpage().get_text_range()
        assert sizes(page) == sizes(alone)


def sizes(page: pypdfium2.PdfPage) -> list[float]:
    """Where each word of a page stands."""
    return [round(side, 1) for each in page.get_objects() for side in each.get_bounds()]


def test_sheets_set_one_by_one_do_not_fill_the_memory() -> None:
    """In a process that prints for one person after the other: typst forgets what it worked out for earlier ones."""
    done = subprocess.run([sys.executable, "-c", _ONE_BY_ONE, "40"], check=True, capture_output=True, text=True)
    half, end = map(int, done.stdout.split())
    assert end - half < 40, done.stdout


def test_only_few_sheets_are_small(knowledge: Knowledge) -> None:
    """A large one alone, and some slips: others keep the memory of more."""
    answer = estimate(read_case(CASE), knowledge.shelf, MADE)
    voice = knowledge.voice("zh_CN")
    for form, few in (("a4", 1), ("slip", 20)):
        galleys = [sheets_galley(voice, [("", answer)] * count, form=form, made=MADE) for count in (few, few + 1)]  # type: ignore[arg-type]
        assert [galley.is_small for galley in galleys] == [True, False]
