"""A settlement sheet over HTTP and on the command line: the same answers, clear errors."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest

from bot import resources
from bot.speech import Voice, check_bill_json, check_bill_lines
from engine import Cause, check_bill, read_sheet
from engine.check_bill import CauseKey
from tests.doors.test_command import run
from tests.server import Server
from tests.shelf import SHELF

CASE = {"place": "anhui-bozhou", "category": "subsistence_allowance", "facility": "county", "total": "20000", "self_funded": "0"}
UNSAID = {name: value for name, value in CASE.items() if name != "self_funded"}
VOICE = Voice(resources.LOCALES, "zh_CN")
WORDS = [
    *("--place", "anhui-bozhou", "--category", "subsistence_allowance", "--facility", "county", "--total", "20000"),
    *("--self-funded", "0", "--paid", "basic=15600", "--paid", "medical_aid=0", "--own", "4400"),
]


def test_a_check_is_the_same_through_both_doors(running: Server, tmp_path: Path) -> None:
    """The API and the command give the same JSON: which line differs by how much, and what would explain it."""
    status, answer = running.post("/api/v1/check", {"case": CASE, "paid": {"basic": "15600", "medical_aid": "0"}, "own": "4400"})
    assert (status, answer["status"]) == (200, "differs")
    line = next(line for line in answer["lines"] if line["key"] == "medical_aid")
    assert (line["said"], line["expected"], line["difference"], line["verdict"]) == ("0.00", "3300.00", "-3300.00", "less")
    assert {"category"} == {cause["key"] for cause in answer["causes"]}
    assert json.loads(run("check-bill", *WORDS, "--format", "json", data_dir=tmp_path).stdout) == answer
    spoken = run("check-bill", *WORDS, data_dir=tmp_path).stdout
    assert "没按“低保”算，按的是普通居民" in spoken
    assert "不一定是算错" in spoken


def spoken(case: dict[str, Any], **sheet: Any) -> list[str]:
    """The answer to a sheet, line by line."""
    return check_bill_lines(VOICE, check_bill(read_sheet({"case": case} | sheet), SHELF, date(2026, 11, 24)))


@pytest.mark.parametrize(
    ("case", "sheet", "headline"),
    [
        (UNSAID, {"paid": {"basic": "13600"}}, "要是目录外自费的正好是 2,500 元，就对得上。看看费用清单上的“自费”“丙类”是不是这个数。"),
        (UNSAID, {"paid": {"basic": "15600"}}, "要是目录外没有自费的，就对得上。"),
        (UNSAID, {"paid": {"basic": "8775"}}, "要是目录外自费的在 8,532 到 20,000 元之间，就对得上。"),
        (UNSAID, {"own": "4400"}, "您说的这几栏在能有的范围里，但不能说一定对。"),
        (UNSAID | {"facility": "province"}, {"paid": {"basic": "11700"}}, "有几种情况都能对得上，是哪一种，我说不准。"),
        (
            CASE | {"category": "poor_through_illness"},
            {"paid": {"basic": "15600", "medical_aid": "1"}},
            "能对的几栏对得上，另外几栏规定里没写，没法对。",
        ),
        (
            UNSAID | {"category": "poor_through_illness"},
            {"paid": {"basic": "13600", "medical_aid": "1"}},
            "要是目录外自费的正好是 2,500 元，就对得上。看看费用清单上的“自费”“丙类”是不是这个数。另外几栏规定里没写，没法对。",
        ),
    ],
)
def test_agreeing_under_a_condition_is_said_first_and_never_reassures(case: dict[str, Any], sheet: dict[str, Any], headline: str) -> None:
    """Only a sheet of which every line is certain may be put away."""
    lines = spoken(case, **sheet)
    assert lines[0].startswith(headline)
    assert "放心" not in "".join(lines)


def test_only_a_certain_sheet_may_be_put_away() -> None:
    """Every line that was said is what the rules give."""
    assert "放心收好结算单" in spoken(CASE, paid={"basic": "15600"})[-1]


def test_alternatives_are_told_as_such() -> None:
    """One cause would explain the sheet; of several, one of them."""
    case = CASE | {"facility": "province", "total": "80000"}
    assert "要是下面其中一样，就正好对得上：" in spoken(case, paid={"basic": "50700"})
    assert "要是下面这样，就正好对得上：" in spoken(CASE, paid={"basic": "13600", "medical_aid": "2925"})


def test_an_amount_found_backwards_is_about() -> None:
    """Rounding leaves it open by some fen."""
    lines = spoken(CASE, paid={"basic": "15600", "critical_illness": "1820", "medical_aid": "1935"})
    assert any("掏了大约 1,100 元" in line for line in lines)
    more = spoken(CASE | {"total": "60000"}, paid={"basic": "47600", "critical_illness": "10540", "medical_aid": "1395"})
    assert any("掏了至少 14,625 元" in line for line in more)


def test_a_self_funded_part_that_is_left_open_is_told_with_both_ends() -> None:
    """At its guarantee basic insurance does not tell it exactly."""
    assert any("目录外自费的在 8,532 到 20,000 元之间" in line for line in spoken(CASE, paid={"basic": "8775"}))


@pytest.mark.parametrize("key", get_args(CauseKey))
@pytest.mark.parametrize("most", [None, 100, 200])
def test_every_cause_has_words_and_json(key: CauseKey, most: int | None) -> None:
    """Whatever explains a difference can be told, exactly or from an amount on."""
    named = {"category": "ordinary", "facility": "city"}
    cause = Cause(key, named.get(key), 100 if most else None, most if key in ("self_funded", "year_before") else None, "basic")
    answer = replace(check_bill(read_sheet({"case": CASE, "paid": {"basic": "1"}}), SHELF, date(2026, 11, 24)), causes=(cause,))
    assert check_bill_json(VOICE, answer)["causes"][0]["say"] in "\n".join(check_bill_lines(VOICE, answer))


def test_lines_beside_nothing_self_funded_say_so() -> None:
    """Where nobody said the self-funded part and another fact explains everything without any."""
    lines = spoken(UNSAID | {"facility": "province"}, paid={"basic": "11700", "critical_illness": "1495", "medical_aid": "0"}, own="6805")
    assert lines[1] == "您没说目录外自费多少，下面按没有自费的算。"
    assert any("没办转诊备案" in line for line in lines)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"paid": {"dental": 1}}, "paid.dental"),
        ({"case": CASE | {"total": True}}, "case.total"),
        ({"paid": []}, "paid"),
        ({"x": 1}, "x"),
        ({"own": 30000}, "own"),
        ({"paid": {}}, "paid"),
    ],
)
def test_a_wrong_sheet_is_422_and_named(running: Server, change: dict[str, Any], field: str) -> None:
    """The field of the sheet or of its case, with a sentence."""
    status, answer = running.post("/api/v1/check", {"case": CASE, "paid": {"basic": 1}} | change)
    assert (status, answer["error"]["field"]) == (422, field)
    assert answer["error"]["say"]


@pytest.mark.parametrize("paid", ["basic", "dental=1", "basic=x"])
def test_a_wrong_line_ends_the_command_with_two(tmp_path: Path, paid: str) -> None:
    """The message stands on standard error and nothing on standard output."""
    done = run("check-bill", *WORDS[:10], "--paid", paid, data_dir=tmp_path)
    assert (done.returncode, done.stdout, bool(done.stderr)) == (2, "", True)


def test_a_layer_said_twice_ends_the_command_with_two(tmp_path: Path) -> None:
    """Two amounts of one layer are never settled by taking the last."""
    done = run("check-bill", *WORDS[:10], "--paid", "basic=1", "--paid", "basic=2", data_dir=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "paid.basic 说了两种" in done.stderr


def test_own_cost_alone_can_be_checked(tmp_path: Path) -> None:
    """Without any layer; a command that says nothing of the sheet is refused."""
    done = run("check-bill", *WORDS[:10], "--uninsured", "--own", "20000", data_dir=tmp_path)
    assert (done.returncode, "个人支付：20,000 元，对得上。" in done.stdout) == (0, True)
    nothing = run("check-bill", *WORDS[:10], data_dir=tmp_path)
    assert (nothing.returncode, nothing.stdout, "paid" in nothing.stderr) == (2, "", True)
