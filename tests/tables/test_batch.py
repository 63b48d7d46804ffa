"""`nengbao batch` from file to file: real tables of offices, every kind of file, and what it comes to."""

import random
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from bot.knowledge import Knowledge
from engine import LAYERS, fen
from tests.fuzz.columns import frame_of
from tests.fuzz.packs import random_case
from tests.tables.command import GOOD, Command, asked_alone, cases_file, csv_of, differences, write
from tests.tables.files import book, written

ROSTER = [
    ["亳州市某某村2023年住院人员花名册"],
    ["填报单位：某某村委会", None, None, None, None, None, "单位：元"],
    ["序号", "姓名", "身份证号", "参保地", "人员类别", "医院级别", "出院日期", "总费用（元）", "自费", "是否备案"],
    [1, "张三", "341202196001011234", "亳州", "低保户", "县医院", datetime(2023, 3, 5), "20,000元", 0, "是"],
    [2, "李四", "341202196001011235", "亳州市", "特困", "市级", "2023/3/5", "２００００", "3000元", "否"],
    [3, "王五", "341202196001011236", "谯城区", "监测户", "县级", "2023年3月5日", 32000.5, "¥3,000.00", "是"],
    [4, "赵六", "341202196001011237", "亳州", "普通", "乡镇卫生院", datetime(2023, 3, 5, 14, 30), 20000, "0", None],
    [5, "孙七", None, None, None, None, None, None, None, None],
    [6, "周八", "34120219600101123X", "亳州", "低保", "三甲", "3月5日", "1.2万", None, "有"],
    ["合计", None, None, None, None, None, None, "=SUM(H4:H9)", None, None],
]


def test_a_village_roster_is_settled_as_it_comes(command: Command, tmp_path: Path) -> None:
    """Title rows, 元, commas, full-width digits, Excel days with times, a line of sums: what can be read is, each rest has its reason."""
    ran = command(book(tmp_path / "花名册.xlsx", ROSTER, ["A1:J1"]), out="结果.xlsx")
    own = {row["姓名"]: row["out_of_pocket"] for row in ran.rows()}
    assert (ran.status, own) == (0, {"张三": 1100, "李四": 3955, "王五": 7280.04, "赵六": 3170})
    assert ran.rejects() == [
        (8, "", "blank_row"),
        (9, "医院级别", "not_one_of"),
        (9, "出院日期", "bad_day"),
        (9, "总费用（元）", "not_a_number"),
        (10, "", "total_row"),
    ]


def test_a_province_export_in_parquet_keeps_its_types(command: Command, tmp_path: Path) -> None:
    """Categories, decimals, floats, whole numbers, moments and booleans, with nulls; a moment is the day it is in China."""
    moments = [datetime(2023, 3, 4, 16, tzinfo=UTC), None, datetime(2023, 3, 4, 15, 59, tzinfo=UTC)]
    frame = pl.DataFrame(
        {
            "统筹区": pl.Series(["亳州", "濮阳", "亳州"], dtype=pl.Categorical),
            "人员类别": pl.Series(["低保", "普通居民", "普通居民"], dtype=pl.Enum(["低保", "普通居民"])),
            "医院级别": ["县级", "县级", "县级"],
            "出院时间": pl.Series(moments, dtype=pl.Datetime("us", "UTC")),
            "总费用": pl.Series([Decimal("20000"), Decimal("3000.5"), None], dtype=pl.Decimal(18, 4)),
            "全自费": [0.0, 0.1, 2.0],
            "年龄": pl.Series([60, None, 5], dtype=pl.Int16),
            "是否参保": [True, None, True],
        }
    )
    ran = command(write(frame, tmp_path / "a.parquet"), out="b.parquet")
    out = pl.read_parquet(ran.out)
    assert (ran.status, ran.rejects()) == (0, [(3, "总费用", "missing")])
    assert out.select(frame.columns).equals(frame[:2], null_equal=True)
    assert (out.schema["out_of_pocket"], out["out_of_pocket"][0], out["status"].to_list()) == (
        pl.Decimal(14, 2),
        Decimal("1100.00"),
        ["computed", "computed"],
    )


