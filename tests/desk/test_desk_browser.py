"""A coordinator works through the desk in a real Chromium: with the keyboard where people type, on a phone, with and without scripts."""

import io
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import FilePayload, Page, expect

from bot.desk import Keys, Room
from tests.desk.conftest import Person
from tests.desk.screen import desk, enter, look
from tests.desk.test_bills import HEAD as BILLS_HEAD
from tests.desk.test_bills import ROWS as BILLS
from tests.desk.test_enrolment import PASTED as ENROLMENT
from tests.desk.test_large import HEAD, rows
from tests.doors.browser import needs_browser
from tests.server import UNLIMITED, Server

pytestmark = [needs_browser, pytest.mark.browser]

#: 亳州, by hand: 4,400, 1,100, 2,566.75 and 8,764.
ROSTER = (
    "身份证号\t姓名\t人员类别\t医院级别\t出院日期\t总费用\t备注\n"
    "341221194101011001\t李大爷\t普通居民\t县医院\t2025-03-05\t20000\t家里还有两个上学的孩子，儿子在外地打工，过年才回来\n"
    "34122119420101100X\t王婶\t低保\t县医院\t2025-03-06\t20000\t\n"
    "341221194301011003\t欧阳建国\t特困\t市级\t2025-03-07\t100000\t\n"
    "341221194401011004\t赵七\t监测户\t市级\t2025-03-08\t100000\t\n"
)
OWN = ["8,764 元", "4,400 元", "2,566.75 元", "1,100 元"]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A server that lets one person ask as often as many."""
    server = Server(tmp_path_factory.mktemp("running"), **UNLIMITED)
    server.start()
    yield server
    assert server.stop() == 0


def cells(page: Page, head: str) -> list[str]:
    """What stands in a column."""
    return [cell.strip() for cell in page.locator(f'td[data-head="{head}"]').all_inner_texts()]


def bring(page: Page, pasted: str, *, name: str = "三月", place: str = "anhui-bozhou") -> None:
    """Paste a roster, with the keyboard alone."""
    page.goto("/desk")
    page.locator("#name").focus()
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    while page.locator("#place").input_value() != place:
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.locator("#pasted")).to_be_focused()
    page.keyboard.insert_text(pasted)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/roster/*")


def press(page: Page, name: str) -> None:
    """Press a button with the keyboard."""
    page.get_by_role("button", name=name, exact=True).first.focus()
    page.keyboard.press("Enter")


def follow(page: Page, name: str) -> None:
    """Follow a link with the keyboard."""
    page.get_by_role("link", name=name, exact=True).first.focus()
    page.keyboard.press("Enter")


def saved(page: Page, link: str, at: int = 0) -> tuple[str, bytes]:
    """A file that the browser saves: its name and what is in it."""
    with page.expect_download() as download:
        page.get_by_role("link", name=link, exact=True).nth(at).click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def test_the_door(running: Server, chromium: Chromium) -> None:
    """A wrong key is told and the field is ready again; once the desk is closed nothing of it is seen, also not by going back."""
    key = Keys(Room(running.data_dir)).add("门", "张三")
    context = chromium.new_context(locale="zh-CN", base_url=running.address)
    page = context.new_page()
    page.goto("/desk")
    page.keyboard.type("WRONG-WRONG-WRONG-WRONG")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("这把钥匙打不开")
    expect(page.locator("#key")).to_be_focused()
    expect(page.locator("#key")).to_have_value("")
    enter(page, key)
    bring(page, ROSTER)
    roster = page.url
    press(page, "关上桌子")
    expect(page.locator("#key")).to_be_visible()
    page.go_back()
    expect(page.locator("#key")).to_be_visible()
    for path in (roster, "/desk/registers", "/desk/warnings", "/desk/day", "/desk/keeping"):
        page.goto(path)
        expect(page.locator("#key")).to_be_visible()
        assert "李大爷" not in page.content()
    assert context.cookies() == []
    context.close()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_roster(running: Server, chromium: Chromium, *, scripts: bool) -> None:
    """Pasted, sorted by what one pays, in the order of the list, somebody found, what to look out for, files and paper, deleted."""
    with desk(running, chromium, java_script_enabled=scripts) as page:
        bring(page, ROSTER)
        roster = page.url
        assert cells(page, "自己掏") == OWN
        assert cells(page, "留意") == ["这一年合规自付 8,764 元，快到预警线 10,000 元。", "", "", ""]
        follow(page, "按名单原来的顺序排")
        expect(page.locator("td[data-head=姓名]").first).to_have_text("李大爷")
        page.locator("#who").focus()
        page.keyboard.type("王")
        page.keyboard.press("Enter")
        expect(page.get_by_text("找到 1 行")).to_be_visible()
        assert cells(page, "自己掏") == ["1,100 元"]
        page.goto(roster)
        name, csv = saved(page, "下载 CSV")
        assert name.endswith(".csv")
        assert "欧阳建国" in csv.decode("utf-8-sig")
        name, xlsx = saved(page, "下载 Excel")
        assert name.endswith(".xlsx")
        assert len(list(openpyxl.load_workbook(io.BytesIO(xlsx)).active.iter_rows())) == 5
        for words in ("打印大字的", "打印小票"):
            link = page.get_by_role("link", name=words).get_attribute("href")
            assert page.context.request.get(str(link)).body().startswith(b"%PDF")
        page.locator("summary", has_text="删掉这份名单").focus()
        page.keyboard.press("Enter")
        press(page, "真的删掉，找不回来")
        page.wait_for_url("**/desk")
        expect(page.get_by_role("link", name="三月")).to_have_count(0)


def test_going_back_sends_nothing_again(running: Server, chromium: Chromium) -> None:
    """Back and forth over a list that was brought and a note that was written: each is there once."""
    with desk(running, chromium) as page:
        bring(page, ROSTER)
        follow(page, "防返贫预警")
        page.wait_for_url("**/desk/warnings/*")
        page.locator("td summary").first.click()
        page.locator("[id^=words-]").first.fill("已经入户")
        press(page, "记下来")
        expect(page.get_by_text("已经入户")).to_have_count(1)
        for _ in range(3):
            page.go_back()
        for _ in range(3):
            page.go_forward()
        page.reload()
        page.goto("/desk/warnings")
        expect(page.get_by_text("已经入户")).to_have_count(1)
        page.goto("/desk")
        expect(page.get_by_role("link", name="三月")).to_have_count(1)


def workbook(lines: Sequence[str]) -> bytes:
    """Lines as a workbook."""
    made, out = openpyxl.Workbook(), io.BytesIO()
    for line in lines:
        made.active.append(line.split("\t"))
    made.save(out)
    return out.getvalue()


FILES: dict[str, FilePayload] = {
    "gb18030": {"name": "三月.csv", "mimeType": "text/csv", "buffer": ROSTER.replace("\t", ",").encode("gb18030")},
    "xlsx": {
        "name": "三月.xlsx",
        "mimeType": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "buffer": workbook(ROSTER.splitlines()),
    },
}


@pytest.mark.parametrize("kind", FILES)
def test_a_file_is_chosen(running: Server, chromium: Chromium, kind: str) -> None:
    """As offices send them: the same people, the same money. Without a name it is called something."""
    with desk(running, chromium) as page:
        page.locator("#place").select_option("anhui-bozhou")
        with page.expect_file_chooser() as chooser:
            page.locator("#file").click()
        chooser.value.set_files(FILES[kind])
        press(page, "算一算")
        page.wait_for_url("**/desk/roster/*")
        assert cells(page, "自己掏") == OWN


@pytest.mark.parametrize("scripts", [True, False])
def test_a_large_file_tells_how_far_it_is(running: Server, chromium: Chromium, *, scripts: bool) -> None:
    """The page looks again by itself, its bar never goes back, and it ends at the list, which is turned page by page."""
    data = (HEAD + rows(12_000)).encode()
    assert len(data) > 300_000
    with desk(running, chromium, java_script_enabled=scripts) as page:
        page.locator("#name").fill("全镇")
        page.locator("#place").select_option("anhui-bozhou")
        page.locator("#file").set_input_files({"name": "全镇.csv", "mimeType": "text/csv", "buffer": data})
        press(page, "算一算")
        page.wait_for_url("**/desk/imports/*")
        expect(page.get_by_role("progressbar")).to_be_visible()
        expect(page.get_by_role("status")).to_be_visible()
        page.wait_for_url("**/desk/roster/*", timeout=120_000)
        expect(page.get_by_text("第 1 页，共 60 页")).to_be_visible()
        page.locator("[rel=next]").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_text("第 2 页，共 60 页")).to_be_visible()
        assert page.locator("tbody tr").count() == 200
        page.locator("[rel=prev]").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_text("第 1 页，共 60 页")).to_be_visible()


def register(page: Page, office: str, day: str, people: str) -> None:
    """Bring a list of an office."""
    page.goto("/desk/registers")
    page.locator("#kind").select_option(office)
    page.locator("#day").fill(day)
    page.locator("#pasted").focus()
    page.keyboard.insert_text("身份证号\t人员类别\n" + people)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/registers/*")


@pytest.mark.parametrize("scripts", [True, False])
def test_registers(running: Server, chromium: Chromium, *, scripts: bool) -> None:
    """Who is new, gone, changed, in both with different words; whose results that changes; and a list taken back."""
    with desk(running, chromium, java_script_enabled=scripts) as page:
        bring(page, ROSTER)
        register(page, "civil", "2025-01-01", "34122119420101100X\t特困\n341221194301011003\t特困\n")
        register(page, "civil", "2025-02-01", "34122119420101100x\t低保\n341221194101011001\t低保\n")
        for heading, person in (("新增 1 人", "341221194101011001"), ("不在名单上了 1 人", "341221194301011003")):
            expect(page.get_by_role("heading", name=heading)).to_be_visible()
            expect(page.get_by_text(person)).to_be_visible()
        expect(page.get_by_text("34122119420101100X：原来特困，现在低保")).to_be_visible()
        newest = page.url
        register(page, "rural", "2025-02-02", "341221194101011001\t监测户\n")
        page.goto("/desk/registers")
        expect(page.get_by_text("341221194101011001：民政写的是低保，乡村振兴写的是监测")).to_be_visible()
        page.goto(newest)
        follow(page, "看看哪些人的报销会变")
        page.get_by_role("heading", name="哪些结果会变").wait_for()
        assert ("李大爷\n341221194101011001", "4,400 元", "1,100 元", "少付 3,300 元") in zip(
            *(cells(page, head) for head in ("谁", "原来自己付", "现在自己付", "差多少")), strict=True
        )
        page.goto(newest)
        press(page, "撤回这份名单")
        page.wait_for_url("**/desk/registers")
        expect(page.get_by_text("已经撤回")).to_have_count(1)
        expect(page.get_by_text("民政写的是低保")).to_have_count(0)


@pytest.mark.parametrize("scripts", [True, False])
def test_early_warning(running: Server, chromium: Chromium, *, scripts: bool) -> None:
    """The desk's own threshold, a note about one, one about all, and the files for both offices."""
    with desk(running, chromium, java_script_enabled=scripts) as page:
        bring(page, ROSTER)
        follow(page, "防返贫预警")
        page.wait_for_url("**/desk/warnings/*")
        assert cells(page, "到没到") == ["快到了"]
        page.locator("#threshold").fill("")
        page.locator("#threshold").focus()
        page.keyboard.type("5000")
        page.keyboard.press("Enter")
        expect(page.get_by_text("超过 5,000 元的有 1 人")).to_be_visible()
        assert cells(page, "到没到") == ["超过了", "快到了"]
        page.locator("td summary").first.focus()
        page.keyboard.press("Enter")
        page.locator("[id^=words-]").first.focus()
        page.keyboard.type("下周入户核实")
        page.keyboard.press("Enter")
        expect(page.locator("td", has_text="下周入户核实")).to_have_count(1)
        page.locator("li summary").last.focus()
        page.keyboard.press("Enter")
        page.get_by_role("button", name="记一笔", exact=True).last.focus()
        page.keyboard.press("Enter")
        expect(page.locator("td", has_text=re.compile(r"\d 告诉乡村振兴了"))).to_have_count(2)
        for at in (0, 1):
            name, csv = saved(page, "下载 CSV", at)
            assert name.endswith(".csv")
            assert ("341221194401011004" in csv.decode("utf-8-sig")) is (at == 1)
            assert openpyxl.load_workbook(io.BytesIO(saved(page, "下载 Excel", at)[1])).active.max_row >= 1


