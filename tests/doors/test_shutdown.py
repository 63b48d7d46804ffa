"""How a server ends: what it has taken is answered and on disk, what it cannot take any more is told when to come again."""

import asyncio
import json
import signal
import socket
import sqlite3
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.server import UNLIMITED, Server, key_of

BOTH = pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[Server]:
    """A server that lets any number of messages in."""
    server = Server(tmp_path, **UNLIMITED)
    server.start()
    yield server
    server.stop()


def file_of(server: Server) -> Path:
    """Where its talks are."""
    return server.data_dir / "nengbao.sqlite3"


def kept(server: Server) -> "Counter[tuple[str, str, int]]":
    """Conversation, message and number of every turn on disk."""
    with closing(sqlite3.connect(file_of(server))) as store:
        rows = store.execute("SELECT c.key, t.message, t.turn FROM turns t JOIN conversations c ON c.id = t.conversation").fetchall()
    return Counter(rows)


@contextmanager
def nothing_can_be_written(server: Server) -> Iterator[Callable[[], None]]:
    """Somebody else writes to the store's file, so that turns wait for the disk until what this gives is called."""
    with closing(sqlite3.connect(file_of(server), isolation_level=None)) as store:
        store.execute("BEGIN IMMEDIATE")
        yield lambda: store.execute("COMMIT") and None


def until(true: Callable[[], bool]) -> None:
    """Wait for something that comes."""
    while not true():
        time.sleep(0.01)


def under_way(server: Server) -> int:
    """How many turns a server is playing."""
    lines = server.get("/metrics")[1].splitlines()
    return next(int(float(line.split()[1])) for line in lines if line.startswith("nengbao_turns_under_way "))


