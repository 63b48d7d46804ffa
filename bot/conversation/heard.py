"""What a message was understood to say: plain values that the conversation can work with, whatever room or tool read the message."""

import msgspec


class Slot(msgspec.Struct, frozen=True):
    """One fact that was said. `value` has the contract's type, `text` is the part of the (tidied) message it was read from."""

    value: str | int | bool
    text: str
    approximate: bool = False


class Ambiguity(msgspec.Struct, frozen=True):
    """Something said about a slot that has several readings, or none that could be offered ("好几万": no candidates).

    `both`: the readings were said to hold at once (既是低保又是监测户). One category alone is a doubt about that one (好像是监测户).
    `open`: several words disagree, or a word only sounds like these, so that the place cannot decide between them.
    """

    slot: str
    candidates: tuple[str, ...]
    text: str
    both: bool = False
    open: bool = False


class Problem(msgspec.Struct, frozen=True):
    """Something said that cannot be right.

    Codes: negative, zero, too_large, too_precise (more than two decimals), bad_day, place_unknown, too_long, empty.
    """

    code: str
    text: str
    slot: str | None = None


class Household(msgspec.Struct, frozen=True):
    """Whom a question about the premium is for: so many people, and a year told from this one (明年: 1)."""

    people: int | None = None
    years_on: int | None = None


class Heard(msgspec.Struct, frozen=True):
    """One message, understood.

    `unsure`: the slot the person said not to know. `rest`: the words nothing was read from. `household`: only beside the intent premium;
    `hospitals`: those that are to be compared, beside the intent compare; `despair`: beside the intent human, a life may be in danger.
    At a coordinator's desk `begins` says that the next household was called, of which the rest is told; `numbers` which ones are meant, by
    their places in the day, or by what they are `called`, if they are called so.
    """

    slots: dict[str, Slot] = msgspec.field(default_factory=dict)
    ambiguous: tuple[Ambiguity, ...] = ()
    problems: tuple[Problem, ...] = ()
    intent: str = "unknown"
    rest: str = ""
    unsure: str | None = None
    household: Household | None = None
    hospitals: tuple[str, ...] = ()
    despair: bool = False
    begins: bool = False
    numbers: tuple[int, ...] = ()
    called: tuple[str, ...] = ()
