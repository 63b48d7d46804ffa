"""A figure: a number of a rule that never travels without its basis, its source and a note on what is doubtful.

Written as one value, or as `values` for each key of what it varies `by`:

    deductible: {value: 12000 yuan, basis: stated, source: article}
    deductible:
      by: facility
      basis: unverified
      source: anhui-2019
      values: {township: 200 yuan, county: {value: 500 yuan, basis: stated, source: article}}
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Generic, Literal, Self, TypeVar

from pydantic import model_validator

from engine.cell import Cell, PackModel
from engine.keys import Basis
from engine.quantities import NoLimit, Quantity
from engine.text import Text

T = TypeVar("T", bound=Any)

Key = Literal["category", "facility", "care", "age"]

_ENTRY_KEYS = frozenset({"value", "low", "high", "basis", "source", "note"})


class Entry(PackModel, Generic[T]):
    """One value with its basis. A `range` has low and high, an `unknown` has no value, every other basis has exactly one."""

    basis: Basis
    source: str
    note: Text | None = None
    value: T | None = None
    low: T | None = None
    high: T | None = None

    @model_validator(mode="after")
    def _fits_its_basis(self) -> Self:
        given = {name for name in ("value", "low", "high") if getattr(self, name) is not None}
        wanted = {"range": {"low", "high"}, "unknown": set()}.get(self.basis, {"value"})
        if given != wanted:
            raise ValueError(f"basis `{self.basis}` expects {_listed(wanted)}, found {_listed(given)}")
        if self.basis == "range" and (wrong := _upside_down(self.low, self.high)):
            raise ValueError(wrong)
        return self


class _Shared(PackModel):
    """What stands beside `by` and has parts of its own: checked once there, not again in every entry that it passes down to."""

    note: Text | None = None


class Figure(PackModel, Generic[T]):
    """A number of a rule, the same for everybody or varying by category, facility or care.

    `values` holds the entries by key; keys of several dimensions are joined with a dot, and a single value has the key "".
    """

    by: tuple[Key, ...] = ()
    values: dict[str, Entry[T]]

    @model_validator(mode="before")
    @classmethod
    def _spread(cls, raw: Any) -> Any:
        """Bring both written forms to entries by key; basis, source and note pass down to entries without their own."""
        if not isinstance(raw, dict):
            raise ValueError(f"`{raw}` is a bare number, expected a figure with `value` or `values`, `basis` and `source`")
        if "by" not in raw:
            return {"values": {"": raw}}
        if not isinstance(raw["by"], str | list | None):
            raise ValueError(f"`by` is `{raw['by']}`, expected a key such as `facility`, or a list of keys")
        by = (raw["by"],) if isinstance(raw["by"], str) else tuple(raw["by"] or ())
        shared = {key: raw[key] for key in ("basis", "source", "note") if key in raw}
        unknown = sorted(set(raw) - {"by", "values", *shared})
        if unknown:
            raise ValueError(f"unknown key `{unknown[0]}` beside `by`, expected values, basis, source or note")
        _Shared.model_validate({"note": raw.get("note")})
        return {"by": by, "values": dict(_flat(raw.get("values"), len(by), shared))}

    def at(self, cell: Cell) -> Entry[T] | None:
        """The entry for a cell, or None when the figure has none for its keys."""
        return self.values.get(self._key(cell))

    def name(self, cell: Cell, stem: str) -> str:
        """The figure's full name for a cell: `basic.deductible.county`."""
        return f"{stem}.{self._key(cell)}".rstrip(".")

    def _key(self, cell: Cell) -> str:
        return ".".join(getattr(cell, key) for key in self.by)


@dataclass(frozen=True, slots=True)
class Used:
    """A figure as it enters one plan. `value`, `low` and `high` are numbers as text in `unit` (yuan, percent, points, factor)."""

    name: str
    unit: str
    value: str | None
    low: str | None
    high: str | None
    basis: str
    source: str
    note: Text | None


def used(name: str, entry: Entry[Any]) -> Used:
    """The record of an entry that a layer was worked out with; an unknown one has no unit."""
    number = entry.value if entry.value is not None else entry.low
    unit = "" if number is None else number.unit
    value, low, high = (None if part is None else part.text() for part in (entry.value, *_ends(entry)))
    return Used(name, unit, value, low, high, entry.basis, entry.source, entry.note)


def _upside_down(low: Any, high: Any) -> str | None:
    """Why two ends are no range from the lower to the higher one; `none` lies above every amount."""
    plain = [isinstance(end, Quantity | NoLimit) for end in (low, high)]
    if any(plain) and not all(plain):
        return "`low` is a sum and `high` a share or the other way round, expected both of one kind"
    if all(plain):
        return "`low` is above `high`, expected the lower end under `low`" if _place(low) > _place(high) else None
    parts = [name for name in _SHARE_PARTS if getattr(low, name).value > getattr(high, name).value]
    return f"`{parts[0]}` of `low` is above that of `high`, expected the lower one under `low`" if parts else None


#: The numbers that a share of the total consists of.
_SHARE_PARTS = ("share_of_total", "at_least", "at_most")


def _place(end: Quantity | NoLimit) -> tuple[bool, Fraction]:
    return (True, Fraction(0)) if isinstance(end, NoLimit) else (False, end.value)


def _ends(entry: Entry[Any]) -> tuple[Any, Any]:
    """Low and high of a range, or the floor and ceiling that a share comes with."""
    if entry.value is None:
        return entry.low, entry.high
    return getattr(entry.value, "at_least", None), getattr(entry.value, "at_most", None)


def _flat(values: Any, depth: int, shared: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    if not isinstance(values, dict) or not values:
        raise ValueError("expected `values` with one entry for each key")
    for key, value in values.items():
        if depth > 1:
            yield from ((f"{key}.{rest}", entry) for rest, entry in _flat(value, depth - 1, shared))
        else:
            yield key, shared | (value if isinstance(value, dict) and _ENTRY_KEYS & set(value) else {"value": value})


def _listed(names: set[str]) -> str:
    return " and ".join(f"`{name}`" for name in sorted(names)) or "no value"
