"""Plan: a policy lowered for one cell. Every figure is resolved, money is whole fen, rates are reduced fractions.

Layer and tier nodes are kept, because the program, its working, its early exits and (later) its columns all derive from them.
`prove` shows at load that no plan can leave the exact range of a double or pay a negative amount.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product
from typing import Any, Literal

from pydantic import BaseModel

from engine.bounds import check_bounds
from engine.cell import Cell, When
from engine.errors import PackError, Problem
from engine.figures import Entry, Figure, Used, used
from engine.keys import LAYERS
from engine.mechanisms.advice import Advice
from engine.mechanisms.bands import Bands, BandsNode, Exclusion, tiers_above_deductible
from engine.mechanisms.ceiling import Ceiling, CeilingNode
from engine.mechanisms.deductible import DeductibleNode, FixedDeductible, ShareOfTotal, lower_deductible
from engine.mechanisms.exists import Exists
from engine.mechanisms.hospital import Borne
from engine.mechanisms.said import SaidNode
from engine.mechanisms.top_up import TopUp, TopUpNode
from engine.money import LIMIT
from engine.policy import ByCase, Layer, Pack, Policy, Simple, figures_of
from engine.quantities import NoLimit
from engine.yaml_tree import Location

End = Literal["low", "high"]
Node = BandsNode | TopUpNode | CeilingNode | SaidNode

#: With more range figures than this not every combination of their ends is tried.
MOST_COMBINED = 4


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
    node: Node
    figures: LayerFigures
    cap_unknown: bool = False

    @property
    def account(self) -> str:
        """The sum of the year the layer runs on."""
        return self.node.account if isinstance(self.node, BandsNode) else self.key

    @property
    def cap_account(self) -> str:
        """The payouts of the year that its cap limits."""
        return self.node.cap_account if isinstance(self.node, BandsNode) else self.key

    @property
    def yearly(self) -> bool:
        """Whether the layer runs on the sum of the year."""
        return isinstance(self.node, CeilingNode) or (isinstance(self.node, BandsNode) and self.node.over == "year")

    @property
    def counts(self) -> str | None:
        """The sum of the year that this settlement adds to."""
        if isinstance(self.node, SaidNode):
            return self.node.counts
        return self.account if self.yearly else None


@dataclass(frozen=True, slots=True)
class SilentLayer:
    """A layer that pays nothing that can be computed: `not_applicable`, `not_computable` or `advice`, with the reason's key.

    `counts` names the sum of the year that the settlement still adds to, should the person's category change within it.
    `absorbed_by`: a later layer that, once it pays, makes this one's amount irrelevant for own cost.
    """

    key: str
    status: Literal["not_applicable", "not_computable", "advice"]
    reason: str
    figures: tuple[Used, ...] = ()
    counts: str | None = None
    absorbed_by: str | None = None


PlanLayer = PaidLayer | SilentLayer


@dataclass(frozen=True, slots=True)
class Plan:
    """What a cell is settled by. `ranges` names the figures known only as a range; `borne` is what the hospital bears before any layer."""

    cell: Cell
    layers: tuple[PlanLayer, ...]
    ranges: tuple[str, ...]
    borne: Borne

    def paid(self) -> list[PaidLayer]:
        """The computed layers in order."""
        return [layer for layer in self.layers if isinstance(layer, PaidLayer)]


class _UnsoundError(ValueError):
    """A figure that cannot be lowered, with where it stands in the pack."""

    def __init__(self, location: Location, what: str) -> None:
        super().__init__(what)
        self.location = location


class _UnknownError(Exception):
    """A figure of basis `unknown` stands where the amount depends on it."""


@dataclass(slots=True)
class _Lowering:
    """Collects the figures used and the ranges met while one layer is lowered. `settled` are the layers before it that are no riddle."""

    cell: Cell
    location: Location
    ends: Mapping[str, End]
    settled: Collection[str]
    met: list[Used]
    ranges: list[str]

    def entry(self, figure: Figure[Any], *path: str | int) -> tuple[Entry[Any], Used]:
        location = (*self.location, *path)
        entry = figure.at(self.cell)
        if entry is None:
            keys = ", ".join(f"{key} `{getattr(self.cell, key)}`" for key in figure.by)
            raise _UnsoundError(location, f"no value for {keys}, expected one for every key of the pack")
        stem = ".".join(str(step) for step in (location[1:] if location[0] == "layers" else location))
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
        settled = [each.key for each in layers if isinstance(each, PaidLayer) or each.status != "not_computable"]
        lowered, met = _lowered(key, layer, cell, ends or {}, settled)
        layers.append(lowered)
        ranges += met
    return Plan(cell, tuple(layers), tuple(ranges), _borne(policy, cell, ends or {}))


def _lowered(key: str, layer: Layer, cell: Cell, ends: Mapping[str, End], settled: Collection[str]) -> tuple[PlanLayer, list[str]]:
    """A layer for a cell, and the ranges it met."""
    work = _Lowering(cell, ("layers", key), ends, settled, [], [])
    return _by_case(key, layer, work) if isinstance(layer, ByCase) else _layer(key, layer, work), work.ranges


def choices_of(names: Sequence[str]) -> list[tuple[str, ...]]:
    """All choices of range figures at their upper end; beyond a handful only none, each alone, all but each, and all."""
    if len(names) > MOST_COMBINED:
        singles = [(name,) for name in names]
        return [(), *singles, *(tuple(other for other in names if other != name) for name in names), tuple(names)]
    return [tuple(name for name, taken in zip(names, choice, strict=True) if taken) for choice in product((False, True), repeat=len(names))]


def exact_to(plans: Sequence[Plan]) -> int:
    """Up to which sum of a year's bills the ends make no difference: where only caps differ the lowest, since no more is paid than billed.

    -1 where they differ in anything else.
    """
    lowest = LIMIT
    for layers in zip(*(plan.layers for plan in plans), strict=True):
        nodes = [None if isinstance(layer, SilentLayer) else layer.node for layer in layers]
        if any(node != nodes[0] for node in nodes):
            caps = [node.cap for node in nodes if isinstance(node, BandsNode) and node.cap is not None]
            if len({_uncapped(node) for node in nodes}) > 1:
                return -1
            lowest = min(lowest, *caps)
    return lowest


def _uncapped(node: Node | None) -> Node | None:
    return replace(node, cap=None) if isinstance(node, BandsNode) else node


def cells(policy: Policy) -> Iterator[Cell]:
    """Every cell a policy answers for."""
    ages = (*policy.ages, "adult")
    laters = (False, True) if policy.later_stays else (False,)
    said = dict.fromkeys((frozenset[str](), frozenset(_needed(policy))))
    for category, facility, care, age, later in product(policy.categories, policy.facilities, policy.care, ages, laters):
        registered = (True, False) if facility in policy.referral.required_at else (True,)
        yield from (Cell(category, facility, care, choice, age=age, later=later, said=known) for choice in registered for known in said)
        if age == "adult" and not later:
            yield Cell(category, facility, care, insured=False)


def _needed(policy: Policy) -> Iterator[str]:
    """The layers whose payouts other layers need to know."""
    for layer in policy.layers.values():
        for case in _variants(layer):
            yield from case.needs if isinstance(case, Bands) else ()


def unknown_layers(policy: Policy) -> frozenset[str]:
    """The layers with a figure that nobody knows, and those that others need to know."""
    unknown = {
        str(location[1])
        for location, figure in figures_of(policy)
        if location[0] == "layers" and any(entry.basis == "unknown" for entry in figure.values.values())
    }
    return frozenset((*unknown, *_needed(policy)))


def prove(pack: Pack) -> None:
    """Lower every layer for every cell it can tell apart, with every choice of the ends of its ranges, and check its bounds; then check
    that what must come first does.

    Raises PackError naming layer, line and cell.
    """
    problems: dict[tuple[int, int, str], Problem] = {}
    for error, met in _unsound(pack.policy):
        problem = pack.problem(error.location, f"{error} (met for {met})")
        problems.setdefault((problem.line, problem.column, str(error)), problem)
    if problems:
        raise PackError([problems[key] for key in sorted(problems)])


def _unsound(policy: Policy) -> Iterator[tuple[_UnsoundError, str]]:
    """What cannot be settled right, each with where it was met."""
    every, alone = list(cells(policy)), True
    for key, layer in policy.layers.items():
        for cell in _told_apart(every, layer):
            for error, high in _unsound_alone(key, layer, cell):
                alone = False
                yield error, " ".join(cell[:3]) + (f", with the upper end of {' and '.join(f'`{name}`' for name in high)}" if high else "")
    if alone:
        yield from ((error, " ".join(cell[:3])) for error, cell in _out_of_place(policy, every))


def _told_apart(every: Sequence[Cell], *parts: Any) -> Collection[Cell]:
    """One cell for each combination of the facts that parts of a policy ask for."""
    asked = sorted(set().union(*map(_asked_of, parts)))
    return {tuple(getattr(cell, name) for name in asked): cell for cell in every}.values()


def _unsound_alone(key: str, layer: Layer, cell: Cell) -> Iterator[tuple[_UnsoundError, tuple[str, ...]]]:
    """What of a layer fails for a cell by itself, and with which figures at the upper ends of their ranges."""
    try:
        ranges = _proved(key, layer, cell, ())
    except _UnsoundError as error:
        yield error, ()
        return
    for high in choices_of(sorted(set(ranges)))[1:]:
        try:
            _proved(key, layer, cell, high)
        except _UnsoundError as error:
            yield error, high
            return


def _proved(key: str, layer: Layer, cell: Cell, high: tuple[str, ...]) -> list[str]:
    """The ranges that a layer met, once it has been lowered and its bounds have been checked. Raises _UnsoundError."""
    # Taken as if every layer before it were known, so that no rule waits unproved for a case that says what they paid.
    lowered, ranges = _lowered(key, layer, cell, dict.fromkeys(high, "high"), LAYERS)
    _check(lowered)
    return ranges


def _out_of_place(policy: Policy, every: Sequence[Cell]) -> Iterator[tuple[_UnsoundError, Cell]]:
    """Layers that count what is spoken for already: by a guarantee the whole bill, by `base: eligible` all that is eligible."""
    before: dict[str, Layer] = {}
    for key, layer in policy.layers.items():
        bands = [case for case in _variants(layer) if isinstance(case, Bands)]
        counting = [case.applies_to for case in bands if case.at_least or (before and case.base == "eligible")]
        concerned = [cell for cell in every if any(_applies(when, cell) for when in counting)]
        for cell in _told_apart(concerned, layer, *before.values(), policy.hospital_bears):
            yield from ((error, cell) for error in _misplaced(key, layer, before, _borne(policy, cell, {}), cell))
        before[key] = layer


def _misplaced(key: str, layer: Layer, before: Mapping[str, Layer], borne: Borne, cell: Cell) -> Iterator[_UnsoundError]:
    """What a layer counts in a cell though others pay or bear it."""
    place, case = _variant(key, layer, cell) or ((), None)
    lowered = _lowered(key, layer, cell, {}, LAYERS)[0]
    if not isinstance(case, Bands) or not isinstance(lowered, PaidLayer) or not isinstance(lowered.node, BandsNode):
        return
    payer = next((other for other, each in before.items() if _may_pay(_lowered(other, each, cell, {}, LAYERS)[0])), None)
    if lowered.node.guarantee is not None:
        yield from (_UnsoundError((*place, "at_least"), what) for what in _ahead_of_a_guarantee(payer, borne))
    if payer is not None and case.base == "eligible":
        what = f"`{payer}` pays before this layer, which runs on what that leaves, expected `base: eligible_unpaid`"
        yield _UnsoundError((*place, "base"), what)


def _ahead_of_a_guarantee(payer: str | None, borne: Borne) -> Iterator[str]:
    rest = "expected a `when` under `at_least` that leaves such stays out"
    if payer is not None:
        yield f"the guarantee counts the whole bill, of which `{payer}` pays first, {rest}"
    if borne.share is not None or borne.fixed_price is not None:
        rule = "above_fixed_price" if borne.share is None else "out_of_catalogue"
        yield f"the guarantee counts the whole bill, of which `hospital_bears.{rule}` leaves a part to the hospital, {rest}"


def _may_pay(layer: PlanLayer) -> bool:
    """Whether a layer pays, or would once a case says what it paid."""
    return isinstance(layer, PaidLayer) or layer.status == "not_computable"


def _asked_of(value: Any) -> set[str]:
    """What a layer's conditions and figures ask of a cell; whether somebody is insured every layer does."""
    if isinstance(value, When):
        return {name for name in When.model_fields if getattr(value, name) is not None}
    if isinstance(value, Figure):
        return set(value.by)
    if isinstance(value, BaseModel):
        return {"insured"}.union(*(_asked_of(getattr(value, name)) for name in type(value).model_fields))
    return set().union(*map(_asked_of, value)) if isinstance(value, tuple) else set()


