"""The assistant every door hands its messages to: understand, play the turn, keep it, then answer."""

import asyncio
import json
import re
import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from weakref import WeakValueDictionary

import msgspec

from bot.at_desk import Desks, Seat, key_in
from bot.china import china_today
from bot.conversation import (
    CARRIED,
    FORWARDED,
    Choice,
    Conversation,
    Heard,
    Incoming,
    Rules,
    Turned,
    estimate_at,
    is_agreed,
    language,
    mark_of,
    offered,
    open_question,
    summary,
    take_turn,
)
from bot.counters import Counters, Played
from bot.desk import Desk, RoomError
from bot.ids import Ids
from bot.knowledge import Knowledge
from bot.langs import LANGS, named
from bot.speech import Voice, reply_json
from bot.store import Change, ConflictError, Kept, Parcel, Store
from bot.understanding import understand, understand_at_desk
from engine import Estimate, estimate, read_case


class UnknownConversationError(Exception):
    """A message names a conversation that is not kept (any more)."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message through a door: exactly one of text, choice and action. `place` and `lang` are what the door knows.

    A door that knows its people by itself names the conversation by `person`, which is opened when it is not there; its answers travel
    to `address`, with what it wants to remember about them in `context`. `agreement`, `unread` and `manner`: see Incoming.
    """

    message_id: str
    conversation: str | None = None
    text: str | None = None
    choice: str | None = None
    action: str | None = None
    channel: str = "web"
    place: str | None = None
    lang: str | None = None
    person: str | None = None
    address: str | None = None
    context: Mapping[str, Any] = field(default_factory=dict)
    agreement: str | None = None
    unread: str | None = None
    manner: str | None = None


