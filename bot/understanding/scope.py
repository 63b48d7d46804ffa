"""Where words stand: in which clause, and whether the message is speaking of this stay or of an earlier one."""

import re
from bisect import bisect_right

from bot.understanding.patterns import SensePatterns

_STOPS = ",，。;!?\n"
_STOP = re.compile(f"[{_STOPS}]")
CLAUSE = re.compile(f"[^{_STOPS}]+")


def before(text: str, position: int, length: int) -> str:
    """The end of the clause's part before a position, at most `length` characters of it."""
    return _STOP.split(text[max(0, position - length) : position])[-1]


def blank(text: str, spans: list[tuple[int, int]], mark: str) -> str:
    """The text with each span overwritten, so that positions stay what they are."""
    chars = list(text)
    for start, end in spans:
        chars[start:end] = mark * (end - start)
    return "".join(chars)


class Stays:
    """Of which stay a message speaks: "上次" holds until "这次"; "以前" holds within its clause."""

    def __init__(self, text: str, sense: SensePatterns) -> None:
        marks = [(match.start(), str(match.lastgroup)) for match in sense.stay.finditer(text)]
        self._starts = [start for start, _ in marks]
        self._kinds = [kind for _, kind in marks]
        self._text, self._once = text, sense.once

    def at(self, position: int) -> str | None:
        """earlier, this or None (not said) for what stands at a position."""
        index = bisect_right(self._starts, position)
        kind = self._kinds[index - 1] if index else None
        if kind is None and self._once.search(before(self._text, position, 20)):
            return "earlier"
        return kind
