"""The widget in a real browser: clicking through to an estimate, and going on over reloads and crashes."""

import gzip
import json
import re
import urllib.error
import urllib.request

import pypdfium2
import pytest
from playwright.sync_api import expect

from tests.doors.browser import Browser, needs_browser
from tests.server import Server
from tests.speech.test_catalogues import in_traditional_characters

pytestmark = [needs_browser, pytest.mark.browser]


def test_four_taps_and_a_number_lead_to_the_estimate(running: Server, browser: Browser) -> None:
    """A person clicks place, category and hospital, types the bill, and sees the card with amounts, picture and layers."""
    chat = browser.open(running.address)
    for key in ("place=anhui-bozhou", "category=subsistence_allowance", "facility=county"):
        chat.page.locator(f'button[data-key="{key}"]').last.wait_for()
        assert chat.press(key)
    chat.say("两万")
    card = chat.page.locator("[data-kind=estimate]").last
    expect(card.locator(".first")).to_have_text("大约能报 18,900 元，自己掏 1,100 元（在 1,100 到 11,225 元之间）。")
    expect(card.locator(".glance")).to_have_text(re.compile(r"总共\s*20,000 元\s*报销\s*大约 18,900 元\s*自己付\s*大约 1,100 元"))
    expect(card.locator("figure")).to_have_attribute("aria-label", "谁出多少：基本医保 15,600 元，医疗救助 3,300 元，自己大约掏 1,100 元")
    expect(card.locator("figure li")).to_have_count(3)
    expect(card.locator("[data-layer=medical_aid] .amount")).to_contain_text("3,300")
    card.locator("[data-layer=basic] summary").click()
    expect(card.locator("[data-layer=basic]")).to_contain_text("待核实")
    assert chat.problems() == []


def test_an_assumed_fact_is_changed_with_one_tap(running: Server, browser: Browser) -> None:
    """Pressing the button under the estimate shows the new one with the difference."""
    chat = browser.open(running.address)
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


def test_forgetting_empties_the_browser_too(running: Server, browser: Browser) -> None:
    """After 忘掉我 neither the page nor what the browser keeps holds anything that was said before."""
    chat = browser.open(running.address)
    chat.say("俺妈叫王秀英，亳州低保，县医院花了两万")
    expect(chat.page.locator("[data-kind=estimate]")).to_have_count(1)
    chat.page.locator("[data-role=input]").fill("忘掉我")
    chat.page.locator("[data-role=send]").click()
    expect(chat.page.locator("[data-who=bot]").first).to_contain_text("都删掉了")
    chat.page.reload()
    expect(chat.page.locator("[data-who=bot]").first).to_contain_text("都删掉了")
    assert "王秀英" not in chat.page.locator("nengbao-chat").inner_text()
    assert "王秀英" not in chat.page.evaluate("JSON.stringify(localStorage)")


def test_markup_in_messages_is_shown_as_it_was_typed(running: Server, browser: Browser) -> None:
    """Nothing a person types becomes part of the page."""
    chat = browser.open(running.address)
    chat.say("<img src=x onerror=document.title='hit'>")
    expect(chat.page.locator("[data-who=me]").last).to_contain_text("<img src=x")
    assert chat.page.title() == "能报多少 · 医保报销估算"


def test_the_widget_is_small(running: Server) -> None:
    """The one file that a page loads is at most 20 kB on the line, is known again, and loads nothing further by itself."""
    request = urllib.request.Request(f"{running.address}/widget.js", headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request, timeout=20) as response:
        sent, tag = response.read(), response.headers["ETag"]
    assert len(sent) <= 20_000
    assert b"import " not in gzip.decompress(sent)
    request.add_header("If-None-Match", tag)
    with pytest.raises(urllib.error.HTTPError, match="304") as known:
        urllib.request.urlopen(request, timeout=20)
    known.value.close()


def test_the_chat_speaks_traditional_characters(running: Server, browser: Browser) -> None:
    """Its own words and the server's, also on the sheet of paper; the words come from one table, which OpenCC agrees with."""
    page = browser.open(running.address, "anhui-bozhou&lang=zh-TW").page
    page.locator("[data-role=input]").fill("亳州低保，縣醫院，兩萬，沒有自費")
    page.locator("[data-role=send]").click()
    expect(page.locator("[data-kind=estimate] .first")).to_contain_text("大約能報 18,900 元")
    own = page.evaluate("document.querySelector('nengbao-chat').shadowRoot.querySelector('.frame').innerText")
    assert in_traditional_characters(own)
    assert {"發送", "重來", "長輩版", "打印明白紙"} <= set(own.split())


