"""How fast we speak: Telegram's own limits kept beforehand, and its "be silent for so long" obeyed by everything that is still to be sent.

Telegram does not say whether a 429 is meant for one chat or for the whole bot. One chat that is told so waits alone; when several private
chats are told so at the same time it is meant for us all, and nothing is sent to anybody until it is over.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from telegram.error import RetryAfter
from telegram.ext import AIORateLimiter

#: So many private chats that are to be left alone at the same time mean all of them.
_SEVERAL = 3
#: Telegram tells whole seconds.
_MARGIN = 0.1
#: Calls under way at the same time; each has a connection.
_LINES = 64


class _SilenceError(Exception):
    """While a call waited for its turn we were told to be silent."""


@dataclass(slots=True)
class Silence:
    """Until when nothing may be said to a chat, and to anybody. Times in seconds of `clock`."""

    clock: Callable[[], float] = time.monotonic
    _chats: dict[int, float] = field(default_factory=dict)
    _all: float = 0.0

    def told(self, chat: int, seconds: float) -> None:
        """Telegram wants silence for so long, and said so in a chat."""
        now = self.clock()
        self._chats = {other: until for other, until in self._chats.items() if until > now} | {chat: now + seconds}
        if sum(other > 0 for other in self._chats) >= _SEVERAL:
            self._all = max(self._all, now + seconds)

    def left(self, chat: int | None) -> float:
        """For how many seconds still nothing may be said to a chat."""
        until = max(self._all, self._chats.get(chat, 0.0) if chat is not None else 0.0)
        return max(0.0, until - self.clock())


class Pace(AIORateLimiter):
    """The library's limiter, which also keeps silent when it is told to.

    What a call gives as `rate_limit_args` is awaited when its turn has come, just before it is sent. A 429 is raised to the caller.
    """

    def __init__(self, rate: float) -> None:
        """`rate`: messages a second over all chats."""
        super().__init__(overall_max_rate=rate, overall_time_period=1, max_retries=0)
        self._silence, self._lines = Silence(), asyncio.Semaphore(_LINES)

    async def process_request(
        self, callback: Any, args: Any, kwargs: dict[str, Any], endpoint: str, data: dict[str, Any], rate_limit_args: Any
    ) -> Any:
        """As AIORateLimiter, without its own retries."""
        chat = data.get("chat_id")

        async def sent(*given: Any, **more: Any) -> Any:
            async with self._lines:
                if self._silence.left(chat):
                    raise _SilenceError
                if rate_limit_args is not None:
                    await rate_limit_args()
                return await callback(*given, **more)

        while True:
            await asyncio.sleep(self._silence.left(chat))
            try:
                return await super().process_request(sent, args, kwargs, endpoint, data, None)
            except _SilenceError:
                continue
            except RetryAfter as error:
                if chat is not None:
                    self._silence.told(chat, seconds(error))
                raise


def seconds(error: RetryAfter) -> float:
    """How long Telegram wants silence."""
    wait = error.retry_after
    return (wait if isinstance(wait, int) else wait.total_seconds()) + _MARGIN
