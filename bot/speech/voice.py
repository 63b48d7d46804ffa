"""A voice: words of one language from the catalogue, amounts and days as people write them there."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from babel import Locale
from babel.dates import format_date
from babel.support import NullTranslations, Translations

from bot.speech.traditional import traditional
from engine import Note, Source, Text

DOMAIN = "nengbao"

#: Values that are keys, and the family of words each is found in.
_FAMILIES = {"category": "category", "facility": "facility", "care": "care", "layer": "layer", "slot": "slot", "fact": "slot"}


def _singular(name: str) -> str:
    """The name of one of several: layers -> layer, categories -> category."""
    return name.removesuffix("ies") + "y" if name.endswith("ies") else name.removesuffix("s")


def _percent(share: Fraction) -> str:
    """A share of a hundred with at most two decimals: 80, 62.5. Written here for the same reason as amounts."""
    return f"{Decimal(share.numerator * 100) / share.denominator:,.2f}".rstrip("0").rstrip(".")


class MissingCatalogueError(Exception):
    """No compiled catalogue for a language stands in the folder."""


class _NoWords(NullTranslations):
    """Stands behind a catalogue: gettext alone would answer a missing key with the key itself."""

    def gettext(self, message: str) -> str:
        raise KeyError(message)


class Voice:
    """Speaks one language. Every sentence is a key of the catalogue with named placeholders."""

    def __init__(self, folder: Path, lang: str) -> None:
        """Load a compiled catalogue. Raises MissingCatalogueError when there is none."""
        found = Translations.load(str(folder), [lang], DOMAIN)
        if not isinstance(found, Translations):
            raise MissingCatalogueError(f"{folder}/{lang}/LC_MESSAGES/{DOMAIN}.mo")
        found.add_fallback(_NoWords())
        self.lang, self._locale, self._find = lang, Locale.parse(lang), found.gettext
        self._kinds: Mapping[type, Callable[[Any], str]] = {
            Fraction: _percent,
            # A pattern of the catalogue: babel's own would load all it knows of the language for each.
            date: lambda day: format_date(day, str(found.gettext("day")), locale=self._locale),
            Text: lambda text: text.en if lang.startswith("en") else self.written(text.zh),
            Source: lambda source: self.say("document", title=self.written(source.title)),
        }

    def has(self, key: str) -> bool:
        """Whether the catalogue has words for a key."""
        try:
            return bool(self._find(key))
        except KeyError:
            return False

    def say(self, key: str, **values: Any) -> str:
        """The sentence of a key with its values in words. Raises KeyError for a key without words."""
        return str(self._find(key)).format(**{name: self.worded(name, value) for name, value in values.items()})

    def note(self, note: Note) -> str:
        """A note in words."""
        return self.say(note.key, **note.values)

    def noted(self, note: Text | None) -> str | None:
        """What those who wrote a pack noted beside a rule; None where they noted nothing."""
        return None if note is None else self.worded("note", note)

    def worded(self, name: str, value: Any) -> str:
        """A value in words: money under names ending in `amount` (fen), shares, days, texts of packs, keys of a known family."""
        if isinstance(value, bool):
            return self.say("yes" if value else "no")
        if isinstance(value, int) and name.endswith("amount"):
            return self.money(value)
        if type(value) in self._kinds:
            return self._kinds[type(value)](value)
        if isinstance(value, list):
            return self.listed(value)
        if isinstance(value, tuple):
            return self.say("and").join(
                self.worded(name, each) if isinstance(each, Text) else self.say(f"{_singular(name)}.{each}") for each in value
            )
        return self.say(f"{_FAMILIES[name]}.{value}") if name in _FAMILIES else self.written(str(value))

    def listed(self, words: Iterable[str]) -> str:
        """Words one after the other, with the language's comma between."""
        return self.say("and").join(words)

    def money(self, fen: int) -> str:
        """15,600 or 27,482.50: fen only when there are any. Written here, because an answer says some forty and babel takes its time."""
        whole, part = divmod(abs(fen), 100)
        return f"{'-' if fen < 0 else ''}{whole:,}" + (f".{part:02d}" if part else "")

    def written(self, text: str) -> str:
        """A text of a pack or of a person in the characters of this language."""
        return traditional(text) if self.lang == "zh_Hant" else text
