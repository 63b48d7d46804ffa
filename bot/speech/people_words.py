"""The people of a family in one talk: a line each, and what they pay together."""

from collections.abc import Sequence

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
    firm, own = own_together(settled)
    return [*lines, voice.say(f"people.together.{firm}", count=len(settled), amount=own)]


def own_together(answers: Sequence[Estimate]) -> tuple[str, int]:
    """What several people pay together, in fen, and how firm that is: exact, about or most.

    Where it is the most, that of everybody is in it: a sum with something that is about right would be no bound.
    """
    firm = max(map(firmness, answers), key=_FIRM.index, default="exact")
    bounds = (answer.out_of_pocket.high for answer in answers if answer.out_of_pocket is not None)
    return firm, sum(bounds) if firm == "most" else sum(map(own_cost, answers))


def _person(voice: Voice, number: int, person: Counted) -> str:
    if person.estimate is None:
        return voice.say("people.not_now" if person.finished else "people.unfinished", number=number)
    category = voice.say(f"category.{person.category}")
    words = voice.say("people.who", who=voice.say(f"who.{person.who}"), words=category) if person.who else category
    return voice.say(f"people.one.{firmness(person.estimate)}", number=number, words=words, amount=own_cost(person.estimate))