def _variants(layer: Layer) -> tuple[Simple, ...]:
    return layer.cases if isinstance(layer, ByCase) else (layer,)


def _variant(key: str, layer: Layer, cell: Cell) -> tuple[Location, Simple] | None:
    """A layer, or the first of its variants that applies, with where it stands; None when none does."""
    if not isinstance(layer, ByCase):
        return ("layers", key), layer
    applying = (number for number, case in enumerate(layer.cases) if _applies(case.applies_to, cell))
    number = next(applying, None)
    return None if number is None else (("layers", key, "cases", number), layer.cases[number])


def _by_case(key: str, layer: ByCase, work: _Lowering) -> PlanLayer:
    """The first variant that applies; without one the layer does not."""
    found = _variant(key, layer, work.cell)
    if found is not None:
        work.location, case = found
        return _layer(key, case, work)
    return SilentLayer(key, "not_applicable", "category" if work.cell.insured else "uninsured", counts=_counted(key, layer, work.cell))


def _counted(key: str, layer: ByCase, cell: Cell) -> str | None:
    """The sum that a settlement adds to though its person's category is not paid: that of a yearly variant for its kind of care."""
    for case in layer.cases:
        if not isinstance(case, Bands) or case.over != "year" or case.before_joining == "left_out":
            continue
        if _applies(case.applies_to.model_copy(update={"category": None}), cell):
            return _account(key, case.account)
    return None


