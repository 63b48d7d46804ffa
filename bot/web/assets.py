"""The script and the style of our pages as they go over a slow line: compressed once, known again by their contents."""

import gzip
from functools import cache
from hashlib import sha256
from typing import NamedTuple

from aiohttp import web

from bot import resources

_KINDS = {".js": "text/javascript", ".css": "text/css"}


class Asset(NamedTuple):
    """A file as it is sent: plain, compressed, and its tag."""

    kind: str
    plain: bytes
    compressed: bytes
    tag: str


@cache
def asset(name: str) -> Asset:
    """A file of `static`; a script without its comments, which are for those who read the source."""
    path = resources.STATIC / name
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".js":
        from rjsmin import jsmin

        text = str(jsmin(text))
    plain = text.encode()
    return Asset(_KINDS[path.suffix], plain, gzip.compress(plain, 9, mtime=0), sha256(plain).hexdigest()[:16])


async def serve(request: web.Request) -> web.Response:
    """The file of a route that is named like it. A browser that has it already is told so."""
    found = asset(request.path.lstrip("/"))
    headers = {"Cache-Control": "no-cache", "ETag": f'"{found.tag}"', "Vary": "Accept-Encoding"}
    if any(tag.value == found.tag for tag in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    packed = "gzip" in request.headers.get("Accept-Encoding", "")
    if packed:
        headers["Content-Encoding"] = "gzip"
    return web.Response(body=found.compressed if packed else found.plain, content_type=found.kind, charset="utf-8", headers=headers)
