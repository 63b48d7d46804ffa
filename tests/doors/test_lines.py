"""Lines that mean no good: slow ones, silent ones, floods and bombs. A server lets go of them in time and goes on answering everybody else.

The server has two seconds of patience instead of thirty. What is waited for is always that something happens, never how long it takes.
"""

import asyncio
import contextlib
import json
import os
import resource
import socket
import struct
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.server import UNLIMITED, Server

MANY = 200
MIB = 1 << 20
UPGRADE = (
    b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
PACKED = UPGRADE.removesuffix(b"\r\n") + b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
HEAD = b"POST /api/v1/turn HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"
BOMB = zlib.compress(bytes(32 * MIB), 9)
TEXT, CONTINUED, PING, CLOSE = 1, 0, 9, 8
COMPRESSED = 0x40


@pytest.fixture(scope="module")
def hurried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that waits two seconds for a request to come whole."""
    server = Server(tmp_path_factory.mktemp("hurried"), NENGBAO_LINE_SECONDS="2", **UNLIMITED)
    server.start()
    yield server
    assert server.stop() == 0


class Line:
    """One connection on which bytes are sent as they are."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def frame(self, kind: int, body: bytes, *, whole: bool = True, flags: int = 0) -> None:
        """Send a frame, masked by nought; `flags` are its reserved bits."""
        size = struct.pack("!B", 0x80 | len(body)) if len(body) < 126 else struct.pack("!BQ", 0xFF, len(body))
        self.writer.write(bytes([0x80 * whole | flags | kind]) + size + bytes(4) + body)

    async def heard(self) -> tuple[int, bytes]:
        """The next frame: its kind and what it says."""
        kind, size = await self.reader.readexactly(2)
        if size == 126:
            (size,) = struct.unpack("!H", await self.reader.readexactly(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", await self.reader.readexactly(8))
        return kind & 15, await self.reader.readexactly(size)

    async def closed(self) -> int:
        """The code with which the server closes the socket."""
        while True:
            kind, body = await self.heard()
            if kind == CLOSE:
                return int.from_bytes(body[:2], "big")

    async def rest(self) -> bytes:
        """What comes until the server ends the line."""
        with contextlib.suppress(ConnectionError):
            return await self.reader.read(-1)
        return b""

    async def status(self) -> int:
        """The status of the answer."""
        return int((await self.reader.readuntil(b"\r\n")).split()[1])


class Lines:
    """Opens lines to a server."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.opened: list[Line] = []

    async def open(self, said: bytes = b"") -> Line:
        """Connect and say the first bytes."""
        line = Line(*await asyncio.open_connection("127.0.0.1", self.server.port))
        self.opened.append(line)
        line.writer.write(said)
        return line

    async def chat(self, said: bytes = UPGRADE) -> Line:
        """A WebSocket on which every frame is made by hand."""
        line = await self.open(said)
        assert b" 101 " in await line.reader.readuntil(b"\r\n\r\n")
        return line


@pytest.fixture
async def lines(hurried: Server) -> AsyncIterator[Lines]:
    """Lines to the server, which are closed in the end."""
    opened = Lines(hurried)
    yield opened
    for line in opened.opened:
        line.writer.close()
        with contextlib.suppress(ConnectionError):
            await line.writer.wait_closed()


async def until(true: Callable[[], bool]) -> None:
    """Wait for something that comes."""
    while True:
        if await asyncio.to_thread(true):
            return
        await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def others(server: Server) -> AsyncIterator[Callable[[], int]]:
    """Somebody talks all the while; how many answers they have had by now. None of their turns may fail."""
    answered = 0

    async def talk() -> None:
        nonlocal answered
        async with aiohttp.ClientSession() as session:
            while True:
                message = {"message_id": os.urandom(8).hex(), "text": "低保，县医院，两万", "place": "anhui-bozhou"}
                async with session.post(f"{server.address}/api/v1/turn", json=message) as answer:
                    assert answer.status == 200
                answered += 1
                await asyncio.sleep(0.05)

    talking = asyncio.create_task(talk())
    yield lambda: answered
    before = answered
    await until(lambda: answered > before or talking.done())
    talking.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await talking


async def dripped(line: Line, rest: bytes) -> bytes:
    """Send byte by byte until the server ends the line; what it said."""

    async def drip() -> None:
        with contextlib.suppress(ConnectionError):
            for byte in rest:
                line.writer.write(bytes([byte]))
                await line.writer.drain()
                await asyncio.sleep(0.4)

    dripping = asyncio.create_task(drip())
    said = await line.rest()
    assert not dripping.done(), "the server waited for the whole request"
    dripping.cancel()
    return said


SLOW = {
    "nothing at all": (b"", b""),
    "an upgrade to nothing, then nothing": (b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\n\r\n", b""),
    "a head byte by byte": (b"GET / HTTP/1.1\r\n", b"X-Slow: " + b"a" * 10_000),
    "a body byte by byte": (HEAD, b" " * 10_000),
    "a body in chunks byte by byte": (HEAD.replace(b"Content-Length: 100", b"Transfer-Encoding: chunked"), b"1\r\na\r\n" * 10_000),
}


@pytest.mark.parametrize("kind", SLOW)
async def test_slow_lines_are_let_go_while_others_are_answered(hurried: Server, lines: Lines, kind: str) -> None:
    """Two hundred lines on which nothing whole ever comes are ended by the server; who talks meanwhile is answered throughout."""
    begun, rest = SLOW[kind]
    async with others(hurried) as answered:
        slow = [await lines.open(begun) for _ in range(MANY)]
        said = await asyncio.gather(*(dripped(line, rest) if rest else line.rest() for line in slow))
        assert answered() > 0
    assert [each for each in said if each and not each.startswith(b"HTTP/1.1 400")] == []


async def test_a_line_is_kept_between_two_requests(lines: Lines) -> None:
    """Who has been answered may rest for longer than a request may take: browsers and proxies keep lines for the next one."""
    ask = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    line = await lines.open(ask)
    assert await line.status() == 200
    await asyncio.sleep(3)
    line.writer.write(ask)
    await line.reader.readuntil(b"\r\n\r\n")
    assert b" 200 " in await line.reader.readuntil(b"\r\n")


LARGE = {
    "a long address": (b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "a long header": (b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 9_000 + b"\r\n\r\n", 400),
    "headers without end": (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-Long: a\r\n" * 5_000 + b"\r\n", 400),
    "a large body": (HEAD.replace(b"100", b"%d" % (8 * MIB)) + b" " * 8 * MIB, 413),
    "a large body in chunks": (
        HEAD.replace(b"Content-Length: 100", b"Transfer-Encoding: chunked") + (b"10000\r\n" + b" " * 65_536 + b"\r\n") * 100 + b"0\r\n\r\n",
        413,
    ),
    "a small body that unpacks to much": (
        HEAD.replace(b"Content-Length: 100", b"Content-Encoding: deflate\r\nContent-Length: %d" % len(BOMB)) + BOMB,
        413,
    ),
    "a body that does not unpack": (
        HEAD.replace(b"Content-Length: 100", b"Content-Encoding: gzip\r\nContent-Length: 9") + b"not gzip!",
        400,
    ),
    "an unknown packing": (HEAD.replace(b"Content-Length: 100", b"Content-Encoding: br\r\nContent-Length: 2") + b"{}", 400),
    "a chunk that is none": (HEAD.replace(b"Content-Length: 100", b"Transfer-Encoding: chunked") + b"zz\r\n{}\r\n0\r\n\r\n", 400),
    "a negative length": (HEAD.replace(b"100", b"-5"), 400),
    "two lengths": (HEAD.replace(b"Host: x", b"Host: x\r\nContent-Length: 5"), 400),
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
}


@pytest.mark.parametrize("kind", LARGE)
async def test_what_is_too_large_or_no_http_is_refused(hurried: Server, lines: Lines, kind: str) -> None:
    """Addresses, headers and bodies beyond their limits get 400 or 413, however they are sent, and little memory."""
    before = resident(hurried)
    said, status = LARGE[kind]
    line = await lines.open(said)
    assert await line.status() == status
    assert resident(hurried) - before < 24 * MIB
    assert hurried.get("/healthz")[0] == 200


def resident(server: Server) -> int:
    """Bytes of memory that the server holds."""
    return int(Path(f"/proc/{server.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def deflated(text: bytes) -> bytes:
    """A message as permessage-deflate sends it."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return (packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH)).removesuffix(b"\0\0\xff\xff")


def one_frame(line: Line) -> None:
    """More than a frame may hold."""
    line.frame(TEXT, b" " * 300_000)


def promised(line: Line) -> None:
    """A frame that says that a tebibyte follows."""
    line.writer.write(bytes([0x80 | TEXT]) + struct.pack("!BQ", 0xFF, 1 << 40) + bytes(4))


def in_parts(line: Line) -> None:
    """A message in many frames, each of which is small."""
    line.frame(TEXT, b" " * 60_000, whole=False)
    for _ in range(4):
        line.frame(CONTINUED, b" " * 60_000, whole=False)


def bomb(line: Line) -> None:
    """Zeros that unpack to a thousand times their size."""
    line.frame(TEXT, deflated(bytes(32 * MIB)), flags=COMPRESSED)


def bomb_in_parts(line: Line) -> None:
    """The same, in parts."""
    packed = deflated(bytes(32 * MIB))
    line.frame(TEXT, packed[:100], whole=False, flags=COMPRESSED)
    line.frame(CONTINUED, packed[100:])


def no_text(line: Line) -> None:
    """A text that is no UTF-8."""
    line.frame(TEXT, b'{"type": "hello\xff\xfe"}')


def no_deflate(line: Line) -> None:
    """Bytes that do not unpack."""
    line.frame(TEXT, b"\xff" * 50, flags=COMPRESSED)


def unknown(line: Line) -> None:
    """A frame of a kind that there is none of."""
    line.frame(5, b"")


def long_ping(line: Line) -> None:
    """A ping that is longer than a ping may be."""
    line.frame(PING, b"x" * 300)


def no_beginning(line: Line) -> None:
    """The second part of no message."""
    line.frame(CONTINUED, b"x")


BAD = [
    *((say, 1009) for say in (one_frame, promised, in_parts, bomb, bomb_in_parts)),
    (no_text, 1007),
    *((say, 1002) for say in (unknown, long_ping, no_beginning)),
]


@pytest.mark.parametrize(("say", "code"), BAD, ids=[say.__name__ for say, _ in BAD])
async def test_a_bad_frame_ends_its_own_socket_alone(hurried: Server, lines: Lines, say: Callable[[Line], None], code: int) -> None:
    """The socket is closed with the code for it, in little memory; another widget's socket goes on."""
    before = resident(hurried)
    good, bad = await lines.chat(), await lines.chat(PACKED)
    say(bad)
    assert await bad.closed() == code
    assert resident(hurried) - before < 24 * MIB
    good.frame(TEXT, b'{"type": "hello"}')
    assert json.loads((await good.heard())[1])["type"] == "events"


async def test_a_thousand_pings_are_answered_and_harm_nobody(lines: Lines) -> None:
    """Each gets its pong, and the message behind them its answer."""
    line = await lines.chat()
    for number in range(1_000):
        line.frame(PING, b"%d" % number)
    line.frame(TEXT, b'{"type": "hello"}')
    heard = [await line.heard() for _ in range(1_001)]
    assert heard[:-1] == [(10, b"%d" % number) for number in range(1_000)]
    assert heard[-1][0] == TEXT


async def let_go(server: Server) -> None:
    """Wait until the server holds no widget's socket any more."""
    await until(lambda: "nengbao_websockets_open 0.0" in server.get("/metrics")[1])


async def test_a_widget_that_has_vanished_is_let_go(hurried: Server, lines: Lines) -> None:
    """A client that answers no ping, as one whose phone lost its network without a word, is let go; one that answers stays."""
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{hurried.address}/ws") as lively:
        gone = [await lines.chat() for _ in range(20)]
        listening = asyncio.create_task(lively.receive())
        await asyncio.gather(*(line.rest() for line in gone))
        assert not listening.done()
        await lively.send_json({"type": "hello"})
        assert json.loads((await listening).data)["type"] == "events"
    await let_go(hurried)


async def test_a_widget_that_reads_nothing_costs_little_and_is_let_go(hurried: Server) -> None:
    """It asks and asks and takes no answer: the server stops reading from it, holds little for it, and ends the line in time."""
    before = resident(hurried)
    deaf = socket.create_connection(("127.0.0.1", hurried.port))
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    deaf.sendall(UPGRADE)
    deaf.setblocking(False)
    message = json.dumps({"type": "turn", "message_id": "deaf", "text": "低保，县医院，两万", "place": "anhui-bozhou"}).encode()
    asked = bytes([0x80 | TEXT]) + struct.pack("!BH", 0x80 | 126, len(message)) + bytes(4) + message
    loop, sent = asyncio.get_running_loop(), 0
    async with others(hurried):
        with contextlib.suppress(ConnectionError):
            while sent < 64 * MIB:
                await loop.sock_sendall(deaf, asked * 100)
                sent += len(asked) * 100
        assert sent < 64 * MIB
        await let_go(hurried)
    assert resident(hurried) - before < 24 * MIB
    deaf.close()


async def test_an_answer_that_nobody_takes_is_let_go(hurried: Server) -> None:
    """Requests one after the other whose answers are never read: the line is ended, and others are answered meanwhile."""
    deaf = socket.create_connection(("127.0.0.1", hurried.port))
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    deaf.setblocking(False)
    asked = b"GET /api/v1/policies/anhui-bozhou/2022 HTTP/1.1\r\nHost: x\r\n\r\n" * 100
    async with others(hurried):
        with contextlib.suppress(ConnectionError):
            while True:
                await asyncio.get_running_loop().sock_sendall(deaf, asked)
    deaf.close()


async def test_lines_that_end_in_the_middle_leave_nothing_behind(hurried: Server) -> None:
    """Lines that are reset at any point of a request or a frame: no error of ours in the log, and no file left open."""
    before, logged = len(os.listdir(f"/proc/{hurried.pid}/fd")), len((hurried.data_dir / "server.log").read_text())
    turn = HEAD.replace(b"100", b"80") + b'{"message_id": "cut", "text": "hi"}'.ljust(80)
    for said in (b"", b"GET", HEAD, turn, UPGRADE, UPGRADE + b"\x81", UPGRADE + b"\x81\xff\0\0"):
        for _ in range(20):
            line = socket.create_connection(("127.0.0.1", hurried.port))
            line.sendall(said)
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            line.close()
    await let_go(hurried)
    await until(lambda: len(os.listdir(f"/proc/{hurried.pid}/fd")) <= before)
    log = (hurried.data_dir / "server.log").read_text()[logged:]
    assert [name for name in ("request_failed", "frame_failed", "library", "Traceback") if name in log] == []


async def test_when_all_lines_are_taken_they_are_given_free_again(tmp_path: Path) -> None:
    """Somebody opens as many lines as the system allows and says nothing; once their time is over others get through again."""
    server = Server(tmp_path, NENGBAO_LINE_SECONDS="2", **UNLIMITED)
    server.start()
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (100, 100))
    with contextlib.ExitStack() as lines:
        for _ in range(150):
            lines.enter_context(socket.create_connection(("127.0.0.1", server.port)))

        def through() -> bool:
            with contextlib.suppress(OSError):
                return server.turn(message_id="late", action="help")["turn"] == 1
            return False

        await until(through)
    assert server.stop() == 0
