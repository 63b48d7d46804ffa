"""Looking after the file of a SQLite store from outside: check it, copy it while a server writes to it, and bring a copy back.

Nothing here tells what talks hold, only how many there are and what is wrong with them.
"""

import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.files import put, temporary_name
from bot.store.database import Connection
from bot.store.lock import Hold, InUseError
from bot.store.sealed import BrokenSealError, unpacked, unsealed
from bot.store.trouble import DAMAGED, trouble_of

#: Pages done and pages in all.
Tick = Callable[[int, int], None]

#: Pages of 4 KiB copied between two looks at the progress and at Ctrl-C.
_PAGES = 512
#: What SQLite puts beside a database.
_LOG, _INDEX, _JOURNAL = "-wal", "-shm", "-journal"

#: Without these a file is no store of ours; the others came later.
_FIRST_TABLES = {"conversations", "turns", "codes", "parcels", "reports"}
#: Tables whose rows belong to a conversation.
_OF_TALKS = ("turns", "codes", "passes", "people")
#: What can be asked in SQL: how many rows of a kind are wrong.
_WRONG_ROWS = {
    "parcels_without_address": "SELECT count(*) FROM parcels WHERE body IS NOT NULL AND address = ''",
    "versions": "SELECT count(*) FROM conversations c WHERE version <> (SELECT count(*) FROM turns t WHERE t.conversation = c.id)",
    "turn_numbers": (
        "SELECT count(*) FROM (SELECT count(*) AS number, min(turn) AS first, max(turn) AS last FROM turns GROUP BY conversation) t "
        "WHERE first <> 1 OR last <> number"
    ),
}
#: What has to be read row by row: of which table and column, how it becomes JSON again, and whether it may be empty, as what was erased is.
_WRONG_BLOBS: dict[str, tuple[str, str, Callable[[bytes], bytes], bool]] = {
    "states": ("conversations", "state", unsealed, False),
    "replies": ("turns", "reply", unpacked, True),
    "parcels": ("parcels", "body", unpacked, False),
}
_ROWS_AT_ONCE = 500
_WITHOUT_TALK = "SELECT count(*) FROM {} WHERE conversation NOT IN (SELECT id FROM conversations)"
_COUNTS = {
    "conversations": "SELECT count(*) FROM conversations",
    "turns": "SELECT count(*) FROM turns",
    "parcels": "SELECT count(*) FROM parcels WHERE body IS NOT NULL",
    "reports": "SELECT count(*) FROM reports",
}


class UpkeepError(Exception):
    """What was asked for cannot be done. `code`: why, a key that never changes; `checked`: what a check found, where that is why."""

    def __init__(self, code: str, checked: "Checked | None" = None) -> None:
        super().__init__(code)
        self.code, self.checked = code, checked


@dataclass(frozen=True, slots=True)
class Checked:
    """What a file holds, and how many things of which kind are wrong with it. `counts` is empty where nothing can be counted."""

    counts: dict[str, int] = field(default_factory=dict)
    problems: dict[str, int] = field(default_factory=dict)


