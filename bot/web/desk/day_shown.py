"""What the pages of a day show: rows and sums in words, one household in full, several side by side."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from bot.lists.households import Household, basis_of_warnings, concerning_layers, telling_layers, together, warnings, why_not
from bot.paper import sheet_lines
from bot.speech import Voice
from bot.speech.compare_words import cautions_of, own_words
from bot.speech.estimate_words import assumption_words, assumptions, headline, layer_sentence
from engine import Estimate, Shelf, firmness, own_cost


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A household as a row of the table: which one of its day, cells by the columns, what to look out for, or why it has no amounts.

    `number` is that of its page.
    """

    number: int
    nth: int
    name: str
    cells: Sequence[str]
    warnings: Sequence[str]
    why_not: str


def name_of(voice: Voice, household: Household) -> str:
    """What a household is called: as the coordinator calls it, else by which one of its day it is."""
    return household.visit.label or voice.say("desk.day.number", number=str(household.nth))


def told_apart(voice: Voice, households: Sequence[Household]) -> list[str]:
    """What several households are called side by side: of those with one name also by which one of its day each is."""
    names = [name_of(voice, each) for each in households]
    nth = [voice.say("desk.day.number", number=str(each.nth)) for each in households]
    return [f"{name} {which}" if names.count(name) > 1 else name for name, which in zip(names, nth, strict=True)]


def options(voice: Voice, shelf: Shelf, place: str) -> dict[str, Any]:
    """What can be chosen in the form: places by name, and categories and hospitals of the chosen one, those of its newest rules first."""
    newest = [edition.policy for edition in reversed(shelf.places.get(place, ()))]
    named = {key: voice.worded("place", editions[-1].policy.name) for key, editions in shelf.places.items()}
    return {
        "places": sorted(named.items()),
        "categories": list(dict.fromkeys(key for policy in newest for key in policy.categories)),
        "facilities": list(dict.fromkeys(key for policy in newest for key in policy.facilities)),
    }


def shown_rows(voice: Voice, households: Sequence[Household]) -> tuple[list[str], list[ShownRow]]:
    """The names of the columns, and a row for each household: category, hospital, and the amounts from the total to own cost."""
    layers, borne = telling_layers(households), _some_borne(households)
    columns = [
        *(voice.say(f"slot.{name}") for name in ("category", "facility", "total", "self_funded")),
        *(voice.say(f"layer.{layer}") for layer in layers),
        *([voice.say("desk.column.hospital_borne")] if borne else []),
        voice.say("desk.column.out_of_pocket"),
    ]
    return columns, [_row(voice, each, layers, borne=borne) for each in households]


def sum_cells(voice: Voice, households: Sequence[Household]) -> list[str]:
    """The sums of the day in the columns of amounts."""
    layers, sums = telling_layers(households), together(households)
    amounts: list[int | None] = [sums.total, sums.self_funded, *(sums.paid[layer] for layer in layers)]
    amounts += [sums.hospital_borne] if _some_borne(households) else []
    return [*(_amount(voice, amount) for amount in amounts), _own(voice, sums.firm, sums.own, sums.most)]


def detail(voice: Voice, household: Household, today: date) -> dict[str, Any]:
    """Everything about one household: the two amounts, and as it stands on paper the facts and the sections with their lines."""
    if household.answer is None:
        return {"headline": why_not(voice, household), "facts": [], "sections": {}, "warnings": []}
    lines = sheet_lines(voice, household.answer, made=today)
    own, told = household.answer.out_of_pocket, list(warnings(voice, household.answer, household.threshold))
    words = headline(voice, household.answer, own) if own else ""
    return {"headline": words, "facts": lines["facts"], "sections": lines["sections"], "warnings": told}


def doubts(voice: Voice, households: Sequence[Household]) -> list[str]:
    """How firm the amounts of several households are: what was taken for granted, where the threshold of warnings comes from, cautions."""
    answers = [each.counted for each in households if each.counted is not None]
    assumed = (note for answer in answers for note in assumptions(answer) if note.key != "on")
    words = voice.say("semicolon").join(dict.fromkeys(assumption_words(voice, note) for note in assumed))
    lines = [voice.say("desk.day.assumed", words=words) if words else "", basis_of_warnings(voice, households)]
    return [line for line in (*lines, *map(voice.note, cautions_of(answers))) if line]


def compared(voice: Voice, households: Sequence[Household]) -> list[dict[str, Any]]:
    """A row for each thing that can differ: its name, a cell for each household as {"first", "more"}, and whether all say the same."""
    return [{"name": name, "cells": cells, "same": all(cell == cells[0] for cell in cells)} for name, cells in _rows(voice, households)]


