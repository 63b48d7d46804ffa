"""An independent reference for Puyang, editions 2017 and 2022: plain, slow and exact.

Written from FACTS.md parts C and D, its Readings and the agreed details alone, without a look at the engine, so that the two can be
compared. It is the oracle of the property tests. Figures stand here in Python on purpose: reading the packs would repeat their mistakes.

Amounts are whole fen; rates are exact fractions; only a layer's payout and what a hospital bears are rounded. It judges no input: a case
that the contract rejects is not its business (the few checks raise ValueError so that a test cannot go on with nonsense); a case that no
rule answers raises `RefusedError` with the caution's key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

Edition = Literal["2017", "2022"]
Bands = tuple[tuple[int, int | None, int], ...]

FIRST_DAY = {"2017": date(2017, 1, 1), "2022": date(2022, 5, 1)}
VERIFIED_UNTIL = {"2017": date(2018, 9, 30), "2022": date(2024, 12, 31)}

INPATIENT = ("inpatient", "major_disease_inpatient")
MAJOR_DISEASE = ("major_disease_inpatient", "major_disease_outpatient")
CARES = {"2017": (*INPATIENT, "major_disease_outpatient", "chronic_outpatient"), "2022": ("inpatient",)}

POOR = ("registered_poor", "extreme_poverty", "subsistence_allowance", "child_in_difficulty")
TILTED = ("extreme_poverty", "subsistence_allowance", "back_in_poverty")
CATEGORIES = {"2017": (*POOR, "ordinary"), "2022": (*TILTED, "monitored", "lifted_out", "ordinary")}
AID_UNKNOWN = {"2017": ("extreme_poverty",), "2022": (*TILTED, "monitored")}

DEDUCTIBLE = {
    "2017": {
        "township": 200_00,
        "county": 400_00,
        "city_secondary": 500_00,
        "city_tertiary": 900_00,
        "province_secondary": 600_00,
        "province_tertiary": 1_500_00,
        "outside_province": 1_500_00,
    },
    "2022": {
        "township": 150_00,
        "county": 400_00,
        "city_secondary": 500_00,
        "city_tertiary": 1_200_00,
        "province_secondary": 600_00,
        "province_tertiary": 2_000_00,
        "outside_province": 2_000_00,
    },
}
#: Where the lower band ends, its rate, the rate above it: the same in both editions.
BASIC_BANDS = {
    "township": (800_00, 70, 90),
    "county": (1_500_00, 63, 83),
    "city_secondary": (3_000_00, 55, 75),
    "city_tertiary": (4_000_00, 53, 72),
    "province_secondary": (4_000_00, 53, 72),
    "province_tertiary": (7_000_00, 50, 68),
    "outside_province": (7_000_00, 50, 68),
}
FACILITIES = tuple(BASIC_BANDS)
IN_COUNTY = ("township", "county")
CITY = ("city_secondary", "city_tertiary")
AWAY = ("province_secondary", "province_tertiary", "outside_province")
UNREFERRED_POINTS = 20
BASIC_CAP = 150_000_00

CHRONIC_RATE = 65
MAJOR_OUTPATIENT_RATE = 80  # the low end of 80 to 85

ILLNESS_BANDS: Bands = ((15_000_00, 50_000_00, 50), (50_000_00, 100_000_00, 60), (100_000_00, None, 70))
ILLNESS_BANDS_2022: Bands = ((11_000_00, 100_000_00, 60), (100_000_00, None, 70))
ILLNESS_BANDS_2022_TILTED: Bands = ((5_500_00, 100_000_00, 65), (100_000_00, None, 75))
ILLNESS_CAP = 400_000_00

SUPPLEMENTARY_BANDS: Bands = (
    (3_000_00, 5_000_00, 30),
    (5_000_00, 10_000_00, 40),
    (10_000_00, 15_000_00, 50),
    (15_000_00, 50_000_00, 80),
    (50_000_00, None, 90),
)
#: Per mille of the billed total.
OUT_OF_CATALOGUE = {
    "township": 25,
    "county": 100,
    "city_secondary": 100,
    "province_secondary": 100,
    "city_tertiary": 200,
    "province_tertiary": 200,
}

INHERITED = ("place", "category", "insured", "age", "expired_ok")
LAYERS = ("basic", "critical_illness", "supplementary", "subsidy", "uninsured_subsidy")


class RefusedError(Exception):
    """No rule held answers the case; the argument is the caution's key."""


