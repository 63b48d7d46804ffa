"""Everyone enrolled (全民参保): lists of who is insured and who is not yet, as they were brought, and what was done about it since.

What somebody pays is never kept: it is worked out from their category by the rules whenever a list is looked at, and summed where the rows
are, so that a list of a whole county fits.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any, Literal, get_args

from bot.china import moment
from bot.desk.book import Book
from bot.desk.room import RoomError
from engine import Share

#: What was done about somebody: reminded; joined: enrolled since the list was brought; cleared: a mark was wrong.
Mark = Literal["reminded", "joined", "cleared"]
MARKS: tuple[Mark, ...] = get_args(Mark)
#: Members of a household that are shown of it.
MOST_MEMBERS = 40

#: From this month on the premium of the coming year is collected (每年下半年集中参保, as the advice beside every premium has it).
_COLLECTED_FROM = 7

#: Rows that are written and read at once, so that nobody waits long for the desk's file.
_AT_ONCE = 5_000
#: Rows that do not tell, named where no other does.
_FIRST = 10
#: Seconds after which a list that was never brought to its end is one of a program that was.
_GIVEN_UP = 3_600
_TABLES = (
    "CREATE TABLE IF NOT EXISTS enrolments (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, place TEXT NOT NULL, "
    "year INTEGER NOT NULL, homes TEXT NOT NULL, states TEXT NOT NULL, at INTEGER NOT NULL, who TEXT NOT NULL, ready INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS enrolled (list INTEGER NOT NULL REFERENCES enrolments (id) ON DELETE CASCADE, row INTEGER NOT NULL, "
    "home TEXT NOT NULL, person TEXT NOT NULL, name TEXT NOT NULL, category TEXT NOT NULL, insured INTEGER NOT NULL, reminded TEXT, "
    "reminded_by TEXT, joined TEXT, joined_by TEXT, open INTEGER GENERATED ALWAYS AS (insured = 0 AND joined IS NULL), "
    "PRIMARY KEY (list, row)) WITHOUT ROWID",
    "CREATE UNIQUE INDEX IF NOT EXISTS enrolled_once ON enrolled (list, home, person)",
    "CREATE INDEX IF NOT EXISTS enrolled_by_card ON enrolled (list, person) WHERE length(person) = 18",
    "CREATE TABLE IF NOT EXISTS enrolled_not (list INTEGER NOT NULL REFERENCES enrolments (id) ON DELETE CASCADE, row INTEGER NOT NULL, "
    "why TEXT NOT NULL, PRIMARY KEY (list, row)) WITHOUT ROWID",
)
_HEADS = (
    "SELECT e.id, e.name, e.place, e.year, e.homes, e.states, e.at, e.who, (SELECT COUNT(*) FROM enrolled p WHERE p.list = e.id), "
    "(SELECT COUNT(*) FROM enrolled_not n WHERE n.list = e.id) FROM enrolments e"
)
_COUNTS = "SELECT category, SUM(insured), SUM(insured = 0 AND joined IS NOT NULL), SUM(open) FROM enrolled WHERE list = ? GROUP BY category"
#: A name may stand in two households; the number of an identity card (18 signs) is one person's wherever it stands.
_PUT = """
    INSERT INTO enrolled (list, row, home, person, name, category, insured) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7
    WHERE NOT EXISTS (SELECT 1 FROM enrolled WHERE list = ?1 AND person = ?4 AND length(person) = 18) ON CONFLICT DO NOTHING
"""
#: Households with what those pay who are still to be enrolled; what one of a category pays comes as JSON.
_HOMES = """
    WITH due (category, premium, subsidy, own, low) AS (
        SELECT key, json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'), json_extract(value, '$[3]')
        FROM json_each(:due)
    )
    SELECT home, SUM(open), SUM(open * IFNULL(premium, 0)), SUM(open * IFNULL(subsidy, 0)), SUM(open * IFNULL(own, 0)) AS most,
        SUM(open * IFNULL(low, 0)), COUNT(*)
    FROM enrolled LEFT JOIN due USING (category) WHERE list = :list AND insured = 0 GROUP BY home HAVING SUM(open) > 0 OR NOT :as_listed
    ORDER BY CASE WHEN :as_listed THEN MIN(row) ELSE -SUM(open) END, most DESC, MIN(row) LIMIT :most OFFSET :skip
