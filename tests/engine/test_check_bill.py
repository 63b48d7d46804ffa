"""对账: what a settlement sheet says beside the rules, and the single fact that would explain a difference."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import CaseError, Check, check_bill, estimate, fen, read_case, read_sheet, yuan
from tests.shelf import SHELF

TODAY = date(2026, 11, 24)
BOZHOU = {"place": "anhui-bozhou", "category": "subsistence_allowance", "facility": "county", "total": "20000", "self_funded": "0"}
UNSAID = {name: value for name, value in BOZHOU.items() if name != "self_funded"}
PUYANG = {"place": "henan-puyang", "on": "2018-01-01", "category": "registered_poor", "facility": "county", "total": "20000"}


def check(paid: dict[str, str], case: dict[str, Any] = BOZHOU, **sheet: Any) -> Check:
    """A sheet laid beside its case."""
    return check_bill(read_sheet({"case": case, "paid": paid} | sheet), SHELF, TODAY)


def causes(answer: Check) -> list[tuple[str, Any]]:
    """The causes with what they name."""
    return [(cause.key, cause.value or cause.layer or (None if cause.amount is None else yuan(cause.amount))) for cause in answer.causes]


def sheet_of(case: dict[str, Any]) -> dict[str, Any]:
    """Everything that the rules give for a case, as its sheet would say it."""
    told = estimate(read_case(case), SHELF, TODAY)
    assert told.out_of_pocket is not None
    paid = {layer.key: yuan(layer.payout) for layer in told.layers if layer.status in ("paid", "nothing")}
    return {"paid": paid, "own": yuan(told.out_of_pocket.amount)}


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
    """The sheet agrees only if 2,500 were out of catalogue, as its basic insurance tells: that depends, and is not the same."""
    answer = check({"basic": "13600", "medical_aid": "2925"}, UNSAID, own="3475")
    assert (answer.status, answer.self_funded, answer.self_funded_most) == ("depends", 250_000, 250_000)
    assert (set(verdicts(answer).values()), causes(answer)) == ({"same", "unsaid"}, [])
    assert check({"basic": "13600", "medical_aid": "0"}, UNSAID).status == "differs"


def test_basic_insurance_always_agrees_with_the_part_read_from_it() -> None:
    """15,600 beside nothing said depends as well, on nothing being out of catalogue."""
    answer = check({"basic": "15600"}, UNSAID)
    assert (answer.status, answer.self_funded) == ("depends", 0)
    assert check({"basic": "15600"}).status == "same"


def test_a_part_that_one_line_leaves_open_is_told_by_another() -> None:
    """At its guarantee of 45% basic insurance pays 8,775 for every self-funded part from 8,532 on; the aid tells 10,000."""
    between = check({"basic": "8775"}, UNSAID)
    assert (between.status, between.self_funded, between.self_funded_most) == ("depends", 853_200, 2_000_000)
    told = check(**sheet_of(BOZHOU | {"self_funded": "10000"}), case=UNSAID)
    assert (told.status, told.self_funded, told.self_funded_most) == ("depends", 1_000_000, 1_000_000)


def test_a_line_within_a_range_is_not_the_same() -> None:
    """The yearly cap of basic insurance is known as 200,000 to 300,000: both ends are possible, neither is certain."""
    case = BOZHOU | {"category": "ordinary", "facility": "city", "total": "400000"}
    for basic in ("200000", "250000"):
        answer = check({"basic": basic}, case)
        assert (answer.status, verdicts(answer)["basic"]) == ("depends", "possible")


def test_what_cannot_be_compared_is_no_agreement() -> None:
    """Basic insurance agrees; nobody knows the aid of 因病致贫. Where that alone was said, nothing can be compared."""
    case = BOZHOU | {"category": "poor_through_illness"}
    assert check({"basic": "15600", "medical_aid": "1234"}, case).status == "partly"
    assert check({"medical_aid": "1234"}, case).status == "unknown"
    assert check({"basic": "15600"}, case).status == "same"


@pytest.mark.parametrize(
    ("settled", "cause"),
    [
        ({"facility": "province", "registered": False}, ("unregistered", None)),
        ({"facility": "province", "category": "ordinary"}, ("category", "ordinary")),
        ({"facility": "city"}, ("facility", "city")),
    ],
)
def test_another_fact_comes_before_a_self_funded_part_nobody_said(settled: dict[str, Any], cause: tuple[str, str | None]) -> None:
    """With nothing self-funded one other fact explains every line, and the sheet is shown beside that."""
    case = UNSAID | {"facility": "province" if settled["facility"] == "province" else "county"}
    answer = check(**sheet_of(BOZHOU | settled), case=case)
    assert (answer.status, answer.self_funded, answer.estimate.case.self_funded) == ("differs", None, 0)
    assert causes(answer)[0] == cause
    assert {each.key for each in answer.causes} == {cause[0]}
    assert all(each.whole for each in answer.causes)


def test_the_unregistered_stay_of_a_real_sheet() -> None:
    """11,700 and 1,495 and no aid in the province: settled as not registered, with nothing out of catalogue."""
    paid = {"basic": "11700", "critical_illness": "1495", "medical_aid": "0"}
    assert causes(check(paid, UNSAID | {"facility": "province"}, own="6805")) == [("unregistered", None)]


def test_a_self_funded_part_and_another_fact_are_told_as_alternatives() -> None:
    """11,700 by basic insurance alone fits both an unregistered stay and about 2,285.70 out of catalogue."""
    answer = check({"basic": "11700"}, UNSAID | {"facility": "province"})
    assert answer.status == "depends"
    assert causes(answer) == [("self_funded", "2285.70"), ("unregistered", None)]
    assert all(cause.whole for cause in answer.causes)


def test_a_cause_is_whole_only_when_own_cost_fits() -> None:
    """50,700 fits a self-funded part and an unregistered stay; with neither the person pays 10,000."""
    case = BOZHOU | {"facility": "province", "total": "80000"}
    without, answer = check({"basic": "50700"}, case), check({"basic": "50700"}, case, own="10000")
    assert [cause.key for cause in without.causes if cause.whole] == ["self_funded", "unregistered"]
    assert [cause.key for cause in answer.causes if cause.whole] == []
    assert {"self_funded", "unregistered"} < set(dict(causes(answer)))


def test_an_aid_nobody_knows_explains_no_aid_of_nothing() -> None:
    """Of 因病致贫 and 低保边缘 nobody can compute the aid; of ordinary residents it is known to be nothing."""
    answer = check({"basic": "15600", "medical_aid": "0"}, own="4400")
    assert {value for key, value in causes(answer) if key == "category"} == {"ordinary", "lifted_out"}


def test_the_ordinary_resident_stands_first_among_causes_of_a_part() -> None:
    """No aid beside a lower basic insurance has no single cause; several categories that fit better count as one of the three."""
    answer = check({"basic": "15000", "critical_illness": "0", "medical_aid": "0"})
    assert not any(cause.whole for cause in answer.causes)
    assert [value for key, value in causes(answer) if key == "category"] == ["ordinary", "lifted_out"]


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


@pytest.mark.parametrize("own", ["1500", "1100", "800.50"])
def test_what_was_paid_before_is_told_without_false_fen(own: str) -> None:
    """Rounding leaves a few fen open, so the roundest amount among them is told."""
    answer = check(**sheet_of(BOZHOU | {"total": "60000", "so_far": {"stays": 1, "own": own}}), case=BOZHOU | {"total": "60000"})
    assert ("year_before", yuan(fen(own))) in causes(answer)


def test_a_deductible_that_was_used_up_tells_only_the_least() -> None:
    """From 14,625 paid before on, the highest tier of critical illness insurance holds whatever more was paid."""
    case = BOZHOU | {"total": "60000"}
    cause = check(**sheet_of(case | {"so_far": {"stays": 1, "own": "20000"}}), case=case).causes[0]
    assert (cause.key, cause.amount) == ("year_before", 1_462_500)
    assert cause.most is not None
    assert cause.most >= 2_000_000


def test_a_second_stay_in_puyang_is_recognised() -> None:
    """16,174 instead of 16,048: the halved deductible of a later stay."""
    assert causes(check({"basic": "16174"}, PUYANG | {"category": "ordinary", "self_funded": "0"})) == [("first_stay_before", None)]


def test_a_hospital_that_charged_its_own_share_is_named() -> None:
    """Of 5,000 out of catalogue 3,000 are above the county ceiling of 10%; the layers agree and only the person's part does not."""
    told = estimate(read_case(PUYANG | {"self_funded": "5000"}), SHELF, TODAY)
    paid = {layer.key: yuan(layer.payout) for layer in told.layers if layer.status in ("paid", "nothing")}
    answer = check(paid, PUYANG | {"self_funded": "5000"}, own="6500")
    assert causes(answer) == [("hospital_ceiling", "3000.00")]


