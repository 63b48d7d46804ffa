"""A table settled by Spark is the table settled on one machine. Needs Java and the extra `[spark]`: `make test-spark`."""

import csv
import random
import shutil
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pytest

from bot.tables.batch import Done, Job, NothingSettledError, run_job
from bot.tables.errors import TableError
from bot.tables.spark_work import guarded
from engine import Shelf
from tests.fuzz.columns import frame_of, knowledge, names_of
from tests.fuzz.packs import random_case, random_edition, random_year

ROWS, PACKS, PACK_ROWS, PEOPLE = 20_000, 20, 300, 600
LACKS = next((name for name, known in (("Java", shutil.which("java")), ("pyspark", find_spec("pyspark"))) if not known), None)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("spark"),
    pytest.mark.skipif(
        LACKS is not None, reason=f"{LACKS} is missing: make test-spark installs what Python needs, Java 17 is the machine's"
    ),
    pytest.mark.filterwarnings("ignore"),  # Spark and pandas have their own
]


class Settled(NamedTuple):
    """A table settled: what was written, what was rejected, the sums."""

    rows: pl.DataFrame
    rejects: list[dict[str, str]]
    done: Done


def settled(source: Path, engine: str, shelf: Shelf | None = None, target: str = "out.parquet", **more: Any) -> Settled:
    """A table settled by an engine, as `nengbao batch` does it."""
    folder = source.parent / engine
    folder.mkdir(exist_ok=True)
    shelf = shelf or knowledge().shelf
    chosen = {"place": None, "drop_names": False, "warn_at": 1_000_000, "master": "local[2]"} | more
    job = Job(source, folder / target, engine, **chosen)
    done = run_job(job, shelf, names_of(shelf), knowledge().voice("zh_CN"), lambda _, __: lambda _: None)
    return Settled(table(job.target), rejects(job.rejects), done)


def table(path: Path) -> pl.DataFrame:
    """A file, or a folder as Spark writes it."""
    parts = str(path / f"*{path.suffix}") if path.is_dir() else path
    return pl.read_parquet(parts) if path.suffix == ".parquet" else pl.read_csv(parts, infer_schema=False)


def rejects(path: Path) -> list[dict[str, str]]:
    """The rejected rows of a file or a folder, by what one machine tells of them."""
    found = sorted(path.glob("*.csv")) if path.is_dir() else [path] if path.exists() else []
    lines = [line for part in found for line in csv.DictReader(part.read_text("utf-8-sig").splitlines())]
    return [{name: cell for name, cell in line.items() if name != "文件"} for line in lines]


def hold(source: Path, shelf: Shelf | None = None) -> Settled:
    """Hold Spark against one machine: every cell, every rejected row, every sum. The column `n` tells rows apart."""
    spark, alone = settled(source, "spark", shelf), settled(source, "polars", shelf)
    assert spark.rows.schema == alone.rows.schema
    assert spark.rows.sort("n").equals(alone.rows.sort("n"))
    assert spark.rejects == alone.rejects
    assert spark.done.summary == alone.done.summary
    return spark


def numbered(cases: Sequence[dict[str, Any]], **more: Sequence[Any]) -> pl.DataFrame:
    """Cases as a table of text whose rows are numbered."""
    return frame_of(cases).with_columns(
        pl.Series("n", [f"{at:06}" for at in range(len(cases))]), **{k: pl.Series(k, v) for k, v in more.items()}
    )


def test_twenty_thousand_rows_of_all_packs_come_to_the_same(tmp_path: Path) -> None:
    """Over all places and editions each column of results is that of Polars to the fen, from CSV, with what is rejected and the sums."""
    generator, editions = random.Random(1), knowledge().shelf.editions()
    numbered([random_case(generator, generator.choice(editions)) for _ in range(ROWS)]).write_csv(tmp_path / "in.csv")
    held = hold(tmp_path / "in.csv")
    assert len(held.rows) + len({line["行号"] for line in held.rejects}) == ROWS
    assert {"computed", "partial", "refused"} == set(held.rows["status"])