@dataclass(frozen=True)
class Year:
    """What one person's earlier settlements of the calendar year left behind, in fen."""

    higher_stays: int = 0  # inpatient and major-disease stays at county level or above
    basic_paid: int = 0
    illness_base: int = 0  # eligible unpaid after layer 1, every settlement
    illness_paid: int = 0
    supplementary_base: int = 0  # eligible unpaid after layers 1 and 2, stays only
    supplementary_paid: int = 0


@dataclass(frozen=True)
class Bill:
    """One settlement, its amounts in fen and the contract's defaults filled in."""

    edition: Edition
    category: str
    insured: bool
    facility: str
    care: str
    age: int | None
    total: int
    self_funded: int
    first_share: int
    fixed_price: int | None
    referred: bool

    @property
    def eligible(self) -> int:
        """Reading 1: total - self-funded - first-share."""
        return self.total - self.self_funded - self.first_share

    @property
    def poor(self) -> bool:
        """One of the four 困难群众 categories of the article; they end with edition 2017."""
        return self.edition == "2017" and self.category in POOR

    @property
    def higher(self) -> bool:
        """A stay at county level or above."""
        return self.care in INPATIENT and self.facility != "township"


@dataclass(frozen=True)
class Result:
    """One settlement's answer, in fen; the three own parts sum to out_of_pocket."""

    payouts: dict[str, int]
    eligible: int  # total - self-funded - first-share, before a fixed price
    hospital_borne: int
    out_of_pocket: int
    self_funded: int
    first_share: int
    eligible_unpaid: int
    partial: bool
    year: Year


def settle(
    case: Mapping[str, Any], year: Year | None = None, edition: Edition | None = None, outpatient_rate: int = MAJOR_OUTPATIENT_RATE
) -> Result:
    """Settle a contract case after its `earlier` settlements, folded oldest first.

    `year` is where the year stands before the first of them. `edition` decides the rules; without it the case's `on` does, also for the
    earlier settlements. `outpatient_rate` chooses a point of the 80-85% of major-disease outpatient care (the contract's amount: 80).
    """
    rules = edition or edition_of(case)
    before = year or Year()
    for entry in case.get("earlier") or ():
        before = settle_one(read(inherit(case, entry), rules), before, outpatient_rate).year
    return settle_one(read(case, rules), before, outpatient_rate)


def edition_of(case: Mapping[str, Any]) -> Edition:
    """Readings 10 and 11: the newest without a day; after a verified day only with the user's agreement; before 2017 nothing."""
    if case.get("on") is None:
        return "2022"
    day = date.fromisoformat(case["on"])
    if day < FIRST_DAY["2017"]:
        raise RefusedError("before_rules")
    edition: Edition = "2022" if day >= FIRST_DAY["2022"] else "2017"
    if day > VERIFIED_UNTIL[edition] and not case.get("expired_ok", False):
        raise RefusedError("after_rules")
    return edition


def inherit(case: Mapping[str, Any], entry: Mapping[str, Any]) -> dict[str, Any]:
    """Contract: an earlier settlement inherits place, category, insured, age and expired_ok, and nothing else."""
    if entry.get("earlier"):
        raise ValueError("an earlier settlement has no earlier settlements of its own")
    return {key: case[key] for key in INHERITED if key in case} | dict(entry)


def read(case: Mapping[str, Any], edition: Edition) -> Bill:
    """Take a contract case with its defaults: inpatient, insured, registered, no emergency, nothing self-funded, no first share."""
    check(case, edition)
    price = case.get("fixed_price")
    bill = Bill(
        edition=edition,
        category=case["category"],
        insured=case.get("insured", True),
        facility=case["facility"],
        care=case.get("care", "inpatient"),
        age=case.get("age"),
        total=fen(case["total"]),
        self_funded=fen(case.get("self_funded", "0")),
        first_share=fen(case.get("first_share", "0")),
        fixed_price=None if price is None else fen(price),
        referred=case["facility"] not in AWAY or case.get("registered", True) or case.get("emergency", False),
    )
    if bill.eligible < 0:
        raise ValueError("self_funded and first_share are more than the total")
    return bill


