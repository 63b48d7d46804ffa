"""A list of people and bills: it is settled as it comes in, and goes out as a file."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from bot.desk import Reject, Roster, Row
from bot.knowledge import Knowledge
from bot.lists.headings import MONEY, STATUS, file_headings, status_words
from bot.lists.reading import ListError, Progress, in_words, person_column, quiet
from bot.lists.settling import Rejects, opened_batch, results
from bot.speech import Voice
from engine import CATEGORIES, Policy, Shelf, estimate, read_case

if TYPE_CHECKING:
    import polars as pl

    from bot.tables.batch import Batch, Result
    from bot.tables.summary import Group, Summary

_MOST_TOLD = 3
#: Columns without use that are told by name.
_MOST_COLUMNS = 20
_LARGE = "100000"


class Keeps(Protocol):
    """Where a list goes as it is settled: the lists of a desk, or memory."""

    def write(self, number: int, rows: Iterable[Row]) -> None:
        """More rows of a list."""

    def dated(self, number: int, days: Iterable[tuple[int, str]]) -> None:
        """The ISO days of bills by their rows, of people who are told apart."""

    def reject(self, number: int, rejects: Iterable[Reject]) -> None:
        """Rows of a list that were not settled."""

    def finish(self, number: int, columns: Sequence[str], given: int, lines: Sequence[str], about: Sequence[str] = ()) -> None:
        """A list is whole. `lines`: what it came to; `about`: which of its columns were taken for what."""


class Tried:
    """A list that is settled to be looked at, and kept nowhere."""

    def __init__(self, name: str, place: str | None) -> None:
        self.roster = Roster(0, name, place, (), 0, (), 0, 0)
        self.rows: list[Row] = []
        self.rejects: list[Reject] = []
        self.about: list[str] = []

    def write(self, _number: int, rows: Iterable[Row]) -> None:
        """More rows."""
        self.rows += rows

    def dated(self, _number: int, _days: Iterable[tuple[int, str]]) -> None:
        """Nobody is told which bill of a year was the last."""

    def reject(self, _number: int, rejects: Iterable[Reject]) -> None:
        """Rows that were not settled."""
        self.rejects += rejects

    def finish(self, number: int, columns: Sequence[str], given: int, lines: Sequence[str], about: Sequence[str] = ()) -> None:
        """The list is whole."""
        self.about = [*about]
        wrong = len({reject.number for reject in self.rejects})
        self.roster = Roster(number, self.roster.name, self.roster.place, (*columns,), given, (*lines,), len(self.rows), wrong)

    def unpaid_of_years(self) -> dict[int, int]:
        """As `Rosters` has it."""
        sums: Counter[tuple[str | int, int | None]] = Counter()
        known = [(row, (row.person or row.number, row.year)) for row in self.rows if row.unpaid is not None]
        for row, year in known:
            sums[year] += row.unpaid or 0
        return {row.number: sums[year] for row, year in known}


def try_out(source: Path, name: str, place: str | None, knowledge: Knowledge, voice: Voice) -> Tried:
    """Settle a list and keep nothing of it. Raises ListError."""
    tried = Tried(name, place)
    settle(source, name, place, tried, 0, knowledge, voice, quiet)
    return tried


def settle(
    source: Path, name: str, place: str | None, rosters: Keeps, number: int, knowledge: Knowledge, voice: Voice, progress: Progress
) -> None:
    """Settle a list into the `number` that was begun for it. Raises ListError."""
    with in_words(name, voice):
        from bot.tables.batch import NothingSettledError

        rejects, further = Rejects(), _FurtherAid(knowledge)
        with opened_batch(source, place, knowledge, voice, progress) as batch:
            who = person_column(batch.names.columns_of(batch.kept), batch.kept)
            try:
                for result in results(batch, rejects):
                    rosters.write(number, _rows(batch, result, who, further))
                    rosters.dated(number, _days(batch, result))
                    rosters.reject(number, rejects.told())
            except NothingSettledError as error:
                first = [f"{voice.say('desk.row', row=str(each.number))}{each.said}" for each in rejects.told()[:_MOST_TOLD]]
                raise ListError("\n".join([voice.say("desk.nothing"), *first])) from error
            rosters.reject(number, rejects.told())
            lines, about = [*_lines(voice, batch.summary)], [*_column_lines(voice, batch, who)]
            rosters.finish(number, list(batch.schema()), len(batch.kept), lines, about)


def _lines(voice: Voice, summary: "Summary") -> Iterator[str]:
    """How many rows were settled, then a line each category: its total, who pays how much of it. Of whom to warn depends on the desk's
    threshold, which may change, and is told where a list is looked at.
    """
    refused = summary.statuses["refused"]
    yield voice.say("desk.roster.done", rows=f"{summary.rows:,}", settled=f"{summary.rows - summary.rejected - refused:,}")
    for key, count in (("partial", summary.statuses["partial"]), ("refused", refused), ("rejected", summary.rejected)):
        if count:
            yield voice.say(f"desk.roster.{key}", count=f"{count:,}")
    for category in CATEGORIES:
        if category in summary.groups:
            yield _category_line(voice, category, summary.groups[category])


def _column_lines(voice: Voice, batch: "Batch", who: str | None) -> Iterator[str]:
    """Which columns were taken for what, and which were not used, so that no list is read otherwise than meant in silence."""
    columns, facts = batch.columns, {column: fact for fact, column in batch.columns.facts.items()}
    known = [_column_words(voice, column, facts.get(column, "")) for column in batch.kept if column in {*facts, *columns.personal, who}]
    yield voice.say("desk.columns.known", columns=known)
    taken = {*facts, *columns.personal, *columns.unused, *columns.doubtful, who}
    others = [column for column in batch.kept if column not in taken]
    if others:
        key = "desk.columns.unused.more" if len(others) > _MOST_COLUMNS else "desk.columns.unused"
        yield voice.say(key, columns=others[:_MOST_COLUMNS], count=str(len(others)))
    for column, instead in columns.unused.items():
        yield voice.say("batch.column.unused", column=column, taken=instead)
    for column, near in columns.doubtful.items():
        if column != who:
            yield voice.say("desk.columns.doubtful", column=column, near=near)
    if batch.job.replaced:
        yield voice.say("desk.columns.replaced")
    for key, values in batch.table.notes:
        yield voice.say(f"table.{key}", **values)


def _column_words(voice: Voice, column: str, fact: str) -> str:
    """A column, and what it was taken for where that goes by another name."""
    from bot.tables.names import column_name

    key = next((key for key in (f"desk.columns.{fact}", f"slot.{fact}") if voice.has(key)), "")
    called = voice.say(key) if key else ""
    return voice.say("desk.columns.taken", column=column, called=called) if called not in ("", column_name(column)) else column


def _category_line(voice: Voice, category: str, sums: "Group") -> str:
    counts = {"bills": f"{sums.bills:,}", "people": f"{sums.people or 0:,}"}
    key = "desk.roster.bills" if sums.people is None else "desk.roster.people"
    parts = [voice.say(key, category=category, total_amount=sums.total, **counts)]
    parts += [voice.say("desk.roster.layer", layer=layer, paid_amount=paid) for layer, paid in sums.paid.items() if paid]
    parts += [voice.say("desk.roster.hospital", hospital_amount=sums.hospital)] if sums.hospital else []
    parts.append(voice.say("desk.roster.own", own_amount=sums.own))
    return voice.say("desk.roster.line", words=voice.say("semicolon").join(parts))


class _FurtherAid:
    """For whom the rules name further aid (再次救助) that one has to apply for."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._shelf, self._known = knowledge.shelf, dict[tuple[int, str], bool]()

    def is_named(self, edition: int, category: str) -> bool:
        """Whether an edition of the shelf, by its number, names it for a category."""
        if (edition, category) not in self._known:
            policy = self._shelf.editions()[edition].policy
            self._known[edition, category] = category in policy.categories and _names_re_aid(policy, category, self._shelf)
        return self._known[edition, category]


