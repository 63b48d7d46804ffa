"""What is kept of a talk: the answers given, in order, each with the message it came in. Everything else is derived by replay."""

import msgspec

#: The message of an answer that belongs to the door and not to the case (the place a page knows, the language, the consent): going
#: back and starting again never take it away.
PRESET = ""
#: What is no fact of a case: the language, and that the person agreed to talk over a foreign service.
LANG, AGREED = "lang", "agreed"
#: Of a talk at a coordinator's desk: the mark by which the key is known that opened it, never the key; and the message that opened the
#: household of now, by which the desk knows it.
DESK, HOUSEHOLD = "desk", "household"


class Answer(msgspec.Struct, frozen=True):
    """One answer. `value` None takes a fact back; `text` is how it was said, where that is worth reading back."""

    slot: str
    value: str | int | bool | None
    message: str
    text: str | None = None
    approximate: bool = False


class Conversation(msgspec.Struct, frozen=True):
    """A talk. `turn` counts accepted messages and never restarts."""

    answers: tuple[Answer, ...] = ()
    turn: int = 0
