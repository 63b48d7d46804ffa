"""The SQLite store: one row a conversation and one a turn; one writer thread commits all waiting turns as one transaction.

Grouping shares the one sync to disk that a commit costs among everybody who waits for it. Reads have a thread and a connection
of their own, so that they never wait for a sync. Raw words of people are never stored, only their answers and our replies.
"""

import asyncio
import contextlib
import sqlite3
import threading
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

import sqlite_utils

from bot.store import beside, passes
from bot.store.beside import Report
from bot.store.passes import Carried

T = TypeVar("T")

_PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "busy_timeout = 10000", "secure_delete = ON", "foreign_keys = ON")
_SECONDS_A_DAY = 86_400
#: How many waiting turns go into one transaction at most, so that the first of them does not wait for ever.
_MOST_AT_ONCE = 512


class StoreError(Exception):
    """The store cannot be opened or written; the message says what and where."""


class ConflictError(Exception):
    """Another turn of the same conversation was kept meanwhile: load again and play the turn again."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A conversation as kept. `version` must be given back with the next change."""

    key: str
    version: int
    state: bytes


@dataclass(frozen=True, slots=True)
class Parcel:
    """An answer that a door has to bring to its address itself. `message` is what it answers; a second parcel for it is not taken."""

    channel: str
    address: str
    message: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Waiting:
    """A parcel on its way: `part` is the next part to send. `begun`: its sending had begun, and nobody noted how it ended."""

    id: int
    address: str
    body: bytes
    part: int
    begun: bool


@dataclass(frozen=True, slots=True)
class Change:
    """One turn to be kept. `version` 0 opens the conversation; `opened_by` then identifies a resent first message.

    `parcel` is put on its way in the same transaction; `code` leads to the conversation from then on, for a while.
    """

    key: str
    version: int
    state: bytes
    turn: int
    message: str
    reply: bytes
    opened_by: str | None = None
    erase: bool = False
    parcel: Parcel | None = None
    code: str | None = None


