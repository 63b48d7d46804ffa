"""Telegram's Bot API on 127.0.0.1: a person's side to write from, what the bot made of it, and faults on demand.

The server runs in a thread with an event loop of its own, so that tests with and without a loop can use it. All state is in one
`World` behind one lock; every method of the API is a function of the world and the parameters, listed in `METHODS`.
"""

import asyncio
import copy
import html
import json
import math
import re
import struct
import threading
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web

Json = dict[str, Any]
Answer = TypeVar("Answer")

BOT_ID = 4242
#: The person who writes in a group when a test names nobody.
GROUP_PERSON = 700001
TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
DATA_LIMIT = 64
BUTTON_LIMIT = 100
#: Pauses between two deliveries of one update to a webhook, in seconds: the first, and the longest they grow to.
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 0.5
#: Kinds of update a bot gets only when it names them in allowed_updates.
ON_REQUEST = {"chat_member", "message_reaction", "message_reaction_count"}

_VIDEO: Json = {"file_id": "BAACAgIAAx1", "file_unique_id": "AgADv1", "width": 640, "height": 360, "duration": 7, "file_size": 482113}
_ANIMATION: Json = _VIDEO | {"file_id": "CgACAgIAAx1", "file_unique_id": "AgADa1", "file_name": "dance.mp4", "mime_type": "video/mp4"}
_DOCUMENT: Json = {
    "file_id": "BQACAgIAAx1",
    "file_unique_id": "AgADd1",
    "file_name": "发票.pdf",
    "mime_type": "application/pdf",
    "file_size": 91422,
}
_AUDIO: Json = {
    "file_id": "CQACAgIAAx1",
    "file_unique_id": "AgADu1",
    "duration": 183,
    "performer": "邓丽君",
    "title": "甜蜜蜜",
    "file_size": 4021993,
}
_VOICE: Json = {"file_id": "AwACAgIAAx1", "file_unique_id": "AgADo1", "duration": 4, "mime_type": "audio/ogg", "file_size": 15873}
_NOTE: Json = {"file_id": "DQACAgIAAx1", "file_unique_id": "AgADn1", "length": 384, "duration": 5, "file_size": 301277}
_PHOTO: list[Json] = [
    {"file_id": "AgACAgIAAx1s", "file_unique_id": "AQADp1s", "width": 90, "height": 67, "file_size": 1342},
    {"file_id": "AgACAgIAAx1m", "file_unique_id": "AQADp1m", "width": 800, "height": 600, "file_size": 73914},
]
_STICKER: Json = {
    "file_id": "CAACAgIAAx1",
    "file_unique_id": "AgADs1",
    "type": "regular",
    "width": 512,
    "height": 512,
    "is_animated": False,
    "is_video": False,
    "emoji": "👍",
    "set_name": "HotCherry",
    "file_size": 24310,
}
_LOCATION: Json = {"latitude": 32.060255, "longitude": 118.796877}
_POLL: Json = {
    "id": "5426893123456789012",
    "question": "去哪家医院？",
    "options": [
        {"text": "社区", "voter_count": 0, "persistent_id": "0", "added_by_user": None, "addition_date": 0},
        {"text": "三甲", "voter_count": 0, "persistent_id": "1", "added_by_user": None, "addition_date": 0},
    ],
    "total_voter_count": 0,
    "is_closed": False,
    "is_anonymous": True,
    "type": "regular",
    "allows_multiple_answers": False,
    "allows_revoting": True,
    "members_only": False,
}

#: Fields of messages that are no text, as Telegram sends them: `api.send(chat, **UNSUPPORTED["sticker"])`.
UNSUPPORTED: dict[str, Json] = {
    "sticker": {"sticker": _STICKER},
    "location": {"location": _LOCATION},
    "contact": {"contact": {"phone_number": "+8613800000000", "first_name": "小明", "user_id": 7}},
    "voice": {"voice": _VOICE},
    "audio": {"audio": _AUDIO},
    "video": {"video": _VIDEO},
    "video_note": {"video_note": _NOTE},
    "animation": {"animation": _ANIMATION, "document": _ANIMATION},
    "document": {"document": _DOCUMENT, "caption": "我的发票"},
    "photo": {"photo": _PHOTO, "caption": "我的发票"},
    "dice": {"dice": {"emoji": "🎲", "value": 4}},
    "poll": {"poll": _POLL},
    "venue": {"location": _LOCATION, "venue": {"location": _LOCATION, "title": "鼓楼医院", "address": "中山路321号"}},
}


class RefusedError(Exception):
    """An answer that is no success: status, description and Telegram's extra parameters."""

    def __init__(self, status: int, description: str, retry_after: int | None = None, **parameters: int) -> None:
        super().__init__(description)
        self.status = status
        self.body: Json = {"ok": False, "error_code": status, "description": description}
        parameters |= {} if retry_after is None else {"retry_after": retry_after}
        if parameters:
            self.body["parameters"] = parameters


class DroppedError(Exception):
    """The connection ends without an answer."""


@dataclass
class Call:
    """One request of the bot; `status` is 0 until it is answered, and stays 0 when the connection was dropped."""

    method: str
    chat: int | None
    params: Json
    at: float
    status: int = 0


@dataclass(frozen=True)
class Shown:
    """A message of the bot as the person sees it now."""

    message_id: int
    text: str
    keyboard: list[list[dict[str, str]]]
    photo: bytes | None
    entities: list[Json]
    edited: bool
    reply_to: int | None
    document: bytes | None
    file_name: str | None
    topic: int | None


@dataclass
class Fault:
    """What goes wrong for the next calls that match: an error answer, or a dropped connection before or after the work."""

    method: str
    chat: int | None
    times: int
    error: RefusedError | None = None
    after: bool = False

    def matches(self, call: Call) -> bool:
        return self.times > 0 and self.method in {"*", call.method} and self.chat in {None, call.chat}


@dataclass
class Flood:
    """What Telegram lets a bot send: so many messages a second, then none at all for so many seconds."""

    rate: float = math.inf
    pause: float = 0.0
    sent: deque[float] = field(default_factory=deque)
    shut_until: float = 0.0

    def check(self, now: float) -> None:
        while self.sent and self.sent[0] <= now - 1:
            self.sent.popleft()
        if now >= self.shut_until and len(self.sent) >= self.rate:
            self.shut_until = now + self.pause
        if now < self.shut_until:
            wait = math.ceil(self.shut_until - now)
            raise RefusedError(429, f"Too Many Requests: retry after {wait}", wait)
        self.sent.append(now)


@dataclass(frozen=True)
class Webhook:
    """Where updates are posted to; without a url, nowhere."""

    url: str = ""
    secret: str = ""
    max_connections: int = 40
    certificate: bool = False


