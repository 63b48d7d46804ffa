"""A message at a coordinator's desk: the next household, the list of the day, and what a household is called.

A house number or a nickname is taken out of a message before anything else is read in it, so that it is never an amount or a day.
"""

import re
import unicodedata
from typing import NamedTuple

import msgspec

from bot.conversation.heard import Heard, Problem, Slot
from bot.conversation.position import LABEL, LONGEST_LABEL
from bot.understanding.characters import traditional
from bot.understanding.intents import command
from bot.understanding.numerals import DIGITS
from bot.understanding.reading import LONGEST, understand
from bot.understanding.tidy import tidy
from bot.understanding.vocabulary import Vocabulary

_NUMBER = "(?:[0-9０-９]{1,4}|[一二三四五六七八九十]{1,3})"
_APART = r"\s，,。；;：:、"
#: 2组5号, 五队 12号院; 3号院, 12号楼三单元502, 2栋3单元502室; and a number that stands alone: 12号, 502室. Nothing but these ends follows.
_GROUP = f"{_NUMBER}(?:村民)?[组組队隊社](?: ?{_NUMBER}[号號户戶][院门門房家户戶]?)?"
_YARD = f"{_NUMBER}[号號](?:院|门|門|房|家|户|戶)"
_FLAT = f"{_NUMBER}(?:[号號][楼樓]|[栋棟幢]|单元|單元)(?:{_NUMBER}(?:单元|單元|门|門))?(?:[0-9０-９]{{1,4}}[室号號]?)?"
_ALONE = "[0-9０-９]{1,4}[号號室]"
_NUMBERED = re.compile(f"(?P<label>{_GROUP}|{_YARD}|{_FLAT}|{_ALONE})(?=[{_APART}的是花]|$)")
_BEFORE = re.compile(f"[{_APART}]*(?:这[家户]?是|這[家戶]?是|现在是|現在是|到了)?[{_APART}]*")
#: 12号，出院: the day on which somebody left hospital; 12号花了三万 may be one.
_A_DAY = re.compile(f"[{_APART}的是]*[出入住去到转轉办辦开開做动動花]")
_SURNAME = (
    "[王李张張刘劉陈陳杨楊赵趙黄黃周吴吳徐孙孫胡朱高林何郭马馬罗羅梁宋郑鄭谢謝韩韓唐冯馮于董萧蕭程曹袁邓鄧许許傅沈曾彭吕呂苏蘇卢盧蒋蔣蔡贾賈丁魏薛叶葉阎閻余潘"
    "杜戴夏钟鐘汪田任姜范方石姚谭譚廖邹鄒熊金陆陸郝孔崔康毛邱秦江史顾顧侯邵孟龙龍段雷钱錢汤湯尹黎武乔喬贺賀赖賴龚龔文]"
)
#: 叫张三, without anything between: a surname has to tell that it is a name.
_CALLED = re.compile(f"(?:^|(?<=[{_APART}]))名?叫(?P<label>{_SURNAME}[一-鿿]{{1,2}}|[老小]{_SURNAME}[家头頭]?)(?=[{_APART}]|$)")
#: 叫 老张家, 门牌 12号: so many words are a name, wherever they stand.
_NAMED = re.compile(
    f"(?:^|(?<=[{_APART}]))(?:[这這][家户戶位])?(?:(?:名?叫|[户戶]名)(?:[ ：:]|是)+|[门門]牌[号號]?[ ：:是]*)(?P<label>[^{_APART}]+)"
)
#: What is said right after 下一位 and is no fact names the household: so long at most, and no question.
_LONGEST_NAME = 20
#: 老张家, 东头王二家, 王大娘, 李婶: somebody who is called so, before their bill. 我家, 大家, 两家, 隔壁家, 大姐 are nobody in particular.
_NOBODY = "[我俺咱你您他她它這这那哪别別隔邻鄰]|(?:大|人|公|国|國|自|全|回|在|老|娘|婆|百|千|万|萬|几|幾|[一二三四五六七八九十两兩])家"
_ELDER = "大爷|大爺|大娘|大叔|大婶|大嬸|大妈|大媽|大伯|奶奶|爷爷|爺爺|老汉|老漢|老太|嫂子"
_OLDER = f"(?![大老])[一-鿿]{{1,4}}(?:{_ELDER})|(?![大老小二三四])[一-鿿][婶嬸叔嫂哥姐伯]"
_NICKNAME = re.compile(f"(?!{_NOBODY})(?:[一-鿿]{{1,7}}家|[老小]{_SURNAME}|{_OLDER})")
_PIECE = re.compile(rf"[{_APART}]*(?P<label>[^{_APART}]+)")
_ASKS = re.compile("[?？吗嗎呢]|怎么|怎麼|什么|什麼|多少")
_A_FEW_DIGITS = re.compile("[0-9０-９]{1,4}")
_JOINS = r"[\s，,、和跟与第户位家号]"
_COUNT = "(?:[0-9]{1,4}|[一二三四五六七八九十]{1,3})"
_NUMBERS = f"{_JOINS}*{_COUNT}(?:{_JOINS}+{_COUNT})*{_JOINS}*的?"
#: 改第2户, 把第3户删掉: of a household that was left. A number alone might be an amount.
_ONE = rf"[\s，]*把?第\s*{_COUNT}\s*[户家位][\s，]*"
_CHANGED = "改一下|改一改|改改|修改|改|删掉|删除|删了|删|去掉"
#: 第2户是特困: facts of one by its place in the day; 刚才那户是特困, 上一户: of one that was left, or of the one of now, who knows.
_NTH = re.compile(rf"(?:不对|错了|改|把|[{_APART}])*第\s*(?P<number>{_COUNT})\s*[户家位](?![医里属人庭])(?:改成|改为|改|应该|的|是|为)*")
_BEFORE_NOW = re.compile(rf"(?:不对|错了|改|把|[{_APART}])*(?:前面|刚才|刚刚|上面|前一|上一|上)[那这一个的]*[户家位](?![医里属人庭])")
#: 对比 老张家 5号院, 单子 老张家: by what they are called, where they are called so.
_BY_NAME = {
    "desk.compare": re.compile(rf"(?:对比|比一比|比较|比比)[{_APART}]*(?P<names>.+)(?P<front>)"),
    "desk.slip": re.compile(rf"(?:打印单子|打单子|单子|打印)[{_APART}]*(?P<names>.+)|(?P<front>.+)的单子"),
}
_AND = re.compile(rf"[{_APART}和跟与]+")
#: 对比 1 3, 第3户的单子.
_WITH_NUMBERS = {
    f"desk.{name}": re.compile(f"(?:{words})[:]?(?P<after>{numbers})|(?P<before>{numbers})(?:{words})")
    for name, words, numbers in (
        ("compare", "对比|比一比|比较|比比", _NUMBERS),
        ("slip", "打印单子|打单子|单子|打印", _NUMBERS),
        ("change", _CHANGED, _ONE),
    )
}


