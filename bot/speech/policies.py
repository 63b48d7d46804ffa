"""Packs as JSON: a row for the list, and every figure with its basis and source."""

from typing import Any

from bot.speech.voice import Voice
from engine import Edition, Used, all_figures


def policy_row(voice: Voice, edition: Edition) -> dict[str, Any]:
    """One edition in a list."""
    policy, horizon = edition.policy, edition.policy.horizon
    return {
        "place": policy.place,
        "edition": policy.edition,
        "name": voice.worded("name", policy.name),
        "title": voice.worded("title", policy.title),
        "valid_from": horizon.valid_from.isoformat(),
        "verified_until": horizon.verified_until.isoformat(),
    }


def policy_json(voice: Voice, edition: Edition) -> dict[str, Any]:
    """One edition whole: its keys, its figures in the pack's order, its sources."""
    policy = edition.policy
    return policy_row(voice, edition) | {
        "categories": [{"key": key, "label": voice.say(f"category.{key}")} for key in policy.categories],
        "facilities": [{"key": key, "label": voice.say(f"facility.{key}")} for key in policy.facilities],
        "care": list(policy.care),
        "layers": [{"key": key, "label": voice.say(f"layer.{key}")} for key in policy.layers],
        "figures": [_figure(figure) for figure in all_figures(edition.policy)],
        "sources": {key: source.model_dump(mode="json") for key, source in policy.sources.items()},
    }


def _figure(figure: Used) -> dict[str, Any]:
    names = ("name", "unit", "value", "low", "high", "basis", "source", "note")
    return {name: getattr(figure, name) for name in names}
