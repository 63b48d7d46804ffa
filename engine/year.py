"""The year: what earlier settlements have paid and left, and the settling of one more on top of it."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, Self

import msgspec

from engine.bounds import Interval, payout, settle_ceiling, settle_stay, settle_top_up, settle_year
from engine.case import Settlement, SoFar
from engine.cell import Cell
from engine.mechanisms.bands import BandsNode
from engine.mechanisms.ceiling import CeilingNode
from engine.mechanisms.hospital import Borne
from engine.mechanisms.said import SaidNode
from engine.mechanisms.top_up import TopUpNode
from engine.money import LIMIT
from engine.plan import End, Node, Plan, SilentLayer
from engine.policy import Policy
from engine.program import Amounts, Input, Program, Step, Steps
from engine.shelf import Edition

Ends = Mapping[str, End]


@dataclass(frozen=True, slots=True)
class Person:
    """Who a settlement concerns, as far as rules ask."""

    category: str
    insured: bool = True
    age: int | None = None


class Year(msgspec.Struct, frozen=True, gc=False):
    """What a person's calendar year came to so far, in fen.

    `paid` is by layer and, where a layer keeps several, by account (`basic.outpatient`); `sums` are the costs yearly layers have run on and
    `peaks` the highest ceilings met, by account. `later` counts the stays that make a next one a later stay.
    """

    stays: int = 0
    eligible_unpaid: int = 0
    paid: Mapping[str, int] = msgspec.field(default_factory=dict)
    sums: Mapping[str, int] = msgspec.field(default_factory=dict)
    peaks: Mapping[str, int] = msgspec.field(default_factory=dict)
    later: int = 0

    def known(self, given: Input) -> int:
        """One amount of the year, 0 when nothing came to it yet."""
        amounts = {"paid": self.paid, "sum": self.sums, "peak": self.peaks}
        return amounts[given.kind].get(given.account, 0)

    @classmethod
    def said(cls, so_far: SoFar, plan: Plan) -> Self:
        """The year as a person knows it.

        Sums that were not said are what was left unpaid plus what a layer and those after it paid. Sums that were said are all there
        are: a layer they do not name has run on nothing yet.
        """
        paid = {str(key): amount for key, amount in (so_far.paid or {}).items()}
        unpaid, stays = so_far.eligible_unpaid or 0, so_far.stays or 0
        if so_far.counted is not None:
            sums = dict(so_far.counted)
        else:
            layers = plan.paid()
            after = {layer.key: unpaid + sum(paid.get(later.key, 0) for later in layers[number:]) for number, layer in enumerate(layers)}
            sums = {layer.account: after[layer.key] for layer in layers if layer.yearly}
        names = ((layer.key, name) for layer in plan.paid() for name in (layer.account, layer.cap_account) if name != layer.key)
        accounts = so_far.accounts if so_far.accounts is not None else {name: paid.get(key, 0) for key, name in names}
        later = stays if so_far.later is None else so_far.later
        return cls(stays, unpaid, paid | dict(accounts), sums, dict(so_far.peaks or {}), later)

    @classmethod
    def left_with(cls, unpaid: int, so_far: SoFar, plan: Plan) -> Self:
        """The year in which a person was left with so much eligible cost, had it all run through the yearly layers of a plan.

        The least sum of the year that leaves as much; where everything above a sum is paid it leaves less, whatever the sum. Earlier stays
        count for no later one unless that was said.
        """
        base = _least_leaving(plan, unpaid)
        paid, sums, left = _yearly(plan, base)
        peaks = {layer.account: layer.node.at_most for layer in plan.paid() if isinstance(layer.node, CeilingNode)}
        stays = so_far.stays if so_far.stays is not None else int(bool(so_far.own))
        return cls(stays, left, paid, sums, peaks, so_far.later or 0)


def runs_over_the_year(plan: Plan) -> bool:
    """Whether one layer is settled by stay and all others over the year, each of them computed: what a person paid then tells what the
    yearly ones came to. What the first one paid it does not tell.
    """
    layers = plan.layers
    known = not any(layer.status == "not_computable" for layer in layers if isinstance(layer, SilentLayer))
    return known and all(layer.yearly for layer in plan.paid()[1:]) and not any(layer.yearly for layer in plan.paid()[:1])


@lru_cache(maxsize=256)
def _least_leaving(plan: Plan, unpaid: int) -> int:
    """The least sum of the year of which a plan leaves so much; kept, because one question comes back to it many times."""
    return bisect_left(range(LIMIT), unpaid, key=lambda sum_of_year: _left(plan, sum_of_year))


def _left(plan: Plan, base: int) -> int:
    return _yearly(plan, base)[2]


def _yearly(plan: Plan, base: int) -> tuple[dict[str, int], dict[str, int], int]:
    """What the yearly layers pay on a sum of the year, by layer and account, the sum each runs on, and what they leave."""
    paid: dict[str, int] = {}
    sums: dict[str, int] = {}
    for layer in plan.paid():
        if layer.yearly:
            node, sums[layer.account] = layer.node, base
            pays = base - node.at_most if isinstance(node, CeilingNode) else _capped_payout(node, base)
            pays = max(0, min(pays, base))
            paid |= dict.fromkeys((layer.key, layer.account, layer.cap_account), pays)
            base -= pays
    return paid, sums, base


def _capped_payout(node: Node, base: int) -> int:
    if not isinstance(node, BandsNode):
        raise TypeError("only bands and ceilings run over the year")
    pays = payout(node, base, 0)
    return pays if node.cap is None else min(pays, node.cap)


class Bill(msgspec.Struct, frozen=True, gc=False):
    """The amounts of one bill in fen, with nothing unknown left. What the hospital bears is in none of the other parts.

    `paid`: what layers that cannot be computed are said to have paid of it.
    """

    total: int
    self_funded: int
    first_share: int
    eligible: int
    hospital: int = 0
    paid: tuple[tuple[str, int], ...] = ()


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """One settlement in whole fen: a bill settled by a program on top of the year `before`. What it comes to is worked out when asked.

    `amounts` and `steps` are what the program gives: the payouts and, last, what no layer pays; of numbers only no steps.
    """

    program: Program
    bill: Bill
    before: Year
    amounts: Amounts
    steps: Steps = ()

    @property
    def working(self) -> dict[str, list[Step]]:
        """Each computed layer's steps."""
        return dict(zip(self.program.layers, self.steps, strict=True))

    @property
    def payouts(self) -> dict[str, int]:
        """The payouts by computed layer."""
        return dict(zip(self.program.layers, self.amounts, strict=False))  # the last amount is no payout

    @property
    def own(self) -> int:
        """What the person pays: self-funded, first share and eligible cost that is left."""
        return self.amounts[-1] - self.bill.hospital

    @property
    def hospital(self) -> int:
        """What the hospital bears."""
        return self.bill.hospital

    @property
    def eligible_unpaid(self) -> int:
        """The part of own cost that is eligible."""
        return max(0, self.bill.eligible - self._paid)

    @property
    def self_funded(self) -> int:
        """The part of own cost that is self-funded."""
        return self.bill.self_funded - self._relieved

    @property
    def first_share(self) -> int:
        """The part of own cost that is the person's first share."""
        return self.bill.first_share - (self._beyond - self._relieved)

    @property
    def year(self) -> Year:
        """The year with this settlement. Without insurance nothing counts but that it was there."""
        program, year = self.program, self.before
        paid, sums, peaks, left = dict(year.paid), dict(year.sums), dict(year.peaks), self.bill.eligible
        if not program.insured:
            return Year(year.stays + 1, year.eligible_unpaid, paid, sums, peaks, year.later)
        for counts, pays, accounts, ceiling in program.moves:
            if counts is not None:
                sums[counts] = sums.get(counts, 0) + left
            if pays is None:
                continue
            if ceiling is not None:
                peaks[accounts[0]] = max(peaks.get(accounts[0], 0), ceiling)
            for account in accounts:
                paid[account] = paid.get(account, 0) + self.amounts[pays]
            left = max(0, left - self.amounts[pays])
        return Year(year.stays + 1, year.eligible_unpaid + left, paid, sums, peaks, year.later + program.makes_later)

    @property
    def _paid(self) -> int:
        return self.bill.total - self.amounts[-1]

    @property
    def _beyond(self) -> int:
        """What a guarantee pays above the eligible cost. It relieves the self-funded part first, then the first share."""
        return max(0, self._paid - self.bill.eligible)

    @property
    def _relieved(self) -> int:
        """What of the self-funded part is paid."""
        return min(self._beyond, self.bill.self_funded)


