"""The year: what earlier settlements have paid and left, and the settling of one more on top of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from engine.bounds import Interval, settle_stay, settle_year
from engine.case import Settlement, SoFar
from engine.cell import Cell
from engine.plan import End, Plan
from engine.program import Step
from engine.shelf import Edition

Ends = Mapping[str, End]


@dataclass(frozen=True, slots=True)
class Year:
    """What a person's calendar year came to so far, in fen. `sums` are the costs a yearly layer has run on, by layer."""

    stays: int = 0
    eligible_unpaid: int = 0
    paid: Mapping[str, int] = field(default_factory=dict)
    sums: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def said(cls, so_far: SoFar, plan: Plan) -> Self:
        """The year as a person knows it.

        Sums that were not said are what was left unpaid plus what a layer and those after it paid. Sums that were said are all there
        are: a layer they do not name has run on nothing yet.
        """
        paid = {str(key): amount for key, amount in (so_far.paid or {}).items()}
        unpaid = so_far.eligible_unpaid or 0
        if so_far.counted is not None:
            sums = {str(key): amount for key, amount in so_far.counted.items()}
        else:
            order = [layer.key for layer in plan.paid()]
            sums = {key: unpaid + sum(paid.get(later, 0) for later in order[order.index(key) :]) for key in plan.yearly()}
        return cls(so_far.stays or 0, unpaid, paid, sums)


@dataclass(frozen=True, slots=True)
class Bill:
    """The amounts of one bill in fen, with nothing unknown left."""

    total: int
    self_funded: int
    first_share: int

    @property
    def eligible(self) -> int:
        """What may be reimbursed: total less self-funded less first share."""
        return self.total - self.self_funded - self.first_share


@dataclass(frozen=True, slots=True)
class Outcome:
    """One settlement in whole fen: payouts by computed layer, the parts a person still pays, and the year including it."""

    payouts: Mapping[str, int]
    self_funded: int
    first_share: int
    eligible_unpaid: int
    year: Year

    @property
    def own(self) -> int:
        """What the person pays."""
        return self.self_funded + self.first_share + self.eligible_unpaid


def bill_of(settlement: Settlement, *, all_self_funded: bool = False) -> Bill:
    """The bill with its unknowns at one end: an unsaid self-funded part is nothing, or all that it can be."""
    first_share = settlement.first_share or 0
    unsaid = settlement.total - first_share if all_self_funded else 0
    return Bill(settlement.total, unsaid if settlement.self_funded is None else settlement.self_funded, first_share)


def cell_of(edition: Edition, bill: Settlement, category: str) -> Cell:
    """The cell of a bill: registration counts only where referral is required, and an emergency counts as registered."""
    referral = edition.policy.referral
    needed = bill.facility in referral.required_at and bill.registered is False
    return Cell(category, bill.facility, bill.care, not needed or bool(bill.emergency and referral.emergency_exempt))


def settle(edition: Edition, cell: Cell, bill: Bill, year: Year, ends: Ends) -> Outcome:
    """Settle one bill on top of a year, with the chosen ends of range figures. Numbers only."""
    plan, program = edition.program(cell, ends)
    payouts = program.numbers(bill.total, bill.self_funded, bill.first_share, *_before(plan, year))
    return _outcome(plan, bill, year, payouts)


def settle_with_working(edition: Edition, cell: Cell, bill: Bill, year: Year) -> tuple[Outcome, dict[str, list[Step]]]:
    """The same with each layer's steps; range figures at their lower ends."""
    plan, program = edition.program(cell)
    payouts, steps = program.working(bill.total, bill.self_funded, bill.first_share, *_before(plan, year))
    return _outcome(plan, bill, year, payouts), {layer.key: lines for layer, lines in zip(plan.paid(), steps, strict=True)}


@dataclass(frozen=True, slots=True)
class Span:
    """Between which amounts payouts and own cost lie. `floor` is own cost without anything eligible."""

    payouts: Mapping[str, Interval]
    own: Interval
    floor: int


