"""Reminders of what households pay to be enrolled (全民参保): one slip each, in large print, to hand out or to read aloud.

A category stands on no slip: others may hear it, and the household knows it. Where only figures of a year are held that nobody pays for any
more, a slip reminds of enrolling, says whom to ask how much it is, and has those figures with their year to compare.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from bot.desk import Home, Member
from bot.desk.enrolment import is_to_pay
from bot.paper.press import Galley
from bot.speech import Voice
from engine import PremiumAnswer, Share

_TEMPLATE = "reminders.typ"


def reminders_pdf(voice: Voice, answer: PremiumAnswer, homes: Iterable[Home], made: date) -> bytes:
    """The slips of some households as a tagged PDF. `answer`: what one person of each of their categories pays.

    Takes about 5 ms a household; call it outside the event loop. Raises PrintMissingError without the extra `[print]`.
    """
    return reminders_galley(voice, answer, homes, made).pdf()


def reminders_galley(voice: Voice, answer: PremiumAnswer, homes: Iterable[Home], made: date) -> Galley:
    """The lines of these slips, still to be set."""
    lines = reminder_lines(voice, answer, homes, made)
    return Galley(_TEMPLATE, lines, len(lines["slips"]))


def reminder_lines(voice: Voice, answer: PremiumAnswer, homes: Iterable[Home], made: date) -> dict[str, Any]:
    """Everything that stands on the slips, as JSON can hold it."""
    lang, _, region = voice.lang.partition("_")
    shares = {share.category: share for share in answer.shares}
    say = _Says(voice, answer, made)
    return {
        "lang": lang,
        # Hant is a script and no region.
        "region": region.lower() if len(region) == len("CN") else None,
        "title": say.title(),
        "made": voice.say("paper.made", made=made),
        "day": [made.year, made.month, made.day],
        "heads": [voice.say("desk.enrol.slip.who"), *map(say.head, ("premium", "subsidy", "own"))],
        "slips": [_slip(voice, home, shares, say) for home in homes],
        "foot": _foot(voice, answer),
        "hotline": answer.policy.hotline,
    }


class _Says:
    """The words that depend on whether the figures are of a year that is still to be paid for."""

    def __init__(self, voice: Voice, answer: PremiumAnswer, made: date) -> None:
        self._voice, self._answer, self._year = voice, answer, str(answer.year)
        self._is_to_pay = answer.year is not None and is_to_pay(answer.year, made)

    def title(self) -> str:
        """What one is reminded of."""
        return (
            self._voice.say("desk.enrol.slip.title", year=self._year) if self._is_to_pay else self._voice.say("desk.enrol.slip.title.past")
        )

    def head(self, name: str) -> str:
        """The name of a column of amounts."""
        return self._voice.say(f"desk.enrol.slip.{name}") if self._is_to_pay else _of_year(self._voice, self._answer.year, name)

    def total(self, home: Home) -> str:
        """The one sentence to remember."""
        voice = self._voice
        return _total(voice, home) if self._is_to_pay else voice.say("desk.enrol.slip.ask", hotline=self._answer.policy.hotline)

    def notes(self, home: Home) -> str:
        """What stands below it: what the household paid in the year of the figures, and that nobody knows the subsidy."""
        past = "" if self._is_to_pay else self._voice.say("desk.enrol.slip.past", year=self._year, words=_total(self._voice, home))
        return past + (self._voice.say("desk.enrol.slip.unknown") if home.low < home.own else "")


def _of_year(voice: Voice, year: int | None, name: str) -> str:
    """The name of a column of amounts of a year."""
    return voice.say("desk.enrol.slip.of_year", year=str(year), words=voice.say(f"desk.enrol.slip.{name}"))


def _slip(voice: Voice, home: Home, shares: dict[str, Share], say: _Says) -> dict[str, Any]:
    open_ones = [member for member in home.members if member.is_open]
    return {
        "home": home.home,
        "rows": [_row(voice, member, shares[member.category]) for member in open_ones],
        "more": voice.say("desk.enrol.more", count=home.open - len(open_ones)) if home.open > len(open_ones) else "",
        "sums": [] if home.open == 1 else _amounts(voice, home.premium, home.subsidy, home.own, home.low),
        "total": say.total(home),
        "unknown": say.notes(home),
        "sum": voice.say("desk.enrol.slip.sum"),
    }


def _row(voice: Voice, member: Member, share: Share) -> list[str]:
    return [member.label, *_amounts(voice, share.premium, share.subsidy, share.own, share.low)]


def _amounts(voice: Voice, premium: int, subsidy: int, own: int, low: int) -> list[str]:
    """What is due, what the government pays, what is left; bounds where nobody knows."""
    known = "" if low == own else ".bound"
    paid = ".unknown" if known and not subsidy else known
    return [
        voice.say("paper.amount", amount=premium),
        voice.say(f"desk.enrol.subsidy{paid}", amount=subsidy),
        voice.say(f"desk.enrol.own{known}", amount=own) if own else voice.say("desk.enrol.nothing"),
    ]


def _total(voice: Voice, home: Home) -> str:
    """What a household pays, in one sentence."""
    if home.own == 0:
        return voice.say("desk.enrol.slip.nothing")
    return voice.say("desk.enrol.slip.pays" if home.low == home.own else "desk.enrol.slip.at_most", own_amount=home.own)


def _foot(voice: Voice, answer: PremiumAnswer) -> Sequence[str]:
    """Where to pay and until when, how firm the figures are."""
    lines = [voice.note(note) for note in (*answer.advice, *answer.cautions)]
    return [*lines, voice.say("desk.enrol.slip.until", hotline=answer.policy.hotline), voice.say("desk.enrol.slip.category")]