def test_the_day_of_a_moment_chooses_the_rules(command: Command, tmp_path: Path) -> None:
    """The evening of the last day of old rules in London is the first day of the new ones in China, in text with a time too."""
    utc = pl.Series([datetime(2021, 12, 31, 15, 59, tzinfo=UTC), datetime(2021, 12, 31, 16, tzinfo=UTC)])
    facts = {"place": ["anhui-bozhou"] * 2, "category": ["ordinary"] * 2, "facility": ["county"] * 2, "total": [5000, 5000]}
    moments = command(write(pl.DataFrame({**facts, "on": utc}), tmp_path / "a.parquet"))
    assert [row["edition"] for row in moments.rows()] == ["2017", "2022"]
    text = command(write(pl.DataFrame({**facts, "on": ["2021-12-31 23:59:59", "2022/1/1 0:00"]}), tmp_path / "b.csv"))
    assert [row["edition"] for row in text.rows()] == ["2017", "2022"]


def test_a_gb18030_csv_needs_no_telling(command: Command, tmp_path: Path) -> None:
    """A file as WPS saves it, with Chinese headers, carries its names through."""
    text = "姓名,参保地,人员类别,医院级别,总费用\n张三,亳州,低保,县级,20000\n李㼆,亳州,普通,市级,3万\n"
    ran = command(written(tmp_path / "a.csv", text.encode("gb18030")))
    assert [(row["姓名"], row["out_of_pocket"]) for row in ran.rows()] == [("张三", "1100.00")]
    assert ran.rejects() == [(3, "总费用", "not_a_number")]


def every_kind_of_case(knowledge: Knowledge, number: int) -> list[dict[str, object]]:
    """Random cases of all editions; some are wrong in themselves."""
    generator = random.Random(5)
    cases = [random_case(generator, edition) for edition in knowledge.shelf.editions() for _ in range(number)]
    generator.shuffle(cases)
    return [{key: value for key, value in case.items() if key != "unknown_key"} for case in cases]


@pytest.mark.parametrize(("engine", "number"), [("polars", 60), ("duckdb", 12)])
def test_every_row_is_what_the_single_question_says(
    command: Command, tmp_path: Path, knowledge: Knowledge, engine: str, number: int
) -> None:
    """Amounts, status and layers of each row are those of `nengbao estimate`, to the fen; what that does not take is a reject."""
    cases = every_kind_of_case(knowledge, number)
    ran = command(cases_file(tmp_path / "a.csv", cases), "--engine", engine)
    alone = [asked_alone(knowledge, case) for case in cases]
    rows, wanted = ran.rows(), [said for said in alone if said is not None]
    assert len(rows) == len(wanted)
    assert [found for found in map(differences, rows, wanted) if found] == []
    assert {row for row, _, _ in ran.rejects()} == {at for at, said in enumerate(alone, 2) if said is None}


@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet"])
def test_polars_and_duckdb_write_the_same_file(command: Command, tmp_path: Path, knowledge: Knowledge, kind: str) -> None:
    """Result and list of rejects are the same bytes, but for the moment that an xlsx file was made."""
    source = cases_file(tmp_path / "a.csv", every_kind_of_case(knowledge, 4))
    one, other = command(source, out=f"one.{kind}"), command(source, "--engine", "duckdb", out=f"other.{kind}")
    assert (one.stdout.replace("one", "other"), one.said()) == (other.stdout, other.said())
    assert one.rows() == other.rows()
    assert kind == "xlsx" or one.out.read_bytes() == other.out.read_bytes()


def test_the_three_kinds_of_file_carry_the_same_rows(command: Command, tmp_path: Path, knowledge: Knowledge) -> None:
    """The same table from and to CSV, xlsx and Parquet."""
    frame = frame_of(every_kind_of_case(knowledge, 4))
    told = []
    for kind in ("csv", "xlsx", "parquet"):
        ran = command(write(frame, tmp_path / f"a.{kind}"), out=f"b.{kind}")
        first = 1 if kind == "parquet" else 2
        amounts = [f"paid_{layer}" for layer in LAYERS if f"paid_{layer}" in ran.rows()[0]] + ["hospital_borne", "out_of_pocket"]
        rows = [[row["edition"], row["status"], *(row[name] and fen(str(row[name])) for name in amounts)] for row in ran.rows()]
        told.append((rows, [(row - first, column, code) for row, column, code in ran.rejects()], ran.stdout.replace(ran.out.name, "")))
    assert told[0] == told[1] == told[2]


