"""The file of one desk, and its trail: who saw and changed what. Each desk's file holds its own and nothing of another."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from bot.desk.keys import Desk
from bot.desk.room import Room

#: Desks keep Beijing time, wherever the server stands.
_CHINA = timezone(timedelta(hours=8))
_TABLE = (
    "CREATE TABLE IF NOT EXISTS trail (id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, key INTEGER NOT NULL, who TEXT NOT NULL, "
    "did TEXT NOT NULL, about TEXT NOT NULL)"
)


@dataclass(frozen=True, slots=True)
class Trace:
    """Who did what when. `did`: added, seen, taken, forgotten of rosters; others name their part before a dot, as case.closed."""

    at: str
    key: int
    who: str
    did: str
    about: str


class Book:
    """The file of an open desk. Every method raises RoomError."""

    def __init__(self, room: Room, desk: Desk, now: Callable[[], float] = time.time) -> None:
        self._room, self.desk, self._now = room, desk, now

    def trail(self) -> list[Trace]:
        """Who saw and changed what, the oldest first."""
        with self.opened() as kept:
            rows = kept.execute("SELECT at, key, who, did, about FROM trail ORDER BY id").fetchall()
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
    def opened(self) -> Iterator[sqlite3.Connection]:
        """The desk's file, in one transaction. It should be short: everybody else at the desk waits."""
        with self._room.desk(self.desk.number) as kept:
            kept.execute(_TABLE)
            yield kept

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """The desk's file as it is at this moment, for what takes long."""
        with self._room.read(self.desk.number) as kept:
            yield kept


def moment(seconds: int) -> str:
    """An ISO moment in China, whose first ten characters are the day there."""
    return datetime.fromtimestamp(seconds, _CHINA).isoformat(timespec="seconds")
