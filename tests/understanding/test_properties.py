"""What holds for every amount and every text, tried on many."""

import re
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.conversation.heard import Heard, Problem
from bot.conversation.position import WHOM
from bot.understanding import Vocabulary, understand
from bot.understanding.amounts import amounts
from engine.keys import CARES, CATEGORIES, FACILITIES
from tests.understanding.conftest import FACILITIES as HOSPITALS
from tests.understanding.conftest import PLACES, WORDS
from tests.understanding.spell import spell

VOCABULARY = Vocabulary.read(WORDS, PLACES, HOSPITALS)
SLOTS = [
    None,
    "total",
    "self_funded",
    "first_share",
    "category",
    "facility",
    "place",
    "on",
    "registered",
    "emergency",
    "earlier_total",
    "earlier_facility",
    "so_far_own",
    "sheet",
    "finder",
]
MONEY = re.compile(r"\d{1,9}\.\d\d")
KEYS = {
    "category": CATEGORIES,
    "facility": FACILITIES,
    "earlier_facility": FACILITIES,
    "care": CARES,
    "place": tuple(PLACES),
    "earlier": ("none",),
    "who": WHOM,
}

whole = st.one_of(st.integers(1, 100_000_000), st.integers(1, 9999), st.integers(1, 10_000).map(lambda number: number * 10_000))
_PIECES = """
今年住过两次 自己掏了 结算单上 基本医保 取消了 好像 没人来登记 说错了 是啥
三万二 3万 3.2万 -500 0 几万 好几千 三五万 自费 花了 一共 报销 先自付 低保 不是 监测户 县医院 市医院 亳州 阜阳 我们是 的
2024年3月5日 2024-02-30 2023年 没 去年 3月5号 住过一次 第二次 郑州市医院 界首 普通 全 一半 车祸 不想活 三甲 省外
备案 了 急诊 门诊 住院 上次 这次 不对 不知道 ， 。 ? 、 到 - 多 左右 岁 天 块 元 < > & <b> 3 5 万 千 点 零 ½ ① 😀
"""
pieces = st.sampled_from([*_PIECES.split(), "\u200b", "\x00", "\n", " "])
messages = st.one_of(st.text(max_size=60), st.lists(pieces, max_size=14).map("".join))


@settings(deadline=None)
@given(whole)
def test_every_spoken_whole_amount_reads_back_exactly(number: int) -> None:
    """A number spelled in Chinese numerals with 元 is read as itself, sure and exact, up to the contract's limit."""
    (amount,) = amounts(spell(number) + "元")
    assert (amount.values, amount.sure, amount.approximate) == ((Decimal(number),), True, False)


@settings(deadline=None)
@given(whole)
def test_every_spoken_bill_fills_the_total(number: int) -> None:
    """In a sentence the same amount is the bill, to the fen."""
    heard = understand(f"住院花了{spell(number)}元，能报多少", VOCABULARY)
    assert heard.slots["total"].value == f"{number}.00"


@settings(deadline=None)
@given(st.integers(1, 10_000_000_000))
def test_every_typed_amount_reads_back_to_the_fen(fen: int) -> None:
    """Digits with commas and two decimals lose nothing."""
    text = f"{fen // 100:,}.{fen % 100:02d}"
    assert understand(f"总费用{text}元", VOCABULARY).slots["total"].value == text.replace(",", "")


@settings(deadline=None)
@given(st.integers(1, 9999), st.integers(1, 9))
def test_a_trailing_digit_is_a_tenth_of_the_unit_before_it(count: int, digit: int) -> None:
    """三万二 is 32,000 and 三万零二 is 30,002, for every count and digit."""
    tail = "一二三四五六七八九"[digit - 1]
    (short,), (full,) = amounts(f"{spell(count)}万{tail}"), amounts(f"{spell(count)}万零{tail}")
    assert short.value == count * 10_000 + digit * 1000
    assert full.value == count * 10_000 + digit


@settings(deadline=None)
@given(messages, st.sampled_from(SLOTS))
def test_any_message_is_answered_with_values_of_the_contract(text: str, expecting: str | None) -> None:
    """No text raises, and whatever fills a slot has the contract's type and range."""
    for name, slot in understand(text, VOCABULARY, expecting).slots.items():
        assert is_of_the_contract(name, slot.value)


@settings(deadline=None)
@given(messages, st.sampled_from(SLOTS))
def test_a_slot_is_filled_or_doubted_but_never_both(text: str, expecting: str | None) -> None:
    """What is asked back is not also taken, and each slot is asked back once."""
    heard = understand(text, VOCABULARY, expecting)
    doubted = [doubt.slot for doubt in heard.ambiguous]
    assert len(doubted) == len({*doubted})
    assert not {*doubted} & heard.slots.keys()


@settings(deadline=None)
@given(messages)
def test_every_candidate_of_money_could_be_a_value(text: str) -> None:
    """A tap on an offered amount gives a value that the contract accepts."""
    for doubt in understand(text, VOCABULARY, "total").ambiguous:
        if doubt.slot in {"total", "self_funded", "first_share"}:
            assert all(is_of_the_contract(doubt.slot, candidate) for candidate in doubt.candidates)


def is_of_the_contract(name: str, value: object) -> bool:
    if name in {"total", "self_funded", "first_share", "earlier_total", "so_far_own"} or name.startswith("sheet"):
        return isinstance(value, str) and MONEY.fullmatch(value) is not None and 0 <= Decimal(value) <= 100_000_000
    if name in {"registered", "emergency", "insured", "finder"}:
        return isinstance(value, bool)
    if name == "age":
        return type(value) is int and 0 <= value <= 130
    if name == "so_far_stays":
        return isinstance(value, str) and 1 <= int(value) <= 99
    if name == "on":
        return isinstance(value, str) and (re.fullmatch(r"20\d\d", value) is not None or date.fromisoformat(value).year >= 2000)
    return value in KEYS[name]


def test_a_message_over_the_limit_is_not_read() -> None:
    """2,001 characters are refused whole, 2,000 are read."""
    assert understand("万" * 2001, VOCABULARY) == Heard(problems=(Problem("too_long", ""),))
    assert understand("花了三万" + " " * 1996, VOCABULARY).slots["total"].value == "30000.00"


@pytest.mark.parametrize(
    "piece",
    [
        *("万", "一万", "花了1元", "三千、", "不对三万", "3-", "3万到", "低保和", "不知道三万", "<a", "2024年3月", "自费花了"),
        *("没登记", "低保没有", "有低保没特困，", "说错了，是有"),
        *("去年", "今年住过，", "郑州市医院", "以前", "上次", "第二次", "三 万 ", "全自费", "3月", "第一次，这次花"),
    ],
)
@pytest.mark.parametrize("expecting", ["total", "finder"])
def test_the_longest_message_is_answered(piece: str, expecting: str) -> None:
    """2,000 characters of the worst kinds have an answer; a pattern that backtracks without end would never come to one."""
    heard = understand((piece * 2000)[:2000], VOCABULARY, expecting)
    assert all(is_of_the_contract(name, slot.value) for name, slot in heard.slots.items())
