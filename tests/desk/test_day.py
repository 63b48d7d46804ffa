"""The households of a day at the desk, over HTTP as a browser without scripts sends them: typed in, compared, on paper, in files."""

import csv
import io
import json
import re
from decimal import Decimal
from html import unescape
from http.client import HTTPMessage
from typing import Any
from urllib.parse import urlencode

import openpyxl
import pypdfium2
import pytest

from bot.china import china_today
from bot.desk import Book, Keys, Room, Visits
from bot.web.assets import asset
from tests.desk.conftest import Person
from tests.doors.pages import Page
from tests.server import Server

COUNTY = {"place": "anhui-bozhou", "facility": "county", "total": "20000"}


@pytest.fixture
def person(running: Server) -> Person:
    """A coordinator of a new village, so that no test sees another's households."""
    keys = Keys(Room(running.data_dir))
    somebody = Person(running)
    assert somebody.open(keys.add(f"村{len(keys.all())}", "张三")) == 303
    return somebody


def send(somebody: Person, path: str, **sent: str) -> tuple[int, str, str]:
    """Send a form: status, where it leads, and the page."""
    answer = somebody.ask("POST", path, urlencode(sent).encode(), Content_Type="application/x-www-form-urlencoded")
    return answer[0], answer[1].get("Location", ""), answer[2].decode()


def keep(somebody: Person, label: str = "", day: str = "2026-11-29", **facts: str) -> None:
    """Write a household down."""
    status, _, page = send(somebody, f"/desk/day/{day}", label=label, **(COUNTY | facts))
    assert status == 303, re.findall(r'(?:class="said"[^>]*|role="alert")>([^<]+)', page)


def attempt(somebody: Person, **facts: str) -> dict[str, Any]:
    """What is told while it is typed."""
    status, _, answer = send(somebody, "/desk/day/try", **(COUNTY | facts))
    assert status == 200
    return dict(json.loads(answer))


def read(text: str) -> Page:
    """A page with its elements."""
    return Page(200, HTTPMessage(), text)


def rows(page: str) -> list[list[str]]:
    """The cells of the day's table, the names first, without the last column, which is for choosing."""
    body = page.partition("<tbody")[2].partition("</tbody>")[0]
    found = re.findall(r"<tr.*?</tr>", body, re.S)
    return [[unescape(re.sub("<.*?>", "", cell)).strip() for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.S)][:-1] for row in found]


def sums(page: str) -> list[str]:
    """The cells of the row of sums."""
    foot = page.partition("<tfoot")[2].partition("</tfoot>")[0]
    return [re.sub("<.*?>", "", cell).strip() for cell in re.findall(r"<t[hd].*?</t[hd]>", foot, re.S)]


def other_desk(server: Server) -> Person:
    """The coordinator of another village."""
    somebody = Person(server)
    somebody.open(Keys(Room(server.data_dir)).add("别的村", "李四"))
    return somebody


def test_a_day_holds_each_household_with_what_it_comes_to(person: Person) -> None:
    """The hand-checked amounts (普通 4,400.00, 低保 1,100.00 in the county, 特困 2,566.75 in the city) in order of visit, and their sum."""
    keep(person, "3号院", category="subsistence_allowance", self_funded="0")
    keep(person, category="ordinary", self_funded="0")
    keep(person, "东头", category="extreme_poverty", facility="city", total="10万", self_funded="没有")
    page = person.get("/desk/day/2026-11-29")
    assert [(row[0], row[2], row[3], row[4], row[-2]) for row in rows(page)] == [
        ("3号院", "低保", "县级医院", "20,000 元", "1,100 元"),
        ("第 2 户", "普通居民", "县级医院", "20,000 元", "4,400 元"),
        ("东头", "特困", "市级医院", "100,000 元", "2,566.75 元"),
    ]
    assert rows(page)[0][5:9] == ["0 元", "15,600 元", "不报", "3,300 元"]
    assert sums(page)[:-1] == ["合计", "140,000 元", "0 元", "105,675 元", "12,691.25 元", "13,567 元", "8,066.75 元"]
    assert "这 3 户一共自己掏 8,066.75 元。" in page


