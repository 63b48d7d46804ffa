"""Lists of people and bills that were settled: every row with what it came to, in the order of the list and by what is left to pay."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from bot.china import moment
from bot.desk.book import Book
from bot.desk.room import RoomError

_TABLES = (
    # Lists were once kept whole, and nothing shows them any more.
    "DROP TABLE IF EXISTS rosters",
    "CREATE TABLE IF NOT EXISTS lists (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, at INTEGER NOT NULL, who TEXT NOT NULL, "
    "place TEXT, columns TEXT, given INTEGER, lines TEXT)",
    "CREATE TABLE IF NOT EXISTS list_rows (list INTEGER NOT NULL, row INTEGER NOT NULL, who TEXT, person TEXT, year INTEGER, "
    "category TEXT NOT NULL, own INTEGER, unpaid INTEGER, may_apply INTEGER NOT NULL, cells TEXT NOT NULL, PRIMARY KEY (list, row)) "
    "WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS list_rows_by_own ON list_rows (list, own DESC)",
    "CREATE INDEX IF NOT EXISTS list_rows_by_who ON list_rows (list, who)",
    # Of people who are told apart, until a list is added up: lists are not always in the order of their days.
    "CREATE TABLE IF NOT EXISTS list_days (list INTEGER NOT NULL, row INTEGER NOT NULL, day TEXT NOT NULL, PRIMARY KEY (list, row)) "
    "WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS list_people (list INTEGER NOT NULL, who TEXT, year INTEGER, category TEXT NOT NULL, "
    "bills INTEGER NOT NULL, own INTEGER NOT NULL, unpaid INTEGER NOT NULL, may_apply INTEGER NOT NULL, last INTEGER NOT NULL)",
    "CREATE INDEX IF NOT EXISTS list_people_by_unpaid ON list_people (list, unpaid DESC)",
    "CREATE INDEX IF NOT EXISTS list_people_by_who ON list_people (list, who)",
    "CREATE TABLE IF NOT EXISTS list_rejects (list INTEGER NOT NULL, row INTEGER NOT NULL, column TEXT NOT NULL, said TEXT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS list_rejects_by_list ON list_rejects (list, row)",
)
#: Rows that are written or read in one go, so that nobody waits long for the file.
_AT_ONCE = 10_000
_NAMED_AT_ONCE = 500
#: The largest number that a file of a desk holds.
_MOST = 2**63 - 1

Order = Literal["own", "row"]
_ORDERS: dict[Order, str] = {"own": "own DESC, row", "row": "row"}


@dataclass(frozen=True, slots=True)
class Row:
    """One bill of a list by the number of its row. `who`: the number or name that tells people apart, in the way it is compared; `person`:
    the same where the bills of a year were settled one after the other. Money in fen, None where no rule settles the bill; `unpaid`:
    what of the eligible cost no layer paid; `may_apply`: the rules name further aid for people of the category. `cells`: by the columns
    of the list.
    """

    number: int
    who: str | None
    person: str | None
    year: int | None
    category: str
    own: int | None
    unpaid: int | None
    may_apply: bool
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Year:
    """What a year came to for somebody: all their bills, or a single one where nobody is told apart. Money in fen.

    `year`: None where no day was told; `category` is that of the last bill by its day, whose row is `last`; `may_apply`: 1 or 0.
    `is_open`: 1 where a layer pays for one of them that nobody can compute, so that less may be left; else 0.
    """

    who: str | None
    year: int | None
    category: str
    bills: int
    own: int
    unpaid: int
    may_apply: int
    last: int
    is_open: int


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that was not settled: the column at fault, and why in words."""

    number: int
    column: str
    said: str


@dataclass(frozen=True, slots=True)
class Head:
    """A list as it is listed. `at`: ISO moment, Beijing time; `who` brought it."""

    number: int
    name: str
    at: str
    who: str


@dataclass(frozen=True, slots=True)
class Roster:
    """A list. `place`: what held for it where it has no such column; `columns`: first the `given` ones of the list itself, then those of
    the results; `lines`: what it came to, in words.
    """

    number: int
    name: str
    place: str | None
    columns: tuple[str, ...]
    given: int
    lines: tuple[str, ...]
    rows: int
    rejects: int


