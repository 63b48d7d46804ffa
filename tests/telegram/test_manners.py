"""Texts that were not plainly written, languages, menus, and the file of everything that is kept."""

import json
from typing import Any

import pytest

from tests.server import Server
from tests.telegram.botapi import BOT_ID, UNSUPPORTED, BotApi
from tests.telegram.test_door import agree, button, heard, kept, newest, plain, wait_for, waiting

NEIGHBOUR: dict[str, Any] = {"type": "user", "sender_user": {"id": 8, "is_bot": False, "first_name": "邻居"}, "date": 1}
COMMANDS = ["start", "new", "back", "why", "help", "data", "forget", "lang"]


def settled(api: BotApi, chat: int) -> None:
    """A talk in Bozhou up to its estimate."""
    agree(api, chat, "/start anhui-bozhou")
    api.write(chat, "低保，县医院花了两万")
    wait_for(api, chat, "大约能报 18,900 元")


def test_an_edited_message_is_taken_and_told(open_api: BotApi, chat: int) -> None:
    """Who corrects an earlier message hears that the new words count; the estimate follows them."""
    settled(open_api, chat)
    after = newest(open_api, chat)
    open_api.edit(chat, 10**6, "低保，县医院，三万")
    wait_for(open_api, chat, "您改了前面的话，我照改过的算", after)
    wait_for(open_api, chat, "总共花了 30,000 元", after)


@pytest.mark.parametrize("wish", ["忘掉我", "重来", "/forget", "返回", "我的数据"])
def test_wishes_in_edited_and_forwarded_texts_are_not_obeyed(open_api: BotApi, chat: int, wish: str) -> None:
    """A neighbour's 忘掉我 that was passed on deletes nothing, nor does an old message that was changed; both are told kindly."""
    settled(open_api, chat)
    after = newest(open_api, chat)
    open_api.write(chat, wish, forward_origin=NEIGHBOUR)
    wait_for(open_api, chat, "这是转来的话，我没有照做", after)
    open_api.edit(chat, 10**6, wish)
    wait_for(open_api, chat, "请您再发一次", after)
    open_api.write(chat, "自费两千")
    wait_for(open_api, chat, "总共花了 20,000 元", after)


def test_a_forwarded_text_counts_and_says_how_to_undo_it(open_api: BotApi, chat: int) -> None:
    """What a neighbour wrote is taken as the case, with a line that says so, and 返回 takes it back."""
    agree(open_api, chat, "/start anhui-bozhou")
    open_api.write(chat, "低保，县医院，两万", forward_origin=NEIGHBOUR)
    wait_for(open_api, chat, "您转来的话，我当成您要算的这个人。不是的话，说“返回”")
    wait_for(open_api, chat, "大约能报 18,900 元")
    after = newest(open_api, chat)
    open_api.write(chat, "返回")
    wait_for(open_api, chat, "属于哪一种", after)


def test_a_forwarded_text_without_facts_gets_no_such_line(open_api: BotApi, chat: int) -> None:
    """Where nothing was taken nothing has to be undone."""
    agree(open_api, chat, "/start anhui-bozhou")
    after = newest(open_api, chat)
    open_api.write(chat, "今天天气真好", forward_origin=NEIGHBOUR)
    wait_for(open_api, chat, "属于哪一种", after)
    assert "转来" not in heard(open_api, chat, after)


def test_the_bots_own_words_passed_back_change_nothing(open_api: BotApi, chat: int) -> None:
    """An estimate forwarded to the bot itself is not read as a case; the talk is said again where it stands."""
    settled(open_api, chat)
    after = newest(open_api, chat)
    bot = {"id": BOT_ID, "is_bot": True, "first_name": "能报"}
    open_api.write(chat, "大约能报 90,000 元。总共花了 99,000 元", forward_origin={"type": "user", "sender_user": bot, "date": 1})
    wait_for(open_api, chat, "大约能报 18,900 元", after)
    assert plain("99,000") not in heard(open_api, chat, after)


@pytest.mark.parametrize("worded", [0, 1, 3])
def test_words_under_any_picture_of_an_album_are_taken(open_api: BotApi, chat: int, worded: int) -> None:
    """Whichever of four pictures has the words, they count, and one line says that pictures cannot be read."""
    agree(open_api, chat, "/start anhui-bozhou")
    after = newest(open_api, chat)
    for number in range(4):
        words = {"caption": "低保，县医院"} if number == worded else {}
        open_api.send(chat, photo=UNSUPPORTED["photo"]["photo"], media_group_id=f"album {chat}", **words)
    open_api.write(chat, "两万")
    wait_for(open_api, chat, "大约能报 18,900 元", after)
    assert heard(open_api, chat, after).count("照片我还看不懂") == 1


def test_everything_kept_comes_as_a_file(open_api: BotApi, chat: int) -> None:
    """我的数据 and /data send a JSON file with the answers and all replies, this one too, but not the key that opens the talk."""
    settled(open_api, chat)
    after = newest(open_api, chat)
    open_api.write(chat, "我的数据")
    open_api.wait(lambda: any(each.document for each in open_api.shown(chat)))
    (sent,) = [each for each in open_api.shown(chat) if each.message_id > after and each.document]
    assert sent.file_name == "nengbao.json"
    assert "说“忘掉我”就全删掉" in sent.text
    assert sent.document is not None
    held = json.loads(sent.document)
    assert {each["slot"]: each["value"] for each in held["answers"]}["category"] == "subsistence_allowance"
    assert held["turns"][-1]["replies"][0]["text"] == sent.text
    assert f"telegram-{''}".encode() not in sent.document
    after = newest(open_api, chat)
    open_api.write(chat, "/data")
    open_api.wait(lambda: [each for each in open_api.shown(chat) if each.message_id > after and each.document])


