"""The project's own packs, read once for all tests."""

from pathlib import Path

from engine import read_shelf

POLICIES = Path(__file__).parent.parent / "data" / "policies"
SHELF = read_shelf([POLICIES])