@pytest.mark.parametrize("scripts", [True, False])
def test_everyone_enrolled(running: Server, chromium: Chromium, *, scripts: bool) -> None:
    """Who is to be enrolled, reminded, enrolled, a mark taken back; reminders on paper."""
    with desk(running, chromium, java_script_enabled=scripts) as page:
        page.goto("/desk/enrolment")
        page.locator("#place").select_option("anhui-bozhou")
        page.locator("#year").select_option("2025")
        page.locator("#pasted").focus()
        page.keyboard.insert_text(ENROLMENT)
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_url("**/desk/enrolment/*")
        expect(page.get_by_text("还没参保的 5 人")).to_be_visible()
        press(page, "已提醒 王婶")
        expect(page.get_by_role("button", name="已提醒 王婶")).to_have_count(0)
        press(page, "已参保 王婶")
        expect(page.get_by_text("还没参保的 4 人")).to_be_visible()
        page.reload()
        expect(page.get_by_text("还没参保的 4 人")).to_be_visible()
        assert saved(page, page.get_by_role("link", name="提醒单").inner_text())[1].startswith(b"%PDF")
        assert "王婶" in saved(page, "下载 CSV")[1].decode("utf-8-sig")


@pytest.mark.parametrize("scripts", [True, False])
def test_settlement_sheets(running: Server, chromium: Chromium, *, scripts: bool) -> None:
    """One sheet from the form is answered in the page; a list is kept, what is worth asking first."""
    with desk(running, chromium, java_script_enabled=scripts) as page:
        page.goto("/desk/bills")
        for field, key in (("place", "anhui-bozhou"), ("category", "subsistence_allowance"), ("facility", "county")):
            page.locator(f"#{field}").select_option(key)
        page.locator("#on").fill("2025-03-05")
        for field, amount in (("total", "20,000"), ("self_funded", "0"), ("basic", "15600"), ("own", "4400元")):
            page.locator(f"#{field}").fill(amount)
        page.locator("#own").press("Enter")
        expect(page.locator("#answer")).to_contain_text("1,100 元")
        expect(page.locator("#total")).to_have_value("20,000")
        page.locator("#list-place").select_option("anhui-bozhou")
        page.locator("#pasted").focus()
        page.keyboard.insert_text(BILLS_HEAD + BILLS)
        page.get_by_role("button", name="对一对").last.focus()
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="每一张，多付得多、又有线索的在前").wait_for()
        assert cells(page, "可能多付")[0] == "3,300 元"
        assert "乙" in saved(page, "下载 CSV")[1].decode("utf-8-sig")


