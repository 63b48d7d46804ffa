"""An estimate over HTTP: the real `nengbao serve` against a bare aiohttp handler with the same answer ready.

Both are processes of their own on uvloop without an access log, asked in turn by the same client over keep-alive connections. The bare one
parses the request's JSON and sends constant bytes, exactly as many as ours answers with; the difference is routing, limits, checking the
case, the estimate with every word of its answer, and writing the JSON. On two cores the client takes one and slows neither side alone.
"""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.http_client import Load, answer_to, drive
from benchmarks.rows import NotRun, Row, show
from benchmarks.servers import bare, nengbao
from benchmarks.timing import rate, ratio, told

PATH = "/api/v1/estimate"
CASE = {
    "place": "anhui-bozhou",
    "category": "subsistence_allowance",
    "facility": "county",
    "total": "32000",
    "self_funded": "3000",
}
CONNECTIONS = (1, 32)

Loads = dict[str, list[Load]]


def run(quick: bool) -> list[Row]:
    """Start both servers and let them take turns."""
    body, rounds, seconds = json.dumps(CASE).encode(), 3 if quick else 9, 0.4 if quick else 1.0
    with TemporaryDirectory(prefix="nengbao-bench-") as folder:
        answer = Path(folder, "answer.json")
        with nengbao(Path(folder)) as ours:
            answer.write_bytes(answer_to(ours.port, PATH, body))
            if b'"layers"' not in answer.read_bytes():
                raise NotRun(f"no estimate came back: {answer.read_text()[:200]}")
            with bare(Path(folder), answer) as theirs:
                ports = {"ours": ours.port, "theirs": theirs.port}
                found = {lines: _loads(ports, body, lines, rounds, seconds) for lines in CONNECTIONS}
        size = answer.stat().st_size
    return [row for lines, loads in found.items() for row in _rows(lines, loads, size)]


def _loads(ports: dict[str, int], body: bytes, connections: int, rounds: int, seconds: float) -> Loads:
    for port in ports.values():
        drive(port, PATH, body, connections, seconds / 2)
    loads: Loads = {name: [] for name in ports}
    for turn in range(rounds):
        for name in sorted(ports, reverse=turn % 2 == 1):
            loads[name].append(drive(ports[name], PATH, body, connections, seconds))
    return loads


def _rows(connections: int, loads: Loads, size: int) -> list[Row]:
    question = f"HTTP estimate, {connections} connection{'s' if connections > 1 else ''}"
    a_second = {name: [load.a_second for load in taken] for name, taken in loads.items()}
    speed = ratio(a_second["ours"], a_second["theirs"])
    what = f"answers a second, against a bare aiohttp handler with the same {size:,} bytes"
    rows = [Row(question, what, rate(a_second["ours"]), rate(a_second["theirs"]), speed.median, (speed.low, speed.high))]
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        waits = {side: [load.percentile(share) for load in taken] for side, taken in loads.items()}
        measured = (told(waits["ours"]), told(waits["theirs"]), ratio(waits["ours"], waits["theirs"]))
        rows.append(Row.at_most(question, f"{name} of the answer's time, against the same", measured))
    return rows


if __name__ == "__main__":
    show(run(quick=False))
