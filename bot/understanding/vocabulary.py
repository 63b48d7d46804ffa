"""The words that are understood, read once from `data/vocabulary/zh.yaml` and from what the packs call their places and hospitals."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any, Self

from bot.understanding.away import Regions, regions
from bot.understanding.characters import syllables
from bot.understanding.patterns import (
    CategoryPatterns,
    MoneyPatterns,
    Pattern,
    PersonPatterns,
    SensePatterns,
    any_of,
    any_phrase_of,
    category_patterns,
    graded,
    money_patterns,
    person_patterns,
    sense_patterns,
    told,
)
from bot.understanding.sounds import Sounds
from engine.errors import PackError, Problem
from engine.keys import CARES, CATEGORIES, FACILITIES, LAYERS
from engine.yaml_tree import Location, Tree, read_tree

Names = Mapping[str, Sequence[str]]
Meanings = dict[str, tuple[str, ...]]

_COUNTY, _CITY = "县", "市"
#: What the phrases begin with beside their words: 已办转诊, 今年的医保.
_PHRASES_BEGIN = "已今去明"
#: Said alone they are hospitals of that grade: 二级的, 换成三级.
_GRADES = ("一级", "二级", "三级")
_BOOLS = ("true", "false")
_KEYS: dict[str, tuple[str, ...]] = {
    "category": CATEGORIES,
    "facility": FACILITIES,
    "care": CARES,
    "registered": _BOOLS,
    "emergency": _BOOLS,
    "insured": _BOOLS,
    "guardian": _BOOLS,
    "earlier": ("none",),
}
#: Slots whose words may be written with other characters of the same sound; two characters are too few but for a category.
_MISSPELLED, _SHORTEST = ("category", "facility", "care", "registered", "insured"), 2
_SLOT_SECTIONS = ("words", "standing_alone", "when_asked", "whole_answer", "either")
_INTENTS = frozenset(
    (
        *("back", "restart", "help", "why", "compare", "changed", "year", "premium", "documents", "forget", "human", "greeting"),
        *("correct", "estimate", "finder", "sheet", "admission", "leave", "another", "people", "pass", "data", "lang", "desk"),
    )
)
#: Every other section and the lists it must have; None: the section is itself a list.
_SECTIONS: dict[str, tuple[str, ...] | None] = {
    "phrases": ("registered", "facility", "insured"),
    "denied": ("before", "between", "after", "asked", "joins"),
    "category_denied": ("not", "between", "linking", "rest", "after", "together", "asked_after", "asked_before"),
    "yes_no": (
        *("affirms", "agrees", "nods", "denies", "ceased", "doubts", "asks", "mistaken", "unclear"),
        *("person", "name", "papers", "matter", "beside"),
    ),
    "money": (
        *("total", "stay", "self_funded", "self_funded_kind", "own_pocket", "first_share", "first_share_kind", "paid", "paid_after"),
        *("part", "aside", "other", "including", "mixed", "each", "filler", "person", "follows", "none", "no_self_funded", "about"),
        *("question", "whole", "some"),
    ),
    "stay": ("earlier", "this", "now", "once", "past", "happened", "again", "told"),
    "whereabouts": (
        *("before", "after", "home_before", "home_after", "hospital", "treated", "moved", "transferred"),
        *("edge", "no_name"),
    ),
    "intents": ("exact", "contains", "distress", "despair", "corrects", "before", "after"),
    "undated": None,
    "other_rules": ("accident", "work_injury", "childbirth", "payroll"),
    "unsure": None,
    "hedges": None,
    "unsure_about": None,
    "unsure_of": ("self_funded", "first_share", "registered", "facility", "category", "on"),
    "elsewhere": None,
    "hospitals": None,
    "county_hospitals": None,
    "sheet": (*LAYERS, "own"),
    "homophones": ("also", "never"),
    "who": ("self", "parent", "child", "spouse", "relative", "neighbour"),
    "desk": ("next", "list", "compare", "slip", "close"),
}


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The words of one slot and the keys each may mean. A phrase of many forms is a group of the pattern that is named as its key."""

    meanings: Meanings
    pattern: Pattern
    #: The characters that words begin with: most messages have none of most lists, and looking for these is faster.
    begins: frozenset[str]

    def find(self, text: str) -> Iterator[tuple[re.Match[str], tuple[str, ...]]]:
        """Every word in the text, the longest at each place, with its keys."""
        if not self.begins.isdisjoint(text):
            for match in self.pattern.finditer(text):
                yield match, self.meanings.get(match[0]) or (str(match.lastgroup),)


