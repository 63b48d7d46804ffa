"""Early warning (防返贫预警): the list of people that an office is told about."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from bot.desk import Feedback, Rosters, Year
from bot.speech import Voice
from engine import yuan

Office = Literal["civil", "rural"]
#: Whose people each office looks after. Who is in no list of either may be newly poor, and both are told (an interpretation).
OFFICES: dict[Office, frozenset[str]] = {
    "civil": frozenset({"extreme_poverty", "subsistence_allowance", "child_in_difficulty", "low_income_margin", "poor_through_illness"}),
    "rural": frozenset({"back_in_poverty", "monitored", "lifted_out", "registered_poor"}),
}
#: From so many percent of the threshold on somebody is near it (a choice of ours).
NEAR = 80
_TEXTS, _MONEY = ("who", "year", "category", "bills", "state", "may_apply", "told"), ("unpaid", "own", "threshold")
_ORDER = ("who", "year", "category", "bills", "unpaid", "own", "threshold", "state", "may_apply", "told")
_AT_ONCE = 500


def near(threshold: int) -> int:
    """From where on somebody is near the threshold, in fen."""
    return threshold * NEAR // 100


def concerns(office: Office, category: str) -> bool:
    """Whether an office is told about people of a category."""
    return category in OFFICES[office] or not any(category in known for known in OFFICES.values())


def people_for(rosters: Rosters, number: int, office: Office, threshold: int) -> Iterator[Year]:
    """Everybody of a list whom an office is told about: above the threshold, and near it."""
    first = 0
    while part := rosters.burdened(number, near(threshold), None, first, _AT_ONCE):
        yield from (year for year in part if concerns(office, year.category))
        first += len(part)


def write_warnings(path: Path, people: Iterator[Year], feedback: Feedback, threshold: int, voice: Voice) -> None:
    """The file for an office, .xlsx or .csv by its ending, no cell of which is a formula. Raises TableError."""
    import polars as pl

    from bot.files import no_formula
    from bot.tables.writing import write_table

    names = {name: voice.say(f"desk.warn.column.{name}") for name in _ORDER}
    schema = pl.Schema({names[name]: pl.Decimal(14, 2) if name in _MONEY else pl.String() for name in _ORDER})

    def frames() -> Iterator[pl.DataFrame]:
        while part := [year for _, year in zip(range(_AT_ONCE), people, strict=False)]:
            told = _told(voice, part, feedback)
            rows = [_cells(voice, year, threshold, words) for year, words in zip(part, told, strict=True)]
            safe = [[no_formula(cell) for cell in row] if path.suffix == ".csv" else row for row in rows]
            texts = pl.DataFrame(safe, schema=dict.fromkeys(schema, pl.String), orient="row")
            yield texts.cast({names[name]: pl.Decimal(14, 2) for name in _MONEY})

    write_table(frames(), schema, path)


def _cells(voice: Voice, year: Year, threshold: int, told: str) -> list[str]:
    cells = {
        "who": who_words(voice, year),
        "year": str(year.year or ""),
        "category": voice.say(f"category.{year.category}"),
        "bills": str(year.bills),
        "unpaid": yuan(year.unpaid),
        "own": yuan(year.own),
        "threshold": yuan(threshold),
        "state": voice.say("desk.warn.above" if year.unpaid > threshold else "desk.warn.near"),
        "may_apply": voice.say("desk.warn.may_apply") if year.may_apply else "",
        "told": told,
    }
    return [cells[name] for name in _ORDER]


def who_words(voice: Voice, year: Year) -> str:
    """Who it is, or which row where the list does not tell."""
    return year.who or voice.say("desk.row", row=year.last).rstrip("：: ")


def _told(voice: Voice, people: list[Year], feedback: Feedback) -> list[str]:
    """What was written about each of them, in a line."""
    marks = feedback.of((year.who, year.year) for year in people if year.who)
    told = (
        [voice.say(f"desk.warn.{mark.what}", day=mark.day, words=mark.words) for mark in marks.get((year.who or "", year.year), ())]
        for year in people
    )
    return [voice.say("semicolon").join(words) for words in told]
