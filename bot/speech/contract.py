"""An estimate as the contract's JSON: money as decimal strings in yuan, every sentence in the voice's language."""

from collections.abc import Sequence
from typing import Any

from bot.speech.estimate_words import assumption_words, cause_words, check_lines, figure_mark, figure_words, layer_sentence, step_words
from bot.speech.voice import Voice
from engine import CARES, CATEGORIES, FACILITIES, Estimate, Fault, Layer, Note, Source, Used, Year, yuan


def estimate_json(voice: Voice, answer: Estimate) -> dict[str, Any]:
    """The contract's estimate. A refused one has no layers and no amounts."""
    own, case = answer.out_of_pocket, answer.case
    return {
        "place": case.place,
        "edition": answer.policy.edition if answer.policy else None,
        "on": case.on.isoformat() if case.on else None,
        "status": answer.status,
        "total": yuan(case.total),
        "eligible": _yuan(answer.eligible),
        "self_funded": _yuan(answer.self_funded),
        "first_share": _yuan(answer.first_share),
        "layers": [_layer(voice, answer, layer) for layer in answer.layers],
        "hospital_borne": yuan(answer.hospital_borne),
        "out_of_pocket": None if own is None else {name: yuan(getattr(own, name)) for name in _OWN},
        "assumed": [_assumed(voice, note) for note in answer.assumed],
        "lacking": list(answer.lacking),
        "causes": [_cause(voice, note) for note in answer.causes],
        "cautions": [{"key": note.key, "say": voice.note(note)} for note in answer.cautions],
        "advice": [{"key": note.key, "say": voice.note(note)} for note in answer.advice],
        "year_to_date": None if answer.year_to_date is None else year_json(answer.year_to_date),
        "sources": sources_json(answer.sources),
    }


def sources_json(sources: Sequence[tuple[str, Source]]) -> list[dict[str, Any]]:
    """The documents an answer rests on."""
    return [
        {"key": key, "title": source.title, "number": source.number, "day": source.day and source.day.isoformat(), "url": source.url}
        for key, source in sources
    ]


def year_json(year: Year) -> dict[str, Any]:
    """A year to date, to be given back as `so_far`; what is not in the contract makes the round trip exact."""
    return {
        "eligible_unpaid": yuan(year.eligible_unpaid),
        "paid": {key: yuan(amount) for key, amount in year.paid.items() if "." not in key},
        "stays": year.stays,
        "counted": {key: yuan(amount) for key, amount in year.sums.items()},
        "accounts": {key: yuan(amount) for key, amount in year.paid.items() if "." in key},
        "peaks": {key: yuan(amount) for key, amount in year.peaks.items()},
        "later": year.later,
    }


def fault_words(voice: Voice, fault: Fault) -> str:
    """What is wrong with a field of a request, and what to do."""
    key = f"fault.{fault.code}" if voice.has(f"fault.{fault.code}") else "fault.invalid"
    return voice.say(key, **({"expected": "", "known": "", "field": fault.field} | dict(fault.values)))


def reject_words(voice: Voice, column: str, fault: Fault) -> str:
    """What is wrong with a cell of a table, and what to write there instead. A short list is told by its words, not its keys."""
    values = {"expected": "", "known": ""} | dict(fault.values)
    if fault.code == "not_one_of" and fault.field in _LISTS:
        values["expected"] = voice.listed(voice.say(f"{fault.field}.{key}") for key in _LISTS[fault.field])
    if voice.has(f"reject.{fault.code}"):
        return voice.say(f"reject.{fault.code}", **(values | {"field": column}))
    return fault_words(voice, Fault(column, fault.code, values))


_LISTS = {"category": CATEGORIES, "facility": FACILITIES, "care": CARES}

_OWN = ("amount", "low", "high", "self_funded", "first_share", "eligible_unpaid")


def _layer(voice: Voice, answer: Estimate, layer: Layer) -> dict[str, Any]:
    steps = [{"say": step_words(voice, step), "amount": yuan(step.amount)} for step in layer.steps]
    if layer.steps:
        checks = check_lines(voice, answer) if layer.key == answer.layers[0].key else ()
        steps += [{"say": say, "amount": yuan(layer.payout)} for say in checks]
        steps.append({"say": voice.say("step.pays", amount=layer.payout), "amount": yuan(layer.payout)})
    else:
        steps.append({"say": layer_sentence(voice, answer, layer), "amount": yuan(0)})
    return {
        "key": layer.key,
        "label": voice.say(f"layer.{layer.key}"),
        "status": layer.status,
        "payout": yuan(layer.payout),
        "low": yuan(layer.low),
        "high": _yuan(layer.high),
        "say": layer_sentence(voice, answer, layer),
        "steps": steps,
        "figures": [_figure(voice, figure) for figure in layer.figures],
    }


def clauses_json(voice: Voice, answer: Estimate) -> dict[str, Any] | None:
    """The figures behind an estimate, each with the address of its clause on our pages; None for an estimate without any."""
    used = {figure.name: figure for layer in answer.layers for figure in layer.figures}
    if answer.policy is None or not used:
        return None
    rules = f"/policies/{answer.policy.place}/{answer.policy.edition}"
    clauses = [{"say": figure_words(voice, figure), "address": f"{rules}#{name}"} for name, figure in used.items()]
    return {"kind": "clauses", "text": voice.say("why.clauses"), "clauses": [each for each in clauses if each["say"]]}


def _figure(voice: Voice, figure: Used) -> dict[str, Any]:
    record = {
        "name": figure.name,
        "say": figure_words(voice, figure, marked=False),
        "value": figure.value,
        "unit": figure.unit or None,
        "basis": figure.basis,
        "source": figure.source,
    }
    mark = figure_mark(voice, figure.basis)
    return record | ({"low": figure.low, "high": figure.high} if figure.low is not None else {}) | ({"mark": mark} if mark else {})


def _cause(voice: Voice, note: Note) -> dict[str, Any]:
    named = {"fact": note.values["fact"]} if note.key == "fact" else {"figure": str(note.values.get("figure") or note.values["layer"])}
    return {**named, "say": cause_words(voice, note)}


def _assumed(voice: Voice, note: Note) -> dict[str, Any]:
    return {"fact": note.key, "value": _value(note), "say": assumption_words(voice, note)}


def _value(note: Note) -> Any:
    """An assumed value as a case would hold it."""
    value = note.values.get("value")
    if note.key == "earlier":
        return []
    if note.key == "so_far.paid":
        return {}
    money = isinstance(value, int) and not isinstance(value, bool) and note.key != "so_far.stays"
    return yuan(value) if money and isinstance(value, int) else value


def _yuan(amount: int | None) -> str | None:
    return None if amount is None else yuan(amount)
