"""Who reads pages: somebody whose browser knows no scripts, and a real Chromium for a whole file."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import sync_playwright

from tests.doors.browser import CHROMIUM, FLAGS
from tests.doors.pages import Reader
from tests.server import Server


@pytest.fixture
def reader(running: Server) -> Reader:
    """Somebody with a browser that knows no scripts, and keeps cookies."""
    return Reader(running.address)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    """A real browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()
