"""A server at a stand-in: of a test's own, or one for all tests of a file that need no other, each in a chat of its own."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.server import Server
from tests.telegram.botapi import BotApi
from tests.telegram.test_door import connected, started

_NUMBERS = count(50_000)


@pytest.fixture
def api() -> Iterator[BotApi]:
    """A Bot API of our own."""
    with BotApi() as running:
        yield running


@pytest.fixture
def door(api: BotApi, tmp_path: Path) -> Iterator[Server]:
    """A server that polls it."""
    yield from started(connected(api, tmp_path))


@pytest.fixture(scope="module")
def open_api() -> Iterator[BotApi]:
    """A Bot API for a whole file."""
    with BotApi() as api:
        yield api


@pytest.fixture(scope="module")
def open_door(open_api: BotApi, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that polls it."""
    yield from started(connected(open_api, tmp_path_factory.mktemp("telegram")))


@pytest.fixture
def chat(open_door: Server) -> int:
    """A private chat that nobody else uses."""
    return next(_NUMBERS)
