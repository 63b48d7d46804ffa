"""Questions and the buttons under them, as values."""

import re
from collections.abc import Iterator

from bot.conversation.answers import ABOUT, MONEY
from bot.conversation.position import (
    ADMISSION,
    EARLIER_FACILITY,
    EARLIER_TOTAL,
    FINDER,
    FLAGS,
    GUARDIAN,
    ROUGH_TOTAL,
    SERIES,
    SHEET,
    SO_FAR_OWN,
    UNSURE,
    Position,
    Rules,
    by_category,
    edition_of,
)
from bot.conversation.replies import Choice, Reply
from bot.conversation.state import DESK
from engine import CARES, CaseError, Estimate, Note, estimate, fen, read_case

#: Answers beside the bill that can be asked what stands behind them.
REASONED = frozenset({"premium", "compare", "changed", "year", ADMISSION})
#: Slots whose readings are keys, days or yes and no. Those of any other slot are amounts.
_KEYS = frozenset({"category", "facility", EARLIER_FACILITY, "place", "care"})
_NO_MONEY = _KEYS | FLAGS | {"on"}


#: At a coordinator's desk: what goes on from one household to the next, and what is left to be asked in words there.
_AT_DESK = ("desk.next", "desk.list")
_NOT_AT_DESK = ("changed", "sheet", "admission", "another")


def question(position: Position, rules: Rules) -> Reply:
    """The open question with its buttons."""
    slot = position.question or rules.flow.questions[0]
    either = _either(position, rules) if slot == "category" else None
    if either is not None:
        return either
    doubt = position.doubts.get(slot)
    if doubt is not None and doubt.text:
        return unclear(slot, doubt.candidates, doubt.text, position, rules)
    if slot == EARLIER_FACILITY and not _sum_would_do(position, rules):
        return Reply("question", (Note("ask.earlier_facility.each"),), tuple(_choices(slot, position, rules)))
    series, _, key = slot.partition(".")
    if series in SERIES:
        return Reply("question", (_of_series(series, key, position),), tuple(_series_choices(series, key)))
    return Reply("question", (Note(f"ask.{slot}"),), tuple(_choices(slot, position, rules)))


def _either(position: Position, rules: Rules) -> Reply | None:
    """The bill as the category in doubt and as an ordinary resident, side by side; None while that cannot be computed."""
    try:
        answers = by_category(position, rules)
    except CaseError:
        return None
    if position.both or not answers or any(answer.status == "refused" for answer in answers.values()):
        return None
    choices = (Choice(f"category={key}", _label("category", key)) for key in answers)
    note = Note("either", {"answers": tuple(answers.values())})
    return Reply("question", (note,), (*choices, Choice(f"{UNSURE}=category", Note("label.unsure_category"))))


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
    candidates = held(slot, candidates, position, rules)
    series, _, key = slot.partition(".")
    note = Note(_unclear(series, bool(candidates)), {"text": text, "slot": series})
    if not candidates and slot in (*MONEY, ROUGH_TOTAL):
        return Reply("question", (note,), (*_likely(slot, text), *_instead(slot, position, rules)))
    if series in SERIES:
        offered = (Choice(f"{slot}={value}", Note("label.amount", {"amount": fen(value)})) for value in candidates)
        return Reply("question", (note,), (*offered, *_series_choices(series, key)))
    if slot in FLAGS or not candidates:
        return Reply("question", (note,), tuple(_choices(slot, position, rules)))
    choices = tuple(Choice(f"{slot}={value}", _candidate(slot, value, rules)) for value in candidates)
    if slot == "place":
        choices += (Choice("elsewhere=", Note("label.elsewhere")),)
    return Reply("question", (note,), choices)


#: What a vague amount likely is, by the unit it was said in: from 几十万 down to 几百.
_LIKELY = (
    (re.compile("十.*[万萬w]"), ("200000.00", "300000.00", "500000.00")),
    (re.compile("[万萬w]"), ("20000.00", "30000.00", "50000.00")),
    (re.compile("[千仟k]"), ("2000.00", "3000.00", "5000.00")),
    (re.compile("[百佰]"), ("200.00", "300.00", "500.00")),
)
_TEENS = re.compile("(?<!几)十[几多来]?[万萬w]")
_LIKELY_TEENS = ("120000.00", "150000.00", "180000.00")


def _likely(slot: str, text: str) -> Iterator[Choice]:
    """Buttons for a vague amount: likely values of that size. A rough total is about right by itself."""
    sizes = (values for pattern, values in _LIKELY if pattern.search(text))
    for value in _LIKELY_TEENS if _TEENS.search(text) else next(sizes, ()):
        yield Choice(f"{slot}={'' if slot == ROUGH_TOTAL else ABOUT}{value}", Note("label.about", {"amount": fen(value)}))


def _instead(slot: str, position: Position, rules: Rules) -> Iterator[Choice]:
    """What can be pressed beside a likely amount: the question's own buttons, and looking it up."""
    if slot == ROUGH_TOTAL:
        yield from _series_choices(ADMISSION, "total")
        return
    yield from (choice for choice in _choices(slot, position, rules) if choice != _unsure(slot))
    yield Choice(f"{UNSURE}={slot}", Note("label.look_it_up"))


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


def held(slot: str, candidates: tuple[str, ...], position: Position, rules: Rules) -> tuple[str, ...]:
    """The readings that the place's rules know."""
    edition = edition_of(position, rules.shelf)
    if edition is None:
        return candidates
    lists = {"category": edition.policy.categories, "facility": edition.policy.facilities, EARLIER_FACILITY: edition.policy.facilities}
    return tuple(value for value in candidates if value in lists.get(slot, (value,)))


def changes(answer: Estimate, position: Position, rules: Rules) -> tuple[Choice, ...]:
    """The buttons under an estimate: at a desk what comes next there, then whatever was assumed, then everything else that can be changed,
    then what can be asked.
    """
    desk = tuple(_action(name) for name in _AT_DESK) if DESK in position.settings else ()
    if answer.status == "refused":
        return (*desk, *_after_refusal(answer))
    offered = {"changed": len(rules.shelf.places[answer.case.place]) > 1, "people": bool(position.people)}
    offered |= dict.fromkeys(_NOT_AT_DESK, False) if desk else {}
    questions = [name for name in rules.flow.beside if offered.get(name, True)]
    insured = () if answer.case.insured else (Choice("insured=true", Note("label.insured_true")),)
    others = [key for key in position.maybe if position.both and key != answer.case.category]
    return (
        *desk,
        *insured,
        *(Choice(f"category={key}", Note("label.as_category", {"category": key})) for key in others),
        *(choice for name in rules.flow.changes for choice in _change(name, answer, position)),
        *(_action(name) for name in (*questions, "why", "restart")),
    )


def changed_back(before: Estimate | None, answer: Estimate) -> Iterator[Choice]:
    """The buttons after a category was corrected: back to the one before, and finding out which it is."""
    if before is None or answer.status == "refused" or before.case.category == answer.case.category:
        return
    yield Choice(f"category={before.case.category}", Note("label.change_back", {"category": before.case.category}))
    yield Choice(f"action={FINDER}", Note("label.unsure_category"))


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
    if slot == GUARDIAN:
        return
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
    elif slot == GUARDIAN:
        yield from (Choice(f"{GUARDIAN}={value}", Note(f"label.{GUARDIAN}_{value}")) for value in ("true", "false"))
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
