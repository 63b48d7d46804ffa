"""The WeChat door, for an official account. Carries exactly the conversation of the other doors and decides nothing."""

from bot.wechat.crypto import KeyFormatError
from bot.wechat.door import Wechat

__all__ = ["KeyFormatError", "Wechat"]
