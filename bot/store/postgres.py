"""A store in PostgreSQL, which servers on several machines share.

One of them writes at a time, as in a file of SQLite; what waits at the others goes into their next transaction, so that they lose little
by it, and two turns of one talk never overtake each other.
"""

import contextlib
import zlib
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from bot.store.clock import Moment, ReadClocks, read_clocks
from bot.store.database import Connection, Database, Result
from bot.store.store import Store
from bot.store.tables import POSTGRES, statements
from bot.store.trouble import BUSY, DAMAGED, FSYNC_OFF, FULL, NOT_UTF8, READ_ONLY, UNREACHABLE, StoreError
from bot.store.upkeep import Checked, UpkeepError, rows_checked

#: Whoever holds it is the one who writes. Any number that nobody else takes in this database.
_ONE_WRITER = 0x6E656E67
#: A turn waits so long for other servers' transactions. One that hangs in the middle, or whose machine is gone, is ended by the database.
_SESSION = (
    "SET lock_timeout = '10s'",
    "SET statement_timeout = '60s'",
    "SET idle_in_transaction_session_timeout = '30s'",
    # A commit that is told before it is on disk may be lost; a database that waits for more than its own disk is left alone.
    "SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on' "
    "ELSE current_setting('synchronous_commit') END, false)",
)
_CONNECT = {"connect_timeout": 5, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "application_name": "nengbao"}
#: By the first two characters of a SQLSTATE, where not by all five.
_BY_STATE = {
    "25006": READ_ONLY,
    "53100": FULL,
    "55P03": BUSY,
    "57014": BUSY,
    "XX001": DAMAGED,
    "XX002": DAMAGED,
    "53": BUSY,
    "08": UNREACHABLE,
    "28": UNREACHABLE,
    "3D": UNREACHABLE,
    "57": UNREACHABLE,
}


class PostgresStore(Store):
    """The store in a database of PostgreSQL."""

    def __init__(self, address: str, clocks: ReadClocks | None = None) -> None:
        """`address`: postgresql://… as libpq reads it. Raises StoreError."""
        super().__init__(Postgres(address), clocks)


class Postgres(Database):
    """Two lines to one database, opened anew when they break."""

    errors = (psycopg.Error,)

    def __init__(self, address: str) -> None:
        """Connect, and make the tables that are missing. Raises StoreError, whose message holds no password."""
        self.name = where(address)
        try:
            with contextlib.ExitStack() as opened:
                self._write = opened.enter_context(contextlib.closing(Line(address)))
                self._read = opened.enter_context(contextlib.closing(Line(address)))
                self._check_promises()
                with self.transaction() as connection:
                    for statement in statements(POSTGRES):
                        connection.execute(statement)
                self.clocks = _clocks_of(self._read)
                self._closing = opened.pop_all()
        except psycopg.Error as error:
            raise StoreError(f"{self.name}: {_first_line(error)}", self.trouble_of(error)) from error

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Waits until no other server writes."""
        self._write.execute("BEGIN")
        self._write.inside = True
        try:
            self._write.execute("SELECT pg_advisory_xact_lock(?)", (_ONE_WRITER,))
            yield self._write
            self._write.execute("COMMIT")
        except Exception:
            with contextlib.suppress(psycopg.Error):
                self._write.execute("ROLLBACK")
            raise
        finally:
            self._write.inside = False

    def reading(self) -> Connection:
        """A line that never waits for whoever writes."""
        return self._read

    def changes(self) -> int:
        """Rows changed by this server."""
        return self._write.changes

    def trouble_of(self, error: Exception) -> str | None:
        """By the database's code; a line that broke has none."""
        if not isinstance(error, psycopg.Error):
            return None
        if error.sqlstate is None:
            return UNREACHABLE if isinstance(error, psycopg.OperationalError) else None
        return _BY_STATE.get(error.sqlstate, _BY_STATE.get(error.sqlstate[:2]))

    def is_alone(self, role: str) -> bool:
        """By a lock that a session has until it ends."""
        name = (_ONE_WRITER, zlib.crc32(role.encode()) >> 1)
        mine = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid() AND classid = ? AND objid = ?"
        if self._read.execute(mine, name).fetchone() is not None:
            return True
        (taken,) = self._read.execute("SELECT pg_try_advisory_lock(?, ?)", name).fetchone()
        return bool(taken)

    def close(self) -> None:
        """Hang up."""
        self._closing.close()

    def _check_promises(self) -> None:
        query = "SELECT current_setting('fsync'), current_setting('server_encoding')"
        fsync, encoding = self._read.execute(query).fetchone()
        if fsync != "on":
            raise StoreError(self.name, FSYNC_OFF)
        if encoding != "UTF8":
            raise StoreError(self.name, NOT_UTF8)


def check(address: str) -> Checked:
    """Read a whole database as it is at one moment, also while servers write to it. Raises UpkeepError and StoreError."""
    try:
        with contextlib.closing(Line(address)) as line:
            line.execute("SET statement_timeout = 0")
            line.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            known = line.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = ANY (current_schemas(false))")
            return rows_checked(line, {name for (name,) in known.fetchall()})
    except psycopg.Error as error:
        raise UpkeepError("unreadable") from error


class Line:
    """A connection that is made anew where it is found broken, unless that is `inside` a transaction, which is lost then."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._connection = _connected(address)
        self.inside = False
        self.changes = 0

    def execute(self, query: str, values: tuple[Any, ...] = (), /) -> Result:
        """Run one statement. Raises psycopg.Error."""
        try:
            return self._run(query, values)
        except psycopg.OperationalError:
            if self.inside or not self._connection.closed:
                raise
        self._connection = _connected(self._address)
        return self._run(query, values)

    def _run(self, query: str, values: tuple[Any, ...]) -> Result:
        done = self._connection.execute(_translated(query), values)
        if not (done.statusmessage or "").startswith("SELECT"):
            self.changes += max(0, done.rowcount)
        return done

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


def where(address: str) -> str:
    """The server and database of an address, without what is secret in it. Raises StoreError."""
    try:
        parts = conninfo_to_dict(address)
    except psycopg.ProgrammingError as error:
        # Its message repeats parts of the address.
        raise StoreError("postgresql://…") from error
    return f"postgresql://{parts.get('host', '')}/{parts.get('dbname', '')}"


def _connected(address: str) -> "psycopg.Connection[Any]":
    connection = psycopg.connect(address, autocommit=True, **_CONNECT)  # type: ignore[arg-type]
    try:
        for statement in _SESSION:
            connection.execute(statement)
    except BaseException:
        connection.close()
        raise
    return connection


def _clocks_of(line: Line) -> ReadClocks:
    """The time of the database, so that no server's own clock counts, going on evenly from now."""
    (wall,) = line.execute("SELECT extract(epoch FROM clock_timestamp())").fetchone()
    ahead = float(wall) - read_clocks().steady

    def read() -> Moment:
        steady = read_clocks().steady
        return Moment(steady + ahead, steady)

    return read


@lru_cache
def _translated(query: str) -> Any:
    return query.replace("?", "%s")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0]