def check(case: Mapping[str, Any], edition: Edition) -> None:
    """Refuse what the edition holds no rule for; raise ValueError for what this reference does not do at all."""
    if case["place"] != "henan-puyang":
        raise ValueError("place: only henan-puyang")
    if "so_far" in case:
        raise ValueError("so_far: give the year to settle() instead")
    if case["category"] not in CATEGORIES[edition]:
        raise RefusedError("category_not_covered")
    if case["facility"] not in FACILITIES:
        raise RefusedError("facility_not_covered")
    if case.get("care", "inpatient") not in CARES[edition]:
        raise RefusedError("care_not_covered")


def fen(amount: str | float) -> int:
    """Yuan as the contract writes it, in whole fen."""
    exact = Decimal(str(amount)) * 100
    if exact != int(exact) or exact < 0:
        raise ValueError(f"{amount!r} is not an amount")
    return int(exact)


def settle_one(bill: Bill, before: Year, outpatient_rate: int) -> Result:
    """Run the layers in their order over one settlement; medical aid and re-aid have no amount."""
    if not bill.insured:
        return settle_uninsured(bill, before)
    over_price = above_fixed_price(bill)
    over_ceiling = above_ceiling(bill)
    eligible = bill.eligible - over_price

    basic = within_cap(half_up(basic_owed(bill, eligible, before, outpatient_rate)), BASIC_CAP - before.basic_paid)
    after_basic = eligible - basic

    illness_base = before.illness_base + after_basic
    illness = increment(illness_in_a_year(bill, illness_base), before.illness_paid, after_basic)
    after_illness = after_basic - illness

    counts = bill.care in INPATIENT
    supplementary_base = before.supplementary_base + (after_illness if counts else 0)
    supplementary = 0
    if counts and bill.poor:
        supplementary = increment(banded(SUPPLEMENTARY_BANDS, supplementary_base), before.supplementary_paid, after_illness)
    after_three = after_illness - supplementary

    subsidy = subsidy_payout(bill, eligible, after_three) if bill.poor else 0
    year = Year(
        higher_stays=before.higher_stays + (1 if bill.higher else 0),
        basic_paid=before.basic_paid + basic,
        illness_base=illness_base,
        illness_paid=before.illness_paid + illness,
        supplementary_base=supplementary_base,
        supplementary_paid=before.supplementary_paid + supplementary,
    )
    return answer(bill, (basic, illness, supplementary, subsidy, 0), (over_price, over_ceiling), year)


def settle_uninsured(bill: Bill, before: Year) -> Result:
    """C5: half of eligible cost above the level's layer-4 deductible for the four categories, nothing else; the year stays as it was."""
    paid = half_up(max(0, bill.eligible - subsidy_deductible(bill)) * percent(50)) if bill.poor else 0
    return answer(bill, (0, 0, 0, 0, paid), (0, 0), before)


def above_fixed_price(bill: Bill) -> int:
    """C2: eligible cost of a major disease beyond its fixed price, with what is out of the layers counted first, is the hospital's."""
    if bill.care not in MAJOR_DISEASE or bill.fixed_price is None:
        return 0
    room = max(0, bill.fixed_price - bill.self_funded - bill.first_share)
    return max(0, bill.eligible - room)


def above_ceiling(bill: Bill) -> int:
    """C6: out-of-catalogue cost above a share of the billed total is the hospital's; the excess, not the limit, is rounded (Reading 6)."""
    if not bill.poor or bill.care not in INPATIENT or bill.facility not in OUT_OF_CATALOGUE:
        return 0
    limit = bill.total * Fraction(OUT_OF_CATALOGUE[bill.facility], 1000)
    return half_up(max(Fraction(0), bill.self_funded - limit))


def basic_owed(bill: Bill, eligible: int, before: Year, outpatient_rate: int) -> Fraction:
    """C1 for an ordinary stay; C2's flat rates, without deductible and points off, for major disease and chronic outpatient care."""
    if bill.care == "major_disease_inpatient":
        return eligible * percent(major_disease_rate(bill.facility))
    if bill.care == "major_disease_outpatient":
        return eligible * percent(outpatient_rate)
    if bill.care == "chronic_outpatient":
        return eligible * percent(CHRONIC_RATE)
    edge, lower, upper = BASIC_BANDS[bill.facility]
    fewer = 0 if bill.referred else UNREFERRED_POINTS
    below = within(Fraction(eligible), basic_deductible(bill, before), Fraction(edge))
    above = within(Fraction(eligible), Fraction(edge), None)
    return below * percent(lower - fewer) + above * percent(upper - fewer)


