"""Amounts of a column as whole fen, for the spellings that need no thought; every other cell is marked for the reader of single cases."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from engine import LIMIT

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_PLAIN = r"^[0-9]{1,9}(?:\.[0-9]{1,2})?$"
#: Fen whose count fits a decimal of this many digits is never cut short.
_DIGITS = 14


@dataclass(frozen=True, slots=True)
class Amounts:
    """`fen` holds where neither flag is set: `absent` for an empty cell, `odd` for one that the reader of single cases must look at."""

    fen: Ints
    absent: Flags
    odd: Flags

    def or_else(self, fen: int) -> Ints:
        """The amounts, with so many fen in place of those that are absent."""
        return np.where(self.absent, fen, self.fen) if self.absent.any() else self.fen


def no_amounts(rows: int) -> Amounts:
    """The amounts of a column that is not there."""
    return Amounts(np.zeros(rows, dtype=np.int64), np.ones(rows, dtype=bool), np.zeros(rows, dtype=bool))


def amounts_of(column: pl.Series) -> Amounts:
    """The amounts of a column of text, whole numbers, decimals or floats in yuan. Any other kind is odd."""
    dtype = column.dtype
    if dtype == pl.String:
        return _text(column)
    absent = column.is_null().to_numpy() if column.null_count() else np.zeros(len(column), dtype=bool)
    if isinstance(dtype, pl.Decimal):
        fen, fine = _decimals(column, dtype.scale)
    elif dtype.is_integer():
        whole = _whole(column)
        fen, fine = np.minimum(whole, LIMIT) * 100, whole >= 0
    elif dtype.is_float():
        fen, fine = _floats(column)
    else:
        fen, fine = _whole(None, len(column)), ~absent & False
    return Amounts(fen, absent, ~(fine & (fen <= LIMIT) | absent))


def _text(column: pl.Series) -> Amounts:
    told = column.to_frame("said").select(
        absent=pl.col("said").is_null() | (pl.col("said").str.strip_chars() == ""),
        plain=pl.col("said").str.contains(_PLAIN),
        fen=pl.col("said").cast(pl.Decimal(_DIGITS, 2), strict=False),
    )
    absent = told["absent"].fill_null(value=True).to_numpy()
    fen, _ = _decimals(told["fen"], 2)
    fine = told["plain"].fill_null(value=False).to_numpy() & (fen >= 0) & (fen <= LIMIT)
    return Amounts(fen, absent, ~(fine | absent))


def _decimals(column: pl.Series, scale: int) -> tuple[Ints, Flags]:
    """Fen, and which amounts have at most two decimals and are not below nothing."""
    digits = _whole(column.to_physical())
    if scale > 2:  # noqa: PLR2004 - fen have two decimals
        step = 10 ** (scale - 2)
        return digits // step, (digits >= 0) & (digits % step == 0)
    return np.minimum(digits, LIMIT + 1) * 10 ** (2 - scale), digits >= 0


def _floats(column: pl.Series) -> tuple[Ints, Flags]:
    """The nearest double to k/100 is k / 100.0, so an amount has two decimals when it comes back from its count of fen."""
    amounts = column.fill_null(-1).to_numpy()
    with np.errstate(invalid="ignore", over="ignore"):
        known = np.where((amounts >= 0) & (amounts <= LIMIT), amounts, -1).astype(np.float64)
        fen = np.rint(known * 100)
        return fen.astype(np.int64), (known >= 0) & ((fen / 100).astype(amounts.dtype) == amounts)


def _whole(column: pl.Series | None, rows: int = 0) -> Ints:
    """Whole numbers, -1 for a cell that is empty or too large to be one here."""
    if column is None:
        return np.full(rows, -1, dtype=np.int64)
    numbers = column.cast(pl.Int64, strict=False)
    return (numbers.fill_null(-1) if numbers.null_count() else numbers).to_numpy()