class SqliteStore:
    """Use `open`, then await its methods; `close` waits for turns under way."""

    def __init__(self, path: Path) -> None:
        """Open or create the file. Raises StoreError when it cannot be written or is no database."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._write = _connect(path)
            _prepare(self._write)
            self._read = _connect(path)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"{path}: {error}") from error
        self._waiting: SimpleQueue[_Job | None] = SimpleQueue()
        self._writer = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._writer.start()
        self._reader = ThreadPoolExecutor(1, "store-reader")

    async def load(self, key: str) -> Kept | None:
        """The conversation of that key."""
        row = await self._fetch("SELECT key, version, state FROM conversations WHERE key = ?", key)
        return Kept(*row[0]) if row else None

    async def opened(self, opened_by: str) -> Kept | None:
        """The conversation that a first message opened."""
        row = await self._fetch("SELECT key, version, state FROM conversations WHERE opened_by = ?", opened_by)
        return Kept(*row[0]) if row else None

    async def reply(self, key: str, message: str) -> bytes | None:
        """What was answered to a message of a conversation, when it was already taken; empty when that has been erased since."""
        query = "SELECT t.reply FROM turns t JOIN conversations c ON c.id = t.conversation WHERE c.key = ? AND t.message = ?"
        rows = await self._fetch(query, key, message)
        return zlib.decompress(rows[0][0]) if rows else None

    async def replies_after(self, key: str, turn: int) -> list[bytes]:
        """All replies of turns after the given one, in order."""
        query = "SELECT t.reply FROM turns t JOIN conversations c ON c.id = t.conversation WHERE c.key = ? AND t.turn > ? ORDER BY t.turn"
        replies = [zlib.decompress(row[0]) for row in await self._fetch(query, key, turn)]
        return [reply for reply in replies if reply]

    async def keep(self, change: Change) -> None:
        """Return when the turn is on disk. Raises ConflictError or StoreError, and then nothing of it is kept."""
        await self._do(lambda connection: _keep(connection, change))

    async def post(self, parcel: Parcel) -> None:
        """Put a parcel on its way that belongs to no turn. Raises StoreError."""
        await self._do(lambda connection: _post(connection, parcel))

    async def addresses(self, channel: str) -> list[str]:
        """Where parcels are waiting to be brought."""
        rows = await self._fetch("SELECT DISTINCT address FROM parcels WHERE channel = ? AND body IS NOT NULL", channel)
        return [row[0] for row in rows]

    async def parcels(self, channel: str, address: str) -> list[Waiting]:
        """The parcels for an address in the order in which they came."""
        query = "SELECT id, address, body, part, begun FROM parcels WHERE channel = ? AND address = ? AND body IS NOT NULL ORDER BY id"
        rows = await self._fetch(query, channel, address)
        return [Waiting(key, to, zlib.decompress(body), part, bool(begun)) for key, to, body, part, begun in rows]

    async def mark(self, parcel: int, part: int, *, begun: bool) -> None:
        """Note how far a parcel has been sent. Raises StoreError."""
        await self._do(lambda connection: connection.execute("UPDATE parcels SET part = ?, begun = ? WHERE id = ?", (part, begun, parcel)))

    async def delivered(self, parcel: int) -> None:
        """Forget what a parcel held and where it went; that its message was answered stays known. Raises StoreError."""
        query = "UPDATE parcels SET body = NULL, address = '' WHERE id = ?"
        await self._do(lambda connection: connection.execute(query, (parcel,)))

    async def undeliverable(self, channel: str, address: str) -> None:
        """Give up on everything for an address that does not exist any more. Raises StoreError."""
        query = "UPDATE parcels SET body = NULL, address = '' WHERE channel = ? AND address = ?"
        await self._do(lambda connection: connection.execute(query, (channel, address)))

    async def of_person(self, person: str) -> Kept | None:
        """The conversation in which a door's person speaks: one that was carried to that door, else their own."""
        query = "SELECT k.key, k.version, k.state FROM people p JOIN conversations k ON k.id = p.conversation WHERE p.person = ?"
        row = await self._fetch(query, person)
        return Kept(*row[0]) if row else await self.load(person)

    async def redeem(self, code: str, message: str, who: str, person: str | None) -> Carried:
        """Use the digits that carry a talk, for a door's `person` to go on with if it has one. Raises StoreError."""
        return await self._do(lambda connection: _redeem(connection, code, message, who, person))

    async def code(self, key: str) -> str | None:
        """A new code that leads back to a conversation; None when it is not kept. Raises StoreError."""
        return await self._do(lambda connection: beside.new_code(connection, key))

    async def key_of(self, code: str) -> str | None:
        """The key of the conversation a code leads to."""
        rows = await self._fetch(*beside.query_of_code(code))
        return str(rows[0][0]) if rows else None

    async def report(self, report: Report) -> None:
        """Return when the report is on disk. Raises StoreError."""
        await self._do(lambda connection: beside.keep_report(connection, report))

    async def reports(self) -> list[Report]:
        """All reports, the oldest first."""
        return await asyncio.get_running_loop().run_in_executor(self._reader, beside.read_reports, self._read)

    async def sweep(self, days: int) -> int:
        """Drop conversations nobody used for so many days; their number."""
        return await self._do(lambda connection: _sweep(connection, days))

    def close(self) -> None:
        """Finish what waits, then close."""
        self._waiting.put(None)
        self._writer.join()
        self._reader.shutdown()
        self._read.close()
        self._write.close()

    async def _fetch(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._reader, lambda: self._read.execute(query, values).fetchall())

    async def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        self._waiting.put(_Job(work, done, loop))
        return await done

    def _run(self) -> None:
        while (job := self._waiting.get()) is not None:
            batch: list[_Job] = [job]
            stop = False
            while len(batch) < _MOST_AT_ONCE and not self._waiting.empty():
                following = self._waiting.get()
                if following is None:
                    stop = True
                    break
                batch.append(following)
            self._commit(batch)
            if stop:
                return

    def _commit(self, batch: "list[_Job]") -> None:
        try:
            self._write.execute("BEGIN IMMEDIATE")
            for job in batch:
                job.run(self._write)
            self._write.execute("COMMIT")
        except Exception as error:
            # The writer must outlive any failure, and one piece of work that cannot be written must not take others with it.
            if self._write.in_transaction:
                self._write.execute("ROLLBACK")
            if len(batch) > 1:
                for job in batch:
                    self._commit([job])
                return
            batch[0].failed = StoreError(str(error))
        for job in batch:
            job.tell()


