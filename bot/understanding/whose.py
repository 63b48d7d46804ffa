"""Whose category it is when several people are named: 爷爷是特困，奶奶是普通居民，这次是奶奶住院.

A category belongs to the person who is its subject (俺哥是五保户); 我家是低保 and a category without a subject belong to the whole
talk. Who is ill, or for whom it is asked, the message says elsewhere (奶奶住院, 问的是我自己).
"""

import re
from collections.abc import Sequence

import msgspec

from bot.understanding.claims import Claim
from bot.understanding.patterns import PersonPatterns
from bot.understanding.scope import before

_ASKS = re.compile("[^,，。;!?\n]{0,6}[问算查]")
_NEAR, _HOUSEHOLD = 10, "家"
#: Different words for one person.
_SAME = ({*"妈娘母亲"}, {*"爸爹大父亲"}, {*"儿子小娃孩"}, {*"闺女儿"})


def of_the_patient(claims: list[Claim], text: str, person: PersonPatterns) -> list[Claim]:
    """The claims without the categories of people who are not ill. A category that only somebody else was said to have is doubtful."""
    said = [claim for claim in claims if claim.slot == "category" and claim.candidates]
    asked_for = [claim for claim in said if person.asked_for.search(before(text, claim.start, _NEAR)) and _ASKS.match(text, claim.end)]
    if asked_for:
        return [claim for claim in claims if claim not in said or claim in asked_for]
    owners = {claim.start: owner for claim in said if (owner := _owner(claim, text, person))}
    patients = [match["who"] or match["asked"] or match["for"] for match in person.patient.finditer(text)] if owners else []
    if not patients or not all(_is_same(patients[0], patient) for patient in patients):
        return claims
    others = {claim.start for claim in said if claim.start in owners and not _is_same(owners[claim.start], patients[0])}
    households = {start for start in others if _HOUSEHOLD in owners[start]}
    if len(others) == len(said):
        if households:
            return claims
        return [_doubted(claim) if claim in said else claim for claim in claims]
    return [claim for claim in claims if claim not in said or claim.start not in others]


def _owner(claim: Claim, text: str, person: PersonPatterns) -> str | None:
    """Who a category is said of, if a person is named for it."""
    match = person.said_of.match(text, claim.end) or person.subject.search(before(text, claim.start, _NEAR))
    return match["who"] if match else None


def _doubted(claim: Claim) -> Claim:
    return msgspec.structs.replace(claim, sure=False)


def _is_same(one: str, other: str) -> bool:
    """俺娘 and 妈妈 are one person in a family's words, 大爷 and 爷爷 are not."""
    first, second = _without_owner(one), _without_owner(other)
    return first == second or any(first <= names and second <= names for names in _SAME)


def _without_owner(person: str) -> set[str]:
    """The characters of a relation, 我 only where it stands for the one who writes."""
    relation: Sequence[str] = person.strip("我俺咱他她你自己个老")
    return set(relation) or {"我"}
