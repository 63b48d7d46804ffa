"""Settlement sheets (对账) at the desk: lists of what the sheets say, as they were brought, and never what a check of them came to.

A check is worked out whenever a list is looked at, by the rules and the registers of that day.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from bot.china import moment
from bot.desk.book import Book

_TABLES = (
    "CREATE TABLE IF NOT EXISTS bills (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, at INTEGER NOT NULL, who TEXT NOT NULL, "
    "bills TEXT NOT NULL, unread TEXT NOT NULL)",
)


@dataclass(frozen=True, slots=True)
class Bill:
    """One sheet. `row`: its number in the list; `person`: a number or name, or nothing; `sheet`: a request for a check.

    `beside`: what a check has no line for, in fen: `other` was paid by a layer that the sheet does not name, `deductible` was taken off,
    `in_scope` is the eligible cost that the sheet says.
    """

    row: int
    person: str
    sheet: Mapping[str, Any]
    beside: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class BillList:
    """A list of sheets. `unread`: rows that do not tell, by their number, with the reason in words; `at`: ISO moment, Beijing time."""

    number: int
    name: str
    at: str
    who: str
    bills: Sequence[Bill]
    unread: Sequence[tuple[int, str]]


class Bills:
    """The lists of an open desk. Every method raises RoomError; who brings, looks or deletes stands in the desk's trail."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def bring(self, name: str, bills: Sequence[Bill], unread: Sequence[tuple[int, str]]) -> int:
        """Keep a list; its number."""
        told = [[bill.row, bill.person, dict(bill.sheet), dict(bill.beside)] for bill in bills]
        row = (name, self._book.now(), self._book.desk.who, _written(told), _written(unread))
        with self._opened() as kept:
            query = "INSERT INTO bills (name, at, who, bills, unread) VALUES (?, ?, ?, ?, ?) RETURNING id"
            [(number,)] = kept.execute(query, row).fetchall()
            self._book.trace(kept, "bill.brought", name)
        return int(number)

    def heads(self) -> list[tuple[int, str, str, str]]:
        """Number, name, ISO moment and who brought it of every list, the newest first."""
        with self._opened() as kept:
            rows = kept.execute("SELECT id, name, at, who FROM bills ORDER BY id DESC").fetchall()
        return [(number, name, moment(at), who) for number, name, at, who in rows]

    def one(self, number: int, *, taken: bool = False) -> BillList | None:
        """A list that is looked at, or `taken` away as a file; None where there is none."""
        with self._opened() as kept:
            found = kept.execute("SELECT name, at, who, bills, unread FROM bills WHERE id = ?", (number,)).fetchone()
            if found is None:
                return None
            self._book.trace(kept, "bill.taken" if taken else "bill.seen", found[0])
        name, at, who, bills, unread = found
        read = [Bill(*each) for each in json.loads(bills)]
        return BillList(number, name, moment(at), who, read, [(row, why) for row, why in json.loads(unread)])

    def checked(self) -> None:
        """Note that a single sheet was checked, of which nothing is kept."""
        with self._opened() as kept:
            self._book.trace(kept, "bill.checked", "")

    def forget(self, number: int) -> bool:
        """Throw a list away; whether it was there. That there was one stays in the trail."""
        with self._opened() as kept:
            found = kept.execute("DELETE FROM bills WHERE id = ? RETURNING name", (number,)).fetchall()
            for (name,) in found:
                self._book.trace(kept, "bill.forgotten", name)
        return bool(found)

    def sweep(self, before: int) -> int:
        """Throw away the lists from before a moment; how many."""
        with self._opened() as kept:
            found = kept.execute("SELECT id FROM bills WHERE at < ?", (before,)).fetchall()
        return sum(self.forget(number) for (number,) in found)

    def _opened(self) -> AbstractContextManager[sqlite3.Connection]:
        return self._book.opened(_TABLES)


def _written(told: Any) -> str:
    return json.dumps(told, ensure_ascii=False)
