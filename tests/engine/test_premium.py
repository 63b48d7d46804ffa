"""Premiums: the table of households, rounding, requests that are wrong, and packs whose premium section is."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from engine import CaseError, PackError, PremiumAnswer, Shelf, premium, read_edition, read_household, yuan
from tests.shelf import POLICIES, SHELF

TODAY = date(2026, 11, 24)
ROWS = yaml.safe_load(Path(__file__).with_name("premiums.yaml").read_text(encoding="utf-8"))
BOZHOU = (POLICIES / "anhui-bozhou" / "2022.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["fact"])
def test_a_household_pays_what_its_row_says(row: dict[str, Any]) -> None:
    """Every value a row expects is what the engine gives, and the parts are the premium."""
    answer = premium(read_household(row["household"]), SHELF, TODAY)
    assert {key: _found(answer, key) for key in row["expect"]} == row["expect"]
    assert answer.own + answer.subsidy == answer.premium


def _found(answer: PremiumAnswer, key: str) -> Any:
    if key == "cautions":
        return [note.key for note in answer.cautions]
    value = getattr(answer, key)
    return value if key in ("status", "year") else yuan(value)


@given(st.sampled_from([row["household"] for row in ROWS]), st.integers(1, 100))
def test_more_people_of_a_kind_pay_as_many_times(household: dict[str, Any], count: int) -> None:
    """Each person is rounded alone, so that a household is exactly its people."""
    one = premium(read_household(household | {"members": [{"category": "ordinary"}]}), SHELF, TODAY)
    many = premium(read_household(household | {"members": [{"category": "ordinary", "count": count}]}), SHELF, TODAY)
    assert (many.own, many.premium) == (one.own * count, one.premium * count)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"members": []}, "members"),
        ({"members": [{"category": "rich"}]}, "members.0.category"),
        ({"members": [{"category": "ordinary", "count": 0}]}, "members.0.count"),
        ({"members": [{"category": "ordinary", "count": True}]}, "members.0.count"),
        ({"members": [{"category": "ordinary", "count": 1.5}]}, "members.0.count"),
        ({"year": "2022"}, "year"),
        ({"year": True}, "year"),
        ({"place": "atlantis"}, "place"),
        ({"on": "2022-01-01"}, "on"),
    ],
)
def test_a_wrong_request_names_its_field(change: dict[str, Any], field: str) -> None:
    """What is wrong in itself is an error and never an answer."""
    household = {"place": "anhui-bozhou", "members": [{"category": "ordinary"}]} | change
    with pytest.raises(CaseError) as caught:
        premium(read_household(household), SHELF, TODAY)
    assert [fault.field for fault in caught.value.faults] == [field]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Bozhou's pack with one thing written otherwise."""

    def written(before: str, after: str) -> Path:
        assert before in BOZHOU
        path = tmp_path / "anhui-bozhou" / "2022.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(BOZHOU.replace(before, after, 1), encoding="utf-8")
        return path

    return written


def test_half_a_fen_is_rounded_up(write: Callable[[str, str], Path]) -> None:
    """90% of 350.05 is 315.045: the subsidy is 315.05 and own cost 35.00."""
    edition = read_edition(write("value: 350 yuan", "value: 350.05 yuan"))
    household = read_household({"place": "anhui-bozhou", "year": 2023, "members": [{"category": "subsistence_allowance"}]})
    answer = premium(household, Shelf({"anhui-bozhou": (edition,)}), TODAY)
    assert (yuan(answer.subsidy), yuan(answer.own)) == ("315.05", "35.00")


def test_a_share_known_as_a_range_gives_bounds(write: Callable[[str, str], Path]) -> None:
    """The amount takes the lower share, so that nobody is promised too much."""
    edition = read_edition(
        write("      subsistence_allowance: 90%\n", "      subsistence_allowance: {basis: range, low: 50%, high: 90%, source: article}\n")
    )
    household = read_household({"place": "anhui-bozhou", "year": 2025, "members": [{"category": "subsistence_allowance"}]})
    answer = premium(household, Shelf({"anhui-bozhou": (edition,)}), TODAY)
    assert (answer.status, yuan(answer.own), yuan(answer.low)) == ("partial", "200.00", "40.00")


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        ("value: 350 yuan", "value: 350", "expected yuan written like"),
        (
            '    "2022": {value: 320 yuan, basis: unverified',
            '    "22": {value: 320 yuan, basis: unverified',
            "22: `22` does not fit, expected a year in four digits",
        ),
        ('    "2022": {value: 320 yuan, basis: unverified', '    "2022": {basis: unknown', "leave a year out"),
        ("      monitored: 50%", "      monitored: 50 yuan", "expected percent"),
        ("      monitored: 50%", "      registered_poor: 50%", "unknown category `registered_poor`"),
        ("premium:\n  personal:", "premium:\n  surcharge: 1\n  personal:", "unknown key `surcharge`"),
        ("when: {category: [back_in_poverty, monitored]}", "when: {care: [inpatient]}", "categories only, found `care`"),
        ("  one_stop:\n    says:", "  one_stop:\n    tell: x\n    says:", "unknown key `tell`"),
        ("  one_stop:\n    says:", "  One-stop:\n    says:", "One-stop"),
    ],
)
def test_a_broken_section_is_refused_at_its_line(write: Callable[[str, str], Path], before: str, after: str, wanted: str) -> None:
    """A mistake in the premium or the guidance is named with its place."""
    with pytest.raises(PackError) as caught:
        read_edition(write(before, after))
    assert wanted in str(caught.value), str(caught.value)
    assert all(problem.line > 200 for problem in caught.value.problems), str(caught.value)
