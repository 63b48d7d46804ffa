"""Packs as JSON: a row for the list; and the rules clause by clause, every figure with its basis and source."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from bot.speech.rule_words import RuleWords
from bot.speech.voice import Voice
from engine import Edition, Source, Used, all_figures

#: How firm a figure of each basis is, in the four words of a summary.
_FIRMNESS = {
    "stated": "firm",
    "derived": "firm",
    "confirmed": "firm",
    "about": "about",
    "regional": "to_confirm",
    "unverified": "to_confirm",
    "range": "to_confirm",
    "unknown": "unknown",
}


def policy_row(voice: Voice, edition: Edition) -> dict[str, Any]:
    """One edition in a list. `counts`: how many of its figures are firm, about right, to be confirmed for the place, and not known."""
    policy, horizon = edition.policy, edition.policy.horizon
    counts = Counter(_FIRMNESS[figure.basis] for figure in all_figures(policy))
    return {
        "place": policy.place,
        "edition": policy.edition,
        "name": voice.worded("name", policy.name),
        "title": voice.worded("title", policy.title),
        "valid_from": horizon.valid_from.isoformat(),
        "verified_until": horizon.verified_until.isoformat(),
        "counts": {name: counts[name] for name in dict.fromkeys(_FIRMNESS.values())},
    }


def policy_json(voice: Voice, edition: Edition) -> dict[str, Any]:
    """One edition whole: its keys, its rules clause by clause, its figures in the pack's order, other readings, its sources."""
    policy, words = edition.policy, RuleWords(voice, edition.policy)
    return policy_row(voice, edition) | {
        "earlier_rules": voice.worded("rules", policy.horizon.earlier_rules),
        "later_rules": voice.worded("rules", policy.horizon.later_rules),
        "hotline": policy.hotline,
        "categories": [{"key": key, "label": voice.say(f"category.{key}")} for key in policy.categories],
        "facilities": [{"key": key, "label": voice.say(f"facility.{key}")} for key in policy.facilities],
        "care": list(policy.care),
        "layers": [{"key": key, "label": voice.say(f"layer.{key}")} for key in policy.layers],
        "general": words.general(),
        "rules": words.sections(),
        "figures": [figure_json(voice, figure) | words.figure(figure) for figure in all_figures(edition.policy)],
        "remarks": [{"for": words.when(remark.when), "say": voice.worded("says", remark.says)} for remark in policy.remarks.values()],
        "guidance": list(_guidance(voice, words, edition)),
        "choices": list(_choices(voice, edition)),
        "sources": {key: _source(voice, source) for key, source in policy.sources.items()},
    }


def figure_json(voice: Voice, figure: Used) -> dict[str, Any]:
    """One figure as its pack has it, its note in the voice's language."""
    names = ("name", "unit", "value", "low", "high", "basis", "source")
    return {name: getattr(figure, name) for name in names} | {"note": voice.noted(figure.note)}


def _source(voice: Voice, source: Source) -> dict[str, Any]:
    return source.model_dump(mode="json") | {"note": voice.noted(source.note)}


def _guidance(voice: Voice, words: RuleWords, edition: Edition) -> Iterator[dict[str, Any]]:
    for key, item in edition.policy.guidance.items():
        yield {
            "key": key,
            "for": words.when(item.when),
            "say": voice.worded("says", item.says),
            "basis": item.basis,
            "firm": words.firm(item.basis),
            "source": item.source,
            "note": voice.noted(item.note),
        }


def _choices(voice: Voice, edition: Edition) -> Iterator[dict[str, Any]]:
    """Each unclear sentence, how it is taken here, and how it could be read too."""
    chosen = _chosen(edition)
    for key, choice in edition.policy.choices.items():
        readings = {"": choice.taken} | {name: other.says for name, other in choice.others.items()}
        taken = readings.pop(chosen.get(key, ""))
        others = [voice.worded("says", reading) for reading in readings.values()]
        yield {"key": key, "say": voice.worded("says", choice.says), "taken": voice.worded("says", taken), "others": others}


def _chosen(edition: Edition) -> Mapping[str, str]:
    """The readings that overlays took instead of the pack's own."""
    places = ((tree, place[1]) for tree, place in edition.pack.patched.said.values() if place[0] == "choose")
    return {str(choice): tree.data["choose"][choice] for tree, choice in places}
