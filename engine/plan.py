"""Plan: a policy lowered for one cell. Every figure is resolved, money is whole fen, rates are reduced fractions.

Layer and tier nodes are kept, because the program, its working, its early exits and (later) its columns all derive from them.
`prove` shows at load that no plan can leave the exact range of a double or pay a negative amount.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any, Literal

from engine.bounds import check_bounds
from engine.cell import Cell
from engine.errors import PackError, Problem
from engine.figures import Entry, Figure, Used, used
from engine.mechanisms.advice import Advice
from engine.mechanisms.bands import Bands, BandsNode, tiers_above_deductible
from engine.mechanisms.deductible import FixedDeductible, ShareOfTotal, lower_deductible
from engine.policy import Pack, Policy
from engine.quantities import NoLimit
from engine.yaml_tree import Location

End = Literal["low", "high"]


@dataclass(frozen=True, slots=True)
class LayerFigures:
    """The figures of a layer, by when they enter its result: always, per tier reached, per tier passed, with the guarantee, the cap."""

    always: tuple[Used, ...] = ()
    rates: tuple[Used, ...] = ()
    edges: tuple[Used | None, ...] = ()
    guarantee: tuple[Used, ...] = ()
    cap: tuple[Used, ...] = ()


@dataclass(frozen=True, slots=True)
class PaidLayer:
    """A layer that is computed. `cap_unknown` says that a cap may exist whose amount nobody knows."""

    key: str
    node: BandsNode
    figures: LayerFigures
    cap_unknown: bool = False

    @property
    def counts(self) -> bool:
        """Whether the stay adds to the layer's sum of the year."""
        return self.node.over == "year"


@dataclass(frozen=True, slots=True)
class SilentLayer:
    """A layer that pays nothing that can be computed: `not_applicable`, `not_computable` or `advice`, with the reason's key.

    `counts` says that the stay still adds to the layer's sum of the year, should the person's category change within it.
    """

    key: str
    status: Literal["not_applicable", "not_computable", "advice"]
    reason: str
    figures: tuple[Used, ...] = ()
    counts: bool = False


PlanLayer = PaidLayer | SilentLayer


@dataclass(frozen=True, slots=True)
class Plan:
    """What a cell is settled by. `ranges` names the figures known only as a range, whose ends can be chosen."""

    cell: Cell
    layers: tuple[PlanLayer, ...]
    ranges: tuple[str, ...]

    def paid(self) -> list[PaidLayer]:
        """The computed layers in order."""
        return [layer for layer in self.layers if isinstance(layer, PaidLayer)]

    def yearly(self) -> list[str]:
        """The keys of the computed layers that run on the sum of the year."""
        return [layer.key for layer in self.paid() if layer.node.over == "year"]


class _UnsoundError(ValueError):
    """A figure that cannot be lowered, with where it stands in the pack."""

    def __init__(self, location: Location, what: str) -> None:
        super().__init__(what)
        self.location = location


class _UnknownError(Exception):
    """A figure of basis `unknown` stands where the amount depends on it."""


@dataclass(slots=True)
class _Lowering:
    """Collects the figures used and the ranges met while one layer is lowered."""

    cell: Cell
    location: Location
    ends: Mapping[str, End]
    met: list[Used]
    ranges: list[str]

    def entry(self, figure: Figure[Any], *path: str | int) -> tuple[Entry[Any], Used]:
        location = (*self.location, *path)
        entry = figure.at(self.cell)
        if entry is None:
            keys = ", ".join(f"{key} `{getattr(self.cell, key)}`" for key in figure.by)
            raise _UnsoundError(location, f"no value for {keys}, expected one for every key of the pack")
        stem = ".".join(str(step) for step in location[1:])
        record = used(figure.name(self.cell, stem), entry)
        self.met.append(record)
        return entry, record

    def value(self, figure: Figure[Any], *path: str | int) -> Any:
        """The figure's value; of a range the end that was chosen, the lower one unless said. Raises _UnknownError."""
        return self.chosen(*self.entry(figure, *path))

    def chosen(self, entry: Entry[Any], record: Used) -> Any:
        """The value of an entry already looked up."""
        if entry.basis == "unknown":
            raise _UnknownError
        if entry.basis == "range":
            self.ranges.append(record.name)
            return entry.high if self.ends.get(record.name) == "high" else entry.low
        return entry.value

    def taken(self) -> tuple[Used, ...]:
        """The figures met since the last call."""
        met = tuple(self.met)
        self.met.clear()
        return met


def lower(policy: Policy, cell: Cell, ends: Mapping[str, End] | None = None) -> Plan:
    """The plan of a cell. `ends` chooses the end of a `range` figure by name. Raises ValueError with the place of a figure that fails."""
    layers: list[PlanLayer] = []
    ranges: list[str] = []
    for key, layer in policy.layers.items():
        work = _Lowering(cell, ("layers", key), ends or {}, [], [])
        layers.append(_advice(key, layer, work) if isinstance(layer, Advice) else _bands(key, layer, work))
        ranges += work.ranges
    return Plan(cell, tuple(layers), tuple(ranges))


def cells(policy: Policy) -> Iterator[Cell]:
    """Every cell a policy answers for."""
    for category, facility, care in product(policy.categories, policy.facilities, policy.care):
        registered = (True, False) if facility in policy.referral.required_at else (True,)
        yield from (Cell(category, facility, care, choice) for choice in registered)


