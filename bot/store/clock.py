"""The store's own time: by it the store tells how old things are, and a clock that jumps changes nobody's age.

While a program runs, its time goes on evenly whatever the clock on the wall is set to. Between two runs it goes on by the clock on the
wall, but never back, and the newest time that was ever read counts: a machine that starts in the year 2000 and hears the right time an
hour later has not let twenty-six years pass.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from bot.store.database import Connection

#: How often the time is noted beside what is kept.
_SAVE_SECONDS = 60


class Moment(NamedTuple):
    """One look at the clocks, in seconds: `wall` since 1970, which may jump; `steady` since any moment, which does not."""

    wall: float
    steady: float


ReadClocks = Callable[[], Moment]


def read_clocks() -> Moment:
    """The clocks of this machine. The steady one goes on while it sleeps, where there is such a one."""
    steady = time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()
    return Moment(time.time(), steady)


class Clock:
    """The time of one opened store, whole seconds; about those since 1970."""

    def __init__(self, connection: "Connection", read: ReadClocks) -> None:
        """Go on from where the last run noted."""
        self._read, begun = read, read()
        store, wall = connection.execute("SELECT store, wall FROM clock").fetchone() or (begun.wall, begun.wall)
        self._begun, self._from = store + max(0, begun.wall - wall), begun.steady
        self._saved = float("-inf")

    def now(self) -> int:
        """The time of the store."""
        return int(self._begun + self._read().steady - self._from)

    def save(self, connection: "Connection") -> None:
        """Note the time in the transaction that is open, unless that was done a moment ago."""
        moment = self._read()
        if moment.steady - self._saved < _SAVE_SECONDS:
            return
        self._saved = moment.steady
        query = (
            "INSERT INTO clock (id, store, wall) VALUES (1, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET "
            "store = CASE WHEN clock.store > excluded.store THEN clock.store ELSE excluded.store END, "
            "wall = CASE WHEN clock.wall > excluded.wall THEN clock.wall ELSE excluded.wall END"
        )
        connection.execute(query, (self.now(), int(moment.wall)))
