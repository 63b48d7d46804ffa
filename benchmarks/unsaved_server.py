"""Our server with nothing behind it: talks live in memory and are gone with the process. `python -m benchmarks.unsaved_server PORT`

Everything else is as `nengbao serve` has it, so that the difference is the disk, the threads to it and waiting for them.
"""

import sys
from dataclasses import dataclass, field
from typing import cast

import click

from bot.assistant import Assistant
from bot.knowledge import read_knowledge
from bot.logs import configure_logs
from bot.settings import Settings
from bot.store import Change, Kept, Store
from bot.web.serve import Address, serve


@dataclass
class Memory:
    """What a turn needs of a store."""

    secret: bytes = b"benchmark"
    kept: dict[str, Kept] = field(default_factory=dict)
    replies: dict[tuple[str, str], bytes] = field(default_factory=dict)

    async def load(self, key: str) -> Kept | None:
        """The conversation."""
        return self.kept.get(key)

    async def opened(self, opened_by: str) -> Kept | None:
        """None: every first message of the benchmark is new."""

    async def reply(self, key: str, message: str) -> bytes | None:
        """What was answered."""
        return self.replies.get((key, message))

    async def keep(self, change: Change) -> None:
        """Note the turn."""
        self.kept[change.key] = Kept(change.key, change.version + 1, change.state)
        self.replies[change.key, change.message] = change.reply

    async def examine(self) -> bool:
        """There is no file to look at."""
        return True

    async def sweep(self, days: int) -> int:  # noqa: ARG002 - the store's own signature
        """Nothing is old."""
        return 0


def main(port: int) -> None:
    """Serve until Ctrl-C."""
    configure_logs()
    assistant = Assistant(read_knowledge(), cast("Store", Memory()))
    serve(assistant, Settings(), Address("127.0.0.1", port), click.echo, lambda: ())


if __name__ == "__main__":
    main(int(sys.argv[1]))
