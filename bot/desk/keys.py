"""The keys that open desks: made once and shown once, kept as a hash, taken back by number, and not to be found by trying.

A key is drawn from more than 10^29, so that a plain hash of it tells nothing. Tries are limited all the same, as for codes that are typed.
"""

import hashlib
import secrets
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from bot.china import CHINA
from bot.desk.room import Room, RoomError

#: Without letters and digits that are taken for one another.
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_GROUPS, _GROUP = 4, 5
#: Misses within so many seconds: of one who tries, and of all together.
PATIENCE, MOST_OF_ONE, MOST_OF_ALL = 15 * 60, 5, 50
_TABLES = (
    "CREATE TABLE IF NOT EXISTS desks (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE)",
    "CREATE TABLE IF NOT EXISTS keys (id INTEGER PRIMARY KEY AUTOINCREMENT, desk INTEGER NOT NULL REFERENCES desks (id), "
    "who TEXT NOT NULL, hash BLOB NOT NULL UNIQUE, made INTEGER NOT NULL, used INTEGER, revoked INTEGER)",
    "CREATE TABLE IF NOT EXISTS misses (at INTEGER NOT NULL, who TEXT NOT NULL)",
)


@dataclass(frozen=True, slots=True)
class Desk:
    """An open desk, and who opened it: the number and name of the key. `name`: the village or the office."""

    number: int
    name: str
    key: int
    who: str


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is listed; days in Beijing. The key itself is known to its owner alone."""

    number: int
    desk: str
    who: str
    made: date
    used: date | None
    revoked: date | None


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a key: the desk that it opens, or none, because it is not right or because too many were tried."""

    desk: Desk | None
    locked: bool = False


