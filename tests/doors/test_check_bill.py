"""A settlement sheet over HTTP and on the command line: the same answers, clear errors."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.doors.test_command import run
from tests.server import Server

CASE = {"place": "anhui-bozhou", "category": "subsistence_allowance", "facility": "county", "total": "20000", "self_funded": "0"}
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


@pytest.mark.parametrize(
    ("change", "field"),
    [({"paid": {"dental": 1}}, "paid.dental"), ({"case": CASE | {"total": True}}, "case.total"), ({"paid": []}, "paid"), ({"x": 1}, "x")],
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
