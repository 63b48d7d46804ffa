"""An independent reference for Bozhou edition 2017 from 2019-07-01 on: plain, slow and exact.

Written from FACTS.md part B (with A2 and A3, which it takes over), its Readings and the agreed details alone, without a look at the engine
or a pack, so that the two can be compared. Figures stand here in Python on purpose, also those that edition 2022 shares: the editions are
two. Only the arithmetic of `reference.py` is shared.

Amounts are whole fen; rates and deductibles are exact fractions; only a layer's payout is rounded. It judges no input: a case that the
contract rejects or refuses is not its business (the few checks raise ValueError so that a test cannot go on with nonsense).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Literal

from tests.engine.reference import fen, half_up, increment, inherit, percent, within

Caps = Literal["low", "high"]

HOME = ("township", "county", "city")
DEDUCTIBLE = {"township": 200_00, "county": 500_00, "city": 700_00, "province": 1_000_00}
RATE = {"township": 85, "county": 80, "city": 75, "province": 70, "outside_province": 60}
FEWER_UNREGISTERED = {"province": 5, "outside_province": 10}
BASIC_CAP = {"low": 200_000_00, "high": 300_000_00}

ILLNESS_DEDUCTIBLE = 12_000_00
ILLNESS_BANDS = ((0, 50_000_00, 60), (50_000_00, 100_000_00, 65), (100_000_00, 200_000_00, 75), (200_000_00, None, 80))
ILLNESS_CAP = {"low": 200_000_00, "high": 300_000_00}

POOR = ("registered_poor", "extreme_poverty", "subsistence_allowance")
CATEGORIES = (*POOR, "ordinary")
CARES = ("inpatient", "chronic_outpatient")

CEILING = {"township": 3_000_00, "county": 3_000_00, "city": 5_000_00, "province": 10_000_00}

#: What layer 1 pays for chronic outpatient care is unknown here, so what it leaves unpaid is unknown too. Reading 15 would let that enter
#: the critical-illness base; taking the whole bill for unpaid would use up the deductible and show a later stay cheaper than it is. The
#: contract wants an upper bound: it stays out.
CHRONIC_ENTERS_THE_ILLNESS_BASE = False


@dataclass(frozen=True)
class Year:
    """What one person's earlier settlements of the calendar year left behind, in fen."""

    basic_paid: int = 0
    illness_base: int = 0  # eligible unpaid after layer 1
    illness_paid: int = 0
    covered_base: int = 0  # eligible unpaid after layers 1 and 2, only of stays that 351 covers
    ceiling: int = 0  # the highest among the stays that 351 covers
    covered_paid: int = 0


@dataclass(frozen=True)
class Bill:
    """One settlement, its amounts in fen and the contract's defaults filled in."""

    category: str
    insured: bool
    care: str
    facility: str
    total: int
    self_funded: int
    first_share: int
    referred: bool

    @property
    def eligible(self) -> int:
        """Reading 1: total - self-funded - first-share."""
        return self.total - self.self_funded - self.first_share

    @property
    def covered(self) -> bool:
        """351 is for the poor, in hospital, inside the province, referred where a referral is asked for."""
        return self.category in POOR and self.care == "inpatient" and self.facility in CEILING and self.referred


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


def settle(case: Mapping[str, Any], year: Year | None = None, caps: Caps = "low") -> Result:
    """Settle a contract case after its `earlier` settlements, folded oldest first.

    `year` is where the year stands before the first of them. `caps` chooses the end of the two caps known only as a range
    (Reading 13: the contract's `amount` is the low end); the same end holds for the earlier settlements.
    """
    before = year or Year()
    for entry in case.get("earlier") or ():
        before = settle_bill(read(inherit(case, entry)), before, caps).year
    return settle_bill(read(case), before, caps)


def read(case: Mapping[str, Any]) -> Bill:
    """Take a contract case with its defaults: inpatient, insured, registered, no emergency, nothing self-funded, no first-share."""
    check(case)
    bill = Bill(
        category=case["category"],
        insured=case.get("insured", True),
        care=case.get("care", "inpatient"),
        facility=case["facility"],
        total=fen(case["total"]),
        self_funded=fen(case.get("self_funded", "0")),
        first_share=fen(case.get("first_share", "0")),
        referred=case["facility"] in HOME or case.get("registered", True) or case.get("emergency", False),
    )
    if bill.eligible < 0:
        raise ValueError("self_funded and first_share are more than the total")
    return bill


def check(case: Mapping[str, Any]) -> None:
    """Raise when the case is not one this reference knows."""
    known = {
        "place": ("anhui-bozhou",),
        "care": CARES,
        "category": CATEGORIES,
        "facility": tuple(RATE),
    }
    for key, keys in known.items():
        if key in case and case[key] not in keys:
            raise ValueError(f"{key}: {case[key]!r} is not in {keys}")
    if "so_far" in case:
        raise ValueError("so_far: give the year to settle() instead")


