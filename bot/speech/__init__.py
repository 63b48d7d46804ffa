"""Words for everything: replies, estimates, errors. Catalogues in locales/, one sentence a key."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bot.conversation import Reply
from bot.speech.admission_words import admission_json, admission_lines
from bot.speech.chart import hospitals, settlements, who_pays
from bot.speech.check_words import cap_words, check_bill_json, check_bill_lines
from bot.speech.compare_words import changed_json, changed_lines, compare_json, compare_lines
from bot.speech.contract import clauses_json, estimate_json, fault_words, reject_words, year_json
from bot.speech.coverage_words import coverage_json, coverage_lines, coverage_table
from bot.speech.desk_words import (
    household_back_lines,
    household_noted_lines,
    household_slip_lines,
    households_compared_lines,
    households_lines,
)
from bot.speech.diff_words import diff_json, diff_lines, diff_table
from bot.speech.either_words import either_lines
from bot.speech.estimate_words import estimate_lines, figure_words, why_lines
from bot.speech.finder_words import finder_json, finder_lines
from bot.speech.guidance_words import guidance_json, guidance_lines
from bot.speech.people_words import people_lines
from bot.speech.policies import policy_json, policy_row
from bot.speech.premium_words import category_lines, per_person_lines, premium_json, premium_lines
from bot.speech.reasons import reason_lines
from bot.speech.understood_words import understood_json, understood_lines
from bot.speech.voice import DOMAIN, MissingCatalogueError, Voice
from bot.speech.year_words import year_ledger_json, year_lines
from engine import Note, PremiumAnswer


def reply_json(voice: Voice, reply: Reply) -> dict[str, Any]:
    """A reply as the contract's turn answer holds it."""
    words: dict[str, Any] = {"kind": reply.kind, "text": reply_text(voice, reply)}
    words["choices"] = [{"key": choice.key, "label": voice.note(choice.label)} for choice in reply.choices]
    if reply.estimate is not None:
        words["estimate"] = estimate_json(voice, reply.estimate)
    beside = [*_pictures(voice, reply), *_clauses(voice, reply), *_file(voice, reply), *_sheet(reply)]
    if beside or reply.estimate is not None:
        words["attachments"] = beside
    return words


def _file(voice: Voice, reply: Reply) -> Iterator[dict[str, Any]]:
    """Where everything that is kept of the talk can be fetched, with the talk's key."""
    if any(note.key in ("data", "chat.desk.data") for note in reply.notes):
        yield {"kind": "file", "text": voice.say("data.download"), "address": "/api/v1/data"}


def _sheet(reply: Reply) -> Iterator[dict[str, Any]]:
    """The case of which a sheet can be printed, whatever the talk goes on to."""
    if reply.case is not None:
        yield {"kind": "sheet", "address": "/api/v1/sheet", "case": dict(reply.case)} | ({"label": reply.label} if reply.label else {})


def _clauses(voice: Voice, reply: Reply) -> Iterator[dict[str, Any]]:
    """Where the rules can be read that 为什么 speaks of."""
    told = (clauses_json(voice, note.values["answer"]) for note in reply.notes if note.key == "why")
    return (clauses for clauses in told if clauses)


def _pictures(voice: Voice, reply: Reply) -> Iterator[dict[str, Any]]:
    """The pictures of a reply: of its estimate, of hospitals that are compared, of the settlements of a year."""
    drawn = [who_pays(voice, reply.estimate)] if reply.estimate is not None else []
    drawn += [draw(voice, note.values["answer"]) for note in reply.notes if (draw := _DRAWN.get(note.key))]
    return (picture for picture in drawn if picture)


def reply_text(voice: Voice, reply: Reply) -> str:
    """The words of a reply, a line each sentence or layer. What carries a whole answer of its own stands after an estimate."""
    if reply.estimate is not None:
        beside = [note for note in reply.notes if note.key in ANSWERS]
        notes = [note for note in reply.notes if note.key not in ANSWERS]
        lines = estimate_lines(voice, reply.estimate, reply.before, notes, reply.who)
        return "\n".join([*lines, *(line for note in beside for line in _lines(voice, note))])
    return "\n".join(line for note in reply.notes for line in _lines(voice, note))


def _lines(voice: Voice, note: Note) -> list[str]:
    """A note in words; one that carries a whole answer has lines of its own."""
    lines = ANSWERS.get(note.key)
    if lines is None:
        return [voice.note(note)]
    return lines(voice, **note.values)


def _premium_lines(voice: Voice, answer: PremiumAnswer, people: int | None) -> list[str]:
    return premium_lines(voice, answer) if people else per_person_lines(voice, answer)


_DRAWN: Mapping[str, Callable[[Voice, Any], dict[str, Any] | None]] = {"compare": hospitals, "year": settlements}

#: The notes that carry a whole answer, and what tells it.
ANSWERS: Mapping[str, Callable[..., list[str]]] = {
    "why": why_lines,
    "why.answer": reason_lines,
    "premium": _premium_lines,
    "guidance": guidance_lines,
    "compare": compare_lines,
    "changed": changed_lines,
    "year": year_lines,
    "check": check_bill_lines,
    "finder": finder_lines,
    "either": either_lines,
    "people": people_lines,
    "admission": admission_lines,
    "chat.desk.back": household_back_lines,
    "chat.desk.noted": household_noted_lines,
    "chat.desk.slip": household_slip_lines,
    "chat.desk.list": households_lines,
    "chat.desk.compare": households_compared_lines,
}

__all__ = [
    "DOMAIN",
    "MissingCatalogueError",
    "Voice",
    "admission_json",
    "admission_lines",
    "cap_words",
    "category_lines",
    "changed_json",
    "changed_lines",
    "check_bill_json",
    "check_bill_lines",
    "compare_json",
    "compare_lines",
    "coverage_json",
    "coverage_lines",
    "coverage_table",
    "diff_json",
    "diff_lines",
    "diff_table",
    "estimate_json",
    "estimate_lines",
    "fault_words",
    "figure_words",
    "finder_json",
    "finder_lines",
    "guidance_json",
    "guidance_lines",
    "policy_json",
    "policy_row",
    "premium_json",
    "premium_lines",
    "reject_words",
    "reply_json",
    "reply_text",
    "understood_json",
    "understood_lines",
    "who_pays",
    "why_lines",
    "year_json",
    "year_ledger_json",
    "year_lines",
]