class Keys:
    """The keys of all desks of a room. Every method raises RoomError."""

    def __init__(self, room: Room, now: Callable[[], float] = time.time) -> None:
        self._room, self._now = room, now

    def add(self, desk: str, who: str = "") -> str:
        """A new key for a desk, which is opened when there is none of that name. It is shown here and never again."""
        key = "-".join("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))
        with self._room.keys() as kept:
            _prepare(kept)
            kept.execute("INSERT INTO desks (name) VALUES (?) ON CONFLICT (name) DO NOTHING", (desk,))
            query = "INSERT INTO keys (desk, who, hash, made) SELECT id, ?, ?, ? FROM desks WHERE name = ?"
            kept.execute(query, (who, _hashed(key), int(self._now()), desk))
        return key

    def all(self) -> list[Key]:
        """Every key that was ever made, the oldest first."""
        query = "SELECT k.id, d.name, k.who, k.made, k.used, k.revoked FROM keys k JOIN desks d ON d.id = k.desk ORDER BY k.id"
        with self._room.keys() as kept:
            _prepare(kept)
            rows = kept.execute(query).fetchall()
        return [
            Key(number, desk, who, _day(made), used and _day(used), revoked and _day(revoked))
            for number, desk, who, made, used, revoked in rows
        ]

    def revoke(self, number: int) -> bool:
        """Take a key back; whether there was one that opened anything."""
        with self._room.keys() as kept:
            _prepare(kept)
            done = kept.execute("UPDATE keys SET revoked = ? WHERE id = ? AND revoked IS NULL", (int(self._now()), number))
        return done.rowcount == 1

    def close_desk(self, desk: str) -> int | None:
        """Take all keys of a desk back and throw its file away; its number, or None where there is no desk of that name."""
        with self._room.keys() as kept:
            _prepare(kept)
            found = kept.execute("SELECT id FROM desks WHERE name = ?", (desk,)).fetchone()
            if found is None:
                return None
            kept.execute("UPDATE keys SET revoked = ? WHERE desk = ? AND revoked IS NULL", (int(self._now()), found[0]))
        self._room.delete(found[0])
        return int(found[0])

    def named(self, desk: str, who: str) -> Desk | None:
        """A desk by its name, for whoever runs this machine: they need no key."""
        with self._room.keys() as kept:
            _prepare(kept)
            found = kept.execute("SELECT id FROM desks WHERE name = ?", (desk,)).fetchone()
        return Desk(found[0], desk, 0, who) if found else None

    def desks(self) -> list[str]:
        """The names of all desks."""
        with self._room.keys() as kept:
            _prepare(kept)
            return [str(name) for (name,) in kept.execute("SELECT name FROM desks ORDER BY id").fetchall()]

    def open(self, key: str, who: str) -> Tried:
        """The desk that a typed key opens, however it was typed. `who` tries it, as far as the door can tell; five misses and they wait."""
        now = int(self._now())
        with self._room.keys() as kept:
            _prepare(kept)
            alone, together = _misses(kept, who, now)
            desk = _found(kept, key) if alone < MOST_OF_ONE else None
            if desk is not None:
                kept.execute("UPDATE keys SET used = ? WHERE id = ?", (now, desk.key))
            elif alone < MOST_OF_ONE and together < MOST_OF_ALL:
                kept.execute("INSERT INTO misses (at, who) VALUES (?, ?)", (now, who))
                return Tried(None)
        return Tried(desk, locked=desk is None)

    def known(self, key: str) -> Desk | None:
        """The desk of somebody who opened it before and brings the key along, whatever others try meanwhile."""
        with self._room.keys() as kept:
            _prepare(kept)
            return _found(kept, key)

    def mark(self, number: int) -> str:
        """What a talk knows a key by that opened a desk in it: the number, and a little of a hash, since another server, or an older copy
        of these desks, may have another key of that number. Raises RoomError also for a number that no key has.
        """
        with self._room.keys() as kept:
            _prepare(kept)
            return _mark(kept, number)

    def of_mark(self, mark: str) -> Desk | None:
        """The desk of the key that a talk knows by this mark; None when it was taken back. Raises RoomError also for none of these keys."""
        number = int(mark.partition("-")[0])
        with self._room.keys() as kept:
            _prepare(kept)
            if _mark(kept, number) != mark:
                raise RoomError(f"key {number} is another one here")
            return _desk(kept.execute(f"{_FIND} AND k.id = ?", (number,)).fetchone())


def _found(kept: sqlite3.Connection, key: str) -> Desk | None:
    return _desk(kept.execute(f"{_FIND} AND k.hash = ?", (_hashed(key),)).fetchone())


def _mark(kept: sqlite3.Connection, number: int) -> str:
    found = kept.execute("SELECT hash FROM keys WHERE id = ?", (number,)).fetchone()
    if found is None:
        raise RoomError(f"no key {number}")
    return f"{number}-{hashlib.sha256(found[0]).hexdigest()[:16]}"


def _desk(row: tuple[int, str, int, str] | None) -> Desk | None:
    return Desk(*row) if row is not None else None


_FIND = "SELECT d.id, d.name, k.id, k.who FROM keys k JOIN desks d ON d.id = k.desk WHERE k.revoked IS NULL"


def _prepare(kept: sqlite3.Connection) -> None:
    for statement in _TABLES:
        kept.execute(statement)


def _misses(kept: sqlite3.Connection, who: str, now: int) -> tuple[int, int]:
    """How often one who tries has missed of late, and all together."""
    kept.execute("DELETE FROM misses WHERE at < ?", (now - PATIENCE,))
    alone, together = kept.execute("SELECT count(*) FILTER (WHERE who = ?), count(*) FROM misses", (who,)).fetchone()
    return int(alone), int(together)


def plain(key: str) -> str:
    """A key however it was typed, without what stands between its letters."""
    return "".join(char for char in key.upper() if char.isascii() and char.isalnum())


def _hashed(key: str) -> bytes:
    return hashlib.sha256(plain(key).encode()).digest()


def _day(seconds: int) -> date:
    return datetime.fromtimestamp(seconds, CHINA).date()
