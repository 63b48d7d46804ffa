"""A whole table settled on a Spark cluster: the same reading, the same expression of all plans and the same fold as on one machine.

Spark looks through the table once for its rows, places and keys, so that all plans are known here; then it settles and writes it.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bot.speech import Voice
from bot.tables import csv_text
from bot.tables.batch import Done, Job, NothingSettledError, Progress, amounts_told, check_columns, check_names, layers_of_places
from bot.tables.encode import Encoder
from bot.tables.errors import TableError, disk_full, disk_is_full
from bot.tables.names import Columns, Names
from bot.tables.reading import column_names, without_blank_end
from bot.tables.settle import plans_of
from bot.tables.spark_lines import Form
from bot.tables.spark_master import Files, apart, session_at
from bot.tables.spark_work import REJECTS, Place, Sums, Task, guarded, packs_of, worker_of
from bot.tables.writing import REJECTS_HEADER
from engine import Shelf
from engine.columns import settled_columns
from engine.groups import Key, group_at

_MONEY = "decimal(14,2)"
_ENCODINGS = ("utf-8", "gb18030")
_HEAD = 1 << 20
#: Rows of people that one task settles, about half a minute of work.
_FOLDED = 100_000
_BOM = b"\xef\xbb\xbf"
_GLOB = re.compile(r"([\\*?\[\]{}])")
_TOLD = re.compile(r"nengbao: (\w+ at [\w.]+:\d+)")
_CSV = {"header": "true", "escape": '"', "ignoreLeadingWhiteSpace": "false", "ignoreTrailingWhiteSpace": "false", "encoding": "UTF-8"}


def run_on_spark(job: Job, shelf: Shelf, names: Names, voice: Voice, progress: Progress) -> Done:
    """Settle a table on the cluster at the job's master. The result is a folder; nothing has its name before all of it is written.

    Raises TableError, NothingSettledError when no row could be settled, and ModuleNotFoundError without the extra.
    """
    for path in (job.source, job.target):
        if path.suffix.lower() == ".xlsx":
            raise TableError("spark_xlsx", name=path.name)
    with session_at(job.master) as session:
        return _SparkBatch(job, shelf, names, voice, progress, session).run()


@dataclass(frozen=True, slots=True)
class _Source:
    """A table as Spark reads it: its columns by position, or lines, and behind them the file and the beginning of the part they stand in.

    `kinds` are Spark's types of the columns.
    """

    rows: Any
    columns: tuple[str, ...]
    kinds: tuple[Any, ...]
    form: Form | None = None


@dataclass(frozen=True, slots=True)
class _Look:
    """What a look through the table found."""

    rows: int
    places: frozenset[str]
    keys: tuple[Key, ...]
    parts: Mapping[tuple[str, int], Place]


class _SparkBatch:
    """One job under way."""

    def __init__(self, job: Job, shelf: Shelf, names: Names, voice: Voice, progress: Progress, session: Any) -> None:
        self.job, self.shelf, self.names, self.voice = job, shelf, names, voice
        self.progress, self.session, self.files = progress, session, Files(session)
        self.source, self.target, self.rejects = (self.files.address(path) for path in (job.source, job.target, job.rejects))

    def run(self) -> Done:
        """Look, settle, list what was rejected, put all in place."""
        self._see_target()
        with _honest(self.job.source):
            source, task, columns, look = self._looked()
        tick = self.progress("settling", look.rows)
        written, listed = self.files.temporary(self.target), self.files.temporary(self.rejects)
        try:
            with _honest(self.job.target):
                done = self._settle(source, task, columns, look, written)
                tick(look.rows)
                if done.summary.rejected:
                    self._reject(source, task, look, listed)
            self._put(done, written, listed)
        except NothingSettledError:
            raise
        except BaseException:
            apart(self.session.stop)  # what still runs would go on writing
            raise
        finally:
            for address in (written, listed):
                apart(partial(self.files.remove, address))
        return done

    def _looked(self) -> tuple[_Source, Task, Columns, _Look]:
        """The table and what is in it. A CSV that is not UTF-8 is read as GB18030."""
        csv = self._is_csv()
        for encoding in _ENCODINGS if csv else _ENCODINGS[:1]:
            try:
                source = self._lines(encoding) if csv else self._parquet()
                task, columns = self._task(source)
                return source, *self._known(source, task, columns)
            except TableError as error:
                if error.code != "bad_encoding" or encoding == _ENCODINGS[-1] or not csv:
                    raise
        raise AssertionError

    def _known(self, source: _Source, task: Task, columns: Columns) -> tuple[Task, Columns, _Look]:
        """The task with what a look through the table tells of it."""
        tick = self.progress("reading", 0)
        look = self._look(source, task)
        tick(look.rows)
        if not look.rows:
            raise TableError("no_rows", name=self.job.source.name)
        layers = layers_of_places(self.shelf, {task.fixed["place"]} if task.fixed else set(look.places))
        check_names(task.kept, layers)
        ends = any(len(group_at(self.shelf, key).plans) > 1 for key in look.keys)
        differ = [name for name, values in zip(Key._fields, zip(*look.keys, strict=True), strict=False) if len(set(values)) > 1]
        telling = tuple(name for name in Key._fields if name in differ or (name == "ends" and ends))
        places = frozenset([task.fixed["place"]] if task.fixed else look.places)
        return replace(task, layers=tuple(layers), telling=telling, places=places, parts=look.parts), columns, look

    def _see_target(self) -> None:
        """Raises TableError where there is nothing to read, or where the result would take the place of a folder that is none of ours."""
        if not self.files.exists(self.source):
            raise TableError("no_such_file", name=str(self.job.source))
        folder = self.target.rpartition("/")[0]
        if self.target.startswith("file:") and not self.files.exists(folder or "file:/"):
            raise TableError("no_such_folder", folder=str(self.job.target.parent))
        for address in (self.target, self.rejects):
            if self.files.exists(address) and self.files.is_folder(address) and not self.files.exists(f"{address}/_SUCCESS"):
                raise TableError("is_folder", name=address)

    def _is_csv(self) -> bool:
        ending = self.job.source.suffix.lower()
        if ending not in (".csv", ".parquet") and self.files.is_folder(self.source):
            ending = next((Path(name).suffix.lower() for name in self.files.inside(self.source)), "")
        if ending not in (".csv", ".parquet"):
            raise TableError("unknown_ending", name=self.job.source.name)
        return ending == ".csv"

    def _parquet(self) -> _Source:
        rows = self.session.read.parquet(_GLOB.sub(r"\\\1", self.source))
        fields = rows.schema.fields
        names = column_names(self.job.source, [field.name for field in fields])
        with_parts = rows.select("*", "_metadata.file_path", "_metadata.file_block_start")
        numbered = with_parts.toDF(*map(str, range(len(fields))), "file", "start")
        return _Source(numbered, tuple(names), tuple(field.dataType for field in fields))

    def _lines(self, encoding: str) -> _Source:
        from pyspark.sql.types import StringType

        form, names = self._form(encoding)
        lines = self.session.read.option("lineSep", "\n").text(_GLOB.sub(r"\\\1", self.source))
        rows = lines.selectExpr("CAST(value AS BINARY)", "_metadata.file_path", "_metadata.file_block_start").toDF("line", "file", "start")
        return _Source(rows, names, (StringType(),) * len(names), form)

    def _form(self, encoding: str) -> tuple[Form, tuple[str, ...]]:
        """How lines are written, and the names of the columns: by the beginning of the first file."""
        first = self.source
        if self.files.is_folder(first):
            first = f"{first}/{next(iter(self.files.inside(first)), '')}"
        start = self.files.start_of(first, _HEAD).removeprefix(_BOM)
        whole = start[: start.rfind(b"\n") + 1] or start
        name = self.job.source.name
        try:
            text = whole.decode(encoding)
        except UnicodeDecodeError:
            raise TableError("bad_encoding", name=name, row="1") from None
        with TemporaryDirectory() as folder:
            sample = Path(folder, name)
            sample.write_text(text, encoding="utf-8", newline="")
            head = csv_text.head(sample)
        line = whole.split(b"\n")[head.lines].removesuffix(b"\r")
        named = column_names(self.job.source, without_blank_end(head.header))
        return Form(encoding, head.separator, line, len(head.header)), tuple(named)

    def _task(self, source: _Source) -> tuple[Task, Columns]:
        columns = self.names.columns_of(source.columns)
        fixed = {} if self.job.place is None or "place" in columns.facts else {"place": self.job.place}
        check_columns(columns, fixed, source.columns, self.voice)
        kept = tuple(column for column in source.columns if not (self.job.drop_names and column in columns.personal))
        self._see_kinds(source, kept)
        base = self.source.partition(":")[2]
        facts = dict(columns.facts)
        packs = packs_of(self.shelf)
        task = Task(packs, self.names, self.voice.lang, base, source.columns, kept, facts, fixed, self.job.warn_at, source.form)
        return task, columns

    def _see_kinds(self, source: _Source, kept: Sequence[str]) -> None:
        """Lists, structures and bytes have no cell in CSV."""
        for column, kind in zip(source.columns, source.kinds, strict=True):
            if self.job.target.suffix.lower() == ".csv" and column in kept and kind.typeName() in ("array", "map", "struct", "binary"):
                raise TableError("column_kind", name=self.job.target.name, column=column)

    def _look(self, source: _Source, task: Task) -> _Look:
        travelling = self.session.sparkContext.broadcast(task)
        told = source.rows.mapInArrow(lambda batches: guarded(worker_of(travelling.value).look, batches), "told string").collect()
        found = [json.loads(row.told) for row in told]
        parts, rows = self._parts([part for each in found for part in each["parts"]])
        places = frozenset(place for each in found for place in each["places"])
        keys = sorted({Key(*key) for each in found for key in each["keys"]})
        return _Look(rows, places, tuple(keys), parts)

    def _parts(self, told: list[list[Any]]) -> tuple[dict[tuple[str, int], Place], int]:
        """Where each part stands in its file, and how many rows there are. Raises TableError for what is wrong in one."""
        places: dict[tuple[str, int], Place] = {}
        every = 0
        for file, parts in groupby(sorted(told, key=lambda part: part[:2]), key=lambda part: part[0]):
            known, before = list(parts), 0
            begins = []
            for _, _, rows, _, _, wrong in known:
                if wrong:
                    row = str(before + wrong[1])
                    raise TableError(wrong[0], name=file.rpartition("/")[2], row=row, place=row)
                begins.append(before)
                before += rows
            header = known[0][3]
            last = max(begin + part[4] if part[4] else 0 for begin, part in zip(begins, known, strict=True))
            places |= {(file, part[1]): Place(begin, header, last) for begin, part in zip(begins, known, strict=True)}
            every += max(0, last - header)
        return places, every

    def _settle(self, source: _Source, task: Task, columns: Columns, look: _Look, written: str) -> Done:
        """Write the settled rows; what they came to."""
        context = self.session.sparkContext
        travelling, sums = context.broadcast(task), context.accumulator(task.summary(), Sums())
        results = [("edition", "string"), ("status", "string"), *((name, _MONEY) for name in amounts_told(task.layers))]
        form = _schema([*self._kinds(source, task), *(kind for _, kind in results)])
        if "person" in task.facts:
            rows = self._sorted(source, task, look, travelling).mapInArrow(
                lambda batches: guarded(lambda each: worker_of(travelling.value).folded(each, sums), batches), form
            )
        else:
            rows = self._numbers(source, task, look, travelling).mapInArrow(
                lambda batches: guarded(lambda each: worker_of(travelling.value).finished(each, sums), batches), form
            )
        self._write(rows.toDF(*task.kept, *(name for name, _ in results)), written, csv=self.job.target.suffix.lower() == ".csv")
        dropped = columns.personal if self.job.drop_names else ()
        return Done(sums.value, columns, dropped, ())

    def _numbers(self, source: _Source, task: Task, look: _Look, travelling: Any) -> Any:
        """Blocks of rows and their bills, with what these come to: the expression of all plans as Spark's SQL."""
        import ibis

        amounts = Encoder(self.shelf, self.names, task.facts, task.fixed).amounts()
        form = ", ".join(
            ("row bigint", *(f"{name} smallint" for name in task.telling), *(f"{name} bigint" for name in amounts), "block binary")
        )
        bills = source.rows.mapInArrow(lambda batches: guarded(worker_of(travelling.value).encoded, batches), form)
        if not look.keys:
            return bills
        bills.createOrReplaceTempView("nengbao_bills")
        connection = ibis.pyspark.connect(self.session)
        plans = plans_of(group_at(self.shelf, key) for key in look.keys)
        return self.session.sql(connection.compile(settled_columns(connection.table("nengbao_bills"), plans, ["row", "block"])))

    def _sorted(self, source: _Source, task: Task, look: _Look, travelling: Any) -> Any:
        """All rows of a person together and in the order of their days; those without a person by themselves, wherever there is room."""
        from pyspark.sql import functions

        form = _schema([*self._kinds(source, task), "string", "date", "string", "long"])
        rows = source.rows.mapInArrow(lambda batches: guarded(worker_of(travelling.value).by_person, batches), form)
        size = len(task.kept)
        person, day, file, row = (functions.col(str(size + at)) for at in range(4))
        apart = functions.coalesce(person, functions.concat_ws(":", file, row))
        # By number, because by itself Spark would take as few as the bytes fill: a year takes much work for its size.
        tasks = max(2 * self.session.sparkContext.defaultParallelism, look.rows // _FOLDED)
        return rows.repartition(tasks, apart).sortWithinPartitions(person, day, file, row)

    def _kinds(self, source: _Source, task: Task) -> list[Any]:
        known = dict(zip(source.columns, source.kinds, strict=True))
        return [known[column] for column in task.kept]

    def _reject(self, source: _Source, task: Task, look: _Look, listed: str) -> None:
        """List the rejected rows: they are looked for again, as two tables cannot be written in one go."""
        travelling = self.session.sparkContext.broadcast(task)
        form = ", ".join(f"{name} {'bigint' if name == 'row' else 'string'}" for name in REJECTS)
        if "person" in task.facts:
            rows, work = self._sorted(source, task, look, travelling), "fold_rejected"
        else:
            rows, work = source.rows, "rejected"
        rejects = rows.mapInArrow(lambda batches: guarded(getattr(worker_of(travelling.value), work), batches), form)
        self._write(rejects.orderBy("file", "row").toDF(*REJECTS_HEADER, "文件"), listed, csv=True)

    def _write(self, rows: Any, address: str, *, csv: bool) -> None:
        rows.write.options(**_CSV).csv(address) if csv else rows.write.parquet(address)

    def _put(self, done: Done, written: str, listed: str) -> None:
        """Give the result its name, and the list of rejects; without these a list of an earlier run goes away."""
        nothing = done.summary.rejected == done.summary.rows
        if not nothing:
            self.files.put(written, self.target)
        if done.summary.rejected:
            self.files.put(listed, self.rejects)
        else:
            self.files.remove(self.rejects)
        if nothing:
            raise NothingSettledError(done)


def _schema(kinds: Sequence[Any]) -> Any:
    """Columns named by their position."""
    from pyspark.sql.types import StructType

    schema = StructType()
    for at, kind in enumerate(kinds):
        schema.add(str(at), kind)
    return schema


@contextmanager
def _honest(path: Path) -> Iterator[None]:
    """What Spark raises within, as a TableError. Its own words may repeat cells, so they are not told."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (Py4JError, PySparkException) as error:
        if disk_is_full(error):
            raise disk_full(path) from None
        told = _TOLD.search(str(error))
        raise TableError("failed", status=1, where=told[1] if told else f"Spark {type(error).__name__}") from None