class _Job:
    """One piece of writing and the future that waits for it."""

    def __init__(self, work: Callable[[sqlite3.Connection], Any], done: "asyncio.Future[Any]", loop: asyncio.AbstractEventLoop) -> None:
        self.work, self.done, self.loop = work, done, loop
        self.result: Any = None
        self.failed: Exception | None = None

    def run(self, connection: sqlite3.Connection) -> None:
        """A refused change writes nothing and leaves the other changes of the transaction alone."""
        self.failed = None
        try:
            self.result = self.work(connection)
        except ConflictError as error:
            self.failed = error

    def tell(self) -> None:
        # A loop that has ended meanwhile has nobody left who waits; what was written is written.
        with contextlib.suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self._settle)

    def _settle(self) -> None:
        if self.done.cancelled():
            return
        if self.failed is not None:
            self.done.set_exception(self.failed)
        else:
            self.done.set_result(self.result)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    database = sqlite_utils.Database(connection)
    columns = {"id": int, "key": str, "opened_by": str, "version": int, "state": bytes, "used": int}
    needed = {"key", "version", "state", "used"}
    conversations = database.table("conversations").create(columns, pk="id", not_null=needed, if_not_exists=True)
    conversations.create_index(["key"], unique=True, if_not_exists=True)
    conversations.create_index(["opened_by"], unique=True, if_not_exists=True)
    conversations.create_index(["used"], if_not_exists=True)
    turns = database.table("turns").create(
        {"id": int, "conversation": int, "turn": int, "message": str, "reply": bytes},
        pk="id",
        not_null={"conversation", "turn", "message", "reply"},
        if_not_exists=True,
    )
    turns.create_index(["conversation", "message"], unique=True, if_not_exists=True)
    turns.create_index(["conversation", "turn"], unique=True, if_not_exists=True)
    parcels = database.table("parcels").create(
        {"id": int, "channel": str, "address": str, "message": str, "body": bytes, "part": int, "begun": int, "at": int},
        pk="id",
        not_null={"channel", "address", "message", "part", "begun", "at"},
        if_not_exists=True,
    )
    parcels.create_index(["channel", "message"], unique=True, if_not_exists=True)
    parcels.create_index(["channel", "address"], if_not_exists=True)
    beside.prepare(database)
    passes.prepare(database)


def _redeem(connection: sqlite3.Connection, code: str, message: str, who: str, person: str | None) -> Carried:
    carried = passes.redeem(connection, code, message, who)
    if carried.key is not None and person is not None:
        passes.go_on_with(connection, person, carried.key)
    return carried


def _post(connection: sqlite3.Connection, parcel: Parcel) -> None:
    query = "INSERT OR IGNORE INTO parcels (channel, address, message, body, part, begun, at) VALUES (?, ?, ?, ?, 0, 0, ?)"
    connection.execute(query, (parcel.channel, parcel.address, parcel.message, zlib.compress(parcel.body, 1), int(time.time())))


def _keep(connection: sqlite3.Connection, change: Change) -> None:
    now = int(time.time())
    if change.code is not None and passes.is_taken(connection, change.code):
        raise ConflictError  # the turn is played again, with other digits
    if change.version == 0:
        query = "INSERT OR IGNORE INTO conversations (key, opened_by, version, state, used) VALUES (?, ?, 1, ?, ?)"
        done = connection.execute(query, (change.key, change.opened_by, change.state, now))
    else:
        query = "UPDATE conversations SET version = version + 1, state = ?, used = ? WHERE key = ? AND version = ?"
        done = connection.execute(query, (change.state, now, change.key, change.version))
    if done.rowcount != 1:
        raise ConflictError
    (identity,) = connection.execute("SELECT id FROM conversations WHERE key = ?", (change.key,)).fetchone()
    if change.erase:
        # What was said is gone; that a message was taken stays known, so that one sent again is not taken anew.
        connection.execute("UPDATE turns SET reply = ? WHERE conversation = ?", (zlib.compress(b""), identity))
        beside.forget_codes(connection, identity)
        passes.forget(connection, identity)
    row = (identity, change.turn, change.message, zlib.compress(change.reply, 1))
    connection.execute("INSERT INTO turns (conversation, turn, message, reply) VALUES (?, ?, ?, ?)", row)
    if change.parcel is not None:
        _post(connection, change.parcel)
    if change.code is not None:
        passes.keep_pass(connection, change.code, identity)


def _sweep(connection: sqlite3.Connection, days: int) -> int:
    oldest = int(time.time()) - days * _SECONDS_A_DAY
    connection.execute("DELETE FROM parcels WHERE at < ?", (oldest,))
    beside.sweep(connection, oldest)
    passes.sweep(connection)
    connection.execute("DELETE FROM turns WHERE conversation IN (SELECT id FROM conversations WHERE used < ?)", (oldest,))
    return connection.execute("DELETE FROM conversations WHERE used < ?", (oldest,)).rowcount
