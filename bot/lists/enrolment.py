"""A list of who is insured and who is not (全民参保) as it comes in: row by row, whatever its size."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.desk import Brought, Enrollee, Enrolments, NobodyError, Unread
from bot.knowledge import Knowledge
from bot.lists.reading import ListError, Progress, in_words, names_of, opened, person_column, person_key, plain_text, quiet, rows_of
from bot.speech import Voice
from engine import CATEGORIES, PremiumAnswer, premium_of_each

if TYPE_CHECKING:
    from bot.tables.names import Names
    from bot.tables.reading import Table

Rows = Iterator[Enrollee | Unread]


def take_enrolment(
    source: Path,
    name: str,
    place: str | None,
    year: int | None,
    enrolments: Enrolments,
    knowledge: Knowledge,
    voice: Voice,
    today: date,
    progress: Progress,
) -> int:
    """Keep a list of people of a place for a year, or for the newest, with the rows that do not tell; its number. Raises ListError."""
    due = _due(place, year, knowledge, voice, today)
    try:
        with opened_enrolment(source, name, due, knowledge, voice, progress) as (brought, rows):
            return enrolments.bring(brought, rows)
    except NobodyError as error:
        raise ListError("\n".join([voice.say("desk.enrol.nobody"), *unread_lines(voice, error.unread)])) from error


def unread_lines(voice: Voice, unread: Sequence[Unread]) -> list[str]:
    """Rows that do not tell, with the reason."""
    return [voice.say("desk.row", row=str(each.row)) + voice.say(f"desk.enrol.wrong.{each.why}") for each in unread]


def _due(place: str | None, year: int | None, knowledge: Knowledge, voice: Voice, today: date) -> PremiumAnswer:
    """What one of each category pays. Raises ListError."""
    if place is None or place not in knowledge.shelf.places:
        raise ListError(voice.say("desk.enrol.no_place"))
    answer = premium_of_each(place, year, knowledge.shelf, today)
    if not answer.shares:
        raise ListError(voice.note(answer.cautions[0]))
    return answer


@contextmanager
def opened_enrolment(
    source: Path, name: str, due: PremiumAnswer, knowledge: Knowledge, voice: Voice, progress: Progress = quiet
) -> Iterator[tuple[Brought, Rows]]:
    """A list with a column that tells people apart and one of categories; its rows are read as they are asked for.

    `due`: what is paid at the place and in the year of the list. Raises ListError, also while rows are read.
    """
    with in_words(name, voice):
        table, names = opened(source, progress), names_of(knowledge)
        columns = _columns(names, table)
        if not {"category", "person"} <= columns.keys():
            raise ListError(voice.say("desk.enrol.columns"))
        brought = Brought(name, due.policy.place, due.year or 0, columns.get("home", ""), columns.get("insured", ""))
        yield brought, _Reader(names, columns, due).rows(table, progress("settling", table.rows))


def _columns(names: "Names", table: "Table") -> dict[str, str]:
    """The column of each thing that a list tells. The household's tells people apart where nothing else does."""
    known, further = names.columns_of(table.columns), names.further_of("enrolment", table.columns)
    home, called = further.get("household"), further.get("name")
    person = person_column(known, [column for column in table.columns if column != home]) or called or home
    told = {name: known.facts.get(name) for name in ("category", "insured", "place")}
    told |= {"person": person, "home": None if home == person else home, "name": None if called == person else called}
    return {name: column for name, column in told.items() if column is not None}


class _Reader:
    """Reads the rows of one list."""

    def __init__(self, names: "Names", columns: Mapping[str, str], due: PremiumAnswer) -> None:
        self._names, self._columns, self._due = names, columns, due

    def rows(self, table: "Table", tick: Callable[[int], None]) -> Rows:
        for number, row in enumerate(rows_of(table), start=table.first_row):
            tick(1)
            said = {name: plain_text(row[column]) for name, column in self._columns.items()}
            said["person"] = person_key(said["person"])
            if any(said.values()) and not self._names.is_total(row.values()):
                yield self._row(number, said)

    def _row(self, number: int, said: Mapping[str, str]) -> Enrollee | Unread:
        category, insured = self._value("category", said), self._value("insured", said)
        why = _why(said, category, insured) or self._elsewhere(said, category)
        if why:
            return Unread(number, why)
        person = said["person"]
        return Enrollee(number, said.get("home", person), person, said.get("name", ""), category, insured is True)

    def _value(self, name: str, said: Mapping[str, str]) -> Any:
        return self._names.value(name, said[name]) if name in said else None

    def _elsewhere(self, said: Mapping[str, str], category: str) -> str:
        """Why a row is none of this place and its rules; empty when it is."""
        if said.get("place") and self._value("place", said) != self._due.policy.place:
            return "place"
        return "" if category in self._due.policy.categories else "not_covered"


def _why(said: Mapping[str, str], category: Any, insured: Any) -> str:
    """Why a row does not tell; empty when it does. Nothing is taken for granted in an empty cell."""
    wrong = {
        "no_person": not said["person"],
        "no_home": said.get("home") == "",
        "no_category": category is None,
        "category": category not in CATEGORIES,
        "no_insured": said.get("insured") == "",
        "insured": "insured" in said and not isinstance(insured, bool),
    }
    return next((why for why, is_wrong in wrong.items() if is_wrong), "")
