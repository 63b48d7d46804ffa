"""A block of rows settled: in columns where that goes, one by one where a row is out of the ordinary; and what is wrong with the others."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Self, TypeVar

import numpy as np
import polars as pl

from bot.tables.amounts import Flags, Ints
from bot.tables.encode import Encoder, Rows
from bot.tables.names import FACTS, MONEY, Names
from bot.tables.run import Engine, Runner, runner
from engine import CATEGORIES, Amounts, Case, CaseError, Fault, Refusal, Shelf, read_case, settle_amounts
from engine.columns import CellPlan
from engine.groups import Group, Key

T = TypeVar("T")
STATUSES = ("computed", "partial", "refused")
_COMPUTED, _PARTIAL, _REFUSED = range(3)
#: So many spellings are kept at most.
_MOST_KNOWN = 100_000
LISTED = ("edition", "category", "status", "total")
AMOUNTS = ("hospital_borne", "out_of_pocket", "out_of_pocket_low", "out_of_pocket_high", "eligible_unpaid")


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that cannot be settled: its place in the table (from 0), and what is wrong with which fact."""

    row: int
    fault: Fault


@dataclass(slots=True)
class Settled:
    """What a block of rows comes to: one array each, amounts in fen.

    `edition` numbers the editions of the shelf, `category` CATEGORIES, `status` STATUSES. Amounts of a refused row mean nothing; of a row
    that is not `fine` nothing does, and `rejects` say why.
    """

    fine: Flags
    numbers: dict[str, Ints]
    rejects: list[Reject]

    @classmethod
    def of(cls, rows: int, layers: Sequence[str]) -> Self:
        """Nothing settled yet."""
        names = (*LISTED, *(f"paid_{layer}" for layer in layers), *AMOUNTS)
        return cls(np.zeros(rows, dtype=bool), {name: np.zeros(rows, dtype=np.int64) for name in names}, [])

    def __getitem__(self, name: str) -> Ints:
        return self.numbers[name]

    def put(self, row: int, edition: int, case: Case, answer: Amounts | Refusal) -> None:
        """One row that was settled by itself."""
        self.fine[row] = True
        for name, value in _numbers(edition, case, answer).items():
            self.numbers[name][row] = value

    def reject(self, row: int, error: CaseError) -> None:
        """One row that was rejected."""
        self.rejects += [Reject(row, fault) for fault in error.faults]

    def split(self, rows: int) -> "tuple[Settled, Settled | None]":
        """The first rows, and the rest if there is any."""
        if rows >= len(self.fine):
            return self, None
        head, tail = ({name: values[part] for name, values in self.numbers.items()} for part in (slice(rows), slice(rows, None)))
        rest = [replace(reject, row=reject.row - rows) for reject in self.rejects if reject.row >= rows]
        first = Settled(self.fine[:rows], head, [reject for reject in self.rejects if reject.row < rows])
        return first, Settled(self.fine[rows:], tail, rest)

    def only_fine(self) -> "Settled":
        """Without the rows that were rejected."""
        if self.fine.all():
            return self
        return Settled(self.fine[self.fine], {name: values[self.fine] for name, values in self.numbers.items()}, [])

    @classmethod
    def joined(cls, parts: "Sequence[Settled]") -> Self:
        """Blocks one after the other."""
        numbers = {name: np.concatenate([part.numbers[name] for part in parts]) for name in parts[0].numbers}
        starts = np.cumsum([0, *(len(part.fine) for part in parts)]).tolist()
        rejects = [replace(reject, row=start + reject.row) for start, part in zip(starts, parts, strict=False) for reject in part.rejects]
        return cls(np.concatenate([part.fine for part in parts]), numbers, rejects)


def _numbers(edition: int, case: Case, answer: Amounts | Refusal) -> dict[str, int]:
    listed = {"edition": edition, "category": CATEGORIES.index(case.category), "total": case.total}
    if isinstance(answer, Refusal):
        return listed | {"status": _REFUSED}
    paid = {f"paid_{layer}": amount for layer, amount in answer.payouts.items()}
    own = {"out_of_pocket": answer.own, "out_of_pocket_low": answer.low, "out_of_pocket_high": answer.high}
    rest = {"hospital_borne": answer.hospital, "eligible_unpaid": answer.eligible_unpaid, "status": STATUSES.index(answer.status)}
    return listed | paid | own | rest


