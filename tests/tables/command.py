"""`nengbao batch` run on a real file, and what came of it."""

import csv
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

from bot.cli import main
from bot.knowledge import Knowledge
from engine import CaseError, estimate, fen, read_case, yuan
from tests.conftest import TODAY
from tests.fuzz.columns import frame_of

OWN = {"out_of_pocket": "amount", "out_of_pocket_low": "low", "out_of_pocket_high": "high"}
GOOD = {"place": "anhui-bozhou", "category": "ordinary", "facility": "county", "total": "20000", "self_funded": "0", "on": "2023-03-05"}


@dataclass(frozen=True)
class Ran:
    """A run of the command: exit status, what it said, and what stands in the folder of its result."""

    status: int
    stdout: str
    stderr: str
    out: Path

    def rows(self) -> list[dict[str, Any]]:
        """The result."""
        return table_of(self.out)

    def rejects(self) -> list[tuple[int, str, str]]:
        """Row, column and code of every reject."""
        return [(int(row["行号"]), row["列"], row["代码"]) for row in self.said()]

    def said(self) -> list[dict[str, str]]:
        """The list of rejects as it is written."""
        listed = self.out.with_name(f"{self.out.stem}.rejects.csv")
        return list(csv.DictReader(listed.read_text("utf-8-sig").splitlines())) if listed.exists() else []

    def sums(self) -> Any:
        """The summary of --format json."""
        return json.loads(self.stdout)

    def folder(self) -> list[str]:
        """The names in the folder of the result."""
        return sorted(path.name for path in self.out.parent.iterdir())


class Command:
    """Runs the command in this process, with packs read once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "results"
        self.folder.mkdir()

    def __call__(self, source: Path, *options: str, out: str = "out.csv") -> Ran:
        """Settle a table into the folder of results."""
        target = self.folder / out
        done = CliRunner().invoke(main, ["batch", str(source), str(target), *options])
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Ran(done.exit_code, done.stdout, done.stderr, target)


@pytest.fixture
def command(tmp_path: Path, knowledge: Knowledge, monkeypatch: pytest.MonkeyPatch) -> Command:
    """`nengbao batch`."""
    # The package has the command under the name of its module.
    monkeypatch.setattr(sys.modules["bot.cli.batch"], "knowledge_of", lambda _: knowledge)
    return Command(tmp_path)


def table_of(path: Path) -> list[dict[str, Any]]:
    """A file of any kind as rows of text."""
    if path.suffix == ".csv":
        return pl.read_csv(path, infer_schema=False).to_dicts()
    frame = pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_excel(path, engine="openpyxl", infer_schema_length=None)
    return frame.to_dicts()


def csv_of(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    """Rows as a CSV file with the columns of all of them."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    return path


def write(frame: pl.DataFrame, path: Path) -> Path:
    """A frame as a file of the kind that its name ends in."""
    writers: dict[str, Any] = {".csv": frame.write_csv, ".parquet": frame.write_parquet, ".xlsx": frame.write_excel}
    writers[path.suffix](path)
    return path


def cases_file(path: Path, cases: Sequence[dict[str, Any]]) -> Path:
    """Cases of the contract as a table of text."""
    return write(frame_of(cases), path)


def asked_alone(knowledge: Knowledge, case: dict[str, Any]) -> dict[str, str | None] | None:
    """What `nengbao estimate` says of a case, by the columns of a table; None when it does not take the case."""
    try:
        whole = estimate(read_case(case), knowledge.shelf, TODAY)
    except CaseError:
        return None
    if whole.out_of_pocket is None:
        return {"status": "refused", "out_of_pocket": None}
    told = {"status": whole.status, "hospital_borne": yuan(whole.hospital_borne)}
    told |= {column: yuan(getattr(whole.out_of_pocket, name)) for column, name in OWN.items()}
    return {**told, **{f"paid_{layer.key}": yuan(layer.payout) for layer in whole.layers}}


def differences(row: dict[str, Any], alone: dict[str, str | None]) -> dict[str, Any]:
    """What a row of a result says otherwise than the single question. A layer that is not in its answer pays nothing."""
    paid = {column: "0.00" for column in row if column.startswith("paid_") and alone["status"] != "refused"}
    wanted = {**paid, **alone}
    return {column: (row[column], said) for column, said in wanted.items() if _money(row[column]) != _money(said)}


def _money(said: Any) -> Any:
    return said if said is None or str(said).isalpha() else fen(str(said))
