"""A form with a list, however large: the file goes to the disk as it comes, and is worked on here or, when it is large, apart."""

import asyncio
import csv
import secrets
import shutil
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path, PurePath
from typing import Any

from aiohttp import BadContentDispositionHeader, BadContentDispositionParam, BodyPartReader, MultipartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from bot.desk import Book, Import, Imports, RoomError
from bot.desk.imports import PATIENCE
from bot.lists import ENDINGS, SMALL_BYTES, Brought, ListError, bring, bring_apart, from_text, is_small
from bot.speech import Voice
from bot.web.desk.forms import FILE_NAME
from bot.web.errors import ApiError
from bot.web.lines import LINES
from bot.web.shared import ASSISTANT, SETTINGS

#: A city's register is a tenth of it.
MOST_FILE_BYTES = 256 * 1024 * 1024
_CHUNK = 256 * 1024
# They would tell on standard error what a form calls its parts, which may be somebody's name.
warnings.filterwarnings("ignore", category=BadContentDispositionHeader)
warnings.filterwarnings("ignore", category=BadContentDispositionParam)
#: What aiohttp raises for a form that is none.
NO_FORM = (ValueError, AssertionError, LookupError, RuntimeError, HttpProcessingError, web.RequestPayloadError, ConnectionError)


class Works:
    """The lists that are worked on apart, one after the other."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(1)
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, book: Book, brought: Brought, data_dir: Path, policies: list[Path]) -> None:
        """Take a list in when it is its turn."""
        task = asyncio.create_task(self._bring(book, brought, data_dir, policies))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self, _app: web.Application) -> None:
        """End what is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _bring(self, book: Book, brought: Brought, data_dir: Path, policies: list[Path]) -> None:
        await self._wait(book, brought.number)
        try:
            with suppress(RoomError):
                await bring_apart(book, brought, data_dir, policies)
        finally:
            self._turn.release()

    async def _wait(self, book: Book, number: int) -> None:
        """Wait for its turn, and tell the desk that it still waits: who is silent for long is taken for gone."""
        while True:
            try:
                await asyncio.wait_for(self._turn.acquire(), PATIENCE / 4)
                return
            except TimeoutError:
                with suppress(RoomError):
                    await asyncio.to_thread(Imports(book).move, number, "waiting", 0, 0)


WORKS = web.AppKey("works", Works)


@asynccontextmanager
async def received(request: web.Request, voice: Voice, book: Book, fields: dict[str, str]) -> AsyncIterator[Path]:
    """The list of a form as a file; what was typed beside it is put into `fields` as it comes. Raises ListError and ApiError.

    It stands in a folder of its own. Whoever takes it in throws that away; here it is where something else went wrong.
    """
    folder = await asyncio.to_thread(_new_folder, book)
    try:
        file = await _read(request, folder, fields)
        # Blank lines above stay: rows are told by their number in what was pasted.
        yield await asyncio.to_thread(_list, voice, folder, file, fields.get("pasted", "").rstrip("\r\n "))
    except BaseException:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        raise


async def take_in(request: web.Request, book: Book, brought: Brought) -> Import:
    """Work on a list, here or apart, and tell how far it is. Raises ListError where it could not be taken."""
    assistant, settings = request.app[ASSISTANT], request.app[SETTINGS]
    with request.app[LINES].busy(request.protocol):
        if await asyncio.to_thread(is_small, brought.source):
            await asyncio.to_thread(bring, book, brought, assistant.knowledge)
        else:
            request.app[WORKS].add(book, brought, settings.data_dir, settings.policy_folders())
        found = await asyncio.to_thread(Imports(book).one, brought.number)
    if found is None:
        raise ApiError(503, "unavailable")
    if found.state == "failed":
        raise ListError(found.said)
    return found


def _new_folder(book: Book) -> Path:
    folder = book.work() / secrets.token_hex(8)
    folder.mkdir(mode=0o700)
    return folder


async def _read(request: web.Request, folder: Path, fields: dict[str, str]) -> Path | None:
    """Read the parts of a form; the file, if there is one. Every piece has to come in the time of a line."""
    try:
        return await read_form(await request.multipart(), folder, fields, lambda: request.app[LINES].heard(request.protocol))
    except NO_FORM as error:
        raise ApiError(400, "broken_request") from error


async def read_form(reader: MultipartReader, folder: Path, fields: dict[str, str], heard: Callable[[], None]) -> Path | None:
    """What is typed goes to `fields`, with the name of the file as FILE_NAME; the file to the folder. Its path, if there is one. `heard` is
    called for each piece.

    Raises ApiError and NO_FORM.
    """
    room, file = MOST_FILE_BYTES, None
    while True:
        heard()
        part: Any = await reader.next()
        if part is None:
            return file
        if not isinstance(part, BodyPartReader):
            raise ApiError(400, "broken_request")
        pieces = bytearray()
        while piece := await part.read_chunk(_CHUNK):
            heard()
            room -= len(piece)
            pieces += piece
            if room < 0 or (part.filename is None and len(pieces) > SMALL_BYTES):
                raise ApiError(413, "too_large")
            if part.filename:
                file = folder / f"in{_ending(part.filename)}"
                await asyncio.to_thread(_append, file, bytes(pieces))
                pieces.clear()
        if part.filename:
            fields[FILE_NAME] = part.filename
        else:
            fields[part.name or ""] = pieces.decode("utf-8", "replace")


def _ending(name: str) -> str:
    ending = PurePath(name).suffix.lower()
    return ending if ending in ENDINGS else ".other"


def _append(path: Path, piece: bytes) -> None:
    with path.open("ab") as file:
        file.write(piece)


def _list(voice: Voice, folder: Path, file: Path | None, pasted: str) -> Path:
    """A file, or what was pasted. Raises ListError."""
    if file is not None and file.suffix not in ENDINGS:
        raise ListError(voice.say("desk.kind"))
    if file is not None:
        return file
    try:
        data = from_text(pasted)
    except csv.Error as error:
        raise ListError(voice.say("desk.broken")) from error
    if not data.strip():
        raise ListError(voice.say("desk.empty"))
    source = folder / "in.csv"
    source.write_bytes(data)
    return source
