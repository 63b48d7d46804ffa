"""The rule in Decimal, the usual way to keep money exact in Python. Figures: FACTS.md A2 to A4.

Amounts come and go in fen and are Decimals of fen between; constants are made once. The widest product needs 13 digits of the context's 28.
"""

from decimal import ROUND_HALF_UP, Decimal

FEN, NOTHING = Decimal(1), Decimal(0)

HOME = frozenset({"township", "county", "city"})
DEDUCTIBLE = {"township": Decimal(200_00), "county": Decimal(500_00), "city": Decimal(700_00), "province": Decimal(1_000_00)}
RATE = {
    "township": Decimal("0.85"),
    "county": Decimal("0.80"),
    "city": Decimal("0.75"),
    "province": Decimal("0.70"),
    "outside_province": Decimal("0.60"),
}
GUARANTEE, GUARANTEE_OUTSIDE, CAP = Decimal("0.45"), Decimal("0.40"), Decimal(200_000_00)
OUTSIDE_SHARE, OUTSIDE_FLOOR, OUTSIDE_CEILING = Decimal("0.20"), Decimal(2_000_00), Decimal(10_000_00)
FEWER_UNREGISTERED = {"province": Decimal("0.05"), "outside_province": Decimal("0.10")}

TILTED = frozenset({"extreme_poverty", "subsistence_allowance", "back_in_poverty"})
ILLNESS_DEDUCTIBLE, ILLNESS_TILTED, ILLNESS_POINTS, ILLNESS_CAP = (
    Decimal(12_000_00),
    Decimal(6_000_00),
    Decimal("0.05"),
    Decimal(200_000_00),
)
#: From and up to where above the deductible, and the rate.
TIERS = (
    (NOTHING, Decimal(50_000_00), Decimal("0.60")),
    (Decimal(50_000_00), Decimal(100_000_00), Decimal("0.65")),
    (Decimal(100_000_00), Decimal(200_000_00), Decimal("0.75")),
    (Decimal(200_000_00), Decimal("Infinity"), Decimal("0.80")),
)

AID = {
    "extreme_poverty": (NOTHING, Decimal("0.80")),
    "subsistence_allowance": (NOTHING, Decimal("0.75")),
    "back_in_poverty": (Decimal(1_500_00), Decimal("0.70")),
    "monitored": (Decimal(3_000_00), Decimal("0.60")),
}


def settle(category: str, facility: str, registered: bool, total: int, self_funded: int) -> tuple[int, int, int, int]:
    """The three payouts and own cost."""
    bill, registered = Decimal(total), registered or facility in HOME
    eligible = bill - Decimal(self_funded)
    basic = _basic(facility, registered, bill, eligible)
    unpaid = max(eligible - basic, NOTHING)
    illness = _illness(category in TILTED, unpaid)
    aid = _aid(category, unpaid - illness) if registered else NOTHING
    return int(basic), int(illness), int(aid), int(bill - basic - illness - aid)


def _basic(facility: str, registered: bool, total: Decimal, eligible: Decimal) -> Decimal:
    rate, guarantee = RATE[facility], GUARANTEE
    if facility == "outside_province":
        deductible = min(max(total * OUTSIDE_SHARE, OUTSIDE_FLOOR), OUTSIDE_CEILING)
        guarantee = GUARANTEE_OUTSIDE
    else:
        deductible = DEDUCTIBLE[facility]
    if not registered:
        rate -= FEWER_UNREGISTERED[facility]
        if facility == "province":
            deductible *= 2
    return min(_round(max((eligible - deductible) * rate, (total - deductible) * guarantee, NOTHING)), CAP)


def _illness(tilted: bool, unpaid: Decimal) -> Decimal:
    above = unpaid - (ILLNESS_TILTED if tilted else ILLNESS_DEDUCTIBLE)
    paid = NOTHING
    for start, end, rate in TIERS:
        if above <= start:
            break
        paid += (min(above, end) - start) * (rate + ILLNESS_POINTS if tilted else rate)
    return _round(paid) if tilted else min(_round(paid), ILLNESS_CAP)


def _aid(category: str, unpaid: Decimal) -> Decimal:
    if category not in AID:
        return NOTHING
    deductible, rate = AID[category]
    return _round(max(unpaid - deductible, NOTHING) * rate)


def _round(amount: Decimal) -> Decimal:
    return amount.quantize(FEN, ROUND_HALF_UP)
