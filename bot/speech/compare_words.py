"""Where to go, and what changed, in plain words and as JSON: the answer first, then a line each level of hospital or each layer."""

from collections.abc import Iterable, Iterator
from typing import Any

from bot.speech.contract import estimate_json
from bot.speech.estimate_words import assumed_lines, assumptions, cause_words
from bot.speech.voice import Voice
from engine import Change, Comparison, Estimate, Layer, LayerChange, Note, Row, Side, Worth, firmness, own_cost, yuan

#: What may differ from row to row, or is said by the lines themselves.
_NOT_ASSUMED = ("on", "registered", "emergency")


def compare_lines(voice: Voice, answer: Comparison, named: tuple[str, ...] = ()) -> list[str]:
    """The cheapest level of hospital, a line each level with what being registered is worth, and how firm it all is.

    Levels that were `named` are told first, and alone.
    """
    if not answer.rows:
        return list(dict.fromkeys(voice.note(each.note) for each in answer.left_out))
    levels = dict.fromkeys(row.facility for row in answer.rows)
    asked = [facility for facility in levels if facility in named]
    return [
        *([] if len(asked) > 1 else [_cheapest(voice, answer)]),
        *(_level(voice, answer, facility) for facility in (asked if len(asked) > 1 else levels)),
        *([_cheapest(voice, answer)] if len(asked) > 1 else []),
        *(voice.note(each.note) for each in answer.left_out),
        *cause_lines(voice, [row.estimate for row in answer.rows]),
        *assumed_of(voice, [row.estimate for row in answer.rows]),
        voice.say("compare.bill_differs", amount=answer.case.total),
        *(voice.note(note) for note in cautions_of(row.estimate for row in answer.rows)),
        voice.say("settlement_decides"),
    ]


def compare_json(voice: Voice, answer: Comparison) -> dict[str, Any]:
    """A comparison as JSON; money as decimal strings in yuan.

    `rows`: one for each level of hospital, two (`registered` true and false) where being registered matters; `firm` says whether `own` is
    `exact`, `about` (other amounts are possible, see `low` and `high`) or `most` (an upper bound); `estimate` is the contract's.
    `cheapest` names the rows with the lowest `own`; it is `sure` when nothing unknown can change that. `registration`: what being
    registered is worth in yuan, null where a layer cannot be computed. `left_out`: levels for which no rule answers.
    """
    policy = answer.policy
    return {
        "place": answer.case.place,
        "edition": policy.edition,
        "category": answer.case.category,
        "total": yuan(answer.case.total),
        "status": answer.status,
        "say": compare_lines(voice, answer)[0],
        "rows": [_row(voice, row) for row in answer.rows],
        "cheapest": [{"facility": row.facility, "registered": row.registered} for row in answer.cheapest],
        "sure": answer.sure,
        "registration": [_worth(voice, worth) for worth in answer.registration],
        "left_out": [{"facility": each.facility, "key": each.note.key, "say": voice.note(each.note)} for each in answer.left_out],
        "cautions": [{"key": note.key, "say": voice.note(note)} for note in _compare_cautions(answer)],
    }


def changed_lines(voice: Voice, answer: Change) -> list[str]:
    """What the person pays under both editions and the difference, then each layer, then how firm it is."""
    before, after = answer.before, answer.after
    if before.estimate is None or after.estimate is None:
        return [*_alone(voice, before), *_alone(voice, after)]
    return [
        _pays(voice, before),
        _pays(voice, after),
        _difference(voice, answer),
        *_renamed(voice, before, after),
        *(line for change in answer.layers if (line := _layer_line(voice, change))),
        *_hospital(voice, before.estimate, after.estimate),
        *cause_lines(voice, [before.estimate, after.estimate]),
        *assumed_of(voice, [before.estimate, after.estimate]),
        *(voice.note(note) for note in _changed_cautions(answer)),
        voice.say("settlement_decides"),
    ]


