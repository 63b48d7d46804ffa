"""Fresh interpreters that measure themselves: what they print, and sizes as people read them."""

import subprocess
import sys
from collections.abc import Sequence

from benchmarks.rows import NotRun
from tests.server import ROOT

MB = 1_000_000


def python(arguments: Sequence[str]) -> str:
    """What a fresh interpreter prints. Raises NotRun when it fails."""
    done = subprocess.run(  # noqa: S603 - our own commands
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise NotRun(f"{' '.join(arguments[:3])[:60]} ended with {done.returncode}: {done.stderr[-300:]}")
    return done.stdout


def megabytes(size: float) -> str:
    """`84 MB`, `5.2 MB`."""
    return f"{size / MB:.0f} MB" if size >= 10 * MB else f"{size / MB:.1f} MB"
