"""What a worker of a Spark cluster does with its part of a table: all but the numbers, which Spark's own SQL works out.

Rows come and go as Arrow. A block of rows travels through the SQL as one row with the block itself, then its bills; as the SQL only adds
columns, they come out as they went in, and whoever finishes needs nothing but what it is handed.
"""

import io
import json
import tempfile
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain, pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import polars as pl
import pyarrow as pa

from bot import resources
from bot.files import no_formula
from bot.speech import Voice
from bot.tables.amounts import Ints
from bot.tables.batch import results_of
from bot.tables.days import by_days
from bot.tables.encode import Encoder, Rows
from bot.tables.names import Names
from bot.tables.persons import Fold, days_of, people_of
from bot.tables.rejects import RejectLines
from bot.tables.settle import RowReader, Settled, Settler, bring_together
from bot.tables.spark_lines import Form, Lines, table_of
from bot.tables.summary import Summary
from engine import CaseError, Shelf, read_shelf
from engine.groups import Key

#: A block is cut smaller when it takes more bytes than this.
_MOST_BYTES = 32 << 20
_NO_KEY = Key(*[0] * len(Key._fields))
REJECTS = ("row", "column", "reason", "code", "file")

Batches = Iterator[Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a part of a file stands in it, by lines: so many come before; those behind `first` up to `last` are rows of the table."""

    before: int
    first: int
    last: int


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """A table and what to do with it, as it travels to the workers. `packs` are the rules, as JSON by place and edition."""

    packs: Mapping[str, str]
    names: Names
    lang: str
    base: str
    columns: tuple[str, ...]
    kept: tuple[str, ...]
    facts: Mapping[str, str]
    fixed: Mapping[str, Any]
    warn_at: int
    form: Form | None = None
    layers: tuple[str, ...] = ()
    telling: tuple[str, ...] = ()
    places: frozenset[str] = frozenset()
    parts: Mapping[tuple[str, int], Place] | None = None

    def summary(self) -> Summary:
        """Sums of nothing yet."""
        return Summary(list(self.layers), self.warn_at, by_person="person" in self.facts)


def packs_of(shelf: Shelf) -> dict[str, str]:
    """The rules of a shelf with all overlays laid on them, so that a worker needs no files."""
    return {edition.pack.key: json.dumps(edition.pack.patched.data, ensure_ascii=False) for edition in shelf.editions()}


def _shelf_of(packs: Mapping[str, str]) -> Shelf:
    with tempfile.TemporaryDirectory() as folder:
        for key, text in packs.items():
            path = Path(folder, f"{key}.yaml")
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return read_shelf([Path(folder)])


class Sums:
    """How Spark adds up the summaries of its tasks: each task that ends well is counted once."""

    def zero(self, summary: Summary) -> Summary:
        """Sums of nothing."""
        return Summary(summary.layers, summary.warn_at, summary.by_person)

    def addInPlace(self, summary: Summary, other: Summary) -> Summary:  # noqa: N802 - Spark's name
        """Add what another task came to."""
        summary.merge(other)
        return summary


@lru_cache(maxsize=2)
def worker_of(task: Task) -> "Worker":
    """The worker for a task, made once in each process."""
    return Worker(task)


def guarded(work: Callable[[Batches], Batches], batches: Batches) -> Batches:
    """Work whose failure names a kind and a line: Spark logs what is raised, and words of libraries may repeat cells."""
    try:
        yield from work(batches)
    except Exception as error:
        at = traceback.extract_tb(error.__traceback__)[-1]
        kind, place = type(error).__name__, f"{Path(at.filename).name}:{at.lineno}"
    else:
        return
    raise RuntimeError(f"nengbao: {kind} at {place}")


class Worker:
    """Does the parts of one task in one process."""

    def __init__(self, task: Task) -> None:
        self.task, self.shelf = task, _shelf_of(task.packs)
        self._encoder = Encoder(self.shelf, task.names, task.facts, task.fixed)
        reader = RowReader(task.names, task.facts, task.fixed)
        self._settler = Settler(self.shelf, "polars", self._encoder, reader, task.layers)

    @cached_property
    def _lines(self) -> RejectLines:
        task = self.task
        return RejectLines(Voice(resources.LOCALES, task.lang), self.shelf, task.names, task.facts, task.columns, set(task.places), 0)

    def look(self, batches: Batches) -> Batches:
        """How many rows each part of a file has, what is wrong with it, and which places and keys were met."""
        lines, places = Lines(self.task.form, self.task.columns), set()
        encoder = Encoder(self.shelf, self.task.names, self.task.facts, self.task.fixed)
        for part in _parts(batches):
            table = lines.take(part.file, part.start, part.rows)
            if table is None or not table.num_rows:
                continue
            frame = self._frame(table)
            if "place" in self.task.facts:
                places |= {self.task.names.value("place", cell) for cell in frame[self.task.facts["place"]].unique().to_list()}
            if "person" not in self.task.facts:
                encoder.encode(frame)
        keys = [list(group.key) for group in encoder.groups if group.key is not None]
        told = {"parts": lines.told(), "keys": keys, "places": sorted(place for place in places if isinstance(place, str))}
        yield pa.RecordBatch.from_pydict({"told": [json.dumps(told)]})

    def encoded(self, batches: Batches) -> Batches:
        """Blocks of rows, each followed by its bills."""
        for _, _, table in self._tables(batches):
            frame = self._frame(table)
            rows = self._encoder.encode(frame)
            yield self._carried(table, rows, self._settler.begun(frame, rows))

    def finished(self, batches: Batches, sums: Any) -> Batches:
        """The kept columns with the results, without rejected rows."""
        summary = self.task.summary()
        for block, bills in _blocks(batches):
            table, settled, rows = _unpacked(block, self.task.layers)
            if rows:
                bring_together(bills, rows, settled)
            summary.add(settled)
            yield from self._results(table, settled)
        sums.add(summary)

    def rejected(self, batches: Batches) -> Batches:
        """The rows that cannot be settled."""
        for file, number, table in self._tables(batches):
            frame = self._frame(table)
            rejects = self._settler.begun(frame, self._encoder.encode(frame)).rejects
            yield from _listed((number + row, *told, file) for row, *told in self._lines.of(frame, rejects))

    def by_person(self, batches: Batches) -> Batches:
        """Rows with what they are sorted by: whose they are, their day, file and number."""
        for file, number, table in self._tables(batches):
            frame = _frame(table)
            kept = table.select(list(self.task.kept))
            person = people_of(frame, self.task.facts).to_arrow().cast(pa.string())
            day = days_of(frame, self.task.facts, self.task.names).to_arrow()
            row = np.arange(number, number + len(frame))
            yield from _positioned([*kept.columns, person, day, pa.array([file] * len(frame), pa.string()), pa.array(row)])

    def folded(self, batches: Batches, sums: Any) -> Batches:
        """Each person's years as one fold: the kept columns with the results, without rejected rows."""
        summary = self.task.summary()
        for table, settled in self._folded(batches, summary):
            summary.add(settled)
            yield from self._results(table.select(range(len(self.task.kept))), settled)
        sums.add(summary)

    def fold_rejected(self, batches: Batches) -> Batches:
        """The rows that the fold rejects."""
        for table, settled in self._folded(batches, self.task.summary()):
            frame, file, row = _frame(table.select(range(len(self.task.kept)))), table.column(-2), table.column(-1)
            told = self._lines.of(frame.rename(dict(zip(frame.columns, self.task.kept, strict=True))), settled.rejects)
            yield from _listed((row[at].as_py(), *line, file[at].as_py()) for at, *line in told)

    def _folded(self, batches: Batches, summary: Summary) -> Iterator[tuple[Any, Settled]]:
        facts = {fact: self.task.kept.index(column) for fact, column in self.task.facts.items()}
        fold = Fold(self.shelf, RowReader(self.task.names, {fact: fact for fact in facts}, self.task.fixed), summary)
        editions = {edition.pack.key: number for number, edition in enumerate(self.shelf.editions())}
        size, one_file = len(self.task.kept), len({file for file, _ in self.task.parts or ()}) == 1
        for batch, following in pairwise(chain((batch for batch in batches if batch.num_rows), [None])):
            table = pa.Table.from_batches([batch])
            told = {fact: table.column(at) for fact, at in facts.items()}
            told |= {"_person": table.column(size), "_day": table.column(size + 1)} | ({"_row": table.column(size + 3)} if one_file else {})
            rows = _frame(pa.table(told)).iter_rows(named=True)
            nexts = [*table.column(size).to_pylist()[1:], following.column(size)[0].as_py() if following else None]
            settled = Settled.of(table.num_rows, self.task.layers)
            for at, (row, person) in enumerate(zip(rows, nexts, strict=True)):
                try:
                    case, answer = fold.settle(row, alone=person != row["_person"])
                    settled.put(at, editions[f"{answer.policy.place}/{answer.policy.edition}"], case, answer)
                except CaseError as error:
                    settled.reject(at, error)
            yield table, settled
        fold.finish()

    def _tables(self, batches: Batches) -> Iterator[tuple[str, int, Any]]:
        """The rows of the table, with their file and the number of the first."""
        counted: dict[tuple[str, int], int] = {}
        for part in _parts(batches):
            here = (part.file, part.start)
            place = (self.task.parts or {})[here]
            begin = place.before + counted.get(here, 0) + 1
            counted[here] = counted.get(here, 0) + part.rows.num_rows
            first, last = max(0, place.first - begin + 1), min(part.rows.num_rows, place.last - begin + 1)
            if first < last:
                table = table_of(self.task.form, self.task.columns, part.rows.slice(first, last - first))
                for at, piece in _pieces(table):
                    yield _shown(part.file, self.task.base), begin + first + at, piece

    def _carried(self, table: Any, rows: Rows, settled: Settled) -> Any:
        """A row with the block, then a row for each bill."""
        bills, groups = rows.bills, self._encoder.groups
        group = rows.group[bills["row"].to_numpy()]
        keys = np.array([group.key or _NO_KEY for group in groups] or [_NO_KEY], dtype=np.int16)
        columns = {"row": bills["row"].to_numpy()}
        for name in self.task.telling:
            columns[name] = bills[name].to_numpy() if name == "ends" and name in bills.columns else keys[group, Key._fields.index(name)]
        columns |= {name: bills[name].to_numpy() for name in self._encoder.amounts()}
        block = _packed(table.select(list(self.task.kept)), settled, rows.settled)
        arrays = {
            name: pa.array(np.concatenate([values[:0], np.array([-1 if name == "row" else 0], values.dtype), values]))
            for name, values in columns.items()
        }
        return pa.RecordBatch.from_pydict({**arrays, "block": pa.array([block, *[None] * len(bills)], pa.binary())})

    def _results(self, table: Any, settled: Settled) -> Batches:
        results = [column.to_arrow() for column in results_of(settled, self.shelf, self.task.layers).values()]
        plain = [column.cast(pa.decimal128(14, 2) if pa.types.is_decimal(column.type) else pa.string()) for column in results]
        yield from _positioned([*table.columns, *plain], settled.fine)

    def _frame(self, table: Any) -> pl.DataFrame:
        return by_days(_frame(table), self.task.facts)


def _listed(lines: Iterable[tuple[Any, ...]]) -> Batches:
    """Lines of the list of rejects."""
    rows = [(row, no_formula(column), said, code, file) for row, column, said, code, file in lines]
    if rows:
        kinds = [pa.int64(), *[pa.string()] * (len(REJECTS) - 1)]
        yield pa.RecordBatch.from_arrays(
            [pa.array(cells, kind) for cells, kind in zip(zip(*rows, strict=True), kinds, strict=True)], list(REJECTS)
        )


@dataclass(frozen=True, slots=True)
class _Part:
    """Rows that stand one below the other in one part of a file."""

    file: str
    start: int
    rows: Any


def _parts(batches: Batches) -> Iterator[_Part]:
    for batch in batches:
        if not batch.num_rows:
            continue
        file, start = batch.column("file"), batch.column("start").to_numpy()
        number = file.dictionary_encode().indices.to_numpy()
        turns = np.flatnonzero((number[1:] != number[:-1]) | (start[1:] != start[:-1])) + 1
        rows = batch.select(range(batch.num_columns - 2))
        for begin, end in pairwise([0, *turns.tolist(), batch.num_rows]):
            yield _Part(file[begin].as_py(), int(start[begin]), rows.slice(begin, end - begin))


def _pieces(table: Any) -> Iterator[tuple[int, Any]]:
    """A table in as many pieces as keep each block small, with where each begins."""
    size = max(1, table.num_rows * _MOST_BYTES // max(table.nbytes, _MOST_BYTES))
    for begin in range(0, table.num_rows, size):
        yield begin, table.slice(begin, size)


def _shown(file: str, base: str) -> str:
    """The name of a file below the folder that was asked for, or of the one that was."""
    name = unquote(file)
    inside = name.partition(f"{base.rstrip('/')}/")[2]
    return inside or name.rpartition("/")[2]


def _frame(table: Any) -> pl.DataFrame:
    return pl.DataFrame(pl.from_arrow(table))


def _positioned(columns: Sequence[Any], fine: Any = None) -> Batches:
    """Columns named by their position, which Spark takes for a name whatever they are called."""
    table = pa.table(list(columns), names=[str(at) for at in range(len(columns))])
    if fine is not None and not fine.all():
        table = table.filter(pa.array(fine))
    yield from table.combine_chunks().to_batches()


def _packed(table: Any, settled: Settled, rows: int) -> bytes:
    """A block with what is known of its rows before their bills are settled; `rows` have bills."""
    names = [name for name, values in settled.numbers.items() if values.any()]
    arrays = [*table.columns, pa.array(settled.fine), *(pa.array(settled[name]) for name in names)]
    told = json.dumps({"kept": table.column_names, "numbers": names, "rows": rows})
    schema = pa.schema([(str(at), array.type) for at, array in enumerate(arrays)], metadata={"told": told})
    out = io.BytesIO()
    with pa.ipc.new_stream(out, schema) as stream:
        stream.write_table(pa.table(arrays, schema=schema))
    return out.getvalue()


def _unpacked(block: bytes, layers: Sequence[str]) -> tuple[Any, Settled, int]:
    packed = pa.ipc.open_stream(block).read_all()
    told = json.loads(packed.schema.metadata[b"told"])
    kept, numbers = len(told["kept"]), told["numbers"]
    settled = Settled.of(packed.num_rows, layers)
    settled.fine[:] = packed.column(kept).to_numpy()
    settled.numbers |= {name: packed.column(kept + 1 + at).to_numpy().copy() for at, name in enumerate(numbers)}
    return packed.select(range(kept)), settled, int(told["rows"])


def _blocks(batches: Batches) -> Iterator[tuple[bytes, dict[str, Ints]]]:
    """Each block with what its bills came to."""
    block: bytes | None = None
    parts: list[Any] = []
    for batch in batches:
        carried, at = batch.column("block"), 0
        for begin in np.flatnonzero(carried.is_valid().to_numpy(zero_copy_only=False)).tolist():
            if block is not None:
                yield block, _joined([*parts, batch.slice(at, begin - at)])
            block, parts, at = carried[begin].as_py(), [], begin + 1
        parts.append(batch.slice(at))
    if block is not None:
        yield block, _joined(parts)


def _joined(parts: Sequence[Any]) -> dict[str, Ints]:
    bills = pa.Table.from_batches(parts)
    return {name: bills.column(name).to_numpy() for name in bills.column_names if name != "block"}
