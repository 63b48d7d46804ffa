"""Every figure of a pack is used by at least one row of its table, so that no number stands there that nobody has checked by hand."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine import CaseError, all_figures, estimate, premium, read_case, read_household
from engine.shelf import Edition
from tests.shelf import SHELF

TODAY = date(2026, 11, 24)
TABLES = sorted(Path(__file__).with_name("tables").glob("*.yaml"))
CASES = [row["case"] for path in TABLES for row in yaml.safe_load(path.read_text(encoding="utf-8"))]


def used(case: dict[str, Any]) -> set[tuple[str, str]]:
    """The figures a case is settled with, as (edition, name)."""
    try:
        answer = estimate(read_case(case), SHELF, TODAY)
    except CaseError:
        return set()
    if answer.policy is None:
        return set()
    key = f"{answer.policy.place}/{answer.policy.edition}"
    return {(key, figure.name) for figure in (*answer.borne, *(figure for layer in answer.layers for figure in layer.figures))}


def charged(household: dict[str, Any]) -> set[tuple[str, str]]:
    """The figures a household's premium is worked out with, as (edition, name)."""
    answer = premium(read_household(household), SHELF, TODAY)
    key = f"{answer.policy.place}/{answer.policy.edition}"
    return {(key, figure.name) for share in answer.shares for figure in share.figures}


HOUSEHOLDS = [row["household"] for row in yaml.safe_load(Path(__file__).with_name("premiums.yaml").read_text(encoding="utf-8"))]

TOUCHED = set().union(*map(used, CASES), *map(charged, HOUSEHOLDS))


#: The editions that have a table; the others are held to their references by property tests only.
EDITIONS = [edition for edition in SHELF.editions() if edition.pack.key.replace("/", "-") in {path.stem for path in TABLES}]


@pytest.mark.parametrize("edition", EDITIONS, ids=lambda edition: edition.pack.key)
def test_every_figure_is_touched_by_a_case(edition: Edition) -> None:
    """The figures of an edition that no table row uses; those of its checks are shown and never compute anything."""
    numbers = [figure for figure in all_figures(edition.policy) if figure.basis != "unknown"]
    names = {figure.name for figure in numbers if not figure.name.startswith("checks.")}
    assert sorted(names - {name for key, name in TOUCHED if key == edition.pack.key}) == []
