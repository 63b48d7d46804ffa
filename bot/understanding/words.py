"""Finds the category, hospital, place and the other facts that are said in words, and whether each word is meant."""

import re
from collections.abc import Iterator

import msgspec

from bot.conversation.heard import Problem
from bot.understanding.away import relocated
from bot.understanding.claims import Claim
from bot.understanding.patterns import BLANK
from bot.understanding.scope import EARLIER, ELSEWHEN, Stays, before, blank
from bot.understanding.vocabulary import Lexicon, Vocabulary

_NEAR = 14
_NOT = re.compile("不是|没|不在")
_NOT_SCOPED = {"category", "insured"}
#: Before and after a word that counts only when it stands by itself.
_FREE_BEFORE = re.compile("(?:^|[^\u4e00-\u9fff]|[是家为算就户妈爸爹娘我俺他她们公婆奶爷]|[换改][成为到]|要是|如果|那|去|到|还是)$")
_FREE_AFTER = re.compile("(?:呢|吧|啊|呀|了|户|哦|嘛)?(?:$|[^\u4e00-\u9fffA-Za-z0-9])")
#: A hospital that sent the patient on is not the one of the bill: 县医院给开了转院证明.
_SENT_ON = re.compile(
    "的?(?:医生|大夫)?(?:就|也|都)?(?:给|帮|同意)?(?:我们|俺们|我|俺|他|她)?(?:开|办|出)(?:了|的|好|过)?(?:一?[张个份])?转[院诊]"
    "|给(?:我们|俺们|我|俺|他|她)?转(?:上|过|出|来|走)|的?(?:医生|大夫)?(?:说|讲|也)?(?:治不了|治不好|看不了|看不好|没办法治|不收|不敢收|没法治)"
    "|的?(?:医生|大夫)?(?:说让|让|叫|建议|说)(?:我们|俺们|我|俺|他|她)?(?:去|往|上|转到|转去|赶紧转|转)[省市上大外]"
)
#: 医保没交多少钱 and 备案没办全 deny nothing.
_PARTLY, _GOES_ON = {"insured", "registered"}, re.compile("多少|几|够|齐|全|错")
_NOT_DONE, _WHAT_THEN = ("没", "未", "忘", "断", "木有", "冇"), re.compile("[了的]?(?:怎么办|咋办|咋整|怎么弄)")
_OF_A_THING = re.compile("病房|门诊|药|床|感冒|号|病|检查")


class Found(msgspec.Struct):
    """What the words say. `denied`: slots of which something was denied. `spans`: everything recognised, also what was not meant.

    `earlier`: where hospitals of an earlier stay stand that nobody asked for.
    """

    claims: list[Claim] = []
    problems: list[Problem] = []
    spans: list[tuple[int, int]] = []
    denied: set[str] = set()
    earlier: list[tuple[int, int]] = []


def find_words(text: str, vocabulary: Vocabulary, expecting: str | None, stays: Stays, place: str | None = None) -> Found:
    """Everything the vocabulary's words say in a tidied text. `place`: where the person is known to be insured."""
    found = Found()
    claims = {slot: list(_slot_claims(text, slot, vocabulary, expecting, found)) for slot in vocabulary.words if slot != "place"}
    _add_standing_alone(text, vocabulary, claims, found)
    answer = place is not None and _asks_hospital(expecting) and vocabulary.regions.answer.fullmatch(text) is not None
    places = list(_place_claims(text, vocabulary, found, answer=answer))
    homes = _homes(places, place, vocabulary)
    claims["facility"] = list(_at_their_place(text, claims["facility"], places, homes, _asks_hospital(expecting), vocabulary, found))
    for slot, said in claims.items():
        found.claims += _scoped(said, slot, expecting, stays, found)
    read = blank(text, found.spans, BLANK)
    meant = [claim for claim in places if claim.sure or not read.startswith(BLANK, claim.start)]
    found.spans += [(claim.start, claim.end) for claim in places]
    found.claims += [claim for claim in meant if claim.sure] or meant
    if not places:
        _add_unknown_place(text, read, vocabulary, expecting, found)
    _add_other_rules(text, vocabulary, found)
    return found


