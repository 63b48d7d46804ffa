"""What people type into the forms of the desk."""

from dataclasses import dataclass
from datetime import date
from pathlib import PureWindowsPath

from bot.lists import ListError
from bot.speech import Voice

LONGEST_NAME = 60
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
