"""The desk in a talk: a key opens it, households come one after the other, and nothing of it gets into another talk."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from bot.assistant import Assistant, Message
from bot.at_desk import Desks, key_in
from bot.conversation import Conversation, mark_of
from bot.desk import Book, Desk, Keys, Room, RoomError, Visits
from bot.knowledge import Knowledge
from bot.store import Change, SqliteStore
from tests.conftest import TODAY
from tests.talks import Talk, read_talks, said

TALKS = read_talks(Path(__file__).parent / "talks")
DAY = TODAY.isoformat()


class Coordinator:
    """Somebody who types: each message in the talk that the one before was answered in."""

    def __init__(self, assistant: Assistant, place: str | None = "anhui-bozhou", **about: Any) -> None:
        self.assistant, self.place, self.about = assistant, place, about
        self.talk: str | None = None
        self.answer: dict[str, Any] = {}
        self.message = Message("")

    async def say(self, text: str = "", **more: Any) -> str:
        """One message, and the words of its answer."""
        spoken = {"text": text} if text else {}
        known = {} if "person" in self.about else {"conversation": self.talk}
        return await self.send(Message(uuid4().hex, **(known | {"place": self.place} | self.about | spoken | more)))

    async def again(self) -> str:
        """The same message once more."""
        return await self.send(self.message)

    async def send(self, message: Message) -> str:
        """A message as it is."""
        self.message, self.answer = message, await self.assistant.turn(message)
        self.talk = self.answer["conversation"]
        return "\n".join(reply["text"] for reply in self.answer["replies"])

    def buttons(self) -> list[str]:
        """The keys of all buttons of the newest answer."""
        return [choice["key"] for reply in self.answer["replies"] for choice in reply["choices"]]


@pytest.fixture
def room(tmp_path: Path) -> Room:
    """Where the desks of a server are."""
    return Room(tmp_path)


@pytest.fixture
def key(room: Room) -> str:
    """The key of 李庄."""
    return Keys(room).add("李庄", "张三")


@pytest.fixture
async def seated(knowledge: Knowledge, room: Room, tmp_path: Path) -> AsyncIterator[Assistant]:
    """An assistant that knows where the desks are."""
    store = SqliteStore(tmp_path / "talks.sqlite3")
    yield Assistant(knowledge, store, lambda: TODAY, desks=Desks(room))
    store.close()


@pytest.fixture
def somebody(seated: Assistant) -> Coordinator:
    """Somebody in a web page."""
    return Coordinator(seated)


def visits(room: Room, key: str) -> list[tuple[str, str, str]]:
    """Label, category and total of each household of the day."""
    desk = Keys(room).known(key)
    assert desk is not None
    of_day = Visits(Book(room, desk)).of_day(DAY)
    return [(visit.label, visit.facts["category"], visit.facts["total"]) for visit in of_day]


def all_bytes(folder: Path) -> bytes:
    """Everything in a folder."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("talk", TALKS, ids=lambda talk: f"{talk.name}: {talk.fact}")
async def test_a_day_goes_as_recorded(somebody: Coordinator, key: str, talk: Talk) -> None:
    """After each line the recorded words are heard, and own cost is what the transcript says."""
    for turn in talk.turns:
        line = said(turn)
        heard = await somebody.say(**(line | ({"text": line["text"].format(key=key)} if "text" in line else {})))
        assert [words for words in turn["hear"] if words not in heard] == [], heard
        shown = [reply["estimate"]["out_of_pocket"]["amount"] for reply in somebody.answer["replies"] if "estimate" in reply]
        assert "own" not in turn or shown == [turn["own"]]


async def test_a_household_is_kept_at_once_and_a_correction_changes_it(somebody: Coordinator, room: Room, key: str) -> None:
    """No estimate, nothing kept; the first one is, and what is said later of it changes that one."""
    await somebody.say(f"/desk {key}")
    await somebody.say("低保，县医院")
    assert visits(room, key) == []
    await somebody.say("两万")
    await somebody.say("不对，是三万")
    await somebody.say("叫 老张家")
    assert visits(room, key) == [("老张家", "subsistence_allowance", "30000.00")]


