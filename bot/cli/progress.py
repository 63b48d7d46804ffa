"""How far a long command is: one bar a stage, on standard error."""

import sys
from collections.abc import Callable
from itertools import repeat
from time import monotonic
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from bot.speech import Voice


class Progress:
    """Rows a second and the time that is left. Away from a terminal nothing is shown."""

    def __init__(self, voice: "Voice") -> None:
        self._voice = voice

    def stage(self, name: str, rows: int) -> Callable[[int], None]:
        """Begin a stage of so many rows (0: nobody knows yet); rows done are told to what is given back."""
        if sys.stderr is None or not sys.stderr.isatty():
            return lambda _: None
        begun, done = monotonic(), 0

        def rate(_: Any) -> str:
            return self._voice.say("batch.rate", rate=f"{done / max(monotonic() - begun, 0.001):,.0f}")

        bar = click.progressbar(
            **({"length": rows} if rows else {"iterable": repeat(None)}),
            label=self._voice.say(f"batch.stage.{name}"),
            show_eta=rows > 0,
            show_percent=rows > 0,
            item_show_func=rate,
            file=sys.stderr,
            width=24,
        )
        bar.render_progress()

        def tick(more: int) -> None:
            nonlocal done
            done += more
            bar.update(more, current_item=done)
            if done >= rows > 0:
                bar.render_finish()

        return tick
