"""The SQLite store: one row a conversation and one a turn; one writer thread commits all waiting turns as one transaction.

Grouping shares the one sync to disk that a commit costs among everybody who waits for it. Reads have a thread and a connection
of their own, so that they never wait for a sync. Raw words of people are never stored, only their answers and our replies.
"""

import asyncio
import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

import sqlite_utils

from bot.counters import StoreCounters
from bot.store import beside, clock, passes, shown
from bot.store.beside import Report
from bot.store.clock import Clock, ReadClocks, read_clocks
from bot.store.lock import Hold, InUseError
from bot.store.passes import Carried
from bot.store.sealed import BrokenSealError, packed, sealed, unpacked, unsealed
from bot.store.shown import Shown
from bot.store.trouble import BUSY, DAMAGED, RESTORING, Health, StoreError, trouble_of
from bot.store.upkeep import first_damage

T = TypeVar("T")

_SECONDS_A_DAY = 86_400
#: How many waiting turns go into one transaction at most, so that the first of them does not wait for ever.
_MOST_AT_ONCE = 512
_BUSY_MS = 10_000
#: Turns must not wait while the log is emptied and somebody reads in it; it is tried again after so many seconds.
_WIPE_BUSY_MS, _WIPE_SECONDS = 20, 1
#: As much as a long turn writes.
_PROBE_BYTES = 16 * 1024
_PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", f"busy_timeout = {_BUSY_MS}", "secure_delete = ON", "foreign_keys = ON")


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

    def __init__(self, path: Path, clocks: ReadClocks = read_clocks) -> None:
        """Open or create the file. Raises StoreError when it cannot be written, is no database, or a backup is being brought back."""
        self._path, self._health = path, Health()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.ExitStack() as opened:
                opened.enter_context(contextlib.closing(Hold(path)))
                self._write = opened.enter_context(contextlib.closing(_connect(path)))
                _prepare(self._write)
                self._clock = Clock(self._write, clocks)
                self._read = opened.enter_context(contextlib.closing(_connect(path)))
                self._closing = opened.pop_all()
        except InUseError as error:
            raise StoreError(str(path), RESTORING) from error
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"{path}: {error}", trouble_of(error, path)) from error
        #: Whether something was erased that the log may still hold; at the start nobody knows.
        self._erased, self._wiped_at = True, float("-inf")
        self.counters = StoreCounters()
        self._waiting: SimpleQueue[_Job | None] = SimpleQueue()
        self._writer = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._writer.start()
        self._reader = ThreadPoolExecutor(1, "store-reader")

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
        await self._do(lambda connection: _keep(connection, change, self._clock.now()), erases=change.erase)

    async def post(self, parcel: Parcel) -> None:
        """Put a parcel on its way that belongs to no turn. Raises StoreError."""
        await self._do(lambda connection: _post(connection, parcel, self._clock.now()))

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
        row = await self._fetch(query, person, last=unsealed)
        return Kept(*row[0]) if row else await self.load(person)

    async def redeem(self, code: str, message: str, who: str, person: str | None) -> Carried:
        """Use the digits that carry a talk, for a door's `person` to go on with if it has one. Raises StoreError."""
        return await self._do(lambda connection: _redeem(connection, code, message, passes.Try(who, self._clock.now()), person))

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

    async def sweep(self, days: int) -> int:
        """Drop conversations nobody used for so many days; their number."""
        return await self._do(lambda connection: _sweep(connection, days, self._clock.now()), erases=True)

    async def ready(self) -> str | None:
        """What hinders turns from being kept, a key of bot.store.trouble; None when nothing does."""
        if not self._health.is_proved:
            with contextlib.suppress(StoreError):
                await self._do(_probe)
        return self._health.trouble

    async def examine(self) -> bool:
        """Read the whole file and see whether it holds together; when it does not, nothing is read from it or written to it any more."""
        looking: list[sqlite3.Connection] = []
        try:
            found = await asyncio.to_thread(first_damage, self._path, looking.append)
        finally:
            # Whoever does not wait for the end of it is ending the program, which must not wait for a long look.
            for connection in looking:
                with contextlib.suppress(sqlite3.Error):
                    connection.interrupt()
        if found is not None:
            self._health.failed(found, self._path)
        return self._health.trouble != DAMAGED

    def queue_length(self) -> int:
        """How many pieces of writing wait for the writer."""
        return self._waiting.qsize()

    def close(self) -> None:
        """Finish what waits, then close."""
        self._waiting.put(None)
        self._writer.join()
        self._reader.shutdown()
        self._closing.close()

    async def _fetch(self, query: str, *values: Any, last: Callable[[bytes], bytes] | None = None) -> list[tuple[Any, ...]]:
        """The rows of a query; `last` gives their last column back as it was before it was kept."""
        return await self._ask(partial(_rows, query=query, values=values, last=last))

    async def _ask(self, read: Callable[[sqlite3.Connection], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._reader, self._reading, read)

    def _reading(self, read: Callable[[sqlite3.Connection], T]) -> T:
        self._health.check()
        try:
            return read(self._read)
        except (sqlite3.Error, BrokenSealError) as error:
            raise self._health.failed(error, self._path) from error

    async def _do(self, work: Callable[[sqlite3.Connection], T], *, erases: bool = False) -> T:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        self._waiting.put(_Job(work, done, loop, erases=erases))
        return await done

    def _run(self) -> None:
        self._wipe()
        while (job := self._next()) is not None:
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

    def _next(self) -> "_Job | None":
        """The next piece of work; while there is none, what was erased is taken out of the log."""
        while self._erased:
            try:
                return self._waiting.get(timeout=_WIPE_SECONDS)
            except Empty:
                self._wipe()
        return self._waiting.get()

    def _wipe(self) -> None:
        """Empty the log, where older pages stand with what was erased from them since. Not possible while somebody reads there."""
        self._wiped_at = time.monotonic()
        with contextlib.suppress(sqlite3.Error):
            self._write.execute(f"PRAGMA busy_timeout = {_WIPE_BUSY_MS}")
            busy, *_ = self._write.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            self._erased = bool(busy)
        self._write.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")

    def _commit(self, batch: "list[_Job]") -> None:
        started = time.perf_counter()
        try:
            self._write_all(batch)
        except Exception as error:
            # The writer must outlive any failure, and one piece of work that cannot be written must not take others with it.
            failed = self._health.failed(error, self._path)
            if len(batch) > 1 and failed.trouble not in (BUSY, DAMAGED):
                for job in batch:
                    self._commit([job])
                return
            for job in batch:
                job.failed = failed
            self.counters.failures += len(batch)
        else:
            self.counters.committed(len(batch), time.perf_counter() - started)
            self._clean(batch)
        for job in batch:
            job.tell()

    def _write_all(self, batch: "list[_Job]") -> None:
        """One transaction for all of them; when it raises, nothing of it is kept."""
        self._health.check()
        written = self._write.total_changes
        try:
            self._write.execute("BEGIN IMMEDIATE")
            for job in batch:
                job.run(self._write)
            self._clock.save(self._write)
            self._write.execute("COMMIT")
        except Exception:
            with contextlib.suppress(sqlite3.Error):
                if self._write.in_transaction:
                    self._write.execute("ROLLBACK")
            raise
        if self._write.total_changes != written:
            self._health.worked()

    def _clean(self, batch: "list[_Job]") -> None:
        """After something was erased, take it out of the log before anybody is told so; later when somebody reads there."""
        if any(job.erases for job in batch):
            self._erased, self._wiped_at = True, float("-inf")
        if self._erased and time.monotonic() - self._wiped_at > _WIPE_SECONDS:
            self._wipe()


class _Job:
    """One piece of writing and the future that waits for it."""

    def __init__(
        self, work: Callable[[sqlite3.Connection], Any], done: "asyncio.Future[Any]", loop: asyncio.AbstractEventLoop, *, erases: bool
    ) -> None:
        self.work, self.done, self.loop, self.erases = work, done, loop, erases
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
    with contextlib.suppress(FileExistsError):
        # Health and poverty are nobody else's business: a new file, and what SQLite puts beside it, is for its owner alone.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
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
    database.table("probe").create({"id": int, "filler": bytes}, pk="id", if_not_exists=True)
    clock.prepare(database)
    beside.prepare(database)
    passes.prepare(database)
    shown.prepare(database)


def _redeem(connection: sqlite3.Connection, code: str, message: str, tries: passes.Try, person: str | None) -> Carried:
    carried = passes.redeem(connection, code, message, tries)
    if carried.key is not None and person is not None:
        passes.go_on_with(connection, person, carried.key)
    return carried


def _rows(
    connection: sqlite3.Connection, query: str, values: tuple[Any, ...], last: Callable[[bytes], bytes] | None
) -> list[tuple[Any, ...]]:
    rows = connection.execute(query, values).fetchall()
    return rows if last is None else [(*row[:-1], last(row[-1])) for row in rows]


def _probe(connection: sqlite3.Connection) -> None:
    """Write as much as a turn does: where that goes through, a turn does too."""
    connection.execute("INSERT OR REPLACE INTO probe (id, filler) VALUES (1, randomblob(?))", (_PROBE_BYTES,))


def _post(connection: sqlite3.Connection, parcel: Parcel, now: int) -> None:
    query = "INSERT OR IGNORE INTO parcels (channel, address, message, body, part, begun, at) VALUES (?, ?, ?, ?, 0, 0, ?)"
    connection.execute(query, (parcel.channel, parcel.address, parcel.message, packed(parcel.body), now))


def _keep(connection: sqlite3.Connection, change: Change, now: int) -> None:
    if change.code is not None and passes.is_taken(connection, change.code, now):
        raise ConflictError  # the turn is played again, with other digits
    state = sealed(change.state)
    if change.version == 0:
        query = "INSERT OR IGNORE INTO conversations (key, opened_by, version, state, used) VALUES (?, ?, 1, ?, ?)"
        done = connection.execute(query, (change.key, change.opened_by, state, now))
    else:
        query = "UPDATE conversations SET version = version + 1, state = ?, used = ? WHERE key = ? AND version = ?"
        done = connection.execute(query, (state, now, change.key, change.version))
    if done.rowcount != 1:
        raise ConflictError
    (identity,) = connection.execute("SELECT id FROM conversations WHERE key = ?", (change.key,)).fetchone()
    if change.erase:
        _erase(connection, identity, change.parcel.channel if change.parcel else None)
    row = (identity, change.turn, change.message, packed(change.reply))
    connection.execute("INSERT INTO turns (conversation, turn, message, reply) VALUES (?, ?, ?, ?)", row)
    if change.parcel is not None:
        _post(connection, change.parcel, now)
    if change.code is not None:
        passes.keep_pass(connection, change.code, identity, now)


def _erase(connection: sqlite3.Connection, conversation: int, channel: str | None) -> None:
    """What was said is gone, also what is still on its way; that a message was taken stays known, so that it is not taken anew."""
    messages = "SELECT message FROM turns WHERE conversation = ?"
    query = f"UPDATE parcels SET body = NULL, address = '' WHERE channel = ? AND message IN ({messages})"  # noqa: S608 - no value in it
    connection.execute(query, (channel, conversation))
    connection.execute("UPDATE turns SET reply = ? WHERE conversation = ?", (packed(b""), conversation))
    beside.forget_codes(connection, conversation)
    passes.forget(connection, conversation)


def _sweep(connection: sqlite3.Connection, days: int, now: int) -> int:
    # What another clock dated into the future would be kept until then.
    connection.execute("UPDATE conversations SET used = ? WHERE used > ?", (now, now))
    oldest = now - days * _SECONDS_A_DAY
    connection.execute("DELETE FROM parcels WHERE at < ?", (oldest,))
    beside.sweep(connection, oldest, now)
    shown.sweep(connection, oldest, now)
    passes.sweep(connection, now)
    connection.execute("DELETE FROM turns WHERE conversation IN (SELECT id FROM conversations WHERE used < ?)", (oldest,))
    return connection.execute("DELETE FROM conversations WHERE used < ?", (oldest,)).rowcount
