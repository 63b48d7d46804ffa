"""Groups: the bot speaks only when it is spoken to, never of a case, and leads to the private chat."""

from typing import Any

import pytest

from tests.server import Server
from tests.telegram.botapi import BOT_ID, UNSUPPORTED, BotApi
from tests.telegram.test_door import agree, heard, newest, plain, wait_for

ANONYMOUS = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
PRIVATE = plain("这里人多，家里的事我们私下说。点下面的按钮找我。")
_NUMBERS = iter(range(-1000, -2000, -1))
_SUPER = iter(range(-1_000_000_000_100, -1_000_000_001_100, -1))


@pytest.fixture
def group(open_door: Server) -> int:
    """A group that nobody else uses."""
    return next(_NUMBERS)


@pytest.fixture
def supergroup(open_door: Server) -> int:
    """A supergroup that nobody else uses."""
    return next(_SUPER)


def settled(api: BotApi, chat: int) -> None:
    """Wait until what was written before is dealt with: updates are taken in order, and a private chat is answered after them."""
    api.write(chat, "在吗")
    wait_for(api, chat, "国外的服务")
    api.wait(lambda: not api.pending)


ADDRESSED: dict[str, dict[str, Any]] = {
    "mention": {"text": "低保花了两万能报多少", "mention": True},
    "command": {"text": "/why@nengbao_test_bot"},
    "reply": {"text": "低保，两万", "reply_to_bot": True},
    "anonymous": {"text": "低保，两万", "mention": True, "from": ANONYMOUS},
}


@pytest.mark.parametrize("how", ADDRESSED)
def test_who_addresses_the_bot_is_led_to_the_private_chat(open_api: BotApi, group: int, how: str) -> None:
    """By name, by a command with its name, in reply to it, or as an anonymous admin: one reply to that message, with a link."""
    said = dict(ADDRESSED[how])
    if "from" in said:
        said["sender_chat"] = {"id": group, "type": "group", "title": "村里"}
    open_api.meet(group, "group")
    before = newest(open_api, group)
    update = open_api.write(group, said.pop("text"), kind="group", **said)
    open_api.wait(lambda: [each.text for each in open_api.shown(group) if plain(each.text) == PRIVATE])
    (shown,) = [each for each in open_api.shown(group) if each.message_id > before and each.text != "你好"]
    assert shown.keyboard == [[{"text": "私下说", "url": f"https://t.me/{open_api.username}?start=group"}]]
    assert shown.reply_to == open_api.update(update)["message"]["message_id"]


UNADDRESSED: dict[str, dict[str, Any]] = {
    "talk": {"text": "低保，县医院花了两万"},
    "bare command": {"text": "/start"},
    "another bot's command": {"text": "/start@other_bot"},
    "another's name": {"text": "@nengbao_test_bot2 两万"},
    "other bot": {"text": "两万", "mention": True, "from": ANONYMOUS | {"id": 99, "username": "other_bot"}},
    "channel": {
        "text": "两万",
        "mention": True,
        "is_automatic_forward": True,
        "sender_chat": {"id": -1007, "type": "channel"},
    },
}


def test_talk_of_others_is_not_answered(open_api: BotApi, group: int, chat: int) -> None:
    """What is not meant for the bot stays without an answer, also from other bots, so that no two talk to each other for ever."""
    for said in UNADDRESSED.values():
        open_api.write(group, kind="supergroup", **said)
    open_api.send(group, kind="supergroup", **UNSUPPORTED["sticker"])
    open_api.send(group, kind="supergroup", new_chat_members=[{"id": BOT_ID, "is_bot": True, "first_name": "能报"}])
    settled(open_api, chat)
    assert open_api.shown(group) == []


def test_a_message_changed_in_a_group_is_answered_once(open_api: BotApi, group: int, chat: int) -> None:
    """Who mentions the bot and then corrects their spelling does not get a second invitation."""
    update = open_api.write(group, "两晚", kind="group", mention=True)
    wait_for(open_api, group, PRIVATE)
    message = open_api.update(update)["message"]
    marks = [{"type": "mention", "offset": 0, "length": len(open_api.username) + 1}]
    for text in ("两万", "三万"):
        open_api.raw({"edited_message": message | {"text": f"@{open_api.username} {text}", "entities": marks, "edit_date": 1}})
    settled(open_api, chat)
    assert len(open_api.shown(group)) == 1


