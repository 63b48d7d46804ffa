"""What a person sees of the chat, measured on real layout: sizes, contrast, room, movement, ink."""

import io
from typing import Any, Literal

import pypdfium2
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.doors.browser import Browser, Widget, needs_browser
from tests.server import Server

pytestmark = [needs_browser, pytest.mark.browser]

BILL = "低保，县医院，两万，没有自费"
VIEWS = {"": (18, 44), "elder": (24, 60), "largest": (30, 60)}
#: A small phone, and a page of 1280 px at 400 %.
SIZES = {"phone": (320, 640), "magnified": (320, 256)}

#: Every visible piece of text: its size, spacing and contrast; every target: its sides; what runs over an edge.
_MEASURED = """() => {
    const root = document.querySelector("nengbao-chat").shadowRoot;
    const seen = (each) => each.checkVisibility({ visibilityProperty: true }) && !each.closest(".hidden");
    const all = [...root.querySelectorAll("*")].filter(seen);
    const channels = (colour) => (colour.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
    const linear = (value) => ((value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    const light = ([red, green, blue]) => 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
    const behind = (node) => {
        for (let each = node; each; each = each.parentElement || (each.getRootNode().host ?? null)) {
            const colour = channels(getComputedStyle(each).backgroundColor);
            if (colour.length < 4 || colour[3] > 0) return colour;
        }
        return [255, 255, 255];
    };
    const contrast = (node, ink) => {
        const [one, two] = [light(channels(ink)), light(behind(node))];
        return (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
    };
    const told = (node) => [...node.childNodes].some((each) => each.nodeType === 3 && each.data.trim());
    const words = all.filter((each) => told(each) && !each.closest("svg"));
    const style = (each) => getComputedStyle(each);
    const name = (each) => (each.textContent.trim() || each.dataset.role || "").slice(0, 20);
    const size = (each) => parseFloat(style(each).fontSize);
    const box = (each) => each.getBoundingClientRect();
    const targets = all.filter((each) => each.matches("button, input, textarea, summary, .ways a, a.button"));
    const inputs = all.filter((each) => each.matches("input, textarea"));
    const ends = all.filter((each) => !each.closest("svg")).map((each) => each.getBoundingClientRect().right);
    return {
        text: words.map((each) => [name(each), size(each)]),
        spacing: words.map((each) => [name(each), parseFloat(style(each).lineHeight) / size(each)]),
        contrast: [
            ...words.map((each) => [name(each), contrast(each, style(each).color)]),
            ...inputs.map((each) => [name(each), contrast(each, getComputedStyle(each, "::placeholder").color)]),
        ],
        targets: targets.map((each) => [name(each), box(each).height, box(each).width]),
        edge: Math.max(...ends),
        over: document.documentElement.scrollWidth,
    };
}"""


def opened(running: Server, browser: Browser, view: str = "", size: str = "phone") -> Widget:
    """The chat with an estimate whose first layer is open, and a form below one of its figures."""
    chat = browser.open(running.address, "anhui-bozhou")
    chat.page.set_viewport_size(dict(zip(("width", "height"), SIZES[size], strict=True)))  # type: ignore[arg-type]
    chat.page.evaluate("(view) => document.querySelector('nengbao-chat').look(view)", view)
    chat.say(BILL)
    chat.page.locator("[data-layer=basic] summary").click()
    chat.page.locator('[data-layer=basic] [data-figure="basic.deductible.county"]').click()
    return chat


def below(found: list[list[Any]], least: float) -> list[list[Any]]:
    """What falls short."""
    return [each for each in found if min(each[1:]) < least]


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_everything_is_large_clear_and_within_the_edges(
    running: Server, browser: Browser, view: str, scheme: Literal["light", "dark"], size: str
) -> None:
    """In each view and scheme, on a small phone and at 400 %: text, lines 1.3 apart, contrast 4.5 : 1, targets, no sideways scroll."""
    chat = opened(running, browser, view, size)
    chat.page.emulate_media(color_scheme=scheme)
    found = chat.page.evaluate(_MEASURED)
    text, target = VIEWS[view]
    assert len(found["text"]) > 40
    assert below(found["text"], text * 0.9) == []  # a mark beside an amount may be nine tenths
    assert below(found["spacing"], 1.3) == []
    assert below(found["contrast"], 4.5) == []
    assert below(found["targets"], target) == []
    assert found["edge"] <= 320
    assert found["over"] == 320


