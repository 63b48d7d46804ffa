"""How firm a number is, is heard: 约 before a figure that its document calls 左右, both ends of a range, doubts in one line each."""

from datetime import date
from pathlib import Path
from typing import Any

from bot import resources
from bot.speech import (
    Voice,
    admission_lines,
    changed_lines,
    check_bill_lines,
    compare_lines,
    estimate_lines,
    premium_lines,
    year_lines,
)
from engine import (
    Shelf,
    changed,
    check_bill,
    compare,
    estimate,
    plan_admission,
    premium,
    read_case,
    read_changing,
    read_edition,
    read_household,
    read_planned,
    read_sheet,
    read_year,
    year_ledger,
)
from tests.shelf import POLICIES, SHELF

TODAY = date(2026, 11, 24)
VOICE = Voice(resources.LOCALES, "zh_CN")
CASE = {"place": "anhui-bozhou", "category": "subsistence_allowance", "facility": "county", "total": "20000", "self_funded": "0"}
EXPIRED = "亳州的规定我核实到 2025年12月31日，后面有没有变，请问当地医保。"


def bill(**facts: Any) -> dict[str, Any]:
    """A bill of 低保 in Bozhou with other facts on top."""
    return CASE | facts


def test_an_about_deductible_is_said_to_be_one(tmp_path: Path) -> None:
    """A deductible that its document calls 左右 carries 约, reached or not; a stated one does not."""
    text = (POLICIES / "anhui-bozhou" / "2022.yaml").read_text(encoding="utf-8")
    text = text.replace("value: 12000 yuan\n      basis: stated", "value: 12000 yuan\n      basis: about")
    path = tmp_path / "anhui-bozhou" / "2022.yaml"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    shelf = Shelf({"anhui-bozhou": (read_edition(path),)})
    for total, words in (("20000", "没超过门槛约 6,000 元"), ("60000", "一年先扣一次门槛约 6,000 元")):
        case = read_case(bill(total=total))
        assert words in "\n".join(estimate_lines(VOICE, estimate(case, shelf, TODAY)))
        assert words not in "\n".join(estimate_lines(VOICE, estimate(case, SHELF, TODAY)))


def answers() -> dict[str, list[str]]:
    """Every answer about one bill by rules that are past their verified day and rest on figures nobody confirmed."""
    case = read_case(bill())
    inner = {name: value for name, value in CASE.items() if name != "total"}
    household = read_household({"place": "anhui-bozhou", "members": [{"category": "subsistence_allowance"}]})
    changing = read_changing({"case": CASE, "from": "2017", "to": "2022"})
    return {
        "estimate": estimate_lines(VOICE, estimate(case, SHELF, TODAY)),
        "compare": compare_lines(VOICE, compare(case, SHELF, TODAY)),
        "changed": changed_lines(VOICE, changed(changing, SHELF, TODAY)),
        "year": year_lines(VOICE, year_ledger(read_year(CASE, SHELF), SHELF, TODAY)),
        "check": check_bill_lines(VOICE, check_bill(read_sheet({"case": CASE, "paid": {"basic": "15600"}}), SHELF, TODAY)),
        "admission": admission_lines(VOICE, plan_admission(read_planned({"case": inner, "least": "20000"}), SHELF, TODAY)),
        "premium": premium_lines(VOICE, premium(household, SHELF, TODAY)),
    }


def test_expired_rules_and_unconfirmed_figures_are_heard_once_in_every_answer() -> None:
    """One line for the verified day and one that names the standard, whatever is asked."""
    for name, lines in answers().items():
        assert lines.count(EXPIRED) == 1, name
        unconfirmed = [line for line in lines if "还没和亳州核实" in line]
        assert unconfirmed, name
        assert len(unconfirmed) == len(set(unconfirmed)), name


def test_a_range_is_heard_wherever_it_matters() -> None:
    """A bill above the cap of basic insurance, which is known as a range: both ends, and why."""
    case = bill(category="ordinary", total="400000", facility="city")
    told = "\n".join(estimate_lines(VOICE, estimate(read_case(case), SHELF, TODAY)))
    assert "到" in told.splitlines()[0]
    assert "基本医保" in told
    year = "\n".join(year_lines(VOICE, year_ledger(read_year(case, SHELF), SHELF, TODAY)))
    assert "一年最多报 200,000 到 300,000 元" in year
    inner = {name: value for name, value in case.items() if name != "total"}
    assert "大约" in "\n".join(admission_lines(VOICE, plan_admission(read_planned({"case": inner, "least": "400000"}), SHELF, TODAY)))
