"""The languages we speak, and which of them a browser's, a phone's or a page's tag asks for."""

import re

#: The first is what everybody is spoken to in who asks for none of them.
LANGS = ("zh_CN", "zh_Hant", "en")
#: Chinese as it is written where the tag says so.
_WRITTEN = {"zh_tw": "zh_Hant", "zh_hk": "zh_Hant", "zh_mo": "zh_Hant", "zh_hant": "zh_Hant"}


#: What people call our languages, as a whole message.
_NAMES = {
    **dict.fromkeys(("中文", "汉语", "漢語", "普通话", "普通話", "简体", "简体字", "简体中文", "简体字", "chinese"), "zh_CN"),
    **dict.fromkeys(("繁体", "繁體", "繁体字", "繁體字", "繁体中文", "繁體中文", "正体", "正體", "正體中文"), "zh_Hant"),
    **dict.fromkeys(("英文", "英语", "英語", "english"), "en"),
}
_ASKING = re.compile(r"^(?:请|請)?(?:跟我)?(?:用|说|說|讲|講|换成|換成|换|換|改成|speak|in)?\s*(.+?)(?:吧|please)?[\s。.]*$", re.IGNORECASE)


def named(text: str) -> str | None:
    """The language of ours that a message asks for by its name alone (说英文); None for any other message."""
    asked = _ASKING.match(text.strip())
    return _NAMES.get(asked[1].strip().lower()) if asked else None


def spoken(tag: str | None) -> str | None:
    """The language of ours for a tag such as zh-TW, zh_Hant, en-GB or zh; None where we speak none of that kind."""
    wished = (tag or "").strip().lower().replace("-", "_")
    written = next((lang for prefix, lang in _WRITTEN.items() if wished.startswith(prefix)), None)
    return written or next((lang for lang in LANGS if wished and lang.lower().partition("_")[0] == wished.partition("_")[0]), None)
