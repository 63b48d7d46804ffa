"""对账: what a settlement sheet says each layer paid beside what the rules give, and which single fact would explain a difference. Pure.

A difference is no proof of a mistake: the sheet knows the bill better than anybody. So causes are found, never blame: the case is settled
again with one fact changed, and a fact is named only when it explains more of the sheet than the case as told.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.case import Case, Fen, SoFar, faults_of, read_inner_case
from engine.errors import CaseError, Fault
from engine.estimate import Estimate, estimate
from engine.keys import LayerKey
from engine.money import yuan
from engine.shelf import Shelf
from engine.year_ledger import YearQuestion, year_ledger

#: Two programs may round a layer differently by so many fen.
ROUNDING = 1
#: So many causes that explain only a part are told at most.
MOST_PARTIAL = 3

Verdict = Literal["same", "possible", "less", "more", "not_computable", "unsaid"]
CauseKey = Literal[
    "self_funded",
    "category",
    "unregistered",
    "registered",
    "facility",
    "uninsured",
    "first_stay_before",
    "year_before",
    "hospital_ceiling",
    "cap",
]
#: More than this paid in a year, in fen, is no likely cause.
_MOST_BEFORE = 1_000_000_00
HOSPITAL, OWN = "hospital_borne", "own"


class Sheet(BaseModel):
    """A case and what its settlement sheet says: the payouts by layer, what the hospital bore, what the person paid. Money in fen."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    case: Case
    paid: dict[LayerKey, Fen] = Field(min_length=1)
    hospital_borne: Fen | None = None
    own: Fen | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the sheet: `said` there (None: not said), and what the rules give, between `low` and `high` (None: nobody knows)."""

    key: str
    said: int | None
    expected: int
    low: int
    high: int | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Cause:
    """A fact that would explain the sheet: `value` of it where it is a key, `amount` in fen where it is a sum; `whole`: all lines fit."""

    key: CauseKey
    value: str | None = None
    amount: int | None = None
    layer: str | None = None
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """The answer: `same`, `differs`, `unknown` when nobody can compute what the sheet says, or `refused` when no rule settles the case.

    `self_funded` in fen is what the sheet's basic insurance tells of it, where nobody had said it; `estimate` is settled with that.
    `unbalanced`: the total less all that the sheet says, when it says every line and they do not add up.
    """

    sheet: Sheet
    status: Literal["same", "differs", "unknown", "refused"]
    estimate: Estimate
    lines: tuple[Line, ...] = ()
    causes: tuple[Cause, ...] = ()
    self_funded: int | None = None
    unbalanced: int | None = None


def read_sheet(raw: Mapping[str, Any]) -> Sheet:
    """Read a request `{"case", "paid", "hospital_borne"?, "own"?}`. Raises CaseError naming every wrong field."""
    try:
        sheet = Sheet.model_validate(dict(raw))
    except ValidationError as error:
        raise CaseError(faults_of(error)) from error
    read_inner_case(raw["case"])
    said = sum(sheet.paid.values()) + (sheet.own or 0) + (sheet.hospital_borne or 0)
    if said > 2 * sheet.case.total:
        raise CaseError([Fault("paid", "above_total", {"total": yuan(sheet.case.total), "amount": yuan(said)})])
    return sheet


def check_bill(sheet: Sheet, shelf: Shelf, today: date) -> Check:
    """Lay a sheet beside the estimate of its case. Raises CaseError like `estimate`."""
    return _Checking(sheet, shelf, today).check()


def asked_lines(answer: Estimate) -> tuple[str, ...]:
    """The lines a sheet of this case can have: the layers that are for the person, then what they paid."""
    return (*(layer.key for layer in answer.layers if layer.status not in ("not_applicable", "advice")), OWN)


class _Checking:
    """One sheet at work."""

    def __init__(self, sheet: Sheet, shelf: Shelf, today: date) -> None:
        self.sheet, self.shelf, self.today = sheet, shelf, today
        self.said = {str(key): amount for key, amount in sheet.paid.items()}
        self.answer = self._settled(sheet.case)
        self.unknown = {layer.key for layer in self.answer.layers if layer.status == "not_computable" and layer.reason != "needs"}
        told = {key: amount for key, amount in self.said.items() if key in self.unknown}
        # What the sheet says of a layer that nobody can compute lets those after it be computed.
        case = sheet.case.model_copy(update={"paid": told}) if told else sheet.case
        self.answer = self._settled(case)
        self.solved = self._self_funded(case) if self.answer.status != "refused" and "basic" not in told else None
        self.inferred = self.solved if case.self_funded is None else None
        if self.inferred is not None:
            self.answer = self._settled(case, self_funded=self.inferred)
        self.case = self.answer.case
        self.lines = tuple(_lines(sheet, self.said, self.answer, self.unknown))

    def check(self) -> Check:
        if self.answer.status == "refused":
            return Check(self.sheet, "refused", self.answer)
        verdicts = {line.verdict for line in self.lines} - {"unsaid"}
        differs = not verdicts.isdisjoint({"less", "more"})
        return Check(
            sheet=self.sheet,
            status="differs" if differs else "unknown" if verdicts <= {"not_computable"} else "same",
            estimate=self.answer,
            lines=self.lines,
            causes=tuple(self._causes()) if differs else (),
            self_funded=self.inferred,
            unbalanced=self._unbalanced(),
        )

    def _settled(self, case: Case, **changed: Any) -> Estimate:
        return estimate(case.model_copy(update=changed), self.shelf, self.today)

    def _fitting(self, answer: Estimate) -> int:
        """How many lines of the sheet an estimate gives."""
        return sum(abs(_payout(answer, key) - said) <= ROUNDING for key, said in self.said.items())

    def _causes(self) -> Iterator[Cause]:
        """Causes that explain the whole sheet; without any, those that explain more of it than the case as told, and what a layer shows."""
        told, every = self._fitting(self.answer), len(self.said)
        tried = self._tried() if told < every else ()
        found = [(cause, self._fitting(other)) for cause, other in tried if other.status != "refused"]
        whole = [cause for cause, fits in found if fits == every]
        better = sorted((each for each in found if told < each[1] < every), key=lambda each: -each[1])[:MOST_PARTIAL]
        yield from (replace(cause, whole=True) for cause in whole)
        if not whole:
            yield from (cause for cause, _ in better)
            yield from self._caps()
        yield from self._ceiling()

    def _tried(self) -> Iterator[tuple[Cause, Estimate]]:
        """The case with one fact changed, each with its estimate."""
        if self.solved is not None and self.inferred is None and self.solved != self.case.self_funded:
            yield Cause("self_funded", amount=self.solved), self._settled(self.case, self_funded=self.solved)
        yield from ((cause, self._settled(self.case, **changed)) for cause, changed in _changes(self.case, self.answer))
        own = self._year_before()
        if own is not None:
            yield Cause("year_before", amount=own), self._settled(self.case, so_far=_paid_before(own))

    def _self_funded(self, case: Case) -> int | None:
        """The self-funded part with which basic insurance pays what the sheet says; it pays less the larger that part is."""
        said = self.said.get("basic")
        if said is None:
            return None
        parts = range(case.total - (case.first_share or 0) + 1)
        found = bisect_left(parts, -said, key=lambda part: -_payout(self._settled(case, self_funded=part), "basic"))
        fits = found < len(parts) and abs(_payout(self._settled(case, self_funded=found), "basic") - said) <= ROUNDING
        return found if fits else None

    def _year_before(self) -> int | None:
        """What the person must have paid earlier in the year for the first yearly layer to pay as much more as the sheet says."""
        year = self.answer.year_to_date
        more = next((line for line in self.lines if line.verdict == "more" and year and line.key in year.sums), None)
        if more is None or more.said is None or self.case.earlier or self.case.so_far is not None:
            return None

        def misses(own: int) -> int:
            return _payout(self._settled(self.case, so_far=_paid_before(own)), more.key) - said

        said = more.said
        found = bisect_left(range(_MOST_BEFORE), 0, key=misses)
        # A fen more paid may be several fen more of cost, so the sum just below can be the nearer one.
        nearest = min((own for own in (found - 1, found) if own >= 0), key=lambda own: abs(misses(own)))
        return nearest if abs(misses(nearest)) <= ROUNDING else None

    def _ceiling(self) -> Iterator[Cause]:
        """The hospital should have borne what is out of catalogue above its ceiling, and the sheet has it with the patient."""
        own, short = self.answer.out_of_pocket, self.answer.hospital_borne - (self.sheet.hospital_borne or 0)
        if short > ROUNDING and own is not None and self.sheet.own is not None and self.sheet.own > own.amount + ROUNDING:
            yield Cause("hospital_ceiling", amount=short)

    def _caps(self) -> Iterator[Cause]:
        """A layer that paid less may have come to its yearly cap, when earlier bills of the year were not told."""
        if self.case.earlier or self.case.so_far is not None:
            return
        capped = {mark.layer for mark in year_ledger(YearQuestion(self.case), self.shelf, self.today).marks if mark.kind == "cap"}
        yield from (Cause("cap", layer=line.key) for line in self.lines if line.verdict == "less" and line.key in capped)

    def _unbalanced(self) -> int | None:
        if self.sheet.own is None or any(line.verdict == "unsaid" and line.key != HOSPITAL for line in self.lines):
            return None
        rest = self.sheet.case.total - sum(self.said.values()) - self.sheet.own - (self.sheet.hospital_borne or 0)
        return rest if abs(rest) > ROUNDING * (len(self.said) + 1) else None


def _lines(sheet: Sheet, said: Mapping[str, int], answer: Estimate, unknown: Collection[str]) -> Iterator[Line]:
    """`unknown` are the layers that nobody can compute: what the sheet says of them cannot be compared."""
    for key in dict.fromkeys((*asked_lines(answer)[:-1], *said)):
        payout, low, high = _layer(answer, key)
        yield _line(key, said.get(key), payout, low, None if key in unknown and not _is_computed(answer, key) else high)
    if sheet.hospital_borne is not None or answer.hospital_borne:
        known = answer.case.self_funded is not None
        most = answer.hospital_borne if known else sheet.case.total
        yield _line(HOSPITAL, sheet.hospital_borne, answer.hospital_borne, answer.hospital_borne if known else 0, most)
    own = answer.out_of_pocket
    if own is not None:
        yield _line(OWN, sheet.own, own.amount, own.low, own.high)


def _layer(answer: Estimate, key: str) -> tuple[int, int, int | None]:
    """What a layer pays, and its bounds; nothing where the rules have no such layer."""
    layer = answer.layer(key)
    return (layer.payout, layer.low, layer.high) if layer else (0, 0, 0)


def _is_computed(answer: Estimate, key: str) -> bool:
    """Whether the rules give a layer's amount, and not the sheet."""
    layer = answer.layer(key)
    return layer is not None and layer.status in ("paid", "nothing") and not any(step.key == "said" for step in layer.steps)


