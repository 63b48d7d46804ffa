"""The year over HTTP and on the command line: the same answers, what may be left out, clear errors."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.doors.test_command import run
from tests.server import Server

PERSON = {"place": "anhui-bozhou", "category": "ordinary"}
STAY = {"facility": "county", "total": "20000", "self_funded": "0"}
WORDS = ["--place", "anhui-bozhou", "--category", "ordinary"]


def test_a_year_is_the_same_through_both_doors(running: Server, tmp_path: Path) -> None:
    """The API and the command give the same JSON, with the way to the next threshold in words."""
    status, answer = running.post("/api/v1/year", PERSON | STAY | {"earlier": [STAY]})
    assert (status, answer["sums"]["own"], len(answer["settlements"])) == (200, "8800.00", 2)
    deductible = next(each for each in answer["thresholds"] if each["kind"] == "deductible")
    assert (deductible["left"], deductible["rate"]) == ("3200.00", "60")
    done = run("year", *WORDS, "--json", "-", "--format", "json", data_dir=tmp_path, given=json.dumps(STAY | {"earlier": [STAY]}))
    assert json.loads(done.stdout) == answer
    spoken = run("year", *WORDS, "--json", "-", data_dir=tmp_path, given=json.dumps(STAY | {"earlier": [STAY]})).stdout
    assert "再有 3,200 元就到起付线 12,000 元" in spoken


def test_what_it_gives_is_taken_back_as_the_year_so_far(running: Server) -> None:
    """`year_to_date` of the year is what an estimate takes as `so_far`."""
    year = running.post("/api/v1/year", PERSON | {"earlier": [STAY, STAY]})[1]["year_to_date"]
    known = running.post("/api/v1/estimate", PERSON | STAY | {"earlier": [STAY, STAY]})[1]
    assert running.post("/api/v1/estimate", PERSON | STAY | {"so_far": year})[1]["out_of_pocket"] == known["out_of_pocket"]


def test_what_was_paid_is_an_option(tmp_path: Path) -> None:
    """--so-far and --stays stand for the earlier bills in any command that takes a case."""
    done = run("year", *WORDS, "--so-far", "10000", "--stays", "2", data_dir=tmp_path)
    assert "今年前面自己掏了 10,000 元" in done.stdout
    done = run("estimate", *WORDS, "--facility", "county", "--total", "20000", "--so-far", "10000", "--format", "json", data_dir=tmp_path)
    assert json.loads(done.stdout)["assumed"][-1]["fact"] == "so_far.own"


@pytest.mark.parametrize(("change", "field"), [({"total": 5}, "facility"), ({"category": None}, "category"), ({"x": 1}, "x")])
def test_a_wrong_year_is_422_and_named(running: Server, change: dict[str, Any], field: str) -> None:
    """Half a bill and unknown keys are named."""
    status, answer = running.post("/api/v1/year", PERSON | change)
    assert (status, answer["error"]["field"]) == (422, field)


def test_a_year_without_rules_is_an_answer(running: Server, tmp_path: Path) -> None:
    """Refused by name with status 200, exit status 0 and no amounts."""
    status, answer = running.post("/api/v1/year", PERSON | {"on": "2015-01-01"})
    assert (status, answer["status"], answer["sums"], answer["thresholds"]) == (200, "refused", None, [])
    assert run("year", *WORDS, "--on", "2015-01-01", data_dir=tmp_path).returncode == 0


def test_the_api_document_says_what_may_be_left_out(running: Server) -> None:
    """A comparison does without the hospital and a year without its own bill; an estimate needs both."""
    document = running.get("/api/openapi.json")[1]

    def required(path: str) -> set[str]:
        reference = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        return set(document["components"]["schemas"][reference.rsplit("/", 1)[1]]["required"])

    assert required("/api/v1/estimate") == {"place", "category", "facility", "total"}
    assert required("/api/v1/compare") == {"place", "category", "total"}
    assert required("/api/v1/year") == {"place", "category"}
