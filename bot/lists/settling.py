"""A list opened to be settled, as tables are; everything else about lists builds on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bot.desk import Reject
from bot.knowledge import Knowledge
from bot.lists.headings import results_among
from bot.lists.reading import ListError, Progress, names_of, numbered_column, opened
from bot.speech import Voice
from bot.tables import WARN_AT
from engine import fen

if TYPE_CHECKING:
    from bot.tables.batch import Batch, Result


class Rejects:
    """Rows that were not settled, until somebody asks for them."""

    def __init__(self) -> None:
        self._waiting: list[Reject] = []

    def add(self, row: int, column: str, said: str | None, reason: str) -> None:
        """Note a row by its number: the column at fault, and why."""
        self._waiting.append(Reject(row, column, said or reason))

    def seal(self) -> None:
        """Nothing more comes."""

    def told(self) -> list[Reject]:
        """Those that were noted since this was asked."""
        told, self._waiting = self._waiting, []
        return told


@contextmanager
def opened_batch(source: Path, place: str | None, knowledge: Knowledge, voice: Voice, progress: Progress) -> "Iterator[Batch]":
    """A list ready to be settled; `place` holds for one without that column. Where people are told apart by a number (身份证号), the bills
    of one in a year are settled one after the other. Raises ListError and TableError.
    """
    from bot.tables.batch import Batch, Job, honest

    names = names_of(knowledge)
    with opened(source, progress) as table:
        replaced = results_among(table.columns, knowledge)
        columns = names.columns_of([column for column in table.columns if column not in replaced])
        if place is None and "place" not in columns.facts:
            raise ListError(voice.say("desk.roster.no_place"))
        person = numbered_column(columns)
        job = Job(source, source, "polars", place, drop_names=False, warn_at=fen(WARN_AT), master="", person=person, replaced=replaced)
        with honest(source):
            batch = Batch(job, knowledge.shelf, names, voice, table, source.parent, progress)
        yield batch


def results(batch: "Batch", rejects: Rejects) -> "Iterator[Result]":
    """What the rows come to; whatever breaks on the way as a TableError. Raises NothingSettledError."""
    from bot.tables.batch import honest

    with honest(batch.job.source):
        yield from batch.results(rejects)
