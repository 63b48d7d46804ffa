"""对账: what a settlement sheet says beside the rules, and the single fact that would explain a difference."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import CaseError, Check, check_bill, estimate, read_case, read_sheet, yuan
from tests.shelf import SHELF

TODAY = date(2026, 11, 24)
BOZHOU = {"place": "anhui-bozhou", "category": "subsistence_allowance", "facility": "county", "total": "20000", "self_funded": "0"}
PUYANG = {"place": "henan-puyang", "on": "2018-01-01", "category": "registered_poor", "facility": "county", "total": "20000"}


def check(paid: dict[str, str], case: dict[str, Any] = BOZHOU, **sheet: Any) -> Check:
    """A sheet laid beside its case."""
    return check_bill(read_sheet({"case": case, "paid": paid} | sheet), SHELF, TODAY)


def causes(answer: Check) -> list[tuple[str, Any]]:
    """The causes with what they name."""
    return [(cause.key, cause.value or cause.layer or (None if cause.amount is None else yuan(cause.amount))) for cause in answer.causes]


def verdicts(answer: Check) -> dict[str, str]:
    """The verdict of each line."""
    return {line.key: line.verdict for line in answer.lines}


def test_a_sheet_that_agrees_has_no_cause() -> None:
    """The hand-checked row 2: 15,600 by basic insurance, 3,300 by medical aid, 1,100 by the person."""
    answer = check({"basic": "15600", "critical_illness": "0", "medical_aid": "3300"}, own="1100")
    assert (answer.status, causes(answer), answer.unbalanced) == ("same", [], None)
    assert set(verdicts(answer).values()) == {"same"}


def test_a_fen_of_rounding_is_no_difference() -> None:
    """Two programs may round a layer apart."""
    assert check({"basic": "15600.01", "medical_aid": "3299.99"}).status == "same"


def test_no_aid_points_to_the_category() -> None:
    """Without any aid the sheet is that of an ordinary resident: the register may not be updated."""
    answer = check({"basic": "15600", "medical_aid": "0"}, own="4400")
    assert verdicts(answer)["medical_aid"] == "less"
    assert ("category", "ordinary") in causes(answer)
    assert all(cause.whole for cause in answer.causes)


def test_less_of_everything_points_to_the_self_funded_part() -> None:
    """13,600 by basic insurance means 2,500 out of catalogue, and the aid of 2,925 agrees with that."""
    assert causes(check({"basic": "13600", "medical_aid": "2925"})) == [("self_funded", "2500.00")]


def test_a_self_funded_part_nobody_said_is_read_from_the_sheet() -> None:
    """Then the sheet agrees, and its basic insurance tells that 2,500 were out of catalogue."""
    unsaid = {name: value for name, value in BOZHOU.items() if name != "self_funded"}
    answer = check({"basic": "13600", "medical_aid": "2925"}, unsaid, own="3475")
    assert (answer.status, answer.self_funded) == ("same", 250_000)
    assert check({"basic": "13600", "medical_aid": "0"}, unsaid).status == "differs"


def test_an_unregistered_stay_is_recognised() -> None:
    """A provincial stay of 50,000 settled with the doubled deductible and five points less, and without aid."""
    case = BOZHOU | {"facility": "province", "total": "50000"}
    other = estimate(read_case(case | {"registered": False}), SHELF, TODAY)
    paid = {layer.key: yuan(layer.payout) for layer in other.layers if layer.status != "advice"}
    assert ("unregistered", None) in causes(check(paid, case))


def test_a_deductible_used_up_before_is_recognised() -> None:
    """Critical illness insurance paid 1,820 on a first stay: 1,100 had been paid for an earlier one like it."""
    answer = check({"basic": "15600", "critical_illness": "1820", "medical_aid": "1935"})
    assert causes(answer) == [("year_before", "1100.00")]


def test_a_second_stay_in_puyang_is_recognised() -> None:
    """16,174 instead of 16,048: the halved deductible of a later stay."""
    assert causes(check({"basic": "16174"}, PUYANG | {"category": "ordinary", "self_funded": "0"})) == [("first_stay_before", None)]


def test_a_hospital_that_charged_its_own_share_is_named() -> None:
    """Of 5,000 out of catalogue 3,000 are above the county ceiling of 10%; the layers agree and only the person's part does not."""
    told = estimate(read_case(PUYANG | {"self_funded": "5000"}), SHELF, TODAY)
    paid = {layer.key: yuan(layer.payout) for layer in told.layers if layer.status in ("paid", "nothing")}
    answer = check(paid, PUYANG | {"self_funded": "5000"}, own="6500")
    assert causes(answer) == [("hospital_ceiling", "3000.00")]


