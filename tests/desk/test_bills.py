"""Settlement sheets at the desk: the fields of the national list beside the rules, likely causes in kind words, and nobody is accused."""

import io
import re
from datetime import date
from typing import Any

import openpyxl
import pytest

from bot.desk import Bill, Book, Registers
from bot.knowledge import Knowledge
from bot.lists import Checked, ListError, check_all, detail_lines, flags, read_bills, read_one_bill
from tests.desk.conftest import Person, source_of, written
from tests.told import told

TODAY = date(2026, 11, 24)
BOZHOU, PUYANG = "anhui-bozhou", "henan-puyang"
#: What nobody may read here, whatever a sheet says.
ACCUSING = ("错误", "违规", "违法", "骗", "多收", "乱收", "套取", "罚", "举报")
HEAD = (
    "姓名\t人员类别\t医院级别\t出院日期\t医疗费总额\t全自费金额\t"
    "基本医疗保险统筹基金支出\t居民大病保险资金支出\t医疗救助基金支出\t个人负担\n"
)
#: 普通居民 as the rules give it; 低保 settled as an ordinary resident; 低保 as the rules give it.
ROWS = (
    "甲\t普通居民\t县医院\t2025-03-01\t20000\t0\t15600\t0\t0\t4400\n"
    "乙\t低保\t县医院\t2025-03-02\t20000\t0\t15600\t0\t0\t4400\n"
    "丙\t低保\t县医院\t2025-03-03\t20000\t0\t15600\t0\t3300\t1100\n"
)


def read(knowledge: Knowledge, data: bytes | str, place: str = BOZHOU, ending: str = ".csv", **fixed: Any) -> tuple[list[Bill], list[Any]]:
    """A list of sheets as it is read."""
    data = data.replace("\t", ",").encode() if isinstance(data, str) else data
    with source_of(data, ending) as source:
        sheets = read_bills(source, "名单", {"place": place} | fixed, knowledge, knowledge.voice("zh_CN"), TODAY)
    return sheets.bills, sheets.unread


def checked(knowledge: Knowledge, book: Book, text: str, place: str = BOZHOU) -> list[Checked]:
    """The sheets of a list, checked, in their order."""
    bills, unread = read(knowledge, text, place)
    assert unread == []
    return check_all(bills, Registers(book), knowledge.shelf, TODAY)


def one(knowledge: Knowledge, book: Book, **said: str) -> Checked:
    """One sheet of the form."""
    fields = {"person": "", "place": BOZHOU, "category": "ordinary", "facility": "county", "on": "2025-03-01", "total": "20000"}
    bill = read_one_bill(fields | said, knowledge, knowledge.voice("zh_CN"), TODAY)
    [each] = check_all([bill], Registers(book), knowledge.shelf, TODAY)
    return each


def test_the_hand_checked_results_agree(knowledge: Knowledge, book: Book) -> None:
    """The nine bills of the policy facts, each as its settlement sheet: every line is what the rules give."""
    bozhou = "医院级别,人员类别,出院日期,总费用,全自费,统筹基金支付,大病保险支付,医疗救助支付,个人负担\n"
    puyang = "医院级别,人员类别,出院日期,总费用,全自费,统筹基金支付,大病保险支付,困难群众大病补充保险,医疗补助,个人负担\n"
    lists = {
        BOZHOU: bozhou
        + "县级,普通居民,2025-03-01,20000,0,15600,0,,4400\n县级,低保,2025-03-01,20000,0,15600,0,3300,1100\n"
        + "市级,特困,2025-03-01,100000,0,74475,12691.25,10267,2566.75\n市级,监测户,2025-03-01,100000,0,74475,8115,8646,8764\n"
        + "省级,返贫致贫,2025-03-01,120000,20000,69300,16055,9201.50,25443.50\n",
        PUYANG: puyang
        + "县级,建档立卡,2018-03-01,20000,0,16048,0,285.60,1666.40,2000\n"
        + "市级三级,建档立卡,2018-03-01,60000,0,41963,1518.50,6314.80,4922.22,5281.48\n"
        + "省级三级,建档立卡,2018-03-01,100000,0,65990,9505,12704,4400.50,7400.50\n县级,普通居民,2018-03-01,20000,0,16048,0,,,3952\n",
    }
    for place, text in lists.items():
        rows = checked(knowledge, book, text, place)
        assert [(each.verdict, each.against, each.hospital) for each in rows] == [("same", 0, 0)] * len(rows)