@pytest.mark.parametrize("scripts", [True, False])
def test_cases_and_keeping(running: Server, chromium: Chromium, *, scripts: bool) -> None:
    """A serious disease from its beginning to a step; how long lists are kept; everything in one file; the trail tells of it."""
    with desk(running, chromium, java_script_enabled=scripts) as page:
        bring(page, ROSTER)
        page.goto("/desk/cases")
        page.locator("#person").focus()
        page.keyboard.type("3号院")
        page.locator("#words").fill("胃癌，联系了市医院")
        press(page, "记下来")
        expect(page.get_by_role("heading", name="3号院")).to_be_visible()
        page.get_by_text("再记一笔", exact=True).click()
        page.locator("#words-1").fill("住院了")
        press(page, "记下来")
        expect(page.get_by_text("住院了")).to_have_count(1)
        page.reload()
        expect(page.get_by_text("住院了")).to_have_count(1)
        page.goto("/desk/keeping")
        page.locator("#days").fill("30")
        page.keyboard.press("Enter")
        expect(page.get_by_text("名单和走访的记录留 30 天")).to_be_visible()
        name, packed = saved(page, "下载压缩包")
        assert name.endswith(".zip")
        with zipfile.ZipFile(io.BytesIO(packed)) as everything:
            assert everything.testzip() is None
            inside = "".join(everything.read(each).decode("utf-8-sig", "replace") for each in everything.namelist())
        assert [word for word in ("欧阳建国", "胃癌", "住院了") if word not in inside] == []
        page.goto("/desk/trail")
        expect(page.get_by_text("下载了全部")).to_have_count(1)


