"""The one thread that writes: it commits everything that waits as one transaction.

Grouping shares the one sync to disk that a commit costs among everybody who waits for it.
"""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from bot.counters import StoreCounters
from bot.store.clock import Clock
from bot.store.database import Connection, Database
from bot.store.trouble import BUSY, DAMAGED, UNREACHABLE, Health
from bot.store.values import ConflictError

T = TypeVar("T")

#: How many waiting turns go into one transaction at most, so that the first of them does not wait for ever.
MOST_AT_ONCE = 512
#: Where what was erased cannot be taken out at once, because somebody reads there, it is tried again after so many seconds.
_WIPE_SECONDS = 1


class Writer:
    """Await `do`; `close` finishes what waits."""

    def __init__(self, database: Database, clock: Clock, health: Health) -> None:
        self._database, self._clock, self._health = database, clock, health
        #: Whether something was erased that may still lie somewhere; at the start nobody knows.
        self._erased, self._wiped_at = True, float("-inf")
        self.counters = StoreCounters()
        self._waiting: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    async def do(self, work: Callable[[Connection], T], *, erases: bool = False) -> T:
        """What `work` comes to, once it is on disk. Raises ConflictError or StoreError, and then nothing of it is kept."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        self._waiting.put(_Job(work, done, loop, erases=erases))
        return await done

    def queue_length(self) -> int:
        """How many pieces of writing wait."""
        return self._waiting.qsize()

    def close(self) -> None:
        """Finish what waits, then end."""
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        self._wipe()
        while (job := self._next()) is not None:
            batch: list[_Job] = [job]
            stop = False
            while len(batch) < MOST_AT_ONCE and not self._waiting.empty():
                following = self._waiting.get()
                if following is None:
                    stop = True
                    break
                batch.append(following)
            self._commit(batch)
            if stop:
                return

    def _next(self) -> "_Job | None":
        """The next piece of work; while there is none, what was erased is taken out of where it still lies."""
        while self._erased:
            try:
                return self._waiting.get(timeout=_WIPE_SECONDS)
            except Empty:
                self._wipe()
        return self._waiting.get()

    def _wipe(self) -> None:
        self._wiped_at = time.monotonic()
        self._erased = not self._database.wipe()

    def _commit(self, batch: "list[_Job]") -> None:
        started = time.perf_counter()
        try:
            self._write_all(batch)
        except Exception as error:
            # The writer must outlive any failure, and one piece of work that cannot be written must not take others with it.
            failed = self._health.failed(error)
            if len(batch) > 1 and failed.trouble not in (BUSY, DAMAGED, UNREACHABLE):
                for job in batch:
                    self._commit([job])
                return
            for job in batch:
                job.failed = failed
            self.counters.failures += len(batch)
        else:
            self.counters.committed(len(batch), time.perf_counter() - started)
            self._clean(batch)
        _tell(batch)

    def _write_all(self, batch: "list[_Job]") -> None:
        """One transaction for all of them; when it raises, nothing of it is kept."""
        self._health.check()
        before = self._database.changes()
        with self._database.transaction() as connection:
            for job in batch:
                job.run(connection)
            self._clock.save(connection)
        if self._database.changes() != before:
            self._health.worked()

    def _clean(self, batch: "list[_Job]") -> None:
        """After something was erased, take it out before anybody is told so; later when somebody reads there."""
        if any(job.erases for job in batch):
            self._erased, self._wiped_at = True, float("-inf")
        if self._erased and time.monotonic() - self._wiped_at > _WIPE_SECONDS:
            self._wipe()


def _tell(batch: "list[_Job]") -> None:
    """Wake each loop once for all that wait in it."""
    loops: dict[asyncio.AbstractEventLoop, list[_Job]] = {}
    for job in batch:
        loops.setdefault(job.loop, []).append(job)
    for loop, jobs in loops.items():
        # A loop that has ended meanwhile has nobody left who waits; what was written is written.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(_settle, jobs)


def _settle(jobs: "list[_Job]") -> None:
    for job in jobs:
        job.settle()


class _Job:
    """One piece of writing and the future that waits for it."""

    def __init__(
        self, work: Callable[[Connection], Any], done: "asyncio.Future[Any]", loop: asyncio.AbstractEventLoop, *, erases: bool
    ) -> None:
        self.work, self.done, self.loop, self.erases = work, done, loop, erases
        self.result: Any = None
        self.failed: Exception | None = None

    def run(self, connection: Connection) -> None:
        """A refused change writes nothing and leaves the other changes of the transaction alone."""
        self.failed = None
        try:
            self.result = self.work(connection)
        except ConflictError as error:
            self.failed = error

    def settle(self) -> None:
        """Tell who waits, in its own loop."""
        if self.done.cancelled():
            return
        if self.failed is not None:
            self.done.set_exception(self.failed)
        else:
            self.done.set_result(self.result)