def test_a_hospital_is_not_named_for_an_own_cost_that_its_share_does_not_explain() -> None:
    """Of the 3,000 above the ceiling the sheet has neither 1,000 nor 4,000 with the patient: a cause that would be blame is not guessed."""
    told = estimate(read_case(PUYANG | {"self_funded": "5000"}), SHELF, TODAY)
    paid = {layer.key: yuan(layer.payout) for layer in told.layers if layer.status in ("paid", "nothing")}
    for own in ("4500", "7500"):
        assert "hospital_ceiling" not in dict(causes(check(paid, PUYANG | {"self_funded": "5000"}, own=own)))


def test_a_hospital_share_is_named_beside_a_layer_that_paid_less() -> None:
    """Basic insurance paid 500 less and the hospital charged its 3,000: the patient has 3,500 more, all of it accounted for."""
    told = estimate(read_case(PUYANG | {"self_funded": "5000"}), SHELF, TODAY)
    paid = {layer.key: layer.payout for layer in told.layers if layer.status in ("paid", "nothing")}
    paid["basic"] -= 50_000
    sheet = {key: yuan(amount) for key, amount in paid.items()}
    answer = check(sheet, PUYANG | {"self_funded": "5000"}, own="7000")
    assert ("hospital_ceiling", "3000.00") in causes(answer)


