"""Servers as processes of their own: started on a free port, ended with the block that uses them."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import NamedTuple

from benchmarks.rows import NotRun
from tests.server import NENGBAO, ROOT, environment

#: Far above what any client here can ask.
UNLIMITED = {f"NENGBAO_{name}": "1000000" for name in ("CLIENT_RATE", "CLIENT_BURST", "CONVERSATION_RATE", "DOOR_RATE")}


class Running(NamedTuple):
    """A server that answers."""

    port: int
    pid: int


@contextmanager
def nengbao(data_dir: Path, **settings: str) -> Iterator[Running]:
    """`nengbao serve` as a deployment starts it, with no limit on how often one client may ask."""
    port = free_port()
    command = [*NENGBAO, "serve", "--port", str(port)]
    with _process(command, environment(data_dir) | UNLIMITED | settings, port) as running:
        yield running


@contextmanager
def bare(data_dir: Path, answer: Path) -> Iterator[Running]:
    """`bare_server.py`, which answers with a file's bytes."""
    port = free_port()
    with _process([sys.executable, "-m", "benchmarks.bare_server", str(port), str(answer)], environment(data_dir), port) as running:
        yield running


@contextmanager
def unsaved(data_dir: Path) -> Iterator[Running]:
    """`unsaved_server.py`: ours, but for the disk."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.unsaved_server", str(port)]
    with _process(command, environment(data_dir) | UNLIMITED, port) as running:
        yield running


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def _process(command: Sequence[str], environ: Mapping[str, str], port: int) -> Iterator[Running]:
    """The process from the line that tells its address on; Ctrl-C here ends it too."""
    with TemporaryFile() as log:
        process = subprocess.Popen(  # noqa: S603 - our own commands
            command, stdout=subprocess.PIPE, stderr=log, text=True, env=environ, cwd=ROOT
        )
        try:
            if process.stdout is None or str(port) not in process.stdout.readline():
                log.seek(0)
                raise NotRun(f"{' '.join(command[1:4])} did not start: {log.read().decode()[-300:]}")
            yield Running(port, process.pid)
        finally:
            _end(process)


def _end(process: "subprocess.Popen[str]") -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
