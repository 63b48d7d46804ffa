"""Everything the API document allows is asked of a real server, and much that it does not: no answer breaks the document or the server."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server import ROOT, UNLIMITED, Server

#: Random requests of each route; `make fuzz` asks for more, and for all those that the document itself suggests.
_MANY = os.environ.get("NENGBAO_EXAMPLES")
_ASKED = ["--max-examples", _MANY] if _MANY else ["--max-examples", "8", "--phases", "fuzzing"]


@pytest.mark.parametrize("seed", [1])
def test_no_request_breaks_the_document(tmp_path: Path, seed: int) -> None:
    """No 5xx, no undocumented status or content, no wrong request accepted, by schemathesis with all its checks but one.

    That one wants every request that fits the document accepted; rules between fields (the self-funded part is no more than the bill) are
    no part of a JSON schema and are answered with 422, which the document tells.
    """
    server = Server(tmp_path, **UNLIMITED)
    server.start()
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{server.address}/api/openapi.json", "--no-color", "--seed", str(seed)]
    command += [*_ASKED, "--checks", "all", "--exclude-checks", "positive_data_acceptance"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=_plain(), timeout=400, check=False)
    assert done.returncode == 0, done.stdout[-4_000:]
    assert " passed" in done.stdout
    assert server.get("/healthz")[0] == 200
    server.stop()
    log = (tmp_path / "server.log").read_text()
    assert [line for line in log.splitlines() if not line.startswith("{")] == []
    assert "127.0.0.1" not in log


def _plain() -> dict[str, str]:
    """An environment in which the tool finds no settings of others."""
    return {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "PYTHONPATH": str(ROOT)}
