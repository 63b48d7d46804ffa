"""The chat far from home: on a page of another site under a strict policy, in a frame, on a slow line, on one that drops, a day later."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.doors.browser import Browser, Chromium, Widget, needs_browser, profile
from tests.doors.line import Line, another_site
from tests.server import Server

pytestmark = [needs_browser, pytest.mark.browser]

BILL = "低保，县医院，两万，没有自费"
#: Nothing but what docs/embedding.md says a strict page has to allow.
_STRICT = "default-src 'none'; script-src {0}; connect-src {0} {1}; img-src data:"


def policy(server: str) -> str:
    """A strict policy of a page that trusts that server alone."""
    return _STRICT.format(server, server.replace("http", "ws"))


def embedded(browser: Browser, page: str, server: str) -> tuple[Widget, set[str]]:
    """The chat on a page of another site, and every address that was asked for something."""
    asked: set[str] = set()
    with another_site(page, Content_Security_Policy=policy(server)) as address:
        chat = browser.visit(address)
        chat.page.on("request", lambda request: asked.add(request.url.split("/")[2]))
        chat.page.reload()
        expect(chat.page.locator("[data-who=bot]").first).to_be_visible()
    return chat, asked


def test_a_strict_page_of_another_site_needs_one_tag(running: Server, browser: Browser) -> None:
    """Place, theme and language come from the tag; estimate, sheet and report work; nothing else is asked, nothing complained of."""
    tag = f'<script src="{running.address}/widget.js" data-place="anhui-bozhou" data-theme="dark" data-lang="en"></script>'
    chat, asked = embedded(
        browser, f"<!doctype html><html lang=en><title>County</title><body><h1>County</h1>{tag}</body></html>", running.address
    )
    chat.say(BILL)
    expect(chat.page.locator("[data-kind=estimate] .first")).to_contain_text("18,900")
    assert chat.page.locator("nengbao-chat").get_attribute("theme") == "dark"
    assert chat.page.locator("[data-role=send]").inner_text() == "Send"
    with chat.page.expect_download() as download:
        chat.page.locator("[data-form=slip]").click()
    assert download.value.path().read_bytes().startswith(b"%PDF")
    chat.page.locator("[data-layer=basic] summary").click()
    chat.page.locator('[data-layer=basic] [data-figure="basic.deductible.county"]').click()
    chat.page.keyboard.type("400")
    chat.page.locator(".wrong [type=submit]").click()
    expect(chat.page.locator("[data-layer=basic]")).to_contain_text("Noted, thank you")
    assert chat.problems() == []
    assert asked <= {running.address.removeprefix("http://"), chat.page.url.split("/")[2]}


def test_without_a_websocket_the_talk_goes_on_by_plain_requests(running: Server, browser: Browser) -> None:
    """Where a gateway lets no WebSocket through, each message is a request of its own, also from another site."""
    browser.prepare("delete window.WebSocket;")
    page = f'<!doctype html><body><script src="{running.address}/widget.js" data-place="anhui-bozhou"></script></body>'
    chat, _ = embedded(browser, page, running.address)
    chat.say(BILL)
    expect(chat.page.locator("[data-kind=estimate] .first")).to_contain_text("18,900")


def test_a_frame_and_the_page_around_it_talk_by_messages(running: Server, browser: Browser) -> None:
    """The frame tells that it is ready and that an answer came, without a word of the talk; it takes a sentence and a view."""
    page = f'<!doctype html><body><iframe src="{running.address}/?place=anhui-bozhou" width="390" height="800"></iframe></body>'
    browser.prepare("if (parent === window) { window.heard = []; addEventListener('message', ({ data }) => window.heard.push(data)); }")
    with another_site(page) as address:
        tab = browser.visit(address).page
        tab.wait_for_function("window.heard.some((each) => each.nengbao === 'ready')")
        tab.evaluate("(text) => frames[0].postMessage({ nengbao: 'say', text }, '*')", BILL)
        tab.wait_for_function("window.heard.some((each) => each.nengbao === 'turn' && each.kinds.includes('estimate'))")
        tab.evaluate("frames[0].postMessage({ nengbao: 'view', view: 'elder' }, '*')")
        inner = tab.frame_locator("iframe")
        expect(inner.locator("nengbao-chat")).to_have_attribute("view", "elder")
        assert BILL not in str(tab.evaluate("window.heard"))


def test_on_a_slow_line_nothing_is_lost_or_doubled(running: Server, browser: Browser) -> None:
    """On 2G the words are shown at once, that it is being worked out is said, and each message has one answer, in order."""
    chat = browser.open(running.address, "anhui-bozhou")
    slow = {"offline": False, "latency": 700, "downloadThroughput": 6_000, "uploadThroughput": 3_000}
    chat.page.context.new_cdp_session(chat.page).send("Network.emulateNetworkConditions", slow)
    for said in ("低保", "县医院", "两万"):
        chat.say(said)
    expect(chat.page.locator("[data-kind=estimate]")).to_have_count(1, timeout=20_000)
    assert chat.page.locator("[data-who=me]").all_inner_texts() == ["低保", "县医院", "两万"]
    assert (
        chat.page.locator("section[data-message]").evaluate_all(
            "(each) => each.map((one) => one.querySelectorAll('[data-who=bot]').length > 0)"
        )
        == [True] * 4
    )


#: Nothing can be reached; what a page waits for is noted, and comes at once.
_DOWN = """
window.WebSocket = function () { throw new Error("down"); };
window.fetch = () => Promise.reject(new Error("down"));
const later = window.setTimeout;
window.waits = [];
window.setTimeout = (what, ms, ...rest) => { if (ms > 300) window.waits.push(ms); return later(what, Math.min(ms || 0, 1), ...rest); };
"""


def test_widgets_come_back_after_growing_pauses_that_chance_spreads(running: Server, browser: Browser) -> None:
    """Each pause is between half of twice the one before and all of it, up to half a minute; two phones never come back in step."""
    browser.prepare(_DOWN)
    waits = []
    for _ in range(2):
        page = browser.visit(f"{running.address}/?place=anhui-bozhou").page
        while page.evaluate("window.waits.length") < 10:  # what waits within the page would be eval, which our pages forbid
            page.wait_for_timeout(50)
        waits.append(page.evaluate("window.waits.slice(0, 10)"))
    longest = [min(30_000, 700 * 2**failures) for failures in range(10)]
    for one in waits:
        assert all(most / 2 <= wait <= most for wait, most in zip(one, longest, strict=True)), one
    assert len({*waits[0], *waits[1]}) == 20


def turns(folder: Path) -> int:
    """How many messages the server has kept."""
    with sqlite3.connect(folder / "nengbao.sqlite3") as store:
        (count,) = store.execute("SELECT count(*) FROM turns").fetchone()
    store.close()
    return int(count)


def test_a_line_that_drops_costs_no_message_and_doubles_none(server: Server, browser: Browser) -> None:
    """What was written while it was down waits where it can be seen; what was answered into the void is sent once more and kept once."""
    with Line(server.port) as line:
        chat = browser.open(line.address, "anhui-bozhou")
        chat.say("低保")
        expect(chat.page.locator("[data-who=bot]").last).to_contain_text("在哪一级医院住院")
        kept = turns(server.data_dir)
        line.cut()
        chat.say("县医院")
        expect(chat.page.locator("section[data-waiting]")).to_have_count(1)
        expect(chat.page.locator("[data-role=status]")).to_contain_text("正在重连")
        line.mend()
        expect(chat.page.locator("[data-who=bot]").last).to_contain_text("一共花了多少钱", timeout=20_000)
        line.deaf = True
        chat.say("两万")
        expect(chat.page.locator("section[data-waiting]")).to_have_count(1)
        _until(chat.page, lambda: turns(server.data_dir) == kept + 2)
        line.cut()
        line.mend()
        expect(chat.page.locator("[data-kind=estimate]")).to_have_count(1, timeout=20_000)
        assert turns(server.data_dir) == kept + 2


def _until(page: Page, true: object) -> None:
    for _ in range(100):
        if true():  # type: ignore[operator]
            return
        page.wait_for_timeout(50)
    raise AssertionError


def test_a_talk_is_where_it_was_a_day_later(server: Server, chromium: Chromium) -> None:
    """The browser was closed, the server started anew, a day went by: the same words stand there, and the talk goes on."""
    with profile(chromium) as browser:
        chat = browser.open(server.address, "anhui-bozhou")
        chat.say("低保，县医院")
        expect(chat.page.locator("[data-who=bot]").last).to_contain_text("一共花了多少钱")
        before = chat.page.locator("[role=log]").inner_text()
        kept = chat.page.context.storage_state()
    server.kill()
    server.start()
    with profile(chromium, storage_state=kept) as browser:
        browser.clock(datetime.now(UTC) + timedelta(days=1))
        chat = browser.open(server.address, "anhui-bozhou")
        expect(chat.page.locator("[data-who=me]")).to_have_text(["低保，县医院"])
        assert chat.page.locator("[role=log]").inner_text() == before
        chat.say("两万")
        expect(chat.page.locator("[data-kind=estimate]")).to_have_count(1)
