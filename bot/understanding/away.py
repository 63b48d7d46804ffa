"""Hospitals that stand outside the place of the insurance: in another province, in another city, in a town nobody here knows."""

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import msgspec

from bot.understanding.claims import Claim
from bot.understanding.patterns import BLANK, Pattern, any_of
from bot.understanding.scope import before

Names = Mapping[str, Sequence[str]]

_STOP = ",，。;!?\n"
_NEAR = 6
_NAME = 5
_TOWN = ("市", "县")
_OUTSIDE, _PROVINCE = "outside_province", "province"
_UNKNOWN_TOWN = {"市": ("city", _PROVINCE, _OUTSIDE), "县": ("county", _PROVINCE, _OUTSIDE)}


@dataclass(frozen=True, slots=True)
class Regions:
    """Which province each name lies in, and the names of the covered places.

    `names`: every one of them; `hospital`, `treated`: what follows a name where somebody was treated; `going`, `moved`: what stands before;
    `answer`: a name and nothing else.
    """

    province: Mapping[str, str]
    home: Mapping[str, str | None]
    words: Names
    names: Pattern
    hospital: Pattern
    treated: Pattern
    going: Pattern
    moved: Pattern
    answer: Pattern
    unknown: Pattern
    no_name: Pattern

    def unlisted(self) -> set[str]:
        """The names that belong to no covered place, nor are the province of one."""
        covered = {word for words in self.words.values() for word in words}
        return {name for name in self.province if name not in covered and name not in self.home.values()}


def regions(elsewhere: Names, where: Names, places: Names) -> Regions:
    """From the sections `elsewhere` and `whereabouts`, and the packs' names of their places."""
    province = {name: key for key, cities in elsewhere.items() for name in (key, *cities)}
    home = {place: next((province[word] for word in words if word in province), None) for place, words in places.items()}
    for place, words in places.items():
        province |= dict.fromkeys(words, home[place] or place)
    moved = any_of(where["moved"])
    edge = "".join(where["edge"])
    return Regions(
        province=province,
        home=home,
        words=places,
        names=re.compile(any_of(province)),
        hospital=re.compile(f"(?:(?!{moved})[^{_STOP}{BLANK}]){{0,12}}?(?:{any_of(where['hospital'])})"),
        treated=re.compile(f"[市省县]?(?:那边|那里|那儿|这边|里|的| ){{0,2}}(?:{any_of(where['treated'])})"),
        going=re.compile(f"(?:{any_of(where['before'])})[了的]?$"),
        moved=re.compile(f"(?:{any_of(where['transferred'])})了?$"),
        answer=re.compile(f" *(?:{any_of(where['before'])}|是)?了?(?:{any_of(province)})[市省县]?(?:那边|那里|那儿|的|了)? *[。.!]?"),
        unknown=re.compile(f"(?:^|[^\u4e00-\u9fff]|[{edge}])(?P<name>(?:(?![{edge}])[\u4e00-\u9fff]){{1,3}})$"),
        no_name=re.compile(any_of(where["no_name"])),
    )


def relocated(text: str, masked: str, claims: list[Claim], homes: Iterable[str], known: Regions, *, asked: bool) -> Iterator[Claim]:
    """The claims about hospitals, as they are for people from `homes`: 郑州市医院 is no hospital of the home city.

    `masked`: the text with everything else that was read blanked. `asked`: the open question is which hospital.
    """
    rest = deque(claims)
    for away in _away(text, frozenset(homes), known, asked=asked):
        while rest and rest[0].end <= away.start:
            yield _in_unknown_town(masked, rest.popleft(), known)
        inside = []
        while rest and rest[0].start < away.end:
            inside.append(rest.popleft())
        provincial = [claim for claim in inside if claim.candidates == (_PROVINCE,)]
        # 合肥的省立医院 is a hospital of the province.
        yield from provincial if provincial and away.candidates == (_PROVINCE,) else [away]
    for claim in rest:
        yield _in_unknown_town(masked, claim, known)


def _away(text: str, homes: frozenset[str], known: Regions, *, asked: bool) -> Iterator[Claim]:
    names = list(known.names.finditer(text))
    for match, following in zip_longest(names, names[1:]):
        limit = following.start() if following else len(text)
        answer = asked and known.answer.fullmatch(text)
        end = match.end() if answer else _end_of_stay(text, match, limit, known)
        candidates = _candidates(match[0], homes, known) if end else ()
        if end and candidates:
            sure = candidates == (_OUTSIDE,)
            yield Claim("facility", candidates, text[match.start() : end].strip(), match.start(), end, sure=sure)


def _end_of_stay(text: str, match: re.Match[str], limit: int, known: Regions) -> int | None:
    """Where the words end that tell of a hospital or a treatment in the place of that name."""
    if hospital := known.hospital.match(text, match.end(), limit):
        return hospital.end()
    near = before(text, match.start(), _NEAR)
    if known.going.search(near) and (treated := known.treated.match(text, match.end(), limit)):
        return treated.end()
    return match.end() if known.moved.search(near) else None


def _candidates(name: str, homes: frozenset[str], known: Regions) -> tuple[str, ...]:
    """What a hospital in the place of that name is to somebody from one of these homes."""
    provinces = {known.home[home] for home in homes}
    own = any(name in known.words[home] for home in homes)
    region = known.province[name]
    if not homes or own or (name == region and provinces == {region}):
        return ()
    if provinces == {region}:
        return (_PROVINCE,)
    return (_PROVINCE, _OUTSIDE) if region in provinces or None in provinces else (_OUTSIDE,)


def _in_unknown_town(masked: str, claim: Claim, known: Regions) -> Claim:
    """界首市人民医院: a town that no list knows, so that it may lie anywhere but at home."""
    if not claim.text.startswith(_TOWN):
        return claim
    found = known.unknown.search(before(masked, claim.start, _NAME))
    name = found["name"] if found else ""
    if not name or (len(name) == 1 and claim.text.startswith("市")) or known.no_name.search(name) or known.names.search(name):
        return claim
    start = claim.start - len(name)
    candidates = _UNKNOWN_TOWN[claim.text[0]]
    return msgspec.structs.replace(claim, candidates=candidates, text=name + claim.text, start=start, sure=False)
