"""The people of a family in one talk: a line each, and what they pay together."""

from collections.abc import Iterable

from bot.conversation.people import Counted
from bot.speech.voice import Voice
from engine import Estimate, firmness, own_cost

#: From the firmest to the least firm: a sum is as firm as the least firm of its parts.
_FIRM = ("exact", "about", "most")


def people_lines(voice: Voice, people: tuple[Counted, ...]) -> list[str]:
    """Each person with what they pay, then the sum of those who can be computed."""
    settled = [person.estimate for person in people if person.estimate is not None]
    lines = [_person(voice, number, person) for number, person in enumerate(people, start=1)]
    if len(settled) <= 1:
        return lines
    return [*lines, voice.say(f"people.together.{least_firm(settled)}", count=len(settled), amount=sum(map(own_cost, settled)))]


def least_firm(answers: Iterable[Estimate]) -> str:
    """How firm the sum of what several people pay is: exact, about or most."""
    return max(map(firmness, answers), key=_FIRM.index, default="exact")


def _person(voice: Voice, number: int, person: Counted) -> str:
    if person.estimate is None:
        return voice.say("people.not_now" if person.finished else "people.unfinished", number=number)
    category = voice.say(f"category.{person.category}")
    words = voice.say("people.who", who=voice.say(f"who.{person.who}"), words=category) if person.who else category
    return voice.say(f"people.one.{firmness(person.estimate)}", number=number, words=words, amount=own_cost(person.estimate))
