"""Advice: a benefit that exists by the text but whose threshold and amount are not known. It is named, never computed."""

from typing import Any, Literal

from engine.cell import PackModel, When
from engine.figures import Figure
from engine.quantities import MoneyText, RateText
from engine.text import Text


class Advice(PackModel):
    """`figures` lists what is missing, each with basis `unknown` and its source."""

    pays: Literal["advice"]
    applies_to: When
    threshold: Figure[MoneyText]
    rate: Figure[RateText]
    cap: Figure[MoneyText]
    note: Text | None = None

    def parts(self) -> list[tuple[str, Figure[Any]]]:
        """The figures by name."""
        return [("threshold", self.threshold), ("rate", self.rate), ("cap", self.cap)]
