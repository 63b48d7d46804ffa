"""Ceiling (兜底): a layer pays everything of the year's unpaid cost above a ceiling; of several ceilings met in a year the highest holds.

pays: ceiling
at_most: {by: facility, values: {county: 3000 yuan, …}, …}
"""

from dataclasses import dataclass
from typing import Literal

from engine.cell import PackModel, When
from engine.figures import Figure
from engine.mechanisms.bands import Exclusion
from engine.quantities import MoneyText


class Ceiling(PackModel):
    """The pack form. A stay that is excluded neither counts towards the sum nor sets the ceiling."""

    pays: Literal["ceiling"]
    applies_to: When = When()
    excluded: tuple[Exclusion, ...] = ()
    at_most: Figure[MoneyText]
    note: str | None = None


@dataclass(frozen=True, slots=True)
class CeilingNode:
    """The plan form: this stay's ceiling in whole fen."""

    at_most: int