def _payout(answer: Estimate, key: str) -> int:
    return _layer(answer, key)[0]


def _line(key: str, said: int | None, expected: int, low: int, high: int | None) -> Line:
    return Line(key, said, expected, low, high, _verdict(said, expected, low, high))


def _verdict(said: int | None, expected: int, low: int, high: int | None) -> Verdict:
    if said is None:
        return "unsaid"
    if high is None:
        return "not_computable"
    if abs(said - expected) <= ROUNDING:
        return "same"
    if said < low - ROUNDING:
        return "less"
    return "more" if said > high + ROUNDING else "possible"


def _changes(case: Case, answer: Estimate) -> Iterator[tuple[Cause, dict[str, Any]]]:
    """Single facts that a settlement may have been made with instead."""
    policy = answer.policy
    if policy is None:
        return
    yield from ((Cause("category", key), {"category": key}) for key in policy.categories if key != case.category)
    if case.facility in policy.referral.required_at and not case.emergency:
        registered = case.registered is not False
        yield Cause("unregistered" if registered else "registered"), {"registered": not registered}
    yield from ((Cause("facility", key), {"facility": key}) for key in policy.facilities if key != case.facility)
    if case.insured:
        yield Cause("uninsured"), {"insured": False}
    if policy.later_stays is not None and not case.earlier and case.so_far is None:
        yield Cause("first_stay_before"), {"so_far": SoFar(stays=1, later=1)}


def _paid_before(own: int) -> SoFar:
    """A year with one stay, for which the person paid so many fen."""
    return SoFar(stays=1, own=yuan(own))
