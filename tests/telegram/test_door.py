"""The Telegram door over HTTP: the real library in a real server process against a stand-in for the Bot API."""

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.server import UNLIMITED, Server
from tests.talks import Talk, said, talks_at_doors
from tests.telegram.botapi import UNSUPPORTED, BotApi, Shown
from tests.told import told

TALKS = pytest.mark.parametrize("talk", talks_at_doors(), ids=lambda talk: talk.name)
MODES = pytest.mark.parametrize("mode", ["polling", "webhook"])
CHAT = 77
#: What is said to what cannot be read: each line says what to do.
KIND_LINES = {
    **dict.fromkeys(("voice", "audio"), "语音我还听不懂。请打字说"),
    **dict.fromkeys(("video", "video_note"), "视频我还看不懂。请打字说"),
    **dict.fromkeys(("location", "venue"), "位置我还看不懂，也没有存。在哪里参加的医保，请打字告诉我"),
    "contact": "电话名片我用不着，也没有存。请打字说",
    "document": "文件我还看不懂。请把单子上的合计打字告诉我",
    "photo": "照片我还看不懂。请把单子上的合计打字告诉我",
}


@pytest.fixture(scope="module", params=["polling", "webhook"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[BotApi, Server]]:
    """A Bot API and a server for all recorded talks, each in a chat of its own."""
    with BotApi() as api:
        for server in started(connected(api, tmp_path_factory.mktemp(request.param), request.param)):
            yield api, server


def connected(api: BotApi, folder: Path, mode: str = "polling", **more: str) -> Server:
    """A server, not started yet, that takes its updates in one of the two ways."""
    server = Server(
        folder, NENGBAO_TELEGRAM_TOKEN=api.token, NENGBAO_TELEGRAM_API=api.address, NENGBAO_TELEGRAM_RATE="1000", **UNLIMITED, **more
    )
    if mode == "webhook":
        server.settings["NENGBAO_TELEGRAM_WEBHOOK"] = f"{server.address}/telegram/hook"
    return server


def started(server: Server) -> Iterator[Server]:
    """The server while a test runs."""
    server.start()
    yield server
    server.stop()


def plain(text: str) -> str:
    """Words without spaces and line ends, which a door may set as it likes."""
    return re.sub(r"\s", "", text)


def heard(api: BotApi, chat: int, after: int = 0) -> str:
    """All words that came into a chat after a message."""
    return plain("".join(each.text for each in api.shown(chat) if each.message_id > after))


def newest(api: BotApi, chat: int) -> int:
    """The id of the newest message the bot wrote to a chat, 0 when there is none."""
    return max((each.message_id for each in api.shown(chat)), default=0)


def wait_for(api: BotApi, chat: int, words: str, after: int = 0, seconds: float = 20) -> None:
    """Wait until a chat shows these words."""
    api.wait(lambda: plain(words) in heard(api, chat, after), seconds)


def waiting(door: Server) -> int:
    """How many answers are still on their way."""
    return int(kept(door, "SELECT count(*) FROM parcels WHERE body IS NOT NULL")[0][0])


def kept(door: Server, query: str) -> list[tuple[Any, ...]]:
    """What stands in the store."""
    with sqlite3.connect(door.data_dir / "nengbao.sqlite3") as store:
        rows = store.execute(query).fetchall()
    store.close()
    return rows


def button(api: BotApi, chat: int, key: str) -> str:
    """The data of a button for a key, as it stands in the chat; the bare key when there is none."""
    data = [
        each["callback_data"] for message in api.shown(chat) for row in message.keyboard or () for each in row if "callback_data" in each
    ]
    return next((each for each in reversed(data) if each.removeprefix("?") == key), key)


def agree(api: BotApi, chat: int, start: str = "/start") -> None:
    """Begin a talk and agree to have it over Telegram."""
    api.write(chat, start)
    wait_for(api, chat, "Telegram 是国外的服务")
    after = newest(api, chat)
    api.press(chat, button(api, chat, "agreed=true"))
    wait_for(api, chat, "您好，我帮您估一估", after)


@TALKS
def test_recorded_talks_give_the_same_words_and_fen(served: tuple[BotApi, Server], talk: Talk) -> None:
    """Every reply of a recorded talk comes through Telegram with the words that HTTP gives, polled or delivered."""
    api, server = served
    chat = CHAT + 1 + [each.name for each in talks_at_doors()].index(talk.name)
    agree(api, chat, f"/start {talk.place}" if talk.place else "/start")
    place = {"place": talk.place} if talk.place else {}
    once = uuid4().hex
    answer = server.turn(message_id=f"{once}-0", action="start", **place)
    wait_for(api, chat, "".join(reply["text"] for reply in answer["replies"]))
    for number, turn in enumerate(talk.turns, start=1):
        after = newest(api, chat)
        answer = server.turn(message_id=f"{once}-{number}", conversation=answer["conversation"], **said(turn), **place)
        if "say" in turn:
            api.write(chat, turn["say"])
        else:
            api.press(chat, button(api, chat, turn["press"]))
        wanted = plain("".join(reply["text"] for reply in answer["replies"]))
        api.wait(lambda after=after, wanted=wanted: heard(api, chat, after) == wanted)


def test_nothing_is_asked_or_kept_before_the_person_agrees(api: BotApi, door: Server) -> None:
    """Until the button is pressed every message gets the notice; what was said before is not taken."""
    api.write(CHAT, "俺妈低保，县医院花了三万二")
    wait_for(api, CHAT, "您发的话会经过它")
    agree(api, CHAT)
    assert "哪里参加的居民医保" in heard(api, CHAT)
    assert b"subsistence_allowance" not in (door.data_dir / "nengbao.sqlite3").read_bytes()


def test_forget_erases_and_says_so(api: BotApi, door: Server) -> None:
    """/forget deletes answers and replies at once, says it, and asks for agreement again before anything else."""
    agree(api, CHAT)
    api.write(CHAT, "亳州特困，县医院花了两万")
    wait_for(api, CHAT, "大约能报")
    after = newest(api, CHAT)
    api.write(CHAT, "/forget")
    wait_for(api, CHAT, "您说过的都删掉了", after)
    with sqlite3.connect(door.data_dir / "nengbao.sqlite3") as store:
        assert "extreme_poverty" not in str(store.execute("SELECT state FROM conversations").fetchall())
    store.close()
    after = newest(api, CHAT)
    api.write(CHAT, "两万")
    wait_for(api, CHAT, "Telegram 是国外的服务", after)


def test_the_store_does_not_hold_the_number_of_a_chat(api: BotApi, door: Server) -> None:
    """Once an answer is delivered nothing in the file says whose it was."""
    chat = 1234509876
    agree(api, chat)
    api.wait(lambda: waiting(door) == 0)
    with sqlite3.connect(door.data_dir / "nengbao.sqlite3") as store:
        dump = "".join(store.iterdump())
    store.close()
    assert str(chat) not in dump


def test_an_estimate_comes_with_a_picture_and_a_bold_headline(api: BotApi, door: Server) -> None:
    """The estimate shows who pays what as PNG; its first line is bold; its buttons hang under the words."""
    agree(api, CHAT)
    after = newest(api, CHAT)
    api.write(CHAT, "亳州低保，县医院花了两万，没有自费")
    wait_for(api, CHAT, "以结算单为准", after)
    shown = [each for each in api.shown(CHAT) if each.message_id > after]
    assert shown[0].photo is not None
    assert shown[0].photo.startswith(b"\x89PNG")
    (bold,) = shown[0].entities
    assert shown[0].text[: bold["length"]] == "大约能报 18,900 元，自己掏 1,100 元。"
    assert shown[-1].keyboard


def test_an_answered_question_is_closed_in_place(api: BotApi, door: Server) -> None:
    """A question answered with a button loses its buttons and shows what was chosen; its old button still answers sensibly."""
    agree(api, CHAT)
    asked = next(each for each in api.shown(CHAT) if "哪里参加" in each.text)
    data = button(api, CHAT, "place=anhui-bozhou")
    api.press(CHAT, data, asked.message_id)
    wait_for(api, CHAT, "属于哪一种")
    closed = next(each for each in api.shown(CHAT) if each.message_id == asked.message_id)
    assert closed.text.endswith("您选了：亳州")
    assert not closed.keyboard
    after = newest(api, CHAT)
    api.press(CHAT, data, asked.message_id)
    wait_for(api, CHAT, "属于哪一种", after)
    api.wait(lambda: sum(call.method == "answerCallbackQuery" for call in api.calls) >= 3)


def test_markup_in_words_is_shown_as_typed(api: BotApi, door: Server) -> None:
    """HTML and Markdown in a person's words come back as they were written."""
    agree(api, CHAT, "/start anhui-bozhou")
    after = newest(api, CHAT)
    api.write(CHAT, "花了好几万<b>*_[x](y)")
    api.wait(lambda: "好几万" in heard(api, CHAT, after))
    assert not [call for call in api.calls if call.params.get("parse_mode")]


@pytest.mark.parametrize("kind", sorted(UNSUPPORTED))
def test_what_cannot_be_read_gets_a_kind_line_and_the_question(api: BotApi, door: Server, kind: str) -> None:
    """Stickers, voices, places and the like are answered, and the open question comes again."""
    agree(api, CHAT)
    after = newest(api, CHAT)
    api.send(CHAT, **UNSUPPORTED[kind])
    wait_for(api, CHAT, "哪里参加的居民医保", after)
    assert plain(KIND_LINES.get(kind, "这种消息我还看不懂。请打字说")) in heard(api, CHAT, after)


def test_words_under_a_picture_are_taken_and_the_picture_is_not_passed_over(api: BotApi, door: Server) -> None:
    """A photo of the bill with words under it: the words count, and the person is told that the picture cannot be read."""
    agree(api, CHAT, "/start anhui-bozhou")
    after = newest(api, CHAT)
    api.send(CHAT, **(UNSUPPORTED["photo"] | {"caption": "低保，县医院"}))
    wait_for(api, CHAT, "一共花了多少钱", after)
    assert "照片我还看不懂" in heard(api, CHAT, after)


def test_an_album_is_answered_once(api: BotApi, door: Server) -> None:
    """Four photos of a bill sent together, with words under the first: the words count, and one line says that pictures cannot be read."""
    agree(api, CHAT, "/start anhui-bozhou")
    after = newest(api, CHAT)
    album = UNSUPPORTED["photo"] | {"media_group_id": "13579"}
    for more in ({"caption": "低保，县医院"}, {}, {}, {}):
        api.send(CHAT, **(album | more))
    api.write(CHAT, "两万")
    wait_for(api, CHAT, "自己掏", after)
    assert heard(api, CHAT, after).count("照片我还看不懂") == 1


def test_a_forwarded_text_and_an_edited_one_count_as_said(api: BotApi, door: Server) -> None:
    """What a neighbour wrote and was passed on is understood; who edits a message of theirs corrects it."""
    agree(api, CHAT, "/start anhui-bozhou")
    after = newest(api, CHAT)
    api.write(CHAT, "低保，县医院，两万", forward_origin={"type": "hidden_user", "sender_user_name": "邻居", "date": 1})
    wait_for(api, CHAT, "大约能报 18,900 元", after)
    api.edit(CHAT, 10**6, "低保，县医院，三万")
    wait_for(api, CHAT, "三万", after)
    assert plain("总共花了 30,000 元") in heard(api, CHAT, after)


def test_lang_changes_the_language(api: BotApi, door: Server) -> None:
    """/lang offers both languages, and the talk goes on in the chosen one."""
    agree(api, CHAT, "/start anhui-bozhou")
    api.write(CHAT, "/lang")
    wait_for(api, CHAT, "用哪种话")
    after = newest(api, CHAT)
    api.press(CHAT, button(api, CHAT, "lang=en"))
    wait_for(api, CHAT, "English from now on", after)
    api.write(CHAT, "低保")
    wait_for(api, CHAT, "hospital", after)


def test_a_group_is_offered_the_private_chat(api: BotApi, door: Server) -> None:
    """In a group only who addresses the bot is answered, with a link to the private chat and nothing of a case."""
    group = -500
    api.write(group, "低保，县医院花了两万", kind="group")
    api.write(group, f"@{api.username} 低保花了两万能报多少", kind="group", mention=True)
    wait_for(api, group, "私下说")
    shown = api.shown(group)
    assert len(shown) == 1
    assert shown[0].keyboard == [[{"text": "私下说", "url": f"https://t.me/{api.username}?start=group"}]]


@pytest.mark.parametrize(
    "fault",
    [{"status": 429, "retry_after": 1}, {"status": 500}, {"status": 502}, {"dropped": True}],
    ids=["429", "500", "502", "dropped"],
)
def test_a_failing_send_is_tried_again_until_it_arrives(api: BotApi, door: Server, fault: dict[str, Any]) -> None:
    """After 429 with Retry-After, errors of Telegram and dropped connections the answer comes, once."""
    agree(api, CHAT, "/start anhui-bozhou")
    after = newest(api, CHAT)
    if fault.pop("dropped", False):
        api.drop("sendMessage", times=2)
    else:
        api.fault("sendMessage", times=2, **fault)
    api.write(CHAT, "低保")
    wait_for(api, CHAT, "在哪一级医院住院", after)
    assert heard(api, CHAT, after).count("在哪一级医院住院") == 1


def test_a_refused_picture_leaves_the_words(api: BotApi, door: Server) -> None:
    """Where no picture may be sent the estimate comes as text."""
    agree(api, CHAT)
    api.fault("sendPhoto", status=400)
    api.write(CHAT, "亳州低保，县医院花了两万")
    wait_for(api, CHAT, "大约能报18,900元")


@pytest.mark.parametrize("gone", ["block", "delete_chat"])
def test_a_person_who_left_holds_nobody_up(api: BotApi, door: Server, gone: str) -> None:
    """Answers for somebody who blocked the bot or deleted the chat are dropped; others are served."""
    agree(api, CHAT)
    getattr(api, gone)(CHAT)
    api.write(CHAT, "亳州")
    agree(api, 78)
    api.wait(lambda: waiting(door) == 0)


def test_an_unreachable_bot_api_leaves_the_web_alone(api: BotApi, door: Server) -> None:
    """While Telegram is away the web answers; when it is back the talk goes on with what was said meanwhile."""
    agree(api, CHAT, "/start anhui-bozhou")
    after = newest(api, CHAT)
    api.down()
    assert door.turn(message_id="web", text="低保", place="anhui-bozhou")["replies"]
    api.write(CHAT, "特困")
    api.up()
    wait_for(api, CHAT, "在哪一级医院住院", after)


def test_a_bad_token_is_one_clear_line_and_the_web_goes_on(api: BotApi, tmp_path: Path) -> None:
    """The line names the setting and not the token; nothing is tried more than now and then."""
    server = connected(api, tmp_path)
    server.settings["NENGBAO_TELEGRAM_TOKEN"] = "4242:WRONG-secret"
    log = tmp_path / "server.log"
    for running in started(server):
        api.wait(lambda: "口令不对" in log.read_text())
        assert running.get("/healthz")[0] == 200
    assert log.read_text().count("口令不对") == 1
    assert "WRONG-secret" not in log.read_text()


def test_a_delivery_without_the_secret_is_turned_away(api: BotApi, tmp_path: Path) -> None:
    """The webhook takes updates only with the secret that Telegram was told."""
    for server in started(connected(api, tmp_path, "webhook")):
        agree(api, CHAT)
        status, answer = server.post("/telegram/hook", {"update_id": 1})
        assert (status, answer["error"]["code"]) == (403, "forbidden")


def test_somebody_is_seen_writing_while_an_answer_takes_long(api: BotApi, door: Server) -> None:
    """While a message cannot be brought at once the person sees that it is being written."""
    agree(api, CHAT, "/start anhui-bozhou")
    api.fault("sendMessage", status=429, retry_after=1)
    api.write(CHAT, "低保")
    wait_for(api, CHAT, "在哪一级医院住院")
    assert [call.params["action"] for call in api.made("sendChatAction", CHAT)] == ["typing"]


def test_an_error_of_ours_is_answered_with_a_kind_line(api: BotApi, door: Server) -> None:
    """A talk that cannot be read back from the file gets a kind line; the log tells where, and nothing of the talk."""
    agree(api, CHAT, "/start anhui-bozhou")
    with sqlite3.connect(door.data_dir / "nengbao.sqlite3") as store:
        store.execute("UPDATE conversations SET state = CAST('{\"answers\": 5}' AS BLOB)")
    store.close()
    api.write(CHAT, "低保，县医院")
    wait_for(api, CHAT, "这里出了点问题")
    log = (door.data_dir / "server.log").read_text()
    assert "turn_failed" in log
    assert "Traceback" not in log
    assert "低保" not in log


def test_a_message_that_may_have_arrived_is_not_sent_twice(api: BotApi, door: Server) -> None:
    """Killed while a message was under way, the server asks instead of repeating; the button brings the answer."""
    agree(api, CHAT, "/start anhui-bozhou")
    api.write(CHAT, "低保，县医院")
    wait_for(api, CHAT, "一共花了多少钱")
    after = newest(api, CHAT)
    api.slow("sendPhoto", 2.0)
    api.write(CHAT, "23456元")
    api.wait(lambda: any(call.method == "sendPhoto" for call in api.calls))
    door.kill()
    api.slow("sendPhoto", 0.0)
    door.start()
    wait_for(api, CHAT, "没收到就点", after)
    assert len(_estimates(api, CHAT, 23456)) <= 1
    last = newest(api, CHAT)
    api.press(CHAT, button(api, CHAT, "action=repeat"))
    api.wait(lambda: bool([each for each in _estimates(api, CHAT, 23456) if each.message_id > last]))


def _estimates(api: BotApi, chat: int, total: int) -> list[Shown]:
    return [each for each in api.shown(chat) if f"总共花了 {total:,} 元" in each.text]


def test_an_update_that_cannot_be_read_does_not_hold_up_others(api: BotApi, door: Server) -> None:
    """Junk among the updates is passed over."""
    agree(api, CHAT, "/start anhui-bozhou")
    api.raw({"message": {"message_id": "x", "chat": {"id": CHAT}}})
    api.raw({"message": {"message_id": 5, "date": "yesterday", "chat": {"id": 6}}})
    after = newest(api, CHAT)
    api.write(CHAT, "低保")
    wait_for(api, CHAT, "在哪一级医院住院", after)


def test_no_answer_and_no_token_reaches_the_log(api: BotApi, door: Server) -> None:
    """The log of a talk holds no word of it, no chat and no token."""
    agree(api, 987654321)
    api.write(987654321, "亳州低保，县医院花了43210元")
    wait_for(api, 987654321, "大约能报")
    log = (door.data_dir / "server.log").read_text()
    assert told(("43210", "低保", "987654321", api.token, "TEST-token"), log) == []
