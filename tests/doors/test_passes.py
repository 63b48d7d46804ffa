"""One talk, any door: six digits carry it, for ten minutes and once, and cannot be guessed."""

import re
import sqlite3
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from tests.doors.browser import Browser, needs_browser
from tests.server import Server
from tests.telegram.botapi import BotApi
from tests.telegram.test_door import agree, connected, wait_for
from tests.wechat.official import TOKEN, Account, new_id


def say(server: Server, text: str, conversation: str | None = None, message: str | None = None) -> dict[str, Any]:
    """One message of a talk in Bozhou."""
    about = {"conversation": conversation} if conversation else {}
    return server.turn(message_id=message or uuid4().hex, text=text, place="anhui-bozhou", **about)


def digits(server: Server, conversation: str) -> str:
    """New digits of a talk."""
    told = say(server, "换个地方接着说", conversation)["replies"][0]["text"]
    return str(re.findall("接着说 ([0-9]{3} [0-9]{3})", told)[0])


def test_six_digits_carry_a_talk_to_another_conversation(running: Server) -> None:
    """The same talk goes on there with all that was said; both ends speak in it; sent again it is answered the same."""
    first = say(running, "低保，县医院")["conversation"]
    code = digits(running, first)
    message = uuid4().hex
    answer = say(running, f"接着说{code}", message=message)
    assert answer["conversation"] == first
    assert answer["replies"][0]["text"] == "接上了。您在那边说的都在。"
    assert answer["summary"]["category"] == "subsistence_allowance"
    assert say(running, f"接着说{code}", message=message) == answer
    assert say(running, "两万", first)["replies"][0]["kind"] == "estimate"


def test_digits_work_once_and_only_the_newest(running: Server) -> None:
    """Somebody else finds them used; asking for new ones ends the old ones."""
    talk = say(running, "低保")["conversation"]
    old, new = digits(running, talk), digits(running, talk)
    other = say(running, "你好")["conversation"]
    assert "接不上" in say(running, f"接着说{old}", other)["replies"][0]["text"]
    assert "接上了" in say(running, f"接着说{new}", other)["replies"][0]["text"]
    assert "接不上" in say(running, f"接着说{new}", say(running, "你好")["conversation"])["replies"][0]["text"]


def test_forgetting_ends_the_digits(running: Server) -> None:
    """What was forgotten is carried nowhere."""
    talk = say(running, "低保")["conversation"]
    code = digits(running, talk)
    say(running, "忘掉我", talk)
    assert "接不上" in say(running, f"接着说{code}")["replies"][0]["text"]


def test_guessing_is_locked_out(server: Server) -> None:
    """After five misses one who tries waits, even with the right digits; after fifty of all together everybody does."""
    talk = say(server, "低保")["conversation"]
    code = digits(server, talk)
    wrong = "000000" if code.replace(" ", "") != "000000" else "111111"
    mine = say(server, "你好")["conversation"]
    for _ in range(5):
        assert "接不上" in say(server, f"接着说{wrong}", mine)["replies"][0]["text"]
    assert "试错的次数多了" in say(server, f"接着说{code}", mine)["replies"][0]["text"]
    for _ in range(9):
        other = say(server, "你好")["conversation"]
        for _ in range(5):
            say(server, f"接着说{wrong}", other)
    assert "试错的次数多了" in say(server, f"接着说{code}", say(server, "你好")["conversation"])["replies"][0]["text"]


def test_a_talk_goes_from_the_web_to_telegram_and_back(tmp_path: Path) -> None:
    """Who agreed to Telegram goes on there with the very talk of the web page, and what is said there stands in it."""
    with BotApi() as api:
        server = connected(api, tmp_path)
        server.start()
        talk = say(server, "低保，县医院")["conversation"]
        agree(api, 100, "/start")
        api.write(100, f"接着说 {digits(server, talk)}")
        wait_for(api, 100, "接上了")
        api.write(100, "两万")
        wait_for(api, 100, "大约能报 18,900 元")
        summary = say(server, "帮助", talk)["summary"]
        assert summary["total"] == "20000.00"
        server.stop()


def test_forgetting_at_a_door_takes_what_was_said_there_before(tmp_path: Path) -> None:
    """Who took up another talk and then says 忘掉我 leaves nothing, neither of that one nor of their own from before."""
    server = Server(tmp_path, NENGBAO_WECHAT_TOKEN=TOKEN)
    server.start()
    account = Account(server)
    account.say("亳州监测户，市医院，总费用七万三千二百一十")
    talk = say(server, "低保，县医院")["conversation"]
    assert "接上了" in account.say(f"接着说 {digits(server, talk)}")
    assert "都删掉了" in account.say("忘掉我")
    server.stop()
    with sqlite3.connect(tmp_path / "nengbao.sqlite3") as store:
        states = [bytes(state) for (state,) in store.execute("SELECT state FROM conversations")]
        conversations = {row[0] for row in store.execute("SELECT DISTINCT conversation FROM turns")}
    store.close()
    assert len(states) == len(conversations) == 1
    assert b"73210" not in states[0]


def test_before_agreeing_nobody_is_let_in_through_a_foreign_service(tmp_path: Path) -> None:
    """The digits stay unused until the person agreed to Telegram."""
    with BotApi() as api:
        server = connected(api, tmp_path)
        server.start()
        code = digits(server, say(server, "低保")["conversation"])
        api.write(100, f"接着说 {code}")
        wait_for(api, 100, "国外的服务")
        assert "接上了" in say(server, f"接着说 {code}")["replies"][0]["text"]
        server.stop()


def test_a_talk_goes_from_the_web_to_wechat(tmp_path: Path) -> None:
    """The official account goes on with it: a message that comes again is answered the same, and the web page has what was said there."""
    server = Server(tmp_path, NENGBAO_WECHAT_TOKEN=TOKEN)
    server.start()
    talk = say(server, "低保，县医院")["conversation"]
    account = Account(server)
    assert "接上了" in account.say(f"接着说 {digits(server, talk)}")
    message = new_id()
    told = account.say("两万", message)
    assert "大约能报 18,900 元" in told
    assert account.say("两万", message) == told
    assert say(server, "帮助", talk)["summary"]["total"] == "20000.00"
    server.stop()


@needs_browser
@pytest.mark.browser
def test_the_chat_on_a_page_takes_up_a_talk(running: Server, browser: Browser) -> None:
    """What was said elsewhere goes on in the page, also after a reload."""
    talk = say(running, "低保，县医院")["conversation"]
    chat = browser.open(running.address, "anhui-bozhou")
    chat.say(f"接着说{digits(running, talk)}")
    expect(chat.page.locator("[data-who=bot]").last).to_contain_text("一共花了多少钱")
    chat.page.reload()
    chat.say("两万")
    expect(chat.page.locator("[data-kind=estimate]")).to_have_count(1)
    assert chat.problems() == []
