"""A store in one file of SQLite, which every program of one machine may use."""

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from bot.store.clock import ReadClocks, read_clocks
from bot.store.database import Connection, Database
from bot.store.lock import Hold, InUseError
from bot.store.store import Store
from bot.store.tables import SQLITE, TABLES, statements
from bot.store.trouble import RESTORING, StoreError, trouble_of
from bot.store.upkeep import first_damage

_BUSY_MS = 10_000
#: Turns must not wait while the log is emptied and somebody reads in it.
_WIPE_BUSY_MS = 20
_PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", f"busy_timeout = {_BUSY_MS}", "secure_delete = ON", "foreign_keys = ON")


class SqliteStore(Store):
    """The store of a file."""

    def __init__(self, path: Path, clocks: ReadClocks = read_clocks) -> None:
        """Open or create the file. Raises StoreError when it cannot be written, is no database, or a backup is being brought back."""
        super().__init__(Sqlite(path), clocks)


class Sqlite(Database):
    """The file: write-ahead log, every commit synced, erased bytes overwritten."""

    clocks = staticmethod(read_clocks)
    errors = (sqlite3.Error, OSError)

    def __init__(self, path: Path) -> None:
        self._path, self.name = path, str(path)
        self._roles: set[str] = set()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.ExitStack() as opened:
                opened.enter_context(contextlib.closing(Hold(path)))
                self._write = opened.enter_context(contextlib.closing(_connect(path)))
                _prepare(self._write)
                self._read = opened.enter_context(contextlib.closing(_connect(path)))
                self._closing = opened.pop_all()
        except InUseError as error:
            raise StoreError(str(path), RESTORING) from error
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"{path}: {error}", trouble_of(error, path)) from error

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Locks the file for writing at once, so that nothing has to be done twice."""
        try:
            self._write.execute("BEGIN IMMEDIATE")
            yield self._write
            self._write.execute("COMMIT")
        except Exception:
            with contextlib.suppress(sqlite3.Error):
                if self._write.in_transaction:
                    self._write.execute("ROLLBACK")
            raise

    def reading(self) -> Connection:
        """A line that never waits for whoever writes."""
        return self._read

    def changes(self) -> int:
        """Rows changed by this program."""
        return self._write.total_changes

    def trouble_of(self, error: Exception) -> str | None:
        """By SQLite's code, and by what the disk looks like."""
        return trouble_of(error, self._path)

    def is_alone(self, role: str) -> bool:
        """By a lock on a file beside the database."""
        if role in self._roles:
            return True
        try:
            held = Hold(self._path.with_name(f"{self._path.name}.{role}"), alone=True)
        except InUseError:
            return False
        self._roles.add(role)
        self._closing.callback(held.close)
        return True

    def wipe(self) -> bool:
        """Empty the log, where older pages stand with what was erased from them since. Not possible while somebody reads there."""
        busy = True
        with contextlib.suppress(sqlite3.Error):
            self._write.execute(f"PRAGMA busy_timeout = {_WIPE_BUSY_MS}")
            busy, *_ = self._write.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        with contextlib.suppress(sqlite3.Error):
            self._write.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
        return not busy

    def first_damage(self, hand_over: Callable[[Callable[[], None]], None]) -> Exception | None:
        """Read the whole file by a line of its own."""
        return first_damage(self._path, lambda connection: hand_over(lambda: _interrupt(connection)))

    def close(self) -> None:
        """Close both lines and let go of the lock."""
        self._closing.close()


def _interrupt(connection: sqlite3.Connection) -> None:
    with contextlib.suppress(sqlite3.Error):
        connection.interrupt()


def _connect(path: Path) -> sqlite3.Connection:
    with contextlib.suppress(FileExistsError):
        # Health and poverty are nobody else's business: a new file, and what SQLite puts beside it, is for its owner alone.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    """Make the tables that are missing."""
    known = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if known >= {table.name for table in TABLES}:
        return
    connection.execute("BEGIN IMMEDIATE")
    for statement in statements(SQLITE):
        connection.execute(statement)
    connection.execute("COMMIT")
