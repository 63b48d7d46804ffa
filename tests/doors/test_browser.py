"""The widget in a real browser: clicking through to an estimate, and going on over reloads and crashes."""

import pytest
from playwright.sync_api import expect

from tests.doors.browser import Browser, needs_browser
from tests.server import Server

pytestmark = [needs_browser, pytest.mark.browser]


def test_four_taps_and_a_number_lead_to_the_estimate(server: Server, browser: Browser) -> None:
    """A person clicks place, category and hospital, types the bill, and sees the card with amounts, picture and layers."""
    chat = browser.open(server.address)
    for key in ("place=anhui-bozhou", "category=subsistence_allowance", "facility=county"):
        chat.page.locator(f'button[data-key="{key}"]').last.wait_for()
        assert chat.press(key)
    chat.say("两万")
    card = chat.page.locator("[data-kind=estimate]").last
    expect(card.locator(".first")).to_have_text("大约能报 18,900 元，自己掏 1,100 元（在 1,100 到 11,225 元之间）。")
    expect(card.locator("img")).to_have_attribute("alt", "谁出多少：基本医保 15,600 元，医疗救助 3,300 元，自己掏 1,100 元")
    expect(card.locator("[data-layer=medical_aid] .amount")).to_contain_text("3,300")
    card.locator("[data-layer=basic] summary").click()
    expect(card.locator("[data-layer=basic]")).to_contain_text("待核实")
    assert chat.problems() == []


def test_an_assumed_fact_is_changed_with_one_tap(server: Server, browser: Browser) -> None:
    """Pressing the button under the estimate shows the new one with the difference."""
    chat = browser.open(server.address)
    chat.say("亳州特困，在省外医院住院花了15万，没有自费药")
    expect(chat.page.locator("[data-kind=estimate]")).to_have_count(1)
    chat.press("registered=false")
    expect(chat.page.locator("[data-kind=estimate]").last).to_contain_text("自己多掏 25,400 元")
    assert chat.problems() == []


def test_a_talk_goes_on_after_reload_and_kill_9(server: Server, browser: Browser) -> None:
    """What was typed while the server was dead is sent once it is back, and the history is still there."""
    chat = browser.open(server.address)
    chat.say("亳州低保，在县医院住院")
    expect(chat.page.locator("[data-who=bot]").last).to_contain_text("一共花了多少钱")
    server.kill()
    chat.say("两万")
    server.start()
    expect(chat.page.locator("[data-kind=estimate]")).to_have_count(1, timeout=20_000)
    chat.page.reload()
    expect(chat.page.locator("[data-kind=estimate]")).to_have_count(1)
    expect(chat.page.locator("[data-who=me]").last).to_contain_text("两万")
    chat.say("返回")
    expect(chat.page.locator("[data-who=bot]").last).to_contain_text("一共花了多少钱")


def test_forgetting_empties_the_browser_too(server: Server, browser: Browser) -> None:
    """After 忘掉我 neither the page nor what the browser keeps holds anything that was said before."""
    chat = browser.open(server.address)
    chat.say("俺妈叫王秀英，亳州低保，县医院花了两万")
    expect(chat.page.locator("[data-kind=estimate]")).to_have_count(1)
    chat.page.locator("[data-role=input]").fill("忘掉我")
    chat.page.locator("[data-role=send]").click()
    expect(chat.page.locator("[data-who=bot]").first).to_contain_text("都删掉了")
    chat.page.reload()
    expect(chat.page.locator("[data-who=bot]").first).to_contain_text("都删掉了")
    assert "王秀英" not in chat.page.locator("nengbao-chat").inner_text()
    assert "王秀英" not in chat.page.evaluate("JSON.stringify(localStorage)")


def test_markup_in_messages_is_shown_as_it_was_typed(server: Server, browser: Browser) -> None:
    """Nothing a person types becomes part of the page."""
    chat = browser.open(server.address)
    chat.say("<img src=x onerror=document.title='hit'>")
    expect(chat.page.locator("[data-who=me]").last).to_contain_text("<img src=x")
    assert chat.page.title() == "能报多少 · 医保报销估算"
