"""A city's register of 380,000 people comes to a desk while people talk: how long until its list stands there, and who waits for it.

The list is sent to the server's page as a browser sends it, and is worked on in a process of its own; sixteen talks go on meanwhile, each
of which says something four times a second. The same talks without a list are the measure. A quarter of the list tells whether memory
grows with it.
"""

import http.client
import json
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.processes import megabytes
from benchmarks.rows import NotRun, Row, Spread, show
from benchmarks.servers import nengbao
from bot.desk import Keys, Room, plain

PEOPLE, QUICK = 380_000, 20_000
#: So many seconds for the whole, as the issue of the desk has it, and milliseconds for a turn meanwhile.
MOST_SECONDS, MOST_MS, MOST_GROWTH = 120, 200, 1.25
_TALKS, _PAUSE, _ALONE_SECONDS = 16, 0.25, 15
#: How many bills are of people who had one before.
_AGAIN = 0.1
_SAID = ("亳州低保，在县医院花了两万", "自费三千", "是普通居民", "为什么", "上一步")
_EDGE = "nengbao-edge"


@dataclass(slots=True)
class Talks:
    """What talks came to: the seconds that each answer took."""

    seconds: list[float] = field(default_factory=list)

    def ms(self, share: float) -> float:
        """The milliseconds within which such a share of the answers came."""
        return sorted(self.seconds)[round((len(self.seconds) - 1) * share)] * 1000


@dataclass(frozen=True, slots=True)
class Brought:
    """What a list came to: seconds until it stood at the desk, and until its page was shown; the most memory of the work, in bytes."""

    seconds: float
    page_seconds: float
    memory: int
    talks: Talks


