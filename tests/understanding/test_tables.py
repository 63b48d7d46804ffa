"""The tables of amounts and sentences: each row is one fact about what is understood."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.understanding import Vocabulary, understand
from bot.understanding.amounts import amounts
from bot.understanding.tidy import tidy
from engine.keys import CATEGORIES
from engine.yaml_tree import read_tree
from tests.understanding.score import labels


def rows(name: str) -> list[Any]:
    table = read_tree(Path(__file__).with_name(name)).data
    return [pytest.param(row, id=f"{row['text']} ({row['expecting']})" if "expecting" in row else row["text"]) for row in table]


@pytest.mark.parametrize("row", rows("amounts.yaml"))
def test_an_amount_is_read_as_the_table_says(row: dict[str, Any]) -> None:
    """The reader finds exactly the amount of the row, with its value or its vagueness, or no amount at all."""
    found = [(amount.values, amount.sure, amount.approximate) for amount in amounts(tidy(row["text"]))]
    if "is" in row or "about" in row:
        assert found == [((Decimal(row.get("is") or row["about"]),), True, "about" in row)]
    elif "none" in row:
        assert found == []
    else:
        assert [(values, sure) for values, sure, _ in found] == [(tuple(Decimal(end) for end in row.get("either", ())), False)]


def answers() -> list[Any]:
    """Each message of the table of answers with the heading it stands under."""
    table = read_tree(Path(__file__).with_name("yes_no.yaml")).data
    return [pytest.param(meant, text, id=f"{text} ({meant})") for meant, texts in table.items() for text in texts]


@pytest.mark.parametrize(("meant", "text"), answers())
def test_an_answer_to_a_question_about_a_category_is_read_as_the_table_says(meant: str, text: str, vocabulary: Vocabulary) -> None:
    """A yes, a no, a doubt, a question back or a category of its own; what is none of them fills nothing and is asked again."""
    heard = understand(text, vocabulary, "finder")
    said = {name: slot.value for name, slot in heard.slots.items()}
    if meant in {"yes", "no"}:
        assert (said, heard.unsure) == ({"finder": meant == "yes"}, None)
    elif meant in CATEGORIES:
        assert (said, heard.unsure) == ({"category": meant}, None)
    else:
        assert (said, heard.ambiguous) == ({}, ())
        assert heard.unsure == ("finder" if meant == "unsure" else None)
        assert (heard.intent == meant) is (meant in {"why", "back"})


@pytest.mark.parametrize("row", rows("sentences.yaml"))
def test_a_message_is_understood_as_the_table_says(row: dict[str, Any], vocabulary: Vocabulary) -> None:
    """Slots, doubts, problems and intent are those of the row and no others."""
    heard = understand(row["text"], vocabulary, row.get("expecting"), row.get("place"))
    said = {name: slot.value for name, slot in heard.slots.items()}
    assert said.pop("who", None) == row.get("who", heard.slots["who"].value if "who" in heard.slots else None)
    assert said == labels(row)
    assert {name for name, slot in heard.slots.items() if slot.approximate} == set(row.get("approximate", ()))
    assert {doubt.slot: list(doubt.candidates) for doubt in heard.ambiguous} == row.get("ambiguous", {})
    assert {problem.code: problem.slot for problem in heard.problems} == row.get("problems", {})
    assert heard.unsure == row.get("unsure")
    assert heard.intent == row.get("intent", heard.intent)
