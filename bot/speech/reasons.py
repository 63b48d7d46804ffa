"""Behind an answer beside the bill: the working of the estimates it rests on, and every figure with its basis and source."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bot.speech.estimate_words import figure_lines, why_lines
from bot.speech.voice import Voice
from engine import Admission, Change, Comparison, Note, PremiumAnswer, YearLedger


def reason_lines(voice: Voice, answer: Note) -> list[str]:
    """The lines behind a note that carries a whole answer."""
    return list(_REASONS[answer.key](voice, answer.values["answer"]))


def _compare(voice: Voice, answer: Comparison) -> Iterator[str]:
    for row in answer.cheapest[:1]:
        yield voice.say("why.of_facility", facility=row.facility)
        yield from why_lines(voice, row.estimate)


def _changed(voice: Voice, answer: Change) -> Iterator[str]:
    for side in (answer.before, answer.after):
        if side.estimate is not None:
            yield voice.say("why.of_edition", edition=side.policy.edition, title=side.policy.title)
            yield from why_lines(voice, side.estimate)


def _admission(voice: Voice, answer: Admission) -> Iterator[str]:
    yield from why_lines(voice, answer.most)


def _year(voice: Voice, answer: YearLedger) -> Iterator[str]:
    yield voice.say("why.thresholds")
    for layer in dict.fromkeys(mark.layer for mark in answer.marks):
        figures = [figure for mark in answer.marks if mark.layer == layer for figure in mark.figures]
        yield voice.say("why.of_layer", layer=layer)
        yield from figure_lines(voice, dict.fromkeys(figures), answer.sources)
    yield from map(voice.note, answer.cautions)
    yield voice.say("why.closing", hotline=answer.policy.hotline)


def _premium(voice: Voice, answer: PremiumAnswer) -> Iterator[str]:
    figures = dict.fromkeys(figure for share in answer.shares for figure in share.figures)
    yield voice.say("why.premium", year=str(answer.year), place=answer.policy.name)
    yield from figure_lines(voice, figures, answer.sources)
    yield from map(voice.note, answer.cautions)
    yield voice.say("why.closing", hotline=answer.policy.hotline)


_REASONS: Mapping[str, Callable[[Voice, Any], Iterator[str]]] = {
    "admission": _admission,
    "changed": _changed,
    "compare": _compare,
    "premium": _premium,
    "year": _year,
}
