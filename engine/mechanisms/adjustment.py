"""Adjustment: what a rule changes for some people or stays — a tilt for a category, an unregistered stay.

adjustments:
  - when: {category: [extreme_poverty]}
    deductible: {value: x0.5, …}       a factor
    rate: {value: +5 points, …}        percentage points
    cap: {value: none, …}              replaces the cap
"""

from pydantic import model_validator

from engine.cell import PackModel, When
from engine.figures import Figure
from engine.quantities import CapText, FactorText, PointsText
from engine.text import Text


class Adjustment(PackModel):
    """Applies to a cell that meets `when`; several add up: factors multiply, points add, the last cap counts."""

    when: When
    deductible: Figure[FactorText] | None = None
    rate: Figure[PointsText] | None = None
    cap: Figure[CapText] | None = None
    note: Text | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> "Adjustment":
        if self.deductible is None and self.rate is None and self.cap is None:
            raise ValueError("an adjustment changes nothing, expected `deductible`, `rate` or `cap`")
        return self