def changed_json(voice: Voice, answer: Change) -> dict[str, Any]:
    """One bill under two editions as JSON; money as decimal strings in yuan.

    `from` and `to`: edition, the person's category there, and the contract's estimate (null with a `say` where that edition does not
    answer). `layers`: the payout under each (null: no such layer), `difference` later less earlier (null: not computable) and `say`.
    `out_of_pocket_difference` is later less earlier, with `firm` as in a comparison; null where only bounds are known.
    When one category became several, `lacking` holds `category` and `candidates` what it may be now.
    """
    candidates = (*answer.before.candidates, *answer.after.candidates)
    refusals = [side.note for side in (answer.before, answer.after) if side.note is not None]
    return {
        "place": answer.case.place,
        "status": answer.status,
        "say": _difference(voice, answer) if answer.status != "refused" else " ".join(voice.note(note) for note in refusals),
        "from": _side(voice, answer.before),
        "to": _side(voice, answer.after),
        "out_of_pocket_difference": None if answer.own is None else yuan(answer.own),
        "firm": answer.firm if answer.status != "refused" else None,
        "layers": [_layer_json(voice, change) for change in answer.layers],
        "lacking": ["category"] if candidates else [],
        "candidates": list(candidates),
        "cautions": [{"key": note.key, "say": voice.note(note)} for note in _changed_cautions(answer)],
    }


def _cheapest(voice: Voice, answer: Comparison) -> str:
    facilities = tuple(dict.fromkeys(row.facility for row in answer.cheapest))
    kind = "sure" if answer.sure else "bounds" if answer.status == "partial" else "about"
    if len(answer.cheapest) == len(answer.rows):
        return voice.say(f"compare.all_the_same.{kind}", words=own_words(voice, answer.rows[0].estimate))
    return voice.say(f"compare.cheapest.{kind}", facilities=facilities, words=own_words(voice, answer.cheapest[0].estimate))


def _level(voice: Voice, answer: Comparison, facility: str) -> str:
    rows = [row for row in answer.rows if row.facility == facility]
    if len(rows) == 1:
        return voice.say("compare.level", facility=facility, words=own_words(voice, rows[0].estimate))
    worth = next((each for each in answer.registration if each.facility == facility), None)
    registered, other = (own_words(voice, row.estimate) for row in rows)
    worth_words = _worth_words(voice, worth) if worth else ""
    return voice.say("compare.level.both", facility=facility, words=registered, other_words=other, worth_words=worth_words)


def _worth_words(voice: Voice, worth: Worth) -> str:
    if worth.amount is None:
        return voice.say("compare.worth.unknown")
    key = "none" if worth.amount == 0 else "less" if worth.amount < 0 else worth.firm
    return voice.say(f"compare.worth.{key}", amount=abs(worth.amount))


def own_words(voice: Voice, answer: Estimate) -> str:
    """What a person pays, as a part of a sentence: 自己掏, 大约自己掏 or 自己最多掏."""
    return voice.say(f"compare.own.{firmness(answer)}", amount=own_cost(answer))


def _row(voice: Voice, row: Row) -> dict[str, Any]:
    return {
        "facility": row.facility,
        "label": voice.say(f"facility.{row.facility}"),
        "registered": row.registered,
        "own": yuan(row.own),
        "firm": row.firm,
        "estimate": estimate_json(voice, row.estimate),
    }


def _worth(voice: Voice, worth: Worth) -> dict[str, Any]:
    amount = None if worth.amount is None else yuan(worth.amount)
    return {"facility": worth.facility, "amount": amount, "firm": worth.firm, "say": _worth_words(voice, worth)}


def _compare_cautions(answer: Comparison) -> list[Note]:
    if not answer.rows:
        return list({each.note.key: each.note for each in answer.left_out}.values())
    return [Note("compare.bill_differs", {"amount": answer.case.total}), *cautions_of(row.estimate for row in answer.rows)]


def cautions_of(answers: Iterable[Estimate]) -> list[Note]:
    """The cautions of several estimates, each once; several that differ only in the layers they name are told as one."""
    found: dict[str, Note] = {}
    for note in (note for answer in answers for note in answer.cautions if note.key != "not_computable"):
        name = " ".join(str(note.values.get(value, note.key)) for value in ("key", "layer", "standard", "limit", "text"))
        kept = found.setdefault(name, note)
        layers = dict.fromkeys((*kept.values.get("layers", ()), *note.values.get("layers", ())))
        found[name] = Note(note.key, {**kept.values, **({"layers": tuple(layers)} if layers else {})})
    return list(found.values())