Cell = dict[str, str]


def _rows(voice: Voice, households: Sequence[Household]) -> Iterator[tuple[str, list[Cell]]]:
    def row(tell: Callable[[Estimate], Cell]) -> list[Cell]:
        return [tell(each.counted) if each.counted else _cell("") for each in households]

    def facts(tell: Callable[[Household], str]) -> list[Cell]:
        return [_cell(tell(each)) for each in households]

    yield voice.say("slot.category"), facts(lambda each: _category(voice, each))
    yield voice.say("slot.facility"), facts(lambda each: _hospital(voice, each))
    yield voice.say("slot.total"), facts(lambda each: _amount(voice, each.case.total if each.case else None))
    yield voice.say("slot.self_funded"), facts(lambda each: _self_funded(voice, each))
    yield voice.say("desk.day.eligible"), row(lambda answer: _cell(_amount(voice, answer.eligible)))
    for key in concerning_layers(households):
        yield voice.say(f"layer.{key}"), row(lambda answer, key=key: _layer_cell(voice, answer, key))  # type: ignore[misc]
    if _some_borne(households):
        yield voice.say("desk.column.hospital_borne"), row(lambda answer: _cell(_amount(voice, answer.hospital_borne)))
    yield (
        voice.say("desk.column.out_of_pocket"),
        [_cell(own_words(voice, each.counted)) if each.counted else _cell("", why_not(voice, each)) for each in households],
    )
    told = [" ".join(warnings(voice, each.counted, each.threshold)) if each.counted else "" for each in households]
    if any(told):
        yield voice.say("desk.day.column.warnings"), [_cell("", words) for words in told]


def _cell(first: str, more: str = "") -> Cell:
    return {"first": first, "more": more}


def _layer_cell(voice: Voice, answer: Estimate, key: str) -> Cell:
    """What a layer comes to, and why, in one line."""
    layer = answer.layer(key)
    if layer is None or (layer.status == "not_applicable" and layer.reason != "unregistered"):
        return _cell(_outcome(voice, answer, key))
    sentence = layer_sentence(voice, answer, layer).removeprefix(voice.say("layer_line", layer=key, words=""))
    return _cell(_outcome(voice, answer, key), sentence)


def _row(voice: Voice, household: Household, layers: Sequence[str], *, borne: bool) -> ShownRow:
    case, answer = household.case, household.counted
    cells = [_category(voice, household), _hospital(voice, household)]
    cells += [_amount(voice, case.total if case else None), _self_funded(voice, household)]
    cells += [_outcome(voice, answer, layer) if answer else "" for layer in layers]
    cells += [_amount(voice, answer.hospital_borne if answer else None)] if borne else []
    most = answer.out_of_pocket.high if answer and answer.out_of_pocket else 0
    cells.append(_own(voice, firmness(answer), own_cost(answer), most) if answer else voice.say("desk.status.refused"))
    told = list(warnings(voice, answer, household.threshold)) if answer else []
    return ShownRow(household.visit.number, household.nth, name_of(voice, household), cells, told, why_not(voice, household))


def _category(voice: Voice, household: Household) -> str:
    return voice.say(f"category.{household.case.category}") if household.case else ""


def _hospital(voice: Voice, household: Household) -> str:
    """The level of hospital, and the kind of care where it is not a stay."""
    case = household.case
    if case is None:
        return ""
    level = voice.say(f"facility.{case.facility}")
    return level if case.care == "inpatient" else voice.listed((level, voice.say(f"care.{case.care}")))


def _some_borne(households: Sequence[Household]) -> bool:
    return any(each.counted is not None and each.counted.hospital_borne for each in households)


def _outcome(voice: Voice, answer: Estimate, key: str) -> str:
    """What a layer comes to, in a few words."""
    layer = answer.layer(key)
    if layer is not None and layer.status == "paid":
        return _amount(voice, layer.payout)
    return voice.say(f"desk.day.layer.{layer.status if layer is not None else 'not_applicable'}")


def _own(voice: Voice, firm: str, amount: int, most: int) -> str:
    """What one pays, with what it may come to where more is possible."""
    words = voice.say(f"desk.day.own.{firm}", amount=amount)
    return voice.say("chat.desk.up_to", words=words, most_amount=most) if most > amount else words


def _amount(voice: Voice, amount: int | None) -> str:
    return "" if amount is None else voice.say("plain.status.paid", amount=amount)


def _self_funded(voice: Voice, household: Household) -> str:
    """What was told of it; not to know it makes the amounts a range."""
    case = household.case
    return "" if case is None else _amount(voice, case.self_funded) or voice.say("desk.day.unsaid")
