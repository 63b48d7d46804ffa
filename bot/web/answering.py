"""Routes for a door that answers within the delivery itself, as WeChat wants it: GET asks who we are, POST brings a message."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Protocol

from aiohttp import web

from bot.web.closing import GATE
from bot.web.errors import ApiError
from bot.web.shared import CONVERSATIONS, DOORS

_CODES = {HTTPStatus.BAD_REQUEST: "bad_message", HTTPStatus.FORBIDDEN: "forbidden", HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too_large"}


class Answered(Protocol):
    """What a delivery is answered with."""

    @property
    def status(self) -> int:
        """The HTTP status; the body counts only with 200."""

    @property
    def body(self) -> str:
        """XML or plain text."""


class Answering(Protocol):
    """A door that answers within the delivery."""

    @property
    def path(self) -> str:
        """Where our server takes its deliveries."""

    def echo(self, query: Mapping[str, str]) -> Answered:
        """The answer to the question whether this address is ours."""

    async def answer(self, query: Mapping[str, str], body: bytes, wait: Callable[[str], float]) -> Answered:
        """The answer to a delivery. `wait` takes a token of a conversation; the seconds until there is one, 0 when there was."""

    async def close(self) -> None:
        """Finish what is under way."""


def add_answering(app: web.Application, doors: Sequence[Answering]) -> None:
    """The routes of these doors, and their end with that of the app."""
    for door in doors:
        _add(app, door)


def _add(app: web.Application, door: Answering) -> None:
    async def echo(request: web.Request) -> web.Response:
        return _response(door.echo(request.query))

    async def answer(request: web.Request) -> web.Response:
        body = await request.read()
        work = door.answer(request.query, body, lambda person: _wait(request, door.path, person))
        # A message is taken to its end even when whoever delivers it hangs up.
        return _response(await asyncio.shield(request.app[GATE].through(work)))

    async def close(_app: web.Application) -> None:
        await door.close()

    app.add_routes([web.get(door.path, echo, allow_head=False), web.post(door.path, answer)])
    app.on_cleanup.append(close)


def _wait(request: web.Request, door: str, person: str) -> float:
    """The seconds until a person may speak, and until the door may let anybody in."""
    return request.app[CONVERSATIONS].wait(person) or request.app[DOORS].wait(door)


def _response(answered: Answered) -> web.Response:
    if answered.status != HTTPStatus.OK:
        raise ApiError(answered.status, _CODES[HTTPStatus(answered.status)])
    kind = "application/xml" if answered.body.startswith("<xml>") else "text/plain"
    return web.Response(text=answered.body, content_type=kind, charset="utf-8")
