"""A server that dies by kill -9 under open chats: started again, it gets all of them back, with greetings and what they had last said.

Every chat has been answered once and has said a second thing when the server is killed, so that some of the answers are out and some are
not. Then each comes back, greets, and sends its second message again until it is answered. They come back all at once, which is worse than
what happens, and in another round as the widget does, after growing pauses with chance in them. Times are from the new server's first
readiness on, and hold the work of the client, which is one process with as many sockets. Somebody else asks over HTTP meanwhile.

Lost is a message without an answer, or an answer given before the kill that is not the same after it; doubled is a message that counted as
two turns.
"""

import asyncio
import json
import random
import re
import resource
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import Any

import aiohttp
import uvloop

from benchmarks.http_client import answer_to
from benchmarks.rows import Row, number, show
from benchmarks.servers import UNLIMITED
from tests.server import Server

WIDGETS, QUICK = 2_000, 200
#: Sockets that are opened side by side before the storm.
_SIDE_BY_SIDE = 100
#: How long a message may take before it counts as lost, in seconds.
_LOST_AFTER = 120
_GONE = (aiohttp.ClientError, ConnectionError, TypeError, TimeoutError)  # TypeError: instead of a text the socket's end was received

Pause = Callable[[int], float]


def at_once(_failures: int) -> float:
    """Try again as soon as may be."""
    return 0.02


def as_the_widget(failures: int) -> float:
    """`pause` of widget.js, in seconds."""
    return min(30, 0.7 * 2.0 ** min(failures - 1, 6)) * random.uniform(0.5, 1)  # noqa: S311 - no secret


@dataclass(slots=True)
class Storm:
    """What one came to: seconds until all had their answers, messages lost and doubled, the server's memory at most in bytes, and how long
    somebody else waited for each answer.
    """

    widgets: int
    seconds: float = 0.0
    lost: int = 0
    doubled: int = 0
    memory: int = 0
    waits: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Widget:
    """A chat as widget.js leads it: one message at a time, the same id until it is answered."""

    name: str
    conversation: str | None = None
    after: int = 0
    socket: "aiohttp.ClientWebSocketResponse | None" = None

    async def greet(self, session: aiohttp.ClientSession, address: str) -> None:
        """Connect and say hello."""
        self.socket = await session.ws_connect(f"{address}/ws", compress=0)
        await self.socket.send_json({"type": "hello", "conversation": self.conversation, "after": self.after, "lang": "zh_CN"})
        await self.socket.receive_json()

    async def say(self, what: str, text: str) -> dict[str, Any]:
        """Send a message and hear its answer; `what` makes its id."""
        if self.socket is None:
            raise ConnectionError
        about = {"message_id": f"{self.name}-{what}", "conversation": self.conversation, "place": "anhui-bozhou"}
        await self.socket.send_json({"type": "turn", "text": text} | {name: value for name, value in about.items() if value})
        answer: dict[str, Any] = await self.socket.receive_json()
        self.conversation, self.after = answer["conversation"], answer["turn"]
        return answer

    async def come_back(self, session: aiohttp.ClientSession, address: str, pause: Pause) -> dict[str, Any]:
        """Connect until it works, and send the second message again; its answer."""
        failures = 0
        while True:
            try:
                await self.greet(session, address)
                return await self.say("2", "县医院，两万")
            except _GONE:
                failures += 1
                await asyncio.sleep(pause(failures))


def storm(server: Server, widgets: int, pause: Pause = at_once) -> Storm:
    """Let so many chats open on a running server, kill it, start it again, and see that everybody is served."""
    return uvloop.run(_storm(server, widgets, pause))


async def _storm(server: Server, widgets: int, pause: Pause) -> Storm:
    found = Storm(widgets)
    chats = [Widget(f"w{number_of_chat}-{random.getrandbits(64):x}") for number_of_chat in range(widgets)]
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        for begun in range(0, widgets, _SIDE_BY_SIDE):
            await asyncio.gather(*(_open(chat, session, server.address) for chat in chats[begun : begun + _SIDE_BY_SIDE]))
        before = await _killed(server, chats)
        back = asyncio.Event()
        coming = [asyncio.create_task(_back(chat, session, server.address, pause, back)) for chat in chats]
        if pause is not at_once:
            back.set()
        await asyncio.to_thread(server.start)
        begun_at = time.perf_counter()
        back.set()
        over = Event()
        asking = asyncio.create_task(asyncio.to_thread(_ask, server.port, found.waits, over))
        answers = await asyncio.gather(*coming)
        found.seconds = time.perf_counter() - begun_at
        over.set()
        await asking
        found.memory = _peak(server.pid)
        await _judge(found, chats, before, answers)
        await asyncio.gather(*(chat.socket.close() for chat in chats if chat.socket is not None))
    return found


