"""The monthly registers of two offices: who is new, gone or changed, who stands in both differently, and what was undone counts no more."""

import io

import openpyxl
import pytest

from bot.desk import Book, Change, Conflict, Imports, Registers, Rosters
from bot.knowledge import Knowledge
from bot.lists import Brought
from bot.lists import bring as bring_list
from tests.desk.conftest import Person, written

LOW, EXTREME, WATCHED, BACK = "subsistence_allowance", "extreme_poverty", "monitored", "back_in_poverty"


@pytest.fixture
def registers(book: Book) -> Registers:
    """The registers of a new desk."""
    return Registers(book)


def changes_of(registers: Registers, number: int) -> list[Change]:
    """All that a list changes, by person."""
    found = registers.changes(number)
    assert found is not None
    told = [*found.new, *found.gone, *found.changed]
    assert {"new": len(found.new), "gone": len(found.gone), "changed": len(found.changed)} == found.counts
    return sorted(told, key=lambda change: change.person)


def test_who_is_new_gone_and_changed_is_told(registers: Registers) -> None:
    """Against the list of the same office before; the first list is new as a whole."""
    first = written(registers, "civil", "2026-10-01", {"a": LOW, "b": LOW, "c": EXTREME})
    second = written(registers, "civil", "2026-11-01", {"a": LOW, "b": EXTREME, "d": LOW})
    assert changes_of(registers, first) == [Change("a", None, LOW), Change("b", None, LOW), Change("c", None, EXTREME)]
    assert changes_of(registers, second) == [Change("b", LOW, EXTREME), Change("c", EXTREME, None), Change("d", None, LOW)]
    assert registers.changes(99) is None


def test_lists_of_the_other_office_are_not_compared(registers: Registers) -> None:
    """Each has months of its own; who stands in both newest lists with different categories is a conflict."""
    written(registers, "civil", "2026-10-01", {"a": LOW, "b": LOW})
    number = written(registers, "rural", "2026-10-05", {"b": WATCHED, "e": BACK})
    assert changes_of(registers, number) == [Change("b", None, WATCHED), Change("e", None, BACK)]
    assert registers.conflicts() == ([Conflict("b", LOW, WATCHED)], 1)
    written(registers, "rural", "2026-11-05", {"e": BACK})
    assert registers.conflicts() == ([], 0)


def test_a_list_that_was_undone_counts_no_more_and_is_kept(registers: Registers) -> None:
    """The month after it is compared with the month before it; that it was there, and who undid it, stays."""
    written(registers, "civil", "2026-09-01", {"a": LOW})
    wrong = written(registers, "civil", "2026-10-01", {"x": LOW, "y": LOW})
    after = written(registers, "civil", "2026-11-01", {"a": LOW, "b": LOW})
    assert registers.undo(wrong)
    assert not registers.undo(wrong)
    assert changes_of(registers, after) == [Change("b", None, LOW)]
    assert [(each.day, each.people, each.undone) for each in registers.all()] == [
        ("2026-11-01", 2, False),
        ("2026-10-01", 2, True),
        ("2026-09-01", 1, False),
    ]
    assert [trace.did for trace in registers._book.trail()] == ["brought", "brought", "brought", "undone", "looked"]


def test_a_list_that_comes_late_stands_at_its_day(registers: Registers) -> None:
    """Brought after a newer one it is compared with what was before its own day; of one day the one that came last counts."""
    written(registers, "civil", "2026-09-01", {"a": LOW})
    written(registers, "civil", "2026-11-01", {"a": LOW, "c": LOW})
    late = written(registers, "civil", "2026-10-01", {"a": LOW, "b": LOW})
    assert changes_of(registers, late) == [Change("b", None, LOW)]
    again = written(registers, "civil", "2026-10-01", {"a": LOW})
    assert changes_of(registers, again) == [Change("b", LOW, None)]


