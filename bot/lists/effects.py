"""What a register changes for the people of a list: their bills settled again, as the category of the registers has them."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from bot.desk import Kind, Registers, Roster, Rosters, Row
from bot.knowledge import Knowledge
from bot.lists.headings import OWN_COST
from bot.lists.reading import called_column, in_words, names_of, plain_text, quiet
from bot.lists.settling import Rejects, opened_batch, results
from bot.speech import Voice

#: So many people are looked at; a first register, in which everybody is new, may be a city's.
MOST_PEOPLE = 2_000
_ORDINARY = "ordinary"


@dataclass(frozen=True, slots=True)
class Effect:
    """Somebody whose own cost is another by the registers. Money in fen, of all their bills on the list; None where no rule settles them.

    `before`: the category of the list; `after`: that of the registers, and where both offices name one, that with less to pay; `name`: what
    the list calls them beside what tells people apart. `most_before`, `most_after`: it is the most, because a layer pays that nobody can
    compute.
    """

    who: str
    before: str
    after: str
    own_before: int | None
    own_after: int | None
    name: str = ""
    most_before: bool = False
    most_after: bool = False

    @property
    def is_open(self) -> bool:
        """Whether one of both is no more than a bound, so that nobody knows the difference."""
        return self.most_before or self.most_after

    @property
    def more(self) -> int:
        """How much more there is to pay; 0 where nobody knows."""
        return 0 if self.is_open or self.own_before is None or self.own_after is None else self.own_after - self.own_before


@dataclass(frozen=True, slots=True)
class Effects:
    """What a register changes. `found`: how many of those it changes stand on the list; `cut`: it changes more than MOST_PEOPLE, and the
    others were not looked at.
    """

    people: list[Effect]
    found: int
    cut: bool

    @property
    def less(self) -> int:
        """What those who pay less pay less together, in fen."""
        return -sum(min(0, effect.more) for effect in self.people)

    @property
    def more(self) -> int:
        """What those who pay more pay more together, in fen."""
        return sum(max(0, effect.more) for effect in self.people)


def effects_of(
    number: int, day: str, roster: Roster, rosters: Rosters, registers: Registers, knowledge: Knowledge, voice: Voice, work: Path
) -> Effects:
    """What the register `number` of an ISO `day` changes for a list, by the registers of both offices up to that day.

    Takes a while. Raises ListError.
    """
    changed = registers.changed(number, MOST_PEOPLE + 1)
    rows = rosters.of_people(roster.number, changed[:MOST_PEOPLE])
    listed = registers.categories(changed[:MOST_PEOPLE], day)
    people: dict[str, list[Row]] = {}
    for row in rows:
        people.setdefault(row.who or "", []).append(row)
    wanted = {who: _categories(listed.get(who, {})) for who in people}
    other = {who: bills for who, bills in people.items() if {row.category for row in bills} != set(wanted[who])}
    best: dict[str, tuple[str, _Own]] = {}
    for place in range(max((len(wanted[who]) for who in other), default=0)):
        meant = {who: wanted[who][place] for who in other if place < len(wanted[who])}
        owns = _settled(roster, [row for who in meant for row in other[who]], meant, knowledge, voice, work)
        for who, category in meant.items():
            found = (category, _sum([owns.get(row.number) for row in other[who]]))
            best[who] = min(best.get(who, found), found, key=lambda each: each[1])
    header = roster.columns[: roster.given]
    called = called_column(names_of(knowledge).columns_of(header), header)
    told = [
        _effect(who, bills[-1], _name(bills[-1], header, called), _sum([_own(roster, row) for row in bills]), *best[who])
        for who, bills in other.items()
    ]
    changes = [effect for effect in told if effect.own_after != effect.own_before or effect.own_after is None or effect.is_open]
    return Effects(sorted(changes, key=lambda effect: effect.more), len(people), len(changed) > MOST_PEOPLE)


def _name(row: Row, header: Sequence[str], called: str | None) -> str:
    return plain_text(row.cells[header.index(called)]) if called is not None else ""


def _categories(listed: Mapping[Kind, str]) -> list[str]:
    """The categories that the registers have somebody in; who is in none of them is an ordinary resident, as far as they tell."""
    return sorted(set(listed.values())) or [_ORDINARY]


class _Own(NamedTuple):
    """What somebody pays, in fen: `most` is exact or a bound. Less comes first, of the same what may be less, last what nobody knows."""

    is_unknown: bool
    most: int
    is_exact: bool


def _effect(who: str, bill: Row, name: str, own: _Own, after: str, own_after: _Own) -> Effect:
    before, now = (None if each.is_unknown else each.most for each in (own, own_after))
    return Effect(who, bill.category, after, before, now, name, not own.is_exact, not own_after.is_exact)


def _own(roster: Roster, row: Row) -> _Own | None:
    is_exact = row.cells[roster.columns.index("status", roster.given)] == "computed"
    return None if row.own is None else _Own(is_unknown=False, most=row.own, is_exact=is_exact)


def _sum(owns: Sequence[_Own | None]) -> _Own:
    known = [own for own in owns if own is not None]
    return _Own(len(known) < len(owns), sum(own.most for own in known), all(own.is_exact for own in known))


def _settled(
    roster: Roster, rows: Sequence[Row], meant: Mapping[str, str], knowledge: Knowledge, voice: Voice, work: Path
) -> dict[int, _Own]:
    """What people pay of bills by the row, each person in another category. Raises ListError."""
    header = roster.columns[: roster.given]
    at = header.index(names_of(knowledge).columns_of(header).facts["category"])
    with TemporaryDirectory(dir=work) as folder, in_words(roster.name, voice):
        from bot.tables.batch import NothingSettledError
        from bot.tables.settle import STATUSES

        source = Path(folder, "in.csv")
        with source.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(header)
            writer.writerows([*row.cells[:at], meant[row.who or ""], *row.cells[at + 1 : roster.given]] for row in rows)
        owns: dict[int, _Own] = {}
        with opened_batch(source, roster.place, knowledge, voice, quiet) as batch:
            try:
                for result in results(batch, Rejects()):
                    statuses = [STATUSES[status] for status in result.settled["status"].tolist()]
                    told = zip(result.numbers.tolist(), result.settled[OWN_COST].tolist(), statuses, strict=True)
                    owns |= {
                        rows[number - batch.table.first_row].number: _Own(is_unknown=False, most=own, is_exact=status == "computed")
                        for number, own, status in told
                        if status != "refused"
                    }
            except NothingSettledError:
                return {}
        return owns
