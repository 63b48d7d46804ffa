"""Everyone enrolled: who is not insured yet, what each household pays to the fen, what was done about it, and reminders on paper."""

import io
import re
from collections.abc import Iterator
from datetime import date
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import openpyxl
import pypdfium2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.desk import Book, Brought, Count, Desk, Enrollee, Enrolment, Enrolments, Home, Keys, NobodyError, Room, Unread
from bot.knowledge import Knowledge
from bot.lists import ListError, list_file, opened_enrolment
from bot.paper import reminders_pdf
from bot.web.desk.enrolment import _past
from bot.web.shared import ASSISTANT
from engine import PremiumAnswer, Share, premium_of_each
from tests.desk.conftest import Person, source_of

TODAY = date(2026, 11, 24)
#: A day on which the premium of 2025 is collected.
COLLECTED = date(2024, 11, 24)
EXTREME, LOW, BACK, WATCHED, ORDINARY = "extreme_poverty", "subsistence_allowance", "back_in_poverty", "monitored", "ordinary"
LIST = Brought("李庄", "anhui-bozhou", 2025, "户号", "是否参保")
PASTED = """户号\t姓名\t人员类别\t是否参保
3号院\t李大爷\t特困\t否
3号院\t李小二\t低保\t未参保
7号院\t王婶\t普通居民\t未缴费
7号院\t王强\t普通居民\t已参保
7号院\t王丽\t监测户\t否
9号院\t赵七\t返贫致贫\t否
"""


@pytest.fixture(scope="session")
def due(knowledge: Knowledge) -> PremiumAnswer:
    """What one of each category pays in Bozhou for 2025."""
    return premium_of_each("anhui-bozhou", 2025, knowledge.shelf, TODAY)


@pytest.fixture(scope="session")
def shares(due: PremiumAnswer) -> dict[str, Share]:
    """The same by category."""
    return {share.category: share for share in due.shares}


@pytest.fixture
def enrolments(book: Book) -> Enrolments:
    """The lists of a new desk."""
    return Enrolments(book)


def read(knowledge: Knowledge, data: bytes, ending: str, due: PremiumAnswer) -> tuple[Brought, list[Enrollee | Unread]]:
    """A list as it is read."""
    with source_of(data, ending) as source, opened_enrolment(source, "名单", due, knowledge, knowledge.voice("zh_CN")) as (brought, rows):
        return brought, list(rows)


def workbook() -> bytes:
    """A list as an office sends it: a title over merged cells, full-width digits, stray blanks, numbers of identity cards, sums."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["李庄村城乡居民参保情况摸底表"])
    sheet.merge_cells("A1:F1")
    for row in (
        ["序号", "户号", "姓名", "身份证号", "人员类别", "参保状态"],
        [1, " ３号院", "李大爷", " ３４１２０１ ", "特困 ", "未参保"],
        [2, "3号院", "李小二", "341202", "低保", " 停保 "],
        [3, "7号院", "王强", "341204", "普通居民", "正常参保"],
        ["合计", "", "3", "", "", ""],
    ):
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_lists_are_read_as_offices_send_them(knowledge: Knowledge, due: PremiumAnswer) -> None:
    """Who is who goes by the number, what they are called by the name; titles, sums, blanks and full-width digits are seen through."""
    brought, rows = read(knowledge, workbook(), ".xlsx", due)
    assert brought == Brought("名单", "anhui-bozhou", 2025, "户号", "参保状态")
    assert rows == [
        Enrollee(3, "3号院", "341201", "李大爷", EXTREME, insured=False),
        Enrollee(4, "3号院", "341202", "李小二", LOW, insured=False),
        Enrollee(5, "7号院", "341204", "王强", ORDINARY, insured=True),
    ]


@pytest.mark.parametrize(
    ("head", "row", "read_as"),
    [
        ("门牌,人员类别,是否参保", "3号院,低保,否", ("3号院", "3号院", "")),
        ("户号,人员类别", "3号院,低保", ("3号院", "3号院", "")),
        ("户号,姓名,人员类别", "3号院,甲,低保", ("3号院", "甲", "")),
        ("序号,村组,小名,人员类别", "1,东头,二狗,低保", ("二狗", "二狗", "")),
        ("人员编号,姓名,人员类别", "00123,甲,低保", ("00123", "00123", "甲")),
    ],
    ids=["a door", "households alone", "name in a household", "nickname", "number and name"],
)
def test_any_column_that_tells_people_apart_will_do(
    knowledge: Knowledge, due: PremiumAnswer, head: str, row: str, read_as: tuple[str, str, str]
) -> None:
    """Without a column of households each person is one; GB18030 is read like UTF-8."""
    for encoding in ("utf-8", "gb18030"):
        [one] = read(knowledge, f"{head}\n{row}\n".encode(encoding), ".csv", due)[1]
        assert isinstance(one, Enrollee)
        assert (one.home, one.person, one.name, one.category, one.insured) == (*read_as, LOW, False)


def test_rows_that_do_not_tell_are_named_and_nothing_is_taken_for_granted(
    enrolments: Enrolments, knowledge: Knowledge, due: PremiumAnswer
) -> None:
    """An empty cell is wrong as well as one that nobody understands; so are another place, a category of no rule, a person twice."""
    text = """户号,姓名,人员类别,是否参保,参保地
