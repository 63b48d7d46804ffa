"""A coordinator's lists: a file or what was pasted from a spreadsheet comes in; settled bills, or who is in which category, go out."""

import csv
import io
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from bot import resources
from bot.desk.book import Roster
from bot.knowledge import Knowledge
from bot.speech import Voice
from bot.tables import WARN_AT
from engine import CATEGORIES, fen

if TYPE_CHECKING:
    from bot.tables.names import Columns, Names
    from bot.tables.reading import Table

ENDINGS = (".csv", ".xlsx")
OWN_COST = "out_of_pocket"
_ROWS_AT_ONCE = 1000
#: In names of columns with numbers that are one person's; a telephone may be a family's.
_IDENTITY = ("证", "社保", "医保")


class ListError(Exception):
    """A list that cannot be read or settled. The message is in the reader's words and tells what to do."""


def from_text(text: str) -> bytes:
    """What is pasted from a spreadsheet, cells apart by tabs, as a CSV file; CSV as it is."""
    if "\t" not in text:
        return text.encode()
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(csv.reader(io.StringIO(text), delimiter="\t"))
    return out.getvalue().encode()


def settle(data: bytes, ending: str, name: str, place: str | None, knowledge: Knowledge, voice: Voice) -> Roster:
    """Settle a list. `ending`: .csv or .xlsx; `place` holds for a list without that column. Takes a while. Raises ListError."""
    with _source(data, ending, name, voice) as source:
        from bot.tables.batch import Job, NothingSettledError, run_job
        from bot.tables.words import batch_lines

        table, workbook, rejects = (source.with_name(each) for each in ("result.csv", "result.xlsx", "result.rejects.csv"))
        try:
            for target in (table, workbook):
                job = Job(source, target, "polars", place, False, fen(WARN_AT), "")
                done = run_job(job, knowledge.shelf, _names(knowledge), voice, lambda _stage, _rows: lambda _done: None)
        except NothingSettledError as error:
            first = [f"{voice.say('desk.row', row=row)}{said}" for row, _, said, *_ in _cells(rejects)[1:4]]
            raise ListError("\n".join([voice.say("desk.nothing"), *first])) from error
        lines = list(batch_lines(voice, done.summary, name, voice.say("desk.rejects"), own_threshold=False))
        columns, *rows = _cells(table)
        wrong = _cells(rejects)[1:] if rejects.exists() else []
        return Roster(name, columns, rows, wrong, lines, workbook.read_bytes())


@dataclass(frozen=True, slots=True)
class Listed:
    """Who is in which category, by their number or name; and the rows that do not tell, by their number, with the reason in words."""

    people: dict[str, str]
    wrong: Sequence[tuple[int, str]]


def read_register(data: bytes, ending: str, name: str, knowledge: Knowledge, voice: Voice) -> Listed:
    """A register of an office: a column that tells people apart, and one of categories. Raises ListError."""
    people: dict[str, str] = {}
    wrong: list[tuple[int, str]] = []
    with _source(data, ending, name, voice) as source:
        from bot.tables.reading import open_table

        table, names = open_table(source, source.parent), _names(knowledge)
        columns = names.columns_of(table.columns)
        category, person = columns.facts.get("category"), _person_column(columns, table.columns)
        if category is None or person is None:
            raise ListError(voice.say("desk.register.columns"))
        for number, row in enumerate(_rows(table), start=table.first_row):
            who, said = unicodedata.normalize("NFKC", str(row[person] or "")).strip(), names.value("category", row[category])
            if names.is_total(row.values()) or not (who or said):
                continue
            if not who or said not in CATEGORIES:
                wrong.append((number, voice.say("desk.register.no_person" if not who else "desk.register.no_category")))
            elif people.setdefault(who, said) != said:
                wrong.append((number, voice.say("desk.register.twice")))
    if not people:
        raise ListError(voice.say("desk.register.nobody"))
    return Listed(people, wrong)


def _person_column(columns: "Columns", header: Sequence[str]) -> str | None:
    """The column that tells people apart: of their numbers, else one that names them by number, else the only one that says no fact."""
    if "person" in columns.facts:
        return columns.facts["person"]
    others = [column for column in header if column not in columns.facts.values()]
    numbered = [column for column in columns.personal if any(sign in column for sign in _IDENTITY)]
    return next(iter(numbered), None) or (others[0] if len(others) == 1 else next(iter(columns.personal), None))


def _rows(table: "Table") -> Iterator[dict[str, Any]]:
    for frame in table.frames(_ROWS_AT_ONCE):
        yield from frame.iter_rows(named=True)


@contextmanager
def _source(data: bytes, ending: str, name: str, voice: Voice) -> Iterator[Path]:
    """A list as a file in a folder of its own, for as long as it is worked on; what is wrong with it in words. Raises ListError."""
    from bot.tables.errors import TableError

    with TemporaryDirectory(prefix="nengbao-desk-") as folder:
        source = Path(folder, f"in{ending}")
        source.write_bytes(data)
        try:
            yield source
        except TableError as error:
            raise ListError(voice.say(f"table.{error.code}", **(dict(error.values) | {"name": name}))) from error
        except ModuleNotFoundError as error:
            raise ListError(voice.say("table.no_extra", extra="bulk", name=error.name)) from error


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
