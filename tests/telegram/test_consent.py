"""Nothing is taken before a person agreed to talk over a foreign service, whichever way they try to come in."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from bot.store.sealed import unpacked
from tests.server import Server
from tests.telegram.botapi import UNSUPPORTED, BotApi
from tests.telegram.test_door import agree, button, heard, kept, newest, plain, wait_for, waiting

NOTICE = plain("Telegram 是国外的服务")
NEIGHBOUR: dict[str, Any] = {"type": "hidden_user", "sender_user_name": "邻居", "date": 1}

WAYS_IN: dict[str, Callable[[BotApi, int], int]] = {
    "deep link": lambda api, chat: api.write(chat, "/start anhui-bozhou"),
    "facts": lambda api, chat: api.write(chat, "亳州低保，县医院花了两万"),
    "old button": lambda api, chat: api.press(chat, "?category=subsistence_allowance", 999_999),
    "old action": lambda api, chat: api.press(chat, "action=why", 999_999),
    "old repeat": lambda api, chat: api.press(chat, "action=repeat", 999_999),
    "carried": lambda api, chat: api.press(chat, "action=carried", 999_999),
    "digits": lambda api, chat: api.write(chat, "接着说 482 913"),
    "digits as a command": lambda api, chat: api.write(chat, "/code 482913"),
    "/new": lambda api, chat: api.write(chat, "/new"),
    "/back": lambda api, chat: api.write(chat, "/back"),
    "/why": lambda api, chat: api.write(chat, "/why"),
    "/help": lambda api, chat: api.write(chat, "/help"),
    "/data": lambda api, chat: api.write(chat, "/data"),
    "my data": lambda api, chat: api.write(chat, "我的数据"),
    "going elsewhere": lambda api, chat: api.write(chat, "换个地方接着说"),
    "edited": lambda api, chat: api.edit(chat, 10**6, "低保，县医院，三万"),
    "forwarded": lambda api, chat: api.write(chat, "低保，三万", forward_origin=NEIGHBOUR),
    "under a picture": lambda api, chat: api.send(chat, **(UNSUPPORTED["photo"] | {"caption": "低保，县医院，三万"})),
    "sticker": lambda api, chat: api.send(chat, **UNSUPPORTED["sticker"]),
    "almost yes": lambda api, chat: api.press(chat, "?agreed=yes", 999_999),
}


@pytest.mark.parametrize("way", WAYS_IN)
def test_no_way_leads_past_the_consent(open_api: BotApi, open_door: Server, chat: int, way: str) -> None:
    """Links, texts, old buttons, digits, commands and pictures get the notice and nothing else, and no answer of a case is kept."""
    WAYS_IN[way](open_api, chat)
    wait_for(open_api, chat, NOTICE)
    (shown,) = open_api.shown(chat)
    assert [each["callback_data"] for row in shown.keyboard for each in row] == ["?agreed=true", "?agreed=false"]
    states = str(kept(open_door, "SELECT state FROM conversations"))
    assert [word for word in ("subsistence", "20000", "30000", "county") if word in states] == []


def test_an_album_before_the_consent_gets_one_notice(open_api: BotApi, chat: int) -> None:
    """Four pictures are one message also here."""
    for _ in range(4):
        open_api.send(chat, **UNSUPPORTED["photo"], media_group_id=f"album {chat}")
    open_api.write(chat, "不同意")
    wait_for(open_api, chat, "您的事我一样都没留下")
    assert heard(open_api, chat).count(NOTICE) == 1


@pytest.mark.parametrize("typed", ["同意", " 同意。"])
def test_the_consent_may_be_typed(open_api: BotApi, chat: int, typed: str) -> None:
    """Who writes 同意 instead of tapping has agreed; a full stop that dictation adds does not matter."""
    open_api.write(chat, "/start")
    wait_for(open_api, chat, NOTICE)
    open_api.write(chat, typed)
    wait_for(open_api, chat, "哪里参加的居民医保")


@pytest.mark.parametrize("by", ["button", "words"])
def test_who_refuses_leaves_nothing(api: BotApi, door: Server, by: str) -> None:
    """After 不同意 no answer, place, language or reply of the talk is in the store, and the next word meets the notice again."""
    api.speaks(7, "en")
    api.write(7, "/start anhui-bozhou")
    wait_for(api, 7, "foreign service")
    api.write(7, "/lang")
    api.press(7, "lang=zh_CN", 999_999)
    wait_for(api, 7, NOTICE)
    if by == "button":
        api.press(7, button(api, 7, "agreed=false"))
    else:
        api.write(7, "不同意")
    wait_for(api, 7, "一样都没留下")
    api.wait(lambda: waiting(door) == 0)
    ((state,),) = kept(door, "SELECT state FROM conversations")
    assert b'{"answers":[],' in state
    *before, last = [unpacked(reply) for (reply,) in kept(door, "SELECT reply FROM turns ORDER BY turn")]
    assert set(before) == {b""}
    assert json.loads(last)["summary"] == {}
    after = newest(api, 7)
    api.write(7, "低保")
    api.wait(lambda: len([each for each in api.shown(7) if each.message_id > after]) == 1)
    assert "foreign service" in next(each for each in api.shown(7) if each.message_id > after).text


def test_an_old_no_takes_nothing_away_from_who_agreed(open_api: BotApi, chat: int) -> None:
    """A tap on the no of an earlier notice says how to have everything deleted, and deletes nothing by itself."""
    open_api.write(chat, "在吗")
    wait_for(open_api, chat, NOTICE)
    first = newest(open_api, chat)
    agree(open_api, chat, "/start anhui-bozhou")
    open_api.write(chat, "低保，县医院")
    wait_for(open_api, chat, "一共花了多少钱")
    open_api.press(chat, "?agreed=false", first)
    wait_for(open_api, chat, "您前面同意过了")
    open_api.write(chat, "两万")
    wait_for(open_api, chat, "大约能报 18,900 元")


def test_refusing_leaves_a_talk_of_another_door_alone(open_api: BotApi, open_door: Server, chat: int) -> None:
    """Forgotten on the web page, a shared talk needs the consent anew; who then refuses it here does not end what the page goes on with."""
    started = open_door.turn(message_id=f"web-{chat}", text="低保，县医院", place="anhui-bozhou")
    talk = started["conversation"]
    told = open_door.turn(message_id=f"code-{chat}", conversation=talk, text="换个地方接着说")["replies"][0]["text"]
    digits = told.partition("接着说 ")[2][:7]
    agree(open_api, chat)
    open_api.write(chat, f"接着说 {digits}")
    wait_for(open_api, chat, "接上了")
    open_door.turn(message_id=f"forget-{chat}", conversation=talk, action="forget")
    open_door.turn(message_id=f"again-{chat}", conversation=talk, text="特困", place="anhui-bozhou")
    after = newest(open_api, chat)
    open_api.write(chat, "县医院")
    wait_for(open_api, chat, NOTICE, after)
    open_api.write(chat, "不同意")
    wait_for(open_api, chat, "您的事我一样都没留下", after)
    assert open_door.turn(message_id=f"help-{chat}", conversation=talk, action="help")["summary"]["category"] == "extreme_poverty"


def test_digits_that_were_passed_on_carry_nothing(open_api: BotApi, open_door: Server, chat: int) -> None:
    """Whoever sends somebody digits to pass on to the bot does not read along from then on; typed, the same digits work."""
    talk = open_door.turn(message_id=f"theirs-{chat}", text="低保", place="anhui-bozhou")["conversation"]
    told = open_door.turn(message_id=f"code-{chat}", conversation=talk, text="换个地方接着说")["replies"][0]["text"]
    digits = told.partition("接着说 ")[2][:7]
    agree(open_api, chat)
    open_api.write(chat, f"接着说 {digits}", forward_origin=NEIGHBOUR)
    wait_for(open_api, chat, "转来的数字我不接")
    open_api.write(chat, f"接着说 {digits}")
    wait_for(open_api, chat, "接上了")


def test_the_newest_link_before_the_consent_counts(open_api: BotApi, chat: int) -> None:
    """Who opened another county's link first and then their own is asked nothing about the place, and it is their own."""
    open_api.write(chat, "/start henan-puyang")
    wait_for(open_api, chat, NOTICE)
    agree(open_api, chat, "/start anhui-bozhou")
    open_api.write(chat, "低保，县医院，两万")
    wait_for(open_api, chat, "大约能报 18,900 元")


def test_a_link_of_another_place_moves_the_talk_there(open_api: BotApi, chat: int) -> None:
    """Opened later, a county's link says that it is now about that county; one that names no place only greets."""
    agree(open_api, chat, "/start henan-puyang")
    after = newest(open_api, chat)
    open_api.write(chat, "/start anhui-bozhou")
    wait_for(open_api, chat, "好，改成在亳州参保", after)
    after = newest(open_api, chat)
    open_api.write(chat, "/start nowhere")
    wait_for(open_api, chat, "您好，我帮您估一估", after)
    open_api.write(chat, "低保，县医院，两万")
    wait_for(open_api, chat, "大约能报 18,900 元", after)