def test_households_are_counted_by_their_day_as_the_chat_counts_them(person: Person) -> None:
    """From one, whatever other days hold and what was deleted: the number that 单子 2 or 对比 1 3 takes is the one that stands here."""
    keep(person, day="2026-11-28", category="ordinary")
    for category in ("ordinary", "monitored", "extreme_poverty"):
        keep(person, category=category)
    assert [row[:2] for row in rows(person.get("/desk/day/2026-11-29"))] == [[f"第 {nth} 户", str(nth)] for nth in (1, 2, 3)]
    send(person, "/desk/day/2026-11-29/2/forget")
    page = person.get("/desk/day/2026-11-29?by=own")
    assert [row[:3] for row in rows(page)] == [["第 1 户", "1", "监测户"], ["第 2 户", "2", "特困"]]
    assert "<h1>第 1 户</h1>" in person.get("/desk/day/2026-11-29/3")
    header, first, *_ = csv.reader(io.StringIO(person.ask("GET", "/desk/day/2026-11-29.csv")[2].decode("utf-8-sig")))
    assert first[header.index("号")] == "1"


def test_each_amount_is_the_one_that_a_single_question_gives(person: Person) -> None:
    """The table, the API and what is told while typing say the same fen."""
    case = COUNTY | {"category": "back_in_poverty", "facility": "province", "total": "120000", "self_funded": "20000"}
    keep(person, **case)
    single = person.server.post("/api/v1/estimate", case)[1]
    assert single["out_of_pocket"]["amount"] == "25443.50"
    assert rows(person.get("/desk/day/2026-11-29"))[0][-2] == "25,443.50 元"
    assert "25,443.50" in attempt(person, **case)["lines"][0]


def test_who_pays_most_stands_first_when_asked_for(person: Person) -> None:
    """Households without an amount come last."""
    keep(person, "低保户", category="subsistence_allowance", self_funded="0")
    keep(person, "老规定", category="ordinary", on="2001-01-01")
    keep(person, "普通户", category="ordinary", self_funded="0")
    page = person.get("/desk/day/2026-11-29?by=own")
    assert [row[0] for row in rows(page)] == ["普通户", "低保户", "老规定"]
    assert "按走访的先后排" in page


def test_a_household_that_no_rule_answers_says_why(person: Person) -> None:
    """It stays in the list, is in no sum, and the reason stands in its row; with the old rules agreed to, there is an amount."""
    keep(person, "过期", category="ordinary", on="2026-11-29", self_funded="0")
    page = person.get("/desk/day/2026-11-29")
    assert "我算不准" in rows(page)[0][-1]
    assert "有 1 户算不了，没有加进去。" in page
    keep(person, "同意", category="ordinary", on="2026-11-29", expired_ok="1", self_funded="0")
    page = person.get("/desk/day/2026-11-29")
    assert rows(page)[1][-2] == "4,400 元"
    assert "这 1 户一共自己掏 4,400 元。" in page
    keep(person, "没说自费", category="ordinary")
    page = person.get("/desk/day/2026-11-29")
    assert rows(page)[2][4:6] + rows(page)[2][-2:-1] == ["20,000 元", "没写", "约 4,400 元，最多 11,225 元"]
    assert "这 2 户一共大约自己掏 8,800 元，最多 15,625 元。" in page


@pytest.mark.parametrize("said", ["2万", "20,000", "２００００", "两万", "20000元", "¥20000", "贰万元整", " 20000.00 "])
def test_amounts_are_read_as_people_write_them(person: Person, said: str) -> None:
    """All of these are twenty thousand."""
    assert "1,100 元" in attempt(person, category="subsistence_allowance", total=said, self_funded="0")["lines"][0]


def test_small_figures_are_what_they_are(person: Person) -> None:
    """80 in a field of yuan is 80; a single figure may be meant in 万 and is asked for."""
    assert attempt(person, category="ordinary", self_funded="80")["wrong"] == {}
    told = attempt(person, category="ordinary", total="2")["wrong"]["total"]
    assert told == "“2”是几元，还是几万？请带上单位，比如 5元、5万。"
    assert "3 元" in attempt(person, category="ordinary", total="3元")["lines"][1]


