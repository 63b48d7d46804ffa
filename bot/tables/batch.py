"""A whole table settled: read, settle, write beside what it held, list what was rejected, add up what it came to."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from bot.speech import Voice, reject_words
from bot.tables.amounts import Flags, Ints
from bot.tables.encode import Encoder
from bot.tables.errors import TableError
from bot.tables.names import NESTED, REQUIRED, Columns, Names
from bot.tables.persons import PersonSettler
from bot.tables.reading import Table, open_table
from bot.tables.run import Engine
from bot.tables.settle import STATUSES, RowReader, Settled, Settler
from bot.tables.summary import Summary
from bot.tables.writing import RejectsFile, check_rows, write_table
from engine import LAYERS, Shelf

#: Rows settled at a time: few enough to keep memory low, enough to keep columns worth their while.
_BLOCK = 50_000
_MONEY = pl.Decimal(14, 2)
_OWN = ("hospital_borne", "out_of_pocket", "out_of_pocket_low", "out_of_pocket_high")

#: Told when a stage begins: its name, and how many rows it will go through; gives back what to call with rows done.
Progress = Callable[[str, int], Callable[[int], None]]


@dataclass(frozen=True, slots=True)
class Job:
    """What to settle and where to. `place` holds for every row of a table without that column; `warn_at` in fen; `master`: Spark's."""

    source: Path
    target: Path
    engine: str
    place: str | None
    drop_names: bool
    warn_at: int
    master: str

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
    notes: Sequence[tuple[str, Mapping[str, str]]]


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
    with _scratch(job.target) as folder, open_table(job.source, folder, _lazy(progress, "reading")) as table:
        check_rows(job.target, table.rows)
        return _Batch(job, shelf, names, voice, table, folder, progress).run()


