"""What a process of its own does; see `bot.lists.apart`."""

import os
import sys
from contextlib import suppress

import msgspec

from bot.desk import RoomError
from bot.lists.bringing import Bringing
from bot.lists.making import Making

_GIVE_WAY = 10


def work() -> int:
    """Do what the input asks for, and say what came of it; the status to end with."""
    with suppress(OSError):
        os.nice(_GIVE_WAY)
    asked = msgspec.json.decode(sys.stdin.buffer.read(), type=Bringing | Making, dec_hook=lambda kind, said: kind(said))
    try:
        sys.stdout.buffer.write(asked.do())
    except RoomError:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(work())
