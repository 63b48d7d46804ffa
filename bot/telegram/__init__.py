"""The Telegram door. Carries exactly the conversation of the other doors and decides nothing."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# The library's coming way to tell how long to wait; without it every 429 prints a warning. It is read when the library is imported.
os.environ.setdefault("PTB_TIMEDELTA", "true")


@contextmanager
def _as_if_not_installed(name: str) -> Iterator[None]:
    """Within, a package that is not loaded yet cannot be imported."""
    loaded: dict[str, Any] = sys.modules
    hidden = name not in loaded
    if hidden:
        loaded[name] = None
    try:
        yield
    finally:
        if hidden:
            del loaded[name]


# The library opens papers of Telegram Passport with it where it can. We ask for none, and it would take 8 MB.
with _as_if_not_installed("cryptography"):
    from bot.telegram.door import Telegram

__all__ = ["Telegram"]