def exactly(outcome: Outcome) -> Span:
    """The span of one known outcome."""
    payouts = {key: (paid, paid) for key, paid in outcome.payouts.items()}
    return Span(payouts, (outcome.own, outcome.own), outcome.own - outcome.eligible_unpaid)


@dataclass(frozen=True, slots=True)
class World:
    """One choice of ends of the range figures (`high` names those at their upper end): the plan it makes and the years it may have left."""

    high: frozenset[str]
    plan: Plan
    years: Sequence[Year]


def reach(worlds: Sequence[World], bill: Bill, most_self_funded: int) -> Span:
    """Sound bounds of a settlement on top of a year of which only corners are known.

    For a given base a layer's payout moves one way with each of its own figures, in this stay together with the earlier ones; so a
    layer is bounded for each choice of its own ends, on everything its base may be in any world.
    """
    unpaid = (bill.total - most_self_funded - bill.first_share, bill.total - bill.self_funded - bill.first_share)
    payouts: dict[str, Interval] = {}
    for number, layer in enumerate(worlds[0].plan.paid()):
        pays = _hull(end for group in _by_own_ends(worlds, layer.key) for end in _bounds(group, number, worlds, bill.total, unpaid))
        payouts[layer.key] = pays
        unpaid = (max(0, unpaid[0] - pays[1]), max(0, unpaid[1] - pays[0]))
    most = bill.total - sum(pays[0] for pays in payouts.values())
    least = max(bill.total - sum(pays[1] for pays in payouts.values()), 0)
    return Span(payouts, (least, most), max(least - unpaid[1], 0))


def _by_own_ends(worlds: Sequence[World], layer: str) -> list[list[World]]:
    """The worlds that agree on a layer's own range figures."""
    groups: dict[frozenset[str], list[World]] = {}
    for world in worlds:
        groups.setdefault(frozenset(name for name in world.high if name.startswith(f"{layer}.")), []).append(world)
    return list(groups.values())


def _bounds(group: Sequence[World], number: int, worlds: Sequence[World], total: int, unpaid: Interval) -> Interval:
    layer = group[0].plan.paid()[number]
    paid = _hull(year.paid.get(layer.key, 0) for world in group for year in world.years)
    if layer.node.over == "stay":
        return settle_stay(layer.node, unpaid, total, paid)
    before = _hull(year.sums.get(layer.key, 0) for world in worlds for year in world.years)
    return settle_year(layer.node, before, unpaid, paid)


def hull(spans: Sequence[Span]) -> Span:
    """The smallest span that holds all the given ones."""
    payouts = {key: _hull(end for span in spans for end in span.payouts[key]) for key in spans[0].payouts}
    return Span(payouts, _hull(end for span in spans for end in span.own), min(span.floor for span in spans))


def _before(plan: Plan, year: Year) -> list[int]:
    numbers = []
    for layer in plan.paid():
        numbers.append(year.paid.get(layer.key, 0))
        if layer.node.over == "year":
            numbers.append(year.sums.get(layer.key, 0))
    return numbers


def _hull(numbers: Iterable[int]) -> Interval:
    known = tuple(numbers)
    return min(known), max(known)


def _outcome(plan: Plan, bill: Bill, year: Year, payouts: tuple[int, ...]) -> Outcome:
    pays = {layer.key: payout for layer, payout in zip(plan.paid(), payouts, strict=True)}
    sums, left = dict(year.sums), bill.eligible
    for layer in plan.layers:
        if layer.counts:
            sums[layer.key] = sums.get(layer.key, 0) + left
        left = max(0, left - pays.get(layer.key, 0))
    paid = {key: year.paid.get(key, 0) + pays.get(key, 0) for key in {**year.paid, **pays}}
    # A guarantee may pay more than is eligible; the excess relieves the self-funded part first, then the first share.
    beyond = max(0, sum(payouts) - bill.eligible)
    relieved = min(beyond, bill.self_funded)
    after = Year(year.stays + 1, year.eligible_unpaid + left, paid, sums)
    return Outcome(pays, bill.self_funded - relieved, bill.first_share - (beyond - relieved), left, after)
