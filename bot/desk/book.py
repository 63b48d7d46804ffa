"""What one desk keeps: rosters that were settled, and who saw and changed what. Each desk's file holds its own and nothing of another."""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.desk.keys import Desk
from bot.desk.room import Room

_TABLES = (
    "CREATE TABLE IF NOT EXISTS rosters (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, at INTEGER NOT NULL, who TEXT NOT NULL, "
    "columns TEXT NOT NULL, rows TEXT NOT NULL, rejects TEXT NOT NULL, lines TEXT NOT NULL, workbook BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS trail (id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, key INTEGER NOT NULL, who TEXT NOT NULL, "
    "did TEXT NOT NULL, about TEXT NOT NULL)",
)

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Roster:
    """A list of people with what each of them is paid. `rows`: cells by `columns`; `rejects`: rows that were wrong, and why; `lines`: what
    it came to in words; `workbook`: the same as an Excel file.
    """

    name: str
    columns: Row
    rows: Sequence[Row]
    rejects: Sequence[Row]
    lines: Sequence[str]
    workbook: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """A roster as it is listed. `at`: ISO moment, UTC; `who` brought it."""

    number: int
    name: str
    at: str
    who: str


@dataclass(frozen=True, slots=True)
class Trace:
    """Who did what when. `did`: added, seen, taken, forgotten; brought, looked, undone; case.…"""

    at: str
    key: int
    who: str
    did: str
    about: str


class Book:
    """The file of an open desk. Every method raises RoomError; who brings, sees, takes or deletes a roster stands in the trail."""

    def __init__(self, room: Room, desk: Desk, now: Callable[[], float] = time.time) -> None:
        self._room, self.desk, self._now = room, desk, now

    def add(self, roster: Roster) -> int:
        """Keep a roster; its number."""
        query = "INSERT INTO rosters (name, at, who, columns, rows, rejects, lines, workbook) VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id"
        told = [json.dumps(part, ensure_ascii=False) for part in (roster.columns, roster.rows, roster.rejects, roster.lines)]
        with self.opened() as kept:
            [(number,)] = kept.execute(query, (roster.name, self.now(), self.desk.who, *told, roster.workbook)).fetchall()
            self.trace(kept, "added", roster.name)
        return int(number)

    def heads(self) -> list[Head]:
        """The rosters of this desk, the newest first."""
        with self.opened() as kept:
            rows = kept.execute("SELECT id, name, at, who FROM rosters ORDER BY id DESC").fetchall()
        return [Head(number, name, moment(at), who) for number, name, at, who in rows]

    def roster(self, number: int, *, taken: bool = False) -> Roster | None:
        """A roster, looked at or `taken` away as a file; None when it is not there."""
        with self.opened() as kept:
            found = kept.execute("SELECT name, columns, rows, rejects, lines, workbook FROM rosters WHERE id = ?", (number,)).fetchone()
            if found is None:
                return None
            self.trace(kept, "taken" if taken else "seen", found[0])
        columns, rows, rejects, lines = (json.loads(part) for part in found[1:5])
        return Roster(found[0], tuple(columns), [tuple(row) for row in rows], [tuple(row) for row in rejects], lines, found[5])

    def forget(self, number: int) -> bool:
        """Throw a roster away; whether it was there. That there was one stays in the trail."""
        with self.opened() as kept:
            found = kept.execute("DELETE FROM rosters WHERE id = ? RETURNING name", (number,)).fetchall()
            for (name,) in found:
                self.trace(kept, "forgotten", name)
        return bool(found)

    def trail(self) -> list[Trace]:
        """Who saw and changed what, the oldest first."""
        with self.opened() as kept:
            rows = kept.execute("SELECT at, key, who, did, about FROM trail ORDER BY id").fetchall()
        return [Trace(moment(at), *rest) for at, *rest in rows]

    def now(self) -> int:
        """The moment, in seconds since 1970."""
        return int(self._now())

    def trace(self, kept: sqlite3.Connection, did: str, about: str) -> None:
        """Note that whoever opened the desk did something."""
        row = (self.now(), self.desk.key, self.desk.who, did, about)
        kept.execute("INSERT INTO trail (at, key, who, did, about) VALUES (?, ?, ?, ?, ?)", row)

    @contextmanager
    def opened(self) -> Iterator[sqlite3.Connection]:
        """The desk's file, in one transaction."""
        with self._room.desk(self.desk.number) as kept:
            for statement in _TABLES:
                kept.execute(statement)
            yield kept


def moment(seconds: int) -> str:
    """An ISO moment, UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
