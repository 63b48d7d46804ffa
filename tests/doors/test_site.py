"""The site: pages that need no scripts and ask nobody else, the rules told clause by clause, kind words for a wrong address."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext

from bot import resources
from bot.knowledge import Knowledge
from bot.speech import policy_json
from bot.web.assets import asset
from engine import read_shelf
from engine.keys import BASES
from tests.doors.browser import needs_browser
from tests.doors.line import another_site
from tests.doors.pages import Reader
from tests.server import ROOT, Server
from tests.speech.test_catalogues import in_traditional_characters

EDITIONS = ("anhui-bozhou/2017", "anhui-bozhou/2022", "beijing/2023", "henan-puyang/2017", "henan-puyang/2022")
PAGES = ("/", "/policies", "/policies/anhui-bozhou/2022", "/policies/henan-puyang/2017", "/plain", "/nowhere")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_whole_by_itself(reader: Reader, path: str) -> None:
    """No inline style or script, nothing from elsewhere but links to documents, headings in order, no id twice, a way past the menu."""
    page = reader.open(path)
    loaded = [node.attributes[name] for node in page.nodes for name in ("src", "action") if name in node.attributes]
    loaded += [node.attributes["href"] for node in page.all("link")]
    assert [address for address in loaded if not address.startswith(("/", "data:"))] == []
    assert page.all("style") == [node for node in page.nodes if "style" in node.attributes] == []
    assert [node for node in page.all("script") if node.words.strip()] == []
    assert page.headings[0] == 1
    assert [pair for pair in zip(page.headings, page.headings[1:], strict=False) if pair[1] > pair[0] + 1] == []
    assert len(page.ids) == len(set(page.ids))
    assert page.one("a").attributes["href"].removeprefix("#") in page.ids
    assert "script-src 'self'; style-src 'self'" in page.headers["Content-Security-Policy"]


def test_the_links_of_the_pages_lead_somewhere(reader: Reader) -> None:
    """Every address on them is answered, and every place on a page that they point at is there."""
    pages = {path: reader.open(path) for path in PAGES[:-1]}
    for page in list(pages.values()):
        for address in page.addresses:
            path, _, place = address.partition("#")
            if path.startswith("/") or not path:
                found = page if not path else pages.get(path) or reader.open(path)
                assert found.status == 200, address
                assert not place or place in found.ids, address


def test_the_front_page_says_what_is_held_and_how_firm_it_is(running: Server, reader: Reader) -> None:
    """A row for each edition from the packs themselves, with its days and the counts that the API gives, and a link to its page."""
    page, told = reader.open("/"), running.get("/api/v1/policies")[1]["policies"]
    assert page.title == "能报多少 · 医保报销估算"
    rows = [node for node in page.all("tr") if node.within("tbody")]
    links = [node.attributes["href"] for node in page.all("a") if node.within("tbody")]
    assert links == [f"/policies/{row['place']}/{row['edition']}" for row in told] == [f"/policies/{key}" for key in EDITIONS]
    bozhou = next(row.words for row in rows if "三重保障" in row.words)
    assert all(words in bozhou for words in ("2022年1月1日", "2025年12月31日", "写明的 16 个", "约数 2 个", "没写数 8 个"))
    figures = running.get("/api/v1/policies/anhui-bozhou/2022")[1]["figures"]
    assert sum(next(row["counts"] for row in told if row["edition"] == "2022").values()) == len(figures)


def test_privacy_is_ten_lines_with_the_days_of_this_server(reader: Reader) -> None:
    """Each line is there, and the days are the setting's."""
    lines = [node.words for node in reader.open("/").all("li") if node.within("ol", class_="lines")]
    assert len(lines) == 10
    assert "30 天没用，整段谈话就删掉。" in lines


def test_a_link_that_knows_place_and_language_opens_the_chat_with_both(reader: Reader) -> None:
    """`?place=` and `?lang=` reach the chat; a place that is not held and markup do not."""
    chat = reader.open("/?place=anhui-bozhou&lang=en").one("nengbao-chat").attributes
    assert chat == {"place": "anhui-bozhou", "lang": "en"}
    assert reader.open("/?place=%22%3E%3Cb%3E").one("nengbao-chat").attributes == {"lang": "zh_CN"}


def test_the_code_on_a_sheet_of_paper_opens_the_chat_with_it(reader: Reader) -> None:
    """The address of its QR code is the front page, whose chat takes the talk up; anything that is no code is a wrong address."""
    assert reader.open("/t/ABCDE23456").one("nengbao-chat").attributes == {"lang": "zh_CN", "code": "ABCDE23456"}
    assert reader.open("/t/a%22b").status == 404


