"""What can be wrong with a file of cases."""

import errno
from collections.abc import Mapping
from pathlib import Path

#: What the libraries below us write when the disk is full: they wrap the system's error in their own.
_FULL = ("no space left on device", "os error 28", "os error 122", "disk quota exceeded")


#: What fills a sentence: words, or lists of words.
Values = Mapping[str, str | list[str]]


class TableError(Exception):
    """A file cannot be read or written. `code` is stable, `table.<code>` its sentence, `values` (words, or lists of words) fill it.

    `status` is the exit status: 2, the file or the request is wrong; 1, the machine could not do it.
    """

    def __init__(self, code: str, status: int = 2, **values: str | list[str]) -> None:
        super().__init__(code, values)
        self.code, self.status, self.values = code, status, values

    @property
    def row(self) -> int:
        """The row that is at fault, where one is."""
        return int(str(self.values["row"]))


def disk_is_full(error: BaseException) -> bool:
    """Whether an error, of the system or of a library, says that nothing more fits on the disk."""
    return getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or any(words in str(error).lower() for words in _FULL)


def disk_full(path: Path) -> TableError:
    """The error for a disk without room."""
    return TableError("disk_full", status=1, folder=str(path.resolve().parent))
