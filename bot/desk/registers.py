"""The registers that two offices push every month: who is in which category, by civil affairs (特困, 低保) and by rural revitalisation
(返贫致贫, 监测). Every version is kept; one that was brought by mistake is undone by a mark, and counts no more.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, get_args

from bot.china import moment
from bot.desk.book import Book

#: Whose list it is.
Kind = Literal["civil", "rural"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_TABLES = (
    "CREATE TABLE IF NOT EXISTS registers (id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, day TEXT NOT NULL, "
    "at INTEGER NOT NULL, who TEXT NOT NULL, undone INTEGER)",
    "CREATE TABLE IF NOT EXISTS unfinished (register INTEGER PRIMARY KEY REFERENCES registers (id))",
    "CREATE VIEW IF NOT EXISTS finished AS SELECT * FROM registers WHERE id NOT IN (SELECT register FROM unfinished)",
    "CREATE TABLE IF NOT EXISTS listed (register INTEGER NOT NULL REFERENCES registers (id), person TEXT NOT NULL, category TEXT NOT NULL, "
    "name TEXT NOT NULL DEFAULT '', PRIMARY KEY (register, person)) WITHOUT ROWID",
)
#: For files from before names were kept beside the numbers that people are told apart by.
_WITH_NAMES = "ALTER TABLE listed ADD COLUMN name TEXT NOT NULL DEFAULT ''"
#: Of each kind of change so many are told; how many there are is told of all.
MOST_TOLD = 500
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Version:
    """One list as it was brought. `day`: the ISO day it holds for; `people`: how many; `undone`: that it counts no more."""

    number: int
    kind: Kind
    day: str
    at: str
    who: str
    people: int
    undone: bool


@dataclass(frozen=True, slots=True)
class Change:
    """A person whose category is another than in the list before; None: not in that list. `name`: what they are called, where a list
    says it beside what tells people apart.
    """

    person: str
    before: str | None
    after: str | None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A person whom both lists name, in different categories. `name`: as of a change."""

    person: str
    civil: str
    rural: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Changes:
    """What a list changes against the one of the same office before: the first of each kind, and how many of each there are."""

    new: list[Change]
    gone: list[Change]
    changed: list[Change]
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class Told:
    """What the list of an office says of somebody. `day`: the ISO day it holds for."""

    kind: Kind
    day: str
    category: str


