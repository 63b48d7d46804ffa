"""What is said at a coordinator's desk: what a household is called never changes what is understood of its case."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation import Heard
from bot.understanding import understand, understand_at_desk
from engine.yaml_tree import read_tree
from tests.conversation.test_stateful import TEXTS, VOCABULARY

HERE = Path(__file__).parent
#: House numbers as people write them; each is what the household is called when a message begins with it.
NUMBERS = [
    *("12号", "3号院", "２号院", "2组5号", "2组 5号", "五组12户", "三组", "4队3号", "三单元502", "12号楼1502", "5栋301", "2栋3单元502室"),
    *("502室", "8號院", "十二号院", "7号门", "15号房"),
]
NAMES = ["老张家", "东头那家", "小明", "王大娘", "12", "1201", "A3", "红瓦房"]


def case(heard: Heard) -> tuple[object, ...]:
    """What was understood of a case."""
    slots = {name: (slot.value, slot.approximate) for name, slot in heard.slots.items() if name not in ("label", "who")}
    return slots, [(doubt.slot, doubt.candidates) for doubt in heard.ambiguous], [problem.code for problem in heard.problems]


def label(heard: Heard) -> object:
    """What the household is called."""
    return heard.slots["label"].value if "label" in heard.slots else None


def sentences() -> list[str]:
    """Everything that people are known to have said."""
    found: list[str] = []
    for path in sorted(HERE.glob("*.yaml")):
        found += _texts(read_tree(path).data)
    return found


def _texts(data: object) -> list[str]:
    if isinstance(data, dict):
        own = [value for name, value in data.items() if name in ("text", "say") and isinstance(value, str)]
        return own + [text for value in data.values() for text in _texts(value)]
    return [text for each in data for text in _texts(each)] if isinstance(data, list) else []


SENTENCES = sentences()
BILLS = [
    *("低保，县医院，两万", "特困 市医院 12000 自费400", "普通居民，花了三万二", "是监测户，在乡镇卫生院住院，3000块"),
    *("低保 县医院 好几万", "两万", "自费三千"),
]


def test_nobody_elses_words_are_taken_for_a_household() -> None:
    """Of all sentences that residents are known to say, none names a household, and each says of a case what it says anywhere."""
    assert len(SENTENCES) > 500
    named = [text for text in SENTENCES if label(understand_at_desk(text, VOCABULARY)) is not None]
    assert named == []
    assert [text for text in SENTENCES if case(understand_at_desk(text, VOCABULARY)) != case(understand(text, VOCABULARY))] == []


@pytest.mark.parametrize("number", NUMBERS)
def test_a_house_number_names_the_household_and_is_no_amount(number: str) -> None:
    """In front of a bill, alone, and behind 下一位: the household is called so, and the bill is what it is without it."""
    for bill in BILLS:
        for apart in ("，", " ", "："):
            heard = understand_at_desk(f"{number}{apart}{bill}", VOCABULARY)
            assert (label(heard), case(heard)) == (number, case(understand(bill, VOCABULARY))), bill
            heard = understand_at_desk(f"亳州{apart}{number}{apart}{bill}", VOCABULARY)
            assert (label(heard), case(heard)) == (number, case(understand(f"亳州，{bill}", VOCABULARY))), bill
            heard = understand_at_desk(f"下一位{apart}{number}{apart}{bill}", VOCABULARY)
            assert (heard.begins, label(heard), case(heard)) == (True, number, case(understand(bill, VOCABULARY))), bill
    for expecting in (None, "total", "category", "facility", "self_funded"):
        alone = understand_at_desk(number, VOCABULARY, expecting)
        assert (label(alone), list(alone.slots)) == (number, ["label"])


@pytest.mark.parametrize("name", NAMES)
def test_a_nickname_behind_the_next_one_names_the_household(name: str) -> None:
    """下一位 老张家, with or without more; 叫 and 门牌 name it wherever they stand."""
    for bill in BILLS:
        for said in ("下一位 {}，{}", "下一户：{} {}", "叫 {}，{}", "户名：{}，{}", "门牌 {}。{}"):
            heard = understand_at_desk(said.format(name, bill), VOCABULARY)
            assert (label(heard), case(heard)) == (name, case(understand(bill, VOCABULARY))), said
        heard = understand_at_desk(f"{bill}，门牌 {name}", VOCABULARY)
        assert (label(heard), case(heard)) == (name, case(understand(bill, VOCABULARY)))
    assert label(understand_at_desk(f"下一家 {name}", VOCABULARY)) == name


NICKNAMES = ["老赵", "小李", "老张家", "东头王二家", "王大娘", "李婶", "欧阳家", "孙奶奶", "张老汉", "桥头那家"]
NOT_CALLED = [
    "老伴",
    "小孩",
    "我家",
    "俺家",
    "大家",
    "人家",
    "两家",
    "他们家",
    "隔壁家",
    "隔壁老王家",
    "大姐",
    "大爷",
    "老大爷",
    "回家",
    "老人",
    "医生",
]


@pytest.mark.parametrize("name", NICKNAMES)
def test_a_nickname_before_a_category_names_the_household(name: str) -> None:
    """As a coordinator says it, without 叫; before anything else it is no name."""
    for bill in BILLS[:4]:
        for apart in ("，", " ", "："):
            heard = understand_at_desk(f"{name}{apart}{bill}", VOCABULARY)
            assert (label(heard), case(heard)) == (name, case(understand(bill, VOCABULARY))), bill
    assert label(understand_at_desk(f"{name}，花了两万", VOCABULARY)) is None


@pytest.mark.parametrize("words", NOT_CALLED)
def test_nobody_in_particular_is_no_nickname(words: str) -> None:
    """One's own family, a neighbour, whoever is spoken to, and people in general."""
    assert label(understand_at_desk(f"{words}，低保，县医院，两万", VOCABULARY)) is None


