"""Kill -9 between a delivery and its retry: what was taken is told, nothing is taken twice."""

import random
import sqlite3
import threading
import time
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

from tests.server import Server
from tests.wechat.official import LONG, MORE, PLAIN, Account, letter, new_id

KILLS = 4


def test_kills_double_no_turn_and_lose_no_answer(tmp_path: Path) -> None:
    """Each of some messages is delivered, the server killed at a random moment, and the message delivered again: one turn, one answer."""
    chance = random.Random("wechat")
    server = Server(tmp_path, **PLAIN)
    server.start()
    account = Account(server)
    account.say("亳州低保，县医院")
    sent = []
    for number in range(KILLS):
        message, words = new_id(), f"一共{10_000 + number}元"
        sent.append(message)
        delivery = threading.Thread(target=_deliver, args=(account, words, message))
        delivery.start()
        time.sleep(chance.uniform(0, 0.06))
        server.kill()
        delivery.join()
        server.start()
        assert f"{10_000 + number:,} 元" in account.whole(account.say(words, message))
    server.stop()
    with sqlite3.connect(tmp_path / "nengbao.sqlite3") as store:
        kept = store.execute("SELECT turn, message FROM turns ORDER BY turn").fetchall()
    store.close()
    assert [message for _, message in kept][1:] == sent
    assert [turn for turn, _ in kept] == list(range(1, KILLS + 2))


def test_a_part_is_the_same_after_a_kill(tmp_path: Path) -> None:
    """Killed after a further part was given, the server gives the same part to the retry and the following one to the next message."""
    server = Server(tmp_path, **PLAIN)
    server.start()
    account = Account(server)
    account.event("subscribe", "qrscene_henan-puyang")
    account.whole(account.say(LONG))
    first = account.event("CLICK", "why")
    message = new_id()
    second = account.say("0", message)
    server.kill()
    server.start()
    assert account.say("0", message) == second != first
    assert second.endswith(MORE)
    assert account.say("0") not in (first, second)
    server.stop()


def _deliver(account: Account, words: str, message: str) -> None:
    """Deliver to a server that may be killed meanwhile."""
    with suppress(OSError, HTTPException):
        account.deliver(letter(MsgType="text", Content=words, MsgId=message))
