"""The year of a person: every settlement so far, which thresholds they have used up, and how far it is to the next one. Pure.

A threshold is met by eligible cost that no earlier layer paid, not by all that a person spends; amounts in fen.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any, Literal

from engine.case import Case, Earlier, Settlement, read_case
from engine.cell import Cell
from engine.doubts import horizon, is_doubtful
from engine.estimate import Estimate, estimate
from engine.figures import Used
from engine.keys import FACILITIES
from engine.mechanisms.bands import BandsNode
from engine.mechanisms.ceiling import CeilingNode
from engine.mechanisms.deductible import FixedDeductible
from engine.note import Note
from engine.plan import PaidLayer, Plan, SilentLayer
from engine.policy import Policy, Source
from engine.settling import Settled, settled_year, years_before
from engine.shelf import Edition, Shelf
from engine.year import Person, Year, cell_of

#: deductible: from there a layer pays; tier: from there at another rate; cap: up to there; ceiling: from there everything is paid.
MarkKind = Literal["deductible", "tier", "cap", "ceiling"]


@dataclass(frozen=True, slots=True)
class YearQuestion:
    """A year to be told: its newest settlement with the earlier ones. `told` is false when no settlement of it was named."""

    case: Case
    told: bool = True


@dataclass(frozen=True, slots=True)
class Mark:
    """A threshold of the year.

    `used` of it under the assumed facts, between `low` and `high` whatever is unknown; `at` is None for a cap that is not known, and
    `at_most` its upper end when it is a range. `rate` is what is paid beyond it, as a share.
    """

    layer: str
    kind: MarkKind
    at: int | None
    used: int
    low: int
    high: int
    at_most: int | None = None
    rate: Fraction | None = None
    figures: tuple[Used, ...] = ()

    @property
    def left(self) -> int | None:
        """How far it still is, 0 when it is reached; None when nobody knows."""
        return None if self.at is None else max(0, self.at - self.used)

    @property
    def state(self) -> Literal["ahead", "maybe", "reached"]:
        """Whether it is used up: not under the assumed facts, under these but perhaps not otherwise, or whatever is unknown."""
        at = self.at_most or self.at
        if at is None or self.used < at:
            return "ahead"
        return "reached" if self.low >= at else "maybe"


@dataclass(frozen=True, slots=True)
class YearLedger:
    """The answer: every settlement of the year, oldest first, the estimate of the newest one, then the marks.

    `refused` has neither, and says why in `cautions`; `silent` are layers that nobody can compute.
    """

    question: YearQuestion
    status: Literal["computed", "partial", "refused"]
    policy: Policy
    year: Year
    rows: tuple[Settled, ...] = ()
    newest: Estimate | None = None
    marks: tuple[Mark, ...] = ()
    silent: tuple[str, ...] = ()
    cautions: tuple[Note, ...] = ()
    sources: tuple[tuple[str, Source], ...] = ()

    @property
    def total(self) -> int:
        """What all settlements came to."""
        return sum(row.bill.total for row in self.rows)

    @property
    def own(self) -> int:
        """What the person paid of it; an upper bound when `partial`."""
        return sum(row.outcome.own for row in self.rows)

    @property
    def hospital(self) -> int:
        """What hospitals bore of it."""
        return sum(row.outcome.hospital for row in self.rows)

    @property
    def paid(self) -> int:
        """What all layers paid of it."""
        return self.total - self.own - self.hospital


def read_year(raw: Mapping[str, Any], shelf: Shelf) -> YearQuestion:
    """Read a case that may leave out its own bill: then the year ends with its earlier settlements, or with `so_far`.

    Raises CaseError like `read_case`.
    """
    if "facility" in raw or "total" in raw:
        return YearQuestion(read_case(raw))
    case = read_case({"facility": FACILITIES[0], "total": 0} | dict(raw))
    if case.earlier:
        return YearQuestion(_as_case(case, case.earlier[-1], case.earlier[:-1]))
    known = shelf.places.get(case.place, ())
    facility = known[-1].policy.facilities[0] if known else case.facility
    return YearQuestion(case.model_copy(update={"facility": facility}), told=False)


def year_ledger(question: YearQuestion, shelf: Shelf, today: date) -> YearLedger:
    """Settle every settlement of a year and measure what it has used up. Raises CaseError like `estimate`."""
    case = question.case
    newest = estimate(case, shelf, today)
    edition = shelf.choose(case.place, case.on, expired_ok=case.expired_ok)
    if newest.status == "refused" or newest.policy is None or isinstance(edition, Note):
        return YearLedger(question, "refused", shelf.places[case.place][-1].policy, Year(), cautions=newest.cautions)
    if not question.told:
        return _measured(question, edition, years_before(case, shelf), today)
    rows, years = settled_year(case, shelf)
    return _measured(question, edition, years, today, rows, newest)


def _measured(
    question: YearQuestion,
    edition: Edition,
    years: Sequence[Year],
    today: date,
    rows: tuple[Settled, ...] = (),
    newest: Estimate | None = None,
) -> YearLedger:
    """The marks of a year, of which the first of `years` holds under the assumed facts and the others are its ends."""
    policy, case = edition.policy, question.case
    plan = edition.program(_next_cell(edition, case, years[0]))[0]
    marks = tuple(mark for layer in plan.paid() for mark in _marks(layer, plan, edition, years, case, told=question.told))
    figures = [figure for mark in marks for figure in mark.figures]
    return YearLedger(
        question=question,
        status="partial" if any(row.open for row in rows) else "computed",
        policy=policy,
        year=years[0],
        rows=rows,
        newest=newest,
        marks=marks,
        silent=tuple(layer.key for layer in plan.layers if isinstance(layer, SilentLayer) and layer.status == "not_computable"),
        cautions=(*(() if newest else horizon(case.on, policy, today)), *_to_confirm(policy, figures)),
        sources=tuple((key, policy.sources[key]) for key in dict.fromkeys(figure.source for figure in figures)),
    )


def _to_confirm(policy: Policy, figures: Sequence[Used]) -> Iterator[Note]:
    """The doubts about figures of thresholds; when the rules were verified the newest bill tells, or else `horizon`."""
    doubtful = dict.fromkeys(figure.source for figure in figures if is_doubtful(figure.basis))
    if doubtful:
        yield Note("year.to_confirm", {"standards": tuple(policy.sources[source].called for source in doubtful), "place": policy.name})


def _next_cell(edition: Edition, case: Case, year: Year) -> Cell:
    """Where the next settlement of its kind falls, registered; nobody knows yet what will be paid of it."""
    return cell_of(edition, case.model_copy(update={"registered": True, "paid": None}), Person(case.category, case.insured, case.age), year)


def _as_case(case: Case, bill: Earlier, before: Sequence[Earlier]) -> Case:
    """An earlier settlement as a case; what it does not say about the person and the day is that of the case."""
    said = {name: getattr(bill, name) for name in (*Settlement.model_fields, "category", "insured", "age", "expired_ok")}
    inherited = ("category", "insured", "age", "expired_ok", "on")
    return case.model_copy(
        update={name: value for name, value in said.items() if value is not None or name not in inherited} | {"earlier": tuple(before)}
    )


def _marks(layer: PaidLayer, plan: Plan, edition: Edition, years: Sequence[Year], case: Case, *, told: bool) -> Iterator[Mark]:
    node, used = layer.node, _used(layer, plan, years)
    if isinstance(node, CeilingNode):
        if told:  # which ceiling holds, the hospital decides
            yield Mark(layer.key, "ceiling", node.over(years[0].peaks.get(layer.account, 0)), *used, figures=layer.figures.always)
    elif isinstance(node, BandsNode):
        if node.over == "year" and isinstance(node.deductible, FixedDeductible):
            yield from _steps(layer, node, node.deductible.fen, used)
        # What a person paid does not tell what a layer by stay has paid.
        known = node.over == "year" or case.so_far is None or case.so_far.own is None
        if known and (node.cap is not None or layer.cap_unknown):
            paid = _span(year.paid.get(layer.cap_account, 0) for year in years)
            yield Mark(layer.key, "cap", node.cap, *paid, at_most=_highest_cap(layer, plan, edition), figures=layer.figures.cap)


def _used(layer: PaidLayer, plan: Plan, years: Sequence[Year]) -> tuple[int, int, int]:
    """The sum a layer runs on. Where it is not certain, a later one may have got all that the first yearly layer did, or nothing."""
    used, low, high = _span(year.sums.get(layer.account, 0) for year in years)
    first = next((each for each in plan.paid() if each.yearly), layer)
    if low == high or first is layer:
        return used, low, high
    return used, 0, max(high, *(year.sums.get(first.account, 0) for year in years))


def _steps(layer: PaidLayer, node: BandsNode, deductible: int, used: tuple[int, int, int]) -> Iterator[Mark]:
    """The deductible, and the next tier once it is used up."""
    rates, edges = layer.figures.rates, layer.figures.edges
    if deductible:
        figures = (*layer.figures.always, *rates[:1])
        yield Mark(layer.key, "deductible", deductible, *used, rate=node.tiers[0].rate, figures=figures)
    if used[0] < deductible:
        return
    for number, tier in enumerate(node.tiers[:-1]):
        if tier.up_to is not None and deductible + tier.up_to > used[0]:
            named = [figure for figure in (edges[number], rates[number + 1]) if figure is not None]
            yield Mark(layer.key, "tier", deductible + tier.up_to, *used, rate=node.tiers[number + 1].rate, figures=tuple(named))
            return


def _highest_cap(layer: PaidLayer, plan: Plan, edition: Edition) -> int | None:
    """The upper end of a cap that is known as a range; None for any other."""
    named = [figure.name for figure in layer.figures.cap if figure.name in plan.ranges]
    if not named:
        return None
    high = edition.program(plan.cell, dict.fromkeys(named, "high"))[0]
    node = next(each.node for each in high.paid() if each.key == layer.key)
    return node.cap if isinstance(node, BandsNode) else None


def _span(amounts: Iterable[int]) -> tuple[int, int, int]:
    """The first amount, the least and the most."""
    known = tuple(amounts)
    return known[0], min(known), max(known)
