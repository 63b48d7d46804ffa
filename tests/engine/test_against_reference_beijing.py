"""The compiled engine against a slow straight-line reference of Beijing 2023, written by somebody else from the same documents."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import estimate, fen, read_case, yuan
from tests.engine.carry import both_ways
from tests.engine.cases_beijing import DAY, cases
from tests.engine.reference_beijing import settle
from tests.shelf import SHELF

TODAY = date(2026, 11, 24)


@given(cases())
@settings(max_examples=200, deadline=None)
def test_every_layer_equals_the_reference(case: dict[str, Any]) -> None:
    """Payouts and the parts of own cost agree to the fen for any person, hospital, care, amounts and earlier settlements."""
    answer, wanted = estimate(read_case(case), SHELF, TODAY), settle(case)
    assert {layer.key: layer.payout for layer in answer.layers if layer.key in wanted.payouts} == wanted.payouts
    own = answer.out_of_pocket
    assert own is not None
    assert (own.amount, own.self_funded, own.first_share, own.eligible_unpaid) == (
        wanted.out_of_pocket,
        wanted.self_funded,
        wanted.first_share,
        wanted.eligible_unpaid,
    )


@given(cases())
@settings(max_examples=150, deadline=None)
def test_money_is_neither_made_nor_lost(case: dict[str, Any]) -> None:
    """Payouts and own cost sum to the bill, a hospital bears nothing; no amount is negative; low <= amount <= high."""
    answer = estimate(read_case(case), SHELF, TODAY)
    own = answer.out_of_pocket
    assert own is not None
    assert answer.hospital_borne == 0
    assert answer.paid + own.amount == fen(case["total"])
    assert own.self_funded + own.first_share + own.eligible_unpaid == own.amount
    assert min(own.self_funded, own.first_share, own.eligible_unpaid, *(layer.payout for layer in answer.layers)) >= 0
    assert own.low <= own.amount <= own.high
    assert all(layer.low <= layer.payout and (layer.high is None or layer.payout <= layer.high) for layer in answer.layers)


@given(cases(), st.data())
@settings(max_examples=150, deadline=None)
def test_a_range_holds_every_concrete_value(case: dict[str, Any], data: st.DataObject) -> None:
    """Whatever unsaid self-funded parts turn out to be, own cost lies in the range that was told."""
    bills = [case, *case.get("earlier", ())]
    unsaid = [bill for bill in bills if data.draw(st.booleans()) and bill.pop("self_funded", "0") is not None]
    own = estimate(read_case(case), SHELF, TODAY).out_of_pocket
    assert own is not None
    for bill in unsaid:
        room = fen(bill["total"]) - fen(bill.get("first_share", "0"))
        bill["self_funded"] = yuan(data.draw(st.one_of(st.integers(0, room), st.just(room))))
    assert own.low <= settle(case).out_of_pocket <= own.high


@pytest.mark.parametrize(("care", "keys"), [("inpatient", ("critical_illness", "medical_aid")), ("outpatient", ("basic", "medical_aid"))])
@given(
    totals=st.lists(st.one_of(st.integers(1, 1_000_000), st.integers(1, 50_000_000)), min_size=2, max_size=5),
    category=st.sampled_from(["extreme_poverty", "low_income_margin", "ordinary"]),
)
@settings(max_examples=200, deadline=None)
def test_yearly_layers_pay_the_same_in_one_settlement_or_several(
    care: str, keys: tuple[str, ...], totals: list[int], category: str
) -> None:
    """A yearly layer pays over a year what it earns on the year's sum, however the sum is split into settlements."""
    case: dict[str, Any] = {"place": "beijing", "on": DAY, "category": category, "age": 40}
    bills = [{"on": DAY, "facility": "grade_3", "care": care, "total": yuan(total), "self_funded": "0"} for total in totals]
    whole = estimate(read_case(case | bills[-1] | {"earlier": bills[:-1]}), SHELF, TODAY)
    parts = [estimate(read_case(case | bill | {"earlier": bills[:number]}), SHELF, TODAY) for number, bill in enumerate(bills)]
    assert whole.year_to_date is not None
    for key in keys:
        paid = sum(layer.payout for part in parts if (layer := part.layer(key)))
        assert paid == whole.year_to_date.paid.get(key, 0)


@given(cases())
@settings(max_examples=150, deadline=None)
def test_a_range_has_a_cause(case: dict[str, Any]) -> None:
    """Where low and high differ something is named that makes them differ; where nothing is named they are the amount."""
    answer = estimate(read_case(case), SHELF, TODAY)
    own = answer.out_of_pocket
    assert own is not None
    assert bool(answer.causes) == (own.low != own.high)


@given(cases())
@settings(max_examples=150, deadline=None)
def test_referral_and_emergency_change_nothing(case: dict[str, Any]) -> None:
    """Beijing's rules ask for neither: an unregistered settlement costs what a registered one costs."""
    found = [estimate(read_case(case | facts), SHELF, TODAY).out_of_pocket for facts in ({"registered": False}, {"registered": True})]
    assert found[0] == found[1]


@given(cases())
@settings(max_examples=150, deadline=None)
def test_a_year_carried_over_equals_earlier_settlements_told_one_by_one(case: dict[str, Any]) -> None:
    """`so_far` from an earlier estimate's year gives the same payouts as the list of earlier settlements it came from."""
    pair = both_ways(case, TODAY)
    if pair is not None:
        one, other = pair
        assert [layer.payout for layer in one.layers] == [layer.payout for layer in other.layers]
