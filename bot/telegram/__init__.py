"""The Telegram door. Carries exactly the conversation of the other doors and decides nothing."""

import os

# The library's coming way to tell how long to wait; without it every 429 prints a warning. It is read when the library is imported.
os.environ.setdefault("PTB_TIMEDELTA", "true")

from bot.telegram.door import Telegram

__all__ = ["Telegram"]