1,甲,低保,否,亳州
1,,低保,否,亳州
,乙,低保,否,亳州
1,丙,,否,亳州
1,丁,发财户,否,亳州
1,戊,困境儿童,否,亳州
1,己,低保,,亳州
1,庚,低保,也许,亳州
1,辛,低保,否,濮阳
1,甲,低保,否,亳州
2,甲,特困,否,
"""
    brought, rows = read(knowledge, text.encode(), ".csv", due)
    number = enrolments.bring(brought, rows)
    assert [(each.row, each.why) for each in enrolments.unread(number, 50)] == [
        (3, "no_person"),
        (4, "no_home"),
        (5, "no_category"),
        (6, "category"),
        (7, "not_covered"),
        (8, "no_insured"),
        (9, "insured"),
        (10, "place"),
        (11, "twice"),
    ]
    assert [(each.home, each.person) for each in enrolments.people(number)] == [("1", "甲"), ("2", "甲")]
    assert [(each.people, each.unread) for each in enrolments.all()] == [(2, 9)]


@pytest.mark.parametrize("data", ["姓名,是否参保\n甲,否\n", "人员类别,是否参保\n低保,否\n"], ids=["no category", "nobody"])
def test_what_is_no_such_list_is_refused(knowledge: Knowledge, due: PremiumAnswer, data: str) -> None:
    """With the columns that are missing."""
    with pytest.raises(ListError, match="两列"):
        read(knowledge, data.encode(), ".csv", due)


def test_a_list_of_nobody_is_not_kept(enrolments: Enrolments) -> None:
    """Nor is one whose reading fails on the way: there is nothing of it afterwards."""

    def broken() -> Iterator[Enrollee | Unread]:
        yield Enrollee(2, "1", "甲", "", LOW, insured=False)
        raise ListError("读不下去")

    with pytest.raises(NobodyError) as error:
        enrolments.bring(LIST, [Unread(2, "category")])
    assert error.value.unread == [Unread(2, "category")]
    with pytest.raises(ListError):
        enrolments.bring(LIST, broken())
    assert enrolments.all() == []
    assert list(enrolments.people(1)) == list(enrolments.people(2)) == []


@pytest.mark.parametrize(
    ("year", "own"),
    [
        (2025, {EXTREME: 0, LOW: 40_00, BACK: 100_00, WATCHED: 200_00, ORDINARY: 400_00}),
        (2022, {EXTREME: 0, LOW: 32_00, BACK: 80_00, WATCHED: 160_00, ORDINARY: 320_00}),
    ],
)
def test_a_household_pays_what_its_people_pay(enrolments: Enrolments, knowledge: Knowledge, year: int, own: dict[str, int]) -> None:
    """By hand from the premium of the year and the four shares; whoever is insured pays nothing more."""
    shares = {share.category: share for share in premium_of_each("anhui-bozhou", year, knowledge.shelf, TODAY).shares}
    rows = [Enrollee(row, "1", key, "", key, insured=False) for row, key in enumerate(own, start=2)]
    number = enrolments.bring(LIST, [*rows, Enrollee(99, "1", "在保", "", ORDINARY, insured=True)])
    [home] = enrolments.homes(number, shares, 10)
    assert (home.open, home.own, home.low) == (5, sum(own.values()), sum(own.values()))
    assert home.premium == 5 * own[ORDINARY] == home.subsidy + home.own
    assert {member.category: shares[member.category].own for member in home.members} == own


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from([EXTREME, LOW, BACK, WATCHED, ORDINARY]), st.booleans(), st.booleans())))
def test_premium_is_subsidy_and_own_share_for_every_sum(
    tmp_path: Any, shares: dict[str, Share], told: list[tuple[int, str, bool, bool]]
) -> None:
    """Of every person, household and total; the sums of the households are those of the list, and those of their people."""
    enrolments = Enrolments(Book(Room(tmp_path), Desk(1, "李庄", 1, "")))
    rows = [Enrollee(row, str(home), str(row), "", category, insured=insured) for row, (home, category, insured, _) in enumerate(told)]
    if not rows:
        return
    number = enrolments.bring(LIST, rows)
    for row, (_, _, insured, joins) in enumerate(told):
        assert enrolments.mark(number, row, "joined", "2026-11-01") is not insured if joins else True
    homes = enrolments.homes(number, shares, 100)
    still = [(home, shares[category]) for home, category, insured, joins in told if not insured and not joins]
    for home in homes:
        own = [share for at, share in still if str(at) == home.home]
        assert home.premium == home.subsidy + home.own == sum(share.premium for share in own)
        assert (home.open, home.own, home.low) == (len(own), sum(share.own for share in own), sum(share.low for share in own))
    assert sum(home.own for home in homes) == sum(share.own for _, share in still)
    assert [home.open for home in homes] == sorted((home.open for home in homes), reverse=True)
    counts = enrolments.counts(number)
    assert sum(count.insured + count.joined + count.open for count in counts) == len(told)
    assert sum(count.open * shares[count.category].premium for count in counts) == sum(home.premium for home in homes)


def test_an_identity_card_is_one_person_in_whatever_household(enrolments: Enrolments, shares: dict[str, Share]) -> None:
    """Of a family that was parted somebody stands twice: they pay once, 400 for 2025. A name may be two people's."""
    people = [("3号院", "34120119800101001X"), ("7号院", "34120119800101001X"), ("3号院", "王强"), ("7号院", "王强")]
    rows = [Enrollee(row, home, person, "", ORDINARY, insured=False) for row, (home, person) in enumerate(people, start=2)]
    number = enrolments.bring(LIST, rows)
    assert enrolments.counts(number) == [Count(ORDINARY, insured=0, joined=0, open=3)]
    assert {home.home: home.own for home in enrolments.homes(number, shares, 9)} == {"3号院": 800_00, "7号院": 400_00}
    assert enrolments.unread(number, 9) == [Unread(3, "twice")]


