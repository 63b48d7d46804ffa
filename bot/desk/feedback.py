"""Early warning (防返贫预警): whom the desk told an office about, and what it answered. Entries are added and never changed."""

import sqlite3
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, get_args

from bot.china import moment
from bot.desk.book import Book

#: Told to civil affairs (民政) or rural revitalisation (乡村振兴), or answered by one of them.
What = Literal["civil", "rural", "answered"]
WHATS: tuple[What, ...] = get_args(What)

_TABLES = (
    "CREATE TABLE IF NOT EXISTS feedback (id INTEGER PRIMARY KEY AUTOINCREMENT, who TEXT NOT NULL, year INTEGER NOT NULL, "
    "what TEXT NOT NULL, day TEXT NOT NULL, words TEXT NOT NULL, at INTEGER NOT NULL, by TEXT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS feedback_by_who ON feedback (who, year)",
)
#: A year that was not told.
_NO_YEAR = 0
_AT_ONCE = 500

Person = tuple[str, int | None]


@dataclass(frozen=True, slots=True)
class Mark:
    """One entry. `day`: the ISO day on which it happened; `at`: when it was written, ISO, Beijing time; `by` wrote it."""

    what: What
    day: str
    words: str
    at: str
    by: str


class Feedback:
    """What was told of whom. Every method raises RoomError; who writes stands in the desk's trail."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def add(self, people: Iterable[Person], what: What, day: str, words: str) -> int:
        """Note that some people, each by their number or name and the year, were told about or answered for; how many."""
        by, at = self._book.desk.who, self._book.now()
        rows = [(who, year or _NO_YEAR, what, day, words, at, by) for who, year in people]
        with self._opened() as kept:
            kept.executemany("INSERT INTO feedback (who, year, what, day, words, at, by) VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            self._book.trace(kept, f"warned.{what}", str(len(rows)))
        return len(rows)

    def of(self, people: Iterable[Person]) -> dict[Person, list[Mark]]:
        """The entries of some people, the oldest first; who has none is left out."""
        wanted, found = list(people), dict[Person, list[Mark]]()
        with self._opened() as kept:
            for part in (wanted[at : at + _AT_ONCE] for at in range(0, len(wanted), _AT_ONCE)):
                marks = ", ".join("?" * len(part))
                query = f"SELECT who, year, what, day, words, at, by FROM feedback WHERE who IN ({marks}) ORDER BY id"  # noqa: S608 - question marks
                for who, year, what, day, words, at, by in kept.execute(query, [who for who, _ in part]):
                    found.setdefault((who, year or None), []).append(Mark(what, day, words, moment(at), by))
        return found

    def _opened(self) -> AbstractContextManager[sqlite3.Connection]:
        return self._book.opened(_TABLES)
