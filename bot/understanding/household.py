"""What a question about the premium names beside facts of the bill: 三口人, 一家五口, 明年."""

import re

from bot.conversation.heard import Household
from bot.understanding.numerals import DIGITS

_COUNT = re.compile(rf"([0-9]{{1,3}}|十?[{''.join(DIGITS)}]|[{''.join(DIGITS)}]?十)(?:口人?|个人|人)")
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
    """Up to 十九 in characters, which is more than any household counts; anything in figures."""
    if written.isdigit() and written.isascii():
        return int(written)
    tens, separator, ones = written.rpartition("十")
    return (DIGITS.get(tens, 1) * 10 if separator else 0) + DIGITS.get(ones, 0)
