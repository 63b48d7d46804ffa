"""Hospital bears: what a patient must not be charged — out-of-catalogue cost above a share of the bill, eligible cost above a fixed price.

hospital_bears:
  out_of_catalogue:
    applies_to: {category: [...], care: [inpatient]}
    share_of_total: {by: facility, …}      a facility without a value has no ceiling
    of: billed | without_excess            whether the excess itself is counted in that total
    rounded: excess | limit                which of the two is brought to the fen, half up
  above_fixed_price:
    applies_to: {care: [major_disease_inpatient]}
    covers: bill | bill_without_excess | eligible      what is held against the price
    basis: regional
    source: …
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from engine.cell import PackModel, When
from engine.figures import Figure, Used
from engine.keys import Basis
from engine.quantities import RateText
from engine.text import Text

Covers = Literal["bill", "bill_without_excess", "eligible"]


class OutOfCatalogue(PackModel):
    """Above this share of the billed total, out-of-catalogue cost is the hospital's."""

    applies_to: When
    share_of_total: Figure[RateText]
    of: Literal["billed", "without_excess"] = "billed"
    rounded: Literal["excess", "limit"] = "excess"
    note: Text | None = None

    def unfit(self) -> Iterator[tuple[str, str]]:
        """The keys of shares that nothing can be settled by, each with why: what is borne comes before every layer and has one amount."""
        for key, entry in self.share_of_total.values.items():
            if entry.value is None:
                yield key, f"the share is {_WITHOUT_A_FIGURE[entry.basis]}, expected one figure; or leave it out and name it in `remarks`"
            elif self.of == "without_excess" and entry.value.share == 1:
                yield key, "a share of 100% `without_excess` limits nothing, expected less than 100%; or leave it out"


#: What an entry of these bases has instead of a value.
_WITHOUT_A_FIGURE = {"unknown": "unknown", "range": "a range"}


class AboveFixedPrice(PackModel):
    """Eligible cost above the price agreed for a disease is the hospital's."""

    applies_to: When
    covers: Covers = "bill"
    basis: Basis
    source: str
    note: Text | None = None


class HospitalBears(PackModel):
    """The pack form; both parts may be absent."""

    out_of_catalogue: OutOfCatalogue | None = None
    above_fixed_price: AboveFixedPrice | None = None


@dataclass(frozen=True, slots=True)
class Borne:
    """The plan form for one cell: the out-of-catalogue share and how its excess is taken, what a fixed price covers, the figures behind.

    `fixed_price` is None where no fixed price holds.
    """

    share: Fraction | None = None
    excess_counted: bool = True
    limit_rounded: bool = False
    fixed_price: Covers | None = None
    figures: tuple[Used, ...] = ()

    def out_of_catalogue(self, self_funded: int, total: int) -> int:
        """What of the self-funded part the hospital bears, in whole fen."""
        if self.share is None:
            return 0
        over = self_funded * self.share.denominator - total * self.share.numerator
        # With the excess e left out of the total, e = self-funded - share * (total - e).
        parts = self.share.denominator - (0 if self.excess_counted else self.share.numerator)
        # The limit rounded half up leaves an excess rounded half down.
        return max(0, (over + (parts - 1) // 2) // parts if self.limit_rounded else (over + parts // 2) // parts)

    def above_price(self, eligible: int, price: int, beside: int, excess: int) -> int:
        """What of the eligible cost lies above a fixed price. `beside` is the rest of the bill, `excess` what the hospital bears of it."""
        if self.fixed_price is None:
            return 0
        held = {"bill": beside, "bill_without_excess": beside - excess, "eligible": 0}[self.fixed_price]
        return max(0, eligible - max(0, price - held))

    def limit(self, total: int) -> int | None:
        """The largest self-funded part that the patient pays alone, in whole fen; None without a ceiling."""
        return None if self.share is None else total * self.share.numerator // self.share.denominator