def test_what_is_worth_asking_stands_first(knowledge: Knowledge, book: Book) -> None:
    """By hand: 17,410 less 2,566.75, 19,000 less 4,400, 4,400 less 1,100; what agrees comes last."""
    rows = "丁\t特困\t市级\t2025-03-04\t100000\t0\t74475\t8115\t0\t17410\n戊\t普通居民\t县医院\t2025-03-05\t20000\t0\t1000\t0\t0\t19000\n"
    found = checked(knowledge, book, HEAD + ROWS + rows)
    assert [(each.bill.person, each.against) for each in found if each.against] == [("丁", 14_843_25), ("戊", 14_600_00), ("乙", 3_300_00)]
    assert all(each.is_explained for each in found[:3])
    assert [each.bill.person for each in found][-2:] == ["甲", "丙"]


@pytest.mark.parametrize(
    ("said", "flag", "against"),
    [
        (
            {"category": "subsistence_allowance", "self_funded": "0", "basic": "15600", "medical_aid": "0", "own": "4400"},
            "类别可能还没更新",
            3_300_00,
        ),
        ({"facility": "province", "self_funded": "0", "basic": "11700", "own": "8300", "registered": "true"}, "可能没登记备案", 1_600_00),
        ({"facility": "province", "total": "600000", "self_funded": "0", "basic": "150000"}, "基本医保可能到了一年的封顶线", None),
        (
            {
                **{"place": PUYANG, "category": "registered_poor", "on": "2018-03-01", "self_funded": "5000", "basic": "11898"},
                **{"critical_illness": "0", "supplementary": "30.60", "subsidy": "1571.40", "hospital_borne": "0", "own": "6500"},
            },
            "超出的 3,000 元可能该医院承担",
            3_000_00,
        ),
    ],
    ids=["category", "unregistered", "cap", "hospital"],
)
def test_likely_causes_are_told_kindly(knowledge: Knowledge, book: Book, said: dict[str, str], flag: str, against: int | None) -> None:
    """By hand: 15,600 is what an ordinary resident gets, 11,700 an unregistered stay (18,000 at 65%), 3,000 is above 10% of 20,000."""
    voice = knowledge.voice("zh_CN")
    each = one(knowledge, book, **said)
    told = "".join(flags(voice, each))
    assert flag in told
    assert against in (None, each.against)
    assert [word for word in ACCUSING if word in told + "".join(detail_lines(voice, each))] == []


def test_a_cap_is_told_with_what_to_ask_and_last(knowledge: Knowledge, book: Book) -> None:
    """By hand: 5,000 of the bill's (20,000 - 500) at 45%; the cap of 200,000 to 300,000 leaves 195,000 to 295,000 for bills before."""
    told = flags(knowledge.voice("zh_CN"), one(knowledge, book, self_funded="12000", basic="5000"))
    assert told[-2:] == ["今年前面报过 195,000 到 295,000 元的话，基本医保可能到了一年的封顶线。", "请问清今年一共报过多少。"]


def test_a_small_sheet_by_its_tiers_alone_is_not_told_to_have_met_the_cap(knowledge: Knowledge, book: Book) -> None:
    """By hand: (8,000 - 500) at 80% are the 6,000 that the sheet says; the guarantee of the bill would be 8,775."""
    each = one(knowledge, book, self_funded="12000", basic="6000")
    told = flags(knowledge.voice("zh_CN"), each) + detail_lines(knowledge.voice("zh_CN"), each)
    assert told[0] == "可能没按“最少报多少”那一条算。"
    assert "封顶" not in "".join(told)


@pytest.mark.parametrize(
    ("said", "own"),
    [
        ({"own": "4400"}, "4400.00"),
        ({"cash": "4300", "account": "100"}, "4400.00"),
        ({"cash": "4000", "other": "400"}, "4400.00"),
        ({"own": "4000", "other": "400"}, "4400.00"),
        ({"own": "4400", "other": "400"}, "4400.00"),
        ({"basic": "15600"}, None),
    ],
    ids=["said", "paid", "with others", "beside others", "others within", "nothing"],
)
def test_what_the_person_bore_is_read_as_the_list_adds_up(knowledge: Knowledge, book: Book, said: dict[str, str], own: str | None) -> None:
    """个人负担 = 其他支付 + 个人支付, and 个人支付 = 账户 + 现金; 其他支付 counts once, however the sheet has it."""
    each = one(knowledge, book, **({"self_funded": "0", "basic": "15600"} | said))
    assert each.bill.sheet.get("own") == own
    assert each.verdict == "same"


