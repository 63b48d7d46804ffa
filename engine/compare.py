"""Two questions beside an estimate: where to go (one bill at every level of hospital), and what changed (one bill under two editions).

Pure, like an estimate: every row and every side is exactly what `estimate` gives for a case, and no word is said here.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from engine.case import Case, faults_of, read_case, read_inner_case
from engine.doubts import horizon
from engine.errors import CaseError, Fault
from engine.estimate import Estimate, Layer, estimate
from engine.keys import FACILITIES
from engine.note import Note
from engine.policy import Policy
from engine.shelf import Edition, Shelf

#: How firm a number is: exact, under assumed facts with others possible, or only an upper bound.
Firm = Literal["exact", "about", "most"]
_FIRM: tuple[Firm, ...] = ("exact", "about", "most")

_EditionKey = Annotated[str, StringConstraints(strict=True, max_length=40)]


@dataclass(frozen=True, slots=True)
class Row:
    """The bill at one level of hospital; `registered` is None where being registered changes nothing."""

    facility: str
    registered: bool | None
    estimate: Estimate

    @property
    def own(self) -> int:
        """What the person pays there, in fen: under the assumed facts, or the most it can be when a layer cannot be computed."""
        return own_cost(self.estimate)

    @property
    def firm(self) -> Firm:
        """How firm `own` is."""
        return firmness(self.estimate)


@dataclass(frozen=True, slots=True)
class Worth:
    """What being registered saves at a level of hospital, in fen. None with `firm` most: a layer cannot be computed, so nobody knows."""

    facility: str
    amount: int | None
    firm: Firm


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A level of hospital for which no rule answers, and why."""

    facility: str
    note: Note


