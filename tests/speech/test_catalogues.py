"""The catalogues: the same keys and placeholders in every language, and words for every key the code can say."""

import re
import string
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from opencc import OpenCC

from bot.langs import LANGS
from bot.speech import ANSWERS
from engine import CARES, CATEGORIES, FACILITIES
from engine.keys import LAYERS

ROOT = Path(__file__).parent.parent.parent


def catalogue(lang: str) -> Catalog:
    """A committed catalogue."""
    with (ROOT / "locales" / lang / "LC_MESSAGES" / "nengbao.po").open("rb") as text:
        return read_po(text)


def words(lang: str) -> dict[str, str]:
    """Key to words."""
    return {str(message.id): str(message.string) for message in catalogue(lang) if message.id}


def placeholders(text: str) -> set[str]:
    """The names in braces."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_language_has_the_same_keys_and_placeholders() -> None:
    """A sentence added in one language is there in the others, with the same values in it."""
    chinese = words("zh_CN")
    for other in map(words, LANGS):
        assert chinese.keys() == other.keys()
        assert [key for key in chinese if placeholders(chinese[key]) != placeholders(other[key])] == []


def test_traditional_characters_say_the_same() -> None:
    """Sentence by sentence the two Chinese catalogues are the same words in other characters, and no simplified one is left."""
    simplified, written = OpenCC("tw2s"), words("zh_Hant")
    # The names of languages stand in their own letters everywhere.
    plain = {key: text for key, text in words("zh_CN").items() if not key.startswith("label.lang_")}
    assert {key: text for key, text in plain.items() if simplified.convert(written[key]) != text} == {}
    assert [key for key in plain if not in_traditional_characters(written[key])] == []


def in_traditional_characters(text: str) -> bool:
    """Whether all characters are in Big5, where no simplified one is."""
    return all(len(char.encode("cp950", "ignore")) for char in text if "\u4e00" <= char <= "\u9fff")


@pytest.mark.parametrize("lang", LANGS)
def test_nothing_is_empty_or_unreviewed(lang: str) -> None:
    """No sentence is missing or marked fuzzy."""
    assert [message.id for message in catalogue(lang) if message.id and (not message.string or message.fuzzy)] == []


def test_every_key_of_the_closed_lists_has_words() -> None:
    """Each category, level of hospital, kind of care and layer can be named."""
    families = {"category": CATEGORIES, "facility": FACILITIES, "care": CARES, "layer": LAYERS}
    keys = {f"{family}.{key}" for family, known in families.items() for key in known}
    assert keys - words("zh_CN").keys() == set()


def test_every_literal_key_in_the_code_has_words() -> None:
    """What the code says by a fixed key stands in the catalogue."""
    said = set()
    for path in [*ROOT.glob("bot/**/*.py"), *ROOT.glob("engine/**/*.py")]:
        said |= set(re.findall(r'(?:\.say|\bNote)\(\s*"([a-z_0-9.]+)"', path.read_text(encoding="utf-8")))
    # These notes are values within an estimate; their words have a prefix, or lines of their own.
    inner = {key.removeprefix("assumed.") for key in words("zh_CN") if key.startswith("assumed.")} | {"fact", "figure", *ANSWERS}
    assert said - words("zh_CN").keys() - inner == set()


def test_chinese_sentences_are_short_and_calm() -> None:
    """No exclamation marks, no orders, and no clause of more than 40 characters."""
    for key, text in words("zh_CN").items():
        assert "！" not in text, key
        assert "错误" not in text, key
        clauses = re.split(r"[，。；：？、（）“”]", re.sub(r"\{.*?\}", "某", text))
        assert max(map(len, clauses)) <= 40, key
