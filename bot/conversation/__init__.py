"""The talk itself, pure: answers are stored, everything else is replayed; replies are values."""

from bot.conversation.alone import Alone, alone
from bot.conversation.flow import Flow, read_flow
from bot.conversation.heard import Ambiguity, Heard, Problem, Slot
from bot.conversation.households import Household, OpenDesk, household_of, mark_of, to_be_kept
from bot.conversation.incoming import BESIDE, CARRIED, EDITED, FORWARDED, Incoming, Turned
from bot.conversation.playing import is_agreed, language, offered, open_question, summary, take_turn
from bot.conversation.position import Rules, estimate_at
from bot.conversation.replies import Choice, Reply
from bot.conversation.state import PRESET, Answer, Conversation

__all__ = [
    "BESIDE",
    "CARRIED",
    "EDITED",
    "FORWARDED",
    "PRESET",
    "Alone",
    "Ambiguity",
    "Answer",
    "Choice",
    "Conversation",
    "Flow",
    "Heard",
    "Household",
    "Incoming",
    "OpenDesk",
    "Problem",
    "Reply",
    "Rules",
    "Slot",
    "Turned",
    "alone",
    "estimate_at",
    "household_of",
    "is_agreed",
    "language",
    "mark_of",
    "offered",
    "open_question",
    "read_flow",
    "summary",
    "take_turn",
    "to_be_kept",
]
