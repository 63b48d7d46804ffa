"""Recorded talks: what people say, what they hear, and what they would pay."""

import pytest

from bot.assistant import Assistant, Message
from bot.knowledge import Knowledge
from engine import estimate, read_case, yuan
from tests.conftest import TODAY
from tests.talks import Talk, read_talks, said


@pytest.mark.parametrize("talk", read_talks(), ids=lambda talk: f"{talk.name}: {talk.fact}")
async def test_a_talk_goes_as_recorded(assistant: Assistant, knowledge: Knowledge, talk: Talk) -> None:
    """After each line the recorded words are heard, and own cost is what the transcript says."""
    answer = await assistant.turn(Message("m0", action="start", place=talk.place))
    for number, turn in enumerate(talk.turns, start=1):
        conversation = answer["conversation"]
        answer = await assistant.turn(Message(f"m{number}", conversation, place=talk.place, **said(turn)))
        heard = "\n".join(reply["text"] for reply in answer["replies"])
        assert [words for words in turn["hear"] if words not in heard] == [], heard
        assert answer["turn"] == number + 1
        if "own" in turn:
            shown = [reply["estimate"] for reply in answer["replies"] if "estimate" in reply]
            kept = estimate(read_case(answer["summary"]), knowledge.shelf, TODAY).out_of_pocket
            assert kept is not None
            assert yuan(kept.amount) == turn["own"]
            assert [each["out_of_pocket"]["amount"] for each in shown] in ([], [turn["own"]])
