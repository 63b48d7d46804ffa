"""Answers as Telegram messages: long texts in pieces, buttons in rows, the same parts for the same parcel."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot import resources
from bot.speech import Voice
from bot.telegram.messages import length, parts, split
from bot.telegram.picture import png

VOICE = Voice(resources.LOCALES, "zh_CN")


@given(st.text(alphabet="一二三，。？\n🙂a", max_size=400), st.integers(4, 60))
def test_pieces_are_short_enough_and_lose_nothing(text: str, limit: int) -> None:
    """Every piece is within the limit, and together they say what the text said, but for line ends at the cuts."""
    pieces = split(text, limit)
    assert all(length(piece) <= limit for piece in pieces)
    assert "".join(pieces).replace("\n", "") == text.replace("\n", "").strip() or not text.strip() or text.strip("\n") != text.strip()


def test_texts_are_cut_at_the_ends_of_sentences() -> None:
    """A cut stands behind a full stop where one is in reach."""
    assert split("第一句话。第二句话。第三句话。", 12) == ["第一句话。第二句话。", "第三句话。"]


def test_a_long_estimate_keeps_its_picture_headline_and_buttons() -> None:
    """Words that are too long for a caption follow the picture; the buttons hang under the last piece."""
    words = "大约能报 1 元。\n" + "这是很长的一句话。" * 900
    reply = {
        "kind": "estimate",
        "text": words,
        "choices": [{"key": "action=why", "label": "为什么"}],
        "attachments": [{"kind": "picture", "data": "<svg/>"}],
    }
    made = parts(_body(reply), VOICE)
    assert (made[0].words, made[0].svg, made[0].keyboard) == ("大约能报 1 元。", "<svg/>", None)
    assert [bool(part.keyboard) for part in made[1:]] == [False] * (len(made) - 2) + [True]
    assert all(length(part.words) <= 4096 for part in made)
    assert parts(_body(reply), VOICE) == made


def test_what_is_said_in_one_turn_is_one_message() -> None:
    """A kind line and the question after it come as one message with the question's buttons."""
    said = {"kind": "text", "text": "好，退回一步。", "choices": []}
    asked = {
        "kind": "question",
        "text": "在哪一级医院住院？",
        "choices": [{"key": f"facility={key}", "label": "县级医院"} for key in "abcd"],
    }
    (only,) = parts(_body(said, asked), VOICE)
    assert only.words == "好，退回一步。\n\n在哪一级医院住院？"
    assert only.keyboard is not None
    assert [[button.callback_data for button in row] for row in only.keyboard.inline_keyboard] == [
        ["?facility=a", "?facility=b"],
        ["?facility=c", "?facility=d"],
    ]


def test_the_picture_is_a_png() -> None:
    """The chart becomes a PNG of phone width."""
    drawn = png('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 480 100"><text x="9" y="50">基本医保</text></svg>')
    assert drawn.startswith(b"\x89PNG\r\n")
    assert int.from_bytes(drawn[16:20], "big") == 960


def _body(*replies: dict[str, Any]) -> dict[str, Any]:
    return {"replies": list(replies), "context": {}, "lang": "zh_CN"}
