"""A whole table settled: read, settle, write beside what it held, list what was rejected, add up what it came to."""

import os
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from polars.exceptions import PanicException

from bot.speech import Voice
from bot.tables.amounts import Flags, Ints
from bot.tables.encode import Encoder
from bot.tables.errors import TableError, Values, disk_full, disk_is_full
from bot.tables.names import NESTED, REQUIRED, Columns, Names
from bot.tables.reading import Table, open_table
from bot.tables.rejects import RejectLines
from bot.tables.run import Engine
from bot.tables.settle import STATUSES, RowReader, Settled, Settler
from bot.tables.summary import Summary
from bot.tables.writing import Rejects, RejectsFile, check_rows, scratch_beside, write_table
from engine import LAYERS, Shelf

#: Rows settled at a time: few enough to keep memory low, enough to keep columns worth their while.
_BLOCK = 25_000
_MONEY = pl.Decimal(14, 2)
_OWN = ("hospital_borne", "out_of_pocket", "out_of_pocket_low", "out_of_pocket_high")

#: Told when a stage begins: its name, and how many rows it will go through; gives back what to call with rows done.
Progress = Callable[[str, int], Callable[[int], None]]


@dataclass(frozen=True, slots=True)
class Job:
    """What to settle and where to. `place` holds for every row of a table without that column; `warn_at` in fen; `master`: Spark's.

    `person`: the column that tells people apart, where another one than usual does. `replaced`: columns of results, which are worked out
    anew.
    """

    source: Path
    target: Path
    engine: str
    place: str | None
    drop_names: bool
    warn_at: int
    master: str
    person: str | None = None
    replaced: tuple[str, ...] = ()

    @property
    def rejects(self) -> Path:
        """Where rejected rows are listed."""
        return self.target.with_name(f"{self.target.stem}.rejects.csv")


@dataclass(frozen=True, slots=True)
class Done:
    """A table that was settled, which of its columns were understood how, and notes about the file."""

    summary: Summary
    columns: Columns
    dropped: tuple[str, ...]
    notes: Sequence[tuple[str, Values]]


@dataclass(frozen=True, slots=True)
class Result:
    """Rows of a block that were settled: their numbers beside the table, what it said of them, and what they came to."""

    numbers: Ints
    frame: pl.DataFrame
    settled: Settled


class NothingSettledError(Exception):
    """Every row was rejected: the list of them is written, the table is not."""

    def __init__(self, done: Done) -> None:
        super().__init__("nothing settled")
        self.done = done


def run_job(job: Job, shelf: Shelf, names: Names, voice: Voice, progress: Progress) -> Done:
    """Settle a table. Nothing appears under the target's name before all of it is written.

    Raises TableError, and NothingSettledError when no row could be settled.
    """
    _check_target(job)
    if job.engine == "spark":
        from bot.tables.spark import run_on_spark

        with honest(job.target):
            return run_on_spark(job, shelf, names, voice, progress)
    reading = lazy_stage(progress, "reading")
    with honest(job.target), scratch_beside(job.target) as folder, open_table(job.source, folder, reading) as table:
        check_rows(job.target, table.rows)
        return Batch(job, shelf, names, voice, table, folder, progress).run()


@contextmanager
def honest(target: Path) -> Iterator[None]:
    """Whatever breaks within, as a TableError that tells where and repeats no cell."""
    try:
        yield
    except (NothingSettledError, ModuleNotFoundError):
        raise
    except TableError as error:
        raise (disk_full(target) if error.code == "disk_full" else error) from error.__cause__
    except (Exception, PanicException) as error:
        if disk_is_full(error):
            raise disk_full(target) from error
        frame = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{type(error).__name__} {Path(frame.filename).name}:{frame.lineno}"
        raise TableError("failed", status=1, where=where) from error