class Registers:
    """The registers of an open desk. Every method raises RoomError; who brings, undoes or looks at a list stands in the desk's trail.

    A list is written in parts, and counts from when it is finished.
    """

    def __init__(self, book: Book) -> None:
        self._book = book

    def begin(self, kind: Kind, day: str) -> int:
        """A number for a list that is to be written."""
        with self._opened() as kept:
            query = "INSERT INTO registers (kind, day, at, who) VALUES (?, ?, ?, ?) RETURNING id"
            [(number,)] = kept.execute(query, (kind, day, self._book.now(), self._book.desk.who)).fetchall()
            kept.execute("INSERT INTO unfinished (register) VALUES (?)", (number,))
        return int(number)

    def write(self, number: int, people: Mapping[str, str], names: Mapping[str, str] | None = None) -> set[str]:
        """More persons and their categories; those that the list has already, in another category. `names`: what they are called."""
        called = names or {}
        with self._opened() as kept:
            kept.execute("CREATE TEMP TABLE coming (person TEXT PRIMARY KEY, category TEXT NOT NULL, name TEXT NOT NULL)")
            rows = ((person, category, called.get(person, "")) for person, category in people.items())
            kept.executemany("INSERT INTO coming VALUES (?, ?, ?)", rows)
            query = "SELECT c.person FROM coming c JOIN listed l ON l.register = ? AND l.person = c.person WHERE l.category <> c.category"
            twice = {person for (person,) in kept.execute(query, (number,))}
            query = "INSERT OR IGNORE INTO listed (register, person, category, name) SELECT ?, person, category, name FROM coming"
            kept.execute(query, (number,))
        return twice

    def finish(self, number: int) -> None:
        """Let a list count that is written."""
        with self._opened() as kept:
            kept.execute("DELETE FROM unfinished WHERE register = ?", (number,))
            [(kind, day)] = kept.execute("SELECT kind, day FROM finished WHERE id = ?", (number,)).fetchall()
            self._book.trace(kept, "brought", f"{kind} {day}")

    def drop(self, number: int) -> None:
        """Throw away a list that was begun and cannot be finished."""
        with self._opened() as kept:
            kept.execute("DELETE FROM listed WHERE register = (SELECT register FROM unfinished WHERE register = ?)", (number,))
            if kept.execute("DELETE FROM unfinished WHERE register = ?", (number,)).rowcount:
                kept.execute("DELETE FROM registers WHERE id = ?", (number,))

    def undo(self, number: int) -> bool:
        """Let a list count no more; whether it counted."""
        with self._opened() as kept:
            query = (
                "UPDATE registers SET undone = ? WHERE id = (SELECT id FROM finished WHERE id = ? AND undone IS NULL) RETURNING kind, day"
            )
            done = kept.execute(query, (self._book.now(), number)).fetchall()
            for kind, day in done:
                self._book.trace(kept, "undone", f"{kind} {day}")
        return bool(done)

    def all(self) -> list[Version]:
        """Every list that was ever brought, the newest day first."""
        query = (
            "SELECT r.id, r.kind, r.day, r.at, r.who, (SELECT count(*) FROM listed l WHERE l.register = r.id), r.undone IS NOT NULL "
            "FROM finished r ORDER BY r.day DESC, r.id DESC"
        )
        with self._opened() as kept:
            rows = kept.execute(query).fetchall()
        return [Version(number, kind, day, moment(at), who, people, bool(undone)) for number, kind, day, at, who, people, undone in rows]

    def changes(self, number: int) -> Changes | None:
        """Who is new, gone or in another category than in the list of the same office before; None where there is no such list."""
        with self._opened() as kept:
            found = kept.execute("SELECT kind, day FROM finished WHERE id = ?", (number,)).fetchone()
            if found is None:
                return None
            self._book.trace(kept, "looked", " ".join(found))
            numbers = {"after": number, "before": _before(kept, number, *found)}
            told = {
                name: [Change(*each) for each in kept.execute(f"{query} LIMIT {MOST_TOLD}", numbers)] for name, query in _CHANGES.items()
            }
            counts = {name: kept.execute(f"SELECT count(*) FROM ({query})", numbers).fetchone()[0] for name, query in _CHANGES.items()}  # noqa: S608 - our own words
        return Changes(**told, counts=counts)

    def changed(self, number: int, most: int) -> list[str]:
        """The first of those whose category a list changes, by their number or name."""
        with self._opened() as kept:
            found = kept.execute("SELECT kind, day FROM finished WHERE id = ?", (number,)).fetchone()
            if found is None:
                return []
            numbers = {"after": number, "before": _before(kept, number, *found)}
            people = [person for query in _CHANGES.values() for person, *_ in kept.execute(f"{query} LIMIT {most}", numbers)]
        return people[:most]

    def told(self, asked: Iterable[tuple[str, str]]) -> list[tuple[Told, ...]]:
        """For each person and ISO day: what the newest list of each office up to that day says of them, if it names them."""
        with self._opened() as kept:
            return [tuple(_told(kept, person, day)) for person, day in asked]

    def conflicts(self) -> tuple[list[Conflict], int]:
        """Who stands in the newest lists of both offices, in different categories: the first of them, and how many there are."""
        with self._opened() as kept:
            numbers: dict[str, int | None] = {kind: _newest(kept, kind) for kind in KINDS}
            told = [Conflict(*each) for each in kept.execute(f"{_CONFLICTS} LIMIT {MOST_TOLD}", numbers)]
            count = kept.execute(f"SELECT count(*) FROM ({_CONFLICTS})", numbers).fetchone()[0]  # noqa: S608 - our own words
        return told, count

    def categories(self, persons: Sequence[str], day: str | None = None) -> dict[str, dict[Kind, str]]:
        """In which category each office has somebody in its newest list, or the newest one up to an ISO day; who is in none is left out."""
        listed: dict[str, dict[Kind, str]] = {}
        with self._opened() as kept:
            for kind in KINDS:
                number = _newest(kept, kind, day)
                for part in (persons[at : at + _AT_ONCE] for at in range(0, len(persons), _AT_ONCE)):
                    marks = ", ".join("?" * len(part))
                    query = f"SELECT person, category FROM listed WHERE register = ? AND person IN ({marks})"  # noqa: S608 - question marks
                    for person, category in kept.execute(query, (number, *part)):
                        listed.setdefault(person, {})[kind] = category
        return listed

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        with self._book.opened(_TABLES) as kept:
            if kept.execute("SELECT 1 FROM pragma_table_info('listed') WHERE name = 'name'").fetchone() is None:
                kept.execute(_WITH_NAMES)
            yield kept


_CHANGES = {
    "new": "SELECT a.person, NULL, a.category, a.name FROM listed a LEFT JOIN listed b ON b.register = :before AND b.person = a.person "
    "WHERE a.register = :after AND b.person IS NULL",
    "gone": "SELECT b.person, b.category, NULL, b.name FROM listed b LEFT JOIN listed a ON a.register = :after AND a.person = b.person "
    "WHERE b.register = :before AND a.person IS NULL",
    "changed": "SELECT a.person, b.category, a.category, coalesce(nullif(a.name, ''), b.name) "
    "FROM listed a JOIN listed b ON b.register = :before AND b.person = a.person "
    "WHERE a.register = :after AND a.category <> b.category",
}
_CONFLICTS = (
    "SELECT c.person, c.category, r.category, coalesce(nullif(c.name, ''), r.name) "
    "FROM listed c JOIN listed r ON r.register = :rural AND r.person = c.person "
    "WHERE c.register = :civil AND c.category <> r.category"
)


def _before(kept: sqlite3.Connection, number: int, kind: str, day: str) -> int | None:
    query = "SELECT id FROM finished WHERE kind = ? AND undone IS NULL AND (day, id) < (?, ?) ORDER BY day DESC, id DESC LIMIT 1"
    found = kept.execute(query, (kind, day, number)).fetchone()
    return int(found[0]) if found else None


def _newest(kept: sqlite3.Connection, kind: str, day: str | None = None) -> int | None:
    query = "SELECT id FROM finished WHERE kind = ? AND undone IS NULL AND day <= coalesce(?, day) ORDER BY day DESC, id DESC LIMIT 1"
    found = kept.execute(query, (kind, day)).fetchone()
    return int(found[0]) if found else None


def _told(kept: sqlite3.Connection, person: str, day: str) -> Iterator[Told]:
    query = (
        "SELECT r.day, l.category FROM (SELECT id, day FROM finished WHERE kind = ? AND undone IS NULL AND day <= ? "
        "ORDER BY day DESC, id DESC LIMIT 1) r JOIN listed l ON l.register = r.id WHERE l.person = ?"
    )
    for kind in KINDS:
        for held, category in kept.execute(query, (kind, day, person)).fetchall():
            yield Told(kind, held, category)
