"""Before an admission: both ends of a rough total are estimates, and the money to have at hand follows from them."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import Admission, CaseError, estimate, plan_admission, read_case, read_planned, yuan
from tests.shelf import SHELF

TODAY = date(2026, 11, 24)
BOZHOU = {"place": "anhui-bozhou", "category": "subsistence_allowance", "facility": "county", "self_funded": "0"}


def plan(least: Any, most: Any = None, **facts: Any) -> Admission:
    """A county stay of 低保 in Bozhou that is still to come, with other facts on top."""
    raw = {"case": BOZHOU | facts, "least": least}
    return plan_admission(read_planned(raw if most is None else raw | {"most": most}), SHELF, TODAY)


def test_both_ends_are_estimates() -> None:
    """20,000 to 40,000 yuan in a county hospital leave 1,100 and 1,710 yuan: of 8,400 left 1,560, then 5,130 of aid."""
    answer = plan(20000, 40000)
    assert answer.own is not None
    assert (yuan(answer.own.least), yuan(answer.own.most)) == ("1100.00", "1710.00")
    assert answer.at_hand == 180_000


def test_one_rough_total_is_one_estimate() -> None:
    """Without an upper end both are the same, and own cost is that of the estimate."""
    answer = plan("20000")
    told = estimate(read_case(BOZHOU | {"total": "20000"}), SHELF, TODAY)
    assert (answer.least, answer.most, answer.own and answer.own.least) == (told, told, told.out_of_pocket and told.out_of_pocket.amount)


def test_what_registration_is_worth_stands_beside_it() -> None:
    """At a provincial hospital an unregistered stay costs more and gets no aid; in the county it makes no difference."""
    answer = plan(30000, facility="province")
    assert answer.own is not None
    assert answer.unregistered is not None
    assert answer.unregistered.most > answer.own.most
    assert plan(30000).unregistered is None
    assert plan(30000, facility="province", registered=False).unregistered is None


def test_what_is_out_of_catalogue_makes_it_more() -> None:
    """When nobody knows the self-funded part, up to 11,225 may be left: basic insurance pays 45% at least."""
    case = {name: value for name, value in BOZHOU.items() if name != "self_funded"}
    answer = plan_admission(read_planned({"case": case, "least": 20000}), SHELF, TODAY)
    assert answer.own is not None
    assert (yuan(answer.own.most), yuan(answer.own.highest)) == ("1100.00", "11225.00")


def test_a_layer_that_cannot_be_computed_makes_it_an_upper_bound() -> None:
    """因病致贫 may get aid of an amount nobody knows."""
    assert plan(20000, category="poor_through_illness").status == "partial"


def test_only_what_matters_before_is_told() -> None:
    """Deposit, one-stop settlement, registration and what to bring, in this order."""
    assert [item.key for item in plan(20000).guidance] == ["pay_later", "one_stop", "registration", "bring"]


def test_without_rules_it_is_refused() -> None:
    """A day that no edition answers for."""
    assert plan(20000, on="2026-03-01").status == "refused"


@settings(deadline=None)
@given(
    st.sampled_from(["ordinary", "monitored", "subsistence_allowance"]),
    st.sampled_from(["township", "county", "city", "province", "outside_province"]),
    st.integers(1, 30_000_000),
    st.integers(0, 30_000_000),
)
def test_what_lies_between_the_ends_costs_between_them(category: str, facility: str, least: int, more: int) -> None:
    """A larger bill never leaves less to pay, so the ends hold every total between them; a fen a layer may be lost to rounding."""
    answer = plan(yuan(least), yuan(least + more), category=category, facility=facility)
    middle = plan(yuan(least + more // 2), category=category, facility=facility)
    assert answer.own is not None
    assert middle.own is not None
    assert answer.own.least - 3 <= middle.own.most <= answer.own.most + 3


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ({"case": BOZHOU}, "least"),
        ({"case": BOZHOU, "least": -1}, "least"),
        ({"case": BOZHOU, "least": 3, "most": 2}, "most"),
        ({"case": BOZHOU | {"total": 5}, "least": 3}, "case.total"),
        ({"case": BOZHOU | {"category": "rich"}, "least": 3}, "case.category"),
        ({"case": BOZHOU | {"self_funded": 5}, "least": 3}, "case.self_funded"),
        ({"case": [], "least": 3}, "case"),
        ({"case": BOZHOU, "least": 3, "deposit": 1}, "deposit"),
    ],
)
def test_a_wrong_request_names_its_field(raw: dict[str, Any], field: str) -> None:
    """What is wrong in itself is an error and never an answer."""
    with pytest.raises(CaseError) as caught:
        read_planned(raw)
    assert [fault.field for fault in caught.value.faults] == [field]
