"""The vocabulary's word lists as compiled patterns.

Those named `_before` end where the word in question begins, those named `_after` begin where it ends. Repetitions are possessive and
lookarounds short, so that time grows with the length of the message only.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

Pattern = re.Pattern[str]
Words = Mapping[str, Sequence[str]]

#: A word of the vocabulary that was read already is blanked with this.
BLANK = "\x00"
_CHINESE = "\u4e00-\u9fff"
#: 去之前备过案了 tells of this stay.
_NOT_BEFORE_THIS = "(?<![去来走院病])"
_STOP = ",，。;!?\n"
#: 住院五天3100块: how long it took stands between a cue and its amount.
_DURATION = "[0-9一二两三四五六七八九十几]{1,3}多?(?:天|个?星期|个?礼拜|个?月)"
#: 普通居民没办转诊手续 denies the referral and not what stands before it.
_AN_OBJECT = "(?!了?(?:转|备案|异地|手续|低保))"
_APART = ("earlier", "this", "now", "once", "past", "again")


def any_of(words: Iterable[str]) -> str:
    """An alternation in which the longest word wins. Something that never matches, when there are no words."""
    return "|".join(map(re.escape, sorted(set(words), key=lambda word: (-len(word), word)))) or "(?!)"


def any_phrase_of(words: Iterable[str]) -> str:
    """The same, where `…` in a word stands for a few characters of the same clause: "医保…交多少"."""
    return any_of(words).replace("…", f"[^{_STOP}]{{0,8}}?")


def _undated(relative: Sequence[str]) -> str:
    """去年12月, 上个月, 3月5号, 12月, 5号出院: days of a year that only a calendar tells."""
    part = "(?:[0-9]{1,2}|[一二三四五六七八九]?十?[一二三四五六七八九]|[一二三]?十)"
    month = rf"(?<![0-9第]){part} ?月(?:份|底|初|中旬|上旬|下旬)?(?: ?{part} ?[日号])?"
    left = r"(?=出院|出的院)"
    short = rf"(?<![0-9第]){part}[日号]{left}|(?<![0-9.])[0-9]{{1,2}}[-./][0-9]{{1,2}}[日号]?{left}"
    return rf"(?:{any_of(relative)})的?(?: ?{month})?|(?!一月[^0-9一二三份])(?:今年 ?)?{month}|{short}"


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
    share: Pattern
    share_asked: Pattern
    none: frozenset[str]
    no_self_funded: Pattern


def money_patterns(words: Words) -> MoneyPatterns:
    """From the section `money`."""
    self_funded = f"(?:{any_of(words['self_funded'])})(?:{any_of(words['self_funded_kind'])}){{0,3}}+"
    return MoneyPatterns(
        cue=re.compile(_cue(words, self_funded)),
        cue_after=re.compile(_cue_after(words)),
        sums_up=re.compile("总|一共|共计|合计|拢共|统共|全部"),
        self_funded=re.compile(any_of(words["self_funded"])),
        aside=re.compile(f"(?<!医)(?:{any_of([*words['aside'], *words['self_funded']])})"),
        own_pocket=re.compile(any_of(words["own_pocket"])),
        owing=re.compile(any_of([*words["other"], *words["paid"], *words["part"], "给"])),
        clean=re.compile(f"(?:{any_of([*words['filler'], *words['about'], *words['person'], BLANK])})*+"),
        follows=re.compile(f"[^{_CHINESE}\x7f]|$|{any_of(words['follows'])}"),
        about=re.compile(any_of(words["about"])),
        share=re.compile(_share(words)),
        share_asked=re.compile(f"[^{_STOP}]{{0,3}}?(?:{any_of(words['question'])})|\\?"),
        none=frozenset(words["none"]),
        no_self_funded=re.compile(_no_self_funded(words["no_self_funded"])),
    )


def _no_self_funded(words: Sequence[str]) -> str:
    """没有自费 as a clause of its own, 没有自费药 at the end of any (低保没有自费 may mean that nothing is to be paid)."""
    plain = [word for word in words if re.search("药|项目|丙", word)]
    return f"(?:^|(?<= ))(?:[也都就并倒我他她 ]|完全|一点|这次)*+(?:{any_of(words)})$|(?<![有是看问])(?:{any_of(plain)})$"


def _cue(words: Words, self_funded: str) -> str:
    """The leftmost cue with only filler after it: in 自费花了三千 that is 自费, in 花了自费三千 too."""
    kinds = {name: any_of(words[name]) for name in ("mixed", "including", "paid", "part", "other", "each", "total", "stay")}
    return (
        f"(?:(?:(?P<mixed>(?:{kinds['mixed']})[了的掉]?)|(?P<including>{kinds['including']}))(?P<share>{self_funded})?"
        f"|(?P<first_share>(?:{any_of(words['first_share'])})(?:{any_of(words['first_share_kind'])}){{0,2}}+)|(?P<self_funded>{self_funded})"
        f"|(?<![没未])(?<!没有)(?P<paid>{kinds['paid']})|(?P<part>(?:{kinds['part']})用?)|(?P<other>{kinds['other']})"
        f"|(?<!住)(?<!住了)(?<!了)(?<![0-9一二三四五六七八九十百])(?P<each>{kinds['each']})|(?P<total>{kinds['total']}|(?<![{_CHINESE}])(?:费用|总))|(?P<stay>{kinds['stay']}))"
        f"(?P<between>(?:{any_of([*words['filler'], BLANK])}|{_DURATION})*+)$"
    )


def _cue_after(words: Words) -> str:
    asked = f"(?![^{_STOP} ]{{0,4}}?(?:{any_of(words['question'])}))"
    return (
        f"(?:的|是|都是|全是|就是|属于|算| |{BLANK}){{0,3}}+(?:(?P<first_share>{any_of(words['first_share'])}){asked}"
        f"|(?P<self_funded>{any_of(words['self_funded'])}){asked}|(?P<part>{any_of(words['part'])})|(?P<other>{any_of(words['other'])})"
        f"|(?P<paid>{any_of(words['paid_after'])})|(?P<total>总费用|总花费|总的|总数|全部的|费用|住院费|医疗费|医药费|总额))"
    )


def _share(words: Words) -> str:
    """自费 as a part of the bill and no amount: `whole` (全自费, 都是自费药), otherwise 一半是自费, 自费10%."""
    digit = "[0-9一二两三四五六七八九十半几多]"
    part = (
        f"(?:{any_of(words['some'])}|{digit}{{1,3}}分之{digit}{{1,3}}|百分之{digit}{{1,4}}|[0-9.]{{1,5}} ?%"
        f"|{digit}{{1,2}}(?:到|至|-)?{digit}{{0,2}}成(?:多|左右)?)"
    )
    kind = f"(?:{any_of(words['self_funded_kind'])}){{0,3}}+"
    no_amount = "(?!(?:大概|大约|差不多|[ :是约了有花共]){0,3}[0-9一二两三四五六七八九十几好])"
    return (
        f"(?P<negated>[不没])?(?P<whole>(?:是|就是)?(?:{any_of(words['whole'])})(?:都是|是|算|属于|得|要)?自费{kind}){no_amount}"
        f"|(?:{part})(?:左右|上下|多)?(?:都是|全是|是|都|算|属于|得|要|的|为| ){{0,2}}自费{kind}{no_amount}"
        f"|自费{kind}(?:比例|占比|占了|占|是|有|大概|大约|差不多|约|就|了|得|要|:| ){{0,3}}(?:总费用的|总的|费用的|里的)?{part}"
    )


@dataclass(frozen=True, slots=True)
class SensePatterns:
    """Whether a word is meant: denials, questions, which stay is spoken of, whereabouts, corrections, ignorance.

    `apart`: without any of these words a message can only speak of one stay; most do, and finding that out first is faster.
    """

    denied_before: Pattern
    denied_after: Pattern
    denied_joins: Pattern
    apart: Pattern
    stay: Pattern
    once: Pattern
    once_happened: Pattern
    earlier_happened: Pattern
    earlier_after: Pattern
    happened: Pattern
    of_a_stay: Pattern
    past: Pattern
    gone_by: Pattern
    again: Pattern
    not_first: Pattern
    told: Pattern
    undated: Pattern
    away_before: Pattern
    away_after: Pattern
    home_before: Pattern
    home_after: Pattern
    corrects: Pattern
    unsure: Pattern


@dataclass(frozen=True, slots=True)
class CategoryPatterns:
    """Whether a category is denied or asked about, beyond what denies any word. `together`: the one named before it is denied as well."""

    denied_before: Pattern
    denied_after: Pattern
    asked_before: Pattern
    asked_after: Pattern
    together: Pattern
    joins: Pattern


def told(words: Words) -> str:
    """A thing with what was done about it in any order, as a group `true` where it was and `false` where it was not.

    From one slot of the section `phrases`. Without a list `done` only what was not done is told (医保没交).
    """
    between, verb, no = f"(?:{any_of(words['between'])}){{0,3}}", any_of(words["verb"]), f"(?:{any_of(words['not'])})"
    thing = f"(?:[今去明]年的?)?(?:{any_of(words['thing'])})(?:{any_of(words['of_it'])})?"
    undone = f"{no}{between}(?:{verb})?(?:上|了|好|过|下来)?{thing}|{thing}{between}{no}{between}(?:{verb})(?:上|成)?(?!案)"
    undone = f"{undone}|(?:{any_of(words['thing'])})(?:{any_of(words['of_it'])})(?:没有|没了)(?=[{_STOP}\\s]|$)"
    if "done" not in words:
        return f"(?P<false>{undone})"
    done = f"(?:{verb})(?:{any_of(words['done'])})"
    return f"(?P<false>{undone})|(?P<true>(?:已经?)(?:{verb})?{thing}|{done}{between}{thing}|{thing}{between}(?:{done}|已(?:{verb})))"


def graded(words: Words) -> str:
    """市里那个三甲医院, 省级的二级: a level with a grade, each a group that is named as its facility.

    From `facility` of the section `phrases`.
    """
    which, end = f"(?:{any_of(words['which'])}){{0,3}}+", "(?:医院|的)?"
    kinds = (
        ("city", "secondary", "second"),
        ("city", "tertiary", "third"),
        ("province", "secondary", "second"),
        ("province", "tertiary", "third"),
    )
    return "|".join(f"(?P<{level}_{key}>(?:{any_of(words[level])}){which}(?:{any_of(words[grade])}){end})" for level, key, grade in kinds)


@dataclass(frozen=True, slots=True)
class PersonPatterns:
    """Who is spoken of: `subject` ends where a category begins (俺哥是…), `patient` is who is ill (`who`), asked about (`asked`) or
    asked for (`for`); `asked_for` ends where the category of somebody stands who is asked for (替庄上五保老张问);
    `said_of` begins where a category ends (五保是俺大爷).
    """

    subject: Pattern
    patient: Pattern
    asked_for: Pattern
    said_of: Pattern


def person_patterns(who: Words) -> PersonPatterns:
    """From the section `who`, but without the words that name nobody (邻居 may be anyone) or more than a person (我住院)."""
    relations = [word for kind in ("parent", "child", "spouse", "relative") for word in who[kind]]
    someone = f"[俺我咱]家(?:里|是|的)?|家里|[俺我咱他她]?(?:{any_of(relations)})|[我俺](?:自己|本人|自个儿?)?(?![们家])|本人"
    return PersonPatterns(
        said_of=re.compile(f"户?的?是(?P<who>{someone})"),
        asked_for=re.compile(f"[替帮给][^{_STOP}]{{0,6}}$"),
        subject=re.compile(
            f"(?P<who>{someone})(?:也|都|才|就|现在|一直|今年[0-9]{{1,3}}岁?)*+(?:是|属于|算|吃|享受|有|评上了?|办了)?的?个?$"
        ),
        patient=re.compile(
            f"(?:(?:问|说|算)的?是|这[次回]是|病人是|生病的是|住院的是)(?P<asked>{someone})|(?:给|帮|替)(?P<for>{someone})(?=[问算查]|住院)"
            f"|(?P<who>{someone})(?:这[次回]|现在|又|刚|前几天|上个?月|上周)*+(?=住院|住的院|住了院|生病|得病|病了|看病|开刀|[做动]手术|的手术)"
        ),
    )


def category_patterns(denied: Words, category: Words) -> CategoryPatterns:
    """From the sections `denied` and `category_denied`. What follows a category denies it only up to the end of the clause."""
    end = f"(?=[{_STOP}\\s]|$)"
    linking, rest = any_of(category["linking"]), any_of(category["rest"])
    between = any_of([*category["between"], *(word for word in denied["between"] if word != " ")])
    negated = f"(?:{any_of(category['not'])})(?:{rest}){{0,6}}+{end}"
    return CategoryPatterns(
        denied_before=re.compile(f"(?:{any_of(category['not'])})(?:{between}){{0,8}}+$"),
        denied_after=re.compile(
            f"(?:[?] ?)?(?:{linking}){{0,6}}+(?:{negated}|(?:{any_of([*category['after'], *denied['after']])}){_AN_OBJECT})"
            f"|(?:户|的)?[,， ]{{0,2}}(?:[^{_STOP}]{{1,6}}[,， ]{{1,2}})?(?:但是?|可是?)?(?:我|俺|我们|俺们|咱|咱们)家?"
            f"(?:可|也|又|倒)?(?:不是|没有?|不算){end}"
        ),
        asked_before=re.compile(f"(?:{any_of(category['asked_before'])})$"),
        asked_after=re.compile(f"(?:户|证|的)?(?:到底|究竟)?(?:{any_of(category['asked_after'])})[啊呀呢的户个东西]*+{end}"),
        together=re.compile(
            f"(?:户|证|的|，|,| ){{0,2}}+(?:俺|我|我们|俺们|咱|家|这些){{0,2}}+(?:{any_of(category['together'])}){negated}"
        ),
        joins=re.compile(f"(?:户|的|人员|对象)?(?:{any_of(denied['joins'])}|，|,| )?"),
    )


def sense_patterns(denied: Words, stay: Words, where: Words, said: Words) -> SensePatterns:
    """From the sections `denied`, `stay`, `whereabouts`; `said` has `corrects`, `unsure`, `unsure_about` and `undated`."""
    between = any_of(denied["between"])
    told = f"(?:[我你您俺他她]{{0,2}}(?:跟|给|和)?[我你您俺他她]?(?:{any_of(stay['told'])}))"
    earlier, once, happened = any_of(stay["earlier"]), any_of(stay["once"]), any_of(stay["happened"])
    on_to = f"(?:(?![没未]|不[用是])[^{_STOP}]){{0,12}}?(?:{happened})"
    return SensePatterns(
        denied_before=re.compile(f"(?:{any_of(denied['before'])})(?:{between}){{0,4}}+$"),
        denied_after=re.compile(
            "(?:户|身份|资格|待遇|的)?(?:已经|早|也|都|还|现在|给|是|了)*+"
            f"(?:(?:{any_of(denied['after'])}){_AN_OBJECT}|(?:{any_of(denied['asked'])})(?=[{_STOP}\\s]|$))"
        ),
        denied_joins=re.compile(f"(?:户|的|人员|对象)?(?:{any_of(denied['joins'])})(?:{between}){{0,3}}+"),
        apart=re.compile(f"[次回趟]|住过|住院过|{any_of(chain.from_iterable(stay[kind] for kind in _APART))}"),
        stay=re.compile(f"(?P<earlier>(?:{earlier})(?!{told}))|(?P<this>{any_of(stay['this'])})|(?P<now>{any_of(stay['now'])})"),
        once=re.compile(f"{_NOT_BEFORE_THIS}(?:{once})(?!{told})"),
        once_happened=re.compile(f"{_NOT_BEFORE_THIS}(?:{once})(?!{told}){on_to}"),
        earlier_happened=re.compile(f"(?:{earlier})(?!{told}){on_to}"),
        earlier_after=re.compile(f"(?:{earlier})的?(?:时候|那回|那次)?(?=[{_STOP})]|$)"),
        happened=re.compile(happened),
        of_a_stay=re.compile(f"(?:[了啦的 ]{{0,2}}$|[^{_STOP}]{{0,8}}?(?:{happened}))"),
        past=re.compile(any_of(stay["past"])),
        gone_by=re.compile(f"[住花看治做]过|用过|报过|住院过|[是的]?(?:{once})"),
        again=re.compile(any_of(stay["again"])),
        not_first=re.compile("(?<!是)不是(?:今年|本年|一年)?[的里]?(?:俺|我|他|她|头)?$"),
        told=re.compile(told),
        undated=re.compile(_undated(said["undated"])),
        away_before=re.compile(f"(?:{any_of(where['before'])})了?$"),
        away_after=re.compile(f"[市省的]?[^{_STOP}]{{0,8}}?(?:{any_of(where['after'])})"),
        home_before=re.compile(f"(?:{any_of(where['home_before'])})[在是]?$"),
        home_after=re.compile(f"[市省]?(?:{any_of(where['home_after'])})|的(?=[{_STOP}\\s]|$)|[市县](?!.{{0,8}}医院)"),
        corrects=re.compile(f"(?<!对)(?:{any_of(said['corrects'])})"),
        unsure=re.compile(f"(?:{any_of(said['unsure'])})(?![^{_STOP}]{{0,6}}?(?:{any_of(said['unsure_about'])}))"),
    )
