"""The compiled engine against a slow straight-line reference of Puyang written by somebody else from the same documents."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import estimate, fen, read_case, yuan
from tests.engine.cases_puyang import cases
from tests.engine.reference_puyang import settle
from tests.shelf import SHELF

TODAY = date(2026, 11, 24)
EDITIONS = ["2017", "2022"]


@pytest.mark.parametrize("edition", EDITIONS)
@given(data=st.data())
@settings(max_examples=200, deadline=None)
def test_every_layer_equals_the_reference(edition: str, data: st.DataObject) -> None:
    """Payouts, what the hospital bears and the parts of own cost agree to the fen for any person, hospital, care and earlier year."""
    case = data.draw(cases(edition))
    answer, wanted = estimate(read_case(case), SHELF, TODAY), settle(case)
    assert answer.edition == edition
    found = {layer.key: layer.payout for layer in answer.layers}
    assert {key: found.get(key, 0) for key in wanted.payouts} == wanted.payouts
    assert sum(found.values()) == sum(wanted.payouts.values())
    own = answer.out_of_pocket
    assert own is not None
    assert answer.hospital_borne == wanted.hospital_borne
    assert (own.amount, own.self_funded, own.first_share, own.eligible_unpaid) == (
        wanted.out_of_pocket,
        wanted.self_funded,
        wanted.first_share,
        wanted.eligible_unpaid,
    )
    assert answer.status == ("partial" if wanted.partial else "computed")


@pytest.mark.parametrize("edition", EDITIONS)
@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_money_is_neither_made_nor_lost(edition: str, data: st.DataObject) -> None:
    """Payouts, what the hospital bears and own cost sum to the bill; no amount is negative; low <= amount <= high."""
    case = data.draw(cases(edition))
    answer = estimate(read_case(case), SHELF, TODAY)
    own = answer.out_of_pocket
    assert own is not None
    assert answer.paid + answer.hospital_borne + own.amount == fen(case["total"])
    assert own.self_funded + own.first_share + own.eligible_unpaid == own.amount
    assert min(own.self_funded, own.first_share, own.eligible_unpaid, answer.hospital_borne) >= 0
    assert all(layer.payout >= 0 for layer in answer.layers)
    assert own.low <= own.amount <= own.high
    assert all(layer.low <= layer.payout and (layer.high is None or layer.payout <= layer.high) for layer in answer.layers)


@pytest.mark.parametrize("edition", EDITIONS)
@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_a_range_holds_every_concrete_value(edition: str, data: st.DataObject) -> None:
    """Whatever an unsaid self-funded part turns out to be, and whichever major-disease rate holds, own cost lies in the range told.

    Own cost is not monotone in the self-funded part here: with the out-of-catalogue ceiling it is highest somewhere in the middle.
    """
    case = data.draw(cases(edition))
    unsaid = data.draw(st.booleans()) and case.pop("self_funded", "0") is not None
    own = estimate(read_case(case), SHELF, TODAY).out_of_pocket
    assert own is not None
    if unsaid:
        room = fen(case["total"]) - fen(case.get("first_share", "0"))
        case["self_funded"] = yuan(data.draw(st.one_of(st.integers(0, room), st.integers(0, room // 4), st.just(room))))
    for rate in (80, 85):
        assert own.low <= settle(case, outpatient_rate=rate).out_of_pocket <= own.high
