"""Sums that no year can hold are told, and the talk goes on."""

import pytest

from bot.conversation import Conversation, Incoming, Rules, take_turn
from bot.knowledge import Knowledge
from tests.conftest import TODAY


@pytest.mark.parametrize("before", ["so_far_own=90000000.00", "so_far_own=100000000.00"])
def test_a_bill_on_top_of_a_year_that_is_too_large_ends(knowledge: Knowledge, before: str) -> None:
    """What was told of the year is taken back with a line that says why; a turn never goes on for ever."""
    rules, talk, told = Rules(knowledge.shelf, knowledge.flow, knowledge.finder, TODAY), Conversation(), [""]
    for number, choice in enumerate(("place=anhui-bozhou", "category=ordinary", "facility=county", before, "total=50000000.00")):
        turned = take_turn(talk, Incoming(f"m{number}", choice=choice), rules)
        talk, told = turned.conversation, [note.key for reply in turned.replies for note in reply.notes]
    assert "problem.year_too_large" in told
    turned = take_turn(talk, Incoming("last", choice="total=20000.00"), rules)
    assert any(reply.estimate is not None for reply in turned.replies)