async def _open(chat: Widget, session: aiohttp.ClientSession, address: str) -> None:
    await chat.greet(session, address)
    await chat.say("1", "低保")


async def _killed(server: Server, chats: list[Widget]) -> dict[str, dict[str, Any]]:
    """Let all say their second message and kill the server when a tenth of them is answered; the answers that were out, by chat."""
    answered: dict[str, dict[str, Any]] = {}
    enough = asyncio.Event()

    async def say(chat: Widget) -> None:
        with suppress(*_GONE):
            answered[chat.name] = await chat.say("2", "县医院，两万")
            if len(answered) * 10 >= len(chats):
                enough.set()

    saying = asyncio.gather(*(say(chat) for chat in chats))
    await enough.wait()
    await asyncio.to_thread(server.kill)
    await saying
    return answered


async def _back(chat: Widget, session: aiohttp.ClientSession, address: str, pause: Pause, back: asyncio.Event) -> dict[str, Any] | None:
    """The answer that a chat has in the end; None for none."""
    await back.wait()
    with suppress(TimeoutError):
        async with asyncio.timeout(_LOST_AFTER):
            return await chat.come_back(session, address, pause)
    return None


def _ask(port: int, waits: list[float], over: Event) -> None:
    """Somebody else's turns, one after the other, each of a new talk; in a thread, for the client's loop has its hands full."""
    while not over.is_set():
        message = {"message_id": f"{random.getrandbits(64):x}", "place": "anhui-bozhou", "text": "低保"}
        begun = time.perf_counter()
        answer_to(port, "/api/v1/turn", json.dumps(message).encode())
        waits.append(time.perf_counter() - begun)
        over.wait(0.01)


async def _judge(found: Storm, chats: list[Widget], before: dict[str, dict[str, Any]], after: list[dict[str, Any] | None]) -> None:
    """Count what was lost; a third message tells by its number whether the second one was counted twice."""
    for chat, answer in zip(chats, after, strict=True):
        known = before.get(chat.name)
        same = known is None or answer is None or answer["replies"] == known["replies"]
        found.lost += answer is None or answer["message_id"] != f"{chat.name}-2" or not same
    thirds = await asyncio.gather(*(chat.say("3", "没有自费") for chat in chats))
    found.doubled = sum(third["turn"] != 3 for third in thirds)  # noqa: PLR2004 - its third message


def _peak(pid: int) -> int:
    found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) * 1024 if found else 0


def run(quick: bool) -> list[Row]:
    """Both ways of coming back."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    widgets = min(QUICK if quick else WIDGETS, most - 200)
    return [row for pause, how in ((at_once, "all at once"), (as_the_widget, "as the widget waits")) for row in _rows(widgets, pause, how)]


def _rows(widgets: int, pause: Pause, how: str) -> list[Row]:
    with TemporaryDirectory(prefix="nengbao-bench-") as folder:
        server = Server(Path(folder), **UNLIMITED)
        server.start()
        try:
            found = storm(server, widgets, pause)
        finally:
            server.stop()
    question, waits = f"a reconnect storm, {how}", sorted(found.waits)
    return [
        Row(
            question,
            f"{widgets:,} chats after kill -9: from the new server's readiness until all have their answers",
            f"{number(found.seconds)} s",
        ),
        Row(question, "messages lost", f"{found.lost}", goal="0", ok=found.lost == 0),
        Row(question, "messages counted twice", f"{found.doubled}", goal="0", ok=found.doubled == 0),
        Row(question, "memory of the server at most", f"{found.memory / 2**20:.0f} MiB"),
        Row(
            question,
            f"p99 of somebody else's turn meanwhile, of {len(waits):,}",
            f"{number(waits[round((len(waits) - 1) * 0.99)] * 1000)} ms",
        ),
    ]


if __name__ == "__main__":
    show(run(quick=False))
