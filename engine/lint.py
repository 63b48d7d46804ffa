"""Lint: what is allowed in a pack and yet usually a slip. Each finding stands at its line; a note on the figure says that it is meant.

Falling rates, ladders the wrong way round (a township hospital paid less than a county one), figures no case can meet, sources nobody
names, ranges and figures read elsewhere without a word why, editions of a place whose days overlap.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

from engine.errors import Problem
from engine.figures import Entry
from engine.keys import FACILITIES
from engine.mechanisms.bands import Bands
from engine.plan import cells, lower
from engine.policy import ByCase, Pack, Policy, all_figures, figures_of
from engine.quantities import Money, Rate
from engine.shelf import Edition
from engine.yaml_tree import Location

#: Hospitals from near to far; the grades of one level are not compared with each other.
_RUNGS = {"township": 0, "county": 1, "city": 2, "province": 3, "outside": 4}

#: Figures that no plan holds: checks are only shown, premiums have a function of their own.
_MET_ELSEWHERE = ("checks.", "premium.")


def lint(editions: Iterable[Edition]) -> list[Problem]:
    """Every finding about these editions, by file and line."""
    found: list[Problem] = []
    every = list(editions)
    for edition in every:
        pack = edition.pack
        found += [pack.problem(location, what) for location, what in (*_findings(pack.policy), *_never_named(pack))]
    found += _overlaps(every)
    return sorted(found, key=lambda problem: (problem.file, problem.line, problem.column))


def _findings(policy: Policy) -> Iterator[tuple[Location, str]]:
    yield from _falling(policy)
    yield from _inverted(policy)
    yield from _never_met(policy)
    yield from _unexplained(policy)
    yield from _conflicts(policy)


def _bands(policy: Policy) -> Iterator[tuple[Location, Bands]]:
    for key, layer in policy.layers.items():
        if isinstance(layer, Bands):
            yield ("layers", key), layer
        elif isinstance(layer, ByCase):
            yield from ((("layers", key, "cases", number), case) for number, case in enumerate(layer.cases) if isinstance(case, Bands))


def _falling(policy: Policy) -> Iterator[tuple[Location, str]]:
    for location, layer in _bands(policy):
        for number, (tier, following) in enumerate(pairwise(layer.tiers), start=1):
            for key, entry in following.rate.values.items():
                before = tier.rate.values.get(key)
                if before is not None and not entry.note and _below(entry, before):
                    yield (
                        (*location, "tiers", number, "rate"),
                        f"the rate falls from {_text(before)}% to {_text(entry)}%, add a note if it is meant",
                    )


def _inverted(policy: Policy) -> Iterator[tuple[Location, str]]:
    """Nearer hospitals are usually paid at a higher rate and have a lower deductible."""
    for location, figure in figures_of(policy):
        if figure.by != ("facility",) or location[-1] not in ("rate", "deductible"):
            continue
        rungs = [(key, figure.values[key]) for key in FACILITIES if key in figure.values and key.partition("_")[0] in _RUNGS]
        for (near, first), (far, second) in pairwise(rungs):
            if _RUNGS[near.partition("_")[0]] == _RUNGS[far.partition("_")[0]] or first.note or second.note:
                continue
            wrong = _below(first, second) if location[-1] == "rate" else _below(second, first)
            if wrong:
                yield (
                    (*location, "values", far),
                    f"{near} is {_text(first)} and {far} {_text(second)}, the wrong way round; add a note if it is meant",
                )


def _never_met(policy: Policy) -> Iterator[tuple[Location, str]]:
    met = {"checks"}
    for cell in cells(policy):
        plan = lower(policy, cell)
        for layer in plan.layers:
            figures = layer.figures if isinstance(layer.figures, tuple) else _all_of(layer.figures)
            met |= {figure.name for figure in figures}
        met |= {figure.name for figure in plan.borne.figures}
    for used, (location, key) in zip(all_figures(policy), _places(policy), strict=True):
        if used.basis != "unknown" and used.name not in met and not used.name.startswith(_MET_ELSEWHERE):
            yield (
                (*location, "values", *key) if key else location,
                f"`{used.name}` is used by no case, remove it or correct what it varies by",
            )


def _all_of(figures: Any) -> list[Any]:
    edges = [edge for edge in figures.edges if edge is not None]
    return [*figures.always, *figures.rates, *edges, *figures.guarantee, *figures.cap]


def _places(policy: Policy) -> Iterator[tuple[Location, tuple[str, ...]]]:
    for location, figure in figures_of(policy):
        yield from ((location, tuple(key.split(".")) if key else ()) for key in figure.values)


def _never_named(pack: Pack) -> Iterator[tuple[Location, str]]:
    """Sources that no figure names, neither in the pack nor in what overlays made of it."""
    written = {key: value for key, value in pack.tree.data.items() if key != "sources"}
    named = {*_sources_in(pack.policy.model_dump(exclude={"sources"})), *_sources_in(written)}
    for key in pack.policy.sources:
        if key not in named:
            yield ("sources", key), f"the source `{key}` is named by no figure"


def _sources_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("source"), str):
            yield value["source"]
        for item in value.values():
            yield from _sources_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _sources_in(item)


def _unexplained(policy: Policy) -> Iterator[tuple[Location, str]]:
    """A range wants a word on why nobody knows more: on the figure, its source or its layer."""
    for location, figure in figures_of(policy):
        for key, entry in figure.values.items():
            layer: Any = policy.layers.get(location[1]) if location[0] == "layers" else None  # type: ignore[call-overload]
            said = entry.note or policy.sources[entry.source].note or (layer is not None and layer.note)
            if entry.basis == "range" and not said:
                yield (*location, "values", *key.split(".")) if key else location, "a range without a note, say why it is not known better"


def _conflicts(policy: Policy) -> Iterator[tuple[Location, str]]:
    """A share that the document names as its aim stands beside the computed one: the pack says how the two go together."""
    for index, check in enumerate(policy.checks):
        if not any(entry.note for entry in check.share.values.values()):
            yield ("checks", index, "share"), "may contradict the computed share, add a note on how the two go together"


def _overlaps(editions: list[Edition]) -> Iterator[Problem]:
    by_place: dict[str, list[Pack]] = {}
    for edition in sorted(editions, key=lambda edition: edition.policy.horizon.valid_from):
        by_place.setdefault(edition.policy.place, []).append(edition.pack)
    for packs in by_place.values():
        for before, after in pairwise(packs):
            if before.policy.horizon.verified_until >= after.policy.horizon.valid_from:
                yield before.problem(
                    ("horizon", "verified_until"), f"reaches into {after.key}, which begins on {after.policy.horizon.valid_from}"
                )


def _below(first: Entry[Any], second: Entry[Any]) -> bool:
    one, other = (entry.value if entry.value is not None else entry.low for entry in (first, second))
    return isinstance(one, Money | Rate) and isinstance(other, Money | Rate) and one.value < other.value


def _text(entry: Entry[Any]) -> str:
    value = entry.value if entry.value is not None else entry.low
    return str(value.text()) if value is not None else "-"
