"""Settling a case: the year it comes on top of, its outcome, and everything it can come to at the ends of what is unknown. Numbers only.

What an answer says of them stands in `estimate.py`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Literal

import msgspec

from engine.case import Case, Earlier, Settlement
from engine.cell import Cell
from engine.errors import CaseError, Fault
from engine.mechanisms.bands import BandsNode
from engine.money import LIMIT
from engine.note import Note
from engine.plan import Plan, SilentLayer, choices_of
from engine.policy import Policy
from engine.shelf import Edition, Shelf
from engine.year import (
    Bill,
    Ends,
    Outcome,
    Person,
    Span,
    World,
    Year,
    bills_of,
    cell_of,
    exactly,
    hull,
    reach,
    runs_over_the_year,
    settle,
    settle_with_working,
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a case cannot be settled, and by whose rules it would have to be."""

    policy: Policy
    why: Note


@dataclass(frozen=True, slots=True)
class Settled:
    """One settlement of a year under the assumed facts.

    `unknown` are the layers that may pay of it and cannot be computed; `open` says that own cost depends on one of them.
    """

    bill: Settlement
    outcome: Outcome
    unknown: tuple[str, ...]
    open: bool


def settled_year(case: Case, shelf: Shelf) -> tuple[tuple[Settled, ...], tuple[Year, ...]]:
    """Every settlement of a case's year, oldest first, and the year with all of them: as assumed, then at the ends of what is unknown.

    Nothing for a case that is refused. Raises CaseError like `estimate`.
    """
    settling = open_case(case, shelf)
    return ((), ()) if isinstance(settling, Refusal) else (tuple(settling.settlements()), tuple(settling.years()))


def years_before(case: Case, shelf: Shelf) -> tuple[Year, ...]:
    """The year that a case comes on top of: as assumed, then with nothing eligible in what is unknown. Nothing for a refused case."""
    settling = open_case(case, shelf)
    return () if isinstance(settling, Refusal) else tuple(settling.year({}, all_self_funded=worst) for worst in (False, True))


def settled_bill(case: Case, shelf: Shelf) -> Settled | None:
    """The settlement of a case under the assumed facts, without bounds and working. None for a refused case."""
    settling = open_case(case, shelf)
    return None if isinstance(settling, Refusal) else settling.settled()


def open_case(case: Case, shelf: Shelf) -> "Settling | Refusal":
    """A case that can be settled, or why it is refused."""
    if case.place not in shelf.places:
        raise CaseError([Fault("place", "unknown_place", {"known": ", ".join(sorted(shelf.places))})])
    edition = shelf.choose(case.place, case.on, expired_ok=case.expired_ok)
    if isinstance(edition, Note):
        return Refusal(shelf.places[case.place][-1].policy, edition)
    refusal = why_not_covered(edition, case, case.earlier)
    if refusal is not None:
        return Refusal(edition.policy, refusal)
    stays = _earlier(case, shelf)
    if isinstance(stays, Note):
        return Refusal(edition.policy, stays)
    settling = Settling(case, edition, Past(stays))
    if settling.lacks_the_year():
        return Refusal(edition.policy, Note("so_far_own_not_enough", {"place": edition.policy.name}))
    return settling


@dataclass(frozen=True, slots=True)
class Stay:
    """An earlier settlement with whom it concerned and the edition that answers for it."""

    bill: Settlement
    person: Person
    edition: Edition

    def settled(self, year: Year, ends: Ends, *, all_self_funded: bool) -> Outcome:
        """What the settlement comes to on top of a year, an unsaid self-funded part taken as nothing or as everything."""
        cell = self.cell(year)
        bills = bills_of(self.bill, self.edition.program(cell)[0].borne, self.edition.policy)
        return settle(self.edition, cell, bills[-1 if all_self_funded else 0], year, ends)

    def cell(self, year: Year) -> Cell:
        """The cell the settlement falls into after a year."""
        return cell_of(self.edition, self.bill, self.person, year)


