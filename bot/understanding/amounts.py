"""Reads the amounts of money in a sentence: where they stand, what they are worth, how sure that is.

It knows numerals, units and counting words, nothing of insurance. Ages, days, counts, percentages, beds and numbers of papers are left out.
"""

import re
from collections.abc import Iterator
from decimal import Decimal

import msgspec

from bot.understanding.numerals import DIGITS, Token, runs, values
from bot.understanding.tidy import BLOCK

_SCALE = 100  # from 百 on a numeral sounds like money; 十 alone counts anything
_JIAO, _FEN = Decimal("0.1"), Decimal("0.01")
#: 三万块五 is hardly five mao more; 两万三千四百五十块六 is six.
_SPOKEN_JIAO_BELOW, _ROUND = 10_000, 1000
_WINDOW = 16


class Amount(msgspec.Struct):
    """One amount, built piece by piece by the reader and not changed afterwards.

    `values`: what it may be worth, in yuan; none when it is vague ("好几万") or malformed.
    `sure`: there is one value and it is what was said; `approximate`: about that much.
    `money`: it has a money unit; `unit`: that, or 百, 千, 万. Without either it is a bare number.
    `digits`: typed as plain digits only. `rate`: a price for each day, time or piece. `counted`: it counts something else.
    """

    start: int
    end: int
    text: str = ""
    values: tuple[Decimal, ...] = ()
    sure: bool = True
    approximate: bool = False
    money: bool = False
    unit: bool = False
    digits: bool = False
    rate: bool = False
    counted: bool = False
    scale: Decimal = Decimal(1)

    @property
    def value(self) -> Decimal | None:
        """The one value that was said, if it is beyond doubt."""
        return self.values[0] if self.sure and len(self.values) == 1 else None


