"""What a person's year came to, in plain words and as JSON: the sums, a line each settlement, then how far it is to each threshold."""

from collections.abc import Iterator
from typing import Any

from bot.speech.contract import sources_json, year_json
from bot.speech.estimate_words import assumed_lines, assumption_words, cause_words
from bot.speech.voice import Voice
from engine import Case, Mark, Note, Settled, YearLedger, yuan

#: Cautions of a bill that the thresholds tell.
_SAID = ("not_computable", "cap_unknown")
#: With more settlements than this the talk tells only their sums.
MOST_LINES = 12


def year_lines(voice: Voice, answer: YearLedger) -> list[str]:
    """The lines of a year."""
    if answer.status == "refused":
        return [voice.note(note) for note in answer.cautions]
    case = answer.question.case
    return [
        _sums(voice, answer),
        *(_settlement(voice, answer, number, row) for number, row in enumerate(answer.rows, start=1) if len(answer.rows) <= MOST_LINES),
        *(_mark(voice, answer, mark) for mark in answer.marks),
        *(voice.say("year.silent", layer=key) for key in answer.silent),
        *([voice.say("year.counts")] if answer.marks else []),
        *_causes(voice, answer),
        *assumed_lines(voice, _assumptions(answer), told=True),
        *map(voice.note, _cautions(answer)),
        *([] if case.insured else [voice.say("enrol", hotline=answer.policy.hotline)]),
        voice.say("settlement_decides"),
    ]


def year_ledger_json(voice: Voice, answer: YearLedger) -> dict[str, Any]:
    """The year as JSON; money as decimal strings in yuan.

    `settlements`: what each came to; `own` is an upper bound where `open` says that a layer which could pay cannot be computed.
    `thresholds`: `used` of `at` under the assumed facts, between `low` and `high`; `left` is null where `at` is not known. `kind`:
    `deductible` (from there the layer pays), `tier` (from there at `rate` percent), `cap` (up to there) or `ceiling` (from there
    everything eligible is paid). `year_to_date` may be given back as `so_far`.
    """
    case, told = answer.question.case, answer.status != "refused"
    return {
        "place": case.place,
        "edition": answer.policy.edition if told else None,
        "category": case.category,
        "status": answer.status,
        "say": year_lines(voice, answer)[0],
        "settlements": [_row(voice, answer, number, row) for number, row in enumerate(answer.rows, start=1)],
        "sums": {name: yuan(getattr(answer, name)) for name in ("total", "paid", "hospital", "own")} if told else None,
        "thresholds": [_threshold(voice, answer, mark) for mark in answer.marks],
        "not_computable": list(answer.silent),
        "year_to_date": year_json(answer.year) if told else None,
        "causes": list(_causes(voice, answer)),
        "assumed": [{"fact": note.key, "say": assumption_words(voice, note)} for note in _assumptions(answer)],
        "cautions": [{"key": note.key, "say": voice.note(note)} for note in _cautions(answer)],
        "sources": sources_json(answer.sources),
    }


def _sums(voice: Voice, answer: YearLedger) -> str:
    before = _before(voice, answer)
    if not answer.rows:
        return before or voice.say("year.nothing")
    kind = "sums" if answer.status == "computed" else "most"
    amounts = {"total_amount": answer.total, "paid_amount": answer.paid, "own_amount": answer.own}
    hospital = voice.say("year.hospital", hospital_amount=answer.hospital) if answer.hospital else ""
    return (
        voice.say("year.told", count=len(answer.rows), **amounts)
        + _condition(voice, answer)
        + voice.say(f"year.{kind}", **amounts)
        + (hospital + before)
    )


def _before(voice: Voice, answer: YearLedger) -> str:
    """What was told of the year beside bills."""
    so_far = answer.question.case.so_far
    if so_far is None:
        return ""
    return voice.say("year.own_so_far", own_amount=so_far.own) if so_far.own is not None else voice.say("year.so_far")


def _condition(voice: Voice, answer: YearLedger) -> str:
    """The amounts hold when nothing was out of catalogue, unless that was said of every bill."""
    unsaid = any(row.bill.self_funded is None for row in answer.rows)
    return voice.say("year.all_eligible") if unsaid else ""


