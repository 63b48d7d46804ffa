"""A list of people and bills: it is settled as it comes in, and goes out sorted or as a file."""

import csv
import io
from pathlib import Path

from bot.desk.book import Roster
from bot.knowledge import Knowledge
from bot.lists.reading import ListError, as_file, names_of
from bot.speech import Voice
from bot.tables import WARN_AT
from engine import fen

OWN_COST = "out_of_pocket"


def settle(data: bytes, ending: str, name: str, place: str | None, knowledge: Knowledge, voice: Voice) -> Roster:
    """Settle a list. `ending`: .csv or .xlsx; `place` holds for a list without that column. Takes a while. Raises ListError."""
    with as_file(data, ending, name, voice) as source:
        from bot.tables.batch import Job, NothingSettledError, run_job
        from bot.tables.words import batch_lines

        table, workbook, rejects = (source.with_name(each) for each in ("result.csv", "result.xlsx", "result.rejects.csv"))
        try:
            for target in (table, workbook):
                job = Job(source, target, "polars", place, False, fen(WARN_AT), "")
                done = run_job(job, knowledge.shelf, names_of(knowledge), voice, lambda _stage, _rows: lambda _done: None)
        except NothingSettledError as error:
            first = [f"{voice.say('desk.row', row=row)}{said}" for row, _, said, *_ in _cells(rejects)[1:4]]
            raise ListError("\n".join([voice.say("desk.nothing"), *first])) from error
        lines = list(batch_lines(voice, done.summary, name, voice.say("desk.rejects"), own_threshold=False))
        columns, *rows = _cells(table)
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
