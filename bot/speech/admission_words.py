"""A stay that is still to come, in plain words and as JSON: what it may cost and what to have at hand, then what to arrange before."""

from collections.abc import Iterator
from typing import Any

from bot.speech.contract import estimate_json
from bot.speech.estimate_words import assumed_lines, assumptions, cause_words, headline
from bot.speech.voice import Voice
from engine import Admission, Advised, Note, OwnCost, yuan

#: What the lines say themselves, or what nobody can say before.
_NOT_ASSUMED = ("on", "registered", "first_share", "self_funded")


def admission_lines(voice: Voice, answer: Admission) -> list[str]:
    """The lines of an admission."""
    if answer.own is None:
        return [voice.note(note) for note in answer.least.cautions]
    return [
        _headline(voice, answer, answer.own),
        voice.say("admission.based_on", place=answer.least.policy.name if answer.least.policy else "", **_whom(answer)),
        *([voice.say("admission.at_hand", amount=answer.at_hand)] if answer.planned.least.insured else []),
        *_beyond(voice, answer, answer.own),
        *_registration(voice, answer),
        *(_item(voice, item) for item in answer.guidance),
        *assumed_lines(voice, assumptions(answer.most), _NOT_ASSUMED, told=True),
        *map(voice.note, _cautions(answer)),
        *(voice.note(note) for note in answer.most.advice if note.key.startswith("enrol")),
        voice.say("settlement_decides"),
    ]


def admission_json(voice: Voice, answer: Admission) -> dict[str, Any]:
    """An admission as JSON; money as decimal strings in yuan.

    `own`: what the person pays when the stay costs `least` and `most`, and `highest` whatever is unknown; upper bounds when `partial`.
    `at_hand`: the money to have at hand.
    `unregistered`: the same without being registered, null where that makes no difference.
    """
    planned, ends = answer.planned, (answer.least, answer.most)
    return {
        "place": planned.least.place,
        "edition": answer.least.edition if answer.own else None,
        "status": answer.status,
        "say": admission_lines(voice, answer)[0],
        "total": {"least": yuan(planned.least.total), "most": yuan(planned.most.total)},
        "paid": {name: yuan(amount) for name, amount in zip(("least", "most"), answer.paid, strict=True)} if answer.own else None,
        "own": _ends(answer.own),
        "at_hand": None if answer.at_hand is None else yuan(answer.at_hand),
        "unregistered": _ends(answer.unregistered),
        "estimates": {name: estimate_json(voice, end) for name, end in zip(("least", "most"), ends, strict=True)},
        "guidance": [_item_json(voice, item) for item in answer.guidance],
        "cautions": [{"key": note.key, "say": voice.note(note)} for note in _cautions(answer)],
    }


def _ends(ends: OwnCost | None) -> dict[str, str] | None:
    return None if ends is None else {name: yuan(getattr(ends, name)) for name in ("least", "most", "highest")}


def _money(voice: Voice, answer: Admission, own: OwnCost) -> str:
    least, most = answer.planned.least.total, answer.planned.most.total
    kind = "" if answer.status == "computed" else ".partial"
    if least == most:
        return voice.say(f"admission.one{kind}", total_amount=most, paid_amount=answer.paid[1], own_amount=own.most)
    return voice.say(
        f"admission.between{kind}",
        least_amount=least,
        most_amount=most,
        paid_least_amount=answer.paid[0],
        paid_most_amount=answer.paid[1],
        own_least_amount=own.least,
        own_most_amount=own.most,
    )


def _whom(answer: Admission) -> dict[str, str]:
    case = answer.planned.least
    return {"category": case.category, "facility": case.facility}


def _headline(voice: Voice, answer: Admission, own: OwnCost) -> str:
    """What it may come to; the amounts hold for a bill within the catalogue, unless what is out of it was said. Or that nothing is paid."""
    if not answer.planned.least.insured and answer.most.out_of_pocket is not None:
        return headline(voice, answer.most, answer.most.out_of_pocket)
    condition = voice.say("admission.all_eligible") if answer.planned.least.self_funded is None else ""
    return condition + _money(voice, answer, own)


def _beyond(voice: Voice, answer: Admission, own: OwnCost) -> Iterator[str]:
    """What can make it more than that, and how much it can be."""
    if own.highest > own.most:
        yield from dict.fromkeys(cause_words(voice, note) for note in answer.most.causes if note.key != "not_computable")
        yield voice.say("admission.highest", amount=own.highest)


def _registration(voice: Voice, answer: Admission) -> Iterator[str]:
    """What a stay without the referral it needs costs, or that this one is such a stay."""
    other = answer.unregistered
    if answer.planned.least.registered is False and any(note.key == "register" for note in answer.most.advice):
        yield voice.say("admission.not_registered")
    elif other is not None:
        kind = ("one" if other.least == other.most else "between") + (".partial" if answer.status == "partial" else "")
        yield voice.say(f"admission.unregistered.{kind}", least_amount=other.least, most_amount=other.most)


def _item(voice: Voice, item: Advised) -> str:
    return voice.say("admission.item.doubtful" if item.doubtful else "admission.item", words=voice.worded("says", item.says))


def _item_json(voice: Voice, item: Advised) -> dict[str, Any]:
    return {"key": item.key, "say": voice.worded("says", item.says), "basis": item.basis, "source": item.source}


def _cautions(answer: Admission) -> list[Note]:
    return [note for note in answer.most.cautions if note.key != "not_computable"]
