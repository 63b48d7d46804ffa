"""A note: something to be said, as a key with values. Words are found for it only in `bot/speech`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Note:
    """`values` holds fen as int under names ending in `amount`, days as `date`, texts of packs as `Text`, keys as str."""

    key: str
    values: Mapping[str, Any] = field(default_factory=dict)
