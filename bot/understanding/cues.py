"""Decides by the words around it what an amount is: its role.

An amount belongs to the cue right before it (自费药三千) or right after it (三千是自费). Roles are the lists of the vocabulary's section
`money`, and `conflict` where the cues on both sides disagree, `unclear_self_funded` where 自费 may mean what was paid in the end.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest

import msgspec

from bot.understanding.amounts import Amount
from bot.understanding.patterns import MoneyPatterns
from bot.understanding.scope import CLAUSE

_ROLES = ("mixed", "including", "first_share", "self_funded", "paid", "part", "other", "each", "total", "stay")
_ROLES_AFTER = ("first_share", "self_funded", "part", "other", "paid", "total")
_WINDOW = 24


class Place(msgspec.Struct):
    """An amount with the words around it.

    `lead`: the clause's text before it, from the amount before. `foreign`: unknown words stand before its cue.
    `spent`: its cue goes on with 花了.
    """

    amount: Amount
    lead: str
    role: str | None = None
    foreign: bool = False
    spent: bool = False
    from_before: bool = False


def places(masked: str, found: Sequence[Amount], patterns: MoneyPatterns) -> Iterator[Place]:
    """The amounts of a text, each with its role. `masked`: words of the vocabulary and amounts are blanked."""
    rest = iter(found)
    amount = next(rest, None)
    earlier = ""
    for clause in CLAUSE.finditer(masked):
        inside: list[Place] = []
        start = clause.start()
        while amount and amount.start < clause.end():
            inside.append(Place(amount, masked[start : amount.start]))
            start, amount = amount.end, next(rest, None)
        _give_roles(masked, inside, clause, earlier, patterns)
        earlier = "" if inside else clause[0]
        yield from inside


def _give_roles(masked: str, inside: list[Place], clause: re.Match[str], earlier: str, patterns: MoneyPatterns) -> None:
    for place in inside:
        _give_role_before(place, patterns)
    if inside and not inside[0].role and patterns.clean.fullmatch(inside[0].lead):
        inside[0].role = _role_of_clause(patterns, earlier)
    for place, following in zip_longest(inside, inside[1:]):
        if following is None or not following.from_before:
            match = patterns.cue_after.match(masked, place.amount.end, clause.end())
            place.role = _combined(place.role, next((name for name in _ROLES_AFTER if match and match[name]), None))
        if place.amount.rate:
            place.role = "each"
    if any(place.role == "conflict" for place in inside):
        for place in inside:
            place.role = place.role or "conflict"


def _give_role_before(place: Place, patterns: MoneyPatterns) -> None:
    match = patterns.cue.search(place.lead, max(0, len(place.lead) - _WINDOW))
    if match:
        place.role = _role_of(patterns, match, place.lead)
        place.foreign = not patterns.clean.fullmatch(place.lead, 0, match.start())
        place.spent = "花" in match["between"] or "用" in match["between"]
        place.from_before = True


def _role_of(patterns: MoneyPatterns, match: re.Match[str], lead: str) -> str:
    role = next(name for name in _ROLES if match[name] is not None)
    if role in {"mixed", "including"}:
        return _mixed_role(patterns, role, share=match["share"] is not None, between=match["between"])
    if role in {"total", "stay"} and patterns.aside.search(lead):
        return "part"
    if role == "stay" and patterns.owing.search(lead, 0, match.start()):
        return "part"  # 欠医院三万
    if role == "self_funded" and patterns.own_pocket.search(lead, 0, match.start()):
        return "unclear_self_funded"
    return role


def _mixed_role(patterns: MoneyPatterns, role: str, *, share: bool, between: str) -> str:
    """包括自费三千 is the self-funded part; 连自费一共三万 is a mixture; 除去自费三千 may be either."""
    if not share or patterns.sums_up.search(between):
        return "mixed"
    return "self_funded" if role == "including" else "unclear_self_funded"


def _role_of_clause(patterns: MoneyPatterns, clause: str) -> str | None:
    """一共，三万二: a clause that is nothing but a cue belongs to the amount after it."""
    match = patterns.cue.fullmatch(clause) if clause else None
    return _role_of(patterns, match, clause) if match else None


def _combined(first: str | None, after: str | None) -> str | None:
    """The role from the cues before and after an amount."""
    if first is None or after is None or first == after:
        return first or after
    if first == "stay":
        return "conflict" if after in {"self_funded", "first_share"} else after
    if first in {"self_funded", "first_share"}:
        return "conflict" if after in {"self_funded", "first_share", "total"} else first
    return "conflict" if first == "total" else first
