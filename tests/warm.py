"""Servers under test start from a process that has imported everything once and forks: the program and each process are the real ones.

A start costs a second of processor for imports alone, and the tests start hundreds of servers. The commands that are tested as commands,
and the tests of imports, start Python anew.
"""

import multiprocessing
import os
import sys
from multiprocessing.process import BaseProcess
from pathlib import Path

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.preloaded"])


def started(arguments: list[str], env: dict[str, str], out: Path, log: Path) -> BaseProcess:
    """`nengbao` with these arguments in that environment, as a process of its own; what it prints goes to the ends of two files."""
    process = _CONTEXT.Process(target=_run, args=(arguments, env, str(out), str(log)))
    process.start()
    return process


def _run(arguments: list[str], env: dict[str, str], out: str, log: str) -> None:
    for number, name in ((1, out), (2, log)):
        file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(env)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)
    from bot.cli import main

    main(arguments, prog_name="nengbao")
