"""The pictures of the docs, made from the running program: `make screenshots`.

A real server, a real browser and a real sheet of paper, so that no picture shows what the program does not. The sums are those of
VOICE.md; the day on the paper is the day it was made.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import pypdfium2
from PIL import Image
from playwright.sync_api import Browser, Page

from bot.desk import Keys, Room
from tests.doors.browser import launched
from tests.server import Server

FOLDER = Path(__file__).parent.parent / "docs" / "pictures"
BILL = "俺妈低保，在县医院住院花了三万二，自费药三千，能报多少"
PHONE = {"width": 390, "height": 844}
_PIXELS_A_POINT = 1.6


@contextmanager
def phone(browser: Browser, address: str, view: str = "", scheme: str = "light") -> Iterator[Page]:
    """The chat with an estimate on the page of a county, two pixels to a point."""
    context = browser.new_context(viewport=PHONE, device_scale_factor=2, locale="zh-CN", color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{address}/?place=anhui-bozhou")
    page.locator("[data-who=bot]").first.wait_for()
    page.evaluate("(view) => document.querySelector('nengbao-chat').look(view)", view)
    page.locator("[data-role=input]").fill(BILL)
    page.locator("[data-role=send]").click()
    page.locator("[data-kind=estimate]").wait_for()
    yield page
    context.close()


#: The chat alone, as on a page that has nothing else.
_ALONE = {"position": "fixed", "inset": "0", "z-index": "1", "height": "100vh", "max-width": "none", "border-radius": "0"}


def shown(page: Page, name: str) -> None:
    """A picture of the chat as it stands."""
    page.evaluate("(style) => Object.assign(document.querySelector('nengbao-chat').style, style)", _ALONE)
    page.screenshot(path=FOLDER / f"chat-{name}.png")


def chat(browser: Browser, address: str) -> None:
    """The chat in its views and schemes, with a layer open and with hospitals compared."""
    for name, view, scheme in (("phone", "", "light"), ("elder", "elder", "light"), ("dark", "", "dark")):
        with phone(browser, address, view, scheme) as page:
            shown(page, name)
    with phone(browser, address) as page:
        page.locator("[data-layer=basic] summary").click()
        page.locator("[data-layer=basic]").evaluate("(layer) => layer.scrollIntoView({ block: 'start' })")
        shown(page, "layer")
        page.locator("[data-role=input]").fill("换家医院比一比")
        page.locator("[data-role=send]").click()
        page.locator("section[data-now] .chart").wait_for()
        shown(page, "compare")


def printed(browser: Browser, address: str) -> None:
    """The page as a printer gets it."""
    with phone(browser, address) as page:
        sheet = page.pdf(format="A4", margin={"top": "12mm", "bottom": "12mm", "left": "12mm", "right": "12mm"})
    drawn(sheet, "chat-print")


def paper(browser: Browser, address: str) -> None:
    """The sheet and the slip, as the buttons under an estimate give them."""
    with phone(browser, address) as page:
        for form, name in (("a4", "sheet"), ("slip", "slip")):
            with page.expect_download() as download:
                page.locator(f"[data-form={form}]").click()
            drawn(download.value.path().read_bytes(), name)


def drawn(pdf: bytes, name: str) -> None:
    """The first page of a PDF as a picture."""
    first_page(pdf).save(FOLDER / f"{name}.png", optimize=True)


def first_page(pdf: bytes) -> Image.Image:
    """The first page of a PDF."""
    return pypdfium2.PdfDocument(io.BytesIO(pdf))[0].render(scale=_PIXELS_A_POINT).to_pil()


def site(browser: Browser, address: str) -> None:
    """The front page on a desk, the talk without scripts and a page of rules on a phone."""
    desk = browser.new_page(viewport={"width": 1280, "height": 860}, locale="zh-CN")
    desk.goto(f"{address}/?place=anhui-bozhou")
    desk.locator("[data-who=bot]").first.wait_for()
    desk.screenshot(path=FOLDER / "site.png")
    desk.close()
    plain = browser.new_context(viewport=PHONE, device_scale_factor=2, locale="zh-CN", java_script_enabled=False)
    tab = plain.new_page()
    tab.goto(f"{address}/plain?place=anhui-bozhou")
    tab.locator("#text").fill(BILL)
    tab.keyboard.press("Enter")
    tab.locator("#now .first").wait_for()
    tab.screenshot(path=FOLDER / "plain.png")
    tab.goto(f"{address}/policies/anhui-bozhou/2022#basic.deductible.county")
    tab.screenshot(path=FOLDER / "rules.png")
    plain.close()


#: A day of visits as it is told in the chat.
VISITS = ("3号院，低保，县医院，花了两万，没有自费", "叫 老张家，特困，市医院，三万，自费一千", "8号院，普通居民，县医院，八万，没有自费")
#: Bills of a year; the registers of two months, in which one person is new, one is gone and one in another category; who is insured.
ROSTER = """人员编号,人员类别,医院级别,出院日期,总费用,自费
3号院,低保,县医院,2025-03-02,20000,0
7号院,普通居民,县医院,2025-03-05,80000,2000
7号院,普通居民,市医院,2025-06-11,60000,
9号院,特困,市医院,2025-04-09,30000,1000
12号院,监测,市医院,2025-05-20,100000,3000
"""
REGISTERS = {
    "2025-10-01": "人员编号,人员类别\n3号院,低保\n9号院,特困\n15号院,低保\n",
    "2025-11-01": "人员编号,人员类别\n3号院,低保\n9号院,低保\n7号院,低保\n",
}
ENROLMENT = "户号,姓名,人员类别,是否参保\n3号院,老大,低保,否\n3号院,老二,低保,是\n6号院,小六子,普通居民,否\n9号院,三奶奶,特困,否\n"
#: So that seven pictures leave room on two printed pages.
LOW_PHONE, WIDE = {"width": 390, "height": 600}, {"width": 1280, "height": 540}
_TO_THE_TOP = "(found) => found.scrollIntoView({ block: 'start' })"


def desk_chat(browser: Browser, address: str, key: str) -> None:
    """A coordinator's desk in the chat: on to the next household, and the list of the day."""
    context = browser.new_context(viewport=LOW_PHONE, device_scale_factor=1.5, locale="zh-CN")  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{address}/?place=anhui-bozhou")
    page.locator("[data-who=bot]").first.wait_for()
    page.evaluate("(style) => Object.assign(document.querySelector('nengbao-chat').style, style)", _ALONE)

    def say(text: str, answer: str) -> None:
        page.locator("[data-role=input]").fill(text)
        page.locator("[data-role=send]").click()
        page.locator("section[data-now]").get_by_text(answer).first.wait_for()

    say(f"/desk {key}", "桌子打开了")
    for number, visit in enumerate(VISITS, start=1):
        say(visit, "自己掏")
        if number == 1:
            say("下一位", "记下了")
            kept(page, "desk-next")
        elif number < len(VISITS):
            say("下一位", "记下了")
    say("今天的名单", "今天一共")
    kept(page, "desk-list")
    context.close()


