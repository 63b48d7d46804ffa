"""What people type into the forms of the desk."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from pathlib import PureWindowsPath

from bot.conversation.heard import Heard
from bot.knowledge import Knowledge
from bot.lists import ListError
from bot.speech import Voice
from bot.understanding import understand

LONGEST_NAME = 60
#: An amount in figures alone, as a field for yuan holds it: whatever its size, nothing else is meant.
_FIGURES = re.compile(r"[¥ ]*((?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.[0-9]{1,2})?) *元?")
#: Beside what is typed into a form: what its file is called. No field of a form is.
FILE_NAME = " file"


@dataclass(frozen=True, slots=True)
class Sent:
    """What was typed into the form for a list, so that nobody has to type it again. `written`: what was pasted."""

    name: str = ""
    place: str = ""
    written: str = ""


NOTHING = Sent()


def sent_of(typed: dict[str, str]) -> Sent:
    """The form for a list as it was filled in."""
    return Sent(typed.get("name", "").strip()[:LONGEST_NAME], typed.get("place", ""), typed.get("pasted", ""))


def list_name(typed: dict[str, str], voice: Voice, today: date) -> str:
    """What a list is called: as was typed, else like its file without the ending, else by the day on which it was pasted."""
    file = "".join(each for each in PureWindowsPath(typed.get(FILE_NAME, "")).stem if each.isprintable())
    pasted = voice.say("desk.unnamed.on", month=str(today.month), day=str(today.day))
    return sent_of(typed).name or file.strip()[:LONGEST_NAME] or pasted


def day_of(voice: Voice, text: str) -> str:
    """An ISO day. Raises ListError."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise ListError(voice.say("desk.register.no_day")) from error


def past_day_of(voice: Voice, text: str, today: date) -> str:
    """The ISO day of something that happened, today at the latest. Raises ListError."""
    day = day_of(voice, text)
    if day > today.isoformat():
        raise ListError(voice.say("desk.day.not_yet", day=day, today=today.isoformat()))
    return day


def hear_amount(knowledge: Knowledge, slot: str, said: str) -> Heard:
    """An amount as the talk hears it where a slot was asked for."""
    return understand(said.lstrip("¥￥ "), knowledge.vocabulary, slot)


def certain_amount(heard: Heard, slot: str) -> str | None:
    """What was heard, in yuan, where it is one exact amount and nothing besides."""
    told = heard.slots.get(slot)
    is_certain = told is not None and not told.approximate and not heard.rest and len(heard.slots) == 1 and not heard.ambiguous
    return str(told.value) if told is not None and is_certain else None


def amount_of(knowledge: Knowledge, said: str) -> str | None:
    """An amount of a form in yuan, as it may be written (2万, 20,000, ５,０００元); None where that is not certain."""
    figures = _FIGURES.fullmatch(unicodedata.normalize("NFKC", said).strip())
    if figures is not None:
        return figures[1].replace(",", "")
    return certain_amount(hear_amount(knowledge, "self_funded", said), "self_funded")