@pytest.mark.parametrize(
    ("head", "cells", "self_funded", "own"),
    [
        ("全自费金额,超限价自费费用,先行自付金额,个人自付,医保统筹基金支付", "1000,200,300,8100,10900", "1200.00", "9100.00"),
        ("符合政策范围金额,先行自付金额,个人自付金额,个人自费,统筹基金支出", "18500,300,4500,1200,14300", "1200.00", "5700.00"),
        ("符合政策范围金额,先行自付金额,个人现金支出,基本医保统筹基金支付", "18500,300,5600,14400", "1200.00", "5600.00"),
    ],
    ids=["parts", "own share", "what is left"],
)
def test_out_of_catalogue_cost_is_read_from_what_the_sheet_says(
    knowledge: Knowledge, head: str, cells: str, self_funded: str, own: str
) -> None:
    """全自费 with what is above a limit of price; without them what total, first share and eligible cost leave."""
    [bill], unread = read(knowledge, f"人员类别,医院级别,出院日期,医疗费总额,{head}\n普通居民,县级,2025-03-01,20000,{cells}\n")
    assert unread == []
    assert bill.sheet["case"]["self_funded"] == self_funded
    assert bill.sheet["own"] == own


def test_what_the_sheet_says_beside_is_told(knowledge: Knowledge, book: Book) -> None:
    """Other payments of no known layer, an eligible cost that does not follow, another deductible."""
    said = {"self_funded": "0", "basic": "15600", "cash": "4000", "other": "400", "in_scope": "19000", "deductible": "250"}
    lines = "".join(detail_lines(knowledge.voice("zh_CN"), one(knowledge, book, **said)))
    assert "其他支付 400 元，不知道是哪一层的" in lines
    assert "个人负担是连它一起比的" in lines
    assert "单子上符合政策范围的是 19,000 元，总费用减去自费和先行自付是 20,000 元" in lines
    assert "单子上的起付线是 250 元，按规定我算 500 元" in lines


def test_a_register_with_another_category_is_a_cause(knowledge: Knowledge, book: Book) -> None:
    """The newest of each office on or before the bill's day counts: not one that came later, and not one that was undone."""
    registers = Registers(book)
    written(registers, "civil", "2025-01-01", {"甲": "subsistence_allowance"})
    registers.undo(written(registers, "civil", "2025-02-01", {"甲": "extreme_poverty"}))
    written(registers, "civil", "2025-04-01", {"甲": "extreme_poverty"})
    written(registers, "rural", "2025-02-10", {"甲": "ordinary", "乙": "monitored"})
    voice = knowledge.voice("zh_CN")
    found = {each.bill.person: each for each in checked(knowledge, book, HEAD + ROWS)}
    [told] = flags(voice, found["甲"])
    assert told == "2025年1月1日民政的名单上是低保，这张单子按普通居民算的。按低保算，个人负担 1,100 元。"
    assert (found["甲"].verdict, found["甲"].status, found["甲"].against) == ("same", "listed", 3_300_00)
    assert "放心收好" not in "".join(detail_lines(voice, found["甲"]))
    assert "放心收好" in "".join(detail_lines(voice, found["丙"]))
    assert "2025年2月10日乡村振兴的名单上是监测户，这张单子按低保算的。" in "".join(flags(voice, found["乙"]))


def test_sheets_that_nobody_can_compare_are_said_to_be_so(knowledge: Knowledge, book: Book) -> None:
    """A day past the rules, unless they are agreed to hold on; a layer whose amount is not known."""
    text = HEAD + "甲\t普通居民\t县医院\t2026-03-01\t20000\t0\t15600\t0\t0\t4400\n"
    [late] = checked(knowledge, book, text)
    assert (late.verdict, late.status, late.against) == ("open", "refused", 0)
    bills, _ = read(knowledge, text, expired_ok=True)
    [agreed] = check_all(bills, Registers(book), knowledge.shelf, TODAY)
    assert agreed.verdict == "same"
    unknown = one(knowledge, book, category="poor_through_illness", self_funded="0", medical_aid="100")
    assert unknown.status == "unknown"


