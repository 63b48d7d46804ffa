"""Premium and guidance over HTTP and on the command line: the same words and fen, and clear errors."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.doors.test_command import run
from tests.server import Server

THREE = {"place": "anhui-bozhou", "year": 2025, "members": [{"category": "subsistence_allowance", "count": 3}]}


def test_a_premium_is_the_same_through_both_doors(running: Server, tmp_path: Path) -> None:
    """A 低保 household of three pays 120.00 in Bozhou in 2025, told alike by the API and the command."""
    status, answer = running.post("/api/v1/premium", THREE)
    assert (status, answer["household"]["own"], answer["members"][0]["own"]) == (200, "120.00", "40.00")
    words = ["--place", "anhui-bozhou", "--year", "2025", "--member", "subsistence_allowance:3"]
    assert json.loads(run("premium", *words, "--format", "json", data_dir=tmp_path).stdout) == answer
    assert run("premium", *words, data_dir=tmp_path).stdout.startswith("一共 3 口人，自己交 120 元")


def test_a_year_without_a_figure_is_an_answer(running: Server) -> None:
    """It is refused by name with status 200 and no amounts."""
    status, answer = running.post("/api/v1/premium", THREE | {"year": 2030})
    assert (status, answer["status"], answer["members"], answer["household"]) == (200, "refused", [], None)
    assert "2030" in answer["cautions"][0]["say"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"place": "atlantis"}, "place"),
        ({"members": []}, "members"),
        ({"members": None}, "members"),
        ({"members": [{"category": "rich"}]}, "members.0.category"),
        ({"members": [{"category": "ordinary", "count": 101}]}, "members.0.count"),
        ({"year": 2022.5}, "year"),
        ({"income": 1}, "income"),
    ],
)
def test_a_wrong_household_names_its_field(running: Server, change: dict[str, Any], field: str) -> None:
    """422 with the field and a sentence."""
    status, answer = running.post("/api/v1/premium", THREE | change)
    assert (status, answer["error"]["field"]) == (422, field)
    assert answer["error"]["say"]


def test_guidance_is_the_same_through_both_doors(running: Server, tmp_path: Path) -> None:
    """By place and category, each item with its basis and source."""
    status, answer = running.get("/api/v1/guidance/anhui-bozhou?category=monitored")
    assert (status, answer["status"], answer["hotline"]) == (200, "found", "12393")
    assert {"registration", "register_rural", "bring", "contact"} <= {item["key"] for item in answer["items"]}
    words = ["--place", "anhui-bozhou", "--category", "monitored"]
    assert json.loads(run("guidance", *words, "--format", "json", data_dir=tmp_path).stdout) == answer
    assert "12393" in run("guidance", *words, data_dir=tmp_path).stdout


def test_unknown_names_are_errors(running: Server, tmp_path: Path) -> None:
    """A place not held is 404, an unknown category 422; the command ends with 2 and nothing on standard output."""
    assert running.get("/api/v1/guidance/atlantis")[0] == 404
    assert running.get("/api/v1/guidance/anhui-bozhou?category=rich")[1]["error"]["field"] == "category"
    for words in (["guidance", "--place", "atlantis"], ["premium", "--place", "anhui-bozhou", "--member", "ordinary:x"]):
        done = run(*words, data_dir=tmp_path)
        assert (done.returncode, done.stdout, bool(done.stderr)) == (2, "", True)


def test_both_are_in_the_api_document(running: Server) -> None:
    """With the household's fields and the category as a query parameter."""
    document = running.get("/api/openapi.json")[1]
    assert "members" in document["components"]["schemas"]["Household"]["properties"]
    assert "category" in {each["name"] for each in document["paths"]["/api/v1/guidance/{place}"]["get"]["parameters"]}
