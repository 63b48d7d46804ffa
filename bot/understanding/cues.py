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
#: 自费的不是三千 tells what the amount after it is.
DENIED = re.compile("不是[要有是花了说 ]{0,2}$")
_SPENT = re.compile("花|用了|用掉")
_OF_CATALOGUE = re.compile("药|材|丙类|目录|检查|项目")
_MISTAKEN = re.compile(
    "(?:那里|这里|那块|那个|这个)?"
    "(?:[写说填打弄搞算记看报]错了?|[写说填打弄搞算记看报][多少]了|漏了|[多少](?:打|写|填|报)了?一?(?:个零|位)|不对|有误|不是这个数|(?:没|没有|冇|木有)(?:那么|恁么?|这么|那)多)$"
)


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
    lead = DENIED.sub("", place.lead)
    match = patterns.cue.search(lead, max(0, len(lead) - _WINDOW))
    if match:
        place.role = _role_of(patterns, match, lead)
        place.foreign = not patterns.clean.fullmatch(lead, 0, match.start())
        # 自费花了三千 may be what was paid in the end; 自费药花了三千 is not.
        place.spent = not _OF_CATALOGUE.search(match[0]) and ("花" in match["between"] or "用" in match["between"])
        place.from_before = True


def _role_of(patterns: MoneyPatterns, match: re.Match[str], lead: str) -> str:
    role = next(name for name in _ROLES if match[name] is not None)
    role = "total" if role == "stay" and _SPENT.search(match["between"]) else role
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
    """一共，三万二 and 自费写错了，是六百: a clause that is nothing but a cue belongs to the amount after it."""
    match = patterns.cue.fullmatch(_MISTAKEN.sub("", clause)) if clause else None
    return _role_of(patterns, match, clause) if match else None


def _combined(first: str | None, after: str | None) -> str | None:
    """The role from the cues before and after an amount."""
    if first is None or after is None or first == after:
        return first or after
    if first in {"mixed", "part"} and after == "self_funded":
        return after  # 除了三千自费药, 材料费三千是自费
    if first == "stay":
        return "conflict" if after in {"self_funded", "first_share"} else after
    if first in {"self_funded", "first_share"}:
        return "conflict" if after in {"self_funded", "first_share", "total"} else first
    return "conflict" if first == "total" else first