def filled(person: Person) -> list[str]:
    """A desk with something of everything, also with what could not be read; its pages."""
    bad = "坏\t坏\t发财户\t县医院\t2025-01-01\t很多\t\n"
    roster = person.bring(name="三月的报销", place="anhui-bozhou", pasted=ROSTER + bad)[1]
    head = "身份证号\t人员类别\n"
    person.bring(
        path="/desk/registers", kind="civil", day="2025-01-01", pasted=f"{head}34122119420101100X\t特困\n341221194301011003\t特困\n"
    )
    both = f"{head}34122119420101100X\t低保\n341221194101011001\t低保\n"
    register = person.bring(path="/desk/registers", kind="civil", day="2025-02-01", pasted=both)[1]
    person.bring(path="/desk/registers", kind="rural", day="2025-02-02", pasted=f"{head}341221194101011001\t监测户\n")
    enrolled = person.bring(
        path="/desk/enrolment", name="摸底", place="anhui-bozhou", year="2025", pasted=f"{ENROLMENT}11号院\t坏\t发财户\t否\n"
    )[1]
    bills = person.bring(path="/desk/bills", name="三", place="anhui-bozhou", pasted=BILLS_HEAD + BILLS)[1]
    person.send("/desk/cases", person="3号院", day="2025-05-01", words="胃癌，联系了市医院")
    warnings = person.ask("GET", "/desk/warnings")[1]["Location"]
    person.send(f"{warnings}/mark", what="answered", row="5", day="2025-06-01", words="已经受理，下周入户核实，镇里的干部一起去")
    lists = ["/desk", "/desk/registers", "/desk/enrolment", "/desk/bills", "/desk/cases", "/desk/keeping", "/desk/trail"]
    return [*lists, roster, f"{roster}?by=row", register, f"{register}/effects", warnings, enrolled, bills]


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (390, "dark"), (768, "dark"), (1280, "light")])
def test_every_page_is_good_to_read(running: Server, chromium: Chromium, width: int, scheme: str) -> None:
    """At every width and in both schemes, also with everything unfolded; and a wide table is moved with the keyboard."""
    with desk(running, chromium, width, color_scheme=scheme) as page:
        person = Person(running)
        person.cookie = "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in page.context.cookies())
        for path in filled(person):
            page.goto(path)
            look(page, width)
            page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
            look(page, width)
            table = page.locator(".scroll").first
            if table.count() and table.evaluate("each => each.scrollWidth > each.clientWidth"):
                table.focus()
                page.keyboard.press("ArrowRight")
                expect(table).not_to_have_js_property("scrollLeft", 0)
        page.context.clear_cookies()
        page.goto("/desk")
        look(page, width)


