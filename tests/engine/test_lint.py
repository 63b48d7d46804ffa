"""Lint finds what is allowed in a pack and yet usually a slip, and has nothing to say about our own packs."""

from pathlib import Path

import pytest

from engine import lint, read_edition
from tests.shelf import POLICIES, SHELF

BOZHOU = (POLICIES / "anhui-bozhou" / "2022.yaml").read_text(encoding="utf-8")


def test_our_packs_are_clean() -> None:
    """Every ladder, range and source of the shipped packs is as it should be or says why not."""
    assert lint(SHELF.editions()) == []


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        ("            township: 85%\n", "            township: 75%\n", "township is 75 and county 80, the wrong way round"),
        ("        county: 500 yuan\n", "        county: 900 yuan\n", "county is 900 and city 700, the wrong way round"),
        ("rate: {value: 75%, basis: unverified", "rate: {value: 55%, basis: unverified", "the rate falls from 65% to 55%"),
        (
            ", note: {zh: 这是文件给在本县住院定的目标。, en: The document's aim for stays in the home county.}",
            "",
            "add a note on how the two go together",
        ),
        ("  national-2021-42:", "  other:\n    title: x\n  national-2021-42:", "the source `other` is named by no figure"),
    ],
)
def test_a_slip_is_found_at_its_line(tmp_path: Path, before: str, after: str, wanted: str) -> None:
    """A pack with one slip is still read, and lint names the slip with its place."""
    (tmp_path / "anhui-bozhou").mkdir()
    path = tmp_path / "anhui-bozhou" / "2022.yaml"
    path.write_text(BOZHOU.replace(before, after, 1), encoding="utf-8")
    assert [problem.what for problem in lint([read_edition(path)]) if wanted in problem.what], lint([read_edition(path)])


def test_editions_that_overlap_are_found(tmp_path: Path) -> None:
    """Two editions of a place may not both hold on a day."""
    (tmp_path / "anhui-bozhou").mkdir()
    longer = BOZHOU.replace('edition: "2022"', 'edition: "2021"').replace("valid_from: 2022-01-01", "valid_from: 2021-01-01")
    path = tmp_path / "anhui-bozhou" / "2021.yaml"
    path.write_text(longer, encoding="utf-8")
    found = lint([read_edition(path), *SHELF.places["anhui-bozhou"]])
    assert [problem for problem in found if "reaches into anhui-bozhou/2022" in problem.what]


def test_a_source_whose_figures_were_confirmed_is_no_slip(tmp_path: Path) -> None:
    """An overlay that confirms the only figure of a source leaves the pack clean."""
    overlay = tmp_path / "2022.overlay.yaml"
    overlay.write_text("confirms:\n  premium.personal.2025: {number: x, day: 2025-01-01, by: y}\n", encoding="utf-8")
    assert "source: national-premium-2024" in BOZHOU
    assert lint([read_edition(POLICIES / "anhui-bozhou" / "2022.yaml", [overlay])]) == []
