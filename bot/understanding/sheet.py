"""结算单上基本医保报了 15600，救助报了 3300: the lines of a settlement sheet, told in one breath."""

import re

from bot.understanding.amounts import amounts
from bot.understanding.claims import Claim
from bot.understanding.money import said
from bot.understanding.scope import blank
from bot.understanding.vocabulary import Vocabulary

SHEET = "sheet"
_FILLER = re.compile("(?:那一?栏|支付|基金|报销|报|给|写|付|补|是|的|了|为|有|只|才|就|一共|[ :“”])*")
#: 先自付 and 乙类自付 are the first share, and no line of who paid.
_FIRST_SHARE = re.compile("(?:先行?|乙类)$")


def find_sheet(text: str, vocabulary: Vocabulary) -> tuple[list[Claim], str]:
    """Claims `sheet.<layer>`, and the text without them."""
    found, claims, spans = amounts(text), [], []
    for match, keys in vocabulary.sheet.find(text):
        filler = _FILLER.match(text, match.end())
        amount = next((each for each in found if filler is not None and each.start == filler.end()), None)
        if amount is not None and not _FIRST_SHARE.search(text, 0, match.start()):
            claims.append(said(f"{SHEET}.{keys[0]}", amount))
            spans.append((match.start(), amount.end))
    return claims, blank(text, spans, "，")
