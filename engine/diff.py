"""What a change of rules does: the figures that differ between two packs of one place, and what sample households pay under each.

Pure, like an estimate: every side of a household is exactly what `estimate` gives for it, and no word is said here.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel

from engine.case import Case
from engine.compare import Firm, Side, own_difference, settled, sides
from engine.estimate import Estimate
from engine.figures import Figure, Used
from engine.plan import prove
from engine.policy import Policy, all_figures, read_pack
from engine.samples import Sample
from engine.shelf import Edition, Shelf

FigureKind = Literal["changed", "reason", "added", "dropped"]
FIGURE_KINDS: tuple[FigureKind, ...] = ("changed", "reason", "added", "dropped")

Fate = Literal["gains", "loses", "same", "open", "skipped"]
FATES: tuple[Fate, ...] = ("gains", "loses", "same", "open", "skipped")

#: Where a layer has several rules, the number of one of them within a figure's name.
_OF_A_CASE = re.compile(r"\.cases\.\d+")

#: Parts of a pack that say which one it is; they differ between any two editions.
_IDENTITY = frozenset({"place", "edition"})


@dataclass(frozen=True, slots=True)
class FigureChange:
    """One figure before and after; None where it is not there. `reason`: only basis, source or note differ, the number stayed."""

    kind: FigureKind
    before: Used | None
    after: Used | None


@dataclass(frozen=True, slots=True)
class SampleBill:
    """A sample household's bill under both packs. `own` is how much more it pays after, in fen; None where nobody knows.

    `skipped`: at least one side does not answer, its `note` says why. `open`: only bounds are known of what it pays.
    """

    sample: Sample
    facility: str
    before: Side
    after: Side
    fate: Fate
    own: int | None = None
    firm: Firm = "most"


@dataclass(frozen=True, slots=True)
class Diff:
    """Two packs of one place: figures in the order of the files, other parts that differ by name, households by what they gain."""

    before: Edition
    after: Edition
    figures: tuple[FigureChange, ...]
    other: tuple[str, ...]
    households: tuple[SampleBill, ...]

    def of_kind(self, kind: FigureKind) -> tuple[FigureChange, ...]:
        """The figures that changed in this way."""
        return tuple(figure for figure in self.figures if figure.kind == kind)

    def count(self, fate: Fate) -> int:
        """How many households fare like this."""
        return sum(household.fate == fate for household in self.households)


def read_draft(path: Path) -> Edition:
    """Read and prove one pack wherever its file stands. Raises PackError."""
    pack = read_pack(path)
    prove(pack)
    return Edition(pack)


def diff(first: Edition, second: Edition, samples: Sequence[Sample], shelf: Shelf, today: date) -> Diff:
    """What changes from the first pack to the second, which must be of the same place; either may be the older one.

    Each pack is asked at its own last verified day. Categories are followed through the editions of the shelf that were in force in
    between; two files of one edition name the same people alike, so nothing is followed there.
    """
    if first.policy.place != second.policy.place:
        raise ValueError("two packs of different places cannot be held against each other")
    weighing = _Weighing(first, second, tuple(_in_order(first, second, shelf)), today)
    households = [weighing.household(sample) for sample in samples]
    figures = tuple(_figure_changes(first.policy, second.policy))
    return Diff(
        before=first,
        after=second,
        figures=figures,
        other=tuple(_other_changes(first.policy, second.policy, figures)),
        households=tuple(sorted(households, key=_order)),
    )


def _in_order(first: Edition, second: Edition, shelf: Shelf) -> Iterator[Edition]:
    """The two packs and the editions between them, oldest first."""
    older, newer = sorted((first, second), key=_begins)
    yield older
    for edition in shelf.places.get(older.policy.place, ()):
        if _begins(older) < _begins(edition) < _begins(newer):
            yield edition
    yield newer


def _begins(edition: Edition) -> date:
    return edition.policy.horizon.valid_from


def _order(household: SampleBill) -> tuple[int, int]:
    """Those who gain most first, those who lose most behind those who stay, then those of whom it is not known."""
    return max(0, FATES.index(household.fate) - FATES.index("same")), household.own or 0


def _figure_changes(first: Policy, second: Policy) -> Iterator[FigureChange]:
    was = {figure.name: figure for figure in all_figures(first)}
    now = {figure.name: figure for figure in all_figures(second)}
    after = {name: name for name in was if name in now}
    after |= _recased([name for name in was if name not in now], [name for name in now if name not in was])
    for name, figure in was.items():
        other = now.get(after.get(name, ""))
        kind = _kind(first, figure, second, other) if other else "dropped"
        if kind is not None:
            yield FigureChange(kind, figure, other)
    found = set(after.values())
    yield from (FigureChange("added", None, figure) for name, figure in now.items() if name not in found)


def _recased(was: Sequence[str], now: Sequence[str]) -> dict[str, str]:
    """The figures of a rule that became one of several of its layer, or the other way: `basic.cap` is then also `basic.cases.0.cap`."""
    before, after = _by_single(was), _by_single(now)
    pairs = ((bare, before[bare], after[bare]) for bare in before if bare in after)
    return {name: other for bare, name, other in pairs if bare in (name, other)}


def _by_single(names: Sequence[str]) -> dict[str, str]:
    """The first of the names by what it would be if its layer had no more than one rule."""
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(_OF_A_CASE.sub("", name), name)
    return found


def _kind(first: Policy, before: Used, second: Policy, after: Used) -> FigureKind | None:
    if (before.value, before.low, before.high, before.unit) != (after.value, after.low, after.high, after.unit):
        return "changed"
    is_same_source = before.source == after.source or _document(first, before) == _document(second, after)
    return None if is_same_source and (before.basis, before.note) == (after.basis, after.note) else "reason"


def _document(policy: Policy, figure: Used) -> tuple[str, str | None]:
    """What a figure's source is, whatever the pack calls it."""
    source = policy.sources[figure.source]
    return source.title, source.number