@pytest.mark.parametrize(
    ("field", "said", "told"),
    [
        ("total", "好几万", "我怕算错"),
        ("total", "3-5万", "我怕算错"),
        ("total", "三万多", "我怕算错"),
        ("total", "约20000", "我怕算错"),
        ("total", "20000 低保", "我怕算错"),
        ("total", "两万，自费三千", "我怕算错"),
        ("total", "1e5", "我怕算错"),
        ("total", "20000x", "我怕算错"),
        ("total", "9" * 3000, "我怕算错"),
        ("total", "-5", "总费用 是负数"),
        ("total", "0", "花了多少"),
        ("total", "20000.555", "超过两位"),
        ("total", "999999999999", "多写了零"),
        ("total", "", "一共花了多少"),
        ("self_funded", "30000", "比总费用 20,000 元还多"),
        ("category", "", "请选一个"),
        ("category", "rich", "请选一个"),
        ("facility", "", "请选一个"),
        ("on", "2026-02-31", "不是日期"),
        ("on", "昨天", "不是日期"),
        ("label", "长" * 1000, "最多 60 个字"),
    ],
)
def test_what_cannot_be_kept_is_told_beside_the_field(person: Person, field: str, said: str, told: str) -> None:
    """Nothing is kept, everything typed is still there, and the cursor goes to that field."""
    sent = COUNTY | {"label": "九号院", "category": "ordinary", "self_funded": "1,234"} | {field: said}
    status, _, text = send(person, "/desk/day/2026-11-29", **sent)
    page = read(text)
    assert status == 422
    assert told in page.one("small", id=f"wrong-{field}").words
    assert page.one(id=field).attributes["aria-invalid"] == "true"
    assert "autofocus" in page.one(id=field).attributes
    for name in ("label", "total", "self_funded"):
        assert page.one("input", id=name).attributes["value"] == sent[name].strip()
    assert "还没记下来" in page.one(role="alert").words
    assert rows(person.get("/desk/day/2026-11-29")) == []


def test_the_next_household_begins_with_place_hospital_and_day(person: Person) -> None:
    """What belongs to the person is gone; the cursor stands in the first field. On another day the day of discharge is gone too."""
    status, where, _ = send(
        person, "/desk/day/2026-11-29", **COUNTY, label="3号院", category="monitored", on="2023-05-06", self_funded="100", expired_ok="1"
    )
    assert (status, where) == (303, "/desk/day/2026-11-29?next=1")
    page = read(person.get(where))
    chosen = [node.attributes["value"] for node in page.all("option") if "selected" in node.attributes]
    values = {name: page.one("input", id=name).attributes["value"] for name in ("label", "total", "self_funded", "on")}
    assert chosen == ["county"]
    assert values == {"label": "", "total": "", "self_funded": "", "on": "2023-05-06"}
    assert "checked" in page.one("input", id="expired_ok").attributes
    assert "autofocus" in page.one("input", id="label").attributes
    other = read(person.get("/desk/day/2026-11-30"))
    assert other.one("input", id="on").attributes["value"] == ""
    assert [node.attributes["value"] for node in other.all("option") if "selected" in node.attributes] == ["county"]


def test_a_new_desk_asks_for_the_place_first(person: Person) -> None:
    """No place is taken for granted; another one brings its hospitals, and what was typed stays."""
    first = read(person.get("/desk/day"))
    assert first.all("input", id="total") == []
    assert {node.attributes["value"] for node in first.all("button", name="switch")} == {"anhui-bozhou", "henan-puyang", "beijing"}
    status, _, text = send(person, "/desk/day/2026-11-29", place="", switch="anhui-bozhou")
    assert (status, "乡镇卫生院" in text) == (200, True)
    sent = COUNTY | {"label": "3号院", "category": "ordinary", "self_funded": "5"}
    status, _, text = send(person, "/desk/day/2026-11-29", **sent, switch="beijing")
    page = read(text)
    assert (status, "3 三级医院" in text, "乡镇卫生院" in text) == (200, True, False)
    assert page.one("input", id="label").attributes["value"] == "3号院"
    assert page.one("input", id="total").attributes["value"] == "20000"
    assert rows(person.get("/desk/day/2026-11-29")) == []


