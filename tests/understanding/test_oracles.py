"""Our readers beside libraries that know the same: cn2an for numbers, OpenCC for traditional writing, pypinyin for sounds."""

import random
from decimal import Decimal
from itertools import chain

import cn2an  # type: ignore[import-untyped]
import opencc  # type: ignore[import-untyped]
import pytest
from pypinyin import Style, pinyin

from bot.understanding.amounts import amounts
from bot.understanding.characters import syllables, traditional
from bot.understanding.tidy import tidy

COUNT = 30_000


def numbers() -> list[int]:
    """Small ones all, then others of every length up to the contract's limit."""
    chance = random.Random(6)
    return [*range(1, 10_000), *(chance.randrange(10 ** chance.randrange(4, 9)) + 1 for _ in range(COUNT - 9_999))]


@pytest.mark.parametrize("way", ["low", "up"])
def test_a_number_spelled_by_cn2an_is_read_as_itself(way: str) -> None:
    """30,000 numbers, in everyday and in cheque numerals, come back exactly, whether 元 follows or 块."""
    assert len(numbers()) == COUNT
    wrong = []
    for number in numbers():
        text = cn2an.an2cn(number, way)
        found = amounts(f"{text}元")
        if [(each.values, each.sure) for each in found] != [((Decimal(number),), True)]:
            wrong.append((number, text, found))
    assert wrong == []


def test_traditional_characters_are_those_of_opencc() -> None:
    """Each pair of the table is what OpenCC says, and no character of simplified writing is changed."""
    simplified = opencc.OpenCC("t2s")
    table = {chr(one): chr(other) for one, other in traditional().items()}
    assert len(table) > 2_000
    assert [pair for pair in table.items() if simplified.convert(pair[0]) != pair[1]] == []
    assert [char for char in table if _is_simplified(char)] == []
    assert tidy("我媽是低保戶，在縣醫院花了三萬六") == "我妈是低保户，在县医院花了三万六"


def test_syllables_are_those_of_pypinyin() -> None:
    """Characters share a syllable where pypinyin hears the same, apart from sounds that people confuse."""
    table = syllables()
    assert len(table) > 6_000
    heard = {char: pinyin(char, style=Style.NORMAL)[0][0] for char in table}
    by_sound: dict[str, set[str]] = {}
    for char, sound in heard.items():
        by_sound.setdefault(sound, set()).add(table[char])
    assert {sound: known for sound, known in by_sound.items() if len(known) > 1} == {}
    assert len(set(chain.from_iterable(by_sound.values()))) > 300


def _is_simplified(char: str) -> bool:
    try:
        char.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True
