"""Timing that can be trusted on a busy machine: contenders take turns in short rounds, and only a round's own ratio is formed.

A neighbour who takes the processor for a while then spoils single rounds of everybody, not one contender's figure; the medians pass such
rounds over. Each turn is taken twice and timed the second time, when code and data are as warm for everybody. No garbage is collected
during a round (but before it). The loop around the calls runs in C and is counted on all sides.
"""

import gc
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import starmap
from typing import Any

from benchmarks.rows import Spread, number

Turn = Callable[[], object]
Times = Mapping[str, Sequence[float]]


def over(call: Callable[..., object], inputs: Sequence[tuple[Any, ...]]) -> Turn:
    """A turn: the call made with each input, the results dropped."""
    return lambda: deque(starmap(call, inputs), maxlen=0)


def interleaved(turns: Mapping[str, Turn], rounds: int, calls: int = 1, warm: bool = True) -> dict[str, list[float]]:
    """Nanoseconds a call, by contender and round. A turn makes `calls` calls. Who begins changes from round to round.

    Without `warm` a turn is taken once only, for turns so long that nothing of the one before is left.
    """
    names = list(turns)
    times: dict[str, list[float]] = {name: [] for name in names}
    for number_of_round in range(rounds):
        first = number_of_round % len(names)
        with _no_collecting():
            for name in (*names[first:], *names[:first]):
                if warm:
                    turns[name]()
                times[name].append(_once(turns[name]) / calls)
    return times


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """Ours by theirs, formed within each round."""
    return Spread.of([mine / other for mine, other in zip(ours, theirs, strict=True)])


def told(nanoseconds: Iterable[float]) -> str:
    """The median with its spread, in a unit that suits: `1.21 µs (1.19 to 1.34)`."""
    spread = Spread.of(list(nanoseconds))
    unit, size = next((unit, size) for unit, size in _UNITS if spread.median >= size or unit == "ns")
    median, low, high = (number(value / size) for value in spread)
    return f"{median} {unit} ({low} to {high})"


def rate(values: Sequence[float]) -> str:
    """So many a second, with the spread: `483/s (426 to 561)`."""
    spread = Spread.of(values)
    return f"{number(spread.median)}/s ({number(spread.low)} to {number(spread.high)})"


_UNITS = (("s", 1e9), ("ms", 1e6), ("µs", 1e3), ("ns", 1.0))


def _once(turn: Turn) -> int:
    begun = time.perf_counter_ns()
    turn()
    return time.perf_counter_ns() - begun


@contextmanager
def _no_collecting() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
