"""Texts of packs and words that are told back, in traditional characters: the catalogue has its own."""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opencc import OpenCC


@cache
def _converter() -> "OpenCC":
    from opencc import OpenCC

    return OpenCC("s2tw")  # the characters of Taiwan's standard; the words stay those of the mainland's insurance


def traditional(text: str) -> str:
    """The same words in traditional characters; which of several forms is meant, OpenCC tells by the words around."""
    return str(_converter().convert(text))
