"""Who reads pages: somebody whose browser knows no scripts."""

import pytest

from tests.doors.pages import Reader
from tests.server import Server


@pytest.fixture
def reader(running: Server) -> Reader:
    """Somebody with a browser that knows no scripts, and keeps cookies."""
    return Reader(running.address)
