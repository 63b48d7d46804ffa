"""What it is worth that turns which wait together share one commit: against the same store committing each turn by itself.

On a disk whose every sync takes a thousandth of a second longer (slow_sync.c, which needs a C compiler). So many people keep one turn after
the other, without a conversation or a server around it. Each measure is a process of its own on a new file.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.rows import NotRun, Row, show
from benchmarks.timing import rate, ratio
from bot.assistant import Assistant, Message
from bot.knowledge import read_knowledge
from bot.store import Change, SqliteStore, writer

#: State and reply.
Turn = tuple[bytes, bytes]

PEOPLE = (1, 64, 1000)
#: The goal of DESIGN.md, for the outreach peak that many people are.
GOAL_AT, LEAST = 1000, 20
#: What is kept again and again: the turns of a talk that asks two questions, tells an estimate, and helps.
SAID = ({"text": "低保", "place": "anhui-bozhou"}, {"text": "县医院"}, {"text": "两万"}, {"action": "help"})


def run(quick: bool) -> list[Row]:
    """Grouped and one by one, in turns."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise NotRun("no C compiler, by which syncs are made slow")
    rounds, seconds = (1, 0.5) if quick else (5, 2.0)
    with TemporaryDirectory(prefix="nengbao-bench-") as folder:
        slow = Path(folder, "slow_sync.so")
        source = Path(__file__).with_name("slow_sync.c")
        subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", str(slow), str(source), "-ldl"], check=True)  # noqa: S603
        return [_row(people, slow, rounds, seconds) for people in PEOPLE]


def _row(people: int, slow: Path, rounds: int, seconds: float) -> Row:
    taken: dict[str, list[float]] = {"grouped": [], "one by one": []}
    for turn in range(rounds):
        for how in sorted(taken, reverse=turn % 2 == 1):
            taken[how].append(_measured(how, people, slow, seconds))
    found = ratio(taken["grouped"], taken["one by one"])
    goal, met = (f"≥ {LEAST} ×", found.median >= LEAST) if people == GOAL_AT else ("", None)
    question = f"turns kept, 1 ms added to every sync, {people:,} at once"
    what = "commits shared by all who wait, against a commit for each turn"
    return Row(question, what, rate(taken["grouped"]), rate(taken["one by one"]), found.median, (found.low, found.high), goal, met)


def _measured(how: str, people: int, slow: Path, seconds: float) -> float:
    command = [sys.executable, "-m", "benchmarks.commits", how, str(people), str(seconds)]
    env = os.environ | {"LD_PRELOAD": str(slow)}
    return float(subprocess.run(command, check=True, capture_output=True, text=True, env=env).stdout)  # noqa: S603


def keep_turns(how: str, people: int, seconds: float) -> None:
    """Print how many turns a second were kept."""
    if how == "one by one":
        writer.MOST_AT_ONCE = 1
    with TemporaryDirectory(prefix="nengbao-bench-") as folder:
        store = SqliteStore(Path(folder, "talks.sqlite3"))
        sys.stdout.write(f"{asyncio.run(_rate(store, people, seconds))}\n")
        store.close()


async def _rate(store: SqliteStore, people: int, seconds: float) -> float:
    turns = await _real_turns(store)
    begun = time.perf_counter()
    count = sum(await asyncio.gather(*(_talk(store, f"p{number}", turns, begun + seconds) for number in range(people))))
    return count / (time.perf_counter() - begun)


async def _real_turns(store: SqliteStore) -> list[Turn]:
    assistant, talk, turns = Assistant(read_knowledge(), store), None, []
    for number, said in enumerate(SAID):
        answer = await assistant.turn(Message(f"m{number}", talk, **said))
        talk = answer["conversation"]
        kept = await store.load(talk.rpartition(".")[0])
        if kept is None:
            raise LookupError(talk)
        turns.append((kept.state, json.dumps(answer, ensure_ascii=False).encode()))
    return turns


async def _talk(store: SqliteStore, name: str, turns: list[Turn], end: float) -> int:
    turn = 0
    while time.perf_counter() < end:
        state, reply = turns[turn % len(turns)]
        await store.keep(Change(name, turn, state, turn + 1, f"{name}-{turn}", reply))
        turn += 1
    return turn


if __name__ == "__main__":
    if len(sys.argv) > 1:
        keep_turns(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
    else:
        show(run(quick=False))
