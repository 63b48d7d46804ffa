"""The file of one desk, and its trail: who saw and changed what. Each desk's file holds its own and nothing of another."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.china import moment
from bot.desk.keys import Desk
from bot.desk.room import Room

_TABLE = (
    "CREATE TABLE IF NOT EXISTS trail (id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, key INTEGER NOT NULL, who TEXT NOT NULL, "
    "did TEXT NOT NULL, about TEXT NOT NULL)"
)


@dataclass(frozen=True, slots=True)
class Trace:
    """Who did what when. `at`: ISO moment, Beijing time; `did`: added, seen, taken, forgotten of rosters; others name their part before a
    dot, as case.closed.
    """

    at: str
    key: int
    who: str
    did: str
    about: str


class Book:
    """The file of an open desk. Every method raises RoomError."""

    def __init__(self, room: Room, desk: Desk, now: Callable[[], float] = time.time) -> None:
        self._room, self.desk, self._now = room, desk, now

    def trail(self, newest: int | None = None) -> list[Trace]:
        """Who saw and changed what, the oldest first; all of it, or the `newest`."""
        query = "SELECT at, key, who, did, about FROM (SELECT * FROM trail ORDER BY id DESC LIMIT ?) ORDER BY id"
        with self.opened() as kept:
            rows = kept.execute(query, (-1 if newest is None else newest,)).fetchall()
        return [Trace(moment(at), *rest) for at, *rest in rows]

    def work(self) -> Path:
        """The folder in which lists of this desk are worked on."""
        return self._room.work_of(self.desk.number)

    def now(self) -> int:
        """The moment, in seconds since 1970."""
        return int(self._now())

    def trace(self, kept: sqlite3.Connection, did: str, about: str) -> None:
        """Note that whoever opened the desk did something."""
        row = (self.now(), self.desk.key, self.desk.who, did, about)
        kept.execute("INSERT INTO trail (at, key, who, did, about) VALUES (?, ?, ?, ?, ?)", row)

    @contextmanager
    def opened(self, tables: Sequence[str] = ()) -> Iterator[sqlite3.Connection]:
        """The desk's file with some more tables, in one transaction. It should be short: everybody else at the desk waits."""
        with self._room.desk(self.desk.number) as kept:
            for statement in (_TABLE, *tables):
                kept.execute(statement)
            yield kept

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """The desk's file as it is at this moment, for what takes long."""
        with self._room.read(self.desk.number) as kept:
            yield kept
