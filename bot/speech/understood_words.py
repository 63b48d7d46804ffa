"""What one message was understood to say: the contract's JSON, and a plain line for each fact, doubt and problem."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from bot.conversation import Alone
from bot.conversation.answers import MONEY, is_day
from bot.speech.voice import Voice
from engine import fen

#: Keys of a case whose names elsewhere mean something more.
_NAMES = {"first_share": "understood.first_share", "so_far": "slot.so_far_own"}


def understood_json(voice: Voice, message: Alone) -> dict[str, Any]:
    """The contract's understanding, with the problems that were found and the key the person said not to know."""
    return {
        "slots": {name: {"value": fact.value, "text": fact.text, "approximate": fact.approximate} for name, fact in message.facts.items()},
        "ambiguous": [{"slot": doubt.slot, "candidates": list(doubt.candidates), "text": doubt.text} for doubt in message.doubts],
        "intent": message.intent,
        "rest": message.rest,
        "unsure": message.unsure,
        "problems": [
            {"code": problem.code, "say": voice.note(note), "slot": problem.slot, "text": problem.text}
            for problem, note in message.problems
        ],
    }


def understood_lines(voice: Voice, message: Alone) -> list[str]:
    """What was understood, what is unclear or cannot be right, and at the end what the message asks for."""
    lines = [*_facts(voice, message), *_doubts(voice, message), *(voice.note(note) for _, note in message.problems)]
    if message.unsure is not None:
        lines.append(voice.say("understood.unsure", name=_name(voice, message.unsure)))
    if message.intent != "unknown" or not lines:
        lines.append(voice.say("understood.intent", words=voice.say(f"understood.intent.{message.intent}")))
    return lines


def _facts(voice: Voice, message: Alone) -> Iterator[str]:
    for slot, fact in message.facts.items():
        # A year said alone says by itself how little it is.
        key = "understood.about" if fact.approximate and slot != "on" else "understood.fact"
        yield voice.say(key, name=_name(voice, slot), words=_words(voice, message, slot, fact.value), text=fact.text)


def _doubts(voice: Voice, message: Alone) -> Iterator[str]:
    for doubt in message.doubts:
        words = voice.listed(_words(voice, message, doubt.slot, candidate) for candidate in doubt.candidates)
        key = "understood.doubt" if words else "understood.vague"
        yield voice.say(key, name=_name(voice, doubt.slot), words=words, text=doubt.text)


def _name(voice: Voice, slot: str) -> str:
    return voice.say(_NAMES.get(slot, f"slot.{slot}"))


def _words(voice: Voice, message: Alone, slot: str, value: Any) -> str:
    """A value of a case as people say it."""
    if slot == "so_far":
        key = "understood.so_far" if "stays" in value else "label.amount"
        return voice.say(key, amount=fen(value["own"]), stays=value.get("stays"))
    if slot in MONEY:
        return voice.say("label.amount", amount=fen(value))
    if slot == "on":
        return voice.worded(slot, date.fromisoformat(value)) if is_day(value) else voice.say("understood.year", year=value)
    return voice.worded(slot, message.places.get(value, value) if slot == "place" else value)