@dataclass
class World:
    """Everything Telegram knows; guarded by `lock`."""

    token: str
    username: str
    lock: threading.RLock = field(default_factory=threading.RLock)
    calls: list[Call] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    pauses: dict[str, float] = field(default_factory=dict)
    known: set[int] = field(default_factory=set)
    blocked: set[int] = field(default_factory=set)
    kinds: dict[int, str] = field(default_factory=dict)
    messages: dict[int, dict[int, Json]] = field(default_factory=dict)
    last_ids: Counter[int] = field(default_factory=Counter)
    files: dict[str, bytes] = field(default_factory=dict)
    queries: dict[str, int] = field(default_factory=dict)
    updates: dict[int, Json] = field(default_factory=dict)
    pending: dict[int, Json] = field(default_factory=dict)
    again: set[int] = field(default_factory=set)
    acknowledged: set[int] = field(default_factory=set)
    last_update: int = 0
    allowed: list[str] = field(default_factory=list)
    webhook: Webhook = field(default_factory=Webhook)
    webhook_error: Json = field(default_factory=dict)
    commands: dict[tuple[str, str], list[Json]] = field(default_factory=dict)
    descriptions: dict[str, str] = field(default_factory=dict)
    short_descriptions: dict[str, str] = field(default_factory=dict)
    menus: dict[int, Json] = field(default_factory=dict)
    flood: Flood = field(default_factory=Flood)
    languages: dict[int, str] = field(default_factory=dict)
    topics: dict[int, set[int]] = field(default_factory=dict)
    moved: dict[int, int] = field(default_factory=dict)
    opened: dict[str, str] = field(default_factory=dict)
    longest_poll: float = 50


# --- texts: entities and markup -------------------------------------------------------------------------------------------------


def utf16(text: str) -> int:
    """Length as Telegram counts it."""
    return len(text.encode("utf-16-le")) // 2


def bad(description: str) -> RefusedError:
    """The 400 answer with this description."""
    return RefusedError(400, f"Bad Request: {description}")


def command_entities(text: str) -> list[Json]:
    """The /commands of a person's text, as Telegram marks them."""
    found = re.finditer(r"(?<![\w/<>@.])/[A-Za-z0-9_]{1,64}(?:@\w{3,32})?(?![\w/@])", text)
    return [{"type": "bot_command", "offset": utf16(text[: each.start()]), "length": utf16(each[0])} for each in found]


def formatted(params: Json, name: str, entities_name: str, limit: int) -> tuple[str, list[Json]]:
    """A text of the bot with its entities, trimmed; refused when it is too long or its markup is wrong."""
    text, mode = str(params.get(name, "")), str(params.get("parse_mode", "")).lower()
    if mode == "html":
        text, entities = _from_html(text)
    elif mode in _MARKS:
        text, entities = _from_markdown(text, mode)
    elif mode:
        raise bad("unsupported parse_mode")
    else:
        entities = list(params.get(entities_name) or [])
        _check_entities(text, entities)
    text, entities = _trimmed(text, entities)
    if utf16(text) > limit:
        raise bad("message caption is too long" if name == "caption" else "message is too long")
    return text, entities


def _check_entities(text: str, entities: list[Json]) -> None:
    length, inner = utf16(text), _inside_pairs(text)
    for each in entities:
        start, end = each.get("offset"), each.get("length")
        if not isinstance(start, int) or not isinstance(end, int) or not isinstance(each.get("type"), str):
            raise bad("can't parse entities: can't parse MessageEntity")
        if start < 0 or start > length:
            raise bad(f"entity begins after the end of the text at UTF-16 offset {start}")
        if start + end > length:
            raise bad(f"entity beginning at UTF-16 offset {start} ends after the end of the text at UTF-16 offset {start + end}")
        if start in inner or start + end in inner:
            raise bad(f"entity begins or ends in a middle of a UTF-16 symbol at UTF-16 offset {start}")


def _inside_pairs(text: str) -> set[int]:
    """Offsets between the two halves of a character outside the basic plane."""
    inner, at = set(), 0
    for character in text:
        at += utf16(character)
        if ord(character) > 0xFFFF:
            inner.add(at - 1)
    return inner


def _trimmed(text: str, entities: list[Json]) -> tuple[str, list[Json]]:
    kept = text.strip()
    cut, length = utf16(text[: len(text) - len(text.lstrip())]), utf16(kept)
    moved = []
    for each in entities:
        start, end = max(each["offset"] - cut, 0), min(each["offset"] + each["length"] - cut, length)
        if start < end:
            moved.append(each | {"offset": start, "length": end - start})
    return kept, sorted(moved, key=lambda each: (each["offset"], -each["length"]))


_TAGS = {
    **dict.fromkeys(("b", "strong"), "bold"),
    **dict.fromkeys(("i", "em"), "italic"),
    **dict.fromkeys(("u", "ins"), "underline"),
    **dict.fromkeys(("s", "strike", "del"), "strikethrough"),
    **dict.fromkeys(("span", "tg-spoiler"), "spoiler"),
    **{"code": "code", "pre": "pre", "a": "text_link", "blockquote": "blockquote", "tg-emoji": "custom_emoji"},
}


def _from_html(text: str) -> tuple[str, list[Json]]:
    plain, entities, opened = "", [], list[tuple[str, Json]]()
    for piece in re.finditer(r"<(/?)([A-Za-z][\w-]*)([^<>]*)>|([^<]+)|<", text):
        closing, tag, more, words = piece.groups()
        if words is not None:
            plain += re.sub(r"&(lt|gt|amp|quot|#\d+|#x[0-9a-fA-F]+);", lambda each: html.unescape(each[0]), words)
        elif (kind := _TAGS.get((tag or "").lower())) is None:
            raise _unparsed(text, piece.start(), f'Unsupported start tag "{tag or ""}"')
        elif not closing:
            link = re.search(r"""href\s*=\s*["']?([^"'\s>]+)""", more) if kind == "text_link" else None
            opened.append((tag, {"type": kind, "offset": utf16(plain)} | ({"url": html.unescape(link[1])} if link else {})))
        elif not opened or opened[-1][0] != tag:
            raise _unparsed(text, piece.start(), "Unmatched end tag" if not opened else f"Unmatched end tag, expected </{opened[-1][0]}>")
        else:
            entity = opened.pop()[1]
            entities.append(entity | {"length": utf16(plain) - entity["offset"]})
    if opened:
        raise bad(f"can't parse entities: Can't find end tag corresponding to start tag \"{opened[-1][0]}\"")
    return plain, entities


def _unparsed(text: str, at: int, what: str) -> RefusedError:
    return bad(f"can't parse entities: {what} at byte offset {len(text[:at].encode())}")


_MARKS = {
    "markdown": {"```": "pre", "*": "bold", "_": "italic", "`": "code"},
    "markdownv2": {
        **{"```": "pre", "__": "underline", "||": "spoiler"},
        **{"*": "bold", "_": "italic", "~": "strikethrough", "`": "code"},
    },
}
_ESCAPED = {"markdown": "_*`[", "markdownv2": "_*[]()~`>#+-=|{}.!\\"}


