"""What an update from Telegram means for the conversation: a text, a button, a command, or nothing to do with us."""

import re
from dataclasses import dataclass
from typing import Any

from telegram import CallbackQuery, Message, MessageEntity, MessageOriginUser, Update
from telegram import User as Account
from telegram.constants import ChatType

from bot.at_desk import key_in
from bot.conversation import EDITED, FORWARDED
from bot.langs import spoken

#: The kinds of update we ask Telegram for. Who blocked the bot is learned when something is sent to them: an update about it may be
#: delivered again after they came back, and would then take the answer to what they said since.
WANTED = ["message", "edited_message", "callback_query"]

#: Commands and the actions they stand for. /start may carry a place (a county's own link), /lang a language.
COMMANDS = {
    **{"start": "start", "new": "restart", "back": "back", "why": "why"},
    **{"help": "help", "data": "data", "forget": "forget", "lang": "lang"},
}

#: Stands before the key of a button under a question, whose message is closed once it is answered.
QUESTION = "?"

#: What cannot be read, and the action that tells so. A moving picture comes as a document as well.
_UNREAD = {
    **dict.fromkeys(("voice", "audio"), "unsupported.voice"),
    **dict.fromkeys(("video", "video_note"), "unsupported.video"),
    **dict.fromkeys(("location", "venue"), "unsupported.location"),
    **{"photo": "unsupported.photo", "contact": "unsupported.contact"},
    **dict.fromkeys(("sticker", "animation", "poll", "dice", "story", "game", "invoice", "checklist", "paid_media"), "unsupported"),
    "document": "unsupported.file",
}
#: What a link may carry behind ?start=.
_PAYLOAD = re.compile(r"[\w-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Pressed:
    """A pressed button: the query to be confirmed, and the message it stands under as far as it is still to be had."""

    query: str
    message: int | None
    words: str
    label: str
    closes: bool


@dataclass(frozen=True, slots=True)
class Said:
    """A message of a person in a private chat: exactly one of text, choice and action. `unread`: what came with the text.

    `manner`: that it was forwarded, or written before and changed now. `album`: the pictures sent together that it belongs to. `secret`:
    the message that holds a key, which nobody should find in the chat.
    """

    chat: int
    update: str
    text: str | None = None
    unread: str | None = None
    choice: str | None = None
    action: str | None = None
    place: str | None = None
    lang: str | None = None
    pressed: Pressed | None = None
    manner: str | None = None
    album: str | None = None
    secret: int | None = None


@dataclass(frozen=True, slots=True)
class InGroup:
    """Somebody spoke to the bot before others. `topic`: the part of the group; `payload`: what their /start carried."""

    chat: int
    message: int
    lang: str | None
    topic: int | None = None
    payload: str | None = None


@dataclass(frozen=True, slots=True)
class TappedInGroup:
    """Somebody pressed a button before others; only they see what the query is answered with."""

    query: str


Meaning = Said | InGroup | TappedInGroup | None


def chat_of(update: Update) -> int | None:
    """The chat whose messages must keep their order."""
    chat = update.effective_chat
    return chat.id if chat and isinstance(chat.id, int) else None


def read(update: Update, bot: Account) -> Meaning:
    """The meaning of an update; None for what is none of our business (service messages, channels, talk of others in a group)."""
    if update.callback_query is not None:
        return _press(update.callback_query, str(update.update_id))
    message = update.message or update.edited_message
    if message is None or not _is_of_a_person(message):
        return None
    if message.chat.type != ChatType.PRIVATE:
        return _in_group(message, bot) if _addressed(message, bot) else None
    return _said(message, str(update.update_id), bot, edited=update.edited_message is not None)


def _is_of_a_person(message: Message) -> bool:
    """Whether a person wrote it. Admins who are anonymous or write as a channel are shown as bots; what a channel passes on is nobody's."""
    account = message.from_user
    return account is not None and not message.is_automatic_forward and (not account.is_bot or message.sender_chat is not None)


def _in_group(message: Message, bot: Account) -> InGroup:
    command, rest = _command(message.text or "", bot)
    payload = rest if command == "start" and _PAYLOAD.fullmatch(rest) else None
    topic = message.message_thread_id if message.is_topic_message else None
    return InGroup(message.chat.id, message.message_id, _lang(message.from_user), topic, payload)


def _press(query: CallbackQuery, update: str) -> Meaning:
    message = query.message
    if message is None or not query.data:
        return None
    if message.chat.type != ChatType.PRIVATE:
        return TappedInGroup(query.id)
    words, label = "", ""
    if isinstance(message, Message):
        words, label = message.text or "", _label(message, query.data)
    closes = query.data.startswith(QUESTION) and bool(words and label)
    pressed = Pressed(query.id, message.message_id, words, label, closes)
    return Said(message.chat.id, update, choice=query.data.removeprefix(QUESTION), lang=_lang(query.from_user), pressed=pressed)


def _said(message: Message, update: str, bot: Account, *, edited: bool) -> Meaning:
    said: dict[str, Any] = {"chat": message.chat.id, "update": update, "lang": _lang(message.from_user)}
    if _is_ours(message, bot):
        return Said(action="repeat", **said)
    manner = EDITED if edited else FORWARDED if message.forward_origin is not None else None
    text, unread = message.text if message.text is not None else message.caption, _unread(message)
    if text is None:
        return Said(action=unread, album=message.media_group_id, **said) if unread and not edited else None
    command, rest = _command(text, bot) if manner is None else (None, "")
    if command in COMMANDS:
        return _commanded(command, rest, said)
    album = message.media_group_id if unread and not edited else None
    return Said(text=text, unread=unread, manner=manner, album=album, secret=message.message_id if key_in(text) else None, **said)


def _is_ours(message: Message, bot: Account) -> bool:
    """Whether what is forwarded are the bot's own words, which are nobody's case."""
    origin = message.forward_origin
    return isinstance(origin, MessageOriginUser) and origin.sender_user.id == bot.id


def _commanded(command: str, rest: str, said: dict[str, Any]) -> Said:
    wished = spoken(rest) if command == "lang" else None
    if wished is not None:
        return Said(choice=f"lang={wished}", **said)
    return Said(action=COMMANDS[command], place=(rest or None) if command == "start" else None, **said)


def _command(text: str, bot: Account) -> tuple[str, str]:
    """The command a message begins with, without the bot's name, and what follows it; empty when there is none, or it is for another."""
    word, _, rest = text.replace("\n", " ").partition(" ")
    name, _, whose = word.removeprefix("/").partition("@")
    is_ours = word.startswith("/") and whose.lower() in ("", (bot.username or "").lower())
    return (name.lower(), rest.strip()) if is_ours else ("", "")


def _unread(message: Message) -> str | None:
    """The action for what a message holds beside words."""
    return next((action for kind, action in _UNREAD.items() if getattr(message, kind, None)), None)


def _addressed(message: Message, bot: Account) -> bool:
    """Whether a message in a group is meant for the bot: by name, by a command with its name, or as a reply to it."""
    answered = message.reply_to_message
    if answered is not None and answered.from_user is not None and answered.from_user.id == bot.id:
        return True
    named = f"@{bot.username}".lower()
    entities = {**message.parse_entities(), **message.parse_caption_entities()}
    for entity, words in entities.items():
        if entity.type == MessageEntity.MENTION and words.lower() == named:
            return True
        if entity.type == MessageEntity.BOT_COMMAND and words.lower().endswith(named):
            return True
        if entity.type == MessageEntity.TEXT_MENTION and entity.user is not None and entity.user.id == bot.id:
            return True
    return False


def _label(message: Message, data: str) -> str:
    rows = message.reply_markup.inline_keyboard if message.reply_markup else ()
    return next((button.text for row in rows for button in row if button.callback_data == data), "")


def _lang(account: Account | None) -> str | None:
    """The language of their Telegram, if it is one of ours; everybody else is spoken to in Chinese."""
    return spoken(account.language_code) if account is not None else None
