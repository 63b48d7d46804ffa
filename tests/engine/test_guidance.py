"""Guidance: what a place tells everybody, what it tells some categories, and what is said where there is none."""

from datetime import date

import pytest

from engine import CaseError, guide
from tests.shelf import SHELF

TODAY = date(2026, 11, 24)


def keys(place: str, category: str | None) -> list[str]:
    """The keys of what is told."""
    return [item.key for item in guide(place, category, SHELF, TODAY).items]


def test_everybody_is_told_what_is_for_everybody() -> None:
    """Without a category, and for ordinary people, nothing is told that holds for poor households only."""
    assert keys("anhui-bozhou", None) == keys("anhui-bozhou", "ordinary")
    assert {"one_stop", "registration", "chronic", "bring", "contact", "pay_later"} <= set(keys("anhui-bozhou", None))


def test_each_category_is_told_of_its_own_register() -> None:
    """低保 are registered by civil affairs, 监测 by the rural revitalisation office."""
    assert {"register_civil_affairs"} == set(keys("anhui-bozhou", "subsistence_allowance")) & {"register_civil_affairs", "register_rural"}
    assert {"register_rural"} == set(keys("anhui-bozhou", "monitored")) & {"register_civil_affairs", "register_rural"}


def test_treatment_before_payment_is_told_where_it_is_known() -> None:
    """濮阳 had it for poor households; whether it was carried on is marked as not verified."""
    told = {item.key: item.basis for item in guide("henan-puyang", "subsistence_allowance", SHELF, TODAY).items}
    assert told["pay_later"] == "unverified"
    assert "pay_later" not in keys("henan-puyang", "ordinary")


def test_doubts_are_said_once() -> None:
    """What is not from the place's own text, and rules past their day, are cautions."""
    assert [note.key for note in guide("anhui-bozhou", None, SHELF, TODAY).cautions] == ["guidance.to_confirm", "verified_until"]
    assert [note.key for note in guide("anhui-bozhou", None, SHELF, date(2025, 1, 1)).cautions] == ["guidance.to_confirm"]


@pytest.mark.parametrize(
    ("place", "category", "key"), [("beijing", None, "guidance.not_held"), ("anhui-bozhou", "registered_poor", "category_not_covered")]
)
def test_what_is_not_held_is_refused_by_name(place: str, category: str | None, key: str) -> None:
    """A place without guidance, and a category the rules do not know."""
    answer = guide(place, category, SHELF, TODAY)
    assert (answer.status, answer.items, [note.key for note in answer.cautions]) == ("refused", (), [key])


@pytest.mark.parametrize(("place", "category", "field"), [("atlantis", None, "place"), ("anhui-bozhou", "rich", "category")])
def test_a_wrong_request_names_its_field(place: str, category: str | None, field: str) -> None:
    """A place that is not on the shelf and a key nobody knows are errors."""
    with pytest.raises(CaseError) as caught:
        guide(place, category, SHELF, TODAY)
    assert [fault.field for fault in caught.value.faults] == [field]