class _Called(NamedTuple):
    """What a household is called, and the message without it. `told_so`: by words that say that it is a name."""

    label: str
    rest: str
    told_so: bool


def understand_at_desk(text: str, vocabulary: Vocabulary, expecting: str | None = None, place: str | None = None) -> Heard:
    """Read one message at an open desk; otherwise as `understand` does. What a household is called is the slot `label`."""
    if len(text) > LONGEST:
        return understand(text, vocabulary, expecting, place)
    wish = _wish(tidy(text), vocabulary)
    if wish is not None and (wish.intent != "desk.list" or expecting != "on"):
        return wish
    said = text.strip()
    called = vocabulary.next_household.match(said.translate(traditional()))
    if called is None:
        return _of_the_nth(tidy(text), vocabulary, place) or _by_name(said, _told(said, vocabulary, expecting, place))
    return msgspec.structs.replace(_of_the_next(said[called.end() :], vocabulary, place), begins=True)


def _wish(tidied: str, vocabulary: Vocabulary) -> Heard | None:
    """What is asked of the desk, with the numbers of households where some are named."""
    wish = command(tidied, vocabulary.desk)
    if wish is not None:
        return Heard(intent="another", begins=True) if wish == "desk.next" else Heard(intent=wish)
    for intent, pattern in _WITH_NUMBERS.items():
        found = pattern.fullmatch(tidied.strip())
        if found is not None:
            return Heard(intent=intent, numbers=_numbers(found["after"] or found["before"]))
    return None


def _of_the_nth(tidied: str, vocabulary: Vocabulary, place: str | None) -> Heard | None:
    """Facts of a household by its place in the day; or of one that was left, which a talk does not change."""
    if _BEFORE_NOW.match(tidied):
        return Heard(intent="desk.change")
    nth = _NTH.match(tidied)
    heard = _told(tidied[nth.end() :], vocabulary, None, place) if nth is not None else Heard()
    if nth is None or not (heard.slots or heard.ambiguous or heard.problems):
        return None
    return msgspec.structs.replace(heard, numbers=(_number(nth["number"]),))


def _by_name(said: str, heard: Heard) -> Heard:
    """A message with the households that it may name, to be compared or for their slip; 单子上写着两万 names nobody."""
    for intent, pattern in _BY_NAME.items():
        found = pattern.fullmatch(said.translate(traditional()))
        if found is not None:
            at = "names" if found["names"] else "front"
            names = tuple(name for name in _AND.split(said[found.start(at) : found.end(at)]) if name)
            says_more = heard.slots.keys() - {LABEL} or heard.ambiguous or heard.problems or heard.intent not in ("unknown", "estimate")
            return msgspec.structs.replace(heard, called=names) if says_more else Heard(intent=intent, called=names)
    return heard


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(_number, re.findall("[0-9]+|[一二三四五六七八九十]+", text)))