def test_a_long_list_is_paged_and_summed_where_it_is(enrolments: Enrolments, shares: dict[str, Share]) -> None:
    """More rows than are written at once; pages hold what was asked for, and of a crowd in one household the first."""
    crowd = (Enrollee(row, "院", f"人{row}", "", LOW, insured=False) for row in range(20_000, 20_100))
    rows = (Enrollee(row, f"户{row // 2}", f"人{row}", "", ORDINARY, insured=False) for row in range(12_000))
    number = enrolments.bring(LIST, (each for some in (rows, crowd) for each in some))
    assert enrolments.counts(number) == [Count(ORDINARY, 0, 0, 12_000), Count(LOW, 0, 0, 100)]
    assert enrolments.homes_count(number) == 6_001
    first, second = enrolments.homes(number, shares, 2)
    assert (first.home, first.own, len(first.members), first.more) == ("院", 100 * 40_00, 40, 60)
    assert (second.home, second.own, second.more) == ("户0", 800_00, 0)
    assert [home.home for home in enrolments.homes(number, shares, 2, 6_000, as_listed=True)] == ["院"]
    assert sum(1 for _ in enrolments.people(number)) == 12_100


def test_what_was_done_stands_beside_a_person(enrolments: Enrolments, shares: dict[str, Share]) -> None:
    """With the day and who; somebody who is enrolled now pays no more, a wrong mark is taken back, all of it stands in the trail."""
    number = enrolments.bring(LIST, [Enrollee(2, "1", "甲", "", LOW, insured=False), Enrollee(3, "1", "乙", "", LOW, insured=True)])
    assert enrolments.mark(number, 2, "reminded", "2026-11-01")
    assert enrolments.mark(number, 2, "joined", "2026-11-20")
    assert not enrolments.mark(number, 3, "joined", "2026-11-20")
    assert not enrolments.mark(number, 9, "joined", "2026-11-20")
    [home] = enrolments.homes(number, shares, 10)
    [member] = home.members
    assert (member.reminded, member.reminded_by, member.joined, member.joined_by) == ("2026-11-01", "张三", "2026-11-20", "张三")
    assert (home.open, home.own) == (0, 0)
    assert enrolments.homes(number, shares, 10, as_listed=True) == []
    assert enrolments.mark(number, 2, "cleared", "2026-11-21")
    assert [(home.open, home.own) for home in enrolments.homes(number, shares, 10)] == [(1, 40_00)]
    trail = [(trace.did, trace.about) for trace in enrolments._book.trail()]
    assert trail == [
        ("enrol.brought", "李庄"),
        ("enrol.reminded", f"{number}/2"),
        ("enrol.joined", f"{number}/2"),
        ("enrol.cleared", f"{number}/2"),
    ]


