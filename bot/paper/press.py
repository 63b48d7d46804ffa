"""Sets the lines of sheets with typst. The data travels as one JSON text in `sys.inputs` and is never pasted into the source."""

import json
from collections.abc import Iterable
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
_ACCESSIBLE = "ua-1"
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
    return set_lines(_TEMPLATES[form], [lines])


def sheets_pdf(voice: Voice, answers: Iterable[tuple[str, Estimate]], *, form: Form, made: date) -> bytes:
    """The sheets of several households, at least one, as one such PDF: a page (or slip) for each, in their order, its label on top.

    No QR code leads back: behind the households of a desk is no talk. Takes about 50 ms each. Raises PrintMissingError.
    """
    return set_lines(_TEMPLATES[form], [sheet_lines(voice, answer, made=made, label=label) for label, answer in answers])


def set_lines(template: str, lines: Any) -> bytes:
    """What is set by one template of this folder, as JSON can hold it, as a tagged PDF. Raises PrintMissingError."""
    typst = _typst()
    compiler = typst.Compiler(
        input=Path(__file__).with_name(template), font_paths=_fonts(), sys_inputs={"data": json.dumps(lines, ensure_ascii=False)}
    )
    try:
        return _one_file(compiler.compile(format="pdf", pdf_standards=_ACCESSIBLE))
    except typst.TypstError:
        # A letter that the font does not have (a name in an overlay) is all that may be wrong: tagged still, but promising less.
        return _one_file(compiler.compile(format="pdf"))


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
