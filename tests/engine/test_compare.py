"""Where to go and what changed: hand-worked tables, every row and side is an estimate, and people keep their place between editions."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import CaseError, Change, Comparison, PackError, changed, compare, estimate, read_case, read_changing, read_edition
from engine.compare import last_day
from tests.engine import cases_beijing, cases_bozhou_2017, cases_puyang
from tests.engine.cases import cases
from tests.shelf import POLICIES, SHELF

TODAY = date(2026, 11, 24)
BOZHOU = {"place": "anhui-bozhou", "category": "subsistence_allowance", "facility": "county", "total": 20_000, "self_funded": 0}
PUYANG = {"place": "henan-puyang", "category": "ordinary", "facility": "county", "total": 20_000, "self_funded": 0}


def compared(case: dict[str, Any], **more: Any) -> Comparison:
    """The comparison of a case with some facts changed."""
    return compare(read_case(case | more), SHELF, TODAY)


def change(case: dict[str, Any], **more: Any) -> Change:
    """What changed from edition 2017 to 2022 for a case with some facts changed."""
    return changed(read_changing({"case": case | more, "from": "2017", "to": "2022"}), SHELF, TODAY)


def test_a_poor_household_at_every_level() -> None:
    """低保, 20,000 in Bozhou 2022, by hand: basic first, then aid of 75% of the rest, and no aid where referral was needed and missing."""
    rows = [(row.facility, row.registered, row.own, row.firm) for row in compared(BOZHOU).rows]
    assert rows == [
        ("township", None, 79_250, "exact"),  # (20,000 - 200) x 85% = 16,830; 3,170 x 25%
        ("county", None, 110_000, "exact"),  # 19,500 x 80% = 15,600; 4,400 x 25%
        ("city", None, 138_125, "exact"),  # 19,300 x 75% = 14,475; 5,525 x 25%
        ("province", True, 156_125, "exact"),  # 19,000 x 70% = 13,300; 6,700 - 6,000 at 65% is 455; 6,245 x 25%
        ("province", False, 680_500, "exact"),  # 18,000 x 65% = 11,700; 8,300 - 1,495; no aid
        ("outside_province", True, 188_500, "exact"),  # 16,000 x 60% = 9,600; 10,400 - 2,860; 7,540 x 25%
        ("outside_province", False, 810_000, "exact"),  # 16,000 x 50% = 8,000; 12,000 - 3,900; no aid
    ]


def test_what_registration_is_worth() -> None:
    """It is the difference of the two rows: 6,805 less 1,561.25 at provincial hospitals, 8,100 less 1,885 outside the province."""
    assert [(each.facility, each.amount, each.firm) for each in compared(BOZHOU).registration] == [
        ("province", 524_375, "exact"),
        ("outside_province", 621_500, "exact"),
    ]


@pytest.mark.parametrize("facts", [{"emergency": True}, {"insured": False}])
def test_registration_is_not_asked_where_it_changes_nothing(facts: dict[str, Any]) -> None:
    """In an emergency and for the uninsured each level has one row."""
    found = compared(BOZHOU, **facts)
    assert ([row.registered for row in found.rows], found.registration) == ([None] * 5, ())


def test_the_cheapest_is_named_and_sure_when_all_is_known() -> None:
    """With every amount exact the lowest row is sure; the uninsured pay the same everywhere."""
    found = compared(BOZHOU)
    assert ([row.facility for row in found.cheapest], found.sure, found.status) == (["township"], True, "computed")
    same = compared(BOZHOU, insured=False)
    assert (same.cheapest, same.sure) == (same.rows, True)


def test_bounds_that_tie_are_no_sure_tie() -> None:
    """With an unknown self-funded part the bound is the whole bill everywhere in Puyang, which says nothing of the order."""
    found = compared({"place": "henan-puyang", "category": "monitored", "facility": "county", "total": 20_000})
    assert ({row.own for row in found.rows}, found.cheapest, found.sure) == ({2_000_000}, found.rows, False)


def test_an_unknown_part_leaves_the_cheapest_unsure() -> None:
    """With an unknown self-funded part the order holds only under what was assumed."""
    found = compared({name: value for name, value in BOZHOU.items() if name != "self_funded"})
    assert (found.sure, {row.firm for row in found.rows}, found.status) == (False, {"about"}, "computed")
    assert {each.firm for each in found.registration} == {"about"}


def test_upper_bounds_are_never_sold_as_amounts() -> None:
    """因病致贫 has an aid nobody can compute: rows are upper bounds, no cheapest is sure, and nobody says what registration is worth."""
    found = compared(BOZHOU, category="poor_through_illness")
    assert (found.status, found.sure, found.rows[0].firm, found.rows[0].own) == ("partial", False, "most", 317_000)
    assert {each.amount for each in found.registration} == {None}


def test_a_level_the_place_does_not_know_is_left_out_with_its_note() -> None:
    """The others are compared all the same."""
    found = compared(BOZHOU, facility="grade_1")
    assert [(each.facility, each.note.key) for each in found.left_out] == [("grade_1", "facility_not_covered")]
    assert len(found.rows) == 7


@pytest.mark.parametrize(
    ("facts", "note"),
    [
        ({"on": "2026-03-01"}, "after_rules"),
        ({"category": "registered_poor"}, "category_not_covered"),
        ({"care": "outpatient"}, "care_not_covered"),
    ],
)
def test_what_no_rule_answers_is_refused_with_its_note(facts: dict[str, Any], note: str) -> None:
    """No rows, and every level says why."""
    found = compared(BOZHOU, **facts)
    assert (found.status, found.rows, {each.note.key for each in found.left_out}) == ("refused", (), {note})


ALL_CASES = st.one_of(cases(), cases_puyang.cases("2017"), cases_puyang.cases("2022"), cases_beijing.cases(), cases_bozhou_2017.cases())


@given(ALL_CASES)
def test_every_row_is_the_estimate_of_the_same_case(case: dict[str, Any]) -> None:
    """A row is what estimate() gives for that level, registered or not, and being registered never costs more where all is known."""
    found = compared(case)
    for row in found.rows:
        facts = case | {"facility": row.facility, "registered": row.registered}
        assert row.estimate == estimate(read_case(facts), SHELF, TODAY)
    assert {row.facility for row in found.rows} | {each.facility for each in found.left_out} >= set(found.policy.facilities)
    assert all(row.own == min(each.own for each in found.rows) for row in found.cheapest)
    assert all(each.amount is None or each.firm == "about" or each.amount >= 0 for each in found.registration)


@given(cases_puyang.cases("2022"))
def test_each_side_is_the_estimate_of_its_edition(case: dict[str, Any]) -> None:
    """A side is what estimate() gives on the edition's last verified day for the category the person has there."""
    case = case | {"earlier": [bill | {"category": None, "on": None} for bill in case.get("earlier", ())]}
    found = change(case)
    for side in (found.before, found.after):
        if side.estimate is not None:
            facts = case | {"on": last_day(side.policy, TODAY), "category": side.category}
            assert side.estimate == estimate(read_case(facts), SHELF, TODAY)