@dataclass(frozen=True, slots=True)
class Commands:
    """Whole-message commands, words that show an intent, and the politeness around them."""

    exact: Mapping[str, str]
    contains: Mapping[str, Pattern]
    any_contained: Pattern
    before: tuple[str, ...]
    after: tuple[str, ...]
    distress: Pattern
    despair: Pattern


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Everything `understand` needs to know. Built once, shared by every message."""

    words: Mapping[str, Lexicon]
    standing_alone: Mapping[str, Lexicon]
    when_asked: Mapping[str, Lexicon]
    whole_answer: Mapping[str, Mapping[str, str]]
    yes_no: Lexicon
    elsewhere: Pattern
    regions: Regions
    other_rules: Mapping[str, Pattern]
    money: MoneyPatterns
    hedged: Pattern
    sense: SensePatterns
    category_sense: CategoryPatterns
    unsure_of: Mapping[str, Pattern]
    sheet: Lexicon
    commands: Commands
    sounds: Sounds
    who: Lexicon
    person: PersonPatterns
    desk: Commands
    next_household: Pattern

    @classmethod
    def read(cls, path: Path, places: Names, facilities: Names | None = None) -> Self:
        """Read the file and add the packs' names: place key → its names, facility key → names of single hospitals.

        A name given for two keys stands for either. Raises PackError for unknown keys, lists that are missing, words with two meanings.
        """
        tree = read_tree(path)
        problems = list(_problems(tree))
        if problems:
            raise PackError(problems)
        data = tree.data
        meanings = _all_meanings(data, places, facilities or {})
        short = {"facility": {grade: meanings["facility"][f"{grade}医院"] for grade in _GRADES}}
        known = regions(data["elsewhere"], data["hospitals"], data["whereabouts"], places)
        return cls(
            words={slot: _lexicon(words, data["phrases"].get(slot)) for slot, words in meanings.items()},
            standing_alone={slot: _lexicon(_meanings(words) | short.get(slot, {})) for slot, words in data["standing_alone"].items()},
            when_asked={
                slot: _lexicon(meanings[slot] | _meanings(words) | short.get(slot, {}), data["phrases"].get(slot))
                for slot, words in data["when_asked"].items()
            },
            whole_answer={slot: _inverted(words) for slot, words in data["whole_answer"].items()},
            yes_no=_lexicon(_yes_no(data, meanings["category"])),
            elsewhere=re.compile(any_of(known.unlisted())),
            regions=known,
            other_rules={name: re.compile(any_of(words)) for name, words in data["other_rules"].items()},
            money=money_patterns(data["money"]),
            hedged=re.compile(
                f"(?:{any_of(data['hedges'])})(?:就|也|还)?(?:是|算|属于|在|去|叫|办)?(?:个|一?个)?(?:的|了)?(?:我们|俺们|我|俺|他|她|咱)?家?(?:是)?$"
            ),
            sense=sense_patterns(data["denied"], data["stay"], data["whereabouts"], {**data, "corrects": data["intents"]["corrects"]}),
            category_sense=category_patterns(data["denied"], data["category_denied"]),
            unsure_of={slot: re.compile(any_of(words)) for slot, words in data["unsure_of"].items()},
            sheet=_lexicon(_meanings(data["sheet"])),
            commands=_commands(data["intents"]),
            sounds=_sounds(data, meanings),
            who=_lexicon(_meanings(data["who"])),
            person=person_patterns(data["who"]),
            desk=_desk_commands(data),
            next_household=re.compile(any_of(data["desk"]["next"])),
        )


def _all_meanings(data: Any, places: Names, facilities: Names) -> dict[str, Meanings]:
    found = {slot: _meanings(data["words"].get(slot, {})) for slot in _KEYS}
    for slot, words in data["either"].items():
        found[slot] |= {word: tuple(keys) for word, keys in words.items()}
    for word, keys in _meanings(facilities).items():
        # A pack may give a general word a meaning of its own (二级医院); which one is meant, the place decides.
        found["facility"][word] = tuple(dict.fromkeys((*found["facility"].get(word, ()), *keys)))
    for word in _of_counties(data["county_hospitals"], places):
        found["facility"].setdefault(word, ("county",))
    found["place"] = _meanings(places)
    return found


def _of_counties(hospitals: Iterable[str], places: Names) -> Iterator[str]:
    """蒙城二院, 蒙城县二院: hospitals under the names of a place's counties, which are those that stand with 县 and not with 市 too."""
    for names in places.values():
        counties = [name.removesuffix(_COUNTY) for name in names if name.endswith(_COUNTY)]
        for county in counties:
            if f"{county}{_CITY}" not in names and len(county) > 1:
                yield from (f"{county}{county_or_not}{hospital}" for hospital in hospitals for county_or_not in ("", _COUNTY))


def _meanings(names: Names) -> Meanings:
    found: Meanings = {}
    for key, words in names.items():
        for word in words:
            found[word] = tuple(dict.fromkeys((*found.get(word, ()), key)))
    return found


