"""Bands: pay marginal rates on tiers of cost above a deductible, per stay or over the year, up to a yearly cap.

pays: bands
base: eligible | eligible_unpaid        what the tiers run on; `eligible` only where no layer pays before
over: stay | year                       a deductible for each stay, or once a year on the sum of the year
account: name                           keeps this variant's sum of the year apart from the layer's other variants
cap_account: name                       what the yearly cap is shared with; the account itself unless said
needs: [basic]                          computed only where the case says what these layers paid, which nobody can compute
tiers_from: deductible | zero           whether the tiers' edges are counted above the deductible or from zero
tiers_from: full_deductible             from zero, and with a lowered deductible the tiers move down with it and keep their widths
before_joining: counted | left_out      whether settlements before the person came into a category that is paid add to the sum of the year
"""

from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationInfo, field_validator, model_validator

from engine.cell import PackModel, When
from engine.figures import Figure
from engine.keys import Basis, LayerKey
from engine.mechanisms.adjustment import Adjustment
from engine.mechanisms.deductible import DeductibleNode, DeductibleText, FixedDeductible, ShareOfTotal
from engine.mechanisms.guarantee import Guarantee
from engine.quantities import CapText, MoneyText, RateText
from engine.text import Text

AccountName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]


class Tier(PackModel):
    """One band: up to a sum (absent on the last), paid at a rate."""

    up_to: Figure[MoneyText] | None = None
    rate: Figure[RateText]


class Exclusion(PackModel):
    """Stays this layer does not pay for, nor count towards its yearly sum, though the person belongs to it."""

    when: When
    reason: Literal["unregistered", "care", "facility"]
    basis: Basis
    source: str
    note: Text | None = None


class Bands(PackModel):
    """The pack form of a layer that pays by bands."""

    pays: Literal["bands"]
    applies_to: When = When()
    excluded: tuple[Exclusion, ...] = ()
    base: Literal["eligible", "eligible_unpaid"]
    over: Literal["stay", "year"]
    needs: tuple[LayerKey, ...] = ()
    deductible: Figure[DeductibleText]
    tiers_from: Literal["deductible", "zero", "full_deductible"]
    tiers: tuple[Tier, ...] = Field(min_length=1)
    at_least: Guarantee | None = None
    cap: Figure[CapText]
    account: AccountName | None = None
    cap_account: AccountName | None = None
    adjustments: tuple[Adjustment, ...] = ()
    before_joining: Literal["counted", "left_out"] = "counted"
    note: Text | None = None

    @field_validator("deductible")
    @classmethod
    def _fixed_for_a_year(cls, deductible: Figure[DeductibleText], info: ValidationInfo) -> Figure[DeductibleText]:
        ends = (end for entry in deductible.values.values() for end in (entry.value, entry.low))
        if info.data.get("over") == "year" and any(isinstance(end, ShareOfTotal) for end in ends):
            raise ValueError("a year has no total to take a share of, expected an amount, or `over: stay`")
        return deductible

    @field_validator("at_least")
    @classmethod
    def _guarantees_a_stay(cls, at_least: Guarantee | None, info: ValidationInfo) -> Guarantee | None:
        if at_least is not None and info.data.get("over") == "year":
            raise ValueError("a guarantee is reckoned on the bill of a stay and never on a year, leave it out, or write `over: stay`")
        return at_least

    @model_validator(mode="after")
    def _only_the_last_tier_is_open(self) -> "Bands":
        closed = [tier.up_to is not None for tier in self.tiers]
        if closed != [True] * (len(closed) - 1) + [False]:
            raise ValueError("every tier but the last expects `up_to`, and the last has none")
        return self


@dataclass(frozen=True, slots=True)
class TierNode:
    """Cost above `above` and up to `up_to` (fen, counted above the deductible; None = without end), paid at `rate`."""

    above: int
    up_to: int | None
    rate: Fraction


@dataclass(frozen=True, slots=True)
class BandsNode:
    """The plan form: every figure resolved for one cell. Amounts in fen, rates as reduced fractions, no cap is None.

    `account` and `cap_account` name the sums of the year it runs on and is capped by.
    """

    over: Literal["stay", "year"]
    deductible: DeductibleNode
    tiers: tuple[TierNode, ...]
    guarantee: Fraction | None
    cap: int | None
    account: str = ""
    cap_account: str = ""

    @property
    def denominator(self) -> int:
        """The common denominator of the tiers' rates."""
        return lcm(*(tier.rate.denominator for tier in self.tiers))

    @property
    def scale(self) -> int:
        """Into how many parts a fen is split so that the deductible is exact."""
        return 1 if isinstance(self.deductible, FixedDeductible) else self.deductible.scale

    def starts(self) -> list[int]:
        """What has been earned, in 1/denominator fen, where each tier begins."""
        earned, sums = 0, []
        for tier in self.tiers:
            sums.append(earned)
            if tier.up_to is not None:
                earned += (tier.up_to - tier.above) * int(tier.rate * self.denominator)
        return sums


def tiers_above_deductible(edges: list[tuple[int | None, Fraction]], start: int) -> tuple[TierNode, ...]:
    """Tiers counted above the deductible, from (upper edge, rate) pairs of which `start` fen lie below the deductible.

    Bands from zero whose upper edge is not above the deductible fall away; the first one left begins at the deductible.
    Raises ValueError when the edges do not rise.
    """
    nodes: list[TierNode] = []
    below, previous = 0, -1
    for edge, rate in edges:
        if edge is not None and edge <= previous:
            raise ValueError("the tiers' `up_to` must rise from tier to tier")
        previous = edge if edge is not None else previous
        upper = None if edge is None else edge - start
        if upper is None or upper > 0:
            nodes.append(TierNode(below, upper, rate))
            below = upper or 0
    return tuple(nodes)
