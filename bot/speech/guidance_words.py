"""What to know before going to hospital, in plain words and as JSON."""

from typing import Any

from bot.speech.contract import sources_json
from bot.speech.voice import Voice
from engine import Advised, Guide


def guidance_lines(voice: Voice, answer: Guide) -> list[str]:
    """One line a thing to know, numbered, then how firm it is."""
    cautions = [voice.note(note) for note in answer.cautions]
    if not answer.items:
        return cautions
    items = [_item(voice, number, item) for number, item in enumerate(answer.items, start=1)]
    return [voice.say("guidance.opening", place=answer.policy.name), *items, *cautions]


def guidance_json(voice: Voice, guide: Guide) -> dict[str, Any]:
    """The guidance as JSON, each item with its basis and source."""
    return {
        "place": guide.place,
        "edition": guide.policy.edition if guide.items else None,
        "category": guide.category,
        "status": guide.status,
        "items": [
            {"key": item.key, "say": voice.worded("says", item.says), "basis": item.basis, "source": item.source} for item in guide.items
        ],
        "cautions": [{"key": note.key, "say": voice.note(note)} for note in guide.cautions],
        "hotline": guide.policy.hotline,
        "sources": sources_json(guide.sources),
    }


def _item(voice: Voice, number: int, item: Advised) -> str:
    return voice.say("guidance.item.doubtful" if item.doubtful else "guidance.item", number=number, words=voice.worded("says", item.says))
