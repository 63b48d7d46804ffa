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
_ADVERB = "(?:一共|总共|前后|已经|已|加起来|都|大概|大约|差不多|累计)*"
#: Without one of these nothing is told of what was paid.
_PAYER = re.compile("掏|自己|个人|自个|家里")
_OWN = re.compile(
    f"(?:自己|个人|自个儿?|家里){_ADVERB}(?:掏|付|出|花|负担|承担|拿|自付|支付)(?:了|的|过|出|进去)*"
    f"|(?:我们?|俺们?|咱们?)?{_ADVERB}掏(?:了|过|出)+"
)
_NOTHING = re.compile("自己(?:一分钱?|一毛钱?)?(?:都|也)?没有?(?:掏|花|出|付)(?:过)?钱?")
#: Only the year is named, so that the sum may hold this stay too.
_THIS_YEAR = re.compile(f"今年(?:到现在|到目前为止|我们?|俺们?|看病|住院|自己|{_ADVERB[3:-2]})*$")
_WITH_THIS = re.compile("(?:算上|连上?|包括|加上|含|带)(?:了|着)?(?:这|本)[次回趟]")
_BEFORE = re.compile("今年|之前|前面|前头|以前|先前|上一?[次回趟]|前[几两一]?[次回]")
_FORMER = re.compile("之前|前面|前头|以前|先前|上一?[次回趟]")
_FILLER = re.compile("(?:有|是|大概|大约|差不多|一共|总共|将近|快|[ :的了])*")
_TIMES = re.compile(rf"([0-9]{{1,2}}|[{_DIGIT}]) ?[次回趟]")
_CLAUSES = re.compile("[,，。;!?\n ]")
#: What goes on to speak of that sum, or of what was paid beside it.
_TAIL = re.compile(r"(?:里面?|里头|当中|其中|中)[^,，。;!?\n]*|[,，](?:里面?|里头|其中)?有[^,，。;!?\n]*自费[^,，。;!?\n]*")
_ALSO_PAID = re.compile("[,，、 ]*(?:医保|一共|总共|已经|给|又|后来)*(?:报销|报)(?:了|过|掉)*(?:有|大概|大约)*")
_OR = re.compile(" ?(?:还是|或者?|要不|不然|、)")


class SoFar(msgspec.Struct):
    """What was said of the year so far, and the text without it."""

    claims: list[Claim]
    text: str


def find_so_far(text: str, stays: Stays, expecting: str | None) -> SoFar:
    """The sum a person paid before this stay and the number of stays; nothing when the stays' own bills are told beside it.

    It is offered and not taken where several sums were named, where two readings were, and where this stay may be part of it.
    """
    if not _PAYER.search(text):
        return SoFar([], text)
    paid = list(_OWN.finditer(text))
    found = amounts(text) if paid else []
    told = [each for match in paid if (each := _told(text, match, found, stays, expecting))]
    if not told:
        return _nothing(text, stays, expecting)
    spans = [(start, _end(text, found, amount)) for start, amount, _ in told]
    start, amount, sure = told[0]
    claim = said(OWN, amount)
    doubted = len(told) > 1 or not sure or bool(_OR.match(text, amount.end)) or bool(_WITH_THIS.search(text))
    if doubted:
        kept = claim.candidates if len(told) == 1 and not _WITH_THIS.search(text) and not _OR.match(text, amount.end) else ()
        claim = msgspec.structs.replace(claim, sure=False, candidates=kept)
    return SoFar([claim, *_times(text, start, spans[-1][1])], blank(text, spans, "，"))


def _told(text: str, match: re.Match[str], found: list[Amount], stays: Stays, expecting: str | None) -> tuple[int, Amount, bool] | None:
    """Where the telling of one sum begins, the sum, and whether it was surely paid before this stay."""
    amount, began = _next(found, text, match.end()), _began(text, match, stays, expecting)
    if amount is None or began is None:
        return None
    start, sure = began
    own_bill = [each for each in found if start <= each.start < match.start() and not each.counted and (each.unit or each.digits)]
    return None if own_bill else (start, amount, sure)


def _next(found: list[Amount], text: str, position: int) -> Amount | None:
    """The amount that follows with nothing but fillers between."""
    filler = _FILLER.match(text, position)
    return next((each for each in found if filler is not None and each.start == filler.end()), None)


def _began(text: str, match: re.Match[str], stays: Stays, expecting: str | None) -> tuple[int, bool] | None:
    """Where the telling of the year so far begins; None when the sum is of this stay or of another year."""
    if stays.at(match.start()) in ("this", "past"):
        return None
    mentions = [start for start, _ in stays.mentions if start <= match.start()]
    if mentions:
        return _opening(text, min(mentions)), True
    year = _THIS_YEAR.search(text, 0, match.start())
    opening = _opening(text, match.start())
    earlier = stays.at(match.start()) == "earlier" or expecting in EARLIER or bool(_FORMER.search(text, opening, match.start()))
    if year is not None:
        return year.start(), earlier
    return (opening, True) if earlier else None


def _opening(text: str, position: int) -> int:
    """Where the clause begins to speak of earlier: 今年在县医院住过, but not the words before it."""
    clause = max((match.end() for match in _CLAUSES.finditer(text, 0, position)), default=0)
    word = _BEFORE.search(text, clause, position)
    return word.start() if word else position


def _end(text: str, found: list[Amount], amount: Amount) -> int:
    """The end of what is said of a sum: 五千里有三千是自费, and 报销了两万 beside it."""
    tail = _TAIL.match(text, amount.end)
    end = tail.end() if tail else amount.end
    also = _ALSO_PAID.match(text, end)
    paid = next((each for each in found if also is not None and also.end() > end and each.start == also.end()), None)
    return paid.end if paid else end


def _nothing(text: str, stays: Stays, expecting: str | None) -> SoFar:
    """前面自己没掏钱: nothing was paid before."""
    for match in _NOTHING.finditer(text):
        began = _began(text, match, stays, expecting)
        if began is not None:
            claim = Claim(OWN, ("0.00",), match[0], *match.span(), sure=began[1])
            return SoFar([claim], blank(text, [(began[0], match.end())], "，"))
    return SoFar([], text)


def _times(text: str, start: int, end: int) -> list[Claim]:
    """How many stays there were; of several numbers none is taken."""
    named = {match[1]: match for match in _TIMES.finditer(text, start, end)}
    if len(named) != 1:
        return []
    written, match = named.popitem()
    return [Claim(STAYS, (str(int(written) if written.isascii() else DIGITS[written]),), match[0], *match.span())]
