"""Who pays what, as one picture: a stacked bar in SVG with a text twin. No words of a person ever enter it."""

from xml.sax.saxutils import escape, quoteattr

from bot.speech.voice import Voice
from engine import Estimate

#: Colours chosen to differ in brightness too, so that the picture reads without colour; the last is what the person pays.
_COLOURS = ("#1f6f5c", "#3c9a7f", "#79bf9f", "#a9d8c0", "#cfe9db")
_OWN_COLOUR = "#d9822b"
_WIDTH, _BAR, _ROW, _MARGIN = 480, 52, 38, 12


def who_pays(voice: Voice, answer: Estimate) -> dict[str, str] | None:
    """The attachment of an estimate: {"kind", "media_type", "text", "data"}, or None when there is nothing to divide."""
    parts = _parts(voice, answer)
    if answer.case.total == 0 or not parts:
        return None
    return {"kind": "picture", "media_type": "image/svg+xml", "text": _twin(voice, parts), "data": _svg(voice, parts, answer.case.total)}


def _parts(voice: Voice, answer: Estimate) -> list[tuple[str, int, str]]:
    own = answer.out_of_pocket
    if own is None:
        return []
    paid = [(voice.say(f"layer.{layer.key}"), layer.payout) for layer in answer.layers if layer.payout]
    parts = [(label, amount, _COLOURS[min(number, len(_COLOURS) - 1)]) for number, (label, amount) in enumerate(paid)]
    if answer.hospital_borne:
        parts.append((voice.say("chart.hospital"), answer.hospital_borne, "#8a8f98"))
    return [*parts, (voice.say("chart.own"), own.amount, _OWN_COLOUR)] if own.amount else parts


def _twin(voice: Voice, parts: list[tuple[str, int, str]]) -> str:
    said = [voice.say("chart.part", label=label, amount=amount) for label, amount, _ in parts]
    return voice.say("chart.twin", words=voice.say("comma").join(said))


def _svg(voice: Voice, parts: list[tuple[str, int, str]], total: int) -> str:
    height = _MARGIN * 2 + _BAR + _ROW * len(parts)
    inner = _WIDTH - 2 * _MARGIN
    bars, rows, left = [], [], 0
    for number, (label, amount, colour) in enumerate(parts):
        x, width = _MARGIN + inner * left / total, inner * amount / total
        bars.append(f'<rect x="{x:.2f}" y="{_MARGIN}" width="{width:.2f}" height="{_BAR}" fill="{colour}" stroke="#fff"/>')
        y = _MARGIN + _BAR + _ROW * number + 28
        words = escape(voice.say("chart.part", label=label, amount=amount))
        share = f"{amount * 100 / total:.1f}%"
        rows.append(f'<rect x="{_MARGIN}" y="{y - 17}" width="20" height="20" rx="3" fill="{colour}" stroke="#888"/>')
        rows.append(f'<text x="{_MARGIN + 32}" y="{y}">{words}</text>')
        rows.append(f'<text x="{_WIDTH - _MARGIN}" y="{y}" text-anchor="end">{share}</text>')
        left += amount
    style = "text{font:22px 'Noto Sans CJK SC','PingFang SC','Microsoft YaHei',sans-serif;fill:#1d2528}"
    twin = quoteattr(_twin(voice, parts))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" aria-label={twin}>'
    return f"{head}<style>{style}</style>{''.join(bars)}{''.join(rows)}</svg>"
