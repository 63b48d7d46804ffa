"""Rows as whole numbers: each row's group, each amount in fen, and the bills that have to be settled for it.

A row has one bill when nothing about it is open; else one more for each end of what is unknown, which `settle.py` brings together again.
A row that is out of the ordinary in any way is `odd`: it is read and settled by itself, as a single question is.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from bot.tables.amounts import Amounts, Flags, Ints, amounts_of, no_amounts
from bot.tables.names import FLAGS, MONEY, Names
from engine import AGES, CARES, CATEGORIES, FACILITIES, Shelf
from engine.groups import Chosen, Facts, Group, Key, age_told, choose_edition, group_of

_LISTED: Mapping[str, Sequence[str]] = {"category": CATEGORIES, "care": CARES}
#: What an empty cell means. Any other fact from a list has to be said.
_WHEN_EMPTY: Mapping[str, Any] = {
    **{"care": "inpatient", "insured": True, "expired_ok": False},
    **dict.fromkeys(("on", "registered", "emergency", "age")),
}
_CODED = ("place", "on", "expired_ok", "age", "category", "facility", "care", "registered", "emergency", "insured")
_MOST_YEARS, _LONGEST = 130, 100
#: Days of other years are looked at one by one.
_YEARS = range(1990, 2100)
_UNSEEN, _UNREADABLE = -2, -1


@dataclass(frozen=True, slots=True)
class Rows:
    """A block of rows. `group` numbers each row's group (-1: odd); `bills` are those of all others in the order of their `row`."""

    group: Ints
    total: Ints
    bills: pl.DataFrame


class Encoder:
    """Encodes blocks of one table. `groups` are the combinations of facts met so far, by number."""

    def __init__(self, shelf: Shelf, names: Names, columns: Mapping[str, str], fixed: Mapping[str, Any]) -> None:
        """`columns` names the column of each fact; `fixed` gives facts that hold for every row and have none."""
        self.shelf, self._names, self._columns, self._fixed = shelf, names, columns, fixed
        self.groups: list[Group] = []
        self._coders = {fact: _Coder(_meaning(shelf, names, fact)) for fact in _CODED}
        self._chosen: list[Chosen] = []
        #: Where among them an edition stands that answers.
        self._answering: dict[int, int] = {}
        self._choices = _Combined(self._choose)
        self._ages = _Combined(self._age)
        self._grouped = _Combined(self._group)

    def encode(self, frame: pl.DataFrame) -> Rows:
        """A block of rows of the table."""
        amounts = {fact: self._amounts(frame, fact) for fact in MONEY}
        total, self_funded, first, price = (amounts[fact].fen for fact in MONEY)
        unsaid = amounts["self_funded"].absent
        self_funded, first = np.where(unsaid, 0, self_funded), np.where(amounts["first_share"].absent, 0, first)
        price = np.where(amounts["fixed_price"].absent, -1, price)
        odd = self._too_long(frame) | amounts["total"].absent | (self_funded + first > total)
        for each in amounts.values():
            odd |= each.odd
        group = np.where(odd, _UNREADABLE, self._groups_of(frame))
        return Rows(group, total, self._bills(group, total, self_funded, first, price, unsaid))

    def _column(self, frame: pl.DataFrame, fact: str) -> pl.Series | None:
        if fact in self._columns:
            return frame[self._columns[fact]]
        return pl.repeat(self._fixed[fact], len(frame), eager=True) if fact in self._fixed else None

    def _amounts(self, frame: pl.DataFrame, fact: str) -> Amounts:
        column = self._column(frame, fact)
        return no_amounts(len(frame)) if column is None else amounts_of(column)

    def _too_long(self, frame: pl.DataFrame) -> Flags:
        """Where a disease has more letters than a case takes."""
        disease = self._column(frame, "disease")
        if disease is None:
            return np.zeros(len(frame), dtype=bool)
        return (disease.cast(pl.String, strict=False).str.len_chars() > _LONGEST).fill_null(value=False).to_numpy()

    def _groups_of(self, frame: pl.DataFrame) -> Ints:
        codes = {fact: self._coders[fact].codes(self._column(frame, fact), len(frame)) for fact in _CODED}
        chosen = self._choices.numbers([codes["place"], codes["on"], codes["expired_ok"]])
        age = self._ages.numbers([chosen, codes["age"]])
        return self._grouped.numbers([chosen, age, *(codes[fact] for fact in _CODED[4:])])

    def _said(self, fact: str, code: int) -> Any:
        return self._coders[fact].values[code]

    def _choose(self, place: int, on: int, expired_ok: int) -> int:
        day = self._said("on", on)
        chosen = choose_edition(self.shelf, self._said("place", place), day, expired_ok=self._said("expired_ok", expired_ok))
        if chosen.refused is None and chosen.number in self._answering:
            return self._answering[chosen.number]
        self._chosen.append(chosen)
        if chosen.refused is None:
            self._answering[chosen.number] = len(self._chosen) - 1
        return len(self._chosen) - 1

    def _age(self, chosen: int, age: int) -> int:
        """An age by the group it falls into."""
        return AGES.index(age_told(self._chosen[chosen], self._said("age", age)))

    def _group(self, chosen: int, told: int, *codes: int) -> int:
        """The group of a combination; any age of an age group stands for it."""
        ages = (code for code in range(len(self._coders["age"].values)) if self._age(chosen, code) == told)
        category, facility, care, registered, emergency, insured = (
            self._said(fact, code) for fact, code in zip(_CODED[4:], codes, strict=True)
        )
        age = self._said("age", next(ages))
        level = self._names.facility(self._chosen[chosen].edition.policy.place, facility)
        if level not in FACILITIES:
            return _UNREADABLE
        facts = Facts(category, level, care, registered, emergency, insured, age)
        self.groups.append(group_of(self._chosen[chosen], facts))
        return len(self.groups) - 1

    def _bills(self, group: Ints, total: Ints, self_funded: Ints, first: Ints, price: Ints, unsaid: Flags) -> pl.DataFrame:
        """The bills of all rows that are settled in columns: as assumed, then at the ends of what is unknown."""
        table, telling = _GroupTable(self.groups), self.telling()
        settled = np.flatnonzero((group >= 0) & table.settled[group])
        if len(settled) < len(group):
            group, total, self_funded, first, price = (each[settled] for each in (group, total, self_funded, first, price))
            unsaid = unsaid[settled]
        row, spent = [np.arange(len(group))], [self_funded]
        open_rows = np.flatnonzero(unsaid)
        for corner in table.corners(group[open_rows], total[open_rows], first[open_rows]) if len(open_rows) else ():
            row.append(open_rows)
            spent.append(corner)
        at, spends, ends = _at_each_end(np.concatenate(row), np.concatenate(spent), table.ends[group] * (total > table.exact_to[group]))
        amounts = {"total": total, "self_funded": self_funded, "first_share": first, "fixed_price": price}
        if len(at) > len(group):
            order = np.argsort(at, kind="stable")
            at, spends, ends = at[order], spends[order], ends[order]
            group, amounts = group[at], {name: each[at] for name, each in amounts.items()} | {"self_funded": spends}
        keys = {name: values[group] for name, values in table.keys.items() if name in telling} | {"ends": ends.astype(np.int16)}
        return pl.DataFrame({"row": settled[at], **{name: keys[name] for name in telling}, **amounts})

    def telling(self) -> list[str]:
        """The parts of a key by which the groups met so far differ."""
        keys = [(*group.key, len(group.plans)) for group in self.groups if group.key is not None]
        differ = [len({key[number] for key in keys}) > 1 for number in range(len(Key._fields) - 1)]
        return [name for name, told in zip(Key._fields, [*differ, any(key[-1] > 1 for key in keys)], strict=True) if told]