def _layer(key: str, layer: Simple, work: _Lowering) -> PlanLayer:
    if isinstance(layer, Advice | Exists):
        return _named(key, layer, work)
    if isinstance(layer, TopUp):
        return _top_up(key, layer, work)
    return _ceiling(key, layer, work) if isinstance(layer, Ceiling) else _bands(key, layer, work)


def _applies(when: When, cell: Cell) -> bool:
    """Whether a layer is for this cell; layers are for insured people unless they say otherwise."""
    return when.holds(cell) and (cell.insured or when.insured is False)


def _not_for(key: str, when: When, cell: Cell, counts: str | None = None) -> SilentLayer:
    """Why a layer does not apply. A person of another category still adds to its sum of the year."""
    if not cell.insured:
        return SilentLayer(key, "not_applicable", "uninsured")
    if when.insured is False:
        return SilentLayer(key, "not_applicable", "insured")
    other = not when.model_copy(update={"category": None}).holds(cell)
    return SilentLayer(key, "not_applicable", "care" if other else "category", counts=None if other else counts)


def _unknown(key: str, work: _Lowering, reason: str = "unknown_figure", counts: str | None = None, by: str | None = None) -> PlanLayer:
    """A layer that nobody can compute, or what it is known to have paid."""
    if key in work.cell.said:
        return PaidLayer(key, SaidNode(counts), LayerFigures())
    return SilentLayer(key, "not_computable", reason, work.taken(), counts=counts, absorbed_by=by)


