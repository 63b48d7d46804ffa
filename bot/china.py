"""The time in China: the packs' places all keep Beijing time, wherever the server stands."""

from datetime import datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8))


def moment(seconds: float) -> str:
    """A moment since 1970 as ISO, in Beijing time, to the second."""
    return datetime.fromtimestamp(seconds, CHINA).isoformat(timespec="seconds")