def _names_re_aid(policy: Policy, category: str, shelf: Shelf) -> bool:
    """Seen from a bill so large that something is left of it."""
    day = policy.horizon.verified_until
    raw = {"place": policy.place, "category": category, "facility": policy.facilities[0], "total": _LARGE, "on": day.isoformat()}
    layer = estimate(read_case(raw), shelf, day).layer("re_aid")
    return layer is not None and layer.status == "advice"


def _rows(batch: "Batch", result: "Result", who: str | None, further: _FurtherAid) -> Iterator[Row]:
    """The rows of a block as a desk keeps them."""
    import polars as pl

    from bot.tables.persons import days_of, people_of
    from bot.tables.settle import STATUSES

    facts, settled = batch.columns.facts, result.settled
    cells = batch.beside(result).select(pl.all().cast(pl.String).fill_null("")).rows()
    called = people_of(result.frame, {"person": who}).to_list() if who is not None else [None] * len(cells)
    years = days_of(result.frame, facts, batch.names).dt.year().to_list()
    known = (settled["status"] != STATUSES.index("refused")).tolist()
    amounts = zip(settled["out_of_pocket"].tolist(), settled["eligible_unpaid"].tolist(), strict=True)
    kinds = zip(settled["edition"].tolist(), [CATEGORIES[number] for number in settled["category"].tolist()], strict=True)
    listed = zip(result.numbers.tolist(), called, years, kinds, known, amounts, cells, strict=True)
    for number, name, year, (edition, category), is_known, (own, unpaid), told in listed:
        person = name if "person" in facts else None
        if is_known:
            yield Row(number, name, person, year, category, own, unpaid, further.is_named(edition, category), told)
        else:
            yield Row(number, name, person, year, category, None, None, False, told)


