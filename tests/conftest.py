"""Fixtures every test may use: the knowledge read once, an assistant on a fresh SQLite file, a real server process."""

import os
from collections.abc import AsyncIterator, Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import settings
from playwright.sync_api import Browser as Chromium

from bot.assistant import Assistant
from bot.knowledge import Knowledge, read_knowledge
from bot.store import SqliteStore
from tests.doors.browser import Browser, launched, profile
from tests.postgres import Postgres
from tests.server import Server

# A slow machine is no fault of the code: no example is timed.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

#: The day all talks are played on.
TODAY = date(2026, 11, 24)


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: many tests wait for pauses and for the ends of processes."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(scope="session")
def knowledge() -> Knowledge:
    """Packs, flow, vocabulary and voices."""
    return read_knowledge()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A real PostgreSQL; tests that use it belong to its group, so that one is enough."""
    cluster = Postgres()
    yield cluster
    cluster.close()


@pytest.fixture
async def assistant(knowledge: Knowledge, tmp_path: Path) -> AsyncIterator[Assistant]:
    """An assistant on a SQLite file of its own."""
    store = SqliteStore(tmp_path / "talks.sqlite3")
    yield Assistant(knowledge, store, lambda: TODAY)
    store.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """`nengbao serve` as a process of its own on a free port."""
    running = Server(tmp_path)
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all questions of a file, which it must live through."""
    server = Server(tmp_path_factory.mktemp("running"))
    server.start()
    yield server
    assert server.stop() == 0


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    """A real browser for a whole file; a longer life would hinder the event loops of other files."""
    with launched() as browser:
        yield browser


@pytest.fixture
def browser(chromium: Chromium) -> Iterator[Browser]:
    """A profile of it that nothing was done with yet."""
    with profile(chromium) as opened:
        yield opened