def _from_markdown(text: str, mode: str) -> tuple[str, list[Json]]:
    at, plain, entities, opened = 0, "", list[Json](), list[tuple[str, int, int]]()
    while at < len(text):
        step = _escape(text, at, mode) or _link_end(text, at, opened) or _mark(text, at, mode, opened)
        if isinstance(step, str):
            plain, at = plain + step[-1], at + len(step)
        elif (mark := step["mark"]) and opened and opened[-1][0] == step["closes"]:
            start = opened.pop()[1]
            entities.append({"type": step["type"], "offset": start, "length": utf16(plain) - start} | step["more"])
            at += len(mark)
        else:
            opened.append((mark, utf16(plain), at))
            at += len(mark)
    if opened:
        raise _unparsed(text, opened[-1][2], "Can't find end of the entity starting")
    return plain, entities


def _escape(text: str, at: int, mode: str) -> str | None:
    """A backslash with the character it protects."""
    return text[at : at + 2] if text[at] == "\\" and at + 1 < len(text) and text[at + 1] in _ESCAPED[mode] else None


def _link_end(text: str, at: int, opened: list[tuple[str, int, int]]) -> Json | None:
    """The `](address)` that closes an open `[`."""
    found = re.compile(r"\]\(([^)]*)\)").match(text, at) if opened and opened[-1][0] == "[" else None
    return {"mark": found[0], "closes": "[", "type": "text_link", "more": {"url": found[1]}} if found else None


def _mark(text: str, at: int, mode: str, opened: list[tuple[str, int, int]]) -> str | Json:
    """The mark that starts here, or the plain character."""
    top = opened[-1][0] if opened else ""
    for mark, kind in [*_MARKS[mode].items(), ("[", "text_link")]:
        if not text.startswith(mark, at):
            continue
        nests = mode == "markdownv2" and top not in {"`", "```"}
        if mark == top or not top or nests:
            return {"mark": mark, "closes": mark if mark != "[" else "", "type": kind, "more": {}}
        return text[at]
    if mode == "markdownv2" and text[at] in _ESCAPED[mode] and top not in {"`", "```"} and not _quotes(text, at):
        raise bad(f"can't parse entities: Character '{text[at]}' is reserved and must be escaped with the preceding '\\'")
    return text[at]


def _quotes(text: str, at: int) -> bool:
    return text[at] == ">" and (at == 0 or text[at - 1] == "\n")


# --- keyboards and pictures -----------------------------------------------------------------------------------------------------


def inline_keyboard(params: Json) -> Json | None:
    """The checked inline keyboard of a call; None when there is none, or no buttons in it."""
    markup = params.get("reply_markup")
    if markup in (None, ""):
        return None
    if not isinstance(markup, dict):
        raise bad("object expected as reply markup")
    rows = markup.get("inline_keyboard")
    if not isinstance(rows, list):
        return None
    buttons = [button for row in rows for button in row]
    for button in buttons:
        _check_button(button)
    if len(buttons) > BUTTON_LIMIT:
        raise bad("reply markup is too long")
    return {"inline_keyboard": [row for row in rows if row]} if buttons else None