def test_what_was_wrong_is_told_on_every_page(running: Server, chromium: Chromium) -> None:
    """As an alert that is good to read on a phone, with what was pasted still there."""
    context = chromium.new_context(viewport={"width": 320, "height": 640}, locale="zh-CN", base_url=running.address)
    page = context.new_page()
    enter(page, Keys(Room(running.data_dir)).add("错", "张三"))
    for path, button in (("/desk", "算一算"), ("/desk/registers", "放进来"), ("/desk/enrolment", "算一算"), ("/desk/bills", "对一对")):
        page.goto(path)
        for each in page.locator("form:has(#pasted) select[required]").all():
            each.select_option(index=1)
        page.locator("#pasted").fill("甲\t乙\n1\t2\n")
        page.locator("form:has(#pasted)").get_by_role("button", name=button).click()
        expect(page.get_by_role("alert")).to_be_visible()
        expect(page.locator("#pasted")).to_have_value("甲\t乙\n1\t2\n")
        look(page, 320)
    context.close()


def test_a_list_is_worked_out_while_it_is_pasted(running: Server, chromium: Chromium) -> None:
    """Each row beside its number, which leads to the row in what was pasted; set right, it is told at once, and Enter keeps the list."""
    with desk(running, chromium) as page:
        page.goto("/desk")
        page.locator("#place").select_option("anhui-bozhou")
        page.locator("#pasted").focus()
        page.keyboard.insert_text(ROSTER.replace("\t市级\t2025-03-07\t100000", "\t市级\t2025-03-07\t很多"))
        expect(page.locator(".live")).to_have_text("3 行能算，1 行有问题。按行号去改，改好就重算。")
        assert cells(page, "自己掏") == ["4,400 元", "1,100 元", "", "8,764 元"]
        press(page, "4")
        assert page.evaluate("pasted.value.slice(pasted.selectionStart, pasted.selectionEnd)").startswith("341221194301011003")
        look(page, 1280)
        page.locator("#pasted").fill(ROSTER)
        expect(page.locator(".live")).to_have_text("4 行能算，还没存。点“算一算”才存下来。")
        assert cells(page, "自己掏") == ["4,400 元", "1,100 元", "2,566.75 元", "8,764 元"]
        page.locator("#pasted").fill("")
        expect(page.locator(".live")).to_be_empty()
        expect(page.locator(".tried")).to_be_hidden()
        page.locator("#pasted").fill(ROSTER)
        expect(page.locator(".tried tbody tr")).to_have_count(4)
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_url("**/desk/roster/*")
        assert cells(page, "自己掏") == OWN


def test_a_list_is_worked_out_on_a_phone_and_without_a_server(running: Server, chromium: Chromium) -> None:
    """The rows are cards; where nobody answers, it is said that the list can be sent all the same."""
    with desk(running, chromium, width=360) as page:
        page.goto("/desk")
        page.locator("#place").select_option("anhui-bozhou")
        page.locator("#pasted").fill(ROSTER)
        expect(page.locator(".tried tbody tr")).to_have_count(4)
        look(page, 360)
        page.route("**/desk/roster/try", lambda route: route.fulfill(body="away"))
        page.locator("#pasted").press("Space")
        expect(page.locator(".live")).to_have_text("现在没法边贴边算。可以直接点“算一算”。")
        expect(page.locator(".tried")).to_be_hidden()
