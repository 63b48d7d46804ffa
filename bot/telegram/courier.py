"""Brings waiting parcels to their chats: one chat after its own order, different chats side by side, over failures and crashes.

A parcel is put on its way in the transaction of its turn, so no committed answer is lost. Before a part is sent that is noted on disk,
and after it too. Telegram has no way to tell whether a message that was under way during a crash arrived: such a part is not sent
again, so that nothing is answered twice; the person is asked instead, with a button that says it again.
"""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import structlog
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, InputFile, ReplyParameters
from telegram.constants import ChatAction
from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError
from telegram.ext import ExtBot

from bot.logs import places
from bot.speech import Voice
from bot.store import Store, StoreError, Waiting
from bot.telegram.messages import Part, parts
from bot.telegram.picture import png

CHANNEL = "telegram"

Bot = ExtBot[Any]
Begin = Callable[[], Awaitable[None]]
#: Everything that is kept of a talk, by its key, as a file; None when it is not kept any more.
Data = Callable[[str], Awaitable[bytes | None]]
#: The sheet of paper of a case, in a voice's words; None where none can be made.
Sheet = Callable[[Mapping[str, Any], Voice], Awaitable[bytes | None]]

#: What is quick needs no "typing"; with many chats at once the messages themselves come first.
_TYPING_AFTER, _TYPING_EVERY, _TYPING_CHATS = 0.3, 4.0, 20
_LONGEST_PAUSE = 30.0
#: Connections that were never made carried nothing.
_NEVER_SENT = frozenset({"ConnectError", "ConnectTimeout", "PoolTimeout"})
#: A chat that is not there any more.
_GONE = ("chat not found", "peer_id_invalid", "user is deactivated", "user not found")

_log = structlog.get_logger()


def pause(failures: int) -> float:
    """Growing pauses between tries, in seconds."""
    return float(min(_LONGEST_PAUSE, 0.5 * 2 ** min(failures, 10)))


class _GoneError(Exception):
    """The chat does not exist (any more) or does not want to hear from us."""