def test_a_layer_that_cannot_be_computed_is_not_judged() -> None:
    """因病致贫 has an aid whose amount nobody knows: whatever the sheet says of it is neither less nor more."""
    answer = check({"basic": "15600", "medical_aid": "1234"}, BOZHOU | {"category": "poor_through_illness"})
    assert verdicts(answer)["medical_aid"] == "not_computable"


def test_a_layer_the_rules_do_not_have_is_more_than_nothing() -> None:
    """A payout by a layer of another place is a difference and no error."""
    assert verdicts(check({"basic": "15600", "supplementary": "100"}))["supplementary"] == "more"


def test_a_cap_is_only_a_cause_where_earlier_bills_were_not_told() -> None:
    """10,000 by basic insurance fits no single fact but that its yearly cap was met; told earlier bills leave no room for that.

    By hand: the cap is 200,000 to 300,000, so that 190,000 to 290,000 must have been paid before. It comes last.
    """
    last = check({"basic": "10000", "medical_aid": "3300"}).causes[-1]
    assert (last.key, last.layer, last.amount, last.most) == ("cap", "basic", 190_000_00, 290_000_00)
    with_earlier = BOZHOU | {"earlier": [{"facility": "county", "total": "1000", "self_funded": "0"}]}
    assert "cap" not in dict(causes(check({"basic": "10000", "medical_aid": "3300"}, with_earlier)))


def test_a_guarantee_that_was_left_out_is_told_and_no_cap() -> None:
    """By hand: of 8,000 eligible (8,000 - 500) at 80% are 6,000; the guarantee is (20,000 - 500) at 45%, 8,775.

    A sheet with 6,000 has the tiers alone, and needs no large bills before to be explained.
    """
    answer = check({"basic": "6000"}, BOZHOU | {"category": "ordinary", "self_funded": "12000"})
    assert [(cause.key, cause.layer, cause.amount) for cause in answer.causes] == [("guarantee", "basic", 8_775_00)]


