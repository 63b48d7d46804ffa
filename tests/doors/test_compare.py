"""Where to go and what changed over HTTP and on the command line: the same answers, clear errors, exit status."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.doors.test_command import run
from tests.server import Server

CASE = {"place": "anhui-bozhou", "category": "subsistence_allowance", "facility": "county", "total": "20000", "self_funded": 0}
OPTIONS = [
    "--place",
    "anhui-bozhou",
    "--category",
    "subsistence_allowance",
    "--facility",
    "county",
    "--total",
    "20000",
    "--self-funded",
    "0",
]
EDITIONS = ["--from", "2017", "--to", "2022"]


def test_a_comparison_is_the_same_through_both_doors(running: Server, tmp_path: Path) -> None:
    """The API and the command give the same JSON, with the cheapest level first in words."""
    status, answer = running.post("/api/v1/compare", CASE)
    assert (status, answer["status"], answer["cheapest"][0]["facility"]) == (200, "computed", "township")
    assert json.loads(run("compare", *OPTIONS, "--format", "json", data_dir=tmp_path).stdout) == answer
    assert run("compare", *OPTIONS, data_dir=tmp_path).stdout.startswith("同一张单子，乡镇卫生院掏得最少，自己掏 792.50 元。")


def test_what_changed_is_the_same_through_both_doors(running: Server, tmp_path: Path) -> None:
    """The API and the command give the same JSON; a case may come as JSON with options beside it."""
    status, answer = running.post("/api/v1/changed", {"case": CASE, "from": "2017", "to": "2022"})
    assert (status, answer["out_of_pocket_difference"]) == (200, "-1900.00")
    done = run("changed", *EDITIONS, "--json", "-", "--facility", "county", "--format", "json", data_dir=tmp_path, given=json.dumps(CASE))
    assert json.loads(done.stdout) == answer


def test_a_comparison_needs_no_hospital(running: Server) -> None:
    """Without a level of hospital the answer is the same as with any of them."""
    without = {name: value for name, value in CASE.items() if name != "facility"}
    assert running.post("/api/v1/compare", without) == running.post("/api/v1/compare", CASE)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"total": -1}, "total"),
        ({"place": "atlantis"}, "place"),
        ({"place": []}, "place"),
        ({"facility": None}, "facility"),
        ({"from": "2017"}, "from"),
    ],
)
def test_a_wrong_comparison_is_422_and_named(running: Server, change: dict[str, Any], field: str) -> None:
    """A comparison takes a case and nothing else."""
    status, answer = running.post("/api/v1/compare", CASE | change)
    assert (status, answer["error"]["field"]) == (422, field)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"from": None}, "from"),
        ({"to": "2030"}, "to"),
        ({"to": "2017"}, "to"),
        ({"case": []}, "case"),
        ({"case": CASE | {"total": True}}, "case.total"),
        ({"case": CASE | {"place": "atlantis"}}, "case.place"),
        ({"on": "2022-01-01"}, "on"),
    ],
)
def test_a_wrong_question_about_a_change_is_422_and_named(running: Server, change: dict[str, Any], field: str) -> None:
    """422 with the field and a sentence; an edition that is not held is a wrong request."""
    status, answer = running.post("/api/v1/changed", {"case": CASE, "from": "2017", "to": "2022"} | change)
    assert (status, answer["error"]["field"]) == (422, field)
    assert field in answer["error"]["say"]


@pytest.mark.parametrize("path", ["/api/v1/compare", "/api/v1/changed"])
def test_what_is_no_object_is_refused(running: Server, path: str) -> None:
    """Broken JSON is 400, a list is 422."""
    assert running.post(path, b"{")[0] == 400
    assert running.post(path, [])[0] == 422


def test_the_api_document_describes_both(running: Server) -> None:
    """The request of a change names its fields as they are sent."""
    document = running.get("/api/openapi.json")[1]
    assert {"/api/v1/compare", "/api/v1/changed"} <= set(document["paths"])
    assert set(document["components"]["schemas"]["Changing"]["properties"]) == {"case", "from", "to"}


@pytest.mark.parametrize(
    "words",
    [
        ["compare", *OPTIONS, "--total", "-1"],
        ["compare", "--place", "anhui-bozhou"],
        ["changed", *OPTIONS],
        ["changed", *OPTIONS, "--from", "2017", "--to", "1999"],
        ["changed", *OPTIONS, "--from", "2022", "--to", "2017"],
        ["changed", *OPTIONS, *EDITIONS, "--category", "rich"],
    ],
)
def test_a_wrong_command_is_status_2_with_nothing_on_stdout(tmp_path: Path, words: list[str]) -> None:
    """The message goes to standard error and is no stack trace."""
    done = run(*words, data_dir=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr
    assert "Traceback" not in done.stderr


def test_a_refusal_is_an_answer_with_status_0(tmp_path: Path) -> None:
    """Days no rule holds for, and people without a counterpart, are answered in words."""
    assert "核实" in run("compare", *OPTIONS, "--on", "2026-03-01", data_dir=tmp_path).stdout
    done = run("changed", *OPTIONS, *EDITIONS, "--category", "registered_poor", data_dir=tmp_path)
    assert done.returncode == 0
    assert "分成了几类" in done.stdout
