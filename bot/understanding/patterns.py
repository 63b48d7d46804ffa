"""The vocabulary's word lists as compiled patterns.

Those named `_before` end where the word in question begins, those named `_after` begin where it ends. Repetitions are possessive and
lookarounds short, so that time grows with the length of the message only.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

Pattern = re.Pattern[str]
Words = Mapping[str, Sequence[str]]

#: A word of the vocabulary that was read already is blanked with this.
BLANK = "\x00"
_CHINESE = "\u4e00-\u9fff"
_STOP = ",，。;!?\n"


def any_of(words: Iterable[str]) -> str:
    """An alternation in which the longest word wins. Something that never matches, when there are no words."""
    return "|".join(map(re.escape, sorted(set(words), key=lambda word: (-len(word), word)))) or "(?!)"


@dataclass(frozen=True, slots=True)
class MoneyPatterns:
    """What an amount is: `cue` before it and `cue_after` it, in groups named as the lists; and what else surrounds it."""

    cue: Pattern
    cue_after: Pattern
    sums_up: Pattern
    self_funded: Pattern
    aside: Pattern
    own_pocket: Pattern
    owing: Pattern
    clean: Pattern
    follows: Pattern
    about: Pattern
    none: frozenset[str]
    no_self_funded: frozenset[str]


def money_patterns(words: Words) -> MoneyPatterns:
    """From the section `money`."""
    self_funded = f"(?:{any_of(words['self_funded'])})(?:{any_of(words['self_funded_kind'])}){{0,3}}+"
    return MoneyPatterns(
        cue=re.compile(_cue(words, self_funded)),
        cue_after=re.compile(_cue_after(words)),
        sums_up=re.compile("总|一共|共计|合计|拢共|统共|全部"),
        self_funded=re.compile(any_of(words["self_funded"])),
        aside=re.compile(any_of([*words["aside"], *words["self_funded"]])),
        own_pocket=re.compile(any_of(words["own_pocket"])),
        owing=re.compile(any_of([*words["other"], *words["paid"], *words["part"], "给"])),
        clean=re.compile(f"(?:{any_of([*words['filler'], *words['about'], *words['person'], BLANK])})*+"),
        follows=re.compile(f"[^{_CHINESE}\x7f]|$|{any_of(words['follows'])}"),
        about=re.compile(any_of(words["about"])),
        none=frozenset(words["none"]),
        no_self_funded=frozenset(words["no_self_funded"]),
    )


def _cue(words: Words, self_funded: str) -> str:
    """The leftmost cue with only filler after it: in 自费花了三千 that is 自费, in 花了自费三千 too."""
    kinds = {name: any_of(words[name]) for name in ("mixed", "including", "paid", "part", "other", "each", "total", "stay")}
    return (
        f"(?:(?:(?P<mixed>(?:{kinds['mixed']})[了的掉]?)|(?P<including>{kinds['including']}))(?P<share>{self_funded})?"
        f"|(?P<first_share>(?:{any_of(words['first_share'])})(?:{any_of(words['first_share_kind'])}){{0,2}}+)|(?P<self_funded>{self_funded})"
        f"|(?<![没未])(?<!没有)(?P<paid>{kinds['paid']})|(?P<part>(?:{kinds['part']})用?)|(?P<other>{kinds['other']})"
        f"|(?<!住)(?<!住了)(?<!了)(?P<each>{kinds['each']})|(?P<total>{kinds['total']}|(?<![{_CHINESE}])费用)|(?P<stay>{kinds['stay']}))"
        f"(?P<between>(?:{any_of([*words['filler'], BLANK])})*+)$"
    )


def _cue_after(words: Words) -> str:
    asked = f"(?![^{_STOP}]{{0,4}}?(?:{any_of(words['question'])}))"
    return (
        f"(?:的|是|都是|全是|就是|属于|算| |{BLANK}){{0,3}}+(?:(?P<first_share>{any_of(words['first_share'])}){asked}"
        f"|(?P<self_funded>{any_of(words['self_funded'])}){asked}|(?P<part>{any_of(words['part'])})|(?P<other>{any_of(words['other'])})"
        f"|(?P<paid>{any_of(words['paid_after'])})|(?P<total>总费用|总花费|费用|住院费|医疗费|医药费|总额))"
    )


@dataclass(frozen=True, slots=True)
class SensePatterns:
    """Whether a word is meant: denials, questions, which stay is spoken of, whereabouts, corrections, ignorance."""

    denied_before: Pattern
    denied_after: Pattern
    denied_joins: Pattern
    stay: Pattern
    once: Pattern
    away_before: Pattern
    away_after: Pattern
    home_before: Pattern
    home_after: Pattern
    corrects: Pattern
    unsure: Pattern


def sense_patterns(denied: Words, stay: Words, where: Words, said: Words) -> SensePatterns:
    """From the sections `denied`, `stay`, `whereabouts`; `said` has `corrects`, `unsure` and `unsure_about`."""
    between = any_of(denied["between"])
    return SensePatterns(
        denied_before=re.compile(f"(?:{any_of(denied['before'])})(?:{between}){{0,4}}+$"),
        denied_after=re.compile(
            "(?:户|身份|资格|待遇|的)?(?:已经|早|也|都|还|现在|给|是|了)*+"
            f"(?:{any_of(denied['after'])}|(?:{any_of(denied['asked'])})(?=[{_STOP}\\s]|$))"
        ),
        denied_joins=re.compile(f"(?:户|的|人员|对象)?(?:{any_of(denied['joins'])})(?:{between}){{0,3}}+"),
        stay=re.compile(f"(?P<earlier>{any_of(stay['earlier'])})|(?P<this>{any_of(stay['this'])})"),
        once=re.compile(any_of(stay["once"])),
        away_before=re.compile(f"(?:{any_of(where['before'])})了?$"),
        away_after=re.compile(f"[市省的]?[^{_STOP}]{{0,8}}?(?:{any_of(where['after'])})"),
        home_before=re.compile(f"(?:{any_of(where['home_before'])})[在是]?$"),
        home_after=re.compile(f"[市省]?(?:{any_of(where['home_after'])})|的(?=[{_STOP}\\s]|$)|[市县](?!.{{0,8}}医院)"),
        corrects=re.compile(f"(?<!对)(?:{any_of(said['corrects'])})"),
        unsure=re.compile(f"(?:{any_of(said['unsure'])})(?![^{_STOP}]{{0,6}}?(?:{any_of(said['unsure_about'])}))"),
    )
