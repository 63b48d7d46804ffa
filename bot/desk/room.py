"""The folder in which desks are kept: the keys in one file, each desk in a file of its own, which may be deleted alone."""

import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from bot.files import put

_NUMBER = re.compile(r"[0-9]{1,9}")
_PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "busy_timeout = 10000", "secure_delete = ON", "foreign_keys = ON")


class RoomError(Exception):
    """The desks cannot be read or written; the message says what and where."""


class Room:
    """Where the desks of one server are."""

    def __init__(self, data_dir: Path) -> None:
        self.folder = data_dir / "desks"

    @contextmanager
    def keys(self) -> Iterator[sqlite3.Connection]:
        """The file of keys, in one transaction. Raises RoomError."""
        with self._opened(self.folder / "keys.sqlite3") as connection:
            yield connection

    @contextmanager
    def desk(self, number: int) -> Iterator[sqlite3.Connection]:
        """The file of one desk, in one transaction. Raises RoomError."""
        with self._opened(self.path_of(number)) as connection:
            yield connection

    @contextmanager
    def read(self, number: int) -> Iterator[sqlite3.Connection]:
        """The file of one desk as it is at this moment; who writes meanwhile does not wait. Raises RoomError."""
        with self._opened(self.path_of(number), "DEFERRED") as connection:
            yield connection

    def path_of(self, number: int) -> Path:
        """The file of a desk."""
        if not _NUMBER.fullmatch(str(number)):
            raise RoomError(str(number))
        return self.folder / f"desk-{number}.sqlite3"

    def work_of(self, number: int) -> Path:
        """The folder in which lists of a desk are worked on, each in one of its own. Raises RoomError."""
        folder = self.path_of(number).with_suffix(".work")
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise RoomError(f"{folder}: {error.strerror}") from error
        return folder

    def backup(self, target: Path, tick: Callable[[int], None]) -> int:
        """Copy the keys and all desks into a folder, each as it is at one moment, also while a server writes to them; how many files.

        A copy takes the place of an older one only when it is whole. `tick` is called with each file done. Raises RoomError.
        """
        files = sorted(self.folder.glob("*.sqlite3"))
        try:
            target.mkdir(mode=0o700, parents=True, exist_ok=True)
            for path in files:
                _copy(path, target / path.name)
                tick(1)
        except (OSError, sqlite3.Error) as error:
            raise RoomError(f"{target}: {error}") from error
        return len(files)

    def delete(self, number: int) -> None:
        """Throw a desk's file away, with everything in it. Raises RoomError."""
        path = self.path_of(number)
        try:
            shutil.rmtree(path.with_suffix(".work"), ignore_errors=True)
            for end in ("", "-wal", "-shm"):
                path.with_name(path.name + end).unlink(missing_ok=True)
        except OSError as error:
            raise RoomError(f"{path}: {error.strerror}") from error

    @contextmanager
    def _opened(self, path: Path, kind: str = "IMMEDIATE") -> Iterator[sqlite3.Connection]:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with suppress(FileExistsError):
                # Households' hardship is nobody else's business.
                os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
            with closing(sqlite3.connect(path, isolation_level=None)) as connection:
                for pragma in _PRAGMAS:
                    connection.execute(f"PRAGMA {pragma}")
                connection.execute(f"BEGIN {kind}")
                try:
                    yield connection
                    connection.execute("COMMIT")
                except BaseException:
                    with suppress(sqlite3.Error):
                        connection.execute("ROLLBACK")
                    raise
        except (OSError, sqlite3.Error) as error:
            raise RoomError(f"{path}: {error}") from error


def _copy(path: Path, target: Path) -> None:
    part = target.with_name(f".{target.name}.part")
    part.unlink(missing_ok=True)
    os.close(os.open(part, os.O_CREAT | os.O_EXCL, 0o600))
    with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as source, closing(sqlite3.connect(part)) as copy:
        source.backup(copy)
    put(part, target)
