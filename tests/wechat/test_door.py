"""The WeChat door over HTTP: a real server process, and deliveries as WeChat makes them."""

import re
import sqlite3
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest
from wechatpy.crypto import WeChatCrypto

from tests.server import NENGBAO, Server, environment
from tests.talks import Talk, said, talks_at_doors
from tests.told import told
from tests.wechat.official import (
    ACCOUNT,
    APPID,
    CHOICES,
    KEY,
    LONG,
    MORE,
    PERSON,
    PLAIN,
    SAFE,
    TOKEN,
    Account,
    letter,
    new_id,
    plain,
    query,
    signed,
)
from tests.wechat.test_sealing import HOSTILE

TALKS = pytest.mark.parametrize("talk", talks_at_doors(), ids=lambda talk: talk.name)
SLOW = "正在算。"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for everything that needs none of its own."""
    yield from started(tmp_path_factory.mktemp("wechat"), **PLAIN)


@pytest.fixture
def account(served: Server) -> Account:
    """A person nobody has met yet, who writes to it."""
    return Account(served, f"o{uuid4().hex[:27]}")


def started(folder: Path, **settings: str) -> Iterator[Server]:
    """A server while a test runs."""
    server = Server(folder, **settings)
    server.start()
    yield server
    assert server.stop() == 0


def turns(server: Server) -> list[str]:
    """The ids of all messages that were kept, in order."""
    with sqlite3.connect(server.data_dir / "nengbao.sqlite3") as store:
        kept = [message for (message,) in store.execute("SELECT message FROM turns ORDER BY id")]
    store.close()
    return kept


def wait_kept(server: Server, message: str, seconds: float = 10) -> None:
    """Wait until a message's turn is on disk."""
    deadline = time.monotonic() + seconds
    while message not in turns(server):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def listed(answer: dict) -> str:
    """An answer of HTTP in the words of WeChat: what is said, then the choices with their numbers."""
    choices = [choice["label"] for reply in answer["replies"] for choice in reply["choices"]]
    words = [*(reply["text"] for reply in answer["replies"]), *([CHOICES] if choices else [])]
    return plain("".join([*words, *(f"{number}{label}" for number, label in enumerate(choices, 1))]))


@TALKS
def test_recorded_talks_give_the_same_words_and_fen(served: Server, account: Account, talk: Talk) -> None:
    """Every reply of a recorded talk has in WeChat the words that HTTP gives, and the number of a choice presses it."""
    place = {"place": talk.place} if talk.place else {}
    once = uuid4().hex
    answer = served.turn(message_id=f"{once}-0", action="start", **place)
    heard = account.whole(account.event("subscribe", f"qrscene_{talk.place}" if talk.place else ""))
    assert plain(heard) == listed(answer)
    for number, turn in enumerate(talk.turns, start=1):
        keys = [choice["key"] for reply in answer["replies"] for choice in reply["choices"]]
        if "press" in turn and turn["press"] not in keys:
            # A choice that is not on the screen has no number; the talk is compared up to here.
            break
        answer = served.turn(message_id=f"{once}-{number}", conversation=answer["conversation"], **said(turn), **place)
        heard = account.whole(account.say(turn["say"] if "say" in turn else str(keys.index(turn["press"]) + 1)))
        assert plain(heard) == listed(answer)


def test_the_address_proves_itself(served: Server) -> None:
    """WeChat's question with a right signature is answered with its own words as plain text, another one with 403."""
    assert served.get(f"/wechat?{query(echostr='5837397576500011341')}") == (200, "5837397576500011341")
    for wrong in (query("another token", echostr="1"), "echostr=1", "signature=&timestamp=&nonce=&echostr=1"):
        status, answer = served.get(f"/wechat?{wrong}")
        assert (status, answer["error"]["code"]) == (403, "forbidden")


def test_a_delivery_without_the_signature_is_turned_away(account: Account) -> None:
    """Only who knows the token brings messages; nothing of others is kept."""
    message = new_id()
    status, _ = account.deliver(letter(MsgType="text", Content="低保", MsgId=message), token="another token")
    assert status == 403
    assert message not in turns(account.server)