def first_damage(path: Path, hand_over: Callable[[sqlite3.Connection], None] = lambda _: None) -> Exception | None:
    """What SQLite finds wrong with the way a file is built; a quick look, which does not compare indexes.

    `hand_over` gets the connection, by which another thread may interrupt the look; then nothing was found.
    """
    try:
        with closing(_opened(path)) as connection:
            hand_over(connection)
            (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        return error if trouble_of(error, path) == DAMAGED else None
    return None if said == "ok" else BrokenSealError(said)


def check(path: Path) -> Checked:
    """Read a whole file, also while a server writes to it. Raises UpkeepError when there is none or it may not be read."""
    if not path.is_file():
        raise UpkeepError("missing")
    try:
        with closing(_opened(path)) as connection:
            return _checked(connection)
    except sqlite3.Error as error:
        if trouble_of(error, path) != DAMAGED:
            raise UpkeepError("unreadable") from error
        return Checked(problems={"damaged": 1})


def backup(source: Path, target: Path, tick: Tick, *, force: bool = False) -> Checked:
    """Copy a store as it is at this moment, also while a server writes to it; what stands there afterwards was checked.

    Raises UpkeepError and OSError, and then nothing of it is left.
    """
    _is_file(source, "missing")
    if target.exists() and source.samefile(target):
        raise UpkeepError("same_file")
    if target.exists() and not target.is_file():
        raise UpkeepError("not_a_file")
    if target.exists() and not force:
        raise UpkeepError("exists")
    with _Copy(source, target, tick) as copy:
        copy.put()
    return copy.checked


def restore(source: Path, path: Path, tick: Tick, last_moment: Callable[[], None]) -> tuple[Checked, Path | None]:
    """Put a copy in the place of a store, and tell where what was there is kept. `last_moment` is called when there is no way back.

    Raises UpkeepError and OSError, and then everything is as it was.
    """
    _is_file(source, "no_backup")
    if path.exists() and source.samefile(path):
        raise UpkeepError("same_file")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        hold = Hold(path, alone=True)
    except InUseError as error:
        raise UpkeepError("in_use") from error
    with closing(hold), _Copy(source, path, tick) as copy:
        _give_to_owner(copy.temporary, path)
        last_moment()
        return copy.checked, _replace(copy, path)


class _Copy:
    """A checked copy under a temporary name, for its owner alone; gone again unless it was put in its place."""

    def __init__(self, source: Path, target: Path, tick: Tick) -> None:
        self._source, self._target, self._tick = source, target, tick
        self.temporary = temporary_name(target)
        self.checked = Checked()

    def __enter__(self) -> "_Copy":
        try:
            os.close(os.open(self.temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            self._fill()
            self.checked = check(self.temporary)
            if self.checked.problems:
                raise UpkeepError("problems", self.checked)
        except BaseException:
            self._clear()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._clear()

    def put(self) -> None:
        """Move it to its place so that a loss of power leaves the old file or the new one. Raises OSError."""
        put(self.temporary, self._target)

    def _fill(self) -> None:
        try:
            with closing(_opened(self._source)) as old, closing(sqlite3.connect(self.temporary, isolation_level=None)) as new:
                # Whoever reads sees the same moment until the end; otherwise every turn kept meanwhile would begin the copy anew.
                old.execute("BEGIN")
                old.execute("SELECT count(*) FROM sqlite_master").fetchone()
                new.execute("PRAGMA synchronous = OFF")  # put() sees to that, once
                old.backup(new, pages=_PAGES, progress=lambda _, left, total: self._tick(total - left, total))
                # In one file, which can be carried away and read anywhere.
                new.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.Error as error:
            raise UpkeepError(_why_no_copy(error, self._source, self.temporary)) from error

    def _clear(self) -> None:
        for end in ("", _JOURNAL, _LOG, _INDEX):
            with suppress(OSError):
                _beside(self.temporary, end).unlink()


def _why_no_copy(error: sqlite3.Error, source: Path, temporary: Path) -> str:
    trouble = trouble_of(error, source)
    return trouble if trouble == DAMAGED else trouble_of(error, temporary) or "unreadable"


def _is_file(path: Path, code: str) -> None:
    if not path.is_file():
        raise UpkeepError(code)


def _opened(path: Path) -> sqlite3.Connection:
    """A connection that cannot write. Where not even a log can be opened, because the disk is read-only, an empty one is done without."""
    address = f"{path.absolute().as_uri()}?mode=ro"
    try:
        return _tried(address)
    except sqlite3.OperationalError:
        log = _beside(path, _LOG)
        if log.exists() and log.stat().st_size:
            raise
        return _tried(f"{address}&immutable=1")


def _tried(address: str) -> sqlite3.Connection:
    connection = sqlite3.connect(address, uri=True, isolation_level=None, timeout=10, check_same_thread=False)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _checked(connection: sqlite3.Connection) -> Checked:
    damage = [row[0] for row in connection.execute("PRAGMA integrity_check(100)")]
    if damage != ["ok"]:
        return Checked(problems={"damaged": len(damage)})
    import sqlite_utils  # loads slowly, and a server has no use for it

    known = set(sqlite_utils.Database(connection).table_names())
    connection.execute("BEGIN")  # one moment for all questions
    return rows_checked(connection, known)


def rows_checked(connection: Connection, known: set[str]) -> Checked:
    """What a database with these tables holds, and what is wrong with it; all questions are asked of `connection`."""
    missing = _FIRST_TABLES - known
    if missing:
        return Checked(problems={"tables": len(missing)})
    wrong = {f"{table}_without_talk": _number(connection, _WITHOUT_TALK.format(table)) for table in _OF_TALKS if table in known}
    wrong |= {code: _number(connection, query) for code, query in _WRONG_ROWS.items()}
    wrong |= {code: sum(not right for right in _right(connection, *how)) for code, how in _WRONG_BLOBS.items()}
    counts = {name: _number(connection, query) for name, query in _COUNTS.items()}
    return Checked(counts, {code: count for code, count in wrong.items() if count})


def _number(connection: Connection, query: str) -> int:
    (count,) = connection.execute(query).fetchone()
    return int(count)


def _right(connection: Connection, table: str, column: str, whole: Callable[[bytes], bytes], may_be_empty: bool) -> Iterator[bool]:
    query = f"SELECT id, {column} FROM {table} WHERE id > ? AND {column} IS NOT NULL ORDER BY id LIMIT ?"  # noqa: S608 - names of ours alone
    newest = 0
    while rows := connection.execute(query, (newest, _ROWS_AT_ONCE)).fetchall():
        newest = rows[-1][0]
        yield from (_is_object(kept, whole, may_be_empty=may_be_empty) for _, kept in rows)


def _is_object(kept: Any, whole: Callable[[bytes], bytes], *, may_be_empty: bool) -> bool:
    try:
        text = whole(kept)
        return (may_be_empty and not text) or isinstance(json.loads(text), dict)
    except (BrokenSealError, ValueError, TypeError):
        return False


def _replace(copy: _Copy, path: Path) -> Path | None:
    """Put the copy in the place of what is there, and tell the name it has from now on. Raises OSError, and then nothing is changed."""
    if not path.exists():
        copy.put()
        return None
    if first_damage(path) is None:
        # Then one move is enough. A broken one is left as it is: SQLite might throw its log away.
        with suppress(sqlite3.Error), closing(sqlite3.connect(path, isolation_level=None)) as old:
            old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    kept = _free_name(path)
    log, kept_log = _beside(path, _LOG), _beside(kept, _LOG)
    try:
        _second_name(path, kept)
        if log.exists() and log.stat().st_size:
            # A broken store keeps its log, but beside another database it would be taken for that one's.
            _second_name(log, kept_log)
            log.unlink()
        copy.put()
    except OSError:
        if kept_log.exists() and not log.exists():
            kept_log.rename(log)
        for name in (kept, kept_log):
            name.unlink(missing_ok=True)
        raise
    for end in (_LOG, _INDEX):
        _beside(path, end).unlink(missing_ok=True)
    return kept


def _free_name(path: Path) -> Path:
    first = path.with_name(f"{path.name}.before-restore-{datetime.now().astimezone():%Y%m%d-%H%M%S}")
    name, number = first, 1
    while name.exists():
        number += 1
        name = first.with_name(f"{first.name}-{number}")
    return name


def _second_name(old: Path, new: Path) -> None:
    try:
        new.hardlink_to(old)
    except OSError:  # not every disk knows second names
        shutil.copy2(old, new)


def _give_to_owner(temporary: Path, path: Path) -> None:
    """Whoever brings a copy back may be another than who runs the server, which has to read it."""
    known = (path if path.exists() else path.parent).stat()
    with suppress(OSError, AttributeError):
        os.chown(temporary, known.st_uid, known.st_gid)
    if path.exists():
        temporary.chmod(known.st_mode & 0o777)


def _beside(path: Path, end: str) -> Path:
    return path.with_name(path.name + end)
