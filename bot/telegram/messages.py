"""An answer as Telegram messages: a picture with words, texts short enough, buttons in rows. Words are never read as markup."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, MessageEntity
from telegram.constants import MessageLimit

from bot.speech import Voice
from bot.telegram.updates import QUESTION

#: So many Chinese characters stand side by side on a narrow phone, all buttons of a row together.
_ROW_WIDTH = 14
_ROW_BUTTONS = 3
_MOST_DATA = 64
_ENDS = re.compile(r"[^\n。；？！]*[\n。；？！]?")


@dataclass(frozen=True, slots=True)
class Part:
    """One call to Telegram. `edits`: the message to be changed instead of a new one, or to be taken away where there are no words for it;
    `svg`: the picture above the words.

    `data`: the key of the talk whose file comes with the words; `sheet`: the case of which a slip of paper does, and its `label`;
    `file`: either of them by its name, once it is there. `answers` and `topic`: the message in a group that is answered, and where.
    """

    words: str
    keyboard: InlineKeyboardMarkup | None = None
    bold: int = 0
    svg: str | None = None
    edits: int | None = None
    data: str | None = None
    sheet: Mapping[str, Any] | None = None
    file: tuple[str, bytes] | None = None
    answers: int | None = None
    topic: int | None = None

    @property
    def entities(self) -> list[MessageEntity]:
        """The headline in bold, told by its length and not by markup."""
        return [MessageEntity(MessageEntity.BOLD, 0, self.bold)] if self.bold else []


def parts(body: Mapping[str, Any], voice: Voice) -> list[Part]:
    """A parcel's body as the messages it is sent in, always the same for the same body.

    First the question that was answered with a button is closed with the answer, since Telegram shows no word of a person who taps; or a
    key that was typed is taken out of the chat.
    """
    about = body["context"]
    before = [Part("", edits=about["secret"])] if "secret" in about else []
    if "label" in about:
        before = [Part(f"{about['words']}\n\n{voice.say('telegram.chosen', label=about['label'])}", edits=about["message"])]
    said = [part for group in _groups(body["replies"]) for part in _group_parts(group, body.get("conversation"))]
    return [*before, *(replace(part, **body.get("group", {})) for part in said)]


def _groups(replies: Sequence[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """Replies that go into one message: an estimate and a file stand alone, everything else is said in one breath."""
    groups: list[list[Mapping[str, Any]]] = []
    for reply in replies:
        if not groups or _is_alone(reply) or _is_alone(groups[-1][-1]):
            groups.append([reply])
        else:
            groups[-1].append(reply)
    return groups


def _is_alone(reply: Mapping[str, Any]) -> bool:
    return reply["kind"] == "estimate" or bool(_attached(reply, "file")) or bool(_attached(reply, "sheet"))


def _attached(reply: Mapping[str, Any], kind: str) -> list[Mapping[str, Any]]:
    return [each for each in reply.get("attachments", ()) if each["kind"] == kind]


def _group_parts(group: Sequence[Mapping[str, Any]], talk: str | None) -> Iterator[Part]:
    words = "\n\n".join(reply["text"] for reply in group)
    choices = [choice for reply in group for choice in reply["choices"]]
    keyboard = _keyboard(choices, question=group[-1]["kind"] == "question")
    if talk is not None and _attached(group[0], "file") and length(words) <= MessageLimit.CAPTION_LENGTH:
        yield Part(words, keyboard, data=talk)
        return
    if group[0]["kind"] != "estimate" and (sheets := _attached(group[0], "sheet")):
        yield Part(words, keyboard, sheet=sheets[0])
        return
    pictures = [each["data"] for reply in group for each in _attached(reply, "picture")]
    estimate = group[0]["kind"] == "estimate"
    bold = length(words.partition("\n")[0]) if estimate else 0
    if pictures and length(words) <= MessageLimit.CAPTION_LENGTH:
        yield Part(words, keyboard, bold, pictures[0])
        return
    if pictures:
        headline, _, words = words.partition("\n")
        yield Part(headline, bold=bold, svg=pictures[0])
        bold = 0
    pieces = split(words)
    for piece in pieces[:-1]:
        yield Part(piece, bold=bold)
        bold = 0
    yield Part(pieces[-1], keyboard, bold)


def length(text: str) -> int:
    """The length as Telegram counts it, in UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


def split(text: str, limit: int = MessageLimit.MAX_TEXT_LENGTH) -> list[str]:
    """Pieces within the limit, cut at the ends of sentences; a sentence that is longer by itself is cut where it must be."""
    pieces, piece = [], ""
    for sentence in _short_enough(_ENDS.findall(text), limit):
        if piece.strip() and length(piece + sentence) > limit:
            pieces.append(piece.strip("\n"))
            piece = ""
        piece += sentence
    return [*pieces, piece.strip("\n")] if piece.strip() or not pieces else pieces


def _short_enough(sentences: Sequence[str], limit: int) -> Iterator[str]:
    for sentence in sentences:
        # Half the limit in characters never exceeds it in code units.
        width = len(sentence) if length(sentence) <= limit else limit // 2
        yield from (sentence[start : start + width] for start in range(0, len(sentence), max(width, 1)))


def _keyboard(choices: Sequence[Mapping[str, str]], *, question: bool) -> InlineKeyboardMarkup | None:
    rows: list[list[InlineKeyboardButton]] = []
    width = 0
    for choice in choices:
        wide = _width(choice["label"])
        if not rows or width + wide > _ROW_WIDTH or len(rows[-1]) == _ROW_BUTTONS:
            rows.append([])
            width = 0
        rows[-1].append(_button(choice, question=question))
        width += wide
    return InlineKeyboardMarkup(rows) if rows else None


def _button(choice: Mapping[str, str], *, question: bool) -> InlineKeyboardButton:
    if "url" in choice:
        return InlineKeyboardButton(choice["label"], url=choice["url"])
    data = f"{QUESTION if question else ''}{choice['key']}"
    if len(data.encode()) > _MOST_DATA:
        raise ValueError(f"a button's key is longer than {_MOST_DATA} bytes: {choice['key']}")
    return InlineKeyboardButton(choice["label"], callback_data=data)


def _width(label: str) -> int:
    """Chinese characters are twice as wide as Latin ones; a button has a margin."""
    return (sum(1 if char.isascii() else 2 for char in label) + 1) // 2 + 1