def prove(pack: Pack) -> None:
    """Lower every cell with both ends of its ranges and check its bounds. Raises PackError naming layer, line and cell."""
    problems: dict[tuple[int, int, str], Problem] = {}
    for cell in cells(pack.policy):
        for end in ("low", "high"):
            try:
                _check(lower(pack.policy, cell, _AllEnds(end)))
            except _UnsoundError as error:
                problem = pack.tree.problem(error.location, f"{error} (met for {' '.join(map(str, cell[:3]))})")
                problems.setdefault((problem.line, problem.column, str(error)), problem)
    if problems:
        raise PackError([problems[key] for key in sorted(problems)])


class _AllEnds(dict[str, End]):
    """The same end for every range figure."""

    def __init__(self, end: End) -> None:
        super().__init__()
        self._end = end

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ARG002 - dict's own signature
        return self._end


def _advice(key: str, layer: Advice, work: _Lowering) -> SilentLayer:
    if not layer.applies_to.holds(work.cell):
        return SilentLayer(key, "not_applicable", "category")
    for name, figure in layer.parts():
        work.entry(figure, name)
    return SilentLayer(key, "advice", key, work.taken())


def _bands(key: str, layer: Bands, work: _Lowering) -> PlanLayer:
    applies, yearly = layer.applies_to.holds(work.cell), layer.over == "year"
    for exclusion in layer.excluded:
        if exclusion.when.holds(work.cell):
            why = Used(f"{key}.excluded", "rule", exclusion.reason, None, None, exclusion.basis, exclusion.source, exclusion.note)
            return SilentLayer(key, "not_applicable", exclusion.reason if applies else "category", (why,) if applies else ())
    if not applies:
        return SilentLayer(key, "not_applicable", "category", counts=yearly)
    try:
        return _computed(key, layer, work)
    except _UnknownError:
        return SilentLayer(key, "not_computable", "unknown_figure", work.taken(), counts=yearly)


def _computed(key: str, layer: Bands, work: _Lowering) -> PaidLayer:
    factor, points, cap = _adjusted(layer, work)
    deductible = _lowered_deductible(layer, factor, work)
    always = work.taken()
    edges, edge_figures, rate_figures = _edges(layer, points, work)
    start = deductible.fen if layer.tiers_from == "zero" and isinstance(deductible, FixedDeductible) else 0
    try:
        tiers = tiers_above_deductible(edges, start)
    except ValueError as error:
        raise _UnsoundError((*work.location, "tiers"), str(error)) from error
    dropped = len(edges) - len(tiers)
    floor = layer.at_least and layer.at_least.share_above_deductible
    guarantee = work.value(floor, "at_least", "share_above_deductible").share if floor else None
    guarantee_figures = work.taken()
    cap_entry, limit = _cap(layer, cap, work)
    figures = LayerFigures(always, rate_figures[dropped:], edge_figures[dropped:], guarantee_figures, work.taken())
    node = BandsNode(layer.over, deductible, tiers, guarantee, limit)
    return PaidLayer(key, node, figures, cap_unknown=cap_entry.basis == "unknown")


def _adjusted(layer: Bands, work: _Lowering) -> tuple[Fraction, Fraction, tuple[Figure[Any], Location] | None]:
    factor, points, cap = Fraction(1), Fraction(0), None
    for index, change in enumerate(layer.adjustments):
        if not change.when.holds(work.cell):
            continue
        place = ("adjustments", index)
        factor *= work.value(change.deductible, *place, "deductible").value if change.deductible else 1
        points += work.value(change.rate, *place, "rate").share if change.rate else 0
        cap = (change.cap, (*place, "cap")) if change.cap else cap
    return factor, points, cap


def _lowered_deductible(layer: Bands, factor: Fraction, work: _Lowering) -> Any:
    value = work.value(layer.deductible, "deductible")
    if isinstance(value, ShareOfTotal) and layer.tiers_from == "zero":
        raise _UnsoundError((*work.location, "tiers_from"), "tiers from zero expect a fixed deductible, not a share of the total")
    try:
        return lower_deductible(value, factor)
    except ValueError as error:
        raise _UnsoundError((*work.location, "deductible"), str(error)) from error


def _edges(
    layer: Bands, points: Fraction, work: _Lowering
) -> tuple[list[tuple[int | None, Fraction]], tuple[Used | None, ...], tuple[Used, ...]]:
    edges: list[tuple[int | None, Fraction]] = []
    edge_figures: list[Used | None] = []
    rate_figures: list[Used] = []
    for index, tier in enumerate(layer.tiers):
        upper = None if tier.up_to is None else work.value(tier.up_to, "tiers", index, "up_to").fen
        edge_figures.append(next(iter(work.taken()), None))
        rate = work.value(tier.rate, "tiers", index, "rate").share + points
        if not 0 <= rate <= 1:
            what = f"comes to {float(rate):.0%} with its adjustments, expected 0% to 100%"
            raise _UnsoundError((*work.location, "tiers", index, "rate"), what)
        rate_figures += work.taken()
        edges.append((upper, rate))
    return edges, tuple(edge_figures), tuple(rate_figures)


def _cap(layer: Bands, replaced: tuple[Figure[Any], Location] | None, work: _Lowering) -> tuple[Entry[Any], int | None]:
    figure, path = replaced or (layer.cap, ("cap",))
    entry, record = work.entry(figure, *path)
    if entry.basis == "unknown":
        return entry, None
    value = work.chosen(entry, record)
    return entry, None if isinstance(value, NoLimit) else value.fen


def _check(plan: Plan) -> None:
    for layer in plan.paid():
        try:
            check_bounds(layer.node)
        except ValueError as error:
            raise _UnsoundError(("layers", layer.key, "tiers"), str(error)) from error