@dataclass(frozen=True, slots=True)
class Comparison:
    """One bill at every level of hospital. `refused` has no rows; `partial` holds numbers that are only upper bounds.

    `cheapest` are the rows with the lowest own cost; `sure` says that nothing that is unknown can make another row cheaper.
    """

    case: Case
    status: Literal["computed", "partial", "refused"]
    policy: Policy
    rows: tuple[Row, ...] = ()
    cheapest: tuple[Row, ...] = ()
    sure: bool = False
    registration: tuple[Worth, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


def read_compared(raw: Mapping[str, Any], shelf: Shelf) -> Case:
    """Read the case of a comparison, which needs no `facility`: it meets every one of its edition. Raises CaseError like `read_case`."""
    if "facility" in raw:
        return read_case(raw)
    case = read_case({"facility": FACILITIES[0]} | dict(raw))
    edition = shelf.choose(case.place, case.on, expired_ok=True) if case.place in shelf.places else None
    return case.model_copy(update={"facility": edition.policy.facilities[0]}) if isinstance(edition, Edition) else case


def compare(case: Case, shelf: Shelf, today: date) -> Comparison:
    """Settle the same bill at every level of hospital of its place, registered and not where that matters.

    Raises CaseError like `estimate`.
    """
    own = estimate(case, shelf, today)
    if own.policy is None:
        raise CaseError([Fault("place", "unknown_place", {"known": ", ".join(sorted(shelf.places))})])
    rows: list[Row] = []
    left_out: list[LeftOut] = []
    for facility in dict.fromkeys((*own.policy.facilities, case.facility)):
        for registered in _registrations(case, facility, own.policy):
            answer = estimate(case.model_copy(update={"facility": facility, "registered": registered}), shelf, today)
            if answer.status != "refused":
                rows.append(Row(facility, registered, answer))
            elif not any(each.facility == facility for each in left_out):
                left_out.append(LeftOut(facility, answer.cautions[0]))
    if not rows:
        return Comparison(case, "refused", own.policy, left_out=tuple(left_out))
    cheapest = tuple(row for row in rows if row.own == min(each.own for each in rows))
    return Comparison(
        case=case,
        status="partial" if any(row.firm == "most" for row in rows) else "computed",
        policy=own.policy,
        rows=tuple(rows),
        cheapest=cheapest,
        sure=_is_sure(cheapest, rows),
        registration=tuple(_worths(rows)),
        left_out=tuple(left_out),
    )


def own_cost(answer: Estimate) -> int:
    """What the person pays by an estimate that is not refused: the amount, or its upper bound where that alone is true."""
    own = answer.out_of_pocket
    if own is None:
        raise ValueError("a refused estimate has no amounts")
    return own.high if answer.status == "partial" else own.amount


def firmness(answer: Estimate) -> Firm:
    """How firm `own_cost` is."""
    own = answer.out_of_pocket
    if answer.status == "partial" or own is None:
        return "most"
    return "exact" if own.low == own.high else "about"


def own_difference(before: Estimate, after: Estimate) -> tuple[int | None, Firm]:
    """How much more the person pays by the second of two estimates, in fen, and how firm that is; None where only bounds are known."""
    firm = _less_firm(firmness(before), firmness(after))
    return None if firm == "most" else own_cost(after) - own_cost(before), firm


def _less_firm(one: Firm, other: Firm) -> Firm:
    return max(one, other, key=_FIRM.index)


def _registrations(case: Case, facility: str, policy: Policy) -> tuple[bool | None, ...]:
    """Both ways where being registered matters; in an emergency that counts as registered, and for the uninsured, it does not."""
    exempt = policy.referral.exempts(case.emergency)
    return (True, False) if facility in policy.referral.required_at and case.insured and not exempt else (None,)


def _is_sure(cheapest: Sequence[Row], rows: Iterable[Row]) -> bool:
    """No row can turn out below the cheapest ones; when all of them tie, only exact amounts are known to."""
    others = [row for row in rows if row not in cheapest] or cheapest
    return max(_ends(row)[1] for row in cheapest) <= min(_ends(row)[0] for row in others)


def _ends(row: Row) -> tuple[int, int]:
    own = row.estimate.out_of_pocket
    return (own.low, own.high) if own else (0, 0)


def _worths(rows: Sequence[Row]) -> Iterator[Worth]:
    for row, other in pairwise(rows):
        if row.facility == other.facility:
            firm = _less_firm(row.firm, other.firm)
            yield Worth(row.facility, None if firm == "most" else other.own - row.own, firm)


class Changing(BaseModel):
    """A case and the two editions it is asked under, the older one first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    case: Case
    before: _EditionKey = Field(alias="from")
    after: _EditionKey = Field(alias="to")


def read_changing(raw: Mapping[str, Any]) -> Changing:
    """Read a request `{"case", "from", "to"}`. Raises CaseError naming every wrong field, those of the case as `case.total`."""
    try:
        changing = Changing.model_validate(dict(raw))
    except ValidationError as error:
        raise CaseError(faults_of(error)) from error
    read_inner_case(raw["case"])
    return changing


@dataclass(frozen=True, slots=True)
class Side:
    """The bill under one edition, with the category the person has there; without an estimate `note` says why there is none."""

    policy: Policy
    category: str | None
    estimate: Estimate | None
    note: Note | None = None
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LayerChange:
    """One layer under both editions; None where an edition has no such layer. `amount` is what it pays more, None where nobody knows."""

    key: str
    before: Layer | None
    after: Layer | None
    amount: int | None


@dataclass(frozen=True, slots=True)
class Change:
    """One bill under two editions. `refused` when one of them does not answer; the side that does is there all the same.

    `own` is how much more the person pays under the later one, in fen; None where only bounds are known. `cautions` says when the place's
    newest rules, asked as the later ones, are past their verified day.
    """

    case: Case
    status: Literal["computed", "partial", "refused"]
    before: Side
    after: Side
    layers: tuple[LayerChange, ...] = ()
    own: int | None = None
    firm: Firm = "most"
    cautions: tuple[Note, ...] = ()


def changed(changing: Changing, shelf: Shelf, today: date) -> Change:
    """The same bill under two editions of its place, layer by layer.

    The days of the case and of its earlier settlements are dropped: each edition is asked at its own last verified day, or today when that
    day is still to come, with no other edition beside it; so no side is refused because of a day, and none needs `expired_ok`.
    The person's category is that of whichever edition knows it; the other edition's follows from the packs' `formerly`.
    Raises CaseError for an unknown place or edition and for editions that are not in order.
    """
    case = changing.case
    between = _between(changing, shelf)
    first, last = between[0], between[-1]
    before, after = sides(case, between, today)
    if before.estimate is None or after.estimate is None:
        return Change(case, "refused", before, after)
    own, firm = own_difference(before.estimate, after.estimate)
    return Change(
        case=case,
        status="partial" if firm == "most" else "computed",
        before=before,
        after=after,
        layers=tuple(_layer_changes(first.policy, before.estimate, last.policy, after.estimate)),
        own=own,
        firm=firm,
        cautions=tuple(horizon(None, last.policy, today)) if last is shelf.places[case.place][-1] else (),
    )


def _between(changing: Changing, shelf: Shelf) -> tuple[Edition, ...]:
    """The editions from the first one asked about to the last."""
    place = changing.case.place
    if place not in shelf.places:
        raise CaseError([Fault("case.place", "unknown_place", {"known": ", ".join(sorted(shelf.places))})])
    keys = [edition.policy.edition for edition in shelf.places[place]]
    asked = {"from": changing.before, "to": changing.after}
    faults = [Fault(field, "unknown_edition", {"known": ", ".join(keys)}) for field, key in asked.items() if key not in keys]
    if faults:
        raise CaseError(faults)
    start, end = keys.index(changing.before), keys.index(changing.after)
    if start >= end:
        raise CaseError([Fault("to", "not_later", {"known": changing.before})])
    return shelf.places[place][start : end + 1]


def sides(case: Case, between: Sequence[Edition], today: date) -> tuple[Side, Side]:
    """The case by the first and by the last of several editions, which stand oldest first.

    The categories of the case are taken from the later edition when it knows them all, else from the earlier one.
    """
    first, last = between[0], between[-1]
    named: tuple[str, ...] = tuple(dict.fromkeys((case.category, *(bill.category for bill in case.earlier if bill.category))))
    if all(category in last.policy.categories for category in named):
        was = {category: _formerly(category, between) for category in named}
        lost = next((category for category in named if was[category] is None), None)
        if lost is not None:
            return _missing(first, "changed.no_earlier", lost), settled(case, last, {}, today)
        return settled(case, first, was, today), settled(case, last, {}, today)
    became = {category: _became(category, between) for category in named}
    lost = next((category for category in named if len(became[category]) != 1), None)
    if lost is not None:
        key = "changed.several" if became[lost] else "changed.no_counterpart"
        return settled(case, first, {}, today), _missing(last, key, lost, became[lost])
    return settled(case, first, {}, today), settled(case, last, {category: now[0] for category, now in became.items()}, today)


def _formerly(category: str, between: Sequence[Edition]) -> str | None:
    """What a category of the last edition was in the first one; None when it had no such people."""
    was = category
    for edition in reversed(between[1:]):
        was = next((name for now, name in edition.policy.formerly.items() if now == was), was)
    return was if was in between[0].policy.categories else None


def _became(category: str, between: Sequence[Edition]) -> tuple[str, ...]:
    """Every category of the last edition whose people were of this one."""
    if category not in between[0].policy.categories:
        return ()
    return tuple(later for later in between[-1].policy.categories if _formerly(later, between) == category)


def _missing(edition: Edition, key: str, category: str, candidates: tuple[str, ...] = ()) -> Side:
    policy = edition.policy
    values = {"category": category, "place": policy.name, "edition": policy.edition, "hotline": policy.hotline}
    return Side(policy, None, None, Note(key, values | ({"categories": candidates} if candidates else {})), candidates)


def settled(case: Case, edition: Edition, categories: Mapping[str, str | None], today: date) -> Side:
    """The case settled by one edition at its last verified day, with its categories under that edition's names."""
    policy = edition.policy
    category = categories.get(case.category) or case.category
    earlier = tuple(
        bill.model_copy(update={"on": None, "category": categories.get(bill.category or "") or bill.category}) for bill in case.earlier
    )
    asked = case.model_copy(update={"on": last_day(policy, today), "category": category, "earlier": earlier})
    answer = estimate(asked, Shelf({policy.place: (edition,)}), today)
    return Side(policy, category, None, answer.cautions[0]) if answer.status == "refused" else Side(policy, category, answer)


def last_day(policy: Policy, today: date) -> date:
    """The day an edition is asked at: its last verified one, or today while that is still to come."""
    horizon = policy.horizon
    return max(horizon.valid_from, min(horizon.verified_until, today))


def _layer_changes(first: Policy, before: Estimate, last: Policy, after: Estimate) -> Iterator[LayerChange]:
    """The layers in the order in which they pay, those that ended after those they stood behind."""
    for key in dict.fromkeys((*first.layers, *last.layers)):
        was, now = before.layer(key), after.layer(key)
        known = not any(layer is not None and layer.status == "not_computable" for layer in (was, now))
        moved = (now.payout if now else 0) - (was.payout if was else 0)
        yield LayerChange(key, was, now, moved if known else None)