class Past:
    """The earlier settlements of a year, added one by one. Each is settled once for every choice of ends that anybody asks for."""

    def __init__(self, stays: Iterable[Stay] = ()) -> None:
        self.stays: list[Stay] = []
        #: The edition and the cell that each fell into under the assumed facts.
        self.cells: list[tuple[Edition, Cell]] = []
        self._total, self._exact_to = 0, LIMIT
        self._ranges: frozenset[str] = frozenset()
        self._unsaid = False
        self._years: dict[tuple[frozenset[str], bool], tuple[int, Year]] = {}
        for stay in stays:
            self.add(stay)

    def add(self, stay: Stay) -> None:
        """One more settlement, the newest so far."""
        cell = stay.cell(self.year({}))
        self.stays.append(stay)
        self.cells.append((stay.edition, cell))
        self._total += stay.bill.total
        self._exact_to = min(self._exact_to, stay.edition.exact_to(cell))
        self._ranges = self._ranges.union(stay.edition.program(cell)[0].ranges)
        self._unsaid = self._unsaid or stay.bill.self_funded is None

    def is_exact(self, bill: Settlement, edition: Edition, cell: Cell) -> bool:
        """Whether the ends of range figures make no difference to a bill on top of them, because the year is below every cap."""
        return self._total + bill.total <= min(self._exact_to, edition.exact_to(cell))

    def year(self, ends: Ends, *, all_self_funded: bool = False) -> Year:
        """The year with all of them; `all_self_funded` takes bills of unknown self-funded part as wholly self-funded."""
        key = (self._ranges.intersection(name for name, end in ends.items() if end == "high"), all_self_funded and self._unsaid)
        done, year = self._years.get(key, (0, Year()))
        for stay in self.stays[done:]:
            year = stay.settled(year, ends, all_self_funded=all_self_funded).year
        self._years[key] = (len(self.stays), year)
        return year


@dataclass(frozen=True, slots=True)
class Amounts:
    """What a settlement comes to, in fen: payouts by computed layer, what the hospital bears, own cost and between what it lies."""

    policy: Policy
    status: Literal["computed", "partial"]
    payouts: Mapping[str, int]
    hospital: int
    own: int
    low: int
    high: int
    eligible_unpaid: int