def words(pdf: bytes) -> str:
    """All words of a PDF, without spaces and line ends."""
    return re.sub(r"\s", "", "".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(pdf)))


def slips(knowledge: Knowledge, due: PremiumAnswer, homes: list[Home], lang: str = "zh_CN", made: date = COLLECTED) -> bytes:
    """The reminders of some households."""
    return reminders_pdf(knowledge.voice(lang), due, homes, made)


def test_a_reminder_tells_what_to_pay_and_where(
    enrolments: Enrolments, knowledge: Knowledge, due: PremiumAnswer, shares: dict[str, Share]
) -> None:
    """Who, how much, what the government pays, what is left, whom to call, how firm it is, and that the last day is not known."""
    rows = [("3号院", "李大爷", EXTREME), ("3号院", "李小二", LOW), ("5号院", "孙老太", EXTREME)]
    number = enrolments.bring(LIST, [Enrollee(row, home, name, "", key, insured=False) for row, (home, name, key) in enumerate(rows, 2)])
    said = words(slips(knowledge, due, enrolments.homes(number, shares, 10, as_listed=True)))
    for part in (
        "3号院",
        "李大爷",
        "李小二",
        "800元",
        "760元",
        "自己一共交40元",
        "2025年",
        "12393",
        "还没和亳州核实",
        "没有准数",
        "2024年11月24日",
    ):
        assert part in said
    assert "5号院" in said
    assert said.count("不用自己交，政府全帮交") == 1
    assert [word for word in ("特困", "低保") if word in said] == []


def test_a_subsidy_that_nobody_knows_is_no_amount(enrolments: Enrolments, knowledge: Knowledge) -> None:
    """In 濮阳 the shares are not known: at most the whole premium is told, and to ask first."""
    due = premium_of_each("henan-puyang", 2024, knowledge.shelf, TODAY)
    known = {share.category: share for share in due.shares}
    number = enrolments.bring(LIST, [Enrollee(2, "1", "甲", "", LOW, insured=False), Enrollee(3, "1", "乙", "", ORDINARY, insured=False)])
    homes = enrolments.homes(number, known, 10)
    assert [(home.premium, home.subsidy, home.own, home.low) for home in homes] == [(760_00, 0, 760_00, 380_00)]
    said = words(slips(knowledge, due, homes, made=date(2023, 12, 1)))
    assert "自己最多一共交760元" in said
    assert "先问清再交" in said
    assert "至少0元" not in said


