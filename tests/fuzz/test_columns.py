"""Tables come to the same as single questions, to the fen, whatever the pack."""

import random
from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from engine import CaseError, PersonYear, Refusal, Shelf, estimate, read_case, settle_amounts
from tests.fuzz.columns import amount_frames, differences, frame_of, knowledge
from tests.fuzz.packs import random_case, random_edition, random_year, shelf_of

PACKS, CASES = 12, 60
TODAY = date(2024, 6, 1)
pytestmark = pytest.mark.xdist_group("fuzz")


@pytest.mark.parametrize("seed", range(PACKS))
def test_random_packs_come_to_the_same_in_columns(seed: int) -> None:
    """Polars and DuckDB settle every row of a random pack as a single question does, at the edges of its figures too."""
    generator = random.Random(seed)
    edition = random_edition(generator)
    frame = frame_of([random_case(generator, edition) for _ in range(CASES)])
    assert list(differences(amount_frames(generator, frame), shelf_of(edition))) == []


def test_the_packs_in_one_table_come_to_the_same_in_columns() -> None:
    """Rows of all places and editions in one table are settled as alone."""
    generator, shelf = random.Random(5), knowledge().shelf
    cases = [random_case(generator, edition) for edition in shelf.editions() for _ in range(CASES)]
    generator.shuffle(cases)
    assert list(differences(frame_of(cases), shelf)) == []


@pytest.mark.parametrize("seed", range(PACKS))
def test_a_person_year_comes_to_the_same_as_earlier_bills(seed: int) -> None:
    """Each settlement of a year told one by one comes to what an estimate with those before as `earlier` does."""
    generator = random.Random(100 + seed)
    edition = random_edition(generator)
    for _ in range(6):
        _hold_year(random_year(generator, edition), shelf_of(edition))


def _hold_year(cases: Sequence[dict[str, Any]], shelf: Shelf) -> None:
    year = PersonYear(shelf)
    for number, case in enumerate(cases):
        told, whole = year.settle(read_case(case)), estimate(read_case({**case, "earlier": list(cases[:number])}), shelf, TODAY)
        if isinstance(told, Refusal):
            assert whole.status == "refused"
            continue
        own = whole.out_of_pocket
        assert own is not None
        assert (told.status, told.own, told.low, told.high) == (whole.status, own.amount, own.low, own.high)
        assert {layer.key: layer.payout for layer in whole.layers if layer.payout} == {k: v for k, v in told.payouts.items() if v}


def test_amounts_alone_are_those_of_the_estimate() -> None:
    """What tables take from a single question is what its estimate says."""
    generator = random.Random(9)
    for edition in knowledge().shelf.editions():
        for _ in range(CASES):
            case = random_case(generator, edition)
            try:
                read = read_case(case)
            except CaseError:
                continue
            amounts, whole = settle_amounts(read, knowledge().shelf), estimate(read, knowledge().shelf, TODAY)
            if isinstance(amounts, Refusal):
                assert whole.status == "refused"
            else:
                assert whole.out_of_pocket is not None
                assert (amounts.own, amounts.hospital) == (whole.out_of_pocket.amount, whole.hospital_borne)
