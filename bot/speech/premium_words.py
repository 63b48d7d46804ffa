"""What insurance costs a year, in plain words and as JSON: the amount first, then how it comes about, how firm, and where to enrol."""

from collections.abc import Iterator
from typing import Any

from bot.speech.contract import sources_json
from bot.speech.voice import Voice
from engine import PremiumAnswer, Share, Used, yuan


def premium_lines(voice: Voice, answer: PremiumAnswer) -> list[str]:
    """The lines for a household; the total of several people before each category's own lines."""
    if not answer.shares:
        return [voice.note(note) for note in answer.cautions]
    lines = [line for share in answer.shares for line in _share_lines(voice, answer, share)]
    if answer.people > 1:
        key = "premium.household" if answer.status == "computed" else "premium.household.partial"
        lines.insert(0, voice.say(key, count=answer.people, own_amount=answer.own, subsidy_amount=answer.subsidy))
        if len(answer.shares) == 1:
            lines.append(voice.say("premium.all_alike", category=answer.shares[0].category, count=answer.people))
    return [*lines, *_closing(voice, answer)]


def per_person_lines(voice: Voice, answer: PremiumAnswer) -> list[str]:
    """The lines for one person of a talk, in which the size of the household is not known."""
    if not answer.shares:
        return [voice.note(note) for note in answer.cautions]
    return [*_share_lines(voice, answer, answer.shares[0]), voice.say("premium.times"), *_closing(voice, answer)]


def category_lines(voice: Voice, answer: PremiumAnswer) -> list[str]:
    """The lines for one person of each category, for lists of many."""
    lines = ["".join(_share_lines(voice, answer, share)) for share in answer.shares]
    return [*lines, *_closing(voice, answer)] if answer.shares else [voice.note(note) for note in answer.cautions]


def premium_json(voice: Voice, answer: PremiumAnswer) -> dict[str, Any]:
    """The answer as JSON: a row each category, then the household; money as decimal strings in yuan."""
    household = answer.household
    return {
        "place": household.place,
        "edition": answer.policy.edition if answer.shares else None,
        "year": answer.year,
        "status": answer.status,
        "members": [_share(voice, answer, share) for share in answer.shares],
        "household": _household(answer) if answer.shares else None,
        "cautions": [{"key": note.key, "say": voice.note(note)} for note in answer.cautions],
        "advice": [{"key": note.key, "say": voice.note(note)} for note in answer.advice],
        "sources": sources_json(answer.sources),
    }


def _household(answer: PremiumAnswer) -> dict[str, Any]:
    sums = ("premium", "subsidy", "own", "low")
    return {"count": answer.people} | {name: yuan(getattr(answer, name)) for name in sums} | {"high": yuan(answer.own)}


def _share(voice: Voice, answer: PremiumAnswer, share: Share) -> dict[str, Any]:
    return {
        "category": share.category,
        "label": voice.say(f"category.{share.category}"),
        "count": share.count,
        "status": share.status,
        **{name: yuan(getattr(share, name)) for name in ("premium", "subsidy", "own", "low")},
        "high": yuan(share.own),
        "say": "".join(_share_lines(voice, answer, share)),
        "figures": [_figure(figure) for figure in share.figures],
    }


def _figure(figure: Used) -> dict[str, Any]:
    return {name: getattr(figure, name) for name in ("name", "value", "unit", "basis", "source")}


def _share_lines(voice: Voice, answer: PremiumAnswer, share: Share) -> Iterator[str]:
    kind = "own" if share.status == "computed" else "most"
    yield voice.say(f"premium.{kind}", year=str(answer.year), place=answer.policy.name, category=share.category, own_amount=share.own)
    if share.status != "computed":
        yield voice.say("premium.share_unknown", hotline=answer.policy.hotline)
    elif share.subsidised:
        rate = next(figure.value for figure in share.figures if figure.name.startswith("premium.share."))
        yield voice.say("premium.subsidised", premium_amount=share.premium, rate=rate, subsidy_amount=share.subsidy)
    else:
        yield voice.say("premium.not_subsidised")


def _closing(voice: Voice, answer: PremiumAnswer) -> Iterator[str]:
    yield from map(voice.note, answer.cautions)
    yield from map(voice.note, answer.advice)