"""
_HOMES_COUNT = "SELECT COUNT(DISTINCT home) FROM enrolled WHERE list = ? AND insured = 0 AND (open OR NOT ?)"
_PEOPLE = """
    SELECT row, home, person, name, category, insured, reminded, reminded_by, joined, joined_by
    FROM enrolled WHERE list = ? AND row > ? ORDER BY row LIMIT ?
"""
#: Who was not insured in some households, the first of each.
_MEMBERS = """
    SELECT row, home, person, name, category, insured, reminded, reminded_by, joined, joined_by
    FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY home ORDER BY joined IS NOT NULL, row) AS place FROM enrolled
        WHERE list = ? AND insured = 0 AND home IN (SELECT value FROM json_each(?)))
    WHERE place <= ? ORDER BY row
"""
_MARKS: Mapping[Mark, str] = {
    "reminded": "UPDATE enrolled SET reminded = :day, reminded_by = :who WHERE list = :list AND row = :row AND insured = 0",
    "joined": "UPDATE enrolled SET joined = :day, joined_by = :who WHERE list = :list AND row = :row AND insured = 0",
    "cleared": "UPDATE enrolled SET reminded = NULL, reminded_by = NULL, joined = NULL, joined_by = NULL "
    "WHERE list = :list AND row = :row AND insured = 0",
}


@dataclass(frozen=True, slots=True)
class Enrollee:
    """A row of a list. `row`: its number there; `home`: the household, or the person where the list names none; `name`: beside a number."""

    row: int
    home: str
    person: str
    name: str
    category: str
    insured: bool


@dataclass(frozen=True, slots=True)
class Unread:
    """A row that does not tell; `why` is a key of `desk.enrol.wrong`."""

    row: int
    why: str


@dataclass(frozen=True, slots=True)
class Brought:
    """How a list is to be read: `homes` and `states` are its columns of households and of who is insured, empty where it has none."""

    name: str
    place: str
    year: int
    homes: str
    states: str


@dataclass(frozen=True, slots=True)
class Enrolment(Brought):
    """A list as it is kept. `at`: ISO moment, Beijing time; `who` brought it; how many people it has, and rows that do not tell."""

    number: int
    at: str
    who: str
    people: int
    unread: int


@dataclass(frozen=True, slots=True)
class Count:
    """How many people of a category are insured, were enrolled since, and are still to be enrolled."""

    category: str
    insured: int
    joined: int
    open: int


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody of a list. `reminded` and `joined`: the ISO day, and who wrote it down; None: not."""

    row: int
    home: str
    person: str
    name: str
    category: str
    insured: bool
    reminded: str | None
    reminded_by: str | None
    joined: str | None
    joined_by: str | None

    @property
    def label(self) -> str:
        """What they are called."""
        return self.name or self.person

    @property
    def is_open(self) -> bool:
        """Whether they are still to be enrolled."""
        return not self.insured and self.joined is None


@dataclass(frozen=True, slots=True)
class Home:
    """A household with somebody who was not insured. `open`: how many still are not; what those pay, in fen: `own` at most, `low` at least.

    `members` are those who were not insured, `MOST_MEMBERS` of them at most; `more`: how many others.
    """

    home: str
    open: int
    premium: int
    subsidy: int
    own: int
    low: int
    members: tuple[Member, ...]
    more: int


class NobodyError(Exception):
    """No row of a list tells of anybody. `unread`: the first of its rows."""

    def __init__(self, unread: list[Unread]) -> None:
        super().__init__()
        self.unread = unread


