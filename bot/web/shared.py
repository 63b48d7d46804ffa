"""What the handlers of the API, the socket and the pages share: the app's keys, who asks and how often, and the one way a turn is taken."""

import asyncio
from typing import Any

from aiohttp import web

from bot.assistant import Assistant, UnknownConversationError
from bot.settings import Settings
from bot.store import StoreError
from bot.web.errors import ApiError
from bot.web.limits import Limit
from bot.web.requests import read_turn

ASSISTANT = web.AppKey("assistant", Assistant)
SETTINGS = web.AppKey("settings", Settings)
CLIENTS = web.AppKey("clients", Limit)
CONVERSATIONS = web.AppKey("conversations", Limit)


def client_of(request: web.Request) -> str:
    """Who asks, for the limits alone."""
    return request.remote or ""


def limited(limit: Limit, key: str) -> None:
    """Let one more through. Raises ApiError 429."""
    wait = limit.wait(key)
    if wait:
        raise ApiError(429, "too_many_requests", wait=wait)


async def answered(request: web.Request, raw: Any) -> dict[str, Any]:
    """The answer to one message. Raises ApiError."""
    message = read_turn(raw)
    if message.conversation is not None:
        limited(request.app[CONVERSATIONS], message.conversation)
    try:
        # A turn under way is finished and kept even when its client goes away meanwhile.
        return await asyncio.shield(request.app[ASSISTANT].turn(message))
    except UnknownConversationError as error:
        raise ApiError(404, "unknown_conversation", "conversation") from error
    except StoreError as error:
        raise ApiError(503, "unavailable") from error