def test_the_elder_view_is_one_tap_and_is_kept(running: Server, browser: Browser) -> None:
    """Its text is 24 px and then 30 px, its targets at least 60 px high, its lines 1.3 apart, and nothing runs over the edge at 320 px."""
    chat = browser.open(running.address, "anhui-bozhou")
    chat.page.set_viewport_size({"width": 320, "height": 700})
    chat.say("低保，县医院，两万，没有自费")
    expect(chat.page.locator("[data-kind=estimate]")).to_have_count(1)
    measured = """() => {
        const root = document.querySelector("nengbao-chat").shadowRoot;
        const seen = [...root.querySelectorAll("button, input, summary")].filter((each) => each.checkVisibility());
        const said = [...root.querySelectorAll("*")].filter((each) => each.checkVisibility() && each.innerText && !each.closest("svg"));
        const style = (each) => getComputedStyle(each);
        return {
            target: Math.min(...seen.map((each) => each.getBoundingClientRect().height)),
            text: Math.min(...said.map((each) => parseFloat(style(each).fontSize))),
            spacing: Math.min(...said.map((each) => parseFloat(style(each).lineHeight) / parseFloat(style(each).fontSize))),
            over: document.documentElement.scrollWidth,
            log: root.querySelector("[role=log]").scrollWidth - root.querySelector("[role=log]").clientWidth,
        };
    }"""
    assert chat.page.evaluate(measured)["target"] >= 44
    for size in (21, 27):
        chat.page.locator("[data-role=view]").click()
        found = chat.page.evaluate(measured)
        assert found["target"] >= 60
        assert found["text"] >= size
        assert found["spacing"] >= 1.3
        assert (found["over"], found["log"]) == (320, 0)
    chat.page.reload()
    expect(chat.page.locator("[data-role=view]")).to_have_text("标准版")


def test_the_keyboard_alone_is_enough(running: Server, browser: Browser) -> None:
    """F6 goes between the log and the field; after a choice the keyboard goes on at the answer."""
    chat = browser.open(running.address, "anhui-bozhou")
    focus = "document.activeElement.shadowRoot.activeElement"
    chat.page.locator("[data-role=input]").focus()
    chat.page.keyboard.press("F6")
    assert chat.page.evaluate(f"{focus}.getAttribute('role')") == "log"
    chat.page.keyboard.press("F6")
    assert chat.page.evaluate(f"{focus}.id") == "input"
    assert chat.page.evaluate(f"parseFloat(getComputedStyle({focus}).outlineWidth)") >= 3
    chat.page.locator('button[data-key="category=subsistence_allowance"]').focus()
    chat.page.keyboard.press("Enter")
    expect(chat.page.locator('button[data-key="facility=county"]')).to_be_visible()
    assert chat.page.evaluate(f"{focus}.dataset.who") == "bot"


def test_a_figure_that_is_not_right_is_said_where_it_stands(running: Server, browser: Browser) -> None:
    """Without a window of its own; Esc leaves it, and focus goes back to the button; the clause is one tap away."""
    chat = browser.open(running.address, "anhui-bozhou")
    chat.say("低保，县医院，两万，没有自费")
    chat.page.locator("[data-layer=basic] summary").click()
    figure = chat.page.locator('[data-layer=basic] [data-figure="basic.deductible.county"]').first
    figure.click()
    chat.page.keyboard.press("Escape")
    assert chat.page.evaluate("document.activeElement.shadowRoot.activeElement.dataset.figure") == "basic.deductible.county"
    figure.click()
    chat.page.keyboard.type("县里是 400 元")
    chat.page.locator(".wrong [type=submit]").click()
    expect(chat.page.locator("[data-layer=basic]")).to_contain_text("记下了，谢谢您")
    clause = chat.page.locator("[data-layer=basic] a").first.get_attribute("href")
    assert clause == f"{running.address}/policies/anhui-bozhou/2022#basic.deductible.county"
    assert chat.problems() == []


def test_the_sheet_is_handed_over_as_a_file(running: Server, browser: Browser) -> None:
    """打印明白纸 gives a PDF."""
    chat = browser.open(running.address, "anhui-bozhou")
    chat.say("低保，县医院，两万，没有自费")
    with chat.page.expect_download() as download:
        chat.page.locator("[data-form=a4]").click()
    assert download.value.path().read_bytes().startswith(b"%PDF")


def test_what_is_kept_is_handed_over_as_a_file(running: Server, browser: Browser) -> None:
    """我的数据 gives everything of the talk as JSON."""
    chat = browser.open(running.address, "anhui-bozhou")
    chat.say("低保，县医院，两万，没有自费")
    chat.say("我的数据")
    with chat.page.expect_download() as download:
        chat.page.locator("[data-role=file]").click()
    assert "20000.00" in download.value.path().read_text(encoding="utf-8")


def test_a_sheet_leads_back_to_its_talk(running: Server, browser: Browser) -> None:
    """The address of its code opens the talk on another phone, also after a reload; a code that is not known says so and begins anew."""
    talk = running.turn(message_id="m1", text="低保，县医院，两万，没有自费", place="anhui-bozhou")["conversation"]
    asked = json.dumps({"conversation": talk, "form": "slip"}).encode()
    request = urllib.request.Request(f"{running.address}/api/v1/sheet", asked, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as response:
        words = pypdfium2.PdfDocument(response.read())[0].get_textpage().get_text_range()
    code = words.partition("短码")[2].split()[:2]
    page = browser.open(running.address).page
    page.goto(f"{running.address}/t/{''.join(code)}")
    expect(page.locator("[data-kind=estimate] .first")).to_contain_text("18,900")
    page.reload()
    expect(page.locator("[data-kind=estimate] .first")).to_contain_text("18,900")
    page.evaluate("localStorage.clear()")
    page.goto(f"{running.address}/t/ABCDE23456")
    expect(page.locator("nengbao-chat")).to_contain_text("这个码找不到")
    expect(page.locator("[data-who=bot]").first).to_be_visible()
