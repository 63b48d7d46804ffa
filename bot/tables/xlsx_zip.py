"""The parts of an xlsx file, each with a bound on what it may inflate to, and its XML without entities.

Python's zipfile gives no more of an entry than the directory promises, so a bound on the directory bounds what is really read.
"""

import errno
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.parsers import expat

from bot.tables.errors import TableError

MIB = 1 << 20
_MOST_ENTRIES = 5_000
_MOST_UNPACKED = 4096 * MIB
#: Parts that have to be held in memory: the shared strings, the styles, and the short lists around them.
MOST_STRINGS, MOST_STYLES, _MOST_LIST = 128 * MIB, 32 * MIB, 4 * MIB
#: XML of a sheet shrinks to a tenth or a thirtieth; only a sheet made to harm shrinks to a thousandth.
_MOST_RATIO, _RATIO_FROM = 100, 16 * MIB
#: A tag longer than this is no cell.
_LONGEST_TAG = 4 * MIB
_BLOCK = 256 * 1024
_FIRST_TAG = re.compile(rb"<[A-Za-z_][^\s/>]*")
_OUTSIDE = re.compile(r"^(?:[/\\]|[A-Za-z]:)|(?:^|[/\\])\.\.(?:[/\\]|$)")
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    struct.error,
    NotImplementedError,  # of the standard library, for ways of packing that it does not know
    expat.ExpatError,
    RuntimeError,
    UnicodeDecodeError,  # a name that is said to be UTF-8
)
#: Digits of the longest number that refers to anything: a row, a string, a style.
_MOST_DIGITS = 9


class Package:
    """An opened xlsx file. Raises TableError: broken_file, xlsx_too_large."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self.honest():
            self._zip = zipfile.ZipFile(path)
        try:
            self._check()
        except TableError:
            self._zip.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._zip.close()

    @contextmanager
    def honest(self) -> Iterator[None]:
        """What a broken archive or broken XML raises within, as broken_file."""
        try:
            yield
        except _BROKEN:
            raise self.broken() from None
        except OSError as error:
            if error.errno == errno.EINVAL:  # an entry that begins before the file does
                raise self.broken() from None
            raise

    def broken(self) -> TableError:
        """The error for a file that is no whole xlsx."""
        return TableError("broken_file", name=self.path.name, kind="xlsx")

    def too_large(self) -> TableError:
        """The error for a file that grows too much when unpacked."""
        return TableError("xlsx_too_large", name=self.path.name)

    def __contains__(self, part: str) -> bool:
        """Whether the file has such a part."""
        return part in self._zip.NameToInfo

    @property
    def unpacked(self) -> int:
        """Bytes of everything in it when unpacked."""
        return sum(entry.file_size for entry in self._zip.infolist())

    def size(self, part: str) -> int:
        """Bytes of a part when unpacked."""
        return self._zip.getinfo(part).file_size

    def blocks(self, part: str) -> Iterator[bytes]:
        """A part, unpacked, by blocks."""
        if part not in self:
            raise self.broken()
        with self.honest(), self._zip.open(part) as stream:
            while block := stream.read(_BLOCK):
                yield block

    def parse(self, part: str, start: Callable[[str, dict[str, str]], Any], text: Callable[[str], Any], end: Callable[[str], Any]) -> None:
        """Read a part with handlers of tags (without their prefix) and text."""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
        if self._has_prefix(part):
            parser.StartElementHandler = lambda name, attributes: start(name.rpartition(":")[2], attributes)
            parser.EndElementHandler = lambda name: end(name.rpartition(":")[2])
        parser.StartDoctypeDeclHandler = self._no_doctype
        fed = 0
        with self.honest():
            for block in self.blocks(part):
                parser.Parse(block, False)
                fed += len(block)
                if fed - parser.CurrentByteIndex > _LONGEST_TAG:
                    raise self.too_large()
            parser.Parse(b"", True)

    def tags(self, part: str) -> list[tuple[str, dict[str, str]]]:
        """The tags of a short part, in order."""
        self.bound(part, _MOST_LIST)
        found: list[tuple[str, dict[str, str]]] = []
        self.parse(part, lambda name, attributes: found.append((name, attributes)), _nothing, _nothing)
        return found

    def bound(self, part: str, most: int) -> None:
        """See that a part may be held in memory."""
        if part not in self:
            raise self.broken()
        if self.size(part) > most:
            raise self.too_large()

    def _has_prefix(self, part: str) -> bool:
        """Whether the tags of a part carry a prefix: rare, and taking it off costs a third of the time."""
        first = _FIRST_TAG.search(next(self.blocks(part), b""))
        return first is None or b":" in first[0]

    def _no_doctype(self, *_: object) -> None:
        raise self.broken()

    def _check(self) -> None:
        entries = self._zip.infolist()
        if any(_OUTSIDE.search(entry.filename) or entry.flag_bits & 1 for entry in entries):
            raise self.broken()
        inflating = (entry for entry in entries if entry.file_size > _RATIO_FROM)
        if (
            len(entries) > _MOST_ENTRIES
            or self.unpacked > _MOST_UNPACKED
            or any(entry.file_size > _MOST_RATIO * max(entry.compress_size, 1) for entry in inflating)
        ):
            raise self.too_large()


def whole(text: str) -> int | None:
    """The number that plain digits are; None for anything else, such as ²."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS else None


def _nothing(_: str) -> None:
    """What a handler does that is not needed."""
