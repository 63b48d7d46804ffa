"""A coordinator types a day of visits into a real Chromium: with the keyboard alone, on a phone, without scripts, with the server away."""

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, Route, expect

from bot.desk import Keys, Room
from tests.desk.screen import desk, enter, look
from tests.doors.browser import needs_browser
from tests.server import Server

pytestmark = [needs_browser, pytest.mark.browser]

DAY = "/desk/day/2026-11-29"
FOCUSED = "document.activeElement.id"


def begin(page: Page) -> None:
    """Go to the day, and choose the place, once for all households."""
    page.goto(DAY)
    page.get_by_role("button", name="亳州").focus()
    page.keyboard.press("Enter")
    page.locator("#label").wait_for()


def type_household(page: Page, *keys: str) -> None:
    """Type into one field after the other, Tab between them."""
    expect(page.locator("#label")).to_be_focused()
    for number, typed in enumerate(keys):
        if number:
            page.keyboard.press("Tab")
        page.keyboard.type(typed)


def kept(page: Page, count: int) -> None:
    """Enter writes it down, and the cursor stands in the first field for the next one."""
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr")).to_have_count(count)
    expect(page.locator("#label")).to_be_focused()
    expect(page.locator("#label")).to_have_value("")


def test_a_day_of_visits_with_the_keyboard_alone(running: Server, chromium: Chromium) -> None:
    """Three households; what each comes to is told before it is written down, and then stands in the table with the sum."""
    with desk(running, chromium) as page:
        begin(page)
        type_household(page, "3号院", "2", "2", "2万", "0")
        expect(page.locator(".live p").first).to_have_text("大约能报 18,900 元，自己掏 1,100 元。")
        expect(page.locator(".live p").nth(1)).to_have_text("这是按亳州、低保、县级医院、总共花了 20,000 元算的。")
        assert page.locator("tbody tr").count() == 0
        kept(page, 1)
        type_household(page, "", "8", "", "20,000", "0")
        expect(page.locator(".live p").first).to_contain_text("自己掏 4,400 元")
        kept(page, 2)
        type_household(page, "东头老王", "1", "3", "１０万", "没有")
        expect(page.locator(".live p").first).to_contain_text("自己掏 2,566.75 元")
        kept(page, 3)
        assert [cell.strip() for cell in page.locator("tbody tr td.number:nth-last-child(3)").all_inner_texts()] == [
            "1,100 元",
            "4,400 元",
            "2,566.75 元",
        ]
        expect(page.locator("tfoot")).to_contain_text("8,066.75 元")


def test_an_old_answer_never_stands_beside_newer_words(running: Server, chromium: Chromium) -> None:
    """It goes away with the next key, and one that comes late is not shown any more."""
    held: list[Route] = []
    with desk(running, chromium) as page:
        begin(page)
        type_household(page, "3号院", "2", "2", "20000", "0")
        first = page.locator(".live p").first
        expect(first).to_contain_text("1,100 元")
        page.route("**/desk/day/try", lambda route: held.append(route) if not held else route.continue_())
        with page.expect_request("**/desk/day/try"):
            page.locator("#total").press("End")
            page.keyboard.press("0")
            expect(page.locator(".live p")).to_have_count(0)
        page.keyboard.press("Backspace")
        page.keyboard.press("Backspace")
        expect(page.locator(".live p").nth(1)).to_contain_text("总共花了 2,000 元")
        told = page.locator(".live").inner_text()
        held[0].continue_()
        page.wait_for_load_state("networkidle")
        assert page.locator(".live").inner_text() == told


def test_what_is_wrong_is_told_beside_the_field_while_typing(running: Server, chromium: Chromium) -> None:
    """It goes when the field is right; what is still empty is not blamed."""
    with desk(running, chromium) as page:
        begin(page)
        type_household(page, "", "2", "2", "好几万")
        expect(page.locator("#wrong-total")).to_contain_text("我怕算错")
        assert page.locator("#total").get_attribute("aria-invalid") is not None
        page.locator("#total").fill("2万")
        expect(page.locator(".live p").first).to_contain_text("自己掏")
        expect(page.locator("#wrong-total")).to_be_empty()
        page.locator("#self_funded").fill("3万")
        expect(page.locator("#wrong-self_funded")).to_contain_text("还多")
        expect(page.locator(".live p")).to_have_count(0)


