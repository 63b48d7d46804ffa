"""The estimate: one case settled with its working, its range, and everything that was assumed or is doubtful, as values.

Pure: case, shelf and day in, `Estimate` out. Words are found for it in `bot/speech`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from itertools import product
from typing import Literal

from engine.case import Case, Settlement
from engine.cell import Cell
from engine.doubts import horizon, is_doubtful
from engine.errors import CaseError, Fault
from engine.figures import Used
from engine.mechanisms.bands import BandsNode
from engine.note import Note
from engine.plan import PaidLayer, Plan, SilentLayer
from engine.policy import Policy, Source
from engine.program import Step
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

#: With more range figures than this not every combination of their ends is tried.
MOST_COMBINED = 4

LayerStatus = Literal["paid", "nothing", "advice", "not_computable", "not_applicable"]


@dataclass(frozen=True, slots=True)
class Layer:
    """What one layer does in this settlement. `high` is None where the amount cannot be computed; `reason` says why it pays nothing."""

    key: str
    status: LayerStatus
    payout: int
    low: int
    high: int | None
    steps: tuple[Step, ...]
    figures: tuple[Used, ...]
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class OutOfPocket:
    """What the person still pays, in fen; the three parts sum to `amount`."""

    amount: int
    low: int
    high: int
    self_funded: int
    first_share: int
    eligible_unpaid: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """The answer to a case. Money in fen. `refused` has no layers and no amounts, and says in `cautions` what is missing."""

    case: Case
    status: Literal["computed", "partial", "refused"]
    policy: Policy | None
    eligible: int | None = None
    self_funded: int | None = None
    first_share: int | None = None
    layers: tuple[Layer, ...] = ()
    hospital_borne: int = 0
    borne: tuple[Used, ...] = ()
    out_of_pocket: OutOfPocket | None = None
    assumed: tuple[Note, ...] = ()
    lacking: tuple[str, ...] = ()
    causes: tuple[Note, ...] = ()
    cautions: tuple[Note, ...] = ()
    advice: tuple[Note, ...] = ()
    year_to_date: Year | None = None
    sources: tuple[tuple[str, Source], ...] = ()

    @property
    def edition(self) -> str | None:
        """The edition that answered, or would have to."""
        return self.policy.edition if self.policy else None

    @property
    def paid(self) -> int:
        """The sum of all payouts."""
        return sum(layer.payout for layer in self.layers)

    def layer(self, key: str) -> Layer | None:
        """The layer of that key."""
        return next((layer for layer in self.layers if layer.key == key), None)


def estimate(case: Case, shelf: Shelf, today: date) -> Estimate:
    """Settle a case by the rules of its place and day. `today` only decides whether a verified day has passed.

    Raises CaseError when the place is not on the shelf or an earlier settlement cannot be placed in the same year.
    """
    settling = _opened(case, shelf, today)
    if isinstance(settling, Estimate):
        return settling
    answer = settling.estimate()
    return _or_a_later_stay(answer, shelf, today) if settling.may_be_later() else answer


def _or_a_later_stay(answer: Estimate, shelf: Shelf, today: date) -> Estimate:
    """An estimate whose range holds the stay as a later one of the year too: whether the earlier ones count for that, nobody said."""
    so_far = answer.case.so_far
    if so_far is None or answer.out_of_pocket is None:
        return answer
    other = estimate(answer.case.model_copy(update={"so_far": so_far.model_copy(update={"later": 1})}), shelf, today).out_of_pocket
    low = answer.out_of_pocket.low if other is None else min(answer.out_of_pocket.low, other.low)
    return replace(answer, out_of_pocket=replace(answer.out_of_pocket, low=low))


@dataclass(frozen=True, slots=True)
class Settled:
    """One settlement of a year under the assumed facts.

    `unknown` are the layers that may pay of it and cannot be computed; `open` says that own cost depends on one of them.
    """

    bill: Settlement
    outcome: Outcome
    unknown: tuple[str, ...]
    open: bool


def settled_year(case: Case, shelf: Shelf, today: date) -> tuple[tuple[Settled, ...], tuple[Year, ...]]:
    """Every settlement of a case's year, oldest first, and the year with all of them: as assumed, then at the ends of what is unknown.

    Nothing for a case that is refused. Raises CaseError like `estimate`.
    """
    settling = _opened(case, shelf, today)
    return ((), ()) if isinstance(settling, Estimate) else (tuple(settling.settlements()), tuple(settling.years()))


def years_before(case: Case, shelf: Shelf, today: date) -> tuple[Year, ...]:
    """The year that a case comes on top of: as assumed, then with nothing eligible in what is unknown. Nothing for a refused case."""
    settling = _opened(case, shelf, today)
    return () if isinstance(settling, Estimate) else tuple(settling.year({}, all_self_funded=worst) for worst in (False, True))


def settled_bill(case: Case, shelf: Shelf, today: date) -> Settled | None:
    """The settlement of a case under the assumed facts, without bounds and working. None for a refused case."""
    settling = _opened(case, shelf, today)
    return None if isinstance(settling, Estimate) else settling.settled()


def _opened(case: Case, shelf: Shelf, today: date) -> "_Settling | Estimate":
    """A case that can be settled, or why it is refused."""
    if case.place not in shelf.places:
        raise CaseError([Fault("place", "unknown_place", {"known": ", ".join(sorted(shelf.places))})])
    edition = shelf.choose(case.place, case.on, expired_ok=case.expired_ok)
    if isinstance(edition, Note):
        return _refused(case, shelf.places[case.place][-1].policy, edition)
    for bill, category in [(case, case.category), *((bill, bill.category or case.category) for bill in case.earlier)]:
        refusal = _not_covered(edition, bill, category)
        if refusal is not None:
            return _refused(case, edition.policy, refusal)
    stays = _earlier(case, shelf)
    if isinstance(stays, Note):
        return _refused(case, edition.policy, stays)
    settling = _Settling(case, edition, stays, today)
    if settling.lacks_the_year():
        return _refused(case, edition.policy, Note("so_far_own_not_enough", {"place": edition.policy.name}))
    return settling


@dataclass(frozen=True, slots=True)
class _Stay:
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


class _Settling:
    """One case on its way to an estimate."""

    def __init__(self, case: Case, edition: Edition, stays: Sequence[_Stay], today: date) -> None:
        self.case, self.edition, self.stays, self.today = case, edition, stays, today
        self.cell = cell_of(edition, case, Person(case.category, case.insured, case.age), self._known_before())
        self.plan: Plan = edition.program(self.cell)[0]
        self.bills = bills_of(case, self.plan.borne, edition.policy)
        self.bill = self.bills[0]

    def estimate(self) -> Estimate:
        outcome, steps = settle_with_working(self.edition, self.cell, self.bill, self.year({}))
        self._working = steps
        span, unknown = self._reach()
        layers = tuple(self._layers(outcome, steps, span))
        open_layers = [layer for layer in layers if layer.status == "not_computable" and not _is_absorbed(self.plan, layer.key, outcome)]
        own = OutOfPocket(
            amount=outcome.own,
            low=span.floor if open_layers else span.own[0],
            high=span.own[1],
            self_funded=outcome.self_funded,
            first_share=outcome.first_share,
            eligible_unpaid=outcome.eligible_unpaid,
        )
        figures = [*(self.plan.borne.figures if outcome.hospital else ()), *(figure for layer in layers for figure in layer.figures)]
        causes = (*unknown, *(Note("not_computable", {"layer": layer.key}) for layer in open_layers))
        return Estimate(
            case=self.case,
            status="partial" if open_layers else "computed",
            policy=self.edition.policy,
            eligible=self.bill.eligible,
            self_funded=self.case.self_funded or 0,
            first_share=self.bill.first_share,
            layers=layers,
            hospital_borne=outcome.hospital,
            borne=self.plan.borne.figures if outcome.hospital else (),
            out_of_pocket=own,
            assumed=tuple(self._assumed()),
            lacking=tuple(dict.fromkeys(note.values["fact"] for note in causes if note.key == "fact")),
            causes=causes,
            cautions=tuple(self._cautions(layers)),
            advice=tuple(self._advice(layers, outcome)),
            year_to_date=outcome.year,
            sources=_sources(self.edition.policy, figures),
        )

    def year(self, ends: Ends, *, all_self_funded: bool = False) -> Year:
        """The year before this stay; `all_self_funded` takes earlier bills of unknown self-funded part as wholly self-funded."""
        so_far = self.case.so_far
        if so_far is not None and so_far.own is not None:
            return Year.left_with(0 if all_self_funded else so_far.own, so_far, self._registered_plan(ends))
        if so_far is not None:
            return Year.said(so_far, self.plan)
        year = Year()
        for stay in self.stays:
            year = stay.settled(year, ends, all_self_funded=all_self_funded).year
        return year

    def settlements(self) -> Iterator[Settled]:
        """The earlier settlements and this one."""
        year = Year()
        for stay in self.stays:
            plan = stay.edition.program(stay.cell(year))[0]
            outcome = stay.settled(year, {}, all_self_funded=False)
            yield _settled(stay.bill, plan, outcome)
            year = outcome.year
        yield self.settled()

    def settled(self) -> Settled:
        """The settlement of the case, under the assumed facts."""
        return _settled(self.case, self.plan, self._corner(self.bill, ()))

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
            yield replace(year, paid={**year.paid, first.key: most, first.cap_account: most})

    def _best_rate(self, key: str, ends: Ends) -> Fraction:
        """The highest rate or guarantee by which a layer pays at any hospital of the place."""
        cells = (self.cell._replace(facility=facility, registered=True) for facility in self.edition.policy.facilities)
        layers = (layer for cell in cells for layer in self.edition.program(cell, ends)[0].paid() if layer.key == key)
        nodes = [layer.node for layer in layers if isinstance(layer.node, BandsNode)]
        return max(rate for node in nodes for rate in (*(tier.rate for tier in node.tiers), node.guarantee or Fraction(0)))

    def years(self) -> Iterator[Year]:
        """The year with this stay at the ends of its own and the earlier bills' self-funded parts, and of range figures."""
        for high in _subsets(self._ranges()):
            ends: Ends = dict.fromkeys(high, "high")
            for bill, worst in ((self.bills[0], False), (self.bills[-1], True)):
                yield settle(self.edition, self.cell, bill, self.year(ends, all_self_funded=worst), ends).year

    def _ranges(self) -> list[str]:
        """The figures of this and the earlier stays that are known only as a range."""
        return sorted({name for edition, cell in self._cells() for name in edition.program(cell)[0].ranges})

    def _known_before(self) -> Year:
        """What of the year decides which rules hold: how many stays count for a later one."""
        so_far = self.case.so_far
        if so_far is None:
            return self.year({})
        stays = so_far.stays if so_far.own is None else 0
        return Year(later=(stays or 0) if so_far.later is None else so_far.later)

    def _reach(self) -> tuple[Span, list[Note]]:
        """Everything between the ends of what is unknown, and what makes the ends differ.

        Own cost rises with the self-funded part and falls with a higher cap, so the corners hold all values between them.
        Earlier stays break that order (a higher cap then may leave less of a deductible used up), so bounds are taken there.
        """
        ranges = self._ranges()
        choices = _subsets(ranges)
        corners = {(bill, high): self._corner(bill, high) for bill in self.bills for high in choices}
        spans = [exactly(corner) for corner in corners.values()]
        causes = list(self._causes(corners, ranges))
        worlds = [self._world(high) for high in choices]
        if any(year != worlds[0].years[0] for world in worlds for year in world.years):
            spans.append(reach(worlds, self.bills))
            span = hull(spans)
            causes += [cause for cause in self._earlier_causes(worlds) if span.own[0] != span.own[1] and cause not in causes]
        return hull(spans), causes

    def _world(self, high: tuple[str, ...]) -> World:
        ends: Ends = dict.fromkeys(high, "high")
        years = tuple(self._possible_years(ends))
        return World(frozenset(high), self.edition.program(self.cell, ends)[0], years)

    def _corner(self, bill: Bill, high: tuple[str, ...]) -> Outcome:
        ends: Ends = dict.fromkeys(high, "high")
        return settle(self.edition, self.cell, bill, self.year(ends), ends)

    def _cells(self) -> Iterator[tuple[Edition, Cell]]:
        yield self.edition, self.cell
        year = Year()
        for stay in self.stays:
            yield stay.edition, stay.cell(year)
            year = stay.settled(year, {}, all_self_funded=False).year

    def _causes(self, corners: dict[tuple[Bill, tuple[str, ...]], Outcome], ranges: list[str]) -> Iterator[Note]:
        choices = _subsets(ranges)
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

    def _layers(self, outcome: Outcome, steps: Mapping[str, list[Step]], span: Span) -> Iterator[Layer]:
        unknown = False
        for layer in self.plan.layers:
            if isinstance(layer, SilentLayer):
                unknown = unknown or layer.status == "not_computable"
                yield _silent(layer, outcome)
            else:
                settled = _paid(layer, outcome.payouts[layer.key], tuple(steps[layer.key]), span)
                # What an earlier layer of unknown amount pays is no longer there for this one.
                yield replace(settled, low=0) if unknown else settled

    def _assumed(self) -> Iterator[Note]:
        case, referral = self.case, self.edition.policy.referral
        if case.on is None:
            yield Note("on", {"value": None, "edition": self.edition.policy.edition, "place": self.edition.policy.name})
        if case.self_funded is None:
            yield Note("self_funded", {"value": 0})
        if case.first_share is None:
            yield Note("first_share", {"value": 0})
        if case.facility in referral.required_at and case.registered is None and not referral.exempts(case.emergency):
            yield Note("registered", {"value": True})
        if case.registered is False and case.emergency is None and case.facility in referral.required_at:
            yield Note("emergency", {"value": False})
        if case.age is None and self.edition.policy.ages:
            yield Note("age", {"value": None})
        if self.may_be_later():
            yield Note("so_far.later", {"value": 0})
        if case.fixed_price is None and self.plan.borne.fixed_price:
            yield Note("fixed_price", {"value": None})
        yield from _assumed_year(case)

    def _cautions(self, layers: Sequence[Layer]) -> Iterator[Note]:
        yield from horizon(self.case.on, self.edition.policy, self.today)
        for layer in layers:
            if layer.status == "not_computable":
                yield Note("not_computable", {"layer": layer.key})
        for source, keys in _to_confirm(layers).items():
            yield Note(
                "to_confirm", {"layers": keys, "standard": self.edition.policy.sources[source].called, "place": self.edition.policy.name}
            )
        for remark in self.edition.policy.remarks.values():
            if remark.when.holds(self.cell):
                yield Note("remark", {"text": remark.says})
        unused = tuple(key for key in self.case.paid or () if not any(step.key == "said" for step in self._working.get(key, ())))
        if unused:
            yield Note("paid_not_used", {"layers": unused})
        unknown_caps = {layer.key for layer in self.plan.paid() if layer.cap_unknown}
        for layer in layers:
            if layer.status == "paid" and layer.key in unknown_caps:
                yield Note("cap_unknown", {"layer": layer.key})

    def _advice(self, layers: Sequence[Layer], outcome: Outcome) -> Iterator[Note]:
        if not self.case.insured:
            yield from _enrol(self.edition.policy, self.case.category)
        if any(layer.status == "advice" and layer.key == "re_aid" for layer in layers):
            yield Note("re_aid", {"amount": outcome.eligible_unpaid})
        if not self.cell.registered:
            yield Note("register", {})
        if any(layer.status == "not_computable" for layer in layers):
            yield Note("ask_category_aid", {"hotline": self.edition.policy.hotline})
        yield from _where_to_ask(self.edition.policy, insured=self.case.insured)