class _Batch:
    """One job under way."""

    def __init__(self, job: Job, shelf: Shelf, names: Names, voice: Voice, table: Table, folder: Path, progress: Progress) -> None:
        self.job, self.shelf, self.names, self.voice = job, shelf, names, voice
        self.table, self.folder, self.progress = table, folder, progress
        self.columns = names.columns_of(table.columns)
        self.fixed = {} if job.place is None or "place" in self.columns.facts else {"place": job.place}
        _check_columns(self.columns, self.fixed, table, voice)
        self.layers = self._layers()
        self.dropped = self.columns.personal if job.drop_names else ()
        self.kept = [column for column in table.columns if column not in self.dropped]
        self._check_names()
        self.summary = Summary(self.layers, job.warn_at, by_person="person" in self.columns.facts)

    def run(self) -> Done:
        done = Done(self.summary, self.columns, self.dropped, self.table.notes)
        rejects = RejectsFile(self.job.rejects)
        try:
            if not self.table.rows:
                raise TableError("no_rows", name=self.table.path.name)
            blocks = self._blocks()
            write_table(self._output(blocks, rejects), self._schema(), self.job.target)
        except _AllRejectedError:
            rejects.finish()
            raise NothingSettledError(done) from None
        except BaseException:
            rejects.discard()
            raise
        rejects.finish()
        return done

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
        for frame in self.table.frames(_BLOCK):
            yield frame, settler.settle(frame)
            tick(len(frame))

    def _by_person(self) -> Iterator[tuple[pl.DataFrame, Settled]]:
        settler = PersonSettler(self.shelf, self.names, self.columns.facts, self.fixed, self.layers, self.folder)
        settler.take(_ticked(self.table.frames(_BLOCK), self.progress("sorting", self.table.rows)), self.table.schema)
        settler.fold(self.summary, self.progress("settling", self.table.rows))
        yield from _side_by_side(_ticked(self.table.frames(_BLOCK), self.progress("writing", self.table.rows)), settler.settled())

    def _output(self, blocks: Iterator[tuple[pl.DataFrame, Settled]], rejects: RejectsFile) -> Iterator[pl.DataFrame]:
        """The frames to write. A table of which no row can be settled is not written."""
        number, written = self.table.first_row, 0
        for frame, settled in blocks:
            self.summary.add(settled)
            for reject in settled.rejects:
                column = self.columns.facts.get(reject.fault.field, reject.fault.field)
                rejects.add(number + reject.row, column, reject_words(self.voice, column, reject.fault), reject.fault.code)
            number += len(frame)
            if settled.fine.any():
                out = self._beside(frame.select(self.kept), settled)
                written += len(out)
                yield out
        if not written:
            raise _AllRejectedError

    def _beside(self, frame: pl.DataFrame, settled: Settled) -> pl.DataFrame:
        """The kept columns of a block with the results; without rejected rows."""
        known = settled["status"] != STATUSES.index("refused")
        editions = pl.Series([edition.policy.edition for edition in self.shelf.editions()])
        results = {
            "edition": editions.gather(settled["edition"].astype(np.uint32)),
            "status": pl.Series(STATUSES).gather(settled["status"].astype(np.uint32)),
            **{name: decimals(settled[name], known) for name in (*(f"paid_{layer}" for layer in self.layers), *_OWN)},
        }
        out = frame.hstack([column.alias(name) for name, column in results.items()])
        return out if settled.fine.all() else out.filter(pl.Series(settled.fine))

    def _schema(self) -> pl.Schema:
        kept = [(column, self.table.schema[column]) for column in self.kept]
        results = [("edition", pl.String()), ("status", pl.String()), *((name, _MONEY) for name in self._amounts())]
        return pl.Schema([*kept, *results])

    def _amounts(self) -> list[str]:
        return [*(f"paid_{layer}" for layer in self.layers), *_OWN]

    def _layers(self) -> list[str]:
        """The layers of all packs of the places in the table, in the order in which layers pay."""
        places = {self.fixed["place"]} if self.fixed else self._places()
        known = {key for edition in self.shelf.editions() if edition.policy.place in places for key in edition.policy.layers}
        return [key for key in LAYERS if key in known]

    def _places(self) -> set[str]:
        cells: set[Any] = set()
        for frame in self.table.frames(_BLOCK):
            cells.update(frame[self.columns.facts["place"]].unique().to_list())
        return {self.names.value("place", cell) for cell in cells}

    def _check_names(self) -> None:
        """No column of the table may have the name of a result."""
        taken = [column for column in self.kept if column in {"edition", "status", *self._amounts()}]
        if taken:
            raise TableError("column_taken", columns="、".join(taken))


class _AllRejectedError(Exception):
    """No row of the table could be settled."""


def _check_target(job: Job) -> None:
    if job.source.resolve() == job.target.resolve():
        raise TableError("same_file", name=job.target.name)
    check_rows(job.target, 0)


def _check_columns(columns: Columns, fixed: Mapping[str, Any], table: Table, voice: Voice) -> None:
    nested = [column for column in table.columns if column in NESTED]
    if nested:
        raise TableError("nested_column", columns="、".join(nested))
    missing = [fact for fact in REQUIRED if fact not in columns.facts and fact not in fixed]
    if missing:
        wanted = "、".join(voice.say("table.column", name=voice.say(f"slot.{fact}"), fact_key=fact) for fact in missing)
        raise TableError("columns_missing", wanted=wanted, found="、".join(table.columns[:20]))


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


def _lazy(progress: Progress, stage: str) -> Callable[[int], None]:
    """A stage that begins when it is told of its first rows; how many there will be it does not know."""
    ticks: list[Callable[[int], None]] = []

    def tick(rows: int) -> None:
        if not ticks:
            ticks.append(progress(stage, 0))
        ticks[0](rows)

    return tick


@contextmanager
def _scratch(target: Path) -> Iterator[Path]:
    """A folder for what has to be unpacked or sorted, on the disk that the result goes to; gone afterwards."""
    try:
        folder = Path(tempfile.mkdtemp(prefix=".nengbao-", dir=target.resolve().parent))
    except OSError as error:
        raise TableError("cannot_write", name=str(target.resolve().parent)) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