def _named(key: str, layer: Advice | Exists, work: _Lowering) -> PlanLayer:
    if not _applies(layer.applies_to, work.cell):
        return _not_for(key, layer.applies_to, work.cell)
    for name, figure in layer.parts():
        work.entry(figure, name)
    if isinstance(layer, Advice):
        return SilentLayer(key, "advice", key, work.taken())
    return _unknown(key, work, by=layer.absorbed_by)


def _top_up(key: str, layer: TopUp, work: _Lowering) -> PlanLayer:
    if not _applies(layer.applies_to, work.cell):
        return _not_for(key, layer.applies_to, work.cell)
    try:
        share = work.value(layer.to, "to").share
    except _UnknownError:
        return _unknown(key, work)
    return PaidLayer(key, TopUpNode(share, layer.of), LayerFigures(work.taken()))


def _ceiling(key: str, layer: Ceiling, work: _Lowering) -> PlanLayer:
    applies = _applies(layer.applies_to, work.cell)
    excluded = _excluded(key, layer.excluded, work.cell, applies=applies)
    if excluded is not None:
        return excluded
    if not applies:
        return _not_for(key, layer.applies_to, work.cell, key if layer.before_joining == "counted" else None)
    try:
        at_most = work.value(layer.at_most, "at_most").fen
    except _UnknownError:
        return _unknown(key, work, counts=key)
    return PaidLayer(key, CeilingNode(at_most, layer.of_several == "highest"), LayerFigures(work.taken()))


