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


def no_amounts(rows: int) -> Amounts:
    """The amounts of a column that is not there."""
    return Amounts(np.zeros(rows, dtype=np.int64), np.ones(rows, dtype=bool), np.zeros(rows, dtype=bool))


def amounts_of(column: pl.Series) -> Amounts:
    """The amounts of a column of text, whole numbers, decimals or floats in yuan. Any other kind is odd."""
    dtype = column.dtype
    if dtype == pl.String:
        absent = (column.is_null() | (column.str.strip_chars() == "")).fill_null(value=True)
        plain = column.str.contains(_PLAIN).fill_null(value=False)
        fen = _scaled(column.cast(pl.Decimal(_DIGITS, 2), strict=False))
    else:
        absent = column.is_null()
        fen, plain = _numbers(column)
    whole = _array(fen)
    fine = _flags(plain & fen.is_not_null()) & (whole >= 0) & (whole <= LIMIT)
    return Amounts(whole, _flags(absent), ~fine & ~_flags(absent))


def _numbers(column: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Fen, and which cells have at most two decimals."""
    dtype = column.dtype
    every = pl.repeat(True, len(column), eager=True)
    if dtype.is_integer():
        known = column.cast(pl.Int64, strict=False)
        small = known.is_between(-LIMIT, LIMIT).fill_null(value=False)
        return (known * 100).set(~small, None), every
    if isinstance(dtype, pl.Decimal):
        return _decimals(column, dtype.scale)
    if dtype.is_float():
        # The nearest double to k/100 is k / 100.0, so an amount has two decimals when it comes back from its count of fen.
        fen = (column.cast(pl.Float64) * 100).round()
        small = fen.is_between(-LIMIT, LIMIT).fill_null(value=False)
        return fen.cast(pl.Int64, strict=False).set(~small, None), ((fen / 100).cast(dtype) == column).fill_null(value=False)
    return pl.repeat(None, len(column), dtype=pl.Int64, eager=True), ~every


def _decimals(column: pl.Series, scale: int) -> tuple[pl.Series, pl.Series]:
    digits = column.to_physical().cast(pl.Int64, strict=False)
    if scale > 2:  # noqa: PLR2004 - fen have two decimals
        step = 10 ** (scale - 2)
        return digits // step, (digits % step == 0).fill_null(value=False)
    small = digits.is_between(-LIMIT, LIMIT).fill_null(value=False)
    return (digits * 10 ** (2 - scale)).set(~small, None), pl.repeat(True, len(column), eager=True)


def _scaled(column: pl.Series) -> pl.Series:
    return column.to_physical().cast(pl.Int64, strict=False)


def _array(column: pl.Series) -> Ints:
    return column.fill_null(-1).to_numpy()


def _flags(column: pl.Series) -> Flags:
    return column.to_numpy()
