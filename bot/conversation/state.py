"""What is kept of a talk: the answers given, in order, each with the message it came in. Everything else is derived by replay."""

import msgspec

#: The message of an answer that the door brought along (a page of one county knows its place); going back never takes it away.
PRESET = ""


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