def bills_of(settlement: Settlement, borne: Borne, policy: Policy) -> tuple[Bill, ...]:
    """The bill as it is said, or with its unsaid self-funded part at each corner, nothing first.

    Own cost moves one way between neighbouring corners: nothing, what the hospital's limit leaves to the patient, everything.
    """
    if settlement.self_funded is not None:
        return (_bill(settlement, settlement.self_funded, borne, policy),)
    most = settlement.total - (settlement.first_share or 0)
    limit = borne.limit(settlement.total)
    corners = [0, most] if limit is None else [0, min(limit, most), min(limit + 1, most), most]
    return tuple(dict.fromkeys(_bill(settlement, corner, borne, policy) for corner in corners))


def _bill(settlement: Settlement, self_funded: int, borne: Borne, policy: Policy) -> Bill:
    total, first_share = settlement.total, (settlement.first_share or 0) if policy.first_share == "patient" else 0
    eligible, excess = total - self_funded - first_share, borne.out_of_catalogue(self_funded, total)
    beyond = 0
    if settlement.fixed_price is not None:
        beyond = borne.above_price(eligible, settlement.fixed_price, self_funded + first_share, excess)
    paid = tuple(sorted((str(key), amount) for key, amount in (settlement.paid or {}).items()))
    return Bill(total, self_funded - excess, first_share, eligible - beyond, excess + beyond, paid)


