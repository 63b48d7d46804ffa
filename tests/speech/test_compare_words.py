"""Where to go and what changed in words: the answer first, a line each, upper bounds called so, and JSON as strings."""

import json
from datetime import date
from typing import Any

import pytest

from bot import resources
from bot.speech import Voice, changed_json, changed_lines, compare_json, compare_lines
from engine import changed, compare, read_case, read_changing
from tests.shelf import SHELF

TODAY = date(2026, 11, 24)
CHINESE, ENGLISH = (Voice(resources.LOCALES, lang) for lang in ("zh_CN", "en"))
BOZHOU = {"place": "anhui-bozhou", "category": "subsistence_allowance", "facility": "county", "total": 20_000, "self_funded": 0}
PUYANG = {"place": "henan-puyang", "category": "monitored", "facility": "county", "total": 20_000, "self_funded": 0}


def compared(case: dict[str, Any]) -> list[str]:
    """The Chinese lines of a comparison."""
    return compare_lines(CHINESE, compare(read_case(case), SHELF, TODAY))


def change(case: dict[str, Any]) -> list[str]:
    """The Chinese lines of what changed from 2017 to 2022."""
    return changed_lines(CHINESE, changed(read_changing({"case": case, "from": "2017", "to": "2022"}), SHELF, TODAY))


def test_the_cheapest_is_named_first_and_each_level_has_a_line() -> None:
    """低保, 20,000: the township is cheapest; what 备案 is worth stands in the line of the level."""
    lines = compared(BOZHOU)
    assert lines[:2] == ["同一张单子，乡镇卫生院掏得最少，自己掏 792.50 元。", "到乡镇卫生院，自己掏 792.50 元。"]
    assert lines[4] == "到省级医院，办了备案自己掏 1,561.25 元，没办备案自己掏 6,805 元。备案能省 5,243.75 元。"
    assert "都按 20,000 元的单子比。各家医院收的钱不一样，实际的单子会不同。" in lines
    assert lines[-1] == "这是估算，以结算单为准。"


def test_upper_bounds_are_called_so_also_in_the_ranking() -> None:
    """With a layer nobody can compute the first line says that bounds are compared and that the order is not certain."""
    lines = compared(PUYANG)
    assert lines[0].startswith("有的报销算不出来，只能比“最多掏多少”。这样比，乡镇卫生院最低，自己最多掏 2,265 元。")
    assert "备案能省多少算不准" in lines[5]


def test_an_unknown_part_makes_every_amount_about() -> None:
    """大约 stands before each, and the cause is said once."""
    lines = compared({name: value for name, value in BOZHOU.items() if name != "self_funded"})
    assert lines[1] == "到乡镇卫生院，大约自己掏 792.50 元。"
    assert sum("自费越多" in line for line in lines) == 1


def test_the_same_everywhere_is_said_once() -> None:
    """An uninsured person pays the bill at every level."""
    assert compared(BOZHOU | {"insured": False})[0] == "同一张单子，去哪一级医院都一样，自己掏 20,000 元。"


def test_bounds_that_tie_are_not_called_the_same() -> None:
    """Where only bounds are known and all of them are the whole bill, nobody is told that the hospital does not matter."""
    lines = compared({name: value for name, value in PUYANG.items() if name != "self_funded"})
    assert lines[0] == "有的报销算不出来，只能比“最多掏多少”。这样比，各级医院都是自己最多掏 20,000 元。实际谁低说不准。"


def test_a_refusal_is_one_line() -> None:
    """All levels are refused for the same reason, which is said once."""
    assert len(compared(BOZHOU | {"on": "2026-03-01"})) == 1


