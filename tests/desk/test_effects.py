"""What a register changes for a list: whose category is another there, settled again with all their bills of the year, to the fen."""

from bot.desk import Book, Imports, Registers, Rosters
from bot.knowledge import Knowledge
from bot.lists import Brought, bring
from bot.lists.effects import Effect, Effects, effects_of
from tests.desk.conftest import Person, written
from tests.desk.test_registers import BACK, LOW, WATCHED

HEAD = "身份证号,人员类别,医院级别,出院日期,总费用,自费金额\n"
#: By hand from FACTS. 20,000 at county level leave an ordinary resident 4,400.00, low-income 1,100.00, monitored 3,840.00, back in poverty
#: 2,370.00. Twice in a year, low-income: 8,800 left by basic, critical illness 65% of 2,800: 1,820, medical aid 75% of 6,980: 5,235; 1,745.
ROWS = (
    "A1,普通居民,县医院,2024-01-05,20000,0\nB2,低保,县医院,2024-02-05,20000,0\n"
    "C3,普通居民,县医院,2024-01-05,20000,0\nC3,普通居民,县医院,2024-02-05,20000,0\nD4,普通居民,县医院,2024-02-05,20000,0\n"
)


def effects(book: Book, knowledge: Knowledge, number: int, rows: str = ROWS, place: str = "anhui-bozhou") -> Effects:
    """What a register changes for a list of these rows."""
    folder = book.work() / "one"
    folder.mkdir()
    (folder / "in.csv").write_text(HEAD + rows)
    coming = Imports(book).begin("roster", "名单")
    bring(book, Brought(coming, "roster", "名单", folder / "in.csv", "zh_CN", place), knowledge)
    rosters = Rosters(book)
    [head, *_] = rosters.heads()
    roster = rosters.roster(head.number)
    assert roster is not None
    return effects_of(number, "2026-11-01", roster, rosters, Registers(book), knowledge, knowledge.voice("zh_CN"), book.work())


def test_who_is_new_in_a_register_pays_less(book: Book, knowledge: Knowledge) -> None:
    """Each as by a single question: 4,400 become 1,100; two stays of a year are settled one after the other."""
    number = written(Registers(book), "civil", "2026-11-01", {"A1": LOW, "B2": LOW, "C3": LOW, "X9": LOW})
    told = effects(book, knowledge, number)
    assert told.people == [
        Effect("C3", "ordinary", LOW, 8_800_00, 1_745_00),
        Effect("A1", "ordinary", LOW, 4_400_00, 1_100_00),
    ]
    assert (told.found, told.cut, told.less, told.more) == (3, False, 10_355_00, 0)


def test_who_is_gone_is_taken_as_an_ordinary_resident(book: Book, knowledge: Knowledge) -> None:
    """And pays more, as far as the registers tell."""
    registers = Registers(book)
    written(registers, "civil", "2026-10-01", {"B2": LOW})
    number = written(registers, "civil", "2026-11-01", {"Z1": LOW})
    told = effects(book, knowledge, number)
    assert told.people == [Effect("B2", LOW, "ordinary", 1_100_00, 4_400_00)]
    assert (told.less, told.more) == (0, 3_300_00)


def test_of_two_offices_that_with_less_to_pay_counts(book: Book, knowledge: Knowledge) -> None:
    """Also where the other office's list came before; one that was undone does not count, nor one of a later day."""
    registers = Registers(book)
    written(registers, "civil", "2026-10-01", {"A1": LOW})
    registers.undo(written(registers, "civil", "2026-10-15", {"D4": LOW}))
    written(registers, "civil", "2026-12-01", {"D4": LOW})
    number = written(registers, "rural", "2026-11-01", {"A1": WATCHED, "D4": BACK})
    told = effects(book, knowledge, number)
    assert told.people == [
        Effect("A1", "ordinary", LOW, 4_400_00, 1_100_00),
        Effect("D4", "ordinary", BACK, 4_400_00, 2_370_00),
    ]


