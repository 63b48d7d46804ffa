"""Whatever single word or doubt a person utters while whatever question is open, there is an answer in words."""

import os
from collections.abc import Iterator
from itertools import islice

import pytest

from bot.conversation import Answer, Conversation, Incoming, open_question, take_turn
from bot.conversation.position import EARLIER_FACILITY, EARLIER_TOTAL, GUARDIAN, SERIES, SO_FAR_OWN, UNCLEAR
from bot.speech import reply_json
from bot.understanding import understand
from tests.conversation.test_stateful import RULES, VOCABULARY, VOICES

EVERY = int(os.environ.get("NENGBAO_EVERY", "20"))
KNOWN = tuple(
    Answer(slot, value, "m1")
    for slot, value in {"place": "anhui-bozhou", "category": "ordinary", "facility": "county", "total": "20000.00"}.items()
)
QUESTIONS = [
    None,
    *RULES.flow.questions,
    *RULES.flow.changes,
    EARLIER_FACILITY,
    EARLIER_TOTAL,
    SO_FAR_OWN,
    "care",
    "insured",
    GUARDIAN,
    *SERIES,
]


def talk_at(question: str | None) -> Conversation:
    """A talk with an estimate in which that question is open."""
    if question == EARLIER_TOTAL:
        return Conversation((*KNOWN, Answer("ask", "earlier", "m2"), Answer(EARLIER_FACILITY, "county", "m3")))
    if question in ("care", "insured", SO_FAR_OWN):
        return Conversation((*KNOWN, Answer(UNCLEAR, question, "m2")))
    if question == GUARDIAN:
        return Conversation((*KNOWN, Answer(GUARDIAN, None, "m2")))
    opened = "earlier" if question == EARLIER_FACILITY else question
    return Conversation((*KNOWN, Answer("ask", opened, "m2")) if opened else KNOWN)


def utterances() -> Iterator[str]:
    """Every word of the vocabulary, said plainly, doubted and asked."""
    words = {word for lexicon in VOCABULARY.words.values() for word in lexicon.meanings}
    words |= {word for lexicon in VOCABULARY.when_asked.values() for word in lexicon.meanings}
    for word in sorted(words | {"2019年", "2023年3月5日", "三月", "三万", "好几万", "不知道"}):
        yield from (word, f"{word}，不清楚", f"{word}还是别的")


@pytest.mark.parametrize(("number", "question"), list(enumerate(QUESTIONS)))
def test_every_word_gets_an_answer(number: int, question: str | None) -> None:
    """No word of the vocabulary leaves the talk without an answer in both languages, whichever question is open.

    Each question meets one utterance in twenty; each utterance meets one question at least; `make soak` tries them all.
    """
    talk = talk_at(question)
    for text in islice(utterances(), number % EVERY, None, EVERY):
        turned = take_turn(talk, Incoming("m9", heard=understand(text, VOCABULARY, open_question(talk, RULES))), RULES)
        assert turned.replies, text
        assert all(reply_json(voice, reply)["text"] for voice in VOICES for reply in turned.replies), text
