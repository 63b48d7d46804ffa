"""A list on its way in, from the file to what the desk keeps: here in this process, or in one of its own (`python -m bot.lists`).

Large lists take a while. A process of their own, that gives way to others, keeps chats as quick as ever and gives all its memory back.
"""

import asyncio
import shutil
import time
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from bot.desk import Bills, Book, Desk, Enrolments, Imports, Registers, Rosters
from bot.desk import Kind as Office
from bot.desk.imports import Kind
from bot.desk.room import Room
from bot.knowledge import Knowledge, read_knowledge
from bot.lists.apart import ApartError, run_apart
from bot.lists.bills import take_bills
from bot.lists.enrolment import take_enrolment
from bot.lists.reading import ListError, Progress
from bot.lists.registers import take_register
from bot.lists.rosters import settle

#: Up to here a list is worked on while its sender waits: a village's is done before they have looked up.
SMALL_BYTES, _SMALL_UNPACKED = 256 * 1024, 2 * 1024 * 1024
#: How often it is told how far a list is, in seconds.
_TELL = 0.5


class Brought(msgspec.Struct, frozen=True):
    """A list that has come. `number`: of its import; `source`: a file in a folder of its own, which is thrown away at the end.

    `day`, ISO: the one a register holds for, else the one on which the list came. A register has its `office`; the others the `place` that
    holds for a list without that column, for which a list of who is insured has the `year`, None for the newest, and sheets whether they
    are checked by rules that are over (`expired_ok`).
    """

    number: int
    kind: Kind
    name: str
    source: Path
    lang: str | None
    place: str | None = None
    office: Office | None = None
    day: str = ""
    year: int | None = None
    expired_ok: bool = False


def bring(book: Book, brought: Brought, knowledge: Knowledge, progress: Progress | None = None) -> None:
    """Take a list in; what came of it stands in its import. `progress`: as tables have it; else the import tells. Raises RoomError."""
    imports, made, said = Imports(book), None, ""
    tell = progress or _Teller(imports, brought.number).stage
    try:
        _forget_stopped(book)
        made = _WAYS[brought.kind](book, brought, knowledge, tell)
    except ListError as error:
        said = str(error)
    finally:
        shutil.rmtree(brought.source.parent, ignore_errors=True)
    # Who reads that it is done finds nothing left of it.
    imports.end(brought.number, "failed" if made is None else "done", made=made, said=said)


def _roster(book: Book, brought: Brought, knowledge: Knowledge, progress: Progress) -> int:
    rosters = Rosters(book)
    made = rosters.begin(brought.name, brought.place)
    Imports(book).becomes(brought.number, made)
    try:
        settle(brought.source, brought.name, brought.place, rosters, made, knowledge, knowledge.voice(brought.lang), progress)
    except BaseException:
        rosters.drop(made)
        raise
    return made


def _register(book: Book, brought: Brought, knowledge: Knowledge, progress: Progress) -> int:
    if brought.office is None:
        raise ValueError("a register is an office's")
    registers = Registers(book)
    made = registers.begin(brought.office, brought.day)
    Imports(book).becomes(brought.number, made)
    try:
        take_register(brought.source, brought.name, registers, made, knowledge, knowledge.voice(brought.lang), progress)
    except BaseException:
        registers.drop(made)
        raise
    return made


def _enrolment(book: Book, brought: Brought, knowledge: Knowledge, progress: Progress) -> int:
    voice, today = knowledge.voice(brought.lang), date.fromisoformat(brought.day)
    return take_enrolment(brought.source, brought.name, brought.place, brought.year, Enrolments(book), knowledge, voice, today, progress)


def _bills(book: Book, brought: Brought, knowledge: Knowledge, progress: Progress) -> int:
    voice, today = knowledge.voice(brought.lang), date.fromisoformat(brought.day)
    fixed: dict[str, Any] = {"place": brought.place} if brought.place else {}
    fixed |= {"expired_ok": True} if brought.expired_ok else {}
    return take_bills(brought.source, brought.name, fixed, Bills(book), knowledge, voice, today, progress)


#: How a list of each kind comes in: the number of what it becomes. Each raises ListError and RoomError.
_WAYS: Mapping[Kind, Callable[[Book, Brought, Knowledge, Progress], int]] = {
    "roster": _roster,
    "register": _register,
    "enrolment": _enrolment,
    "bills": _bills,
}


def is_small(source: Path) -> bool:
    """Whether a list is soon worked on. A workbook counts with what it unpacks to: a small one may hold half a million rows."""
    if source.stat().st_size > SMALL_BYTES:
        return False
    if source.suffix != ".xlsx":
        return True
    from bot.tables.errors import TableError
    from bot.tables.xlsx_zip import Package

    try:
        package = Package(source)
    except TableError:
        return True  # refused at once
    try:
        return package.unpacked <= _SMALL_UNPACKED
    finally:
        package.close()


async def bring_apart(book: Book, brought: Brought, data_dir: Path, policies: list[Path]) -> None:
    """The same in a process of its own; cancelled, it is ended. Raises RoomError."""
    desk = book.desk
    asked = Bringing(data_dir, policies, (desk.number, desk.name, desk.key, desk.who), brought)
    is_done = False
    try:
        await run_apart(msgspec.json.encode(asked, enc_hook=str))
        is_done = True
    except ApartError:
        pass  # the import tells that it stopped
    finally:
        if not is_done:
            shutil.rmtree(brought.source.parent, ignore_errors=True)
            await asyncio.to_thread(Imports(book).end, brought.number, "stopped")


def _forget_stopped(book: Book) -> None:
    """Throw away what was begun and never came to its end."""
    for made in Imports(book).stopped("roster"):
        Rosters(book).drop(made)
    for made in Imports(book).stopped("register"):
        Registers(book).drop(made)


class _Teller:
    """Tells the desk how far a list is, now and then."""

    def __init__(self, imports: Imports, number: int) -> None:
        self._imports, self._number, self._told = imports, number, 0.0

    def stage(self, name: str, rows: int) -> Callable[[int], None]:
        """Begin a stage of so many rows."""
        done = 0

        def tick(more: int) -> None:
            nonlocal done
            done += more
            if time.monotonic() - self._told >= _TELL:
                self._told = time.monotonic()
                self._imports.move(self._number, name, done, rows)

        tick(0)
        return tick


class Bringing(msgspec.Struct, frozen=True, tag=True):
    """A list to be taken in by a process of its own, with what that has to know."""

    data_dir: Path
    policies: list[Path]
    desk: tuple[int, str, int, str]
    brought: Brought

    def do(self) -> bytes:
        """Take it in; what came of it stands in its import. Raises RoomError."""
        bring(Book(Room(self.data_dir), Desk(*self.desk)), self.brought, read_knowledge(self.policies))
        return b""
