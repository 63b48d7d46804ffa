"""Replies as values: notes to be worded, choices to be tapped, an estimate to be shown. `bot/speech` finds the words."""

from dataclasses import dataclass
from typing import Literal

from engine import Estimate, Note


@dataclass(frozen=True, slots=True)
class Choice:
    """A button. `key` says all by itself what pressing it means, so that an old button still works."""

    key: str
    label: Note


@dataclass(frozen=True, slots=True)
class Reply:
    """One message to the person. `before` is the estimate that stood before this turn, for the difference; `who` the bill is asked for."""

    kind: Literal["text", "question", "estimate"]
    notes: tuple[Note, ...] = ()
    choices: tuple[Choice, ...] = ()
    estimate: Estimate | None = None
    before: Estimate | None = None
    who: str | None = None