def _yes_no(data: Any, categories: Meanings) -> Meanings:
    """The pieces of an answer, each with its kind; `category` and `unsure` beside the kinds of the section."""
    kinds = {**data["yes_no"], "category": categories, "unsure": data["unsure"]}
    kinds["person"] = [*kinds["person"], *data["money"]["person"]]
    return _meanings(kinds)


def _lexicon(meanings: Meanings, phrases: Names | None = None) -> Lexicon:
    if not phrases:
        return Lexicon(meanings, re.compile(any_of(meanings)), _begins(meanings))
    forms = told(phrases) if "thing" in phrases else graded(phrases)
    begins = [*meanings, *chain.from_iterable(phrases.values()), *_PHRASES_BEGIN]
    return Lexicon(meanings, re.compile(f"{forms}|{any_of(meanings)}"), _begins(begins))


def _begins(words: Iterable[str]) -> frozenset[str]:
    return frozenset(word[0] for word in words if word)


def _inverted(names: Names) -> dict[str, str]:
    return {word: key for key, words in names.items() for word in words}


def _sounds(data: Any, meanings: Mapping[str, Meanings]) -> Sounds:
    """What may be misspelled: the words of people and hospitals, and those that the file lists beside them."""
    often = [word for slot in _MISSPELLED for word in meanings[slot] if len(word) > _SHORTEST or slot == "category"]
    return Sounds.of(syllables(), [*often, *data["homophones"]["also"]], data["homophones"]["never"])


def _commands(intents: Any) -> Commands:
    return Commands(
        exact=_inverted(intents["exact"]),
        contains={intent: re.compile(any_phrase_of(words)) for intent, words in intents["contains"].items()},
        any_contained=re.compile(any_phrase_of(chain.from_iterable(intents["contains"].values()))),
        before=tuple(sorted(intents["before"], key=len, reverse=True)),
        after=tuple(sorted(intents["after"], key=len, reverse=True)),
        distress=re.compile(any_of([*intents["distress"], *intents["despair"]])),
        despair=re.compile(any_of(intents["despair"])),
    )


def _desk_commands(data: Any) -> Commands:
    """What is asked of a coordinator's desk, with the same politeness around it."""
    return replace(_commands(data["intents"]), exact={word: f"desk.{name}" for word, name in _inverted(data["desk"]).items()})


def _problems(tree: Tree) -> Iterator[Problem]:
    """Everything wrong with the file, each with its line."""
    yield from _unknown(tree, (), tree.data, {*_SLOT_SECTIONS, *_SECTIONS})
    yield from _missing(tree, (), {*_SLOT_SECTIONS, *_SECTIONS})
    for section, names in _SECTIONS.items():
        if names is not None and section in tree.data:
            yield from _unknown(tree, (section,), tree.data[section], names)
            yield from _missing(tree, (section,), names)
    yield from _ambiguous(tree, ("yes_no",), _at(tree, ("yes_no",)))
    yield from _unknown(tree, ("hospitals",), _at(tree, ("hospitals",)), _at(tree, ("elsewhere",)))
    yield from _ambiguous(tree, ("hospitals",), _at(tree, ("hospitals",)))
    for part in ("exact", "contains"):
        yield from _unknown(tree, ("intents", part), _at(tree, ("intents", part)), _INTENTS)
    for section in _SLOT_SECTIONS:
        yield from _unknown(tree, (section,), _at(tree, (section,)), _KEYS)
        for slot in _at(tree, (section,)):
            yield from _slot_problems(tree, section, slot)


def _slot_problems(tree: Tree, section: str, slot: str) -> Iterator[Problem]:
    entries, keys = _at(tree, (section, slot)), _KEYS.get(slot, ())
    if section == "either":
        for word, meant in entries.items():
            yield from _unknown(tree, (section, slot, word), meant, keys)
        return
    yield from _unknown(tree, (section, slot), entries, keys)
    yield from _ambiguous(tree, (section, slot), entries)


def _ambiguous(tree: Tree, location: Location, entries: Names) -> Iterator[Problem]:
    """Words that stand under two keys."""
    seen: dict[str, str] = {}
    for key, words in entries.items():
        for index, word in enumerate(words):
            if seen.setdefault(word, key) != key:
                what = f"`{word}` already means {seen[word]}; a word with two meanings belongs under `either`"
                yield tree.problem((*location, key, index), what)


def _at(tree: Tree, location: Location) -> dict[str, Any]:
    value = tree.data
    for step in location:
        value = value.get(step) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _unknown(tree: Tree, location: Location, found: Iterable[str], known: Iterable[str]) -> Iterator[Problem]:
    allowed = sorted(known)
    for key in found:
        if key not in allowed:
            yield tree.problem((*location, key), f"unknown key `{key}`, expected one of {', '.join(allowed)}")


def _missing(tree: Tree, location: Location, names: Iterable[str]) -> Iterator[Problem]:
    for name in sorted(set(names) - set(_at(tree, location))):
        yield tree.problem(location, f"`{name}` is missing")
