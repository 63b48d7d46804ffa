"""An independent reference for Bozhou edition 2022, inpatient: plain, slow and exact.

Written from FACTS.md part A (A2 to A5) and its Readings alone, without a look at the engine, so that the two can be compared.
It is the oracle of the property tests. Figures stand here in Python on purpose: reading the packs would repeat their mistakes.

Amounts are whole fen; rates and deductibles are exact fractions; only a layer's payout is rounded. It judges no input: a case that the
contract rejects or refuses is not its business (the few checks raise ValueError so that a test cannot go on with nonsense).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

Caps = Literal["low", "high"]

HOME = ("township", "county", "city")
DEDUCTIBLE = {"township": 200_00, "county": 500_00, "city": 700_00, "province": 1_000_00}
RATE = {"township": 85, "county": 80, "city": 75, "province": 70, "outside_province": 60}
BASIC_CAP = {"low": 200_000_00, "high": 300_000_00}

ILLNESS_DEDUCTIBLE = 12_000_00
ILLNESS_BANDS = ((0, 50_000_00, 60), (50_000_00, 100_000_00, 65), (100_000_00, 200_000_00, 75), (200_000_00, None, 80))
ILLNESS_CAP = {"low": 200_000_00, "high": 300_000_00}
TILTED = ("extreme_poverty", "subsistence_allowance", "back_in_poverty")

AID = {"extreme_poverty": (0, 80), "subsistence_allowance": (0, 75), "back_in_poverty": (1_500_00, 70), "monitored": (3_000_00, 60)}
AID_UNKNOWN = ("low_income_margin", "poor_through_illness")
CATEGORIES = (*AID, *AID_UNKNOWN, "lifted_out", "ordinary")

INHERITED = ("place", "category", "insured", "age", "expired_ok")


@dataclass(frozen=True)
class Year:
    """What one person's earlier settlements of the calendar year left behind, in fen."""

    stays: int = 0
    basic_paid: int = 0
    illness_base: int = 0  # eligible unpaid after layer 1, every insured stay
    illness_paid: int = 0
    aid_base: int = 0  # eligible unpaid after layers 1 and 2, referred stays only
    aid_paid: int = 0


@dataclass(frozen=True)
class Stay:
    """One settlement, its amounts in fen and the contract's defaults filled in."""

    category: str
    insured: bool
    facility: str
    total: int
    self_funded: int
    first_share: int
    referred: bool

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


def settle(case: Mapping[str, Any], year: Year | None = None, caps: Caps = "low") -> Result:
    """Settle a contract case after its `earlier` settlements, folded oldest first.

    `year` is where the year stands before the first of them. `caps` chooses the end of the two caps known only as a range
    (Reading 13: the contract's `amount` is the low end); the same end holds for the earlier settlements.
    """
    before = year or Year()
    for entry in case.get("earlier") or ():
        before = settle_stay(read(inherit(case, entry)), before, caps).year
    return settle_stay(read(case), before, caps)


def inherit(case: Mapping[str, Any], entry: Mapping[str, Any]) -> dict[str, Any]:
    """Contract: an earlier settlement inherits place, category, insured, age and expired_ok, and nothing else."""
    if entry.get("earlier"):
        raise ValueError("an earlier settlement has no earlier settlements of its own")
    return {key: case[key] for key in INHERITED if key in case} | dict(entry)


def read(case: Mapping[str, Any]) -> Stay:
    """Take a contract case with its defaults: insured, registered, no emergency, nothing self-funded, no first-share."""
    check(case)
    stay = Stay(
        category=case["category"],
        insured=case.get("insured", True),
        facility=case["facility"],
        total=fen(case["total"]),
        self_funded=fen(case.get("self_funded", "0")),
        first_share=fen(case.get("first_share", "0")),
        referred=case["facility"] in HOME or case.get("registered", True) or case.get("emergency", False),
    )
    if stay.eligible < 0:
        raise ValueError("self_funded and first_share are more than the total")
    return stay


def check(case: Mapping[str, Any]) -> None:
    """Raise when the case is not one this reference knows: Bozhou, inpatient, a category and a facility of part A."""
    known = {
        "place": ("anhui-bozhou",),
        "care": ("inpatient",),
        "category": CATEGORIES,
        "facility": tuple(RATE),
    }
    for key, keys in known.items():
        if key in case and case[key] not in keys:
            raise ValueError(f"{key}: {case[key]!r} is not in {keys}")
    if "so_far" in case:
        raise ValueError("so_far: give the year to settle() instead")


def fen(amount: str | float) -> int:
    """Yuan as the contract writes it, in whole fen."""
    exact = Decimal(str(amount)) * 100
    if exact != int(exact) or exact < 0:
        raise ValueError(f"{amount!r} is not an amount")
    return int(exact)


def settle_stay(stay: Stay, before: Year, caps: Caps) -> Result:
    """Run the three layers over one stay (A2, A3, A4); re-aid (A5) has no amount."""
    if not stay.insured:
        return answer(stay, (0, 0, 0), before, aided=False)
    basic = basic_payout(stay, before, caps)
    unpaid = max(0, stay.eligible - basic)
    illness = increment(illness_in_a_year(before.illness_base + unpaid, stay.category, caps), before.illness_paid, unpaid)
    left = unpaid - illness
    aid = increment(aid_in_a_year(before.aid_base + left, stay.category), before.aid_paid, left) if stay.referred else 0
    return answer(stay, (basic, illness, aid), before, aided=stay.referred)


