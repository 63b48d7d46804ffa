"""The pictures of the docs, made from the running program: `make screenshots`.

A real server, a real browser and a real sheet of paper, so that no picture shows what the program does not. The sums are those of
VOICE.md; the day on the paper is the day it was made.
"""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import pypdfium2
from playwright.sync_api import Browser, Page

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
    page = pypdfium2.PdfDocument(io.BytesIO(pdf))[0]
    page.render(scale=_PIXELS_A_POINT).to_pil().save(FOLDER / f"{name}.png", optimize=True)


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


def main() -> None:
    """Make them all."""
    FOLDER.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder, launched() as browser:
        server = Server(Path(folder))
        server.start()
        try:
            for make in (chat, printed, paper, site):
                click.echo(f"{make.__name__} …", err=True)
                make(browser, server.address)
        finally:
            server.stop()
    click.echo(f"{FOLDER}: {', '.join(sorted(path.name for path in FOLDER.glob('*.png')))}")


if __name__ == "__main__":
    sys.exit(main())