def test_four_numbers_and_an_amount_lead_to_the_estimate(account: Account) -> None:
    """Choices by number, the total as a bare number; under the total nothing can be chosen, so 20000 is an amount."""
    places = re.findall(r"(\d) (\S+)\n", account.event("subscribe"))
    assert "属于哪一种" in account.say({name: number for number, name in places}["亳州"])
    assert "在哪一级医院" in account.say("第二个。")
    assert "一共花了多少钱" in account.say("２")
    assert "大约能报 18,900 元，自己掏 1,100 元" in account.say("20000")


def test_a_number_beyond_the_choices_is_an_amount(account: Account) -> None:
    """Under the question for the self-funded part 1 chooses and 2600 is 2,600 yuan."""
    account.event("subscribe", "qrscene_anhui-bozhou")
    account.whole(account.say("低保，县医院花了两万"))
    asked = account.event("CLICK", "ask=self_funded")
    assert f"{CHOICES}\n1 " in asked
    assert "自己掏 3,570 元" in account.whole(account.say("2600"))
    account.event("CLICK", "ask=self_funded", CreateTime="1")
    assert "自己掏 1,100 元" in account.whole(account.say("1"))


def test_numbers_of_an_earlier_answer_press_nothing(account: Account) -> None:
    """Only the answer that was shown last can be chosen from: under the total, which has no choices, 2 is no hospital any more."""
    account.event("subscribe", "qrscene_anhui-bozhou")
    account.say("低保")
    assert "一共花了多少钱" in account.say("2")
    assert "“2”我怕听错" in account.say("2")


def test_what_a_voice_says_is_taken(account: Account) -> None:
    """WeChat's recognition of a voice counts as if it had been typed."""
    said = account.send(MsgType="voice", MediaId="m", Format="amr", Recognition="亳州低保，县医院花了两万。", MsgId=new_id())
    assert "自己掏 1,100 元" in said


UNREAD = {
    "image": {"PicUrl": "http://mmbiz.qpic.cn/x", "MediaId": "m"},
    "voice": {"MediaId": "m", "Format": "amr", "Recognition": ""},
    "video": {"MediaId": "m", "ThumbMediaId": "t"},
    "shortvideo": {"MediaId": "m", "ThumbMediaId": "t"},
    "location": {"Location_X": "23.134", "Location_Y": "113.358", "Scale": "20", "Label": "亳州"},
    "link": {"Title": "t", "Description": "d", "Url": "http://example.cn"},
    "something new": {},
}


@pytest.mark.parametrize("kind", UNREAD)
def test_what_cannot_be_read_gets_a_kind_line_and_the_question(account: Account, kind: str) -> None:
    """Pictures, voices without words, places and the like are answered, and the open question comes again."""
    account.event("subscribe")
    heard = account.send(MsgType=kind.replace(" ", "_"), MsgId=new_id(), **UNREAD[kind])
    assert re.search("看不懂|听不懂", heard)
    assert "哪里参加的居民医保" in heard


def test_a_code_of_a_county_opens_the_talk_with_its_place(account: Account) -> None:
    """The scene of a QR code may be a place, for those who subscribe with it and for those who did before; another scene means nothing."""
    assert "属于哪一种" in account.event("subscribe", "qrscene_anhui-bozhou", Ticket="t")
    other = Account(account.server, f"{account.person}x")
    assert "哪里参加的居民医保" in other.event("subscribe", "qrscene_123", Ticket="t")
    assert "属于哪一种" in other.event("SCAN", "henan-puyang", Ticket="u")


def test_the_keys_of_the_menu_are_actions(account: Account) -> None:
    """Back, restart, why, help, forget and the rest do in the menu what they do elsewhere; a key that means nothing is told so."""
    account.event("subscribe", "qrscene_anhui-bozhou")
    account.whole(account.say("低保，县医院花了两万"))
    words = {
        "why": "这笔账是这样算的",
        "help": "您可以",
        "back": "退回一步",
        "restart": "重新来",
        "premium": "再问我交多少",
        "documents": "带",
        "human": "12393",
        "lang": "English",
        "forget": "都删掉了",
        "nonsense": "现在用不上了",
    }
    for key, heard in words.items():
        assert heard in account.whole(account.event("CLICK", key)), key


