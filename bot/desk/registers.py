"""The registers that two offices push every month: who is in which category, by civil affairs (特困, 低保) and by rural revitalisation
(返贫致贫, 监测). Every version is kept; one that was brought by mistake is undone by a mark, and counts no more.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from bot.desk.book import Book, moment

#: Whose list it is.
Kind = Literal["civil", "rural"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_TABLES = (
    "CREATE TABLE IF NOT EXISTS registers (id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, day TEXT NOT NULL, "
    "at INTEGER NOT NULL, who TEXT NOT NULL, undone INTEGER)",
    "CREATE TABLE IF NOT EXISTS listed (register INTEGER NOT NULL REFERENCES registers (id), person TEXT NOT NULL, category TEXT NOT NULL, "
    "PRIMARY KEY (register, person)) WITHOUT ROWID",
)


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
    """A person whose category is another than in the list before; None: not in that list."""

    person: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Conflict:
    """A person whom both lists name, in different categories."""

    person: str
    civil: str
    rural: str


@dataclass(frozen=True, slots=True)
class Told:
    """What the list of an office says of somebody. `day`: the ISO day it holds for."""

    kind: Kind
    day: str
    category: str


class Registers:
    """The registers of an open desk. Every method raises RoomError; who brings, undoes or looks at a list stands in the desk's trail."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def bring(self, kind: Kind, day: str, people: Mapping[str, str]) -> int:
        """Keep a list of persons and their categories; its number."""
        with self._book.opened() as kept:
            _prepare(kept)
            query = "INSERT INTO registers (kind, day, at, who) VALUES (?, ?, ?, ?) RETURNING id"
            [(number,)] = kept.execute(query, (kind, day, self._book.now(), self._book.desk.who)).fetchall()
            rows = ((number, person, category) for person, category in people.items())
            kept.executemany("INSERT INTO listed (register, person, category) VALUES (?, ?, ?)", rows)
            self._book.trace(kept, "brought", f"{kind} {day}")
        return int(number)

    def undo(self, number: int) -> bool:
        """Let a list count no more; whether it counted."""
        with self._book.opened() as kept:
            _prepare(kept)
            query = "UPDATE registers SET undone = ? WHERE id = ? AND undone IS NULL RETURNING kind, day"
            done = kept.execute(query, (self._book.now(), number)).fetchall()
            for kind, day in done:
                self._book.trace(kept, "undone", f"{kind} {day}")
        return bool(done)

    def all(self) -> list[Version]:
        """Every list that was ever brought, the newest day first."""
        query = (
            "SELECT r.id, r.kind, r.day, r.at, r.who, (SELECT count(*) FROM listed l WHERE l.register = r.id), r.undone IS NOT NULL "
            "FROM registers r ORDER BY r.day DESC, r.id DESC"
        )
        with self._book.opened() as kept:
            _prepare(kept)
            rows = kept.execute(query).fetchall()
        return [Version(number, kind, day, moment(at), who, people, bool(undone)) for number, kind, day, at, who, people, undone in rows]

    def changes(self, number: int) -> list[Change] | None:
        """Who is new, gone or in another category than in the list of the same office before; None where there is no such list."""
        with self._book.opened() as kept:
            _prepare(kept)
            found = kept.execute("SELECT kind, day FROM registers WHERE id = ?", (number,)).fetchone()
            if found is None:
                return None
            self._book.trace(kept, "looked", " ".join(found))
            after = _people(kept, number)
            before = _people(kept, _before(kept, number, *found))
        persons = sorted({*before, *after})
        compared = (Change(person, before.get(person), after.get(person)) for person in persons)
        return [each for each in compared if each.before != each.after]

    def told(self, asked: Iterable[tuple[str, str]]) -> list[tuple[Told, ...]]:
        """For each person and ISO day: what the newest list of each office up to that day says of them, if it names them."""
        with self._book.opened() as kept:
            _prepare(kept)
            return [tuple(_told(kept, person, day)) for person, day in asked]

    def conflicts(self) -> list[Conflict]:
        """Who stands in the newest lists of both offices, in different categories."""
        with self._book.opened() as kept:
            _prepare(kept)
            civil, rural = (_people(kept, _newest(kept, kind)) for kind in KINDS)
        both = sorted(civil.keys() & rural.keys())
        return [Conflict(person, civil[person], rural[person]) for person in both if civil[person] != rural[person]]


def _prepare(kept: sqlite3.Connection) -> None:
    for statement in _TABLES:
        kept.execute(statement)


def _before(kept: sqlite3.Connection, number: int, kind: str, day: str) -> int | None:
    query = "SELECT id FROM registers WHERE kind = ? AND undone IS NULL AND (day, id) < (?, ?) ORDER BY day DESC, id DESC LIMIT 1"
    found = kept.execute(query, (kind, day, number)).fetchone()
    return int(found[0]) if found else None


def _newest(kept: sqlite3.Connection, kind: str) -> int | None:
    query = "SELECT id FROM registers WHERE kind = ? AND undone IS NULL ORDER BY day DESC, id DESC LIMIT 1"
    found = kept.execute(query, (kind,)).fetchone()
    return int(found[0]) if found else None


def _told(kept: sqlite3.Connection, person: str, day: str) -> Iterator[Told]:
    query = (
        "SELECT r.day, l.category FROM (SELECT id, day FROM registers WHERE kind = ? AND undone IS NULL AND day <= ? "
        "ORDER BY day DESC, id DESC LIMIT 1) r JOIN listed l ON l.register = r.id WHERE l.person = ?"
    )
    for kind in KINDS:
        for held, category in kept.execute(query, (kind, day, person)).fetchall():
            yield Told(kind, held, category)


def _people(kept: sqlite3.Connection, number: int | None) -> dict[str, str]:
    return dict(kept.execute("SELECT person, category FROM listed WHERE register = ?", (number,)).fetchall())
