"""Chinese and mixed numerals: 三万二, 三万零五百, 3.2万, 1w2, 3万2千, 廿三万.

A numeral is read from its tokens by a strict grammar. What does not fit it ("三万二万", "一二三万") has no value: nothing is guessed.
"""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

_SPELLINGS = ("", "一壹", "二两贰貳", "三叁參", "四肆", "五伍", "六陆陸", "七柒", "八捌", "九玖")
DIGITS = {char: value for value, chars in enumerate(_SPELLINGS) for char in chars} | {"俩": 2, "仨": 3}
_TEN, _HUNDRED, _THOUSAND, _WAN, _YI = 10, 100, 1000, 10_000, 100_000_000
_UNIT_SPELLINGS = {_TEN: "十拾", _HUNDRED: "百佰", _THOUSAND: "千仟k", _WAN: "万萬w", _YI: "亿億"}
_UNITS = {char: value for value, chars in _UNIT_SPELLINGS.items() for char in chars}
_TENS = {"廿": 2, "卅": 3}
_UNIT_CHARS = "十拾百佰千仟万萬亿億"

#: One piece of a numeral. A unit may stand one or two spaces after a written number ("3.2 万").
_TOKEN = re.compile(
    r"(?P<arabic>[0-9]+(?:[.,，。、·' :/][0-9]+)*)"
    r"|(?P<digit>[一壹二两贰貳三叁參四肆五伍六陆陸七柒八捌九玖]|(?<![我俺咱你他她们])[俩仨](?=[百千万]))"
    r"|(?P<zero>[零〇])"
    r"|(?P<tens>[廿卅])"
    rf"|(?P<unit>[{_UNIT_CHARS}]|[kKwW](?![A-Za-z])|(?<=[0-9]) {{1,2}}(?:[百千万亿]|[kKwW](?![A-Za-z])))"
    rf"|(?P<some>几|数(?=[{_UNIT_CHARS}]))"
    rf"|(?P<over>多(?!少)|余(?=[{_UNIT_CHARS}块元])|来(?=[{_UNIT_CHARS}块元]))"
    r"|(?P<half>半)"
    r"|(?P<point>点(?=[0-9一二两三四五六七八九零]))"
)
_GROUPED = re.compile(r"[0-9]{1,3}(?:[,，][0-9]{3})+(?:\.[0-9]+)?")
_SIMPLE = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_LISTED = re.compile(r"[0-9]{4,}(?:[,，、 ][0-9]{4,})*(?:[,，、 ][0-9]+)?")

#: Longer runs of digits are not amounts, and Decimal would round them.
_LONGEST = 20
_WIDEST_RANGE = 2


class Token(NamedTuple):
    """A piece of a numeral. `kind`: number, digit, zero, unit, some (几), over (多), half, point, doubtful (written unclearly)."""

    kind: str
    value: Decimal
    start: int
    end: int
    written: str


def runs(text: str) -> Iterator[list[Token]]:
    """The numerals of a text: tokens that stand side by side. 多 ends a numeral unless a unit follows it."""
    run: list[Token] = []
    for token in _tokens(text):
        if run and (run[-1].end != token.start or _ends(run[-1], token)):
            yield run
            run = []
        run.append(token)
    if run:
        yield run


def _ends(last: Token, token: Token) -> bool:
    if last.kind == "over":
        return token.kind != "unit"
    return token.kind in {"number", "doubtful"} and last.kind in {"number", "doubtful"}


def _tokens(text: str) -> Iterator[Token]:
    for match in _TOKEN.finditer(text):
        kind, written = match.lastgroup or "", match[0]
        if kind == "arabic":
            yield from _written(written, match.start())
        elif kind == "tens":  # 廿三 is 二十三
            yield Token("digit", Decimal(_TENS[written]), match.start(), match.start(), written)
            yield Token("unit", Decimal(_TEN), match.start(), match.end(), written)
        elif kind == "unit":
            yield Token(kind, Decimal(_UNITS[written.strip().lower()]), match.start(), match.end(), written)
        else:
            yield Token(kind, Decimal(DIGITS.get(written, 0)), match.start(), match.end(), written)


def _written(written: str, start: int) -> Iterator[Token]:
    """Digits as they were typed: one number, a list of numbers ("32000，3000"), or something that is not clearly either."""
    end = start + len(written)
    if len(written) <= _LONGEST and _SIMPLE.fullmatch(written):
        yield Token("number", Decimal(written), start, end, written)
    elif len(written) <= _LONGEST and _GROUPED.fullmatch(written):
        # "300，200" may be two amounts; after a full-width comma only a group such as 000 cannot begin a number of its own.
        clear = all(group.startswith("0") for group in written.split("，")[1:])
        value = Decimal(written.replace(",", "").replace("，", ""))
        yield Token("number" if clear else "doubtful", value, start, end, written)
    elif _LISTED.fullmatch(written):
        for part in re.finditer("[0-9]+", written):
            yield from _single(part[0], start + part.start())
    elif ":" not in written and "/" not in written:
        yield Token("doubtful", Decimal(0), start, end, written)