@pytest.mark.parametrize(
    ("host", "proto", "address"),
    [("med.example.gov.cn", "https", "https://med.example.gov.cn"), ("10.0.0.8:8080", "gopher", "http://10.0.0.8:8080")],
)
def test_the_line_to_copy_names_this_very_server(reader: Reader, host: str, proto: str, address: str) -> None:
    """Whatever name the reader found it by, also behind a proxy that speaks https."""
    page = reader.open("/", Host=host, X_Forwarded_Proto=proto)
    assert page.one("code").words == f'<script src="{address}/widget.js" data-place="anhui-bozhou"></script>'
    assert page.one("code").within("pre")


def test_a_host_that_is_none_is_not_repeated(reader: Reader) -> None:
    """What stands in the header is not shown unless it can be a host."""
    assert "evil" not in reader.open("/", Host="evil'onload=alert(1)").text


@pytest.mark.parametrize("key", EDITIONS)
def test_every_figure_stands_on_the_page_of_its_rules(running: Server, reader: Reader, key: str) -> None:
    """Once, under its name as id, with its words, how firm it is and the document it is from; and every clause, choice and document."""
    page, policy = reader.open(f"/policies/{key}"), running.get(f"/api/v1/policies/{key}")[1]
    for figure in policy["figures"]:
        shown = page.one("li", id=figure["name"])
        assert all(words in shown.words for words in (figure["label"], figure["say"], figure["firm"]))
        assert figure["say"] or figure["basis"] == "unknown"
        source = next(node for node in page.all("a", class_="source") if shown in node.above)
        assert source.attributes["href"] == f"#source.{figure['source']}"
    named = [
        name
        for section in policy["rules"]
        for variant in section["variants"]
        for clause in variant["clauses"]
        for name in clause["figures"]
    ]
    assert sorted(named) == sorted(figure["name"] for figure in policy["figures"])
    assert {f"choices.{choice['key']}" for choice in policy["choices"]} | {f"source.{name}" for name in policy["sources"]} <= set(page.ids)


def test_whatever_an_estimate_names_can_be_pointed_at(running: Server, reader: Reader) -> None:
    """Every figure behind an answer has its place on the page of the rules, exclusions and what the hospital bears too."""
    bills = [
        {"place": "anhui-bozhou", "category": "subsistence_allowance", "facility": "province", "registered": False},
        {"place": "anhui-bozhou", "category": "subsistence_allowance", "facility": "province", "registered": False, "on": "2021-03-05"},
        {"place": "henan-puyang", "category": "registered_poor", "facility": "county", "on": "2018-03-05"},
        {"place": "henan-puyang", "category": "ordinary", "facility": "county", "care": "major_disease_inpatient", "on": "2018-03-05"},
        {"place": "beijing", "category": "low_income_margin", "facility": "grade_3"},
    ]
    for bill in bills:
        answer = running.post("/api/v1/estimate", bill | {"total": 90_000, "self_funded": 20_000})[1]
        ids = reader.open(f"/policies/{answer['place']}/{answer['edition']}").ids
        figures = [figure["name"] for layer in answer["layers"] for figure in layer["figures"]]
        assert figures
        assert [name for name in figures if name not in ids] == []


def test_rules_are_told_in_plain_words(reader: Reader) -> None:
    """Some clauses as a person reads them."""
    words = " ".join(reader.open("/policies/anhui-bozhou/2022").text.split())
    words = re.sub(r"<[^>]+>", "", words)
    for clause in (
        "去省级医院、省外医院看病，先办转诊备案。急诊抢救的，当作办了。",
        "总费用的 20%，最少 2,000 元，最多 10,000 元",
        "拿前面没报完的费用来算。一年合起来算，门槛一年只扣一次。分段从门槛往上数。",
        "不一样的：特困、低保、返贫致贫",
        "不管：没办转诊备案。",
        "没办转诊备案的，有没有保底？",
    ):
        assert clause in words


@pytest.mark.parametrize("key", EDITIONS)
@pytest.mark.parametrize(("lang", "name"), [("zh_CN", "zh"), ("en", "en")])
def test_notes_are_in_the_language_of_the_page(reader: Reader, knowledge: Knowledge, key: str, lang: str, name: str) -> None:
    """Every note of a pack stands on its page, as whoever reads the page speaks, and none in the other language."""
    edition = knowledge.shelf.find(key)
    assert edition is not None
    noted = {note[name] for note in _notes(edition.policy.model_dump(exclude={"choices"}))}
    shown = {node.words for node in reader.open(f"/policies/{key}?lang={lang}").all("p") if node.within("details", class_="notes")}
    assert shown == noted
    assert noted