def workbook() -> bytes:
    """A list as an office sends it: a title over merged cells, full-width digits, stray blanks, a row of sums."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["李庄村救助对象名单"])
    sheet.merge_cells("A1:D1")
    for row in (
        ["序号", "姓名", "身份证号", "救助类别"],
        [1, "甲", " ３４１２０１ ", "低保 "],
        [2, "乙", "341202", "特困"],
        ["合计", "2", "", ""],
    ):
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "ending", "people"),
    [
        (workbook(), ".xlsx", {"341201": LOW, "341202": EXTREME}),
        ("人员编号,人员类别\n１,低保\n2,特困\n".encode("gb18030"), ".csv", {"1": LOW, "2": EXTREME}),
        ("户号,人员类别\n3号院,监测户\n".encode(), ".csv", {"3号院": WATCHED}),
    ],
    ids=["of an office", "gb18030", "house numbers"],
)
def test_lists_are_read_as_offices_send_them(book: Book, knowledge: Knowledge, data: bytes, ending: str, people: dict[str, str]) -> None:
    """Titles, sums, full-width digits and blanks are seen through; who is who goes by a number, or by the only column that is left."""
    assert taken(book, knowledge, data, ending) == "done"
    changes = changes_of(Registers(book), 1)
    assert {each.person: each.after for each in changes} == people
    assert {each.name for each in changes} == ({"甲", "乙"} if ending == ".xlsx" else {""})


def taken(book: Book, knowledge: Knowledge, data: bytes, ending: str) -> str:
    """What comes of a file: done, or the reason why it is not taken."""
    folder = book.work() / "one"
    folder.mkdir()
    source = folder / f"in{ending}"
    source.write_bytes(data)
    number = Imports(book).begin("register", "名单")
    bring_list(book, Brought(number, "register", "名单", source, "zh_CN", office="civil", day="2026-10-01"), knowledge)
    assert not folder.exists()
    found = Imports(book).one(number)
    assert found is not None
    return found.said or found.state


def test_rows_that_do_not_tell_are_named(book: Book, knowledge: Knowledge) -> None:
    """Without a person, with a category that is none, and somebody twice in two categories: nothing is taken. Twice the same is once."""
    said = taken(book, knowledge, "人员编号,人员类别\n1,低保\n,低保\n2,发财户\n1,特困\n1,低保\n".encode(), ".csv")
    head, *rows, may_be = said.splitlines()
    assert "原来的台账没有动" in head
    assert rows == ["第 3 行：没写是谁。", "第 4 行：人员类别没看懂。", "第 5 行：这个人前面写过，类别不一样。"]
    assert may_be == "“人员类别”可以写：特困、低保、返贫致贫、监测户、稳定脱贫、建档立卡、困境儿童、低保边缘、因病致贫、普通居民。"
    assert "发财户" not in said
    assert Registers(book).all() == []
    assert taken(book, knowledge, "人员编号,人员类别\n1,低保\n1,低保\n".encode(), ".csv") == "done"


def test_somebody_twice_far_apart_is_named(book: Book, knowledge: Knowledge) -> None:
    """Also where ten thousand others stand between."""
    rows = [f"N{number},低保" for number in range(25_000)]
    data = "\n".join(["人员编号,人员类别", *rows, "N7,特困", "N8,低保"]).encode()
    assert taken(book, knowledge, data, ".csv").splitlines()[1:] == ["第 25002 行：这个人前面写过，类别不一样。"]


#: Cells of registers as offices write them, by what they mean.
CELLS = {
    LOW: ["农村低保A类", "城市低保", "低保（农村）", "低保(城市)", "A类低保", "农村低保 B类", "城乡低保对象"],
    EXTREME: ["分散供养", "集中供养", "特困分散供养", "特困人员（集中供养）", "农村特困", "农村五保户"],
    WATCHED: ["监测对象（边缘易致贫户）", "脱贫不稳定户", "突发严重困难户", "监测对象-突发严重困难户", "边缘易致贫户"],
    "low_income_margin": ["低保边缘家庭", "农村低保边缘户", "低收入家庭（城市）"],
    "lifted_out": ["稳定脱贫户", "脱贫户（农村）"],
}
#: Headers of registers, with the column of a person's number.
HEADERS = ["保障类别", "监测对象类别", "救助类别", "对象类别", "人员属性", "救助对象类别", "家庭类别", "保障类型"]


@pytest.mark.parametrize("head", HEADERS)
def test_categories_are_read_as_offices_write_them(book: Book, knowledge: Knowledge, head: str) -> None:
    """A class, town or country, and the way of support leave a category what it is; two words that mean the same are one."""
    cells = {f"P{number:02}": (cell, kind) for number, (cell, kind) in enumerate((cell, kind) for kind in CELLS for cell in CELLS[kind])}
    data = "\n".join([f"身份证号,{head}", *(f"{person},{cell}" for person, (cell, _) in cells.items())])
    assert taken(book, knowledge, data.encode(), ".csv") == "done"
    assert {each.person: each.after for each in changes_of(Registers(book), 1)} == {person: kind for person, (_, kind) in cells.items()}


@pytest.mark.parametrize(
    "cell",
    [
        "低保（边缘）",
        "低保（已停）",
        "特困（低保）",
        "低保、残疾",
        "非低保户",
        "原低保户",
        "农村人员",
        "城乡居民",
        "贫困户",
        "边缘户",
        "A类",
        "脱贫户（监测）",
    ],
)
def test_a_category_is_not_guessed(book: Book, knowledge: Knowledge, cell: str) -> None:
    """What says more than a category, denies one or means several is not taken for it."""
    said = taken(book, knowledge, f"人员编号,人员类别\n1,{cell}\n".encode(), ".csv")
    assert said.splitlines()[1] == "第 2 行：人员类别没看懂。"


@pytest.mark.parametrize("cell", ["脱贫不享受政策", "脱贫户（不享受政策）", "稳定脱贫不享受政策户"])
def test_whoever_left_poverty_without_policy_is_asked_about(book: Book, knowledge: Knowledge, cell: str) -> None:
    """Places may treat 稳定脱贫 and 普通居民 differently, and the words do not tell which of them it is."""
    said = taken(book, knowledge, f"人员编号,人员类别\n1,低保\n2,{cell}\n".encode(), ".csv")
    assert said.splitlines()[1:] == ["第 3 行：写的是不享受政策，分不清按哪一类算。请问清楚，写成“稳定脱贫”或者“普通居民”。"]


def test_two_columns_of_categories_have_to_agree(book: Book, knowledge: Knowledge) -> None:
    """Where both are understood and say other things nobody knows which counts; an empty one says nothing."""
    data = "人员编号,人员类别,救助类别\n1,低保,特困\n2,低保,城市低保\n3,低保,\n4,,低保\n"
    said = taken(book, knowledge, data.encode(), ".csv")
    assert said.splitlines()[1:] == ["第 2 行：有两列写类别，写得不一样。", "第 5 行：人员类别是空的。"]
    assert taken(book, knowledge, data.replace("1,低保,特困\n", "").replace("4,,低保\n", "").encode(), ".csv") == "done"


def test_nobody_is_gone_because_of_a_row_that_does_not_tell(book: Book, knowledge: Knowledge, registers: Registers) -> None:
    """A register is taken whole or not at all: the one before still counts. The first wrong rows are named, and how many there are."""
    written(registers, "civil", "2026-09-01", {"1": LOW, "2": LOW})
    said = taken(book, knowledge, "\n".join(["人员编号,人员类别", "1,低保", *(f"{at},怪" for at in range(2, 25))]).encode(), ".csv")
    assert len(said.splitlines()) == 1 + 10 + 2
    assert said.splitlines()[-2] == "还有 13 行也没看懂。"
    assert [each.day for each in registers.all()] == ["2026-09-01"]
    assert registers.categories(["2"], "2026-10-01") == {"2": {"civil": LOW}}


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("姓名,身份证号,备注", "名单里少了这几列：人员类别。现有的列：姓名、身份证号、备注。请补上再传。"),
        ("村,组,人员类别", "名单里少了这几列：一列分得清是谁的，比如人员编号。现有的列：村、组、人员类别。请补上再传。"),
        (
            "姓名,监测对象的类别",
            "名单里少了这几列：人员类别。现有的列：姓名、监测对象的类别。请补上再传。“监测对象的类别”是不是“监测对象类别”？",
        ),
    ],
)
def test_a_lacking_column_is_named_with_those_that_are_there(book: Book, knowledge: Knowledge, header: str, said: str) -> None:
    """So that somebody sees which name was not understood."""
    assert taken(book, knowledge, f"{header}\n1,2\n".encode(), ".csv") == said


@pytest.mark.parametrize(
    "data", ["人员编号,总费用\n1,2\n", "人员类别\n低保\n", "人员编号,人员类别\n1,发财户\n"], ids=["no category", "nobody", "none known"]
)
def test_what_is_no_register_is_refused(book: Book, knowledge: Knowledge, data: str) -> None:
    """With what is missing."""
    assert "人员" in taken(book, knowledge, data.encode(), ".csv")
    assert Registers(book).all() == []


def bring(somebody: Person, kind: str, day: str, pasted: str) -> tuple[int, str, str]:
    """Send the form for a register."""
    return somebody.bring(path="/desk/registers", kind=kind, day=day, pasted=pasted)


def test_registers_on_the_page(person: Person) -> None:
    """Two months, another office: changes by name, a conflict, an undone list, the trail; a list with a wrong row is not taken."""
    head = "人员编号\t人员类别\n"
    status, where, page = bring(person, "civil", "2026-10-01", f"{head}P1\t低保\nP2\t低保\n")
    assert status == 303, page
    _, where, _ = bring(person, "civil", "2026-11-01", f"{head}P1\t特困\nP3\t低保\n")
    changes = person.get(where)
    assert "新增 1 人" in changes
    assert "P1：原来低保，现在特困" in changes
    assert "P2" in changes
    bring(person, "rural", "2026-11-02", f"{head}P3\t监测户\n")
    assert "P3：民政写的是低保，乡村振兴写的是监测" in person.get("/desk/registers")
    status, _, page = bring(person, "civil", "2026-12-01", f"{head}P1\t发财户\nP2\t低保\n")
    assert (status, "第 2 行：人员类别没看懂" in page, "P1\t发财户" in page or "P1,发财户" in page) == (422, True, True)
    assert bring(person, "civil", "不知道", f"{head}P1\t低保\n")[0] == 422
    assert bring(person, "谁的", "2026-12-01", f"{head}P1\t低保\n")[0] == 422
    assert person.ask("POST", f"{where}/undo")[0] == 303
    assert "已经撤回" in person.get("/desk/registers")
    trail = person.get("/desk/trail")
    assert "撤回了名单 民政的名单 2026-11-01" in trail
    assert "看了名单 民政的名单 2026-11-01" in trail


def test_people_are_called_by_name_and_told_apart_by_number(person: Person) -> None:
    """A name that changes its spelling changes nobody; who left is called as the list before has it; a name alone is no number."""
    head = "姓名\t身份证号\t人员类别\n"
    bring(person, "civil", "2023-10-01", f"{head}王芳\t341602195001010011\t低保\n李强\t341602195001010022\t低保\n")
    rows = "王方\t341602195001010011\t特困\n赵六\t341602195001010033\t低保\n"
    status, where, page = bring(person, "civil", "2023-11-01", head + rows)
    assert status == 303, page
    changes = person.get(where)
    assert "王方 341602195001010011：原来低保，现在特困" in changes
    assert "赵六 341602195001010033 低保" in changes
    assert "李强 341602195001010022 低保" in changes
    assert bring(person, "rural", "2099-11-01", f"{head}钱七\t341602195001010044\t监测户\n")[0] == 303
    assert bring(person, "civil", "2099-11-01", "身份证号\t人员类别\n341602195001010044\t低保\n")[0] == 303
    assert "钱七 341602195001010044：民政写的是低保，乡村振兴写的是监测" in person.get("/desk/registers")


def test_the_same_register_again_is_told_to_be_the_same(person: Person) -> None:
    """The same people in the same categories, in whatever order: said in words, without empty lists of changes."""
    head = "人员编号\t人员类别\n"
    where = [
        bring(person, "rural", day, f"{head}{rows}")[1]
        for day, rows in (
            ("2023-10-01", "S1\t监测户\nS2\t返贫致贫\n"),
            ("2023-11-01", "S2\t返贫致贫\nS1\t监测对象\n"),
            ("2023-11-02", "S2\t返贫致贫\nS1\t返贫致贫\n"),
        )
    ]
    said = ["和上一次的一样：人没有变，类别也没有变。" in person.get(each) for each in where]
    assert said == [False, True, False]
    assert ["新增" in person.get(each) for each in where] == [True, False, True]
    for each in where:
        assert person.ask("POST", f"{each}/undo")[0] == 303


def test_no_desk_sees_another_s_registers(person: Person, desks: tuple[str, str]) -> None:
    """Neither listed nor by number nor to be undone."""
    _, where, _ = bring(person, "rural", "2025-01-01", "人员编号\t人员类别\nNUR-LI\t监测户\n")
    other = Person(person.server)
    assert other.open(desks[1]) == 303
    assert other.ask("GET", where)[0] == 404
    assert other.ask("POST", f"{where}/undo")[0] == 404
    assert "NUR-LI" not in other.get("/desk/registers")


def test_registers_of_earlier_builds_still_count(book: Book, registers: Registers) -> None:
    """A file from before lists were written in parts and with names is read as it is; lists of bills kept whole are gone."""
    with book.opened() as kept:
        kept.execute("CREATE TABLE rosters (id INTEGER PRIMARY KEY, rows TEXT)")
        kept.execute(
            "CREATE TABLE registers (id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, day TEXT NOT NULL, "
            "at INTEGER NOT NULL, who TEXT NOT NULL, undone INTEGER)"
        )
        kept.execute("CREATE TABLE listed (register INTEGER NOT NULL, person TEXT NOT NULL, category TEXT NOT NULL)")
        kept.execute("INSERT INTO registers (kind, day, at, who) VALUES ('civil', '2026-09-01', 0, '张三')")
        kept.execute("INSERT INTO listed VALUES (1, 'a', ?)", (LOW,))
    number = registers.begin("civil", "2026-10-01")
    registers.write(number, {"a": EXTREME, "b": LOW}, {"a": "甲", "b": "乙"})
    registers.finish(number)
    assert changes_of(registers, number) == [Change("a", LOW, EXTREME, "甲"), Change("b", None, LOW, "乙")]
    assert Rosters(book).heads() == []
    with book.opened() as kept:
        assert kept.execute("SELECT name FROM sqlite_schema WHERE name = 'rosters'").fetchall() == []