class Batch:
    """One job under way. Raises TableError from its first step on."""

    def __init__(self, job: Job, shelf: Shelf, names: Names, voice: Voice, table: Table, folder: Path, progress: Progress) -> None:
        self.job, self.shelf, self.names, self.voice = job, shelf, names, voice
        self.table, self.folder, self.progress = table, folder, progress
        header = [column for column in table.columns if column not in job.replaced]
        self.columns = _told_apart(names.columns_of(header), job.person)
        self.fixed = {} if job.place is None or "place" in self.columns.facts else {"place": job.place}
        check_columns(self.columns, self.fixed, header, voice)
        places = {self.fixed["place"]} if self.fixed else self._places()
        self.layers = layers_of_places(shelf, places)
        self.lines = RejectLines(voice, shelf, names, self.columns.facts, table.columns, places, table.first_row)
        self.dropped = self.columns.personal if job.drop_names else ()
        self.kept = [column for column in header if column not in self.dropped]
        check_names(self.kept, self.layers)
        self.summary = Summary(self.layers, job.warn_at, by_person="person" in self.columns.facts)
        self.done = Done(self.summary, self.columns, self.dropped, table.notes)

    def run(self) -> Done:
        """Write the table beside its results."""
        rejects = RejectsFile(self.job.rejects)
        try:
            write_table((self.beside(result) for result in self.results(rejects)), self.schema(), self.job.target)
        except NothingSettledError:
            rejects.finish()
            raise
        except BaseException:
            rejects.discard()
            raise
        rejects.finish()
        return self.done

    def results(self, rejects: Rejects) -> Iterator[Result]:
        """What the rows come to, block by block; those that are rejected go to `rejects`. Raises NothingSettledError when all are."""
        if not self.table.rows:
            raise TableError("no_rows", name=self.table.path.name)
        number, settled_any = self.table.first_row, False
        for frame, settled in self._blocks():
            self.summary.add(settled)
            for row, *told in self.lines.of(frame, settled.rejects):
                rejects.add(number + row, *told)
            if settled.fine.any():
                settled_any = True
                rows, fine = np.flatnonzero(settled.fine), settled.only_fine()
                yield Result(number + rows, frame if settled.fine.all() else frame.filter(pl.Series(settled.fine)), fine)
            number += len(frame)
        rejects.seal()
        if not settled_any:
            raise NothingSettledError(self.done)

    def _blocks(self) -> Iterator[tuple[pl.DataFrame, Settled]]:
        """The rows of the table with what they came to, block by block."""
        if self.summary.by_person:
            yield from self._by_person()
            return
        encoder = Encoder(self.shelf, self.names, self.columns.facts, self.fixed)
        reader = RowReader(self.names, self.columns.facts, self.fixed)
        engine: Engine = "duckdb" if self.job.engine == "duckdb" else "polars"
        settler = Settler(self.shelf, engine, encoder, reader, self.layers)
        tick = self.progress("settling", self.table.rows)
        for frame, settled in settler.settle(self.table.frames(_BLOCK)):
            yield frame, settled
            tick(len(frame))

    def _by_person(self) -> Iterator[tuple[pl.DataFrame, Settled]]:
        from bot.tables.persons import PersonSettler  # brings DuckDB

        settler = PersonSettler(self.shelf, self.names, self.columns.facts, self.fixed, self.layers, self.folder)
        settler.take(_ticked(self.table.frames(_BLOCK), self.progress("sorting", self.table.rows)), self.table.schema)
        settler.fold(self.summary, self.progress("settling", self.table.rows))
        yield from _side_by_side(_ticked(self.table.frames(_BLOCK), self.progress("writing", self.table.rows)), settler.settled())

    def beside(self, result: Result) -> pl.DataFrame:
        """The kept columns of rows with their results."""
        told = results_of(result.settled, self.shelf, self.layers)
        return result.frame.select(self.kept).hstack([column.alias(name) for name, column in told.items()])

    def schema(self) -> pl.Schema:
        """The columns of `beside`."""
        kept = [(column, self.table.schema[column]) for column in self.kept]
        results = [("edition", pl.String()), ("status", pl.String()), *((name, _MONEY) for name in amounts_told(self.layers))]
        return pl.Schema([*kept, *results])

    def _places(self) -> set[Any]:
        """The places of the table, and what it says in their stead; of that there may be any number, so only its meaning is kept."""
        places: set[Any] = set()
        for frame in self.table.frames(_BLOCK):
            meant = (self.names.value("place", cell) for cell in frame[self.columns.facts["place"]].unique().to_list())
            places.update(place for place in meant if place in self.shelf.places)
        return places


def _told_apart(columns: Columns, person: str | None) -> Columns:
    """The columns, with people told apart by another one than usual."""
    if person is None:
        return columns
    return replace(columns, facts={**columns.facts, "person": person}, personal=tuple(each for each in columns.personal if each != person))


