"""The year: what each settlement came to, which thresholds are used up, and how far it is to the next one."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import CaseError, Mark, YearLedger, estimate, read_case, read_year, year_ledger, yuan
from tests.shelf import SHELF

TODAY = date(2026, 11, 24)
STAY = {"facility": "county", "total": "20000", "self_funded": "0"}


def ask(**facts: Any) -> YearLedger:
    """A year of an ordinary resident of Bozhou, with other facts on top."""
    return year_ledger(read_year({"place": "anhui-bozhou", "category": "ordinary"} | facts, SHELF), SHELF, TODAY)


def mark(answer: YearLedger, layer: str, kind: str) -> Mark:
    """One threshold of the year."""
    return next(each for each in answer.marks if (each.layer, each.kind) == (layer, kind))


def left(answer: YearLedger, layer: str, kind: str) -> str:
    """How far it is to a threshold, in yuan."""
    return yuan(mark(answer, layer, kind).left or 0)


def test_it_tells_how_far_it_is_to_the_next_threshold() -> None:
    """After two county stays of 20,000 yuan 8,800 count: 3,200 more and critical illness insurance begins to pay."""
    answer = ask(earlier=[STAY], **STAY)
    assert [yuan(row.outcome.own) for row in answer.rows] == ["4400.00", "4400.00"]
    assert (yuan(answer.total), yuan(answer.paid), yuan(answer.own)) == ("40000.00", "31200.00", "8800.00")
    assert left(answer, "critical_illness", "deductible") == "3200.00"


def test_a_deductible_that_is_used_up_gives_way_to_the_next_tier() -> None:
    """返贫致贫: half the deductible is 6,000; with 8,800 unpaid after basic insurance it is 47,200 to the tier above 50,000."""
    answer = ask(category="back_in_poverty", earlier=[STAY, STAY])
    assert mark(answer, "critical_illness", "deductible").state == "reached"
    assert left(answer, "critical_illness", "tier") == "47200.00"
    assert mark(answer, "medical_aid", "deductible").state == "reached"
    assert mark(answer, "medical_aid", "cap").at is None


def test_a_cap_that_is_a_range_has_both_ends() -> None:
    """Basic insurance of Bozhou pays at most 200,000 to 300,000 yuan a year."""
    cap = mark(ask(**STAY), "basic", "cap")
    assert (cap.at, cap.at_most, yuan(cap.used)) == (20_000_000, 30_000_000, "15600.00")


def test_the_ceiling_of_351_is_measured_like_the_others() -> None:
    """A poor person of Bozhou in 2021: a township stay of 10,000 leaves 1,670 unpaid of the 3,000 that are theirs, so 1,330 more."""
    answer = ask(category="registered_poor", on="2021-05-01", facility="township", total=10000, self_funded=0)
    assert (left(answer, "guarantee_351", "ceiling"), answer.status, answer.silent) == ("1330.00", "partial", ("medical_aid",))


def test_without_a_bill_the_year_ends_with_the_earlier_ones() -> None:
    """Earlier settlements alone are the same year as the last of them with those before it."""
    alone, together = ask(earlier=[STAY, STAY]), ask(earlier=[STAY], **STAY)
    assert (alone.year, alone.marks) == (together.year, together.marks)


def test_without_anything_the_thresholds_are_told() -> None:
    """A year that nobody told anything of begins at nothing, and no ceiling is named that a hospital decides."""
    answer = ask(category="registered_poor", on="2021-05-01")
    assert (answer.rows, left(answer, "critical_illness", "deductible")) == ((), "6000.00")
    assert "ceiling" not in [each.kind for each in answer.marks]


def test_what_was_paid_counts_as_far_as_it_may() -> None:
    """10,000 paid before: at most 10,000 count towards the deductible, and perhaps nothing."""
    deductible = mark(ask(so_far={"own": 10000}), "critical_illness", "deductible")
    assert (yuan(deductible.used), deductible.low, yuan(deductible.high)) == ("10000.00", 0, "10000.00")


def test_what_was_not_said_is_a_range() -> None:
    """Of a bill whose self-funded part is not known between nothing and 4,400 yuan count."""
    deductible = mark(ask(facility="county", total=20000), "critical_illness", "deductible")
    assert (yuan(deductible.used), deductible.low, yuan(deductible.high)) == ("4400.00", 0, "4400.00")


def test_a_year_no_rule_answers_for_is_refused_by_name() -> None:
    """A day past the verified one, and a category the edition does not know."""
    assert ask(on="2026-03-01", **STAY).cautions[0].key == "after_rules"
    assert ask(category="registered_poor", **STAY).cautions[0].key == "category_not_covered"


@given(
    st.sampled_from(["ordinary", "monitored", "back_in_poverty", "subsistence_allowance"]),
    st.lists(st.tuples(st.sampled_from(["township", "county", "city"]), st.integers(1, 30_000_000)), min_size=1, max_size=5),
)
def test_every_settlement_is_the_estimate_it_was(category: str, stays: Sequence[tuple[str, int]]) -> None:
    """Each row pays what an estimate of that stay with those before it pays, and a span holds what is used."""
    bills = [{"facility": facility, "total": yuan(total), "self_funded": "0"} for facility, total in stays]
    answer = ask(category=category, earlier=bills[:-1], **bills[-1])
    for number, row in enumerate(answer.rows):
        case = read_case({"place": "anhui-bozhou", "category": category, "earlier": bills[:number], **bills[number]})
        told = estimate(case, SHELF, TODAY)
        assert told.out_of_pocket is not None
        assert (row.outcome.own, sum(row.outcome.payouts.values())) == (told.out_of_pocket.amount, told.paid)
    assert answer.own + answer.paid + answer.hospital == answer.total
    assert all(each.low <= each.used <= each.high for each in answer.marks)


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"facility": "county"}, "total"),
        ({"total": 100}, "facility"),
        ({"earlier": [{"facility": "county"}]}, "earlier.0.total"),
        ({"place": "atlantis"}, "place"),
        ({"so_far": {"own": -1}}, "so_far.own"),
    ],
)
def test_a_wrong_year_names_its_field(facts: dict[str, Any], field: str) -> None:
    """Half a bill is an error, as is what is wrong in itself."""
    with pytest.raises(CaseError) as caught:
        ask(**facts)
    assert field in [fault.field for fault in caught.value.faults]
