"""The desk of a coordinator through each door, with real servers: the web, its page without scripts, Telegram, WeChat, the terminal."""

import json
import subprocess
import urllib.request
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from bot.china import china_today
from bot.desk import Book, Keys, Room, Visits
from tests.desk.test_chat import all_bytes
from tests.doors.browser import Browser, needs_browser
from tests.doors.pages import Reader
from tests.paper.test_sheet import words as on_paper
from tests.server import NENGBAO, UNLIMITED, Server, environment
from tests.telegram.botapi import BotApi
from tests.telegram.test_door import agree, connected, heard, plain, wait_for
from tests.telegram.test_groups import PRIVATE
from tests.wechat.official import TOKEN, Account

BILL = "3号院 低保 县医院 两万，没有自费"


@pytest.fixture
def reader(running: Server) -> Reader:
    """Somebody whose browser knows no scripts."""
    return Reader(running.address)


def new_key(server: Server, village: str | None = None) -> str:
    """A key for a desk of its own."""
    return Keys(Room(server.data_dir)).add(village or uuid4().hex, "张三")


def told(answer: dict[str, Any]) -> str:
    """The words of an answer."""
    return "\n".join(reply["text"] for reply in answer["replies"])


def say(server: Server, text: str, talk: str | None = None) -> dict[str, Any]:
    """One message of a talk in Bozhou."""
    about = {"conversation": talk} if talk else {}
    return server.turn(message_id=uuid4().hex, text=text, place="anhui-bozhou", **about)


def test_households_outlive_a_power_cut(tmp_path: Path) -> None:
    """Kill -9 in the middle of a day: the desk is still open in the talk, each household is there once, and the key stands nowhere."""
    server = Server(tmp_path, **UNLIMITED)
    server.start()
    key = new_key(server)
    talk = say(server, f"/desk {key}")["conversation"]
    say(server, BILL, talk)
    last = {"message_id": "last", "text": "下一位 5号院 特困 三万", "conversation": talk}
    answer = server.turn(**last)
    server.kill()
    server.start()
    assert server.turn(**last) == answer
    say(server, "下一位", talk)
    listed = told(say(server, "名单", talk))
    assert "今天一共 2 户" in listed
    assert "第 2 户，5号院（特困）" in listed
    server.stop()
    assert key.encode() not in all_bytes(tmp_path)
    assert key.replace("-", "").encode() not in all_bytes(tmp_path)


def test_each_estimate_of_a_desk_is_printed_as_its_own_household(running: Server) -> None:
    """The sheet of a household is the one it was asked for, also when the talk went on, and no code on it leads to the talk."""
    talk = say(running, f"/desk {new_key(running)}")["conversation"]
    first = say(running, BILL, talk)
    say(running, "下一位 5号院 普通居民 九万", talk)
    asked = say(running, "单子 1", talk)
    for answer in (first, asked):
        (sheet,) = [each for reply in answer["replies"] for each in reply.get("attachments", ()) if each["kind"] == "sheet"]
        status, pdf = _sheet(running, {"conversation": talk, "form": "slip", "case": sheet["case"], "label": sheet["label"]})
        assert status == 200
        assert "3号院" in on_paper(pdf)
        assert "1,100元" in on_paper(pdf)
        assert "/t/" not in on_paper(pdf)
    wrong = sheet["case"] | {"category": "x"}
    status, error = running.post("/api/v1/sheet", {"conversation": talk, "case": wrong})
    assert (status, error["error"]["field"]) == (422, "category")


