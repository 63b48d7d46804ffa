"""Random cases of Beijing 2023 for property tests: edges of rules are drawn as often as plain amounts."""

from typing import Any

from hypothesis import strategies as st

from engine import yuan

CATEGORIES = ["extreme_poverty", "subsistence_allowance", "low_income_margin", "poor_through_illness", "ordinary"]
FACILITIES = ["grade_1", "grade_2", "grade_3"]
DAY = "2023-06-01"
EARLIER_DAYS = ["2023-02-01", "2023-03-01", "2023-04-01"]
_EDGES = [1, 10_000, 15_000, 30_000, 55_000, 65_000, 80_000, 130_000, 555_455, 655_000, 1_100_000, 1_300_000, 1_520_200, 3_040_400]
_LARGE_EDGES = [5_690_800, 11_771_600, 25_030_000, 28_040_400, 88_733_516, 1_000_000_000]
#: Whether what somebody poor through illness left unpaid counts for aid after a change of category is not written anywhere: never drawn.
_CHANGED = [category for category in CATEGORIES if category != "poor_through_illness"]

amounts = st.one_of(
    st.integers(1, 2_000_000),
    st.sampled_from(_EDGES),
    st.integers(1, 30_000_000),
    st.sampled_from(_LARGE_EDGES),
    st.integers(1, 1_000_000_000),
)
ages = st.one_of(st.sampled_from([0, 17, 18]), st.integers(0, 100))


@st.composite
def bills(draw: st.DrawFn) -> dict[str, Any]:
    """One bill: care, grade, total and its parts, and facts that Beijing does not ask for."""
    total = draw(amounts)
    self_funded = draw(st.one_of(st.just(0), st.just(0), st.integers(0, total)))
    bill: dict[str, Any] = {"facility": draw(st.sampled_from(FACILITIES)), "total": yuan(total), "self_funded": yuan(self_funded)}
    if (care := draw(st.sampled_from([None, "inpatient", "outpatient"]))) is not None:
        bill["care"] = care
    if draw(st.booleans()):
        bill["first_share"] = yuan(draw(st.integers(0, total - self_funded)))
    for fact in ("registered", "emergency"):
        if draw(st.integers(0, 3)) == 0:
            bill[fact] = draw(st.booleans())
    return bill


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    """A case with up to three earlier settlements of either care, in which the category may have been another."""
    case = {"place": "beijing", "on": DAY, "category": draw(st.sampled_from(CATEGORIES))} | draw(bills())
    if draw(st.booleans()):
        case["age"] = draw(ages)
    earlier = draw(st.lists(bills(), max_size=3))
    for day, bill in zip(EARLIER_DAYS, earlier, strict=False):
        bill["on"] = day
        if draw(st.integers(0, 3)) == 0:
            bill["category"] = draw(st.sampled_from(_CHANGED))
    return case | ({"earlier": earlier} if earlier else {})
