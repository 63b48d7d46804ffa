"""A register of an office as it comes in: who is in which category."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bot.desk import Registers
from bot.knowledge import Knowledge
from bot.lists.reading import ListError, Progress, called_column, in_words, names_of, opened, person_column, plain_text
from bot.speech import Voice
from engine import CATEGORIES

if TYPE_CHECKING:
    from bot.tables.names import Columns, Names
    from bot.tables.reading import Table

_AT_ONCE = 10_000
#: Rows that do not tell, named at once, and columns that are.
_MOST_WRONG, _MOST_COLUMNS = 10, 20


def take_register(
    source: Path, name: str, registers: Registers, number: int, knowledge: Knowledge, voice: Voice, progress: Progress
) -> None:
    """Read a register into the `number` that was begun for it: a column that tells people apart, and one of categories.

    It is taken whole or not at all; rows that do not tell are named, to be mended. Raises ListError.
    """
    with in_words(name, voice), opened(source, progress) as table:
        reader = _Reader(table, names_of(knowledge), voice)
        tick, anybody = progress("settling", table.rows), False
        for rows, people, called in reader.parts():
            for person in registers.write(number, people, called):
                reader.wrong(rows[person], "twice")
            anybody = anybody or bool(people)
            tick(len(rows))
        if reader.wrong_rows:
            raise ListError("\n".join(reader.why_not()))
        if not anybody:
            raise ListError(voice.say("desk.register.nobody"))
    registers.finish(number)


class _Reader:
    """The rows of one register. `wrong_rows`: how many do not tell."""

    def __init__(self, table: "Table", names: "Names", voice: Voice) -> None:
        self._table, self._names, self._voice = table, names, voice
        columns = names.columns_of(table.columns)
        self._category, self._person = self._needed(columns)
        self._name = called_column(columns, table.columns)
        #: Other columns of categories: a row in which one says another is for people to look at.
        self._beside = [column for column, taken in columns.unused.items() if taken == self._category]
        self._known: dict[str | None, str | None] = {}
        self._told: list[str] = []
        self.wrong_rows, self._strange = 0, False

    def _needed(self, columns: "Columns") -> tuple[str, str]:
        """The columns of categories and of people. Raises ListError naming what is missing, and what there is."""
        header = self._table.columns
        category, person = columns.facts.get("category"), person_column(columns, header)
        if category is not None and person is not None:
            return category, person
        missing = {"category": category, "person": person}
        wanted = [self._voice.say(f"desk.register.column.{name}") for name, column in missing.items() if column is None]
        near = [self._voice.say("table.near", column=column, near=name) for column, name in columns.doubtful.items()]
        words = self._voice.say("desk.register.columns", wanted=wanted, found=list(header[:_MOST_COLUMNS]))
        raise ListError(words + "".join(near if category is None else []))

    def parts(self) -> Iterator[tuple[dict[str, int], dict[str, str], dict[str, str]]]:
        """Persons with the number of their row, with their category, and with what they are called beside it, so many at a time."""
        from bot.tables.persons import people_of

        number = self._table.first_row
        for frame in self._table.frames(_AT_ONCE):
            rows: dict[str, int] = {}
            people: dict[str, str] = {}
            called: dict[str, str] = {}
            names = [plain_text(cell) for cell in frame[self._name].to_list()] if self._name else [""] * len(frame)
            persons, cells = people_of(frame, {"person": self._person}).to_list(), frame.select(self._category, *self._beside).rows()
            for row, (person, said, name) in enumerate(zip(persons, cells, names, strict=True)):
                why, category = self._read(person, said)
                if person is None or category is None:
                    self._unclear(frame.row(row), number + row, why, blank=not any(map(plain_text, (person, *said))))
                elif people.setdefault(person, category) != category:
                    self.wrong(number + row, "twice")
                else:
                    rows.setdefault(person, number + row)
                    called.setdefault(person, name)
            yield rows, people, called
            number += len(frame)

    def wrong(self, row: int, why: str) -> None:
        """Note a row that does not tell."""
        self.wrong_rows, self._strange = self.wrong_rows + 1, self._strange or why == "no_category"
        if len(self._told) < _MOST_WRONG:
            self._told.append(f"{self._voice.say('desk.row', row=str(row))}{self._voice.say(f'desk.register.{why}')}")

    def why_not(self) -> Iterator[str]:
        """Why the register is not taken: its first rows that do not tell, how many more there are, and what a category may be called."""
        yield self._voice.say("desk.register.wrong")
        yield from self._told
        if self.wrong_rows > len(self._told):
            yield self._voice.say("desk.register.more", count=f"{self.wrong_rows - len(self._told):,}")
        if self._strange:
            expected = [self._voice.say(f"category.{key}") for key in CATEGORIES]
            yield self._voice.say("desk.register.may_be", column=self._category, expected=expected)

    def _read(self, person: str | None, said: tuple[str | None, ...]) -> tuple[str, str | None]:
        """Why a row does not tell, or the category of its person."""
        category, others = self._meaning(said[0]), {self._meaning(cell) for cell in said[1:]} - {None}
        wrong = {
            "no_person": person is None,
            "empty": not plain_text(said[0]),
            "no_policy": self._names.is_unclear(said[0]),
            "no_category": category is None,
            "differs": bool(others - {category}),
        }
        why = next((why for why, is_wrong in wrong.items() if is_wrong), "")
        return why, None if why else category

    def _unclear(self, cells: tuple[str | None, ...], row: int, why: str, *, blank: bool) -> None:
        """A row that names nobody or no category; sums and empty rows are none."""
        if not blank and not self._names.is_total(cells):
            self.wrong(row, why)

    def _meaning(self, cell: str | None) -> str | None:
        if cell not in self._known:
            said = self._names.value("category", cell)
            self._known[cell] = said if said in CATEGORIES else None
        return self._known[cell]
