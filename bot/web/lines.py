"""The lines of a server, one a connection: where nothing whole comes they are let go, so that nobody can hold them all by saying nothing.

aiohttp itself waits for ever: for the head of a first request, for the rest of a body, and for a client that does not take its answer.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from typing import Protocol

from aiohttp import web

from bot.web.errors import ApiError

#: A line that has had an answer may rest so many times as long: proxies and browsers keep lines for their next request, and an answer
#: takes its time over a slow one.
_RESTS = 5
#: How often within the time of a line it is looked whether it is over.
_LOOKS = 4


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Line(Protocol):
    """A connection; aiohttp's handler of one."""

    @property
    def transport(self) -> asyncio.Transport | None:
        """What carries its bytes; None once it is closed."""


@dataclass(slots=True)
class _Wait:
    """Until when, on the clock of this process, a whole request has to come. The transport is known beyond a close that never ends."""

    transport: asyncio.Transport | None
    until: float


class Lines:
    """What is known of the open lines. `seconds`: in which a request comes whole, and an answer over a WebSocket is taken."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._waits: dict[Line, _Wait] = {}

    def heard(self, line: Line) -> None:
        """The head of a request is here; its body may take as long again."""
        self._wait(line, self.seconds)

    def hold(self, line: Line) -> None:
        """A whole request is worked on: nobody's patience ends until `rest`."""
        self._wait(line, inf)

    def rest(self, line: Line) -> None:
        """It is answered."""
        self._wait(line, self.seconds * _RESTS)

    @contextmanager
    def busy(self, line: Line) -> Iterator[None]:
        """Hold a line for a block."""
        self.hold(line)
        try:
            yield
        finally:
            self.rest(line)

    async def watch(self, lines: Callable[[], Iterable[Line]]) -> None:
        """Let go, until cancelled, of those that are open and whose time is over."""
        while True:
            self.look(lines())
            await asyncio.sleep(self.seconds / _LOOKS)

    def look(self, lines: Iterable[Line]) -> None:
        """Let go of those whose time is over, at once: a client that takes nothing would hold up a close."""
        now = time.monotonic()
        self._waits = {line: self._waits.get(line) or _Wait(line.transport, now + self.seconds) for line in lines}
        for wait in self._waits.values():
            if now > wait.until and wait.transport is not None:
                wait.transport.abort()

    def _wait(self, line: Line, seconds: float) -> None:
        self._waits[line] = _Wait(line.transport, time.monotonic() + seconds)


LINES = web.AppKey("lines", Lines)


_STREAMING: set[object] = set()


def streaming(handler: Handler) -> Handler:
    """A handler that reads what is sent by itself, piece by piece, and tells the line of each."""
    _STREAMING.add(handler)
    return handler


@web.middleware
def whole(request: web.Request, handler: Handler) -> Awaitable[web.StreamResponse]:
    """Have a request whole before it is worked on; who sends it byte by byte is let go. Raises ApiError 400 and HTTP 413.

    What may become a WebSocket has no body, and its handler holds the line: thousands of widgets wait, so no frame is kept for each.
    """
    request.app[LINES].heard(request.protocol)
    if request.match_info.handler in _STREAMING:
        return handler(request)
    return handler(request) if "Upgrade" in request.headers and not request.can_read_body else _whole(request, handler)


async def _whole(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        await request.read()
    except (web.RequestPayloadError, ConnectionError) as error:
        raise ApiError(400, "broken_request") from error
    with request.app[LINES].busy(request.protocol):
        return await handler(request)


async def send(request: web.Request, socket: web.WebSocketResponse, text: str) -> None:
    """Send over a WebSocket. Raises ConnectionError when its client is gone, or did not take it in time and was let go."""
    try:
        async with asyncio.timeout(request.app[LINES].seconds):
            await socket.send_str(text)
    except TimeoutError as error:
        if request.transport is not None:
            request.transport.abort()
        raise ConnectionResetError from error