@dataclass(slots=True)
class Courier:
    """`wake` a chat when a parcel was put on its way; `start` wakes all that are still waiting from before."""

    bot: Bot
    store: Store
    voice: Callable[[str | None], Voice]
    data: Data
    sheet: Sheet
    _busy: dict[str, "asyncio.Task[None]"] = field(default_factory=dict)
    _again: set[str] = field(default_factory=set)

    async def start(self) -> None:
        """Go on where the last process stopped."""
        for address in await self.store.addresses(CHANNEL):
            self.wake(address)

    def wake(self, address: str) -> None:
        """See to a chat's parcels, now or when the one under way is done."""
        if address in self._busy:
            self._again.add(address)
            return
        self._busy[address] = task = asyncio.create_task(self._see_to(address))
        task.add_done_callback(lambda _task: self._done(address))

    async def stop(self, patience: float = 5.0) -> None:
        """Let what is being sent arrive, then leave the rest to the next start."""
        self._again.clear()
        tasks = list(self._busy.values())
        if tasks:
            await asyncio.wait(tasks, timeout=patience)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _done(self, address: str) -> None:
        self._busy.pop(address, None)
        if address in self._again:
            self._again.discard(address)
            self.wake(address)

    async def _see_to(self, address: str) -> None:
        typing = asyncio.create_task(self._type(address))
        try:
            while waiting := await self.store.parcels(CHANNEL, address):
                for parcel in waiting:
                    await self._bring_or_excuse(parcel)
        except StoreError:
            # What was sent but could not be noted would be sent again; better to wait until the store can be written.
            await asyncio.sleep(_LONGEST_PAUSE)
            self._again.add(address)
        finally:
            typing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await typing

    async def _bring_or_excuse(self, parcel: Waiting) -> None:
        """An error of our own is answered with a kind line; it must not hold up what comes after."""
        body = json.loads(parcel.body)
        voice = self.voice(body["lang"])
        try:
            await self._bring(parcel, parts(body, voice), voice)
        except StoreError:
            raise
        except _GoneError:
            # This parcel alone: who came back meanwhile gets the answer to what they say now.
            _log.info("chat_gone")
        except Exception as error:
            _log.error("parcel_failed", error=type(error).__name__, where=places(error))
            with contextlib.suppress(_GoneError):
                await self._send(parcel, parcel.part, Part(voice.say("error.internal")))
        await self.store.delivered(parcel.id)

    async def _bring(self, parcel: Waiting, todo: list[Part], voice: Voice) -> None:
        doubtful = parcel.begun
        for number in range(parcel.part, len(todo)):
            part = todo[number]
            if doubtful and part.edits is None:
                part = _did_it_arrive(voice)
            doubtful = False
            await self._send(parcel, number, await self._with_file(part, voice))

    async def _with_file(self, part: Part, voice: Voice) -> Part:
        """A part with the file that belongs to it; without it where there is none, and its words go alone."""
        name = "nengbao.json" if part.data is not None else "nengbao.pdf"
        content = await self.data(part.data) if part.data is not None else await self.sheet(part.sheet, voice) if part.sheet else None
        return part if content is None else replace(part, file=(name, content))

    async def _send(self, parcel: Waiting, number: int, part: Part) -> None:
        """Send one part, however often it takes. Raises _GoneError."""
        failures, chat = 0, int(parcel.address)
        todo: Part | None = part
        while todo is not None:
            try:
                await self._call(chat, todo, lambda: self.store.mark(parcel.id, number, begun=True))
            except RetryAfter:
                # The pace knows for how long, and for whom.
                await self.store.mark(parcel.id, number, begun=False)
            except ChatMigrated as error:
                chat = error.new_chat_id
            except Forbidden as error:
                raise _GoneError from error
            except BadRequest as error:
                todo = _after_refusal(todo, error)
            except (NetworkError, InvalidToken, Conflict) as error:
                if _surely_not_sent(error):
                    await self.store.mark(parcel.id, number, begun=False)
                failures += 1
                await asyncio.sleep(pause(failures))
            else:
                todo = None
        await self.store.mark(parcel.id, number + 1, begun=False)

    async def _call(self, chat: int, part: Part, begin: Begin) -> None:
        keyboard, entities = part.keyboard, part.entities
        if part.edits is not None:
            # What cannot be edited any more, or says it already, is as good as done.
            with contextlib.suppress(BadRequest):
                if part.words:
                    await self.bot.edit_message_text(part.words, chat, part.edits, rate_limit_args=begin)
                else:
                    await self.bot.delete_message(chat, part.edits, rate_limit_args=begin)
        elif part.svg is not None:
            picture = InputFile(await asyncio.to_thread(png, part.svg), filename="nengbao.png")
            await self.bot.send_photo(
                chat, picture, caption=part.words, caption_entities=entities, reply_markup=keyboard, rate_limit_args=begin
            )
        elif part.file is not None:
            name, content = part.file
            file = InputFile(content, filename=name)
            await self.bot.send_document(chat, file, caption=part.words, reply_markup=keyboard, rate_limit_args=begin)
        else:
            await self.bot.send_message(
                chat,
                part.words,
                entities=entities,
                reply_markup=keyboard,
                message_thread_id=part.topic,
                reply_parameters=None if part.answers is None else ReplyParameters(part.answers, allow_sending_without_reply=True),
                rate_limit_args=begin,
            )

    async def _type(self, address: str) -> None:
        """Show that somebody is writing while an answer takes long."""
        await asyncio.sleep(_TYPING_AFTER)
        while len(self._busy) <= _TYPING_CHATS:
            with contextlib.suppress(TelegramError):
                await self.bot.send_chat_action(int(address), ChatAction.TYPING)
            await asyncio.sleep(_TYPING_EVERY)


def _did_it_arrive(voice: Voice) -> Part:
    button = InlineKeyboardButton(voice.say("label.repeat"), callback_data="action=repeat")
    return Part(voice.say("telegram.maybe_sent"), InlineKeyboardMarkup([[button]]))


def _after_refusal(part: Part, error: BadRequest) -> Part | None:
    """What is left to be sent of a part that Telegram refused: its words without picture or file, or nothing. Raises _GoneError."""
    if any(sign in error.message.lower() for sign in _GONE):
        raise _GoneError from error
    if part.svg is not None or part.file is not None:
        return replace(part, svg=None, file=None)
    _log.error("message_refused", error=type(error).__name__)
    return None


def _surely_not_sent(error: TelegramError) -> bool:
    """Whether Telegram did not take the message: it answered with an error, or was never reached."""
    cause = error.__cause__
    return cause is None or type(cause).__name__ in _NEVER_SENT
