"""Questions and the buttons under them, as values."""

from collections.abc import Iterator

from bot.conversation.position import (
    ADMISSION,
    EARLIER_FACILITY,
    EARLIER_TOTAL,
    FINDER,
    FLAGS,
    SERIES,
    SHEET,
    SO_FAR_OWN,
    UNSURE,
    Position,
    Rules,
    edition_of,
)
from bot.conversation.replies import Choice, Reply
from engine import CARES, CaseError, Estimate, Note, estimate, fen, read_case

#: Answers beside the bill that can be asked what stands behind them.
REASONED = frozenset({"premium", "compare", "changed", "year", ADMISSION})
#: Slots whose readings are keys, days or yes and no. Those of any other slot are amounts.
_KEYS = frozenset({"category", "facility", EARLIER_FACILITY, "place", "care"})
_NO_MONEY = _KEYS | FLAGS | {"on"}


def question(position: Position, rules: Rules) -> Reply:
    """The open question with its buttons."""
    slot = position.question or rules.flow.questions[0]
    if slot == EARLIER_FACILITY and not _sum_would_do(position, rules):
        return Reply("question", (Note("ask.earlier_facility.each"),), tuple(_choices(slot, position, rules)))
    series, _, key = slot.partition(".")
    if series in SERIES:
        return Reply("question", (_of_series(series, key, position),), tuple(_series_choices(series, key)))
    return Reply("question", (Note(f"ask.{slot}"),), tuple(_choices(slot, position, rules)))


def _of_series(series: str, key: str, position: Position) -> Note:
    if series == FINDER and position.found and position.found.question:
        return Note("finder.ask", {"text": position.found.question.asks})
    if series == ADMISSION:
        return Note("admission.lacking.total")
    return Note("ask.sheet.own") if key == "own" else Note("ask.sheet", {"layer": key})


def _sum_would_do(position: Position, rules: Rules) -> bool:
    """Whether what was paid in all could stand for the earlier stays of the year."""
    facts = {name: value for name, value in position.case().items() if name not in ("earlier", "so_far")}
    try:
        answer = estimate(read_case(facts | {"so_far": {"own": "0"}}), rules.shelf, rules.today)
    except CaseError:
        return False
    return not any(note.key == "so_far_own_not_enough" for note in answer.cautions)


def reasons(notes: tuple[Note, ...]) -> tuple[Choice, ...]:
    """The buttons under answers beside the bill: what stands behind each that was given."""
    given = dict.fromkeys(note.key for note in notes if note.key in REASONED and note.values["answer"].status != "refused")
    return tuple(Choice(f"action=why.{key}", Note("label.why_this")) for key in given)


def _series_choices(series: str, key: str) -> Iterator[Choice]:
    if series == FINDER:
        yield from (Choice(f"{FINDER}.{key}={value}", Note(f"label.{FINDER}_{value}")) for value in ("true", "false"))
        yield Choice(f"{FINDER}.{key}={UNSURE}", Note("label.unsure"))
    elif series == SHEET:
        if key != "own":
            yield Choice(f"{SHEET}.{key}=0.00", Note("label.sheet_nothing"))
        yield Choice(f"{SHEET}.{key}={UNSURE}", Note("label.unsure"))
    yield Choice("ask=none", Note("label.leave_series"))


def unclear(slot: str, candidates: tuple[str, ...], text: str, position: Position, rules: Rules) -> Reply:
    """Ask which of several readings was meant; amounts are never averaged. Without readings to offer, the question's own buttons."""
    candidates = _held(slot, candidates, position, rules)
    series, _, key = slot.partition(".")
    note = Note(_unclear(series, bool(candidates)), {"text": text, "slot": series})
    if series in SERIES:
        offered = (Choice(f"{slot}={value}", Note("label.amount", {"amount": fen(value)})) for value in candidates)
        return Reply("question", (note,), (*offered, *_series_choices(series, key)))
    if slot in FLAGS or not candidates:
        return Reply("question", (note,), tuple(_choices(slot, position, rules)))
    choices = tuple(Choice(f"{slot}={value}", _candidate(slot, value, rules)) for value in candidates)
    if slot == "place":
        choices += (Choice("elsewhere=", Note("label.elsewhere")),)
    return Reply("question", (note,), choices)


#: Slots that have words of their own for an amount that could not be taken.
_OWN_WORDS = frozenset({SHEET, SO_FAR_OWN})


def _unclear(slot: str, offered: bool) -> str:
    """The key of the sentence that asks back."""
    if slot in _NO_MONEY:
        return f"unclear.{slot}" if offered else f"unclear.vague.{slot}"
    if slot == SO_FAR_OWN and offered:
        return f"unclear.{slot}"
    kind = "amount" if offered else "vague"
    return f"unclear.{kind}.{slot}" if not offered and slot in _OWN_WORDS else f"unclear.{kind}"


