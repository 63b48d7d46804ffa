"""Which column of a table is which fact of a case, and what a cell says, as offices write it.

A cell that cannot be read is left as it is: reading the case then names the field that is wrong.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Self

from bot.speech import Voice
from bot.tables.days import iso_day
from bot.understanding import Vocabulary
from engine import CARES, CATEGORIES, FACILITIES, Shelf
from engine.yaml_tree import read_tree

#: The facts that a row may say, in the order in which they are asked for. `person` groups rows and is no fact of a case.
FACTS = (
    *("place", "on", "category", "insured", "facility", "care", "total", "self_funded", "first_share"),
    *("registered", "emergency", "age", "disease", "fixed_price", "expired_ok"),
)
REQUIRED = ("place", "category", "facility", "total")
MONEY = ("total", "self_funded", "first_share", "fixed_price")
FLAGS = ("insured", "registered", "emergency", "expired_ok")
#: Facts of a case that no cell can hold.
NESTED = ("earlier", "so_far", "paid")
_LISTS: Mapping[str, Sequence[str]] = {"category": CATEGORIES, "facility": FACILITIES, "care": CARES}

_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?")
_UNIT = re.compile(r"\((?:单位:?)?元\)$")
#: Parts of the total, before whose names that may be said; and the facts of which our own files have a column.
_PARTS, _OF_WHICH = ("self_funded", "first_share"), re.compile(r"^其中[:,、]?")
_EXPORTED = ("place", "on", "category", "facility", "care", "total", "self_funded")
#: Between words of one cell: 监测对象（边缘易致贫户）, 低保-农村.
_PARTED = re.compile(r"[()\-:—–]+")
_WHOLE = re.compile(r"\d{1,3}(?:\.0+)?")


@dataclass(frozen=True, slots=True)
class Columns:
    """The column of each fact that a table says, the columns that name people, and those for which another was taken."""

    facts: Mapping[str, str]
    personal: tuple[str, ...]
    unused: Mapping[str, str]
    #: Columns whose name is nearly that of a fact.
    doubtful: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Names:
    """The words of tables. `meanings` says for each fact of a short list what a cell may call each of its keys.

    `levels` are the hospital levels a word may mean, `facilities` those that each place has; `totals` what stands in a row of sums;
    `further` the columns that only lists of one kind have; `beside` what leaves a category what it is, `unclear` what tells of none.
    """

    columns: Mapping[str, Sequence[str]]
    personal: frozenset[str]
    totals: frozenset[str]
    meanings: Mapping[str, Mapping[str, Any]]
    levels: Mapping[str, frozenset[str]]
    facilities: Mapping[str, frozenset[str]]
    further: Mapping[str, Mapping[str, Sequence[str]]]
    beside: re.Pattern[str]
    unclear: tuple[str, ...]

    @classmethod
    def read(cls, path: Path, vocabulary: Vocabulary, shelf: Shelf, voices: Iterable[Voice]) -> Self:
        """Read `tables.yaml`, and what packs, vocabulary and catalogues call places, categories, hospitals and kinds of care."""
        data = read_tree(path).data
        flags = {**dict.fromkeys(map(_tidy, data["yes"]), True), **dict.fromkeys(map(_tidy, data["no"]), False)}
        words = {fact: _words(fact, keys, vocabulary, voices) for fact, keys in _LISTS.items()}
        for fact in ("category", "facility"):
            for key, more in data[fact].items():
                words[fact][key] += more
        places: dict[str, list[str]] = {place: [place] for place in shelf.places}
        for edition in shelf.editions():
            policy = edition.policy
            places[policy.place] += (policy.name.zh, policy.name.en, *policy.words.place)
        return cls(
            columns={fact: [fact, *names, *_exported(fact, voices)] for fact, names in data["columns"].items()},
            personal=frozenset(map(_tidy, data["personal"])),
            totals=frozenset(map(_tidy, data["totals"])),
            meanings={
                **dict.fromkeys(FLAGS, flags),
                "place": _meanings(places),
                **{fact: _meanings(words[fact]) for fact in ("category", "care")},
            },
            levels=_levels(words["facility"]),
            facilities={
                place: frozenset(key for edition in editions for key in edition.policy.facilities)
                for place, editions in shelf.places.items()
            },
            further={kind: data[kind] for kind in ("enrolment", "sheet")},
            beside=re.compile(r"^(?:{0})+|(?:{0})+$".format("|".join(map(_tidy, data["beside_category"])))),
            unclear=tuple(map(_tidy, data["unclear_category"])),
        )

    def columns_of(self, header: Sequence[str]) -> Columns:
        """Which columns of a header say which facts."""
        tidied = {column: column_name(column) for column in header}
        facts: dict[str, str] = {}
        unused: dict[str, str] = {}
        for fact, names in self.columns.items():
            ranked = {name: rank for rank, name in reversed(list(enumerate(names)))}
            told = {column: _OF_WHICH.sub("", name) if fact in _PARTS else name for column, name in tidied.items()}
            found = sorted((column for column, name in told.items() if name in ranked), key=lambda column: ranked[told[column]])
            if found:
                facts[fact] = found[0]
                unused |= dict.fromkeys(found[1:], found[0])
        personal = tuple(column for column, name in tidied.items() if name in self.personal and column not in facts.values())
        known = [name for names in self.columns.values() for name in names]
        other = [column for column in header if column not in {*facts.values(), *unused, *personal}]
        near = {column: get_close_matches(tidied[column], known, 1, 0.8) for column in other}
        return Columns(facts, personal, unused, {column: names[0] for column, names in near.items() if names})

    def further_of(self, kind: str, header: Sequence[str]) -> dict[str, str]:
        """Which columns of a list of a kind say what only such lists say; where several say the same, the name that stands first."""
        tidied = {column_name(column): column for column in header}
        found = {fact: next((tidied[name] for name in names if name in tidied), None) for fact, names in self.further[kind].items()}
        return {fact: column for fact, column in found.items() if column is not None}

    def is_total(self, cells: Iterable[Any]) -> bool:
        """Whether a row with such cells tells a sum of others."""
        return any(isinstance(cell, str) and _tidy(cell).rstrip(":") in self.totals for cell in cells)

    def is_level(self, said: Any) -> bool:
        """Whether a cell means a hospital level anywhere."""
        return _tidy(str(said)) in self.levels

    def facility(self, place: str, said: Any) -> Any:
        """The hospital level that a cell means at a place; what it says where that is none, or more than one."""
        meant = self.levels.get(_tidy(str(said)), frozenset())
        here = meant & self.facilities.get(place, frozenset()) or meant
        return next(iter(here)) if len(here) == 1 else said

    def levels_meant(self, places: Iterable[str], said: Any) -> frozenset[str]:
        """The hospital levels that a cell may mean at some places."""
        return self.levels.get(_tidy(str(said)), frozenset()) & {level for place in places for level in self.facilities.get(place, ())}

    def is_unclear(self, said: Any) -> bool:
        """Whether a cell tells something of a category that goes with several, or with none."""
        return isinstance(said, str) and any(word in _tidy(said) for word in self.unclear)

    def _category(self, said: str) -> str:
        """The category that a cell means: a word of it, also between what leaves it what it is; or several words that all mean the same."""
        known, text = self.meanings["category"], _tidy(said)
        if text in known:
            return str(known[text])
        parts = [(part, self.beside.sub("", part)) for part in _PARTED.split(text)]
        meant = {known.get(part, known.get(bare)) for part, bare in parts if bare or part in known}
        found = next(iter(meant)) if len(meant) == 1 else None
        return said if found is None else str(found)

    def value(self, fact: str, said: Any) -> Any:
        """What a cell says of a fact, as a case takes it; None for an empty cell."""
        if isinstance(said, str):
            said = unicodedata.normalize("NFKC", said).strip() or None
        if said is None:
            return None
        if fact == "category" and isinstance(said, str):
            return self._category(said)
        if fact in self.meanings:
            return said if isinstance(said, bool) else self.meanings[fact].get(_tidy(str(said)), said)
        if fact == "on":
            return iso_day(said)
        if fact == "age":
            return _age(said)
        return _money(said) if fact in MONEY else str(said)


def column_name(column: str) -> str:
    """The name of a column in the way names are compared: without blanks and without the unit of amounts."""
    return _UNIT.sub("", _tidy(column))


def _exported(fact: str, voices: Iterable[Voice]) -> list[str]:
    """What our own files call the column of a fact."""
    return [column_name(voice.say(f"slot.{fact}")) for voice in voices] if fact in _EXPORTED else []


def _words(fact: str, keys: Sequence[str], vocabulary: Vocabulary, voices: Iterable[Voice]) -> dict[str, list[str]]:
    """What catalogues and vocabulary call each key of a list."""
    words = {key: [key, *(voice.say(f"{fact}.{key}") for voice in voices)] for key in keys}
    for word, meant in vocabulary.words[fact].meanings.items():
        for key in meant:
            words[key].append(word)
    return words


def _levels(said: Mapping[str, Iterable[str]]) -> dict[str, frozenset[str]]:
    """The keys that each word may stand for; a key's own name stands for it alone."""
    keys: dict[str, set[str]] = {}
    for key, words in said.items():
        for word in words:
            keys.setdefault(_tidy(word), set()).add(key)
    return {word: frozenset(meant) for word, meant in keys.items()} | {key: frozenset((key,)) for key in said}


def _meanings(said: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """The key of every word that stands for one key only."""
    return {word: next(iter(meant)) for word, meant in _levels(said).items() if len(meant) == 1}


def _tidy(text: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).lower()


def _age(said: Any) -> Any:
    text = str(said).removesuffix("周岁").removesuffix("岁")
    return int(float(text)) if not isinstance(said, bool) and _WHOLE.fullmatch(text) else said


def _money(said: Any) -> Any:
    """An amount as a case takes it; thousands may be grouped, 元 may stand behind."""
    if isinstance(said, bool | int | float | Decimal):
        return said
    text = str(said).removeprefix("¥").removesuffix("元").strip()
    return text.replace(",", "") if _GROUPED.fullmatch(text) else text
