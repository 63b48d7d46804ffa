"""A client that costs little itself: raw keep-alive connections on uvloop, each sending its next request when the answer is whole.

It takes one core while the server under test takes the other, and is the same for both sides.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import uvloop


@dataclass(slots=True)
class Load:
    """What one run of a client came to. Latencies in nanoseconds."""

    latencies: list[int] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def a_second(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """The latency below which such a share of the answers lies."""
        return float(sorted(self.latencies)[round((len(self.latencies) - 1) * share)])


class Asker(Protocol):
    """What one connection asks, over and over."""

    def body(self) -> bytes:
        """The next request's JSON."""

    def hear(self, answer: bytes) -> None:
        """The body of the first answer."""


@dataclass(slots=True)
class Same:
    """Asks the same every time."""

    asked: bytes

    def body(self) -> bytes:
        """It."""
        return self.asked

    def hear(self, answer: bytes) -> None:
        """Nothing follows from it."""


def drive(port: int, path: str, body: bytes, connections: int, seconds: float) -> Load:
    """Ask the same for so long over so many connections. Raises RuntimeError for an answer that is not 200."""
    return drive_askers(port, path, [Same(body) for _ in range(connections)], seconds)


def drive_askers(port: int, path: str, askers: Sequence[Asker], seconds: float) -> Load:
    """Ask for so long over a connection for each asker. Raises RuntimeError for an answer that is not 200."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\nContent-Length: "
    return uvloop.run(_drive(port, head.encode(), askers, seconds))


def answer_to(port: int, path: str, body: bytes) -> bytes:
    """The body of one answer."""
    import http.client

    line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    line.request("POST", path, body, {"Content-Type": "application/json"})
    answer = line.getresponse().read()
    line.close()
    return answer


async def _drive(port: int, head: bytes, askers: Sequence[Asker], seconds: float) -> Load:
    """Every connection has had one answer, which is not counted, before the clock runs: a busy server is slow to accept."""
    loop, load = asyncio.get_running_loop(), Load()
    lines = [_Line(head, asker, load, loop.create_future()) for asker in askers]
    for line in lines:
        await loop.create_connection(lambda line=line: line, "127.0.0.1", port)  # type: ignore[misc]
        await line.answered
    begun = time.perf_counter()
    for line in lines:
        line.answered = loop.create_future()
        line.begin(begun + seconds)
    await asyncio.gather(*(line.answered for line in lines))
    load.seconds = time.perf_counter() - begun
    for line in lines:
        line.transport.close()
    return load


class _Line(asyncio.Protocol):
    """One connection. `answered` is done after the first answer, then after the last one."""

    def __init__(self, head: bytes, asker: Asker, load: Load, answered: "asyncio.Future[None]") -> None:
        self.head, self.asker, self.load, self.answered = head, asker, load, answered
        self.received = bytearray()
        self.sent, self.until = 0, 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._send()

    def begin(self, until: float) -> None:
        """Ask again and again until then."""
        self.until = until
        self._send()

    def data_received(self, data: bytes) -> None:
        self.received += data
        end = self.received.find(b"\r\n\r\n")
        if end < 0 or len(self.received) < end + 4 + _length(self.received[:end]):
            return
        if self.until:
            self.load.latencies.append(time.perf_counter_ns() - self.sent)
        else:
            self.asker.hear(bytes(self.received[end + 4 :]))
        if not self.received.startswith(b"HTTP/1.1 200"):
            self._end(RuntimeError(f"answered {bytes(self.received[:200])!r}"))
        elif time.perf_counter() < self.until:
            self._send()
        else:
            self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(RuntimeError(f"the connection was lost: {exc}"))

    def _send(self) -> None:
        self.received.clear()
        body = self.asker.body()
        self.sent = time.perf_counter_ns()
        self.transport.write(b"%s%d\r\n\r\n%s" % (self.head, len(body), body))

    def _end(self, error: Exception | None = None) -> None:
        if not self.answered.done():
            self.answered.set_exception(error) if error else self.answered.set_result(None)


def _length(head: bytearray) -> int:
    """The Content-Length of an answer."""
    lower = bytes(head).lower()
    start = lower.index(b"content-length:") + len(b"content-length:")
    return int(lower[start:].split(b"\r\n", 1)[0])
