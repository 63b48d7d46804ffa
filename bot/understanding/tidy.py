"""Makes a message plain: full-width forms become ordinary ones, tags, emoji and control characters become spaces.

Characters that only *look* like digits (①, ², ½, 3️⃣) are never turned into digits: "①3000" must not become 13000.
"""

import re
import unicodedata

#: A mark that joins nothing to nothing, so that "3½万" is not read as 3万.
BLOCK = "\x7f"

#: What needs no second look: Chinese characters, printable ASCII, line breaks and the usual Chinese punctuation.
_ODD = re.compile("[^\u4e00-\u9fff\\x20-\\x7e\n，。；：？！、（）“”‘’《》【】…·—–～〜〇¥￥]")
_TAG = re.compile(r"<[/!]?[A-Za-z][^<>\n]{0,200}>|<!--|-->|&[a-z]{2,6};")
_KEYCAP = re.compile("[0-9#*]\ufe0f?\u20e3")
_DIGIT, _UNIT = "零一二两三四五六七八九", "十百千万"
#: 两 万 三: a numeral written with a space between all its characters.
_SPACED = re.compile(f"(?<![{_DIGIT}{_UNIT}0-9])[{_DIGIT}] [{_UNIT}](?: [{_DIGIT}{_UNIT}])*(?![{_DIGIT}{_UNIT}0-9])")
_PUNCTUATION = str.maketrans("；：？！（）～〜￥", ";:?!()~~¥")


def tidy(text: str) -> str:
    """The message as it is read from here on. Never longer than the message; the full-width comma stays what it is."""
    text = _KEYCAP.sub(" ", text).replace("\r", "\n")
    text = _ODD.sub(_plain, text).translate(_PUNCTUATION)
    return _SPACED.sub(lambda match: match[0].replace(" ", ""), _TAG.sub(" ", text))


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