def _add_standing_alone(text: str, vocabulary: Vocabulary, claims: dict[str, list[Claim]], found: Found) -> None:
    """普通 as a piece of its own (亳州普通 县医院), never 普通病房."""
    read = blank(text, found.spans, BLANK)
    for name, span in _place_spans(read, vocabulary):
        read = read[: span[0]] + BLANK * len(name) + read[span[1] :]
    for slot, lexicon in vocabulary.standing_alone.items():
        for match, keys in lexicon.find(read):
            near = before(read, match.start(), _NEAR)
            free = _FREE_BEFORE.search(near) and _FREE_AFTER.match(read, match.end())
            if free and not _OF_A_THING.search(near) and not _denied(read, *match.span(), vocabulary):
                claims[slot].append(Claim(slot, keys, match[0], *match.span()))
                found.spans.append(match.span())


def _place_spans(text: str, vocabulary: Vocabulary) -> list[tuple[str, tuple[int, int]]]:
    return [(match[0], match.span()) for match, _ in vocabulary.words["place"].find(text)]


def _homes(places: list[Claim], place: str | None, vocabulary: Vocabulary) -> set[str]:
    """Where the person is insured: as said, as known, or any place there are rules for."""
    said = {key for claim in places if claim.sure for key in claim.candidates}
    known = vocabulary.regions.home
    return said or ({place} if place and place in known else set(known))


def _at_their_place(
    text: str, claims: list[Claim], places: list[Claim], homes: set[str], asked: bool, vocabulary: Vocabulary, found: Found
) -> Iterator[Claim]:
    """The hospitals, seen from where the person is insured."""
    own = {(claim.start, claim.end) for claim in claims}
    others = [*(span for span in found.spans if span not in own), *((claim.start, claim.end) for claim in places)]
    in_order = sorted(claims, key=lambda claim: claim.start)
    for claim in relocated(text, blank(text, others, BLANK), in_order, homes, vocabulary.regions, asked=asked):
        found.spans.append((claim.start, claim.end))
        if not _denied(text, claim.start, claim.end, vocabulary):
            yield claim


def _add_other_rules(text: str, vocabulary: Vocabulary, found: Found) -> None:
    """Accidents, injuries at work, childbirth and payroll insurance follow other rules."""
    for name, words in vocabulary.other_rules.items():
        said = next((match for match in words.finditer(text) if not _denied(text, *match.span(), vocabulary)), None)
        if said:
            found.problems.append(Problem(f"other_rules.{name}", said[0]))
            found.spans.append(said.span())


def _slot_claims(text: str, slot: str, vocabulary: Vocabulary, expecting: str | None, found: Found) -> Iterator[Claim]:
    asked = expecting == slot or (slot == "facility" and _asks_hospital(expecting))
    last_denied = -1
    claims = []
    said = list(_lexicon(slot, vocabulary, asked=asked).find(text))
    if not said:
        return
    unmeant = _unmeant([match for match, _ in said], text, vocabulary) if slot == "category" else {}
    for match, keys in said:
        joined = last_denied == match.start() or (
            last_denied >= 0 and vocabulary.sense.denied_joins.fullmatch(text, last_denied, match.start())
        )
        if joined or match.start() in unmeant or _denied(text, match.start(), match.end(), vocabulary):
            last_denied = -1 if unmeant.get(match.start()) == "asked" else match.end()
            is_denied = unmeant.get(match.start()) == "denied" or _NOT.search(before(text, match.start(), _NEAR))
            found.denied |= {slot} if is_denied else set()
            found.spans.append(match.span())
            continue
        last_denied = -1
        if (slot == "facility" and _SENT_ON.match(text, match.end())) or (slot in _PARTLY and _GOES_ON.match(text, match.end())):
            found.spans.append(match.span())
            continue
        claims.append(Claim(slot, keys, match[0], *match.span(), sure=len(keys) == 1))
    # 住院 is what everybody says; it matters only beside 门诊, or when it was asked.
    needless = slot == "care" and not asked and all(claim.candidates == ("inpatient",) for claim in claims)
    if not needless:
        found.spans += [(claim.start, claim.end) for claim in claims]
        yield from claims


def _unmeant(said: list[re.Match[str]], text: str, vocabulary: Vocabulary) -> dict[int, str]:
    """The categories that are not the person's, by where they stand: denied (监测户也不是, 特困低保都没有) or asked about (低保是啥)."""
    sense, unmeant = vocabulary.category_sense, {}
    together = -1
    for match in reversed(said):
        near = before(text, match.start(), _NEAR)
        if sense.asked_after.match(text, match.end()) or sense.asked_before.search(near):
            unmeant[match.start()] = "asked"
            continue
        if sense.together.match(text, match.end()) or (together >= 0 and sense.joins.fullmatch(text, match.end(), together)):
            together = match.start()
            unmeant[together] = "denied"
        elif sense.denied_before.search(near) or sense.denied_after.match(text, match.end()):
            unmeant[match.start()] = "denied"
    return unmeant