def _notes(value: Any) -> Iterator[dict[str, str]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list | tuple) else ()
    for key, item in items:
        if key == "note" and item is not None:
            yield item
        else:
            yield from _notes(item)


def test_every_basis_has_words(knowledge: Knowledge) -> None:
    """In every language, so that a pack may use any of them."""
    assert [basis for voice in knowledge.voices.values() for basis in BASES if not voice.has(f"basis.{basis}")] == []


def test_another_reading_and_a_confirmed_figure_are_told_as_they_hold_here(knowledge: Knowledge, tmp_path: Path) -> None:
    """What a deployment chose stands as taken and the pack's own reading beside it; what it confirmed says so."""
    overlay = tmp_path / "anhui-bozhou" / "2022.overlay.yaml"
    overlay.parent.mkdir()
    overlay.write_text(
        "confirms:\n  basic.cap: {value: 250000 yuan, number: 某医保〔2022〕5号, day: 2022-01-05, by: 某局}\n"
        "choose: {guarantee_of_the_unregistered: none}\n",
        encoding="utf-8",
    )
    edition = read_shelf([resources.POLICIES, tmp_path]).find("anhui-bozhou/2022")
    assert edition is not None
    policy = policy_json(knowledge.voice("zh_CN"), edition)
    choice = next(choice for choice in policy["choices"] if choice["key"] == "guarantee_of_the_unregistered")
    assert (choice["taken"], choice["others"]) == ("没有", ["有"])
    cap = next(figure for figure in policy["figures"] if figure["name"] == "basic.cap")
    assert (cap["say"], cap["firm"]) == ("250,000 元", "当地核实过")


def test_a_wrong_address_is_a_kind_page_for_people_and_json_for_programs(running: Server, reader: Reader) -> None:
    """404 either way; the page leads to the list of rules, and the API answers with JSON whoever asks."""
    for path in ("/policies/anhui-bozhou/1999", "/nowhere"):
        page = reader.open(path)
        assert page.status == 404
        assert "/policies" in page.addresses
        status, answer = running.get(path)
        assert (status, set(answer["error"])) == (404, {"code", "say", "field"})
    assert json.loads(reader.open("/api/v1/policies/anhui-bozhou/1999").text)["error"]["code"] == "unknown_policy"