def test_the_link_carries_the_place_that_was_asked_for(open_api: BotApi, group: int) -> None:
    """A county's link that puts the bot into a group arrives there as /start with the place; so does the private chat's link."""
    open_api.write(group, f"/start@{open_api.username} anhui-bozhou", kind="group")
    wait_for(open_api, group, PRIVATE)
    assert open_api.shown(group)[0].keyboard[0][0]["url"] == f"https://t.me/{open_api.username}?start=anhui-bozhou"
    open_api.write(group, f"/start@{open_api.username} 俺妈低保，花了两万", kind="group")
    open_api.wait(lambda: len(open_api.shown(group)) == 2)
    assert open_api.shown(group)[1].keyboard[0][0]["url"] == f"https://t.me/{open_api.username}?start=group"


def test_the_invitation_stays_in_its_topic(open_api: BotApi, supergroup: int) -> None:
    """In a group with topics the answer stands where the question was; a mere thread of replies is no topic."""
    open_api.write(supergroup, "能报多少", mention=True, message_thread_id=12, is_topic_message=True)
    wait_for(open_api, supergroup, PRIVATE)
    open_api.write(supergroup, "能报多少", mention=True, message_thread_id=13)
    open_api.wait(lambda: len(open_api.shown(supergroup)) == 2)
    assert [each.topic for each in open_api.shown(supergroup)] == [12, None]


def test_a_group_that_became_a_supergroup_gets_its_answer_there(open_api: BotApi, group: int, supergroup: int) -> None:
    """What was on its way to the old number arrives at the new one."""
    open_api.meet(group, "group")
    open_api.fault("sendMessage", 429, retry_after=1, chat=group)
    open_api.write(group, "能报多少", kind="group", mention=True)
    open_api.wait(lambda: open_api.made("sendMessage", group))
    open_api.migrate(group, supergroup)
    wait_for(open_api, supergroup, PRIVATE)
    assert open_api.shown(group) == []


def test_a_button_tapped_in_a_group_leads_away_and_says_nothing_there(open_api: BotApi, group: int, chat: int) -> None:
    """The private chat opens for the one who tapped; the group sees nothing of it, and the talk of that person takes nothing from it."""
    open_api.meet(group, "group")
    opened = len(open_api.opened)
    open_api.press(group, "?category=subsistence_allowance", 999, person=chat)
    open_api.wait(lambda: len(open_api.opened) > opened)
    assert open_api.opened[-1] == f"https://t.me/{open_api.username}?start=group"
    assert open_api.shown(group) == []
    assert open_api.shown(chat) == []


def test_channels_are_none_of_our_business(open_api: BotApi, supergroup: int, chat: int) -> None:
    """Posts in a channel are not asked for, and not answered when they come anyway."""
    post = {"message_id": 5, "date": 1, "chat": {"id": supergroup, "type": "channel", "title": "公告"}, "text": f"@{open_api.username}"}
    open_api.raw({"channel_post": post})
    open_api.raw({"edited_channel_post": post | {"edit_date": 2}})
    settled(open_api, chat)
    assert open_api.shown(supergroup) == []


def test_nobodys_case_is_told_in_a_group(open_api: BotApi, group: int, chat: int) -> None:
    """Whoever has an estimate in private and asks about it before others gets the invitation and not one word of the case."""
    agree(open_api, chat, "/start anhui-bozhou")
    open_api.write(chat, "低保，县医院花了两万")
    wait_for(open_api, chat, "大约能报")
    for words in ("为什么", f"/why@{open_api.username}", "我的数据", "低保"):
        open_api.write(group, words, kind="group", person=chat, mention=True)
    open_api.wait(lambda: len(open_api.shown(group)) == 4)
    assert {plain(each.text) for each in open_api.shown(group)} == {PRIVATE}
    assert [call for call in open_api.calls if call.chat == group and call.method not in ("sendMessage", "sendChatAction")] == []


def test_out_of_the_group_the_talk_begins_in_private(open_api: BotApi, chat: int) -> None:
    """The link's word is no place; it opens the notice, and after it the first question."""
    agree(open_api, chat, "/start group")
    assert "哪里参加的居民医保" in heard(open_api, chat)
