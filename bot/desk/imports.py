"""Lists on their way in: how far each is, what it became, or why it could not be taken. Large ones take a while and are worked on apart."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from bot.desk.book import Book

_TABLE = (
    "CREATE TABLE IF NOT EXISTS imports (id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, name TEXT NOT NULL, "
    "at INTEGER NOT NULL, moved INTEGER NOT NULL, stage TEXT NOT NULL, done INTEGER NOT NULL, total INTEGER NOT NULL, "
    "state TEXT NOT NULL, said TEXT NOT NULL, made INTEGER)"
)
#: Whoever works tells how far it is every second or so; after so many of silence nobody works any more.
PATIENCE = 120

Kind = Literal["roster", "register", "enrolment", "bills"]
#: under way, to become `made`; `done`, and `made` is there to be seen; `failed`, and `said` says why; `stopped` before its end.
State = Literal["working", "done", "failed", "stopped"]


@dataclass(frozen=True, slots=True)
class Import:
    """A list on its way. `done` of `total` rows of the `stage` (0: nobody knows how many); `made`: the number of what it became."""

    number: int
    kind: Kind
    name: str
    stage: str
    done: int
    total: int
    state: State
    said: str
    made: int | None


class Imports:
    """The lists that come to an open desk. Every method raises RoomError."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def begin(self, kind: Kind, name: str) -> int:
        """A number for a list that has come."""
        now = self._book.now()
        with self._opened() as kept:
            query = (
                "INSERT INTO imports (kind, name, at, moved, stage, done, total, state, said) "
                "VALUES (?, ?, ?, ?, 'waiting', 0, 0, 'working', '') RETURNING id"
            )
            [(number,)] = kept.execute(query, (kind, name, now, now)).fetchall()
        return int(number)

    def move(self, number: int, stage: str, done: int, total: int) -> None:
        """Tell how far it is."""
        with self._opened() as kept:
            query = "UPDATE imports SET moved = ?, stage = ?, done = ?, total = ? WHERE id = ? AND state = 'working'"
            kept.execute(query, (self._book.now(), stage, done, total, number))

    def end(self, number: int, state: State, *, made: int | None = None, said: str = "") -> None:
        """Tell what it came to, once."""
        with self._opened() as kept:
            kept.execute(
                "UPDATE imports SET state = ?, made = coalesce(?, made), said = ? WHERE id = ? AND state = 'working'",
                (state, made, said, number),
            )

    def sweep(self, before: int) -> None:
        """Forget lists that came before a moment and are under way no more."""
        with self._opened() as kept:
            kept.execute("DELETE FROM imports WHERE at < ? AND state <> 'working'", (before,))

    def one(self, number: int) -> Import | None:
        """How far one is; None when there is none."""
        return next((each for each in self._all("WHERE id = ?", number)), None)

    def open(self) -> list[Import]:
        """Those that are under way."""
        return self._all("WHERE state = 'working' ORDER BY id")

    def becomes(self, number: int, made: int) -> None:
        """Note what it will be, so that it can be thrown away if it stops."""
        with self._opened() as kept:
            kept.execute("UPDATE imports SET made = ? WHERE id = ?", (made, number))

    def stopped(self, kind: Kind) -> list[int]:
        """What was begun of one kind and never came to its end; told once."""
        with self._opened() as kept:
            query = "UPDATE imports SET state = 'failed' WHERE state = 'stopped' AND kind = ? AND made IS NOT NULL RETURNING made"
            return [int(made) for (made,) in kept.execute(query, (kind,)).fetchall()]

    def _all(self, where: str, *values: int) -> list[Import]:
        query = f"SELECT id, kind, name, stage, done, total, state, said, made FROM imports {where}"  # noqa: S608 - our own words
        with self._opened() as kept:
            return [Import(*found) for found in kept.execute(query, values)]

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        with self._book.opened() as kept:
            kept.execute(_TABLE)
            kept.execute("UPDATE imports SET state = 'stopped' WHERE state = 'working' AND moved < ?", (self._book.now() - PATIENCE,))
            yield kept