def _at_each_end(row: Ints, spends: Ints, more: Ints) -> tuple[Ints, Ints, Ints]:
    """Each bill as assumed, and those whose row has `more` ends of range figures at each of them too."""
    assumed = np.zeros(len(row), dtype=np.int64)
    if not more.any():
        return row, spends, assumed
    counts = more[row]
    again = np.repeat(np.arange(len(row)), counts)
    end = np.arange(len(again)) - (np.cumsum(counts) - counts)[again] + 1
    return np.concatenate([row, row[again]]), np.concatenate([spends, spends[again]]), np.concatenate([assumed, end])


class _GroupTable:
    """What is asked of groups, as one array each. `ends` counts the choices of ends beside the assumed one."""

    def __init__(self, groups: Sequence[Group]) -> None:
        self.settled = np.array([group.key is not None for group in groups] or [False])
        self.exact_to = _ints(group.exact_to for group in groups)
        self.ends = _ints(max(0, len(group.plans) - 1) for group in groups)
        self.keys = {
            name: np.array([group.key[number] if group.key else 0 for group in groups] or [0], dtype=np.int16)
            for number, name in enumerate(Key._fields[:-1])
        }
        shares = [group.plans[0].borne.share if group.plans else None for group in groups]
        self._over = _ints(-1 if share is None else share.numerator for share in shares)
        self._under = _ints(1 if share is None else share.denominator for share in shares)

    def corners(self, group: Ints, total: Ints, first: Ints) -> list[Ints]:
        """The self-funded parts at which own cost turns, beside nothing: everything, and on both sides of what the hospital leaves."""
        most = total - first
        limit = np.where(self._over[group] < 0, most, total * self._over[group] // self._under[group])
        turning = [np.minimum(limit, most), np.minimum(limit + 1, most)] if (self._over[group] >= 0).any() else []
        return [most, *turning]


def _ints(numbers: Any) -> Ints:
    return np.array(list(numbers) or [0], dtype=np.int64)


def _number(known: list[Any], value: Any) -> int:
    """The place of a value in a list that grows by what is new."""
    if value not in known:
        known.append(value)
    return known.index(value)


class _Coder:
    """Small numbers for what the cells of one fact mean, given as they are met."""

    def __init__(self, meaning: Callable[[Any], Any]) -> None:
        self._meaning = meaning
        self.values: list[Any] = []
        self._cells: dict[Any, int] = {}

    def codes(self, column: pl.Series | None, rows: int) -> Ints:
        """A number for each cell, -1 for one that means nothing. A column that is not there is one of empty cells."""
        if column is None:
            return np.full(rows, self._code(None), dtype=np.int64)
        codes = self._known(column)
        unseen = codes == _UNSEEN
        if unseen.any():
            fresh = {cell: self._code(cell) for cell in column.filter(unseen).unique().to_list()}
            self._cells |= {cell: code for cell, code in fresh.items() if code != _UNREADABLE}
            codes = self._known(column).replace(_UNSEEN, _UNREADABLE)
        return codes.to_numpy()

    def _known(self, column: pl.Series) -> pl.Series:
        known = pl.repeat(_UNSEEN, len(column), dtype=pl.Int64, eager=True)
        if self._cells:
            known = column.replace_strict(list(self._cells), list(self._cells.values()), default=_UNSEEN, return_dtype=pl.Int64)
        return known.set(column.is_null(), self._code(None)) if column.null_count() else known

    def _code(self, cell: Any) -> int:
        try:
            return _number(self.values, self._meaning(cell))
        except ValueError:
            return _UNREADABLE


class _Combined:
    """A number for each combination of codes, looked up once."""

    def __init__(self, look_up: Callable[..., int]) -> None:
        self._look_up = look_up
        self._known: dict[tuple[int, ...], int] = {}

    def numbers(self, codes: Sequence[Ints]) -> Ints:
        """The number of each row's combination, -1 where one of its codes is."""
        sizes = [int(each.max(initial=0)) + 1 for each in codes]
        mixed = np.zeros(len(codes[0]), dtype=np.int64)
        for each, size in zip(codes, sizes, strict=True):
            if size > 1:
                mixed = mixed * size + each
        fine = np.logical_and.reduce([each >= 0 for each in codes if each.min(initial=0) < 0] or [np.ones(len(mixed), dtype=bool)])
        if fine.all():
            return self._looked_up(mixed, sizes)
        result = np.full(len(mixed), _UNREADABLE, dtype=np.int64)
        result[fine] = self._looked_up(mixed[fine], sizes)
        return result

    def _looked_up(self, mixed: Ints, sizes: Sequence[int]) -> Ints:
        found, places = _distinct(mixed, int(np.prod(sizes)))
        return _ints(self._number(_parted(int(each), sizes)) for each in found)[places]

    def _number(self, combination: tuple[int, ...]) -> int:
        if combination not in self._known:
            self._known[combination] = self._look_up(*combination)
        return self._known[combination]


_SMALL = 1_000_000


def _distinct(mixed: Ints, size: int) -> tuple[Ints, Ints]:
    """The distinct numbers, and for each row where its own stands among them."""
    if size > _SMALL:
        found, places = np.unique(mixed, return_inverse=True)
        return found, places
    seen = np.zeros(size, dtype=bool)
    seen[mixed] = True
    return np.flatnonzero(seen), (np.cumsum(seen) - 1)[mixed]


def _parted(mixed: int, sizes: Sequence[int]) -> tuple[int, ...]:
    parts = []
    for size in reversed(sizes):
        mixed, part = divmod(mixed, size)
        parts.append(part)
    return tuple(reversed(parts))


def _meaning(shelf: Shelf, names: Names, fact: str) -> Callable[[Any], Any]:
    """What a cell of a fact means, as a case has it; a cell without meaning raises ValueError."""

    def read(cell: Any) -> Any:
        value = names.value(fact, cell)
        if value is None:
            return _WHEN_EMPTY[fact] if fact in _WHEN_EMPTY else _fail(fact)
        if fact == "on":
            day = date.fromisoformat(str(value))
            return day if day.isoformat() == value and day.year in _YEARS else _fail(fact)
        if fact == "age":
            return value if type(value) is int and 0 <= value <= _MOST_YEARS else _fail(fact)
        if fact in FLAGS:
            return value if isinstance(value, bool) else _fail(fact)
        if fact == "facility":
            return str(value) if names.is_level(value) else _fail(fact)
        return value if value in (shelf.places if fact == "place" else _LISTED[fact]) else _fail(fact)

    return read


def _fail(fact: str) -> Any:
    raise ValueError(fact)
