"""The time in China: the packs' places all keep Beijing time, wherever the server stands."""

from datetime import date, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8))


def china_today() -> date:
    """The day in China."""
    return datetime.now(CHINA).date()


def moment(seconds: float) -> str:
    """A moment since 1970 as ISO, in Beijing time, to the second."""
    return datetime.fromtimestamp(seconds, CHINA).isoformat(timespec="seconds")
