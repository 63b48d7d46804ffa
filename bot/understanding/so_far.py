"""今年已经住过两次，自己掏了一万多: what a person paid in the year before this stay, told as one sum in place of the earlier bills."""

import re

import msgspec

from bot.understanding.amounts import Amount, amounts
from bot.understanding.claims import Claim
from bot.understanding.money import said
from bot.understanding.numerals import DIGITS
from bot.understanding.scope import EARLIER, Stays, blank

OWN, STAYS = "so_far_own", "so_far_stays"

_DIGIT = "".join(DIGITS)
_OWN = re.compile(
    "(?:自己|个人|自个儿?|家里)(?:一共|总共|前后|已经|已|加起来|都|大概|大约|差不多)*(?:掏|付|出|花|负担|承担|拿|自付|支付)(?:了|的|过|出|进去)*"
)
_THIS_YEAR = re.compile("今年(?:一共|总共|前面|之前|已经|加起来|到现在|到目前为止|我|俺|看病|住院)*$")
_FILLER = re.compile("(?:有|是|大概|大约|差不多|一共|总共|将近|快|[ :的了])*")
_TIMES = re.compile(rf"([0-9]{{1,2}}|[{_DIGIT}]) ?[次回趟]")
_CLAUSES = re.compile("[,，。;!?\n]")


class SoFar(msgspec.Struct):
    """What was said of the year so far, and the text without it."""

    claims: list[Claim]
    text: str


def find_so_far(text: str, stays: Stays, expecting: str | None) -> SoFar:
    """The sum a person paid before this stay and the number of stays; nothing when the stays' own bills are told beside it."""
    found = amounts(text)
    for match in _OWN.finditer(text):
        amount = _next(found, text, match.end())
        start = _start(text, match, stays, expecting)
        if amount is None or start is None:
            continue
        before = [each for each in found if start <= each.start < match.start()]
        if not before or all(each.counted for each in before):
            span = (_clause_start(text, start), amount.end)
            return SoFar([said(OWN, amount), *_times(text, *span)], blank(text, [span], "，"))
    return SoFar([], text)


def _next(found: list[Amount], text: str, position: int) -> Amount | None:
    """The amount that follows with nothing but fillers between."""
    filler = _FILLER.match(text, position)
    return next((each for each in found if filler is not None and each.start == filler.end()), None)


def _start(text: str, match: re.Match[str], stays: Stays, expecting: str | None) -> int | None:
    """Where the telling of the year so far begins; None when the sum is of this stay or of another year."""
    if stays.at(match.start()) in ("this", "past"):
        return None
    mentions = [start for start, _ in stays.mentions if start <= match.start()]
    if mentions:
        return min(mentions)
    year = _THIS_YEAR.search(text, 0, match.start())
    if year is not None:
        return year.start()
    return match.start() if stays.at(match.start()) == "earlier" or expecting in EARLIER else None


def _clause_start(text: str, position: int) -> int:
    return max((match.end() for match in _CLAUSES.finditer(text, 0, position)), default=0)


def _times(text: str, start: int, end: int) -> list[Claim]:
    """How many stays there were; of several numbers none is taken."""
    said = {match[1]: match for match in _TIMES.finditer(text, start, end)}
    if len(said) != 1:
        return []
    written, match = said.popitem()
    return [Claim(STAYS, (str(int(written) if written.isascii() else DIGITS[written]),), match[0], *match.span())]
