"""Everything that is read when the program starts: packs, the flow of questions, vocabulary, voices. No store, no door."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bot import resources
from bot.conversation import Flow, read_flow
from bot.langs import LANGS, spoken
from bot.speech import Voice
from bot.understanding import Vocabulary
from engine import Questions, Shelf, read_questions, read_shelf


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Everything read at the start: packs, the flow of questions, those that find a category, vocabulary and voices."""

    shelf: Shelf
    flow: Flow
    finder: Questions
    vocabulary: Vocabulary
    voices: Mapping[str, Voice]

    def voice(self, lang: str | None) -> Voice:
        """The voice of a language or of a tag such as zh-TW; Chinese unless it is one we speak."""
        return self.voices[spoken(lang) or LANGS[0]]


def read_knowledge(more_policies: Iterable[Path] = ()) -> Knowledge:
    """Read packs, flow, vocabulary and catalogues. Raises PackError or MissingCatalogueError."""
    shelf = read_shelf([resources.POLICIES, *more_policies])
    return Knowledge(
        shelf=shelf,
        flow=read_flow(resources.FLOW),
        finder=read_questions(resources.FINDER, shelf),
        vocabulary=read_vocabulary(shelf),
        voices={lang: Voice(resources.LOCALES, lang) for lang in LANGS},
    )


def read_vocabulary(shelf: Shelf) -> Vocabulary:
    """The general words together with those each pack brings for its place and hospitals."""
    places: dict[str, list[str]] = {}
    facilities: dict[str, list[str]] = {}
    for edition in shelf.editions():
        words = edition.policy.words
        places.setdefault(edition.policy.place, []).extend(words.place)
        for facility, names in words.facility.items():
            facilities.setdefault(facility, []).extend(names)
    return Vocabulary.read(resources.VOCABULARY, places, facilities)
