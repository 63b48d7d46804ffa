"""The compiled engine against a slow straight-line reference written by somebody else from the same documents."""

from datetime import date
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine import estimate, fen, read_case, yuan
from tests.engine.carry import both_ways
from tests.engine.cases import cases
from tests.engine.reference import settle
from tests.shelf import SHELF

TODAY = date(2026, 11, 24)


@given(cases())
@settings(max_examples=200, deadline=None)
def test_every_layer_equals_the_reference(case: dict[str, Any]) -> None:
    """Payouts, the parts of own cost and the year agree to the fen for any person, hospital, amounts and earlier stays."""
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
    """Payouts, what the hospital bears and own cost sum to the bill; no amount is negative; low <= amount <= high."""
    answer = estimate(read_case(case), SHELF, TODAY)
    own = answer.out_of_pocket
    assert own is not None
    assert answer.paid + answer.hospital_borne + own.amount == fen(case["total"])
    assert own.self_funded + own.first_share + own.eligible_unpaid == own.amount
    assert min(own.self_funded, own.first_share, own.eligible_unpaid, *(layer.payout for layer in answer.layers)) >= 0
    assert own.low <= own.amount <= own.high
    assert all(layer.low <= layer.payout and (layer.high is None or layer.payout <= layer.high) for layer in answer.layers)


@given(cases(), st.data())
@settings(max_examples=150, deadline=None)
def test_a_range_holds_every_concrete_value(case: dict[str, Any], data: st.DataObject) -> None:
    """Whatever unsaid self-funded parts turn out to be, and whichever cap is in force, own cost lies in the range that was told."""
    bills = [case, *case.get("earlier", ())]
    unsaid = [bill for bill in bills if data.draw(st.booleans()) and bill.pop("self_funded", "0") is not None]
    own = estimate(read_case(case), SHELF, TODAY).out_of_pocket
    assert own is not None
    for bill in unsaid:
        room = fen(bill["total"]) - fen(bill.get("first_share", "0"))
        bill["self_funded"] = yuan(data.draw(st.one_of(st.integers(0, room), st.just(room))))
    for caps in ("low", "high"):
        assert own.low <= settle(case, caps=caps).out_of_pocket <= own.high


@given(st.lists(st.integers(1, 50_000_000), min_size=2, max_size=5), st.sampled_from(["extreme_poverty", "monitored", "ordinary"]))
@settings(max_examples=200, deadline=None)
def test_yearly_layers_pay_the_same_in_one_stay_or_several(totals: list[int], category: str) -> None:
    """A yearly layer pays over a year what it earns on the year's sum, however the sum is split into stays."""
    case: dict[str, Any] = {"place": "anhui-bozhou", "category": category, "facility": "city", "self_funded": "0"}
    bills = [{"facility": "city", "total": yuan(total), "self_funded": "0"} for total in totals]
    whole = estimate(read_case(case | bills[-1] | {"earlier": bills[:-1]}), SHELF, TODAY)
    stays = [estimate(read_case(case | bill | {"earlier": bills[:number]}), SHELF, TODAY) for number, bill in enumerate(bills)]
    assert whole.year_to_date is not None
    for key in ("critical_illness", "medical_aid"):
        paid = sum(layer.payout for stay in stays if (layer := stay.layer(key)))
        assert paid == whole.year_to_date.paid.get(key, 0)


@given(cases())
@settings(max_examples=150, deadline=None)
def test_a_range_has_a_cause(case: dict[str, Any]) -> None:
    """Where low and high differ something is named that makes them differ; where nothing is named they are the amount."""
    answer = estimate(read_case(case), SHELF, TODAY)
    own = answer.out_of_pocket
    assert own is not None
    assert bool(answer.causes) == (own.low != own.high)


def test_a_cap_used_up_at_both_ends_leaves_no_range() -> None:
    """When earlier stays used up the yearly cap whichever it is, what this stay costs is known exactly."""
    stay = {"facility": "outside_province", "registered": False}
    earlier = [stay | {"total": "4518576.73", "self_funded": "4518576.73"}]
    bill = stay | {"total": "68215.45", "self_funded": "63455.74"}
    own = estimate(read_case({"place": "anhui-bozhou", "category": "ordinary", **bill, "earlier": earlier}), SHELF, TODAY).out_of_pocket
    assert own is not None
    assert (own.low, own.amount, own.high) == (6821545, 6821545, 6821545)


UNREGISTERED_FIRST = {
    "place": "anhui-bozhou",
    "category": "extreme_poverty",
    "facility": "township",
    "total": "0.03",
    "self_funded": "0",
    "earlier": [{"facility": "province", "total": "0.01", "self_funded": "0", "registered": False}],
}


@given(cases())
@example(UNREGISTERED_FIRST)
@settings(max_examples=150, deadline=None)
def test_a_year_carried_over_equals_earlier_stays_told_one_by_one(case: dict[str, Any]) -> None:
    """`so_far` from an earlier estimate's year gives the same payouts as the list of earlier stays it came from."""
    pair = both_ways(case, TODAY)
    if pair is not None:
        one, other = pair
        assert [layer.payout for layer in one.layers] == [layer.payout for layer in other.layers]
