"""What a person paid this year, in place of the earlier bills: where it goes on, and what it takes for granted."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import CaseError, Estimate, estimate, read_case, yuan
from tests.shelf import SHELF

TODAY = date(2026, 11, 24)
BOZHOU = {"place": "anhui-bozhou", "facility": "county", "total": "20000", "self_funded": "0"}
#: In fen. Where aid leaves a person a fen of every 30 of the year's cost, what they paid tells that cost only so closely.
NEAR = 50


def ask(**facts: Any) -> Estimate:
    """A stay of 20,000 yuan in a county hospital of Bozhou, with other facts on top."""
    return estimate(read_case(BOZHOU | facts), SHELF, TODAY)


@given(
    st.sampled_from(["ordinary", "monitored", "back_in_poverty", "subsistence_allowance", "extreme_poverty"]),
    st.lists(st.integers(1, 45_000), min_size=1, max_size=4),
)
def test_it_goes_on_where_the_bills_would_have(category: str, totals: list[int]) -> None:
    """Registered stays within the catalogue and below every cap: what was paid for them settles the next one as they do themselves."""
    earlier = [{"facility": "county", "total": total, "self_funded": 0} for total in totals]
    bills = [ask(category=category, earlier=earlier[:number], **bill) for number, bill in enumerate(earlier)]
    own = sum(bill.out_of_pocket.amount for bill in bills if bill.out_of_pocket)
    told = ask(category=category, so_far={"own": yuan(own), "stays": len(totals)})
    known = ask(category=category, earlier=earlier)
    assert told.out_of_pocket is not None
    assert known.out_of_pocket is not None
    assert told.out_of_pocket.low <= known.out_of_pocket.amount + NEAR
    assert abs(told.out_of_pocket.amount - known.out_of_pocket.amount) <= NEAR


def test_of_what_was_paid_nobody_knows_how_much_counts() -> None:
    """20,000 yuan paid before: 1,760 are left when all of it was eligible, 4,400 when none was, and the cause is named."""
    answer = ask(category="ordinary", so_far={"own": 20000, "stays": 2})
    assert answer.out_of_pocket is not None
    assert (yuan(answer.out_of_pocket.amount), yuan(answer.out_of_pocket.high)) == ("1760.00", "4400.00")
    assert [note.values["fact"] for note in answer.causes] == ["earlier.self_funded"]
    assert "so_far.own" in [note.key for note in answer.assumed]


def test_where_other_layers_paid_it_is_not_enough() -> None:
    """Poor people of Puyang in 2017 are topped up for each stay, so what they paid does not say what the year came to."""
    answer = ask(place="henan-puyang", on="2018-01-01", category="registered_poor", so_far={"own": 1100, "stays": 1})
    assert (answer.status, answer.cautions[0].key) == ("refused", "so_far_own_not_enough")


def test_nothing_paid_is_a_year_that_begins() -> None:
    """With 0.00 the amounts are those of a first stay."""
    assert ask(category="monitored", so_far={"own": 0}).layers == ask(category="monitored").layers


@pytest.mark.parametrize("beside", [{"eligible_unpaid": 0}, {"paid": {}}, {"counted": {}}])
def test_it_stands_alone(beside: dict[str, Any]) -> None:
    """Beside other amounts of the year it is an error that names the field."""
    with pytest.raises(CaseError) as caught:
        ask(category="ordinary", so_far={"own": 1} | beside)
    assert [(fault.field, fault.code) for fault in caught.value.faults] == [("so_far.own", "beside_amounts")]


@settings(max_examples=120, deadline=None)
@given(
    st.sampled_from(
        [
            ("anhui-bozhou", None, ("township", "county", "city", "province"), ("ordinary", "monitored", "subsistence_allowance")),
            ("beijing", None, ("grade_1", "grade_2", "grade_3"), ("ordinary", "subsistence_allowance")),
            ("henan-puyang", "2017-06-01", ("township", "county", "city_tertiary", "province_tertiary"), ("ordinary",)),
            ("henan-puyang", None, ("township", "county", "city_tertiary"), ("ordinary",)),
        ]
    ),
    st.data(),
)
def test_the_bills_never_come_to_anything_outside_the_range(where: tuple[Any, ...], data: st.DataObject) -> None:
    """Whatever the earlier bills were, also above the cap of basic insurance and partly out of catalogue: low and high hold them."""
    place, day, hospitals, people = where
    fact = {"place": place, "category": data.draw(st.sampled_from(people)), "facility": data.draw(st.sampled_from(hospitals))}
    case = BOZHOU | fact | {"total": yuan(data.draw(st.integers(10_000, 20_000_000)))} | ({"on": day} if day else {})
    earlier: list[dict[str, Any]] = []
    own = 0
    for _ in range(data.draw(st.integers(1, 3))):
        total = data.draw(st.integers(10_000, 30_000_000))
        part = data.draw(st.sampled_from([0, 10, 2]))
        bill = {
            "facility": data.draw(st.sampled_from(hospitals)),
            "total": yuan(total),
            "self_funded": yuan(total // part if part else 0),
        }
        settled = ask(**case | bill | {"earlier": earlier})
        assert settled.out_of_pocket is not None
        own += settled.out_of_pocket.amount
        earlier.append(bill)
    known = ask(**case | {"earlier": earlier})
    told = ask(**case | {"so_far": {"own": yuan(own), "stays": len(earlier)}})
    if told.status != "refused":
        assert told.out_of_pocket is not None
        assert known.out_of_pocket is not None
        assert told.out_of_pocket.low - NEAR <= known.out_of_pocket.amount <= told.out_of_pocket.high + NEAR


def test_more_than_the_rules_leave_to_anybody_is_not_enough_to_go_by() -> None:
    """特困 in Beijing are paid everything, so whoever paid 5,000 paid for something else; each stay is asked for."""
    answer = ask(place="beijing", facility="grade_3", category="extreme_poverty", so_far={"own": 5000})
    assert (answer.status, answer.cautions[0].key) == ("refused", "so_far_own_not_enough")


def test_what_a_layer_paid_so_far_counts_towards_its_cap() -> None:
    """Outpatient care in Beijing is paid up to 3,000 a year: after 2,900 basic insurance pays 100 more."""
    outpatient = {"place": "beijing", "facility": "grade_3", "category": "ordinary", "care": "outpatient", "total": "5000"}
    answer = ask(**outpatient | {"so_far": {"stays": 1, "eligible_unpaid": "3500", "paid": {"basic": "2900"}}})
    assert yuan(answer.layers[0].payout) == "100.00"