ABOUT_ONE = {
    "第2户是特困": ((2,), (), "estimate", ["category"]),
    "改第2户为特困": ((2,), (), "estimate", ["category"]),
    "第十二户，特困，三万": ((12,), (), "estimate", ["category", "total"]),
    "前面那户是监测户": ((), (), "desk.change", []),
    "不对，刚才那家是特困": ((), (), "desk.change", []),
    "上一位": ((), (), "desk.change", []),
    "第二家医院花了三万": ((), (), "estimate", ["total"]),
    "刚才家属说，低保，花了三万": ((), (), "estimate", ["category", "total"]),
    "前面家里花了三万": ((), (), "estimate", ["so_far_own"]),
    "上家医院花了三万": ((), (), "estimate", ["total"]),
    "对比 老张家和5号院": ((), ("老张家", "5号院"), "desk.compare", []),
    "5号院的单子": ((), ("5号院",), "desk.slip", []),
    "单子上写着总费用两万": ((), ("上写着总费用两万",), "estimate", ["total"]),
    "3号院花了五万": ((), (), "estimate", ["label", "total"]),
    "叫张三": ((), (), "estimate", ["label"]),
    "下一位 老王家 二组 低保 一万": ((), (), "estimate", ["category", "label", "total"]),
}


@pytest.mark.parametrize("text", ABOUT_ONE)
def test_which_household_a_message_is_about_is_understood(text: str) -> None:
    """By its place in the day, as one that was left, or by its name; what may be a bill stays one."""
    heard = understand_at_desk(text, VOCABULARY)
    assert (heard.numbers, heard.called, heard.intent, sorted(heard.slots)) == ABOUT_ONE[text]


