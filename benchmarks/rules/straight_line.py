"""The rule as a good programmer writes it by hand for this one place: whole fen, figures by key, ifs, one rounding a layer.

Figures: FACTS.md A2 to A4. One function on purpose, without calls of its own, so that nothing but the rule costs time.
"""

HOME = frozenset({"township", "county", "city"})

#: Fen and percent.
DEDUCTIBLE = {"township": 200_00, "county": 500_00, "city": 700_00, "province": 1_000_00}
RATE = {"township": 85, "county": 80, "city": 75, "province": 70}
GUARANTEE, CAP = 45, 200_000_00
UNREGISTERED_FACTOR, UNREGISTERED_POINTS = 2, 5

#: The share of the total is a fifth, so deductibles outside the province are kept in fifths of a fen.
OUTSIDE_FLOOR, OUTSIDE_CEILING = 5 * 2_000_00, 5 * 10_000_00
OUTSIDE_RATE, OUTSIDE_UNREGISTERED, OUTSIDE_GUARANTEE = 60, 50, 40

TILTED = frozenset({"extreme_poverty", "subsistence_allowance", "back_in_poverty"})
ILLNESS_DEDUCTIBLE, ILLNESS_TILTED, ILLNESS_POINTS, ILLNESS_CAP = 12_000_00, 6_000_00, 5, 200_000_00
#: Up to where each tier goes above the deductible, its percent, and hundredths of a fen that the tiers before it pay when full.
END_1, END_2, END_3 = 50_000_00, 100_000_00, 200_000_00
RATE_1, RATE_2, RATE_3, RATE_4 = 60, 65, 75, 80
FULL_1 = END_1 * RATE_1
FULL_2 = FULL_1 + (END_2 - END_1) * RATE_2
FULL_3 = FULL_2 + (END_3 - END_2) * RATE_3

AID = {"extreme_poverty": (0, 80), "subsistence_allowance": (0, 75), "back_in_poverty": (1_500_00, 70), "monitored": (3_000_00, 60)}


def settle(category: str, facility: str, registered: bool, total: int, self_funded: int) -> tuple[int, int, int, int]:
    """The three payouts and own cost."""
    eligible = total - self_funded

    if facility == "outside_province":
        deductible = min(max(total, OUTSIDE_FLOOR), OUTSIDE_CEILING)
        rate = OUTSIDE_RATE if registered else OUTSIDE_UNREGISTERED
        basic = (max((eligible * 5 - deductible) * rate, (total * 5 - deductible) * OUTSIDE_GUARANTEE, 0) + 250) // 500
    else:
        deductible, rate = DEDUCTIBLE[facility], RATE[facility]
        if facility == "province" and not registered:
            deductible *= UNREGISTERED_FACTOR
            rate -= UNREGISTERED_POINTS
        basic = (max((eligible - deductible) * rate, (total - deductible) * GUARANTEE, 0) + 50) // 100
    basic = min(basic, CAP)
    unpaid = max(eligible - basic, 0)

    illness = 0
    tilted = category in TILTED
    above = unpaid - (ILLNESS_TILTED if tilted else ILLNESS_DEDUCTIBLE)
    if above > 0:
        if above <= END_1:
            hundredths = above * RATE_1
        elif above <= END_2:
            hundredths = FULL_1 + (above - END_1) * RATE_2
        elif above <= END_3:
            hundredths = FULL_2 + (above - END_2) * RATE_3
        else:
            hundredths = FULL_3 + (above - END_3) * RATE_4
        illness = (hundredths + above * ILLNESS_POINTS + 50) // 100 if tilted else min((hundredths + 50) // 100, ILLNESS_CAP)
        unpaid -= illness

    aid = 0
    if category in AID and (registered or facility in HOME):
        deductible, rate = AID[category]
        if unpaid > deductible:
            aid = ((unpaid - deductible) * rate + 50) // 100

    return basic, illness, aid, total - basic - illness - aid
