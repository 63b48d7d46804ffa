"""Answers as WeChat messages: numbered choices, pieces of at most 2048 bytes, and numbers as people write them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import resources
from bot.speech import Voice
from bot.wechat.pages import MOST_BYTES, Pages, pages, size, split, wants_more

VOICE = Voice(resources.LOCALES, "zh_CN")


@given(st.text(alphabet="一二三，。？\n🙂a", max_size=400), st.integers(4, 60))
def test_pieces_are_short_enough_and_together_the_text(text: str, limit: int) -> None:
    """Every piece is within the limit in bytes of UTF-8, and joined they are the text, to the last character."""
    pieces = split(text, limit)
    assert all(size(piece) <= limit for piece in pieces)
    assert "".join(pieces) == text


def test_texts_are_cut_at_the_ends_of_sentences() -> None:
    """A cut stands behind a full stop where one is in reach."""
    assert split("第一句话。第二句话。第三句话。", 32) == ["第一句话。第二句话。", "第三句话。"]


@given(st.lists(st.text(alphabet="一。a\n", min_size=1, max_size=900), min_size=1, max_size=4), st.integers(0, 120))
def test_every_page_fits_and_tells_how_to_get_the_next(texts: list[str], count: int) -> None:
    """With its last line a page has at most 2048 bytes; the pieces say all words and list all choices."""
    made = _pages(*texts, labels=["低保"] * count)
    sent = [made.page(part, VOICE) for part in range(len(made.pieces))]
    assert all(size(page) <= MOST_BYTES for page in sent)
    assert [page.endswith(VOICE.say("wechat.more")) for page in sent] == [True] * (len(sent) - 1) + [False]
    assert len(made.choices) == min(count, 99)
    assert "".join(made.pieces).count("低保") == len(made.choices)


def test_choices_are_numbered_line_by_line() -> None:
    """A question is followed by what can be chosen, one a line, with its number in front."""
    (only,) = _pages("属于哪一种？", labels=["特困", "低保"]).pieces
    assert only == "属于哪一种？\n\n要点哪一个，回前面的数字：\n1 特困\n2 低保\n"


def test_a_list_of_choices_stays_together() -> None:
    """Where the list does not fit under the words any more it comes as a whole with the next part."""
    made = _pages("很长的一句话。" * 95, labels=["低保"] * 15)
    assert [piece.count("低保") for piece in made.pieces] == [0, 15]


@pytest.mark.parametrize(
    "written", ["2", "２", "2.", "2。", " 2 ", "第2个", "第２个", "第二个", "第二个。", "选2", "选第二个", "(2)", "（2）", "②", "2、"]
)
def test_a_number_presses_its_choice_however_it_is_written(written: str) -> None:
    """Full-width digits, 第2个, 第二个 of a voice, a full stop behind it: all mean the second choice."""
    assert _pages("?", labels="abc").pressed(written, 0) == "key1"


@pytest.mark.parametrize("written", ["0", "4", "2.5", "2万", "2个人", "二", "20000", "第4个", "", "2 3", "2元", "-2", "第两个"])
def test_what_is_no_number_of_a_choice_stays_a_text(written: str) -> None:
    """Amounts, numbers beyond the list and words are left to the conversation."""
    assert _pages("?", labels="abc").pressed(written, 0) is None


def test_without_choices_a_number_is_what_it_says() -> None:
    """Where nothing can be chosen, as under the question for the total, 1 is an amount."""
    assert _pages("?", labels=()).pressed("1", 0) is None


def test_a_choice_that_was_not_shown_yet_is_not_pressed() -> None:
    """While the list stands in a part that was not sent, a number presses nothing."""
    made = _pages("很长的一句话。" * 200, labels="ab")
    assert len(made.pieces) > 1
    assert [made.pressed("1", part) for part in range(len(made.pieces))] == [None] * (len(made.pieces) - 1) + ["key0"]


@pytest.mark.parametrize(
    ("text", "wants"), [("0", True), ("０", True), ("更多", True), ("更多。", True), (" 0。", True), ("10", False), (None, False)]
)
def test_the_rest_is_asked_for_with_0_or_a_word(text: str | None, wants: bool) -> None:
    """0 and 更多, typed or spoken, ask for the next part."""
    assert wants_more(text) is wants


def _pages(*texts: str, labels: Any) -> Pages:
    choices = [{"key": f"key{number}", "label": label} for number, label in enumerate(labels)]
    replies = [{"text": text, "choices": []} for text in texts]
    return pages({"replies": [*replies[:-1], {"text": texts[-1], "choices": choices}]}, VOICE)