@pytest.mark.parametrize("event", ["unsubscribe", "VIEW", "LOCATION", "TEMPLATESENDJOBFINISH", ""])
def test_other_events_are_answered_with_nothing(account: Account, event: str) -> None:
    """Who leaves, or opens a page of the menu, is not spoken to, and nothing is kept."""
    before = len(turns(account.server))
    assert account.event(event, "x") == ""
    assert len(turns(account.server)) == before


def test_a_message_that_comes_again_is_answered_the_same_and_kept_once(account: Account) -> None:
    """The same MsgId gives the same words, also after others came between, and is one turn."""
    message = new_id()
    first = account.say("亳州低保，县医院花了两万", message)
    assert account.say("亳州低保，县医院花了两万", message) == first
    account.whole(account.say("她是特困"))
    assert account.say("亳州低保，县医院花了两万", message) == first
    assert turns(account.server).count(message) == 1


def test_an_event_that_comes_again_is_answered_the_same_and_kept_once(account: Account) -> None:
    """Events have no MsgId: who did what in which second says which one it is."""
    at = str(int(time.time()))
    before = len(turns(account.server))
    heard = [account.event("CLICK", "help", CreateTime=at) for _ in range(3)]
    assert heard == heard[:1] * 3
    account.event("CLICK", "back", CreateTime=at)
    assert len(turns(account.server)) == before + 2


def test_three_deliveries_at_once_are_one_turn(account: Account) -> None:
    """A retry that overtakes the first delivery plays nothing twice."""
    message = new_id()
    with ThreadPoolExecutor(3) as pool:
        heard = set(pool.map(lambda _: account.say("亳州低保，县医院", message), range(3)))
    assert len(heard) == 1
    assert turns(account.server).count(message) == 1


def test_a_long_answer_comes_in_parts_that_are_the_whole(account: Account) -> None:
    """Each part has at most 2048 bytes and but the last tells how to get the next; a part that is delivered again is the same part."""
    account.event("subscribe", "qrscene_henan-puyang")
    account.whole(account.say(LONG))
    parts = [account.event("CLICK", "why")]
    early = ""
    while parts[-1].endswith(MORE):
        message = new_id()
        early = early or message
        parts.append(account.say("更多", message))
        assert account.say("更多", message) == parts[-1]
    assert account.say("更多", early) == parts[1]
    assert len(parts) > 2
    assert all(len(part.encode()) <= 2048 for part in parts)
    server, once = account.server, uuid4().hex
    answer = server.turn(message_id=f"{once}-0", text=LONG, place="henan-puyang")
    answer = server.turn(message_id=f"{once}-1", conversation=answer["conversation"], action="why")
    assert plain("".join(part.removesuffix(MORE) for part in parts)) == listed(answer)


def test_what_was_erased_is_not_told_again(account: Account) -> None:
    """After 忘掉我 a retry of an earlier message is answered with nothing, and more of it with nothing of it."""
    message = new_id()
    account.say("亳州低保，县医院花了43210元", message)
    assert "都删掉了" in account.say("忘掉我")
    assert account.say("亳州低保，县医院花了43210元", message) == ""
    assert "43,210" not in account.say("0")


def test_sealed_messages_are_opened_and_answered_sealed(tmp_path: Path) -> None:
    """In safe mode a talk goes on as in the open; wechatpy seals what is sent and opens what comes back."""
    crypto = WeChatCrypto(TOKEN, KEY, APPID)
    for server in started(tmp_path, **SAFE):
        for text, heard in (("亳州", "属于哪一种"), ("2", "在哪一级医院"), ("县医院", "一共花了多少钱"), ("两万", "自己掏 1,100 元")):
            body = crypto.encrypt_message(letter(MsgType="text", Content=text, MsgId=new_id()).decode(), "nonce-1", str(int(time.time())))
            status, answer = server.post(f"/wechat?{_sealed_query(body)}", body.encode(), "text/xml")
            assert status == 200, answer
            said = crypto.decrypt_message(answer, _of(answer, "MsgSignature"), _of(answer, "TimeStamp"), _of(answer, "Nonce"))
            assert heard in said
            assert _of(said, "ToUserName") == PERSON


