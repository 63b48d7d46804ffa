"""What the handlers of the API, the socket and the pages share: the app's keys, who asks and how often, and the one way a turn is taken."""

import asyncio
from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from bot.assistant import Assistant, UnknownConversationError
from bot.limits import Limit
from bot.settings import Network, Settings
from bot.store import StoreError
from bot.web.closing import GATE
from bot.web.errors import ApiError
from bot.web.requests import read_turn

ASSISTANT = web.AppKey("assistant", Assistant)
SETTINGS = web.AppKey("settings", Settings)
CLIENTS = web.AppKey("clients", Limit)
CONVERSATIONS = web.AppKey("conversations", Limit)
DOORS = web.AppKey("doors", Limit)
_MOST_FIELDS = 20
#: Whoever has a line of IPv6 has all addresses of such a network.
_ONE_HOUSEHOLD = 64


def client_of(request: web.Request) -> str:
    """Who asks, for the limits alone: the peer, or whom our own proxy names in front of us. Nobody else's word for it counts."""
    trusted = request.app[SETTINGS].trusted_proxies()
    hops = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    client = request.remote or ""
    while hops and _is_within(client, trusted):
        client = hops.pop()
    return _household(client)


def _household(client: str) -> str:
    """An address, or the network of IPv6 that one client has for itself; what is no address as it stands."""
    try:
        known = ip_address(client)
    except ValueError:
        return client
    return str(ip_network((known, _ONE_HOUSEHOLD), strict=False)) if known.version == 6 else client  # noqa: PLR2004 - of IP


def _is_within(address: str, networks: Sequence[Network]) -> bool:
    try:
        known = ip_address(address)
    except ValueError:
        return False
    return any(known in network for network in networks)


def limited(limit: Limit, key: str) -> None:
    """Let one more through. Raises ApiError 429."""
    wait = limit.wait(key)
    if wait:
        raise ApiError(429, "too_many_requests", wait=wait)


def own_form(request: web.Request) -> None:
    """Take forms of our own pages alone: no other site may speak for somebody. Raises ApiError 403."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site == "same-origin":
        return
    if site in ("cross-site", "same-site") or (origin is not None and origin.partition("://")[2].lower() != request.host.lower()):
        raise ApiError(403, "forbidden")


def fields(body: bytes, most: int = _MOST_FIELDS) -> dict[str, str]:
    """What a form sends, however it was made; nothing when it has more fields than the form has."""
    try:
        return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=most))
    except ValueError:
        return {}


async def answered(request: web.Request, raw: Any) -> dict[str, Any]:
    """The answer to one message. Raises ApiError."""
    gate, message = request.app[GATE], read_turn(raw)
    if message.conversation is not None:
        limited(request.app[CONVERSATIONS], message.conversation)
    limited(request.app[DOORS], "web")
    gate.check()
    try:
        # A turn under way is finished and kept even when its client goes away meanwhile, or the server is told to end.
        return await asyncio.shield(gate.through(request.app[ASSISTANT].turn(message)))
    except UnknownConversationError as error:
        raise ApiError(404, "unknown_conversation", "conversation") from error
    except StoreError as error:
        raise ApiError(503, "unavailable") from error
