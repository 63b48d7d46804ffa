"""People without insurance: what they are told in every place and category, and the one subsidy there is."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.assistant import Assistant, Message
from bot.knowledge import Knowledge
from bot.speech import compare_lines, estimate_json, estimate_lines, why_lines
from engine import Edition, Estimate, compare, estimate, read_case, yuan
from tests.conftest import TODAY
from tests.doors.test_command import run
from tests.shelf import SHELF

#: Puyang's poor of 2017: half of the eligible cost above this much, by level of hospital (the article's paragraph on the uninsured).
ABOVE = {
    "township": 0,
    "county": 0,
    "city_secondary": 2000,
    "city_tertiary": 2000,
    "province_secondary": 3000,
    "province_tertiary": 3000,
    "outside_province": 3000,
}
POOR = ("registered_poor", "extreme_poverty", "subsistence_allowance", "child_in_difficulty")
#: Every category of every edition.
PEOPLE = [
    pytest.param(edition, category, id=f"{edition.pack.key}-{category}")
    for edition in SHELF.editions()
    for category in edition.policy.categories
]


def told(edition: Edition, category: str, **more: Any) -> Estimate:
    """The estimate of somebody without insurance, on the edition's last day."""
    policy = edition.policy
    case = {"place": policy.place, "on": policy.horizon.verified_until.isoformat(), "category": category, "insured": False}
    return estimate(read_case(case | {"facility": policy.facilities[0], "total": "20000"} | more), SHELF, TODAY)


def is_subsidised(edition: Edition, category: str) -> bool:
    """Whether the edition has the subsidy for the uninsured of this category."""
    return edition.pack.key == "henan-puyang/2017" and category in POOR


@pytest.mark.parametrize(("edition", "category"), PEOPLE)
def test_no_layer_of_the_insurance_applies(edition: Edition, category: str) -> None:
    """Everything but the subsidy for the uninsured is `not_applicable`, at every level of hospital and for every kind of care."""
    for facility in edition.policy.facilities:
        for care in edition.policy.care:
            answer = told(edition, category, facility=facility, care=care)
            applying = [layer.key for layer in answer.layers if layer.status != "not_applicable"]
            assert applying == (["uninsured_subsidy"] if is_subsidised(edition, category) else [])
            assert answer.status == "computed"
            assert answer.out_of_pocket is not None
            assert answer.paid + answer.out_of_pocket.amount == answer.case.total
            assert answer.hospital_borne == 0


@pytest.mark.parametrize(("edition", "category"), PEOPLE)
def test_the_headline_says_so_kindly_and_the_rest_where_to_enrol(knowledge: Knowledge, edition: Edition, category: str) -> None:
    """The amount first, then when and where to be insured, and nothing about assumptions that change no amount."""
    answer = told(edition, category)
    lines = estimate_lines(knowledge.voice("zh_CN"), answer)
    assert lines[0].startswith("没有参保，医保")
    assert "20,000 元" in lines[0]
    if is_subsidised(edition, category):
        assert "有一项补助，大约补 10,000 元，自己掏 10,000 元" in lines[0]
    else:
        assert not any("假定" in line for line in lines)
    assert "每年下半年集中参保，在村里、乡镇或打 12393 都能问怎么交。" in lines
    assert not any("医保凭证" in line for line in lines)


@pytest.mark.parametrize(("edition", "category"), PEOPLE)
def test_whose_premium_the_government_pays_is_told_so(edition: Edition, category: str) -> None:
    """Only where the edition's own rules name a share for the category."""
    rules = edition.policy.premium
    named = bool(rules and rules.share and category in rules.share.values)
    assert ("enrol.subsidised" in [note.key for note in told(edition, category).advice]) == named


@pytest.mark.parametrize("category", POOR)
@pytest.mark.parametrize(("facility", "above"), list(ABOVE.items()))
@pytest.mark.parametrize(("total", "self_funded", "first_share"), [(20000, 0, 0), (20000, 4000, 1000), (2500, 0, 0), (3000, 1000, 0)])
def test_the_poor_of_puyang_get_half(category: str, facility: str, above: int, total: int, self_funded: int, first_share: int) -> None:
    """(eligible − 0, 2,000 or 3,000) × 50%, never below nothing, and nothing else."""
    edition = SHELF.find("henan-puyang/2017")
    assert edition is not None
    answer = told(edition, category, facility=facility, total=total, self_funded=self_funded, first_share=first_share)
    due = max(Decimal(0), (Decimal(total - self_funded - first_share) - above) / 2)
    layer = answer.layer("uninsured_subsidy")
    assert layer is not None
    assert Decimal(yuan(layer.payout)) == due
    assert Decimal(yuan(answer.paid)) == due


@pytest.mark.parametrize("lang", ["zh_CN", "en"])
@pytest.mark.parametrize(("edition", "category"), PEOPLE)
def test_everything_can_be_said(knowledge: Knowledge, edition: Edition, category: str, lang: str) -> None:
    """Text, JSON, the reasons and the comparison have words; the reasons name what needs insurance, and no aim of a document is shown."""
    voice = knowledge.voice(lang)
    answer = told(edition, category, self_funded="0")
    why = why_lines(voice, answer)
    assert voice.say("layer.basic") in why[1]
    assert not any("70%" in line for line in why)
    assert {layer["payout"] for layer in estimate_json(voice, answer)["layers"]} <= {"0.00", "10000.00"}
    assert estimate_lines(voice, answer)
    assert compare_lines(voice, compare(answer.case, SHELF, TODAY))


def test_the_command_tells_the_same(tmp_path: Path) -> None:
    """--uninsured gives the whole bill to pay, and says where to enrol."""
    case = ["--place", "anhui-bozhou", "--category", "ordinary", "--facility", "county", "--total", "20000", "--uninsured"]
    done = run("estimate", *case, data_dir=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("没有参保，医保这次报不了，20,000 元要自己付。")
    assert "每年下半年集中参保" in done.stdout


async def test_the_talk_tells_it_and_takes_it_back(assistant: Assistant) -> None:
    """Said in a sentence it is told like anywhere else, why too, and one tap says that the insurance was paid."""
    first = await assistant.turn(Message("1", text="没参保，亳州低保，在县医院花了两万"))
    estimated = first["replies"][-1]
    assert estimated["text"].startswith("没有参保，医保这次报不了，20,000 元要自己付。")
    assert estimated["choices"][0] == {"key": "insured=true", "label": "交了医保"}
    why = await assistant.turn(Message("2", first["conversation"], action="why"))
    assert "没有参保，基本医保、大病保险、医疗救助、再次救助都用不上。" in why["replies"][0]["text"]
    back = await assistant.turn(Message("3", first["conversation"], choice="insured=true"))
    assert back["replies"][-1]["text"].startswith("大约能报 18,900 元")