async def test_looking_changes_nothing_at_the_desk(somebody: Coordinator, room: Room, key: str) -> None:
    """A household that was thrown away at the desk does not come back because somebody asks why, or for its slip."""
    await somebody.say(f"/desk {key}")
    await somebody.say("低保，县医院，两万")
    desk = Keys(room).known(key)
    assert desk is not None
    Visits(Book(room, desk)).forget(1)
    for text in ("为什么", "单子", "名单", "帮助"):
        await somebody.say(text)
    assert visits(room, key) == []
    assert "不在名单里" in await somebody.say("下一位")
    await somebody.say("返回")
    assert len(visits(room, key)) == 1


async def test_a_desk_begins_a_talk_of_its_own(somebody: Coordinator, key: str) -> None:
    """Who knew the talk before learns nothing of the desk, and what was told there is no household of it."""
    await somebody.say("低保，县医院，两万")
    before = somebody.talk
    await somebody.say(f"/desk {key}")
    assert somebody.talk != before
    assert somebody.answer["summary"] == {"place": "anhui-bozhou"}
    other = Coordinator(somebody.assistant)
    other.talk = before
    assert "有钥匙" in await other.say("今天的名单")
    assert other.answer["summary"]["total"] == "20000.00"


async def test_a_name_that_is_too_long_is_told_and_the_talk_goes_on(somebody: Coordinator, key: str) -> None:
    """Also one with signs that cannot be seen; what else was said counts."""
    await somebody.say(f"/desk {key}")
    for name in ("很" * 61, "👨\u200d👩\u200d👧家"):
        assert "这个名字太长，或者有看不见的字" in await somebody.say(f"叫 {name}")
        assert "这个名字太长，或者有看不见的字" in await somebody.say(f"下一位 叫 {name}")


async def test_a_desk_knows_the_place_of_its_village(seated: Assistant, key: str) -> None:
    """Where no door tells it, the place of the newest household holds when the desk is opened again, and when a household is begun anew."""
    first = Coordinator(seated, place=None)
    assert "先按在" not in await first.say(f"/desk {key}")
    assert "在哪" in await first.say("3号院 低保 县医院 两万")
    await first.say("亳州")
    again = Coordinator(seated, place=None)
    assert "先按在亳州参保算，不是就说在哪里" in await again.say(f"/desk {key}")
    assert "自己掏 1,100 元" in await again.say("低保 县医院 两万 没有自费")
    assert "病人家里属于哪一种" in await again.say("重来")
    assert again.answer["summary"] == {"place": "anhui-bozhou"}


async def test_the_language_goes_along(somebody: Coordinator, key: str) -> None:
    """Who chose a language is spoken to in it at the desk as well."""
    await somebody.say(choice="lang=en")
    assert "The desk “李庄” is open" in await somebody.say(f"/desk {key}")


async def test_the_same_message_opens_one_desk_and_keeps_one_household(somebody: Coordinator, room: Room, key: str) -> None:
    """Sent again, each message of a desk is answered the same and nothing is done twice."""
    await somebody.say("你好")
    for text in (f"/desk {key}", "3号院 低保 县医院 两万", "下一位 5号院 特困 三万", "重来", "名单", "收桌子"):
        first = await somebody.say(text)
        talk, turn = somebody.talk, somebody.answer["turn"]
        assert await somebody.again() == first
        assert (somebody.talk, somebody.answer["turn"]) == (talk, turn)
    assert [label for label, _, _ in visits(room, key)] == ["3号院", "5号院"]


async def test_a_first_message_that_opens_a_desk_may_come_again(somebody: Coordinator, key: str) -> None:
    """The key as the very first words: sent again before the answer came, it leads to the same talk."""
    first = await somebody.say(f"/desk {key}")
    talk, message = somebody.talk, somebody.message
    await somebody.say("低保")
    assert await somebody.send(message) == first
    assert somebody.talk == talk