def test_a_category_that_the_rules_do_not_know_is_told(book: Book, knowledge: Knowledge) -> None:
    """Nothing is computed then, and nothing is left out."""
    number = written(Registers(book), "rural", "2026-11-01", {"A1": "registered_poor"})
    assert effects(book, knowledge, number).people == [Effect("A1", "ordinary", "registered_poor", 4_400_00, None)]


def test_a_layer_that_nobody_can_compute_leaves_a_bound(book: Book, knowledge: Knowledge) -> None:
    """濮阳 2022 has medical aid without a figure: who is low-income now pays at most that, and who is gone paid at most that before.

    By hand from FACTS C1 and D: county, 20,000: 63% of 1,100 and 83% of 18,500 are 16,048; of 90,000 it is 74,148, and critical illness
    pays 60% of 4,852 to an ordinary resident, 65% of 10,352 to one in low income.
    """
    registers = Registers(book)
    written(registers, "civil", "2026-10-01", {"C3": LOW})
    number = written(registers, "civil", "2026-11-01", {"A1": LOW, "B2": LOW})
    rows = "A1,普通居民,县级,2022-06-05,20000,0\nB2,普通居民,县级,2022-06-05,90000,0\nC3,低保,县级,2022-06-05,20000,0\n"
    told = effects(book, knowledge, number, rows, "henan-puyang")
    assert told.people == [
        Effect("A1", "ordinary", LOW, 3_952_00, 3_952_00, most_after=True),
        Effect("B2", "ordinary", LOW, 12_940_80, 9_123_20, most_after=True),
        Effect("C3", LOW, "ordinary", 3_952_00, 3_952_00, most_before=True),
    ]
    assert (told.less, told.more) == (0, 0)


def test_the_page_tells_it(person: Person) -> None:
    """By how much, for whom; of another list when that is asked for; of a register that is not there nothing."""
    assert person.bring(name="三月", place="anhui-bozhou", pasted=(HEAD + ROWS).replace(",", "\t"))[0] == 303
    status, where, page = person.bring(path="/desk/registers", kind="civil", day="2026-11-05", pasted="身份证号\t人员类别\nA1\t低保\n")
    assert status == 303, page
    assert f"{where}/effects" in person.get(where)
    page = person.get(f"{where}/effects")
    assert "少付 3,300 元" in page
    assert "结果会变的有 1 人" in page
    assert "台账日期以前的也在里面" in page
    assert "比不了" in person.get(f"{where}/effects?list=999")
    assert person.ask("GET", "/desk/registers/999/effects")[0] == 404


def test_who_is_concerned_is_called_by_name(person: Person) -> None:
    """As the list has it, with the number that tells people apart."""
    rows = "王芳\tA1\t普通居民\t县医院\t2024-01-05\t20000\t0\n"
    assert person.bring(name="四月", place="anhui-bozhou", pasted="姓名\t" + HEAD.replace(",", "\t") + rows)[0] == 303
    _, where, _ = person.bring(path="/desk/registers", kind="civil", day="2026-11-06", pasted="身份证号\t人员类别\nA1\t特困\n")
    assert '王芳<br><span class="soft">A1</span>' in person.get(f"{where}/effects")


def test_a_register_that_was_undone_says_so(person: Person) -> None:
    """It changes nobody's bills any more, and no table of other registers stands there instead: B2 is in none of them."""
    assert person.bring(name="五月", place="anhui-bozhou", pasted=(HEAD + ROWS).replace(",", "\t"))[0] == 303
    _, where, _ = person.bring(path="/desk/registers", kind="civil", day="2026-11-07", pasted="身份证号\t人员类别\nA1\t低保\nB2\t低保\n")
    assert "已经撤回" not in person.get(f"{where}/effects")
    assert person.ask("POST", f"{where}/undo")[0] == 303
    for path in (f"{where}/effects", f"{where}/effects?list=999"):
        page = person.get(path)
        assert "这份台账已经撤回，不算数。谁的报销都不会因为它变。" in page
        assert "<table" not in page
