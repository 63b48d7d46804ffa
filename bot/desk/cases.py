"""The ledger of serious diseases (大病专项救治): cases that are opened, steps that are done, and closed one by one (销账).

Nothing is deleted and nothing changed: what was written wrongly is set right by a new entry, and both stay to be read.
"""

import sqlite3
from dataclasses import dataclass
from typing import Literal, get_args

from bot.china import moment
from bot.desk.book import Book

#: opened: the first of a case; step: something was done; closed: nothing is left to do; reopened: there is again; corrected: the entry
#: before was wrong.
What = Literal["opened", "step", "closed", "reopened", "corrected"]
WHATS: tuple[What, ...] = get_args(What)
LATER: tuple[What, ...] = WHATS[1:]

_TABLES = (
    "CREATE TABLE IF NOT EXISTS cases (id INTEGER PRIMARY KEY AUTOINCREMENT, person TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS entries (id INTEGER PRIMARY KEY AUTOINCREMENT, of INTEGER NOT NULL REFERENCES cases (id), "
    "what TEXT NOT NULL, day TEXT NOT NULL, words TEXT NOT NULL, at INTEGER NOT NULL, who TEXT NOT NULL)",
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a case. `day`: the ISO day on which it happened; `at`: when it was written, ISO, Beijing time; `who` wrote it."""

    what: What
    day: str
    words: str
    at: str
    who: str


@dataclass(frozen=True, slots=True)
class Case:
    """A case with all its entries, the oldest first. `person`: a house number or nickname is enough."""

    number: int
    person: str
    entries: tuple[Entry, ...]

    @property
    def is_open(self) -> bool:
        """Whether something is left to do: closed cases may be opened again."""
        return next((entry.what for entry in reversed(self.entries) if entry.what in ("opened", "closed", "reopened")), "") != "closed"


class Cases:
    """The cases of an open desk. Every method raises RoomError; who writes or looks stands in the desk's trail."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def open(self, person: str, day: str, words: str) -> int:
        """Open a case; its number."""
        with self._book.opened(_TABLES) as kept:
            [(number,)] = kept.execute("INSERT INTO cases (person) VALUES (?) RETURNING id", (person,)).fetchall()
            self._write(kept, number, "opened", day, words)
        return int(number)

    def add(self, number: int, what: What, day: str, words: str) -> bool:
        """One more entry of a case; whether there is such a case."""
        with self._book.opened(_TABLES) as kept:
            found = kept.execute("SELECT 1 FROM cases WHERE id = ?", (number,)).fetchone() is not None
            if found:
                self._write(kept, number, what, day, words)
        return found

    def began(self, number: int) -> str | None:
        """The ISO day on which a case was opened, for the last time; None where there is no such case."""
        query = "SELECT day FROM entries WHERE of = ? AND what IN ('opened', 'reopened') ORDER BY id DESC LIMIT 1"
        with self._book.opened(_TABLES) as kept:
            found = kept.execute(query, (number,)).fetchone()
        return None if found is None else str(found[0])

    def all(self) -> list[Case]:
        """Every case, those with something left to do first, then by number."""
        query = "SELECT of, what, day, words, at, who FROM entries ORDER BY id"
        with self._book.opened(_TABLES) as kept:
            persons = kept.execute("SELECT id, person FROM cases ORDER BY id").fetchall()
            rows = kept.execute(query).fetchall()
            self._book.trace(kept, "case.seen", "")
        entries: dict[int, list[Entry]] = {}
        for of, what, day, words, at, who in rows:
            entries.setdefault(of, []).append(Entry(what, day, words, moment(at), who))
        cases = [Case(number, person, tuple(entries.get(number, ()))) for number, person in persons]
        return sorted(cases, key=lambda case: not case.is_open)

    def _write(self, kept: sqlite3.Connection, number: int, what: str, day: str, words: str) -> None:
        row = (number, what, day, words, self._book.now(), self._book.desk.who)
        kept.execute("INSERT INTO entries (of, what, day, words, at, who) VALUES (?, ?, ?, ?, ?, ?)", row)
        self._book.trace(kept, f"case.{what}", str(number))
