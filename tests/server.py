"""A real `nengbao serve` process that tests can ask, kill and start again."""

import http.client
import json
import os
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from tests.warm import started

ROOT = Path(__file__).parent.parent
NENGBAO = [sys.executable, "-m", "bot.cli"]


def environment(data_dir: Path) -> dict[str, str]:
    """The environment of a command under test: nothing of the caller's settings, data in its own folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NENGBAO_")}
    return kept | {"NENGBAO_DATA_DIR": str(data_dir), "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}


#: Settings for tests that ask more than anybody should.
UNLIMITED = {f"NENGBAO_{name}": "1000000" for name in ("CLIENT_RATE", "CLIENT_BURST", "CONVERSATION_RATE", "DOOR_RATE")}


def key_of(conversation: str | None) -> str:
    """The key under which a store has a conversation, by its id without the seal."""
    return str(conversation).rpartition(".")[0]


class Server:
    """One server on one data folder; the port stays the same over restarts."""

    def __init__(self, data_dir: Path, *options: str, port: int | None = None, **settings: str) -> None:
        """`settings` are further variables of its environment."""
        self.data_dir = data_dir
        self.options, self.settings = options, settings
        self.port = port or _free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self._process: BaseProcess | None = None
        #: What it has printed beside its address, once it has ended.
        self.printed = ""
        self._out, self._log = data_dir / "server.out", data_dir / "server.log"

    def start(self) -> None:
        """Start and wait until the address is printed."""
        self._out.unlink(missing_ok=True)
        arguments = ["serve", "--port", str(self.port), *self.options]
        self._process = started(arguments, environment(self.data_dir) | self.settings, self._out, self._log)
        while self.address not in self._said() and self._process.exitcode is None:
            time.sleep(0.01)
        assert self.address in self._said(), self._log.read_text()

    @property
    def pid(self) -> int:
        """The number of the running process."""
        assert self._process is not None
        assert self._process.pid is not None
        return self._process.pid

    def kill(self) -> None:
        """End the process at once, as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        """End it as Ctrl-C does, or by another signal; its exit status."""
        return self._end(how)

    def hint(self, how: signal.Signals) -> None:
        """Send a signal and go on; `ended` then waits for the end."""
        os.kill(self.pid, how)

    def ended(self) -> int:
        """Its exit status, once it has ended."""
        return self._end()

    def turn(self, **message: Any) -> dict[str, Any]:
        """One turn over HTTP."""
        status, answer = self.post("/api/v1/turn", message)
        assert status == 200, answer
        return answer

    def post(self, path: str, body: Any, kind: str = "application/json") -> tuple[int, Any]:
        """Status and JSON answer of a POST; `body` may be raw bytes."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self._ask(urllib.request.Request(self.address + path, data, {"Content-Type": kind}))

    def get(self, path: str) -> tuple[int, Any]:
        """Status and answer of a GET, as JSON where it is JSON."""
        return self._ask(urllib.request.Request(self.address + path))

    def head(self, path: str, headers: dict[str, str]) -> tuple[int, dict[str, str]]:
        """Status and headers of a GET with these headers; what follows is not read."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)) as line:
            line.request("GET", path, headers=headers)
            answer = line.getresponse()
            return answer.status, dict(answer.getheaders())

    def _ask(self, request: urllib.request.Request) -> tuple[int, Any]:
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                status, text, kind = response.status, response.read().decode(), response.headers.get_content_type()
        except urllib.error.HTTPError as error:
            with error:
                status, text, kind = error.code, error.read().decode(), error.headers.get_content_type()
        return status, json.loads(text) if kind == "application/json" else text

    def _end(self, how: signal.Signals | None = None) -> int:
        if self._process is None:
            return 0
        if how is not None and self._process.exitcode is None:
            os.kill(self.pid, how)
        process, self._process = self._process, None
        process.join(20)
        assert process.exitcode is not None, "it does not end"
        self.printed += self._said().partition("\n")[2]
        return process.exitcode

    def _said(self) -> str:
        return self._out.read_text(encoding="utf-8") if self._out.exists() else ""


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
