"""Exists: a layer that pays, but by figures nobody here knows. It is named and never computed.

pays: exists
amount: {basis: unknown, source: article}
absorbed_by: guarantee_351      a later layer that leaves the same own cost whatever this one pays, as soon as it pays itself
"""

from typing import Any, Literal

from engine.cell import PackModel, When
from engine.figures import Figure
from engine.keys import LayerKey
from engine.quantities import MoneyText
from engine.text import Text


class Exists(PackModel):
    """The pack form."""

    pays: Literal["exists"]
    applies_to: When = When()
    amount: Figure[MoneyText]
    absorbed_by: LayerKey | None = None
    note: Text | None = None

    def parts(self) -> list[tuple[str, Figure[Any]]]:
        """The figures by name."""
        return [("amount", self.amount)]
