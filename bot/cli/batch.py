"""`nengbao batch`: a whole table of bills, with a progress bar, a list of what was rejected, and a summary."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import click

from bot.cli.common import EXIT_REQUEST, PRINT_OPTIONS, fail, knowledge_of, options, read_settings

if TYPE_CHECKING:
    from bot.knowledge import Knowledge
    from bot.speech import Voice
    from bot.tables.batch import Done, Job

#: What is told when own eligible cost passes it; FACTS.md: a setting, without a document behind it.
_WARN_AT = "10000"
_EXTRAS = {"pyspark": "spark"}


@click.command()
@click.argument("source", type=click.Path(path_type=Path), metavar="IN")
@click.argument("target", type=click.Path(path_type=Path), metavar="OUT")
@click.option(
    "--engine", default="polars", show_default=True, type=click.Choice(["polars", "duckdb", "spark"]), help="What settles the table."
)
@click.option("--place", help="Where everybody is insured, for a table without that column.")
@click.option("--drop-names", is_flag=True, help="Leave out columns that name people: names, ID numbers, telephones, addresses.")
@click.option("--warn-at", metavar="YUAN", help=f"Eligible cost left unpaid in a year from which to warn; {_WARN_AT} unless given.")
@click.option("--master", default="local[*]", show_default=True, help="Address of the Spark master; with --engine spark.")
@options(PRINT_OPTIONS)
def batch(
    source: Path, target: Path, engine: str, place: str | None, drop_names: bool, warn_at: str | None, master: str, form: str, lang: str
) -> None:
    """Settle a table: IN and OUT are .csv, .xlsx or .parquet.

    Columns are keys of a case or what offices call them; rows with the same `person` are settled one after the other by day. Rows that are
    wrong are listed in OUT.rejects.csv.
    """
    knowledge = knowledge_of(read_settings(None))
    voice = knowledge.voice(lang)
    try:
        from bot.tables.batch import Job, NothingSettledError, run_job
        from bot.tables.errors import TableError
    except ModuleNotFoundError as error:
        fail(voice.say("table.no_extra", extra=_EXTRAS.get(error.name or "", "bulk"), name=error.name), EXIT_REQUEST)
    job = Job(source, target, engine, place, drop_names, _fen(voice, warn_at or _WARN_AT), master)
    _check_place(voice, knowledge, place)
    try:
        done = run_job(job, knowledge.shelf, _names(knowledge), voice, _Progress(voice).stage)
    except NothingSettledError as error:
        _tell(voice, job, error.done, form, own_threshold=warn_at is not None, err=True)
        sys.exit(EXIT_REQUEST)
    except TableError as error:
        fail(voice.say(f"table.{error.code}", **error.values), error.status)
    except ModuleNotFoundError as error:
        fail(voice.say("table.no_extra", extra=_EXTRAS.get(error.name or "", "bulk"), name=error.name), EXIT_REQUEST)
    except KeyboardInterrupt:
        fail(voice.say("table.interrupted"))
    _tell(voice, job, done, form, own_threshold=warn_at is not None)


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
    return lines + ([voice.say("batch.dropped", columns="、".join(done.dropped))] if done.dropped else [])


def _names(knowledge: "Knowledge") -> Any:
    from bot import resources
    from bot.tables.names import Names

    return Names.read(resources.TABLE_WORDS, knowledge.vocabulary, knowledge.shelf, tuple(knowledge.voices.values()))


def _check_place(voice: "Voice", knowledge: "Knowledge", place: str | None) -> None:
    from bot.speech import fault_words
    from engine import Fault

    if place is not None and place not in knowledge.shelf.places:
        known = ", ".join(sorted(knowledge.shelf.places))
        fail(fault_words(voice, Fault("--place", "unknown_place", {"known": known})), EXIT_REQUEST)


def _fen(voice: "Voice", amount: str) -> int:
    from bot.speech import fault_words
    from engine import Fault, MoneyError, fen

    try:
        return fen(amount)
    except MoneyError as error:
        fail(fault_words(voice, Fault("--warn-at", error.code)), EXIT_REQUEST)


class _Progress:
    """One bar a stage, on standard error: rows a second and the time that is left. Away from a terminal nothing is shown."""

    def __init__(self, voice: "Voice") -> None:
        self._voice = voice

    def stage(self, name: str, rows: int) -> Callable[[int], None]:
        """Begin a stage of so many rows (0: nobody knows yet); rows done are told to what is given back."""
        if not sys.stderr.isatty():
            return lambda _: None
        begun, done = monotonic(), 0
        label = self._voice.say(f"batch.stage.{name}")

        def rate(_: Any) -> str:
            return self._voice.say("batch.rate", rate=f"{done / max(monotonic() - begun, 0.001):,.0f}")

        bar = click.progressbar(
            length=rows or None, label=label, show_eta=rows > 0, show_percent=rows > 0, item_show_func=rate, file=sys.stderr, width=24
        )
        bar.render_progress()

        def tick(more: int) -> None:
            nonlocal done
            done += more
            bar.update(more, current_item=done)
            if done >= rows > 0:
                bar.render_finish()

        return tick