def test_escape_and_arrows(running: Server, chromium: Chromium) -> None:
    """Esc empties what belongs to the person; up and down lead to the households and back; Enter opens one, where Esc brings it back."""
    with desk(running, chromium) as page:
        begin(page)
        for name in ("甲", "乙"):
            type_household(page, name, "2", "2", "20000", "0")
            kept(page, 1 if name == "甲" else 2)
        type_household(page, "丙", "3", "", "5000")
        page.keyboard.press("Escape")
        expect(page.locator("#label")).to_be_focused()
        assert [page.locator(f"#{name}").input_value() for name in ("label", "category", "facility", "total")] == ["", "", "county", ""]
        page.keyboard.press("ArrowUp")
        page.keyboard.press("ArrowUp")
        assert page.evaluate("document.activeElement.textContent") == "甲"
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        expect(page.locator("#label")).to_be_focused()
        page.keyboard.press("ArrowUp")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**{DAY}/2")
        expect(page.locator("#label")).to_be_focused()
        page.keyboard.type("改")
        page.keyboard.press("Escape")
        expect(page.locator("#label")).to_have_value("乙")
        page.locator("#total").fill("3万")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**{DAY}")
        expect(page.locator("tbody tr").nth(1)).to_contain_text("30,000 元")


def test_without_scripts_nothing_is_missed(running: Server, chromium: Chromium) -> None:
    """Typed, told what is wrong, corrected, compared, deleted."""
    with desk(running, chromium, java_script_enabled=False) as page:
        begin(page)
        for number, name in enumerate(("甲", "乙"), start=1):
            type_household(page, name, "2", "2", "2万", "0")
            page.keyboard.press("Enter")
            expect(page.locator("tbody tr")).to_have_count(number)
        expect(page.locator("tbody tr").first).to_contain_text("1,100 元")
        page.get_by_label("选上甲").check()
        page.get_by_label("选上乙").check()
        page.get_by_role("button", name="放在一起比").click()
        expect(page.locator("thead")).to_contain_text("乙")
        page.goto(f"{running.address}{DAY}/1")
        page.get_by_text("删掉这一户").click()
        page.get_by_role("button", name="真的删掉，找不回来").click()
        expect(page.locator("tbody tr")).to_have_count(1)


def test_with_the_server_away_the_page_says_so(running: Server, chromium: Chromium) -> None:
    """In words, and what was typed stays. The line is cut, as another server under test might get the port of one that was ended."""
    context = chromium.new_context(locale="zh-CN", base_url=running.address)
    context.set_default_timeout(10_000)
    page = context.new_page()
    enter(page, Keys(Room(running.data_dir)).add("吴庄"))
    begin(page)
    context.set_offline(True)
    type_household(page, "甲", "2", "2", "2万")
    expect(page.locator(".live p").first).to_have_text("现在算不出来。可以先记下来，等会儿再看。")
    expect(page.locator("#total")).to_have_value("2万")
    context.close()


def test_with_the_key_taken_back_the_page_says_so(running: Server, chromium: Chromium) -> None:
    """Nobody is told to write down what would be lost; opened again in another tab, what was typed is kept with the next key."""
    keys = Keys(Room(running.data_dir))
    context = chromium.new_context(locale="zh-CN", base_url=running.address)
    context.set_default_timeout(10_000)
    page = context.new_page()
    enter(page, keys.add("郑庄"))
    begin(page)
    keys.revoke(max(each.number for each in keys.all()))
    type_household(page, "甲", "2", "2", "2万", "0")
    expect(page.locator(".live p").first).to_contain_text("桌子关上了，请重新打开。")
    enter(context.new_page(), keys.add("郑庄"))
    page.locator("#self_funded").press("End")
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr").first).to_contain_text("1,100 元")
    context.close()


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (768, "dark"), (1280, "light")])
def test_it_is_good_to_read_at_every_width(running: Server, chromium: Chromium, width: int, scheme: str) -> None:
    """Nothing to scroll sideways, large print, large targets; axe finds nothing."""
    with desk(running, chromium, width, color_scheme=scheme) as page:
        begin(page)
        for number, (name, category, hospital, total) in enumerate(
            (("东头老王家大院", "1", "3", "123456.78"), ("", "6", "4", "30000"), ("十号院", "8", "5", "99999999.99")), start=1
        ):
            type_household(page, name, category, hospital, total)
            expect(page.locator(".live p").first).to_be_visible()
            kept(page, number)
        type_household(page, "", "2", "2", "好几万")
        expect(page.locator("#wrong-total")).not_to_be_empty()
        look(page, width)
        for path in ("", "?by=own", "/1", "/compare?n=1&n=2&n=3"):
            page.goto(running.address + DAY + path)
            look(page, width)
