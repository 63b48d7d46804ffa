"""A real Chromium on the page with the widget, driven as a person would."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, StorageState, expect, sync_playwright

CHROMIUM = shutil.which("chromium")

#: Without these Chromium looks for Google's hosts and a GPU at every start.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is missing: THE BROWSER TESTS DID NOT RUN")


class Widget:
    """The chat on an open page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._problems: list[str] = []
        page.on("pageerror", lambda error: self._problems.append(str(error)))
        page.on("console", lambda line: self._problems.append(line.text) if line.type == "error" else None)

    def problems(self) -> list[str]:
        """What the browser complained of."""
        return self._problems

    def words(self) -> list[str]:
        """The words of the newest exchange's replies."""
        return self.page.locator("nengbao-chat section[data-message]:last-child [data-who=bot] .words").all_text_contents()

    def wait_for_words(self, words: list[str]) -> None:
        """Wait until exactly these replies stand in the newest exchange."""
        newest = self.page.locator("nengbao-chat section[data-message]:last-child [data-who=bot] .words")
        expect(newest).to_have_count(len(words))
        assert newest.all_text_contents() == words

    def say(self, text: str) -> None:
        """Type a sentence and send it."""
        before = self._exchanges()
        self.page.locator("[data-role=input]").fill(text)
        self.page.locator("[data-role=send]").click()
        expect(self.page.locator("section[data-message]")).to_have_count(before + bool(text.strip()))

    def press(self, key: str) -> bool:
        """Press the newest button of that key; False when none was ever shown."""
        buttons = self.page.locator(f'button[data-key="{key}"]')
        if buttons.count() == 0:
            return False
        before = self._exchanges()
        buttons.last.click()
        expect(self.page.locator("section[data-message]")).to_have_count(before + 1)
        return True

    def _exchanges(self) -> int:
        return self.page.locator("section[data-message]").count()


class Browser:
    """A profile of a Chromium that opens the chat."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def prepare(self, script: str) -> None:
        """Give every page to come what this browser would have on another machine."""
        self._page.add_init_script(script)

    def clock(self, now: datetime) -> None:
        """Let its pages take this for the time."""
        self._page.clock.install(time=now)

    def visit(self, address: str) -> Widget:
        """A page of somebody else."""
        widget = Widget(self._page)
        self._page.goto(address)
        return widget

    def open(self, address: str, place: str | None = None) -> Widget:
        """The server's own page, as a link that knows the place opens it or without."""
        widget = Widget(self._page)
        self._page.goto(f"{address}/?place={place}" if place else f"{address}/")
        expect(self._page.locator("[data-who=bot]").first).to_be_visible()
        return widget


@contextmanager
def launched() -> Iterator[Chromium]:
    """A Chromium for many pages."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def profile(chromium: Chromium, storage_state: StorageState | None = None) -> Iterator[Browser]:
    """A profile of its own, the size of a phone; empty, or with what another one had kept."""
    context = chromium.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN", storage_state=storage_state)
    context.set_default_timeout(10_000)
    yield Browser(context.new_page())
    context.close()
