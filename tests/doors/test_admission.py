"""Before an admission over HTTP and on the command line: the same answers, clear errors."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.doors.test_command import run
from tests.server import Server

CASE = {"place": "anhui-bozhou", "category": "subsistence_allowance", "facility": "province"}
WORDS = ["--place", "anhui-bozhou", "--category", "subsistence_allowance", "--facility", "province", "--least", "30000", "--most", "50000"]


def test_an_admission_is_the_same_through_both_doors(running: Server, tmp_path: Path) -> None:
    """The API and the command give the same JSON, with the money to have at hand in words."""
    status, answer = running.post("/api/v1/before", {"case": CASE, "least": "30000", "most": "50000"})
    assert (status, answer["own"]["least"], answer["own"]["most"], answer["at_hand"]) == (200, "1823.75", "2348.75", "2400.00")
    assert answer["unregistered"]["most"] == "10480.00"
    assert json.loads(run("before", *WORDS, "--format", "json", data_dir=tmp_path).stdout) == answer
    assert "出院时自己那份，准备 2,400 元" in run("before", *WORDS, data_dir=tmp_path).stdout


@pytest.mark.parametrize(
    ("change", "field"),
    [({"least": None}, "least"), ({"most": 1}, "most"), ({"case": CASE | {"total": 5}}, "case.total"), ({"deposit": 1}, "deposit")],
)
def test_a_wrong_request_is_422_and_named(running: Server, change: dict[str, Any], field: str) -> None:
    """The field, with a sentence."""
    status, answer = running.post("/api/v1/before", {"case": CASE, "least": 30000} | change)
    assert (status, answer["error"]["field"]) == (422, field)
    assert answer["error"]["say"]


def test_the_total_is_no_option_of_it(tmp_path: Path) -> None:
    """A rough total has two ends; --total is a wrong request."""
    assert run("before", *WORDS, "--total", "5", data_dir=tmp_path).returncode == 2
