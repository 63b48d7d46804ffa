"""The pages of the desk in a real Chromium, with lists on them."""

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import expect

from tests.desk.test_day_browser import desk
from tests.doors.browser import needs_browser
from tests.screenshots import ROSTER, brought
from tests.server import Server

pytestmark = [needs_browser, pytest.mark.browser]


def test_the_list_of_parts_leads_to_the_form_with_the_keyboard(running: Server, chromium: Chromium) -> None:
    """Enter on the part about lists, and Tab is in the first field of its form."""
    with desk(running, chromium) as page:
        page.goto(f"{running.address}/desk")
        page.locator("main a[href='#new']").focus()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        expect(page.locator("#name")).to_be_focused()


def test_an_amount_of_a_list_stands_on_one_line(running: Server, chromium: Chromium) -> None:
    """However many columns there are; what to look out for stands beside what one pays and is a few lines, not one sign each."""
    with desk(running, chromium) as page:
        brought(page, f"{running.address}/desk", ROSTER, name="名单", place="anhui-bozhou")
        lines = page.locator("td.number").evaluate_all(_LINES)
        heights = page.locator("tbody tr").evaluate_all("(rows) => rows.map((row) => row.offsetHeight)")
        assert (set(lines), max(heights) < _LINES_OF_WARNINGS) == ({1}, True)


_LINES_OF_WARNINGS = 200
_LINES = """(cells) => cells.map((cell) => {
  const words = document.createRange();
  words.selectNodeContents(cell);
  return words.getClientRects().length;
})"""
