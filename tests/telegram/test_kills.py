"""Kill -9 while Telegram's updates are being taken: nothing acknowledged is lost, nothing is answered twice, every chat keeps its order.

Each kill costs a start of the server and each chat many turns, so the tests make do with some; `make soak` sets NENGBAO_KILLS and
NENGBAO_CHATS to many.
"""

import os
import random
import sqlite3
import time
from pathlib import Path

from tests.telegram.botapi import BotApi
from tests.telegram.test_door import MODES, agree, connected, heard, plain, started, wait_for

KILLS = int(os.environ.get("NENGBAO_KILLS", "2"))
MANY = int(os.environ.get("NENGBAO_CHATS", "15"))
CHATS = range(100, 106)


@MODES
def test_kills_lose_nothing_and_answer_nothing_twice(tmp_path: Path, mode: str) -> None:
    """Each message of six people is kept once, and answered once or offered to be said again, over all kills at random moments."""
    chance = random.Random(mode)
    sent: dict[int, list[int]] = {chat: [] for chat in CHATS}
    updates: list[int] = []
    with BotApi() as api:
        server = connected(api, tmp_path, mode)
        server.start()
        for chat in CHATS:
            agree(api, chat, "/start anhui-bozhou")
            api.write(chat, "低保，县医院")
            wait_for(api, chat, "一共花了多少钱")
        for number in range(KILLS):
            for chat in CHATS:
                total = 10_000 + 100 * number + chat
                updates.append(api.write(chat, f"{total}元"))
                sent[chat].append(total)
            time.sleep(chance.uniform(0, 0.25))
            server.kill()
            server.start()
        api.wait(lambda: set(updates) <= api.acknowledged, 30)
        api.wait(lambda: _waiting(tmp_path) == 0, 30)
        server.stop()
        _each_is_kept_once(tmp_path, updates)
        for chat, totals in sent.items():
            _each_is_answered_once_or_offered(api, chat, totals)


def _waiting(folder: Path) -> int:
    with sqlite3.connect(folder / "nengbao.sqlite3") as store:
        (count,) = store.execute("SELECT count(*) FROM parcels WHERE body IS NOT NULL").fetchone()
    store.close()
    return int(count)


def _each_is_kept_once(folder: Path, updates: list[int]) -> None:
    with sqlite3.connect(folder / "nengbao.sqlite3") as store:
        kept = [message for (message,) in store.execute("SELECT message FROM turns")]
    store.close()
    assert sorted(kept) == sorted(set(kept))
    assert {str(update) for update in updates} <= set(kept)


def _each_is_answered_once_or_offered(api: BotApi, chat: int, totals: list[int]) -> None:
    shown = api.shown(chat)
    answers = [sum(f"总共花了 {total:,} 元" in each.text for each in shown) for total in totals]
    offers = sum("没收到就点" in each.text for each in shown)
    assert max(answers) == 1
    assert answers.count(0) <= offers
    order = [total for each in shown for total in totals if f"总共花了 {total:,} 元" in each.text]
    assert order == sorted(order)


@MODES
def test_many_chats_at_once_keep_their_order(tmp_path: Path, mode: str) -> None:
    """Everybody writes five messages in one breath; each gets the answers to their own in the order they wrote them."""
    chats = range(1000, 1000 + MANY)
    with BotApi() as api:
        for server in started(connected(api, tmp_path, mode)):
            assert server.get("/healthz")[0] == 200
            for chat in chats:
                api.write(chat, "/start anhui-bozhou")
                api.press(chat, "?agreed=true", 999_999)
            for words in ("低保", "县医院", "自费一千"):
                for chat in chats:
                    api.write(chat, words)
            for chat in chats:
                api.write(chat, f"一共{chat * 10}元")
            for chat in chats:
                wait_for(api, chat, f"总共花了 {chat * 10:,} 元", seconds=120)  # many turns on a busy machine
            orders = {plain("属于哪一种") in heard(api, chat) for chat in chats}
            assert orders == {True}
            for chat in chats:
                words = heard(api, chat)
                steps = ["Telegram是国外的服务", "属于哪一种", "在哪一级医院住院", "一共花了多少钱", plain(f"总共花了 {chat * 10:,} 元")]
                places = [words.index(step) for step in steps]
                assert places == sorted(places)
