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
    from bot.tables.names import Names
    from bot.tables.reading import Table

_AT_ONCE = 10_000
#: Rows that do not tell, named at once.
_MOST_WRONG = 10


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
        if reader.told:
            raise ListError("\n".join([voice.say("desk.register.wrong"), *reader.told]))
        if not anybody:
            raise ListError(voice.say("desk.register.nobody"))
    registers.finish(number)


class _Reader:
    """The rows of one register. `told`: what is wrong with the first of those that do not tell."""

    def __init__(self, table: "Table", names: "Names", voice: Voice) -> None:
        self._table, self._names, self._voice = table, names, voice
        columns = names.columns_of(table.columns)
        category, person = columns.facts.get("category"), person_column(columns, table.columns)
        if category is None or person is None:
            raise ListError(voice.say("desk.register.columns"))
        self._category, self._person, self._name = category, person, called_column(columns, table.columns)
        self._known: dict[str | None, str | None] = {}
        self.told: list[str] = []

    def parts(self) -> Iterator[tuple[dict[str, int], dict[str, str], dict[str, str]]]:
        """Persons with the number of their row, with their category, and with what they are called beside it, so many at a time."""
        from bot.tables.persons import people_of

        number = self._table.first_row
        for frame in self._table.frames(_AT_ONCE):
            rows: dict[str, int] = {}
            people: dict[str, str] = {}
            called: dict[str, str] = {}
            names = [plain_text(cell) for cell in frame[self._name].to_list()] if self._name else [""] * len(frame)
            persons, said = people_of(frame, {"person": self._person}).to_list(), frame[self._category].to_list()
            for row, (person, cell, name) in enumerate(zip(persons, said, names, strict=True)):
                category = self._meaning(cell)
                if person is None or category is None:
                    self._unclear(frame.row(row), number + row, person, cell)
                elif people.setdefault(person, category) != category:
                    self.wrong(number + row, "twice")
                else:
                    rows.setdefault(person, number + row)
                    called.setdefault(person, name)
            yield rows, people, called
            number += len(frame)

    def wrong(self, row: int, why: str) -> None:
        """Note a row that does not tell."""
        if len(self.told) < _MOST_WRONG:
            self.told.append(f"{self._voice.say('desk.row', row=str(row))}{self._voice.say(f'desk.register.{why}')}")

    def _unclear(self, cells: tuple[str | None, ...], row: int, person: str | None, cell: str | None) -> None:
        """A row that names nobody or no category; sums and empty rows are none."""
        if self._names.is_total(cells) or (person is None and not (cell or "").strip()):
            return
        self.wrong(row, "no_person" if person is None else "no_category")

    def _meaning(self, cell: str | None) -> str | None:
        if cell not in self._known:
            said = self._names.value("category", cell)
            self._known[cell] = said if said in CATEGORIES else None
        return self._known[cell]
