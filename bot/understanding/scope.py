"""Where words stand: in which clause, and whether the message is speaking of this stay or of an earlier one."""

import re
from bisect import bisect_right
from collections.abc import Iterator

from bot.understanding.patterns import SensePatterns

_STOPS = ",，。;!?\n"
_STOP = re.compile(f"[{_STOPS}]")
CLAUSE = re.compile(f"[^{_STOPS}]+")
#: This stay is not spoken of here.
ELSEWHEN = frozenset({"earlier", "past"})
#: The questions about an earlier stay.
EARLIER = frozenset({"earlier_facility", "earlier_total"})

_NEAR, _FAR = 20, 12
_NUMBERS = "一二三四五六七八九"
_ORDINAL = re.compile(f"(?:第 ?(?P<number>[{_NUMBERS}1-9])|头一?|(?<![第十0-9{_NUMBERS}])(?P<second>二)) ?[次回趟]")
_OF_THIS = re.compile("(?:今年|是|这|属于|算)[的个]?$")
_MONEY = re.compile("[花万千百块元]")
_LIVED = re.compile(
    f"住过|住院过|住了[两{_NUMBERS}几2-9好多]{{1,2}}[次回趟]|(?<![第0-9])[两二三四五六七八九几多2-9][次回]住院|住院[两二三四五六七八九几2-9][次回]"
)
_NOT_LIVED = re.compile("[没未](?:[^吃喝]{0,6})$|不曾.{0,4}$|第一次.{0,3}$")
_YEAR = re.compile(f"(?:(?:19|20)?[0-9]{{2}}|二[零〇][零〇{_NUMBERS}]{{2}}) ?年")
_BEFORE_THE_STAY = re.compile("[院术]的?$")


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
    """Of which stay a message speaks: "上次" holds until "这次"; "以前" holds within its clause, and until "这次" if it tells of a stay.

    `mentions`: where an earlier stay of this year is spoken of. `several`: an amount may belong to any of several stays. `told_apart`: the
    message says 上次 or 这次.
    """

    def __init__(self, text: str, sense: SensePatterns) -> None:
        self._text, self._sense = text, sense
        self._clauses = [match.span() for match in CLAUSE.finditer(text)]
        self._marks: dict[int, str] = {}
        self._starts: list[int] = []
        self.mentions: list[tuple[int, int]] = []
        self.several = self.told_apart = False
        self._one_stay = not sense.apart.search(text)
        if not self._one_stay:
            self._tell_apart(text)

    def _tell_apart(self, text: str) -> None:
        first = self._sense.happened.search(text)
        self._first_happened = first.start() if first else len(text)
        self._marks = {match.start(): str(match.lastgroup) for match in self._sense.stay.finditer(text)}
        self._last_this = max((start for start, kind in self._marks.items() if kind != "earlier"), default=-1)
        self._this_year = "今年" in text
        self._mark(text)
        self._starts = sorted(self._marks)
        self.told_apart = not {"earlier", "this"}.isdisjoint(self._marks.values())

    def at(self, position: int) -> str | None:
        """For what stands at a position: earlier, past (another year), this, now (this year's) or None (not said)."""
        if self._one_stay:
            return None
        index = bisect_right(self._starts, position)
        kind = self._marks[self._starts[index - 1]] if index else None
        if kind is None and (match := self._sense.once.search(near := before(self._text, position, _NEAR))):
            return "past" if _BEFORE_THE_STAY.search(near[: match.start()]) else "earlier"
        return kind

    def clause(self, position: int) -> tuple[int, int]:
        """Start and end of the clause at a position."""
        index = bisect_right(self._clauses, (position, len(self._text)))
        return self._clauses[index - 1] if index else (0, len(self._text))

    def _mark(self, text: str) -> None:
        for match in self._sense.once_happened.finditer(text):
            if not _BEFORE_THE_STAY.search(before(text, match.start(), 3)):
                self._marks[match.start()] = "earlier"
                self.mentions.append(match.span())
        for start in self._ordinals(text):
            self._marks[start] = "earlier"
            self.mentions.append((start, start + 1))
        for match in self._sense.past.finditer(text):
            if self._is_another_year(match.end()):
                self._marks[match.start()] = "past"
        self.mentions += [match.span() for match in self._sense.earlier_happened.finditer(text)]
        trailing = [match.span() for match in self._sense.earlier_after.finditer(text)]
        self.mentions += trailing
        self.several = bool(trailing)
        self._starts = sorted(self._marks)
        self._mark_lived(text)
        self.mentions += [match.span() for match in self._sense.again.finditer(text) if self._may_be_this_year(match.start())]

    def _may_be_this_year(self, position: int) -> bool:
        return self.at(position) != "past"

    def _mark_lived(self, text: str) -> None:
        """住过一次 tells of an earlier stay; what stands beside it belongs to that one, unless nothing speaks of another."""
        for match in _LIVED.finditer(text):
            if _NOT_LIVED.search(before(text, match.start(), 10)) or not self._may_be_this_year(match.start()):
                continue
            self.mentions.append(match.span())
            start, end = self.clause(match.start())
            if self.at(match.start()) == "earlier":
                continue
            dated = _YEAR.search(text, max(start, match.start() - _NEAR), match.start())
            if "过" in match[0] and (dated or self._first_happened < start or self._last_this >= end):
                for inside in [mark for mark in self._starts if start <= mark < match.start()]:
                    del self._marks[inside]
                self._marks[start] = "earlier"
                self._starts = sorted(self._marks)
            else:
                self.several = True

    def _ordinals(self, text: str) -> Iterator[int]:
        """Where 第一次 and 第二次 stand for earlier stays; the highest number is this stay, and tells that there were others."""
        found = [(match, _number(match)) for match in _ORDINAL.finditer(text) if self._is_of_a_stay(match)]
        highest = max((number for _, number in found), default=0)
        for match, number in found:
            if number < highest or (number == 1 and self._is_contrasted(match)):
                yield match.start()
            elif number > 1:
                self._marks[match.start()] = "this"
                self.mentions.append(match.span())
            elif self._sense.not_first.search(before(text, match.start(), 8)):
                self.mentions.append(match.span())

    def _is_of_a_stay(self, match: re.Match[str]) -> bool:
        _, end = self.clause(match.start())
        return not self._sense.told.match(self._text, match.end()) and bool(
            self._sense.of_a_stay.match(self._text, match.end(), end)
            or self._sense.happened.search(before(self._text, match.start(), _NEAR))
        )

    def _is_contrasted(self, match: re.Match[str]) -> bool:
        """第一次花了两万，这次三万, but not 今年第一次住院."""
        _, end = self.clause(match.start())
        apart = self._last_this >= end and _MONEY.search(self._text, match.end(), end)
        return bool(apart) and not _OF_THIS.search(before(self._text, match.start(), 4))

    def _is_another_year(self, position: int) -> bool:
        """去年住过院; or 去年…, 今年…. Otherwise 去年 is when this stay was."""
        _, end = self.clause(position)
        return (
            self._this_year or self._last_this >= end or bool(self._sense.gone_by.search(self._text, position, min(end, position + _FAR)))
        )


def _number(match: re.Match[str]) -> int:
    written = match["number"] or match["second"]
    return 1 if written is None else int(written) if written.isascii() else _NUMBERS.index(written) + 1
