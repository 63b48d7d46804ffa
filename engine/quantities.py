"""The four kinds of number a rule is made of, each written with its unit so that none can pass for another.

`12000 yuan` is money, `80%` a rate, `+5 points` percentage points added to a rate, `x0.5` a factor on a deductible.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit. `form` is how it is written in a pack, `example` what an error shows."""

    form: ClassVar[re.Pattern[str]]
    unit: ClassVar[str]
    example: ClassVar[str]

    value: Fraction

    @classmethod
    def parse(cls, raw: Any) -> Self:
        """Read the pack's text. Raises ValueError naming what was found and what was expected."""
        if isinstance(raw, cls):
            return raw
        match = cls.form.fullmatch(raw) if isinstance(raw, str) else None
        if match is None:
            raise ValueError(f"{_kind(raw)}, expected {cls.unit} written like `{cls.example}`")
        return cls(Fraction(match[1]))

    def text(self) -> str:
        """The number without its unit, as a decimal: 0.65 of a rate is "65"."""
        return format_decimal(self.value)


class Money(Quantity):
    """An amount of money. `fen` is the same in whole fen."""

    form = re.compile(r"(\d+(?:\.\d{1,2})?) yuan")
    unit = "yuan"
    example = "12000 yuan"

    @property
    def fen(self) -> int:
        return int(self.value * 100)


class Rate(Quantity):
    """A share of 0% to 100%. `share` is the reduced fraction: 80% is 4/5."""

    form = re.compile(r"((?:100|\d{1,2})(?:\.\d{1,2})?)%")
    unit = "percent"
    example = "80%"

    @property
    def share(self) -> Fraction:
        return self.value / 100


class Points(Quantity):
    """Percentage points that are added to a rate: 60% and `+5 points` make 65%."""

    form = re.compile(r"([+-]\d{1,2}(?:\.\d{1,2})?) points")
    unit = "points"
    example = "+5 points"

    @property
    def share(self) -> Fraction:
        return self.value / 100


class Factor(Quantity):
    """What a deductible is multiplied by: `x0.5` halves it."""

    form = re.compile(r"x(\d{1,2}(?:\.\d{1,2})?)")
    unit = "factor"
    example = "x0.5"


@dataclass(frozen=True, slots=True)
class NoLimit:
    """The rule says outright that there is no cap (written `none`)."""

    unit: ClassVar[str] = "yuan"

    def text(self) -> str:
        return "none"


def _kind(raw: Any) -> str:
    for quantity in (Money, Rate, Points, Factor):
        if isinstance(raw, str) and quantity.form.fullmatch(raw):
            return f"`{raw}` is in {quantity.unit}"
    return f"`{raw}` has no unit that is known here"


def _cap(raw: Any) -> Money | NoLimit:
    return NoLimit() if raw == "none" or isinstance(raw, NoLimit) else Money.parse(raw)


def format_decimal(value: Fraction) -> str:
    """A fraction with a short decimal form as text: 65, 62.5."""
    quotient = Decimal(value.numerator) / Decimal(value.denominator)
    return format(quotient.normalize(), "f")


def _read(parse: Callable[[Any], Any]) -> BeforeValidator:
    return BeforeValidator(parse)


MoneyText = Annotated[Money, _read(Money.parse)]
RateText = Annotated[Rate, _read(Rate.parse)]
PointsText = Annotated[Points, _read(Points.parse)]
FactorText = Annotated[Factor, _read(Factor.parse)]
CapText = Annotated[Money | NoLimit, _read(_cap)]
