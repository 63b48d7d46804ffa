"""What is known of single characters: the simplified form of a traditional one, and how a character sounds.

Two tables of `data/vocabulary/`; the sources of both stand in their first lines.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from bot import resources

#: Beginnings and ends that many people do not tell apart, in speech or in pinyin typing. (an and ang: 县 and 乡 have to stay apart.)
_BEGINS = (("zh", "z"), ("ch", "c"), ("sh", "s"))
_ENDS = (("eng", "en"), ("ing", "in"))


@cache
def traditional() -> Mapping[int, int]:
    """A table for `str.translate` from traditional to simplified characters."""
    return {ord(pair[0]): ord(pair[1]) for line in _lines(resources.TRADITIONAL) for pair in line.split()}


def syllables() -> Mapping[str, str]:
    """The syllable of each character, without its tone; sounds that are often confused are one.

    Not kept: the vocabulary takes what it needs of it, once.
    """
    known: dict[str, str] = {}
    for line in _lines(resources.SYLLABLES):
        syllable, _, characters = line.partition(" ")
        known |= dict.fromkeys(characters, _merged(syllable))
    return known


def _merged(syllable: str) -> str:
    for long, short in _BEGINS:
        syllable = short + syllable.removeprefix(long) if syllable.startswith(long) else syllable
    for long, short in _ENDS:
        syllable = syllable.removesuffix(long) + short if syllable.endswith(long) else syllable
    return syllable


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