def _days(batch: "Batch", result: "Result") -> Iterator[tuple[int, str]]:
    """The days of a block's rows, where people are told apart."""
    from bot.tables.persons import days_of

    if "person" in batch.columns.facts:
        days = days_of(result.frame, batch.columns.facts, batch.names).to_list()
        yield from ((row, day.isoformat()) for row, day in zip(result.numbers.tolist(), days, strict=True) if day is not None)


def csv_lines(voice: Voice, roster: Roster, rows: Iterator[Row]) -> Iterator[bytes]:
    """The list as a CSV file in parts, no cell of which spreadsheets take for a formula; what we add in the words of the voice."""
    from bot.files import no_formula

    yield _line([no_formula(column) for column in file_headings(voice, roster)]).encode("utf-8-sig")
    words, status = status_words(voice), roster.columns.index(STATUS, roster.given)
    for row in rows:
        cells = [no_formula(cell) for cell in row.cells]
        cells[status] = words[cells[status]]
        yield _line(cells).encode()


def _line(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue()


def write_workbook(voice: Voice, roster: Roster, rows: Iterator[Row], path: Path) -> None:
    """The same as an Excel file: what the list said as texts, amounts as numbers. Takes a while where it is long. Raises TableError."""
    import polars as pl

    from bot.tables.writing import write_table

    headings = file_headings(voice, roster)
    kinds: dict[str, pl.DataType] = {name: pl.Decimal(14, 2) if _is_money(roster, at) else pl.String() for at, name in enumerate(headings)}
    status = headings[roster.columns.index(STATUS, roster.given)]
    write_table(_frames(rows, kinds, pl.col(status).replace_strict(status_words(voice))), pl.Schema(kinds), path)


def _frames(rows: Iterator[Row], kinds: "dict[str, pl.DataType]", status: "pl.Expr") -> "Iterator[pl.DataFrame]":
    import polars as pl

    texts = dict.fromkeys(kinds, pl.String)
    amounts = [pl.col(column).replace("", None).cast(kind) for column, kind in kinds.items() if kind != pl.String]
    while part := [row.cells for _, row in zip(range(_AT_ONCE), rows, strict=False)]:
        yield pl.DataFrame(part, schema=texts, orient="row").with_columns(status, *amounts)


_AT_ONCE = 10_000


def _is_money(roster: Roster, at: int) -> bool:
    return at >= roster.given and roster.columns[at] in MONEY
