"""Starting and stopping the server: everything is read and opened before the port is, and nothing is left half-started."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import structlog
from aiohttp import web

from bot.assistant import Assistant
from bot.logs import places
from bot.settings import Settings
from bot.store import StoreError
from bot.web.answering import Answering
from bot.web.app import make_app
from bot.web.closing import GATE
from bot.web.desk import sweep_desks
from bot.web.lines import LINES, Line

_SWEEP_SECONDS, _SWEEP_AGAIN_SECONDS = 6 * 3600, 60
_REOPEN_SECONDS = 5
#: Connections that wait to be accepted: after a new start all widgets come back within a second.
_MOST_WAITING = 1024
#: Ending takes as long as the turns under way, and less than fifteen seconds in all: first turns are finished, then requests and doors side
#: by side (aiohttp takes its time twice, before and after it cancels what is left).
_TURNS_SECONDS, _REQUESTS_SECONDS, _DOORS_SECONDS = 8, 2, 6
_log = structlog.get_logger()


class Door(Protocol):
    """Another way in beside the web, living in the same process. `path`: where our server takes deliveries for it, if it wants any."""

    @property
    def path(self) -> str | None:
        """A path of our server, or None."""

    async def run(self) -> None:
        """Work until cancelled."""

    async def take(self, headers: Mapping[str, str], body: bytes) -> int:
        """One delivery; the HTTP status to answer with."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen. `shared`: other servers of this machine may listen there too, and each who calls gets one of them."""

    host: str
    port: int
    shared: bool = False


class StartError(Exception):
    """The server cannot start; the message is one clear line."""


def serve(
    assistant: Assistant,
    settings: Settings,
    where: Address,
    started: Callable[[str], None],
    make_doors: Callable[[], Sequence[Door]],
    answering: Sequence[Answering] = (),
) -> None:
    """Serve until Ctrl-C or SIGTERM. `started` gets the address. Raises StartError when the address cannot be taken."""
    run = _run(assistant, settings, where, started, make_doors, answering)
    if sys.platform == "win32":
        asyncio.run(run)
        return
    import uvloop

    _open_many()
    uvloop.run(run)


def _open_many() -> None:
    """Let the process hold as many lines as the system allows it: each chat that is open somewhere is one."""
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # a system that promises more than it gives
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def _run(
    assistant: Assistant,
    settings: Settings,
    where: Address,
    started: Callable[[str], None],
    make_doors: Callable[[], Sequence[Door]],
    answering: Sequence[Answering] = (),
) -> None:
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    doors = make_doors()
    hooks = {door.path: door.take for door in doors if door.path is not None}
    app = make_app(assistant, settings, hooks, answering)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_REQUESTS_SECONDS)
    await runner.setup()
    try:
        site = web.TCPSite(runner, where.host, where.port, backlog=_MOST_WAITING, reuse_port=where.shared or None)
        await site.start()
    except OSError as error:
        await runner.cleanup()
        raise StartError(f"{where.host}:{where.port}") from error
    sweeps = (_sweep(assistant, settings.retention_days), sweep_desks(app))
    works = [*sweeps, app[LINES].watch(lambda: _lines(runner)), *(_keep_open(door) for door in doors)]
    working = [asyncio.create_task(work) for work in works]
    # Port 0 lets the system choose; say the one it chose.
    started(f"http://{where.host}:{runner.addresses[0][1]}")
    await stop.wait()
    # The port stays open meanwhile: whoever comes now is told when to come again.
    await app[GATE].shut(_TURNS_SECONDS)
    await asyncio.gather(_end(working), runner.cleanup())


def _lines(runner: web.AppRunner) -> Sequence[Line]:
    """The connections that are open."""
    return runner.server.connections if runner.server is not None else ()


async def _end(working: Sequence[asyncio.Task[None]]) -> None:
    for task in working:
        task.cancel()
    with suppress(TimeoutError):
        await asyncio.wait_for(asyncio.gather(*working, return_exceptions=True), _DOORS_SECONDS)


async def _keep_open(door: Door) -> None:
    """A door that fails by an error of ours is opened again; the others never notice."""
    while True:
        try:
            await door.run()
        except Exception as error:
            _log.error("door_failed", error=type(error).__name__, where=places(error))
        await asyncio.sleep(_REOPEN_SECONDS)


async def _sweep(assistant: Assistant, days: int) -> None:
    while True:
        try:
            # What does not hold together is not written to any more, and the log has said what to do.
            if await assistant.store.examine():
                _log.info("swept", count=await assistant.store.sweep(days))
            await asyncio.sleep(_SWEEP_SECONDS)
        except StoreError:
            # Full or read-only for now, which the log has told; nothing may be kept longer because of that.
            await asyncio.sleep(_SWEEP_AGAIN_SECONDS)
