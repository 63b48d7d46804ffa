"""How many facts of whole tables of messages are understood: sentences nobody built the reader for, and those that were."""

from pathlib import Path

import pytest

from bot.knowledge import Knowledge
from engine.yaml_tree import read_tree
from tests.understanding.score import score

PRECISION, RECALL = 0.98, 0.92


@pytest.mark.parametrize("table", ["aside", "unseen", "fresh", "later", "plain", "town", "village", "bureau"])
def test_hardly_a_fact_is_missed_and_no_amount_is_wrong(table: str, knowledge: Knowledge) -> None:
    """Of the labelled facts at least 92 in a hundred are taken, of those taken at least 98 are right, and no amount is wrong."""
    rows = read_tree(Path(__file__).with_name(f"{table}.yaml")).data
    found = score(rows, knowledge)
    assert len(rows) >= 100
    assert found.wrong_amounts == 0
    assert found.right >= PRECISION * found.taken
    assert found.right >= RECALL * found.labelled