class Settling:
    """One case that can be settled, on top of its past."""

    def __init__(self, case: Case, edition: Edition, past: Past) -> None:
        self.case, self.edition, self.past = case, edition, past
        self.cell = cell_of(edition, case, Person(case.category, case.insured, case.age), self._known_before())
        self.plan: Plan = edition.program(self.cell)[0]
        self.bills = bills_of(case, self.plan.borne, edition.policy)
        self.bill = self.bills[0]

    def with_working(self) -> Outcome:
        """The outcome under the assumed facts, with each layer's steps."""
        return settle_with_working(self.edition, self.cell, self.bill, self.year({}))

    def year(self, ends: Ends, *, all_self_funded: bool = False) -> Year:
        """The year before this stay; `all_self_funded` takes earlier bills of unknown self-funded part as wholly self-funded."""
        so_far = self.case.so_far
        if so_far is not None and so_far.own is not None:
            return Year.left_with(0 if all_self_funded else so_far.own, so_far, self._registered_plan(ends))
        if so_far is not None:
            return Year.said(so_far, self.plan)
        return self.past.year(ends, all_self_funded=all_self_funded)

    def settlements(self) -> Iterator[Settled]:
        """The earlier settlements and this one."""
        year = Year()
        for stay in self.past.stays:
            plan = stay.edition.program(stay.cell(year))[0]
            outcome = stay.settled(year, {}, all_self_funded=False)
            yield _settled(stay.bill, plan, outcome)
            year = outcome.year
        yield self.settled()

    def settled(self) -> Settled:
        """The settlement of the case itself."""
        return _settled(self.case, self.plan, self._corners[self.bill, ()])

    def amounts(self) -> Amounts:
        """What the settlement comes to, without its working."""
        settled, span = self.settled(), self.reach()
        low = span.floor if settled.open else span.own[0]
        outcome, policy = settled.outcome, self.edition.policy
        status: Literal["computed", "partial"] = "partial" if settled.open else "computed"
        return Amounts(policy, status, outcome.payouts, outcome.hospital, outcome.own, low, span.own[1], outcome.eligible_unpaid)

    def lacks_the_year(self) -> bool:
        """Whether only what the person paid this year is known, where that does not tell what every layer came to."""
        so_far = self.case.so_far
        if so_far is None or so_far.own is None:
            return False
        plan = self._registered_plan({})
        if self.case.care != "inpatient" or not runs_over_the_year(plan):
            return True
        return Year.left_with(so_far.own, so_far, plan).eligible_unpaid < so_far.own

    def may_be_later(self) -> bool:
        """Whether earlier stays of which only the cost is known may make this one a later stay."""
        so_far = self.case.so_far
        counts = self.edition.policy.later_stays is not None
        return counts and so_far is not None and bool(so_far.own) and so_far.later is None

    def _registered_plan(self, ends: Ends) -> Plan:
        """What earlier stays of which nothing is known are taken to have been settled by."""
        return self.edition.program(self.cell._replace(registered=True, said=frozenset()), ends)[0]

    def _possible_years(self, ends: Ends) -> Iterator[Year]:
        """The year before this stay as assumed, with nothing eligible in what is unknown, and with the first layer's cap used up as far as
        what the person paid allows.
        """
        year = self.year(ends)
        yield from (year, self.year(ends, all_self_funded=True))
        so_far = self.case.so_far
        if so_far is None or so_far.own is None or not self.plan.paid():
            return
        first = self.plan.paid()[0]
        if not isinstance(first.node, BandsNode) or first.node.cap is None:
            return
        best = self._best_rate(first.key, ends)
        unpaid = max(so_far.own, *year.sums.values(), 0)
        most = min(first.node.cap, int(unpaid * best / (1 - best))) if best < 1 else first.node.cap
        if most + self.bill.total > first.node.cap:
            yield msgspec.structs.replace(year, paid={**year.paid, first.key: most, first.cap_account: most})

    def _best_rate(self, key: str, ends: Ends) -> Fraction:
        """The highest rate or guarantee by which a layer pays at any hospital of the place."""
        cells = (self.cell._replace(facility=facility, registered=True) for facility in self.edition.policy.facilities)
        layers = (layer for cell in cells for layer in self.edition.program(cell, ends)[0].paid() if layer.key == key)
        nodes = [layer.node for layer in layers if isinstance(layer.node, BandsNode)]
        return max(rate for node in nodes for rate in (*(tier.rate for tier in node.tiers), node.guarantee or Fraction(0)))

    def years(self) -> Iterator[Year]:
        """The year with this stay at the ends of its own and the earlier bills' self-funded parts, and of range figures."""
        for high in choices_of(self._ranges):
            ends: Ends = dict.fromkeys(high, "high")
            for bill, worst in ((self.bills[0], False), (self.bills[-1], True)):
                yield settle(self.edition, self.cell, bill, self.year(ends, all_self_funded=worst), ends).year

    @cached_property
    def _ranges(self) -> list[str]:
        """The figures of this and the earlier stays that are known only as a range, where their ends can make a difference."""
        if self.case.so_far is None and self.past.is_exact(self.case, self.edition, self.cell):
            return []
        return sorted({name for edition, cell in self._cells() for name in edition.program(cell)[0].ranges})

    def _known_before(self) -> Year:
        """What of the year decides which rules hold: how many stays count for a later one."""
        so_far = self.case.so_far
        if so_far is None:
            return self.year({})
        stays = so_far.stays if so_far.own is None else 0
        return Year(later=(stays or 0) if so_far.later is None else so_far.later)

    def reach(self) -> Span:
        """Everything between the ends of what is unknown.

        Own cost rises with the self-funded part and falls with a higher cap, so the corners hold all values between them.
        Earlier stays break that order (a higher cap then may leave less of a deductible used up), so bounds are taken there.
        """
        spans = [exactly(corner) for corner in self._corners.values()]
        if _differ(self._worlds):
            spans.append(reach(self._worlds, self.bills))
        return hull(spans)

    def causes(self, span: Span) -> list[Note]:
        """What makes the ends of a reach differ."""
        causes = list(self._causes(self._corners, self._ranges))
        if span.own[0] != span.own[1]:
            causes += [cause for cause in self._earlier_causes(self._worlds) if cause not in causes]
        return causes

    @cached_property
    def _corners(self) -> dict[tuple[Bill, tuple[str, ...]], Outcome]:
        choices = choices_of(self._ranges)
        return {(bill, high): self._corner(bill, high) for bill in self.bills for high in choices}

    @cached_property
    def _worlds(self) -> list[World]:
        """The years this stay may come on top of; none without a past."""
        if not self.past.stays and self.case.so_far is None:
            return []
        return [self._world(high) for high in choices_of(self._ranges)]

    def _world(self, high: tuple[str, ...]) -> World:
        ends: Ends = dict.fromkeys(high, "high")
        years = tuple(self._possible_years(ends))
        return World(frozenset(high), self.edition.program(self.cell, ends)[0], years)

    def _corner(self, bill: Bill, high: tuple[str, ...]) -> Outcome:
        ends: Ends = dict.fromkeys(high, "high")
        return settle(self.edition, self.cell, bill, self.year(ends), ends)

    def _cells(self) -> list[tuple[Edition, Cell]]:
        return [(self.edition, self.cell), *self.past.cells]

    def _causes(self, corners: dict[tuple[Bill, tuple[str, ...]], Outcome], ranges: list[str]) -> Iterator[Note]:
        choices = choices_of(ranges)
        if any(corners[self.bill, high].own != corners[bill, high].own for bill in self.bills for high in choices):
            yield Note("fact", {"fact": "self_funded"})
        for name in ranges:
            pairs = [(high, tuple(sorted((*high, name)))) for high in choices if name not in high]
            if any(corners[bill, low].own != corners[bill, high].own for bill in self.bills for low, high in pairs if high in choices):
                yield Note("figure", {"figure": name})

    def _earlier_causes(self, worlds: Sequence[World]) -> Iterator[Note]:
        """What makes the year before this stay uncertain."""
        if any(year != world.years[0] for world in worlds for year in world.years):
            yield Note("fact", {"fact": "earlier.self_funded"})
        years = {world.high: world.years for world in worlds}
        for name in sorted({name for world in worlds for name in world.high}):
            if any(years[high] != years.get(high | {name}, years[high]) for high in years):
                yield Note("figure", {"figure": name})