@pytest.mark.parametrize("view", ["", "elder"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_hinders_in_either_view(running: Server, browser: Browser, view: str, scheme: Literal["light", "dark"]) -> None:
    """Axe finds nothing in the chat with an open layer and an open form, in both views and colour schemes."""
    chat = opened(running, browser, view)
    chat.page.emulate_media(color_scheme=scheme)
    found = Axe().run(chat.page, context="nengbao-chat")
    assert found.response["violations"] == [], found.generate_report()


def test_in_the_systems_own_colours_every_button_has_an_edge(running: Server, browser: Browser) -> None:
    """With forced colours backgrounds are gone: buttons to press, bubbles and marks keep a line around them, the bars their colours."""
    chat = opened(running, browser)
    chat.page.emulate_media(forced_colors="active")
    edged = chat.page.locator("[data-now] .choices button, [data-role=send], .mark, .bubble, input, textarea")
    edges = edged.evaluate_all(
        """(all) => all.filter((each) => each.checkVisibility()).map((each) => {
            const style = getComputedStyle(each);
            return [each.className || each.tagName, parseFloat(style.borderTopWidth), style.borderTopStyle];
        })"""
    )
    assert len(edges) > 8
    assert [each for each in edges if each[1] < 1 or each[2] == "none"] == []
    bars = chat.page.locator(".chart rect").evaluate_all("(bars) => new Set(bars.map((each) => getComputedStyle(each).fill)).size")
    assert bars == chat.page.locator(".chart rect").count() == 3


def test_who_wants_no_movement_gets_none(running: Server, browser: Browser) -> None:
    """With reduced motion nothing moves by itself, nor when it is pressed."""
    chat = opened(running, browser)
    moving = """() => [...document.querySelector("nengbao-chat").shadowRoot.querySelectorAll("*")]
        .filter((each) => [null, "::before"].some((part) => {
            const style = getComputedStyle(each, part);
            return style.transitionDuration !== "0s" || style.animationName !== "none";
        })).length"""
    chat.page.emulate_media(reduced_motion="no-preference")
    assert chat.page.evaluate(moving) > 0
    chat.page.emulate_media(reduced_motion="reduce")
    assert chat.page.evaluate(moving) == 0


def test_colour_alone_says_nothing(running: Server, browser: Browser) -> None:
    """The pieces of a bar are numbered as the list beside it, which has names, amounts and shares; doubt stands in words."""
    chat = opened(running, browser)
    items = chat.page.locator(".chart li").all_inner_texts()
    assert [item.split() for item in items] == [
        ["1", "基本医保", "15,600", "元", "78.0%"],
        ["2", "医疗救助", "3,300", "元", "16.5%"],
        ["3", "自己掏", "1,100", "元", "5.5%"],
    ]
    assert chat.page.locator(".chart text").all_text_contents() == ["1", "2"]  # the third is too narrow for a number
    assert chat.page.locator("[data-layer=basic] .mark").first.inner_text() == "待核实"


def test_hospitals_and_a_year_are_drawn_as_well(running: Server, browser: Browser) -> None:
    """Compared hospitals and the settlements of a year have a bar each, with its name and what is left to pay in words."""
    chat = browser.open(running.address, "anhui-bozhou")
    chat.say(BILL)
    for said in ("上次在县医院花了一万", "县医院", "一万"):
        chat.say(said)
    expect(chat.page.locator("[data-kind=estimate]")).to_have_count(2)
    chat.say("今年累计")
    year = chat.page.locator("section[data-now] .chart")
    expect(year.locator("svg")).to_have_count(2)
    assert year.locator("p").first.inner_text().split() == ["第", "1", "笔，县级医院", "自己掏", "600", "元"]
    chat.say("重来")
    chat.say(BILL)
    chat.say("换家医院比一比")
    newest = chat.page.locator("section[data-now] .chart")
    expect(newest.locator("svg")).to_have_count(7)
    assert newest.locator("p").first.inner_text().split() == ["乡镇卫生院", "自己掏", "792.50", "元"]
    assert newest.get_attribute("aria-label")


def test_why_leads_to_the_clauses(running: Server, browser: Browser) -> None:
    """Under the answer to 为什么 every figure is a link to where it stands in the rules, which is there."""
    chat = browser.open(running.address, "anhui-bozhou")
    chat.say(BILL)
    chat.page.locator("[data-action=why]").click()
    links = chat.page.locator("section[data-now] .clauses a")
    expect(links.first).to_be_visible()
    clauses = dict(zip(links.all_inner_texts(), links.evaluate_all("(all) => all.map((each) => each.href)"), strict=True))
    assert clauses["报销比例 80%（待核实）"] == f"{running.address}/policies/anhui-bozhou/2022#basic.tiers.0.rate.county"
    with chat.page.context.expect_page() as opened:
        links.first.click()
    expect(opened.value.locator(":target")).to_be_visible()


def test_the_page_prints_what_was_said_and_nothing_to_press(running: Server, browser: Browser) -> None:
    """On paper stand the amounts, the picture's list and every layer unfolded; no button, no field."""
    chat = browser.open(running.address, "anhui-bozhou")
    chat.say(BILL)
    expect(chat.page.locator("[data-kind=estimate]")).to_have_count(1)
    sheet = pypdfium2.PdfDocument(io.BytesIO(chat.page.pdf(format="A4")))
    words = "".join("".join(page.get_textpage().get_text_range() for page in sheet).split())
    for printed in ("大约能报18,900元", "基本医保15,600元78.0%", "先扣门槛钱（起付线）500元", "待核实", "以结算单为准"):
        assert printed in words
    for pressed in ("发送", "返回", "打印小条", "念一念", "这个数不对", "长辈版"):
        assert pressed not in words


def test_what_is_spoken_is_written_into_the_field_first(running: Server, browser: Browser) -> None:
    """Dictation, where the browser has it, fills the field to be read over; nothing is sent before the person does."""
    browser.prepare(
        """window.SpeechRecognition = window.webkitSpeechRecognition = class {
            start() { setTimeout(() => this.onresult({ results: [[{ transcript: "低保，县医院，两万，没有自费" }]] })); }
        };"""
    )
    chat = browser.open(running.address, "anhui-bozhou")
    chat.page.locator("[data-role=speak]").click()
    field = chat.page.locator("[data-role=input]")
    expect(field).to_have_value(BILL)
    assert chat.page.locator("[data-who=me]").count() == 0
    chat.page.keyboard.press("Enter")
    expect(chat.page.locator("[data-kind=estimate]")).to_have_count(1)


def test_an_answer_is_read_aloud_and_stops_when_asked(running: Server, browser: Browser) -> None:
    """The voice gets amounts in words and the page's language; the same button ends it."""
    browser.prepare("window.said = []; speechSynthesis.speak = (voice) => window.said.push([voice.lang, voice.text]);")
    chat = browser.open(running.address, "anhui-bozhou")
    chat.say("低保，县医院，两万八千六，没有自费")
    read = chat.page.locator("[data-kind=estimate] [data-role=read]")
    read.click()
    ((lang, text),) = chat.page.evaluate("window.said")
    assert lang == "zh-CN"
    assert "总共花了 两万八千六百元" in text
    expect(read).to_have_text("别念了")
    read.click()
    expect(read).to_have_text("念一念")
    assert len(chat.page.evaluate("window.said")) == 1
