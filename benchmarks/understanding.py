"""Understanding one message, and the memory of the words it is understood by.

The messages are those of tests/understanding/sentences.yaml, each with the question that is open there. Beside them stands what carrying
the same text over HTTP costs at the least: written as JSON and read back. Each message has a figure of its own, the median over the
rounds; the median and the percentiles told here are over the messages, so that a slow kind of message is seen and a busy moment is not.

The memory is that of a fresh process with everything imported and all packs read, before and after the vocabulary is read and one message
is understood: what Python holds of it (tracemalloc), and by how much the process has grown (VmRSS), which also counts what reading left
behind. They are measured in processes of their own, since tracemalloc takes memory too.
"""

import json
from collections.abc import Sequence
from functools import partial
from statistics import median
from typing import Any

from benchmarks.processes import MB, megabytes, python
from benchmarks.rows import Row, Spread, show
from benchmarks.timing import interleaved, ratio, told
from bot.knowledge import read_knowledge
from bot.understanding import Vocabulary, understand
from engine.yaml_tree import read_tree
from tests.server import ROOT

GOAL_MICROSECONDS, GOAL_MB = 300, 15
TABLE = ROOT / "tests" / "understanding" / "sentences.yaml"

READ = """
import gc, re, tracemalloc
from pathlib import Path
from bot import resources
from bot.knowledge import read_knowledge, read_vocabulary
from bot.understanding import understand
from engine import read_shelf
def resident():
    return int(re.search(r"VmRSS:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024
def held():
    return tracemalloc.get_traced_memory()[0]
shelf = read_shelf([resources.POLICIES])
"""
GROWN = """
gc.collect()
before = {size}()
vocabulary = read_vocabulary(shelf)
understand("俺妈低保，在县医院住院花了三万二，自费药三千，能报多少", vocabulary)
gc.collect()
print({size}() - before)
"""
HELD = READ + "tracemalloc.start()" + GROWN.format(size="held")
RESIDENT = READ + GROWN.format(size="resident")


def run(quick: bool) -> list[Row]:
    """Time first, then memory."""
    return [_time(read_tree(TABLE).data, read_knowledge().vocabulary, 3 if quick else 9), *_memory(1 if quick else 5)]


def _time(rows: Sequence[dict[str, Any]], vocabulary: Vocabulary, rounds: int) -> Row:
    """Microseconds a message, against carrying its text."""
    turns = {}
    for number, row in enumerate(rows):
        turns[number, "ours"] = partial(understand, row["text"], vocabulary, row.get("expecting"), row.get("place"))
        turns[number, "theirs"] = partial(_carry, row["text"])
    times = interleaved(turns, rounds)
    ours, theirs = ([median(times[number, side]) for number in range(len(rows))] for side in ("ours", "theirs"))
    shares = Spread.of([ratio(times[number, "ours"], times[number, "theirs"]).median for number in range(len(rows))])
    met = Spread.of(ours).median <= GOAL_MICROSECONDS * 1000
    compared = f"`understand`, against its text as JSON and back; percentiles over {len(rows)} messages"
    found = (told(ours), told(theirs), shares.median, (shares.low, shares.high))
    return Row("one message understood", compared, *found, f"≤ {GOAL_MICROSECONDS} µs", met)


def _carry(text: str) -> object:
    return json.loads(json.dumps(text))


def _memory(repeats: int) -> list[Row]:
    """What the vocabulary takes."""
    rows = []
    for compared, code in (("what Python holds of it", HELD), ("by how much a process grows that reads it", RESIDENT)):
        size = Spread.of([int(python(["-c", code])) for _ in range(repeats)]).median
        rows.append(Row("memory of the vocabulary", compared, megabytes(size), goal=f"≤ {GOAL_MB} MB", ok=size <= GOAL_MB * MB))
    return rows


if __name__ == "__main__":
    show(run(quick=False))
