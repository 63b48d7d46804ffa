"""Before an admission: from a rough total, what is likely to be paid and how much money to have at hand. Pure.

Both ends of the rough total are settled as estimates; nothing else about the bill is guessed. What will be out of catalogue nobody knows
before: unless it is said, the amounts hold for a bill without, and the most that it can be stands beside them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from engine.case import Case, Fen, faults_of, read_inner_case
from engine.errors import CaseError, Fault
from engine.estimate import Estimate, estimate
from engine.guidance import Advised, guide
from engine.money import yuan
from engine.shelf import Shelf

#: Money to have at hand is told in whole hundreds of yuan, in fen: an estimate of an estimate knows no more.
_HUNDRED = 10_000
#: The guidance that matters before an admission, in the order in which it is told.
_BEFORE = ("pay_later", "one_stop", "registration", "bring")


class RoughStay(BaseModel):
    """A request: a case without `total`, and the least and the most that the stay may cost."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    case: dict[str, Any]
    least: Fen
    most: Fen | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """A stay that is still to come, with the least and the most that it may cost."""

    least: Case
    most: Case


@dataclass(frozen=True, slots=True)
class OwnCost:
    """Own cost in fen when the stay costs the least and the most; `highest` is the most whatever is unknown."""

    least: int
    most: int
    highest: int


@dataclass(frozen=True, slots=True)
class Admission:
    """The answer. `refused` when no rule settles the stay, and `least` says why.

    `unregistered`: own cost without being registered, where that changes it. `partial`: a layer cannot be computed, so own cost is at most
    that.
    """

    planned: Planned
    status: Literal["computed", "partial", "refused"]
    least: Estimate
    most: Estimate
    own: OwnCost | None = None
    unregistered: OwnCost | None = None
    guidance: tuple[Advised, ...] = ()

    @property
    def paid(self) -> tuple[int, int]:
        """What all layers pay at both ends, in fen."""
        return self.least.paid, self.most.paid

    @property
    def at_hand(self) -> int | None:
        """The money to have at hand for a bill within the catalogue: own cost at the upper end, rounded up to whole hundreds of yuan."""
        return None if self.own is None else -(-self.own.most // _HUNDRED) * _HUNDRED


def read_planned(raw: Mapping[str, Any]) -> Planned:
    """Read a request `{"case": {…} without total, "least", "most"?}`; no `most`: the rough total is one amount.

    Raises CaseError naming every wrong field, those of the case as `case.facility`.
    """
    try:
        rough = RoughStay.model_validate(dict(raw))
    except ValidationError as error:
        raise CaseError(faults_of(error)) from error
    most = rough.least if rough.most is None else rough.most
    if most < rough.least:
        raise CaseError([Fault("most", "below_least", {"amount": yuan(most), "limit": yuan(rough.least)})])
    if "total" in rough.case:
        raise CaseError([Fault("case.total", "unknown_key")])
    return Planned(*(read_inner_case({**rough.case, "total": yuan(total)}) for total in (rough.least, most)))


def plan_admission(planned: Planned, shelf: Shelf, today: date) -> Admission:
    """Settle both ends of a stay that is still to come. Raises CaseError like `estimate`."""
    least, most = (estimate(case, shelf, today) for case in (planned.least, planned.most))
    own = _ends(least, most)
    if own is None or least.policy is None:
        refused = least if least.status == "refused" else most
        return Admission(planned, "refused", refused, most)
    case = planned.least
    told = guide(case.place, case.category, shelf, today)
    return Admission(
        planned=planned,
        status="partial" if "partial" in (least.status, most.status) else "computed",
        least=least,
        most=most,
        own=own,
        unregistered=None if least.policy.referral.exempts(case.emergency) else _unregistered(planned, own, shelf, today),
        guidance=tuple(item for key in _BEFORE for item in told.items if item.key == key and case.insured),
    )


def _ends(least: Estimate, most: Estimate) -> OwnCost | None:
    if least.out_of_pocket is None or most.out_of_pocket is None:
        return None
    return OwnCost(least.out_of_pocket.amount, most.out_of_pocket.amount, most.out_of_pocket.high)


def _unregistered(planned: Planned, own: OwnCost, shelf: Shelf, today: date) -> OwnCost | None:
    """Own cost when the stay is not registered; None where that was said already or makes no difference."""
    if planned.least.registered is False:
        return None
    cases = (case.model_copy(update={"registered": False}) for case in (planned.least, planned.most))
    other = _ends(*(estimate(case, shelf, today) for case in cases))
    return None if other == own else other
