"""Hospitals that stand outside the place of the insurance: in another province, in another city, in a town nobody here knows."""

import re
from bisect import bisect
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from bot.understanding.claims import Claim
from bot.understanding.patterns import BLANK, Pattern, any_of
from bot.understanding.scope import before

Names = Mapping[str, Sequence[str]]

_STOP = ",，。;!?\n"
_NEAR = 6
_NAME = 5
_TOWN = ("市", "县")
_HOSPITAL = "院"
_OUTSIDE, _PROVINCE = "outside_province", "province"
_UNKNOWN_TOWN = {"市": ("city", _PROVINCE, _OUTSIDE), "县": ("county", _PROVINCE, _OUTSIDE)}


@dataclass(frozen=True, slots=True)
class Regions:
    """Which province each name lies in, and the names of the covered places. `hospitals`: those that are a hospital's and no place's.

    `names`: every one of them, as a `town` (with `its` hospital) or a `hospital`; `town`: the first alone. `hospital`, `treated`: what
    follows a name where somebody was treated; `going`, `moved`: what stands before; `answer`: a name, or a town's and a hospital's, and
    nothing else.
    """

    province: Mapping[str, str]
    home: Mapping[str, str | None]
    words: Names
    hospitals: frozenset[str]
    names: Pattern
    town: Pattern
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
        return {name for name in self.province if name not in {*covered, *self.hospitals, *self.home.values()}}


def regions(elsewhere: Names, hospitals: Names, where: Names, places: Names) -> Regions:
    """From the sections `elsewhere`, `hospitals` and `whereabouts`, and the packs' names of their places."""
    province = {name: key for key, cities in elsewhere.items() for name in (key, *cities)}
    home = {place: next((province[word] for word in words if word in province), None) for place, words in places.items()}
    for place, words in places.items():
        province |= dict.fromkeys(words, home[place] or place)
    town = any_of(province)
    stands = {name: key for key, names in hospitals.items() for name in names}
    province |= stands
    moved = any_of(where["moved"])
    edge = "".join(where["edge"])
    return Regions(
        province=province,
        home=home,
        words=places,
        hospitals=frozenset(stands),
        # 亳州协和医院 and 县协和医院 are not the one in Beijing.
        names=re.compile(f"(?<![市县区镇乡])(?P<hospital>{any_of(stands)})|(?P<town>{town})(?:[市县区]?(?P<its>{any_of(stands)}))?"),
        town=re.compile(town),
        hospital=re.compile(f"(?:(?!{moved})[^{_STOP}{BLANK}]){{0,12}}?(?:{any_of(where['hospital'])})"),
        treated=re.compile(f"[市省县]?(?:那边|那里|那儿|这边|里|的| ){{0,2}}(?:{any_of(where['treated'])})"),
        going=re.compile(f"(?:{any_of(where['before'])})[了的]?$"),
        moved=re.compile(f"(?:{any_of(where['transferred'])})了?$"),
        answer=re.compile(
            f" *(?:{any_of(where['before'])}|是)?了?(?:{any_of(province)}){{1,2}}[市省县]?"
            "(?:那边|那里|那儿)?(?:住的?院?|看的?病?|治|做|动)?[的了]? *[。.!]?"
        ),
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
        yield from _seen(away, inside)
    for claim in rest:
        yield _in_unknown_town(masked, claim, known)


def _seen(away: Claim, inside: list[Claim]) -> list[Claim]:
    """A hospital away from home, with the claims its words hold: 合肥的省立医院 is one of the province, 华佗中医院 what the pack says."""
    named = [claim for claim in inside if claim.text == away.text]
    if away.candidates == (_PROVINCE,):
        return named or [claim for claim in inside if all(key.startswith(_PROVINCE) for key in claim.candidates)] or [away]
    if named and _PROVINCE in away.candidates:
        return [msgspec.structs.replace(away, candidates=(*named[0].candidates, _OUTSIDE))]
    return [away]


def _away(text: str, homes: frozenset[str], known: Regions, *, asked: bool) -> Iterator[Claim]:
    names = list(known.names.finditer(text))
    towns = [match.start() for match in names if match["town"]]
    answer = asked and known.answer.fullmatch(text)
    last = 0
    for match in names:
        following = bisect(towns, match.start())
        limit = towns[following] if following < len(towns) else len(text)
        end = match.end() if answer else _end_of_stay(text, match, limit, known)
        candidates = _candidates(match["hospital"] or match["town"], homes, known) if end and match.start() >= last else ()
        if end and candidates:
            last = end
            sure = candidates == (_OUTSIDE,) or (candidates == (_PROVINCE,) and match["hospital"] is not None)
            yield Claim("facility", candidates, text[match.start() : end].strip(), match.start(), end, sure=sure)


def _end_of_stay(text: str, match: re.Match[str], limit: int, known: Regions) -> int | None:
    """Where the words end that tell of a hospital or a treatment in the place of that name, or of the hospital that is named."""
    if match["its"] or (match["hospital"] and (match["hospital"].endswith(_HOSPITAL) or known.town.match(match["hospital"]))):
        return match.end()
    if hospital := known.hospital.match(text, match.end("hospital" if match["hospital"] else "town"), limit):
        return hospital.end()
    near = before(text, match.start(), _NEAR)
    if known.going.search(near) and (treated := known.treated.match(text, match.end(), limit)):
        return treated.end()
    return match.end() if known.moved.search(near) else None


def _candidates(name: str, homes: frozenset[str], known: Regions) -> tuple[str, ...]:
    """What a hospital in the place of that name, or of that name itself, is to somebody from one of these homes."""
    provinces = {known.home[home] for home in homes}
    region = known.province[name]
    stands_in = region if name in known.hospitals else name
    own = any(stands_in in known.words[home] for home in homes)
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
