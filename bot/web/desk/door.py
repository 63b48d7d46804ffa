"""The door of the desk: a key opens it, every page behind it asks for that key again, and nothing of it stays in a browser.

The cookie holds the key itself, so that a key that is taken back opens nothing from the next page on; no other site can use it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import PurePath
from typing import Any

from aiohttp import web

from bot.desk import Book, Desk, Keys, Room, RoomError, plain
from bot.speech import Voice
from bot.web.errors import ApiError
from bot.web.lines import streaming
from bot.web.pages.rendering import is_secure, page, page_voice
from bot.web.shared import CLIENTS, SETTINGS, client_of, fields, limited, own_form
from engine import CaseError

_COOKIE = "nengbao_desk"
_A_DAY = 86_400
#: For forms that have to be able to say that they are ours.
_OWN = {"Referrer-Policy": "same-origin", "Cache-Control": "no-store"}

#: What the desk hands out, by its ending.
FILES = {
    ".csv": "text/csv",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pdf": "application/pdf",
    ".zip": "application/zip",
}

Shows = Callable[[web.Request, Voice, Book], Awaitable[web.StreamResponse]]


def at_desk(
    shows: Shows, *, changes: bool = False, streams: bool = False, tries: bool = False
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """A page of an open desk; whoever has no key is asked for it. `changes`: only our own forms may ask for it;
    `streams`: it reads what is sent by itself, for that may be large; `tries`: a script asks for it, while somebody types.
    """

    async def handler(request: web.Request) -> web.StreamResponse:
        limited(request.app[CLIENTS], client_of(request))
        voice = page_voice(request)
        if changes:
            own_form(request)
        room = room_of(request.app)
        try:
            desk = await asyncio.to_thread(Keys(room).known, request.cookies.get(_COOKIE, ""))
            if desk is None:
                return _closed(request, voice, tries=tries)
            return await shows(request, voice, Book(room, desk))
        except RoomError as error:
            raise ApiError(503, "unavailable") from error
        except CaseError as error:
            # What is kept here was read once; rules that held for it have been taken away since.
            raise ApiError(404, "unknown_policy") from error

    return streaming(handler) if streams else handler


async def enter(request: web.Request) -> web.Response:
    """Try a key."""
    limited(request.app[CLIENTS], client_of(request))
    own_form(request)
    sent = fields(await request.read())
    voice, key = page_voice(request, sent.get("lang")), sent.get("key", "").strip()
    try:
        tried = await asyncio.to_thread(Keys(room_of(request.app)).open, key, client_of(request))
    except RoomError as error:
        raise ApiError(503, "unavailable") from error
    if tried.desk is None:
        return _login(request, voice, voice.say("desk.locked" if tried.locked else "desk.wrong"), 429 if tried.locked else 403)
    response = see("/desk")
    response.set_cookie(_COOKIE, plain(key), max_age=_A_DAY, path="/desk", httponly=True, samesite="Strict", secure=is_secure(request))
    return response


async def leave(request: web.Request) -> web.Response:
    """Close the desk in this browser."""
    own_form(request)
    response = see("/desk")
    response.del_cookie(_COOKIE, path="/desk")
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


def desk_page(request: web.Request, voice: Voice, template: str, desk: Desk, *, notice: str = "", **values: Any) -> web.Response:
    """A page of an open desk. A `notice` says what could not be done, and what to do."""
    return page(request, template, voice, status=422 if notice else 200, headers=_OWN, desk=desk, notice=notice, **values)


def desk_file(body: bytes, name: str) -> web.Response:
    """A file to take along; its name ends in one of FILES."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return web.Response(body=body, content_type=FILES[PurePath(name).suffix], headers=headers)


def see(path: str) -> web.Response:
    """The page to go on with."""
    return web.Response(status=web.HTTPSeeOther.status_code, headers={"Location": path})


def number_of(request: web.Request) -> int:
    """The number in an address."""
    return int(request.match_info["number"])


def room_of(app: web.Application) -> Room:
    """Where a server keeps its desks."""
    return Room(app[SETTINGS].data_dir)


def _closed(request: web.Request, voice: Voice, *, tries: bool) -> web.Response:
    """The door for whoever has no key, or none any more: who sent something is told that it was not kept."""
    if tries:
        return ApiError(403, "desk_closed").response(voice)
    return _login(request, voice) if request.method in ("GET", "HEAD") else _login(request, voice, voice.say("desk.closed"), 403)


def _login(request: web.Request, voice: Voice, notice: str = "", status: int = 200) -> web.Response:
    return page(request, "desk_login.html", voice, status=status, headers=_OWN, notice=notice, other_langs={})
