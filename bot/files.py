"""Files written whole or not at all, and cells that no spreadsheet takes for more than text."""

import errno
import os
import secrets
from contextlib import suppress
from pathlib import Path

#: What makes a spreadsheet take a text for a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def no_formula(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def write_whole(path: Path, data: bytes) -> None:
    """Put bytes into a file; what stood there is replaced only by all of them.

    Raises OSError as the system tells it, and with EINVAL for a path that is a device or a pipe: a rename would take its place.
    """
    if path.exists() and not path.is_file():
        raise OSError(errno.EISDIR if path.is_dir() else errno.EINVAL, "not a plain file", str(path))
    temporary = temporary_name(path)
    try:
        with temporary.open("xb") as file:
            file.write(data)
        put(temporary, path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def temporary_name(path: Path) -> Path:
    """A name beside the path that nobody else has."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")


def put(temporary: Path, path: Path) -> None:
    """Move a written file to its place so that a loss of power leaves the old one or the new one. Raises OSError."""
    sync(temporary)
    temporary.replace(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Return when a file, or the names in a folder, are on disk. Raises OSError."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
