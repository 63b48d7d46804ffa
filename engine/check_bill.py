"""对账: what a settlement sheet says each layer paid beside what the rules give, and which single fact would explain a difference. Pure.

A difference is no proof of a mistake: the sheet knows the bill better than anybody. So causes are found, never blame: the case is settled
again with one fact changed, and a fact is named only when it explains more of the sheet than the case as told. A self-funded part that
nobody had said is read from the sheet, which then agrees with it and proves nothing.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from engine.case import Case, Fen, SoFar, faults_of, read_inner_case
from engine.errors import CaseError, Fault
from engine.estimate import Estimate, estimate
from engine.keys import LayerKey
from engine.money import yuan
from engine.settling import Settled, settled_bill
from engine.shelf import Shelf
from engine.year_ledger import YearQuestion, year_ledger

#: Two programs may round a layer differently by so many fen.
ROUNDING = 1
#: So many kinds of causes that explain only a part are told at most.
MOST_PARTIAL = 3

Status = Literal["same", "partly", "depends", "differs", "unknown", "refused"]
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
    "guarantee",
    "cap",
]
#: Up to where what was paid in a year is looked for, in fen: likely sums first, and more than the last is no likely cause.
_MOST_BEFORE = (20_000_00, 100_000_00, 1_000_000_00)
_YUAN, _JIAO = 100, 10
HOSPITAL, OWN = "hospital_borne", "own"
#: The least and the most of an amount, in fen.
Span = tuple[int, int]


class Sheet(BaseModel):
    """A case and what its settlement sheet says: the payouts by layer, what the hospital bore, what the person paid. Money in fen.

    `read_sheet` asks for one of them at least.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    case: Case
    paid: dict[LayerKey, Fen] = {}
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
    """A fact that would explain the sheet: `value` of it where it is a key, `amount` in fen where it is a sum; `whole`: all lines fit.

    `most`: the largest sum that its line fits as well as `amount`. Of a `cap` they are what the `layer` must have paid earlier in the year;
    without an `amount` nobody knows how high the cap is. Of a `guarantee` the `amount` is what it comes to.
    """

    key: CauseKey
    value: str | None = None
    amount: int | None = None
    most: int | None = None
    layer: str | None = None
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """The answer: `same`, `partly` when that holds of the lines that can be compared, `depends` when the lines agree only with a
    self-funded part that nobody had said or lie within a range, `differs`, `unknown` when nobody can compute what the sheet says, or
    `refused` when no rule settles the case.

    `self_funded` in fen is what the sheet tells of it, where nobody had said it; `estimate` is settled with that, and the lines that
    tell of it agree as well with every part up to `self_funded_most`. `unbalanced`: the total less all that the sheet says, when that
    is more than the total, or when every line was said and they do not add up.
    """

    sheet: Sheet
    status: Status
    estimate: Estimate
    lines: tuple[Line, ...] = ()
    causes: tuple[Cause, ...] = ()
    self_funded: int | None = None
    self_funded_most: int | None = None
    unbalanced: int | None = None


def read_sheet(raw: Mapping[str, Any]) -> Sheet:
    """Read a request `{"case", "paid", "hospital_borne"?, "own"?}`. Raises CaseError naming every wrong field."""
    try:
        sheet = Sheet.model_validate(dict(raw))
    except ValidationError as error:
        raise CaseError(faults_of(error)) from error
    read_inner_case(raw["case"])
    faults = list(_faults(sheet))
    if faults:
        raise CaseError(faults)
    return sheet


def check_bill(sheet: Sheet, shelf: Shelf, today: date) -> Check:
    """Lay a sheet beside the estimate of its case. Raises CaseError like `estimate`."""
    return _Checking(sheet, shelf, today).check()


def asked_lines(answer: Estimate) -> tuple[str, ...]:
    """The lines a sheet of this case can have: the layers that are for the person, then what they paid."""
    return (*(layer.key for layer in answer.layers if layer.status not in ("not_applicable", "advice")), OWN)