def _single(written: str, start: int) -> Iterator[Token]:
    kind = "number" if len(written) <= _LONGEST else "doubtful"
    yield Token(kind, Decimal(written if kind == "number" else 0), start, start + len(written), written)


def values(tokens: Sequence[Token]) -> tuple[Decimal, ...]:
    """What a numeral is worth: one value, both ends of a range ("三五万"), or nothing when it is vague or malformed."""
    tokens = _with_decimals([token for token in tokens if token.kind != "over"])
    if any(token.kind not in {"number", "digit", "zero", "unit"} for token in tokens):
        return ()
    split = _neighbours(tokens)
    ways = [tokens] if split is None else [[*tokens[:split], end, *tokens[split + 2 :]] for end in tokens[split : split + 2]]
    found = [value(way) for way in ways]
    clear = tuple(each for each in found if each is not None)
    return clear if len(clear) == len(found) else ()


def _with_decimals(tokens: list[Token]) -> list[Token]:
    """三点二万 and 3点2万: the point and the digits after it become part of the number, if a unit follows."""
    if not (len(tokens) > _WIDEST_RANGE and tokens[1].kind == "point" and tokens[0].kind in {"digit", "number"}):
        return tokens
    stop = next((index for index, token in enumerate(tokens) if token.kind == "unit"), 0)
    if not stop:
        return tokens
    written = f"{tokens[0].value}." + "".join(str(token.value) for token in tokens[2:stop])
    if not _SIMPLE.fullmatch(written) or len(written) > _LONGEST:
        return tokens
    return [Token("number", Decimal(written), tokens[0].start, tokens[stop - 1].end, written), *tokens[stop:]]


def _neighbours(tokens: Sequence[Token]) -> int | None:
    """Where two neighbouring rising digits stand ("三五万", "十七八万"): the spoken form of a range."""
    for index in range(len(tokens) - 1):
        first, second = tokens[index], tokens[index + 1]
        if first.kind == second.kind == "digit":
            return index if 0 < second.value - first.value <= _WIDEST_RANGE else None
    return None


def value(tokens: Sequence[Token]) -> Decimal | None:
    """The value of a numeral without vague parts, or None if it is malformed."""
    total, above, rest = Decimal(0), None, list(tokens)
    for unit in (_YI, _WAN):
        places = [index for index, token in enumerate(rest) if token.kind == "unit" and token.value == unit]
        if len(places) > 1:
            return None
        if places:
            part = _section(rest[: places[0]], above, spoken=False)
            rest = rest[places[0] + 1 :]
            if part is None or (above and part * unit >= above) or (rest and part % 1):
                return None
            total, above = total + part * unit, unit
    if not rest:
        return total
    part = _section(rest, above, spoken=True)
    return None if part is None else total + part


def _section(tokens: Sequence[Token], above: int | None, *, spoken: bool) -> Decimal | None:
    """A numeral below 万: falling units. `spoken`: a digit at the end is a tenth of the unit before it (两千八)."""
    total, last, zero, index = Decimal(0), above, False, 0
    if not tokens:
        return None
    while index < len(tokens):
        if tokens[index].kind == "zero":
            if zero or len(tokens) == index + 1:
                return Decimal(0) if len(tokens) == 1 and not above else None
            zero, index = True, index + 1
            continue
        count, unit, index = _pair(tokens, index)
        if unit is None:
            part = _last(count, last, zero=zero, spoken=spoken) if count and index == len(tokens) else None
            return None if part is None else total + part
        part = _step(count, unit)
        if part is None or (last and part >= last) or (part % unit and (index < len(tokens) or last)):
            return None
        total, last, zero = total + part, unit, False
    return total


def _pair(tokens: Sequence[Token], index: int) -> tuple[Token | None, int | None, int]:
    """A count with its unit, where either may be missing, and the index after them."""
    if tokens[index].kind == "unit":
        return None, int(tokens[index].value), index + 1
    if index + 1 < len(tokens) and tokens[index + 1].kind == "unit":
        return tokens[index], int(tokens[index + 1].value), index + 2
    return tokens[index], None, index + 1


def _step(count: Token | None, unit: int) -> Decimal | None:
    if count is None:
        # Only 十 stands without a count (十万, 三百十五, 十四万零十).
        return Decimal(unit) if unit == _TEN else None
    return count.value * unit if count.value else None


def _last(count: Token, last: int | None, *, zero: bool, spoken: bool) -> Decimal | None:
    """The number at the end that has no unit of its own."""
    if last is None:
        return None if zero else count.value
    if count.kind == "number" and not count.written.isdigit():
        return None
    if zero:
        return count.value if count.value and count.value * 10 < last else None
    if not count.value:
        return None
    if len(count.written) == 1:
        return count.value if last == _TEN else count.value * (last // 10) if spoken else None
    return count.value if spoken and _fits(count.written, last) else None


def _fits(written: str, last: int) -> bool:
    """3万2500 and 3万500 are clear; 3万50 and 3万050 are not."""
    room = len(str(last)) - 1
    return len(written) == room or (last == _WAN and len(written) == room - 1 and not written.startswith("0"))
