"""Every other reading a pack offers, taken by an overlay, comes to what was worked out by hand, and to something else than the shipped."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine import Edition, Estimate, PackError, Shelf, changed, estimate, lint, read_case, read_changing, read_edition, yuan
from tests.shelf import POLICIES, SHELF

TODAY = date(2026, 11, 24)
ROWS: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("choices.yaml").read_text(encoding="utf-8"))
READINGS = [
    (edition.pack.key, name, reading)
    for edition in SHELF.editions()
    for name, choice in edition.policy.choices.items()
    for reading in choice.others
]

WithChoices = Callable[[str, Mapping[str, str]], Shelf]


@pytest.fixture(scope="module")
def shelf_with(tmp_path_factory: pytest.TempPathFactory) -> WithChoices:
    """The packs with an overlay that takes other readings of one; read once for each."""
    shelves: dict[tuple[str, tuple[tuple[str, str], ...]], Shelf] = {}

    def read(pack: str, choose: Mapping[str, str]) -> Shelf:
        key = (pack, tuple(choose.items()))
        if key not in shelves:
            path = tmp_path_factory.mktemp("overlay") / f"{pack}.overlay.yaml"
            path.parent.mkdir()
            path.write_text(yaml.safe_dump({"choose": dict(choose)}), encoding="utf-8")
            edition = read_edition(POLICIES / f"{pack}.yaml", [path])
            others = (edition if each.pack.key == pack else each for each in SHELF.places[edition.policy.place])
            shelves[key] = Shelf({**SHELF.places, edition.policy.place: tuple(others)})
        return shelves[key]

    return read


@pytest.mark.parametrize("row", [pytest.param(row, id=row["fact"]) for row in ROWS])
def test_a_reading_settles_as_its_row_says(shelf_with: WithChoices, row: dict[str, Any]) -> None:
    """Both the shipped and the chosen reading come to the row's amounts to the fen, and the money adds up to the bill in each."""
    for shelf, wanted in ((SHELF, row["shipped"]), (shelf_with(row["pack"], {row["choice"]: row["value"]}), row["expect"])):
        answer = answered(row, shelf)
        assert {key: told(answer, key, row) for key in wanted} == wanted
        assert answer.out_of_pocket is not None
        assert answer.paid + answer.hospital_borne + answer.out_of_pocket.amount == answer.case.total


@pytest.mark.parametrize("row", [pytest.param(row, id=row["fact"]) for row in ROWS])
def test_the_readings_of_a_row_differ(row: dict[str, Any]) -> None:
    """What a row expects of the shipped reading is not what it expects of the other."""
    assert any(row["shipped"].get(key) != wanted for key, wanted in row["expect"].items())
    assert any(row["expect"].get(key) != wanted for key, wanted in row["shipped"].items())


def test_every_reading_has_a_row() -> None:
    """No alternative stands in a pack that nobody has worked out by hand, and no row is for one that no pack offers."""
    assert {(row["pack"], row["choice"], row["value"]) for row in ROWS} == set(READINGS)


def test_facts_are_unique() -> None:
    """A fact names its test."""
    assert len({row["fact"] for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize(("pack", "choice", "reading"), READINGS)
def test_a_pack_with_another_reading_is_clean(shelf_with: WithChoices, pack: str, choice: str, reading: str) -> None:
    """Choosing a reading leaves no figure that no case meets, no source that nobody names, and no ladder the wrong way round."""
    edition = shelf_with(pack, {choice: reading}).find(pack)
    assert edition
    assert lint([edition]) == []


@pytest.mark.parametrize("edition", SHELF.editions(), ids=lambda edition: edition.pack.key)
def test_choices_do_not_meet(edition: Edition) -> None:
    """No two choices of a pack set the same place, so that any readings can be chosen together; lists may be added to by several."""
    for (_, one), (_, other) in combinations(edition.policy.choices.items(), 2):
        assert [
            (a, b) for a in places(one.others) for b in places(other.others) if f"{a}.".startswith(f"{b}.") or f"{b}.".startswith(f"{a}.")
        ] == []


@pytest.mark.parametrize("edition", SHELF.editions(), ids=lambda edition: edition.pack.key)
@pytest.mark.parametrize("which", [0, -1], ids=["first", "last"])
def test_all_other_readings_can_be_chosen_together(shelf_with: WithChoices, edition: Edition, which: int) -> None:
    """A pack with another reading of every choice is still sound."""
    choose = {name: list(choice.others)[which] for name, choice in edition.policy.choices.items()}
    assert shelf_with(edition.pack.key, choose).find(edition.pack.key)


def test_a_reading_that_leads_nowhere_is_refused(tmp_path: Path) -> None:
    """A path that is not in the pack is an error at the overlay that chose it."""
    text = (POLICIES / "anhui-bozhou" / "2022.yaml").read_text(encoding="utf-8")
    path = tmp_path / "anhui-bozhou" / "2022.yaml"
    path.parent.mkdir()
    path.write_text(text.replace("set: {first_share: eligible}", "set: {layers.nothing.cap: none}"), encoding="utf-8")
    overlay = path.with_name("2022.overlay.yaml")
    overlay.write_text("choose: {first_share: eligible}\n", encoding="utf-8")
    with pytest.raises(PackError, match=r"1:10: the reading sets `layers\.nothing\.cap`, which is nowhere in the pack"):
        read_edition(path, [overlay])


def places(readings: Mapping[str, Any]) -> Iterator[str]:
    """The paths that the readings of a choice set, without those that only add to a list."""
    return (path for reading in readings.values() for path in reading.set if not path.endswith(".+"))


def answered(row: dict[str, Any], shelf: Shelf) -> Estimate:
    """The estimate of a row's case, or with `since` what it would have come to under that earlier edition."""
    if "since" not in row:
        return estimate(read_case(row["case"]), shelf, TODAY)
    request = {"case": row["case"], "from": row["since"], "to": row["pack"].rpartition("/")[2]}
    before = changed(read_changing(request), shelf, TODAY).before.estimate
    assert before is not None
    return before


def told(answer: Estimate, key: str, row: dict[str, Any]) -> Any:
    """What an estimate says under a key of a row; of layers and cautions those that the row names."""
    own = answer.out_of_pocket
    if key in ("out_of_pocket", "low"):
        return own and yuan(own.amount if key == "out_of_pocket" else own.low)
    if key == "layers":
        return {layer.key: layer.status for layer in answer.layers if layer.key in row["expect"][key]}
    if key == "cautions":
        return [note.key for note in answer.cautions if note.key in row["expect"][key]]
    if key == "hospital_borne":
        return yuan(answer.hospital_borne)
    if key in ("status", "category"):
        return answer.status if key == "status" else answer.case.category
    layer = answer.layer(key)
    return layer and yuan(layer.payout)