def _faults(sheet: Sheet) -> Iterator[Fault]:
    """A sheet that says nothing, and every single amount above the bill."""
    said, total = _said(sheet), sheet.case.total
    if not said:
        yield Fault("paid", "missing")
    for key, amount in said.items():
        if amount > total:
            field = key if key in (HOSPITAL, OWN) else f"paid.{key}"
            yield Fault(field, "above_total", {"total": yuan(total), "amount": yuan(amount)})


def _said(sheet: Sheet) -> dict[str, int]:
    """Every line that the sheet says."""
    others = {HOSPITAL: sheet.hospital_borne, OWN: sheet.own}
    return {str(key): amount for key, amount in sheet.paid.items()} | {key: amount for key, amount in others.items() if amount is not None}


@dataclass(frozen=True, slots=True)
class _View:
    """The estimate that a sheet is laid beside, what would explain it, and the least and the most that it tells to be self-funded."""

    estimate: Estimate
    causes: tuple[Cause, ...] = ()
    inferred: Span | None = None


class _Checking:
    """One sheet at work."""

    def __init__(self, sheet: Sheet, shelf: Shelf, today: date) -> None:
        self.sheet, self.shelf, self.today = sheet, shelf, today
        self.said = _said(sheet)
        first = self._settled(sheet.case)
        self.unknown = {layer.key for layer in first.layers if layer.status == "not_computable" and layer.reason != "needs"}
        told = {key: amount for key, amount in self.said.items() if key in self.unknown}
        # What the sheet says of a layer that nobody can compute lets those after it be computed.
        self.told = self._settled(sheet.case, paid=told) if told else first

    def check(self) -> Check:
        if self.told.status == "refused":
            return Check(self.sheet, "refused", self.told)
        view = self._view() if self.sheet.case.self_funded is not None else self._view_without_self_funded()
        lines = self._lines(view.estimate)
        return Check(
            sheet=self.sheet,
            status=_status(lines, view.inferred),
            estimate=view.estimate,
            lines=lines,
            causes=view.causes,
            self_funded=view.inferred[0] if view.inferred else None,
            self_funded_most=view.inferred[1] if view.inferred else None,
            unbalanced=self._unbalanced(lines),
        )

    def _view(self) -> _View:
        """With the self-funded part that was said."""
        return _View(self.told, self._causes(self.told) if self._differs(self.told) else ())

    def _view_without_self_funded(self) -> _View:
        """With nothing self-funded where a single other fact then explains everything, else with the part that the sheet tells.

        Where the sheet agrees with that part, both are told.
        """
        part = self._part()
        base = self._settled(self.told.case, self_funded=part[0]) if part else self.told
        agrees = not self._differs(base)
        if agrees and (part is None or part[0] == 0):
            return _View(base, inferred=part)
        nothing = self._settled(self.told.case, self_funded=0)
        whole = self._whole(self._found(nothing))
        if agrees and part and whole:
            return _View(base, (Cause("self_funded", amount=part[0], most=part[1], whole=True), *whole), part)
        if whole:
            return _View(nothing, whole)
        return _View(base, () if agrees else self._causes(base), part)

    def _settled(self, case: Case, **changed: Any) -> Estimate:
        return estimate(case.model_copy(update=changed), self.shelf, self.today)

    def _pays(self, key: str, case: Case, **changed: Any) -> int:
        """What a layer pays or the hospital bears in a case with facts changed, in fen."""
        settled = settled_bill(case.model_copy(update=changed), self.shelf)
        return _amount(settled, key) if settled else 0

    def _lines(self, answer: Estimate) -> tuple[Line, ...]:
        return tuple(_lines(self.said, answer, self.unknown))

    def _differs(self, answer: Estimate) -> bool:
        return any(line.verdict in ("less", "more") for line in self._lines(answer))

    def _fitting(self, case: Case, **changed: Any) -> int:
        """How many lines of the sheet a case with facts changed gives; none when no rule settles it."""
        settled = settled_bill(case.model_copy(update=changed), self.shelf)
        return sum(_fits(settled, key, said) for key, said in self.said.items()) if settled else 0

    def _causes(self, base: Estimate) -> tuple[Cause, ...]:
        """Facts that explain the whole sheet; without any, those with which more lines fit, and what single lines show."""
        found = self._found(base)
        whole = self._whole(found)
        if whole:
            return (*whole, *self._ceiling(base))
        guarantees = tuple(self._guarantees(base))
        passed_over = {cause.layer for cause in guarantees}
        # That a cap was met needs large bills that nobody told of, so it comes last.
        caps = (cause for cause in self._caps(base) if cause.layer not in passed_over)
        return (*_best_kinds(found, self._fitting(base.case)), *guarantees, *self._ceiling(base), *caps)

    def _whole(self, found: Sequence[tuple[Cause, int]]) -> tuple[Cause, ...]:
        """Facts with which every line of the sheet fits."""
        return tuple(replace(cause, whole=True) for cause, fits in found if fits == len(self.said))

    def _found(self, base: Estimate) -> list[tuple[Cause, int]]:
        """Each fact that may have been another one, with how many lines fit then."""
        changes = (*self._other_part(base), *_changes(base), *self._year_before(base))
        return [(cause, self._fitting(base.case, **changed)) for cause, changed in changes]

    def _other_part(self, base: Estimate) -> Iterator[tuple[Cause, dict[str, Any]]]:
        """Another self-funded part than the one that was said."""
        part = self._part() if self.sheet.case.self_funded is not None else None
        if part is not None and part[0] != base.case.self_funded:
            yield Cause("self_funded", amount=part[0], most=part[1]), {"self_funded": part[0]}

    def _part(self) -> Span | None:
        """The self-funded part with which basic insurance pays what the sheet says, told more closely by the other lines.

        None where no part fits, and where every part does: then the sheet tells nothing of it.
        """
        case = self.told.case
        every = (0, case.total - (case.first_share or 0))
        lines = [key for key in self.said if key not in self.unknown and key != OWN]
        span = self._parts("basic", every) if "basic" in lines else None
        if span is None or span == every:
            return None
        for key in lines:
            span = self._parts(key, span) or span
        return _rounded(*span)

    def _parts(self, key: str, within: Span) -> Span | None:
        """Between which self-funded parts a line is what the sheet says: layers pay less the larger that part is, the hospital more."""
        sign = 1 if key == HOSPITAL else -1

        def grows(part: int) -> int:
            return sign * self._pays(key, self.told.case, self_funded=part)

        return _span(grows, sign * self.said[key], within)

    def _year_before(self, base: Estimate) -> Iterator[tuple[Cause, dict[str, Any]]]:
        """What the person must have paid at least earlier in the year for the first yearly layer to pay as much more as the sheet says."""
        case, year = base.case, base.year_to_date
        more = next((line for line in self._lines(base) if line.verdict == "more" and year and line.key in year.sums), None)
        if more is None or case.earlier or case.so_far is not None:
            return
        counts = base.policy is not None and base.policy.later_stays is not None
        for later in (0, 1) if counts else (0,):
            found = self._paid_before(case, more.key, later)
            if found is not None:
                own, most = _rounded(*found)
                yield Cause("year_before", amount=own, most=most), {"so_far": _year_with(own, later)}

    def _paid_before(self, case: Case, layer: str, later: int) -> Span | None:
        """The sums paid before with which a layer pays what the sheet says: more with them, until a cap, so the lowest are tried first."""

        def pays(own: int) -> int:
            return self._pays(layer, case, so_far=_year_with(own, later))

        spans = (_span(pays, self.said[layer], (0, most)) for most in _MOST_BEFORE)
        return next((span for span in spans if span is not None), None)

    def _ceiling(self, base: Estimate) -> Iterator[Cause]:
        """The hospital should have borne what is out of catalogue above its ceiling, and the sheet has just that with the patient."""
        own, short = base.out_of_pocket, base.hospital_borne - (self.sheet.hospital_borne or 0)
        if own is None or self.sheet.own is None or short <= ROUNDING:
            return
        others = sum(line.expected - line.said for line in self._lines(base) if line.said is not None and line.key not in (HOSPITAL, OWN))
        unexplained = self.sheet.own - own.amount - others - short
        if abs(unexplained) <= ROUNDING * max(1, len(base.layers)):
            yield Cause("hospital_ceiling", amount=short)

    def _guarantees(self, base: Estimate) -> Iterator[Cause]:
        """A layer that paid what its tiers alone come to, although it is to pay a share of the whole bill at least."""
        for line in self._lines(base):
            layer = base.layer(line.key) if line.verdict == "less" else None
            steps = layer.steps if layer is not None else ()
            guarantee = next((step for step in steps if step.key == "guarantee"), None)
            tiers = [step.amount for step in steps if step.key == "tier"]
            if guarantee is not None and line.said is not None and abs(sum(tiers) - line.said) <= ROUNDING * max(1, len(tiers)):
                yield Cause("guarantee", layer=line.key, amount=guarantee.amount)

    def _caps(self, base: Estimate) -> Iterator[Cause]:
        """A layer that paid less may have come to its yearly cap by earlier bills that were not told, and what it paid of them then."""
        if base.case.earlier or base.case.so_far is not None:
            return
        marks = year_ledger(YearQuestion(base.case), self.shelf, self.today).marks
        caps = {mark.layer: mark for mark in marks if mark.kind == "cap"}
        for line in self._lines(base):
            cap = caps.get(line.key) if line.verdict == "less" else None
            if cap is not None and line.said is not None:
                amount, most = (None if at is None else max(0, at - line.said) for at in (cap.at, cap.at_most or cap.at))
                yield Cause("cap", layer=line.key, amount=amount, most=most)

    def _unbalanced(self, lines: Sequence[Line]) -> int | None:
        rest = self.sheet.case.total - sum(self.said.values())
        is_whole = not any(line.verdict == "unsaid" and line.key != HOSPITAL for line in lines)
        slack = ROUNDING * len(self.said)
        return rest if rest < -slack or (is_whole and rest > slack) else None


