"""What single words claim about a slot, and what all claims about one slot come to."""

from collections.abc import Sequence

import msgspec

from bot.conversation.heard import Ambiguity, Slot


class Claim(msgspec.Struct, frozen=True):
    """One thing said about a slot. `sure`: the one candidate was said plainly."""

    slot: str
    candidates: tuple[str, ...]
    text: str
    start: int
    end: int
    sure: bool = True
    approximate: bool = False


_BOOLS = {"true": True, "false": False}


def settle(claims: Sequence[Claim], corrections: Sequence[int]) -> Slot | Ambiguity:
    """One slot's claims as a value, if they agree and one of them is sure; otherwise as a question.

    `corrections`: where the message corrects itself ("三万，不对，三万二"). What stands before the last one with a claim after it is void.
    """
    claims = _standing(claims, corrections)
    named = [claim for claim in claims if claim.candidates]
    agreed = [each for each in (named[0].candidates if named else ()) if all(each in claim.candidates for claim in named)]
    sure = next((claim for claim in named if claim.sure), None)
    if sure and len(agreed) == 1:
        value = agreed[0]
        return Slot(int(value) if sure.slot == "age" else _BOOLS.get(value, value), sure.text, any(claim.approximate for claim in named))
    offered = tuple(agreed) or tuple(dict.fromkeys(each for claim in named for each in claim.candidates))
    words = tuple(dict.fromkeys(claim.text for claim in claims))
    return Ambiguity(claims[0].slot, offered, "、".join(words), open=len(words) > 1 and not agreed)


def _standing(claims: Sequence[Claim], corrections: Sequence[int]) -> Sequence[Claim]:
    last = max(claim.start for claim in claims)
    voided = max((position for position in corrections if position < last), default=-1)
    return [claim for claim in claims if claim.start > voided]
