"""Random cases of Puyang, editions 2017 and 2022, for property tests: edges of rules are drawn as often as plain amounts."""

from typing import Any

from hypothesis import strategies as st

from engine import yuan

PLACE = "henan-puyang"
#: A day inside each edition that its verified day has not passed.
DAYS = {"2017": "2017-06-01", "2022": "2023-06-01"}

POOR = ["registered_poor", "extreme_poverty", "subsistence_allowance", "child_in_difficulty"]
CATEGORIES = {
    "2017": [*POOR, "ordinary"],
    "2022": ["extreme_poverty", "subsistence_allowance", "back_in_poverty", "monitored", "lifted_out", "ordinary"],
}
FACILITIES = [
    "township",
    "county",
    "city_secondary",
    "city_tertiary",
    "province_secondary",
    "province_tertiary",
    "outside_province",
]
CARES = {
    "2017": ["inpatient", "major_disease_inpatient", "major_disease_outpatient", "chronic_outpatient"],
    "2022": ["inpatient"],
}
_EDGES = [
    *(1, 15_000, 20_000, 40_000, 50_000, 60_000, 80_000, 90_000, 120_000, 150_000, 200_000),
    *(300_000, 400_000, 700_000, 1_500_000, 4_285_715, 5_000_000, 10_000_000, 20_000_000, 60_000_000, 1_000_000_000),
]

amounts = st.one_of(st.integers(1, 30_000_000), st.sampled_from(_EDGES), st.integers(1, 1_000_000), st.integers(1, 1_000_000_000))
ages = st.one_of(st.sampled_from([0, 13, 14, 15, 16]), st.integers(0, 110))


@st.composite
def bills(draw: st.DrawFn, edition: str, *, insured: bool = True) -> dict[str, Any]:
    """One bill: level, kind of care, total and its parts, referral and emergency, a fixed price.

    What a fixed price means for somebody uninsured the texts leave open, so none is drawn there.
    """
    total = draw(amounts)
    self_funded = draw(st.one_of(st.just(0), st.integers(0, total), st.integers(0, total // 4)))
    bill: dict[str, Any] = {"facility": draw(st.sampled_from(FACILITIES)), "total": yuan(total), "self_funded": yuan(self_funded)}
    care = draw(st.sampled_from(CARES[edition]))
    if care != "inpatient" or draw(st.booleans()):
        bill["care"] = care
    if draw(st.booleans()):
        bill["first_share"] = yuan(draw(st.integers(0, total - self_funded)))
    for fact in ("registered", "emergency"):
        if draw(st.booleans()):
            bill[fact] = draw(st.booleans())
    if insured and care.startswith("major_disease") and draw(st.booleans()):
        bill["fixed_price"] = yuan(draw(st.one_of(st.integers(1, 2 * total), st.just(total))))
    return bill


@st.composite
def cases(draw: st.DrawFn, edition: str) -> dict[str, Any]:
    """A case with up to three earlier settlements, in which the category may have been another; now and then uninsured.

    The supplementary layer's base after a change from an ordinary resident to one of the four categories is left open by the texts,
    so in 2017 a poor person's earlier categories are of the four.
    """
    category = draw(st.sampled_from(CATEGORIES[edition]))
    insured = draw(st.integers(0, 7)) > 0
    case: dict[str, Any] = {"place": PLACE, "on": DAYS[edition], "category": category}
    if not insured:
        case["insured"] = False
    if draw(st.booleans()):
        case["age"] = draw(ages)
    earlier = draw(st.lists(bills(edition, insured=insured), max_size=3))
    for bill in earlier:
        if draw(st.integers(0, 3)) == 0:
            bill["category"] = draw(st.sampled_from(POOR if edition == "2017" and category in POOR else CATEGORIES[edition]))
        if draw(st.booleans()):
            bill["on"] = DAYS[edition]
    return case | draw(bills(edition, insured=insured)) | ({"earlier": earlier} if earlier else {})
