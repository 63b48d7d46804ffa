"""A name for every request, under which all its lines stand in the log; whoever asks may bring one along."""

import re
import secrets
from collections.abc import Awaitable, Callable

from aiohttp import web
from structlog.contextvars import bind_contextvars

HEADER = "X-Request-ID"
_NAME = re.compile(r"[A-Za-z0-9-]{8,64}", re.ASCII)
_KEY = web.RequestKey("request_id", str)


@web.middleware
def traced(request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> Awaitable[web.StreamResponse]:
    """Bind the name until the next request of the line. Anything but a plain name is not taken over: it would stand in the log.

    Nothing waits here itself: ten thousand chats that say nothing would each keep its frame.
    """
    told = request.headers.get(HEADER, "")
    request[_KEY] = told if _NAME.fullmatch(told) else secrets.token_hex(8)
    bind_contextvars(request=request[_KEY])
    return handler(request)


def name_of(request: web.Request) -> str:
    """The name of a request."""
    return request[_KEY]
