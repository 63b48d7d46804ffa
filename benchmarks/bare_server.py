"""The least an aiohttp server can do with an estimate: parse the JSON it is sent, answer with bytes made beforehand.

On uvloop and without an access log, as ours runs. `python -m benchmarks.bare_server PORT ANSWER.json`
"""

import asyncio
import signal
import sys
from pathlib import Path

import click
import uvloop
from aiohttp import web


def main(port: int, answer: Path) -> None:
    """Serve until Ctrl-C."""
    uvloop.run(_serve(port, answer.read_bytes()))


async def _serve(port: int, answer: bytes) -> None:
    async def handler(request: web.Request) -> web.Response:
        await request.json()
        return web.Response(body=answer, content_type="application/json", charset="utf-8")

    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    app = web.Application()
    for path in ("/api/v1/estimate", "/api/v1/turn"):
        app.router.add_post(path, handler)
    app.router.add_get("/ws", _echo)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    click.echo(f"http://127.0.0.1:{port}")
    await stop.wait()
    await runner.cleanup()


async def _echo(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(heartbeat=30)
    await socket.prepare(request)
    async for frame in socket:
        await socket.send_str(frame.data)
    return socket


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
