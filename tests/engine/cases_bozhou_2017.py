"""Random cases of Bozhou 2017 for property tests: edges of rules are drawn as often as plain amounts."""

from typing import Any

from hypothesis import strategies as st

from engine import yuan

POOR = ["registered_poor", "extreme_poverty", "subsistence_allowance"]
CATEGORIES = [*POOR, "ordinary"]
FACILITIES = ["township", "county", "city", "province", "outside_province"]
DAY = "2020-06-01"
EARLIER_DAYS = ["2020-02-01", "2020-03-01", "2020-04-01"]
_EDGES = [
    1,
    20_000,
    50_000,
    300_000,
    500_000,
    1_000_000,
    1_300_000,
    1_200_000,
    1_790_000,
    5_000_000,
    26_716_667,
    120_000_000,
    1_000_000_000,
]

amounts = st.one_of(st.integers(1, 6_000_000), st.integers(1, 30_000_000), st.sampled_from(_EDGES), st.integers(1, 1_000_000_000))


@st.composite
def bills(draw: st.DrawFn) -> dict[str, Any]:
    """One bill: care, level, total and its parts, referral and emergency."""
    total = draw(amounts)
    self_funded = draw(st.one_of(st.just(0), st.integers(0, total)))
    bill: dict[str, Any] = {"facility": draw(st.sampled_from(FACILITIES)), "total": yuan(total), "self_funded": yuan(self_funded)}
    if (care := draw(st.sampled_from([None, None, "inpatient", "chronic_outpatient"]))) is not None:
        bill["care"] = care
    if draw(st.booleans()):
        bill["first_share"] = yuan(draw(st.integers(0, total - self_funded)))
    for fact in ("registered", "emergency"):
        if draw(st.booleans()):
            bill[fact] = draw(st.booleans())
    return bill


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    """A case with up to three earlier settlements of mixed care; a poor person may have been poor in another way.

    A change between poor and ordinary is never drawn: whether 351 looks back at an ordinary resident's stays is not written anywhere.
    """
    category = draw(st.sampled_from(CATEGORIES))
    case = {"place": "anhui-bozhou", "on": DAY, "category": category} | draw(bills())
    if draw(st.booleans()):
        case["age"] = draw(st.integers(0, 100))
    earlier = draw(st.lists(bills(), max_size=3))
    for day, bill in zip(EARLIER_DAYS, earlier, strict=False):
        bill["on"] = day
        if category in POOR and draw(st.integers(0, 3)) == 0:
            bill["category"] = draw(st.sampled_from(POOR))
    return case | ({"earlier": earlier} if earlier else {})
