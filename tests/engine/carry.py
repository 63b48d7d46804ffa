"""A year given back as `so_far` in place of the earlier settlements it came from."""

from datetime import date
from typing import Any

from bot.speech import year_json
from engine import Estimate, estimate, read_case
from tests.shelf import SHELF

_PERSON = ("place", "category", "age", "insured", "expired_ok")


def both_ways(case: dict[str, Any], today: date) -> tuple[Estimate, Estimate] | None:
    """The estimate with the earlier settlements told one by one, and with their year carried over; None when there are none."""
    earlier = [{"category": case["category"]} | bill for bill in case.get("earlier", [])]
    if not earlier:
        return None
    last = {key: case[key] for key in (*_PERSON, "on") if key in case} | earlier[-1] | {"earlier": earlier[:-1]}
    year = estimate(read_case(last), SHELF, today).year_to_date
    assert year is not None
    alone = {key: value for key, value in case.items() if key != "earlier"}
    return estimate(read_case(case), SHELF, today), estimate(read_case(alone | {"so_far": year_json(year)}), SHELF, today)