@pytest.mark.parametrize(
    ("case", "before", "after"),
    [
        (BOZHOU, ("subsistence_allowance", 300_000), ("subsistence_allowance", 110_000)),
        (BOZHOU | {"category": "extreme_poverty"}, ("extreme_poverty", 300_000), ("extreme_poverty", 88_000)),
        (BOZHOU | {"category": "monitored"}, ("registered_poor", 300_000), ("monitored", 356_000)),
        (BOZHOU | {"category": "back_in_poverty"}, ("registered_poor", 300_000), ("back_in_poverty", 237_000)),
        (BOZHOU | {"category": "lifted_out"}, ("registered_poor", 300_000), ("lifted_out", 440_000)),
        (BOZHOU | {"category": "ordinary"}, ("ordinary", 440_000), ("ordinary", 440_000)),
        (PUYANG, ("ordinary", 395_200), ("ordinary", 395_200)),
        (PUYANG | {"category": "lifted_out"}, ("registered_poor", 200_000), ("lifted_out", 395_200)),
    ],
)
def test_people_are_mapped_between_editions(case: dict[str, Any], before: tuple[str, int], after: tuple[str, int]) -> None:
    """Reading 16 by hand: 351 left 3,000 in the county; now aid takes 80, 75, 70 above 1,500 or 60% above 3,000 of 4,400."""
    found = change(case)
    sides = [
        (side.category, side.estimate.out_of_pocket.amount)
        for side in (found.before, found.after)
        if side.estimate and side.estimate.out_of_pocket
    ]
    assert sides == [before, after]
    assert (found.status, found.own, found.firm) == ("computed", after[1] - before[1], "exact")


def test_layers_are_told_one_by_one() -> None:
    """For 低保 in Bozhou 351 ended, aid can be computed now but could not before, and re-aid is new."""
    found = {each.key: each for each in change(BOZHOU).layers}
    assert (found["basic"].amount, found["guarantee_351"].amount, found["guarantee_351"].after) == (0, -140_000, None)
    assert (found["medical_aid"].amount, found["re_aid"].before) == (None, None)


