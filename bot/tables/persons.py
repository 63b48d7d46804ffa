"""Tables that say who is who: each person's settlements of a year, in the order of their days, through the one fold of single questions.

DuckDB sorts the facts by person and day, and the results back into the order of the table; it spills to disk when memory is full.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl

from bot.tables.names import FACTS, Names
from bot.tables.settle import AMOUNTS, LISTED, Reject, RowReader, Settled, edition_key, edition_numbers
from bot.tables.summary import Summary
from bot.tables.writing import write_table
from engine import Amounts, Case, CaseError, Fault, PersonYear, Refusal, Shelf, settle_amounts

#: What sorting may take before it goes to disk.
_MEMORY = "300MB"
_BLOCK = 50_000
#: Progress is told every so many rows.
_TICK = 1_000
#: Stands behind the last row.
_NOBODY: dict[str, Any] = {"_person": None}


class PersonSettler:
    """Settles a table whose rows belong to people. Call `take`, `fold`, then `settled`, each once."""

    def __init__(
        self, shelf: Shelf, names: Names, columns: Mapping[str, str], fixed: Mapping[str, Any], layers: Sequence[str], folder: Path
    ) -> None:
        """`columns` names the column of each fact and of `person`; `folder` holds what is sorted."""
        self._shelf, self._names, self._layers, self._folder = shelf, names, layers, folder
        self._columns = columns
        self._said = {fact: column for fact, column in columns.items() if fact in FACTS}
        self._reader = RowReader(names, {fact: fact for fact in self._said}, fixed)
        self._editions = edition_numbers(shelf)

    def take(self, frames: Iterator[pl.DataFrame], schema: pl.Schema) -> None:
        """Put the facts of all rows aside, with the day that each row tells."""
        facts = [(fact, schema[column]) for fact, column in self._said.items()]
        kept = pl.Schema([("_row", pl.Int64()), ("_person", pl.String()), ("_day", pl.Date()), *facts])
        _sink(self._facts(frames), kept, self._folder / "facts.parquet")

    def fold(self, summary: Summary, tick: Callable[[int], None]) -> None:
        """Settle all rows, person by person."""
        schema = pl.Schema({**dict.fromkeys(("_row", *self._names_of_numbers()), pl.Int64), "_fine": pl.Boolean, "_faults": pl.String})
        _sink(self._results(summary, tick), schema, self._folder / "results.parquet")
        (self._folder / "facts.parquet").unlink()

    def settled(self) -> Iterator[Settled]:
        """The results in the order of the table, in blocks."""
        for frame in self._sorted("results", "_row"):
            numbers = {name: frame[name].to_numpy() for name in self._names_of_numbers()}
            rejects = [
                Reject(row, Fault(*told))
                for row, faults in enumerate(frame["_faults"].to_list())
                if faults is not None
                for told in json.loads(faults)
            ]
            yield Settled(frame["_fine"].to_numpy(), numbers, rejects)

    def _names_of_numbers(self) -> tuple[str, ...]:
        return (*LISTED, *(f"paid_{layer}" for layer in self._layers), *AMOUNTS)

    def _facts(self, frames: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
        taken = 0
        for frame in frames:
            facts = {fact: frame[column] for fact, column in self._said.items()}
            row, day = np.arange(taken, taken + len(frame)), days_of(frame, self._columns, self._names)
            yield pl.DataFrame({"_row": row, "_person": people_of(frame, self._columns), "_day": day, **facts})
            taken += len(frame)

    def _sorted(self, name: str, by: str) -> Iterator[pl.DataFrame]:
        with duckdb.connect() as connection:
            connection.execute(f"SET memory_limit='{_MEMORY}'; SET threads=2; SET temp_directory='{self._folder / 'spill'}'")
            source = str(self._folder / f"{name}.parquet").replace("'", "''")
            sorted_rows = connection.sql(f"SELECT * FROM read_parquet('{source}') ORDER BY {by}")  # noqa: S608 - our own file's name
            for batch in sorted_rows.to_arrow_reader(_BLOCK):
                yield pl.DataFrame(pl.from_arrow(batch))

    def _results(self, summary: Summary, tick: Callable[[int], None]) -> Iterator[pl.DataFrame]:
        fold, block = Fold(self._shelf, self._reader, summary), _Block(self._layers)
        rows = (
            row for frame in self._sorted("facts", "_person NULLS FIRST, _day NULLS FIRST, _row") for row in frame.iter_rows(named=True)
        )
        number = 0
        for number, (row, following) in enumerate(pairwise(chain(rows, [_NOBODY])), 1):
            try:
                case, answer = fold.settle(row, alone=following["_person"] != row["_person"])
                block.put(row["_row"], self._editions[edition_key(answer)], case, answer)
            except CaseError as error:
                block.reject(row["_row"], error)
            if block.full:
                yield block.frame()
                block = _Block(self._layers)
            if number % _TICK == 0:
                tick(_TICK)
        fold.finish()
        tick(number % _TICK)
        yield block.frame()


def people_of(frame: pl.DataFrame, columns: Mapping[str, str]) -> pl.Series:
    """Whose each row is, however the number or name was typed; null where nobody is named."""
    person = frame[columns["person"]].cast(pl.String).str.normalize("NFKC").str.replace_all(r"\s+", "").str.replace(r"^(\d{17})x$", "${1}X")
    return person.set(person == "", None)


def days_of(frame: pl.DataFrame, columns: Mapping[str, str], names: Names) -> pl.Series:
    """The day each row tells; null where it tells none that can be read."""
    cells = frame[columns["on"]] if "on" in columns else None
    told = [] if cells is None else cells.drop_nulls().unique().to_list()
    if cells is None or not told:
        return pl.repeat(None, len(frame), dtype=pl.Date, eager=True)
    return cells.replace_strict(told, [_day(names.value("on", cell)) for cell in told], default=None, return_dtype=pl.Date)


class _Block:
    """A block of results on its way to the file."""

    def __init__(self, layers: Sequence[str]) -> None:
        self._settled = Settled.of(_BLOCK, layers)
        self._rows: list[int] = []
        self._faults: list[str | None] = []

    @property
    def full(self) -> bool:
        return len(self._rows) == _BLOCK

    def put(self, row: int, edition: int, case: Case, answer: Amounts | Refusal) -> None:
        self._settled.put(len(self._rows), edition, case, answer)
        self._add(row, None)

    def reject(self, row: int, error: CaseError) -> None:
        self._add(row, json.dumps([[fault.field, fault.code, dict(fault.values)] for fault in error.faults]))

    def _add(self, row: int, faults: str | None) -> None:
        self._rows.append(row)
        self._faults.append(faults)

    def frame(self) -> pl.DataFrame:
        size = len(self._rows)
        numbers = {name: values[:size] for name, values in self._settled.numbers.items()}
        rows, faults = pl.Series(self._rows, dtype=pl.Int64), pl.Series(self._faults, dtype=pl.String)
        return pl.DataFrame({"_row": rows, **numbers, "_fine": self._settled.fine[:size], "_faults": faults})


class Fold:
    """The settlements of all people, told one after the other; counts people and those whose year passes the warning threshold."""

    def __init__(self, shelf: Shelf, reader: RowReader, summary: Summary) -> None:
        self._shelf, self._reader, self._summary = shelf, reader, summary
        self._person: str | None = None
        self._year, self._number, self._unpaid = PersonYear(shelf), 0, 0
        self._category, self._warned, self._lost = "", False, False
        #: The row of this person and year that was rejected first, where rows are numbered.
        self._rejected: int | None = None

    def settle(self, row: Mapping[str, Any], *, alone: bool) -> tuple[Case, Amounts | Refusal]:
        """The next row; `alone` says that it is its person's last. Raises CaseError for one that cannot be settled."""
        if row["_person"] is None:
            case = self._reader.case(row)
            return case, settle_amounts(case, self._shelf)
        first = row["_person"] != self._person
        if first:
            self.finish()
            self._person, self._lost, self._number, self._rejected = row["_person"], False, 0, None
        try:
            case = self._read(row, alone=first and alone)
            self._turn_to(row["_day"].year if row["_day"] else 0)
            answer = self._year.settle(case)
        except CaseError as error:
            raise CaseError(self._pointing(error, row.get("_row"))) from error
        if isinstance(answer, Amounts):
            self._category = case.category
            self._unpaid += answer.eligible_unpaid
        return case, answer

    def _pointing(self, error: CaseError, row: int | None) -> list[Fault]:
        """The faults of a row, and which row keeps it from being settled where an earlier one does."""
        if self._rejected is None:
            self._rejected = row
            return list(error.faults)
        at = {"row": str(self._rejected)}
        return [Fault(fault.field, fault.code, at) if fault.code == "earlier_row_rejected" else fault for fault in error.faults]

    def finish(self) -> None:
        """The person told last has no more rows."""
        self._turn_to(0)
        if self._category:
            group = self._summary.group(self._category)
            group.people = (group.people or 0) + 1
            group.warned += self._warned
        self._category, self._warned = "", False

    def _read(self, row: Mapping[str, Any], *, alone: bool) -> Case:
        """The case of a row. A row without a day may stand anywhere in the year, so it is only taken when it stands alone."""
        try:
            if self._lost:
                raise CaseError([Fault("person", "earlier_row_rejected")])
            case = self._reader.case(row)
            if row["_day"] is None and not alone:
                raise CaseError([Fault("on", "day_needed")])
        except CaseError:
            if row["_day"] is None:
                self._lost = True
            else:
                self._turn_to(row["_day"].year)
                self._year.reject()
            raise
        return case

    def _turn_to(self, number: int) -> None:
        """Begin another year when it is another one."""
        if number == self._number and self._number:
            return
        self._warned = self._warned or self._unpaid > self._summary.warn_at
        self._year, self._number, self._unpaid = PersonYear(self._shelf), number, 0
        if not self._lost:
            self._rejected = None


def _sink(frames: Iterator[pl.DataFrame], schema: pl.Schema, path: Path) -> None:
    """Write frames to a file of our own."""
    write_table((frame.cast(dict(schema)) for frame in frames), schema, path)  # type: ignore[arg-type]


def _day(text: Any) -> date | None:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        return None