@given(st.sampled_from(NUMBERS), st.sampled_from(["，", " ", "。", "；", "\n"]), st.sampled_from([*SENTENCES, *TEXTS]))
def test_a_house_number_never_changes_what_is_understood(number: str, apart: str, said: str) -> None:
    """Whatever is said behind it: the amounts are those of the sentence alone."""
    heard, alone = understand_at_desk(f"{number}{apart}{said}", VOCABULARY), understand(said.strip(), VOCABULARY)
    if label(heard) is None:
        # 12号，出院…: a day, which is read as anywhere.
        assert case(heard) == case(understand(f"{number}{apart}{said}".strip(), VOCABULARY))
    elif [problem.code for problem in alone.problems] != ["empty"]:
        assert case(heard) == case(alone)


@given(st.text(max_size=40), st.sampled_from(["", "下一位", "下一户：", "叫 ", "门牌", "对比", "单子 "]))
def test_any_text_at_a_desk_is_answered(text: str, before: str) -> None:
    """Nothing raises, and what a household is called can be seen and is short."""
    named = label(understand_at_desk(f"{before}{text}", VOCABULARY))
    assert named is None or (isinstance(named, str) and named.isprintable() and 0 < len(named) <= 60)


DAYS = ["12号出院", "12号 出院", "3月12号，县医院", "12号，住院花了两万", "5号住的院"]


@pytest.mark.parametrize("text", DAYS)
def test_a_day_is_no_house_number(text: str) -> None:
    """What happened on the twelfth is a day, also at a desk."""
    assert label(understand_at_desk(text, VOCABULARY)) is None
    assert label(understand_at_desk("12号", VOCABULARY, "on")) is None


NOBODY = ["叫救护车花了三百", "3号院2000元", "三万", "下一位 低保", "下一位低保 县医院", "下一位 怎么算的", "下一位，三万"]


@pytest.mark.parametrize("text", NOBODY)
def test_what_may_be_meant_otherwise_names_nobody(text: str) -> None:
    """A sum, a category and a question are what they are."""
    assert label(understand_at_desk(text, VOCABULARY)) is None


@pytest.mark.parametrize("text", ["叫 " + "长" * 61, "叫 老\u202e张", "门牌 3\u200b号"])
def test_a_name_that_is_too_long_or_cannot_be_seen_is_refused(text: str) -> None:
    """It is said so, and the rest of the message counts."""
    heard = understand_at_desk(f"{text}，低保", VOCABULARY)
    assert [problem.code for problem in heard.problems] == ["label"]
    assert list(heard.slots) == ["category"]


WISHES = {
    "desk.list": ["名单", "今天的名单", "看看今天的名单", "今天的", "今天的名單", "/list"],
    "desk.compare": ["比一比", "对比", "对比 1 3", "比较第1户和第3户", "1和3比一比", "对比1、2、3", "對比 一 三"],
    "desk.slip": ["单子", "打印单子", "单子 3", "第3户的单子", "打印带走"],
    "desk.change": ["改第2户", "改一下 第 3 户", "第三户删掉", "把第2户改一下", "刪掉第2戶"],
    "desk.close": ["收桌子", "离开桌子", "關桌子"],
}


@pytest.mark.parametrize(("intent", "text"), [(intent, text) for intent, texts in WISHES.items() for text in texts])
def test_what_is_asked_of_a_desk_is_heard_there_alone(intent: str, text: str) -> None:
    """In an ordinary talk none of it is a wish of a desk, and 比一比 compares hospitals."""
    assert understand_at_desk(text, VOCABULARY).intent == intent
    assert not understand(text, VOCABULARY).intent.startswith("desk.")


def test_households_are_meant_by_their_numbers() -> None:
    """In figures or spoken, with anything between."""
    said = {"对比 1 3": (1, 3), "第1户和第12户对比": (1, 12), "对比一、二、十三": (1, 2, 13), "单子 二十": (20,), "对比": ()}
    for text, numbers in said.items():
        assert understand_at_desk(text, VOCABULARY).numbers == numbers
    assert understand_at_desk("对比" + "1" * 1900, VOCABULARY).numbers == ()


def test_today_is_a_day_where_a_day_is_asked() -> None:
    """今天的, said to the question about the day, asks for no list."""
    assert understand_at_desk("今天的", VOCABULARY, "on").intent != "desk.list"