def test_with_a_key_nothing_else_is_taken(tmp_path: Path) -> None:
    """An open message, a seal that was tampered with, and one for another account are turned away."""
    for server in started(tmp_path, **SAFE):
        account = Account(server)
        assert account.deliver(letter(MsgType="text", Content="低保", MsgId="1"))[0] == 403
        sealed = WeChatCrypto(TOKEN, KEY, APPID).encrypt_message(letter(MsgType="text", Content="低保", MsgId="2").decode(), "n", "1")
        tampered = sealed.replace(_of(sealed, "Encrypt")[:8], "AAAAAAAA")
        assert server.post(f"/wechat?{_sealed_query(sealed)}", tampered.encode(), "text/xml")[0] == 403
        other = WeChatCrypto(TOKEN, KEY, "wx0000000000000000").encrypt_message("<xml></xml>", "n", "1")
        assert server.post(f"/wechat?{_sealed_query(other)}", other.encode(), "text/xml")[0] == 400
        assert turns(server) == []


def _sealed_query(body: str) -> str:
    timestamp, nonce = _of(body, "TimeStamp"), _of(body, "Nonce")
    sign = signed(TOKEN, timestamp, nonce, _of(body, "Encrypt"))
    return query(timestamp=timestamp, nonce=nonce, signature=signed(TOKEN, timestamp, nonce), encrypt_type="aes", msg_signature=sign)


def _of(xml: str, name: str) -> str:
    found = re.search(rf"<{name}>(?:<!\[CDATA\[)?(.*?)(?:\]\]>)?</{name}>", xml, re.DOTALL)
    assert found is not None, name
    return found[1].strip()


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_xml_is_refused(account: Account, name: str) -> None:
    """Entities, document types and broken XML are 400 with a code, quickly, without a trace, and the server lives on."""
    status, answer = account.deliver(HOSTILE[name].encode())
    assert (status, answer["error"]["code"]) == (400, "bad_message")
    assert "Traceback" not in (account.server.data_dir / "server.log").read_text()
    assert "哪里参加" in account.say("你好")


WRONG = [
    {"MsgType": "text", "Content": "低保"},
    {"MsgType": "text", "Content": "低保", "MsgId": "x"},
    {"MsgType": "", "Content": "低保", "MsgId": "1"},
    {"MsgType": "text", "MsgId": "1", "CreateTime": "yesterday"},
    {"MsgType": "text", "MsgId": "1", "FromUserName": ""},
    {"MsgType": "text", "MsgId": "1", "FromUserName": "o" * 200},
    {"MsgType": "text", "MsgId": "9" * 40},
    {"MsgType": "event", "Event": "subscribe", "ToUserName": " "},
]


@pytest.mark.parametrize("fields", WRONG)
def test_missing_and_wrong_fields_are_refused(account: Account, fields: dict[str, str]) -> None:
    """A message without sender, moment, kind or id is 400."""
    status, answer = account.deliver(letter(**fields))
    assert (status, answer["error"]["code"]) == (400, "bad_message")
    assert account.deliver(b"<xml></xml>")[0] == 400