def run(quick: bool = False) -> list[Row]:
    """The rows of this benchmark."""
    people = QUICK if quick else PEOPLE
    with TemporaryDirectory() as folder, nengbao(Path(folder)) as running:
        key = Keys(Room(Path(folder))).add("全市", "张三")
        with _talking(running.port):
            time.sleep(_ALONE_SECONDS / 5)  # what is loaded with the first turns is nobody's wait
        with _talking(running.port) as alone:
            time.sleep(_ALONE_SECONDS / 5 if quick else _ALONE_SECONDS)
        part = _bring(running.port, running.pid, key, people // 4)
        whole = _bring(running.port, running.pid, key, people)
    alone_p99, p99 = alone.ms(0.99), whole.talks.ms(0.99)
    growth = whole.memory / part.memory
    return [
        Row(
            f"a roster of {people:,} people at a desk",
            "from its first byte until its first page is shown",
            f"{whole.seconds + whole.page_seconds:.0f} s, its page in {whole.page_seconds * 1000:.0f} ms",
            goal=f"≤ {MOST_SECONDS} s",
            ok=whole.seconds + whole.page_seconds <= MOST_SECONDS,
        ),
        Row(
            "chat turns meanwhile",
            f"{_TALKS} talks, their 99th percentile with the list and without",
            f"{p99:.0f} ms",
            f"{alone_p99:.0f} ms",
            p99 / alone_p99,
            goal=f"≤ {MOST_MS} ms",
            ok=p99 <= MOST_MS,
        ),
        Row.at_most(
            "memory of that work",
            f"with {people:,} people and with a quarter of them",
            (megabytes(whole.memory), megabytes(part.memory), Spread(growth, growth, growth)),
            MOST_GROWTH,
        ),
    ]


def _bring(port: int, server: int, key: str, people: int) -> Brought:
    """Send a list of so many people, and wait until it stands at the desk."""
    body = _form(_roster(people))
    with _talking(port) as talks, _watched(server) as memory:
        begun = time.monotonic()
        where = _ask(port, key, "POST", "/desk/roster", body)
        while where.startswith("/desk/imports/"):
            time.sleep(0.5)
            where = _ask(port, key, "GET", where) or where
        seconds = time.monotonic() - begun
        begun = time.monotonic()
        _ask(port, key, "GET", where)
        page = time.monotonic() - begun
    if not memory:
        raise NotRun("the work was not seen: is there no /proc?")
    return Brought(seconds, page, max(memory), talks)


def _roster(people: int) -> str:
    """Bills as a city's office has them, one person in ten with more than one."""
    drawn = random.Random(1)  # noqa: S311 - no secret
    categories = ["普通居民"] * 60 + ["低保"] * 15 + ["特困"] * 5 + ["监测户"] * 10 + ["返贫致贫"] * 10
    levels = ["乡镇卫生院", "县医院", "市级医院", "省级医院"]
    lines = ["序号,姓名,身份证号,乡镇,人员类别,医院级别,出院日期,总费用,自费金额"]
    for number in range(people):
        who = number if number == 0 or drawn.random() > _AGAIN else drawn.randrange(number)
        total = drawn.choice([800, 3_000, 12_000, 30_000, 90_000, 200_000]) * drawn.random() + 100
        day = f"2025-{drawn.randrange(1, 13):02}-{drawn.randrange(1, 29):02}"
        facts = (drawn.choice(categories), drawn.choice(levels), day, f"{total:.2f}", f"{total / 10:.2f}")
        lines.append(f"{number + 1},某{who % 1000},3416001965{who:07}X,城关镇,{','.join(facts)}")
    return "\n".join(lines) + "\n"


def _form(text: str) -> bytes:
    fields = {"name": "全市", "place": "anhui-bozhou", "pasted": ""}
    parts = [f'--{_EDGE}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()]
    parts.append(f'--{_EDGE}\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n{text}\r\n--{_EDGE}--\r\n')
    return "".join(parts).encode("gb18030")


def _ask(port: int, key: str, method: str, path: str, body: bytes = b"") -> str:
    """Ask as an open desk; where it leads. Raises NotRun when it fails."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    headers = {"Cookie": f"nengbao_desk={plain(key)}", "Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
    line.request(method, path, body, headers | {"Content-Type": f"multipart/form-data; boundary={_EDGE}"})
    answer = line.getresponse()
    answer.read()
    line.close()
    if answer.status not in (200, 303):
        raise NotRun(f"{method} {path} was answered with {answer.status}")
    return answer.getheader("Location", "")


@contextmanager
def _talking(port: int) -> Iterator[Talks]:
    """Talks that go on for as long as a block takes."""
    talks, over = Talks(), threading.Event()
    threads = [threading.Thread(target=_talk, args=(port, number, talks, over)) for number in range(_TALKS)]
    for thread in threads:
        thread.start()
    try:
        yield talks
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _talk(port: int, number: int, talks: Talks, over: threading.Event) -> None:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    named = {"message_id": f"{time.monotonic_ns()}-{number}", "text": _SAID[0]}
    conversation, turn = None, 0
    time.sleep(_PAUSE * number / _TALKS)
    while not over.is_set():
        turn += 1
        said = named if conversation is None else {"message_id": f"{number}-{turn}", "conversation": conversation, "text": _SAID[turn % 5]}
        begun = time.monotonic()
        line.request("POST", "/api/v1/turn", json.dumps(said), {"Content-Type": "application/json"})
        answer = json.loads(line.getresponse().read())
        talks.seconds.append(time.monotonic() - begun)
        conversation = answer["conversation"]
        over.wait(_PAUSE)
    line.close()


@contextmanager
def _watched(server: int) -> Iterator[list[int]]:
    """The most memory that processes begun by the server have had, looked at while a block runs, in bytes."""
    found: list[int] = []
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.2):
            for process in Path("/proc").glob("[0-9]*"):
                with suppress(OSError, ValueError, KeyError):  # a process that has just ended
                    status = (process / "status").read_text()
                    facts = dict(line.split(":", 1) for line in status.splitlines())
                    if int(facts["PPid"]) == server:
                        found.append(int(facts["VmHWM"].split()[0]) * 1024)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield found
    finally:
        over.set()
        watcher.join()


if __name__ == "__main__":
    show(run())
