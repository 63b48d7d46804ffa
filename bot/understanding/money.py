"""What the amounts of a message say: the bill, the part out of the catalogue, the first share, or nothing that can be taken.

Where cues disagree, or words stand beside an amount that are not known, it is offered back and not taken.
"""

import re
from bisect import bisect_left
from decimal import Decimal

import msgspec

from bot.conversation.heard import Problem
from bot.understanding.amounts import Amount, amounts
from bot.understanding.claims import Claim
from bot.understanding.cues import DENIED, Place, places
from bot.understanding.patterns import BLANK, MoneyPatterns
from bot.understanding.scope import CLAUSE, EARLIER, ELSEWHEN, Stays, blank
from bot.understanding.words import Found
from engine import LIMIT, yuan

MONEY_SLOTS = frozenset({"total", "self_funded", "first_share", "earlier_total", "so_far_own", "sheet"})

_ZERO = Decimal(0)
_FEN = 100
#: Questions that an amount answers although its words would make it something else: the sheet says who paid, a person what they spent.
_BY_QUESTION = {"sheet": (None, "paid"), "so_far_own": (None, "paid", "total", "stay")}
#: A deposit, or money in hand, is no line of a sheet.
_BESIDE_THE_SHEET = re.compile("押金|预交|够不够|够吗|够不")
_OUTPATIENT = {"outpatient", "chronic_outpatient", "major_disease_outpatient"}
#: What may stand beside a bill that is told without any word for it.
_BESIDE_THE_BILL = {None, "self_funded", "first_share"}
_TOTALS = {"total", "earlier_total"}
_SMALL = 100  # "3" may be 3 yuan or 3万, "99" is asked again; nobody writes 100 for 100万
_DIGIT = 10
_WAN = 10_000
_PLAIN_BILL = 1000
_AMOUNT = "\x01"
#: 没花三万，花了两万 corrects nothing that was said before.
_NOT_SPENT = re.compile("没有?[花用][了掉到]{0,2}$")
_PUNCTUATION = re.compile("[,，。;!?\n.…、]")
_BETWEEN = " \n,，。;、"
_KNOWN = f"[{BLANK}{_AMOUNT}]"
_SEVERAL_YEARS = re.compile("[一两二三四五六七八九十几0-9]年[里多来间]?(?:一共|总共|共|住院|吃药|看病)?[花用]")
_FIGURES = re.compile(r"[0-9]+(?:\.[0-9]{1,2})?|[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]{1,2})?")
#: 一千二是我说错了.
_MISTAKEN = re.compile("(?:那个|这个|那|这)?(?:是|都是)?(?:我|俺)?(?:刚才|刚刚|前面|上面)?[说写打填输报]错")
_LIKE_A_YEAR = re.compile("(?:19|20)[0-9]{2}")
_DATE_LIKE = re.compile("(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])[0-3][0-9]")
_CARD = re.compile("1[0-9]{10}|[0-9]{15}|[0-9]{18}")
_LONG = 8
_WORD_END = re.compile("[^\u4e00-\u9fff]|$|[吧啊呢哦]")


class Money(msgspec.Struct):
    """What the amounts say: claims about a slot, and asides (offered only if nothing better is said of that slot).

    `earlier`: where amounts of an earlier stay stand that nobody asked for. `corrections`: where the message corrects itself.
    """

    claims: list[Claim] = []
    asides: list[Claim] = []
    problems: list[Problem] = []
    spans: list[tuple[int, int]] = []
    earlier: list[tuple[int, int]] = []
    corrections: list[int] = []


class _Message(msgspec.Struct):
    """One message while its amounts are read. `masked`: words of the vocabulary and amounts are blanked."""

    text: str
    masked: str
    count: int
    patterns: MoneyPatterns
    stays: Stays
    expecting: str | None
    about_bill: bool
    in_hospital: bool
    several_stays: bool
    corrected_alone: bool
    money: Money
    last: Place | None = None
    one_bare: bool = False
    paid: list[Amount] = []
    spent: list[int] = []

    @property
    def corrections(self) -> list[int]:
        return self.money.corrections

    @property
    def slot(self) -> str:
        if self.expecting in EARLIER:
            return "earlier_total"
        return self.expecting if self.expecting in MONEY_SLOTS and self.expecting else "total"


