"""Money: whole fen inside, a decimal string in yuan with two places outside. No float ever."""

import re
from decimal import Decimal

#: No bill and no year may exceed 100,000,000.00 yuan: the bound every plan is proved for.
LIMIT = 10_000_000_000

#: Places before or behind the point beyond which a number is not written out: 1e999999 is short to send and long to spell.
_MOST_PLACES = 30
_PLAIN = re.compile(r"[0-9]{1,30}(\.[0-9]{1,2})?")
_SIGNED = re.compile(r"-?[0-9]+(\.[0-9]+)?")


class MoneyError(ValueError):
    """An amount that cannot be read; `code` is stable: not_a_number, negative, too_precise, too_large."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def fen(amount: object) -> int:
    """Read yuan as whole fen.

    Takes an `int`, a `Decimal`, a `float` that has at most two decimals when printed, or a string such as "20000.5".
    Raises MoneyError with a code; booleans, NaN, negatives, more than two decimals and more than the limit are refused.
    """
    text = _plain_text(amount)
    if not _PLAIN.fullmatch(text):
        raise MoneyError(_fault(text))
    whole, _, part = text.partition(".")
    value = int(whole) * 100 + int(part.ljust(2, "0") or 0)
    if value > LIMIT:
        raise MoneyError("too_large")
    return value


def yuan(amount: int) -> str:
    """Whole fen as a decimal string in yuan with two places: 2000050 -> "20000.50"."""
    sign = "-" if amount < 0 else ""
    return f"{sign}{abs(amount) // 100}.{abs(amount) % 100:02d}"


def _plain_text(amount: object) -> str:
    if isinstance(amount, str):
        return amount
    if isinstance(amount, bool) or not isinstance(amount, int | float | Decimal):
        raise MoneyError("not_a_number")
    # A JSON number such as 1e5 or 20000.500 is the same amount as its plain spelling.
    number = Decimal(str(amount))
    if abs(number.adjusted()) > _MOST_PLACES and number:
        raise MoneyError("negative" if number < 0 else "too_large" if number > 1 else "too_precise")
    return format(number.normalize() if number else Decimal(0), "f")


def _fault(text: str) -> str:
    if not _SIGNED.fullmatch(text):
        return "not_a_number"
    if text.startswith("-"):
        return "negative"
    return "too_precise" if Decimal(text) * 100 <= LIMIT else "too_large"
