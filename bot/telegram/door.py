"""The Telegram door: from an update to a turn of the conversation that is on disk, by polling or by webhook.

The library's own runner acknowledges updates before they are handled, so a crash would lose them. Here the next offset goes out, and a
webhook is answered with 200, only when every turn is committed; answers travel as parcels of the store (see courier).
"""

import asyncio
import contextlib
import hashlib
import hmac
import json
import logging
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import structlog
from telegram import BotCommand, BotCommandScope, BotCommandScopeAllGroupChats, BotCommandScopeAllPrivateChats, BotCommandScopeChat, Update
from telegram import User as Account
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError
from telegram.ext import ExtBot
from telegram.request import HTTPXRequest

from bot.assistant import Assistant, Message, UnknownConversationError
from bot.conversation import BESIDE
from bot.limits import Limit
from bot.logs import places
from bot.paper import PrintMissingError, sheet_pdf
from bot.settings import Settings
from bot.speech import Voice
from bot.store import Parcel, Shown, StoreError
from bot.telegram.courier import CHANNEL, Bot, Courier, pause
from bot.telegram.pace import Pace, seconds
from bot.telegram.updates import COMMANDS, WANTED, InGroup, Meaning, Pressed, Said, TappedInGroup, chat_of, read
from engine import CaseError, estimate, read_case

#: What the door tells of itself, for whoever runs it: ready, waiting, bad_token, unreachable, taken, webhook_refused.
Tell = Callable[[str, str], None]

_POLL_SECONDS = 50
#: How often a server asks for the door, and whether it still has it.
_ROLE_SECONDS = 5
#: Chats whose turns are played side by side: enough to share a sync of the store, few enough to leave the loop to the web in between.
_SIDE_BY_SIDE = 16
_SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105 - the name of a header
_DEFAULT_API = "https://api.telegram.org"
#: The menus by the two letters that Telegram knows a language by; those of none of them read Chinese.
_MENUS = {None: "zh_CN", "zh": "zh_CN", "en": "en"}
#: What a link carries when it carries no place, so that opening it says /start.
_FROM_GROUP = "group"

_log = structlog.get_logger()


class _TakenOverError(Exception):
    """Another server has the door now: our line to the store had broken."""