def basic_deductible(bill: Bill, before: Year) -> Fraction:
    """C1: halved up to 14 years of age, else from the second stay at county level or above; never a quarter."""
    full = Fraction(DEDUCTIBLE[bill.edition][bill.facility])
    child = bill.age is not None and bill.age <= 14
    second = bill.facility != "township" and before.higher_stays > 0
    return full / 2 if child or second else full


def major_disease_rate(facility: str) -> int:
    """C2: 80/70/65 at county/city/province level; a township counts as county, outside as province (Reading 14)."""
    if facility in IN_COUNTY:
        return 80
    return 70 if facility in CITY else 65


def illness_in_a_year(bill: Bill, base: int) -> Fraction:
    """C3 and D: bands from zero; in 2022 a tilt for three categories, who have no cap."""
    if bill.edition == "2017":
        return min(banded(ILLNESS_BANDS, base), Fraction(ILLNESS_CAP))
    if bill.category in TILTED:
        return banded(ILLNESS_BANDS_2022_TILTED, base)
    return min(banded(ILLNESS_BANDS_2022, base), Fraction(ILLNESS_CAP))


def subsidy_payout(bill: Bill, eligible: int, unpaid: int) -> int:
    """C5, per settlement: topped up to 90% in the county; a rate above a deductible elsewhere; never more than is unpaid."""
    if bill.facility in IN_COUNTY:
        paid_before = eligible - unpaid
        return min(unpaid, max(0, half_up(eligible * percent(90)) - paid_before))
    above = max(0, unpaid - subsidy_deductible(bill))
    return half_up(above * percent(60 if bill.facility in CITY else 50))


def subsidy_deductible(bill: Bill) -> int:
    """C5 and Reading 6: nothing in the county, 2,000 at city level, 3,000 at province level and outside."""
    if bill.facility in IN_COUNTY:
        return 0
    return 2_000_00 if bill.facility in CITY else 3_000_00


def answer(bill: Bill, paid: tuple[int, int, int, int, int], borne: tuple[int, int], year: Year) -> Result:
    """Put the payouts together with what the hospital bears and what the person pays."""
    over_price, over_ceiling = borne
    self_funded = bill.self_funded - over_ceiling
    eligible_unpaid = bill.eligible - over_price - sum(paid)
    return Result(
        payouts=dict(zip(LAYERS, paid, strict=True)) | {"medical_aid": 0},
        eligible=bill.eligible,
        hospital_borne=sum(borne),
        out_of_pocket=self_funded + bill.first_share + eligible_unpaid,
        self_funded=self_funded,
        first_share=bill.first_share,
        eligible_unpaid=eligible_unpaid,
        partial=bill.insured and bill.category in AID_UNKNOWN[bill.edition] and eligible_unpaid > 0,
        year=year,
    )


def banded(bands: Bands, base: int) -> Fraction:
    """Marginal bands counted from zero on the base; below the first band nothing is paid."""
    return sum(
        (within(Fraction(base), Fraction(start), None if end is None else Fraction(end)) * percent(rate) for start, end, rate in bands),
        Fraction(0),
    )


def within(amount: Fraction, start: Fraction, end: Fraction | None) -> Fraction:
    """Return the part of the amount above `start`, up to and including `end`."""
    reached = amount if end is None else min(amount, end)
    return max(Fraction(0), reached - start)


def within_cap(amount: int, room: int) -> int:
    """Return no more than what a yearly cap still leaves."""
    return min(amount, max(0, room))


def increment(owed_in_the_year: Fraction, paid: int, unpaid: int) -> int:
    """Apply Reading 9: the rounded yearly amount less what was paid, never negative, never more than this settlement leaves unpaid."""
    return min(unpaid, max(0, half_up(owed_in_the_year) - paid))


def percent(points: int) -> Fraction:
    """70 is 7/10."""
    return Fraction(points, 100)


def half_up(amount: Fraction) -> int:
    """Round to the fen, half up; never asked about a negative amount."""
    return int(amount + Fraction(1, 2))