def test_what_changed_is_told_layer_by_layer() -> None:
    """For 监测户, who were 建档立卡: both amounts, the difference, then the layers that ended, changed or came."""
    lines = change(BOZHOU | {"category": "monitored"})
    assert lines[:9] == [
        "按 2017 年起的规定（“351”“180”），自己掏 3,000 元。",
        "按 2022 年起的规定（三重保障），自己掏 3,560 元。",
        "后来比原来多掏 560 元。",
        "现在的监测户，原来算建档立卡。",
        "基本医保：前后都报 15,600 元。",
        "大病保险：前后都没报到。",
        "医疗救助：原来有这一项但算不出来，后来报 840 元。",
        "“351”兜底：原来大约报 1,400 元，后来没有这一层。",
        "再次救助：原来没有这一层，后来可以另外申请，数额要问。",
    ]


def test_a_difference_of_bounds_is_not_told() -> None:
    """Puyang's aid of 2022 has no figures."""
    lines = change(PUYANG)
    assert lines[1:3] == ["按 2022 年起的规定（三重制度保障），自己最多掏 3,952 元。", "有一层报多少算不出来，前后差多少说不准。"]


@pytest.mark.parametrize(
    ("category", "words"),
    [("child_in_difficulty", "没有和“困境儿童”对应的一类"), ("registered_poor", "分成了几类：返贫致贫、监测户、稳定脱贫")],
)
def test_people_without_a_later_counterpart_are_told_so(category: str, words: str) -> None:
    """The earlier edition's amount is told, then why the later one has none."""
    lines = change(PUYANG | {"category": category})
    assert lines[0] == "按 2017 年起的规定（四重医保网），自己掏 2,000 元。"
    assert words in lines[1]


CASES = [
    BOZHOU,
    {name: value for name, value in PUYANG.items() if name != "self_funded"},
    BOZHOU | {"category": "registered_poor"},
    BOZHOU | {"category": "poor_through_illness"},
    PUYANG | {"category": "child_in_difficulty", "age": 9},
    PUYANG | {"category": "ordinary", "facility": "province_tertiary", "total": 300_000, "self_funded": 90_000, "registered": False},
    PUYANG | {"care": "chronic_outpatient"},
    BOZHOU | {"so_far": {"stays": 1, "eligible_unpaid": 5_000}},
]


@pytest.mark.parametrize("voice", [CHINESE, ENGLISH], ids=lambda voice: voice.lang)
@pytest.mark.parametrize("case", CASES)
def test_everything_has_words_in_both_languages_and_is_json(voice: Voice, case: dict[str, Any]) -> None:
    """No line is empty, and amounts are strings with two places."""
    where, what = compare(read_case(case), SHELF, TODAY), changed(read_changing({"case": case, "from": "2017", "to": "2022"}), SHELF, TODAY)
    assert all((*compare_lines(voice, where), *changed_lines(voice, what)))
    told = json.loads(json.dumps([compare_json(voice, where), changed_json(voice, what)]))
    assert [row["own"] for row in told[0]["rows"]] == [f"{row.own // 100}.{row.own % 100:02d}" for row in where.rows]
    assert told[1]["say"]


def test_the_json_names_levels_layers_and_candidates() -> None:
    """A client needs no words to use it."""
    where = compare_json(CHINESE, compare(read_case(BOZHOU), SHELF, TODAY))
    assert where["cheapest"] == [{"facility": "township", "registered": None}]
    assert (where["registration"][0]["amount"], where["rows"][3]["estimate"]["out_of_pocket"]["amount"]) == ("5243.75", "1561.25")
    what = changed_json(CHINESE, changed(read_changing({"case": BOZHOU, "from": "2017", "to": "2022"}), SHELF, TODAY))
    assert what["out_of_pocket_difference"] == "-1900.00"
    assert {layer["key"]: layer["difference"] for layer in what["layers"]}["guarantee_351"] == "-1400.00"
    poor = BOZHOU | {"category": "registered_poor"}
    asked = changed_json(CHINESE, changed(read_changing({"case": poor, "from": "2017", "to": "2022"}), SHELF, TODAY))
    assert (asked["status"], asked["lacking"], asked["candidates"][0]) == ("refused", ["category"], "back_in_poverty")
