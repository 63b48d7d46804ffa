"""The households of a day (下一位): one after the other, in a chat or on the web, each with their case and never with a result.

What a case comes to is worked out whenever it is looked at, by the rules of that day.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from bot.desk.book import Book, moment

_TABLES = (
    "CREATE TABLE IF NOT EXISTS visits (id INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT UNIQUE, day TEXT NOT NULL, "
    "label TEXT NOT NULL, facts TEXT NOT NULL, at INTEGER NOT NULL, who TEXT NOT NULL)",
)


@dataclass(frozen=True, slots=True)
class Visit:
    """A household. `day`: the ISO day of the visit; `label`: a house number or nickname, or nothing; `facts`: a contract case."""

    number: int
    day: str
    label: str
    facts: dict[str, Any]
    at: str
    who: str


class Visits:
    """The households of an open desk. Every method raises RoomError; who writes, looks or deletes stands in the desk's trail."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def put(self, day: str, label: str, facts: Mapping[str, Any], source: str | None = None) -> int:
        """Keep a household; its number. `source`: what a chat knows it by, so that what it says later changes it instead of adding one."""
        query = (
            "INSERT INTO visits (source, day, label, facts, at, who) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (source) DO UPDATE SET "
            "label = excluded.label, facts = excluded.facts, at = excluded.at RETURNING id"
        )
        row = (source, day, label, _written(facts), self._book.now(), self._book.desk.who)
        with self._opened() as kept:
            known = kept.execute("SELECT 1 FROM visits WHERE source = ?", (source,)).fetchone()
            [(number,)] = kept.execute(query, row).fetchall()
            self._book.trace(kept, "visit.changed" if known else "visit.added", str(number))
        return int(number)

    def change(self, number: int, label: str, facts: Mapping[str, Any]) -> bool:
        """Another label or case for a household; whether there is such a one."""
        with self._opened() as kept:
            query = "UPDATE visits SET label = ?, facts = ?, at = ? WHERE id = ?"
            done = kept.execute(query, (label, _written(facts), self._book.now(), number)).rowcount == 1
            if done:
                self._book.trace(kept, "visit.changed", str(number))
        return done

    def forget(self, number: int) -> bool:
        """Throw a household away; whether it was there."""
        with self._opened() as kept:
            done = kept.execute("DELETE FROM visits WHERE id = ?", (number,)).rowcount == 1
            if done:
                self._book.trace(kept, "visit.forgotten", str(number))
        return done

    def of_day(self, day: str) -> list[Visit]:
        """The households of a day, in the order in which they were visited."""
        with self._opened() as kept:
            rows = kept.execute("SELECT id, day, label, facts, at, who FROM visits WHERE day = ? ORDER BY id", (day,)).fetchall()
            self._book.trace(kept, "visit.seen", day)
        return [Visit(number, said, label, json.loads(facts), moment(at), who) for number, said, label, facts, at, who in rows]

    def place_of(self, source: str) -> int | None:
        """Which household of its day a chat's household is, counted from one; None when it is not kept."""
        query = "SELECT (SELECT count(*) FROM visits o WHERE o.day = v.day AND o.id <= v.id) FROM visits v WHERE v.source = ?"
        with self._opened() as kept:
            found = kept.execute(query, (source,)).fetchone()
        return int(found[0]) if found is not None else None

    def days(self) -> list[tuple[str, int]]:
        """The days with households, the newest first, and how many."""
        with self._opened() as kept:
            return [
                (str(day), int(count))
                for day, count in kept.execute("SELECT day, count(*) FROM visits GROUP BY day ORDER BY day DESC").fetchall()
            ]

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        with self._book.opened() as kept:
            for statement in _TABLES:
                kept.execute(statement)
            yield kept


def _written(facts: Mapping[str, Any]) -> str:
    return json.dumps(dict(facts), ensure_ascii=False)