class Rosters:
    """The lists of an open desk. Every method raises RoomError; who brings, sees, takes or deletes a list stands in the desk's trail.

    A list is written in parts, and is nowhere to be seen until it is finished.
    """

    def __init__(self, book: Book) -> None:
        self._book = book

    def begin(self, name: str, place: str | None) -> int:
        """A number for a list that is to be written. `place` holds for a list without that column."""
        with self._opened() as kept:
            query = "INSERT INTO lists (name, place, at, who) VALUES (?, ?, ?, ?) RETURNING id"
            [(number,)] = kept.execute(query, (name, place, self._book.now(), self._book.desk.who)).fetchall()
        return int(number)

    def write(self, number: int, rows: Iterable[Row]) -> None:
        """More rows of a list."""
        waiting = iter(rows)
        while part := [_written(number, row) for row in islice(waiting, _AT_ONCE)]:
            with self._opened() as kept:
                kept.executemany("INSERT INTO list_rows VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", part)

    def dated(self, number: int, days: Iterable[tuple[int, str]]) -> None:
        """The ISO days of bills by their rows, of people who are told apart: the last one of a year is not always that of a list."""
        with self._opened() as kept:
            kept.executemany("INSERT INTO list_days VALUES (?, ?, ?)", ((number, row, day) for row, day in days))

    def reject(self, number: int, rejects: Iterable[Reject]) -> None:
        """Rows of a list that were not settled."""
        with self._opened() as kept:
            told = ((number, each.number, each.column, each.said) for each in rejects)
            kept.executemany("INSERT INTO list_rejects VALUES (?, ?, ?, ?)", told)

    def finish(self, number: int, columns: Sequence[str], given: int, lines: Sequence[str], about: Sequence[str] = ()) -> None:
        """Show a list that is written. `lines`: what it came to; `about`: which of its columns were taken for what."""
        with self._opened() as kept:
            query = "UPDATE lists SET columns = ?, given = ?, lines = ? WHERE id = ? RETURNING name"
            [(name,)] = kept.execute(query, (_json(columns), given, _json([*lines, *about]), number)).fetchall()
            kept.execute(_ADD_UP, (number,))
            kept.execute("DELETE FROM list_days WHERE list = ?", (number,))
            self._book.trace(kept, "added", name)

    def drop(self, number: int) -> None:
        """Throw away a list that was begun and cannot be finished."""
        while not self._emptied(number):
            pass
        with self._opened() as kept:
            kept.execute("DELETE FROM list_days WHERE list = ?", (number,))
            kept.execute("DELETE FROM list_people WHERE list = ?", (number,))
            kept.execute("DELETE FROM lists WHERE id = ?", (number,))

    def heads(self) -> list[Head]:
        """The lists of this desk, the newest first."""
        with self._opened() as kept:
            rows = kept.execute("SELECT id, name, at, who FROM lists WHERE columns IS NOT NULL ORDER BY id DESC").fetchall()
        return [Head(number, name, moment(at), who) for number, name, at, who in rows]

    def roster(self, number: int, *, taken: bool = False) -> Roster | None:
        """A list, looked at or `taken` away as a file; None when it is not there."""
        query = (
            "SELECT name, place, columns, given, lines, (SELECT count(*) FROM list_rows WHERE list = id), "
            "(SELECT count(DISTINCT row) FROM list_rejects WHERE list = id) FROM lists WHERE id = ? AND columns IS NOT NULL"
        )
        with self._opened() as kept:
            found = kept.execute(query, (number,)).fetchone()
            if found is None:
                return None
            self._book.trace(kept, "taken" if taken else "seen", found[0])
        name, place, columns, given, lines, rows, rejects = found
        return Roster(number, name, place, tuple(json.loads(columns)), given, tuple(json.loads(lines)), rows, rejects)

    def rows(self, number: int, order: Order, first: int, count: int) -> list[Row]:
        """So many rows of a list, from the `first` (0) on; those with most to pay or in their own order."""
        query = f"SELECT {_FIELDS} FROM list_rows WHERE list = ? ORDER BY {_ORDERS[order]} LIMIT ? OFFSET ?"  # noqa: S608 - our own words
        with self._opened() as kept:
            return [_row(found) for found in kept.execute(query, (number, count, first))]

    def find(self, number: int, who: str, count: int) -> list[Row]:
        """The first rows of those whose number or name begins so."""
        query = f"SELECT {_FIELDS} FROM list_rows WHERE list = ? AND who >= ? AND who < ? ORDER BY who, row LIMIT ?"  # noqa: S608 - our own words
        with self._opened() as kept:
            return [_row(found) for found in kept.execute(query, (number, who, f"{who}\U0010ffff", count))]

    def mentioning(self, number: int, said: str, count: int) -> list[Row]:
        """The first rows of which a cell of the list itself begins so: a name beside a number, a village, a category."""
        query = (
            f"SELECT {_FIELDS} FROM list_rows WHERE list = :list AND EXISTS (SELECT 1 FROM json_each(cells) WHERE "  # noqa: S608 - our own words
            "key < (SELECT given FROM lists WHERE id = :list) AND substr(trim(value), 1, length(:said)) = :said) ORDER BY row LIMIT :count"
        )
        with self._opened() as kept:
            return [_row(found) for found in kept.execute(query, {"list": number, "said": said, "count": count})]

    def burdened(self, number: int, above: int, up_to: int | None, first: int, count: int) -> list[Year]:
        """Whose eligible cost left unpaid in a year is above an amount, and at most `up_to`; most first, from the `first` (0) on."""
        with self._opened() as kept:
            found = kept.execute(_BURDENED, {"list": number, "above": above, "up_to": up_to, "count": count, "first": first}).fetchall()
        return [Year(*each) for each in found]

    def every_burdened(self, number: int, above: int) -> Iterator[Year]:
        """All of those above an amount, most first, some in memory at a time; what is written meanwhile does not wait.

        Raises RoomError also where the list is thrown away meanwhile, as `every` does.
        """
        asked = {"list": number, "above": above, "unpaid": _MOST, "last": -1, "count": _AT_ONCE}
        while True:
            with self._opened() as kept:
                self._is_there(kept, number)
                part = [Year(*each) for each in kept.execute(_BURDENED_BELOW, asked)]
            yield from part
            if len(part) < _AT_ONCE:
                return
            asked |= {"unpaid": part[-1].unpaid, "last": part[-1].last}

    def how_many(self, number: int, above: int, up_to: int | None) -> int:
        """How many these are."""
        query = "SELECT count(*) FROM list_people WHERE list = ? AND unpaid > ? AND unpaid <= coalesce(?, unpaid)"
        with self._opened() as kept:
            return int(kept.execute(query, (number, above, up_to)).fetchone()[0])

    def of_people(self, number: int, people: Sequence[str]) -> list[Row]:
        """The bills of some people, in the order of the list."""
        rows: list[Row] = []
        with self._opened() as kept:
            for part in (people[at : at + _NAMED_AT_ONCE] for at in range(0, len(people), _NAMED_AT_ONCE)):
                marks = ", ".join("?" * len(part))
                query = f"SELECT {_FIELDS} FROM list_rows WHERE list = ? AND who IN ({marks})"  # noqa: S608 - our own words and question marks
                rows += [_row(found) for found in kept.execute(query, (number, *part))]
        return sorted(rows, key=lambda row: row.number)

    def cells(self, number: int, at: int, rows: Sequence[int]) -> dict[int, str]:
        """By their numbers, what some rows of a list say in the column `at`."""
        query = (
            "SELECT row, json_extract(cells, '$[' || ? || ']') FROM list_rows WHERE list = ? AND row IN (SELECT value FROM json_each(?))"
        )
        with self._opened() as kept:
            return dict(kept.execute(query, (at, number, json.dumps(list(rows)))).fetchall())

    def unpaid_of_years(self, number: int, rows: Iterable[Row]) -> dict[int, int]:
        """By the row of each bill, what of the eligible cost of its person's year no layer paid; without bills that no rule settles."""
        query = "SELECT unpaid FROM list_people WHERE list = ? AND who = ? AND year IS ?"
        with self._opened() as kept:
            found = {row.number: kept.execute(query, (number, row.person, row.year)).fetchone() for row in rows if row.person is not None}
        known = {row.number: row.unpaid for row in rows if row.unpaid is not None}
        return {row: found[row][0] if found.get(row) else unpaid for row, unpaid in known.items()}

    def of_year(self, number: int, last: int) -> list[Row]:
        """The bills of a year by the row of its last one, in their order."""
        # An OR of the two would go through the whole list for each bill.
        query = (
            f"SELECT {_FIELDS} FROM list_rows WHERE list = :list AND row IN (SELECT :last UNION ALL SELECT o.row FROM list_rows b "  # noqa: S608 - our own words
            "JOIN list_rows o INDEXED BY list_rows_by_who ON o.list = b.list AND o.who = b.person AND o.year = b.year "
            "WHERE b.list = :list AND b.row = :last) ORDER BY row"
        )
        with self._opened() as kept:
            return [_row(found) for found in kept.execute(query, {"list": number, "last": last})]

    def rejects(self, number: int, count: int) -> list[Reject]:
        """The first rows that were not settled."""
        with self._opened() as kept:
            found = kept.execute(
                "SELECT row, column, said FROM list_rejects WHERE list = ? ORDER BY row LIMIT ?", (number, count)
            ).fetchall()
        return [Reject(*each) for each in found]

    def every(self, number: int) -> Iterator[Row]:
        """All rows in their order, some in memory at a time; what is written meanwhile does not wait.

        Raises RoomError also where the list is thrown away meanwhile: what was read of it is not all of it.
        """
        query = f"SELECT {_FIELDS} FROM list_rows WHERE list = ? AND row > ? ORDER BY row LIMIT ?"  # noqa: S608 - our own words
        last = -1
        while True:
            with self._opened() as kept:
                self._is_there(kept, number)
                part = [_row(found) for found in kept.execute(query, (number, last, _AT_ONCE))]
            yield from part
            if len(part) < _AT_ONCE:
                return
            last = part[-1].number

    def _is_there(self, kept: sqlite3.Connection, number: int) -> None:
        if kept.execute("SELECT 1 FROM lists WHERE id = ? AND columns IS NOT NULL", (number,)).fetchone() is None:
            raise RoomError(f"list {number} is gone")

    def forget(self, number: int) -> bool:
        """Throw a list away; whether it was there. That there was one stays in the trail."""
        with self._opened() as kept:
            found = kept.execute(
                "UPDATE lists SET columns = NULL WHERE id = ? AND columns IS NOT NULL RETURNING name", (number,)
            ).fetchall()
            for (name,) in found:
                self._book.trace(kept, "forgotten", name)
        if found:
            self.drop(number)
        return bool(found)

    def sweep(self, before: int) -> int:
        """Throw away the lists from before a moment; how many. That there were some stays in the trail."""
        with self._opened() as kept:
            found = kept.execute("SELECT id FROM lists WHERE at < ? AND columns IS NOT NULL", (before,)).fetchall()
        return sum(self.forget(number) for (number,) in found)

    def _emptied(self, number: int) -> bool:
        """Delete a part of the rows; whether none are left."""
        with self._opened() as kept:
            query = "DELETE FROM list_rows WHERE list = ? AND row IN (SELECT row FROM list_rows WHERE list = ? LIMIT ?)"
            deleted = kept.execute(query, (number, number, _AT_ONCE)).rowcount
            kept.execute("DELETE FROM list_rejects WHERE list = ?", (number,))
        return deleted < _AT_ONCE

    def _opened(self) -> AbstractContextManager[sqlite3.Connection]:
        return self._book.opened(_TABLES)


