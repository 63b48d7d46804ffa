"""Who pays what, as pictures: one stacked bar for a bill, several for hospitals or settlements. No words of a person ever enter one.

A picture is told three times over: as an SVG for whoever shows pictures, as `bars` for a page that draws its own, and in words.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from bot.speech.voice import Voice
from engine import Comparison, Estimate, YearLedger, firmness, own_cost, yuan

#: More settlements than this make no picture.
_MOST_BARS = 12

#: Brightness differs from tone to tone, and every piece has its number too, so that the picture reads without colour.
_TONES = {"0": "#329a80", "1": "#58ab8c", "2": "#8ecbad", "3": "#bfe3cf", "hospital": "#8a8f98", "own": "#e39a45"}
_LAYER_TONES = 4
_WIDTH, _MARGIN, _BAR, _LINE, _SMALL = 480, 12, 52, 38, 30
#: A piece narrower than this has no room for its number.
_ROOM = 26


@dataclass(frozen=True, slots=True)
class Part:
    """One payer's piece of a bar; `amount` in fen. The tone is its layer's place, `hospital` or `own`."""

    label: str
    amount: int
    tone: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One bill, cut into pieces. `label` tells it from the others, `own` what the person pays of it, in words."""

    parts: tuple[Part, ...]
    label: str = ""
    own: str = ""

    @property
    def total(self) -> int:
        """The bill, in fen."""
        return sum(part.amount for part in self.parts)


def who_pays(voice: Voice, answer: Estimate) -> dict[str, Any] | None:
    """The picture of an estimate, or None when there is nothing to divide."""
    bar = _bar_of(voice, answer)
    return _picture(voice, [bar], voice.say("chart.twin", words=_twin(voice, bar))) if bar else None


def hospitals(voice: Voice, answer: Comparison) -> dict[str, Any] | None:
    """The picture of one bill at every level of hospital; None when fewer than two can be computed."""
    bars = [bar for row in answer.rows if (bar := _bar_of(voice, row.estimate, _level(voice, row.facility, registered=row.registered)))]
    return _picture(voice, bars, _twins(voice, bars)) if len(bars) > 1 else None


def settlements(voice: Voice, answer: YearLedger) -> dict[str, Any] | None:
    """The picture of a year's settlements; None for a single one and for very many."""
    if not 1 < len(answer.rows) <= _MOST_BARS:
        return None
    bars = list(_stays(voice, answer))
    return _picture(voice, bars, _twins(voice, bars))


def _bar_of(voice: Voice, answer: Estimate, label: str = "") -> Bar | None:
    own = answer.out_of_pocket
    if own is None or not answer.case.total:
        return None
    firm = firmness(answer)
    payouts = [(layer.key, layer.payout) for layer in answer.layers]
    # Several bars have one legend, and each says beside its label how firm it is.
    parts = _parts(voice, payouts, answer.hospital_borne, own.amount, "exact" if label else firm)
    return Bar(parts, label, voice.say(f"compare.own.{firm}", amount=own_cost(answer))) if parts else None


def _stays(voice: Voice, answer: YearLedger) -> Iterator[Bar]:
    for number, row in enumerate(answer.rows, start=1):
        firm, outcome = "most" if row.open else "exact", row.outcome
        parts = _parts(voice, outcome.payouts.items(), outcome.hospital, outcome.own, "exact")
        label = voice.say("chart.settlement", number=number, facility=row.bill.facility)
        yield Bar(parts, label, voice.say(f"compare.own.{firm}", amount=outcome.own))


def _parts(voice: Voice, payouts: Iterable[tuple[str, int]], hospital: int, own: int, firm: str) -> tuple[Part, ...]:
    """The pieces in the order in which they are paid; layers keep their tone from bar to bar, also where one of them pays nothing."""
    layers = [
        Part(voice.say(f"layer.{key}"), amount, str(min(place, _LAYER_TONES - 1))) for place, (key, amount) in enumerate(payouts) if amount
    ]
    others = [Part(voice.say("chart.hospital"), hospital, "hospital"), Part(voice.say(f"chart.own.{firm}"), own, "own")]
    return (*layers, *(part for part in others if part.amount))


def _level(voice: Voice, facility: str, *, registered: bool | None) -> str:
    if registered is None:
        return voice.say(f"facility.{facility}")
    return voice.say("chart.registered" if registered else "chart.unregistered", facility=facility)


def _twin(voice: Voice, bar: Bar) -> str:
    return voice.say("comma").join(voice.say("chart.part", label=part.label, amount=part.amount) for part in bar.parts)


