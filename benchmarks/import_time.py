"""Starting up: from a fresh interpreter to the first answer, and the memory of a command and of a running server.

Times are of whole processes from the outside, bytecode already written, the contenders in turn. Peak memory is what a process says of
itself at its end (VmHWM: what the kernel tells the parent would include the parent's own size before exec). `pydantic` is imported with
its `BaseModel`, since the bare import loads little. The server's memory is its VmRSS with the web door and the Telegram door open, the
latter against a port where nobody answers: after the start, and after estimates and turns.
"""

import json
import re
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.http_client import answer_to
from benchmarks.processes import MB, megabytes, python
from benchmarks.rows import Row, Spread
from benchmarks.rows import show as show_rows
from benchmarks.servers import free_port, nengbao
from benchmarks.timing import interleaved, ratio, told

GOAL_SECONDS, GOAL_MB = 0.6, 100

CASE = {"place": "anhui-bozhou", "category": "subsistence_allowance", "facility": "county", "total": "32000", "self_funded": "3000"}
SENTENCE = "俺妈低保，在亳州参保，在县医院住院花了三万二，自费药三千，能报多少"
FIRST_ANSWER = f"""
from datetime import date
from pathlib import Path
from engine import estimate, read_case, read_shelf
answer = estimate(read_case({CASE!r}), read_shelf([Path("data/policies")]), date(2026, 1, 1))
assert answer.paid == 2748250
"""
ARGUMENTS = ["estimate", *(word for name, value in CASE.items() for word in (f"--{name.replace('_', '-')}", value))]
PEAK = "import re; print(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1])"

NOTHING, PYDANTIC, ENGINE, ANSWER, COMMAND = "nothing", "pydantic", "engine", "first answer", "command"
COMMANDS = {
    NOTHING: ["-c", "pass"],
    PYDANTIC: ["-c", "from pydantic import BaseModel"],
    ENGINE: ["-c", "import engine"],
    ANSWER: ["-c", FIRST_ANSWER],
    COMMAND: ["-m", "bot.cli", *ARGUMENTS],
}
ROWS = {
    ENGINE: "`import engine`",
    ANSWER: "import to first answer: all packs read and proved, one estimate",
    COMMAND: "`nengbao estimate …` whole",
}
#: The command, ended with its own peak.
PEAK_OF_COMMAND = f"import sys\nfrom bot.cli import main\ntry:\n    main({ARGUMENTS!r})\nexcept SystemExit:\n    pass\n{PEAK}"


def run(quick: bool) -> list[Row]:
    """Times first, then memory."""
    for command in COMMANDS.values():
        python(command)
    times = interleaved({name: partial(python, command) for name, command in COMMANDS.items()}, 3 if quick else 11, warm=False)
    return [*_time_rows(times), *_peaks(), *_server()]


def _time_rows(times: dict[str, list[float]]) -> list[Row]:
    rows = []
    for name, compared in ROWS.items():
        met = None if name == ENGINE else Spread.of(times[name]).median / 1e9 < GOAL_SECONDS
        for other, told_other in ((NOTHING, "`python -c pass`"), (PYDANTIC, "importing pydantic")):
            found = ratio(times[name], times[other])
            goal = "" if met is None or other == PYDANTIC else f"< {GOAL_SECONDS:g} s"
            amounts = (told(times[name]), told(times[other]), found.median, (found.low, found.high))
            rows.append(Row("starting up", f"{compared}, against {told_other}", *amounts, goal, met if goal else None))
    return rows


def _peaks() -> list[Row]:
    """Peak memory of whole processes."""
    peaks = {name: _peak(code) for name, code in ((NOTHING, PEAK), (ANSWER, FIRST_ANSWER + PEAK), (COMMAND, PEAK_OF_COMMAND))}
    return [
        Row(
            "peak memory",
            f"{ROWS[name]}, against `python -c pass`",
            megabytes(peaks[name]),
            megabytes(peaks[NOTHING]),
            peaks[name] / peaks[NOTHING],
        )
        for name in (ANSWER, COMMAND)
    ]


def _server() -> list[Row]:
    """Resident memory of a server with both doors."""
    nobody = f"http://127.0.0.1:{free_port()}"
    settings = {"NENGBAO_TELEGRAM_TOKEN": "1:bench", "NENGBAO_TELEGRAM_API": nobody}
    with TemporaryDirectory(prefix="nengbao-bench-") as folder, nengbao(Path(folder), **settings) as server:
        started = _resident(server.pid)
        _use(server.port)
        used = _resident(server.pid)
    return [_resident_row("just started", started), _resident_row("after 200 estimates and 20 conversations", used)]


def _use(port: int) -> None:
    for number in range(200):
        answer_to(port, "/api/v1/estimate", json.dumps(CASE | {"total": str(20_000 + number)}).encode())
    for number in range(20):
        answer_to(port, "/api/v1/turn", json.dumps({"message_id": f"bench-{number}", "text": SENTENCE}).encode())


def _resident_row(when: str, size: int) -> Row:
    goal = f"< {GOAL_MB} MB"
    return Row("resident memory", f"a server with the web and Telegram doors, {when}", megabytes(size), goal=goal, ok=size < GOAL_MB * MB)


def _resident(pid: int) -> int:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) * 1024 if found else 0


def _peak(code: str) -> int:
    return int(python(["-c", code]).splitlines()[-1]) * 1024


if __name__ == "__main__":
    show_rows(run(quick=False))
