"""The pages of the desk in a real Chromium, with lists on them."""

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import expect

from tests.desk.test_day_browser import desk, look
from tests.doors.browser import needs_browser
from tests.screenshots import ENROLMENT, REGISTERS, ROSTER, brought
from tests.server import Server

pytestmark = [needs_browser, pytest.mark.browser]

PAGES = ("", "/roster/1", "/warnings/1", "/registers", "/registers/2", "/registers/2/effects", "/enrolment/1", "/bills", "/cases", "/trail")


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (768, "dark"), (1280, "light")])
def test_every_page_is_good_to_read_at_every_width(running: Server, chromium: Chromium, width: int, scheme: str) -> None:
    """Nothing to scroll sideways but a table by itself, large print, large targets; axe finds nothing."""
    with desk(running, chromium, width, color_scheme=scheme) as page:
        brought(page, f"{running.address}/desk", ROSTER, name="名单", place="anhui-bozhou")
        for day, rows in REGISTERS.items():
            brought(page, f"{running.address}/desk/registers", rows, day=day)
        brought(page, f"{running.address}/desk/enrolment", ENROLMENT, name="名单", place="anhui-bozhou")
        for path in PAGES:
            page.goto(f"{running.address}/desk{path}")
            look(page, width)


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
