"""Sets the lines of sheets with typst. The data travels as one JSON text in `sys.inputs` and is never pasted into the source.

typst keeps what it worked out for the last ten documents, some ten megabytes a large sheet, and its process never gives all of them back:
what is not small (`Galley.is_small`) belongs into a process of its own.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from bot.paper.errors import PrintMissingError
from bot.paper.lines import sheet_lines
from bot.speech import Voice
from engine import Estimate

if TYPE_CHECKING:
    import typst

Form = Literal["a4", "slip"]

_TEMPLATES = {"a4": "sheet.typ", "slip": "slip.typ"}
#: PDF for everybody: a title, a language, words for every picture, an order of reading.
_ACCESSIBLE: Literal["ua-1"] = "ua-1"
#: Large sheets that are fitted to their pages in one go: what was tried for them is forgotten before the next.
_FITTED_AT_ONCE = 20
#: typst forgets what no document of so many, one after the other, has needed.
_FORGETS_AFTER = 11
#: What is set while somebody waits, in a process that has others to serve.
_SMALL: dict[str, int] = {"sheet.typ": 1, "slip.typ": 20, "reminders.typ": 20}
#: Empty edge around a QR code, in its own squares, without which cameras do not find it.
_QUIET = 4


@dataclass(frozen=True, slots=True)
class Back:
    """The way back to the talk: an address for the camera, and the short code that is printed beside it in letters."""

    address: str
    code: str


def sheet_pdf(voice: Voice, answer: Estimate, *, form: Form, made: date, back: Back | None = None, label: str = "") -> bytes:
    """The sheet of an estimate as a tagged PDF with its font embedded; a refused estimate has one too.

    `form`: "a4", one page in large print (14 pt and more, 12 pt for the longest), or "slip", 58 mm wide and as long as needed. `made`: the
    day printed on it. `back`: None prints no QR code; `label`: whose it is, as a coordinator calls them. Takes about 50 ms, 200 ms the
    first time; call it outside the event loop.
    Raises PrintMissingError without the extra `[print]`, ValueError for an address that fits no QR code.
    """
    lines = sheet_lines(voice, answer, made=made, label=label)
    if back is not None:
        lines["back"] = {
            "words": voice.say("paper.back"),
            "label": voice.say("paper.code"),
            "code": back.code,
            "picture": _qr(back.address),
        }
    return Galley(_TEMPLATES[form], [lines], 1).pdf()


def sheets_pdf(voice: Voice, answers: Iterable[tuple[str, Estimate]], *, form: Form, made: date) -> bytes:
    """The sheets of several households, at least one, as one such PDF: a page (or slip) for each, in their order, its label on top.

    No QR code leads back: behind the households of a desk is no talk. Takes about 30 ms each. Raises PrintMissingError.
    """
    return sheets_galley(voice, answers, form=form, made=made).pdf()


def sheets_galley(voice: Voice, answers: Iterable[tuple[str, Estimate]], *, form: Form, made: date) -> "Galley":
    """The lines of these sheets, still to be set."""
    lines = [sheet_lines(voice, answer, made=made, label=label) for label, answer in answers]
    return Galley(_TEMPLATES[form], lines, len(lines))


def is_small(form: Form, count: int) -> bool:
    """Whether so many sheets may be set in a process that has others to serve."""
    return count <= _SMALL[_TEMPLATES[form]]


@dataclass(frozen=True, slots=True)
class Galley:
    """What is to be set by one template of this folder, as JSON can hold it. `count`: of its sheets or slips."""

    template: str
    lines: Any
    count: int

    @property
    def is_small(self) -> bool:
        """Whether it may be set in a process that has others to serve."""
        return self.count <= _SMALL[self.template]

    def pdf(self) -> bytes:
        """A tagged PDF. Raises PrintMissingError."""
        typst = _typst()
        compiler = self._compiler(_told(self.lines) | self._looks())
        try:
            return _one_file(compiler.compile(format="pdf", pdf_standards=_ACCESSIBLE))
        except typst.TypstError:
            # A letter that the font does not have (a name in an overlay) is all that may be wrong: tagged still, but promising less.
            return _one_file(compiler.compile(format="pdf"))

    def _looks(self) -> dict[str, str]:
        """Many large sheets are fitted some at a time, in a quarter of the memory and half the time; alone, each fits itself."""
        if self.template != _TEMPLATES["a4"] or self.count <= _FITTED_AT_ONCE:
            return {}
        parts = (self.lines[at : at + _FITTED_AT_ONCE] for at in range(0, self.count, _FITTED_AT_ONCE))
        return {"looks": json.dumps([look for part in parts for look in self._fitted(part)])}

    def _fitted(self, lines: Sequence[dict[str, Any]]) -> list[int]:
        fitted: list[int] = json.loads(self._compiler(_told(lines) | {"fit": ""}).query("<look>", field="value"))
        for _ in range(_FORGETS_AFTER):
            _typst().Compiler(input=b"", font_paths=_fonts()).compile(format="pdf")
        return fitted

    def _compiler(self, inputs: dict[str, str]) -> "typst.Compiler":
        compiler: typst.Compiler = _typst().Compiler(input=Path(__file__).with_name(self.template), font_paths=_fonts(), sys_inputs=inputs)
        return compiler


def _told(lines: Any) -> dict[str, str]:
    return {"data": json.dumps(lines, ensure_ascii=False)}


def _one_file(compiled: bytes | list[bytes] | None) -> bytes:
    if not isinstance(compiled, bytes):
        raise TypeError("typst gave no single file")
    return compiled


def _typst() -> Any:
    try:
        import typst
    except ModuleNotFoundError as error:
        raise PrintMissingError("typst") from error
    return typst


@cache
def _fonts() -> "typst.Fonts":
    """The Chinese font of the wheel and no other: what stands on paper must not depend on the machine."""
    found = find_spec("pylopdf_fonts_zh_cn")
    if found is None or found.origin is None:
        raise PrintMissingError("pylopdf-fonts-zh-cn")
    fonts: typst.Fonts = _typst().Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(Path(found.origin).parent)]
    )
    return fonts


def _qr(address: str) -> str:
    """A QR code as SVG, its quiet zone within."""
    try:
        import segno
    except ModuleNotFoundError as error:
        raise PrintMissingError("segno") from error
    drawn = BytesIO()
    segno.make_qr(address, error="m", boost_error=False).save(drawn, kind="svg", border=_QUIET, xmldecl=False, light="#fff")
    return drawn.getvalue().decode()
