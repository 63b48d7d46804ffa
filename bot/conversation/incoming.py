"""What a turn is made of: a message that came in, what it may ask for, and the talk with its replies that comes out."""

from dataclasses import dataclass

from bot.conversation import beside
from bot.conversation.heard import Heard
from bot.conversation.households import OpenDesk
from bot.conversation.position import SERIES
from bot.conversation.replies import Reply
from bot.conversation.state import Conversation

#: What is done at a coordinator's desk, and what a key comes to that opens none. Where no desk is open it is told how one is opened.
DESK_DOING, DESK_REFUSED = "desk", ("desk.wrong", "desk.locked", "chat.desk.forwarded", "chat.desk.another", "chat.desk.away")
ACTIONS = frozenset(
    (
        *("start", "back", "restart", "why", "help", "forget", "human", "greeting", "leave", "another", "people", "pass", "data", "lang"),
        DESK_DOING,
        *SERIES,
        *beside.QUESTIONS,
    )
)
#: What a door got that cannot be read; each has a kind line.
UNSUPPORTED = frozenset(("unsupported", *(f"unsupported.{kind}" for kind in ("voice", "photo", "video", "file", "contact", "location"))))
#: Ways in which a text came that was not plainly written: facts in it are taken, with a line that says so; wishes are not obeyed.
EDITED, FORWARDED = "edited", "forwarded"
#: The words under one more of several pictures that were answered already: facts in them are taken, and of anything else nothing is said.
BESIDE = "beside"
#: What a door makes of six digits: the talk they lead to comes with the first, what is said where they lead nowhere with the others.
CARRIED, PASS_REFUSED = "carried", ("pass.wrong", "pass.locked", "pass.forwarded")


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message: an understood text, a pressed choice, or an action. `place` is what the door knows of where the person is insured.

    `agreement` names a door that leads through a foreign service: nothing is taken before the person agreed to that. `unread` is the
    action that stands for what came with a text and cannot be read (a picture with words under it). `manner`: EDITED, FORWARDED or BESIDE.
    `code`: six digits that may lead to this talk, if it asks for some. `desk`: of a talk at a coordinator's desk, what may be known of it.
    """

    message: str
    heard: Heard | None = None
    choice: str | None = None
    action: str | None = None
    place: str | None = None
    agreement: str | None = None
    unread: str | None = None
    code: str | None = None
    manner: str | None = None
    desk: OpenDesk | None = None


@dataclass(frozen=True, slots=True)
class Turned:
    """The conversation after a turn, its replies, whether everything before it is to be erased, and the code that it gave away."""

    conversation: Conversation
    replies: tuple[Reply, ...]
    erase: bool = False
    code: str | None = None
