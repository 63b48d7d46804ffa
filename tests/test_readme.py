"""The READMEs cannot drift from what the program says and does."""

from pathlib import Path

import pytest

from bot.assistant import Assistant, Message

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
async def test_the_talk_in_the_readme_is_what_people_see(assistant: Assistant, name: str) -> None:
    """Every line of the quoted conversation is a line the assistant says to the quoted messages."""
    quoted = [line.removeprefix(">").strip() for line in (ROOT / name).read_text(encoding="utf-8").splitlines() if line.startswith(">")]
    messages = [line.strip("*") for line in quoted if line.startswith("**")]
    heard: list[str] = []
    conversation = None
    for number, text in enumerate(messages):
        answer = await assistant.turn(Message(f"m{number}", conversation, text))
        conversation = answer["conversation"]
        heard += [line for reply in answer["replies"] for line in reply["text"].split("\n")]
    assert messages
    assert [line for line in quoted if line and not line.startswith("**") and line not in heard] == []


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_the_commands_in_the_readme_are_targets(name: str) -> None:
    """Both commands stand in the Makefile."""
    text, makefile = (ROOT / name).read_text(encoding="utf-8"), (ROOT / "Makefile").read_text()
    assert all(f"make {target}" in text and f"\n{target}:" in makefile for target in ("run", "test"))
