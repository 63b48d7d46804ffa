"""Starting and stopping the server: everything is read and opened before the port is, and nothing is left half-started."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable

import structlog
from aiohttp import web

from bot.assistant import Assistant
from bot.settings import Settings
from bot.web.app import make_app

_SWEEP_SECONDS = 6 * 3600
_log = structlog.get_logger()


class StartError(Exception):
    """The server cannot start; the message is one clear line."""


def serve(assistant: Assistant, settings: Settings, host: str, port: int, started: Callable[[str], None]) -> None:
    """Serve until Ctrl-C or SIGTERM. `started` gets the address. Raises StartError when the address cannot be taken."""
    run = _run(assistant, settings, host, port, started)
    if sys.platform == "win32":
        asyncio.run(run)
        return
    import uvloop

    uvloop.run(run)


async def _run(assistant: Assistant, settings: Settings, host: str, port: int, started: Callable[[str], None]) -> None:
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    runner = web.AppRunner(make_app(assistant, settings), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, shutdown_timeout=10).start()
    except OSError as error:
        await runner.cleanup()
        raise StartError(f"{host}:{port}") from error
    sweeping = asyncio.create_task(_sweep(assistant, settings.retention_days))
    # Port 0 lets the system choose; say the one it chose.
    started(f"http://{host}:{runner.addresses[0][1]}")
    await stop.wait()
    sweeping.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await sweeping
    await runner.cleanup()


async def _sweep(assistant: Assistant, days: int) -> None:
    while True:
        _log.info("swept", count=await assistant.store.sweep(days))
        await asyncio.sleep(_SWEEP_SECONDS)
