"""The day that a cell tells. Offices write a time behind it, or a moment in its place; only the day counts."""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from typing import Any

import polars as pl

_TIME = r"[ T](?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?"
_DAYS = tuple(
    re.compile(f"{form}(?:{_TIME})?", re.ASCII)
    for form in (r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})", r"(\d{4})(年)(\d{1,2})月(\d{1,2})日", r"(\d{4})()(\d{2})(\d{2})")
)
_CHINA, _CHINA_ZONE = timezone(timedelta(hours=8)), "Asia/Shanghai"


def iso_day(said: Any) -> str:
    """The ISO day of what a cell says with its year first; a text that is none comes back as it is. A moment is one in China."""
    if isinstance(said, datetime):
        return (said if said.tzinfo is None else said.astimezone(_CHINA)).date().isoformat()
    if isinstance(said, date):
        return said.isoformat()
    text = str(said)
    match = next((found for found in (form.fullmatch(text) for form in _DAYS) if found), None)
    return f"{match[1]}-{int(match[3]):02d}-{int(match[4]):02d}" if match else text


def by_days(frame: pl.DataFrame, columns: Mapping[str, str]) -> pl.DataFrame:
    """The rows of a table with days that have no times behind them."""
    return frame.with_columns(without_times(frame[columns["on"]])) if "on" in columns else frame


def without_times(cells: pl.Series) -> pl.Series:
    """The same days with no times behind them, so that a table has few different ones."""
    if isinstance(cells.dtype, pl.Datetime):
        return (cells.dt.convert_time_zone(_CHINA_ZONE) if cells.dtype.time_zone else cells).dt.date()
    if cells.dtype != pl.String or not cells.str.contains(":", literal=True).any():
        return cells
    return cells.str.replace(rf"(\d){_TIME}$", "$1")
