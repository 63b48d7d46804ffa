"""People who left, people who come back, and being told to be silent: nobody is held up, nothing is lost, nothing is sent twice."""

import time
from pathlib import Path

import pytest

from bot.telegram.pace import Silence
from tests.server import Server
from tests.telegram.botapi import BotApi
from tests.telegram.test_door import agree, connected, heard, kept, newest, plain, wait_for, waiting

GONE = {
    "blocked": {"status": 403, "description": "Forbidden: bot was blocked by the user"},
    "deactivated": {"status": 403, "description": "Forbidden: user is deactivated"},
    "never started": {"status": 403, "description": "Forbidden: bot can't initiate conversation with a user"},
    "not found": {"status": 400, "description": "Bad Request: chat not found"},
}


@pytest.mark.parametrize("why", GONE)
def test_what_cannot_reach_anybody_is_tried_once(open_api: BotApi, open_door: Server, chat: int, why: str) -> None:
    """Each answer for somebody who is gone gets one try and is forgotten, address and all."""
    agree(open_api, chat)
    before = len(open_api.made("sendMessage", chat))
    open_api.fault("sendMessage", chat=chat, times=10, **GONE[why])
    open_api.write(chat, "亳州")
    open_api.wait(lambda: len(open_api.made("sendMessage", chat)) == before + 1)
    open_api.wait(lambda: waiting(open_door) == 0)
    open_api.heal()
    open_api.write(chat, "低保")
    wait_for(open_api, chat, "在哪一级医院住院")
    assert len(open_api.made("sendMessage", chat)) == before + 2


def test_who_comes_back_goes_on_where_they_were(open_api: BotApi, chat: int) -> None:
    """Blocked and unblocked, the bot still knows what was said, answers what is said now, and does not repeat what was missed."""
    agree(open_api, chat, "/start anhui-bozhou")
    open_api.block(chat)
    open_api.write(chat, "低保")
    open_api.wait(lambda: [call for call in open_api.made("sendMessage", chat) if call.status == 403])
    open_api.unblock(chat)
    after = newest(open_api, chat)
    open_api.write(chat, "县医院")
    wait_for(open_api, chat, "一共花了多少钱", after)
    assert plain("在哪一级医院住院") not in heard(open_api, chat, after)


def test_a_late_word_that_somebody_left_takes_no_answer_from_who_is_back(open_api: BotApi, open_door: Server, chat: int) -> None:
    """The update that says that the bot was blocked may come again after the person is back: their answer still arrives."""
    agree(open_api, chat, "/start anhui-bozhou")
    open_api.fault("sendMessage", 429, retry_after=1, chat=chat)
    open_api.write(chat, "低保")
    open_api.wait(lambda: [call for call in open_api.made("sendMessage", chat) if call.status == 429])
    user = {"id": 4242, "is_bot": True, "first_name": "能报多少"}
    left = {"old_chat_member": {"user": user, "status": "member"}, "new_chat_member": {"user": user, "status": "kicked", "until_date": 0}}
    person = {"id": chat, "is_bot": False, "first_name": "Person"}
    open_api.raw({"my_chat_member": {"chat": {"id": chat, "type": "private"}, "from": person, "date": 1, **left}})
    wait_for(open_api, chat, "在哪一级医院住院")


def test_one_chat_is_silent_and_the_others_are_not() -> None:
    """A 429 of one chat, or of several groups, stops nobody else; of three private chats at once it stops everybody until it is over."""
    now = 100.0
    silence = Silence(lambda: now)
    silence.told(1, 5)
    silence.told(2, 5)
    for group in (-1, -2, -3):
        silence.told(group, 40)
    assert (silence.left(1), silence.left(-1), silence.left(3), silence.left(None)) == (5, 40, 0, 0)
    silence.told(3, 4)
    assert (silence.left(1), silence.left(4), silence.left(None)) == (5, 4, 4)
    now = 105.0
    assert (silence.left(1), silence.left(-1), silence.left(4)) == (0, 35, 0)
    silence.told(1, 5)
    silence.told(2, 5)
    assert silence.left(4) == 0


def test_a_chat_that_must_wait_holds_up_no_other(open_api: BotApi, chat: int) -> None:
    """One is told to wait for ten minutes; another is answered meanwhile."""
    other = chat + 100_000
    agree(open_api, chat, "/start anhui-bozhou")
    open_api.fault("sendMessage", 429, retry_after=600, chat=chat)
    open_api.write(chat, "低保")
    open_api.wait(lambda: [call for call in open_api.made("sendMessage", chat) if call.status == 429])
    agree(open_api, other, "/start anhui-bozhou")
    assert plain("在哪一级医院住院") not in heard(open_api, chat)


def test_a_silence_of_the_whole_bot_is_kept_and_loses_nothing_over_a_kill(api: BotApi, tmp_path: Path) -> None:
    """Told to be silent, the bot stops sending to all; killed meanwhile and started again it answers everybody once and doubts nothing."""
    people = range(100, 140)
    door = connected(api, tmp_path)
    door.settings["NENGBAO_TELEGRAM_RATE"] = "10"
    api.limit(rate=0, pause=60)
    for chat in people:
        api.write(chat, "在吗")
    door.start()
    api.wait(lambda: sum(call.status == 429 for call in api.made("sendMessage")) >= 3, 20)
    api.wait(lambda: not api.pending and waiting(door) == len(people), 20)
    time.sleep(2.5)  # in which without a common silence twenty-five more would be tried
    api.wait(lambda: kept(door, "SELECT count(*) FROM parcels WHERE begun = 1") == [(0,)])
    door.kill()
    # Ten may be under way when the first refusals come.
    assert len(api.made("sendMessage")) <= 20
    api.heal()
    door.start()
    for chat in people:
        wait_for(api, chat, "国外的服务", seconds=60)
    api.wait(lambda: waiting(door) == 0)
    door.stop()
    assert {chat: len(api.shown(chat)) for chat in people} == dict.fromkeys(people, 1)