def _check_button(button: Json) -> None:
    if not isinstance(button.get("text"), str) or not button["text"].strip():
        raise bad("can't parse inline keyboard button: Field 'text' must be of type String")
    if not set(button) - {"text", "style", "icon_custom_emoji_id"}:
        raise bad("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if "callback_data" in button and not 1 <= len(str(button["callback_data"]).encode()) <= DATA_LIMIT:
        raise bad("BUTTON_DATA_INVALID")
    if "url" in button and not re.fullmatch(r"(https?|tg)://[^\s/]\S*", str(button["url"])):
        raise bad(f"inline keyboard button URL '{button['url']}' is invalid: Wrong HTTP URL")


def picture(world: World, params: Json) -> list[Json]:
    """The sizes of the picture sent or named by its file id; refused when it is no PNG."""
    given = params.get("photo")
    if isinstance(given, str) and given.startswith("attach://"):
        given = params.get(given.removeprefix("attach://"))
    data = world.files.get(given) if isinstance(given, str) else given
    if given is None:
        raise bad("there is no photo in the request")
    if not isinstance(data, bytes):
        raise bad("wrong file identifier/HTTP URL specified")
    width, height = _png_size(data)
    file_id = given if isinstance(given, str) else f"AgACAgQAAx{uuid.uuid4().hex}"
    world.files[file_id] = data
    return [{"file_id": file_id, "file_unique_id": f"AQAD{file_id[-8:]}", "width": width, "height": height, "file_size": len(data)}]


def _png_size(data: bytes) -> tuple[int, int]:
    if len(data) > 10 * 1024 * 1024:
        raise bad("file of size above 10485760 bytes is too big for a photo")
    if not data.startswith(b"\x89PNG\r\n\x1a\n") or data[12:16] != b"IHDR" or len(data) < 33:
        raise bad("IMAGE_PROCESS_FAILED")
    width, height = struct.unpack(">II", data[16:24])
    if not width or not height or width + height > 10000 or max(width, height) > 20 * min(width, height):
        raise bad("PHOTO_INVALID_DIMENSIONS")
    return width, height


# --- people, chats and updates --------------------------------------------------------------------------------------------------


def bot_user(world: World) -> Json:
    return {"id": BOT_ID, "is_bot": True, "first_name": "能报多少", "username": world.username}


def person_of(world: World, chat: int, person: int | None) -> Json:
    number = person or (chat if chat > 0 else GROUP_PERSON)
    language = world.languages.get(number, "zh-hans")
    return {"id": number, "is_bot": False, "first_name": f"Person {number}", "language_code": language}


def chat_of(world: World, chat: int) -> Json:
    usual = "private" if chat > 0 else "supergroup" if chat <= -1_000_000_000_000 else "group"
    kind = world.kinds.get(chat, usual)
    return {"id": chat, "type": kind} | ({"first_name": f"Person {chat}"} if kind == "private" else {"title": f"Group {chat}"})


def next_message_id(world: World, chat: int) -> int:
    """One count for the bot over all chats, as Telegram keeps it; a supergroup counts for itself."""
    counter = chat if chat_of(world, chat)["type"] == "supergroup" else 0
    world.last_ids[counter] += 1
    return world.last_ids[counter]


def keep_message(world: World, chat: int, sender: Json, fields: Json) -> Json:
    """A new message in the chat."""
    number = next_message_id(world, chat)
    message = {"message_id": number, "from": sender, "chat": chat_of(world, chat), "date": int(time.time())} | fields
    world.messages.setdefault(chat, {})[number] = message
    return message


def add_update(world: World, kind: str, content: Json) -> int:
    """Queue an update; its id, or 0 when allowed_updates keeps this kind from the bot."""
    if kind not in world.allowed if world.allowed else kind in ON_REQUEST:
        return 0
    return queue(world, {kind: copy.deepcopy(content)})


def queue(world: World, update: Json) -> int:
    """Queue an update as it is; the next id when it has none. An id of the past comes once more, whatever the offset."""
    number = int(update.get("update_id", world.last_update + 1))
    if number <= world.last_update:
        world.again.add(number)
    world.last_update = max(world.last_update, number)
    world.updates[number] = world.pending[number] = {"update_id": number} | update
    return number


def update_chat(update: Json) -> int:
    """The chat an update belongs to; the person's when it has none, 0 without either."""
    for content in update.values():
        if isinstance(content, dict):
            place = content.get("chat") or content.get("message", {}).get("chat") or content.get("from") or {}
            return int(place.get("id", 0))
    return 0


def forget(world: World, below: int) -> None:
    """What getUpdates' offset does: all updates below it are done with; a negative one keeps so many of the newest."""
    done = [number for number in world.pending if number < below] if below > 0 else sorted(world.pending)[:below] if below else []
    for number in set(done) - world.again:
        del world.pending[number]
        world.acknowledged.add(number)


def first_pending(world: World, chat: int) -> Json | None:
    with world.lock:
        return next((update for update in world.pending.values() if update_chat(update) == chat), None)


# --- the methods of the API -----------------------------------------------------------------------------------------------------


def get_me(world: World, _: Json) -> Json:
    groups = {"can_join_groups": True, "can_read_all_group_messages": False, "supports_inline_queries": False}
    return bot_user(world) | groups | {"can_connect_to_business": False, "has_main_web_app": False}


def reachable(world: World, params: Json) -> int:
    """The chat of a call, refused when it is unknown or closed to the bot."""
    chat = params.get("chat_id")
    if chat in (None, ""):
        raise bad("chat_id is empty")
    if not isinstance(chat, int) or chat not in world.known:
        raise bad("chat not found")
    if chat in world.blocked:
        kind = chat_of(world, chat)["type"]
        raise RefusedError(403, f"Forbidden: bot was {'blocked by the user' if kind == 'private' else f'kicked from the {kind} chat'}")
    if chat in world.moved:
        raise RefusedError(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=world.moved[chat])
    return chat


def send_message(world: World, params: Json) -> Json:
    chat = reachable(world, params)
    text, entities = formatted(params, "text", "entities", TEXT_LIMIT)
    if not text:
        raise bad("message text is empty")
    return _sent(world, chat, params, {"text": text} | ({"entities": entities} if entities else {}))


def send_photo(world: World, params: Json) -> Json:
    chat = reachable(world, params)
    fields: Json = _caption(params)
    return _sent(world, chat, params, {"photo": picture(world, params)} | fields)


def send_document(world: World, params: Json) -> Json:
    chat = reachable(world, params)
    given = params.get("document")
    name = str(given).removeprefix("attach://")
    data = params.get(name) if isinstance(given, str) else given
    if not isinstance(data, bytes) or not data:
        raise bad("there is no document in the request")
    file_id = f"BQACAgQAAx{uuid.uuid4().hex}"
    world.files[file_id] = data
    names: Json = params["file names"]
    document = {"file_id": file_id, "file_unique_id": f"AgAD{file_id[-8:]}", "file_name": names.get(name, names.get("document"))}
    return _sent(world, chat, params, {"document": document | {"file_size": len(data)}} | _caption(params))


def _caption(params: Json) -> Json:
    text, entities = formatted(params, "caption", "caption_entities", CAPTION_LIMIT)
    return ({"caption": text} if text else {}) | ({"caption_entities": entities} if entities else {})


def _sent(world: World, chat: int, params: Json, fields: Json) -> Json:
    keyboard = inline_keyboard(params)
    reply: Json = params.get("reply_parameters") or {}
    number = int(reply.get("message_id") or params.get("reply_to_message_id") or 0)
    origin = world.messages.get(chat, {}).get(number)
    if reply and origin is None and not reply.get("allow_sending_without_reply"):
        raise bad("message to be replied not found")
    more = ({"reply_markup": keyboard} if keyboard else {}) | ({"reply_to_message": _without_reply(origin)} if origin else {})
    topic = params.get("message_thread_id")
    if topic is not None and topic not in world.topics.get(chat, ()):
        raise bad("message thread not found")
    more |= {} if topic is None else {"message_thread_id": topic, "is_topic_message": True}
    world.flood.check(time.monotonic())
    return keep_message(world, chat, bot_user(world), fields | more)


def _without_reply(message: Json) -> Json:
    return {name: value for name, value in message.items() if name != "reply_to_message"}


def _editable(world: World, params: Json) -> Json:
    chat = reachable(world, params)
    if params.get("message_id") in (None, ""):
        raise bad("message identifier is not specified")
    message = world.messages.get(chat, {}).get(params["message_id"])
    if message is None:
        raise bad("message to edit not found")
    if message["from"]["id"] != BOT_ID:
        raise bad("message can't be edited")
    return message


def edit_text(world: World, params: Json) -> Json:
    message = _editable(world, params)
    if "text" not in message:
        raise bad("there is no text in the message to edit")
    text, entities = formatted(params, "text", "entities", TEXT_LIMIT)
    if not text:
        raise bad("message text is empty")
    return _changed(message, params, ("text", "entities"), {"text": text, "entities": entities})


def edit_caption(world: World, params: Json) -> Json:
    message = _editable(world, params)
    if "photo" not in message:
        raise bad("there is no caption in the message to edit")
    return _changed(message, params, ("caption", "caption_entities"), _caption(params))


def edit_keyboard(world: World, params: Json) -> Json:
    return _changed(_editable(world, params), params, (), {})


def _changed(message: Json, params: Json, names: tuple[str, ...], fields: Json) -> Json:
    """The message with these fields and the call's keyboard in place of what it had."""
    new = {name: value for name, value in fields.items() if value} | {"reply_markup": inline_keyboard(params)}
    old = {name: message.get(name) for name in (*names, "reply_markup")}
    if old == {name: new.get(name) for name in old}:
        what = "specified new message content and reply markup are exactly the same as a current content and reply markup of the message"
        raise bad(f"message is not modified: {what}")
    for name in old:
        message.pop(name, None)
    message |= {name: value for name, value in new.items() if value} | {"edit_date": int(time.time())}
    return message


def delete_message(world: World, params: Json) -> bool:
    chat = reachable(world, params)
    message = world.messages.get(chat, {}).get(params.get("message_id", 0))
    if message is None:
        raise bad("message to delete not found")
    if message["from"]["id"] != BOT_ID and chat < 0:
        raise bad("message can't be deleted")
    del world.messages[chat][message["message_id"]]
    return True


def answer_query(world: World, params: Json) -> bool:
    if params.get("callback_query_id") not in world.queries:
        raise bad("query is too old and response timeout expired or query ID is invalid")
    if utf16(str(params.get("text", ""))) > 200:
        raise bad("MESSAGE_TOO_LONG")
    if params.get("url") is not None:
        if not re.fullmatch(rf"(https?://)?t\.me/{world.username}\?start=[\w-]{{1,64}}", str(params["url"]), re.ASCII):
            raise bad("URL_INVALID")
        world.opened[params["callback_query_id"]] = params["url"]
    return True


_ACTIONS = {
    *("typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice", "upload_document"),
    *("choose_sticker", "find_location", "record_video_note", "upload_video_note"),
}


def send_action(world: World, params: Json) -> bool:
    reachable(world, params)
    if params.get("action") not in _ACTIONS:
        raise bad("wrong parameter action in request")
    return True


def set_webhook(world: World, params: Json) -> bool:
    url, secret, certificate = str(params.get("url", "")), str(params.get("secret_token", "")), params.get("certificate") is not None
    place = urlsplit(url)
    if url and (not place.hostname or (place.scheme != "https" and place.hostname not in {"127.0.0.1", "localhost"})):
        raise bad("bad webhook: An HTTPS URL must be provided for webhook")
    if not re.fullmatch(r"[A-Za-z0-9_-]{0,256}", secret):
        raise bad("secret token contains unallowed characters")
    wanted = Webhook(url, secret, min(max(int(params.get("max_connections") or 40), 1), 100), certificate) if url else Webhook()
    if wanted != world.webhook:
        world.webhook, world.webhook_error = wanted, {}
    _allow(world, params)
    if params.get("drop_pending_updates"):
        world.pending.clear()
    return True


def _allow(world: World, params: Json) -> None:
    """allowed_updates holds for updates to come, and until it is given again."""
    if params.get("allowed_updates") is not None:
        world.allowed = list(params["allowed_updates"])


def delete_webhook(world: World, params: Json) -> bool:
    return set_webhook(world, {"url": "", "drop_pending_updates": params.get("drop_pending_updates")})


def webhook_info(world: World, _: Json) -> Json:
    hook = world.webhook
    info: Json = {"url": hook.url, "has_custom_certificate": hook.certificate, "pending_update_count": len(world.pending)}
    if hook.url:
        info |= {"max_connections": hook.max_connections} | world.webhook_error
    return info | ({"allowed_updates": world.allowed} if world.allowed else {})


def _language(params: Json) -> str:
    language = str(params.get("language_code") or "")
    if not re.fullmatch(r"([a-z]{2})?", language):
        raise bad("invalid language code specified")
    return language


def _commands_key(params: Json) -> tuple[str, str]:
    return json.dumps(params.get("scope") or {"type": "default"}, sort_keys=True), _language(params)


def set_commands(world: World, params: Json) -> bool:
    commands = params.get("commands")
    if not isinstance(commands, list) or len(commands) > 100:
        raise bad("can't parse commands")
    for each in commands:
        if not re.fullmatch(r"/?[a-z0-9_]{1,32}", str(each.get("command"))):
            raise bad("BOT_COMMAND_INVALID")
        if not 1 <= utf16(str(each.get("description", ""))) <= 256:
            raise bad("BOT_COMMAND_DESCRIPTION_INVALID")
    world.commands[_commands_key(params)] = commands
    return True


def get_commands(world: World, params: Json) -> list[Json]:
    return world.commands.get(_commands_key(params), [])


def delete_commands(world: World, params: Json) -> bool:
    world.commands.pop(_commands_key(params), None)
    return True


def set_description(world: World, params: Json) -> bool:
    return _describe(world.descriptions, _language(params), str(params.get("description", "")), 512)


def set_short_description(world: World, params: Json) -> bool:
    return _describe(world.short_descriptions, _language(params), str(params.get("short_description", "")), 120)


def _describe(texts: dict[str, str], language: str, text: str, limit: int) -> bool:
    if utf16(text) > limit:
        raise bad("bot description is too long")
    texts[language] = text
    return True


def get_description(world: World, params: Json) -> Json:
    return {"description": world.descriptions.get(_language(params), world.descriptions.get("", ""))}


def get_short_description(world: World, params: Json) -> Json:
    return {"short_description": world.short_descriptions.get(_language(params), world.short_descriptions.get("", ""))}


def set_menu(world: World, params: Json) -> bool:
    menu = params.get("menu_button") or {"type": "default"}
    if menu.get("type") not in {"default", "commands", "web_app"}:
        raise bad("can't parse menu button")
    world.menus[reachable(world, params) if params.get("chat_id") else 0] = menu
    return True


def get_menu(world: World, params: Json) -> Json:
    return world.menus.get(params.get("chat_id") or 0, world.menus.get(0, {"type": "default"}))


#: Every method but getUpdates, which waits.
METHODS: dict[str, Callable[[World, Json], Any]] = {
    "getMe": get_me,
    "sendMessage": send_message,
    "sendPhoto": send_photo,
    "sendDocument": send_document,
    "editMessageText": edit_text,
    "editMessageCaption": edit_caption,
    "editMessageReplyMarkup": edit_keyboard,
    "deleteMessage": delete_message,
    "answerCallbackQuery": answer_query,
    "sendChatAction": send_action,
    "setWebhook": set_webhook,
    "deleteWebhook": delete_webhook,
    "getWebhookInfo": webhook_info,
    "setMyCommands": set_commands,
    "getMyCommands": get_commands,
    "deleteMyCommands": delete_commands,
    "setMyDescription": set_description,
    "getMyDescription": get_description,
    "setMyShortDescription": set_short_description,
    "getMyShortDescription": get_short_description,
    "setChatMenuButton": set_menu,
    "getChatMenuButton": get_menu,
}
#: Method names are found whatever their case.
_NAMES = {name.lower(): name for name in [*METHODS, "getUpdates"]}


# --- requests -------------------------------------------------------------------------------------------------------------------

_NESTED = {
    *("reply_markup", "entities", "caption_entities", "reply_parameters", "link_preview_options"),
    *("allowed_updates", "commands", "scope", "menu_button"),
}
_NUMBERS = {
    "chat_id",
    "message_id",
    "offset",
    "limit",
    "timeout",
    "max_connections",
    "message_thread_id",
    "reply_to_message_id",
    "cache_time",
}
_SWITCHES = {"drop_pending_updates", "show_alert", "disable_notification", "protect_content", "show_caption_above_media"}


async def read_params(request: web.BaseRequest) -> Json:
    """The parameters of a request, from its address and its JSON, form or multipart body."""
    params: Json = dict(request.query)
    names: dict[str, str] = {}
    if request.content_type == "application/json":
        params |= json.loads(await request.text() or "{}")
    elif request.content_type == "application/x-www-form-urlencoded":
        params |= dict(await request.post())
    elif request.content_type.startswith("multipart/"):
        for name, file_name, data in _form_parts(request.headers["Content-Type"], await request.read()):
            params[name] = data.decode() if file_name is None else data
            names |= {} if file_name is None else {name: file_name}
    return {name: _read_param(name, value) for name, value in params.items()} | ({"file names": names} if names else {})


def _form_parts(content_type: str, body: bytes) -> Iterator[tuple[str, str | None, bytes]]:
    """Name, file name and content of each part of a form."""
    boundary = content_type.partition("boundary=")[2].strip('"').encode()
    for part in body.split(b"--" + boundary)[1:-1]:
        head, _, data = part.partition(b"\r\n\r\n")
        named = {key: value.decode() for key, value in re.findall(rb'; (name|filename)="([^"]*)"', head)}
        yield named[b"name"], named.get(b"filename"), data.removesuffix(b"\r\n")


def _read_param(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if name in _NUMBERS and re.fullmatch(r"-?\d+", value):
        return int(value)
    if name in _SWITCHES:
        return value.lower() in {"true", "1", "yes"}
    if name not in _NESTED or not value:
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise bad(f"can't parse {name.replace('_', ' ')} JSON object") from error


# --- the server -----------------------------------------------------------------------------------------------------------------


class BotApi:
    """The stand-in; a context manager that listens from `start` to `close`, on a free port unless one is given."""

    def __init__(self, port: int = 0, token: str = "4242:TEST-token", username: str = "nengbao_test_bot") -> None:
        self.port = port
        self.token = token
        self.username = username
        self.bot_id = BOT_ID
        self._world = World(token, username)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="botapi", daemon=True)
        self._http: web.Server | None = None
        self._listening: asyncio.Server | None = None
        self._session: aiohttp.ClientSession | None = None
        self._news = asyncio.Event()
        self._poll: object = None
        self._served = Webhook()
        self._slots = asyncio.Semaphore(1)
        self._workers: dict[int, asyncio.Task[None]] = {}

    @property
    def address(self) -> str:
        """Bots use f"{address}/bot" as their base_url."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the thread and listen."""
        self._thread.start()
        self._run(self._open())

    def close(self) -> None:
        """Stop listening and end the thread."""
        if self._thread.is_alive():
            self._run(self._end())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        self._loop.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # A person's side.

    def meet(self, chat: int, kind: str | None = None) -> None:
        """Make the chat one the bot may write to, without an update. Everything a person does in a chat does this too."""
        with self._world.lock:
            self._world.known.add(chat)
            if kind is not None:
                self._world.kinds[chat] = kind

    def write(
        self,
        chat: int,
        text: str,
        *,
        kind: str | None = None,
        person: int | None = None,
        mention: bool = False,
        reply_to_bot: bool = False,
        **more: Any,
    ) -> int:
        """A text message; the id of its update. `more` are further fields of the message."""
        name = f"@{self.username}"
        words = f"{name} {text}" if mention else text
        marks = ([{"type": "mention", "offset": 0, "length": utf16(name)}] if mention else []) + command_entities(words)
        fields: Json = {"text": words} | ({"entities": marks} if marks else {})
        if reply_to_bot:
            fields["reply_to_message"] = self._newest_of_bot(chat)
        return self.send(chat, kind=kind, person=person, **(fields | more))

    def send(self, chat: int, *, kind: str | None = None, person: int | None = None, **message_fields: Any) -> int:
        """A message of any content, see UNSUPPORTED; the id of its update."""
        self.meet(chat, kind)
        with self._world.lock:
            message = keep_message(self._world, chat, person_of(self._world, chat, person), copy.deepcopy(message_fields))
            if message.get("is_topic_message"):
                self._world.topics.setdefault(chat, set()).add(message["message_thread_id"])
            return self._news_of("message", message)

    def edit(self, chat: int, message_id: int, text: str) -> int:
        """The person edits a message of theirs; the id of the update. A message nobody knows is made up."""
        self.meet(chat)
        with self._world.lock:
            usual = {
                "message_id": message_id,
                "from": person_of(self._world, chat, None),
                "chat": chat_of(self._world, chat),
                "date": int(time.time()),
            }
            message = self._world.messages.setdefault(chat, {}).setdefault(message_id, usual)
            message |= {"text": text, "entities": command_entities(text), "edit_date": int(time.time())}
            return self._news_of("edited_message", message)

    def press(self, chat: int, data: str, message_id: int | None = None, *, person: int | None = None) -> int:
        """A press on the bot's message, by default its newest with a keyboard; the id of the update.

        A message that is gone comes as Telegram's InaccessibleMessage.
        """
        self.meet(chat)
        with self._world.lock:
            number = self._newest_keyboard(chat) if message_id is None else message_id
            message = self._world.messages.get(chat, {}).get(number)
            query = str(uuid.uuid4().int >> 65)
            self._world.queries[query] = chat
            gone = {"chat": chat_of(self._world, chat), "message_id": number, "date": 0}
            who: Json = {"id": query, "from": person_of(self._world, chat, person), "chat_instance": str(chat * 7919)}
            return self._news_of("callback_query", who | {"message": message or gone, "data": data})

    def block(self, chat: int) -> int:
        """The person blocks the bot, or a group removes it: 403 from now on; the id of the update."""
        self.meet(chat)
        with self._world.lock:
            self._world.blocked.add(chat)
        return self._membership(chat, "member", "kicked")

    def unblock(self, chat: int) -> int:
        """The bot may write again; the id of the update."""
        self.meet(chat)
        with self._world.lock:
            self._world.blocked.discard(chat)
        return self._membership(chat, "kicked", "member")

    def delete_chat(self, chat: int) -> None:
        """The chat is gone: 400 "chat not found" until somebody does something in it again."""
        with self._world.lock:
            self._world.known.discard(chat)

    def speaks(self, person: int, language: str) -> None:
        """The language this person's Telegram is set to, such as zh-hant."""
        with self._world.lock:
            self._world.languages[person] = language

    def migrate(self, group: int, supergroup: int) -> None:
        """A group becomes a supergroup with a number of its own; what is sent to the old one is refused with the new number."""
        self.meet(supergroup)
        self.send(group, migrate_to_chat_id=supergroup)
        self.send(supergroup, migrate_from_chat_id=group)
        with self._world.lock:
            self._world.moved[group] = supergroup

    def erase(self, chat: int, message_id: int) -> None:
        """The person deletes a message, of which bots hear nothing."""
        with self._world.lock:
            self._world.messages.get(chat, {}).pop(message_id, None)

    def expire_queries(self) -> None:
        """All button presses so far are too old to be answered."""
        with self._world.lock:
            self._world.queries.clear()

    def raw(self, update: Json) -> int:
        """An update as it is, whatever allowed_updates says; the next id when it has none. A known id is delivered again."""
        chat = update_chat(update)
        if chat:
            self.meet(chat)
        with self._world.lock:
            number = queue(self._world, copy.deepcopy(update))
        self._loop.call_soon_threadsafe(self._wake)
        return number

    # What the bot did.

    @property
    def calls(self) -> list[Call]:
        """All calls with the right token, in order, also those that were refused or dropped."""
        with self._world.lock:
            return list(self._world.calls)

    def made(self, method: str, chat: int | None = None) -> list[Call]:
        """The calls of one method, all or those for one chat."""
        return [call for call in self.calls if call.method == method and chat in {None, call.chat}]

    def shown(self, chat: int) -> list[Shown]:
        """The bot's messages as they stand in the chat now, in order."""
        with self._world.lock:
            messages = copy.deepcopy(list(self._world.messages.get(chat, {}).values()))
            return [_shown(self._world, each) for each in messages if each["from"]["id"] == BOT_ID]

    def update(self, update_id: int) -> Json:
        """An update that was made, delivered or not."""
        with self._world.lock:
            return copy.deepcopy(self._world.updates[update_id])

    def updates_after(self, update_id: int) -> list[int]:
        """The updates that were made after one, delivered or not."""
        with self._world.lock:
            return [number for number in self._world.updates if number > update_id]

    @property
    def acknowledged(self) -> set[int]:
        """The updates getUpdates' offset passed or a webhook answered with 2xx."""
        with self._world.lock:
            return set(self._world.acknowledged)

    @property
    def pending(self) -> list[int]:
        """The updates the bot has not acknowledged yet."""
        with self._world.lock:
            return list(self._world.pending)

    @property
    def webhook(self) -> Webhook:
        """Where updates are posted to."""
        with self._world.lock:
            return self._world.webhook

    @property
    def commands(self) -> dict[str, list[Json]]:
        """The commands for everybody by language code, "" for all other languages."""
        return self.commands_for(type="default")

    def commands_for(self, **wanted: Any) -> dict[str, list[Json]]:
        """The same for another scope."""
        asked = json.dumps(wanted, sort_keys=True)
        with self._world.lock:
            return {language: copy.deepcopy(each) for (scope, language), each in self._world.commands.items() if scope == asked}

    @property
    def opened(self) -> list[str]:
        """The links to which pressed buttons led."""
        with self._world.lock:
            return list(self._world.opened.values())

    @property
    def descriptions(self) -> dict[str, str]:
        """What setMyDescription set, by language code."""
        with self._world.lock:
            return dict(self._world.descriptions)

    @property
    def short_descriptions(self) -> dict[str, str]:
        """What setMyShortDescription set, by language code."""
        with self._world.lock:
            return dict(self._world.short_descriptions)

    @property
    def menus(self) -> dict[int, Json]:
        """The menu buttons by chat, 0 for all chats."""
        with self._world.lock:
            return copy.deepcopy(self._world.menus)

    def wait(self, predicate: Callable[[], object], timeout: float = 10) -> None:
        """Block until the predicate holds. For a bot in another thread or process."""
        end = time.monotonic() + timeout
        while not predicate():
            self._still_time(end)
            time.sleep(0.01)

    async def until(self, predicate: Callable[[], object], seconds: float = 10) -> None:
        """The same without blocking the loop. For a bot in the test's own loop."""
        end = time.monotonic() + seconds
        while not predicate():
            self._still_time(end)
            await asyncio.sleep(0.01)

    # Faults.

    def fault(
        self,
        method: str,
        status: int,
        retry_after: int | None = None,
        times: int = 1,
        chat: int | None = None,
        description: str | None = None,
    ) -> None:
        """The next so many calls of the method ("*" for any) get an error and have no effect."""
        text = description or _USUAL.get(status, f"Error {status}")
        text += f": retry after {retry_after}" if retry_after is not None and description is None else ""
        with self._world.lock:
            self._world.faults.append(Fault(_named(method), chat, times, RefusedError(status, text, retry_after)))

    def drop(self, method: str, times: int = 1, done: bool = False, chat: int | None = None) -> None:
        """The next so many calls get no answer: the connection is closed before, or with `done` after, they took effect."""
        with self._world.lock:
            self._world.faults.append(Fault(_named(method), chat, times, after=done))

    def limit(self, rate: float, pause: float) -> None:
        """More than so many messages in a second are refused with 429, and then all of them for so many seconds. With 0 at once."""
        with self._world.lock:
            self._world.flood = Flood(rate, pause)

    def hook(self, url: str) -> None:
        """Somebody else with the token sets a webhook, or with an empty address deletes it."""
        with self._world.lock:
            set_webhook(self._world, {"url": url})
        self._loop.call_soon_threadsafe(self._wake)

    def count_from(self, update_id: int) -> None:
        """The next update gets this number, as after a week without any."""
        with self._world.lock:
            self._world.last_update = update_id - 1

    def patience(self, seconds: float) -> None:
        """No poll is kept waiting longer than this, whatever it asks for."""
        with self._world.lock:
            self._world.longest_poll = seconds

    def slow(self, method: str, seconds: float) -> None:
        """Every call of the method waits so long before it takes effect; 0 ends this."""
        with self._world.lock:
            self._world.pauses[_named(method)] = seconds

    def heal(self) -> None:
        """No more faults, drops, limits and pauses."""
        with self._world.lock:
            self._world.flood = Flood()
            self._world.faults.clear()
            self._world.pauses.clear()

    def down(self) -> None:
        """Refuse new connections and cut the open ones. Webhook deliveries go on."""
        self._run(self._unlisten())

    def up(self) -> None:
        """Listen again, on the same port."""
        self._run(self._listen())

    # Within.

    def _run(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=20)

    def _still_time(self, end: float) -> None:
        if time.monotonic() > end:
            last = "\n".join(f"  {each.status} {each.method} {each.params}" for each in self.calls[-10:])
            raise AssertionError(f"not true in time; pending updates {self.pending}; the last calls:\n{last}")

    def _news_of(self, kind: str, content: Json) -> int:
        number = add_update(self._world, kind, content)
        self._loop.call_soon_threadsafe(self._wake)
        return number

    def _membership(self, chat: int, before: str, after: str) -> int:
        removed = "kicked" if chat > 0 else "left"
        states = [{"user": bot_user(self._world), "status": removed if each == "kicked" else each} for each in (before, after)]
        old, new = [each | ({"until_date": 0} if each["status"] == "kicked" else {}) for each in states]
        with self._world.lock:
            place = {"chat": chat_of(self._world, chat), "from": person_of(self._world, chat, None), "date": int(time.time())}
            return self._news_of("my_chat_member", place | {"old_chat_member": old, "new_chat_member": new})

    def _newest_of_bot(self, chat: int) -> Json:
        with self._world.lock:
            mine = [each for each in self._world.messages.get(chat, {}).values() if each["from"]["id"] == BOT_ID]
            if mine:
                return _without_reply(copy.deepcopy(mine[-1]))
            self.meet(chat)
            return keep_message(self._world, chat, bot_user(self._world), {"text": "你好"})

    def _newest_keyboard(self, chat: int) -> int:
        found = [number for number, each in self._world.messages.get(chat, {}).items() if "reply_markup" in each]
        assert found, f"no message with a keyboard in chat {chat}"
        return max(found)

    async def _open(self) -> None:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30))
        await self._listen()

    async def _listen(self) -> None:
        if self._listening is None:
            self._http = web.Server(self._handle, access_log=None)
            self._listening = await self._loop.create_server(self._http, "127.0.0.1", self.port)
            self.port = int(self._listening.sockets[0].getsockname()[1])

    async def _unlisten(self) -> None:
        if self._listening is None or self._http is None:
            return
        self._listening.close()
        self._http.pre_shutdown()
        await self._http.shutdown(timeout=0.05)
        self._listening = self._http = None

    async def _end(self) -> None:
        self._stop_workers()
        await self._unlisten()
        assert self._session is not None
        await self._session.close()
        rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        call: Call | None = None
        try:
            call = await self._arrived(request)
            status, body = 200, await self._served_call(call)
        except RefusedError as refused:
            status, body = refused.status, json.dumps(refused.body)
        except DroppedError:
            if request.transport is not None:
                request.transport.close()
            return web.Response()
        if call is not None:
            call.status = status
        return web.Response(status=status, text=body, content_type="application/json")

    async def _arrived(self, request: web.BaseRequest) -> Call:
        """The call a request makes; refused when its address is no bot's."""
        path = re.fullmatch(r"/bot(\d+:[\w-]+)/(\w+)", request.path)
        if path is None:
            raise RefusedError(404, "Not Found")
        if path[1] != self.token:
            raise RefusedError(401, "Unauthorized")
        params = await read_params(request)
        chat = params.get("chat_id", self._world.queries.get(str(params.get("callback_query_id"))))
        call = Call(_NAMES.get(path[2].lower(), path[2]), chat if isinstance(chat, int) else None, params, time.monotonic())
        with self._world.lock:
            self._world.calls.append(call)
        return call

    async def _served_call(self, call: Call) -> str:
        fault = self._fault_of(call)
        if fault is not None and not fault.after:
            raise fault.error or DroppedError
        await asyncio.sleep(self._world.pauses.get(call.method, 0))
        try:
            result = await self._done(call)
        except RefusedError:
            if fault is None:
                raise
        if fault is not None:
            raise DroppedError
        return json.dumps({"ok": True, "result": result})

    async def _done(self, call: Call) -> Any:
        if call.method == "getUpdates":
            return await self._get_updates(call.params)
        if call.method not in METHODS:
            raise RefusedError(404, "Not Found")
        with self._world.lock:
            result = copy.deepcopy(METHODS[call.method](self._world, call.params))
        self._wake()
        return result

    def _fault_of(self, call: Call) -> Fault | None:
        with self._world.lock:
            fault = next((each for each in self._world.faults if each.matches(call)), None)
            if fault is not None:
                fault.times -= 1
            return fault

    async def _get_updates(self, params: Json) -> list[Json]:
        """Wait for updates until the timeout; a later call, or a webhook, ends this one with 409."""
        offset, limit = int(params.get("offset") or 0), min(max(int(params.get("limit") or 100), 1), 100)
        self._poll = mine = object()
        self._wake()
        self._no_webhook()
        with self._world.lock:
            _allow(self._world, params)
            forget(self._world, offset)
        end = self._loop.time() + min(int(params.get("timeout") or 0), self._world.longest_poll)
        while True:
            news = self._news
            with self._world.lock:
                found = sorted(self._world.pending.items())[:limit]
                self._world.again -= dict(found).keys()
            if found or self._loop.time() >= end:
                return [update for _, update in found]
            await _wait_for(news, end - self._loop.time())
            self._no_webhook()
            if self._poll is not mine:
                raise RefusedError(409, _USUAL[409])

    def _no_webhook(self) -> None:
        if self._world.webhook.url:
            reason = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
            raise RefusedError(409, f"Conflict: {reason}")

    def _wake(self) -> None:
        """Something changed: polls look again, and every chat with updates for the webhook gets a worker."""
        self._news.set()
        self._news = asyncio.Event()
        with self._world.lock:
            webhook, chats = self._world.webhook, {update_chat(each) for each in self._world.pending.values()}
        if webhook is not self._served:
            self._stop_workers()
            self._served, self._slots = webhook, asyncio.Semaphore(webhook.max_connections)
        for chat in chats - set(self._workers) if webhook.url and self._session is not None else ():
            self._workers[chat] = self._loop.create_task(self._deliver(chat, webhook))

    def _stop_workers(self) -> None:
        for worker in self._workers.values():
            worker.cancel()
        self._workers = {}

    async def _deliver(self, chat: int, webhook: Webhook) -> None:
        """Post the chat's updates one after the other, each until it is accepted."""
        pause = FIRST_PAUSE
        while (update := first_pending(self._world, chat)) is not None:
            async with self._slots:
                error = await self._post(webhook, update)
            if not error:
                with self._world.lock:
                    self._world.pending.pop(update["update_id"], None)
                    self._world.acknowledged.add(update["update_id"])
                pause = FIRST_PAUSE
                continue
            self._world.webhook_error = {"last_error_date": int(time.time()), "last_error_message": error}
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
        del self._workers[chat]

    async def _post(self, webhook: Webhook, update: Json) -> str:
        """Deliver once; what went wrong, or nothing."""
        assert self._session is not None
        headers = {"X-Telegram-Bot-Api-Secret-Token": webhook.secret} if webhook.secret else {}
        try:
            async with self._session.post(webhook.url, json=update, headers=headers, ssl=False, allow_redirects=False) as answer:
                await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return str(error) or type(error).__name__
        return "" if 200 <= answer.status < 300 else f"Wrong response from the webhook: {answer.status} {answer.reason}"


_USUAL = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden: bot was blocked by the user",
    404: "Not Found",
    409: "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
}


def _named(method: str) -> str:
    """The method as it is spelt; "*" stays. A name no method has is a mistake of the test."""
    assert method == "*" or method.lower() in _NAMES, method
    return _NAMES.get(method.lower(), method)


async def _wait_for(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return


def _shown(world: World, message: Json) -> Shown:
    sizes, document = message.get("photo"), message.get("document") or {}
    return Shown(
        message_id=message["message_id"],
        text=message.get("text") or message.get("caption") or "",
        keyboard=message.get("reply_markup", {}).get("inline_keyboard", []),
        photo=world.files[sizes[-1]["file_id"]] if sizes else None,
        entities=message.get("entities") or message.get("caption_entities") or [],
        edited="edit_date" in message,
        reply_to=message.get("reply_to_message", {}).get("message_id"),
        document=world.files[document["file_id"]] if document else None,
        file_name=document.get("file_name"),
        topic=message.get("message_thread_id"),
    )