class Enrolments:
    """The lists of an open desk. Every method raises RoomError; who brings, looks, marks or deletes stands in the desk's trail."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def bring(self, brought: Brought, rows: Iterable[Enrollee | Unread]) -> int:
        """Keep a list, row by row as it is read; its number. A row with somebody who stood there before does not tell.

        Raises NobodyError, and whatever `rows` raise; nothing is kept then.
        """
        number = self._begin(brought)
        try:
            left = iter(rows)
            while block := list(islice(left, _AT_ONCE)):
                self._put(number, block)
            self._finish(number)
        except BaseException:
            self._drop(number)
            raise
        return number

    def all(self) -> list[Enrolment]:
        """Every list, the newest first."""
        with self._opened() as kept:
            rows = kept.execute(f"{_HEADS} WHERE e.ready ORDER BY e.id DESC").fetchall()
        return [_enrolment(row) for row in rows]

    def seen(self, number: int, *, taken: bool = False) -> Enrolment | None:
        """A list that is looked at, or `taken` away as a file; None where there is none."""
        with self._opened() as kept:
            row = kept.execute(f"{_HEADS} WHERE e.ready AND e.id = ?", (number,)).fetchone()
            if row is not None:
                self._book.trace(kept, "enrol.taken" if taken else "enrol.seen", row[1])
        return None if row is None else _enrolment(row)

    def counts(self, number: int) -> list[Count]:
        """How many there are of each category."""
        with self._opened() as kept:
            return [Count(*row) for row in kept.execute(_COUNTS, (number,)).fetchall()]

    def homes(self, number: int, shares: Mapping[str, Share], most: int, skip: int = 0, *, as_listed: bool = False) -> list[Home]:
        """Households with somebody who was not insured: those with the most people to enrol first, then those with the most to pay.

        `shares`: what one of a category pays; `as_listed`: in the order of the list, and none in which everybody is enrolled by now.
        """
        due = {key: [share.premium, share.subsidy, share.own, share.low] for key, share in shares.items()}
        asked = {"due": json.dumps(due), "list": number, "as_listed": as_listed, "most": most, "skip": skip}
        with self._opened() as kept:
            rows = kept.execute(_HOMES, asked).fetchall()
            members = _members(kept, number, [row[0] for row in rows])
        return [_home(row, members[row[0]]) for row in rows]

    def homes_count(self, number: int, *, is_open: bool = False) -> int:
        """How many households have somebody who was not insured, or who `is_open`: still is not."""
        with self._opened() as kept:
            return int(kept.execute(_HOMES_COUNT, (number, is_open)).fetchone()[0])

    def people(self, number: int) -> Iterator[Member]:
        """Everybody of a list in its order, a block in memory at a time. Raises RoomError also where it is thrown away meanwhile."""
        last = -1
        while True:
            with self._opened() as kept:
                if last >= 0 and kept.execute("SELECT 1 FROM enrolments WHERE id = ?", (number,)).fetchone() is None:
                    raise RoomError(f"list {number} is gone")
                block = [_member(row) for row in kept.execute(_PEOPLE, (number, last, _AT_ONCE)).fetchall()]
            if not block:
                return
            yield from block
            last = block[-1].row

    def unread(self, number: int, most: int) -> list[Unread]:
        """The first rows that do not tell."""
        with self._opened() as kept:
            return _unread(kept, number, most)

    def mark(self, number: int, row: int, mark: Mark, day: str) -> bool:
        """Note that something was done about somebody who was not insured, on an ISO day; whether there is such a one."""
        asked = {"day": day, "who": self._book.desk.who, "list": number, "row": row}
        with self._opened() as kept:
            done = kept.execute(_MARKS[mark], asked).rowcount == 1
            if done:
                self._book.trace(kept, f"enrol.{mark}", f"{number}/{row}")
        return done

    def forget(self, number: int) -> bool:
        """Throw a list away; whether it was there. That there was one stays in the trail."""
        with self._opened() as kept:
            found = kept.execute("DELETE FROM enrolments WHERE id = ? AND ready RETURNING name", (number,)).fetchall()
            for (name,) in found:
                self._book.trace(kept, "enrol.forgotten", name)
        return bool(found)

    def sweep(self, before: int) -> int:
        """Throw away the lists from before a moment; how many."""
        with self._opened() as kept:
            found = kept.execute("SELECT id FROM enrolments WHERE at < ? AND ready", (before,)).fetchall()
        return sum(self.forget(number) for (number,) in found)

    def _begin(self, brought: Brought) -> int:
        query = "INSERT INTO enrolments (name, place, year, homes, states, at, who, ready) VALUES (?, ?, ?, ?, ?, ?, ?, 0) RETURNING id"
        told = (brought.name, brought.place, brought.year, brought.homes, brought.states, self._book.now(), self._book.desk.who)
        with self._opened() as kept:
            kept.execute("DELETE FROM enrolments WHERE NOT ready AND at < ?", (self._book.now() - _GIVEN_UP,))
            [(number,)] = kept.execute(query, told).fetchall()
        return int(number)

    def _put(self, number: int, block: Iterable[Enrollee | Unread]) -> None:
        with self._opened() as kept:
            for each in block:
                why = each.why if isinstance(each, Unread) else ""
                if isinstance(each, Enrollee):
                    row = (number, each.row, each.home, each.person, each.name, each.category, each.insured)
                    why = "" if kept.execute(_PUT, row).rowcount == 1 else "twice"
                if why:
                    kept.execute("INSERT INTO enrolled_not (list, row, why) VALUES (?, ?, ?)", (number, each.row, why))

    def _finish(self, number: int) -> None:
        with self._opened() as kept:
            if kept.execute("SELECT 1 FROM enrolled WHERE list = ? LIMIT 1", (number,)).fetchone() is None:
                raise NobodyError(_unread(kept, number, _FIRST))
            [(name,)] = kept.execute("UPDATE enrolments SET ready = 1 WHERE id = ? RETURNING name", (number,)).fetchall()
            self._book.trace(kept, "enrol.brought", name)

    def _drop(self, number: int) -> None:
        with self._opened() as kept:
            kept.execute("DELETE FROM enrolments WHERE id = ?", (number,))

    def _opened(self) -> AbstractContextManager[sqlite3.Connection]:
        return self._book.opened(_TABLES)


def is_to_pay(year: int, today: date) -> bool:
    """Whether whoever enrols on a day may have to pay the premium of a year: not for one that is over, nor in the second half of it."""
    return year >= today.year + (today.month >= _COLLECTED_FROM)


def _home(row: tuple[Any, ...], members: list[Member]) -> Home:
    home, count, premium, subsidy, own, low, people = row
    return Home(home, count, premium, subsidy, own, low, tuple(members), people - len(members))


def _enrolment(row: tuple[Any, ...]) -> Enrolment:
    number, name, place, year, homes, states, at, who, people, unread = row
    return Enrolment(name, place, year, homes, states, number, moment(at), who, people, unread)


def _member(row: tuple[Any, ...]) -> Member:
    number, home, person, name, category, insured, *marks = row
    return Member(number, home, person, name, category, bool(insured), *marks)


def _unread(kept: sqlite3.Connection, number: int, most: int) -> list[Unread]:
    rows = kept.execute("SELECT row, why FROM enrolled_not WHERE list = ? ORDER BY row LIMIT ?", (number, most)).fetchall()
    return [Unread(*row) for row in rows]


def _members(kept: sqlite3.Connection, number: int, homes: list[str]) -> dict[str, list[Member]]:
    """Who was not insured in some households."""
    members: dict[str, list[Member]] = {home: [] for home in homes}
    for row in kept.execute(_MEMBERS, (number, json.dumps(homes), MOST_MEMBERS)).fetchall():
        member = _member(row)
        members[member.home].append(member)
    return members