def _other_changes(first: Policy, second: Policy, figures: Sequence[FigureChange]) -> Iterator[str]:
    """The parts of the pack that differ in something else than the figures that are told, each layer by itself."""
    told = {figure.name.split(".")[0] for change in figures for figure in (change.before, change.after) if figure is not None}
    was, now = _parts(first), _parts(second)
    for name in dict.fromkeys((*was, *now)):
        before, after = was.get(name), now.get(name)
        if before != after and (_bare(before) != _bare(after) or name.removeprefix("layers.") not in told):
            yield name


def _parts(policy: Policy) -> dict[str, Any]:
    parts = {name: getattr(policy, name) for name in Policy.model_fields if name not in _IDENTITY}
    return parts | {f"layers.{key}": layer for key, layer in policy.layers.items()} | {"layers": tuple(policy.layers)}


def _bare(value: Any) -> Any:
    """A part of a pack without its figures, which are held against each other one by one."""
    if isinstance(value, Figure):
        return None
    if isinstance(value, BaseModel):
        return {name: _bare(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, dict):
        return {key: _bare(item) for key, item in value.items()}
    return [_bare(item) for item in value] if isinstance(value, tuple) else value


@dataclass(frozen=True, slots=True)
class _Weighing:
    """Two packs, with those between them in `in_order`, ready for households."""

    first: Edition
    second: Edition
    in_order: tuple[Edition, ...]
    today: date

    def household(self, sample: Sample) -> SampleBill:
        """A sample settled under both packs, at the first of its levels of hospital that both know."""
        both = set(self.first.policy.facilities) & set(self.second.policy.facilities)
        facility = next((facility for facility in sample.facility if facility in both), sample.facility[0])
        before, after = self._sides(sample.case(self.first.policy.place, facility))
        if before.estimate is None or after.estimate is None:
            return SampleBill(sample, facility, before, after, "skipped")
        if self._is_untouched(before.estimate, after.estimate):
            return SampleBill(sample, facility, before, after, "same", 0, "exact")
        own, firm = own_difference(before.estimate, after.estimate)
        return SampleBill(sample, facility, before, after, _fate(own), own, firm)

    def _sides(self, case: Case) -> tuple[Side, Side]:
        if self._is_one_edition():
            return settled(case, self.first, {}, self.today), settled(case, self.second, {}, self.today)
        older, newer = sides(case, self.in_order, self.today)
        return (older, newer) if self.in_order[0] is self.first else (newer, older)

    def _is_one_edition(self) -> bool:
        return self.first.pack.key == self.second.pack.key

    def _is_untouched(self, before: Estimate, after: Estimate) -> bool:
        """Whether two files of one edition treat a bill by the very same rules, so that even what is unknown stays what it is."""
        if not self._is_one_edition() or _told(before) != _told(after):
            return False
        unknown = {layer.key for layer in before.layers if layer.status == "not_computable"}
        rules, now = self.first.policy.layers, self.second.policy.layers
        return all(rule == now[key] for key, rule in rules.items() if key in unknown)


def _told(answer: Estimate) -> tuple[object, ...]:
    return answer.layers, answer.out_of_pocket, answer.hospital_borne


def _fate(own: int | None) -> Fate:
    if own is None:
        return "open"
    return "same" if own == 0 else "gains" if own < 0 else "loses"
