"""Files of the desk as they are asked for: made here or, where they are large, apart; nothing is left of one whose client has gone."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import Any

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from bot.desk import Book
from bot.lists import Made, Wanted, make, make_apart
from bot.speech import Voice
from bot.web.desk.door import FILES
from bot.web.errors import ApiError
from bot.web.lines import LINES
from bot.web.shared import ASSISTANT, SETTINGS

#: Files that are made apart at the same time; the others wait for their turn.
_AT_ONCE = 2
#: How often it is looked whether the client is still there, in seconds.
_LOOKS = 0.5
_STATUS = {"nothing": (404, "not_found"), "print_missing": (503, "print_missing"), "not_made": (503, "not_made")}


class Turns(asyncio.Semaphore):
    """Whose turn it is to have a file made apart."""

    def __init__(self) -> None:
        super().__init__(_AT_ONCE)


MAKING = web.AppKey("making", Turns)


async def hand_file(request: web.Request, voice: Voice, book: Book, wanted: Wanted, name: str) -> web.StreamResponse:
    """A file to take along; its name ends in one of FILES. Raises ApiError."""
    return await _hand_out(request, voice, book, wanted, name, "attachment")


async def hand_print(request: web.Request, voice: Voice, book: Book, wanted: Wanted) -> web.StreamResponse:
    """A PDF to be looked at, printed or kept. Raises ApiError."""
    return await _hand_out(request, voice, book, wanted, "nengbao.pdf", "inline")


async def _hand_out(request: web.Request, voice: Voice, book: Book, wanted: Wanted, name: str, how: str) -> web.StreamResponse:
    ending = PurePath(name).suffix
    with TemporaryDirectory(dir=book.work()) as folder, request.app[LINES].busy(request.protocol):
        path = Path(folder, f"out{ending}")
        made = await _while_there(request, _make(request, voice, book, wanted, path))
        if made.code != "made":
            status, code = _STATUS[made.code]
            raise ApiError(status, code, say=made.say)
        headers = {"Content-Disposition": f'{how}; filename="{name}"', "Cache-Control": "no-store", "Content-Type": FILES[ending]}
        response = _Handed(path, headers=headers)
        try:
            await response.prepare(request)
        except ConnectionError as error:
            raise ApiError(400, "broken_request") from error
    return response


class _Handed(web.FileResponse):
    """A file that is gone when it was sent: aiohttp prepares what a handler gives back once more, and would look for it again."""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        return await (web.StreamResponse.prepare(self, request) if self.prepared else super().prepare(request))


async def _make(request: web.Request, voice: Voice, book: Book, wanted: Wanted, path: Path) -> Made:
    assistant, settings = request.app[ASSISTANT], request.app[SETTINGS]
    if await asyncio.to_thread(wanted.is_small, book):
        return await asyncio.to_thread(make, wanted, book, assistant.knowledge, voice, path)
    async with request.app[MAKING]:
        return await make_apart(wanted, book, voice, path, settings.data_dir, settings.policy_folders())


async def _while_there(request: web.Request, work: Coroutine[Any, Any, Made]) -> Made:
    """What the work comes to; it is ended as soon as nobody waits for it any more. Raises ApiError."""
    task = asyncio.ensure_future(work)
    try:
        while not task.done():
            await asyncio.wait({task}, timeout=_LOOKS)
            if not task.done() and (request.transport is None or request.transport.is_closing()):
                raise ApiError(400, "broken_request")
        return task.result()
    finally:
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