class RowReader:
    """Reads one row as a case, the way a single question is read."""

    def __init__(self, names: Names, columns: Mapping[str, str], fixed: Mapping[str, Any]) -> None:
        self._names, self._fixed = names, dict(fixed)
        self._columns = {fact: column for fact, column in columns.items() if fact in FACTS}
        self._known: dict[tuple[str, Any], Any] = {}

    def case(self, row: Mapping[str, Any]) -> Case:
        """The case of a row. Raises CaseError naming every wrong fact."""
        return read_case(self.said(row))

    def said(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The facts that a row says, as a contract case has them."""
        said = {fact: self._value(fact, row[column]) for fact, column in self._columns.items()} | self._fixed
        if said.get("facility") is not None:
            said["facility"] = self._names.facility(said.get("place", ""), said["facility"])
        return {fact: value for fact, value in said.items() if value is not None}

    def _value(self, fact: str, cell: Any) -> Any:
        """What a cell says; of short lists and days looked up once for each spelling."""
        if cell is None or fact in MONEY or fact == "disease":
            return self._names.value(fact, cell)
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
        if (fact, cell) not in self._known:
            self._known[fact, cell] = self._names.value(fact, cell)
        return self._known[fact, cell]


class Settler:
    """Settles the blocks of a table whose rows are independent of each other."""

    def __init__(self, shelf: Shelf, engine: Engine, encoder: Encoder, reader: RowReader, layers: Sequence[str]) -> None:
        self._shelf, self._engine, self._encoder, self._reader, self._layers = shelf, engine, encoder, reader, layers
        self._editions = edition_numbers(shelf)
        self._runner: Runner | None = None
        self._known = 0

    def settle(self, frames: Iterable[pl.DataFrame]) -> Iterator[tuple[pl.DataFrame, Settled]]:
        """Blocks of rows with what they come to; while one is settled, the next is encoded in another thread."""
        for frame, rows, settled in one_ahead(map(self._encoded, frames)):
            if len(rows.bills):
                result = self._ready(rows.known).settle(rows.bills)
                bring_together({name: result[name].to_numpy() for name in result.columns}, rows.settled, settled)
            yield frame, settled

    def _encoded(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, Rows, Settled]:
        rows = self._encoder.encode(frame)
        return frame, rows, self.begun(frame, rows)

    def begun(self, frame: pl.DataFrame, rows: Rows) -> Settled:
        """A block of rows with everything but what their bills come to."""
        settled = Settled.of(len(frame), self._layers)
        odd = np.flatnonzero(rows.group < 0)
        settled.numbers["total"] = rows.total.copy() if len(odd) else rows.total
        self._listed(rows, settled)
        for row, said in zip(odd.tolist(), frame[odd].iter_rows(named=True), strict=True):
            self._one_by_one(row, said, settled)
        return settled

    def _ready(self, known: int) -> Runner:
        """The runner for so many groups, made again when a block brought new ones."""
        if self._runner is None or self._known != known:
            plans = plans_of(self._encoder.groups[:known])
            self._runner, self._known = runner(self._engine, plans, self._encoder.telling(known), self._encoder.amounts()), known
        return self._runner

    def _listed(self, rows: Rows, settled: Settled) -> None:
        """Edition and category of all rows with a group, and those that no rule answers."""
        groups = self._encoder.groups[: rows.known]
        if not groups:
            return
        refused = np.array([group.key is None for group in groups])
        listed = {
            "edition": np.array([group.chosen.number for group in groups], dtype=np.int64),
            "category": np.array([group.key.category if group.key else 0 for group in groups], dtype=np.int64),
        }
        grouped = rows.group >= 0
        for name, values in listed.items():
            settled.numbers[name] = np.where(grouped, values[rows.group], 0)
        none = grouped & refused[rows.group]
        settled.fine |= none
        settled["status"][none] = _REFUSED

    def _one_by_one(self, row: int, said: Mapping[str, Any], settled: Settled) -> None:
        try:
            case = self._reader.case(said)
            answer = settle_amounts(case, self._shelf)
        except CaseError as error:
            settled.reject(row, error)
            return
        settled.put(row, self._editions[edition_key(answer)], case, answer)


def one_ahead(items: Iterator[T]) -> Iterator[T]:
    """The same items; while one is used the next is made in a thread of its own."""
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = thread.submit(next, items, None)
            yield item


def bring_together(bills: Mapping[str, Ints], rows: int, settled: Settled) -> None:
    """What the bills of a block came to: its `rows` as assumed, and then those between which lies what is unknown."""
    assumed = {name: values[:rows] for name, values in bills.items()}
    where, own, is_open = assumed["row"], assumed["out_of_pocket"], assumed["open"] == 1
    low, high = np.where(is_open, own - assumed["eligible_unpaid"], own), own
    if len(bills["row"]) > rows:
        low, high = low.copy(), high.copy()
        more = {name: values[rows:] for name, values in bills.items()}
        at = np.searchsorted(where, more["row"])
        floor = more["out_of_pocket"] - more["eligible_unpaid"]
        np.minimum.at(low, at, np.where(is_open[at], floor, more["out_of_pocket"]))
        np.maximum.at(high, at, more["out_of_pocket"])
    answers = {name: values for name, values in assumed.items() if name in settled.numbers}
    answers |= {"out_of_pocket_low": low, "out_of_pocket_high": high, "status": np.where(is_open, _PARTIAL, _COMPUTED)}
    settled.fine[where] = True
    for name, values in answers.items():
        if len(where) == len(settled.fine):
            settled.numbers[name] = values
        else:
            settled.numbers[name][where] = values


def plans_of(groups: Iterable[Group]) -> dict[Key, CellPlan]:
    """The plans of groups by key, at each choice of ends."""
    plans: dict[Key, CellPlan] = {}
    for group in groups:
        patient = group.chosen.edition.policy.first_share == "patient"
        for ends, plan in enumerate(group.plans):
            if group.key is not None:
                plans[group.key._replace(ends=ends)] = CellPlan(plan, patient)
    return plans


def edition_numbers(shelf: Shelf) -> dict[str, int]:
    """The number of each edition on a shelf, by its key."""
    return {edition.pack.key: number for number, edition in enumerate(shelf.editions())}


def edition_key(answer: Amounts | Refusal) -> str:
    """The edition that answered, or would have to."""
    return f"{answer.policy.place}/{answer.policy.edition}"
