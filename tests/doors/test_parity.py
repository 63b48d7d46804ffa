"""The same recorded talk through terminal, HTTP and browser gives the same words and the same fen."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.doors.browser import Browser, needs_browser
from tests.server import NENGBAO, Server, environment
from tests.talks import Talk, said, talks_at_doors

TALKS = pytest.mark.parametrize("talk", talks_at_doors(), ids=lambda talk: talk.name)


@TALKS
def test_terminal_and_http_say_the_same(running: Server, tmp_path: Path, talk: Talk) -> None:
    """Every reply of a talk in a terminal pipe has the words and buttons that HTTP gives."""
    lines: list[str] = []
    wanted: list[str] = []
    buttons: list[dict[str, str]] = []
    for turn, answer in zip([None, *talk.turns], _over_http(running, talk), strict=True):
        if turn is not None:
            keys = [button["key"] for button in buttons]
            lines.append(turn["say"] if "say" in turn else _pressed(turn["press"], keys))
        if turn is None or lines[-1] != _SKIP:
            buttons = [choice for reply in answer["replies"] for choice in reply["choices"]]
            words = [reply["text"] for reply in answer["replies"]]
            wanted.append("\n".join([*words, *(f"{number}) {button['label']}" for number, button in enumerate(buttons, 1))]))
        if lines and lines[-1] == _SKIP:
            # A button that is not on the screen cannot be pressed in a terminal; the talk is compared up to here.
            lines.pop()
            break
    command = [*NENGBAO, "talk", *(["--place", talk.place] if talk.place else [])]
    done = subprocess.run(
        command, input="".join(f"{line}\n" for line in lines), capture_output=True, text=True, env=environment(tmp_path), check=True
    )
    assert [part.strip("\n") for part in done.stdout.split("\n\n") if part.strip()] == wanted


@needs_browser
@pytest.mark.browser
@TALKS
def test_browser_and_http_say_the_same(running: Server, browser: Browser, talk: Talk) -> None:
    """The widget shows the words of every reply exactly as HTTP gives them."""
    page = browser.open(running.address, talk.place)
    answers = _over_http(running, talk)
    first = next(answers)
    page.wait_for_words([reply["text"] for reply in first["replies"]])
    for turn, answer in zip(talk.turns, answers, strict=True):
        if "say" in turn:
            page.say(turn["say"])
        elif not page.press(turn["press"]):
            # A button that was never on the screen cannot be pressed; the talk is compared up to here.
            break
        if turn.get("say", "x").strip():
            page.wait_for_words([reply["text"] for reply in answer["replies"]])
        else:
            break
    assert page.problems() == []


_SKIP = "\0"


def _pressed(key: str, keys: list[str]) -> str:
    return str(keys.index(key) + 1) if key in keys else _SKIP


def _over_http(server: Server, talk: Talk) -> Iterator[dict]:
    place = {"place": talk.place} if talk.place else {}
    once = uuid4().hex  # a message that was seen before would be answered as it was then
    answer = server.turn(message_id=f"{once}-0", action="start", **place)
    yield answer
    for number, turn in enumerate(talk.turns, start=1):
        answer = server.turn(message_id=f"{once}-{number}", conversation=answer["conversation"], **said(turn), **place)
        yield answer
