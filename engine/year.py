"""The year: what earlier settlements have paid and left, and the settling of one more on top of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from engine.bounds import Interval, settle_stay, settle_year
from engine.case import Settlement, SoFar
from engine.cell import Cell
from engine.plan import End, PaidLayer, Plan
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
        """The year as a person knows it. Where the sums were not said they follow: what was unpaid plus what a layer and those after it paid."""
        paid = {str(key): amount for key, amount in (so_far.paid or {}).items()}
        unpaid = so_far.eligible_unpaid or 0
        order = [layer.key for layer in plan.paid()]
        sums = {key: unpaid + sum(paid.get(later, 0) for later in order[order.index(key) :]) for key in plan.yearly()}
        return cls(so_far.stays or 0, unpaid, paid, sums | {str(key): amount for key, amount in (so_far.counted or {}).items()})


@dataclass(frozen=True, slots=True)
class Outcome:
    """One settlement in whole fen: payouts by computed layer, the parts a person still pays, and the year including it."""

    payouts: Mapping[str, int]
    self_funded: int
    first_share: int
    eligible_unpaid: int
    year: Year
    steps: Mapping[str, list[Step]]

    @property
    def own(self) -> int:
        """What the person pays."""
        return self.self_funded + self.first_share + self.eligible_unpaid


def cell_of(edition: Edition, bill: Settlement, category: str) -> Cell:
    """The cell of a bill: registration counts only where referral is required, and an emergency counts as registered."""
    referral = edition.policy.referral
    needed = bill.facility in referral.required_at and bill.registered is False
    return Cell(category, bill.facility, bill.care, not needed or bool(bill.emergency and referral.emergency_exempt))


def settle(edition: Edition, cell: Cell, bill: Settlement, year: Year, *, self_funded: int, ends: Ends | None = None, working: bool = False) -> Outcome:
    """Settle one bill on top of a year. `working` also gives each layer's steps."""
    plan, program = edition.program(cell, ends)
    first_share = bill.first_share or 0
    before = [part for layer in plan.paid() for part in _before(layer, year)]
    steps: Mapping[str, list[Step]] = {}
    if working:
        numbers, lists = program.working(bill.total, self_funded, first_share, *before)
        steps = {layer.key: lines for layer, lines in zip(plan.paid(), lists, strict=True)}
    else:
        numbers = program.numbers(bill.total, self_funded, first_share, *before)
    return _outcome(plan, bill.total, self_funded, first_share, year, numbers, steps)


def reach(edition: Edition, cell: Cell, bill: Settlement, self_funded: Interval, low: Year, high: Year, ends: Ends) -> tuple[dict[str, Interval], Interval]:
    """Sound bounds of payouts and own cost when the year before lies anywhere between two years."""
    plan, _ = edition.program(cell, ends)
    first_share = bill.first_share or 0
    unpaid = (bill.total - self_funded[1] - first_share, bill.total - self_funded[0] - first_share)
    payouts: dict[str, Interval] = {}
    for layer in plan.paid():
        key = layer.key
        paid = _between(low.paid.get(key, 0), high.paid.get(key, 0))
        if layer.node.over == "stay":
            pays = settle_stay(layer.node, unpaid, bill.total, paid)
        else:
            pays = settle_year(layer.node, _between(low.sums.get(key, 0), high.sums.get(key, 0)), unpaid, paid)
        payouts[key] = pays
        unpaid = (max(0, unpaid[0] - pays[1]), max(0, unpaid[1] - pays[0]))
    most = bill.total - sum(pays[0] for pays in payouts.values())
    least = max(bill.total - sum(pays[1] for pays in payouts.values()), 0)
    return payouts, (least, most)


def _before(layer: PaidLayer, year: Year) -> list[int]:
    paid = year.paid.get(layer.key, 0)
    return [paid, year.sums.get(layer.key, 0)] if layer.node.over == "year" else [paid]


def _between(one: int, other: int) -> Interval:
    return min(one, other), max(one, other)


def _outcome(
    plan: Plan, total: int, self_funded: int, first_share: int, year: Year, numbers: tuple[int, ...], steps: Mapping[str, list[Step]]
) -> Outcome:
    flat = iter(numbers)
    payouts: dict[str, int] = {}
    sums = dict(year.sums)
    for layer in plan.paid():
        payouts[layer.key] = next(flat)
        if layer.node.over == "year":
            sums[layer.key] = sums.get(layer.key, 0) + next(flat)
    eligible = total - self_funded - first_share
    beyond = max(0, sum(payouts.values()) - eligible)
    unpaid = max(0, eligible - sum(payouts.values()))
    paid = {key: year.paid.get(key, 0) + payouts.get(key, 0) for key in {**year.paid, **payouts}}
    # A guarantee may pay more than is eligible; the excess relieves the self-funded part first, then the first share.
    relieved = min(beyond, self_funded)
    after = Year(year.stays + 1, year.eligible_unpaid + unpaid, paid, sums)
    return Outcome(payouts, self_funded - relieved, first_share - (beyond - relieved), unpaid, after, steps)
