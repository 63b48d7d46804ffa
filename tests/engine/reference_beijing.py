"""An independent reference for Beijing edition 2023, inpatient and outpatient: plain, slow and exact.

Written from FACTS.md part E, its Readings and the agreed details alone, without a look at the engine or a pack, so the two can be
compared. Figures stand here in Python on purpose: reading the pack would repeat its mistakes. It shares arithmetic with `reference.py`.

Amounts are whole fen; rates and deductibles are exact fractions; only a layer's payout is rounded. It judges no input: a case that the
contract rejects or refuses is not its business (the few checks raise ValueError so that a test cannot go on with nonsense).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from tests.engine.reference import fen, half_up, increment, inherit, percent, within

ADULT_DEDUCTIBLE = {"grade_1": 300_00, "grade_2": 800_00, "grade_3": 1_300_00}
CHILD_DEDUCTIBLE = {"grade_1": 150_00, "grade_2": 400_00, "grade_3": 650_00}
CHILD_BELOW = 18
INPATIENT_RATE = {"grade_1": 80, "grade_2": 78, "grade_3": 75}
INPATIENT_CAP = 200_000_00

OUTPATIENT_GROUP = {"grade_1": "first", "grade_2": "higher", "grade_3": "higher"}
OUTPATIENT_DEDUCTIBLE = {"first": 100_00, "higher": 550_00}
OUTPATIENT_RATE = {"first": 55, "higher": 50}
OUTPATIENT_CAP = 3_000_00

ILLNESS_DEDUCTIBLE = 30_404_00
ILLNESS_BANDS = ((0, 50_000_00, 60), (50_000_00, None, 70))
TILTED = ("extreme_poverty", "subsistence_allowance", "low_income_margin")

AID_RATE = {
    "inpatient": {"extreme_poverty": 100, "subsistence_allowance": 85, "low_income_margin": 85},
    "outpatient": {"extreme_poverty": 100, "subsistence_allowance": 80, "low_income_margin": 80},
}
INPATIENT_AID_CAP = 160_000_00  # not for extreme_poverty (Reading 12)
OUTPATIENT_AID_CAP = 8_000_00  # for everybody

CATEGORIES = ("extreme_poverty", "subsistence_allowance", "low_income_margin", "poor_through_illness", "ordinary")


@dataclass(frozen=True)
class Year:
    """What one person's earlier settlements of the calendar year left behind, in fen."""

    inpatient_stays: int = 0
    inpatient_paid: int = 0
    outpatient_eligible: Mapping[str, int] = field(default_factory=dict)  # by group of hospitals
    outpatient_paid: Mapping[str, int] = field(default_factory=dict)
    illness_base: int = 0  # eligible unpaid after layer 1, inpatient only
    illness_paid: int = 0
    aid_base: Mapping[str, int] = field(default_factory=dict)  # eligible unpaid after layers 1 and 2, by care
    aid_paid: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Bill:
    """One settlement, its amounts in fen and the contract's defaults filled in."""

    category: str
    insured: bool
    care: str
    facility: str
    child: bool
    total: int
    self_funded: int
    first_share: int

    @property
    def eligible(self) -> int:
        """Reading 1: total - self-funded - first-share."""
        return self.total - self.self_funded - self.first_share


@dataclass(frozen=True)
class Result:
    """One settlement's answer, in fen; the three parts sum to out_of_pocket."""

    payouts: dict[str, int]
    eligible: int
    out_of_pocket: int
    self_funded: int
    first_share: int
    eligible_unpaid: int
    year: Year


def settle(case: Mapping[str, Any], year: Year | None = None) -> Result:
    """Settle a contract case after its `earlier` settlements, folded oldest first; `year` is where the year stands before them."""
    before = year or Year()
    for entry in case.get("earlier") or ():
        before = settle_bill(read(inherit(case, entry)), before).year
    return settle_bill(read(case), before)


def read(case: Mapping[str, Any]) -> Bill:
    """Take a contract case with its defaults: inpatient, insured, an adult, nothing self-funded, no first-share.

    `registered`, `emergency` and `fixed_price` are not looked at: Beijing has no rule that asks for them.
    """
    check(case)
    age = case.get("age")
    bill = Bill(
        category=case["category"],
        insured=case.get("insured", True),
        care=case.get("care", "inpatient"),
        facility=case["facility"],
        child=age is not None and age < CHILD_BELOW,
        total=fen(case["total"]),
        self_funded=fen(case.get("self_funded", "0")),
        first_share=fen(case.get("first_share", "0")),
    )
    if bill.eligible < 0:
        raise ValueError("self_funded and first_share are more than the total")
    return bill


