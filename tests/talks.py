"""The recorded talks, and a client for each door that plays them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "transcripts"


@dataclass(frozen=True)
class Talk:
    """A recorded talk: what a person says or presses, and what must be heard after each.

    `doors: false` in a file keeps a talk from being played through every door, where each costs seconds; the words are the same there.
    """

    name: str
    fact: str
    place: str | None
    turns: list[dict[str, Any]]
    doors: bool = True


def read_talks(folder: Path = FOLDER) -> list[Talk]:
    """All talks of a folder."""
    found = []
    for path in sorted(folder.glob("*.yaml")):
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
        found.append(Talk(path.stem, raw["fact"], raw.get("place"), raw["talk"], raw.get("doors", True)))
    return found


def talks_at_doors() -> list[Talk]:
    """The talks that are played through every door."""
    return [talk for talk in read_talks() if talk.doors]


def said(turn: dict[str, Any]) -> dict[str, str]:
    """The part of a turn request a transcript's line stands for."""
    return {"text": turn["say"]} if "say" in turn else {"choice": turn["press"]}