def test_a_household_is_corrected_and_deleted(person: Person) -> None:
    """The form comes with what was told; what it has no field for stays as a chat told it; no other day or desk has it."""
    book = Book(Room(person.server.data_dir), _desk(person))
    facts = {"place": "anhui-bozhou", "category": "ordinary", "facility": "outside_province", "total": "150000.00", "registered": False}
    number = Visits(book).put("2026-11-29", "十号院", facts, source="talk")
    page = person.get(f"/desk/day/2026-11-29/{number}")
    assert "转诊备案" in page
    rest = read(page).hidden["rest"]
    assert json.loads(rest) == {"registered": False}
    changed = {"place": "anhui-bozhou", "category": "extreme_poverty", "facility": "outside_province", "total": "15万", "self_funded": "0"}
    assert send(person, f"/desk/day/2026-11-29/{number}", **changed, label="十号院", rest=rest)[:2] == (303, "/desk/day/2026-11-29")
    [visit] = Visits(book).of_day("2026-11-29")
    assert visit.facts == changed | {"total": "150000.00", "self_funded": "0.00", "registered": False}
    status, _, text = send(person, f"/desk/day/2026-11-29/{number}", **(changed | {"total": "很多"}), label="改名", rest=rest)
    assert (status, 'value="很多"' in text, 'value="改名"' in text) == (422, True, True)
    assert send(person, f"/desk/day/2026-11-29/{number}", **changed, rest="[1]")[0] == 422
    assert send(person, f"/desk/day/2026-11-29/{number}", **changed, rest='{"earlier": [1]}')[0] == 422
    assert person.ask("GET", f"/desk/day/2026-11-28/{number}")[0] == 404
    stranger = other_desk(person.server)
    for method, path in (("GET", ""), ("GET", ".pdf"), ("POST", "/forget")):
        assert stranger.ask(method, f"/desk/day/2026-11-29/{number}{path}")[0] == 404
    assert send(stranger, f"/desk/day/2026-11-29/{number}", **changed)[0] == 404
    assert send(person, f"/desk/day/2026-11-29/{number}/forget")[:2] == (303, "/desk/day/2026-11-29")
    assert person.ask("GET", f"/desk/day/2026-11-29/{number}")[0] == 404
    assert rows(person.get("/desk/day/2026-11-29")) == []


def test_a_household_is_deleted_only_when_asked_again(person: Person) -> None:
    """As lists are: what deletes stands folded below the words, and says that nothing brings it back."""
    keep(person, "甲", category="ordinary", self_funded="0")
    page = person.get("/desk/day/2026-11-29/1")
    folded = page[page.rindex("<details>") : page.rindex("</details>")]
    assert "<summary>删掉这一户</summary>" in folded
    assert 'action="/desk/day/2026-11-29/1/forget"' in folded
    assert "<button>真的删掉，找不回来</button>" in folded


def test_an_edit_of_a_household_that_was_deleted_meanwhile_is_not_lost(person: Person) -> None:
    """The page of the day has what was typed in its form, with what has no field there, and says why; kept it is a household again."""
    rest = '{"registered": false}'
    keep(person, "甲", category="ordinary", facility="province", self_funded="0", rest=rest)
    send(person, "/desk/day/2026-11-29/1/forget")
    changed = COUNTY | {"label": "甲家", "category": "ordinary", "facility": "province", "total": "3万", "self_funded": "500", "rest": rest}
    status, _, text = send(person, "/desk/day/2026-11-29/1", **changed)
    page = read(text)
    assert (status, "这一户刚才已经删掉了，还没存上。" in text) == (422, True)
    assert page.one("input", id="label").attributes["value"] == "甲家"
    assert page.one("input", id="total").attributes["value"] == "3万"
    assert page.hidden["rest"] == rest
    assert 'action="/desk/day/2026-11-29"' in text
    assert send(person, "/desk/day/2026-11-29", **changed)[0] == 303
    assert [row[0] for row in rows(person.get("/desk/day/2026-11-29"))] == ["甲家"]
    assert send(person, "/desk/day/2026-11-29/1", **changed, switch="beijing")[0] == 422
    assert send(person, "/desk/day/2026-11-29/99", **changed)[0] == 404


def _desk(person: Person) -> Any:
    return Keys(Room(person.server.data_dir)).known(person.cookie.partition("=")[2])