def check(case: Mapping[str, Any]) -> None:
    """Raise when the case is not one this reference knows."""
    known = {
        "place": ("beijing",),
        "care": tuple(AID_RATE),
        "category": CATEGORIES,
        "facility": tuple(INPATIENT_RATE),
    }
    for key, keys in known.items():
        if key in case and case[key] not in keys:
            raise ValueError(f"{key}: {case[key]!r} is not in {keys}")
    if "so_far" in case:
        raise ValueError("so_far: give the year to settle() instead")


def settle_bill(bill: Bill, before: Year) -> Result:
    """Run the three layers over one settlement."""
    if not bill.insured:
        return answer(bill, (0, 0, 0), before)
    if bill.care == "outpatient":
        return outpatient(bill, before)
    return inpatient(bill, before)


def inpatient(bill: Bill, before: Year) -> Result:
    """Basic by the stay, critical illness and inpatient aid over the year."""
    basic = inpatient_basic(bill, before)
    unpaid = bill.eligible - basic
    illness = increment(illness_in_a_year(before.illness_base + unpaid, bill.category), before.illness_paid, unpaid)
    left = unpaid - illness
    year, aid = aided(bill, left, before)
    year = replace(
        year,
        inpatient_stays=before.inpatient_stays + 1,
        inpatient_paid=before.inpatient_paid + basic,
        illness_base=before.illness_base + unpaid,
        illness_paid=before.illness_paid + illness,
    )
    return answer(bill, (basic, illness, aid), year)


def inpatient_basic(bill: Bill, before: Year) -> int:
    """A rate above the deductible of the stay, half of it from the second inpatient stay on, within what the yearly cap still leaves."""
    deductible = Fraction((CHILD_DEDUCTIBLE if bill.child else ADULT_DEDUCTIBLE)[bill.facility])
    if before.inpatient_stays >= 1:
        deductible /= 2
    owed = max(Fraction(0), bill.eligible - deductible) * percent(INPATIENT_RATE[bill.facility])
    return min(half_up(owed), max(0, INPATIENT_CAP - before.inpatient_paid))


def outpatient(bill: Bill, before: Year) -> Result:
    """Basic and outpatient aid over the year; ordinary outpatient care never enters critical illness (Reading 15)."""
    group = OUTPATIENT_GROUP[bill.facility]
    eligible = before.outpatient_eligible.get(group, 0) + bill.eligible
    paid = before.outpatient_paid.get(group, 0)
    owed = max(0, eligible - OUTPATIENT_DEDUCTIBLE[group]) * percent(OUTPATIENT_RATE[group])
    room = max(0, OUTPATIENT_CAP - sum(before.outpatient_paid.values()))
    basic = min(increment(owed, paid, bill.eligible), room)
    year, aid = aided(bill, bill.eligible - basic, before)
    year = replace(
        year,
        outpatient_eligible={**before.outpatient_eligible, group: eligible},
        outpatient_paid={**before.outpatient_paid, group: paid + basic},
    )
    return answer(bill, (basic, 0, aid), year)


def illness_in_a_year(base: int, category: str) -> Fraction:
    """Bands above the deductible, no cap (Reading 8); the tilt halves the deductible and adds 5 points to both rates."""
    tilted = category in TILTED
    above = max(Fraction(0), base - ILLNESS_DEDUCTIBLE * (Fraction(1, 2) if tilted else Fraction(1)))
    return sum((within(above, start, end) * percent(rate + (5 if tilted else 0)) for start, end, rate in ILLNESS_BANDS), Fraction(0))


def aided(bill: Bill, left: int, before: Year) -> tuple[Year, int]:
    """Return the year with this settlement's aid, and that aid: a rate on the year's sum of this care, no deductible, within its cap."""
    base = before.aid_base.get(bill.care, 0) + left
    paid = before.aid_paid.get(bill.care, 0)
    aid = increment(aid_in_a_year(base, bill), paid, left)
    return replace(before, aid_base={**before.aid_base, bill.care: base}, aid_paid={**before.aid_paid, bill.care: paid + aid}), aid


def aid_in_a_year(base: int, bill: Bill) -> Fraction:
    """100/85/85% inpatient, 100/80/80% outpatient; nothing for ordinary residents; advice only for poor_through_illness."""
    owed = base * percent(AID_RATE[bill.care].get(bill.category, 0))
    if bill.care == "outpatient":
        return min(owed, Fraction(OUTPATIENT_AID_CAP))
    return owed if bill.category == "extreme_poverty" else min(owed, Fraction(INPATIENT_AID_CAP))


def answer(bill: Bill, paid: tuple[int, int, int], year: Year) -> Result:
    """Put the payouts together with what the person pays; no layer reaches beyond eligible cost."""
    basic, illness, aid = paid
    return Result(
        payouts={"basic": basic, "critical_illness": illness, "medical_aid": aid},
        eligible=bill.eligible,
        out_of_pocket=bill.total - sum(paid),
        self_funded=bill.self_funded,
        first_share=bill.first_share,
        eligible_unpaid=bill.eligible - sum(paid),
        year=year,
    )