def test_rows_that_do_not_tell_are_named(knowledge: Knowledge) -> None:
    """Each cell by the name of its column; sums and empty rows are passed over."""
    rows = (
        "甲\t发财户\t县医院\t2025-03-01\t20000\t0\t15600\t0\t0\t4400\n乙\t低保\t县医院\t2025-03-01\t两万\t0\t15600\t0\t0\t4400\n"
        "丙\t低保\t县医院\t2025-03-01\t20000\t0\t\t\t\t\n丁\t低保\t县医院\t2025-03-01\t20000\t0\t25000\t0\t0\t0\n"
        "戊\t低保\t\t2025-03-01\t20000\t0\t15600\t0\t0\t-5\n"
        "合计\t\t\t\t80000\t\t\t\t\t\n\t\t\t\t\t\t\t\t\t\n"
    )
    bills, unread = read(knowledge, HEAD + rows + ROWS)
    assert [bill.person for bill in bills] == ["甲", "乙", "丙"]
    assert [row for row, _ in unread] == [2, 3, 4, 5, 6]
    for (_, why), part in zip(
        unread, ("“人员类别”", "“医疗费总额”", "没写报了多少", "“基本医疗保险统筹基金支出”是 25,000 元", "“个人负担”"), strict=True
    ):
        assert part in why


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("人员类别,总费用\n低保,2\n", "医院级别"),
        ("人员类别,医院级别,总费用\n低保,县级,2\n", "个人负担"),
        (HEAD.replace("\t", ",") + "甲,发财户,县级,2025-03-01,1,0,0,0,0,1\n", "第 2 行"),
        (HEAD.replace("\t", ",") + "甲,低保,县级,2025-03-01,1,0,0,0,0,1\n" * 1001, "1000"),
    ],
    ids=["columns", "nothing paid", "no row", "too many"],
)
def test_what_is_no_list_of_sheets_is_refused(knowledge: Knowledge, text: str, told: str) -> None:
    """With what is missing or too much, and the first rows that do not tell."""
    with pytest.raises(ListError, match=told):
        read(knowledge, text)


def workbook() -> bytes:
    """A list as an office exports it: a title over merged cells, the names of the national interface, full-width digits, a row of sums."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["2025 年 3 月基本医疗保险结算明细"])
    sheet.merge_cells("A1:D1")
    bill, paid = "医疗费总额 全自费金额", "基本医疗保险统筹基金支出 居民大病保险资金支出 医疗救助基金支出 个人现金支出"
    sheet.append(f"序号 证件号码 人员类别 医疗机构等级 结算时间 {bill} {paid}".split())
    sheet.append([1, " ３４１２０１ ", "低保对象", "二级", "2025-03-01 10:20:30", "２０，０００.00", 0, 15600, 0, 3300, "1,100.00元"])
    sheet.append(["合计", None, None, None, None, 20000, None, None, None, None, None])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_lists_are_read_as_offices_export_them(knowledge: Knowledge, book: Book) -> None:
    """The same sheet from a workbook and from a file in GB18030."""
    bills, unread = read(knowledge, workbook(), ending=".xlsx")
    assert unread == []
    [each] = check_all(bills, Registers(book), knowledge.shelf, TODAY)
    assert (each.bill.row, each.bill.person, each.verdict) == (3, "341201", "same")
    office = read(knowledge, (HEAD + ROWS).replace("\t", ",").encode("gb18030"))
    assert office == read(knowledge, HEAD + ROWS)


def bring(somebody: Person, pasted: str, **fields: str) -> tuple[int, str, str]:
    """Send the form for a list."""
    return somebody.bring(path="/desk/bills", **({"name": "三月", "place": BOZHOU, "pasted": pasted} | fields))


def plain(page: str) -> str:
    """The words of a page."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_a_list_on_the_page(person: Person) -> None:
    """Counts, the sheet that is worth asking about first, and every layer of it; nobody is accused."""
    status, where, page = bring(person, HEAD + ROWS + "丁\t发财户\t县医院\t2025-03-01\t20000\t0\t1\t0\t0\t1\n")
    assert status == 303, page
    page = person.get(where)
    said = plain(page)
    for part in (
        "一共 3 张。",
        "有的地方不一样：1 张。",
        "对得上：2 张。",
        "有 1 张，个人负担可能多了，值得问一问。",
        "不一样不等于算错",
        "第 5 行：",
    ):
        assert part in said
    rows = [plain(row) for row in re.findall(r"<tr role=\"row\" id=.*?</tr>", page, re.S)]
    assert "乙 低保 20,000 元 有的地方不一样 4,400 元 1,100 元 3,300 元 类别可能还没更新。" in rows[0]
    assert "医疗救助：结算单上 0 元，按规定我算 3,300 元，少 3,300 元。" in rows[0]
    assert [word for word in ACCUSING if word in said] == []
    assert "三月" in person.get("/desk/bills")


