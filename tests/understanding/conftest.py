"""One vocabulary for all tests of this room, with names such as packs give."""

from pathlib import Path

import pytest

from bot.understanding import Vocabulary

WORDS = Path(__file__).parents[2] / "data" / "vocabulary" / "zh.yaml"
PLACES = {"anhui-bozhou": ["亳州", "谯城", "涡阳", "蒙城", "利辛"], "henan-puyang": ["濮阳"], "beijing": ["北京"]}
FACILITIES = {"city": ["亳州市人民医院"]}


@pytest.fixture(scope="session")
def vocabulary() -> Vocabulary:
    return Vocabulary.read(WORDS, PLACES, FACILITIES)
