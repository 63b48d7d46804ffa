"""Hospital bears: what a patient must not be charged — out-of-catalogue cost above a share of the bill, eligible cost above a fixed price.

hospital_bears:
  out_of_catalogue:
    applies_to: {category: [...], care: [inpatient]}
    share_of_total: {by: facility, …}      a facility without a value has no ceiling
  above_fixed_price:
    applies_to: {care: [major_disease_inpatient]}
    basis: regional
    source: …
"""

from dataclasses import dataclass
from fractions import Fraction

from engine.cell import PackModel, When
from engine.figures import Figure, Used
from engine.keys import Basis
from engine.quantities import RateText


class OutOfCatalogue(PackModel):
    """Above this share of the billed total, out-of-catalogue cost is the hospital's."""

    applies_to: When
    share_of_total: Figure[RateText]
    note: str | None = None


class AboveFixedPrice(PackModel):
    """Eligible cost above the price agreed for a disease is the hospital's."""

    applies_to: When
    basis: Basis
    source: str
    note: str | None = None


class HospitalBears(PackModel):
    """The pack form; both parts may be absent."""

    out_of_catalogue: OutOfCatalogue | None = None
    above_fixed_price: AboveFixedPrice | None = None


@dataclass(frozen=True, slots=True)
class Borne:
    """The plan form for one cell: the out-of-catalogue share, whether a fixed price holds, and the figures behind them."""

    share: Fraction | None = None
    fixed_price: bool = False
    figures: tuple[Used, ...] = ()

    def out_of_catalogue(self, self_funded: int, total: int) -> int:
        """What of the self-funded part the hospital bears; the excess is rounded half up, not the limit."""
        if self.share is None:
            return 0
        parts = self.share.denominator
        return max(0, (self_funded * parts - total * self.share.numerator + parts // 2) // parts)

    def limit(self, total: int) -> int | None:
        """The largest self-funded part that the patient pays alone, in whole fen; None without a ceiling."""
        return None if self.share is None else total * self.share.numerator // self.share.denominator
