"""A settlement sheet beside the rules, in plain words and as JSON: the verdict, a line each layer, what may explain it, what to do."""

from collections.abc import Iterable, Iterator
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
        _headline(voice, answer),
        *_taken_for(voice, answer),
        *(_line(voice, line) for line in answer.lines if line.verdict != "unsaid"),
        *_unbalanced(voice, answer),
        *_causes(voice, answer),
        *_why_uncertain(voice, answer),
        *map(voice.note, _cautions(answer)),
        voice.say(f"check_bill.next.{answer.status}", hotline=_hotline(answer)),
    ]


def check_bill_json(voice: Voice, answer: Check) -> dict[str, Any]:
    """A check as JSON; money as decimal strings in yuan.

    `lines`: what the sheet says (null: not said) beside what the rules give between `low` and `high` (null: nobody knows), `difference`
    said less expected. `verdict`: same, possible (within the bounds), less, more, not_computable, unsaid. `causes`: facts each of which
    alone would explain the `whole` sheet or a part of it. `self_funded`: what the sheet tells of it when the case did not, and every
    amount up to `self_funded_most` as well. `unbalanced`: the total less everything on the sheet, when that is not nothing.
    """
    return {
        "place": answer.sheet.case.place,
        "edition": answer.estimate.edition,
        "status": answer.status,
        "say": check_bill_lines(voice, answer)[0],
        "lines": [_line_json(voice, line) for line in answer.lines],
        "causes": [_cause_json(voice, answer, cause) for cause in answer.causes],
        "self_funded": None if answer.self_funded is None else yuan(answer.self_funded),
        "self_funded_most": None if answer.self_funded_most is None else yuan(answer.self_funded_most),
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


def _headline(voice: Voice, answer: Check) -> str:
    """Whether the sheet agrees, on what that depends, and whether some of its lines could not be compared."""
    key = f"check_bill.status.{answer.status}"
    verdicts = {line.verdict for line in answer.lines}
    first = voice.say(f"{key}.{_on_what(answer)}", **_self_funded(answer)) if answer.status == "depends" else voice.say(key)
    rest = answer.status in ("depends", "differs") and "not_computable" in verdicts
    return first + (voice.say("check_bill.status.rest") if rest else "")


def _on_what(answer: Check) -> str:
    """What agreeing depends on: several facts, what lies within a range, or the self-funded part."""
    if answer.causes:
        return "several"
    return "range" if any(line.verdict == "possible" for line in answer.lines) else _told_part(answer)


def _told_part(answer: Check) -> str:
    """How the sheet tells the self-funded part: as nothing, exactly, or between two amounts."""
    if answer.self_funded != answer.self_funded_most:
        return "between"
    return "exactly" if answer.self_funded else "nothing"


def _self_funded(answer: Check) -> dict[str, int]:
    least, most = answer.self_funded or 0, answer.self_funded_most or 0
    return {"amount": least, "low_amount": least, "high_amount": most}


def _taken_for(voice: Voice, answer: Check) -> Iterator[str]:
    """The self-funded part that the lines are computed with, where nobody had said it and the first line does not tell it."""
    if answer.sheet.case.self_funded is not None or answer.estimate.case.self_funded is None:
        return
    if answer.self_funded is None:
        yield voice.say("check_bill.taken_for.none")
    elif answer.status == "differs" or _on_what(answer) in ("several", "range"):
        yield voice.say(f"check_bill.taken_for.{_told_part(answer)}", **_self_funded(answer))


def _unbalanced(voice: Voice, answer: Check) -> Iterator[str]:
    if answer.unbalanced is not None:
        kind = "missing" if answer.unbalanced > 0 else "beyond"
        yield voice.say(f"check_bill.unbalanced.{kind}", amount=abs(answer.unbalanced), total_amount=answer.sheet.case.total)


def _causes(voice: Voice, answer: Check) -> Iterator[str]:
    """What would explain the whole sheet, then what may explain a part of it; several keys of one kind in one sentence."""
    whole, part = (_alike(cause for cause in answer.causes if cause.whole is wanted) for wanted in (True, False))
    if whole:
        yield voice.say("check_bill.whole.several" if sum(len(_keys(alike)) for alike in whole) > 1 else "check_bill.whole")
        yield from _bullets(voice, answer, whole)
    if part:
        yield voice.say("check_bill.part")
        yield from _bullets(voice, answer, part)
    if answer.status == "differs" and not answer.causes:
        yield voice.say("check_bill.no_cause")


def _alike(causes: Iterable[Cause]) -> list[list[Cause]]:
    """Causes by kind."""
    kinds: dict[str, list[Cause]] = {}
    for cause in causes:
        kinds.setdefault(cause.key, []).append(cause)
    return list(kinds.values())


def _bullets(voice: Voice, answer: Check, kinds: list[list[Cause]]) -> Iterator[str]:
    for alike in kinds:
        yield voice.say("check_bill.cause", words=_cause(voice, answer, alike))


def _cause(voice: Voice, answer: Check, alike: list[Cause]) -> str:
    """Causes of one kind in one sentence."""
    cause = alike[0]
    key = f"check_bill.cause.{cause.key}"
    if cause.key in ("category", "facility"):
        others = voice.say("or").join(voice.say(f"{cause.key}.{value}") for value in _keys(alike))
        return voice.say(key, others=others, **{cause.key: getattr(answer.sheet.case, cause.key)})
    if cause.key == "guarantee":
        return voice.say(key, layer=cause.layer, amount=cause.amount)
    if cause.key == "cap":
        return "".join(cap_words(voice, each) for each in alike) + voice.say("check_bill.ask_year")
    if cause.most in (None, cause.amount):
        return voice.say(key, amount=cause.amount or 0)
    return voice.say(f"{key}.from", amount=cause.amount or 0, most_amount=cause.most or 0)


def cap_words(voice: Voice, cause: Cause) -> str:
    """That a layer may have come to its cap of the year, and what it must have paid before for that."""
    if cause.amount is None:
        return voice.say("check_bill.cause.cap", layer=cause.layer)
    bound = "exactly" if cause.amount == cause.most else "between"
    return voice.say(f"check_bill.cause.cap.{bound}", layer=cause.layer, amount=cause.amount, most_amount=cause.most or 0)


def _keys(alike: list[Cause]) -> list[str | None]:
    """The keys that causes of one kind name; of categories that come to the same the ordinary one alone."""
    keys = [cause.value for cause in alike]
    return ["ordinary"] if "ordinary" in keys else keys


def _cause_json(voice: Voice, answer: Check, cause: Cause) -> dict[str, Any]:
    return {
        "key": cause.key,
        "value": cause.value,
        "amount": None if cause.amount is None else yuan(cause.amount),
        "most": None if cause.most is None else yuan(cause.most),
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
