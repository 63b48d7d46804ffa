"""Words of the vocabulary that were written with characters of the same sound: 地保 for 低保, 线医院 for 县医院.

A word is mended in place, before anything else is read, so that every rule about words holds for it too. What is a word of its own is left
alone (`homophones.never` of the vocabulary), and so is a short word that goes on: 检测费 is no 监测费.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NamedTuple, Self

from bot.understanding.patterns import Pattern, any_of

_SHORT = 2
_YUAN = "元"
#: Never taken for a misspelled character: what an amount is made of. (卫生元 is 卫生院, for no number stands before it.)
_NUMERAL = frozenset("零〇一二两三四五六七八九十百千万亿几多半壹贰叁肆伍陆柒捌玖拾佰仟廿卅俩仨毛角分块0123456789")
#: What may follow a word of two characters that is written wrong.
_AFTER_SHORT = re.compile("[户证家对人的在，,。;!?、 \n0-9一二两三四五六七八九十]|$")
#: A hospital or a sum that is written wrong begins where one can: in 当时医院 and 诊治费 (heard as 自费) the character before belongs to a
#: word of its own.
_HOSPITAL, _SUM = re.compile("院$"), re.compile("费|付")
_BEFORE_HOSPITAL = re.compile("(?:^|[^\u4e00-\u9fff]|[在到去来住进从搁往转镇乡户上])$")
_BEFORE_SUM = re.compile("(?:^|[^\u4e00-\u9fff]|[了的是里中有和])$")
#: So many words are offered, if at least this share of their sounds agrees. One of two is enough
#: only where it is written alike (特快 for 特困, but not 谢谢 for 协和).
_OFFERED, _SIMILAR, _CLEAR = 8, 0.5, 0.6
#: Syllables stand as one character each, from the first of Unicode's private ones.
_FIRST = 0xE000


class Mended(NamedTuple):
    """A text of the same length as the one that was said, and what was said in place of each mended word."""

    text: str
    said: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sounds:
    """The words that are heard. `codes`: each character's syllable as one character; `words`: by them; `known`: what is spelled right."""

    codes: Mapping[int, str]
    words: Mapping[str, str]
    heard: Pattern
    known: Pattern

    @classmethod
    def of(cls, syllables: Mapping[str, str], words: Iterable[str], never: Iterable[str]) -> Self:
        """`words` may be misspelled; neither they nor those of `never` are a misspelling of another one."""
        code = {syllable: chr(_FIRST + number) for number, syllable in enumerate(dict.fromkeys(syllables.values()))}
        codes = {ord(char): code[syllable] for char, syllable in syllables.items()}
        listed = [word for word in words if len(word) >= _SHORT and all(char in syllables for char in word)]
        heard = {word.translate(codes): word for word in reversed(listed)}
        return cls(codes, heard, re.compile(any_of(heard)), re.compile(any_of([*listed, *never])))

    def mend(self, text: str) -> Mended:
        """The text with its misspelled words as they are spelled."""
        said: dict[str, str] = {}
        mended = text
        for match in self.heard.finditer(text.translate(self.codes)):
            start, end = match.span()
            word, written = self.words[match[0]], text[start:end]
            if written != word and _is_likely(text, start, word) and not self._is_known(text, start, end):
                mended = mended[:start] + word + mended[end:]
                said[word] = written
        return Mended(mended, said)

    def near(self, said: str, words: Iterable[str]) -> list[str]:
        """Words that sound like what was said, the nearest first. Slow: for a message that nothing else was found in."""
        by_sound = {word.translate(self.codes): word for word in words}
        heard, sounds = said.translate(self.codes), list(by_sound)
        clear = get_close_matches(heard, sounds, _OFFERED, _CLEAR)
        found = get_close_matches(heard, sounds, _OFFERED, _SIMILAR)
        return [by_sound[sound] for sound in found if sound in clear or not set(said).isdisjoint(by_sound[sound])]

    def _is_known(self, text: str, start: int, end: int) -> bool:
        """Whether a word that is spelled as it should be reaches into these characters."""
        return any(match.start() < end and match.end() > start for match in self.known.finditer(text))


def _is_likely(text: str, start: int, word: str) -> bool:
    """Whether what stands there can be meant for the word: enough characters agree, none is of a number, a short word ends there."""
    written = text[start : start + len(word)]
    wrong = [start + at for at, char in enumerate(word) if written[at] != char]
    begins = _BEFORE_HOSPITAL if _HOSPITAL.search(word) else _BEFORE_SUM if _SUM.search(word) and wrong[0] == start else None
    if begins and not begins.search(text, max(0, start - 1), start):
        return False
    if any(_is_of_a_number(text, position) for position in wrong):
        return False
    if len(word) == _SHORT:
        return len(wrong) == 1 and bool(_AFTER_SHORT.match(text, start + _SHORT))
    return (len(word) - len(wrong)) * 2 >= len(word)


def _is_of_a_number(text: str, position: int) -> bool:
    return text[position] in _NUMERAL or (text[position] == _YUAN and text[position - 1 : position] in _NUMERAL)
