"""Which category somebody belongs to, in plain words and as JSON: the next question, or the category and the office whose list decides."""

from collections.abc import Iterator
from typing import Any

from bot.speech.voice import Voice
from engine import Found, Office


def finder_lines(voice: Voice, answer: Found) -> list[str]:
    """The next question alone; else the category first, then whom to ask, how firm it is, and whose list decides."""
    if answer.question is not None:
        return [voice.worded("asks", answer.question.asks)]
    return [*_finding_lines(voice, answer), *map(voice.note, answer.cautions), *map(voice.note, answer.advice)]


def finder_json(voice: Voice, found: Found) -> dict[str, Any]:
    """The same as JSON. `category` is null while nobody can say; `compute_as` is what a bill can be computed with meanwhile."""
    question = found.question
    return {
        "place": found.finding.place,
        "edition": None if found.status == "refused" else found.policy.edition,
        "on": found.finding.on.isoformat() if found.finding.on else None,
        "status": found.status,
        "categories": list(found.categories),
        "question": question and {**_named(voice, question.category), "say": voice.worded("asks", question.asks)},
        "category": found.category,
        "compute_as": found.compute_as,
        "office": found.office and _office(voice, found.office),
        "possible": [_office(voice, office) for office in found.possible],
        "say": "\n".join(finder_lines(voice, found)),
        "cautions": [{"key": note.key, "say": voice.note(note)} for note in found.cautions],
        "advice": [{"key": note.key, "say": voice.note(note)} for note in found.advice],
    }


def _named(voice: Voice, category: str) -> dict[str, str]:
    return {"category": category, "label": voice.say(f"category.{category}")}


def _office(voice: Voice, office: Office) -> dict[str, Any]:
    named = office.named_in
    source = {"document": named.document, "clause": named.clause} if named else None
    return {**_named(voice, office.category), "say": voice.worded("confirms", office.confirms), "basis": office.basis, "source": source}


def _finding_lines(voice: Voice, found: Found) -> Iterator[str]:
    if found.office is not None:
        yield voice.say("finder.found", category=found.office.category)
        yield voice.worded("confirms", found.office.confirms)
    elif found.status == "ordinary":
        yield voice.say("finder.ordinary")
    if found.possible:
        key = "finder.unsure" if found.office is None else "finder.also_possible"
        yield voice.say(key, categories=tuple(office.category for office in found.possible))
        yield from (voice.worded("confirms", office.confirms) for office in found.possible)
    if found.status == "unsure":
        yield voice.say("finder.until_confirmed")
