"""How long a desk keeps what it no longer needs, and everything it holds in one file to take along."""

import csv
import io
import shutil
import sqlite3
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from bot.desk.bills import Bills
from bot.desk.book import Book
from bot.desk.choices import Choices
from bot.desk.enrolment import Enrolments
from bot.desk.imports import Imports
from bot.desk.rosters import Rosters
from bot.desk.visits import Visits

#: A year of bills can still be compared with the one before. No document gives a figure; each desk may choose its own.
KEEP_DAYS = 400
MOST_DAYS = 3_650
_CHOICE = "keep_days"
_A_DAY = 86_400
_AT_ONCE = 5_000


class Keeping:
    """What an open desk keeps and for how long. Every method raises RoomError."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def days(self) -> int:
        """For how many days lists and households of visits are kept.

        Registers, the ledger, notes of warnings and the trail stay as long as the desk does.
        """
        return Choices(self._book).get(_CHOICE) or KEEP_DAYS

    def choose(self, days: int) -> None:
        """Keep them for so many days from now on."""
        Choices(self._book).set(_CHOICE, days, str(days))

    def sweep(self) -> int:
        """Throw away what is older; how many lists and households."""
        before = self._book.now() - self.days() * _A_DAY
        Imports(self._book).sweep(before)
        self._clear_work()
        return sum(kept(self._book).sweep(before) for kept in (Rosters, Visits, Enrolments, Bills))

    def _clear_work(self) -> None:
        """Throw away what a server that was killed left of lists it was sent."""
        for folder in self._book.work().iterdir():
            with suppress(OSError):
                if folder.stat().st_mtime < self._book.now() - _A_DAY:
                    shutil.rmtree(folder, ignore_errors=True)

    def write_everything(self, path: Path, told: Callable[[Sequence[str]], tuple[str, str]]) -> None:
        """All that the desk holds as a zip of CSV files, one of each table, as it is at one moment. Nobody waits for it meanwhile.

        `told`: the name and text of a file that tells what these tables are.
        """
        with self._book.opened() as kept:
            self._book.trace(kept, "taken.everything", "")
        with self._book.read() as kept, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            names = kept.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
            ).fetchall()
            read_me, about = told([name for (name,) in names])
            packed.writestr(read_me, about.encode("utf-8-sig"))
            for (name,) in names:
                with packed.open(f"{name}.csv", "w", force_zip64=True) as file:
                    for part in _csv_of(kept, name):
                        file.write(part)


def _csv_of(kept: sqlite3.Connection, table: str) -> Iterator[bytes]:
    """A table as CSV in parts, no cell of which spreadsheets take for a formula."""
    rows = kept.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - a table of our own
    yield _lines([tuple(column[0] for column in rows.description)]).encode("utf-8-sig")
    while part := rows.fetchmany(_AT_ONCE):
        yield _lines(part).encode()


def _lines(rows: list[tuple[object, ...]]) -> str:
    from bot.files import no_formula

    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([no_formula(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return out.getvalue()
