"""Who uses a store: many programs may at once, but a backup is brought back only when nobody does.

The lock is a file of its own beside the database, because closing any file handle of the database would drop SQLite's own locks. The
system lets go of it when a program ends, however it ends.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path


class InUseError(Exception):
    """Somebody else has the store."""


class Hold:
    """The lock on the store of a file, held until `close`."""

    def __init__(self, path: Path, *, alone: bool = False) -> None:
        """Take it, beside others or alone. Raises InUseError at once when that cannot be, and OSError."""
        self._file = os.open(path.with_name(f"{path.name}.lock"), os.O_RDONLY | os.O_CREAT, 0o644)
        with suppress(OSError):
            # Whoever made it, with whatever habits about permissions: it holds nothing, and others have to lock it too.
            os.fchmod(self._file, 0o644)
        try:
            _lock(self._file, alone=alone)
        except OSError as error:
            os.close(self._file)
            raise InUseError(str(path)) from error

    def close(self) -> None:
        """Let go."""
        os.close(self._file)


if sys.platform == "win32":

    def _lock(file: int, *, alone: bool) -> None:
        """Windows itself does not let a file be replaced that somebody has open."""

else:
    import fcntl

    def _lock(file: int, *, alone: bool) -> None:
        fcntl.flock(file, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
