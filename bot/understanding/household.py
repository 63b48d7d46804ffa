"""What a question about the premium names beside facts of the bill: 三口人, 一家五口, 明年."""

import re

from bot.conversation.heard import Household
from bot.understanding.numerals import DIGITS

_DIGIT = "".join(DIGITS)
#: A numeral goes on to the left, or is an end of a range or an ordinal: 二十五, 三四, 几十, 三到五, 三、四, 第三.
_PART = rf"(?<![0-9{_DIGIT}零〇十百千万亿几数多半点.\-~到至或者、第])(?<![0-9{_DIGIT}][,，])"
_COUNT = re.compile(rf"{_PART}([0-9]{{1,3}}|十?[{_DIGIT}]|[{_DIGIT}]?十)(?:口(?![气价])人?|个?人)(?![民员次均份])")
#: Years are told from this one; a year in figures is read as a day of the case.
_YEARS = {"前年": -2, "去年": -1, "今年": 0, "明年": 1, "来年": 1, "后年": 2}
_MOST = 100


def household(text: str) -> Household:
    """The people and the year a question names; of several counts, or one that no household has, none is taken."""
    counts = {_number(match[1]) for match in _COUNT.finditer(text)}
    years = {offset for word, offset in _YEARS.items() if word in text}
    people = counts.pop() if len(counts) == 1 else None
    return Household(people if people and people <= _MOST else None, years.pop() if len(years) == 1 else None)


def _number(written: str) -> int:
    """A count as `_COUNT` matches it: figures, one to nineteen, or whole tens."""
    if written.isdigit() and written.isascii():
        return int(written)
    tens, separator, ones = written.rpartition("十")
    return (DIGITS.get(tens, 1) * 10 if separator else 0) + DIGITS.get(ones, 0)