class Telegram:
    """Built from settings with a token; `run` until cancelled. With a webhook, `take` is what its address calls."""

    def __init__(self, assistant: Assistant, settings: Settings, tell: Tell) -> None:
        """Raises ValueError without a token."""
        if settings.telegram_token is None:
            raise ValueError("no token")
        # The library's logs could repeat a token or what a person said.
        for name in ("telegram", "httpx", "httpcore"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        token = settings.telegram_token.get_secret_value()
        self._token, self._assistant, self._tell = token.encode(), assistant, tell
        self._webhook = settings.telegram_webhook
        self._bot = _bot(token, settings.telegram_api or _DEFAULT_API, settings.telegram_rate)
        self._chats = Limit(settings.conversation_rate, max(1, round(settings.conversation_rate)))
        self._door = Limit(settings.door_rate, max(1, round(2 * settings.door_rate)))
        self._courier = Courier(self._bot, assistant.store, assistant.knowledge.voice, self._file, self._sheet)
        self._account: Account | None = None
        self._told: str | None = None
        self._asides: set[asyncio.Task[None]] = set()

    @property
    def path(self) -> str | None:
        """The path of the webhook on our own server; None when updates are polled."""
        return None if self._webhook is None else urlsplit(self._webhook).path or "/"

    async def run(self) -> None:
        """Once no other server of this store has the door: connect, again and again if need be, then take updates until cancelled.

        Two that brought the same answers would bring them twice.
        """
        while not await self._is_alone():
            self._report("waiting")
            await asyncio.sleep(_ROLE_SECONDS)
        async with asyncio.TaskGroup() as together:
            together.create_task(self._stay_alone())
            together.create_task(self._work())

    async def _work(self) -> None:
        try:
            await self._connect()
            await self._courier.start()
            # Telegram may refuse the menus for a long time; the talk does not wait for them.
            self._aside(self._insist(self._introduce))
            if self._webhook is None:
                await self._poll()
            await asyncio.Event().wait()
        finally:
            for task in self._asides:
                task.cancel()
            await self._courier.stop()
            self._account = None
            with contextlib.suppress(TelegramError, RuntimeError):
                await self._bot.shutdown()

    async def _is_alone(self) -> bool:
        with contextlib.suppress(StoreError):
            return await self._assistant.store.is_alone(CHANNEL)
        return False

    async def _stay_alone(self) -> None:
        """Look now and then whether the door is still ours; a store that is away knows nobody else. Raises _TakenOverError."""
        while True:
            await asyncio.sleep(_ROLE_SECONDS)
            with contextlib.suppress(StoreError):
                if not await self._assistant.store.is_alone(CHANNEL):
                    raise _TakenOverError

    async def take(self, headers: Mapping[str, str], body: bytes) -> int:
        """One delivery to the webhook; the status to answer with. 200 says that its turn is on disk."""
        given = headers.get(_SECRET_HEADER, "")
        if not hmac.compare_digest(given.encode(), self._secret("webhook").encode()):
            return HTTPStatus.FORBIDDEN
        if self._account is None:
            return HTTPStatus.SERVICE_UNAVAILABLE
        try:
            raw = json.loads(body)
        except (ValueError, RecursionError):
            return HTTPStatus.BAD_REQUEST
        try:
            await self._handle(raw)
        except StoreError:
            return HTTPStatus.SERVICE_UNAVAILABLE
        return HTTPStatus.OK

    async def _connect(self) -> None:
        await self._insist(self._greet, "unreachable")
        if self._webhook is None:
            await self._insist(self._bot.delete_webhook, "unreachable")
        else:
            await self._insist(self._hook, "webhook_refused")
        self._report("ready", self._username)

    @property
    def _username(self) -> str:
        return (self._account.username if self._account else None) or ""

    async def _greet(self) -> None:
        await self._bot.initialize()
        self._account = self._bot.bot

    async def _hook(self) -> None:
        secret = self._secret("webhook")
        await self._bot.set_webhook(str(self._webhook), secret_token=secret, allowed_updates=WANTED, max_connections=40)

    async def _introduce(self) -> None:
        """The menus of commands and what stands in an empty chat. In a group there is one command, which leads to the private chat."""
        for code, lang in _MENUS.items():
            voice = self._assistant.knowledge.voice(lang)
            await self._set_menu(lang, BotCommandScopeAllPrivateChats(), code)
            invitation = [BotCommand("start", voice.say("telegram.command.group"))]
            await self._bot.set_my_commands(invitation, BotCommandScopeAllGroupChats(), code)
            await self._bot.set_my_description(voice.say("telegram.about"), language_code=code)

    async def _set_menu(self, lang: str, scope: BotCommandScope, code: str | None = None) -> None:
        voice = self._assistant.knowledge.voice(lang)
        commands = [BotCommand(name, voice.say(f"telegram.command.{name}")) for name in COMMANDS]
        await self._bot.set_my_commands(commands, scope, code)

    async def _insist(self, work: Callable[[], Any], trouble: str | None = None) -> None:
        """Do it until it is done, with growing pauses; say once what is the matter, if it is a trouble to anybody."""
        failures = 0
        while True:
            try:
                await work()
                return
            except TelegramError as error:
                failures += 1
                if trouble is not None:
                    self._report(_trouble(error, trouble))
                await asyncio.sleep(seconds(error) if isinstance(error, RetryAfter) else pause(failures))

    def _report(self, what: str, name: str = "") -> None:
        if what != self._told:
            self._told = what
            self._tell(what, name)

    async def _poll(self) -> None:
        offset: int | None = None
        failures = 0
        while True:
            try:
                updates = await self._ask(offset)
                self._report("ready", self._username)
                await self._in_order(updates)
            except TelegramError as error:
                failures += 1
                self._report(_trouble(error, "unreachable"))
                await asyncio.sleep(pause(failures))
                continue
            except StoreError:
                # Nothing is acknowledged: the same updates come again, and those that were kept are known.
                failures += 1
                await asyncio.sleep(pause(failures))
                continue
            failures = 0
            # An empty answer says that everything is acknowledged. After a quiet week Telegram counts on from anywhere, also from below.
            offset = max((update["update_id"] + 1 for update in updates), default=None)

    async def _ask(self, offset: int | None) -> list[dict[str, Any]]:
        """The next batch as it came: one update that cannot be read must not hold up the others. Its offset acknowledges all before it."""
        wishes = {"timeout": _POLL_SECONDS, "allowed_updates": WANTED} | ({} if offset is None else {"offset": offset})
        updates: list[dict[str, Any]] = await self._bot.do_api_request("getUpdates", wishes, read_timeout=_POLL_SECONDS + 10)
        return updates

    async def _in_order(self, updates: Iterable[dict[str, Any]]) -> None:
        """Take a batch: chats side by side, each chat in its order. Raises StoreError when not all of it is on disk."""
        chats: dict[int | None, list[dict[str, Any]]] = {}
        turns = asyncio.Semaphore(_SIDE_BY_SIDE)
        for raw in updates:
            update = _parsed(raw, self._bot)
            chats.setdefault(chat_of(update) if update else None, []).append(raw)
        done = await asyncio.gather(*(self._one_by_one(chat, turns) for chat in chats.values()), return_exceptions=True)
        for result in done:
            if isinstance(result, BaseException):
                raise result

    async def _one_by_one(self, updates: Iterable[dict[str, Any]], turns: asyncio.Semaphore) -> None:
        for raw in updates:
            async with turns:
                await self._handle(raw)

    async def _handle(self, raw: Any) -> None:
        """Take one update; when this returns its turn is on disk. Raises StoreError."""
        meaning = meaning_of(raw, self._bot, self._account) if self._account is not None else None
        if isinstance(meaning, Said):
            await self._said(meaning)
        elif isinstance(meaning, InGroup):
            await self._offer_private(meaning)
        elif isinstance(meaning, TappedInGroup):
            self._aside(self._lead_away(meaning))

    async def _let_in(self, chat: int) -> None:
        """Who writes faster than anybody can, waits; Telegram keeps what comes meanwhile."""
        while wait := self._chats.wait(str(chat)) or self._door.wait(CHANNEL):  # noqa: ASYNC110 - for time itself
            await asyncio.sleep(wait)

    async def _said(self, said: Said) -> None:
        await self._let_in(said.chat)
        if said.pressed is not None:
            self._aside(self._confirm(said.pressed))
        try:
            await self._assistant.turn(await self._message(said))
        except StoreError:
            raise
        except Exception as error:
            _log.error("turn_failed", error=type(error).__name__, where=places(error))
            voice = self._assistant.knowledge.voice(said.lang)
            reply = {"kind": "text", "text": voice.say("error.internal"), "choices": []}
            await self._post(said.chat, said.update, {"replies": [reply], "context": {}, "lang": voice.lang})
        self._courier.wake(str(said.chat))
        if said.action == "start" or (said.choice or "").startswith("lang="):
            self._aside(self._show_menu(said))

    async def _message(self, said: Said) -> Message:
        said = await self._of_album(said)
        pressed = said.pressed
        closes = pressed is not None and pressed.closes
        context = {"message": pressed.message, "words": pressed.words, "label": pressed.label} if pressed and closes else {}
        context |= {"secret": said.secret} if said.secret is not None else {}
        return Message(
            message_id=said.update,
            text=said.text,
            unread=said.unread,
            choice=said.choice,
            action=said.action,
            channel=CHANNEL,
            place=said.place,
            lang=said.lang,
            person=self._person(said.chat),
            address=str(said.chat),
            context=context,
            agreement=CHANNEL,
            manner=said.manner,
        )

    def _person(self, chat: int) -> str:
        return f"{CHANNEL}-{self._secret(f'chat {chat}')[:32]}"

    async def _of_album(self, said: Said) -> Said:
        """One picture of those sent together, which come one by one. The first is answered; the words under the others are not lost."""
        if said.album is None:
            return said
        person, album = self._person(said.chat), f"album-{said.album}"
        first = next((each.origin for each in await self._assistant.store.shown(person) if each.message == album), None)
        if first is None:
            await self._assistant.store.show(person, Shown(album, said.update, 0, int(time.time())))
        if first in (None, said.update):
            return said
        return replace(said, text=said.text or "", unread=None, action=None, manner=BESIDE)

    async def _file(self, talk: str) -> bytes | None:
        """Everything that is kept of a talk, without its key, which would open it to whoever is shown the file."""
        try:
            kept = await self._assistant.data(talk)
        except UnknownConversationError:
            return None
        turns = [{name: value for name, value in turn.items() if name != "conversation"} for turn in kept["turns"]]
        return json.dumps({"answers": kept["answers"], "turns": turns}, ensure_ascii=False, indent=1).encode()

    async def _sheet(self, sheet: Mapping[str, Any], voice: Voice) -> bytes | None:
        """The slip of a case with its label; None where none can be printed here, or no rules answer it any more."""
        try:
            answer = estimate(read_case(sheet["case"]), self._assistant.knowledge.shelf, self._assistant.today())
            return await asyncio.to_thread(
                partial(sheet_pdf, voice, answer, form="slip", made=self._assistant.today(), label=sheet.get("label", ""))
            )
        except (CaseError, PrintMissingError):
            return None

    async def _show_menu(self, said: Said) -> None:
        """The commands in the language of the talk. Telegram itself has one menu for all who read Chinese, in whichever characters."""
        with contextlib.suppress(TelegramError, StoreError):
            standing = await self._assistant.standing(self._person(said.chat))
            lang = standing.voice.lang if standing.has_chosen else said.lang
            # For everybody else the menu for all is theirs.
            if standing.has_chosen or lang not in (None, *_MENUS.values()):
                await self._set_menu(str(lang), BotCommandScopeChat(said.chat))

    def _aside(self, work: Coroutine[Any, Any, None]) -> None:
        """Best effort: it must not hold up the turn."""
        task = asyncio.create_task(work)
        self._asides.add(task)
        task.add_done_callback(self._asides.discard)

    async def _confirm(self, pressed: Pressed) -> None:
        """Stop the clock on a pressed button; it expires by itself."""
        with contextlib.suppress(TelegramError):
            await self._bot.answer_callback_query(pressed.query)

    async def _offer_private(self, group: InGroup) -> None:
        """Nothing of a family's case is said before others. A message that is changed later is not answered again."""
        voice = self._assistant.knowledge.voice(group.lang)
        link = {"label": voice.say("telegram.private"), "url": self._link(group.payload)}
        reply = {"kind": "text", "text": voice.say("telegram.group"), "choices": [link]}
        where = {"answers": group.message, "topic": group.topic}
        message = f"group-{self._secret(f'message {group.chat} {group.message}')[:32]}"
        await self._post(group.chat, message, {"replies": [reply], "context": {}, "lang": voice.lang, "group": where})

    async def _lead_away(self, tapped: TappedInGroup) -> None:
        """Who taps a button before others is led to the private chat, and the others see nothing of it."""
        with contextlib.suppress(TelegramError):
            await self._bot.answer_callback_query(tapped.query, url=self._link(None))

    def _link(self, payload: str | None) -> str:
        return f"https://t.me/{self._username}?start={payload or _FROM_GROUP}"

    async def _post(self, chat: int, message: str, body: Mapping[str, Any]) -> None:
        """Put on its way what answers no turn."""
        await self._assistant.store.post(Parcel(CHANNEL, str(chat), message, json.dumps(body, ensure_ascii=False).encode()))
        self._courier.wake(str(chat))

    def _secret(self, purpose: str) -> str:
        """A name nobody can guess or trace back without the token: the store holds no chat's number."""
        return hmac.new(self._token, purpose.encode(), hashlib.sha256).hexdigest()


def _bot(token: str, api: str, rate: float) -> Bot:
    limiter = Pace(rate)
    asking = HTTPXRequest(connection_pool_size=1)
    base = api.rstrip("/")
    return ExtBot(token, base_url=f"{base}/bot", base_file_url=f"{base}/file/bot", get_updates_request=asking, rate_limiter=limiter)


def meaning_of(raw: Any, bot: Bot, account: Account) -> Meaning:
    """What an update means; None as well for one that cannot be read, which would hold up all others if it raised."""
    update = _parsed(raw, bot)
    try:
        return read(update, account) if update is not None else None
    except Exception as error:
        _log.error("update_unreadable", error=type(error).__name__, where=places(error))
        return None


def _parsed(raw: Any, bot: Bot) -> Update | None:
    """An update, or None for one that cannot be read: it would never become readable by coming again."""
    try:
        return Update.de_json(raw, bot)
    except Exception as error:
        _log.error("update_unreadable", error=type(error).__name__)
        return None


def _trouble(error: TelegramError, otherwise: str) -> str:
    if isinstance(error, InvalidToken):
        return "bad_token"
    if isinstance(error, Conflict):
        return "taken"
    return "unreachable" if isinstance(error, RetryAfter) else otherwise
