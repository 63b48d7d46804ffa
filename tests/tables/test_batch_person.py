"""Tables that say who is who: a person's settlements of a year follow each other as `earlier` bills do, and nothing else is touched."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from bot.knowledge import Knowledge
from tests.fuzz.columns import frame_of
from tests.fuzz.packs import random_year
from tests.tables.command import GOOD, Command, Ran, asked_alone, csv_of, differences, write

#: Enough to pass the yearly thresholds of Bozhou's layers with the second or third stay.
STAY = GOOD | {"category": "subsistence_allowance", "total": "60000"}


def stays(*days: str, person: str = "p1", **more: str) -> list[dict[str, Any]]:
    """Stays of one person that ended on these days."""
    return [{**STAY, "person": person, "on": day, **more} for day in days]


def settled(command: Command, folder: Path, rows: Sequence[dict[str, Any]], *options: str) -> Ran:
    """The table of these rows, each with its number, settled."""
    return command(csv_of(folder / "a.csv", [{"nr": at, **row} for at, row in enumerate(rows)]), *options)


def own_of(ran: Ran) -> dict[int, str]:
    """What the person pays, by the number of the row."""
    return {int(row["nr"]): row["out_of_pocket"] for row in ran.rows()}


def case_of(row: dict[str, Any]) -> dict[str, Any]:
    """A row as a case of the contract."""
    return {key: value for key, value in row.items() if key not in ("person", "nr") and value}


def alone_after(knowledge: Knowledge, row: dict[str, Any], *earlier: dict[str, Any]) -> dict[str, str | None]:
    """What `nengbao estimate` says of a row with those before as `earlier`."""
    told = asked_alone(knowledge, {**case_of(row), "earlier": [case_of(bill) for bill in earlier]})
    assert told is not None
    return told


def test_a_year_runs_in_the_order_of_its_days(command: Command, tmp_path: Path, knowledge: Knowledge) -> None:
    """However the rows stand, each is settled after those of earlier days; the result keeps the order of the table."""
    third, first, second = stays("2023-09-01", "2023-02-01", "2023-05-01")
    ran = settled(command, tmp_path, [third, first, second])
    wanted = [alone_after(knowledge, third, first, second), alone_after(knowledge, first), alone_after(knowledge, second, first)]
    assert [differences(row, alone) for row, alone in zip(ran.rows(), wanted, strict=True)] == [{}, {}, {}]
    assert len(set(own_of(ran).values())) > 1, "the year must matter, or this proves nothing"


def test_random_years_come_to_the_same_as_earlier_bills(command: Command, tmp_path: Path, knowledge: Knowledge) -> None:
    """Years of many people of all editions in one shuffled table: every row is what the single question says, to the fen."""
    generator = random.Random(3)
    years = [random_year(generator, edition) for edition in knowledge.shelf.editions() for _ in range(8)]
    rows = [(person, at, case) for person, year in enumerate(years) for at, case in enumerate(year)]
    generator.shuffle(rows)
    rows.sort(key=lambda row: row[2]["on"])  # stays of one day are settled in the order of the table
    kept = {person: [case for owner, _, case in rows if owner == person] for person in range(len(years))}
    named = [f"p{person}" for person, _, _ in rows]
    frame = frame_of([case for _, _, case in rows]).with_columns(person=pl.Series(named), nr=pl.int_range(len(rows)))
    ran = command(write(frame, tmp_path / "a.csv"))
    taken = {int(row["nr"]): row for row in ran.rows()}
    seen: dict[int, int] = {}
    for number, (person, _, case) in enumerate(rows):
        before = kept[person][: seen.get(person, 0)]
        seen[person] = len(before) + 1
        alone = asked_alone(knowledge, {**case, "earlier": before})
        assert (alone is None) == (number not in taken)
        assert alone is None or differences(taken[number], alone) == {}, (case, before)


def test_each_year_and_each_person_stands_alone(command: Command, tmp_path: Path) -> None:
    """The first stay of a new year, or of another person, is settled as a first one."""
    rows = [*stays("2023-02-01", "2023-12-31", "2024-01-01"), *stays("2023-12-31", person="p2")]
    own = own_of(settled(command, tmp_path, rows))
    assert own[0] == own[2] == own[3] != own[1]


def test_stays_of_one_day_follow_the_order_of_the_table(command: Command, tmp_path: Path, knowledge: Knowledge) -> None:
    """Two rows of the same day: the upper one came first."""
    small, large = stays("2023-05-01", total="3000")[0], stays("2023-05-01")[0]
    for first, second in ((small, large), (large, small)):
        ran = settled(command, tmp_path, [first, second])
        wanted = [alone_after(knowledge, first), alone_after(knowledge, second, first)]
        assert [differences(row, alone) for row, alone in zip(ran.rows(), wanted, strict=True)] == [{}, {}]


def test_a_changed_category_holds_for_the_stays_that_say_it(command: Command, tmp_path: Path, knowledge: Knowledge) -> None:
    """Somebody who is taken into the subsistence allowance in the middle of the year keeps what came before."""
    before, after = stays("2023-03-01", category="ordinary")[0], stays("2023-08-01")[0]
    ran = settled(command, tmp_path, [before, after])
    assert differences(ran.rows()[1], alone_after(knowledge, after, before)) == {}


def test_an_unknown_self_funded_part_leaves_its_bounds_in_the_year(command: Command, tmp_path: Path, knowledge: Knowledge) -> None:
    """What is open about the first stay is what the single question says of it, and of the one after it."""
    first, second = stays("2023-03-01", self_funded="")[0], stays("2023-08-01")[0]
    ran = settled(command, tmp_path, [first, second])
    assert differences(ran.rows()[0], alone_after(knowledge, first)) == {}
    assert differences(ran.rows()[1], alone_after(knowledge, second, first)) == {}
    assert ran.rows()[0]["out_of_pocket_low"] != ran.rows()[0]["out_of_pocket_high"]


def test_a_rejected_row_stops_the_rest_of_its_year_alone(command: Command, tmp_path: Path) -> None:
    """Earlier rows of the year, other years and other people are settled; later rows name the row that has to be mended."""
    rows = [*stays("2023-01-05", "2023-02-01", "2023-03-01", "2023-04-01", "2024-01-05"), *stays("2023-03-01", person="p2")]
    rows[1]["total"] = "两万"
    ran = settled(command, tmp_path, rows)
    assert sorted(own_of(ran)) == [0, 4, 5]
    assert ran.rejects() == [(3, "total", "not_a_number"), (4, "person", "earlier_row_rejected"), (5, "person", "earlier_row_rejected")]
    assert all("第 3 行" in row["原因"] for row in ran.said()[1:])


def test_a_row_without_a_day_is_taken_when_it_is_its_persons_only_one(command: Command, tmp_path: Path) -> None:
    """Beside others nobody knows where it stands in the year: it is rejected, and so are they, naming it."""
    rows = [*stays("", person="alone"), *stays("2023-02-01", "", "2024-02-01"), *stays("2023-02-01", person="p2")]
    ran = settled(command, tmp_path, rows)
    assert sorted(own_of(ran)) == [0, 4]
    assert ran.rejects() == [(3, "person", "earlier_row_rejected"), (4, "on", "day_needed"), (5, "person", "earlier_row_rejected")]
    assert [("第 4 行" in row["原因"]) for row in ran.said()] == [True, False, True]


def test_rows_without_a_person_are_settled_each_by_itself(command: Command, tmp_path: Path) -> None:
    """A blank cell is nobody, not one person more."""
    own = own_of(settled(command, tmp_path, [*stays("2023-02-01", "2023-05-01", person=""), *stays("2023-05-01", person="  ")]))
    assert len(own) == 3
    assert len(set(own.values())) == 1


def test_a_person_who_moved_within_the_year_is_told_so(command: Command, tmp_path: Path) -> None:
    """A year belongs to one place; the sentence does not repeat what the cells hold."""
    rows = [*stays("2023-02-01"), *stays("2023-05-01", place="henan-puyang")]
    ran = settled(command, tmp_path, rows)
    assert ran.rejects() == [(3, "place", "other_place")]
    assert "anhui" not in ran.said()[0]["原因"]


def test_a_year_beyond_every_limit_is_rejected(command: Command, tmp_path: Path) -> None:
    """The bills of a year together may not be more than one bill may be."""
    ran = settled(command, tmp_path, stays("2023-02-01", "2023-05-01", total="60000000"))
    assert (sorted(own_of(ran)), ran.rejects()) == ([0], [(3, "total", "year_too_large")])


def test_people_are_counted_once_each(command: Command, tmp_path: Path) -> None:
    """Under the category they had last; somebody without any settled row is not counted, and the threshold is one of a year."""
    rows = [
        *stays("2023-02-01", category="ordinary"),
        *stays("2023-05-01", "2024-02-01"),
        *stays("2023-05-01", person="p2", total="x"),
        *stays("2023-05-01", person="p3", on="2010-01-01"),
        *stays("2023-02-01", "2023-05-01", person="p4", category="ordinary", total="30000"),
    ]
    told = settled(command, tmp_path, rows, "--format", "json").sums()
    people = {category: (sums["people"], sums["bills"], sums["warned"]) for category, sums in told["categories"].items()}
    assert people == {"ordinary": (1, 3, 1), "subsistence_allowance": (1, 2, 1)}
    assert (told["warned"], told["refused"], told["rejected"]) == ("people", 1, 1)


@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet"])
def test_the_kind_of_file_changes_nothing(command: Command, tmp_path: Path, kind: str) -> None:
    """Numbers as people, days with times and text: the same amounts from every kind of file."""
    rows = [{**row, "person": 7, "nr": at} for at, row in enumerate(stays("2023-09-01", "2023-02-01 08:30:00", "2023/5/1"))]
    ran = command(write(pl.DataFrame(rows), tmp_path / f"a.{kind}"), out=f"b.{kind}")
    assert [float(row["out_of_pocket"]) for row in ran.rows()] == [float(own) for own in own_of(settled(command, tmp_path, rows)).values()]