def test_a_layer_that_cannot_be_computed_is_not_judged() -> None:
    """因病致贫 has an aid whose amount nobody knows: whatever the sheet says of it is neither less nor more."""
    answer = check({"basic": "15600", "medical_aid": "1234"}, BOZHOU | {"category": "poor_through_illness"})
    assert verdicts(answer)["medical_aid"] == "not_computable"


def test_a_layer_the_rules_do_not_have_is_more_than_nothing() -> None:
    """A payout by a layer of another place is a difference and no error."""
    assert verdicts(check({"basic": "15600", "supplementary": "100"}))["supplementary"] == "more"


def test_a_cap_is_only_a_cause_where_earlier_bills_were_not_told() -> None:
    """10,000 by basic insurance fits no single fact but that its yearly cap was met; told earlier bills leave no room for that."""
    assert ("cap", "basic") in causes(check({"basic": "10000", "medical_aid": "3300"}))
    with_earlier = BOZHOU | {"earlier": [{"facility": "county", "total": "1000", "self_funded": "0"}]}
    assert "cap" not in dict(causes(check({"basic": "10000", "medical_aid": "3300"}, with_earlier)))


@pytest.mark.parametrize(("own", "rest"), [("1000", 10_000), ("1200", -10_000), ("1100", None)])
def test_a_sheet_that_does_not_add_up_says_by_how_much(own: str, rest: int | None) -> None:
    """Only when every line was read; what is missing is positive."""
    assert check({"basic": "15600", "critical_illness": "0", "medical_aid": "3300"}, own=own).unbalanced == rest
    assert check({"basic": "15600"}, own=own).unbalanced is None


def test_without_rules_there_is_nothing_to_lay_beside() -> None:
    """A day that no edition answers for is refused by name."""
    assert check({"basic": "1"}, BOZHOU | {"on": "2026-03-01"}).status == "refused"


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["ordinary", "monitored", "back_in_poverty", "subsistence_allowance", "extreme_poverty"]),
    st.sampled_from(["township", "county", "city", "province", "outside_province"]),
    st.integers(100, 20_000_000),
    st.fractions(0, 1),
)
def test_a_sheet_made_by_the_rules_always_agrees(category: str, facility: str, total: int, part: Any) -> None:
    """What the engine settles is what it finds right, whether or not the self-funded part was said."""
    case = BOZHOU | {"category": category, "facility": facility, "total": yuan(total), "self_funded": yuan(int(total * part))}
    told = estimate(read_case(case), SHELF, TODAY)
    assert told.out_of_pocket is not None
    paid = {layer.key: yuan(layer.payout) for layer in told.layers if layer.status in ("paid", "nothing")}
    assert check(paid, case, own=yuan(told.out_of_pocket.amount)).status == "same"


@pytest.mark.parametrize(
    ("sheet", "field"),
    [
        ({"case": BOZHOU, "paid": {}}, "paid"),
        ({"case": BOZHOU}, "paid"),
        ({"case": BOZHOU, "paid": {"dental": 1}}, "paid.dental"),
        ({"case": BOZHOU, "paid": {"basic": -1}}, "paid.basic"),
        ({"case": BOZHOU | {"total": None}, "paid": {"basic": 1}}, "case.total"),
        ({"case": BOZHOU | {"self_funded": 30000}, "paid": {"basic": 1}}, "case.self_funded"),
        ({"case": BOZHOU, "paid": {"basic": 50000}}, "paid"),
        ({"case": BOZHOU, "paid": {"basic": 1}, "left": 1}, "left"),
    ],
)
def test_a_wrong_sheet_names_its_field(sheet: dict[str, Any], field: str) -> None:
    """What is wrong in itself is an error and never an answer."""
    with pytest.raises(CaseError) as caught:
        read_sheet(sheet)
    assert field in [fault.field for fault in caught.value.faults]
