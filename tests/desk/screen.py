"""The desk in a real Chromium: opened with the keyboard, and measured as it stands."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from bot.desk import Keys, Room
from tests.doors.test_site import _LOW, _SMALL
from tests.server import Server

#: Cells of what is short that stand in more than one line.
_BROKEN = """[...document.querySelectorAll('.scroll td:not(.long, .warn, .words, :has(button)), .number')].filter(cell => {
  const range = document.createRange();
  range.selectNodeContents(cell);
  return cell.closest('.beside-each-other') === null && new Set([...range.getClientRects()].map(box => Math.round(box.top))).size > 1;
}).map(cell => cell.outerHTML)"""
#: From here on tables are tables; below, each row is a card.
_TABLES_FROM = 768


@contextmanager
def desk(server: Server, chromium: Chromium, width: int = 1280, **options: Any) -> Iterator[Page]:
    """The open desk of a new village, and at the end a browser that complained of nothing."""
    keys = Keys(Room(server.data_dir))
    context = chromium.new_context(viewport={"width": width, "height": 900}, locale="zh-CN", base_url=server.address, **options)
    context.set_default_timeout(10_000)
    page, problems = context.new_page(), []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda line: problems.append(line.text) if line.type in ("error", "warning") else None)
    enter(page, keys.add(f"村{len(keys.all())}", "张三"))
    yield page
    context.close()
    assert problems == []


def enter(page: Page, key: str) -> None:
    """Open the desk."""
    page.goto("/desk")
    expect(page.locator("#key")).to_be_focused()
    page.keyboard.type(key)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="关上桌子").wait_for()


def look(page: Page, width: int) -> None:
    """Nothing to scroll sideways, large print, large targets, no broken number; axe finds nothing."""
    assert page.evaluate("document.documentElement.scrollWidth") == width, page.url
    # A box to tick is as large as the label around it.
    low = [each for each in page.evaluate(_LOW) if 'type="checkbox"' not in each]
    assert (page.evaluate(_SMALL), low) == (0, []), page.url
    assert page.evaluate("Math.min(...[...document.querySelectorAll('.tick, .pick')].map(e => e.getBoundingClientRect().height), 44)") == 44
    assert width < _TABLES_FROM or page.evaluate(_BROKEN) == [], page.url
    found = Axe().run(page, None, {"resultTypes": ["violations"]}).response["violations"]
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == [], page.url