_FIELDS = "row, who, person, year, category, own, unpaid, may_apply, cells"
#: The status of a bill is the second of the columns that settling adds.
_YEARS = """
    SELECT who, year, category, bills, own, unpaid, may_apply, last, EXISTS (
        SELECT 1 FROM list_rows r WHERE r.list = :list AND r.row IN (SELECT p.last UNION ALL
            SELECT o.row FROM list_rows o INDEXED BY list_rows_by_who
            WHERE o.list = p.list AND o.who = p.who AND o.person = p.who AND o.year = p.year)
        AND json_extract(r.cells, '$[' || (SELECT given + 1 FROM lists WHERE id = :list) || ']') = 'partial')
    FROM (SELECT * FROM list_people WHERE list = :list AND unpaid > :above AND {which} ORDER BY unpaid DESC, last LIMIT :count {first}) p
    ORDER BY unpaid DESC, last
"""
_BURDENED = _YEARS.format(which="unpaid <= coalesce(:up_to, unpaid)", first="OFFSET :first")
_BURDENED_BELOW = _YEARS.format(which="unpaid <= :unpaid AND (unpaid < :unpaid OR last > :last)", first="")
#: SQLite takes the category of the row with the last day, and of people who are not told apart each row alone.
_ADD_UP = """
    INSERT INTO list_people SELECT list, who, year, category, bills, own, unpaid, may_apply, row FROM (
        SELECT r.list, who, year, category, count(*) AS bills, sum(own) AS own, sum(unpaid) AS unpaid, may_apply, r.row,
            max(coalesce(day, '') || printf('%012d', r.row))
        FROM list_rows r LEFT JOIN list_days d ON d.list = r.list AND d.row = r.row
        WHERE r.list = ? AND unpaid IS NOT NULL GROUP BY coalesce(person, r.row), year)
"""


def _written(number: int, row: Row) -> tuple[int | str | None, ...]:
    facts = (row.who, row.person, row.year, row.category, row.own, row.unpaid, row.may_apply)
    return number, row.number, *facts, _json(row.cells)


def _row(found: tuple[int, str | None, str | None, int | None, str, int | None, int | None, int, str]) -> Row:
    return Row(*found[:-2], may_apply=bool(found[-2]), cells=tuple(json.loads(found[-1])))


def _json(parts: Sequence[str]) -> str:
    return json.dumps(list(parts), ensure_ascii=False)