def test_households_of_a_chat_stand_in_the_same_list(person: Person) -> None:
    """Also one whose case cannot be read, which says why and is in no sum."""
    visits = Visits(Book(Room(person.server.data_dir), _desk(person)))
    visits.put("2026-11-29", "聊天来的", {**COUNTY, "category": "ordinary", "self_funded": "0.00"}, source="talk-1")
    visits.put("2026-11-29", "没说完", {"place": "anhui-bozhou", "category": "ordinary"}, source="talk-2")
    page = person.get("/desk/day/2026-11-29")
    assert [row[0] for row in rows(page)] == ["聊天来的", "没说完"]
    assert "总费用 没有填" in rows(page)[1][-1]
    assert "总费用 没有填" in person.get("/desk/day/2026-11-29/2")
    assert len(pdf_words(person, "/desk/day/2026-11-29/slips.pdf")) == 1
    assert person.ask("GET", "/desk/day/2026-11-29/2.pdf")[0] == 404
    assert person.ask("GET", "/desk/day/2026-11-29.xlsx")[0] == 200
    assert "总费用 没有填" in person.get("/desk/day/2026-11-29/compare?n=1&n=2")


def test_who_may_fall_back_is_pointed_out(person: Person) -> None:
    """Above 10,000 yuan of eligible cost that nobody pays, at exactly that much not; where the threshold comes from is said."""
    keep(person, "多", category="ordinary", facility="outside_province", total="150000", self_funded="0")
    keep(person, "刚好", category="ordinary", facility="county", total="48000", self_funded="0")
    keep(person, "特困多", category="monitored", facility="outside_province", total="300000", self_funded="0")
    keep(person, "边缘", category="low_income_margin", facility="county", total="20000", self_funded="0")
    page = person.get("/desk/day/2026-11-29")
    told = {row[0]: row[-1] for row in rows(page)}
    assert told["多"] == "合规自付超过 10,000 元，留意返贫。"
    assert told["刚好"] == ""
    assert told["特困多"] == "合规自付超过 10,000 元，留意返贫。 可以申请再次救助。"
    assert told["边缘"] == "医疗救助算不出来，打 12393 问。"
    assert "预警线 10,000 元没有文件依据，是暂用的数。" in page
    assert "这 4 户一共最多自己掏" in page


def test_households_side_by_side(person: Person) -> None:
    """Two to four; each layer with its reason; what is the same for all is said."""
    keep(person, "3号院", category="subsistence_allowance", self_funded="0")
    keep(person, "5号院", category="ordinary")
    page = person.get("/desk/day/2026-11-29/compare?n=1&n=2")
    assert page.index("3号院") < page.index("5号院")
    assert "自己掏 1,100 元" in page
    assert "大约自己掏 4,400 元" in page
    assert "每 100 元报 75 元" in page
    table = rows(page.replace("</tr>", "<td></td></tr>"))
    assert {row[0].split()[0]: "都一样" in row[0] for row in table} == {
        **dict.fromkeys(("医院级别", "总费用", "能进报销的费用", "基本医保"), True),
        **dict.fromkeys(("家庭类别", "自费部分", "大病保险", "医疗救助", "再次救助", "自己掏"), False),
    }
    for wrong in ("", "?n=1", "?n=1&n=1", "?n=1&n=2&n=3&n=4&n=5"):
        status, _, body = person.ask("GET", f"/desk/day/2026-11-29/compare{wrong}")
        assert (status, "请勾上 2 到 4 户" in body.decode()) == (422, True)
    for wrong in ("?n=1&n=99", f"?n=1&n={'9' * 5000}", "?n=1&n=-1", "?n=1&n=x"):
        assert person.ask("GET", f"/desk/day/2026-11-29/compare{wrong}")[0] == 404


def test_households_of_one_name_are_told_apart_side_by_side(person: Person) -> None:
    """By which one of its day each is; who has a name alone keeps it as it is."""
    keep(person, "老张家", category="subsistence_allowance", self_funded="0")
    keep(person, "5号院", category="ordinary")
    keep(person, "老张家", category="ordinary", self_funded="0")
    page = person.get("/desk/day/2026-11-29/compare?n=1&n=2&n=3")
    heads = re.findall(r'<th role="columnheader" scope="col"><a [^>]+>([^<]+)</a>', page)
    assert heads == ["老张家 第 1 户", "5号院", "老张家 第 3 户"]
    assert 'data-head="老张家 第 3 户"' in page


