"""Bills to settle: every category and level of hospital of Bozhou 2022, amounts as they occur and some that rules turn on."""

from random import Random
from typing import NamedTuple

CATEGORIES = (
    "extreme_poverty",
    "subsistence_allowance",
    "back_in_poverty",
    "monitored",
    "lifted_out",
    "low_income_margin",
    "poor_through_illness",
    "ordinary",
)
FACILITIES = ("township", "county", "city", "province", "outside_province")

#: Deductibles, ends of tiers, where the caps bind; the largest is what OpenFisca's 32 bits still hold.
_EDGES = (1, 200_00, 500_00, 2_000_00, 12_000_00, 50_000_00, 267_166_67, 1_200_000_00, 10_000_000_00)

_REGISTERED = 3 / 4


class Bill(NamedTuple):
    """One bill, amounts in fen."""

    category: str
    facility: str
    registered: bool
    total: int
    self_funded: int


class Answer(NamedTuple):
    """What each way gives, in fen; a plain tuple of the four will do."""

    basic: int
    critical_illness: int
    medical_aid: int
    own: int


def usual(number: int, seed: int = 2022) -> list[Bill]:
    """Bills to measure with: totals of 1,000 to 300,000 yuan, small ones more often, up to 30% self-funded, one in four unregistered."""
    chance = Random(seed)  # noqa: S311 - no secret
    return [_bill(chance, total := round(1_000_00 * 300 ** chance.random()), chance.randint(0, total * 3 // 10)) for _ in range(number)]


def edgy(number: int, seed: int = 351) -> list[Bill]:
    """Bills to compare with: from a fen to ten million yuan, near the edges of rules, and wholly self-funded ones."""
    chance = Random(seed)  # noqa: S311 - no secret
    return [_bill(chance, total := _any_total(chance), chance.choice((0, total, chance.randint(0, total)))) for _ in range(number)]


def _any_total(chance: Random) -> int:
    near = chance.choice(_EDGES) + chance.randint(-2, 2)
    return max(1, chance.choice((near, chance.randint(1, 300_000_00), chance.randint(1, _EDGES[-1]))))


def _bill(chance: Random, total: int, self_funded: int) -> Bill:
    return Bill(chance.choice(CATEGORIES), chance.choice(FACILITIES), chance.random() < _REGISTERED, total, self_funded)
