"""Stores of both kinds; and who reads pages: somebody whose browser knows no scripts."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from bot.store import SqliteStore, Store
from bot.store.clock import ReadClocks
from bot.store.postgres import PostgresStore
from tests.doors.pages import Reader
from tests.postgres import Postgres
from tests.server import Server

#: Opens the same store again and again.
Opens = Callable[..., Store]

#: Every kind of store there is.
KINDS = ("sqlite", pytest.param("postgres", marks=pytest.mark.xdist_group("postgres")))


@pytest.fixture(params=KINDS)
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a new store of each kind is."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'talks.sqlite3'}"
    cluster: Postgres = request.getfixturevalue("postgres")
    return cluster.database()


@pytest.fixture
def opens(address: str) -> Opens:
    """How to open it."""

    def open_store(clocks: ReadClocks | None = None) -> Store:
        path = Path(address.removeprefix("sqlite:///"))
        more = () if clocks is None else (clocks,)
        return SqliteStore(path, *more) if address.startswith("sqlite") else PostgresStore(address, *more)

    return open_store


@pytest.fixture
async def store(opens: Opens) -> AsyncIterator[Store]:
    """A new store of each kind."""
    opened = opens()
    yield opened
    opened.close()


@pytest.fixture(params=KINDS)
def kept_server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """A server on a new store of each kind."""
    settings = {} if request.param == "sqlite" else {"NENGBAO_STORE": request.getfixturevalue("postgres").database()}
    running = Server(tmp_path, **settings)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def reader(running: Server) -> Reader:
    """Somebody with a browser that knows no scripts, and keeps cookies."""
    return Reader(running.address)