async def test_what_was_written_before_a_crash_is_written_once(
    seated: Assistant, somebody: Coordinator, room: Room, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The household stands at the desk before its turn is kept; when the turn is lost, the same message comes again and writes the same."""
    await somebody.say(f"/desk {key}")
    await somebody.say("低保，县医院")
    message = Message(uuid4().hex, somebody.talk, text="两万")
    with monkeypatch.context() as crash:
        crash.setattr(seated.store, "keep", _lost)
        with pytest.raises(ConnectionError):
            await somebody.send(message)
    assert len(visits(room, key)) == 1
    assert "自己掏" in await somebody.send(message)
    assert visits(room, key) == [("", "subsistence_allowance", "20000.00")]


async def _lost(change: Change) -> None:
    """As if the process ended right before the turn was on disk."""
    raise ConnectionError


async def test_a_key_that_is_taken_back_ends_the_desk_at_once(somebody: Coordinator, room: Room, key: str) -> None:
    """The next message, whatever it is, hears so once; no list, no household is told from then on, also not of the answers before."""
    await somebody.say(f"/desk {key}")
    await somebody.say("3号院 低保 县医院 两万")
    await somebody.say("名单")
    Keys(room).revoke(1)
    heard = await somebody.say("名单")
    assert "这把钥匙收回了" in heard
    assert "3号院" not in heard
    assert "收回" not in await somebody.say("低保，县医院，五万")
    kept = await somebody.assistant.missed(str(somebody.talk), 0)
    assert "3号院" not in str(kept)


async def test_a_desk_that_is_thrown_away_ends_as_well(somebody: Coordinator, room: Room, key: str) -> None:
    """Nothing of it is written anew."""
    await somebody.say(f"/desk {key}")
    await somebody.say("低保，县医院")
    Keys(room).close_desk("李庄")
    assert "收回了" in await somebody.say("两万")
    assert not room.path_of(1).exists()


async def test_wrong_keys_are_limited_for_each_talk(somebody: Coordinator, key: str) -> None:
    """Five misses and one who tries waits, also with the right key; others do not."""
    await somebody.say("你好")
    for _ in range(5):
        assert "这把钥匙打不开" in await somebody.say("/desk ABCDE-FGHJK-LMNPQ-RSTUV")
    assert "先歇一歇" in await somebody.say(f"/desk {key}")
    other = Coordinator(somebody.assistant)
    await other.say("你好")
    assert "桌子打开了" in await other.say(f"/desk {key}")


async def test_what_others_try_first_keeps_nobody_out(seated: Assistant, key: str) -> None:
    """A first message is nobody's yet: however many of them are wrong, one that is right opens the desk."""
    for _ in range(7):
        assert "打不开" in await Coordinator(seated).say("/desk ABCDE-FGHJK-LMNPQ-RSTUV")
    assert "桌子打开了" in await Coordinator(seated).say(f"/desk {key}")


TYPED = [
    "/desk {0}",
    "/DESK {0}",
    "/desk@nengbao_bot {0}",
    "开桌子 {0}",
    "打开桌子：{0}",
    "開桌子 {0}",
    "/desk 钥匙是{0}",
    "{0}",
    " /desk  {0} ",
]


@pytest.mark.parametrize("how", TYPED)
async def test_a_key_opens_however_it_is_typed(somebody: Coordinator, key: str, how: str) -> None:
    """In capitals or not, with dashes or blanks, alone or behind a word."""
    assert "桌子打开了" in await somebody.say(how.format(key))
    other = Coordinator(somebody.assistant)
    await other.say("你好")
    assert "桌子打开了" in await other.say(how.format(key.lower().replace("-", " ")))


@pytest.mark.parametrize(
    "text", ["/desk", "开桌子", "打开桌子怎么弄", "低保，县医院，两万", "3200", "482 913", "接着说 482 913", "K歌", ""]
)
def test_other_words_are_no_key(text: str) -> None:
    """What is no key is understood as ever."""
    assert key_in(text) is None


@pytest.mark.parametrize("manner", ["forwarded", "edited"])
async def test_a_key_that_was_forwarded_or_edited_opens_nothing(somebody: Coordinator, key: str, manner: str) -> None:
    """Whoever sends somebody a key would have them write at a desk that is not theirs."""
    assert "转来的、改过的话里的钥匙我不认" in await somebody.say(f"/desk {key}", manner=manner)
    assert somebody.answer["secret"]


async def test_one_desk_at_a_time(somebody: Coordinator, room: Room, key: str) -> None:
    """The same key again changes nothing; another one waits until this desk is closed."""
    await somebody.say(f"/desk {key}")
    await somebody.say("低保，县医院，两万")
    talk = somebody.talk
    assert "桌子开着呢" in await somebody.say(f"/desk {key}")
    other = Keys(room).add("王庄")
    assert "先说“收桌子”" in await somebody.say(f"/desk {other}")
    assert somebody.talk == talk
    await somebody.say("收桌子")
    assert "“王庄”的桌子打开了" in await somebody.say(f"/desk {other}")


async def test_each_desk_lists_its_own(seated: Assistant, room: Room, key: str) -> None:
    """Of two desks at work side by side neither lists a household of the other; two coordinators of one desk share the day."""
    one, mate, other = (Coordinator(seated) for _ in range(3))
    await one.say(f"/desk {key}")
    await mate.say(f"/desk {Keys(room).add('李庄', '李四')}")
    await other.say(f"/desk {Keys(room).add('王庄')}")
    await one.say("3号院 低保 县医院 两万")
    await other.say("7号院 特困 县医院 三万")
    heard = await mate.say("名单")
    assert "3号院" in heard
    assert "7号院" not in heard
    heard = await other.say("名单")
    assert "7号院" in heard
    assert "3号院" not in heard
    assert "没法比" in await other.say("对比 1 2")


async def test_households_of_the_web_are_listed_too(somebody: Coordinator, room: Room, key: str) -> None:
    """What a coordinator types on the web stands in the list of the chat; one that no rules answer is told as such and left out."""
    desk = Keys(room).known(key)
    assert desk is not None
    case = {"place": "anhui-bozhou", "category": "subsistence_allowance", "facility": "county", "total": "20000.00", "self_funded": "0.00"}
    web = Visits(Book(room, desk))
    web.put(DAY, "村东头", case)
    web.put(DAY, "", {"place": "nowhere", "category": "ordinary", "facility": "county", "total": "1"})
    web.put("2020-01-01", "前天那户", case)
    await somebody.say(f"/desk {key}")
    heard = await somebody.say("名单")
    assert "第 1 户，村东头（低保）：自己掏 1,100 元" in heard
    assert "第 2 户（普通居民）：我手上的规定现在算不了" in heard
    assert "前天那户" not in heard
    assert "加起来" not in heard


async def test_nothing_of_a_desk_is_carried_away(seated: Assistant, somebody: Coordinator, key: str) -> None:
    """No digits and no code on paper lead to a talk with other people's households; when it is closed nothing of them is left in it."""
    await somebody.say(f"/desk {key}")
    await somebody.say("3号院 低保 县医院 两万")
    await somebody.say("名单")
    assert "接着说 " not in await somebody.say("换个地方接着说")
    assert await seated.code(str(somebody.talk)) is None
    await somebody.say("收桌子")
    assert "3号院" not in str(await seated.missed(str(somebody.talk), 0))
    assert "接着说 " in await somebody.say("换个地方接着说")
    assert await seated.code(str(somebody.talk)) is not None


async def test_taking_up_a_residents_talk_leaves_the_desk_behind(seated: Assistant, somebody: Coordinator, key: str) -> None:
    """Six digits of somebody lead to their talk, in which no desk is open."""
    resident = Coordinator(seated)
    await resident.say("低保，县医院，两万")
    told = await resident.say("换个地方接着说")
    await somebody.say(f"/desk {key}")
    await somebody.say(told[told.index("接着说") :][:11])
    assert somebody.talk == resident.talk
    assert "有钥匙，就打" in await somebody.say("今天的名单")


async def test_a_long_day_stays_small_in_the_talk(seated: Assistant, somebody: Coordinator, room: Room, key: str) -> None:
    """Sixty households: all of them in the list, two of them at most in the talk."""
    await somebody.say(f"/desk {key}")
    for number in range(1, 61):
        await somebody.say(f"{number}号院 低保 县医院 {number + 10}000元")
        await somebody.say("下一位")
    heard = await somebody.say("名单")
    assert "今天一共 60 户" in heard
    assert "第 60 户，60号院（低保）" in heard
    data = await seated.data(str(somebody.talk))
    labels = {answer["value"] for answer in data["answers"] if answer["slot"] == "label"}
    assert labels == {"60号院"}


async def test_the_data_of_a_talk_tell_of_the_desk_without_its_key(seated: Assistant, somebody: Coordinator, key: str) -> None:
    """The export names the key's mark, which opens nothing."""
    await somebody.say(f"/desk {key}")
    await somebody.say("3号院 低保 县医院 两万")
    data = await seated.data(str(somebody.talk))
    (mark,) = [answer["value"] for answer in data["answers"] if answer["slot"] == "desk"]
    assert key_in(f"/desk {mark}")
    assert "打不开" in await Coordinator(seated).say(f"/desk {mark}")
    assert key not in str(data)


async def test_the_key_is_in_no_file(seated: Assistant, somebody: Coordinator, room: Room, key: str, tmp_path: Path) -> None:
    """Neither as it was typed nor without its dashes, wherever a talk or a desk is kept."""
    await somebody.say(f"/desk {key}")
    await somebody.say(f"/desk {key}")
    await somebody.say("低保，县医院，两万")
    written = all_bytes(tmp_path)
    for spelled in (key, key.replace("-", ""), key.lower()):
        assert spelled.encode() not in written
    assert "secret" not in somebody.answer


async def test_where_the_desk_cannot_be_written_the_talk_goes_on(somebody: Coordinator, room: Room, key: str) -> None:
    """The estimate is told, with a line that the list does not hold it; when the desk can be written again, saying it again keeps it."""
    await somebody.say(f"/desk {key}")
    await somebody.say("低保，县医院")
    path = room.path_of(1)
    path.unlink(missing_ok=True)
    path.mkdir()
    heard = await somebody.say("两万")
    assert "没能记进名单" in heard
    assert "自己掏" in heard
    assert "打不开" in await somebody.say("名单")
    path.rmdir()
    await somebody.say("两万")
    assert visits(room, key) == [("", "subsistence_allowance", "20000.00")]


async def test_a_server_that_does_not_have_the_desk_leaves_the_talk_as_it_is(
    seated: Assistant, somebody: Coordinator, tmp_path: Path, key: str
) -> None:
    """Of two machines with one store each has its own desks: the talk goes on without its list, and never sits at another desk."""
    await somebody.say(f"/desk {key}")
    await somebody.say("低保，县医院")
    elsewhere = Room(tmp_path / "elsewhere")
    strange = Keys(elsewhere).add("王庄")
    somebody.assistant = Assistant(seated.knowledge, seated.store, lambda: TODAY, desks=Desks(elsewhere))
    assert "没能记进名单" in await somebody.say("两万")
    assert "桌子现在打不开" in await somebody.say("名单")
    assert visits(elsewhere, strange) == []
    somebody.assistant = seated
    assert "还没有记下" in await somebody.say("名单")


async def test_without_desks_a_key_is_told_so(assistant: Assistant) -> None:
    """A server whose desks cannot be opened says so and goes on."""
    somebody = Coordinator(assistant)
    assert "桌子现在打不开" in await somebody.say("/desk ABCDE-FGHJK-LMNPQ-RSTUV")
    assert "自己掏" in await somebody.say("低保，县医院，两万")


async def test_ordinary_people_go_on_with_their_families(assistant: Assistant) -> None:
    """下一位 without a desk is the next one of a family, as ever."""
    somebody = Coordinator(assistant)
    await somebody.say("低保，县医院，两万，没有自费")
    assert "action=desk.next" not in somebody.buttons()
    assert "好，再算一个人" in await somebody.say("下一位")
    assert "这 2 位一共" in await somebody.say("普通居民，两万，没有自费")


async def test_the_buttons_of_a_desk_come_first(somebody: Coordinator, key: str) -> None:
    """Under each estimate, also a corrected one: the next household, then the list; what a family is asked is not among them."""
    await somebody.say(f"/desk {key}")
    await somebody.say("低保，县医院，两万")
    await somebody.say("不对，是监测户")
    assert somebody.buttons()[:2] == ["action=desk.next", "action=desk.list"]
    assert "action=another" not in somebody.buttons()
    await somebody.say(choice="action=desk.next")
    await somebody.say("低保，两万")
    await somebody.say(choice="action=desk.list")
    assert somebody.buttons() == ["action=desk.next", "action=desk.compare", "action=desk.close"]
    assert "并排看" in await somebody.say(choice="action=desk.compare")
    assert "桌子收好了" in await somebody.say(choice="action=desk.close")
    assert somebody.answer["erased"]


async def test_an_old_button_of_a_desk_tells_how_one_is_opened(assistant: Assistant) -> None:
    """Without a desk every action of one leads to the same kind words, and opens nothing."""
    somebody = Coordinator(assistant)
    for action in ("desk", "desk.list", "desk.next", "desk.opened", "desk.revoked", "desk.close", "desk.x"):
        assert "有钥匙，就打" in await somebody.say(action=action)
    assert "用不上了" in await somebody.say(choice="label=x")
    assert "用不上了" in await somebody.say(choice="desk=1")
    assert "用不上了" in await somebody.say(choice="household=m1")


async def test_a_door_with_people_of_its_own_goes_on_at_the_desk(seated: Assistant, room: Room, key: str) -> None:
    """As in Telegram and WeChat: the person's next messages are at the desk, the consent goes along, and forgetting leaves nothing."""
    somebody = Coordinator(seated, channel="telegram", person="telegram-1", agreement="telegram")
    assert "国外的服务" in await somebody.say(f"/desk {key}")
    await somebody.say(choice="agreed=true")
    await somebody.say("普通居民，市医院，五万")
    first = await somebody.say(f"/desk {key}")
    assert "桌子打开了" in first
    assert await somebody.again() == first
    await somebody.say("3号院 低保 县医院 两万")
    assert visits(room, key) == [("3号院", "subsistence_allowance", "20000.00")]
    assert "桌子也收了" in await somebody.say("忘掉我")
    with closing(sqlite3.connect(room.folder.parent / "talks.sqlite3")) as store:
        states = b"".join(bytes(state) for (state,) in store.execute("SELECT state FROM conversations"))
    assert b"50000" not in states
    assert b"20000" not in states


def test_a_desk_is_known_by_the_mark_of_its_key(room: Room, key: str, tmp_path: Path) -> None:
    """While the key opens it; not when it was taken back, and not by a mark of another server's key with the same number."""
    keys, elsewhere = Keys(room), Keys(Room(tmp_path / "elsewhere"))
    mark = keys.mark(1)
    assert keys.of_mark(mark) == Desk(1, "李庄", 1, "张三") == keys.known(key)
    elsewhere.add("王庄")
    for other in (mark, "2-0"):
        with pytest.raises(RoomError):
            elsewhere.of_mark(other)
    keys.revoke(1)
    assert keys.of_mark(mark) is None


def test_an_empty_talk_has_no_desk() -> None:
    """Nothing but an opened key makes one."""
    assert mark_of(Conversation()) is None