def test_the_order_is_that_of_the_table_without_the_rejects(command: Command, tmp_path: Path) -> None:
    """Over several blocks of rows, each rejected row is left out and named by its number; the others stay where they are."""
    frame = pl.select(number=pl.int_range(120_000)).with_columns(
        **{name: pl.lit(said) for name, said in GOOD.items() if name != "total"},
        total=pl.when(pl.col("number") % 7_000 == 6_999).then(pl.lit("-1")).otherwise(pl.col("number").cast(pl.String)),
    )
    ran = command(write(frame, tmp_path / "a.parquet"), out="b.parquet")
    out = pl.read_parquet(ran.out)
    assert out["number"].equals(frame.filter(pl.col("total") != "-1")["number"])
    assert ran.rejects() == [(number + 1, "total", "negative") for number in range(6_999, 120_000, 7_000)]


def test_the_summary_adds_up_to_the_file(command: Command, tmp_path: Path, knowledge: Knowledge) -> None:
    """Rows, statuses, bills and amounts of each category are those of the rows written."""
    ran = command(cases_file(tmp_path / "a.csv", every_kind_of_case(knowledge, 60)), "--format", "json", out="b.parquet")
    sums, out = ran.sums(), pl.read_parquet(ran.out)
    assert sums["rows"] == len(out) + len({row for row, _, _ in ran.rejects()}) == len(out) + sums["rejected"]
    assert {status: sums[status] for status in ("computed", "partial", "refused")} == dict(out["status"].value_counts().iter_rows())
    settled = out.filter(pl.col("status") != "refused")
    for category, told in sums["categories"].items():
        rows = settled.filter(pl.col("category") == category)
        columns = [name for name in told if name in rows.columns and name != "total"]
        assert told["bills"] == len(rows)
        assert [Decimal(told[name]) for name in columns] == [rows[name].sum() for name in columns]
        assert Decimal(told["total"]) == rows["total"].cast(pl.Decimal(14, 2)).sum()
    assert sum(told["bills"] for told in sums["categories"].values()) == len(settled)


def test_each_bill_adds_up(command: Command, tmp_path: Path, knowledge: Knowledge) -> None:
    """What layers pay, hospitals bear and the person pays is the bill, between the lower and the upper bound."""
    out = pl.read_parquet(command(cases_file(tmp_path / "a.csv", every_kind_of_case(knowledge, 40)), out="b.parquet").out)
    out = out.filter(pl.col("status") != "refused").with_columns(pl.col("total").cast(pl.Decimal(14, 2)))
    paid = pl.sum_horizontal(pl.col("^paid_.*$"), "hospital_borne", "out_of_pocket")
    between = pl.col("out_of_pocket").is_between("out_of_pocket_low", "out_of_pocket_high")
    assert out.select((paid == pl.col("total")).all(), between.all()).row(0) == (True, True)


def test_no_person_and_no_cell_is_ever_told(command: Command, tmp_path: Path) -> None:
    """Names, numbers, diseases and amounts of a row are neither in what the command says nor in the list of rejects."""
    secrets = {"姓名": "王小二", "身份证号": "341202196001011234", "disease": "白血病", "住址": "某某村七组"}
    rows = [
        {**GOOD, **secrets, **wrong}
        for wrong in ({}, {"total": "98765.4321"}, {"self_funded": "54321"}, {"category": "王小二家"}, {"on": "昨天"})
    ]
    ran = command(csv_of(tmp_path / "a.csv", rows))
    told = ran.stdout + ran.stderr + str(ran.said())
    assert (ran.status, len(ran.rejects())) == (0, 4)
    assert [secret for secret in (*secrets.values(), "98765", "54321", "昨天") if secret in told] == []


def test_names_are_carried_through_or_dropped(command: Command, tmp_path: Path) -> None:
    """--drop-names leaves out the columns that name people, says which, and keeps the rest."""
    source = csv_of(tmp_path / "a.csv", [{"姓名": "王小二", "身份证号": "1", "联系电话": "2", "备注": "x", **GOOD}])
    assert list(command(source).rows()[0])[:4] == ["姓名", "身份证号", "联系电话", "备注"]
    ran = command(source, "--drop-names")
    assert (list(ran.rows()[0])[:2], ran.stderr) == (["备注", "place"], "去掉了这几列：姓名、身份证号、联系电话。\n")


