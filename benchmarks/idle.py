"""Open chats that say nothing, and lines that never finish a request: what each costs in memory, and that others are still answered.

The client is a process of its own and holds as many lines as the system lets it. Memory is the growth of the server's resident set by the
number of lines. Beside it stands a bare aiohttp WebSocket that echoes.
"""

import asyncio
import contextlib
import re
import resource
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp
import uvloop

from benchmarks.http_client import answer_to
from benchmarks.rows import Row, number, show
from benchmarks.servers import Running, bare, nengbao

LINES, QUICK = 10_000, 500
GOAL = 1.2
#: Of a line that is sent byte by byte, the beginning.
_UNFINISHED = b"POST /api/v1/turn HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
_TURN = b'{"message_id": "idle-%d", "place": "anhui-bozhou", "text": "\xe4\xbd\x8e\xe4\xbf\x9d"}'

Open = Callable[[int, int], Awaitable[contextlib.AsyncExitStack]]


def run(quick: bool) -> list[Row]:
    """Chats first, then lines that drip."""
    lines = min(QUICK if quick else LINES, _limit() - 200)
    with TemporaryDirectory(prefix="nengbao-bench-") as folder, nengbao(Path(folder)) as ours:
        answer = Path(folder, "answer.json")
        answer.write_bytes(answer_to(ours.port, "/api/v1/turn", _TURN % 0))
        with bare(Path(folder), answer) as theirs:
            mine, other = _cost(ours, lines, _chats), _cost(theirs, lines, _chats)
        dripping = _cost(ours, min(lines, 2_000), _drips)
    kib = mine[0] / other[0]
    memory = f"memory of each of {lines:,} open chats that say nothing, against a bare aiohttp WebSocket"
    held = f"memory of each of {min(lines, 2_000):,} requests that never end"
    return [
        Row("an idle widget", memory, _kib(mine[0]), _kib(other[0]), kib, None, f"≤ {GOAL:g} ×", kib <= GOAL),
        Row("an idle widget", "a turn of somebody else meanwhile, the slowest of 20", _ms(mine[1])),
        Row("a slow line", held, _kib(dripping[0])),
        Row("a slow line", "a turn of somebody else meanwhile, the slowest of 20", _ms(dripping[1])),
    ]


def _limit() -> int:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


def _cost(server: Running, lines: int, opened: Open) -> tuple[float, float]:
    """Bytes a line, and the slowest of some turns in seconds, while so many lines are open."""
    before = _resident(server.pid)
    return uvloop.run(_measured(server, lines, opened, before))


async def _measured(server: Running, lines: int, opened: Open, before: int) -> tuple[float, float]:
    async with await opened(server.port, lines):
        await asyncio.sleep(1)
        waits = []
        for number_of_turn in range(20):
            begun = time.perf_counter()
            await asyncio.to_thread(answer_to, server.port, "/api/v1/turn", _TURN % time.time_ns())
            waits.append(time.perf_counter() - begun)
            await asyncio.sleep(0.01 * (number_of_turn % 2))
        return (_resident(server.pid) - before) / lines, max(waits)


async def _chats(port: int, lines: int) -> contextlib.AsyncExitStack:
    """Widgets that have greeted."""
    stack = contextlib.AsyncExitStack()
    session = await stack.enter_async_context(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))

    async def chat() -> None:
        socket = await stack.enter_async_context(session.ws_connect(f"http://127.0.0.1:{port}/ws", autoping=False, compress=0))
        await socket.send_json({"type": "hello", "conversation": None, "after": 0, "place": None, "lang": "zh_CN"})
        await socket.receive()

    for begun in range(0, lines, 100):
        await asyncio.gather(*(chat() for _ in range(min(100, lines - begun))))
    return stack


async def _drips(port: int, lines: int) -> contextlib.AsyncExitStack:
    """Requests whose end never comes."""
    stack = contextlib.AsyncExitStack()
    for _ in range(lines):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(_UNFINISHED)
        stack.callback(writer.close)
    return stack


def _resident(pid: int) -> int:
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) * 1024 if found else 0


def _kib(size: float) -> str:
    return f"{number(size / 1024)} KiB"


def _ms(seconds: float) -> str:
    return f"{number(seconds * 1000)} ms"


if __name__ == "__main__":
    show(run(quick=False))