@pytest.mark.parametrize(
    ("made", "is_due"),
    [
        (date(2024, 12, 31), True),
        (date(2025, 1, 1), True),
        (date(2025, 6, 30), True),
        (date(2025, 7, 1), False),
        (date(2025, 12, 31), False),
        (date(2026, 1, 1), False),
        (date(2026, 11, 30), False),
    ],
    ids=str,
)
def test_nobody_is_told_to_pay_for_a_year_that_is_no_more_collected(
    enrolments: Enrolments, knowledge: Knowledge, due: PremiumAnswer, shares: dict[str, Share], made: date, *, is_due: bool
) -> None:
    """Every second half year the coming year is collected: the figures of 2025 are then only to compare, with their year, and the slip
    reminds of enrolling and says whom to ask.
    """
    number = enrolments.bring(LIST, [Enrollee(2, "3号院", "王婶", "", ORDINARY, insured=False)])
    said = words(slips(knowledge, due, enrolments.homes(number, shares, 10), made=made))
    assert ("提醒您参加2025年的居民医保" in said) is is_due
    assert ("提醒您参加居民医保" in said) is not is_due
    assert ("这次要交多少，请打12393问。" in said) is not is_due
    assert ("2025年的数只作参考：自己一共交400元。" in said) is not is_due
    assert said.count("自己一共交400元") == 1
    assert said.count("2025年自己交") == (0 if is_due else 1)


def test_a_slip_of_a_past_year_promises_nobody_that_all_is_paid(
    enrolments: Enrolments, knowledge: Knowledge, due: PremiumAnswer, shares: dict[str, Share]
) -> None:
    """特困 paid nothing in 2025; whether that holds this time is to be asked."""
    number = enrolments.bring(LIST, [Enrollee(2, "3号院", "李大爷", "", EXTREME, insured=False)])
    for lang, ask in (("zh_CN", "这次要交多少，请打12393问"), ("zh_Hant", "這次要交多少，請打12393問"), ("en", "pleaseaskat12393")):
        said = words(slips(knowledge, due, enrolments.homes(number, shares, 10), lang, made=TODAY))
        assert ask in said
        assert "2025" in said


def test_reminders_of_many_and_of_odd_names_are_set(
    enrolments: Enrolments, knowledge: Knowledge, due: PremiumAnswer, shares: dict[str, Share]
) -> None:
    """Names that look like markup stay names, letters the font has not do no harm, and a crowd goes on on the next page."""
    odd = ['#panic("x")', "*粗* _斜_ $x$ \\ [a] @b <c>", "=1+1", "\u200bа𠮷😀", "长" * 200]
    rows = [Enrollee(row, name, name, "", LOW, insured=False) for row, name in enumerate(odd)]
    rows += [Enrollee(row, "院", f"人{row}", "", LOW, insured=False) for row in range(100, 160)]
    number = enrolments.bring(LIST, rows)
    for lang in ("zh_CN", "zh_Hant", "en"):
        pdf = slips(knowledge, due, enrolments.homes(number, shares, 100, as_listed=True), lang)
        assert {tuple(round(side) for side in page.get_size()) for page in pypdfium2.PdfDocument(pdf)} == {(595, 842)}
        assert '#panic("x")' in words(pdf)