def find_money(
    text: str, words: Found, patterns: MoneyPatterns, stays: Stays, expecting: str | None, corrected: list[tuple[int, int]]
) -> Money:
    """Everything the amounts of a tidied text (its dates blanked) say. `corrected`: the words of a correction."""
    shares = [match for match in patterns.share.finditer(text) if not patterns.share_asked.match(text, match.end())]
    blanked = blank(text, [*words.spans, *(match.span() for match in shares)], BLANK)
    found = [amount for amount in amounts(text) if not _is_noise(blanked, amount)]
    masked = blank(blanked, [(amount.start, amount.end) for amount in found], _AMOUNT)
    for amount in found:
        if BLANK in blanked[amount.start : amount.end]:
            amount.values, amount.sure = (), False  # 三万六安: the last digit may begin a name
    about = stays.told_apart or bool(patterns.about.search(text))
    several = stays.several or bool(_SEVERAL_YEARS.search(text))
    alone = bool(corrected or "不是" in text) and _nothing_else(masked, corrected, patterns)
    placed = list(places(masked, found, patterns))
    # 是一万七，不是七万一: what is denied at the end corrects as well.
    denied = [place.amount.start for place in placed if DENIED.search(place.lead)]
    money = Money(corrections=sorted({*(start for start, _ in corrected), *denied}))
    outpatient = any(claim.slot == "care" and set(claim.candidates) <= _OUTPATIENT for claim in words.claims)
    in_hospital = any(claim.slot == "facility" for claim in words.claims)
    message = _Message(text, masked, len(found), patterns, stays, expecting, about, in_hospital, several, alone, money)
    message.money.spans = [(amount.start, amount.end) for amount in found]
    message.one_bare = sum(not place.role for place in placed) == 1 and {place.role for place in placed} <= _BESIDE_THE_BILL
    for place in placed:
        if outpatient and place.role == "part" and len(found) == 1:
            place.role, place.foreign = "total", False  # 门诊拿药花了三百: the medicine is the bill
        _judge(message, place)
        message.last = place
    _add_none(message)
    _add_shares(message, shares)
    _doubt_own_pocket(message)
    return message.money


def _nothing_else(masked: str, corrected: list[tuple[int, int]], patterns: MoneyPatterns) -> bool:
    """Whether a message only corrects an amount: 三万二，不对，是两万三."""
    rest = blank(masked, corrected, BLANK).replace(_AMOUNT, BLANK).replace("不是", BLANK)
    return bool(patterns.clean.fullmatch(_PUNCTUATION.sub("", rest)))


def _is_noise(text: str, amount: Amount) -> bool:
    """A number in a hospital's name, and a lone 一 or 二 that only begins a word (一共, 二院)."""
    if text.startswith(BLANK, amount.start):
        return True
    return _is_lone_digit(amount) and not _WORD_END.match(text, amount.end)


def _is_lone_digit(amount: Amount) -> bool:
    return not amount.unit and len(amount.text) == 1 and not amount.text.isascii()


def _judge(message: _Message, place: Place) -> None:
    amount, stay = place.amount, message.stays.at(place.amount.start)
    if place.role == "other" or _is_card(amount):
        return
    if stay in ELSEWHEN:
        _judge_elsewhen(message, place, stay)
    elif not (_NOT_SPENT.search(place.lead) or DENIED.search(place.lead) or _MISTAKEN.match(message.text, amount.end)):
        _judge_said(message, place)


def _judge_said(message: _Message, place: Place) -> None:
    amount, role = place.amount, place.role
    if message.expecting == "sheet" and _BESIDE_THE_SHEET.search(message.text):
        return
    if message.expecting in _BY_QUESTION and role in _BY_QUESTION[message.expecting]:
        _take(message, place, message.expecting)
    elif role in {"self_funded", "first_share"}:
        _take(message, place, role)
        message.spent += [amount.start] if place.spent else []
    elif role == "unclear_self_funded":
        _offer(message, "self_funded", amount)
    elif role in {"total", "stay"}:
        _judge_total(message, place)
    elif role == "paid":
        _judge_paid(message, amount)
    elif role == "each":
        _offer(message, message.slot, amount, empty=True)
    elif role:
        _offer(message, message.slot, amount)
    elif message.last and (DENIED.search(message.last.lead) or _corrected_between(message, message.last.amount.end, amount.start)):
        _judge_again(message, place, message.last)
    else:
        _judge_bare(message, place)


def _judge_elsewhen(message: _Message, place: Place, stay: str | None) -> None:
    """An amount of an earlier stay answers the question about that one; otherwise it says only that there was one."""
    if stay == "past":
        _offer(message, message.slot, place.amount, empty=True)
    elif message.expecting not in EARLIER:
        message.money.earlier.append((place.amount.start, place.amount.end))
    elif place.role in {"total", "stay", None}:
        _take(message, place, "earlier_total")


