"""A list worked on in a process of its own; see `bot.lists.bringing`."""

import sys

from bot.lists.bringing import work

if __name__ == "__main__":
    sys.exit(work())