def _settled(bill: Settlement, plan: Plan, outcome: Outcome) -> Settled:
    silent = [layer.key for layer in plan.layers if isinstance(layer, SilentLayer) and layer.status == "not_computable"]
    unknown = tuple(silent) if outcome.eligible_unpaid > 0 else ()
    return Settled(bill, outcome, unknown, any(not _is_absorbed(plan, key, outcome) for key in unknown))


def _is_absorbed(plan: Plan, layer: str, outcome: Outcome) -> bool:
    """Whether a later layer has paid that leaves the same own cost whatever this one pays."""
    by = next((each.absorbed_by for each in plan.layers if each.key == layer and isinstance(each, SilentLayer)), None)
    return by is not None and outcome.payouts.get(by, 0) > 0


def _paid(layer: PaidLayer, payout: int, steps: tuple[Step, ...], span: Span) -> Layer:
    low, high = span.payouts[layer.key]
    return Layer(layer.key, "paid" if payout else "nothing", payout, low, high, steps, _figures(layer, steps, payout))


def _silent(layer: SilentLayer, outcome: Outcome) -> Layer:
    """Advice and an amount nobody can compute need something left to pay; with nothing left they are `nothing`."""
    status: LayerStatus = layer.status
    if status != "not_applicable" and outcome.eligible_unpaid == 0:
        status = "nothing"
    return Layer(layer.key, status, 0, 0, None if status == "not_computable" else 0, (), layer.figures, layer.reason)


