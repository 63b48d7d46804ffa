"""Whoever reads traditional characters gets all of them: catalogue, packs, and what is composed of both."""

import json
from datetime import date

import pytest

from bot.assistant import Assistant, Message
from bot.knowledge import Knowledge
from bot.langs import spoken
from bot.paper import sheet_lines
from bot.speech import policy_json
from engine import estimate, read_case
from tests.speech.test_catalogues import in_traditional_characters
from tests.talks import Talk, read_talks, said

MADE = date(2026, 11, 29)


@pytest.mark.parametrize("talk", read_talks(), ids=lambda talk: talk.name)
async def test_every_reply_is_in_traditional_characters(assistant: Assistant, talk: Talk) -> None:
    """Of a recorded talk no reply and no button has a simplified character, also where it tells back what was said."""
    conversation = None
    for number, turn in enumerate(talk.turns):
        about = {"conversation": conversation, "place": talk.place, "lang": "zh_Hant"}
        answer = await assistant.turn(Message(message_id=f"m{number}", **about, **said(turn)))
        conversation = answer["conversation"]
        words = [reply["text"] for reply in answer["replies"]]
        words += [choice["label"] for reply in answer["replies"] for choice in reply["choices"]]
        assert [text for text in words if not in_traditional_characters(text)] == []


def test_the_rules_are_in_traditional_characters(knowledge: Knowledge) -> None:
    """The names, notes and clauses of every pack as well, which are written in simplified ones."""
    voice = knowledge.voice("zh_Hant")
    for edition in knowledge.shelf.editions():
        told = policy_json(voice, edition)
        assert in_traditional_characters(f"{told['name']}{told['title']}")
        notes = [figure["note"] or "" for figure in (*told["figures"], *told["general"], *told["guidance"], *told["sources"].values())]
        notes += [note for section in told["rules"] for variant in section["variants"] for note in variant["notes"]]
        assert [note for note in notes if not in_traditional_characters(note)] == []


def test_the_sheet_is_in_traditional_characters(knowledge: Knowledge) -> None:
    """Every line of the paper, its sources and its picture."""
    case = {"place": "anhui-bozhou", "category": "subsistence_allowance", "facility": "county", "total": "32000", "expired_ok": True}
    lines = sheet_lines(knowledge.voice("zh_Hant"), estimate(read_case(case), knowledge.shelf, MADE), made=MADE)
    assert in_traditional_characters(json.dumps(lines, ensure_ascii=False))


@pytest.mark.parametrize(
    ("tag", "lang"),
    [("zh-TW", "zh_Hant"), ("zh-Hant-HK", "zh_Hant"), ("zh_CN", "zh_CN"), ("zh", "zh_CN"), ("en-GB", "en"), ("fr", None), (None, None)],
)
def test_a_tag_asks_for_a_language_of_ours(tag: str | None, lang: str | None) -> None:
    """As browsers, phones and pages write it."""
    assert spoken(tag) == lang
