"""Makes a message plain: full-width forms become ordinary ones, traditional characters simplified ones, tags and emoji spaces.

Characters that only *look* like digits (①, ², ½, 3️⃣) are never turned into digits: "①3000" must not become 13000.
"""

import re
import unicodedata

from bot.understanding.characters import traditional

#: A mark that joins nothing to nothing, so that "3½万" is not read as 3万.
BLOCK = "\x7f"

#: What needs no second look: Chinese characters, printable ASCII, line breaks and the usual Chinese punctuation.
_ODD = re.compile("[^\u4e00-\u9fff\\x20-\\x7e\n，。；：？！、（）“”‘’《》【】…·—–～〜〇¥￥]")
_TAG = re.compile(r"<[/!]?[A-Za-z][^<>\n]{0,200}>|<!--|-->|&[a-z]{2,6};")
_KEYCAP = re.compile("[0-9#*]\ufe0f?\u20e3")
_DIGIT, _UNIT = "零一二两三四五六七八九", "十百千万"
#: 两 万 三: a numeral written with a space between all its characters.
_SPACED = re.compile(f"(?<![{_DIGIT}{_UNIT}0-9])[{_DIGIT}] [{_UNIT}](?: [{_DIGIT}{_UNIT}])*(?![{_DIGIT}{_UNIT}0-9])")
#: Many write a space for a comma; beside a number it may stand within an amount.
_APART = re.compile(f"(?<=[\u4e00-\u9fff])(?<![{_DIGIT}{_UNIT}]) (?![{_DIGIT}{_UNIT}])(?=[\u4e00-\u9fff])")
#: 3 万 2, if nothing follows that the last digit may count.
_SPACED_DIGITS = re.compile(f"(?<![0-9.{_DIGIT}{_UNIT}])(?<![0-9] )[0-9] [万千] [0-9](?= *(?:[，,。;!?元块\n]|$))")
_ON_THE_WAY, _WAY = re.compile("[在到去来往]了?(?!了)[\u4e00-\u9fff]{2,5}$"), 8
_PUNCTUATION = str.maketrans("；：？！（）～〜￥", ";:?!()~~¥")


def tidy(text: str) -> str:
    """The message as it is read from here on. Never longer than the message; the full-width comma stays what it is."""
    text = _KEYCAP.sub(" ", text).replace("\r", "\n").translate(traditional())
    text = _ODD.sub(_plain, text).translate(_PUNCTUATION)
    text = _SPACED_DIGITS.sub(lambda match: match[0].replace(" ", ""), text)
    return _APART.sub(_comma, _SPACED.sub(lambda match: match[0].replace(" ", ""), _TAG.sub(" ", text)))


def _comma(match: re.Match[str]) -> str:
    """在北京 协和医院 goes on behind the space."""
    return " " if _ON_THE_WAY.search(match.string, max(0, match.start() - _WAY), match.start()) else "，"


def _plain(match: re.Match[str]) -> str:
    """One unusual character: its ordinary form, nothing (invisible), a block (it looks like a number) or a space."""
    char = match[0]
    category = unicodedata.category(char)
    if category == "Cf":
        return ""
    form = unicodedata.normalize("NFKC", char)
    if category in {"No", "Nl"} or (len(form) > 1 and not form.isspace()):
        return BLOCK
    if _ODD.match(form):
        return BLOCK if category == "Nd" else " "
    return form