def desk_web(browser: Browser, address: str, key: str) -> None:
    """The same desk on the web: what the chat told stands there; lists are brought and show what they are for."""
    context = browser.new_context(viewport=LOW_PHONE, device_scale_factor=1.5, locale="zh-CN")  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{address}/desk")
    page.locator("#key").fill(key)
    page.keyboard.press("Enter")
    page.locator("#new").wait_for()
    brought(page, f"{address}/desk", ROSTER, name="三月到六月住院", place="anhui-bozhou")
    roster = page.url
    for day, register in REGISTERS.items():
        brought(page, f"{address}/desk/registers", register, day=day)
    page.get_by_role("link", name="看看哪些人的报销会变").click()
    page.locator("h1").evaluate(_TO_THE_TOP)
    kept(page, "desk-effects")
    page.goto(f"{address}/desk/warnings")
    page.get_by_text("快到的").evaluate(_TO_THE_TOP)
    kept(page, "desk-warnings")
    brought(page, f"{address}/desk/enrolment", ENROLMENT, name="参保名单", place="anhui-bozhou")
    with page.expect_download() as download:
        page.get_by_role("link", name="下载提醒单").click()
    few_colours(first_page(download.value.path().read_bytes()), "desk-reminder")
    page.set_viewport_size(WIDE)  # type: ignore[arg-type]
    page.goto(f"{address}/desk/day")
    page.locator("h1").evaluate(_TO_THE_TOP)
    kept(page, "desk-day")
    page.goto(roster)
    page.get_by_role("heading", name="一笔一笔看").evaluate(_TO_THE_TOP)
    kept(page, "desk-roster")
    context.close()


def brought(page: Page, address: str, rows: str, **chosen: str) -> None:
    """Paste a list into a form of the desk, and wait for what comes of it."""
    page.goto(address)
    form = page.locator("form[enctype]")
    for name, value in chosen.items():
        field = form.locator(f"[name={name}]")
        if field.evaluate("(field) => field.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    form.locator("[name=pasted]").fill(rows)
    form.locator("button").click()
    page.wait_for_url(lambda url: url != address)


def kept(page: Page, name: str) -> None:
    """A picture of the page as it stands."""
    few_colours(Image.open(io.BytesIO(page.screenshot())), name)


def few_colours(picture: Image.Image, name: str) -> None:
    """A small file, for the guide for coordinators is printed and sent around."""
    picture.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE).save(FOLDER / f"{name}.png", optimize=True)


_COLOURS = 32


@click.command()
@click.argument("names", nargs=-1)
def main(names: tuple[str, ...]) -> None:
    """Make the pictures; of NAMES alone (chat, desk_web …), where some are given."""
    FOLDER.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder, launched() as browser:
        key = Keys(Room(Path(folder))).add("李庄", "张三")
        server = Server(Path(folder))
        server.start()
        makers = (chat, printed, paper, site, partial(desk_chat, key=key), partial(desk_web, key=key))
        try:
            for make in makers:
                name = getattr(make, "func", make).__name__
                if not names or name in names:
                    click.echo(f"{name} …", err=True)
                    make(browser, server.address)
        finally:
            server.stop()
    click.echo(f"{FOLDER}: {', '.join(sorted(path.name for path in FOLDER.glob('*.png')))}")


if __name__ == "__main__":
    main()