def _corrected_between(message: _Message, start: int, end: int) -> bool:
    after = bisect_left(message.corrections, start)
    return after < len(message.corrections) and message.corrections[after] <= end


def _judge_again(message: _Message, place: Place, last: Place) -> None:
    """三万，不对，三万二 and 自费的不是三千是五千: an amount after a correction is what the amount before it was."""
    place.role = last.role
    if not message.patterns.clean.fullmatch(place.lead):
        place.amount.sure = False
    if place.role:
        _judge(message, place)
    else:
        _judge_bare(message, place)


def _judge_total(message: _Message, place: Place) -> None:
    amount = place.amount
    stay = message.stays.at(amount.start)
    amount.sure = amount.sure and (stay == "this" or not message.several_stays)
    if place.role == "stay" and not amount.unit and (amount.value or _ZERO) < _SMALL:
        return
    if message.expecting in EARLIER and stay != "this":
        _take(message, place, "earlier_total")
    elif place.foreign and amount.unit and _ZERO < (amount.value or _ZERO) < _PLAIN_BILL:
        _offer(message, "total", amount)  # 打的花了三百: a small sum with unknown words before it may be anything
    else:
        _take(message, place, "total")


def _judge_paid(message: _Message, amount: Amount) -> None:
    """What was paid already says nothing of the bill, and 能报几万 asks."""
    message.paid.append(amount)
    if amount.values:
        _offer(message, message.slot, amount, empty=True)


def _judge_bare(message: _Message, place: Place) -> None:
    """An amount without a cue: the answer to the question, or the bill if the message can hardly mean anything else."""
    amount, slot = place.amount, message.slot
    clear = bool(message.patterns.clean.fullmatch(place.lead)) and _may_be_money(message, amount)
    if message.expecting == "earlier_facility" and message.count == 1 and _is_alone(message, amount):
        _offer(message, "so_far_own", amount)  # asked for a hospital, or for what was paid in all
        return
    if message.expecting in MONEY_SLOTS:
        if clear:
            _take(message, place, slot)
        elif amount.unit:
            _offer(message, slot, amount)
        return
    alone = message.count == 1 and _is_alone(message, amount)
    if message.in_hospital and message.one_bare and _is_a_piece(message, amount):
        _take(message, place, slot)  # 低保 县医院 12000; 县医院，12,600，自费400
        return
    spoken_of = alone or message.corrections or message.about_bill
    if not spoken_of:
        return
    if message.corrections and message.corrected_alone:
        _take(message, place, slot) if _is_plain(amount) else _offer(message, slot, amount)
    elif amount.unit and clear and not message.corrections:
        _take(message, place, slot)
    elif amount.values and (amount.unit or (clear and amount.values[0] >= _PLAIN_BILL and not alone)):
        _offer(message, slot, amount)


def _may_be_money(message: _Message, amount: Amount) -> bool:
    """A number without a unit must not be followed by an unknown thing that it may count."""
    if amount.unit:
        return True
    return bool(message.patterns.follows.match(message.masked, amount.end))


def _is_plain(amount: Amount) -> bool:
    return amount.unit or (
        _FIGURES.fullmatch(amount.text) is not None and (amount.value or _ZERO) >= _PLAIN_BILL and not _LIKE_A_YEAR.fullmatch(amount.text)
    )


def _is_a_piece(message: _Message, amount: Amount) -> bool:
    """Whether a plain amount stands by itself, between commas or spaces, and nothing since the last known word tells of another cost."""
    text = message.text
    before, after = text[amount.start - 1 : amount.start], text[amount.end : amount.end + 1]
    apart = (not before or before in _BETWEEN) and (not after or after in _BETWEEN)
    told = re.split(_KNOWN, message.masked[: amount.start])[-1]
    other = message.patterns.aside.search(told) or message.patterns.owing.search(told)
    return apart and not other and _is_plain(amount)


def _is_alone(message: _Message, amount: Amount) -> bool:
    around = message.masked[: amount.start] + message.masked[amount.end :]
    return bool(message.patterns.clean.fullmatch(_PUNCTUATION.sub("", around)))


def _is_card(amount: Amount) -> bool:
    return amount.digits and bool(_CARD.fullmatch(amount.text))


def _take(message: _Message, place: Place, slot: str) -> None:
    """Claims an amount for a slot, or reports what is wrong with it."""
    amount = place.amount
    value = amount.value
    doubtful_number = not _may_be_money(message, amount)
    if amount.digits and len(amount.text) >= _LONG and (message.expecting not in MONEY_SLOTS or _DATE_LIKE.fullmatch(amount.text)):
        _offer(message, slot, amount, empty=True)
    elif doubtful_number:
        if amount.text.isascii():
            _offer(message, slot, amount)
    elif value is not None and (code := fault(value, slot)):
        message.money.problems.append(Problem(code, amount.text, slot))
    elif value is not None and (amount.unit or value >= _SMALL or not value or (slot == "sheet" and "." in amount.text)):
        message.money.claims.append(_claim(slot, amount, (_spelled(value),), sure=True))
    else:
        message.money.claims.append(_claim(slot, amount, _candidates(amount, slot), sure=False))