@pytest.mark.parametrize(
    ("case", "side", "note"),
    [
        (PUYANG | {"category": "child_in_difficulty"}, "after", "changed.no_counterpart"),
        (PUYANG | {"category": "registered_poor"}, "after", "changed.several"),
        (BOZHOU | {"category": "poor_through_illness"}, "before", "changed.no_earlier"),
        (PUYANG | {"care": "chronic_outpatient"}, "after", "care_not_covered"),
        (PUYANG | {"category": "low_income_margin"}, "after", "changed.no_counterpart"),
    ],
)
def test_a_side_without_an_answer_says_why(case: dict[str, Any], side: str, note: str) -> None:
    """No difference is told then."""
    found = change(case)
    told = getattr(found, side)
    assert (found.status, found.layers, found.own, told.estimate, told.note.key) == ("refused", (), None, None, note)


def test_one_category_that_became_several_is_asked_back() -> None:
    """建档立卡 may be any of three now."""
    assert change(BOZHOU, category="registered_poor").after.candidates == ("back_in_poverty", "monitored", "lifted_out")


def test_a_difference_of_bounds_is_no_number() -> None:
    """Puyang's aid of 2022 has no figures, so only that side's upper bound is known."""
    found = change(PUYANG, category="monitored")
    assert (found.status, found.own, found.firm) == ("partial", None, "most")


def test_days_play_no_part() -> None:
    """The day of the case and of an earlier stay is dropped, also one for which no rule is held; categories of earlier stays are mapped."""
    earlier = [{"facility": "county", "total": 5_000, "self_funded": 0, "on": "2030-01-01", "category": "monitored"}]
    dated = change(BOZHOU, category="lifted_out", on="2030-05-01", earlier=earlier)
    undated = change(BOZHOU, category="lifted_out", earlier=[{**earlier[0], "on": None}])
    assert (dated.status, dated.own, dated.before) == ("computed", undated.own, undated.before)
    assert dated.before.estimate is not None
    assert dated.before.estimate.case.earlier[0].category == "registered_poor"


@pytest.mark.parametrize(
    ("request_", "field", "code"),
    [
        ({"from": "1999"}, "from", "unknown_edition"),
        ({"to": "2023"}, "to", "unknown_edition"),
        ({"to": "2017"}, "to", "not_later"),
        ({"from": "2022", "to": "2017"}, "to", "not_later"),
        ({"from": 2017}, "from", "string_type"),
        ({"when": "2017"}, "when", "unknown_key"),
        ({"case": None}, "case", "model_type"),
        ({"case": BOZHOU | {"total": -1}}, "case.total", "negative"),
        ({"case": BOZHOU | {"self_funded": 20_001}}, "case.self_funded", "above_total"),
        ({"case": BOZHOU | {"place": "atlantis"}}, "case.place", "unknown_place"),
    ],
)
def test_a_wrong_request_names_its_field(request_: dict[str, Any], field: str, code: str) -> None:
    """What is wrong in itself is an error and never an answer."""
    with pytest.raises(CaseError) as caught:
        changed(read_changing({"case": BOZHOU, "from": "2017", "to": "2022"} | request_), SHELF, TODAY)
    assert (caught.value.faults[0].field, caught.value.faults[0].code) == (field, code)


@pytest.mark.parametrize(
    ("formerly", "words"),
    [
        ("{child_in_difficulty: registered_poor}", "unknown category `child_in_difficulty`, expected one of"),
        ("{monitored: poor}", "expected one of"),
    ],
)
def test_a_mapping_of_unknown_categories_is_refused(tmp_path: Path, formerly: str, words: str) -> None:
    """Both names must be categories, and the newer one of this edition."""
    pack = (POLICIES / "anhui-bozhou" / "2022.yaml").read_text(encoding="utf-8")
    line = next(line for line in pack.splitlines() if line.startswith("formerly:"))
    (tmp_path / "anhui-bozhou").mkdir()
    broken = tmp_path / "anhui-bozhou" / "2022.yaml"
    broken.write_text(pack.replace(line, f"formerly: {formerly}"), encoding="utf-8")
    with pytest.raises(PackError) as caught:
        read_edition(broken)
    number = pack.splitlines().index(line) + 1
    assert f"2022.yaml:{number}:" in str(caught.value)
    assert words in str(caught.value)
