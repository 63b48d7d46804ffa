"""From polling to webhook and back, by starting the server with another setting, while people go on writing.

Each switch costs a start of the server, so the test makes do with two; `make soak` sets NENGBAO_SWITCHES to more rounds.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.server import Server
from tests.telegram.botapi import BotApi
from tests.telegram.test_door import agree, connected, kept, newest, wait_for, waiting

PEOPLE = range(100, 103)
MODES = ("webhook", "polling") * int(os.environ.get("NENGBAO_SWITCHES", "1"))


def switched(server: Server, mode: str) -> None:
    """The server's settings for one of the two ways."""
    server.settings.pop("NENGBAO_TELEGRAM_WEBHOOK", None)
    if mode == "webhook":
        server.settings["NENGBAO_TELEGRAM_WEBHOOK"] = f"{server.address}/telegram/hook"


@contextmanager
def writing(api: BotApi, sent: dict[int, list[int]]) -> Iterator[Callable[[], int]]:
    """Everybody writes one sum after the other, without a pause, until the block ends; what is given tells how many were written."""
    end = threading.Event()

    def write() -> None:
        number = 0
        while not end.wait(0.5):
            number += 1
            for chat in PEOPLE:
                sent[chat].append(10_000 + 1000 * (chat - 100) + number)
                api.write(chat, f"{sent[chat][-1]}元")

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    try:
        yield lambda: len(sent[PEOPLE[0]])
    finally:
        end.set()
        writer.join()


@pytest.mark.parametrize("ending", ["stop", "kill"])
def test_switching_loses_nothing_and_answers_nothing_twice(tmp_path: Path, ending: str) -> None:
    """Over all switches, in order or by kill -9, each message is kept once; stopped in order each is answered once, in order."""
    sent: dict[int, list[int]] = {chat: [] for chat in PEOPLE}
    with BotApi() as api:
        server = connected(api, tmp_path)
        server.start()
        for chat in PEOPLE:
            agree(api, chat, "/start anhui-bozhou")
            api.write(chat, "低保，县医院")
            wait_for(api, chat, "一共花了多少钱")
        first = max(api.acknowledged)
        with writing(api, sent) as written:
            for mode in MODES:
                before = written()
                api.wait(lambda before=before: written() >= before + 1)
                getattr(server, ending)()
                switched(server, mode)
                server.start()
                api.wait(lambda mode=mode: bool(api.webhook.url) == (mode == "webhook"), 20)
        updates = set(api.updates_after(first))
        api.wait(lambda: updates <= api.acknowledged, 60)
        api.wait(lambda: waiting(server) == 0, 60)
        server.stop()
        messages = [message for (message,) in kept(server, "SELECT message FROM turns")]
        assert len(messages) == len(set(messages))
        assert {str(update) for update in updates} <= set(messages)
        for chat, totals in sent.items():
            _check(api, chat, totals, all_of_them=ending == "stop")


def _check(api: BotApi, chat: int, totals: list[int], *, all_of_them: bool) -> None:
    """Each sum was answered once and in order; after a kill the answer may be offered to be said again instead."""
    shown = [each.text for each in api.shown(chat)]
    told = [total for text in shown for total in totals if f"总共花了 {total:,} 元" in text]
    assert told == sorted(set(told))
    missing = len(totals) - len(told)
    assert missing <= (0 if all_of_them else sum("没收到就点" in text for text in shown))


def test_what_waits_is_kept_by_setting_and_deleting_a_webhook(tmp_path: Path) -> None:
    """Messages that came while no server ran are answered by whichever way it is started next; none is dropped by the switch itself."""
    with BotApi() as api:
        server = connected(api, tmp_path)
        server.start()
        agree(api, 7, "/start anhui-bozhou")
        for mode, words, answer in (("webhook", "低保", "在哪一级医院"), ("polling", "县医院", "一共花了多少钱")):
            server.stop()
            after = newest(api, 7)
            api.write(7, words)
            switched(server, mode)
            server.start()
            wait_for(api, 7, answer, after)
        server.stop()
        dropped = [call.params.get("drop_pending_updates") for call in api.calls if call.method in ("setWebhook", "deleteWebhook")]
        assert {bool(each) for each in dropped} == {False}


def test_a_delivery_whose_200_was_lost_is_not_answered_again_by_polling(tmp_path: Path) -> None:
    """Kept by the webhook but not acknowledged, the update comes again by polling and changes nothing."""
    with BotApi() as api:
        server = connected(api, tmp_path, "webhook")
        server.start()
        agree(api, 7, "/start anhui-bozhou")
        update = api.write(7, "低保，县医院")
        wait_for(api, 7, "一共花了多少钱")
        api.wait(lambda: not api.pending)
        server.stop()
        shown = len(api.shown(7))
        api.raw(api.update(update))
        switched(server, "polling")
        server.start()
        api.write(7, "两万")
        wait_for(api, 7, "大约能报 18,900 元")
        assert [each.text for each in api.shown(7)][shown:].count(api.shown(7)[shown - 1].text) == 0
        server.stop()


def test_polling_beside_a_webhook_waits_and_loses_nothing(tmp_path: Path) -> None:
    """Where somebody sets a webhook elsewhere, polling is refused with 409, which is told in one line; it goes on when that is gone."""
    with BotApi() as api:
        server = connected(api, tmp_path)
        server.start()
        agree(api, 7, "/start anhui-bozhou")
        api.hook("https://elsewhere.example/hook")
        api.wait(lambda: "别处也在收" in (tmp_path / "server.log").read_text(), 20)
        after = newest(api, 7)
        api.write(7, "低保")
        api.hook("")
        wait_for(api, 7, "在哪一级医院", after, seconds=40)
        server.stop()


def test_updates_that_are_counted_anew_are_not_passed_over(tmp_path: Path) -> None:
    """After a quiet week Telegram counts on from any number, also a lower one: it is taken all the same."""
    with BotApi() as api:
        server = connected(api, tmp_path)
        api.count_from(900_000)
        api.patience(0.5)
        server.start()
        agree(api, 7, "/start anhui-bozhou")
        api.wait(lambda: not api.pending and _asks_for_all(api))
        api.count_from(5000)
        after = newest(api, 7)
        api.write(7, "低保")
        wait_for(api, 7, "在哪一级医院", after)
        server.stop()


def _asks_for_all(api: BotApi) -> Any:
    return "offset" not in api.made("getUpdates")[-1].params