#: 接着说 482 913: six digits that carry a talk from another door.
_CODE = re.compile(r"(?:接[着著][说說聊]|go on|/code)[ :：“\"「]{0,3}([0-9]{3})[ -]?([0-9]{3})[”\"」。.]{0,2}", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a person's talk stands: the newest answer, if there was one, and the voice it goes on in.

    `has_chosen`: whether the person asked for that language; else the door may know better.
    """

    answer: dict[str, Any] | None
    voice: Voice
    has_chosen: bool = False


@dataclass(frozen=True, slots=True)
class _Arrived:
    """A message on its way to its turn. `opened_by`: what the first one of a talk is known by.

    `is_secret`: it is a key, which no door shows again. `desk`: what that opens, in a talk that `begins` with the settings of the one
    before and in which a door's `person` goes on.
    """

    message: Message
    opened_by: str | None = None
    is_secret: bool = False
    desk: Desk | None = None
    mark: str = ""
    begins: Conversation = field(default_factory=Conversation)
    person: str | None = None

    def doing(self, action: str, **more: Any) -> "_Arrived":
        """With an action in place of what was typed."""
        return replace(self, message=replace(self.message, text=None, action=action, **more))


@dataclass(slots=True)
class Assistant:
    """Turns of one conversation come one after the other; conversations do not wait for each other."""

    knowledge: Knowledge
    store: Store
    today: Callable[[], date] = china_today
    retention_days: int = 30
    counters: Counters = field(default_factory=Counters)
    desks: Desks = field(default_factory=Desks)
    _queues: "WeakValueDictionary[str, asyncio.Lock]" = field(default_factory=WeakValueDictionary)
    _ids: Ids = field(init=False)

    def __post_init__(self) -> None:
        self._ids = Ids(self.store.secret)

    async def turn(self, message: Message) -> dict[str, Any]:
        """Answer a message when its turn is on disk. The same message again gives the same answer and changes nothing.

        Raises UnknownConversationError and StoreError.
        """
        with self.counters.turn(message.channel) as played:
            if message.conversation is not None:
                message = replace(message, conversation=self._key(message.conversation, played))
            known = message.person or message.conversation
            opened_by = None if known else _name(message)
            async with self._queue(known or str(opened_by)):
                arrived = await self._arrived(_Arrived(message, opened_by), played)
                while True:
                    try:
                        return await self._turn(arrived, played)
                    except ConflictError:
                        # Another process kept a turn of this conversation meanwhile; play ours again on top of it.
                        played.again = True

    async def _arrived(self, arrived: "_Arrived", played: Played) -> "_Arrived":
        """Six digits or the key of a desk as what they come to. Other messages as they are, and so is one that was answered already."""
        message, key = arrived.message, key_in(arrived.message.text)
        code = _CODE.fullmatch(message.text.strip()) if message.text else None
        if code is None and key is None:
            return arrived
        arrived = replace(arrived, is_secret=key is not None)
        kept = await self._kept(message, arrived.opened_by, played)
        if kept is not None and await self.store.reply(kept.key, message.message_id) is not None:
            return arrived
        talk = _decoded(kept)
        if message.agreement and not is_agreed(talk):
            return arrived
        if key is not None:
            return await self._with_key(arrived, key, talk)
        return await self._carried(arrived, "".join(code.groups()) if code else "")

    async def _carried(self, arrived: "_Arrived", code: str) -> "_Arrived":
        """Six digits: the talk they lead to goes on here, or they lead nowhere."""
        message = arrived.message
        if message.manner == FORWARDED:
            # Whoever sends somebody digits to pass on would read along from then on.
            return arrived.doing("pass.forwarded")
        carried = await self.store.redeem(code, _name(message), _who(message), message.person)
        if carried.key is None:
            return arrived.doing("pass.locked" if carried.locked else "pass.wrong")
        return replace(arrived.doing(CARRIED, conversation=carried.key), opened_by=None)

    async def _with_key(self, arrived: "_Arrived", key: str, talk: Conversation) -> "_Arrived":
        """The key of a desk: a talk of its own begins there, since others may know the one of now; or it opens nothing."""
        message = arrived.message
        if message.manner:
            return arrived.doing("chat.desk.forwarded")
        opened_by = arrived.opened_by or f"{_name(message)}\n{_who(message)}"
        anew = replace(arrived.doing("desk", conversation=None, person=None), opened_by=opened_by)
        if await self.store.opened(opened_by) is not None:
            return anew  # it came again
        try:
            # A first message is nobody's yet: what others try first must not keep a coordinator out.
            tried, mark = await self.desks.opens(key, message.person or message.conversation or _name(message))
        except RoomError:
            return arrived.doing("chat.desk.away")
        if tried.desk is None:
            return arrived.doing("desk.locked" if tried.locked else "desk.wrong")
        if (known := mark_of(talk)) is not None:
            return arrived.doing("desk" if known == mark else "chat.desk.another")
        return replace(anew, desk=tried.desk, mark=mark, begins=Conversation(talk.answers), person=message.person)

    async def missed(self, conversation: str, after: int) -> list[dict[str, Any]]:
        """The answers of all turns after the given one. Raises UnknownConversationError."""
        kept = await self._load(conversation)
        return [json.loads(reply) for reply in await self.store.replies_after(kept.key, after)]

    async def standing(self, person: str) -> Standing:
        """Where a person's talk stands, for a door that has to know what is on the screen."""
        kept = await self.store.of_person(person)
        if kept is None:
            return Standing(None, self.knowledge.voice(None))
        conversation = _decoded(kept)
        newest = await self.store.replies_after(kept.key, conversation.turn - 1)
        lang = language(conversation)
        return Standing(json.loads(newest[-1]) if newest else None, self.knowledge.voice(lang), lang is not None)

    async def estimate(self, conversation: str, case: Mapping[str, Any] | None = None) -> Estimate | None:
        """The estimate a talk has come to, or of a case that was told in it. Raises UnknownConversationError and CaseError."""
        kept = await self._load(conversation)
        if case is not None:
            return estimate(read_case(case), self.knowledge.shelf, self.today())
        return estimate_at(_decoded(kept), self._rules())

    async def data(self, conversation: str) -> dict[str, Any]:
        """Everything that is kept of a talk: the answers taken, and all replies. Raises UnknownConversationError."""
        kept = await self._load(conversation)
        talk = _decoded(kept)
        replies = [json.loads(reply) for reply in await self.store.replies_after(kept.key, 0)]
        return {"conversation": conversation, "answers": msgspec.to_builtins(talk.answers), "turns": replies}

    async def taken_up(self, digits: str, message: str, who: str) -> tuple[str | None, bool]:
        """The talk that six digits lead to, which are used up by that, and whether `who` has tried too many. Raises StoreError."""
        carried = await self.store.redeem(digits, message, who, None)
        return (self._ids.id_of(carried.key) if carried.key is not None else None), carried.locked

    async def code(self, conversation: str) -> str | None:
        """A new code on paper that leads back to a talk; None when it is not kept, or is one of many households. Raises StoreError."""
        key = self._ids.key_of(conversation)
        kept = await self.store.load(key) if key is not None else None
        return await self.store.code(kept.key) if kept is not None and mark_of(_decoded(kept)) is None else None

    async def found(self, code: str) -> str | None:
        """The talk that a code on paper leads back to."""
        key = await self.store.key_of(code)
        return self._ids.id_of(key) if key is not None else None

    def opening(self, place: str | None, lang: str | None) -> list[dict[str, Any]]:
        """The replies that a talk begins with. Nothing is kept: a page that is only looked at leaves no conversation behind."""
        voice = self.knowledge.voice(lang)
        turned = take_turn(Conversation(), Incoming("", action="start", place=place), self._rules())
        return [reply_json(voice, reply) for reply in turned.replies]

    async def _turn(self, arrived: "_Arrived", played: Played) -> dict[str, Any]:
        message = arrived.message
        kept = await self._kept(message, arrived.opened_by, played)
        if kept is not None:
            answered = await self.store.reply(kept.key, message.message_id)
            if answered is not None:
                played.outcome = "repeated"
                return dict(json.loads(answered)) if answered else self._erased_answer(kept, message)
        conversation = _decoded(kept) if kept else arrived.begins
        key = kept.key if kept else message.person or secrets.token_urlsafe(16)
        rules = self._rules()
        voice = self.knowledge.voice(language(conversation) or message.lang)
        incoming = replace(self._incoming(message, conversation, rules, voice), code=f"{secrets.randbelow(1_000_000):06}")
        incoming, seat = await self.desks.informed(incoming, conversation, Seat(key, rules, arrived.desk, arrived.mark))
        turned = await self.desks.kept(seat, conversation, take_turn(conversation, incoming, rules))
        # Who forgets everything, also their language, hears so in that language.
        voice = self.knowledge.voice(language(turned.conversation) or language(conversation) or message.lang)
        answer: dict[str, Any] = {
            "conversation": self._ids.id_of(key),
            "turn": turned.conversation.turn,
            "message_id": message.message_id,
            "replies": [reply_json(voice, reply) for reply in turned.replies],
            "summary": summary(turned.conversation, rules),
        }
        answer |= ({"erased": True} if turned.erase else {}) | ({"secret": True} if arrived.is_secret else {})
        change = Change(
            key=key,
            version=kept.version if kept else 0,
            state=msgspec.json.encode(turned.conversation),
            turn=turned.conversation.turn,
            message=message.message_id,
            reply=json.dumps(answer, ensure_ascii=False).encode(),
            opened_by=arrived.opened_by,
            erase=turned.erase,
            parcel=_parcel(message, answer, voice),
            code=turned.code,
            person=arrived.person,
        )
        await self.store.keep(change)
        played.done()
        self._count(message, incoming, turned)
        return answer

    async def _load(self, conversation: str) -> Kept:
        kept = await self.store.load(self._key(conversation))
        if kept is None:
            raise UnknownConversationError
        return kept

    def _key(self, conversation: str, played: Played | None = None) -> str:
        key = self._ids.key_of(conversation)
        if key is None:
            if played is not None:
                played.outcome = "not_found"
            raise UnknownConversationError
        return key

    def _erased_answer(self, kept: Kept, message: Message) -> dict[str, Any]:
        """What a message gets that comes again after everything was erased: nothing new, and nothing of what was."""
        turn = _decoded(kept).turn
        return {"conversation": self._ids.id_of(kept.key), "turn": turn, "message_id": message.message_id, "replies": [], "summary": {}}

    def _count(self, message: Message, incoming: Incoming, turned: Turned) -> None:
        """Note what came of a message, without a word of it."""
        if message.text:
            self.counters.heard(message.channel, understood=not _says_nothing(incoming.heard))
        for reply in turned.replies:
            if reply.estimate is not None:
                self.counters.told(reply.estimate.case.place, reply.estimate.status)

    def _rules(self) -> Rules:
        return Rules(self.knowledge.shelf, self.knowledge.flow, self.knowledge.finder, self.today(), LANGS, self.retention_days)

    async def _kept(self, message: Message, opened_by: str | None, played: Played) -> Kept | None:
        if message.person is not None:
            return await self.store.of_person(message.person)
        if opened_by is not None:
            return await self.store.opened(opened_by)
        kept = await self.store.load(str(message.conversation))
        if kept is None:
            played.outcome = "not_found"
            raise UnknownConversationError
        return kept

    def _incoming(self, message: Message, conversation: Conversation, rules: Rules, voice: Voice) -> Incoming:
        if message.text is None:
            return Incoming(message.message_id, None, message.choice, message.action, message.place, message.agreement)
        pressed = None if message.manner else _pressed(message.text, offered(conversation, rules, message.agreement), voice)
        if pressed is not None:
            return Incoming(message.message_id, choice=pressed, place=message.place, agreement=message.agreement)
        known = summary(conversation, rules).get("place", message.place)
        at_desk = mark_of(conversation) is not None and not message.manner
        read = understand_at_desk if at_desk else understand
        heard = read(message.text, self.knowledge.vocabulary, open_question(conversation, rules), known)
        return Incoming(
            message.message_id, heard, place=message.place, agreement=message.agreement, unread=message.unread, manner=message.manner
        )

    @asynccontextmanager
    async def _queue(self, key: str) -> AsyncIterator[None]:
        lock = self._queues.setdefault(key, asyncio.Lock())
        async with lock:
            yield


def _decoded(kept: Kept | None) -> Conversation:
    """A talk as it is kept; one that nothing is kept of is empty."""
    return msgspec.json.decode(kept.state, type=Conversation) if kept else Conversation()


def _who(message: Message) -> str:
    """Who tries digits or a key, as far as the door can tell."""
    return message.person or message.conversation or message.channel


def _name(message: Message) -> str:
    """What a message is known by over all doors. Neither part has a line break in it."""
    return f"{message.channel}\n{message.message_id}"


def _pressed(text: str, choices: Iterable[Choice], voice: Voice) -> str | None:
    """The words of a button, typed, press it; so does the name of a language."""
    said = text.strip()
    typed = (said, said.rstrip("。.！!"))  # who dictates gets a full stop
    lang = named(said)
    return next((choice.key for choice in choices if voice.note(choice.label) in typed), lang and f"lang={lang}")


def _says_nothing(heard: Heard | None) -> bool:
    """Whether neither a fact nor a wish was found in a message. None: its words pressed a button."""
    if heard is None or heard.intent != "unknown":
        return False
    return not (heard.slots or heard.ambiguous or heard.problems or heard.unsure)


def _parcel(message: Message, answer: Mapping[str, Any], voice: Voice) -> Parcel | None:
    if message.address is None:
        return None
    body = {"replies": answer["replies"], "context": message.context, "lang": voice.lang, "conversation": answer["conversation"]}
    return Parcel(message.channel, message.address, message.message_id, json.dumps(body, ensure_ascii=False).encode())
