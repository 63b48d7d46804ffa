"""Finds the category, hospital, place and the other facts that are said in words, and whether each word is meant."""

import re
from collections.abc import Iterator

import msgspec

from bot.conversation.heard import Problem
from bot.understanding.claims import Claim
from bot.understanding.patterns import BLANK
from bot.understanding.scope import Stays, before, blank
from bot.understanding.vocabulary import Lexicon, Vocabulary

_NEAR = 14
_NOT = re.compile("不是|没|不在")
_NOT_SCOPED = {"category", "insured"}


class Found(msgspec.Struct):
    """What the words say. `denied`: slots of which something was denied. `spans`: everything recognised, also what was not meant."""

    claims: list[Claim] = []
    problems: list[Problem] = []
    spans: list[tuple[int, int]] = []
    denied: set[str] = set()


def find_words(text: str, vocabulary: Vocabulary, expecting: str | None, stays: Stays) -> Found:
    """Everything the vocabulary's words say in a tidied text."""
    found = Found()
    for slot in vocabulary.words:
        if slot != "place":
            claims = list(_slot_claims(text, slot, vocabulary, expecting, found))
            found.claims += _scoped(claims, slot, expecting, stays)
    _add_places(text, vocabulary, expecting, found)
    return found


def _slot_claims(text: str, slot: str, vocabulary: Vocabulary, expecting: str | None, found: Found) -> Iterator[Claim]:
    asked = expecting == slot or (slot == "facility" and expecting == "earlier_facility")
    last_denied = -1
    claims = []
    for match, keys in _lexicon(slot, vocabulary, asked=asked).find(text):
        joined = last_denied >= 0 and vocabulary.sense.denied_joins.fullmatch(text, last_denied, match.start())
        if joined or _denied(text, match.start(), match.end(), vocabulary):
            last_denied = match.end()
            found.denied |= {slot} if _NOT.search(before(text, match.start(), _NEAR)) else set()
            found.spans.append(match.span())
            continue
        last_denied = -1
        claims.append(Claim(slot, keys, match[0], *match.span(), sure=len(keys) == 1))
    # 住院 is what everybody says; it matters only beside 门诊, or when it was asked.
    needless = slot == "care" and not asked and all(claim.candidates == ("inpatient",) for claim in claims)
    if not needless:
        found.spans += [(claim.start, claim.end) for claim in claims]
        yield from claims


def _lexicon(slot: str, vocabulary: Vocabulary, *, asked: bool) -> Lexicon:
    more = vocabulary.when_asked.get(slot)
    return more if more and (asked or slot == "care") else vocabulary.words[slot]


def _denied(text: str, start: int, end: int, vocabulary: Vocabulary) -> bool:
    near = before(text, start, _NEAR)
    # 有没有备案 asks, it does not say 没有备案.
    if text.startswith("没", start) and near.endswith("有"):
        return True
    return bool(vocabulary.sense.denied_before.search(near) or vocabulary.sense.denied_after.match(text, end))


def _scoped(claims: list[Claim], slot: str, expecting: str | None, stays: Stays) -> Iterator[Claim]:
    """A hospital of an earlier stay answers the question about that one and no other."""
    for claim in claims:
        stay = stays.at(claim.start)
        if slot == "facility" and expecting == "earlier_facility" and stay != "this":
            yield msgspec.structs.replace(claim, slot="earlier_facility")
        elif slot in _NOT_SCOPED or stay != "earlier":
            yield claim


def _add_places(text: str, vocabulary: Vocabulary, expecting: str | None, found: Found) -> None:
    around = blank(text, found.spans, BLANK)
    claims = []
    for match, keys in vocabulary.words["place"].find(text):
        if BLANK in around[match.start() : match.end()]:
            continue  # part of a hospital's name
        found.spans.append(match.span())
        if not _denied(text, match.start(), match.end(), vocabulary):
            sure = len(keys) == 1 and not _is_whereabouts(around, *match.span(), vocabulary)
            claims.append(Claim("place", keys, match[0], *match.span(), sure=sure))
    found.claims += [claim for claim in claims if claim.sure] or claims
    if not claims:
        _add_unknown_place(text, vocabulary, expecting, found)


def _is_whereabouts(text: str, start: int, end: int, vocabulary: Vocabulary) -> bool:
    """Whether a place is only where the hospital stands: 在上海住院, 上海的医院."""
    sense = vocabulary.sense
    if sense.home_after.match(text, end) and not text.startswith(("市", "县"), end):
        return False
    away = sense.away_after.match(text, end)
    return bool(away and (sense.away_before.search(before(text, start, 4)) or "医院" in away[0]))


def _add_unknown_place(text: str, vocabulary: Vocabulary, expecting: str | None, found: Found) -> None:
    for match in vocabulary.elsewhere.finditer(text):
        found.spans.append(match.span())
        if found.problems or not _is_home(text, *match.span(), vocabulary, asked=expecting == "place"):
            continue
        if not _denied(text, match.start(), match.end(), vocabulary):
            found.problems.append(Problem("place_unknown", match[0], "place"))


def _is_home(text: str, start: int, end: int, vocabulary: Vocabulary, *, asked: bool) -> bool:
    if _is_whereabouts(text, start, end, vocabulary):
        return False
    sense = vocabulary.sense
    return asked or bool(sense.home_after.match(text, end) or sense.home_before.search(before(text, start, 6)))
