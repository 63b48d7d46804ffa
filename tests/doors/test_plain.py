"""The talk without scripts: forms and pages, the same words as everywhere, and nothing lost on the way."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pypdfium2
import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page as Tab

from bot.assistant import Assistant
from bot.settings import Settings
from bot.store import Change, StoreError
from bot.web.app import make_app
from engine import fen
from tests.doors.browser import needs_browser
from tests.doors.pages import Page, Reader
from tests.server import Server
from tests.talks import Talk, read_talks, said

PLACE = "?place=anhui-bozhou"
BILL = "低保，县医院，花了三万二，自费药三千"
TALKS = [talk for talk in read_talks() if talk.name in ("four-taps", "one-sentence", "family", "check-bill")]


def _paid(layer: dict[str, str]) -> str:
    """What a layer pays, to the fen, as a person writes it."""
    ends = dict.fromkeys((layer["low"], layer["high"])) if layer["low"] != layer["high"] else [layer["payout"]]
    return " 到 ".join(f"{fen(end) / 100:,.2f}".removesuffix(".00") for end in ends) + " 元"


@pytest.mark.parametrize("talk", TALKS, ids=lambda talk: talk.name)
def test_forms_and_api_say_the_same(running: Server, reader: Reader, talk: Talk) -> None:
    """Every answer of a recorded talk has the words, the buttons and the amounts that the API gives."""
    place = {"place": talk.place} if talk.place else {}
    page, conversation = reader.open(f"/plain?place={talk.place}" if talk.place else "/plain"), {}
    for turn in talk.turns:
        page = reader.send(page, **said(turn))
        answer = running.turn(message_id=uuid4().hex, **conversation, **said(turn), **place)
        conversation = {"conversation": answer["conversation"]}
        assert page.replies == [reply["text"] for reply in answer["replies"]]
        assert page.choices == [choice for reply in answer["replies"] for choice in reply["choices"]]
        layers = [layer for reply in answer["replies"] for layer in reply.get("estimate", {}).get("layers", ())]
        paid = [_paid(layer) for layer in layers if layer["status"] == "paid"]
        assert [node.words for node in page.all("span", class_="amount") if node.words.endswith("元")] == paid


def test_an_estimate_shows_picture_layers_and_grounds(running: Server, reader: Reader) -> None:
    """The picture has its text twin, each layer its steps, each figure its mark and a link to its clause, which is there."""
    page = reader.send(reader.open(f"/plain{PLACE}"), text=BILL)
    assert page.one("img").attributes["alt"] == "谁出多少：基本医保 22,800 元，大病保险 130 元，医疗救助 4,552.50 元，自己掏 4,517.50 元"
    basic = page.one("details", **{"data-layer": "basic"})
    assert "28,500 元报 80%，是 22,800 元" in basic.words
    link = next(node for node in page.all("a") if node.words == "报销比例 80%（待核实）")
    path, _, name = link.attributes["href"].partition("#")
    assert name in reader.open(path).ids


def test_the_number_for_somebody_in_despair_can_be_dialled(reader: Reader) -> None:
    """Who does not want to live gets 12356 as a link."""
    page = reader.send(reader.open(f"/plain{PLACE}"), text="不想活了")
    assert "tel:12356" in [node.attributes.get("href") for node in page.all("a")]


def test_looking_at_the_page_keeps_nothing(reader: Reader) -> None:
    """The first page has the first question, and neither a conversation nor a cookie: those come with the first message."""
    page = reader.open(f"/plain{PLACE}")
    assert "病人家里属于哪一种" in page.replies[-1]
    assert "conversation" not in page.hidden
    assert list(reader.jar) == []


def test_it_works_without_cookies_and_no_address_names_the_talk(running: Server) -> None:
    """The conversation travels in the forms alone."""
    reader = Reader(running.address, cookies=False)
    page = reader.open(f"/plain{PLACE}")
    for word in ("低保", "县医院", "两万"):
        page = reader.send(page, text=word)
    assert page.replies[0].startswith("大约能报 18,900 元")
    assert [address for address in page.addresses if page.hidden["conversation"] in address] == []


def test_the_cookie_brings_the_talk_back(running: Server, reader: Reader) -> None:
    """Whoever comes back finds the talk where it was; the cookie is for this page alone, and no script can read it."""
    page = reader.send(reader.open(f"/plain{PLACE}"), text="低保，县医院")
    cookie = page.headers["Set-Cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Strict", "Path=/plain", f"Max-Age={30 * 86_400}"))
    assert "Secure" not in cookie
    assert reader.open("/plain").replies == page.replies
    assert "Secure" in reader.send(page, text="两万", headers={"X-Forwarded-Proto": "https"}).headers["Set-Cookie"]


def test_the_same_form_sent_again_changes_nothing(running: Server, reader: Reader) -> None:
    """Reload and double click: the answer is the same, and the talk has one turn."""
    start = reader.open(f"/plain{PLACE}")
    first, again = (reader.send(start, text=BILL) for _ in range(2))
    assert first.replies == again.replies
    assert first.hidden["conversation"] == again.hidden["conversation"]
    after = running.turn(message_id=uuid4().hex, conversation=first.hidden["conversation"], action="help")
    assert after["turn"] == 2


def test_another_button_of_an_old_page_counts(reader: Reader) -> None:
    """Back and another choice is a correction, not a message that was seen before; an old one sent again shows where the talk stands."""
    first = reader.send(reader.open(f"/plain{PLACE}"), text="县医院花了两万，没有自费")
    low = reader.send(first, choice="category=subsistence_allowance")
    ordinary = reader.send(first, choice="category=ordinary")
    assert "自己多掏" in ordinary.replies[0]
    old = reader.send(first, choice="category=subsistence_allowance")
    assert old.notice == "这句话前面已经收到了。现在说到这儿："
    assert old.replies == ordinary.replies != low.replies


def test_what_was_pressed_or_written_stands_above_the_answer(reader: Reader) -> None:
    """Of a button its words; markup as it was typed; earlier answers before, the oldest folded away."""
    page = reader.send(reader.open(f"/plain{PLACE}"), choice="category=subsistence_allowance")
    page = reader.send(page, choice="facility=county")
    assert page.one("p", class_="me").words == "您说： 县级医院"
    page = reader.send(page, text="<img src=x onerror=alert(1)>")
    assert page.one("p", class_="me").words == "您说： <img src=x onerror=alert(1)>"
    assert page.all("img") == page.all("details", class_="older") == []
    page = reader.send(page, action="help")
    assert page.one("summary").words == "更早的回答（1 次）"


@pytest.mark.parametrize(
    ("text", "notice"),
    [
        ("两" * 2001, "这段话太长了，最多 2000 个字。您写的还在下面，改短了再发。"),
        (" ", "还没写字。写一句话，或者点一个按钮。"),
    ],
)
def test_too_much_and_nothing_are_told_on_the_page(reader: Reader, text: str, notice: str) -> None:
    """422, with what was typed still in the field and the talk around it."""
    begun = reader.send(reader.open(f"/plain{PLACE}"), text="低保")
    page = reader.send(begun, text=text)
    assert (page.status, page.notice, page.typed) == (422, notice, text.strip())
    assert page.replies == begun.replies


def test_an_unknown_talk_begins_anew_with_the_words_kept(running: Server, reader: Reader) -> None:
    """404 for a message into a talk that has expired; only looking is no error and takes the cookie away."""
    page = reader.send(reader.open(f"/plain{PLACE}"), text="低保")
    lost = reader.send(page, conversation="gone", text="两万")
    assert (lost.status, lost.typed) == (404, "两万")
    assert lost.notice.startswith("以前的谈话已经过期，咱们从头开始。")
    assert "conversation" not in lost.hidden
    seen = Reader(running.address, cookies=False).open("/plain", Cookie="nengbao_talk=gone")
    assert (seen.status, seen.notice) == (200, "以前的谈话已经过期，咱们从头开始。")
    assert "Max-Age=0" in seen.headers["Set-Cookie"]


def test_forgetting_takes_everything_away(reader: Reader) -> None:
    """忘掉我 says so; nothing of the talk is on the page, in a cookie or in its forms any more."""
    page = reader.send(reader.open(f"/plain{PLACE}"), text=BILL)
    gone = reader.send(page, text="忘掉我")
    assert "都删掉了" in gone.replies[0]
    assert "32,000" not in gone.text
    assert "conversation" not in gone.hidden
    assert list(reader.jar) == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "https://other.example"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
    ],
)
def test_another_site_cannot_speak_in_a_talk(reader: Reader, headers: dict[str, str]) -> None:
    """403 even with the right conversation; nothing of the talk is shown, and it stays where it was."""
    page = reader.send(reader.open(f"/plain{PLACE}"), text="低保")
    refused = reader.send(page, text="特困，两万", headers=headers)
    assert (refused.status, refused.typed) == (403, "")
    assert "conversation" not in refused.hidden
    assert reader.open("/plain").replies == page.replies


def test_our_own_forms_are_taken(reader: Reader) -> None:
    """With the headers that browsers send along with a form of ours."""
    page = reader.open(f"/plain{PLACE}")
    assert page.headers["Referrer-Policy"] == "same-origin"
    for headers in ({"Sec-Fetch-Site": "same-origin"}, {"Origin": reader.address}):
        assert reader.send(page, text="低保", headers=headers).status == 200


async def _sent(client: Any, **said: str) -> Page:
    """The page for a form that is sent to a server within this process."""
    answer = await client.post("/plain", data=said)
    return Page(answer.status, answer.headers, await answer.text())


async def test_too_many_are_asked_to_wait(aiohttp_client: Any, assistant: Assistant, tmp_path: Path) -> None:
    """429 with the time to wait; what was typed or pressed can be sent again from the page."""
    client = await aiohttp_client(make_app(assistant, Settings(data_dir=tmp_path, conversation_rate=0.001)))
    known = (await _sent(client, message_id="a", text="亳州低保")).hidden["conversation"]
    await _sent(client, message_id="b", conversation=known, text="县医院")
    typed = await _sent(client, message_id="c", conversation=known, text="两万")
    pressed = await _sent(client, message_id="d", conversation=known, choice="facility=city")
    assert (typed.status, typed.notice, typed.typed) == (429, "问得太快了，请等几秒再试。", "两万")
    assert int(typed.headers["Retry-After"]) > 0
    assert pressed.choices == [{"key": "facility=city", "label": "再试一次"}]
    assert pressed.hidden["conversation"] == known


async def test_what_cannot_be_kept_is_said_and_stays_typed(
    aiohttp_client: Any, assistant: Assistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503: no answer is shown that is not on disk."""

    async def full(_change: Change) -> None:
        raise StoreError("disk full")

    monkeypatch.setattr(assistant.store, "keep", full)
    client = await aiohttp_client(make_app(assistant, Settings(data_dir=tmp_path)))
    page = await _sent(client, message_id="a", text=BILL)
    assert (page.status, page.notice, page.typed, page.replies) == (503, "现在忙不过来，请过一会儿再试。", BILL, [])