def cell_of(edition: Edition, bill: Settlement, person: Person, year: Year) -> Cell:
    """The cell of a bill: registration counts only where referral is required, and an emergency counts as registered."""
    policy = edition.policy
    needed = bill.facility in policy.referral.required_at and bill.registered is False
    registered = not needed or policy.referral.exempts(bill.emergency)
    if not person.insured:
        return Cell(person.category, bill.facility, bill.care, insured=False)
    groups = [group for group, ages in policy.ages.items() if person.age is not None and person.age <= ages.up_to]
    later = policy.later_stays is not None and year.later > 0
    age, said = groups[0] if groups else "adult", edition.sayable.intersection(bill.paid or ())
    return Cell(person.category, bill.facility, bill.care, registered, age=age, later=later, said=said)


def settle(edition: Edition, cell: Cell, bill: Bill, year: Year, ends: Ends) -> Outcome:
    """Settle one bill on top of a year, with the chosen ends of range figures. Numbers only."""
    _, program = edition.program(cell, ends)
    if year.paid or year.sums or year.peaks or program.said:
        amounts = program.numbers(bill.total, bill.eligible, *_given(program, year, bill))
    else:
        amounts = program.first(bill.total, bill.eligible)
    return Outcome(program, bill, year, amounts)


def settle_with_working(edition: Edition, cell: Cell, bill: Bill, year: Year) -> Outcome:
    """The same with each layer's steps; range figures at their lower ends."""
    _, program = edition.program(cell)
    if year.paid or year.sums or year.peaks or program.said:
        amounts, steps = program.working(bill.total, bill.eligible, *_given(program, year, bill))
    else:
        amounts, steps = program.first_working(bill.total, bill.eligible)
    return Outcome(program, bill, year, amounts, steps)


