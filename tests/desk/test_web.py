"""The desk on the web, over HTTP as a browser without scripts sends it: a key opens it, lists are settled, and no desk sees another's."""

import csv
import io
import json
import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import openpyxl
import pypdfium2
import pytest

from bot.desk import Book, Keys, Room, Visits
from bot.langs import LANGS
from tests.desk.conftest import Person
from tests.server import Server

ROWS = "户号\t人员类别\t医院级别\t总费用\n3号院\t低保\t县医院\t20000\n7号院\t普通居民\t县医院\t20000\n9号院\t特困\t省级医院\t30000\n"


def test_without_a_key_there_is_a_door(running: Server) -> None:
    """Every page of the desk asks for the key, and shows nothing else."""
    stranger = Person(running)
    for path in ("/desk", "/desk/trail", "/desk/roster/1", "/desk/roster/1.csv"):
        page = stranger.get(path)
        assert 'name="key"' in page
        assert "李庄" not in page


def test_a_wrong_key_is_told_and_many_are_locked(running: Server, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Kindly, with what to do; after five of them one has to wait. The key never stands in an address or in the log."""
    server = Server(tmp_path_factory.mktemp("locked"))
    server.start()
    key = Keys(Room(server.data_dir)).add("李庄")
    thief = Person(server)
    assert [thief.open("WRONG-WRONG-WRONG-WRONG") for _ in range(7)] == [403] * 5 + [429] * 2
    assert thief.open(key) == 429
    assert key not in (server.data_dir / "server.log").read_text()
    server.stop()


def test_a_pasted_list_is_settled_and_sorted(person: Person) -> None:
    """As it comes from a spreadsheet: each gets the amount that a single question gives, who pays most stands first, and it is kept."""
    status, where, _ = person.bring(name="三月", place="anhui-bozhou", pasted=ROWS)
    assert status == 303
    page = person.get(where)
    single = person.server.post(
        "/api/v1/estimate", {"place": "anhui-bozhou", "category": "ordinary", "facility": "county", "total": "20000"}
    )[1]
    rows = re.findall(r'<tr role="row"><td.*?</tr>', page, re.S)
    assert len(rows) == 3
    assert "7号院" in rows[0]
    assert single["out_of_pocket"]["amount"] == "4400.00"
    assert ">4,400 元<" in rows[0]
    assert "三月" in person.get("/desk")


def test_a_list_is_summed_up_in_a_line_each_category(person: Person) -> None:
    """How many rows, which were not settled and that they stand below, and who pays how much: the parts of a line come to its total."""
    _, where, _ = person.bring(name="三月", place="anhui-bozhou", pasted=ROWS + "11号院\t低保\t县医院\t很多\n")
    told = re.findall(r"<h1>三月</h1>\s*<p>(.*?)</p>", person.get(where), re.S)[0].split("<br>")
    assert [line.strip() for line in told][:2] == ["算好了：一共 4 行，算出 3 行。", "1 行有问题，没有算，列在下面。改好了可以再放一次。"]
    assert "低保：1 笔，总费用 20,000 元；基本医保报 15,600 元；医疗救助报 3,300 元；自己掏 1,100 元。" in told
    assert [line for line in told if "返贫" in line or "预警" in line] == []


def test_a_list_without_a_place_is_told_where_to_choose_one(person: Person) -> None:
    """The place is chosen beside the list, or is a column of it; nothing of what was pasted is lost."""
    status, _, page = person.bring(name="三月", place="", pasted=ROWS)
    assert (status, "请选好“在哪里参保”" in page, "3号院" in page, "--place" in page) == (422, True, True, False)


def test_the_front_page_says_what_each_part_is_for(person: Person) -> None:
    """Every part that can be reached from the top stands in the list with a sentence; the list of a roster leads to its form."""
    page = person.get("/desk")
    nav, parts = page.partition("</nav>")[0], page.partition("这张桌子能办的事")[2].partition("</ul>")[0]
    listed = dict(re.findall(r'<li><a href="([^"]*)">.*?</a> (.+?)</li>', parts))
    assert set(re.findall(r'href="(/desk/[^"?]+)"', nav)) == {address for address in listed if address != "#new"}
    assert all(words.endswith("。") for words in listed.values())
    assert '<h2 id="new">' in page
    assert all(person.ask("GET", address)[0] in (200, 303) for address in listed if address != "#new")
    assert "打开的也是这张桌子" in page


def test_a_list_may_be_a_workbook_or_a_file_of_an_office(person: Person) -> None:
    """An Excel file, and CSV as GB18030: the same people, the same money."""
    lines = [line.split("\t") for line in ROWS.splitlines()]
    book = openpyxl.Workbook()
    for line in lines:
        book.active.append(line)
    out = io.BytesIO()
    book.save(out)
    csv = "\n".join(",".join(line) for line in lines).encode("gb18030")
    pages = []
    for file in (("三月.xlsx", out.getvalue()), ("三月.CSV", csv)):
        status, where, page = person.bring(file, name="三月", place="anhui-bozhou", pasted="")
        assert status == 303, page
        pages.append(re.findall(r"<td.*?</td>", person.get(where), re.S))
    assert pages[0] == pages[1]


def test_files_can_be_taken_along_and_hold_no_formula(person: Person) -> None:
    """CSV and Excel have all rows; a cell that begins as a formula is a text in both."""
    _, where, _ = person.bring(name="三月", place="anhui-bozhou", pasted=ROWS.replace("3号院", "=1+1"))
    status, headers, data = person.ask("GET", f"{where}.csv")
    assert (status, headers["Cache-Control"]) == (200, "no-store")
    assert "attachment" in headers["Content-Disposition"]
    text = data.decode("utf-8-sig")
    assert len(text.splitlines()) == 4
    assert "'=1+1" in text
    sheet = openpyxl.load_workbook(io.BytesIO(person.ask("GET", f"{where}.xlsx")[2])).active
    cells = {cell.value: cell.data_type for row in sheet.iter_rows() for cell in row}
    assert all(kind != "f" for kind in cells.values())
    assert any("=1+1" in str(value) for value in cells)


@pytest.mark.parametrize(
    ("lang", "own", "least", "status", "cell"),
    [
        ("zh_CN", "自己掏", "最少掏", "算得全不全", "全"),
        ("zh_Hant", "自己掏", "最少掏", "算得全不全", "全"),
        ("en", "To pay", "At least", "How complete", "complete"),
    ],
)
def test_files_speak_the_language_of_their_page(person: Person, lang: str, own: str, least: str, status: str, cell: str) -> None:
    """Their columns are called as the page calls them, and no word of ours is a key; amounts stay numbers, and the list as it was."""
    _, where, _ = person.bring(name="三月", place="anhui-bozhou", pasted=ROWS)
    page = person.get(f"{where}?lang={lang}")
    links = re.findall(rf'href="({where}\.(?:csv|xlsx)[^"]*)"', page)
    assert len(links) == 2
    workbook = openpyxl.load_workbook(io.BytesIO(person.ask("GET", links[0])[2])).active
    header, *rows = workbook.iter_rows(values_only=True)
    lines = [*csv.reader(io.StringIO(person.ask("GET", links[1])[2].decode("utf-8-sig")))]
    assert lines[0] == list(header)
    assert lines[0][:4] == ["户号", "人员类别", "医院级别", "总费用"]
    assert [name for name in header if "_" in str(name) or name in ("edition", "status")] == []
    assert [name for name in (own, least, status) if f">{name}</th>" not in page and name != least] == []
    row = dict(zip(header, rows[1], strict=True))
    assert (row["户号"], row["总费用"], row[own], row[least], row[status]) == ("7号院", "20000", 4400, 4400, cell)
    assert dict(zip(*lines[:1], lines[2], strict=True))[own] == "4400.00"


def test_a_column_of_the_list_called_as_one_of_ours_keeps_its_name(person: Person) -> None:
    """What the office wrote of 基本医保 stands under that name in both files, and what we worked out beside it."""
    rows = ROWS.replace("总费用\n", "总费用\t基本医保\n").replace("00\n", "00\t已报1分\n")
    _, where, _ = person.bring(name="三月", place="anhui-bozhou", pasted=rows)
    header, *rest = csv.reader(io.StringIO(person.ask("GET", f"{where}.csv")[2].decode("utf-8-sig")))
    assert (header[4], rest[1][4]) == ("基本医保", "已报1分")
    assert rest[1][header.index("基本医保（算出来的）")] == "15600.00"
    workbook = openpyxl.load_workbook(io.BytesIO(person.ask("GET", f"{where}.xlsx")[2])).active
    assert [cell.value for cell in next(workbook.iter_rows())] == header


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_a_file_of_ours_that_comes_in_again_is_settled_anew(person: Person, lang: str, ending: str) -> None:
    """In every language it may be in: its results go, which is told; no sheet is checked against what we worked out ourselves."""
    _, where, _ = person.bring(name="三月", place="anhui-bozhou", pasted=ROWS)
    data = person.ask("GET", f"{where}.{ending}?lang={lang}")[2]
    status, _, page = person.bring((f"again.{ending}", data), path="/desk/bills", name="又来", place="anhui-bozhou", pasted="")
    assert (status, "像是以前算出来的结果" in page) == (422, True)
    status, again, page = person.bring((f"again.{ending}", data), name="又来", place="anhui-bozhou", pasted="")
    assert status == 303, page
    told = person.get(again)
    assert "上次算出来的列没有用，都重新算了。" in told
    assert re.findall(r'<tr role="row"><td.*?</tr>', told, re.S) == re.findall(r'<tr role="row"><td.*?</tr>', person.get(where), re.S)


def test_what_cannot_be_settled_is_told_and_stays_in_the_page(person: Person) -> None:
    """A wrong column, no list at all, a file of another kind: each says what to do, and nobody has to paste again."""
    status, _, page = person.bring(name="三月", place="anhui-bozhou", pasted="甲\t乙\n1\t2\n")
    assert (status, 'role="alert"' in page, "甲\t乙" in page) == (422, True, True)
    status, _, page = person.bring(name="三月", place="", pasted="")
    assert (status, "请选一个文件" in page) == (422, True)
    status, _, page = person.bring(("三月.pdf", b"%PDF"), name="三月", place="", pasted="")
    assert (status, "另存成" in page) == (422, True)
    status, _, page = person.bring(name="三月", place="anhui-bozhou", pasted="人员类别\t医院级别\t总费用\n低保\t县医院\t负两百\n")
    assert (status, "一行也没算出来" in page, "第 2 行：" in page, "not_a_number" in page) == (422, True, True, False)
    status, _, page = person.bring(name="三月", place="anhui-bozhou", pasted=f"甲\t乙\n{'a' * 140_000}\t1\n")
    assert (status, 'role="alert"' in page) == (422, True)


def test_all_slips_of_a_village_are_one_file(person: Person) -> None:
    """Those of a page, or of the whole list, each with its house number, who pays most first."""
    head, *lines = ROWS.splitlines()
    rows = "\n".join([head, *(line.replace("号院", f"号院{number}") for number in range(70) for line in lines)]) + "\n"
    status, where, page = person.bring(name="全村", place="anhui-bozhou", pasted=rows)
    assert status == 303, page
    page = person.get(where)
    assert "打印全部 210 张小票" in page
    for query, count in (("form=slip", 200), ("form=slip&page=2", 10), ("form=slip&all=1", 210)):
        status, headers, pdf = person.ask("GET", f"{where}/slips.pdf?{query}")
        assert (status, headers["Content-Type"], headers["Cache-Control"]) == (200, "application/pdf", "no-store")
        paper = pypdfium2.PdfDocument(pdf)
        assert len(paper) == count
        assert "号院" in paper[count - 1].get_textpage().get_text_range().replace(" ", "")
    assert person.ask("GET", f"{where}/slips.pdf?page=3")[0] == 404


def test_a_column_of_the_list_may_be_called_as_ours_begin(person: Person) -> None:
    """What an office writes in a column of its own is shown as it stands, also where its name looks like one of money."""
    rows = ROWS.replace("总费用\n", "总费用\tpaid_note\n").replace("00\n", "00\t已垫付\n")
    status, where, page = person.bring(name="三月", place="anhui-bozhou", pasted=rows)
    assert status == 303, page
    assert "已垫付" in person.get(where)


def test_rows_that_are_wrong_are_listed_beside_the_others(person: Person) -> None:
    """With their number and the reason."""
    _, where, _ = person.bring(name="三月", place="anhui-bozhou", pasted=ROWS + "11号院\t低保\t县医院\t很多\n")
    page = person.get(where)
    assert "没算的行" in page
    assert "第 5 行" in page
    assert len(re.findall(r'<tr role="row"><td', page)) == 3


FOUND = {
    "３４ １２": ["甲"],
    "34122119420101100x": ["甲"],
    "341": ["甲", "乙"],
    "乙": ["乙"],
    "东头": ["甲"],
    "2": [],
    "没有谁": [],
}


@pytest.mark.parametrize(("wanted", "found"), FOUND.items())
def test_somebody_is_found_by_what_the_list_says_of_them(person: Person, wanted: str, found: list[str]) -> None:
    """By the beginning of their number however it is typed, else of anything else the office wrote; results are not searched."""
    head, bill = "身份证号\t姓名\t组\t人员类别\t医院级别\t总费用\n", "低保\t县医院\t10000\n"
    rows = f"{head}34122119420101100X\t甲\t东头\t{bill}3413\t乙\t西头\t{bill}"
    _, where, _ = person.bring(name="三月", place="anhui-bozhou", pasted=rows)
    page = person.send(f"{where}/find", who=wanted)[2]
    assert f"找到 {len(found)} 行" in page
    assert [name for name in ("甲", "乙") if f">{name}<" in page] == found
    assert "打印" not in page


def test_no_desk_sees_another_s_lists(person: Person, desks: tuple[str, str]) -> None:
    """Neither listed, nor by its number, nor as a file, nor to be deleted; in the files on the disk neither."""
    _, where, _ = person.bring(name="只有李庄", place="anhui-bozhou", pasted=ROWS.replace("3号院", "李庄的三号院"))
    other = Person(person.server)
    assert other.open(desks[1]) == 303
    assert "只有李庄" not in other.get("/desk")
    for path in (where, f"{where}.csv", f"{where}.xlsx"):
        assert other.ask("GET", path)[0] == 404
    assert other.ask("POST", f"{where}/forget")[0] == 404
    assert "只有李庄" in person.get("/desk")
    other.bring(name="王庄的", place="anhui-bozhou", pasted=ROWS)
    raw = b"".join(file.read_bytes() for file in (person.server.data_dir / "desks").glob("desk-2.sqlite3*"))
    assert "王庄的".encode() in raw
    assert "只有李庄".encode() not in raw


def test_a_deleted_list_is_gone_from_the_disk_and_the_trail_knows(person: Person) -> None:
    """What it held is in no file any more; who brought it, looked at it, took it and deleted it, is."""
    _, where, _ = person.bring(name="要删的", place="anhui-bozhou", pasted=ROWS.replace("9号院", "独一无二的院子"))
    person.get(where)
    person.ask("GET", f"{where}.csv")
    assert person.ask("POST", f"{where}/forget")[0] == 303
    assert person.ask("GET", where)[0] == 404
    folder = person.server.data_dir / "desks"
    with closing(sqlite3.connect(folder / "desk-1.sqlite3")) as kept:
        kept.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert "独一无二的院子" not in b"".join(file.read_bytes() for file in folder.glob("desk-1.sqlite3*")).decode("utf-8", "ignore")
    trail = [line for line in person.get("/desk/trail").splitlines() if "要删的" in line]
    said = ("放进了", "看了", "下载了", "删了")
    assert [next(did for did in said if did in line) for line in trail] == [*reversed(said)]
    assert all(re.search(r"\d{4}年\d+月\d+日 \d\d:\d\d</time> 张三 ", line) for line in trail)


def test_moments_are_those_of_beijing(book: Book, tmp_path: Path) -> None:
    """What is done before eight in the morning is not of the day before, wherever the server stands."""
    early = Book(Room(tmp_path), book.desk, lambda: datetime(2026, 11, 28, 23, 30, tzinfo=UTC).timestamp())
    Visits(early).put("2026-11-29", "3号院", {})
    assert [trace.at for trace in early.trail()] == ["2026-11-29T07:30:00+08:00"]


def test_a_key_that_is_taken_back_closes_the_desk(running: Server) -> None:
    """From the next page on, also for who is inside."""
    keys = Keys(Room(running.data_dir))
    key = keys.add("赵庄")
    somebody = Person(running)
    assert somebody.open(key) == 303
    assert "赵庄" in somebody.get("/desk")
    keys.revoke(max(each.number for each in keys.all()))
    assert 'name="key"' in somebody.get("/desk")


def test_whoever_types_while_the_desk_is_closed_is_told(running: Server) -> None:
    """What is worked out while it is typed says so in JSON; what is sent leads to the door, which says that nothing was kept."""
    keys = Keys(Room(running.data_dir))
    key = keys.add("孙庄")
    somebody = Person(running)
    assert somebody.open(key) == 303
    keys.revoke(max(each.number for each in keys.all()))
    for status, _, answer in (somebody.send("/desk/day/try", total="2"), somebody.bring(path="/desk/roster/try", pasted=ROWS)):
        assert status == 403
        assert json.loads(answer)["error"]["code"] == "desk_closed"
        assert json.loads(answer)["error"]["say"].startswith("桌子关上了，请重新打开。")
    for status, _, page in (somebody.send("/desk/day/2026-11-29", total="2"), somebody.bring(path="/desk/roster", pasted=ROWS)):
        assert (status, 'name="key"' in page, "桌子关上了，刚才写的没有存下来。" in page) == (403, True, True)
    assert "没有存下来" not in somebody.get("/desk")


def test_an_empty_form_is_not_told_as_a_desk_without_lists(person: Person) -> None:
    """The lists that are there stand below the notice, which speaks of what was sent alone; so on every page that takes a list."""
    assert person.bring(name="早就有的", place="anhui-bozhou", pasted=ROWS)[0] == 303
    bill = "医院级别,人员类别,出院日期,总费用,全自费,统筹基金支付\n县级,普通居民,2025-03-01,20000,0,15600\n"
    assert person.bring(path="/desk/bills", name="早就有的", place="anhui-bozhou", pasted=bill)[0] == 303
    assert person.bring(path="/desk/enrolment", name="早就有的", place="anhui-bozhou", year="", pasted="姓名,人员类别\n甲,低保\n")[0] == 303
    for path in ("/desk/roster", "/desk/bills", "/desk/enrolment"):
        status, _, page = person.bring(path=path, name="空的", place="anhui-bozhou", year="", pasted="")
        assert (status, "这次没有收到名单。" in page, "还没有名单" in page, ">早就有的</a>" in page) == (422, True, False, True)


def test_other_sites_cannot_use_an_open_desk(person: Person) -> None:
    """A form of another site is refused, and the cookie is for our pages alone."""
    for path in ("/desk/roster", "/desk/leave", "/desk/roster/1/forget"):
        assert person.ask("POST", path, Sec_Fetch_Site="cross-site")[0] == 403
    assert {"HttpOnly", "SameSite=Strict", "Path=/desk"} <= {part.strip() for part in person.given.split(";")}
    assert person.ask("POST", "/desk/leave")[0] == 303
    assert 'name="key"' in person.get("/desk")


def test_nothing_of_a_list_is_logged(person: Person) -> None:
    """Neither a house nor a category nor an amount."""
    person.bring(name="保密的", place="anhui-bozhou", pasted=ROWS.replace("20000", "1234567"))
    log = (person.server.data_dir / "server.log").read_text()
    assert [word for word in ("保密的", "号院", "低保", "1234567", "1,234,567") if word in log] == []
    assert "/desk/roster" in log
    assert json.loads(log.splitlines()[0])


def test_six_digits_carry_a_talk_to_the_desk(person: Person) -> None:
    """Somebody's talk goes on in the coordinator's browser where it stood; the digits work once, and wrong ones are told."""
    first = person.server.turn(message_id="carry-1", text="亳州低保，在县医院花了两万")
    given = person.server.turn(message_id="carry-2", conversation=first["conversation"], text="换个地方接着说")
    digits = "".join(char for char in given["replies"][0]["text"] if char.isdigit())[:6]

    def use(said: str) -> tuple[int, dict[str, str], bytes]:
        return person.ask("POST", "/desk/talk", urlencode({"digits": said}).encode(), Content_Type="application/x-www-form-urlencoded")

    key = person.cookie
    assert use("12 34")[0] == 422
    status, headers, _ = use(f"{digits[:3]} {digits[3:]}")
    assert (status, headers["Location"]) == (303, "/plain")
    page = person.get("/plain")
    assert "1,100 元" in page
    person.cookie = key
    status, _, page_of = use(digits)
    assert (status, "接不上" in page_of.decode()) == (422, True)
    stranger = Person(person.server)
    assert 'name="key"' in stranger.ask("POST", "/desk/talk", urlencode({"digits": digits}).encode())[2].decode()


def test_a_pasted_list_is_worked_out_row_by_row_before_it_is_kept(person: Person) -> None:
    """What each pays, and what is wrong with which row; nothing of it stays at the desk."""
    before = person.get("/desk")
    wrong = ROWS.replace("特困\t省级医院\t30000", "特困\t省级医院\t很多")
    told = tried(person, place="anhui-bozhou", pasted=wrong)
    assert told["lines"] == [
        "2 行能算，1 行有问题。按行号去改，改好就重算。",
        "看懂的列：户号、人员类别（家庭类别）、医院级别、总费用。",
    ]
    assert [(row["row"], row["cells"][:2]) for row in told["rows"]] == [
        (2, ["3号院", "1,100 元"]),
        (3, ["7号院", "4,400 元"]),
        (4, ["", ""]),
    ]
    assert "总费用" in told["rows"][2]["cells"][3]
    assert tried(person, place="anhui-bozhou", pasted=ROWS)["lines"][0] == "3 行能算，还没存。点“算一算”才存下来。"
    assert person.get("/desk") == before
    assert list((person.server.data_dir / "desks").rglob("in.csv")) == []


def test_what_a_pasted_list_lacks_is_told_while_it_is_pasted(person: Person) -> None:
    """A place, a column, a single right row: the words of the page that would keep it."""
    assert tried(person, place="", pasted=ROWS) == {
        "lines": ["名单里没有“参保地”这一列。都在一个地方参保的，请选好“在哪里参保”；不是的，请补上这一列。"],
        "rows": [],
    }
    assert "医院级别" in tried(person, place="anhui-bozhou", pasted="户号\t人员类别\t总费用\n3号院\t低保\t20000\n")["lines"][0]
    nothing_right = ROWS.splitlines()[0] + "\n3号院\t低保\t县医院\t很多\n"
    assert tried(person, place="anhui-bozhou", pasted=nothing_right)["lines"][0].startswith("一行也没算出来")


def test_of_a_long_pasted_list_no_wrong_row_is_left_out(person: Person) -> None:
    """Two hundred rows are told, first of all those to be set right; and it is said that there are more, and which no rules answer."""
    lines = ROWS.splitlines()
    pasted = "\n".join(
        [f"{lines[0]}\t出院日期", *[f"{lines[1]}\t2023-03-05"] * 250, f"{lines[1]}\t2010-03-05", "9号院\t特困\t省级医院\t很多\t2023-03-05"]
    )
    told = tried(person, place="anhui-bozhou", pasted=pasted)
    assert told["lines"][:3] == [
        "250 行能算，1 行有问题。按行号去改，改好就重算。",
        "1 行没有能用的规定，算不了。",
        "这里先看 200 行。点“算一算”能看全。",
    ]
    assert (len(told["rows"]), told["rows"][-1]["row"]) == (200, 253)


def test_bills_of_a_year_count_together_while_they_are_pasted(person: Person) -> None:
    """As in the list that is kept: the second bill of somebody has the year's first behind it, and they are warned of as one."""
    pasted = "身份证号\t人员类别\t医院级别\t总费用\t自费部分\t出院日期\n" + "".join(
        f"341221194101011001\t普通居民\t市级\t60000\t0\t2025-0{month}-05\n" for month in (3, 4)
    )
    rows = tried(person, place="anhui-bozhou", pasted=pasted)["rows"]
    _, where, _ = person.bring(name="三月", place="anhui-bozhou", pasted=pasted)
    page = person.get(f"{where}?by=row")
    assert [row["cells"][1] in page and row["cells"][3] in page for row in rows] == [True, True]
    assert rows[0]["cells"][1] != rows[1]["cells"][1]
    assert all("超过预警线" in row["cells"][3] for row in rows)


def test_what_would_keep_others_waiting_is_not_tried(person: Person) -> None:
    """A list as long as those that are worked on apart: it may be sent, and is not worked out before."""
    data = (ROWS.replace("\t", ",") * 6000).encode()
    status, _, told = person.bring(("三月.csv", data), path="/desk/roster/try", place="anhui-bozhou", pasted="")
    assert (status, json.loads(told)) == (200, {"lines": ["现在没法边贴边算。可以直接点“算一算”。"], "rows": []})


def tried(person: Person, **fields: str) -> dict[str, Any]:
    """What is told of a list while it is pasted."""
    status, _, told = person.bring(path="/desk/roster/try", **fields)
    assert status == 200, told
    return json.loads(told)
