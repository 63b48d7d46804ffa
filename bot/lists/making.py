"""A file of a desk that somebody waits for: made here in this process, or where it is large in one of its own."""

from collections.abc import Iterator, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Literal

import msgspec

from bot.desk import Book, Desk, Feedback, Keeping, Roster, Rosters
from bot.desk.room import Room
from bot.desk.rosters import Order
from bot.knowledge import Knowledge, read_knowledge
from bot.lists.apart import ApartError, run_apart
from bot.lists.reading import ListError, in_words
from bot.lists.rosters import csv_lines, write_workbook
from bot.lists.warnings import Called, Office, Threshold, near, people_for, write_warnings
from bot.lists.years import Years
from bot.paper import Form, Galley, PrintMissingError, is_small, sheets_galley
from bot.speech import Voice
from engine import Estimate

#: Rows of a file that is made while others are served: it takes a moment.
_FEW_ROWS = 2_000


class RosterFile(msgspec.Struct, frozen=True, tag=True):
    """A roster with what its rows come to, xlsx or csv."""

    roster: Roster

    def is_small(self, _book: Book) -> bool:
        """Whether it is soon made."""
        return self.roster.rows <= _FEW_ROWS

    def write(self, book: Book, _knowledge: Knowledge, voice: Voice, path: Path) -> bool:
        """Write it; whether there was anything. Raises RoomError and TableError."""
        rows = Rosters(book).every(self.roster.number)
        if path.suffix == ".xlsx":
            write_workbook(voice, self.roster, rows, path)
        else:
            with path.open("wb") as file:
                file.writelines(csv_lines(voice, self.roster, rows))
        return True


class WarningsFile(msgspec.Struct, frozen=True, tag=True):
    """The people of a roster that an office is told about, xlsx or csv."""

    number: int
    office: Office

    def is_small(self, book: Book) -> bool:
        """Whether it is soon made. Raises RoomError."""
        return Rosters(book).how_many(self.number, near(Threshold.of(book).amount), None) <= _FEW_ROWS

    def write(self, book: Book, knowledge: Knowledge, voice: Voice, path: Path) -> bool:
        """Write it; whether there was anything. Raises RoomError and TableError."""
        rosters, threshold = Rosters(book), Threshold.of(book).amount
        roster = rosters.roster(self.number)
        if roster is None:
            return False
        people = people_for(rosters, self.number, self.office, threshold)
        write_warnings(people, Called(rosters, roster, knowledge), Feedback(book), threshold, voice, path)
        return True


class RosterSheets(msgspec.Struct, frozen=True, tag=True):
    """The sheets of so many bills of a roster, from the `first` (0) on, as a PDF. `day`: the ISO day printed on them."""

    roster: Roster
    order: Order
    first: int
    count: int
    form: Form
    day: str

    def is_small(self, _book: Book) -> bool:
        """Whether they may be printed in a process that has others to serve."""
        return is_small(self.form, min(self.count, self.roster.rows - self.first))

    def write(self, book: Book, knowledge: Knowledge, voice: Voice, path: Path) -> bool:
        """Print them; whether there was anything to print. Raises RoomError and PrintMissingError."""
        galley = sheets_galley(voice, self._sheets(book, knowledge), form=self.form, made=date.fromisoformat(self.day))
        if galley.count:
            path.write_bytes(galley.pdf())
        return galley.count > 0

    def _sheets(self, book: Book, knowledge: Knowledge) -> Iterator[tuple[str, Estimate]]:
        rosters, years, number = Rosters(book), Years(self.roster, knowledge), self.roster.number
        for row in rosters.rows(number, self.order, self.first, self.count):
            answer = years.estimate(rosters.of_year(number, row.number), row, date.fromisoformat(self.day))
            if answer is not None:
                yield row.who or "", answer


class Printed(msgspec.Struct, frozen=True, tag=True):
    """Sheets whose lines are written, as a PDF."""

    galley: Galley

    def is_small(self, _book: Book) -> bool:
        """Whether they may be printed in a process that has others to serve."""
        return self.galley.is_small

    def write(self, _book: Book, _knowledge: Knowledge, _voice: Voice, path: Path) -> bool:
        """Print them. Raises PrintMissingError."""
        path.write_bytes(self.galley.pdf())
        return True


class Everything(msgspec.Struct, frozen=True, tag=True):
    """All that a desk holds, as a zip of its tables."""

    def is_small(self, _book: Book) -> bool:
        """Whether it is soon made: nobody knows."""
        return False

    def write(self, book: Book, _knowledge: Knowledge, voice: Voice, path: Path) -> bool:
        """Write it, with what each table is. Raises RoomError."""
        Keeping(book).write_everything(path, partial(_told, voice, book.desk.name))
        return True


def _told(voice: Voice, desk: str, tables: Sequence[str]) -> tuple[str, str]:
    """The name of a file that tells what the tables of a desk are, and what it says; its lines end as every editor has them."""
    about = [voice.say("desk.file.about", name=desk), *(voice.say(f"desk.file.{key}") for key in ("fen", "yuan", "time")), ""]
    about += [voice.say("desk.file.table", name=table, words=voice.say(f"desk.file.{table}")) for table in tables]
    return f"{voice.say('desk.file.name')}.txt", "\r\n".join(about) + "\r\n"


Wanted = RosterFile | WarningsFile | RosterSheets | Printed | Everything


class Made(msgspec.Struct, frozen=True):
    """What came of it: a file, or no file, and why in words where there are any."""

    code: Literal["made", "nothing", "print_missing", "not_made"]
    say: str | None = None


def make(wanted: Wanted, book: Book, knowledge: Knowledge, voice: Voice, path: Path) -> Made:
    """Make a file, whose ending says which kind. Takes a while. Raises RoomError."""
    try:
        with in_words(path.name, voice):
            return Made("made" if wanted.write(book, knowledge, voice, path) else "nothing")
    except PrintMissingError:
        return Made("print_missing")
    except ListError as error:
        return Made("not_made", str(error))


async def make_apart(wanted: Wanted, book: Book, voice: Voice, path: Path, data_dir: Path, policies: list[Path]) -> Made:
    """The same in a process of its own; cancelled, it is ended, and nothing writes to the path any more."""
    desk = book.desk
    asked = Making(data_dir, policies, (desk.number, desk.name, desk.key, desk.who), wanted, voice.lang, path)
    try:
        return msgspec.json.decode(await run_apart(msgspec.json.encode(asked, enc_hook=str)), type=Made)
    except ApartError:
        return Made("not_made")


class Making(msgspec.Struct, frozen=True, tag=True):
    """A file to be made by a process of its own, with what that has to know."""

    data_dir: Path
    policies: list[Path]
    desk: tuple[int, str, int, str]
    wanted: Wanted
    lang: str
    path: Path

    def do(self) -> bytes:
        """Make it, and tell what came of it. Raises RoomError."""
        knowledge = read_knowledge(self.policies)
        book = Book(Room(self.data_dir), Desk(*self.desk))
        return msgspec.json.encode(make(self.wanted, book, knowledge, knowledge.voice(self.lang), self.path))