def _twins(voice: Voice, bars: Iterable[Bar]) -> str:
    return "\n".join(voice.say("chart.bar", label=bar.label, words=_twin(voice, bar)) for bar in bars)


def _picture(voice: Voice, bars: Sequence[Bar], twin: str) -> dict[str, Any]:
    """The attachment of a turn's answer. `text`: the picture in words; `bars`: its amounts, as decimal strings in yuan."""
    told = [
        {
            "label": bar.label,
            "own": bar.own,
            "total": yuan(bar.total),
            "parts": [{"label": part.label, "amount": yuan(part.amount), "tone": part.tone} for part in bar.parts],
        }
        for bar in bars
    ]
    return {"kind": "picture", "media_type": "image/svg+xml", "text": twin, "data": _svg(voice, bars, twin), "bars": told}


def _numbered(bars: Sequence[Bar]) -> list[str]:
    """The payers by their numbers: layers in the order in which they pay, the hospital, the person."""
    parts = sorted((part for bar in bars for part in bar.parts), key=lambda part: tuple(_TONES).index(part.tone))
    return list(dict.fromkeys(part.label for part in parts))


def _svg(voice: Voice, bars: Sequence[Bar], twin: str) -> str:
    """Words are drawn in the colour of the page (`currentColor`), without a style sheet, which strict pages forbid."""
    labels = _numbered(bars)
    widest = max(bar.total for bar in bars)
    shapes: list[str] = []
    top = _MARGIN
    for bar in bars:
        if bar.label:
            shapes += [_text(_MARGIN, top + 20, bar.label, size=19), _text(_WIDTH - _MARGIN, top + 20, bar.own, size=19, end=True)]
            top += _SMALL
        shapes += _pieces(bar, top, widest, labels)
        top += _BAR + (_MARGIN if bar.label else 0)
    legend = _amounts(voice, bars[0]) if len(bars) == 1 else _names(bars, labels)
    shapes += _legend(legend, top)
    height = top + _LINE * len(legend) + _MARGIN
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" aria-label={quoteattr(twin)}'
    font = "font-family=\"'Noto Sans SC','Noto Sans CJK SC','PingFang SC','Microsoft YaHei',sans-serif\""
    return f'{head} {font} fill="currentColor">{"".join(shapes)}</svg>'


def _pieces(bar: Bar, top: int, widest: int, labels: list[str]) -> Iterator[str]:
    inner, left = _WIDTH - 2 * _MARGIN, 0
    for part in bar.parts:
        x, width = _MARGIN + inner * left / widest, inner * part.amount / widest
        yield (f'<rect x="{x:.2f}" y="{top}" width="{width:.2f}" height="{_BAR}" fill="{_TONES[part.tone]}" stroke="currentColor"/>')
        if width >= _ROOM:
            yield _text(x + width / 2, top + _BAR / 2 + 7, str(labels.index(part.label) + 1), size=20, middle=True)
        left += part.amount


def _amounts(voice: Voice, bar: Bar) -> list[tuple[str, str, str]]:
    """The legend of a single bar: what each pays, and its share of the bill."""
    return [
        (
            part.tone,
            voice.say("chart.part", label=part.label, amount=part.amount),
            f"{(part.amount * 2000 + bar.total) // (2 * bar.total) / 10:.1f}%",
        )
        for part in bar.parts
    ]


def _names(bars: Iterable[Bar], labels: list[str]) -> list[tuple[str, str, str]]:
    tones = {part.label: part.tone for bar in bars for part in bar.parts}
    return [(tones[label], label, "") for label in labels]


def _legend(rows: Iterable[tuple[str, str, str]], top: int) -> Iterator[str]:
    for number, (tone, words, share) in enumerate(rows, start=1):
        y = top + _LINE * (number - 1) + 28
        yield f'<rect x="{_MARGIN}" y="{y - 20}" width="26" height="26" rx="4" fill="{_TONES[tone]}" stroke="currentColor"/>'
        yield _text(_MARGIN + 13, y, str(number), size=18, middle=True)
        yield _text(_MARGIN + 38, y, words)
        if share:
            yield _text(_WIDTH - _MARGIN, y, share, end=True)


def _text(x: float, y: float, words: str, *, size: int = 22, end: bool = False, middle: bool = False) -> str:
    """Numbers on a piece are black on every tone, whatever the page's colour."""
    anchor = ' text-anchor="end"' if end else ' text-anchor="middle" fill="#14110d"' if middle else ""
    return f'<text x="{x:g}" y="{y:g}" font-size="{size}"{anchor}>{escape(words)}</text>'
