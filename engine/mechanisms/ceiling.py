"""Ceiling (兜底): a layer pays everything of the year's unpaid cost above a ceiling.

pays: ceiling
at_most: {by: facility, values: {county: 3000 yuan, …}, …}
of_several: highest | latest        which ceiling holds when a year met several
before_joining: counted | left_out  whether settlements before the person came into a category that is paid add to the sum of the year
"""

from dataclasses import dataclass
from typing import Literal

from engine.cell import PackModel, When
from engine.figures import Figure
from engine.mechanisms.bands import Exclusion
from engine.quantities import MoneyText
from engine.text import Text


class Ceiling(PackModel):
    """The pack form. A stay that is excluded neither counts towards the sum nor sets the ceiling."""

    pays: Literal["ceiling"]
    applies_to: When = When()
    excluded: tuple[Exclusion, ...] = ()
    at_most: Figure[MoneyText]
    of_several: Literal["highest", "latest"]
    before_joining: Literal["counted", "left_out"] = "left_out"
    note: Text | None = None


@dataclass(frozen=True, slots=True)
class CeilingNode:
    """The plan form: this stay's ceiling in whole fen, and whether a higher one met before in the year holds instead."""

    at_most: int
    highest: bool

    def over(self, peak: int) -> int:
        """The ceiling that holds when the highest met before was `peak`."""
        return max(self.at_most, peak) if self.highest else self.at_most
