"""Replies as values: notes to be worded, choices to be tapped, an estimate to be shown. `bot/speech` finds the words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from engine import Estimate, Note


@dataclass(frozen=True, slots=True)
class Choice:
    """A button. `key` says all by itself what pressing it means, so that an old button still works."""

    key: str
    label: Note


@dataclass(frozen=True, slots=True)
class Reply:
    """One message to the person. `before` is the estimate that stood before this turn, for the difference; `who` the bill is asked for.

    `case`: the contract case of which a sheet of paper may be wanted, where the talk goes on from one household to the next; `label`: what
    that household is called.
    """

    kind: Literal["text", "question", "estimate"]
    notes: tuple[Note, ...] = ()
    choices: tuple[Choice, ...] = ()
    estimate: Estimate | None = None
    before: Estimate | None = None
    who: str | None = None
    case: Mapping[str, Any] | None = None
    label: str = ""
