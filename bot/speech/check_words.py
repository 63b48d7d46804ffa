"""A settlement sheet beside the rules, in plain words and as JSON: the verdict, a line each layer, what may explain it, what to do."""

from collections.abc import Iterator
from typing import Any

from bot.speech.contract import estimate_json
from bot.speech.estimate_words import cause_words
from bot.speech.voice import Voice
from engine import Cause, Check, Line, Note, yuan

#: Lines of a sheet that are no layers.
_OTHER = frozenset({"own", "hospital_borne"})


def check_bill_lines(voice: Voice, answer: Check) -> list[str]:
    """The lines of a check."""
    if answer.status == "refused":
        return [voice.note(note) for note in answer.estimate.cautions]
    return [
        voice.say(f"check_bill.status.{answer.status}"),
        *(_line(voice, line) for line in answer.lines if line.verdict != "unsaid"),
        *_inferred(voice, answer),
        *_unbalanced(voice, answer),
        *_causes(voice, answer),
        *_why_uncertain(voice, answer),
        *map(voice.note, _cautions(answer)),
        voice.say(f"check_bill.next.{answer.status}", hotline=_hotline(answer)),
    ]


def check_bill_json(voice: Voice, answer: Check) -> dict[str, Any]:
    """A check as JSON; money as decimal strings in yuan.

    `lines`: what the sheet says (null: not said) beside what the rules give between `low` and `high` (null: nobody knows), `difference`
    said less expected. `verdict`: same, possible (within the bounds), less, more, not_computable, unsaid. `causes`: facts that would
    explain the `whole` sheet or a part of it. `self_funded`: what the sheet tells of it when the case did not. `unbalanced`: the total
    less everything on the sheet, when that is not nothing.
    """
    return {
        "place": answer.sheet.case.place,
        "edition": answer.estimate.edition,
        "status": answer.status,
        "say": check_bill_lines(voice, answer)[0],
        "lines": [_line_json(voice, line) for line in answer.lines],
        "causes": [_cause_json(voice, answer, cause) for cause in answer.causes],
        "self_funded": None if answer.self_funded is None else yuan(answer.self_funded),
        "unbalanced": None if answer.unbalanced is None else yuan(answer.unbalanced),
        "cautions": [{"key": note.key, "say": voice.note(note)} for note in _cautions(answer)],
        "estimate": estimate_json(voice, answer.estimate),
    }


def _name(voice: Voice, line: str) -> str:
    return voice.say(f"check_bill.name.{line}") if line in _OTHER else voice.say(f"layer.{line}")


def _line(voice: Voice, line: Line) -> str:
    said = line.said or 0
    values = {"name": _name(voice, line.key), "said_amount": said, "expected_amount": line.expected}
    if line.verdict in ("less", "more"):
        return voice.say(f"check_bill.line.{line.verdict}", **values, difference_amount=abs(said - line.expected))
    return voice.say(f"check_bill.line.{line.verdict}", **values, low_amount=line.low, high_amount=line.high or 0)


def _line_json(voice: Voice, line: Line) -> dict[str, Any]:
    return {
        "key": line.key,
        "label": _name(voice, line.key),
        "said": None if line.said is None else yuan(line.said),
        "expected": yuan(line.expected),
        "low": yuan(line.low),
        "high": None if line.high is None else yuan(line.high),
        "difference": None if line.said is None else yuan(line.said - line.expected),
        "verdict": line.verdict,
        "say": _line(voice, line) if line.verdict != "unsaid" else "",
    }


def _inferred(voice: Voice, answer: Check) -> Iterator[str]:
    if answer.self_funded is not None:
        yield voice.say("check_bill.inferred", amount=answer.self_funded)


def _unbalanced(voice: Voice, answer: Check) -> Iterator[str]:
    if answer.unbalanced is not None:
        kind = "missing" if answer.unbalanced > 0 else "beyond"
        yield voice.say(f"check_bill.unbalanced.{kind}", amount=abs(answer.unbalanced), total_amount=answer.sheet.case.total)


def _causes(voice: Voice, answer: Check) -> Iterator[str]:
    """Several keys of one kind are told in one sentence."""
    if not answer.causes:
        if answer.status == "differs":
            yield voice.say("check_bill.no_cause")
        return
    yield voice.say("check_bill.whole" if any(cause.whole for cause in answer.causes) else "check_bill.part")
    for key in dict.fromkeys(cause.key for cause in answer.causes):
        yield voice.say("check_bill.cause", words=_cause(voice, answer, [cause for cause in answer.causes if cause.key == key]))


#: What the sentence of a cause names.
_NAMES = {"category": ("category", "categories"), "facility": ("facility", "facilities"), "cap": ("layers",)}


def _cause(voice: Voice, answer: Check, alike: list[Cause]) -> str:
    """Causes of one kind in one sentence; of categories that come to the same the ordinary one is told alone."""
    keys = tuple(cause.value for cause in alike)
    values = {
        "category": answer.sheet.case.category,
        "categories": ("ordinary",) if "ordinary" in keys else keys,
        "facility": answer.sheet.case.facility,
        "facilities": keys,
        "layers": tuple(cause.layer for cause in alike),
        "amount": alike[0].amount or 0,
    }
    return voice.say(f"check_bill.cause.{alike[0].key}", **{name: values[name] for name in _NAMES.get(alike[0].key, ("amount",))})


def _cause_json(voice: Voice, answer: Check, cause: Cause) -> dict[str, Any]:
    return {
        "key": cause.key,
        "value": cause.value,
        "amount": None if cause.amount is None else yuan(cause.amount),
        "layer": cause.layer,
        "whole": cause.whole,
        "say": _cause(voice, answer, [cause]),
    }


def _why_uncertain(voice: Voice, answer: Check) -> Iterator[str]:
    if any(line.verdict == "possible" for line in answer.lines):
        yield from dict.fromkeys(cause_words(voice, note) for note in answer.estimate.causes)


def _cautions(answer: Check) -> list[Note]:
    return [note for note in answer.estimate.cautions if note.key != "not_computable"]


def _hotline(answer: Check) -> str:
    return answer.estimate.policy.hotline if answer.estimate.policy else ""