def pdf_words(somebody: Person, path: str) -> list[str]:
    """The words of each page of a PDF, without spaces and line ends."""
    status, headers, body = somebody.ask("GET", path)
    assert (status, headers["Content-Type"], headers["Cache-Control"]) == (200, "application/pdf", "no-store")
    document = pypdfium2.PdfDocument(body)
    assert pypdfium2.raw.FPDFCatalog_IsTagged(document)
    return [re.sub(r"\s", "", page.get_textpage().get_text_range()) for page in document]


@pytest.mark.parametrize("form", ["a4", "slip"])
def test_all_slips_are_one_file_a_page_each(person: Person, form: str) -> None:
    """In order of visit, the label on top, or which one of the day it is; no code, for there is no talk; one alone has one page."""
    keep(person, "3号院", category="subsistence_allowance", self_funded="0")
    keep(person, category="ordinary", self_funded="0")
    keep(person, "东头老王", category="extreme_poverty", facility="city", total="100000", self_funded="0")
    keep(person, "老规定", category="ordinary", on="2001-01-01")
    pages = pdf_words(person, f"/desk/day/2026-11-29/slips.pdf?form={form}")
    assert [[amount in page for amount in ("自己掏1,100元", "自己掏4,400元", "2,566.75元")] for page in pages] == [
        [True, False, False],
        [False, True, False],
        [False, False, True],
        [False, False, False],
    ]
    assert [label in page[:40] for page, label in zip(pages, ("3号院", "第2户", "东头老王", "老规定"), strict=True)] == [True] * 4
    assert all("短码" not in page for page in pages)
    assert "算不了" in pages[3]
    [alone] = pdf_words(person, f"/desk/day/2026-11-29/3.pdf?form={form}")
    assert alone == pages[2]
    assert person.ask("GET", "/desk/day/2026-11-30/slips.pdf")[0] == 404


def test_the_day_can_be_taken_along(person: Person) -> None:
    """CSV and Excel: amounts are numbers with two places, words are words, and nothing is a formula."""
    keep(person, "=1+1", category="subsistence_allowance", self_funded="0")
    keep(person, '@SUM(A1)","x', category="ordinary", self_funded="12.5")
    keep(person, "老规定", category="ordinary", on="2001-01-01")
    status, headers, body = person.ask("GET", "/desk/day/2026-11-29.csv")
    assert (status, headers["Cache-Control"]) == (200, "no-store")
    assert headers["Content-Disposition"] == 'attachment; filename="nengbao-2026-11-29.csv"'
    header, *lines = csv.reader(io.StringIO(body.decode("utf-8-sig")))
    first, second, third = (dict(zip(header, line, strict=True)) for line in lines)
    assert (first["哪一户"], first["总费用"], first["医疗救助"], first["自己掏"]) == ("'=1+1", "20000.00", "3300.00", "1100.00")
    assert (second["哪一户"], second["自费部分"]) == ('\'@SUM(A1)","x', "12.50")
    assert (third["自己掏"], third["算得全不全"], "算不了" in third["留意"]) == ("", "算不了", True)
    book = openpyxl.load_workbook(io.BytesIO(person.ask("GET", "/desk/day/2026-11-29.xlsx")[2]))
    table = [*book.active.iter_rows()]
    names = [cell.value for cell in table[0]]
    cells = dict(zip(names, table[1], strict=True))
    assert names == header
    assert (cells["哪一户"].value, cells["哪一户"].data_type) == ("=1+1", "s")
    assert (cells["自己掏"].value, cells["自己掏"].number_format) == (1100, "0.00")
    assert {cell.data_type for row in table for cell in row} <= {"s", "n"}
    assert Decimal(str(dict(zip(names, table[2], strict=True))["自费部分"].value)) == Decimal("12.5")


@pytest.mark.parametrize(
    "label", ["<script>alert(1)</script>", "a\x00b\x1b[31m\u202ec", "=HYPERLINK(1)", "'\"&<", "\ufffe\U0010ffff", "👩‍👩‍👧"]
)
def test_a_label_is_a_label_and_nothing_else(person: Person, label: str) -> None:
    """Escaped on every page, without signs that nobody sees, and printed without harm."""
    keep(person, label, category="ordinary")
    keep(person, label, category="monitored")
    for path in ("", "/1", "/compare?n=1&n=2"):
        page = person.get(f"/desk/day/2026-11-29{path}")
        assert "<script>alert" not in page
        assert not re.search("[\x00-\x09\x0b-\x1f\u202a-\u202e]", page)
    assert len(pdf_words(person, "/desk/day/2026-11-29/slips.pdf")) == 2
    assert person.ask("GET", "/desk/day/2026-11-29.xlsx")[0] == 200