def _figures(layer: PaidLayer, steps: Sequence[Step], payout: int) -> tuple[Used, ...]:
    """The figures that decided the result: rates of tiers reached, edges of tiers passed, the guarantee and the cap where they bind."""
    if not steps:
        return ()
    keys = {step.key for step in steps}
    reached = sum(step.tier >= 0 for step in steps)
    figures = [*layer.figures.always, *layer.figures.rates[:reached]]
    figures += [edge for edge in layer.figures.edges[: max(0, reached - 1)] if edge is not None]
    figures += layer.figures.guarantee if "guarantee" in keys else ()
    # A cap that is unknown or outright lifted matters as soon as something is paid.
    lifted = layer.cap_unknown or any(figure.value == "none" for figure in layer.figures.cap)
    figures += layer.figures.cap if "cap" in keys or (payout and lifted) else ()
    return tuple(figures)


def _earlier(case: Case, shelf: Shelf) -> list[_Stay] | Note:
    """The earlier settlements with their rules; a settlement without a day is taken by the rules of the case's own day."""
    stays = []
    for bill in case.earlier:
        expired_ok = case.expired_ok if bill.expired_ok is None else bill.expired_ok
        edition = shelf.choose(case.place, bill.on or case.on, expired_ok=expired_ok)
        if isinstance(edition, Note):
            return edition
        insured = case.insured if bill.insured is None else bill.insured
        age = case.age if bill.age is None else bill.age
        stays.append(_Stay(bill, Person(bill.category or case.category, insured, age), edition))
    return stays


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


