"""The vocabulary file: what it refuses, and what the packs' names do."""

from pathlib import Path

import pytest

from bot import resources
from bot.knowledge import read_vocabulary
from bot.understanding import Vocabulary, understand
from engine import read_shelf
from engine.errors import PackError
from tests.understanding.conftest import PLACES, WORDS


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        (
            "    extreme_poverty: [特困,",
            "    extreme_povertty: [特困,",
            7,
            "unknown key `extreme_povertty`, expected one of back_in_poverty",
        ),
        ("特困, 特困户,", "低保, 特困户,", 8, "`低保` already means extreme_poverty"),
        ("  nods: [嗯,", "  nods: [没有,", 0, "`没有` already means"),
        ("    贫困户: [registered_poor,", "    贫困户: [registered,", 0, "unknown key `registered`"),
        ("    back: [重选,", "    bakc: [重选,", 0, "unknown key `bakc`"),
        ("  paid_after:", "  paid_later:", 0, "`paid_after` is missing"),
        ("elsewhere:\n  安徽:", "elsewhere_:\n  安徽:", 0, "`elsewhere` is missing"),
        ("hospitals:\n  安徽:", "hospitals:\n  安微:", 0, "unknown key `安微`"),
        ("  湖南: [湘雅,", "  湖南: [华西,", 0, "`华西` already means 湖南"),
    ],
)
def test_a_broken_vocabulary_is_refused_with_its_place(old: str, new: str, line: int, words: str, tmp_path: Path) -> None:
    """Unknown keys, words with two meanings and missing lists stop the start, with file, line and what was expected."""
    text = WORDS.read_text(encoding="utf-8")
    assert old in text
    broken = tmp_path / "zh.yaml"
    broken.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(PackError) as caught:
        Vocabulary.read(broken, {})
    assert any(words in problem.what and line in {0, problem.line} for problem in caught.value.problems)


def test_no_place_is_known_without_a_pack() -> None:
    """Names of covered places come from the caller, never from the file or the code."""
    alone = Vocabulary.read(WORDS, {})
    assert understand("俺是亳州的", alone).slots == {}


def test_a_place_with_a_pack_is_no_longer_elsewhere() -> None:
    """A pack for a city that the file lists as elsewhere takes its name over."""
    with_pack = Vocabulary.read(WORDS, {"anhui-fuyang": ["阜阳"]})
    heard = understand("我们是阜阳的", with_pack)
    assert heard.slots["place"].value == "anhui-fuyang"
    assert heard.problems == ()


def test_a_name_of_two_places_is_asked_back() -> None:
    """A county name that two packs claim stands for either."""
    both = Vocabulary.read(WORDS, {"a": ["新城"], "b": ["新城"]})
    assert [doubt.candidates for doubt in understand("我是新城的", both).ambiguous] == [("a", "b")]


def test_a_hospital_named_by_a_pack_wins_over_the_place_in_its_name(vocabulary: Vocabulary) -> None:
    """亳州市人民医院 is a hospital of the city, and says nothing about where somebody is insured."""
    heard = understand("在亳州市人民医院", vocabulary)
    assert {name: slot.value for name, slot in heard.slots.items()} == {"facility": "city"}
    assert heard.ambiguous == ()


@pytest.mark.parametrize(
    ("text", "value"),
    [("去北京协和医院", "outside_province"), ("在郑州市医院", "outside_province"), ("合肥省立医院", "province"), ("亳州市医院", "city")],
)
def test_with_one_place_hospitals_are_seen_from_there(text: str, value: str) -> None:
    """Where only one place has rules, its province is the home province without anybody saying so."""
    alone = Vocabulary.read(WORDS, {"anhui-bozhou": PLACES["anhui-bozhou"]})
    assert understand(text, alone).slots["facility"].value == value


def test_the_known_place_decides_which_province_is_home(vocabulary: Vocabulary) -> None:
    """A place known from the talk makes a hospital sure that otherwise has two readings; a place in the message counts more."""
    assert [doubt.candidates for doubt in understand("在合肥市医院", vocabulary).ambiguous] == [("province", "outside_province")]
    assert [doubt.candidates for doubt in understand("在合肥市医院", vocabulary, place="anhui-bozhou").ambiguous] == [("province",)]
    assert understand("在合肥市医院", vocabulary, place="henan-puyang").slots["facility"].value == "outside_province"
    said = understand("俺是濮阳的，在合肥市医院", vocabulary, place="anhui-bozhou")
    assert said.slots["facility"].value == "outside_province"


def test_a_pack_s_hospitals_of_its_province_are_outside_for_the_others() -> None:
    """What a pack calls a hospital of the province stands under `hospitals` too, and is no hospital of another one."""
    shelf = read_shelf([resources.POLICIES])
    known = read_vocabulary(shelf)
    for edition in shelf.editions():
        named = [name for key, names in edition.policy.words.facility.items() if key.startswith("province") for name in names]
        for name in (name for name in named if not name.startswith("省")):
            heard = {place: understand(f"在{name}住院", known, place=place).slots["facility"].value for place in shelf.places}
            inside = [place for place, level in heard.items() if level != "outside_province"]
            assert inside == [edition.policy.place], name


@pytest.mark.parametrize(
    ("place", "levels"),
    [
        ("anhui-bozhou", ("county", "city")),
        ("henan-puyang", ("outside_province",)),
        (None, ("county", "city", "outside_province")),
    ],
)
def test_a_pack_s_hospital_without_its_town_is_what_the_pack_says_only_in_its_province(place: str | None, levels: tuple[str, ...]) -> None:
    """A hospital that stands under `hospitals` and in a pack has the pack's level there, and lies outside for the rest."""
    known = Vocabulary.read(WORDS, PLACES, {"county": ["华佗中医院"], "city": ["华佗中医院"]})
    heard = understand("在华佗中医院住院", known, place=place)
    found = [*(doubt.candidates for doubt in heard.ambiguous), *((slot.value,) for slot in heard.slots.values())]
    assert found == [levels]


def test_a_place_in_no_known_province_leaves_both_readings() -> None:
    """Without knowing the home province nothing is called outside of it."""
    heard = understand("在郑州市医院", Vocabulary.read(WORDS, {"a": ["新城"]}))
    assert [doubt.candidates for doubt in heard.ambiguous] == [("province", "outside_province")]


def test_an_earlier_stay_is_asked_about_first(vocabulary: Vocabulary) -> None:
    """Only the first doubt is asked; what every estimate needs is asked anyway, so an earlier stay and the day stand before it."""
    heard = understand("去年12月出院，住了三次院，花了好几万", vocabulary)
    assert [doubt.slot for doubt in heard.ambiguous] == ["earlier", "on", "total"]
