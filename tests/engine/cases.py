"""Random cases of Bozhou 2022 for property tests: edges of rules are drawn as often as plain amounts."""

from typing import Any

from hypothesis import strategies as st

from engine import yuan

CATEGORIES = [
    "extreme_poverty",
    "subsistence_allowance",
    "back_in_poverty",
    "monitored",
    "lifted_out",
    "low_income_margin",
    "poor_through_illness",
    "ordinary",
]
FACILITIES = ["township", "county", "city", "province", "outside_province"]
_EDGES = [1, 20_000, 50_000, 1_200_000, 5_000_000, 26_716_667, 120_000_000, 1_000_000_000]

amounts = st.one_of(st.integers(1, 30_000_000), st.sampled_from(_EDGES), st.integers(1, 1_000_000_000))


@st.composite
def bills(draw: st.DrawFn) -> dict[str, Any]:
    """One bill: level, total and its parts, referral and emergency."""
    total = draw(amounts)
    self_funded = draw(st.one_of(st.just(0), st.integers(0, total)))
    bill: dict[str, Any] = {"facility": draw(st.sampled_from(FACILITIES)), "total": yuan(total), "self_funded": yuan(self_funded)}
    if draw(st.booleans()):
        bill["first_share"] = yuan(draw(st.integers(0, total - self_funded)))
    for fact in ("registered", "emergency"):
        if draw(st.booleans()):
            bill[fact] = draw(st.booleans())
    return bill


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    """A case with up to three earlier stays, in which the category may have been another."""
    case = {"place": "anhui-bozhou", "category": draw(st.sampled_from(CATEGORIES))} | draw(bills())
    earlier = draw(st.lists(bills(), max_size=3))
    for bill in earlier:
        if draw(st.integers(0, 3)) == 0:
            bill["category"] = draw(st.sampled_from(CATEGORIES))
    return case | ({"earlier": earlier} if earlier else {})
