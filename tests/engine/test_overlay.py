"""Overlays confirm single figures and take other readings, without a copy of the pack; a broken one is refused with its place."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from engine import Edition, Estimate, PackError, Shelf, Text, estimate, read_case, read_shelf, yuan
from engine.overlay import lay
from engine.plan import cells, lower
from engine.policy import Policy
from engine.yaml_tree import Tree
from tests.shelf import POLICIES, SHELF

TODAY = date(2026, 11, 24)
WHO = "number: 亳医保〔2022〕5号, day: 2022-01-05, by: 亳州市医疗保障局"


@pytest.fixture
def shelf_with(tmp_path: Path) -> Callable[[str], Shelf]:
    """The packs with an overlay for Bozhou 2022."""

    def read(text: str) -> Shelf:
        folder = tmp_path / "anhui-bozhou"
        folder.mkdir()
        (folder / "2022.overlay.yaml").write_text(text, encoding="utf-8")
        return read_shelf([POLICIES, tmp_path])

    return read


def ask(shelf: Shelf, **facts: Any) -> Estimate:
    """A county stay of 低保 in Bozhou, with other facts on top."""
    case = {"place": "anhui-bozhou", "category": "subsistence_allowance", "facility": "county", "total": "20000", "self_funded": "0"}
    return estimate(read_case(case | facts), shelf, TODAY)


def test_a_confirmed_figure_is_used_and_named(shelf_with: Callable[[str], Shelf]) -> None:
    """The corrected deductible is what is deducted; it carries the basis confirmed and its document, and needs no caution any more."""
    shelf = shelf_with(f"confirms:\n  basic.deductible.county: {{value: 600 yuan, {WHO}}}\n")
    basic = ask(shelf).layers[0]
    assert yuan(basic.payout) == "15520.00"
    assert [(figure.value, figure.basis) for figure in basic.figures if figure.name == "basic.deductible.county"] == [("600", "confirmed")]
    assert "亳医保〔2022〕5号" in [source.title for _, source in ask(shelf).sources]


def test_a_figure_is_confirmed_as_it_stands(shelf_with: Callable[[str], Shelf]) -> None:
    """Without a value the pack's own is confirmed."""
    shelf = shelf_with(f"confirms:\n  basic.tiers.0.rate.county: {{{WHO}}}\n  basic.cap: {{value: 250000 yuan, {WHO}}}\n")
    found = {figure.name: (figure.value, figure.basis) for figure in ask(shelf).layers[0].figures}
    assert found["basic.tiers.0.rate.county"] == ("80", "confirmed")
    own = ask(shelf, total="1000000", category="ordinary").layers[0]
    assert (yuan(own.payout), yuan(own.low), own.high) == ("250000.00", "250000.00", own.low)


def test_a_confirmed_figure_has_the_note_of_who_confirmed_it(shelf_with: Callable[[str], Shelf]) -> None:
    """In both languages; what the pack noted of its own figure is gone."""
    shelf = shelf_with(f"confirms:\n  basic.cap: {{value: 250000 yuan, {WHO}, note: {{zh: 电话里问的, en: asked by phone}}}}\n")
    cap = next(figure for figure in ask(shelf, total="1000000").layers[0].figures if figure.name == "basic.cap")
    assert cap.note == Text(zh="电话里问的", en="asked by phone")


def test_another_reading_is_taken(shelf_with: Callable[[str], Shelf]) -> None:
    """With the four groups of the article's lead, 监测户 have the halved deductible too."""
    shelf = shelf_with("choose: {groups_of_the_tilt: four}\n")
    before, after = (ask(each, category="monitored", facility="city", total="100000") for each in (SHELF, shelf))
    assert (yuan(before.layers[1].payout), yuan(after.layers[1].payout)) == ("8115.00", "12691.25")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("confirms:\n  basic.nothing: {WHO}\n", "2:3: unknown figure `basic.nothing`"),
        ("confirms:\n  basic.deductible: {WHO}\n", "2:3: `basic.deductible` is no single figure"),
        ("confirms:\n  basic.cap: {WHO}\n", "2:3: `basic.cap` has no single value to confirm"),
        ("confirms:\n  basic.deductible.county: {value: 80%, WHO}\n", "2:3: value: `80%` is in percent, expected yuan"),
        ("confirms:\n  basic.deductible.county: {value: 500 yuan}\n", "2:3: number: Field required"),
        (
            "confirms:\n  basic.cap:\n    note: by phone\n    value: 250000 yuan\n",
            "3:5: note: `by phone` stands alone, expected `zh` and `en`",
        ),
        ("confirms:\n  basic.cap:\n    note: {zh: 电话里问的}\n", "3:5: en: Field required, expected `zh` and `en` in a note"),
        ("confirms:\n  basic.tiers.0.rate.county: {value: 180%, WHO}\n", "2:3: value: `180%` has no unit"),
        ("choose: {nothing: a}\n", "1:10: unknown choice `nothing`"),
        ("choose: {groups_of_the_tilt: five}\n", "1:10: unknown reading `five`, expected one of: four"),
        ("confirmed: {}\n", "1:1: confirmed:"),
    ],
)
def test_a_broken_overlay_is_refused_with_its_place(shelf_with: Callable[[str], Shelf], text: str, wanted: str) -> None:
    """The error points into the overlay, not into the pack."""
    with pytest.raises(PackError) as caught:
        shelf_with(text.replace("{WHO}", f"{{{WHO}}}").replace("WHO", WHO))
    assert f"2022.overlay.yaml:{wanted}" in str(caught.value)


def test_an_overlay_without_a_pack_is_refused(tmp_path: Path) -> None:
    """An overlay for an edition nobody has is an error and not passed over."""
    (tmp_path / "anhui-bozhou").mkdir()
    (tmp_path / "anhui-bozhou" / "1999.overlay.yaml").write_text("choose: {}\n")
    with pytest.raises(PackError, match="there is no pack anhui-bozhou/1999"):
        read_shelf([POLICIES, tmp_path])


READINGS = [
    pytest.param(edition, name, reading, id=f"{edition.pack.key} {name} {reading}")
    for edition in SHELF.editions()
    for name, choice in edition.policy.choices.items()
    for reading in choice.others
]


@pytest.mark.parametrize(("edition", "name", "reading"), READINGS)
def test_every_other_reading_is_sound(edition: Edition, name: str, reading: str) -> None:
    """Each reading a pack offers makes a policy that can be lowered for every case."""
    overlay = Tree("overlay", {"choose": {name: reading}})
    other = Policy.model_validate(lay(edition.pack.tree, [overlay]).data)
    assert all(len(lower(other, cell).layers) == len(other.layers) for cell in cells(other))
