"""Early warning (防返贫预警): the list of people that an office is told about."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal, Self

from bot.desk import Book, Choices, Feedback, Roster, Rosters, Year
from bot.knowledge import Knowledge
from bot.lists.reading import adds_up_people, called_column, names_of, plain_text
from bot.lists.writing import Cell, write_list
from bot.speech import Voice
from bot.tables import WARN_AT
from engine import fen, yuan

Office = Literal["civil", "rural"]
#: Whose people each office looks after. Who is in no list of either may be newly poor, and both are told (an interpretation).
OFFICES: dict[Office, frozenset[str]] = {
    "civil": frozenset({"extreme_poverty", "subsistence_allowance", "child_in_difficulty", "low_income_margin", "poor_through_illness"}),
    "rural": frozenset({"back_in_poverty", "monitored", "lifted_out", "registered_poor"}),
}
#: From so many percent of the threshold on somebody is near it (a choice of ours).
NEAR = 80
_COLUMNS = ("name", "who", "year", "category", "bills", "unpaid", "own", "threshold", "state", "may_apply", "told")
_MONEY = ("unpaid", "own", "threshold")
_AT_ONCE = 500
_CHOICE = "warn_at"


@dataclass(frozen=True, slots=True)
class Threshold:
    """From which amount of eligible cost left unpaid in a year to warn, in fen: what the desk chose, else a figure with no document behind
    it.
    """

    amount: int = fen(WARN_AT)
    is_chosen: bool = False

    @classmethod
    def of(cls, book: Book) -> Self:
        """That of a desk. Raises RoomError."""
        chosen = Choices(book).get(_CHOICE)
        return cls() if chosen is None else cls(chosen, is_chosen=True)

    def basis(self, voice: Voice) -> str:
        """Where it comes from."""
        return voice.say("desk.warn.chosen" if self.is_chosen else "desk.warn.basis", threshold_amount=self.amount)

    @classmethod
    def choose(cls, book: Book, amount: int | None) -> None:
        """Another one for a desk; None: the usual one. Raises RoomError."""
        if amount is None:
            Choices(book).clear(_CHOICE, yuan(cls().amount))
        else:
            Choices(book).set(_CHOICE, amount, yuan(amount))


def apart_words(voice: Voice, roster: Roster, knowledge: Knowledge) -> str:
    """That a list does not tell whose bills are whose, so that nobody's year is added up; empty where it does."""
    columns = names_of(knowledge).columns_of(roster.columns[: roster.given])
    return "" if adds_up_people(columns) else voice.say("desk.warn.apart")


def near(threshold: int) -> int:
    """Up to which amount somebody is not near the threshold yet, in fen: so many percent of it are near."""
    return (threshold * NEAR - 1) // 100


def concerns(office: Office, category: str) -> bool:
    """Whether an office is told about people of a category."""
    return category in OFFICES[office] or not any(category in known for known in OFFICES.values())


def people_for(rosters: Rosters, number: int, office: Office, threshold: int) -> Iterator[Year]:
    """Everybody of a list whom an office is told about: above the threshold, and near it."""
    return (year for year in rosters.every_burdened(number, near(threshold)) if concerns(office, year.category))


class Called:
    """What the people of a list are called, where it says that beside what tells them apart."""

    def __init__(self, rosters: Rosters, roster: Roster, knowledge: Knowledge) -> None:
        header = roster.columns[: roster.given]
        column = called_column(names_of(knowledge).columns_of(header), header)
        self._rosters, self._number, self._at = rosters, roster.number, None if column is None else header.index(column)

    @property
    def is_told(self) -> bool:
        """Whether the list says it at all."""
        return self._at is not None

    def of(self, years: Sequence[Year]) -> list[str]:
        """The names of some people, from the last bill of each; empty where nothing is said. Raises RoomError."""
        if self._at is None:
            return [""] * len(years)
        names = self._rosters.cells(self._number, self._at, [year.last for year in years])
        return [plain_text(names.get(year.last)) for year in years]


def write_warnings(people: Iterable[Year], called: Called, feedback: Feedback, threshold: int, voice: Voice, path: Path) -> None:
    """The file for an office, xlsx or csv as its path ends, with names where the list has them. Raises RoomError and TableError."""
    columns = _COLUMNS if called.is_told else _COLUMNS[1:]
    headings = [voice.say(f"desk.warn.column.{name}") for name in columns]
    rows = ([cells[name] for name in columns] for cells in _rows(people, called, feedback, threshold, voice))
    write_list(headings, rows, [columns.index(name) for name in _MONEY], path)


def _rows(people: Iterable[Year], called: Called, feedback: Feedback, threshold: int, voice: Voice) -> Iterator[dict[str, Cell]]:
    waiting = iter(people)
    while part := list(islice(waiting, _AT_ONCE)):
        marks = feedback.of((year.who, year.year) for year in part if year.who)
        for year, name in zip(part, called.of(part), strict=True):
            told = [
                voice.say(f"desk.warn.{mark.what}", day=mark.day, words=mark.words) for mark in marks.get((year.who or "", year.year), ())
            ]
            yield _cells(voice, year, name, threshold, voice.say("semicolon").join(told))


def _cells(voice: Voice, year: Year, name: str, threshold: int, told: str) -> dict[str, Cell]:
    return {
        "name": name,
        "who": who_words(voice, year),
        "year": str(year.year or ""),
        "category": voice.say(f"category.{year.category}"),
        "bills": str(year.bills),
        "unpaid": year.unpaid,
        "own": year.own,
        "threshold": threshold,
        "state": state_words(voice, year, threshold),
        "may_apply": voice.say("desk.warn.may_apply") if year.may_apply else "",
        "told": told,
    }


def state_words(voice: Voice, year: Year, threshold: int) -> str:
    """Whether it is above the threshold or near it, and that less may be left where a layer cannot be computed."""
    words = voice.say("desk.warn.above" if year.unpaid > threshold else "desk.warn.near")
    return f"{words} {voice.say('desk.row.open')}" if year.is_open else words


def who_words(voice: Voice, year: Year) -> str:
    """By what somebody is told apart, or which row it is where the list does not tell."""
    return year.who or voice.say("desk.row", row=year.last).rstrip("：: ")