def test_what_neither_tiers_nor_guarantee_give_may_still_be_the_cap() -> None:
    """5,000 of the same bill is neither: that 195,000 to 295,000 were paid before stays possible."""
    answer = check({"basic": "5000"}, BOZHOU | {"category": "ordinary", "self_funded": "12000"})
    assert [(cause.key, cause.amount, cause.most) for cause in answer.causes] == [("cap", 195_000_00, 295_000_00)]


@pytest.mark.parametrize(("own", "rest"), [("1000", 10_000), ("1200", -10_000), ("1100", None)])
def test_a_sheet_that_does_not_add_up_says_by_how_much(own: str, rest: int | None) -> None:
    """Only when every line was read; what is missing is positive."""
    assert check({"basic": "15600", "critical_illness": "0", "medical_aid": "3300"}, own=own).unbalanced == rest
    assert check({"basic": "15600"}, own=own).unbalanced is None


def test_a_sheet_of_more_than_the_bill_says_by_how_much() -> None:
    """Whether or not every line was read; only a single amount above the bill is an error."""
    answer = check({"basic": "15600", "critical_illness": "20000", "medical_aid": "20000"})
    assert (answer.status, answer.unbalanced) == ("differs", -3_560_000)


@pytest.mark.parametrize(
    ("case", "sheet", "status"),
    [
        (BOZHOU, {"own": "1100"}, "same"),
        (BOZHOU, {"own": "4400"}, "differs"),
        (UNSAID, {"own": "4400"}, "depends"),
        (UNSAID | {"insured": False}, {"own": "20000"}, "same"),
        (UNSAID | {"insured": False}, {"own": "2000"}, "differs"),
        (PUYANG | {"self_funded": "5000"}, {"hospital_borne": "3000"}, "same"),
    ],
)
def test_a_single_line_that_is_no_layer_is_answered(case: dict[str, Any], sheet: dict[str, str], status: str) -> None:
    """What the person paid or what the hospital bore, also of a person without insurance."""
    assert check({}, case, **sheet).status == status


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
    assert check(**sheet_of(case), case=case).status == "same"
    unsaid = {name: value for name, value in case.items() if name != "self_funded"}
    assert check(**sheet_of(case), case=unsaid).status != "unknown"


@pytest.mark.parametrize(
    ("sheet", "field"),
    [
        ({"case": BOZHOU, "paid": {}}, "paid"),
        ({"case": BOZHOU}, "paid"),
        ({"case": BOZHOU, "paid": {"dental": 1}}, "paid.dental"),
        ({"case": BOZHOU, "paid": {"basic": -1}}, "paid.basic"),
        ({"case": BOZHOU | {"total": None}, "paid": {"basic": 1}}, "case.total"),
        ({"case": BOZHOU | {"self_funded": 30000}, "paid": {"basic": 1}}, "case.self_funded"),
        ({"case": BOZHOU, "paid": {"basic": 50000}}, "paid.basic"),
        ({"case": BOZHOU, "own": "20000.01"}, "own"),
        ({"case": BOZHOU, "hospital_borne": 50000}, "hospital_borne"),
        ({"case": BOZHOU, "paid": {"basic": 1}, "left": 1}, "left"),
    ],
)
def test_a_wrong_sheet_names_its_field(sheet: dict[str, Any], field: str) -> None:
    """What is wrong in itself is an error and never an answer."""
    with pytest.raises(CaseError) as caught:
        read_sheet(sheet)
    assert field in [fault.field for fault in caught.value.faults]


@pytest.mark.parametrize("category", ["ordinary", "monitored", "back_in_poverty", "lifted_out"])
def test_an_earlier_stay_is_recognised_below_a_cap_too(category: str) -> None:
    """A county stay of 50,000 after one of 40,000: critical illness insurance pays more than on a first stay, and that explains it."""
    case = BOZHOU | {"category": category, "total": "50000"}
    known = estimate(read_case(case | {"earlier": [{"facility": "county", "total": "40000", "self_funded": "0"}]}), SHELF, TODAY)
    assert known.out_of_pocket is not None
    paid = {layer.key: yuan(layer.payout) for layer in known.layers if layer.status in ("paid", "nothing")}
    answer = check(paid, case, own=yuan(known.out_of_pocket.amount))
    assert "year_before" in [cause.key for cause in answer.causes]