@pytest.mark.parametrize("size", [70_000, 300_000])
def test_a_message_that_is_too_large_is_refused(account: Account, size: int) -> None:
    """Beyond 64 KiB a delivery is 413, whatever stands in it."""
    status, answer = account.deliver(letter(MsgType="text", Content="低" * (size // 3), MsgId="1"))
    assert (status, answer["error"]["code"]) == (413, "too_large")


def test_markup_in_words_comes_back_as_typed(account: Account) -> None:
    """What looks like XML in a person's words, the end of CDATA too, stands in the answer as it was written."""
    account.event("subscribe", "qrscene_anhui-bozhou")
    assert "好几万" in account.say("花了好几万]]><Content>&amp;")


def test_a_turn_that_takes_long_is_told_with_the_next_message(tmp_path: Path) -> None:
    """Without any patience every answer waits for the next message, over a restart too; the message that fetches it is not taken itself."""
    for server in started(tmp_path, **PLAIN, NENGBAO_WECHAT_PATIENCE="0"):
        account, message = Account(server), new_id()
        assert account.say("亳州低保，县医院花了两万", message).startswith(SLOW)
        wait_kept(server, message)
        server.stop()
        server.start()
        fetching = new_id()
        heard = account.say("2", fetching)
        assert "自己掏 1,100 元" in heard
        assert account.say("2", fetching) == heard
        assert account.say("亳州低保，县医院花了两万", message) == heard
        assert turns(server) == [message]
        assert account.say("改成特困").startswith(SLOW)


def test_while_the_disk_is_busy_a_person_hears_so_in_time(tmp_path: Path) -> None:
    """A store that another program keeps locked holds up the answer, not the line that it is coming; nothing is lost by it."""
    for server in started(tmp_path, **PLAIN, NENGBAO_WECHAT_PATIENCE="0.5"):
        account, message = Account(server), new_id()
        with closing(sqlite3.connect(tmp_path / "nengbao.sqlite3", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            begun = time.monotonic()
            assert account.say("亳州低保，县医院花了两万", message).startswith(SLOW)
            assert time.monotonic() - begun < 3
            other.execute("ROLLBACK")
            wait_kept(server, message)
            while not other.execute("SELECT count(*) FROM shown").fetchone()[0]:
                time.sleep(0.02)
        assert "自己掏 1,100 元" in account.say("好")
        assert turns(server) == [message]


def test_a_retry_of_a_slow_message_brings_its_answer(tmp_path: Path) -> None:
    """Where WeChat did not get the line in time and asks again, it gets the answer, and the next message is taken as usual."""
    for server in started(tmp_path, **PLAIN, NENGBAO_WECHAT_PATIENCE="0"):
        account, message = Account(server), new_id()
        account.say("亳州低保", message)
        wait_kept(server, message)
        assert "在哪一级医院" in account.say("亳州低保", message)
        following = new_id()
        assert account.say("县医院", following).startswith(SLOW)
        wait_kept(server, following)


def test_a_turn_that_never_ended_is_admitted(tmp_path: Path) -> None:
    """When the process that worked on an answer is gone, the person hears after a minute that nothing came of it, and goes on."""
    for server in started(tmp_path, **PLAIN, NENGBAO_WECHAT_PATIENCE="0"):
        account, message = Account(server), new_id()
        account.say("亳州低保", message)
        wait_kept(server, message)
        with sqlite3.connect(tmp_path / "nengbao.sqlite3") as store:
            store.execute("UPDATE shown SET origin = 'never kept'")
        assert account.say("好").startswith(SLOW)
        with sqlite3.connect(tmp_path / "nengbao.sqlite3") as store:
            store.execute("UPDATE shown SET at = at - 100")
        store.close()
        assert "没算成" in account.say("好")
        following = new_id()
        account.say("县医院", following)
        wait_kept(server, following)


def test_two_servers_tell_one_person_the_same(tmp_path: Path) -> None:
    """On one store any server gives the next part, and a retry at the other one is the same part again."""
    for first in started(tmp_path, **PLAIN):
        for second in started(tmp_path, **PLAIN):
            here, there = Account(first), Account(second)
            here.say("亳州低保，县医院花了两万")
            whole = [there.event("CLICK", "why")]
            assert whole[0].endswith(MORE)
            message = new_id()
            assert here.say("0", message) == there.say("0", message) != whole[0]


def test_too_many_messages_are_answered_with_a_kind_line(tmp_path: Path) -> None:
    """One person's flood is slowed down, others are served."""
    for server in started(tmp_path, **PLAIN | {"NENGBAO_CONVERSATION_RATE": "0.1"}):
        account = Account(server)
        account.say("你好")
        assert "问得太快了" in account.say("你好")
        assert "哪里参加" in Account(server, "another").say("你好")


def test_an_error_of_ours_is_answered_with_a_kind_line(tmp_path: Path) -> None:
    """A talk that cannot be read back from the file gets a kind line; the log tells where, and nothing of the talk."""
    for server in started(tmp_path, **PLAIN):
        account = Account(server)
        account.say("亳州")
        with sqlite3.connect(tmp_path / "nengbao.sqlite3") as store:
            store.execute("UPDATE conversations SET state = CAST(? AS BLOB)", ('{"answers": 5}',))
        store.close()
        assert "这里出了点问题" in account.say("低保，县医院")
        log = (tmp_path / "server.log").read_text()
        assert "turn_failed" in log
        assert [word for word in ("Traceback", "低保") if word in log] == []


def test_no_word_no_openid_and_no_secret_is_kept_or_logged(tmp_path: Path) -> None:
    """Neither the log nor the raw file of the store, with all answers unpacked, tells who wrote, what they typed, or a secret."""
    for server in started(tmp_path, **SAFE):
        crypto = WeChatCrypto(TOKEN, KEY, APPID)
        for text in ("亳州低保，县医院花了43210元，俺家的事别说出去", "0", "为什么", "更多"):
            body = crypto.encrypt_message(letter(MsgType="text", Content=text, MsgId=new_id()).decode(), "n", "1")
            assert server.post(f"/wechat?{_sealed_query(body)}&openid={PERSON}", body.encode(), "text/xml")[0] == 200
        server.kill()
        raw = b"".join(path.read_bytes() for path in tmp_path.glob("nengbao.sqlite3*"))
        with sqlite3.connect(tmp_path / "nengbao.sqlite3") as store:
            replies = b"".join(zlib.decompress(reply) for (reply,) in store.execute("SELECT reply FROM turns"))
        store.close()
        log = (tmp_path / "server.log").read_bytes()
        server.start()
    everywhere = [PERSON, ACCOUNT, TOKEN, KEY, "俺家的事", "更多\0"]
    assert [word for word in everywhere if word.encode() in raw + replies + log] == []
    assert told(("43210", "43,210", "低保", "signature"), log.decode()) == []


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"NENGBAO_WECHAT_AES_KEY": KEY[:-1], "NENGBAO_WECHAT_APPID": APPID}, "NENGBAO_WECHAT_AES_KEY"),
        ({"NENGBAO_WECHAT_AES_KEY": KEY}, "NENGBAO_WECHAT_APPID"),
    ],
)
def test_settings_that_cannot_work_are_one_line(tmp_path: Path, settings: dict[str, str], line: str) -> None:
    """A key of another length, and a key without AppID: one line that names the setting and no secret, exit status 2, no server."""
    command = [*NENGBAO, "serve", "--port", "0"]
    where = environment(tmp_path) | PLAIN | settings
    done = subprocess.run(command, capture_output=True, text=True, env=where, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert line in done.stderr
    assert KEY[:-1] not in done.stderr


def test_what_the_door_needs_is_loaded_with_it_alone() -> None:
    """Who does not use WeChat does not wait for its libraries."""
    code = "import sys, bot.cli.doors, bot.web.serve; print({'cryptography', 'defusedxml', 'bot.wechat'} & sys.modules.keys())"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


def test_the_telegram_door_leaves_what_wechat_needs_unloaded() -> None:
    """Telegram's library would load cryptography for papers nobody asks for; the WeChat door can load it afterwards."""
    code = "import sys, bot.telegram; print('cryptography' in sys.modules); import bot.wechat; print('cryptography' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def test_without_a_token_there_is_no_door(running: Server) -> None:
    """The address does not exist until the token is set."""
    assert running.get(f"/wechat?{query(echostr='1')}")[0] == 404
    assert running.post(f"/wechat?{query()}", letter(MsgType="text", Content="1", MsgId="1"), "text/xml")[0] == 404
