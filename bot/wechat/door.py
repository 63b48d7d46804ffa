"""The WeChat door: each message is answered in the answer to its delivery, within the five seconds that WeChat waits.

WeChat delivers a message again, with the same id, when it has heard nothing for five seconds. A turn that was kept is therefore told
from the store, never played twice. What could not be told in time, or in one text, waits for the next message; which part of which
answer a message was answered with is noted in the store, so that several servers tell one person the same.
"""

import asyncio
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

import structlog

from bot.assistant import Assistant, Message, Standing
from bot.logs import places
from bot.settings import Settings
from bot.store import Shown, StoreError
from bot.wechat.crypto import Seal, SealError, is_signed, signature
from bot.wechat.envelope import MOST_BYTES, NOTHING, EnvelopeError, read_fields, sealed_answer, text_answer
from bot.wechat.meaning import Said, read
from bot.wechat.pages import pages, wants_more

CHANNEL = "wechat"
PATH = "/wechat"

#: Takes one token of a conversation; the seconds to wait when there was none.
Wait = Callable[[str], float]

#: Instead of a part: the answer was not ready; or it never became ready, and the person was told.
_WAITING, _LOST = -1, -2
#: An answer that is not there after so many seconds never comes: the process that worked on it is gone.
_LONGEST_TURN = 60
_LOOK_EVERY = 0.1
#: Noting that somebody waits must not make them wait: a store that is stuck may be what took so long.
_NOTE_SECONDS = 0.2
_CLOSE_SECONDS = 2

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a delivery is answered with."""

    status: int
    body: str = ""


class Wechat:
    """Built from settings with a token. `echo` proves to WeChat who we are, `answer` takes deliveries."""

    path = PATH

    def __init__(self, assistant: Assistant, settings: Settings) -> None:
        """Raises ValueError without a token, or with an AES key but no AppID, and KeyFormatError for a key of another length."""
        if settings.wechat_token is None or (settings.wechat_aes_key and not settings.wechat_appid):
            raise ValueError("no token or no AppID")
        self._token, self._assistant = settings.wechat_token.get_secret_value(), assistant
        key = settings.wechat_aes_key
        self._seal = Seal(key.get_secret_value(), settings.wechat_appid or "") if key else None
        self._patience = settings.wechat_patience
        self._under_way: set[asyncio.Task[Any]] = set()

    def echo(self, query: Mapping[str, str]) -> Answer:
        """The answer to WeChat's question whether this address is ours."""
        return Answer(HTTPStatus.OK, query.get("echostr", "")) if self._is_signed(query) else Answer(HTTPStatus.FORBIDDEN)

    async def answer(self, query: Mapping[str, str], body: bytes, wait: Wait) -> Answer:
        """The answer to a delivery: 200 with XML, 403 for one that WeChat did not sign, 400 and 413 for what is no message."""
        if len(body) > MOST_BYTES:
            return Answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        if not self._is_signed(query):
            return Answer(HTTPStatus.FORBIDDEN)
        try:
            fields = self._opened(query, read_fields(body))
            if fields is None:
                return Answer(HTTPStatus.FORBIDDEN)
            said = read(fields)
        except (EnvelopeError, SealError):
            return Answer(HTTPStatus.BAD_REQUEST)
        words = await self._words(said, wait) if said else ""
        if said is None or not words:
            return Answer(HTTPStatus.OK, NOTHING)
        return Answer(HTTPStatus.OK, self._sealed(text_answer(said.sender, said.account, int(time.time()), words)))

    async def close(self) -> None:
        """Let turns that are under way be kept, for a while: the disk may be gone."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=_CLOSE_SECONDS)

    def _is_signed(self, query: Mapping[str, str]) -> bool:
        timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        return is_signed(query.get("signature", ""), self._token, timestamp, nonce)

    def _opened(self, query: Mapping[str, str], fields: dict[str, str]) -> dict[str, str] | None:
        """The fields of the message itself; None for one that is not signed, or not sealed although we have a key.

        Only the signature of a sealed message covers what it says. With a key, nothing else is taken. Raises EnvelopeError and SealError.
        """
        if self._seal is None:
            return fields
        sealed = fields.get("Encrypt", "")
        words = (self._token, query.get("timestamp", ""), query.get("nonce", ""), sealed)
        if not sealed or not is_signed(query.get("msg_signature", ""), *words):
            return None
        return read_fields(self._seal.open(sealed))

    def _sealed(self, xml: str) -> str:
        if self._seal is None:
            return xml
        sealed, at, nonce = self._seal.close(xml), str(int(time.time())), secrets.token_hex(8)
        return sealed_answer(sealed, signature(self._token, at, nonce, sealed), at, nonce)

    async def _words(self, said: Said, wait: Wait) -> str:
        """What is said to a message. Nothing that goes wrong leaves a person without a line."""
        deadline = asyncio.get_running_loop().time() + self._patience
        person = f"{CHANNEL}-{self._secret(f'person {said.sender}')[:32]}"
        if wait(person):
            return self._assistant.knowledge.voice(None).say("error.too_many_requests")
        try:
            return await _Talk(self._assistant, person, deadline, self._under_way).words(said)
        except StoreError:
            return self._assistant.knowledge.voice(None).say("error.unavailable")
        except Exception as error:
            _log.error("turn_failed", error=type(error).__name__, where=places(error))
            return self._assistant.knowledge.voice(None).say("error.internal")

    def _secret(self, purpose: str) -> str:
        """A name nobody can guess or trace back without the token: the store holds no openid."""
        return hmac.new(self._token.encode(), purpose.encode(), hashlib.sha256).hexdigest()


class _Talk:
    """A person's talk, for the time of one message. `deadline`: on the clock of the loop."""

    def __init__(self, assistant: Assistant, person: str, deadline: float, under_way: "set[asyncio.Task[Any]]") -> None:
        self._assistant, self._store, self._person = assistant, assistant.store, person
        self._deadline, self._under_way = deadline, under_way

    async def words(self, said: Said) -> str:
        """The text to answer with, empty for none. Raises StoreError."""
        noted = await self._store.shown(self._person)
        before = next((each for each in noted if each.message == said.message), None)
        if before is not None:
            return await self._told(before, before)
        newest, standing = noted[0] if noted else None, await self._assistant.standing(self._person)
        if await self._store.reply(self._person, said.message) is not None:
            return await self._turn(said, standing)
        if newest is not None and newest.part == _WAITING:
            return await self._told(replace(newest, message=said.message))
        return await self._go_on(said, standing, newest)

    async def _go_on(self, said: Said, standing: Standing, newest: Shown | None) -> str:
        """A new message: more of the answer that is on the screen, one of its choices by number, or whatever else it says."""
        answer = standing.answer
        if answer is None or said.text is None:
            return await self._turn(said, standing)
        whole = pages(answer, standing.voice)
        part = newest.part if newest is not None and newest.origin == answer["message_id"] else 0
        if wants_more(said.text) and part + 1 < len(whole.pieces):
            return await self._told(Shown(said.message, answer["message_id"], part + 1))
        key = whole.pressed(said.text, part)
        return await self._turn(replace(said, text=None, choice=key) if key else said, standing)

    async def _turn(self, said: Said, standing: Standing) -> str:
        turn = asyncio.create_task(self._assistant.turn(self._message(said)))
        self._under_way.add(turn)
        turn.add_done_callback(self._under_way.discard)
        await asyncio.wait({turn}, timeout=self._left())
        if turn.done():
            return await self._page(turn.result(), 0)
        turn.add_done_callback(_log_failure)
        await self._note(Shown(said.message, said.message, _WAITING, int(time.time())))
        return standing.voice.say("wechat.slow")

    async def _told(self, shown: Shown, before: Shown | None = None) -> str:
        """The part of an answer that a message gets, noted so that it gets the same again. `before`: what was noted of it already."""
        answer = await self._ready(shown)
        if shown.part == _WAITING:
            late = abs(time.time() - shown.at) > _LONGEST_TURN
            shown = replace(shown, part=0 if answer is not None else _LOST if late else _WAITING)
        if shown != before:
            await self._note(replace(shown, at=shown.at or int(time.time())))
        if answer is not None:
            return await self._page(answer, shown.part)
        voice = (await self._assistant.standing(self._person)).voice
        return voice.say("wechat.slow" if shown.part == _WAITING else "wechat.lost")

    async def _ready(self, shown: Shown) -> dict[str, Any] | None:
        """The answer that is told a part of; one that is waited for as soon as it is kept. None when it is not there in time."""
        if shown.part == _LOST:
            return None
        kept = await self._store.reply(self._person, shown.origin)
        while kept is None and shown.part == _WAITING and self._left() > 0:
            await asyncio.sleep(min(_LOOK_EVERY, self._left()))
            kept = await self._store.reply(self._person, shown.origin)
        if kept is None:
            return None
        # Empty: it has been erased since, at the person's own wish.
        return dict(json.loads(kept)) if kept else {"replies": []}

    async def _page(self, answer: Mapping[str, Any], part: int) -> str:
        voice = (await self._assistant.standing(self._person)).voice
        whole = pages(answer, voice)
        return whole.page(min(part, len(whole.pieces) - 1), voice)

    async def _note(self, shown: Shown) -> None:
        noting = asyncio.create_task(self._store.show(self._person, shown))
        self._under_way.add(noting)
        noting.add_done_callback(self._under_way.discard)
        noting.add_done_callback(_log_failure)
        await asyncio.wait({noting}, timeout=_NOTE_SECONDS)

    def _message(self, said: Said) -> Message:
        return Message(
            message_id=said.message,
            text=said.text,
            choice=said.choice,
            action=said.action,
            channel=CHANNEL,
            place=said.place,
            person=self._person,
        )

    def _left(self) -> float:
        return max(0.0, self._deadline - asyncio.get_running_loop().time())


def _log_failure(task: "asyncio.Task[Any]") -> None:
    """An error that nobody waits for any more."""
    error = None if task.cancelled() else task.exception()
    if error is not None:
        _log.error("turn_failed", error=type(error).__name__, where=places(error))
