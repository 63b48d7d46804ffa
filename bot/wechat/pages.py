"""An answer as WeChat shows it: one text with numbered choices, in pieces where it is too long for one message."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from bot.speech import Voice

#: A passive answer is one text of at most so many bytes.
MOST_BYTES = 2048
#: As in the terminal: no list has a hundred buttons.
_MOST_CHOICES = 99
_ENDS = re.compile(r"[^\n。；？]*[\n。；？]?")
_NUMBER = re.compile(r"[（(]?选?(?:第(?P<nth>[0-9]{1,2}|[一二三四五六七八九十])[个项条种]?|(?P<bare>[0-9]{1,2}))[)）]?[.。、，,]?")
_NUMERALS = "零一二三四五六七八九十"
_MORE = frozenset({"0", "更多", "继续", "接着看", "more"})


@dataclass(frozen=True, slots=True)
class Pages:
    """`pieces` say together the whole answer. `choices`: the keys by their number, each with the place in the text where its line ends."""

    pieces: tuple[str, ...]
    choices: tuple[tuple[str, int], ...]

    def pressed(self, text: str, part: int) -> str | None:
        """The key of the choice whose number was sent, among those in the pieces up to `part`: what was not shown is not pressed."""
        seen, number = sum(map(len, self.pieces[: part + 1])), _number(text)
        key, end = self.choices[number - 1] if 0 < number <= len(self.choices) else (None, 0)
        return key if end <= seen else None

    def page(self, part: int, voice: Voice) -> str:
        """A piece as it is sent: every one but the last tells how to get the next."""
        piece = self.pieces[part].strip("\n")
        return piece if part == len(self.pieces) - 1 else f"{piece}\n{voice.say('wechat.more')}"


def pages(answer: Mapping[str, Any], voice: Voice) -> Pages:
    """An answer of the assistant; the same pages for the same answer, so that nothing of them has to be kept."""
    replies = answer["replies"]
    offered = [choice for reply in replies for choice in reply["choices"]][-_MOST_CHOICES:]
    words = "\n\n".join(reply["text"].strip("\n") for reply in replies) + ("\n\n" if offered else "")
    lines = [voice.say("wechat.choice", number=str(number), label=choice["label"]) for number, choice in enumerate(offered, start=1)]
    lines = [f"{voice.say('wechat.choices')}\n", *(f"{line}\n" for line in lines)] if offered else []
    ends = [len(words) + len(lines[0]) + end for end in accumulate(map(len, lines[1:]))] if offered else []
    choices = tuple((choice["key"], end) for choice, end in zip(offered, ends, strict=True))
    return Pages(tuple(_pieces(words, lines, MOST_BYTES - size("\n" + voice.say("wechat.more")))), choices)


def _pieces(words: str, lines: Sequence[str], room: int) -> list[str]:
    """One piece where that is enough. A list of choices stays together where it can."""
    text = words + "".join(lines)
    if size(text) <= MOST_BYTES:
        return [text]
    together = ["".join(lines)] if size("".join(lines)) <= room else lines
    return _filled([*_ENDS.findall(words), *together], room)


def wants_more(text: str | None) -> bool:
    """Whether a text asks for the rest of a long answer."""
    return text is not None and _plain(text).rstrip("。.").lower() in _MORE


def size(text: str) -> int:
    """The length as WeChat counts it, in bytes of UTF-8."""
    return len(text.encode())


def split(text: str, limit: int) -> list[str]:
    """Pieces of at most `limit` bytes which together are the text, cut at ends of sentences; a longer sentence where it must be."""
    return _filled(_ENDS.findall(text), limit)


def _filled(parts: Sequence[str], limit: int) -> list[str]:
    pieces, piece = [], ""
    for part in _short_enough(parts, limit):
        if piece and size(piece + part) > limit:
            pieces.append(piece)
            piece = ""
        piece += part
    return [*pieces, piece] if piece or not pieces else pieces


def _short_enough(sentences: Sequence[str], limit: int) -> Iterator[str]:
    for sentence in sentences:
        # No character has more than four bytes.
        width = max(1, len(sentence) if size(sentence) <= limit else limit // 4)
        yield from (sentence[start : start + width] for start in range(0, len(sentence), width))


def _number(text: str) -> int:
    """The number a message consists of, as people write it: 2, ２, 2., 第2个, 第二个; 0 for everything else."""
    found = _NUMBER.fullmatch(_plain(text))
    if found is None:
        return 0
    written = found["nth"] or found["bare"]
    return int(written) if written.isascii() else _NUMERALS.index(written)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip()
