"""The households of a day (下一位): one after the other, in a chat or on the web, each with their case and never with a result.

What a case comes to is worked out whenever it is looked at, by the rules of that day.
"""

import json
import sqlite3
import unicodedata
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from bot.china import moment
from bot.desk.book import Book

_TABLES = (
    "CREATE TABLE IF NOT EXISTS visits (id INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT UNIQUE, day TEXT NOT NULL, "
    "label TEXT NOT NULL, facts TEXT NOT NULL, at INTEGER NOT NULL, who TEXT NOT NULL)",
)


_ALL = "SELECT id, day, label, facts, at, who FROM visits"


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
        row = (source, day, tidy_label(label), _written(facts), self._book.now(), self._book.desk.who)
        with self._opened() as kept:
            known = kept.execute("SELECT 1 FROM visits WHERE source = ?", (source,)).fetchone()
            [(number,)] = kept.execute(query, row).fetchall()
            self._book.trace(kept, "visit.changed" if known else "visit.added", str(number))
        return int(number)

    def change(self, number: int, label: str, facts: Mapping[str, Any]) -> bool:
        """Another label or case for a household; whether there is such a one."""
        with self._opened() as kept:
            query = "UPDATE visits SET label = ?, facts = ?, at = ? WHERE id = ?"
            done = kept.execute(query, (tidy_label(label), _written(facts), self._book.now(), number)).rowcount == 1
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

    def is_gone(self, number: int) -> bool:
        """Whether there was such a household that is not kept any more. Nobody looks at it: it leaves no trace."""
        with self._opened() as kept:
            # Numbers are given once and never again.
            query = "SELECT max(seq) >= ? FROM sqlite_sequence WHERE name = 'visits' AND NOT EXISTS (SELECT 1 FROM visits WHERE id = ?)"
            [(gone,)] = kept.execute(query, (number, number)).fetchall()
        return bool(gone)

    def sweep(self, before: int) -> int:
        """Throw away the households from before a moment; how many."""
        with self._opened() as kept:
            found = kept.execute("DELETE FROM visits WHERE at < ? RETURNING id", (before,)).fetchall()
            for (number,) in found:
                self._book.trace(kept, "visit.forgotten", str(number))
        return len(found)

    def of_day(self, day: str, *, taken: bool = False) -> list[Visit]:
        """The households of a day, in the order in which they were visited, looked at or `taken` away as a file."""
        with self._opened() as kept:
            rows = kept.execute(f"{_ALL} WHERE day = ? ORDER BY id", (day,)).fetchall()
            self._book.trace(kept, "visit.taken" if taken else "visit.seen", day)
        return [_visit(*row) for row in rows]

    def newest(self) -> Visit | None:
        """The household that was put in last, whose place and hospital the next one begins with. Nobody looks at it: it leaves no trace."""
        with self._opened() as kept:
            row = kept.execute(f"{_ALL} ORDER BY id DESC LIMIT 1").fetchone()
        return _visit(*row) if row is not None else None

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

    def _opened(self) -> AbstractContextManager[sqlite3.Connection]:
        return self._book.opened(_TABLES)


def tidy_label(text: str) -> str:
    """A label on one line, without signs that nobody sees."""
    return " ".join("".join(char if unicodedata.category(char)[0] != "C" else " " for char in text).split())


def _visit(number: int, day: str, label: str, facts: str, at: int, who: str) -> Visit:
    return Visit(number, day, label, json.loads(facts), moment(at), who)


def _written(facts: Mapping[str, Any]) -> str:
    return json.dumps(dict(facts), ensure_ascii=False)
