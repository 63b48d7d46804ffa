"""A turn of a talk over HTTP, on disk before it is answered: against the same turn with nothing saved, and against a bare aiohttp handler.

Each connection is a person with a talk of their own who corrects the bill again and again, so that every turn reads what was said, settles
a bill, tells the whole answer with its difference, and keeps it. All servers are processes of their own and take turns with the same
client. The disk is the one the data folder is on; its sync is what a power cut is survived by.
"""

import json
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from benchmarks.http_client import Load, drive_askers
from benchmarks.rows import Row, show
from benchmarks.servers import bare, nengbao, unsaved
from benchmarks.timing import rate, ratio, told

PATH = "/api/v1/turn"
CONNECTIONS = (1, 64, 1000)
#: The goals of DESIGN.md, at 64 connections: answers a second, and the slowest hundredth, against the turn with nothing saved.
GOAL_AT, LEAST_SPEED, MOST_P99 = 64, 0.75, 2.5

Loads = dict[str, list[Load]]


@dataclass(slots=True)
class Person:
    """Tells the whole bill, then another total with each message."""

    once: str
    numbers: "count[int]"
    conversation: str | None = None

    def body(self) -> bytes:
        """The next message."""
        number_of_message = next(self.numbers)
        about = {"message_id": f"{self.once}-{number_of_message}", "place": "anhui-bozhou"}
        if self.conversation is None:
            return json.dumps(about | {"text": "低保，县医院，两万，没有自费"}).encode()
        return json.dumps(about | {"text": f"总费用改成{20_000 + number_of_message}元", "conversation": self.conversation}).encode()

    def hear(self, answer: bytes) -> None:
        """The talk that was opened."""
        self.conversation = json.loads(answer).get("conversation", "bare")


def people(number_of_them: int) -> list[Person]:
    """People who have not said anything yet."""
    return [Person(uuid4().hex, count()) for _ in range(number_of_them)]


def run(quick: bool) -> list[Row]:
    """Start three servers and let them take turns."""
    rounds, seconds = (1, 0.5) if quick else (5, 1.5)
    with TemporaryDirectory(prefix="nengbao-bench-") as folder, nengbao(Path(folder)) as ours, unsaved(Path(folder)) as light:
        answer = Path(folder, "answer.json")
        answer.write_bytes(_an_answer(ours.port))
        with bare(Path(folder), answer) as least:
            ports = {"durable": ours.port, "unsaved": light.port, "bare": least.port}
            found = {lines: _loads(ports, lines, rounds, seconds) for lines in CONNECTIONS}
    return [row for lines, loads in found.items() for row in _rows(lines, loads)]


def _an_answer(port: int) -> bytes:
    from benchmarks.http_client import answer_to

    person = people(1)[0]
    person.hear(answer_to(port, PATH, person.body()))
    return answer_to(port, PATH, person.body())


def _loads(ports: dict[str, int], connections: int, rounds: int, seconds: float) -> Loads:
    for port in ports.values():
        drive_askers(port, PATH, people(min(connections, 64)), seconds / 2)
    loads: Loads = {name: [] for name in ports}
    for turn in range(rounds):
        for name in sorted(ports, reverse=turn % 2 == 1):
            loads[name].append(drive_askers(ports[name], PATH, people(connections), seconds))
    return loads


def _rows(connections: int, loads: Loads) -> list[Row]:
    question = f"a turn kept on disk, {connections:,} connection{'s' if connections > 1 else ''}"
    return [row for other, words in _OTHERS.items() for row in _against(question, connections, loads, other, words)]


_OTHERS = {"unsaved": "the same with nothing saved", "bare": "a bare aiohttp handler with the same answer ready"}


def _against(question: str, connections: int, loads: Loads, other: str, words: str) -> list[Row]:
    judged = connections == GOAL_AT and other == "unsaved"
    a_second = {name: [load.a_second for load in taken] for name, taken in loads.items()}
    speed = ratio(a_second["durable"], a_second[other])
    goal, met = (f"≥ {LEAST_SPEED:g} ×", speed.median >= LEAST_SPEED) if judged else ("", None)
    what = f"turns a second, against {words}"
    rows = [Row(question, what, rate(a_second["durable"]), rate(a_second[other]), speed.median, (speed.low, speed.high), goal, met)]
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        waits = {side: [load.percentile(share) for load in taken] for side, taken in loads.items()}
        measured = (told(waits["durable"]), told(waits[other]), ratio(waits["durable"], waits[other]))
        most = MOST_P99 if judged and name == "p99" else None
        rows.append(Row.at_most(question, f"{name} of a turn, against {words}", measured, most))
    return rows


if __name__ == "__main__":
    show(run(quick=False))
