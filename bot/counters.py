"""What is counted while the program works, for those who look after it: plain numbers, which the web door reads when it is asked.

Every label is from a closed list, so that no word of a person, no id and no path as it was typed can become one. Each number has one
writer, the event loop or the store's own thread, so that nothing needs a lock.
"""

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal, get_args

#: replayed: answered after another process had kept a turn of the same talk meanwhile; not_found: its talk is not kept (any more).
Outcome = Literal["answered", "repeated", "replayed", "not_found", "failed"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

OTHER = "other"
#: A client may write any channel into a message; those that are not ours count as one.
CHANNELS = ("web", "plain", "telegram", "wechat", OTHER)

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


def channel_of(name: str) -> str:
    """A channel as it is counted."""
    return name if name in CHANNELS else OTHER


class Histogram:
    """How many values lay in each step of some bounds, and what all of them sum to."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float] = SECONDS) -> None:
        self.bounds, self.counts, self.total = bounds, [0] * (len(bounds) + 1), 0.0

    def add(self, value: float) -> None:
        """One more value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


@dataclass(slots=True)
class StoreCounters:
    """What the writer of a store did; written by its thread alone. `failures`: pieces of writing that could not be kept."""

    commit_seconds: Histogram = field(default_factory=Histogram)
    commit_size: Histogram = field(default_factory=lambda: Histogram(_SIZES))
    failures: int = 0

    def committed(self, pieces: int, seconds: float) -> None:
        """One transaction is on disk."""
        self.commit_seconds.add(seconds)
        self.commit_size.add(pieces)


@dataclass(slots=True)
class Played:
    """A turn that is being played. It failed unless something better becomes of it."""

    outcome: Outcome = "failed"
    again: bool = False

    def done(self) -> None:
        """Its answer is on disk."""
        self.outcome = "replayed" if self.again else "answered"


@dataclass(slots=True)
class Counters:
    """What became of the turns of all doors."""

    turns: Counter[tuple[str, Outcome]] = field(default_factory=Counter)
    turn_seconds: dict[str, Histogram] = field(default_factory=lambda: {channel: Histogram() for channel in CHANNELS})
    under_way: int = 0
    messages: Counter[str] = field(default_factory=Counter)
    not_understood: Counter[str] = field(default_factory=Counter)
    estimates: Counter[tuple[str, str]] = field(default_factory=Counter)

    @contextmanager
    def turn(self, channel: str) -> Iterator[Played]:
        """Count a turn and the time it takes; what became of it is noted in what this gives."""
        played, started, channel = Played(), time.perf_counter(), channel_of(channel)
        self.under_way += 1
        try:
            yield played
        finally:
            self.under_way -= 1
            self.turns[channel, played.outcome] += 1
            self.turn_seconds[channel].add(time.perf_counter() - started)

    def heard(self, channel: str, *, understood: bool) -> None:
        """A message in words was read."""
        channel = channel_of(channel)
        self.messages[channel] += 1
        self.not_understood[channel] += not understood

    def told(self, place: str, status: str) -> None:
        """An estimate was told. `place` is one of the shelf: there is no estimate for any other."""
        self.estimates[place, status] += 1