def settle_bill(bill: Bill, before: Year, caps: Caps) -> Result:
    """Run basic, critical illness and 351 over one settlement; aid (unknown amounts) and 180 pay nothing that can be computed."""
    if not bill.insured:
        return answer(bill, (0, 0, 0), before)
    if bill.care == "chronic_outpatient":
        return chronic(bill, before, caps)
    basic = basic_payout(bill, before, caps)
    unpaid = max(0, bill.eligible - basic)
    year, illness = with_illness(bill, unpaid, before, caps)
    year, government = guaranteed(bill, unpaid - illness, replace(year, basic_paid=before.basic_paid + basic))
    return answer(bill, (basic, illness, government), year)


def chronic(bill: Bill, before: Year, caps: Caps) -> Result:
    """Basic and 180 are not computable; 351 looks at hospital stays only."""
    if not CHRONIC_ENTERS_THE_ILLNESS_BASE:
        return answer(bill, (0, 0, 0), before)
    year, illness = with_illness(bill, bill.eligible, before, caps)
    return answer(bill, (0, illness, 0), year)


def basic_payout(bill: Bill, before: Year, caps: Caps) -> int:
    """A2: the better of rate and guarantee, never more than total - deductible, within what the yearly cap still leaves."""
    deductible = basic_deductible(bill)
    above = max(Fraction(0), bill.total - deductible)
    normal = max(Fraction(0), bill.eligible - deductible) * basic_rate(bill)
    guarantee = above * percent(40 if bill.facility == "outside_province" else 45)
    owed = min(above, max(normal, guarantee))
    return min(half_up(owed), max(0, BASIC_CAP[caps] - before.basic_paid))


def basic_deductible(bill: Bill) -> Fraction:
    """A2 table; doubled at province level when unregistered; outside 20% of the total between 2,000 and 10,000, not rounded (Reading 2)."""
    if bill.facility == "outside_province":
        return min(Fraction(10_000_00), max(Fraction(2_000_00), bill.total * percent(20)))
    return Fraction(DEDUCTIBLE[bill.facility] * (1 if bill.referred else 2))


def basic_rate(bill: Bill) -> Fraction:
    """A2 table; unregistered 5 points less at province level, 10 less outside (Reading 3)."""
    return percent(RATE[bill.facility] - (0 if bill.referred else FEWER_UNREGISTERED[bill.facility]))


def with_illness(bill: Bill, unpaid: int, before: Year, caps: Caps) -> tuple[Year, int]:
    """Return the year with this settlement's critical illness, and that payout; unreferred stays count too (Reading 4)."""
    base = before.illness_base + unpaid
    illness = increment(illness_in_a_year(base, bill.category, caps), before.illness_paid, unpaid)
    return replace(before, illness_base=base, illness_paid=before.illness_paid + illness), illness


def illness_in_a_year(base: int, category: str, caps: Caps) -> Fraction:
    """A3: bands above the deductible; for all the poor half the deductible, 5 points more on every rate and no cap."""
    poor = category in POOR
    above = max(Fraction(0), base - ILLNESS_DEDUCTIBLE * (Fraction(1, 2) if poor else Fraction(1)))
    paid = sum((within(above, start, end) * percent(rate + (5 if poor else 0)) for start, end, rate in ILLNESS_BANDS), Fraction(0))
    return paid if poor else min(paid, Fraction(ILLNESS_CAP[caps]))


def guaranteed(bill: Bill, left: int, before: Year) -> tuple[Year, int]:
    """351: one sum over the year of covered stays; the government pays what is above the highest ceiling among them."""
    if not bill.covered:
        return before, 0
    base = before.covered_base + left
    ceiling = max(before.ceiling, CEILING[bill.facility])
    government = increment(Fraction(max(0, base - ceiling)), before.covered_paid, left)
    return replace(before, covered_base=base, ceiling=ceiling, covered_paid=before.covered_paid + government), government


def answer(bill: Bill, paid: tuple[int, int, int], year: Year) -> Result:
    """Put payouts and own cost together; what basic pays beyond eligible cost lowers self-funded first, then first-share."""
    basic, illness, government = paid
    beyond = max(0, basic - bill.eligible)
    from_self_funded = min(beyond, bill.self_funded)
    return Result(
        payouts={"basic": basic, "critical_illness": illness, "medical_aid": 0, "guarantee_351": government, "chronic_180": 0},
        eligible=bill.eligible,
        out_of_pocket=bill.total - sum(paid),
        self_funded=bill.self_funded - from_self_funded,
        first_share=bill.first_share - (beyond - from_self_funded),
        eligible_unpaid=max(0, bill.eligible - basic) - illness - government,
        year=year,
    )
