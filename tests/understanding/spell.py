"""Spells whole numbers as people say them: the other direction of the reader, written independently of it."""

_DIGITS = "零一二三四五六七八九"


def spell(number: int) -> str:
    """10005 → 一万零五. For 0 < number ≤ 100,000,000."""
    high, low = divmod(number, 10_000)
    if high >= 10_000:
        return (
            spell(high // 10_000)
            + "亿"
            + (_gap(number % 100_000_000, 10_000_000) + spell(number % 100_000_000) if number % 100_000_000 else "")
        )
    if not high:
        return _short(low)
    return _short(high) + "万" + (_gap(low, 1000) + _short(low) if low else "")


def _gap(rest: int, unit: int) -> str:
    return "零" if rest < unit else ""


def _short(number: int) -> str:
    """Below 10,000: 1050 → 一千零五十, 15 → 十五."""
    if number < 10:
        return _DIGITS[number]
    for unit, name in ((1000, "千"), (100, "百"), (10, "十")):
        if number >= unit:
            count, rest = divmod(number, unit)
            start = "" if number < 20 else _DIGITS[count]
            return start + name + (_gap(rest, unit // 10) + _spoken_in_full(rest) if rest else "")
    raise AssertionError(number)


def _spoken_in_full(rest: int) -> str:
    return "一" + _short(rest) if 10 <= rest < 20 else _short(rest)