def refusal(server: Server, message: dict[str, Any]) -> tuple[int, str | None]:
    """Status and Retry-After of a turn that is not taken."""
    body = json.dumps(message).encode()
    asked = urllib.request.Request(f"{server.address}/api/v1/turn", body, {"Content-Type": "application/json"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(asked, timeout=20)
    with refused.value as error:
        return error.code, error.headers["Retry-After"]


@BOTH
def test_every_answered_turn_is_on_disk_once(busy: Server, how: signal.Signals) -> None:
    """Sixteen talks at full speed while the signal comes: what got 200 is in the store, once, in order; others got 503 or nothing."""
    answered: list[tuple[str, str, int]] = []
    others: list[int] = []

    def talk(name: str) -> None:
        conversation: dict[str, str] = {}
        for number in range(100_000):
            message = {"message_id": f"{name}-{number}", "text": "两万", "place": "anhui-bozhou"} | conversation
            try:
                status, answer = busy.post("/api/v1/turn", message)
            except (OSError, HTTPException):
                return
            if status != HTTPStatus.OK:
                others.append(status)
                return
            conversation = {"conversation": answer["conversation"]}
            answered.append((key_of(answer["conversation"]), answer["message_id"], answer["turn"]))

    with ThreadPoolExecutor(16) as pool:
        talks = [pool.submit(talk, f"p{number}") for number in range(16)]
        until(lambda: len(answered) > 200)
        busy.hint(how)
        for each in talks:
            each.result()
    assert busy.ended() == 0
    on_disk = kept(busy)
    assert set(others) <= {503}
    assert [turn for turn in answered if on_disk[turn] != 1] == []
    turns: dict[str, list[int]] = {}
    for key, _, turn in on_disk.elements():
        turns.setdefault(key, []).append(turn)
    assert all(sorted(numbers) == list(range(1, len(numbers) + 1)) for numbers in turns.values())


@BOTH
def test_a_turn_under_way_is_answered_and_a_new_one_told_to_come_again(busy: Server, how: signal.Signals) -> None:
    """While a turn waits for the disk the signal comes: new turns and readiness get 503, then the turn is answered and kept."""
    with nothing_can_be_written(busy) as go_on, ThreadPoolExecutor(1) as pool:
        turn = pool.submit(busy.turn, message_id="under-way", text="亳州低保，县医院花了两万")
        until(lambda: under_way(busy) == 1)
        busy.hint(how)
        until(lambda: busy.get("/api/v1/policies")[0] == HTTPStatus.SERVICE_UNAVAILABLE)
        assert refusal(busy, {"message_id": "new", "action": "help"}) == (503, "5")
        assert busy.get("/readyz")[0] == HTTPStatus.SERVICE_UNAVAILABLE
        assert busy.get("/healthz")[0] == 200
        go_on()
        answer = turn.result()
    assert busy.ended() == 0
    assert kept(busy) == {(key_of(answer["conversation"]), "under-way", 1): 1}


def test_a_message_on_the_plain_page_is_not_lost_with_the_server(busy: Server) -> None:
    """While the server ends the page says so, and what was typed still stands in it."""
    with nothing_can_be_written(busy) as go_on, ThreadPoolExecutor(1) as pool:
        turn = pool.submit(busy.turn, message_id="under-way", action="help")
        until(lambda: under_way(busy) == 1)
        busy.hint(signal.SIGTERM)
        until(lambda: busy.get("/api/v1/policies")[0] == HTTPStatus.SERVICE_UNAVAILABLE)
        status, page = busy.post("/plain", "text=低保两万五&message_id=x".encode(), "application/x-www-form-urlencoded")
        go_on()
        turn.result()
    assert (status, "低保两万五" in page) == (503, True)
    assert busy.ended() == 0


async def test_a_turn_over_the_socket_is_answered_before_it_is_closed(busy: Server) -> None:
    """The waiting turn gets its answer and then 1001; another socket's new turn gets the error `unavailable`."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{busy.address}/ws") as one,
        session.ws_connect(f"{busy.address}/ws") as two,
    ):
        with nothing_can_be_written(busy) as go_on:
            await one.send_json({"type": "turn", "message_id": "under-way", "action": "help"})
            await asyncio.to_thread(until, lambda: under_way(busy) == 1)
            busy.hint(signal.SIGTERM)
            await asyncio.to_thread(until, lambda: busy.get("/api/v1/policies")[0] == HTTPStatus.SERVICE_UNAVAILABLE)
            await two.send_json({"type": "turn", "message_id": "new", "action": "help"})
            assert (await two.receive_json())["error"]["code"] == "unavailable"
            go_on()
        answer = await one.receive_json()
        assert (answer["type"], answer["turn"]) == ("turn", 1)
        assert [((await each.receive()).type, each.close_code) for each in (one, two)] == [(aiohttp.WSMsgType.CLOSE, 1001)] * 2
    assert await asyncio.to_thread(busy.ended) == 0
    assert kept(busy) == {(key_of(answer["conversation"]), "under-way", 1): 1}


@BOTH
def test_who_says_nothing_does_not_hold_up_the_end(busy: Server, how: signal.Signals) -> None:
    """Widgets that have gone to sleep, half-sent messages and idle connections are let go, and the status is 0."""
    upgrade = "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    upgrade += "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    half = 'POST /api/v1/turn HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"message_id'
    idle = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    silent = []
    for beginning in (upgrade, half, idle, "") * 10:
        silent.append(socket.create_connection(("127.0.0.1", busy.port)))
        silent[-1].sendall(beginning.encode())
    until(lambda: "nengbao_websockets_open 10.0" in busy.get("/metrics")[1])
    assert busy.stop(how) == 0
    for each in silent:
        each.close()


def test_a_message_sent_again_to_the_next_process_counts_once(busy: Server) -> None:
    """After the end and a new start an answered message gets the same answer, and the talk goes on with the next number."""
    first = busy.turn(message_id="a", action="help")
    assert busy.stop(signal.SIGTERM) == 0
    busy.start()
    again = busy.turn(message_id="a", action="help")
    second = busy.turn(message_id="b", conversation=first["conversation"], action="help")
    assert (again, second["turn"]) == (first, 2)
