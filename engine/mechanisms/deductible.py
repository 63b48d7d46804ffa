"""Deductible (起付线): a fixed sum, or a share of the stay's total with a floor and a ceiling.

deductible: {value: 12000 yuan, …}
deductible: {value: {share_of_total: 20%, at_least: 2000 yuan, at_most: 10000 yuan}, …}
rounded: true        the share is brought to the fen, half up, before it is deducted; otherwise only the payout is
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator

from engine.cell import PackModel
from engine.quantities import Money, MoneyText, RateText


class ShareOfTotal(PackModel):
    """A share of the total bill of the stay, at least and at most so much. It is not rounded by itself unless that is said."""

    unit: ClassVar[str] = "percent"

    share_of_total: RateText
    at_least: MoneyText
    at_most: MoneyText
    rounded: bool = False

    def text(self) -> str:
        return self.share_of_total.text()


def _deductible(raw: Any) -> Money | ShareOfTotal:
    if isinstance(raw, dict):
        return ShareOfTotal.model_validate(raw)
    return raw if isinstance(raw, ShareOfTotal) else Money.parse(raw)


DeductibleText = Annotated[Money | ShareOfTotal, BeforeValidator(_deductible)]


@dataclass(frozen=True, slots=True)
class FixedDeductible:
    """A deductible in whole fen."""

    fen: int


@dataclass(frozen=True, slots=True)
class ShareDeductible:
    """A share of the stay's total between a floor and a ceiling in whole fen; exact in units of 1/scale fen."""

    share: Fraction
    floor: int
    ceiling: int
    rounded: bool = False

    @property
    def scale(self) -> int:
        """Into how many parts a fen is split so that the deductible is exact."""
        return 1 if self.rounded else self.share.denominator

    def of(self, total: int) -> int:
        """The deductible of a bill in 1/scale fen."""
        parts = self.share.denominator // self.scale
        share = (total * self.share.numerator + parts // 2) // parts
        return min(max(share, self.floor * self.scale), self.ceiling * self.scale)


DeductibleNode = FixedDeductible | ShareDeductible


def lower_deductible(value: Money | ShareOfTotal, factor: Fraction) -> DeductibleNode:
    """The plan form of a deductible times a factor. Raises ValueError when the result is not in whole fen or the ends are crossed."""
    if isinstance(value, Money):
        return FixedDeductible(_whole(value.fen * factor))
    floor, ceiling = _whole(value.at_least.fen * factor), _whole(value.at_most.fen * factor)
    if floor > ceiling:
        raise ValueError("`at_least` is above `at_most`")
    return ShareDeductible(value.share_of_total.share * factor, floor, ceiling, value.rounded)


def _whole(amount: Fraction) -> int:
    if amount.denominator != 1:
        raise ValueError("the deductible does not come out in whole fen")
    return int(amount)
