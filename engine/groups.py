"""Groups: rows of a table whose facts from short lists are the same are settled by the same plans, looked up once for all of them.

What edition answers, whether being registered counts, which age group somebody is in: decided here by what decides it for one case.
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

from engine.case import Case, read_case
from engine.cell import Cell
from engine.keys import AGES, CARES, CATEGORIES, FACILITIES
from engine.note import Note
from engine.plan import Plan
from engine.settling import why_not_covered
from engine.shelf import Edition, Shelf
from engine.year import Person, Year, cell_of


class Key(NamedTuple):
    """What tells plans apart in a table, each as a small number. `ends` numbers the choices of ends of a cell's range figures."""

    edition: int
    category: int
    facility: int
    care: int
    registered: int
    insured: int
    age: int
    ends: int


class Facts(NamedTuple):
    """What a row says of the person and the stay, from short lists."""

    category: str
    facility: str
    care: str
    registered: bool | None
    emergency: bool | None
    insured: bool
    age: int | None


@dataclass(frozen=True, slots=True)
class Chosen:
    """The edition that answers for a place and day, by its number on the shelf; or the one that would have to, and why none does."""

    number: int
    edition: Edition
    refused: Note | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """One combination of facts: the plans at each choice of ends, the assumed one first; none where no rule answers.

    A bill of at most `exact_to` fen that is the first of its year comes to the same at each choice.
    """

    chosen: Chosen
    key: Key | None = None
    plans: tuple[Plan, ...] = ()
    exact_to: int = 0


def choose_edition(shelf: Shelf, place: str, on: date | None, *, expired_ok: bool) -> Chosen:
    """The edition for a place on the shelf and a day."""
    editions, known = shelf.editions(), shelf.choose(place, on, expired_ok=expired_ok)
    edition = shelf.places[place][-1] if isinstance(known, Note) else known
    return Chosen(editions.index(edition), edition, known if isinstance(known, Note) else None)


def age_told(chosen: Chosen, age: int | None) -> str:
    """The age group that an age falls into."""
    policy = chosen.edition.policy
    return _cell(chosen, Facts(policy.categories[0], policy.facilities[0], policy.care[0], None, None, True, age)).age


def group_of(chosen: Chosen, facts: Facts) -> Group:
    """The group of a row."""
    edition = chosen.edition
    why = chosen.refused or why_not_covered(edition, _case(chosen, facts), ())
    if why is not None:
        return Group(replace(chosen, refused=why))
    cell = _cell(chosen, facts)
    return Group(chosen, _key(chosen.number, cell), edition.plans(cell), edition.exact_to(cell))


def group_at(shelf: Shelf, key: Key) -> Group:
    """The group that has a key, where only the key has travelled."""
    chosen = Chosen(key.edition, shelf.editions()[key.edition])
    listed = (CATEGORIES[key.category], FACILITIES[key.facility], CARES[key.care])
    cell = Cell(*listed, bool(key.registered), bool(key.insured), AGES[key.age])
    return Group(chosen, key, chosen.edition.plans(cell), chosen.edition.exact_to(cell))


def _cell(chosen: Chosen, facts: Facts) -> Cell:
    return cell_of(chosen.edition, _case(chosen, facts), Person(facts.category, facts.insured, facts.age), Year())


def _case(chosen: Chosen, facts: Facts) -> Case:
    """A bill of nothing with these facts."""
    return read_case({"place": chosen.edition.policy.place, "total": 0} | facts._asdict())


def _key(number: int, cell: Cell) -> Key:
    listed = (CATEGORIES.index(cell.category), FACILITIES.index(cell.facility), CARES.index(cell.care))
    return Key(number, *listed, int(cell.registered), int(cell.insured), AGES.index(cell.age), 0)