def test_days_are_listed_and_others_are_not_there(person: Person) -> None:
    """Today's page is /desk/day; other days with their counts stand on it; what no calendar has is not found."""
    keep(person, "甲", day="2026-11-28", category="ordinary")
    keep(person, "乙", day="2026-11-28", category="ordinary")
    today = china_today()
    keep(person, "丙", day=today.isoformat(), category="ordinary")
    page = person.get("/desk/day")
    assert [row[0] for row in rows(page)] == ["丙"]
    assert re.search(r'href="/desk/day/2026-11-28">2026年11月28日</a> <span class="soft">2 户', page)
    for wrong in ("2026-02-30", "2026-13-01", "0000-01-01", "20261128", "%EF%BC%92026-11-28"):
        assert person.ask("GET", f"/desk/day/{wrong}")[0] == 404
    assert '/desk/day"' in person.get("/desk")


def test_no_desk_sees_another_s_households(person: Person) -> None:
    """Not in the list, not in files, not on paper, not by its number; without a key there is a door; other sites may send nothing."""
    keep(person, "只在这里", category="ordinary", self_funded="0")
    stranger = other_desk(person.server)
    assert "只在这里" not in stranger.get("/desk/day/2026-11-29")
    assert "只在这里" not in stranger.ask("GET", "/desk/day/2026-11-29.csv")[2].decode()
    assert stranger.ask("GET", "/desk/day/2026-11-29/slips.pdf")[0] == 404
    assert stranger.ask("GET", "/desk/day/2026-11-29/compare?n=1&n=2")[0] == 404
    nobody = Person(person.server)
    for path in ("", "/2026-11-29", "/2026-11-29.csv", "/2026-11-29/1", "/2026-11-29/slips.pdf", "/2026-11-29/compare?n=1&n=2"):
        assert 'name="key"' in nobody.get(f"/desk/day{path}")
    for path in ("/try", "/2026-11-29", "/2026-11-29/1", "/2026-11-29/1/forget"):
        assert person.ask("POST", f"/desk/day{path}", Sec_Fetch_Site="cross-site")[0] == 403


def test_the_trail_knows_who_wrote_looked_and_took(person: Person) -> None:
    """A try leaves no trace; neither the trail nor the log says what was told."""
    attempt(person, category="ordinary", label="试一试")
    keep(person, "保密院", category="subsistence_allowance", total="1234567")
    person.get("/desk/day/2026-11-29")
    person.ask("GET", "/desk/day/2026-11-29.csv")
    send(person, "/desk/day/2026-11-29/1", **COUNTY, category="ordinary")
    send(person, "/desk/day/2026-11-29/1/forget")
    trail = [line for line in person.get("/desk/trail").splitlines() if line.startswith("<li>")]
    did = [
        next(word for word in ("记了一户：", "看了走访的名单：", "下载了走访的名单：", "改了一户：", "删了一户：") if word in line)
        for line in reversed(trail)
    ]
    assert did == ["记了一户：", "看了走访的名单：", "下载了走访的名单：", "改了一户：", "删了一户："]
    log = (person.server.data_dir / "server.log").read_text()
    assert [word for word in ("保密院", "试一试", "1234567", "1,234,567", "subsistence") if word in log] == []


def test_the_language_that_was_chosen_stays(person: Person) -> None:
    """Through the form and back."""
    status, where, _ = send(person, "/desk/day/2026-11-29?lang=en", **COUNTY, category="ordinary")
    assert (status, where) == (303, "/desk/day/2026-11-29?next=1&lang=en")
    page = person.get(where)
    assert "at most" in page or "about" in page
    assert 'action="/desk/day/2026-11-29?lang=en"' in page


def test_what_the_desk_loads_is_small() -> None:
    """The script and the style, compressed."""
    assert len(asset("desk.js").compressed) <= 1_600
    assert len(asset("desk.css").compressed) <= 1_300