def basic_payout(stay: Stay, before: Year, caps: Caps) -> int:
    """A2: the better of rate and guarantee, never more than total - deductible, within what the yearly cap still leaves."""
    deductible = basic_deductible(stay)
    above = max(Fraction(0), stay.total - deductible)
    normal = max(Fraction(0), stay.eligible - deductible) * basic_rate(stay)
    owed = min(above, max(normal, above * guarantee_rate(stay)))
    return min(half_up(owed), max(0, BASIC_CAP[caps] - before.basic_paid))


def basic_deductible(stay: Stay) -> Fraction:
    """A2 table; doubled at province level when unregistered; outside 20% of the total between 2,000 and 10,000, not rounded (Reading 2)."""
    if stay.facility == "outside_province":
        return min(Fraction(10_000_00), max(Fraction(2_000_00), stay.total * percent(20)))
    doubled = stay.facility == "province" and not stay.referred
    return Fraction(DEDUCTIBLE[stay.facility] * (2 if doubled else 1))


def basic_rate(stay: Stay) -> Fraction:
    """A2 table; unregistered 5 points less at province level, 10 less outside (Reading 3); emergency as if registered (Reading 4)."""
    fewer = {"province": 5, "outside_province": 10}
    return percent(RATE[stay.facility] - (0 if stay.referred else fewer[stay.facility]))


def guarantee_rate(stay: Stay) -> Fraction:
    """A2 guarantee: 45% of (total - deductible) inside the province, 40% outside; it holds for unregistered stays too (Reading 3)."""
    return percent(40 if stay.facility == "outside_province" else 45)


def illness_in_a_year(base: int, category: str, caps: Caps) -> Fraction:
    """A3: bands above the deductible; the tilt halves the deductible, adds 5 points to every rate and lifts the cap."""
    tilted = category in TILTED
    above = max(Fraction(0), base - ILLNESS_DEDUCTIBLE * (Fraction(1, 2) if tilted else Fraction(1)))
    paid = sum((within(above, start, end) * percent(rate + (5 if tilted else 0)) for start, end, rate in ILLNESS_BANDS), Fraction(0))
    return paid if tilted else min(paid, Fraction(ILLNESS_CAP[caps]))


def within(amount: Fraction, start: int, end: int | None) -> Fraction:
    """Return the part of the amount above `start`, up to and including `end`."""
    reached = amount if end is None else min(amount, Fraction(end))
    return max(Fraction(0), reached - start)


def aid_in_a_year(base: int, category: str) -> Fraction:
    """A4: a rate above a yearly deductible for four categories, before any cap (unknown); no amount for anybody else (Reading 5)."""
    if category not in AID:
        return Fraction(0)
    deductible, rate = AID[category]
    return max(0, base - deductible) * percent(rate)


def increment(owed_in_the_year: Fraction, paid: int, unpaid: int) -> int:
    """Apply Reading 9: the rounded yearly amount less what was paid, never negative, never more than this settlement leaves unpaid."""
    return min(unpaid, max(0, half_up(owed_in_the_year) - paid))


def answer(stay: Stay, paid: tuple[int, int, int], before: Year, *, aided: bool) -> Result:
    """Put the payouts together with what the person pays and where the year now stands."""
    basic, illness, aid = paid
    self_funded, first_share = own_parts(stay, basic)
    eligible_unpaid = max(0, stay.eligible - basic) - illness - aid
    return Result(
        payouts={"basic": basic, "critical_illness": illness, "medical_aid": aid},
        eligible=stay.eligible,
        out_of_pocket=stay.total - sum(paid),
        self_funded=self_funded,
        first_share=first_share,
        eligible_unpaid=eligible_unpaid,
        year=carry(stay, paid, before, aided=aided),
    )


def own_parts(stay: Stay, basic: int) -> tuple[int, int]:
    """Contract: a guarantee may reach into the self-funded part: what it pays beyond eligible cost lowers that first, then first-share."""
    excess = max(0, basic - stay.eligible)
    from_self_funded = min(excess, stay.self_funded)
    return stay.self_funded - from_self_funded, stay.first_share - (excess - from_self_funded)


def carry(stay: Stay, paid: tuple[int, int, int], before: Year, *, aided: bool) -> Year:
    """Add the stay to the year: unreferred ones enter the critical-illness base, never the aid base (Reading 4); uninsured neither."""
    basic, illness, aid = paid
    unpaid = max(0, stay.eligible - basic) if stay.insured else 0
    return Year(
        stays=before.stays + 1,
        basic_paid=before.basic_paid + basic,
        illness_base=before.illness_base + unpaid,
        illness_paid=before.illness_paid + illness,
        aid_base=before.aid_base + (unpaid - illness if aided else 0),
        aid_paid=before.aid_paid + aid,
    )


def percent(points: int) -> Fraction:
    """70 is 7/10."""
    return Fraction(points, 100)


def half_up(amount: Fraction) -> int:
    """Round to the fen, half up; never asked about a negative amount."""
    return int(amount + Fraction(1, 2))