def _given(program: Program, year: Year, bill: Bill) -> list[int]:
    """What the layers need of the bill and of the year."""
    said = dict(bill.paid)
    amounts = {"paid": year.paid, "sum": year.sums, "peak": year.peaks}
    return [*(said[key] for key in program.said), *(amounts[kind].get(account, 0) for kind, account in program.year)]


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


def reach(worlds: Sequence[World], bills: Sequence[Bill]) -> Span:
    """Sound bounds of a settlement on top of a year of which only corners are known.

    For a given base a layer's payout moves one way with each of its own figures, in this stay together with the earlier ones; so a
    layer is bounded for each choice of its own ends, on everything its base may be in any world.
    """
    state = _Reached(bills[0].total, _hull(bill.eligible for bill in bills), dict(bills[0].paid))
    for number, layer in enumerate(worlds[0].plan.paid()):
        state.take(layer.key, _hull(end for group in _by_own_ends(worlds, layer.key) for end in _bounds(group, number, worlds, state)))
    hospital = _hull(bill.hospital for bill in bills)
    paid = state.paid()
    least, most = max(state.total - hospital[1] - paid[1], 0), state.total - hospital[0] - paid[0]
    return Span(state.payouts, (least, most), max(least - state.unpaid[1], 0))


class _Reached:
    """How far the layers have come: their payouts, and what is unpaid."""

    def __init__(self, total: int, eligible: Interval, said: Mapping[str, int]) -> None:
        self.total, self.eligible, self.unpaid, self.said = total, eligible, eligible, said
        self.payouts: dict[str, Interval] = {}

    def take(self, layer: str, pays: Interval) -> None:
        """Note a layer's payout."""
        self.payouts[layer] = pays
        self.unpaid = (max(0, self.unpaid[0] - pays[1]), max(0, self.unpaid[1] - pays[0]))

    def paid(self) -> Interval:
        """What all layers so far pay together."""
        return sum(pays[0] for pays in self.payouts.values()), sum(pays[1] for pays in self.payouts.values())


def _by_own_ends(worlds: Sequence[World], layer: str) -> list[list[World]]:
    """The worlds that agree on a layer's own range figures."""
    groups: dict[frozenset[str], list[World]] = {}
    for world in worlds:
        groups.setdefault(frozenset(name for name in world.high if name.startswith(f"{layer}.")), []).append(world)
    return list(groups.values())


def _bounds(group: Sequence[World], number: int, worlds: Sequence[World], state: _Reached) -> Interval:
    layer = group[0].plan.paid()[number]
    node, unpaid = layer.node, state.unpaid

    def known(kind: Literal["paid", "sum", "peak"], account: str, among: Sequence[World]) -> Interval:
        return _hull(year.known(Input(kind, account)) for world in among for year in world.years)

    if isinstance(node, SaidNode):
        return min(state.said[layer.key], unpaid[0]), min(state.said[layer.key], unpaid[1])
    if isinstance(node, TopUpNode):
        cost = state.eligible if node.of == "eligible" else (state.total, state.total)
        return settle_top_up(node, cost, state.paid(), unpaid)
    paid, before = known("paid", layer.account, group), known("sum", layer.account, worlds)
    if isinstance(node, CeilingNode):
        return settle_ceiling(node, before, unpaid, paid, known("peak", layer.account, worlds))
    capped = known("paid", layer.cap_account, group)
    if node.over == "stay":
        return settle_stay(node, unpaid, state.total, capped)
    return settle_year(node, before, unpaid, paid, capped)


def hull(spans: Sequence[Span]) -> Span:
    """The smallest span that holds all the given ones."""
    payouts = {key: _hull(end for span in spans for end in span.payouts[key]) for key in spans[0].payouts}
    return Span(payouts, _hull(end for span in spans for end in span.own), min(span.floor for span in spans))


def _hull(numbers: Iterable[int]) -> Interval:
    known = tuple(numbers)
    return min(known), max(known)