def _number(written: str) -> int:
    """A count up to ninety-nine as it is written or spoken."""
    if written.isascii():
        return int(written)
    tens, separator, ones = written.rpartition("十")
    return (DIGITS.get(tens, 1) * 10 if separator else 0) + DIGITS.get(ones, 0)


def _of_the_next(text: str, vocabulary: Vocabulary, place: str | None) -> Heard:
    """What is said behind 下一位: a name first, if there is one, and then the household's case."""
    piece = _PIECE.match(text)
    if piece is None or _numbered(text) or _NAMED.search(text) or not _is_a_name(piece, vocabulary):
        return _told(text, vocabulary, None, place)
    return _with_label(_joined(piece["label"], text[piece.end() :], told_so=True), vocabulary, None, place)


def _is_a_name(piece: re.Match[str], vocabulary: Vocabulary) -> bool:
    name, stands_apart = piece["label"], piece.start("label") > 0
    if len(name) > _LONGEST_NAME or _ASKS.search(name):
        return False
    if _A_FEW_DIGITS.fullmatch(name):
        return stands_apart
    is_plain = stands_apart or name.endswith(("家", "户", "戶", "院")) or _NICKNAME.fullmatch(name)
    return bool(is_plain) and _says_nothing(name, vocabulary)


def _says_nothing(name: str, vocabulary: Vocabulary) -> bool:
    """Whether nothing of a case, and no wish, is read in a name."""
    said = understand(name, vocabulary)
    return not (said.slots or said.ambiguous or said.problems or said.unsure) and said.intent == "unknown"


def _told(text: str, vocabulary: Vocabulary, expecting: str | None, place: str | None) -> Heard:
    """A message with or without what the household is called."""
    named = _NAMED.search(text) or _CALLED.search(text)
    if named is not None:
        rest = f"{text[: named.start()]}，{text[named.end() :]}"
        return _with_label(_Called(named["label"], rest, told_so=True), vocabulary, expecting, place)
    found = None if expecting == "on" else _numbered(text) or _numbered_behind_place(text, vocabulary) or _nicknamed(text, vocabulary)
    return understand(text, vocabulary, expecting, place) if found is None else _with_label(found, vocabulary, expecting, place)


def _numbered(text: str) -> _Called | None:
    """A house number that a message begins with."""
    lead = _BEFORE.match(text)
    found = _NUMBERED.match(text, lead.end() if lead else 0)
    if found is None:
        return None
    rest = text[found.end() :]
    if re.fullmatch(_ALONE, found["label"]) and _A_DAY.match(rest):
        return None
    return _Called(found["label"], rest, told_so=not rest.strip())


def _numbered_behind_place(text: str, vocabulary: Vocabulary) -> _Called | None:
    """A house number behind the place that a message begins with, as one says it the first time in a village."""
    piece = _PIECE.match(text)
    found = _numbered(text[piece.end() :]) if piece is not None else None
    if piece is None or found is None:
        return None
    said = understand(piece["label"], vocabulary)
    is_place = said.slots.keys() == {"place"} and not (said.ambiguous or said.problems)
    return _Called(found.label, f"{piece['label']}，{found.rest}", told_so=False) if is_place else None


def _nicknamed(text: str, vocabulary: Vocabulary) -> _Called | None:
    """A nickname that a message begins with, before a category: so a household is told, and hardly anything else."""
    piece = _PIECE.match(text)
    if piece is None or not _NICKNAME.fullmatch(piece["label"]) or not _says_nothing(piece["label"], vocabulary):
        return None
    rest = text[piece.end() :]
    tells = "category" in understand(rest, vocabulary).slots
    return _joined(piece["label"], rest, told_so=False) if tells else None


def _joined(name: str, rest: str, *, told_so: bool) -> _Called:
    """A name with the house number behind it, if one is said: 老王家 二组."""
    number = _numbered(rest)
    return _Called(name, rest, told_so) if number is None else _Called(f"{name} {number.label}", number.rest, told_so)


def _with_label(called: _Called, vocabulary: Vocabulary, expecting: str | None, place: str | None) -> Heard:
    rest = called.rest.strip()
    said = understand(rest, vocabulary, expecting, place) if tidy(rest).strip(" \n\x7f，。,;:、的是") else Heard()
    label = unicodedata.normalize("NFC", called.label).strip()
    if len(label) > LONGEST_LABEL or not label.isprintable():
        return msgspec.structs.replace(said, problems=(*said.problems, Problem("label", "")))
    slot = Slot(label, label, approximate=not called.told_so)
    return msgspec.structs.replace(said, slots={LABEL: slot} | said.slots, intent="estimate" if said.intent == "unknown" else said.intent)