def _status(lines: Sequence[Line], inferred: Span | None) -> Status:
    verdicts = {line.verdict for line in lines} - {"unsaid"}
    if not verdicts.isdisjoint({"less", "more"}):
        return "differs"
    if verdicts <= {"not_computable"}:
        return "unknown"
    if inferred is not None or "possible" in verdicts:
        return "depends"
    return "partly" if "not_computable" in verdicts else "same"


def _best_kinds(found: Sequence[tuple[Cause, int]], told: int) -> Iterator[Cause]:
    """Of causes with the lines that fit each, the kinds that fit most and more than `told`; of each kind those that fit best."""
    best = {kind: max(fits for cause, fits in found if cause.key == kind) for kind in dict.fromkeys(cause.key for cause, _ in found)}
    kinds = sorted((kind for kind in best if best[kind] > told), key=lambda kind: -best[kind])[:MOST_PARTIAL]
    yield from (cause for kind in kinds for cause, fits in found if cause.key == kind and fits == best[kind])


def _span(pays: Callable[[int], int], said: int, within: Span) -> Span | None:
    """The least and the most amount with which something that never falls comes to what is said, but for rounding."""
    known, amounts = cache(pays), range(within[0], within[1] + 1)
    first, after = bisect_left(amounts, said - ROUNDING, key=known), bisect_right(amounts, said + ROUNDING, key=known)
    return (amounts[first], amounts[after - 1]) if first < after else None