def test_no_cell_of_a_file_is_a_formula() -> None:
    """Text is text in both kinds, amounts are numbers to the fen, and nothing stays empty."""
    rows = [["=1+1", 1_234_567_89], ["@x", None], ["-1", 5]]
    text = list_file(["=名", "钱"], rows, [1], "csv").decode("utf-8-sig")
    assert text.splitlines() == ["'=名,钱", "'=1+1,1234567.89", "'@x,", "'-1,0.05"]
    sheet = openpyxl.load_workbook(io.BytesIO(list_file(["=名", "钱"], rows, [1], "xlsx"))).active
    cells = [[(cell.value, cell.data_type) for cell in row] for row in sheet.iter_rows()]
    assert cells[1] == [("=1+1", "s"), (1234567.89, "n")]
    assert {kind for row in cells for _, kind in row} == {"s", "n"}


def bring(somebody: Person, pasted: str, **fields: str) -> tuple[int, str, str]:
    """Send the form for a list."""
    return somebody.bring(path="/desk/enrolment", **({"name": "李庄", "place": "anhui-bozhou", "year": "", "pasted": pasted} | fields))


def plain(page: str) -> str:
    """The words of a page."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_a_list_on_the_page(person: Person) -> None:
    """Totals, categories, households with most people first, basis and year: each amount by hand, and the newest year is said to be it."""
    status, where, page = bring(person, PASTED)
    assert status == 303, page
    page = person.get(where)
    said = plain(page)
    told = "下面都是 2025 年的数，只作参考。这次要交多少，这里还没有数，请打 12393 问。"
    assert told in said
    assert said.index(told) < said.index("名单上 6 人")
    assert "<details" not in page[: page.index("只作参考")]
    assert "名单上 6 人：参保的 1 人，后来记上参保的 0 人，还没参保的 5 人。" in said
    assert "一共要交 2,000 元：政府帮交 1,260 元，自己交 740 元。" in said
    assert "参保没参保，看的是“是否参保”那一列。" in said
    assert "按我手里最新的 2025 年算，往后的数还没有。" in said
    assert "还没和亳州核实" in said
    order = [
        said.index(words)
        for words in ("7号院： 2 人没参保，自己交 600 元", "3号院： 2 人没参保，自己交 40 元", "9号院： 1 人没参保，自己交 100 元")
    ]
    assert order == sorted(order)
    assert "李大爷 特困 400 元 400 元 不用自己交" in said
    assert "王强" not in said
    assert "李庄" in person.get("/desk/enrolment")


@pytest.mark.parametrize(
    ("today", "told"),
    [
        (date(2025, 2, 1), "下面都是 2024 年的数，只作参考。现在该按 2025 年的算，请选 2025 年，再放一遍名单。"),
        (date(2026, 2, 1), "下面都是 2024 年的数，只作参考。这次要交多少，这里还没有数，请打 12393 问。"),
        (date(2024, 2, 1), ""),
    ],
    ids=str,
)
def test_a_list_of_an_older_year_is_sent_to_the_newer_one(knowledge: Knowledge, today: date, told: str) -> None:
    """Where the year that is collected is held, the list is to be brought again for it; else somebody has to be asked."""
    request: Any = SimpleNamespace(app={ASSISTANT: SimpleNamespace(knowledge=knowledge, today=lambda: today)})
    enrolment = Enrolment("李庄", "anhui-bozhou", 2024, "", "", number=1, at="", who="", people=1, unread=0)
    assert _past(request, knowledge.voice("zh_CN"), enrolment) == told


def test_a_list_without_those_columns_says_so(person: Person) -> None:
    """Everybody counts as not insured, and each person as a household."""
    _, where, _ = bring(person, "姓名\t人员类别\n甲\t低保\n乙\t普通居民\n", year="2022")
    said = plain(person.get(where))
    assert "所有人都当没参保算" in said
    assert "每个人单独算一户" in said
    assert "按 2022 年交的钱算。" in said
    assert "一共要交 640 元：政府帮交 288 元，自己交 352 元。" in said


def test_a_subsidy_that_nobody_knows_is_said_to_be_so(person: Person) -> None:
    """On the page as on paper: no amount of it, and at most the whole premium."""
    _, where, _ = bring(person, "姓名\t人员类别\n甲\t低保\n乙\t普通居民\n", place="henan-puyang", year="2024")
    said = plain(person.get(where))
    assert "一共要交 760 元。政府帮交多少没有准数，自己交最多 760 元。" in said
    assert "甲 低保 380 元 没有准数 最多 380 元" in said
    assert "乙 普通居民 380 元 0 元 380 元" in said


def test_what_cannot_be_read_is_told_and_stays_in_the_form(person: Person) -> None:
    """No place, no such year, a wrong column, nobody at all: each with what to do."""
    for pasted, fields, told in (
        (PASTED, {"place": ""}, "请选在哪里参保"),
        (PASTED, {"place": "henan-puyang", "year": "2025"}, "濮阳 2025 年交多少，我这里还没有数"),
        (PASTED, {"place": "beijing"}, "我这里还没有数"),
        ("李大爷\t乙\n1\t2\n", {}, "请补上再传"),
        ("姓名\t人员类别\n李大爷\t发财户\n", {}, "第 2 行：人员类别没看懂。"),
    ):
        status, _, page = bring(person, pasted, **fields)
        assert (status, told in page, "李大爷" in page) == (422, True, True), plain(page)
    status, _, page = bring(person, "")
    assert (status, "请选一个文件" in page) == (422, True)
    assert bring(person, PASTED, year="abcd")[0] == 422


def mark(somebody: Person, where: str, row: int, what: str) -> tuple[int, str]:
    """Press a button beside a person: status, and where it leads."""
    sent = urlencode({"mark": what, "page": "1"}).encode()
    status, headers, _ = somebody.ask("POST", f"{where}/{row}", sent, Content_Type="application/x-www-form-urlencoded")
    return status, headers.get("Location", "")


def test_marks_on_the_page(person: Person) -> None:
    """One press each; the sums follow, the trail tells it without a name, and only people of the list can be marked."""
    _, where, _ = bring(person, PASTED)
    assert mark(person, where, 4, "reminded") == (303, f"{where}?page=1#row-4")
    assert mark(person, where, 4, "joined")[0] == 303
    said = plain(person.get(where))
    assert "后来记上参保的 1 人，还没参保的 4 人" in said
    assert "自己交 340 元。" in said
    assert "提醒过 张三" in said
    assert mark(person, where, 4, "cleared")[0] == 303
    assert "还没参保的 5 人" in plain(person.get(where))
    assert [mark(person, where, row, what)[0] for row, what in ((99, "joined"), (5, "joined"), (4, "whatever"))] == [404, 404, 422]
    trail = plain(person.get("/desk/trail"))
    assert "记了已提醒" in trail
    assert "王婶" not in trail


def test_files_of_a_list(person: Person) -> None:
    """All people, also the insured; amounts to the fen for those who are not; reminders in the order of the list; odd names are names."""
    _, where, _ = bring(person, PASTED.replace("李大爷", "=HYPERLINK(1)").replace("赵七", "<b>赵七</b>"))
    status, headers, data = person.ask("GET", f"{where}.csv")
    lines = data.decode("utf-8-sig").splitlines()
    assert (status, headers["Cache-Control"], len(lines)) == (200, "no-store", 7)
    assert lines[0].split(",")[6:10] == ["2025 年要交", "2025 年政府至少帮交", "2025 年自己最多交", "2025 年自己最少交"]
    assert lines[1] == "2,3号院,'=HYPERLINK(1),,特困,否,400.00,400.00,0.00,0.00,,"
    assert lines[4] == "5,7号院,王强,,普通居民,是,,,,,,"
    sheet = openpyxl.load_workbook(io.BytesIO(person.ask("GET", f"{where}.xlsx")[2])).active
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n"}
    page = person.get(where)
    assert "<b>赵七" not in page
    assert "&lt;b&gt;赵七" in page
    status, headers, pdf = person.ask("GET", f"{where}/reminders-1.pdf")
    assert (status, headers["Content-Type"], headers["Cache-Control"]) == (200, "application/pdf", "no-store")
    said = words(pdf)
    assert said.index("3号院") < said.index("7号院") < said.index("9号院")
    assert person.ask("GET", f"{where}/reminders-2.pdf")[0] == 404


def test_no_desk_sees_another_s_list(person: Person, desks: tuple[str, str]) -> None:
    """Neither listed nor by number, as no file, not to be marked and not to be deleted."""
    _, where, _ = bring(person, PASTED, name="NUR-LI")
    other = Person(person.server)
    assert other.open(desks[1]) == 303
    assert [other.ask("GET", f"{where}{end}")[0] for end in ("", ".csv", ".xlsx", "/reminders-1.pdf")] == [404] * 4
    assert mark(other, where, 2, "joined")[0] == 404
    assert other.ask("POST", f"{where}/forget")[0] == 404
    assert "NUR-LI" not in other.get("/desk/enrolment")
    stranger = Person(person.server)
    assert 'name="key"' in stranger.get(where)


def test_a_list_can_be_forgotten_and_nothing_is_logged(person: Person) -> None:
    """What is deleted is gone from the desk's file; no name, household or category ever stood in the log."""
    _, where, _ = bring(person, PASTED.replace("李大爷", "独此一人甲"), name="保密的")
    assert "独此一人甲" in person.get(where)
    assert person.ask("POST", f"{where}/forget")[0] == 303
    assert person.ask("GET", where)[0] == 404
    assert person.ask("POST", f"{where}/forget")[0] == 404
    kept = b"".join(path.read_bytes() for path in (person.server.data_dir / "desks").glob("desk-*.sqlite3*"))
    assert "独此一人甲".encode() not in kept
    log = (person.server.data_dir / "server.log").read_text()
    assert [word for word in ("保密的", "号院", "低保", "独此") if word in log] == []