def _differ(worlds: Sequence[World]) -> bool:
    """Whether it is uncertain what the year came to before."""
    return any(year != worlds[0].years[0] for world in worlds for year in world.years)


def _settled(bill: Settlement, plan: Plan, outcome: Outcome) -> Settled:
    silent = [layer.key for layer in plan.layers if isinstance(layer, SilentLayer) and layer.status == "not_computable"]
    unknown = tuple(silent) if outcome.eligible_unpaid > 0 else ()
    return Settled(bill, outcome, unknown, any(not is_absorbed(plan, key, outcome) for key in unknown))


def is_absorbed(plan: Plan, layer: str, outcome: Outcome) -> bool:
    """Whether a later layer has paid that leaves the same own cost whatever this one pays."""
    by = next((each.absorbed_by for each in plan.layers if each.key == layer and isinstance(each, SilentLayer)), None)
    return by is not None and outcome.payouts.get(by, 0) > 0


def _earlier(case: Case, shelf: Shelf) -> list[Stay] | Note:
    """The earlier settlements with their rules, or why one has none."""
    stays = []
    for bill in case.earlier:
        stay = stay_of(bill, case, shelf)
        if isinstance(stay, Note):
            return stay
        stays.append(stay)
    return stays


def stay_of(bill: Earlier, case: Case, shelf: Shelf) -> Stay | Note:
    """An earlier settlement with its rules; one without a day is taken by the rules of the case's own day. What it does not say about the
    person is taken from the case.
    """
    expired_ok = case.expired_ok if bill.expired_ok is None else bill.expired_ok
    edition = shelf.choose(case.place, bill.on or case.on, expired_ok=expired_ok)
    if isinstance(edition, Note):
        return edition
    insured = case.insured if bill.insured is None else bill.insured
    age = case.age if bill.age is None else bill.age
    return Stay(bill, Person(bill.category or case.category, insured, age), edition)


def why_not_covered(edition: Edition, case: Case, earlier: Iterable[Earlier]) -> Note | None:
    """Why an edition has no rule for a case or one of its earlier settlements; None when it has."""
    bills: list[tuple[Settlement, str]] = [(case, case.category), *((bill, bill.category or case.category) for bill in earlier)]
    return next((why for why in (_not_covered(edition, bill, category) for bill, category in bills) if why is not None), None)


def _not_covered(edition: Edition, bill: Settlement, category: str) -> Note | None:
    """Why an edition has no rule for a bill: it does not know the category, the level of hospital or the kind of care."""
    policy = edition.policy
    values = {"place": policy.name, "edition": policy.edition, "hotline": policy.hotline}
    if category not in policy.categories:
        return Note("category_not_covered", values | {"category": category})
    if bill.facility not in policy.facilities:
        return Note("facility_not_covered", values | {"facility": bill.facility})
    if bill.care not in policy.care:
        return Note("care_not_covered", values | {"care": bill.care})
    return None
