"""What a whole table came to, by category and layer, added up block by block."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from bot.tables.amounts import Ints
from bot.tables.settle import STATUSES, Settled
from engine import CATEGORIES


@dataclass(slots=True)
class Group:
    """The bills of one category, in fen. `people` is None where the table does not tell who is who."""

    bills: int = 0
    people: int | None = None
    total: int = 0
    paid: dict[str, int] = field(default_factory=dict)
    hospital: int = 0
    own: int = 0
    #: Bills, or people where these are known, whose eligible cost left unpaid is above the warning threshold.
    warned: int = 0


@dataclass(slots=True)
class Summary:
    """A table: how many rows were settled, partly settled, refused by every rule, and rejected; and its categories."""

    layers: Sequence[str]
    warn_at: int
    by_person: bool
    rows: int = 0
    statuses: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STATUSES, 0))
    rejected: int = 0
    groups: dict[str, Group] = field(default_factory=dict)

    def add(self, settled: Settled) -> None:
        """A block of rows. People are counted by who knows them."""
        self.rows += len(settled.fine)
        self.rejected += int((~settled.fine).sum())
        for number, status in enumerate(STATUSES):
            self.statuses[status] += int((settled.fine & (settled["status"] == number)).sum())
        known = settled.fine & (settled["status"] != STATUSES.index("refused"))
        where, size = settled["category"][known], len(CATEGORIES)
        sums = {name: _sums(where, settled[name][known], size) for name in ("total", "hospital_borne", "out_of_pocket")}
        paid = {layer: _sums(where, settled[f"paid_{layer}"][known], size) for layer in self.layers}
        counts = np.bincount(where, minlength=size)
        warned = np.bincount(where[settled["eligible_unpaid"][known] > self.warn_at], minlength=size)
        for number in np.flatnonzero(counts).tolist():
            group = self.group(CATEGORIES[number])
            group.bills += int(counts[number])
            group.total += int(sums["total"][number])
            group.hospital += int(sums["hospital_borne"][number])
            group.own += int(sums["out_of_pocket"][number])
            group.warned += 0 if self.by_person else int(warned[number])
            for layer in self.layers:
                group.paid[layer] += int(paid[layer][number])

    def merge(self, other: "Summary") -> None:
        """Add what another part of the table came to."""
        self.rows, self.rejected = self.rows + other.rows, self.rejected + other.rejected
        for status in STATUSES:
            self.statuses[status] += other.statuses[status]
        for category, more in other.groups.items():
            group = self.group(category)
            group.people = None if group.people is None and more.people is None else (group.people or 0) + (more.people or 0)
            for name in ("bills", "total", "hospital", "own", "warned"):
                setattr(group, name, getattr(group, name) + getattr(more, name))
            for layer in self.layers:
                group.paid[layer] += more.paid[layer]

    def group(self, category: str) -> Group:
        """The sums of one category so far."""
        return self.groups.setdefault(category, Group(paid=dict.fromkeys(self.layers, 0)))


def _sums(where: Ints, values: Ints, size: int) -> Ints:
    """The sum for each number; exact, because a block's amounts stay below 2^53 fen together."""
    return np.bincount(where, weights=values, minlength=size).astype(np.int64)
