"""What people type into the forms of the desk."""

from dataclasses import dataclass
from datetime import date

from bot.lists import ListError
from bot.speech import Voice

LONGEST_NAME = 60


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