_DIGIT = "一二两三四五六七八九"
#: As cheques and sheets write them.
_FORMAL = "壹贰叁肆伍陆柒捌玖"
_COUNT = f"0-9零〇十百千万亿几多数{_DIGIT}"
#: Vague words that contain a unit and no count.
_IDIOM = re.compile(
    rf"(?<![{_COUNT}])(?:(?:好几|成百上|成千上|几百上|[上成近过])[百千万亿]+(?:块钱|块|元|(?![{_COUNT}]))"
    r"|[百千万](?:把|儿八[百千]|八[百千十](?=块|元)|十来?(?=块|元))(?:块钱|块|元)?|半个?万|个把万)"
)
#: 百来块 is about 100, 千来块 about 1000.
_OR_SO = re.compile(rf"(?<![{_COUNT}])(?P<unit>[百千万])来(?:块钱|块|元)")
_OR_SO_VALUES = {"百": Decimal(100), "千": Decimal(1000), "万": Decimal(10_000)}
_UNIT = re.compile(r" {0,2}(?:块钱|块(?![钢骨肉石板肿疤斑地])|元(?:人民币|[整钱])?|圆整?|人民币|(?i:rmb))")
_SMALL_UNIT = re.compile(" ?[毛角]钱?")
_FOREIGN = re.compile(r" {0,2}(?:美元|美金|美刀|欧元|港币|港元|日元|英镑|韩元|(?i:usd|hkd|eur))")
_CURRENCY = re.compile(r"(?:¥|(?i:rmb|cny)) ?$")
#: What a digit after 块 may count or begin instead of being 角: 三十块一天, 两百块二楼, 五块三毛.
_GOES_ON = f"0-9.零〇{_DIGIT}十百千万亿kKwW天个次元块毛角分号月日周楼层岁点成级甲等家人口位名床瓶盒针年倍折斤公里米度晚餐顿片支袋"
#: 3块5, 12块3毛5分, 3元5角. A bare digit counts as 角 only after 块 and where nothing else can follow from it; 12块50 stays unclear.
_CHANGE = re.compile(
    rf"零?(?:(?P<jiao>[0-9{_DIGIT}{_FORMAL}])[毛角](?:(?P<fen>[0-9{_DIGIT}{_FORMAL}])分?)?|(?P<only_fen>[0-9{_DIGIT}{_FORMAL}])分(?!钟)"
    rf"|(?<=块)(?P<bare>[0-9{_DIGIT}])(?:(?=钱)|(?=[,，、](?![0-9]))|(?<!一)(?=[\u4e00-\u9fff])(?![{_GOES_ON}])|(?![0-9.,，、\u4e00-\u9fffkKwW]))"
    rf"|(?<=[块元])(?P<unclear>[0-9]{{2}}(?![{_COUNT}块元]))"
    r")[钱整]?"
)
_COUNTER = re.compile(
    r"[多来余]? ?(?:周?岁|天|[日号年月周]|个(?!人[自付承负账出掏支])|星期|礼拜|小时|分(?![两三几开])|秒|(?<!多)点|次|回(?![来到家])|趟"
    r"|人(?!民币)|口|位|名|户|床|楼|层|室|病区|区|科|项|种|样|瓶|盒|支(?![付出架])|针|粒|袋|包(?![括含了])|斤|公斤|千克|克|毫|米|厘"
    r"|公里|里[地路]|张|份|页|条|根|颗|台|架|辆|套|组|胎|孩|届|院|度|折|倍|成(?![了本])|平方|亩|头|辈|步|字|遍|场|顿|餐|杯|副|剂|疗程"
    r"|级|甲|乙(?!类)|期|型|[%‰°]|[A-Za-z]|块)"
)
#: Hospitals have numbers too (105医院), while 三万二医院说 is money.
_NUMBERED = re.compile("[医附]")
#: 自费那一块 is a part of the bill, not one yuan.
_THAT_PART = re.compile("[那这哪]一块$")
_LABEL = re.compile(
    r"(?:第|分之|号码?|电话|手机|身份证|编码|代码|密码|账户|微信|QQ|尾数|周|星期|礼拜|初|\$|[A-Za-z][-−]?)[为是:]? ?$|[0-9]\.+$|(?<!\.)\.$"
)
#: 多打个零 speaks of a digit.
_A_ZERO = re.compile("个[零0]$")
_RATE = re.compile(" ?[/每一](?:天|日|个?月|年|人|次|针|盒|支|瓶|片|晚|袋)")
_AFTER = re.compile(" ?(?:还多(?!少)|左右|上下|出头|大概|差不多|多点|多(?![少次])|差一?点|好几|挂零|冒头|有余|余(?![下额款]))")
_BOUND_AFTER = re.compile(" ?(?:以上|以下|以内|往上|开外|打底|[还都]?[不没]到|不[止足够])")
_BEFORE = re.compile(
    "(?:不到|不足|(?<![大多少])小|预计|预估|大约摸?|大概其?|约摸?|差不多|将近|接近|(?<![最附])近|估计|估摸着?|可能|好像|大致|(?<![很赶尽凉])快)"
    "(?:是|有|花费|费用|花了|花|用了|要|得|共|一共|总共|[: ]){0,4}$"
)
_BOUND_BEFORE = re.compile("(?:不止|超过|至少|最[少多]|顶多|起码|少说也?|[多少高低]于|小于)(?:是|有|花了|花|要|得|[: ]){0,3}$")
_MINUS = re.compile("(?:(?<![自担抱])负的?|[-−] ?)$")
_TO = re.compile(" ?(?:-{1,2}|[–—~〜]{1,2}|至|到) ?")
_LONGEST_TO = 4
#: 三万、两千; 三万加两千; 3万 2: numbers side by side that may be one amount or several.
_BESIDE = re.compile(" ?[、+加和] ?| {1,2}")
#: "花了三万一共…" is 三万 and 一共, or 三万一 and 共: the last digit may begin the next word.
_NEXT_WORD = re.compile("一(?:共|般|直|起|点|些|下|样|定|家)|三[甲级]|[一二]级|二甲|五保|两家")
#: 千万别 and 千万一…: the words for "by all means" and "in case", not ten million.
_ADVERB = re.compile("[十百千]万(?:[别不要记注]|一(?=[\u4e00-\u9fff])(?![千百十块元]))")