def _offer(message: _Message, slot: str, amount: Amount, *, empty: bool = False) -> None:
    message.money.asides.append(_claim(slot, amount, () if empty else _candidates(amount, slot), sure=False))


def _claim(slot: str, amount: Amount, candidates: tuple[str, ...], *, sure: bool) -> Claim:
    return Claim(slot, candidates, amount.text, amount.start, amount.end, sure, amount.approximate)


def said(slot: str, amount: Amount) -> Claim:
    """An amount that is what its words say, however small; without a value that can stand it is asked for."""
    known = [value for value in amount.values if not fault(value, slot)]
    return _claim(slot, amount, tuple(map(_spelled, known)), sure=amount.value is not None and bool(known))


def _candidates(amount: Amount, slot: str) -> tuple[str, ...]:
    """The readings that can be offered. A bare digit may be meant in 万, as everybody speaks of bills."""
    found = amount.values
    if not amount.unit and len(found) == 1 and found[0] < _SMALL:
        if _is_lone_digit(amount):
            return ()
        found = (found[0], found[0] * _WAN) if found[0] < _DIGIT else found
    return tuple(dict.fromkeys(_spelled(value) for value in found if not fault(value, slot)))


def fault(value: Decimal, slot: str) -> str | None:
    """Why a value cannot stand in a money slot: negative, zero, too_large, too_precise, or None."""
    if value < 0:
        return "negative"
    if not value and slot in _TOTALS:
        return "zero"
    if value * _FEN > LIMIT:
        return "too_large"
    return "too_precise" if value * _FEN % 1 else None


def _spelled(value: Decimal) -> str:
    """The contract's spelling: 32000 is "32000.00"."""
    return yuan(int(value * _FEN))


def _add_none(message: _Message) -> None:
    """没有自费: nothing is a value too, where it was asked or is a clause of its own."""
    whole = _PUNCTUATION.sub("", message.text).strip()
    if message.expecting in {"self_funded", "first_share", "sheet"} and whole.rstrip("吧啊呀了的嘛") in message.patterns.none:
        message.money.claims.append(Claim(message.slot, ("0.00",), whole, 0, len(message.text)))
        return
    for clause in CLAUSE.finditer(message.text):
        said = message.patterns.no_self_funded.search(clause[0].rstrip())
        if said and message.stays.at(clause.start()) not in ELSEWHEN and not message.text.startswith("?", clause.end()):
            start = clause.start() + said.start()
            message.money.claims.append(Claim("self_funded", ("0.00",), said[0], start, start + len(said[0])))


def _add_shares(message: _Message, shares: list[re.Match[str]]) -> None:
    """全自费 is the whole bill, if that was said; 自费一半 is an amount nobody said. Both are asked back."""
    totals = {claim.candidates for claim in message.money.claims if claim.slot == "total" and claim.sure}
    for match in shares:
        if message.stays.at(match.start()) not in ELSEWHEN:
            candidates = next(iter(totals)) if match["whole"] and not match["negated"] and len(totals) == 1 else ()
            message.money.claims.append(Claim("self_funded", candidates, match[0], *match.span(), sure=False))


def _doubt_own_pocket(message: _Message) -> None:
    """Many say 自费 for what they paid in the end. Taken back to an offer where the sums or the order suggest it."""
    claims = message.money.claims
    total = next((Decimal(claim.candidates[0]) for claim in claims if claim.slot == "total" and claim.sure), None)
    doubtful = [claim for claim in claims if claim.slot == "self_funded" and claim.sure and _is_own_pocket(message, claim, total)]
    message.money.claims = [claim for claim in claims if claim not in doubtful]
    message.money.asides += [msgspec.structs.replace(claim, sure=False) for claim in doubtful]


def _is_own_pocket(message: _Message, claim: Claim, total: Decimal | None) -> bool:
    if total is None:
        asked = message.expecting == "self_funded"
        return any(amount.start < claim.start for amount in message.paid) or (claim.start in message.spent and not asked)
    paid = sum((amount.value or _ZERO for amount in message.paid), _ZERO)
    return bool(message.paid) and abs(total - paid - Decimal(claim.candidates[0])) * 10 <= total