def _asks_hospital(expecting: str | None) -> bool:
    return expecting in {"facility", "earlier_facility"}


def _lexicon(slot: str, vocabulary: Vocabulary, *, asked: bool) -> Lexicon:
    more = vocabulary.when_asked.get(slot)
    return more if more and (asked or slot == "care") else vocabulary.words[slot]


def _denied(text: str, start: int, end: int, vocabulary: Vocabulary) -> bool:
    near = before(text, start, _NEAR)
    # 没参保咋办 tells, 备案咋办 asks.
    if text.startswith(_NOT_DONE, start) and _WHAT_THEN.match(text, end):
        return False
    # 有没有备案 asks, it does not say 没有备案.
    if text.startswith("没", start) and near.endswith("有"):
        return True
    return bool(vocabulary.sense.denied_before.search(near) or vocabulary.sense.denied_after.match(text, end))


def _scoped(claims: list[Claim], slot: str, expecting: str | None, stays: Stays, found: Found) -> Iterator[Claim]:
    """A hospital of an earlier stay answers the question about that one and no other."""
    for claim in claims:
        stay = stays.at(claim.start)
        if slot == "facility" and expecting in EARLIER and stay not in {"this", "past"}:
            yield msgspec.structs.replace(claim, slot="earlier_facility")
        elif slot in _NOT_SCOPED or stay not in ELSEWHEN:
            yield claim
        elif slot == "facility" and stay == "earlier":
            found.earlier.append((claim.start, claim.end))


def _place_claims(text: str, vocabulary: Vocabulary, found: Found, *, answer: bool) -> Iterator[Claim]:
    """The places that are named. `answer`: in answer to the question about the hospital, so that no home is told."""
    around = blank(text, found.spans, BLANK)
    for match, keys in vocabulary.words["place"].find(text):
        if BLANK in around[match.start() : match.end()]:
            continue  # part of a hospital's name
        if _denied(text, match.start(), match.end(), vocabulary):
            found.spans.append(match.span())
        else:
            away = _is_whereabouts(around, *match.span(), vocabulary) or _is_of_a_hospital(text, match, vocabulary)
            sure = len(keys) == 1 and not answer and not away
            yield Claim("place", keys, match[0], *match.span(), sure=sure)


def _is_of_a_hospital(text: str, place: re.Match[str], vocabulary: Vocabulary) -> bool:
    """北京301, 北京协和: a hospital that is known beyond its town, with or without the town as part of its name."""
    names = vocabulary.regions.names
    whole, rest = names.match(text, place.start()), names.match(text, place.end())
    return bool((whole and (whole["hospital"] or whole["its"])) or (rest and rest["hospital"]))


def _is_whereabouts(text: str, start: int, end: int, vocabulary: Vocabulary) -> bool:
    """Whether a place is only where the hospital stands: 在上海住院, 上海的医院."""
    sense = vocabulary.sense
    if sense.home_after.match(text, end) and not text.startswith(("市", "县"), end):
        return False
    away = sense.away_after.match(text, end)
    return bool(away and (sense.away_before.search(before(text, start, 4)) or "医院" in away[0]))


def _add_unknown_place(text: str, read: str, vocabulary: Vocabulary, expecting: str | None, found: Found) -> None:
    """A home whose rules are not here. `read`: hospitals and the like are blanked."""
    for match in vocabulary.elsewhere.finditer(text):
        found.spans.append(match.span())
        known = found.problems or read.startswith(BLANK, match.start())
        if known or not _is_home(text, *match.span(), vocabulary, asked=expecting == "place"):
            continue
        if not _denied(text, match.start(), match.end(), vocabulary):
            found.problems.append(Problem("place_unknown", match[0], "place"))


def _is_home(text: str, start: int, end: int, vocabulary: Vocabulary, *, asked: bool) -> bool:
    if _is_whereabouts(text, start, end, vocabulary):
        return False
    sense = vocabulary.sense
    return asked or bool(sense.home_after.match(text, end) or sense.home_before.search(before(text, start, 6)))