def test_a_refused_file_leaves_the_words(open_api: BotApi, chat: int) -> None:
    """Where no file may be sent it is still said what is kept."""
    agree(open_api, chat)
    open_api.fault("sendDocument", status=400, chat=chat)
    after = newest(open_api, chat)
    open_api.write(chat, "我的数据")
    wait_for(open_api, chat, "这段谈话里存着您的", after)


def test_the_file_arrives_once_over_a_crash(api: BotApi, door: Server) -> None:
    """Killed before the file could be sent, the server sends it after the start, once, and doubts nothing."""
    agree(api, 7)
    api.fault("sendDocument", status=429, retry_after=2, times=1)
    api.write(7, "我的数据")
    api.wait(lambda: [call for call in api.made("sendDocument") if call.status == 429])
    api.write(7, "亳州")
    api.wait(lambda: waiting(door) == 2 and kept(door, "SELECT count(*) FROM parcels WHERE begun = 1") == [(0,)])
    door.kill()
    door.start()
    wait_for(api, 7, "属于哪一种")
    assert len([each for each in api.shown(7) if each.document]) == 1
    assert "没收到就点" not in heard(api, 7)


@pytest.mark.parametrize(
    ("language", "notice"),
    [
        ("zh-hans", "Telegram 是国外的服务"),
        ("zh-hant", "Telegram 是國外的服務"),
        ("zh-TW", "Telegram 是國外的服務"),
        ("zh-hk", "Telegram 是國外的服務"),
        ("en-GB", "Telegram is a foreign service"),
        ("ug", "Telegram 是国外的服务"),
    ],
)
def test_people_are_spoken_to_as_their_telegram_is_set(open_api: BotApi, chat: int, language: str, notice: str) -> None:
    """Simplified, traditional or English from the first word on; Chinese for all others."""
    open_api.speaks(chat, language)
    open_api.write(chat, "/start")
    wait_for(open_api, chat, notice)


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("说英文", "I will speak English from now on"),
        ("English", "I will speak English from now on"),
        ("/lang en", "I will speak English from now on"),
        ("/lang zh-TW", "好，以後說中文"),
        ("繁體", "好，以後說中文"),
    ],
)
def test_the_language_can_be_asked_for_in_words(open_api: BotApi, chat: int, asked: str, answer: str) -> None:
    """By its name or behind /lang; the talk goes on in it, whatever the person's Telegram is set to."""
    agree(open_api, chat, "/start anhui-bozhou")
    after = newest(open_api, chat)
    open_api.write(chat, asked)
    wait_for(open_api, chat, answer, after)


@pytest.mark.parametrize("words", ["/lang", "换语言", "language"])
def test_the_language_is_offered(open_api: BotApi, chat: int, words: str) -> None:
    """All of ours, before the consent as well, and the notice comes in the one that is chosen."""
    open_api.write(chat, words)
    wait_for(open_api, chat, "用哪种话")
    open_api.press(chat, button(open_api, chat, "lang=en"))
    wait_for(open_api, chat, "Telegram is a foreign service")


def test_the_menus_of_commands(api: BotApi, door: Server) -> None:
    """In private all commands, in groups only the way to the private chat; for readers of Chinese, of English, and for all others."""
    api.wait(lambda: len(api.descriptions) == 3)
    private, groups = api.commands_for(type="all_private_chats"), api.commands_for(type="all_group_chats")
    assert {code: [each["command"] for each in menu] for code, menu in private.items()} == dict.fromkeys(("", "zh", "en"), COMMANDS)
    assert {code: menu[0]["description"] for code, menu in groups.items()} == {
        "": "私下问能报多少",
        "zh": "私下问能报多少",
        "en": "Ask in private",
    }
    assert {code: menu[1]["description"] for code, menu in private.items()} == {
        "": "重新算一次",
        "zh": "重新算一次",
        "en": "A new estimate",
    }


def test_the_menu_of_a_chat_follows_the_language_of_its_talk(open_api: BotApi, chat: int) -> None:
    """Telegram has one menu for all who read Chinese; who reads traditional characters, or asks for English, gets their own."""

    def menu() -> str:
        return str(open_api.commands_for(type="chat", chat_id=chat).get("", [{}, {"description": ""}])[1]["description"])

    open_api.write(chat, "/start")
    wait_for(open_api, chat, "国外的服务")
    open_api.speaks(chat, "zh-hant")
    open_api.write(chat, "/start")
    wait_for(open_api, chat, "國外的服務")
    open_api.wait(menu)
    assert open_api.commands_for(type="chat", chat_id=chat)[""][0]["description"] == "開始"
    open_api.press(chat, "lang=en", 999_999)
    open_api.wait(lambda: menu() == "A new estimate")
    open_api.write(chat, "/start")
    wait_for(open_api, chat, "foreign service")
    assert menu() == "A new estimate"


def test_refused_menus_do_not_keep_anybody_waiting(api: BotApi, door: Server) -> None:
    """While Telegram takes no menus for a long time the talk goes on."""
    door.stop()
    api.fault("setMyCommands", status=429, retry_after=600, times=99)
    door.start()
    agree(api, 7)