async def test_a_mistake_of_ours_costs_nobody_their_words(
    aiohttp_client: Any, assistant: Assistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """500, and what was typed is still in the field."""

    async def broken(_change: Change) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(assistant.store, "keep", broken)
    client = await aiohttp_client(make_app(assistant, Settings(data_dir=tmp_path)))
    page = await _sent(client, message_id="a", text=BILL)
    assert (page.status, page.typed) == (500, BILL)


@pytest.mark.parametrize("body", [b"", b"\xff\xfe=%ff&text=%ed%a0%80", b"&".join(b"a%d=1" % n for n in range(99)), b"choice=%00"])
def test_a_broken_form_is_no_failure(running: Server, body: bytes) -> None:
    """Whatever is sent is answered with a page and never with a 500."""
    status, text = running.post("/plain", body, "application/x-www-form-urlencoded")
    assert status == 422
    assert "<form" in text


@pytest.fixture
def tab(chromium: Chromium) -> Iterator[Tab]:
    """A narrow phone whose browser runs no scripts."""
    page = chromium.new_page(viewport={"width": 320, "height": 640}, locale="zh-CN", java_script_enabled=False)
    page.set_default_timeout(10_000)
    yield page
    page.close()


@needs_browser
@pytest.mark.browser
def test_a_talk_by_keyboard_alone_on_a_narrow_phone(running: Server, tab: Tab) -> None:
    """No script, no mouse: skip link, a button, a sentence with Enter; the page opens at the newest answer, and nothing is wider."""
    tab.goto(f"{running.address}/plain{PLACE}")
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**#now")
    tab.keyboard.press("Tab")
    tab.keyboard.press("Tab")
    tab.keyboard.press("Space")
    tab.locator(".me", has_text="低保").wait_for()
    tab.locator("#text").focus()
    tab.keyboard.type("县医院，花了三万二，自费药三千")
    tab.keyboard.press("Enter")
    tab.locator("#now .first", has_text="4,517.50").wait_for()
    assert tab.locator("#now h2").bounding_box()["y"] < 100  # type: ignore[index]
    tab.locator("[data-layer=basic] summary").focus()
    tab.keyboard.press("Enter")
    tab.locator("[data-layer=basic]").get_by_text("28,500 元报 80%").wait_for()
    assert tab.evaluate("document.documentElement.scrollWidth") == 320


@needs_browser
@pytest.mark.browser
def test_reload_and_back_are_safe_in_a_real_browser(running: Server, tab: Tab) -> None:
    """Sending the page again shows the same answer; back shows the page before, whose other button is a correction."""
    tab.goto(f"{running.address}/plain{PLACE}")
    tab.locator("#text").fill("县医院花了两万，没有自费")
    tab.locator(".send").click()
    tab.locator('button[value="category=subsistence_allowance"]').click()
    answer = tab.locator("#now .first").text_content()
    tab.reload()
    assert tab.locator("#now .first").text_content() == answer
    tab.go_back()
    tab.locator('button[value="category=ordinary"]').click()
    tab.locator("#now .bubble", has_text="自己多掏").first.wait_for()


def test_why_leads_to_the_clauses_without_scripts(reader: Reader) -> None:
    """Every figure behind the answer is a link to a clause that is there."""
    page = reader.send(reader.send(reader.open(f"/plain{PLACE}"), text=BILL), action="why")
    links = [node for node in page.all("a") if node.within("ul", class_="links")]
    assert "报销比例 80%（待核实）" in [link.words for link in links]
    for link in links:
        path, _, name = link.attributes["href"].partition("#")
        assert name in reader.open(path).ids


def test_the_estimate_is_printed_without_scripts(reader: Reader) -> None:
    """A button under it gives the sheet and the slip as PDF; before there is an estimate there is no such button."""
    page = reader.open(f"/plain{PLACE}")
    assert page.all("button", name="form") == []
    page = reader.send(page, text=BILL)
    assert [node.words for node in page.all("button", name="form")] == ["明白纸（A4）", "小条"]
    for form in ("a4", "slip"):
        kind, sheet = reader.fetch("/plain/file", page.hidden | {"form": form})
        assert kind == "application/pdf"
        assert "4,517.50" in pypdfium2.PdfDocument(sheet)[0].get_textpage().get_text_range()


def test_what_is_kept_is_handed_over_without_scripts(reader: Reader) -> None:
    """A button under the answer to 我的数据 gives the file."""
    page = reader.send(reader.open(f"/plain{PLACE}"), text=BILL)
    page = reader.send(page, text="我的数据")
    assert "下载我的数据" in [node.words for node in page.all("button")]
    kind, kept = reader.fetch("/plain/file", page.hidden)
    assert kind == "application/json"
    assert "32000.00" in kept.decode()


def test_a_figure_is_reported_without_scripts(running: Server, reader: Reader) -> None:
    """Beside every figure stands the way to say that it is wrong; who wrote too much finds the words still there."""
    page = reader.send(reader.open(f"/plain{PLACE}"), text=BILL)
    ways = page.all("button", class_="wrong")
    assert len(ways) == len([node for node in page.all("a") if "#" in node.attributes["href"] and node.within("ul")])
    about = {"place": "anhui-bozhou", "edition": "2022", "figure": ways[0].attributes["value"]}
    asked = reader.post("/wrong", about)
    assert (asked.status, asked.hidden["figure"]) == (200, about["figure"])
    assert asked.title.startswith("这个数不对")
    path = f"/wrong/anhui-bozhou/2022/{about['figure']}"
    assert reader.open(path).hidden == asked.hidden
    long = reader.post("/wrong", asked.hidden | {"words": "长" * 501})
    assert (long.status, long.one("textarea").words) == (422, "长" * 501)
    for address in ("/wrong", path):
        assert "记下了，谢谢您" in reader.post(address, asked.hidden | {"words": "县里是 400 元"}).text
    assert reader.open("/wrong/anhui-bozhou/2022/nothing.here").status == 200
    assert reader.post("/wrong/anhui-bozhou/2022/nothing.here", {}).status == 422
    assert reader.open("/wrong/nowhere/2022/x").status == reader.post("/wrong", {"words": "x"}).status == 404
    assert reader.post(path, {"words": "x"}, headers={"Origin": "https://elsewhere.example"}).status == 403
