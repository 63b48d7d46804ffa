"""Top-up (补齐): a layer pays what earlier layers leave open below a share of this settlement's cost.

pays: top_up
to: {value: 90%, …}
of: eligible | total
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from engine.cell import PackModel, When
from engine.figures import Figure
from engine.quantities import RateText
from engine.text import Text


class TopUp(PackModel):
    """The pack form: everything the layers before it paid in this settlement is filled up to a share."""

    pays: Literal["top_up"]
    applies_to: When = When()
    to: Figure[RateText]
    of: Literal["eligible", "total"]
    note: Text | None = None


@dataclass(frozen=True, slots=True)
class TopUpNode:
    """The plan form: pays `share` of the cost less what was paid before, never more than is unpaid."""

    share: Fraction
    of: Literal["eligible", "total"]

    def target(self, cost: int) -> int:
        """The share of a cost in whole fen, rounded half up."""
        parts = self.share.denominator
        return (cost * self.share.numerator + parts // 2) // parts
