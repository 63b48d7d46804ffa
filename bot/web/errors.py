"""Errors of the web door: a stable code, a plain sentence and the field, never a stack trace."""

import json
from typing import Any

from aiohttp import web

from bot.speech import Voice, fault_words
from engine import CaseError, Fault

#: Seconds until it is worth trying again what passes by itself.
_COME_AGAIN = {"unavailable": 5}


def dumps(value: Any) -> str:
    """JSON with Chinese as it is."""
    return json.dumps(value, ensure_ascii=False)


class ApiError(Exception):
    """An error to be answered as `{"error": {"code", "say", "field"}}`."""

    def __init__(self, status: int, code: str, field: str | None = None, say: str | None = None, wait: float = 0) -> None:
        super().__init__(code)
        self.status, self.code, self.field, self.say, self.wait = status, code, field, say, wait or _COME_AGAIN.get(code, 0)

    def body(self, voice: Voice) -> dict[str, Any]:
        """The contract's error object."""
        key = f"error.{self.code}"
        say = self.say or (voice.say(key) if voice.has(key) else fault_words(voice, Fault(self.field or "", self.code)))
        return {"error": {"code": self.code, "say": say, "field": self.field}}

    @property
    def headers(self) -> dict[str, str]:
        """When to come again, where that is known."""
        return {"Retry-After": str(max(1, round(self.wait)))} if self.wait else {}

    def response(self, voice: Voice) -> web.Response:
        """The error as a response."""
        return web.json_response(self.body(voice), status=self.status, headers=self.headers, dumps=dumps)


def wrong_case(voice: Voice, error: CaseError) -> ApiError:
    """A case with wrong fields; the first one is named."""
    fault = error.faults[0]
    say = " ".join(fault_words(voice, each) for each in error.faults)
    return ApiError(web.HTTPUnprocessableEntity.status_code, fault.code, fault.field, say)