def test_random_packs_come_to_the_same(tmp_path: Path) -> None:
    """Twenty random packs, of all mechanisms, in one table of Parquet: Spark is Polars to the fen."""
    generator = random.Random(2)
    editions = [random_edition(generator) for _ in range(PACKS)]
    cases = [random_case(generator, edition) for edition in editions for _ in range(PACK_ROWS)]
    generator.shuffle(cases)
    numbered(cases).write_parquet(tmp_path / "in.parquet")
    hold(tmp_path / "in.parquet", Shelf({edition.policy.place: (edition,) for edition in editions}))


def test_people_come_to_the_same(tmp_path: Path) -> None:
    """The years of hundreds of people in no order, some rows wrong, without a day or a person: the same fold, the same rejects."""
    generator, editions = random.Random(3), knowledge().shelf.editions()
    rows: list[tuple[int | None, dict[str, Any]]] = [
        (person, case) for person in range(PEOPLE) for case in random_year(generator, generator.choice(editions))
    ]
    rows = [(person, {**case, "on": None} if generator.random() < 0.02 else case) for person, case in rows]
    rows += [(None, random_case(generator, generator.choice(editions))) for _ in range(100)]
    generator.shuffle(rows)
    numbered([case for _, case in rows], person=[None if person is None else f"p{person}" for person, _ in rows]).write_parquet(
        tmp_path / "in.parquet", row_group_size=500
    )
    held = hold(tmp_path / "in.parquet")
    assert {line["代码"] for line in held.rejects} >= {"day_needed", "earlier_row_rejected"}
    assert sum(group.people or 0 for group in held.done.summary.groups.values()) > PEOPLE // 2


ROW = {"place": "anhui-bozhou", "category": "ordinary", "facility": "county", "total": "20000"}


def test_the_file_of_an_office_is_read_as_on_one_machine(tmp_path: Path) -> None:
    """GB18030, Windows line ends, quoted cells with commas, blank lines within and at the end: the same rows and numbers."""
    lines = ["参保地,类别,医院级别,总费用,姓名,n", '亳州,普通居民,县级,"20,000.00","张""三"",丰",1', "", "亳州,低保,县级,一百,李四,2"]
    lines += ["亳州,低保,县级,300.5,,3", ",,,,,", ""]
    (tmp_path / "in.csv").write_bytes("\r\n".join(lines).encode("gb18030"))
    held = hold(tmp_path / "in.csv")
    assert held.rows["姓名"].to_list() == ['张"三",丰', None]
    assert {line["行号"] for line in held.rejects} == {"3", "4"}


def test_a_folder_of_csv_is_one_table(tmp_path: Path) -> None:
    """Files of a folder with the same header are read together; the list of rejects names the file and the row in it."""
    folder = tmp_path / "bills.csv"
    folder.mkdir()
    for at, total in enumerate(("100", "x", "300")):
        numbered([{**ROW, "total": total}] * 2).write_csv(folder / f"{at}.csv")
    got = settled(folder, "spark", target="out.csv")
    assert got.rows["total"].to_list().count("100") == 2
    assert len(got.rows) == 4
    listed = [
        line
        for part in sorted((folder.parent / "spark" / "out.rejects.csv").glob("*.csv"))
        for line in part.read_text("utf-8").splitlines()
    ]
    assert [line.rpartition(",")[2] for line in listed if line[0].isdigit()] == ["1.csv", "1.csv"]


def test_other_columns_come_through_as_they_were(tmp_path: Path) -> None:
    """Lists, structures, moments, decimals and odd column names of a Parquet file stand in the result unchanged."""
    more = {
        "名.单 `a`": [[1, 2], None],
        "structure": [{"a": 1, "b": "x"}, None],
        "moment": [datetime(2023, 5, 1, 12, 30), None],
        "precise": [Decimal("1.2345"), None],
        "flag": [True, None],
    }
    frame = numbered([ROW, {**ROW, "total": "0"}]).with_columns(**{name: pl.Series(name, values) for name, values in more.items()})
    frame.write_parquet(tmp_path / "in.parquet")
    assert settled(tmp_path / "in.parquet", "spark").rows.select(frame.columns).equals(frame)


