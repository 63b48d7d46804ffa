"""The rule interpreted: a tree of layers, figures and conditions as a pack has them, walked anew for each bill, in Fractions.

This is what an engine does that neither lowers nor compiles. The tree is read once; the figures in it: FACTS.md A2 to A4.
"""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

Facts = Mapping[str, Any]

REFERRAL = frozenset({"province", "outside_province"})
TILTED = ("extreme_poverty", "subsistence_allowance", "back_in_poverty")


def _percent(points: int) -> Fraction:
    return Fraction(points, 100)


def _by(key: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {"by": key, "values": values}


_BASIC = {
    "key": "basic",
    "deductible": _by(
        "facility",
        {
            "township": Fraction(200_00),
            "county": Fraction(500_00),
            "city": Fraction(700_00),
            "province": Fraction(1_000_00),
            "outside_province": {"share": _percent(20), "at_least": Fraction(2_000_00), "at_most": Fraction(10_000_00)},
        },
    ),
    "tiers": [
        {
            "up_to": None,
            "rate": _by(
                "facility",
                {
                    "township": _percent(85),
                    "county": _percent(80),
                    "city": _percent(75),
                    "province": _percent(70),
                    "outside_province": _percent(60),
                },
            ),
        }
    ],
    "adjustments": [
        {"when": {"registered": (False,), "facility": ("province",)}, "factor": Fraction(2), "points": _percent(-5)},
        {"when": {"registered": (False,), "facility": ("outside_province",)}, "points": _percent(-10)},
    ],
    "at_least": _by(
        "facility", dict.fromkeys(("township", "county", "city", "province"), _percent(45)) | {"outside_province": _percent(40)}
    ),
    "cap": Fraction(200_000_00),
}

_ILLNESS = {
    "key": "critical_illness",
    "deductible": Fraction(12_000_00),
    "tiers": [
        {"up_to": Fraction(50_000_00), "rate": _percent(60)},
        {"up_to": Fraction(100_000_00), "rate": _percent(65)},
        {"up_to": Fraction(200_000_00), "rate": _percent(75)},
        {"up_to": None, "rate": _percent(80)},
    ],
    "adjustments": [{"when": {"category": TILTED}, "factor": Fraction(1, 2), "points": _percent(5), "uncapped": True}],
    "cap": Fraction(200_000_00),
}

_AID_DEDUCTIBLE = {"extreme_poverty": Fraction(0), "subsistence_allowance": Fraction(0)}
_AID = {
    "key": "medical_aid",
    "applies_to": {"category": ("extreme_poverty", "subsistence_allowance", "back_in_poverty", "monitored")},
    "excluded": {"registered": (False,)},
    "deductible": _by("category", _AID_DEDUCTIBLE | {"back_in_poverty": Fraction(1_500_00), "monitored": Fraction(3_000_00)}),
    "tiers": [
        {
            "up_to": None,
            "rate": _by(
                "category",
                {
                    "extreme_poverty": _percent(80),
                    "subsistence_allowance": _percent(75),
                    "back_in_poverty": _percent(70),
                    "monitored": _percent(60),
                },
            ),
        }
    ],
}

LAYERS: tuple[Mapping[str, Any], ...] = (_BASIC, _ILLNESS, _AID)


def settle(category: str, facility: str, registered: bool, total: int, self_funded: int) -> tuple[int, int, int, int]:
    """The three payouts and own cost."""
    facts = {"category": category, "facility": facility, "registered": registered or facility not in REFERRAL, "total": total}
    unpaid, paid = total - self_funded, []
    for layer in LAYERS:
        payout = _pays(layer, facts, unpaid)
        unpaid = max(0, unpaid - payout)
        paid.append(payout)
    basic, illness, aid = paid
    return basic, illness, aid, total - sum(paid)


def _pays(layer: Mapping[str, Any], facts: Facts, unpaid: int) -> int:
    if not _holds(layer.get("applies_to", {}), facts) or ("excluded" in layer and _holds(layer["excluded"], facts)):
        return 0
    adjustments = [each for each in layer.get("adjustments", ()) if _holds(each["when"], facts)]
    deductible = _deductible(layer, adjustments, facts)
    owed = sum(_tiers(layer, adjustments, facts, unpaid - deductible), Fraction(0))
    if "at_least" in layer:
        owed = max(owed, (facts["total"] - deductible) * _figure(layer["at_least"], facts))
    if "cap" in layer and not any(each.get("uncapped") for each in adjustments):
        owed = min(owed, layer["cap"])
    return _half_up(max(owed, Fraction(0)))


def _deductible(layer: Mapping[str, Any], adjustments: list[Mapping[str, Any]], facts: Facts) -> Fraction:
    deductible = _figure(layer["deductible"], facts)
    if isinstance(deductible, Mapping):
        deductible = min(max(facts["total"] * deductible["share"], deductible["at_least"]), deductible["at_most"])
    for each in adjustments:
        deductible *= each.get("factor", 1)
    return Fraction(deductible)


def _tiers(layer: Mapping[str, Any], adjustments: list[Mapping[str, Any]], facts: Facts, above: Fraction) -> Iterator[Fraction]:
    """What each tier that is reached pays."""
    start = Fraction(0)
    for tier in layer["tiers"]:
        if above <= start:
            return
        rate = _figure(tier["rate"], facts) + sum(each.get("points", 0) for each in adjustments)
        yield ((above if tier["up_to"] is None else min(above, tier["up_to"])) - start) * rate
        start = tier["up_to"] or start


def _figure(figure: Any, facts: Facts) -> Any:
    """The value of a figure for these facts."""
    return figure["values"][facts[figure["by"]]] if isinstance(figure, Mapping) and "by" in figure else figure


def _holds(when: Mapping[str, tuple[Any, ...]], facts: Facts) -> bool:
    return all(facts[key] in allowed for key, allowed in when.items())


def _half_up(amount: Fraction) -> int:
    return int(amount + Fraction(1, 2))