def amounts(text: str) -> list[Amount]:
    """The amounts of a tidied text, in order. Bare numbers are among them; counted things are not."""
    found: list[Amount] = []
    for amount in _candidates(text):
        if found and amount.start < found[-1].end:
            continue  # already read as the change of the amount before it
        between = text[found[-1].end : amount.start] if found else ""
        if 0 < len(between) <= _LONGEST_TO and _TO.fullmatch(between):
            found[-1] = _range(found[-1], amount)
        elif _BESIDE.fullmatch(between) and _may_belong(found[-1], amount):
            found[-1].end, found[-1].values, found[-1].sure = amount.end, (), False
        else:
            _read_sign(text, amount)
            found.append(amount)
    for amount in found:
        amount.text = text[amount.start : amount.end].strip()
    return [amount for amount in found if not amount.counted]


def _candidates(text: str) -> Iterator[Amount]:
    """Every numeral that may be an amount, in order, without its sign."""
    idioms = [Amount(match.start(), match.end(), sure=False, unit=True) for match in _IDIOM.finditer(text)]
    idioms += [_or_so(match) for match in _OR_SO.finditer(text)]
    masked = _OR_SO.sub(_masked, _IDIOM.sub(_masked, text)) if idioms else text
    numerals = [amount for run in runs(masked) if (amount := _numeral(masked, run))]
    yield from sorted([*idioms, *numerals], key=lambda amount: amount.start) if idioms else numerals


def _masked(match: re.Match[str]) -> str:
    return "\x00" * len(match[0])


def _or_so(match: re.Match[str]) -> Amount:
    value = _OR_SO_VALUES[match["unit"]]
    return Amount(*match.span(), values=(value,), approximate=True, money=True, unit=True)


def _numeral(text: str, run: list[Token]) -> Amount | None:
    run = _trimmed(run)
    if not run:
        return None
    amount = Amount(run[0].start, run[-1].end, approximate=any(token.kind == "over" for token in run))
    amount.values, amount.sure = _values(text, run)
    amount.digits = len(run) == 1 and run[0].written.isdecimal()
    units = [token.value for token in run if token.kind == "unit"]
    amount.unit = any(unit >= _SCALE for unit in units)
    amount.scale = units[0] if len(units) == 1 and run[-1].kind == "unit" else Decimal(len(units) == 0)
    _read_unit(text, amount)
    if not amount.unit and any(token.kind in {"some", "half", "point"} for token in run):
        return None
    _read_surroundings(text, amount)
    return amount


def _trimmed(run: list[Token]) -> list[Token]:
    """The run without what cannot begin or end a numeral; empty if it counts nothing (百 of 老百姓, 万一)."""
    first = next((index for index, token in enumerate(run) if token.kind not in {"over", "point"}), len(run))
    last = next((index for index in range(len(run), first, -1) if run[index - 1].kind != "point"), first)
    run = run[first:last]
    return run if run and (run[0].kind not in {"unit", "half"} or run[0].written in {"十", "拾"}) else []


def _values(text: str, run: list[Token]) -> tuple[tuple[Decimal, ...], bool]:
    """The numeral's values and whether they are sure, with the doubts that only its surroundings raise."""
    end = run[-1].end
    if (run[0].kind == "number" and _leads_with_zero(run[0].written)) or _ADVERB.search(text, max(0, end - 3), end + 2):
        return (), False
    if text.startswith(BLOCK, end):
        return (), False
    if run[0].kind == "doubtful" and len(run) == 1:
        return (run[0].value,) if run[0].value else (), False
    found = values(run)
    if len(run) > 1 and run[-1].kind == "digit" and _NEXT_WORD.match(text, end - 1):
        return tuple(dict.fromkeys((*values(run[:-1]), *found))), False
    return found, len(found) == 1