def test_what_is_wrong_with_a_row_is_said_in_one_way(command: Command, tmp_path: Path) -> None:
    """Each sentence names the column, says what to write, and offers only the hospital levels that the places of the table have."""
    wrong = {
        "place": "阜阳",
        "category": "富户",
        "facility": "诊所",
        "on": "三月五日",
        "total": "两万",
        "insured": "也许",
        "age": "131",
        "disease": "病" * 101,
    }
    ran = command(csv_of(tmp_path / "a.csv", [GOOD | dict.fromkeys(wrong), {**GOOD, **wrong}, GOOD | {"first_share": "20000.01"}]))
    said = {row["列"]: row["原因"] for row in ran.said() if row["行号"] == "3"}
    assert said.keys() == wrong.keys() - {"place"}
    assert all(sentence.startswith(f"“{column}”这一格") for column, sentence in said.items())
    assert said["facility"].endswith("可以写：乡镇卫生院、县级医院、市级医院、省级医院、省外医院。")
    assert said["on"].endswith("请写成 2024-03-05 或 2024/3/5 这样。")
    assert "20000" not in ran.said()[-1]["原因"].replace("20000.50", "")


def test_a_place_without_rules_is_told_by_the_names_of_those_with(command: Command, tmp_path: Path) -> None:
    """The list of rejects names the places, in the language asked for."""
    source = csv_of(tmp_path / "a.csv", [GOOD, GOOD | {"place": "阜阳"}])
    assert command(source).said()[0]["原因"] == "“place”这一格的地方，这里还没有它的规定。现有：濮阳、亳州、北京。"
    assert "Bozhou" in command(source, "--lang", "en").said()[0]["原因"]


@pytest.mark.parametrize("place", ["anhui-bozhou", "亳州", "涡阳县"])
def test_one_place_for_all_rows_may_be_said_by_any_name(command: Command, tmp_path: Path, place: str) -> None:
    """--place takes what a cell would."""
    source = csv_of(tmp_path / "a.csv", [{"category": "低保", "facility": "县级", "total": "20000", "self_funded": "0"}])
    assert command(source, "--place", place).rows()[0]["out_of_pocket"] == "1100.00"


def test_those_above_the_threshold_are_counted(command: Command, tmp_path: Path) -> None:
    """Bills whose eligible cost left unpaid is above --warn-at; the default says that no document stands behind it."""
    source = csv_of(tmp_path / "a.csv", [GOOD, GOOD | {"total": "200000"}])
    assert "没有文件依据" in command(source).stdout
    told = command(source, "--warn-at", "100", "--format", "json").sums()
    assert (told["warn_at"], told["categories"]["ordinary"]["warned"]) == ("100.00", 2)
    assert "没有文件依据" not in command(source, "--warn-at", "100").stdout


def test_columns_that_were_not_understood_are_told(command: Command, tmp_path: Path) -> None:
    """A second column for a fact, and one that is nearly the name of a fact, are named on standard error; both are kept."""
    ran = command(csv_of(tmp_path / "a.csv", [GOOD | {"总费用": "5", "registred": "1"}]))
    assert "“总费用”没有用，用的是“total”。" in ran.stderr
    assert "“registred”不认识，原样带过。是不是“registered”？" in ran.stderr
    assert ran.rows()[0]["总费用"] == "5"


def test_a_table_without_rejects_removes_an_older_list(command: Command, tmp_path: Path) -> None:
    """A list that stays would be taken for this run's."""
    command(csv_of(tmp_path / "a.csv", [GOOD, GOOD | {"total": "x"}]))
    ran = command(csv_of(tmp_path / "b.csv", [GOOD]))
    assert ran.folder() == ["out.csv"]


def test_formulas_that_were_never_computed_are_rejected(command: Command, tmp_path: Path) -> None:
    """A cell of a formula without its value is no amount; one with its value is that."""
    source = book(tmp_path / "a.xlsx", [list(GOOD), list(GOOD.values()), [*list(GOOD.values())[:3], "=D2", "0", None]])
    ran = command(source)
    assert (len(ran.rows()), ran.rejects()) == (1, [(3, "total", "not_a_number")])


def test_the_result_opens_as_money_and_days(command: Command, tmp_path: Path) -> None:
    """In xlsx amounts are numbers with two places, beside the cells of the table as they were."""
    ran = command(write(pl.DataFrame([GOOD | {"on": date(2023, 3, 5)}]), tmp_path / "a.parquet"), out="b.xlsx")
    header, first = openpyxl.load_workbook(ran.out).active.iter_rows()
    cells = {name.value: cell for name, cell in zip(header, first, strict=True)}
    assert (cells["on"].value, cells["out_of_pocket"].value, cells["out_of_pocket"].number_format) == (datetime(2023, 3, 5), 4400, "0.00")
