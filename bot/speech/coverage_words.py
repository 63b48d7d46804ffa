"""What of the founding documents is answered, and by what: as a table for a terminal, as the README's summary, as JSON."""

from collections.abc import Iterator, Sequence
from typing import Any
from unicodedata import east_asian_width

from bot.speech.voice import Voice
from engine import ANSWERED, Clause, Ledger

#: Columns of a terminal line that `says` gets; longer words are cut.
_SAYS_WIDTH = 64


def coverage_lines(voice: Voice, ledgers: Sequence[Ledger]) -> list[str]:
    """A line a clause, then one summary line a document."""
    lines = []
    for ledger in ledgers:
        lines += [voice.worded("title", ledger.title), *_rows(voice, ledger), ""]
    return [*lines, *(_summary(voice, ledger) for ledger in ledgers)]


def coverage_table(voice: Voice, ledgers: Sequence[Ledger]) -> list[str]:
    """The counts of each document as a Markdown table."""
    heads = [voice.say("coverage.document"), voice.say("coverage.clauses"), *(voice.say(f"coverage.{answered}") for answered in ANSWERED)]
    rows = [[voice.worded("title", each.title), str(len(each.clauses)), *(str(each.count(way)) for way in ANSWERED)] for each in ledgers]
    return [f"| {' | '.join(row)} |" for row in (heads, ["---", *["---:"] * (len(heads) - 1)], *rows)]


def coverage_json(voice: Voice, ledgers: Sequence[Ledger]) -> dict[str, Any]:
    """Every clause with its place in the text and its answer, and the counts of each document."""
    return {
        "documents": [
            {
                "document": ledger.document,
                "title": voice.worded("title", ledger.title),
                "clauses": [_clause_json(voice, clause, answered) for clause, answered in ledger.clauses],
                "summary": {"clauses": len(ledger.clauses)} | {answered: ledger.count(answered) for answered in ANSWERED},
            }
            for ledger in ledgers
        ]
    }


def _clause_json(voice: Voice, clause: Clause, answered: str) -> dict[str, Any]:
    by = clause.answered_by
    return {
        "id": clause.id,
        "at": {"paragraph": clause.at.paragraph, "sentence": clause.at.sentence},
        "kind": clause.kind,
        "numbers": list(clause.numbers),
        "say": voice.worded("says", clause.says),
        "answered": answered,
        "figures": list(by.figures or ()),
        "guidance": by.guidance,
        "coordinator": by.coordinator,
        "because": by.not_modelled and voice.worded("because", by.not_modelled),
    }


def _rows(voice: Voice, ledger: Ledger) -> Iterator[str]:
    for clause, answered in ledger.clauses:
        says = _fitted(voice.worded("says", clause.says))
        yield f"{clause.id:<4} {says} {voice.say(f'coverage.{answered}')}{voice.say('coverage.by')}{_by(voice, clause)}"


def _by(voice: Voice, clause: Clause) -> str:
    by = clause.answered_by
    if by.figures is not None:
        return by.figures[0] + (f" +{len(by.figures) - 1}" if len(by.figures) > 1 else "")
    return by.guidance or by.coordinator or str(voice.worded("because", by.not_modelled))


def _summary(voice: Voice, ledger: Ledger) -> str:
    counts = {answered: ledger.count(answered) for answered in ANSWERED}
    return voice.say("coverage.summary", title=ledger.title, clauses=len(ledger.clauses), **counts)


def _fitted(text: str) -> str:
    """The text filled or cut to the width of the column; Chinese characters take two columns of a terminal."""
    shown, width = "", 0
    for character in text:
        step = 2 if east_asian_width(character) in "WF" else 1
        if width + step > _SAYS_WIDTH - 1:
            shown, width = f"{shown}…", width + 1
            break
        shown, width = shown + character, width + step
    return shown + " " * (_SAYS_WIDTH - width)
