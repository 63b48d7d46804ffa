"""Days in a message: 2024年3月5日, 2024-03-05, 2023年. There is no clock here: 今天 stays unread, and 3月5日出院 is asked back."""

import re
from datetime import date

from bot.conversation.heard import Problem
from bot.understanding.claims import Claim
from bot.understanding.numerals import DIGITS
from bot.understanding.patterns import SensePatterns
from bot.understanding.scope import CLAUSE, EARLIER, ELSEWHEN, Stays, before

_YEAR = "(?<![0-9.])(?P<year>(?:19|20)[0-9]{2}|二[零〇][零〇一二三四五六七八九]{2}|2[0-9](?=年 ?[0-9]{1,2} ?月 ?[0-9]{1,2} ?[日号]))"
_PART = "[0-9]{1,2}|[一二三四五六七八九]?十?[一二三四五六七八九]|[一二三]?十"
_NOT_MONEY = "(?! ?[0-9零百千万亿元块kKwW])"
_DAY = re.compile(
    rf"{_YEAR} ?(?:年 ?(?:(?P<month>{_PART}) ?月 ?(?P<day>{_PART}) ?(?:[日号]|{_NOT_MONEY})|(?P<only_month>{_PART}) ?月份?)?"
    rf"|(?P<mark>[-/.]) ?(?P<month_2>{_PART}) ?(?P=mark) ?(?P<day_2>{_PART})[日号]?{_NOT_MONEY}"
    rf"|[-/](?P<only_month_2>0?[1-9]|1[0-2]){_NOT_MONEY}(?![-/.]))"
)
_WHOLE_YEAR = re.compile(r" ?((?:20)[0-9]{2}) ?年?(?:度|的)? ?")
#: Not the day of discharge: a birth, an admission, a registration.
_OTHER_DAY = re.compile(r" ?(?:的时候)?(?:入院|住进|备案|参保|转诊|出生|生(?!病)|确诊|发病|开始|交的|交了|缴)")
_OTHER_BEFORE = re.compile("(?:出生|生于|生日|(?<![0-9日号\x00])入院)[日期时间是为:于在 ]{0,5}$")
_NOT_THEN = re.compile("(?<![要是])不是[在到]?$")
_BEGINNING = re.compile(" ?(?:到|至|-|—|~)")
_FIRST_YEAR = _CENTURY = 2000
_ISO = 10
_NEAR = 20


def find_days(text: str, expecting: str | None, stays: Stays, sense: SensePatterns) -> tuple[list[Claim], list[Problem], str]:
    """Claims and problems about `on`, and the text with every date blanked, so that no date is read as money."""
    claims: list[Claim] = []
    problems: list[Problem] = []
    for match in _DAY.finditer(text):
        claim = _claim(match, text)
        if isinstance(claim, Problem):
            problems.append(claim)
        elif claim and not _is_of_another_stay(claim.start, expecting, stays):
            claims.append(claim)
        text = text[: match.start()] + "\x00" * len(match[0]) + text[match.end() :]
    if expecting == "on" and (whole := _WHOLE_YEAR.fullmatch(text)):
        claims, text = [Claim("on", (whole[1],), whole[1], 0, len(text), approximate=True)], "\x00" * len(text)
    if not claims and not problems:
        claims = _undated(text, expecting, stays, sense)
    return _finest(claims), problems, text


def _undated(text: str, expecting: str | None, stays: Stays, sense: SensePatterns) -> list[Claim]:
    """The first day without a year that is said of this stay (去年12月出院), or to the question about the day."""
    for match in sense.undated.finditer(text):
        if _is_of_another_stay(match.start(), expecting, stays) or _is_other_day(match, text):
            continue
        if expecting == "on" or _tells_of_a_stay(match, text, sense):
            return [Claim("on", (), match[0].strip(), *match.span(), sure=False)]
    return []


def _is_of_another_stay(position: int, expecting: str | None, stays: Stays) -> bool:
    stay = stays.at(position)
    return stay in ELSEWHEN or (expecting in EARLIER and stay != "this")


def _tells_of_a_stay(match: re.Match[str], text: str, sense: SensePatterns) -> bool:
    """Whether the day's clause speaks of a stay, or the next one where the day ends its own."""
    clause = CLAUSE.match(text, match.end(), match.end() + _NEAR)
    if sense.happened.search(text, match.end(), clause.end() if clause else match.end()):
        return True
    if sense.happened.search(before(text, match.start(), _NEAR)):
        return True
    following = None if clause and clause[0].strip() else CLAUSE.search(text, clause.end() if clause else match.end(), match.end() + _NEAR)
    return bool(following and sense.happened.search(following[0]))


def _is_other_day(match: re.Match[str], text: str) -> bool:
    return bool(_OTHER_DAY.match(text, match.end()) or _OTHER_BEFORE.search(before(text, match.start(), _ISO)))


def _claim(match: re.Match[str], text: str) -> Claim | Problem | None:
    year = _number(match["year"])
    year += _CENTURY if year < _CENTURY else 0  # 24年12月1号
    if year < _FIRST_YEAR or _is_other_day(match, text) or _NOT_THEN.search(before(text, match.start(), _ISO)):
        return None
    month, day = match["month"] or match["month_2"], match["day"] or match["day_2"]
    if match["only_month"] or match["only_month_2"] or _BEGINNING.match(text, match.end()):
        # A month is not a value of `on`; a stay's first day is not its last.
        return Claim("on", (), match[0].strip(), *match.span(), sure=False)
    if not month:
        return Claim("on", (str(year),), match[0].strip(), *match.span(), approximate=True)
    try:
        found = date(year, _number(month), _number(day))
    except ValueError:
        return Problem("bad_day", match[0].strip(), "on")
    return Claim("on", (found.isoformat(),), match[0].strip(), *match.span())


def _number(written: str) -> int:
    """2024, 二零二四, 12, 十二, 二十一."""
    if written.isascii():
        return int(written)
    if "十" in written:
        tens, _, ones = written.partition("十")
        return DIGITS.get(tens, 1) * 10 + DIGITS.get(ones, 0)
    return int("".join(str(DIGITS.get(char, 0)) for char in written))


def _finest(claims: list[Claim]) -> list[Claim]:
    """A full day makes a year or a month said beside it needless."""
    return [claim for claim in claims if claim.candidates and len(claim.candidates[0]) == _ISO] or claims