def test_names_are_dropped_and_an_older_result_replaced(tmp_path: Path) -> None:
    """With `drop_names` no name is written; the folder and the list of rejects of an earlier run are gone, and nothing else is left."""
    source = tmp_path / "in.csv"
    numbered([ROW, {**ROW, "total": "x"}], 姓名=["张三", "李四"]).write_csv(source)
    assert len(settled(source, "spark").rejects) == 1
    numbered([ROW], 姓名=["张三"]).write_csv(source)
    second = settled(source, "spark", drop_names=True)
    assert "姓名" not in second.rows.columns
    assert [path.name for path in (tmp_path / "spark").iterdir()] == ["out.parquet"]


def test_a_table_of_rejects_alone_has_no_result(tmp_path: Path) -> None:
    """When every row is rejected only the list of them is written."""
    numbered([{**ROW, "category": "nobody"}] * 3).write_csv(tmp_path / "in.csv")
    with pytest.raises(NothingSettledError):
        settled(tmp_path / "in.csv", "spark")
    assert [path.name for path in (tmp_path / "spark").iterdir()] == ["out.rejects.csv"]
    assert len(rejects(tmp_path / "spark" / "out.rejects.csv")) == 3


@pytest.mark.parametrize(
    ("line", "code", "row"),
    [
        ('a,b,c,"d', "spark_line_break", "4"),
        ("a,b,c,d,e,f", "ragged_row", "4"),
        ('a,b"",c,d', "stray_quote", "4"),
        ("a,b\0,c,d", "bad_encoding", "4"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, line: str, code: str, row: str) -> None:
    """What one machine refuses, and a cell with a line break, is told with its row; nothing is left behind."""
    numbered([ROW, ROW]).write_csv(tmp_path / "in.csv")
    with (tmp_path / "in.csv").open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
    with pytest.raises(TableError) as error:
        settled(tmp_path / "in.csv", "spark")
    assert (error.value.code, error.value.values["row"]) == (code, row)
    assert list((tmp_path / "spark").iterdir()) == []


def test_what_cannot_start_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Java, with a master that does not answer or is none, and for a workbook, the error says so at once."""
    numbered([ROW]).write_csv(tmp_path / "in.csv")

    def code(source: str, **more: Any) -> str:
        with pytest.raises(TableError) as error:
            settled(tmp_path / source, "spark", **more)
        return error.value.code

    assert code("in.csv", master="spark://127.0.0.1:9") == "spark_no_master"
    assert code("in.csv", master="sc://127.0.0.1") == "spark_no_master"
    assert code("in.xlsx") == "spark_xlsx"
    assert code("none.csv") == "no_such_file"
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert code("in.csv") == "spark_no_java"


def test_no_cell_gets_into_the_log(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Neither a good run nor one that breaks in the middle of the table writes what a cell held; the broken one leaves nothing behind."""
    numbered([ROW, {**ROW, "total": "x"}], 姓名=["张三", "李四"]).write_csv(tmp_path / "in.csv")
    settled(tmp_path / "in.csv", "spark")
    numbered([ROW] * 2000, 姓名=[f"张三{at}" for at in range(2000)]).write_parquet(tmp_path / "bad.parquet", compression="uncompressed")
    whole = (tmp_path / "bad.parquet").read_bytes()
    (tmp_path / "bad.parquet").write_bytes(whole[:100] + b"\xff" * 2000 + whole[2100:])
    with pytest.raises(TableError) as error:
        settled(tmp_path / "bad.parquet", "spark", target="bad.parquet")
    assert error.value.code == "failed"
    assert not [path for path in (tmp_path / "spark").iterdir() if "bad" in path.name]
    told = "".join(capfd.readouterr()) + str(error.value)
    assert [word for word in ("张三", "李四", "20000") if word in told] == []


def test_what_breaks_on_a_worker_repeats_no_cell() -> None:
    """Spark logs what a worker raises: it names the kind and the line of the failure, and hides the words of libraries."""

    def broken(_: Any) -> Any:
        raise ValueError("张三")
        yield

    with pytest.raises(RuntimeError, match=r"^nengbao: ValueError at test_spark.py:\d+$") as error:
        list(guarded(broken, iter(())))
    assert (error.value.__cause__, error.value.__context__) == (None, None)
