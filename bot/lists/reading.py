"""How a list comes in: a file of an office, or what was pasted from a spreadsheet, row by row."""

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot import resources
from bot.knowledge import Knowledge
from bot.speech import Voice

if TYPE_CHECKING:
    from bot.tables.names import Columns, Names
    from bot.tables.reading import Table

#: Told when a stage begins: its name, and how many rows it will go through; gives back what to call with rows done.
Progress = Callable[[str, int], Callable[[int], None]]

ENDINGS = (".csv", ".xlsx")
_ROWS_AT_ONCE = 1000
#: The number of an identity card may end in an X.
_SMALL_X = re.compile(r"^(\d{17})x$", re.ASCII)
#: In names of columns with numbers that are one person's; a telephone may be a family's.
_IDENTITY, _OF_A_FAMILY, _NAME = ("证", "社保", "医保"), "户主", "名"


class ListError(Exception):
    """A list that cannot be read or settled. The message is in the reader's words and tells what to do."""


def from_text(text: str) -> bytes:
    """What is pasted from a spreadsheet, cells apart by tabs, as a CSV file; CSV as it is."""
    if "\t" not in text:
        return text.encode()
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(csv.reader(io.StringIO(text), delimiter="\t"))
    return out.getvalue().encode()


def person_column(columns: "Columns", header: Sequence[str]) -> str | None:
    """The column that tells people apart: of their numbers, else one that names them by number, else the only one that says no fact."""
    if "person" in columns.facts:
        return columns.facts["person"]
    others = [column for column in header if column not in columns.facts.values()]
    return numbered_column(columns) or (others[0] if len(others) == 1 else next(iter(columns.personal), None))


def name_column(columns: "Columns", header: Sequence[str]) -> str | None:
    """The column that says who somebody is to people: with names, else what tells them apart."""
    named = (column for column in columns.personal if _NAME in column and _OF_A_FAMILY not in column)
    return next(named, person_column(columns, header))


def called_column(columns: "Columns", header: Sequence[str]) -> str | None:
    """The column that says what people are called beside the one that tells them apart; None where there is no other."""
    called = name_column(columns, header)
    return called if called != person_column(columns, header) else None


def numbered_column(columns: "Columns") -> str | None:
    """The column of a number that only one person has, where none is called their number in so many words."""
    if "person" in columns.facts:
        return None
    return next((column for column in columns.personal if _OF_A_FAMILY not in column and any(sign in column for sign in _IDENTITY)), None)


def adds_up_people(columns: "Columns") -> bool:
    """Whether the bills of one person are added up: there is a column of numbers that only one person has."""
    return "person" in columns.facts or numbered_column(columns) is not None


def quiet(_stage: str, _rows: int) -> Callable[[int], None]:
    """Progress that nobody is told of."""
    return lambda _done: None


def opened(source: Path, progress: Progress) -> "Table":
    """A list as a table; `progress` is told how far it is read where that takes long. Raises TableError."""
    from bot.tables.batch import lazy_stage
    from bot.tables.reading import open_table

    return open_table(source, source.parent, lazy_stage(progress, "reading"))


def rows_of(table: "Table") -> Iterator[dict[str, Any]]:
    """The rows of a table by column, a block in memory at a time."""
    for frame in table.frames(_ROWS_AT_ONCE):
        yield from frame.iter_rows(named=True)


def person_key(cell: Any) -> str:
    """The number or name that a cell says, however it was typed; as `people_of` has a whole column."""
    return _SMALL_X.sub(r"\1X", "".join(plain_text(cell).split()))


def plain_text(cell: Any) -> str:
    """What a cell says, in plain digits and without blanks around it."""
    return unicodedata.normalize("NFKC", str(cell if cell is not None else "")).strip()


@contextmanager
def in_words(name: str, voice: Voice) -> Iterator[None]:
    """What is wrong with a list that is called so, in words. Raises ListError."""
    from bot.tables.errors import TableError

    try:
        yield
    except TableError as error:
        # A command tells columns by the keys of its contract, which say nothing to people at a desk.
        key = next(key for key in (f"desk.table.{error.code}", f"table.{error.code}") if voice.has(key))
        raise ListError(voice.say(key, **(dict(error.values) | {"name": name}))) from error
    except ModuleNotFoundError as error:
        raise ListError(voice.say("table.no_extra", extra="bulk", name=error.name)) from error


def names_of(knowledge: Knowledge) -> "Names":
    """The words of tables, as packs, vocabulary and catalogues have them."""
    from bot.tables.names import Names

    return Names.read(resources.TABLE_WORDS, knowledge.vocabulary, knowledge.shelf, tuple(knowledge.voices.values()))
