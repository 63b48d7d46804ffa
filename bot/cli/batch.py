"""`nengbao batch`: a whole table of bills, with a progress bar, a list of what was rejected, and a summary."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import click

from bot.cli.common import EXIT_REQUEST, PRINT_OPTIONS, fail, knowledge_of, known_place, options, read_settings
from bot.cli.ending import ended_like_ctrl_c, ignore_ctrl_c, own_words_only
from bot.cli.progress import Progress
from bot.tables import WARN_AT

if TYPE_CHECKING:
    from bot.knowledge import Knowledge
    from bot.speech import Voice
    from bot.tables.batch import Done, Job

_EXTRAS = dict.fromkeys(("pyspark", "pandas"), "spark")


@click.command()
@click.argument("source", type=click.Path(path_type=Path), metavar="IN")
@click.argument("target", type=click.Path(path_type=Path), metavar="OUT")
@click.option(
    "--engine", default="polars", show_default=True, type=click.Choice(["polars", "duckdb", "spark"]), help="What settles the table."
)
@click.option("--place", help="Where everybody is insured, for a table without that column.")
@click.option("--drop-names", is_flag=True, help="Leave out columns that name people: names, ID numbers, telephones, addresses.")
@click.option("--warn-at", metavar="YUAN", help=f"Eligible cost left unpaid in a year from which to warn; {WARN_AT} unless given.")
@click.option("--master", default="local[*]", show_default=True, help="Address of the Spark master; with --engine spark.")
@options(PRINT_OPTIONS)
def batch(
    source: Path, target: Path, engine: str, place: str | None, drop_names: bool, warn_at: str | None, master: str, form: str, lang: str
) -> None:
    """Settle a table: IN and OUT are .csv, .xlsx or .parquet.

    Columns are keys of a case or what offices call them; rows with the same `person` are settled one after the other by day. Rows that are
    wrong are listed in OUT.rejects.csv.
    """
    with own_words_only(), ended_like_ctrl_c() as ending:
        voice: Voice | None = None
        try:
            knowledge = knowledge_of(read_settings(None))
            voice = knowledge.voice(lang)
            _settle(knowledge, voice, _Asked(source, target, engine, place, drop_names, warn_at, master), form, ending)
        except KeyboardInterrupt:
            ignore_ctrl_c()
            fail(voice.say("table.interrupted") if voice else "已停下，没有写出任何结果。")


@dataclass(frozen=True, slots=True)
class _Asked:
    """The words of the command."""

    source: Path
    target: Path
    engine: str
    place: str | None
    drop_names: bool
    warn_at: str | None
    master: str


def _settle(knowledge: "Knowledge", voice: "Voice", asked: _Asked, form: str, ending: Event) -> None:
    """Settle the table and tell what it came to. What cannot be ends the command; `ending` tells that somebody asked for that."""
    try:
        from bot.tables.batch import Job, NothingSettledError, run_job
        from bot.tables.errors import TableError
    except ModuleNotFoundError as error:
        fail(voice.say("table.no_extra", extra=_EXTRAS.get(error.name or "", "bulk"), name=error.name), EXIT_REQUEST)
    names, own_threshold = _names(knowledge), asked.warn_at is not None
    place = asked.place if asked.place is None else known_place(voice, knowledge, names.value("place", asked.place))
    warn_at = _fen(voice, asked.warn_at or WARN_AT)
    job = Job(asked.source, asked.target, asked.engine, place, asked.drop_names, warn_at, asked.master)
    try:
        done = run_job(job, knowledge.shelf, names, voice, Progress(voice).stage)
    except NothingSettledError as error:
        _tell(voice, job, error.done, form, own_threshold=own_threshold, err=True)
        sys.exit(EXIT_REQUEST)
    except TableError as error:
        if ending.is_set():  # a table cut short looks like a broken one
            raise KeyboardInterrupt from error
        fail(voice.say(f"table.{error.code}", **error.values), error.status)
    except ModuleNotFoundError as error:
        fail(voice.say("table.no_extra", extra=_EXTRAS.get(error.name or "", "bulk"), name=error.name), EXIT_REQUEST)
    try:
        _tell(voice, job, done, form, own_threshold=own_threshold)
    except BrokenPipeError:
        raise
    except OSError:
        fail(voice.say("table.not_shown", name=job.target.name))


def _tell(voice: "Voice", job: "Job", done: "Done", form: str, *, own_threshold: bool, err: bool = False) -> None:
    """Notes about the columns go to standard error, the summary to standard output; with nothing settled all goes to standard error."""
    from bot.tables.words import batch_json, batch_lines

    for line in _notes(voice, done):
        click.echo(line, err=True)
    if form == "json" and not err:
        click.echo(json.dumps(batch_json(done.summary), ensure_ascii=False, indent=2))
        return
    for line in batch_lines(voice, done.summary, job.target.name, job.rejects.name, own_threshold=own_threshold):
        click.echo(line, err=err)


def _notes(voice: "Voice", done: "Done") -> list[str]:
    """What a user should know of how the columns were taken."""
    lines = [voice.say(f"table.{key}", **values) for key, values in done.notes]
    lines += [voice.say("batch.column.unused", column=column, taken=taken) for column, taken in done.columns.unused.items()]
    lines += [voice.say("batch.column.doubtful", column=column, near=near) for column, near in done.columns.doubtful.items()]
    return lines + ([voice.say("batch.dropped", columns=list(done.dropped))] if done.dropped else [])


def _names(knowledge: "Knowledge") -> Any:
    from bot import resources
    from bot.tables.names import Names

    return Names.read(resources.TABLE_WORDS, knowledge.vocabulary, knowledge.shelf, tuple(knowledge.voices.values()))


def _fen(voice: "Voice", amount: str) -> int:
    from bot.speech import fault_words
    from engine import Fault, MoneyError, fen

    try:
        return fen(amount)
    except MoneyError as error:
        fail(fault_words(voice, Fault("--warn-at", error.code)), EXIT_REQUEST)
