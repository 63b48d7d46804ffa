"""Ending without leaving anybody half-answered: turns under way are finished, new ones are sent away for a moment."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from aiohttp import web

from bot.web.errors import ApiError

T = TypeVar("T")

#: Until then the server has been started again, or another one has taken over.
_COME_AGAIN = 5
#: Asked by those who watch how the server ends; and a page that keeps what was typed when its message is not taken.
_STAYS_OPEN = frozenset({"/healthz", "/metrics", "/plain"})


class Gate:
    """What a turn goes through. Once shut, nobody gets in, and it tells when the last one is out."""

    def __init__(self) -> None:
        self.is_shut = False
        self._inside = 0
        self._empty = asyncio.Event()
        self._empty.set()

    def check(self) -> None:
        """Raises ApiError 503 when the server is ending."""
        if self.is_shut:
            raise ApiError(503, "unavailable", wait=_COME_AGAIN)

    async def through(self, work: Coroutine[Any, Any, T]) -> T:
        """Work that is finished before the server ends."""
        with self.inside():
            return await work

    @contextmanager
    def inside(self) -> Iterator[None]:
        """The same for a block."""
        self._inside += 1
        self._empty.clear()
        try:
            yield
        finally:
            self._inside -= 1
            if not self._inside:
                self._empty.set()

    async def shut(self, patience: float) -> None:
        """Let nobody in any more, and wait until the last one is out, but not for ever: the disk may be gone."""
        self.is_shut = True
        with suppress(TimeoutError):
            await asyncio.wait_for(self._empty.wait(), patience)


GATE = web.AppKey("gate", Gate)


@web.middleware
def until_shut(request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> Awaitable[web.StreamResponse]:
    """Send new requests away while the server ends; readiness with them, so that what stands in front asks another one."""
    if request.path not in _STAYS_OPEN:
        request.app[GATE].check()
    return handler(request)
