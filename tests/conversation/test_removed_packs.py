"""A pack that is removed while people talk about it: they are told kindly, nothing else they said is lost, and the talk goes on."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.assistant import Assistant, Message
from bot.knowledge import Knowledge
from bot.store import SqliteStore
from engine import Edition, Shelf
from tests.shelf import SHELF


def without(knowledge: Knowledge, place: str, edition: str | None = None) -> Knowledge:
    """The knowledge of a restart after a pack, or every pack of a place, was taken away."""
    kept: tuple[Edition, ...] = tuple(each for each in SHELF.places[place] if edition is not None and each.policy.edition != edition)
    places = {name: editions for name, editions in SHELF.places.items() if name != place} | ({place: kept} if kept else {})
    return replace(knowledge, shelf=Shelf(places))


class Talk:
    """One talk through a store, which outlives the restart."""

    def __init__(self, path: Path) -> None:
        self.path, self.number, self.key = path, 0, ""

    async def say(self, knowledge: Knowledge, **message: Any) -> dict[str, Any]:
        """One message to a program with this knowledge."""
        store = SqliteStore(self.path)
        try:
            self.number += 1
            answer = await Assistant(knowledge, store).turn(Message(f"m{self.number}", self.key or None, **message))
        finally:
            store.close()
        self.key = answer["conversation"]
        return answer


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    """A talk that nobody began yet."""
    return Talk(tmp_path / "talks.sqlite3")


def words(answer: dict[str, Any]) -> str:
    """All that was said."""
    return "\n".join(reply["text"] for reply in answer["replies"])


async def test_a_removed_place_is_told_once_and_asked_again(talk: Talk, knowledge: Knowledge) -> None:
    """The rules are gone: no amount is shown, the place is asked for, and what was said of the bill still stands."""
    await talk.say(knowledge, choice="place=anhui-bozhou")
    await talk.say(knowledge, text="低保，县医院，花了两万，没有自费")
    gone = without(knowledge, "anhui-bozhou")
    answer = await talk.say(gone, action="why")
    assert "我这里现在没有了" in words(answer)
    assert "在哪里参加" in words(answer)
    assert answer["summary"] == {"category": "subsistence_allowance", "facility": "county", "total": "20000.00", "self_funded": "0.00"}
    assert "我这里现在没有了" not in words(await talk.say(gone, text="什么意思"))
    after = await talk.say(gone, choice="place=henan-puyang")
    assert any("estimate" in reply for reply in after["replies"])


async def test_a_category_the_remaining_edition_does_not_know_is_asked_again(talk: Talk, knowledge: Knowledge) -> None:
    """With only the edition of 2017 left 监测户 is not a category there: said in a line, then asked with that edition's categories."""
    await talk.say(knowledge, choice="place=anhui-bozhou")
    await talk.say(knowledge, text="监测户，县医院，花了两万，没有自费")
    older = without(knowledge, "anhui-bozhou", "2022")
    answer = await talk.say(older, text="能报多少")
    assert "家庭类别的规定有变动" in words(answer)
    assert "category=registered_poor" in [choice["key"] for reply in answer["replies"] for choice in reply["choices"]]
    again = await talk.say(older, choice="category=registered_poor")
    assert "家庭类别的规定有变动" not in words(again)
    assert again["replies"][0]["estimate"]["edition"] == "2017"


async def test_starting_anew_needs_no_explanation(talk: Talk, knowledge: Knowledge) -> None:
    """Who begins again is not told of rules that no longer concern them."""
    await talk.say(knowledge, choice="place=anhui-bozhou")
    gone = without(knowledge, "anhui-bozhou")
    assert "没有了" not in words(await talk.say(gone, action="restart"))


@pytest.mark.parametrize("message", [{"choice": "action=compare"}, {"action": "year"}, {"choice": "action=sheet"}, {"text": "和以前比"}])
async def test_a_question_beside_the_bill_is_answered_kindly_too(talk: Talk, knowledge: Knowledge, message: dict[str, Any]) -> None:
    """A button of an old message never fails; the place is asked for again."""
    await talk.say(knowledge, choice="place=anhui-bozhou")
    await talk.say(knowledge, text="低保，县医院，花了两万，没有自费")
    answer = await talk.say(without(knowledge, "anhui-bozhou"), **message)
    assert "我这里现在没有了" in words(answer)
    assert "在哪里参加" in words(answer)