def _settlement(voice: Voice, answer: YearLedger, number: int, row: Settled) -> str:
    bill, outcome = row.bill, row.outcome
    return (
        voice.say(
            "year.settlement",
            number=number,
            when=voice.say("year.on", day=bill.on) if bill.on else "",
            facility=bill.facility,
            care=bill.care,
            total_amount=bill.total,
        )
        + (voice.say("year.all_eligible") if bill.self_funded is None else "")
        + voice.say("year.settled.most" if row.open else "year.settled", paid_amount=sum(outcome.payouts.values()), own_amount=outcome.own)
        + _as_whom(voice, answer, bill)
    )


def _as_whom(voice: Voice, answer: YearLedger, bill: Any) -> str:
    """The category of a settlement that is not that of the year."""
    category = getattr(bill, "category", None)
    return voice.say("year.as", category=category) if category and category != answer.question.case.category else ""


def _mark(voice: Voice, answer: YearLedger, mark: Mark) -> str:
    so_far = answer.question.case.so_far
    inferred = voice.say("inferred") if so_far is not None and so_far.own else ""
    if mark.at is None:
        return voice.say("year.cap.unknown", layer=mark.layer, used_amount=mark.used, inferred=inferred)
    if mark.at_most is not None:
        return voice.say(
            "year.cap.range", layer=mark.layer, used_amount=mark.used, at_amount=mark.at, most_amount=mark.at_most, inferred=inferred
        )
    sentence = voice.say(
        f"year.{mark.kind}.{mark.state}",
        layer=mark.layer,
        used_amount=mark.used,
        inferred=inferred,
        left_amount=mark.left or 0,
        at_amount=mark.at,
        rate=mark.rate if mark.rate is not None else "",
        about=voice.say("about") if any(figure.basis == "about" and "rate" in figure.name.split(".") for figure in mark.figures) else "",
    )
    if mark.low != mark.high and mark.state == "ahead":
        what = "paid" if mark.kind == "cap" else "counted"
        sentence += voice.say(f"year.between.{what}", low_amount=mark.low, high_amount=mark.high)
    return sentence


def _row(voice: Voice, answer: YearLedger, number: int, row: Settled) -> dict[str, Any]:
    bill = row.bill
    return {
        "on": bill.on.isoformat() if bill.on else None,
        "facility": bill.facility,
        "care": bill.care,
        "total": yuan(bill.total),
        "layers": {key: yuan(amount) for key, amount in row.outcome.payouts.items()},
        "hospital_borne": yuan(row.outcome.hospital),
        "own": yuan(row.outcome.own),
        "open": row.open,
        "say": _settlement(voice, answer, number, row),
    }


def _threshold(voice: Voice, answer: YearLedger, mark: Mark) -> dict[str, Any]:
    return {
        "layer": mark.layer,
        "kind": mark.kind,
        "at": None if mark.at is None else yuan(mark.at),
        "at_most": None if mark.at_most is None else yuan(mark.at_most),
        "used": yuan(mark.used),
        "low": yuan(mark.low),
        "high": yuan(mark.high),
        "left": None if mark.left is None else yuan(mark.left),
        "rate": None if mark.rate is None else voice.worded("rate", mark.rate),
        "say": _mark(voice, answer, mark),
    }


def _causes(voice: Voice, answer: YearLedger) -> Iterator[str]:
    """Why the sums are not certain: a self-funded part that was not said, of this bill or an earlier one."""
    case: Case = answer.question.case
    unsaid = [note for note in answer.newest.causes if note.key == "fact"] if answer.newest else []
    if case.so_far is not None and case.so_far.own and not unsaid:
        unsaid = [Note("fact", {"fact": "earlier.self_funded"})]
    yield from dict.fromkeys(cause_words(voice, note) for note in unsaid)


def _assumptions(answer: YearLedger) -> list[Note]:
    """What was taken for granted of the newest bill; without one, of what was paid before."""
    so_far = answer.question.case.so_far
    if answer.newest is None:
        return [Note("so_far.own", {"own_amount": so_far.own})] if so_far and so_far.own else []
    return [note for note in answer.newest.assumed if note.key not in ("on", "earlier")]


def _cautions(answer: YearLedger) -> list[Note]:
    """The doubts about the newest bill, then those about thresholds that it does not share."""
    bill = [note for note in answer.newest.cautions if note.key not in _SAID] if answer.newest else []
    named = {note.values["standard"] for note in bill if note.key == "to_confirm"}
    return [*bill, *(note for note in answer.cautions if not set(note.values.get("standards", ())) <= named or not bill)]
