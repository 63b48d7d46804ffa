"""A message played on a talk, and what stands in a talk. Pure."""

from dataclasses import replace
from typing import Any

from bot.conversation import ask
from bot.conversation.desk import AtDesk
from bot.conversation.households import at_a_new_desk, mark_of
from bot.conversation.incoming import Incoming, Turned
from bot.conversation.position import Rules, estimate_at, replay
from bot.conversation.replies import Choice, Reply
from bot.conversation.state import AGREED, LANG, PRESET, Answer, Conversation
from bot.conversation.turn import CONSENT, Turn, without_stale


def take_turn(conversation: Conversation, incoming: Incoming, rules: Rules) -> Turned:
    """Play one message. Never raises for anything a person can send."""
    desk = incoming.desk
    if desk is not None and desk.has_just_opened:
        conversation = at_a_new_desk(conversation, incoming.message, desk)
    start, taken_back = without_stale(_with_place(conversation, incoming.place, rules), incoming, rules)
    kind = Turn if mark_of(start) is None else AtDesk
    turned = kind(start, incoming, rules).play()
    if taken_back and turned.conversation.answers[: len(start.answers)] == start.answers:
        turned = replace(turned, replies=(Reply("text", taken_back), *turned.replies))
    return replace(turned, conversation=Conversation(turned.conversation.answers, conversation.turn + 1))


def language(conversation: Conversation) -> str | None:
    """The language the person chose within the talk."""
    return next((str(answer.value) for answer in conversation.answers if answer.slot == LANG), None)


def is_agreed(conversation: Conversation) -> bool:
    """Whether the person agreed to a door that leads through a foreign service."""
    return any(answer.slot == AGREED for answer in conversation.answers)


def summary(conversation: Conversation, rules: Rules) -> dict[str, Any]:
    """What is known so far, by slot."""
    return replay(conversation.answers, rules).case()


def open_question(conversation: Conversation, rules: Rules) -> str | None:
    """The slot that is being asked for, or the series it belongs to, so that a bare answer can be understood."""
    question = replay(conversation.answers, rules).question
    return question and question.partition(".")[0]


def offered(conversation: Conversation, rules: Rules, agreement: str | None = None) -> tuple[Choice, ...]:
    """The buttons that stand under the newest question or estimate; of a door that needs an agreement first, those of that."""
    if agreement and not is_agreed(conversation):
        return CONSENT
    position = replay(conversation.answers, rules)
    if position.question is not None:
        return ask.question(position, rules).choices
    answer = estimate_at(conversation, rules)
    return ask.changes(answer, position, rules) if answer else ()


def _with_place(conversation: Conversation, place: str | None, rules: Rules) -> Conversation:
    """A talk begun on a page of one place starts with that place answered; the person's own word replaces it."""
    if place not in rules.shelf.places or any(answer.slot == "place" for answer in conversation.answers):
        return conversation
    return Conversation((Answer("place", place, PRESET), *conversation.answers), conversation.turn)
