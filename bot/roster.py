"""A coordinator's list of people settled: a file or what was pasted from a spreadsheet comes in, a roster for a desk goes out."""

import csv
import io
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from bot import resources
from bot.desk.book import Roster
from bot.knowledge import Knowledge
from bot.speech import Voice

if TYPE_CHECKING:
    from bot.tables.names import Names

#: Eligible cost left unpaid in a year from which to warn, in fen; FACTS.md: a setting, without a document behind it.
WARN_AT = 1_000_000
ENDINGS = (".csv", ".xlsx")
OWN_COST = "out_of_pocket"


class RosterError(Exception):
    """A list that cannot be settled. The message is in the reader's words and tells what to do."""


def from_text(text: str) -> bytes:
    """What is pasted from a spreadsheet, cells apart by tabs, as a CSV file; CSV as it is."""
    if "\t" not in text:
        return text.encode()
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(csv.reader(io.StringIO(text), delimiter="\t"))
    return out.getvalue().encode()


def settle(data: bytes, ending: str, name: str, place: str | None, knowledge: Knowledge, voice: Voice) -> Roster:
    """Settle a list. `ending`: .csv or .xlsx; `place` holds for a list without that column. Takes a while. Raises RosterError."""
    try:
        from bot.tables.batch import Job, NothingSettledError, run_job
        from bot.tables.errors import TableError
        from bot.tables.words import batch_lines
    except ModuleNotFoundError as error:
        raise RosterError(voice.say("table.no_extra", extra="bulk", name=error.name)) from error
    with TemporaryDirectory(prefix="nengbao-desk-") as folder:
        source, table, workbook = (Path(folder, each) for each in (f"in{ending}", "result.csv", "result.xlsx"))
        source.write_bytes(data)
        try:
            for target in (table, workbook):
                job = Job(source, target, "polars", place, False, WARN_AT, "")
                done = run_job(job, knowledge.shelf, _names(knowledge), voice, lambda _stage, _rows: lambda _done: None)
        except TableError as error:
            raise RosterError(voice.say(f"table.{error.code}", **(dict(error.values) | {"name": name}))) from error
        except NothingSettledError as error:
            first = _cells(Path(folder, "result.rejects.csv"))[1:4]
            raise RosterError("\n".join([voice.say("desk.nothing"), *("：".join(row[-2:]) for row in first)])) from error
        lines = list(batch_lines(voice, done.summary, name, voice.say("desk.rejects"), own_threshold=False))
        columns, *rows = _cells(table)
        rejects = Path(folder, "result.rejects.csv")
        wrong = _cells(rejects)[1:] if rejects.exists() else []
        return Roster(name, columns, rows, wrong, lines, workbook.read_bytes())


def by_own_cost(roster: Roster) -> list[tuple[str, ...]]:
    """The rows, who has the most to pay first; rows without an amount come last."""
    if OWN_COST not in roster.columns:
        return list(roster.rows)
    at = roster.columns.index(OWN_COST)
    return sorted(roster.rows, key=lambda row: -_yuan(row[at]))


def as_csv(roster: Roster) -> bytes:
    """The roster as a file that spreadsheets open, no cell of which they take for a formula."""
    from bot.files import no_formula

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(no_formula(column) for column in roster.columns)
    writer.writerows([no_formula(cell) for cell in row] for row in roster.rows)
    return out.getvalue().encode("utf-8-sig")


def _cells(path: Path) -> list[tuple[str, ...]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [tuple(row) for row in csv.reader(file)]


def _yuan(cell: str) -> float:
    """An amount for sorting alone; below all amounts where there is none."""
    try:
        return float(cell)
    except ValueError:
        return -1.0


def _names(knowledge: Knowledge) -> "Names":
    from bot.tables.names import Names

    return Names.read(resources.TABLE_WORDS, knowledge.vocabulary, knowledge.shelf, tuple(knowledge.voices.values()))