def _leads_with_zero(written: str) -> bool:
    return written.startswith("0") and written != "0" and not written.startswith("0.")


def _read_unit(text: str, amount: Amount) -> None:
    """Takes 元, 块, 毛 and the change after them into the amount."""
    before = text[max(0, amount.start - _WINDOW) : amount.start]
    if match := _UNIT.match(text, amount.end):
        amount.end = match.end()
        _read_change(text, amount)
    elif match := _SMALL_UNIT.match(text, amount.end):
        amount.end = match.end()
        amount.values = tuple(value * _JIAO for value in amount.values)
    elif match := _FOREIGN.match(text, amount.end):
        amount.end, amount.values, amount.sure = match.end(), (), False
    elif not _CURRENCY.search(before):
        return
    amount.money = amount.unit = True
    amount.digits = False


def _read_change(text: str, amount: Amount) -> None:
    match = None if amount.approximate else _CHANGE.match(text, amount.end)
    if not match:
        return
    amount.end = match.end()
    if match["unclear"] or (match["bare"] and any(value >= _SPOKEN_JIAO_BELOW and value % _ROUND == 0 for value in amount.values)):
        amount.values, amount.sure = (), False
        return
    change = _digit(match["jiao"] or match["bare"]) * _JIAO + _digit(match["fen"] or match["only_fen"]) * _FEN
    amount.values = tuple(value + change for value in amount.values)


def _digit(char: str | None) -> int:
    return 0 if char is None else DIGITS[char] if char in DIGITS else int(char)


def _read_surroundings(text: str, amount: Amount) -> None:
    """Counting words, prices for each, and the words that make an amount approximate or a mere bound."""
    before = text[max(0, amount.start - _WINDOW) : amount.start]
    amount.counted = _is_counted(text, before, amount) if not amount.money else bool(_THAT_PART.search(text, 0, amount.end))
    amount.rate = bool(_RATE.match(text, amount.end))
    if match := _BOUND_AFTER.match(text, amount.end):
        amount.end, amount.sure = match.end(), False
    elif match := _AFTER.match(text, amount.end):
        amount.end, amount.approximate = match.end(), True
    if _BOUND_BEFORE.search(before):
        # "超过三万" says where the amount is not; the number itself is only a hint.
        amount.sure = False
    elif _BEFORE.search(before):
        amount.approximate = True


def _is_counted(text: str, before: str, amount: Amount) -> bool:
    if _COUNTER.match(text, amount.end) or _LABEL.search(before) or _A_ZERO.search(text, amount.start - 1, amount.end):
        return True
    return not amount.unit and bool(_NUMBERED.match(text, amount.end))


def _read_sign(text: str, amount: Amount) -> None:
    before = text[max(0, amount.start - _WINDOW) : amount.start]
    if match := _MINUS.search(before):
        amount.start -= len(before) - match.start()
        amount.values = tuple(-value for value in amount.values)


def _may_belong(first: Amount, second: Amount) -> bool:
    """Whether a number may continue the one before it, so that neither can be read alone."""
    return first.unit and not first.money and not first.counted and not second.counted and not second.money


def _range(first: Amount, second: Amount) -> Amount:
    """3-5万, 三万到五万: one amount with both ends. A telephone number in pieces stays what its first piece is."""
    second.counted = second.counted or first.counted
    second.values = _ends(first, second)
    second.unit = first.unit or second.unit
    second.sure = second.digits = False
    second.start = first.start
    return second


def _ends(first: Amount, second: Amount) -> tuple[Decimal, ...]:
    low, high = first.value, second.value
    if low is None or high is None or low < 0:
        return ()
    if not first.unit and not second.scale:
        return ()
    if not first.unit and low * second.scale < high:
        low *= second.scale
    return (low, high) if low < high else ()