def _check_target(job: Job) -> None:
    for path in (job.target, job.rejects):
        if path.resolve() == job.source.resolve():
            raise TableError("same_file", name=job.source.name)
    check_rows(job.target, 0)
    if not job.target.parent.is_dir():
        raise TableError("no_such_folder", folder=str(job.target.parent))
    for path in (job.target, job.rejects):
        if job.engine != "spark" and os.path.isdir(path):  # Path raises for a name too long
            raise TableError("is_folder", name=str(path))


def check_columns(columns: Columns, fixed: Mapping[str, Any], header: Sequence[str], voice: Voice) -> None:
    """Raises TableError for a column that no table can hold, or when one is missing."""
    nested = [column for column in header if column in NESTED]
    if nested:
        raise TableError("nested_column", columns=nested)
    missing = [fact for fact in REQUIRED if fact not in columns.facts and fact not in fixed]
    if missing:
        called = [voice.say(f"slot.{fact}") for fact in missing]
        wanted = voice.listed(voice.say("table.column", name=name, fact_key=fact) for name, fact in zip(called, missing, strict=True))
        near = [voice.say("table.near", column=column, near=name) for column, name in columns.doubtful.items()]
        hints = [*near, voice.say("table.place_option")] if "place" in missing else near
        raise TableError("columns_missing", wanted=wanted, called=called, found=list(header[:20]), hints="".join(hints))


def check_names(kept: Sequence[str], layers: Sequence[str]) -> None:
    """Raises TableError when a column of the table has the name of a result."""
    taken = [column for column in kept if column in {"edition", "status", *amounts_told(layers)}]
    if taken:
        raise TableError("already_settled" if {"status", "out_of_pocket"} <= {*taken} else "column_taken", columns=taken)


def layers_of_places(shelf: Shelf, places: set[Any]) -> list[str]:
    """The layers of all packs of some places, in the order in which layers pay."""
    known = {key for edition in shelf.editions() if edition.policy.place in places for key in edition.policy.layers}
    return [key for key in LAYERS if key in known]


def amounts_told(layers: Sequence[str]) -> list[str]:
    """The columns of amounts that results have."""
    return [*(f"paid_{layer}" for layer in layers), *_OWN]


def results_of(settled: Settled, shelf: Shelf, layers: Sequence[str]) -> dict[str, pl.Series]:
    """The columns of results, of all rows of a block."""
    known = settled["status"] != STATUSES.index("refused")
    editions = pl.Series([edition.policy.edition for edition in shelf.editions()])
    return {
        "edition": editions.gather(settled["edition"].astype(np.uint32)),
        "status": pl.Series(STATUSES).gather(settled["status"].astype(np.uint32)),
        **{name: decimals(settled[name], known) for name in amounts_told(layers)},
    }


def decimals(fen: Ints, known: Flags | None = None) -> pl.Series:
    """Fen as a decimal with two places, null where not `known`; laid out in memory as Arrow does, because dividing is slow."""
    words = np.zeros((len(fen), 2), dtype=np.int64)
    words[:, 0] = fen
    mask = None if known is None or known.all() else pa.array(known).buffers()[1]
    return pl.Series(pl.from_arrow(pa.Decimal128Array.from_buffers(pa.decimal128(14, 2), len(fen), [mask, pa.py_buffer(words)])))


def _side_by_side(frames: Iterator[pl.DataFrame], blocks: Iterator[Settled]) -> Iterator[tuple[pl.DataFrame, Settled]]:
    """Frames with the results of their rows, which come in blocks of another size."""
    rest: Settled | None = None
    for frame in frames:
        parts, wanted = [], len(frame)
        while wanted:
            rest = rest or next(blocks)
            part, rest = rest.split(wanted)
            parts.append(part)
            wanted -= len(part.fine)
        yield frame, Settled.joined(parts)


def _ticked(frames: Iterator[pl.DataFrame], tick: Callable[[int], None]) -> Iterator[pl.DataFrame]:
    for frame in frames:
        yield frame
        tick(len(frame))


def lazy_stage(progress: Progress, stage: str) -> Callable[[int], None]:
    """A stage that begins when it is told how many rows are done for the first time; how many there will be it does not know."""
    ticks: list[Callable[[int], None]] = []
    before = 0

    def tick(rows: int) -> None:
        nonlocal before
        if not ticks:
            ticks.append(progress(stage, 0))
        ticks[0](rows - before)
        before = rows

    return tick