def test_files_of_a_list_hold_no_formula(person: Person) -> None:
    """Paid and estimated layer by layer to the fen, in the order of the page; odd names are names."""
    _, where, _ = bring(person, HEAD + ROWS.replace("乙", "=1+1").replace("丙", "<b>丙</b>"))
    lines = person.ask("GET", f"{where}.csv")[2].decode("utf-8-sig").splitlines()
    assert len(lines) == 4
    amounts = "20000.00,3300.00,15600.00,15600.00,0.00,0.00,0.00,3300.00,4400.00,1100.00"
    assert lines[1] == f"3,'=1+1,亳州,低保,县级医院,2025-03-02,有的地方不一样,类别可能还没更新。,{amounts}"
    sheet = openpyxl.load_workbook(io.BytesIO(person.ask("GET", f"{where}.xlsx")[2])).active
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n"}
    page = person.get(where)
    assert "&lt;b&gt;丙" in page
    assert "<b>丙" not in page


FORM = {
    **{"person": "独此一人乙", "place": BOZHOU, "category": "subsistence_allowance", "facility": "county", "care": "inpatient"},
    **{"on": "2025-03-01", "total": "20000", "self_funded": "0", "basic": "15600", "medical_aid": "0", "own": "4400"},
}


def test_one_sheet_is_answered_and_not_kept(person: Person) -> None:
    """The page says so, and the desk's file has nothing of it; what was typed stands in the form for the next try."""
    status, _, page = person.send("/desk/bills/one", **FORM)
    said = plain(page)
    assert status == 200
    assert "类别可能还没更新。" in said
    assert "少 3,300 元" in said
    assert "这一张没有留下来" in said
    assert 'value="独此一人乙"' in page
    kept = b"".join(path.read_bytes() for path in (person.server.data_dir / "desks").glob("desk-*.sqlite3*"))
    assert "独此一人乙".encode() not in kept
    assert "对了一张结算单" in person.get("/desk/trail")


def test_amounts_of_the_form_are_read_as_they_are_written(person: Person) -> None:
    """2万, 20,000, full-width figures and 元 are the same sheet; the form keeps what was typed."""
    written = {"total": "2万", "self_funded": "０元", "basic": "１５,６００元", "medical_aid": "0", "own": "4千4"}
    status, _, page = person.send("/desk/bills/one", **(FORM | written))
    assert (status, "少 3,300 元" in plain(page), 'value="2万"' in page) == (200, True, True)
    status, _, page = person.send("/desk/bills/one", **(FORM | {"total": "约2万"}))
    assert (status, "“医疗费总额”这一格不是钱数" in plain(page)) == (422, True)


def test_a_sheet_that_does_not_tell_is_asked_back(person: Person) -> None:
    """With the field that is wrong, and nothing has to be typed again."""
    for changed, said in (
        ({"total": "很多"}, "“医疗费总额”这一格不是钱数"),
        ({"own": "99999"}, "“个人负担”是 99,999 元，比总费用 20,000 元还多"),
        ({"place": "", "category": ""}, "这一格是空的"),
        ({"basic": "", "medical_aid": "", "own": ""}, "没写报了多少"),
        ({"on": "去年"}, "不是日期"),
        ({"facility": "grade_1"}, "亳州不按“一级医院”这样分"),
    ):
        status, _, page = person.send("/desk/bills/one", **(FORM | changed))
        assert said in plain(page), plain(page)
        assert status in (200, 422)
        assert 'value="独此一人乙"' in page
    assert person.ask("POST", "/desk/bills/one", b"x=1")[0] == 422


def test_no_desk_sees_another_s_bills(person: Person, desks: tuple[str, str]) -> None:
    """Neither listed nor by number, as no file, and not to be deleted; nothing of a sheet is logged."""
    _, where, _ = bring(person, HEAD + ROWS, name="NUR-LI")
    other = Person(person.server)
    assert other.open(desks[1]) == 303
    assert [other.ask("GET", f"{where}{end}")[0] for end in ("", ".csv", ".xlsx")] == [404] * 3
    assert other.ask("POST", f"{where}/forget")[0] == 404
    assert "NUR-LI" not in other.get("/desk/bills")
    assert person.ask("POST", f"{where}/forget")[0] == 303
    assert person.ask("GET", where)[0] == 404
    log = (person.server.data_dir / "server.log").read_text()
    assert told(("NUR-LI", "低保", "独此一人", "15600"), log) == []
