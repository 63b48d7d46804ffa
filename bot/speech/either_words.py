"""A bill under a category that is not sure and under the other one it may be: both results, the difference, and whose list decides."""

from bot.speech.compare_words import assumed_of, cause_lines, cautions_of, own_words
from bot.speech.estimate_words import paid_at_least
from bot.speech.voice import Voice
from engine import Estimate, own_cost


def either_lines(voice: Voice, answers: tuple[Estimate, ...]) -> list[str]:
    """A line each category with what is left to pay, then how far they are apart and how firm it all is."""
    first, second = answers
    apart = own_cost(second) - own_cost(first)
    kind = "same" if apart == 0 else "unknown" if "partial" in (first.status, second.status) else "differs"
    better = first if apart >= 0 else second
    return [
        voice.say("either.opening", category=first.case.category),
        *(_as(voice, answer) for answer in answers),
        voice.say(f"either.{kind}", category=better.case.category, amount=abs(apart)),
        *cause_lines(voice, answers),
        *assumed_of(voice, answers),
        *(voice.note(note) for note in cautions_of(answers)),
        voice.say("settlement_decides"),
        voice.say("either.ask"),
    ]


def _as(voice: Voice, answer: Estimate) -> str:
    own = answer.out_of_pocket
    paid = paid_at_least(answer, own) if own else 0
    key = "either.as.most" if answer.status == "partial" else "either.as"
    return voice.say(key, category=answer.case.category, words=own_words(voice, answer), amount=paid)
