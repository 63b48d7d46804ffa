"""What an update from Telegram means for the conversation: a text, a button, a command, or nothing to do with us."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from telegram import CallbackQuery, Message, MessageEntity, Update
from telegram import User as Account
from telegram.constants import ChatType

from bot.langs import spoken

#: The kinds of update we ask Telegram for.
WANTED = ["message", "edited_message", "callback_query", "my_chat_member"]

#: Commands and the actions they stand for. /start may carry a place (a county's own link).
COMMANDS = {"start": "start", "new": "restart", "back": "back", "why": "why", "help": "help", "forget": "forget", "lang": "lang"}

#: Stands before the key of a button under a question, whose message is closed once it is answered.
QUESTION = "?"

_VOICES = ("voice", "audio", "video", "video_note")
_PHOTOS = ("photo", "document")
_OTHERS = ("sticker", "location", "venue", "contact", "animation", "poll", "dice", "story", "game", "invoice", "checklist", "paid_media")


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
    """A message of a person in a private chat: exactly one of text, choice and action. `unread`: what came with the text."""

    chat: int
    update: str
    text: str | None = None
    unread: str | None = None
    choice: str | None = None
    action: str | None = None
    place: str | None = None
    lang: str | None = None
    pressed: Pressed | None = None


@dataclass(frozen=True, slots=True)
class InGroup:
    """Somebody spoke to the bot before others."""

    chat: int
    update: str
    lang: str | None


@dataclass(frozen=True, slots=True)
class Gone:
    """A person blocked the bot, or took it out of a group."""

    chat: int


Meaning = Said | InGroup | Gone | None


def chat_of(update: Update) -> int | None:
    """The chat whose messages must keep their order."""
    chat = update.effective_chat
    return chat.id if chat and isinstance(chat.id, int) else None


def read(update: Update, bot: Account) -> Meaning:
    """The meaning of an update; None for what is none of our business (service messages, talk of others in a group)."""
    if update.my_chat_member is not None:
        left = update.my_chat_member.new_chat_member.status in ("kicked", "left")
        return Gone(update.my_chat_member.chat.id) if left else None
    if update.callback_query is not None:
        return _press(update.callback_query, str(update.update_id))
    message = update.message or update.edited_message
    if message is None or message.from_user is None or message.from_user.is_bot:
        return None
    if message.chat.type != ChatType.PRIVATE:
        return InGroup(message.chat.id, str(update.update_id), _lang(message.from_user)) if _addressed(message, bot) else None
    return _said(message, str(update.update_id), edited=update.edited_message is not None)


def _press(query: CallbackQuery, update: str) -> Meaning:
    message = query.message
    if message is None or not query.data:
        return None
    if message.chat.type != ChatType.PRIVATE:
        return InGroup(message.chat.id, update, _lang(query.from_user))
    words, label = "", ""
    if isinstance(message, Message):
        words, label = message.text or "", _label(message, query.data)
    closes = query.data.startswith(QUESTION) and bool(words and label)
    pressed = Pressed(query.id, message.message_id, words, label, closes)
    return Said(message.chat.id, update, choice=query.data.removeprefix(QUESTION), lang=_lang(query.from_user), pressed=pressed)


def _said(message: Message, update: str, *, edited: bool) -> Meaning:
    # The pictures of an album come one by one and are one message: the first is answered, the others are that one sent again.
    update = f"album-{message.media_group_id}" if message.media_group_id and not edited else update
    said: dict[str, Any] = {"chat": message.chat.id, "update": update, "lang": _lang(message.from_user)}
    text = message.text if message.text is not None else message.caption
    if text is not None:
        command, rest = _command(text, message.entities)
        if command == "start":
            return Said(action="start", place=rest or None, **said)
        return Said(action=COMMANDS[command], **said) if command in COMMANDS else Said(text=text, unread=_unsupported(message), **said)
    kind = _unsupported(message)
    return Said(action=kind, **said) if kind and not edited else None


def _command(text: str, entities: Sequence[MessageEntity]) -> tuple[str | None, str]:
    """The command a message begins with, without the bot's name, and what follows it."""
    first = next((entity for entity in entities if entity.type == MessageEntity.BOT_COMMAND and entity.offset == 0), None)
    if first is None and not text.startswith("/"):
        return None, ""
    word, _, rest = text.partition(" ")
    return word.removeprefix("/").partition("@")[0].lower(), rest.strip()


def _unsupported(message: Message) -> str | None:
    for kinds, action in ((_VOICES, "unsupported.voice"), (_PHOTOS, "unsupported.photo"), (_OTHERS, "unsupported")):
        if any(getattr(message, kind, None) for kind in kinds):
            return action
    return None


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