def _sheet(server: Server, body: dict[str, Any]) -> tuple[int, bytes]:
    """Status and bytes of a sheet."""
    request = urllib.request.Request(f"{server.address}/api/v1/sheet", json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as response:
        return response.status, response.read()


def test_the_page_without_scripts_opens_a_desk_and_does_not_show_the_key(running: Server, reader: Reader) -> None:
    """The key is on no page; households, list and slip are, and closing leads to a new talk."""
    key = new_key(running)
    page = reader.send(reader.open("/plain?place=anhui-bozhou"), text="你好")
    page = reader.send(page, text=f"/desk {key}")
    assert "桌子打开了" in page.replies[0]
    assert key not in page.text
    page = reader.send(page, text=BILL)
    page = reader.send(page, text="下一位 5号院 普通居民 九万")
    page = reader.send(page, text="单子 1")
    kind, pdf = reader.fetch("/plain/file", page.hidden | {"form": "slip"})
    assert kind == "application/pdf"
    assert "3号院" in on_paper(pdf)
    assert "1,100元" in on_paper(pdf)
    page = reader.send(page, text="名单")
    assert "第 1 户，3号院（低保）：自己掏 1,100 元" in page.replies[0]
    page = reader.send(page, choice="action=desk.close")
    assert "桌子收好了" in page.replies[0]
    assert "3号院" not in page.text
    assert "3号院" not in reader.open("/plain").text


def test_telegram_opens_a_desk_and_takes_the_key_out_of_the_chat(tmp_path: Path) -> None:
    """/desk with a key is answered as text; the message with it is gone, no menu names it; a slip comes as a PDF; groups hear nothing."""
    with BotApi() as api:
        server = connected(api, tmp_path)
        server.start()
        key = new_key(server, "李庄")
        agree(api, 7, "/start anhui-bozhou")
        update = api.write(7, f"/desk@{api.username} {key}")
        wait_for(api, 7, "“李庄”的桌子打开了")
        message = api.update(update)["message"]["message_id"]
        assert [call.params["message_id"] for call in api.made("deleteMessage", 7)] == [message]
        api.write(7, BILL)
        wait_for(api, 7, "这一户：3号院")
        api.write(7, "下一位")
        wait_for(api, 7, "记下了：第 1 户，3号院（低保），自己掏 1,100 元")
        api.write(7, "单子 1")
        wait_for(api, 7, "这是第 1 户")
        (slip,) = [each for each in api.shown(7) if each.document]
        assert slip.file_name == "nengbao.pdf"
        assert "1,100元" in on_paper(slip.document or b"")
        api.write(-70, f"/desk@{api.username} {key}", kind="group")
        wait_for(api, -70, PRIVATE)
        assert "桌子" not in heard(api, -70)
        assert "desk" not in str(api.commands_for(type="all_private_chats"))
        server.stop()
    written = all_bytes(tmp_path)
    assert key.encode() not in written
    assert plain("李庄").encode() in written


def test_sixty_households_fit_into_telegram_and_wechat(tmp_path: Path) -> None:
    """The list comes in as many messages as it needs, and nothing of it is lost."""
    with BotApi() as api:
        server = connected(api, tmp_path, NENGBAO_WECHAT_TOKEN=TOKEN)
        server.start()
        room = Room(tmp_path)
        key = Keys(room).add("李庄")
        _visited(room, key, 60)
        agree(api, 7, "/start anhui-bozhou")
        api.write(7, f"/desk {key}")
        wait_for(api, 7, "桌子打开了")
        api.write(7, "名单")
        wait_for(api, 7, "这 60 户加起来")
        account = Account(server)
        account.say("亳州")
        assert "桌子打开了" in account.say(f"/desk {key}")
        whole = account.whole(account.say("名单"))
        for number in (1, 30, 60):
            assert f"第 {number} 户，{number}号院子里老人的小名（低保）：自己掏 1,100 元" in whole
            assert plain(f"第 {number} 户，{number}号院子里老人的小名（低保）：自己掏 1,100 元") in heard(api, 7)
        server.stop()


def _visited(room: Room, key: str, count: int) -> None:
    """So many households of today."""
    desk = Keys(room).known(key)
    assert desk is not None
    case = {"place": "anhui-bozhou", "category": "subsistence_allowance", "facility": "county", "total": "20000.00", "self_funded": "0.00"}
    for number in range(1, count + 1):
        Visits(Book(room, desk)).put(china_today().isoformat(), f"{number}号院子里老人的小名", case)


def test_the_terminal_opens_a_desk_too(tmp_path: Path) -> None:
    """The same words from a pipe."""
    key = Keys(Room(tmp_path)).add("李庄")
    lines = "\n".join((f"/desk {key}", BILL, "下一位", "名单", "收桌子", ""))
    command = [*NENGBAO, "talk", "--place", "anhui-bozhou"]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, env=environment(tmp_path), check=True)
    assert "第 1 户，3号院（低保）：自己掏 1,100 元" in done.stdout
    assert "桌子收好了" in done.stdout
    assert key not in done.stdout + done.stderr


@needs_browser
@pytest.mark.browser
def test_the_chat_on_a_page_keeps_no_key(running: Server, browser: Browser) -> None:
    """The key is neither on the page nor in what the browser keeps, also after a reload; an older estimate prints its own household."""
    key = new_key(running)
    chat = browser.open(running.address, "anhui-bozhou")
    chat.say("你好")
    chat.say(f"/desk {key}")
    expect(chat.page.locator("[data-who=bot]").filter(has_text="桌子打开了")).to_have_count(1)
    assert chat.page.locator("[data-who=me]").all_inner_texts() == ["你好"]
    assert key not in str(chat.page.evaluate("JSON.stringify(localStorage)"))
    chat.page.reload()
    expect(chat.page.locator("[data-who=bot]").last).to_contain_text("病人家里属于哪一种")
    assert chat.page.locator("[data-who=me]").all_inner_texts() == ["你好"]
    chat.say(BILL)
    expect(chat.page.locator("[data-kind=estimate]")).to_have_count(1)
    chat.say("下一位 5号院 普通居民 九万")
    expect(chat.page.locator("[data-kind=estimate]")).to_have_count(2)
    with chat.page.expect_download() as download:
        chat.page.locator("[data-form=slip]").first.click()
    assert "1,100元" in on_paper(download.value.path().read_bytes())
    chat.page.locator("[data-role=input]").fill("收桌子")
    chat.page.locator("[data-role=send]").click()
    expect(chat.page.locator("[data-kind=estimate]")).to_have_count(0)
    expect(chat.page.locator("[data-who=bot]").first).to_contain_text("桌子收好了")
    assert "3号院" not in str(chat.page.evaluate("JSON.stringify(localStorage)"))
    assert chat.problems() == []
