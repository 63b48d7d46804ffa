"""The households of a day as values: what they come to together is the sum of what each comes to, and a file has a column for each part."""

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.desk import Book, Visit, Visits
from bot.knowledge import Knowledge
from bot.langs import LANGS
from bot.lists.households import by_own, households_file, settled, together
from bot.lists.warnings import Threshold
from engine import CATEGORIES, LAYERS, estimate, firmness, own_cost, read_case, yuan
from tests.conftest import TODAY

PLACES = {
    "anhui-bozhou": ("township", "county", "city", "province", "outside_province"),
    "henan-puyang": ("township", "county", "city_tertiary", "province_tertiary"),
    "beijing": ("grade_1", "grade_3"),
}


@st.composite
def facts(draw: st.DrawFn) -> dict[str, Any]:
    """A case of any place, also one that no rule answers or that lacks its total."""
    place = draw(st.sampled_from(sorted(PLACES)))
    total = draw(st.integers(0, 40_000_000))
    case = {"place": place, "category": draw(st.sampled_from(CATEGORIES)), "facility": draw(st.sampled_from(PLACES[place]))}
    case |= draw(st.sampled_from([{"total": yuan(total)}] * 9 + [{}]))
    return case | draw(st.sampled_from([{}, {"self_funded": yuan(total // 7)}, {"on": "2001-01-01"}, {"registered": False}]))


def visits(cases: list[dict[str, Any]]) -> list[Visit]:
    """Households with these cases."""
    return [Visit(number, "2026-11-24", "", case, "", "") for number, case in enumerate(cases, start=1)]


@given(cases=st.lists(facts(), max_size=12))
def test_the_sum_of_the_day_is_the_sum_of_single_estimates(knowledge: Knowledge, cases: list[dict[str, Any]]) -> None:
    """To the fen, layer by layer, and as firm as the least firm of them; who has no amounts is left out and counted."""
    households = settled(visits(cases), knowledge.shelf, TODAY, Threshold())
    alone = [estimate(read_case(case), knowledge.shelf, TODAY) for case in cases if "total" in case]
    alone = [answer for answer in alone if answer.out_of_pocket is not None]
    sums = together(households)
    assert (sums.count, sums.left_out) == (len(alone), len(cases) - len(alone))
    assert sums.total == sum(answer.case.total for answer in alone)
    bounds = [each.out_of_pocket.high for each in alone if each.out_of_pocket is not None]
    assert sums.own == (sum(bounds) if sums.firm == "most" else sum(map(own_cost, alone)))
    assert sums.paid == {key: sum(layer.payout for answer in alone for layer in answer.layers if layer.key == key) for key in LAYERS}
    assert sums.total == sum(sums.paid.values()) + sums.hospital_borne + sum(each.out_of_pocket.amount for each in alone)  # type: ignore[union-attr]
    firm = {firmness(answer) for answer in alone}
    assert sums.firm == next((each for each in ("most", "about") if each in firm), "exact")
    paying = [own_cost(each.counted) for each in by_own(households) if each.counted]
    assert paying == sorted(paying, reverse=True)
    assert [each.counted is None for each in by_own(households)] == [False] * len(alone) + [True] * sums.left_out


def test_a_sum_that_is_the_most_is_no_less_than_any_of_them_may_pay(knowledge: Knowledge) -> None:
    """By hand: county, 20,000. Medical aid without a figure leaves 4,400 at most; who does not tell what is self-funded pays 4,400, and at
    most what the guarantee of 45% of 19,500 leaves: 11,225.
    """
    stay = {"place": "anhui-bozhou", "facility": "county", "total": "20000"}
    cases = [stay | {"category": "low_income_margin", "self_funded": "0"}, stay | {"category": "ordinary"}]
    sums = together(settled(visits(cases), knowledge.shelf, TODAY, Threshold()))
    assert (sums.firm, sums.own) == ("most", 15_625_00)


@pytest.mark.parametrize("lang", LANGS)
def test_a_file_has_a_column_for_each_part(knowledge: Knowledge, lang: str) -> None:
    """No two of them are called the same, and every row has a cell for each, also of a household that cannot be settled."""
    cases: list[dict[str, Any]] = [
        {"place": place, "category": "extreme_poverty", "facility": "county", "total": "90000"} for place in PLACES
    ]
    cases += [{"place": "anhui-bozhou"}, {"place": "nowhere", "category": "ordinary", "facility": "county", "total": "1"}]
    told = households_file(knowledge.voice(lang), settled(visits(cases), knowledge.shelf, TODAY, Threshold()), "a.csv", "csv")
    names, *rows = csv.reader(io.StringIO(told.decode("utf-8-sig")))
    assert len(set(names)) == len(names)
    assert {len(row) for row in rows} == {len(names)}


def test_the_next_household_begins_where_the_last_one_was_put_in(book: Book) -> None:
    """Whatever its day; a label is one line of what can be seen; a file that is taken away stands in the trail as such."""
    kept = Visits(book)
    assert kept.newest() is None
    kept.put("2026-11-29", "a\x00b\u202e\n c ", {"place": "beijing"})
    kept.put("2026-11-28", "", {"place": "anhui-bozhou"})
    newest = kept.newest()
    assert newest is not None
    assert newest.facts == {"place": "anhui-bozhou"}
    assert [visit.label for visit in kept.of_day("2026-11-29", taken=True)] == ["a b c"]
    assert [trace.did for trace in book.trail()] == ["visit.added", "visit.added", "visit.taken"]