def _refused(case: Case, policy: Policy, note: Note) -> Estimate:
    lacking = ("on",) if note.key in ("before_rules", "after_rules") else ()
    return Estimate(case, "refused", policy, cautions=(note,), advice=tuple(_where_to_ask(policy)), lacking=lacking)


def _enrol(policy: Policy, category: str) -> Iterator[Note]:
    """Where and when to be insured, and that the government pays for it where the rules say so."""
    yield Note("enrol", {"hotline": policy.hotline})
    if policy.premium is not None and policy.premium.share is not None and category in policy.premium.share.values:
        yield Note("enrol.subsidised", {"category": category, "place": policy.name})


def _where_to_ask(policy: Policy, *, insured: bool = True) -> Iterator[Note]:
    yield Note("bring" if insured else "bring.uninsured", {})
    yield Note("ask", {"hotline": policy.hotline, "place": policy.name})


def _assumed_year(case: Case) -> Iterator[Note]:
    if case.so_far is None:
        if not case.earlier:
            yield Note("earlier", {"value": 0, "care": case.care})
        return
    if case.so_far.own is not None:
        yield Note("so_far.own", {"value": case.so_far.own, "own_amount": case.so_far.own})
    for name in () if case.so_far.own is not None else ("stays", "eligible_unpaid", "paid", "counted"):
        if getattr(case.so_far, name) is None:
            yield Note(f"so_far.{name}", {"value": None if name == "counted" else 0})


def _to_confirm(layers: Sequence[Layer]) -> dict[str, tuple[str, ...]]:
    """Which layers rest on figures that nobody has confirmed, by source; caps that are unknown have their own caution."""
    sources: dict[str, dict[str, None]] = {}
    for layer in layers:
        for figure in layer.figures:
            if is_doubtful(figure.basis):
                sources.setdefault(figure.source, {})[layer.key] = None
    return {source: tuple(keys) for source, keys in sources.items()}


def _sources(policy: Policy, figures: Sequence[Used]) -> tuple[tuple[str, Source], ...]:
    return tuple((key, policy.sources[key]) for key in dict.fromkeys(figure.source for figure in figures))


def _subsets(names: Sequence[str]) -> list[tuple[str, ...]]:
    """All choices of names; beyond a handful only none, each alone, all but each, and all."""
    if len(names) > MOST_COMBINED:
        singles = [(name,) for name in names]
        return [(), *singles, *(tuple(other for other in names if other != name) for name in names), tuple(names)]
    return [tuple(name for name, taken in zip(names, choice, strict=True) if taken) for choice in product((False, True), repeat=len(names))]
