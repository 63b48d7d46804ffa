"""What can be wrong with the place a store is kept in, told by keys that never change."""

import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import structlog

from bot.store.sealed import BrokenSealError

#: The disk is full · nothing may be written · what is kept is broken · others keep it locked · a backup is being brought back · the
#: database's server does not answer · the rest.
FULL, READ_ONLY, DAMAGED, BUSY = "full", "read_only", "damaged", "busy"
RESTORING, UNREACHABLE, DISK = "restoring", "unreachable", "disk"
#: A database that may lose what it said it kept · one that cannot hold Chinese.
FSYNC_OFF, NOT_UTF8 = "fsync_off", "not_utf8"
_BY_CODE = {
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_NOTADB: DAMAGED,
    sqlite3.SQLITE_BUSY: BUSY,
}
#: SQLite tells only that the system refused, and not why.
_REFUSED = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)
#: With less room than this a turn may not fit.
_LEAST_BYTES = 256 * 1024
#: A turn that was kept so many seconds ago proves that turns can be kept.
_PROOF_SECONDS = 1
#: What to do, for the log; everything else gets well by itself once its cause is gone.
_TO_DO = {DAMAGED: "stop the server; nengbao store check; nengbao store restore FILE"}
_log = structlog.get_logger()


class StoreError(Exception):
    """The store cannot be opened, read or written. The message says what and where; `trouble` is one of the keys above, if it is known."""

    def __init__(self, message: str, trouble: str | None = None) -> None:
        super().__init__(message)
        self.trouble = trouble


def trouble_of(error: Exception, path: Path) -> str | None:
    """Which trouble an error of SQLite shows; None for one that is not about the place a store is kept in."""
    if isinstance(error, BrokenSealError):
        return DAMAGED
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _REFUSED or isinstance(error, OSError):
        return _cause(path)
    return _BY_CODE.get(code)


def _cause(path: Path) -> str:
    """Why the system refused, as far as one can see from here."""
    files = (path.parent, path, path.with_name(f"{path.name}-wal"))
    try:
        if not all(os.access(each, os.W_OK) for each in files if each.exists()):
            return READ_ONLY
        return FULL if shutil.disk_usage(path.parent).free < _LEAST_BYTES else DISK
    except OSError:
        return DISK


class Health:
    """Whether turns can be kept at present, as the last attempt showed. Damage stays until the program is started anew.

    Each change is one line in the log.
    """

    def __init__(self, trouble_of: Callable[[Exception], str | None]) -> None:
        """`trouble_of`: which trouble an error of the database shows."""
        self._trouble_of = trouble_of
        self.trouble: str | None = None
        self._worked_at = float("-inf")

    @property
    def is_proved(self) -> bool:
        """Whether a moment ago something was kept."""
        return self.trouble is None and time.monotonic() - self._worked_at < _PROOF_SECONDS

    def check(self) -> None:
        """A damaged file is neither read nor written any more. Raises StoreError."""
        if self.trouble == DAMAGED:
            raise StoreError("what is kept is damaged", DAMAGED)

    def worked(self) -> None:
        """Something was kept."""
        self._worked_at = time.monotonic()
        if self.trouble not in (None, DAMAGED):
            self.trouble = None
            _log.info("store_recovered")

    def failed(self, error: Exception) -> StoreError:
        """Note what an error shows, and give it the shape in which the store tells of it."""
        if isinstance(error, StoreError):
            return error
        trouble = DAMAGED if isinstance(error, BrokenSealError) else self._trouble_of(error)
        if trouble is not None and self.trouble not in (trouble, DAMAGED):
            self.trouble = trouble
            _log.error("store_trouble", trouble=trouble, do=_TO_DO.get(trouble, "nothing: turns are taken again once the cause is gone"))
        return StoreError(str(error), trouble)
