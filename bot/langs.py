"""The languages we speak, and which of them a browser's, a phone's or a page's tag asks for."""

#: The first is what everybody is spoken to in who asks for none of them.
LANGS = ("zh_CN", "zh_Hant", "en")
#: Chinese as it is written where the tag says so.
_WRITTEN = {"zh_tw": "zh_Hant", "zh_hk": "zh_Hant", "zh_mo": "zh_Hant", "zh_hant": "zh_Hant"}


def spoken(tag: str | None) -> str | None:
    """The language of ours for a tag such as zh-TW, zh_Hant, en-GB or zh; None where we speak none of that kind."""
    wished = (tag or "").strip().lower().replace("-", "_")
    written = next((lang for prefix, lang in _WRITTEN.items() if wished.startswith(prefix)), None)
    return written or next((lang for lang in LANGS if wished and lang.lower().partition("_")[0] == wished.partition("_")[0]), None)
