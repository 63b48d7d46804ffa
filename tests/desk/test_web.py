"""The desk on the web, over HTTP as a browser without scripts sends it: a key opens it, lists are settled, and no desk sees another's."""

import io
import json
import re
import sqlite3
from contextlib import closing
from urllib.parse import urlencode

import openpyxl
import pytest

from bot.desk import Keys, Room
from bot.web.desk.door import clock
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


def test_moments_are_told_as_clocks_in_china_show_them(person: Person) -> None:
    """Also on the page of who did what: an evening in UTC is the next morning here."""
    assert clock("2026-11-29T17:30:05+00:00") == "2026-11-30 01:30"
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d<", person.get("/desk/trail"))
    assert "+00:00" not in person.get("/desk/trail")


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
    assert [next(did for did in ("放进了", "看了", "下载了", "删了") if did in line) for line in trail] == [
        "放进了",
        "看了",
        "下载了",
        "删了",
    ]
    assert all("张三" in line for line in trail)


def test_a_key_that_is_taken_back_closes_the_desk(running: Server) -> None:
    """From the next page on, also for who is inside."""
    keys = Keys(Room(running.data_dir))
    key = keys.add("赵庄")
    somebody = Person(running)
    assert somebody.open(key) == 303
    assert "赵庄" in somebody.get("/desk")
    keys.revoke(max(each.number for each in keys.all()))
    assert 'name="key"' in somebody.get("/desk")


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