def test_pages_beyond_the_end_are_the_last(person: Person) -> None:
    """Sixty households stand on two pages; a page that is none is the first."""
    rows = "".join(f"{at}号\t人{at}\t低保\t否\n" for at in range(60))
    _, where, _ = bring(person, "户号\t姓名\t人员类别\t是否参保\n" + rows)
    for query, home, told in (
        ("", "人0 ", "第 1 页"),
        ("?page=2", "人59 ", "第 2 页"),
        ("?page=99", "人59 ", "第 2 页"),
        ("?page=x", "人0 ", "第 1 页"),
    ):
        said = plain(person.get(where + query))
        assert home in said
        assert told in said


def test_hostile_cells_do_no_harm(person: Person) -> None:
    """Markup, endless names and right-to-left tricks come back as text, on the page, in the files and on paper."""
    odd = ["<script>alert(1)</script>", "长" * 500, "\u202eolleh", "'; DROP TABLE enrolled; --", "{{ 7*7 }}", "%s {0}"]
    rows = "".join(f'"{name}"\t低保\t否\n' for name in odd)
    status, where, page = bring(person, f"姓名\t人员类别\t是否参保\n{rows}")
    assert status == 303
    page = person.get(where)
    assert "<script>alert" not in page
    assert "{{7*7}}" in page
    assert "还没参保的 6 人" in page
    assert [person.ask("GET", f"{where}{end}")[0] for end in (".csv", ".xlsx", "/reminders-1.pdf")] == [200] * 3


def test_a_list_of_a_place_whose_rules_were_taken_away_is_told(person: Person, desks: tuple[str, str]) -> None:
    """Its page and its files say so, and it can still be thrown away."""
    desk = Keys(Room(person.server.data_dir)).known(desks[0])
    assert desk is not None
    kept = Enrolments(Book(Room(person.server.data_dir), desk))
    number = kept.bring(Brought("旧的", "nowhere", 2025, "", ""), [Enrollee(2, "3号院", "3号院", "", "ordinary", False)])
    for end in ("", ".csv", "/reminders-1.pdf"):
        status, _, page = person.ask("GET", f"/desk/enrolment/{number}{end}")
        assert (status, "没有这一版规定" in page.decode()) == (404, True), page.decode()
    assert person.ask("POST", f"/desk/enrolment/{number}/forget")[0] == 303