def cause_lines(voice: Voice, answers: Iterable[Estimate]) -> Iterator[str]:
    yield from dict.fromkeys(cause_words(voice, note) for answer in answers for note in answer.causes)


def assumed_of(voice: Voice, answers: Iterable[Estimate]) -> list[str]:
    return assumed_lines(voice, (note for answer in answers for note in assumptions(answer)), _NOT_ASSUMED, told=True)


def _pays(voice: Voice, side: Side) -> str:
    answer = side.estimate
    words = own_words(voice, answer) if answer else ""
    return voice.say("changed.pays", edition=side.policy.edition, title=side.policy.title, words=words)


def _alone(voice: Voice, side: Side) -> Iterator[str]:
    """A side whose other one does not answer, or why this one does not."""
    if side.estimate is not None:
        yield _pays(voice, side)
    elif side.note is not None:
        yield voice.note(side.note)


def _difference(voice: Voice, answer: Change) -> str:
    if answer.own is None:
        return voice.say("changed.own.unknown")
    if answer.own == 0:
        return voice.say(f"changed.own.same.{answer.firm}")
    return voice.say(f"changed.own.{'more' if answer.own > 0 else 'less'}.{answer.firm}", amount=abs(answer.own))


def _renamed(voice: Voice, before: Side, after: Side) -> Iterator[str]:
    if before.category != after.category:
        yield voice.say("changed.renamed", category=after.category, was=voice.say(f"category.{before.category}"))


def _layer_line(voice: Voice, change: LayerChange) -> str:
    """One layer under both editions; empty for one that concerns the person under neither."""
    if not any(map(concerns, (change.before, change.after))):
        return ""
    was, now = layer_words(voice, change.before), layer_words(voice, change.after)
    if was == now:
        return voice.say("changed.layer.same", layer=change.key, words=was)
    moved = change.amount or 0
    paying = change.before is not None and change.after is not None and moved
    more = voice.say(f"changed.layer.{'more' if moved > 0 else 'less'}", amount=abs(moved)) if paying else ""
    return voice.say("changed.layer", layer=change.key, words=was, now_words=now, more_words=more)


def concerns(layer: Layer | None) -> bool:
    """Whether a layer is for this person; one that is lost only for want of registration is."""
    return layer is not None and (layer.status != "not_applicable" or layer.reason == "unregistered")


def layer_words(voice: Voice, layer: Layer | None) -> str:
    """What one edition's layer does, as a part of a sentence."""
    if layer is None:
        return voice.say("changed.layer.none")
    if layer.status == "paid":
        kind = "paid" if layer.low == layer.high else "about"
        return voice.say(f"changed.layer.{kind}", amount=layer.payout)
    return voice.say(f"changed.layer.{layer.status}")


def _hospital(voice: Voice, before: Estimate, after: Estimate) -> Iterator[str]:
    if before.hospital_borne or after.hospital_borne:
        yield voice.say("changed.hospital", before_amount=before.hospital_borne, after_amount=after.hospital_borne)


def _changed_cautions(answer: Change) -> list[Note]:
    so_far = [Note("changed.so_far")] if answer.case.so_far is not None and answer.status != "refused" else []
    sides = (answer.before, answer.after)
    return [
        *(side.note for side in sides if side.note is not None),
        *so_far,
        *answer.cautions,
        *cautions_of(side.estimate for side in sides if side.estimate is not None),
    ]


def _side(voice: Voice, side: Side) -> dict[str, Any]:
    return {
        "edition": side.policy.edition,
        "title": voice.worded("title", side.policy.title),
        "category": side.category,
        "estimate": estimate_json(voice, side.estimate) if side.estimate else None,
        "say": _pays(voice, side) if side.estimate else voice.note(side.note) if side.note else "",
    }


def _layer_json(voice: Voice, change: LayerChange) -> dict[str, Any]:
    return {
        "key": change.key,
        "label": voice.say(f"layer.{change.key}"),
        "before": None if change.before is None else {"status": change.before.status, "payout": yuan(change.before.payout)},
        "after": None if change.after is None else {"status": change.after.status, "payout": yuan(change.after.payout)},
        "difference": None if change.amount is None else yuan(change.amount),
        "say": _layer_line(voice, change),
    }
