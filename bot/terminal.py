"""The terminal door: the same conversation, line by line, from a keyboard or a pipe."""

import asyncio
import contextlib
import secrets
import sys
from typing import Any, TextIO

import structlog

from bot.assistant import Assistant, Message, UnknownConversationError
from bot.logs import places
from bot.speech import Voice
from bot.store import StoreError

#: Twice as many characters as a message may have; of a longer line the rest is passed over.
_LONGEST_LINE = 4_000

_log = structlog.get_logger()


class Terminal:
    """One talk on two text streams. A number that stands before a button presses it."""

    def __init__(self, assistant: Assistant, lang: str, place: str | None, conversation: str | None) -> None:
        self._assistant, self._lang, self._place, self._conversation = assistant, lang, place, conversation
        self._voice: Voice = assistant.knowledge.voice(lang)
        self._choices: list[dict[str, str]] = []

    def talk(self, lines: TextIO, out: TextIO) -> None:
        """Talk until the input ends. Lines are read outside the event loop, so that Ctrl-C ends the waiting at once."""
        interactive = lines.isatty()
        with asyncio.Runner() as runner, contextlib.suppress(KeyboardInterrupt):
            if interactive:
                print(self._voice.say("terminal.hint"), file=out)
            runner.run(self._send(out, action="start"))
            while line := self._line(lines, out, interactive=interactive):
                runner.run(self._send(out, **self._meant(line.rstrip("\n"))))
        if interactive and self._conversation:
            print("\n" + self._voice.say("terminal.goodbye", conversation=self._conversation), file=out)

    def _line(self, lines: TextIO, out: TextIO, *, interactive: bool) -> str:
        if interactive:
            print("> ", end="", file=out, flush=True)
        line = rest = lines.readline(_LONGEST_LINE)
        while len(rest) == _LONGEST_LINE and not rest.endswith("\n"):
            rest = lines.readline(_LONGEST_LINE)
        return line

    def _meant(self, line: str) -> dict[str, str]:
        number = int(line) if line.isascii() and line.isdigit() and len(line) < 3 else 0  # noqa: PLR2004 - no list has 100 buttons
        return {"choice": self._choices[number - 1]["key"]} if 0 < number <= len(self._choices) else {"text": line}

    async def _send(self, out: TextIO, **said: Any) -> None:
        message = Message(secrets.token_hex(8), self._conversation, channel="terminal", place=self._place, lang=self._lang, **said)
        try:
            answer = await self._assistant.turn(message)
        except (UnknownConversationError, StoreError):
            raise
        except Exception as error:
            _log.error("turn_failed", error=type(error).__name__, where=places(error))
            print(self._voice.say("error.internal"), file=out, flush=True)
            return
        self._conversation = answer["conversation"]
        for reply in answer["replies"]:
            self._show(reply, out)
        self._choices = [choice for reply in answer["replies"] for choice in reply["choices"]][-99:]
        for number, choice in enumerate(self._choices, start=1):
            print(self._voice.say("terminal.choice", number=str(number), label=choice["label"]), file=out)
        print(file=out, flush=True)

    def _show(self, reply: dict[str, Any], out: TextIO) -> None:
        print(reply["text"], file=out)


def talk(assistant: Assistant, lang: str, place: str | None, conversation: str | None) -> None:
    """Talk on standard input and output."""
    Terminal(assistant, lang, place, conversation).talk(sys.stdin, sys.stdout)