def _held(slot: str, candidates: tuple[str, ...], position: Position, rules: Rules) -> tuple[str, ...]:
    """The readings that the place's rules know."""
    edition = edition_of(position, rules.shelf)
    if edition is None:
        return candidates
    lists = {"category": edition.policy.categories, "facility": edition.policy.facilities, EARLIER_FACILITY: edition.policy.facilities}
    return tuple(value for value in candidates if value in lists.get(slot, (value,)))


def changes(answer: Estimate, position: Position, rules: Rules) -> tuple[Choice, ...]:
    """The buttons under an estimate: whatever was assumed first, then everything else that can be changed, then what can be asked."""
    if answer.status == "refused":
        return tuple(_after_refusal(answer))
    questions = [name for name in rules.flow.beside if name != "changed" or len(rules.shelf.places[answer.case.place]) > 1]
    insured = () if answer.case.insured else (Choice("insured=true", Note("label.insured_true")),)
    return (
        *insured,
        *(choice for name in rules.flow.changes for choice in _change(name, answer, position)),
        *(_action(name) for name in (*questions, "why", "restart")),
    )


def _choices(slot: str, position: Position, rules: Rules) -> Iterator[Choice]:
    edition = edition_of(position, rules.shelf)
    if slot == "place":
        for place, editions in rules.shelf.places.items():
            yield Choice(f"place={place}", Note("label.text", {"text": editions[-1].policy.name}))
        yield Choice("elsewhere=", Note("label.elsewhere"))
    elif slot == "category" and edition:
        yield from (Choice(f"category={key}", _label("category", key)) for key in edition.policy.categories)
        yield _unsure(slot)
    elif slot in ("facility", EARLIER_FACILITY) and edition:
        yield from (Choice(f"{slot}={key}", _label("facility", key)) for key in edition.policy.facilities)
        yield _unsure(slot) if slot == "facility" else Choice("earlier=none", Note("label.earlier_none"))
    else:
        yield from _plain_choices(slot)
    if slot in position.facts if position.doubts else position.focus is not None:
        yield Choice("ask=none", Note("label.leave"))


def _plain_choices(slot: str) -> Iterator[Choice]:
    """The buttons of a question that are the same everywhere."""
    if slot in ("self_funded", "first_share"):
        yield Choice(f"{slot}=0.00", Note(f"label.{slot}_nothing"))
        yield _unsure(slot)
    elif slot in (EARLIER_TOTAL, SO_FAR_OWN):
        yield _unsure(slot)
    elif slot == "care":
        yield from (Choice(f"care={key}", _label("care", key)) for key in CARES)
    elif slot in FLAGS:
        yield from (Choice(f"{slot}={value}", Note(f"label.{slot}_{value}")) for value in ("true", "false"))
        yield _unsure(slot)
    elif slot == "on":
        yield Choice("on=none", Note("label.on_none"))


def _change(name: str, answer: Estimate, position: Position) -> Iterator[Choice]:
    policy, case = answer.policy, answer.case
    if policy is None:
        return
    away = case.facility in policy.referral.required_at
    if name == "registered":
        if away and not policy.referral.exempts(case.emergency):
            value = "true" if case.registered is False else "false"
            yield Choice(f"registered={value}", Note(f"label.registered_{value}"))
    elif name == "emergency":
        if away and (case.registered is False or case.emergency):
            value = "false" if case.emergency else "true"
            yield Choice(f"emergency={value}", Note(f"label.emergency_{value}"))
    elif name == "earlier" and (position.earlier or position.so_far):
        yield Choice("ask=earlier", Note("label.earlier_more" if position.earlier else "label.ask_earlier"))
        yield Choice("earlier=none", Note("label.earlier_none"))
    else:
        yield Choice(f"ask={name}", Note(f"label.ask_{name}"))


def _after_refusal(answer: Estimate) -> Iterator[Choice]:
    if any(note.key == "after_rules" for note in answer.cautions):
        yield Choice("expired_ok=true", Note("label.expired_ok"))
    if any(note.key == "care_not_covered" for note in answer.cautions):
        yield Choice("care=inpatient", Note("label.care_inpatient"))
        return
    if any(note.key == "so_far_own_not_enough" for note in answer.cautions):
        yield Choice("ask=earlier", Note("label.ask_earlier"))
        yield Choice("earlier=none", Note("label.earlier_none"))
        yield _action("restart")
        return
    yield Choice("ask=on", Note("label.ask_on"))
    yield Choice("on=none", Note("label.on_none"))
    yield _action("restart")


def _candidate(slot: str, value: str, rules: Rules) -> Note:
    if slot == "place" and value in rules.shelf.places:
        return Note("label.text", {"text": rules.shelf.places[value][-1].policy.name})
    if slot in _NO_MONEY:
        return Note("label.text", {"text": value}) if slot == "on" else _label(slot, value)
    return Note("label.amount", {"amount": fen(value)})


def _label(slot: str, key: str) -> Note:
    return Note(f"{'facility' if slot == EARLIER_FACILITY else slot}.{key}")


def _unsure(slot: str) -> Choice:
    return Choice(f"unsure={slot}", Note("label.unsure"))


def _action(name: str) -> Choice:
    return Choice(f"action={name}", Note(f"label.{name}"))
