"""The ways in which the benchmarks write Bozhou's rule are the same rule: what they measure is worth comparing."""

import pytest

from benchmarks.rows import NotRun
from benchmarks.rules.bills import edgy, usual
from benchmarks.rules.check import WAYS, differences, engine_answers, openfisca_differences
from tests.shelf import SHELF

BILLS = usual(500) + edgy(1_500)
WANTED = engine_answers(BILLS, SHELF)


@pytest.mark.parametrize("way", WAYS)
def test_each_way_equals_the_engine(way: str) -> None:
    """Two thousand bills, most of them at the edges of rules, come to the same fen."""
    assert differences(WAYS[way], BILLS, WANTED) == []


def test_openfisca_equals_the_engine() -> None:
    """The same for the system on OpenFisca-Core, tuned and as documented."""
    try:
        assert openfisca_differences(BILLS, WANTED) == []
    except NotRun as reason:
        pytest.skip(str(reason))