@pytest.mark.parametrize(
    ("asked", "lang"),
    [
        ("en-GB,en;q=0.9", "en"),
        ("fr,en;q=0.5,zh;q=0.4", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("en;q=0, zh", "zh-CN"),
        ("fr", "zh-CN"),
        (";;q=x,,", "zh-CN"),
    ],
)
def test_a_page_speaks_the_first_language_that_both_know(reader: Reader, asked: str, lang: str) -> None:
    """By the browser's own order; `?lang=` goes before it and is carried on by the links."""
    assert reader.open("/policies", Accept_Language=asked).one("html").attributes["lang"] == lang
    chosen = reader.open("/policies?lang=en", Accept_Language=asked)
    assert chosen.one("html").attributes["lang"] == "en"
    assert "/policies/anhui-bozhou/2022?lang=en" in chosen.addresses


def test_the_api_document_does_not_list_pages(running: Server) -> None:
    """Pages are for people; what programs may rely on is the API."""
    paths = running.get("/api/openapi.json")[1]["paths"]
    assert [path for path in paths if not path.startswith(("/api/", "/healthz", "/readyz", "/metrics"))] == []


def test_the_style_of_all_pages_is_small() -> None:
    """Three kilobytes, on a line where each of them is waited for."""
    assert len(asset("page.css").compressed) <= 3_000


def test_templates_are_loaded_with_the_first_page() -> None:
    """Starting the server does not load what only pages need."""
    code = "import sys, bot.cli, bot.web.serve; sys.exit('jinja2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


#: Of everything with words: those smaller than 18 px; of everything to press: those lower or narrower than 44 px.
_SMALL = "[...document.querySelectorAll('body *')].filter(e => e.innerText && parseFloat(getComputedStyle(e).fontSize) < 18).length"
_LOW = """[...document.querySelectorAll('a, button, summary, input:not([type=hidden])')]
  .map(e => [e, e.getBoundingClientRect()])
  .filter(([e, box]) => e.offsetParent && !e.matches('.skip') && Math.min(box.height, box.width) < 43.9)
  .map(([e]) => e.outerHTML)"""


def _begun(server: Server, context: BrowserContext) -> None:
    """A talk in which an estimate stands, brought back by its cookie."""
    reader = Reader(server.address)
    page = reader.send(reader.open("/plain?place=anhui-bozhou"), text="低保，县医院，花了三万二，自费药三千")
    context.add_cookies([{"name": "nengbao_talk", "value": page.hidden["conversation"], "url": f"{server.address}/plain"}])


@needs_browser
@pytest.mark.browser
@pytest.mark.parametrize(("scheme", "lang"), [("light", "zh_CN"), ("dark", "en")])
def test_pages_are_good_to_read_on_a_narrow_phone_or_magnified(running: Server, chromium: Chromium, scheme: str, lang: str) -> None:
    """At 320 px, which is 1280 px at 400 %: nothing to scroll sideways, large print, large targets."""
    context = chromium.new_context(viewport={"width": 320, "height": 640}, color_scheme=scheme, java_script_enabled=False)  # type: ignore[arg-type]
    context.set_default_timeout(10_000)
    _begun(running, context)
    tab = context.new_page()
    for path in PAGES:
        tab.goto(f"{running.address}{path}?lang={lang}")
        tab.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        assert tab.evaluate("document.documentElement.scrollWidth") == 320, path
        assert (tab.evaluate(_SMALL), tab.evaluate(_LOW)) == (0, []), path
    context.close()


@needs_browser
@pytest.mark.browser
@pytest.mark.parametrize(("scheme", "options"), [("light", {}), ("dark", {"runOnly": ["color-contrast"]})])
def test_axe_finds_nothing(running: Server, chromium: Chromium, scheme: str, options: dict[str, list[str]]) -> None:
    """Contrast, names, roles and order, on every page and in the middle of a talk; the chat itself is looked at in its own tests."""
    context = chromium.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme)  # type: ignore[arg-type]
    context.set_default_timeout(10_000)
    _begun(running, context)
    tab = context.new_page()
    # One page of rules stands for all: they are made from one template, and a long one takes seconds.
    for path in ("/", "/policies", "/policies/beijing/2023", "/plain", "/nowhere"):
        tab.goto(running.address + path)
        tab.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        found = Axe().run(tab, {"exclude": ["nengbao-chat"]}, {"resultTypes": ["violations"], **options}).response["violations"]
        assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == [], path
    context.close()


@needs_browser
@pytest.mark.browser
def test_the_chat_on_the_front_page_talks(running: Server, chromium: Chromium) -> None:
    """With scripts the chat is there, beside everything else, and the browser complains of nothing."""
    problems: list[str] = []
    tab = chromium.new_page(viewport={"width": 1280, "height": 900}, locale="zh-CN")
    tab.on("console", lambda line: problems.append(line.text) if line.type in ("error", "warning") else None)
    tab.goto(f"{running.address}/?place=anhui-bozhou")
    tab.locator("nengbao-chat [data-who=bot]").first.wait_for()
    assert tab.locator("nengbao-chat").bounding_box()["height"] > 400  # type: ignore[index]
    assert problems == []
    tab.close()


@needs_browser
@pytest.mark.browser
def test_the_line_to_copy_puts_the_chat_on_a_page_of_another_site(chromium: Chromium, reader: Reader) -> None:
    """Copied as it stands, it is all that such a page needs."""
    line = reader.open("/").one("code").words
    with another_site(f"<!doctype html><body><h1>County</h1>{line}</body>") as address:
        tab = chromium.new_page(locale="zh-CN")
        tab.set_default_timeout(10_000)
        tab.goto(address)
        tab.locator("nengbao-chat [data-who=bot]", has_text="病人家里属于哪一种").first.wait_for()
        tab.close()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_in_traditional_characters_throughout(reader: Reader, path: str) -> None:
    """Nothing simplified is left on it, but the name of that language."""
    page = reader.open(f"{path}?lang=zh_Hant")
    assert page.one("html").attributes["lang"] == "zh-Hant"
    others = [node.words for node in page.nodes if node.attributes.get("lang") == "zh-CN"]
    text = page.one("body").words
    for words in others:
        text = text.replace(words, "")
    assert [char for char in text if not in_traditional_characters(char)] == []


def test_who_runs_the_site_is_told_where_the_operator_says_so(tmp_path: Path, reader: Reader) -> None:
    """At the foot of every page, as text; without the setting nobody is named."""
    assert "架设" not in reader.open("/policies").one("footer").words
    server = Server(tmp_path, NENGBAO_OPERATOR="某县医保局 <b>")
    server.start()
    assert "这个网站由某县医保局 <b>架设。" in Reader(server.address).open("/policies").one("footer").words
    server.stop()
