"""Pages of other sites: the chat stands on them, and asks us from there.

No cookie of ours counts for the API, so that a page of another site gets nothing that its server could not ask for itself. A deployment may
still name the sites that may carry its chat (NENGBAO_ORIGINS); browsers that show it elsewhere are sent away then.
"""

from collections.abc import Awaitable, Callable

from aiohttp import web

from bot.web.errors import ApiError
from bot.web.shared import SETTINGS

_API, _SOCKET = "/api/", "/ws"
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Content-Type",
    "Access-Control-Max-Age": "86400",
}


def is_for_foreigners(path: str) -> bool:
    """Whether pages of other sites may ask for it."""
    return path.startswith(_API) or path == _SOCKET


@web.middleware
def foreign(request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> Awaitable[web.StreamResponse]:
    """Answer a browser that asks whether a page of another site may send us JSON; send sites away that are not named."""
    is_foreign = is_for_foreigners(request.path)
    if is_foreign and not _is_welcome(request):
        raise ApiError(403, "forbidden")
    return _preflight() if is_foreign and request.method == "OPTIONS" else handler(request)


async def _preflight() -> web.Response:
    return web.Response(status=204, headers=_PREFLIGHT)


def allowed_origin(request: web.Request) -> dict[str, str]:
    """The headers by which a browser lets the page that asked read the answer."""
    headers = {"Access-Control-Expose-Headers": "Retry-After"}
    if not request.app[SETTINGS].named_origins():
        return headers | {"Access-Control-Allow-Origin": "*"}
    origin = request.headers.get("Origin")
    named = {"Access-Control-Allow-Origin": origin} if origin is not None and _is_welcome(request) else {}
    return headers | {"Vary": "Origin"} | named


def _is_welcome(request: web.Request) -> bool:
    """Whether a request is from our own pages, from a site that is named, or not from a page at all."""
    named, origin = request.app[SETTINGS].named_origins(), request.headers.get("Origin")
    if not named or origin is None:
        return True
    return origin.lower() in named or origin.partition("://")[2].lower() == request.host.lower()
