"""A register of an office as it comes in: who is in which category."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.knowledge import Knowledge
from bot.lists.reading import ListError, as_file, names_of, person_column, plain_text, rows_of
from bot.speech import Voice
from engine import CATEGORIES


@dataclass(frozen=True, slots=True)
class Listed:
    """Who is in which category, by their number or name; and the rows that do not tell, by their number, with the reason in words."""

    people: dict[str, str]
    wrong: Sequence[tuple[int, str]]


def read_register(data: bytes, ending: str, name: str, knowledge: Knowledge, voice: Voice) -> Listed:
    """A register of an office: a column that tells people apart, and one of categories. Raises ListError."""
    people: dict[str, str] = {}
    wrong: list[tuple[int, str]] = []
    with as_file(data, ending, name, voice) as source:
        from bot.tables.reading import open_table

        table, names = open_table(source, source.parent), names_of(knowledge)
        columns = names.columns_of(table.columns)
        category, person = columns.facts.get("category"), person_column(columns, table.columns)
        if category is None or person is None:
            raise ListError(voice.say("desk.register.columns"))
        for number, row in enumerate(rows_of(table), start=table.first_row):
            who, said = plain_text(row[person]), names.value("category", row[category])
            if names.is_total(row.values()) or not (who or said):
                continue
            if not who or said not in CATEGORIES:
                wrong.append((number, voice.say("desk.register.no_person" if not who else "desk.register.no_category")))
            elif people.setdefault(who, said) != said:
                wrong.append((number, voice.say("desk.register.twice")))
    if not people:
        raise ListError(voice.say("desk.register.nobody"))
    return Listed(people, wrong)
