"""Rows as whole numbers: each row's group, each amount in fen, and the bills that have to be settled for it.

A row has one bill when nothing about it is open; else one more for each end of what is unknown, which `settle.py` brings together again.
A row that is out of the ordinary in any way is `odd`: it is read and settled by itself, as a single question is.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import prod
from typing import Any

import numpy as np
import polars as pl

from bot.tables.amounts import Amounts, Flags, Ints, amounts_of, no_amounts
from bot.tables.days import by_days
from bot.tables.names import FLAGS, MONEY, Names
from engine import AGES, CARES, CATEGORIES, FACILITIES, Shelf
from engine.columns import AMOUNTS
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
#: Cells that are numbers below this (days until 2149 among them), and so many combinations at most, are looked up in a table.
_SMALL_CELLS, _SMALL_TABLE = 1 << 16, 1_000_000


@dataclass(frozen=True, slots=True)
class Rows:
    """A block of rows. `group` numbers each row's group (-1: odd).

    `bills` are those of all rows that are settled in columns: first as assumed, in the order of their `row`, then what else is to be tried.
    They tell apart the first `known` groups.
    """

    group: Ints
    total: Ints
    settled: int
    bills: pl.DataFrame
    known: int


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
        frame = by_days(frame, self._columns)
        amounts = {fact: self._amounts(frame, fact) for fact in MONEY}
        total, self_funded, first, price = amounts.values()
        unsaid = self_funded.absent
        bill = {"total": total.fen, "self_funded": self_funded.or_else(0)}
        bill |= {"first_share": first.or_else(0)} if "first_share" in self._columns else {}
        bill |= {"fixed_price": price.or_else(-1)} if "fixed_price" in self._columns else {}
        odd = self._too_long(frame) | total.absent | (bill["self_funded"] + bill.get("first_share", 0) > total.fen)
        for each in amounts.values():
            odd |= each.odd
        group = self._groups_of(frame)
        group = np.where(odd, _UNREADABLE, group) if odd.any() else group
        bills, settled = self._bills(group, bill, unsaid)
        return Rows(group, total.fen, settled, bills, len(self.groups))

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

    def _bills(self, group: Ints, bill: Mapping[str, Ints], unsaid: Flags) -> tuple[pl.DataFrame, int]:
        """The bills of all rows that are settled in columns, and how many rows these are. What no row says is left out of the bills."""
        table, telling = _GroupTable(self.groups), self.telling()
        every = bool((group >= 0).all() and table.settled.all())
        settled = np.arange(len(group)) if every else np.flatnonzero((group >= 0) & table.settled[group])
        if not every:
            group, unsaid, bill = group[settled], unsaid[settled], {name: values[settled] for name, values in bill.items()}
        keys = {name: values[group] for name, values in table.keys.items() if name in telling}
        ends = {"ends": np.zeros(len(group), dtype=np.int16)} if "ends" in telling else {}
        assumed = pl.DataFrame({"row": settled, **keys, **ends, **bill})
        row, spends, end = _further(table, group, bill, unsaid)
        if not len(row):
            return assumed, len(settled)
        more = {"row": settled[row], **{name: values[row] for name, values in keys.items()}}
        more |= {"ends": end.astype(np.int16)} if ends else {}
        more |= {name: spends if name == "self_funded" else values[row] for name, values in bill.items()}
        return pl.concat([assumed, pl.DataFrame(more)]), len(settled)

    def amounts(self) -> list[str]:
        """The amounts that bills come with."""
        return [name for name in AMOUNTS if name in ("total", "self_funded") or name in self._columns]

    def telling(self, known: int | None = None) -> list[str]:
        """The parts of a key by which the groups met so far differ, or the first `known` of them."""
        keys = [(*group.key, len(group.plans)) for group in self.groups[:known] if group.key is not None]
        differ = [len({key[number] for key in keys}) > 1 for number in range(len(Key._fields) - 1)]
        return [name for name, told in zip(Key._fields, [*differ, any(key[-1] > 1 for key in keys)], strict=True) if told]


def _further(table: "_GroupTable", group: Ints, bill: Mapping[str, Ints], unsaid: Flags) -> tuple[Ints, Ints, Ints]:
    """The bills beside the assumed ones: their row, self-funded part and end of range figures.

    An unsaid self-funded part is taken at each of its corners, and each of these and the assumed bill at each end of range figures.
    """
    total, self_funded = bill["total"], bill["self_funded"]
    first = bill.get("first_share", np.zeros_like(total))
    open_rows, more = np.flatnonzero(unsaid), table.ends[group] * (total > table.exact_to[group])
    corners = table.corners(group[open_rows], total[open_rows], first[open_rows]) if len(open_rows) else []
    row = np.concatenate([open_rows] * len(corners)) if corners else open_rows[:0]
    spends = np.concatenate(corners) if corners else self_funded[:0]
    ranged = np.flatnonzero(more)
    row_at_ends, spends_at_ends, end = _at_each_end(np.concatenate([ranged, row]), np.concatenate([self_funded[ranged], spends]), more)
    return np.concatenate([row, row_at_ends]), np.concatenate([spends, spends_at_ends]), np.concatenate([np.zeros_like(row), end])


def _at_each_end(row: Ints, spends: Ints, more: Ints) -> tuple[Ints, Ints, Ints]:
    """Bills once for each of the `more` ends of range figures that their row has, numbered from 1."""
    counts = more[row]
    again = np.repeat(np.arange(len(row)), counts)
    return row[again], spends[again], np.arange(len(again)) - (np.cumsum(counts) - counts)[again] + 1


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


class _Coder:
    """Small numbers for what the cells of one fact mean, given as they are met."""

    def __init__(self, meaning: Callable[[Any], Any]) -> None:
        self._meaning = meaning
        self.values: list[Any] = []
        self._numbers: dict[Any, int] = {}
        self._cells: dict[Any, int] = {}
        #: The code of each small number, where cells are numbers.
        self._table: Ints | None = None
        #: What every cell of the block before said, if it was the same: mostly the next block says it too.
        self._same: Any = None

    def codes(self, column: pl.Series | None, rows: int) -> Ints:
        """A number for each cell, -1 for one that means nothing. A column that is not there is one of empty cells."""
        if column is None:
            return np.full(rows, self._code(None), dtype=np.int64)
        if column.dtype.is_integer() or column.dtype in (pl.Date, pl.Boolean):
            return self._by_number(column)
        if self._same is not None and (column == self._same).all(ignore_nulls=False):
            return np.full(rows, self._code(self._same), dtype=np.int64)
        codes = self._known(column)
        unseen = codes == _UNSEEN
        if unseen.any():
            self._learn(column.filter(pl.Series(unseen)))
            codes = self._known(column)
            codes = np.where(codes == _UNSEEN, _UNREADABLE, codes)
        self._same = column[0] if rows and codes.min() == codes.max() else None
        return codes

    def _by_number(self, column: pl.Series) -> Ints:
        """The same where cells are numbers themselves, such as days: small ones stand in a table, the others are looked up one by one."""
        numbers = column.to_physical().cast(pl.Int64, strict=False)
        known = (numbers.fill_null(0) if numbers.null_count() else numbers).to_numpy()
        small = known.min(initial=0) >= 0 and known.max(initial=0) < _SMALL_CELLS
        codes = self._in_table(known, column.dtype) if small else self._one_by_one(known, column.dtype)
        if not numbers.null_count():
            return codes
        empty = column.is_null().to_numpy()
        return np.where(empty, self._code(None), np.where(numbers.is_null().to_numpy(), _UNREADABLE, codes))

    def _in_table(self, known: Ints, dtype: pl.DataType) -> Ints:
        if self._table is None:
            self._table = np.full(_SMALL_CELLS, _UNSEEN, dtype=np.int64)
        codes = self._table[known]
        unseen = known[codes == _UNSEEN]
        if not len(unseen):
            return codes
        met = np.unique(unseen)
        self._table[met] = self._one_by_one(met, dtype)
        return self._table[known]

    def _one_by_one(self, known: Ints, dtype: pl.DataType) -> Ints:
        found, places = np.unique(known, return_inverse=True)
        return _ints(self._code(cell) for cell in pl.Series(found).cast(dtype).to_list())[places]

    def _learn(self, cells: pl.Series) -> None:
        """Look up cells not met before; those that mean nothing are not kept, there may be any number of them."""
        fresh = {cell: self._code(cell) for cell in cells.unique().to_list() if cell not in self._cells}
        self._cells |= {cell: code for cell, code in fresh.items() if code != _UNREADABLE}

    def _known(self, column: pl.Series) -> Ints:
        if not self._cells:
            codes = np.full(len(column), _UNSEEN, dtype=np.int64)
        else:
            codes = column.replace_strict(list(self._cells), list(self._cells.values()), default=_UNSEEN, return_dtype=pl.Int64).to_numpy()
        return np.where(column.is_null().to_numpy(), self._code(None), codes) if column.null_count() else codes

    def _code(self, cell: Any) -> int:
        if cell in self._cells:
            return self._cells[cell]
        try:
            value = self._meaning(cell)
        except ValueError:
            return _UNREADABLE
        if value not in self._numbers:
            self._numbers[value] = len(self.values)
            self.values.append(value)
        return self._numbers[value]


class _Combined:
    """A number for each combination of codes, looked up once."""

    def __init__(self, look_up: Callable[..., int]) -> None:
        self._look_up = look_up
        self._known: dict[tuple[int, ...], int] = {}
        #: How many of each code there have been, and the number of each combination of so many, as far as met.
        self._sizes: tuple[int, ...] = ()
        self._table = np.zeros(0, dtype=np.int64)

    def numbers(self, codes: Sequence[Ints]) -> Ints:
        """The number of each row's combination, -1 where one of its codes is."""
        self._make_room(codes)
        mixed = np.zeros(len(codes[0]), dtype=np.int64)
        for each, size in zip(codes, self._sizes, strict=True):
            if size > 1:
                mixed = mixed * size + each
        unreadable = [each < 0 for each in codes if each.min(initial=0) < 0]
        if not unreadable:
            return self._looked_up(mixed)
        fine = ~np.logical_or.reduce(unreadable)
        result = np.full(len(mixed), _UNREADABLE, dtype=np.int64)
        result[fine] = self._looked_up(mixed[fine])
        return result

    def _make_room(self, codes: Sequence[Ints]) -> None:
        met = tuple(int(each.max(initial=0)) + 1 for each in codes)
        sizes = tuple(map(max, met, self._sizes or met))
        if sizes != self._sizes:
            self._sizes = sizes
            self._table = np.full(min(prod(sizes), _SMALL_TABLE), _UNSEEN, dtype=np.int64)

    def _looked_up(self, mixed: Ints) -> Ints:
        if prod(self._sizes) > len(self._table):
            found, places = np.unique(mixed, return_inverse=True)
            return self._numbers(found)[places]
        numbers = self._table[mixed]
        unseen = mixed[numbers == _UNSEEN]
        if not len(unseen):
            return numbers
        met = np.unique(unseen)
        self._table[met] = self._numbers(met)
        return self._table[mixed]

    def _numbers(self, mixed: Ints) -> Ints:
        return _ints(self._number(_parted(int(each), self._sizes)) for each in mixed)

    def _number(self, combination: tuple[int, ...]) -> int:
        if combination not in self._known:
            self._known[combination] = self._look_up(*combination)
        return self._known[combination]


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