def _excluded(key: str, exclusions: tuple[Exclusion, ...], cell: Cell, *, applies: bool) -> SilentLayer | None:
    """A settlement that a layer leaves out altogether, with the rule that says so when the person would have been paid."""
    for exclusion in exclusions:
        if cell.insured and exclusion.when.holds(cell):
            why = Used(f"{key}.excluded", "rule", exclusion.reason, None, None, exclusion.basis, exclusion.source, exclusion.note)
            return SilentLayer(key, "not_applicable", exclusion.reason if applies else "category", (why,) if applies else ())
    return None


def _bands(key: str, layer: Bands, work: _Lowering) -> PlanLayer:
    applies, counts = _applies(layer.applies_to, work.cell), _account(key, layer.account) if layer.over == "year" else None
    excluded = _excluded(key, layer.excluded, work.cell, applies=applies)
    if excluded is not None:
        return excluded
    if not applies:
        return _not_for(key, layer.applies_to, work.cell, counts if layer.before_joining == "counted" else None)
    if any(needed not in work.cell.said and needed not in work.settled for needed in layer.needs):
        return _unknown(key, work, "needs", counts)
    try:
        return _computed(key, layer, work)
    except _UnknownError:
        return _unknown(key, work, counts=counts)


def _computed(key: str, layer: Bands, work: _Lowering) -> PaidLayer:
    factor, points, cap = _adjusted(layer, work)
    deductible, full = _lowered_deductible(layer, factor, work)
    always = work.taken()
    edges, edge_figures, rate_figures = _edges(layer, points, work)
    first = {"deductible": None, "zero": deductible, "full_deductible": full}[layer.tiers_from]
    start = first.fen if isinstance(first, FixedDeductible) else 0
    try:
        tiers = tiers_above_deductible(edges, start)
    except ValueError as error:
        raise _UnsoundError((*work.location, "tiers"), str(error)) from error
    dropped = len(edges) - len(tiers)
    floor = layer.at_least.share_above_deductible if layer.at_least and layer.at_least.when.holds(work.cell) else None
    guarantee = work.value(floor, "at_least", "share_above_deductible").share if floor else None
    guarantee_figures = work.taken()
    cap_entry, limit = _cap(layer, cap, work)
    figures = LayerFigures(always, rate_figures[dropped:], edge_figures[dropped:], guarantee_figures, work.taken())
    account = _account(key, layer.account)
    node = BandsNode(
        layer.over, deductible, tiers, guarantee, limit, account, _account(key, layer.cap_account) if layer.cap_account else account
    )
    return PaidLayer(key, node, figures, cap_unknown=cap_entry.basis == "unknown")


def _account(key: str, name: str | None) -> str:
    return key if name is None else f"{key}.{name}"


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


def _lowered_deductible(layer: Bands, factor: Fraction, work: _Lowering) -> tuple[DeductibleNode, DeductibleNode]:
    """The deductible with its factor, and in full."""
    value = work.value(layer.deductible, "deductible")
    if isinstance(value, ShareOfTotal) and layer.tiers_from != "deductible":
        raise _UnsoundError((*work.location, "tiers_from"), "tiers from zero expect a fixed deductible, not a share of the total")
    try:
        return lower_deductible(value, factor), lower_deductible(value, Fraction(1))
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


def _borne(policy: Policy, cell: Cell, ends: Mapping[str, End]) -> Borne:
    """What the hospital bears for a cell; a facility without a share has no ceiling."""
    rule, price = policy.hospital_bears.out_of_catalogue, policy.hospital_bears.above_fixed_price
    work = _Lowering(cell, ("hospital_bears", "out_of_catalogue"), ends, (), [], [])
    share = None
    if rule is not None and _applies(rule.applies_to, cell) and rule.share_of_total.at(cell) is not None:
        share = work.value(rule.share_of_total, "share_of_total").share
    fixed = price.covers if price is not None and _applies(price.applies_to, cell) else None
    why = (
        (Used("hospital_bears.above_fixed_price", "rule", "fixed_price", None, None, price.basis, price.source, price.note),)
        if price and fixed
        else ()
    )
    counted, limit = (True, False) if rule is None else (rule.of == "billed", rule.rounded == "limit")
    return Borne(share, counted, limit, fixed, (*work.taken(), *why))


def _check(layer: PlanLayer) -> None:
    if not isinstance(layer, PaidLayer) or not isinstance(layer.node, BandsNode):
        return
    try:
        check_bounds(layer.node)
    except ValueError as error:
        raise _UnsoundError(("layers", layer.key, "tiers"), str(error)) from error