def _rounded(least: int, most: int) -> Span:
    """A span drawn in to whole yuan; a shorter one to its roundest amount: whole yuan, whole jiao, else the middle."""
    if most - least >= _YUAN:
        return -(-least // _YUAN) * _YUAN, most // _YUAN * _YUAN
    rounded = (-(-least // step) * step for step in (_YUAN, _JIAO))
    amount = next((amount for amount in rounded if amount <= most), (least + most) // 2)
    return amount, amount


def _fits(settled: Settled, key: str, said: int) -> bool:
    """Whether a settlement gives a line; one that depends on a layer nobody can compute is not given."""
    is_known = not settled.open if key == OWN else key not in settled.unknown
    return is_known and abs(_amount(settled, key) - said) <= ROUNDING


def _amount(settled: Settled, key: str) -> int:
    """What a settlement gives for a line, in fen; nothing where the rules have no such layer."""
    others = {HOSPITAL: settled.outcome.hospital, OWN: settled.outcome.own}
    return others[key] if key in others else settled.outcome.payouts.get(key, 0)


def _lines(said: Mapping[str, int], answer: Estimate, unknown: Collection[str]) -> Iterator[Line]:
    """`unknown` are the layers that nobody can compute: what the sheet says of them cannot be compared."""
    for key in dict.fromkeys((*asked_lines(answer), *said)):
        if key in (HOSPITAL, OWN):
            continue
        payout, low, high = _layer(answer, key)
        yield _line(key, said.get(key), payout, low, None if key in unknown and not _is_computed(answer, key) else high)
    if HOSPITAL in said or answer.hospital_borne:
        known = answer.case.self_funded is not None
        most = answer.hospital_borne if known else answer.case.total
        yield _line(HOSPITAL, said.get(HOSPITAL), answer.hospital_borne, answer.hospital_borne if known else 0, most)
    own = answer.out_of_pocket
    if own is not None:
        # Own cost is what every layer leaves, so that the rounding of each of them shows in it.
        spare = ROUNDING * max(1, len(answer.layers))
        yield _line(OWN, said.get(OWN), own.amount, own.low, own.high, spare)


def _layer(answer: Estimate, key: str) -> tuple[int, int, int | None]:
    """What a layer pays, and its bounds; nothing where the rules have no such layer."""
    layer = answer.layer(key)
    return (layer.payout, layer.low, layer.high) if layer else (0, 0, 0)


def _is_computed(answer: Estimate, key: str) -> bool:
    """Whether the rules give a layer's amount, and not the sheet."""
    layer = answer.layer(key)
    return layer is not None and layer.status in ("paid", "nothing") and not any(step.key == "said" for step in layer.steps)


def _line(key: str, said: int | None, expected: int, low: int, high: int | None, spare: int = ROUNDING) -> Line:
    return Line(key, said, expected, low, high, _verdict(said, expected, low, high, spare))


def _verdict(said: int | None, expected: int, low: int, high: int | None, spare: int) -> Verdict:
    """How an amount that was said compares, `spare` fen either way being no difference."""
    if said is None:
        return "unsaid"
    if high is None:
        return "not_computable"
    if said < low - spare:
        return "less"
    if said > high + spare:
        return "more"
    return "same" if high - low <= ROUNDING and abs(said - expected) <= spare else "possible"


def _changes(base: Estimate) -> Iterator[tuple[Cause, dict[str, Any]]]:
    """Single facts that a settlement may have been made with instead; of the categories the ordinary one first."""
    case, policy = base.case, base.policy
    if policy is None:
        return
    categories = sorted(policy.categories, key=lambda key: key != "ordinary")
    yield from ((Cause("category", key), {"category": key}) for key in categories if key != case.category)
    if case.facility in policy.referral.required_at and not policy.referral.exempts(case.emergency):
        registered = case.registered is not False
        yield Cause("unregistered" if registered else "registered"), {"registered": not registered}
    yield from ((Cause("facility", key), {"facility": key}) for key in policy.facilities if key != case.facility)
    if case.insured:
        yield Cause("uninsured"), {"insured": False}
    if policy.later_stays is not None and not case.earlier and case.so_far is None:
        yield Cause("first_stay_before"), {"so_far": SoFar(stays=1, later=1)}


def _year_with(own: int, later: int) -> SoFar:
    """A year with one stay, for which the person paid so many fen; `later` counts it for a later stay."""
    return SoFar(stays=1, own=yuan(own), later=later)
