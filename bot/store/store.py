"""The store every door keeps its talks in: one row a conversation and one a turn, the same in SQLite and in PostgreSQL.

Writing is grouped by a thread of its own, see bot.store.writer. Reads have a thread and a line of their own, so that they never wait for
a sync.
"""

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from bot.counters import StoreCounters
from bot.store import beside, passes, shown, talks
from bot.store.beside import Report
from bot.store.clock import Clock, ReadClocks
from bot.store.database import Connection, Database
from bot.store.keys import key
from bot.store.passes import Carried
from bot.store.sealed import BrokenSealError, unpacked, unsealed
from bot.store.shown import Shown
from bot.store.trouble import DAMAGED, Health, StoreError
from bot.store.values import Change, Kept, Parcel, Waiting
from bot.store.writer import Writer

T = TypeVar("T")


class Store:
    """Await its methods; `close` waits for turns under way."""

    def __init__(self, database: Database, clocks: ReadClocks | None = None) -> None:
        """The store in an open database, by the database's own clocks unless others are given. Raises StoreError, and closes it then."""
        self._database, self._health = database, Health(database.trouble_of)
        try:
            self._clock = Clock(database.reading(), clocks or database.clocks)
            #: With which ids of conversations are signed.
            self.secret = _secret(database)
        except Exception as error:
            database.close()
            raise self._health.failed(error) from error
        self._writer = Writer(database, self._clock, self._health)
        self._read_errors: tuple[type[Exception], ...] = (*database.errors, BrokenSealError)
        self._reader = ThreadPoolExecutor(1, "store-reader")

    @property
    def counters(self) -> StoreCounters:
        """What the writer did."""
        return self._writer.counters

    async def load(self, key: str) -> Kept | None:
        """The conversation of that key."""
        row = await self._fetch("SELECT key, version, state FROM conversations WHERE key = ?", key, last=unsealed)
        return Kept(*row[0]) if row else None

    async def opened(self, opened_by: str) -> Kept | None:
        """The conversation that a first message opened."""
        row = await self._fetch("SELECT key, version, state FROM conversations WHERE opened_by = ?", opened_by, last=unsealed)
        return Kept(*row[0]) if row else None

    async def reply(self, key: str, message: str) -> bytes | None:
        """What was answered to a message, when it was already taken; empty when that has been erased since.

        `key`: a conversation's, or a door's person's, who may go on with a talk that was carried there.
        """
        query = (
            "SELECT t.reply FROM turns t JOIN conversations c ON c.id = t.conversation "
            "WHERE (c.key = ? OR c.id = (SELECT conversation FROM people WHERE person = ?)) AND t.message = ?"
        )
        rows = await self._fetch(query, key, key, message, last=unpacked)
        return bytes(rows[0][0]) if rows else None

    async def replies_after(self, key: str, turn: int) -> list[bytes]:
        """All replies of turns after the given one, in order."""
        query = "SELECT t.reply FROM turns t JOIN conversations c ON c.id = t.conversation WHERE c.key = ? AND t.turn > ? ORDER BY t.turn"
        return [reply for (reply,) in await self._fetch(query, key, turn, last=unpacked) if reply]

    async def keep(self, change: Change) -> None:
        """Return when the turn is on disk. Raises ConflictError or StoreError, and then nothing of it is kept."""
        wrapped = talks.wrapped(change)
        await self._do(lambda connection: talks.keep(connection, wrapped, self._clock.now()), erases=change.erase)

    async def post(self, parcel: Parcel) -> None:
        """Put a parcel on its way that belongs to no turn. Raises StoreError."""
        wrapped = talks.wrapped_parcel(parcel)
        await self._do(lambda connection: talks.post(connection, wrapped, self._clock.now()))

    async def addresses(self, channel: str) -> list[str]:
        """Where parcels are waiting to be brought."""
        rows = await self._fetch("SELECT DISTINCT address FROM parcels WHERE channel = ? AND body IS NOT NULL", channel)
        return [row[0] for row in rows]

    async def parcels_waiting(self, channel: str) -> int:
        """How many parcels are on their way. One that arrived has no address any more, so that the index alone is read."""
        rows = await self._fetch("SELECT COUNT(*) FROM parcels WHERE channel = ? AND address > ''", channel)
        return int(rows[0][0])

    async def parcels(self, channel: str, address: str) -> list[Waiting]:
        """The parcels for an address in the order in which they came."""
        query = "SELECT id, address, part, begun, body FROM parcels WHERE channel = ? AND address = ? AND body IS NOT NULL ORDER BY id"
        rows = await self._fetch(query, channel, address, last=unpacked)
        return [Waiting(key, to, body, part, bool(begun)) for key, to, part, begun, body in rows]

    async def mark(self, parcel: int, part: int, *, begun: bool) -> None:
        """Note how far a parcel has been sent. Raises StoreError."""
        await self._do(
            lambda connection: connection.execute("UPDATE parcels SET part = ?, begun = ? WHERE id = ?", (part, int(begun), parcel))
        )

    async def delivered(self, parcel: int) -> None:
        """Forget what a parcel held and where it went; that its message was answered stays known. Raises StoreError."""
        query = "UPDATE parcels SET body = NULL, address = '' WHERE id = ?"
        await self._do(lambda connection: connection.execute(query, (parcel,)))

    async def of_person(self, person: str) -> Kept | None:
        """The conversation in which a door's person speaks: one that was carried to that door, else their own."""
        query = "SELECT k.key, k.version, k.state FROM people p JOIN conversations k ON k.id = p.conversation WHERE p.person = ?"
        row = await self._fetch(query, person, last=unsealed)
        return Kept(*row[0]) if row else await self.load(person)

    async def redeem(self, code: str, message: str, who: str, person: str | None) -> Carried:
        """Use the digits that carry a talk, for a door's `person` to go on with if it has one. Raises StoreError."""
        return await self._do(lambda connection: talks.redeem(connection, code, message, passes.Try(who, self._clock.now()), person))

    async def code(self, key: str) -> str | None:
        """A new code that leads back to a conversation; None when it is not kept. Raises StoreError."""
        return await self._do(lambda connection: beside.new_code(connection, key, self._clock.now()))

    async def key_of(self, code: str) -> str | None:
        """The key of the conversation a code leads to."""
        rows = await self._fetch(*beside.query_of_code(code))
        return str(rows[0][0]) if rows else None

    async def report(self, report: Report) -> None:
        """Return when the report is on disk. Raises StoreError."""
        await self._do(lambda connection: beside.keep_report(connection, report, self._clock.now()))

    async def reports(self) -> list[Report]:
        """All reports, the oldest first."""
        return await self._ask(beside.read_reports)

    async def shown(self, person: str) -> list[Shown]:
        """What a person's last messages were answered with where that was no turn of its own, the newest first."""
        return [Shown(*row) for row in await self._fetch(*shown.query_of_shown(person))]

    async def show(self, person: str, what: Shown) -> None:
        """Note what a message is answered with. Raises StoreError."""
        await self._do(lambda connection: shown.show(connection, person, what))

    async def is_alone(self, role: str) -> bool:
        """Whether this program alone has a role among all that use the store; it is taken when it is free. Raises StoreError.

        To be asked again and again, by who waits for it and by who has it.
        """
        return await self._ask(lambda _connection: self._database.is_alone(role))

    async def sweep(self, days: int) -> int:
        """Drop conversations nobody used for so many days; their number."""
        return await self._do(lambda connection: talks.sweep(connection, days, self._clock.now()), erases=True)

    async def ready(self) -> str | None:
        """What hinders turns from being kept, a key of bot.store.trouble; None when nothing does."""
        if not self._health.is_proved:
            with contextlib.suppress(StoreError):
                await self._do(talks.probe)
        return self._health.trouble

    async def examine(self) -> bool:
        """Read the whole file and see whether it holds together; when it does not, nothing is read from it or written to it any more."""
        ends: list[Callable[[], None]] = []
        try:
            found = await asyncio.to_thread(self._database.first_damage, ends.append)
        finally:
            # Whoever does not wait for the end of it is ending the program, which must not wait for a long look.
            for end in ends:
                end()
        if found is not None:
            self._health.failed(found)
        return self._health.trouble != DAMAGED

    def queue_length(self) -> int:
        """How many pieces of writing wait for the writer."""
        return self._writer.queue_length()

    def close(self) -> None:
        """Finish what waits, then close."""
        self._writer.close()
        self._reader.shutdown()
        self._database.close()

    async def _fetch(self, query: str, *values: Any, last: Callable[[bytes], bytes] | None = None) -> list[tuple[Any, ...]]:
        """The rows of a query; `last` gives their last column back as it was before it was kept."""
        return await self._ask(partial(_rows, query=query, values=values, last=last))

    async def _ask(self, read: Callable[[Connection], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._reader, self._reading, read)

    def _reading(self, read: Callable[[Connection], T]) -> T:
        self._health.check()
        try:
            return read(self._database.reading())
        except self._read_errors as error:
            raise self._health.failed(error) from error

    async def _do(self, work: Callable[[Connection], T], *, erases: bool = False) -> T:
        return await self._writer.do(work, erases=erases)


def _secret(database: Database) -> bytes:
    query = "SELECT value FROM keys WHERE name = 'conversations'"
    kept = database.reading().execute(query).fetchone()
    if kept is not None:
        return bytes(kept[0])
    with database.transaction() as connection:
        return key(connection, "conversations")


def _rows(connection: Connection, query: str, values: tuple[Any, ...], last: Callable[[bytes], bytes] | None) -> list[tuple[Any, ...]]:
    rows = connection.execute(query, values).fetchall()
    return rows if last is None else [(*row[:-1], last(row[-1])) for row in rows]
