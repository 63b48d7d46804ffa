"""docs/adding-a-place.md can be followed literally: its pack loads, its commands print what it shows, in both languages alike."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel

from engine import (
    PackError,
    Shelf,
    all_figures,
    check_cases,
    estimate,
    lint,
    premium,
    read_case,
    read_edition,
    read_household,
    read_shelf,
    yuan,
)
from engine.keys import BASES, CARES, CATEGORIES, FACILITIES, LAYERS
from engine.overlay import Overlay
from engine.policy import Policy
from tests.server import ROOT, Server, environment

ENGLISH, CHINESE = (ROOT / "docs" / name for name in ("adding-a-place.md", "adding-a-place.zh.md"))
TODAY = date(2026, 11, 24)
PACK = "packs/example-county/2024.yaml"
CASES = "cases/example-county-2024.yaml"


def blocks(path: Path) -> list[tuple[str, str]]:
    """The fenced blocks of a document as (kind, text)."""
    return re.findall(r"^```(\w+)\n(.*?)\n```$", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def mistakes(path: Path) -> list[tuple[str, str, list[str]]]:
    """The rows of the table of mistakes: what is changed to what, and the lines `policies check` says."""
    rows = [line.split(" | ") for line in path.read_text(encoding="utf-8").splitlines() if re.search(r"\d+:\d+: ", line) and line[0] == "|"]
    return [(_code(before)[0], "".join(_code(after)), _code(says)) for before, after, says in rows]


def _code(cell: str) -> list[str]:
    return [double or single for double, single in re.findall(r"`` (.+?) ``|`([^`]+)`", cell)]


def place(text: str, home: Path) -> None:
    """Put a piece of YAML where its first line says."""
    head, _, rest = text.partition("\n")
    how, where = re.fullmatch(r"# (new file|at the end|above the line): (.*)", head).groups()  # type: ignore[union-attr]
    path = home / "my-county" / (PACK if how == "above the line" else where.replace("~", str(home)))
    path.parent.mkdir(parents=True, exist_ok=True)
    before = "" if how == "new file" else path.read_text(encoding="utf-8")
    if how == "above the line":
        assert before.count(f"\n{where}\n") == 1
        after = before.replace(f"\n{where}\n", f"\n{rest}\n\n{where}\n")
    else:
        after = f"{before}{rest if before else rest.lstrip()}\n"
    path.write_text(after, encoding="utf-8")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with the part of the program's folder that the walk writes into, and its command."""
    command = tmp_path / "nengbao" / ".venv" / "bin" / "nengbao"
    for folder in (command.parent, tmp_path / "nengbao/data/policies", tmp_path / "nengbao/tests/engine/tables"):
        folder.mkdir(parents=True)
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m bot.cli "$@"\n')
    command.chmod(0o755)
    for rows in ("premiums.yaml", "choices.yaml"):
        (tmp_path / "nengbao/tests/engine" / rows).write_text("")
    return tmp_path


@pytest.fixture
def county(home: Path) -> Path:
    """The folder of the walk with every file it makes, without its commands."""
    for kind, text in blocks(CHINESE):
        if kind == "yaml":
            place(text, home)
    return home / "my-county"


def shelf(county: Path, *folders: str) -> Shelf:
    """The packs of the walk."""
    return read_shelf([county / folder for folder in folders])


def test_both_languages_show_the_same() -> None:
    """Blocks, mistakes and the number of headings and of rows of tables are the same in both."""
    assert blocks(ENGLISH) == blocks(CHINESE)
    assert mistakes(ENGLISH) == mistakes(CHINESE)
    shapes = [re.findall(r"^(#+|\|)", path.read_text(encoding="utf-8"), re.MULTILINE) for path in (ENGLISH, CHINESE)]
    assert shapes[0] == shapes[1]


def test_the_commands_print_what_is_shown(home: Path) -> None:
    """Followed from an empty folder, every command prints what stands below it; a line … stands for lines left out."""
    kept: list[str] = []
    for kind, text in blocks(CHINESE):
        if kind == "yaml":
            place(text, home)
        for command, shown in _commands(text) if kind == "console" else ():
            printed = _printed("; ".join([*kept, command]), home)
            assert re.fullmatch(_form(shown), printed), f"$ {command}\n{printed}"
            kept += [command] if command.startswith(("cd ", "export ")) else []


def _commands(text: str) -> Iterator[tuple[str, list[str]]]:
    """The commands of a block with the lines shown below each."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, *shown = part.rstrip("\n").split("\n")
        yield command, shown


def _printed(command: str, home: Path) -> str:
    """What a command of a shell prints, on either stream; what a shell keeps from command to command stands before it."""
    surroundings = environment(home / "data") | {"HOME": str(home)}
    done = subprocess.run(
        ["bash", "-c", command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=home,
        env=surroundings,
        timeout=60,
        check=False,
    )
    return done.stdout.rstrip("\n")


def _form(shown: list[str]) -> str:
    """A pattern for lines of which some are left out."""
    return "\n".join("(?s:.*)" if line == "…" else re.escape(line) for line in shown)


@pytest.mark.parametrize(("before", "after", "says"), mistakes(CHINESE), ids=lambda part: part if isinstance(part, str) else "says")
def test_a_mistake_is_told_as_shown(home: Path, before: str, after: str, says: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The smallest pack with one mistake gives the lines of the table."""
    place(next(text for kind, text in blocks(CHINESE) if kind == "yaml"), home)
    monkeypatch.chdir(home / "my-county")
    pack = Path(PACK)
    text = pack.read_text(encoding="utf-8")
    assert before in text
    pack.write_text(text.replace(before, after, 1), encoding="utf-8")
    try:
        problems = lint([read_edition(pack)])
    except PackError as error:
        problems = error.problems
    assert [str(problem) for problem in problems] == [f"{PACK}:{line}" for line in says]


@pytest.mark.parametrize(
    ("where", "coding", "says"),
    [
        ("2024.yaml", "utf-8", "stands directly in the folder"),
        ("example-county/2024.yml", "utf-8", "ends in .yml and would be passed over"),
        ("somewhere/2024.yaml", "utf-8", "expected the file to be example-county/2024.yaml"),
        ("example-county/2024.yaml", "gb18030", "save the file as UTF-8"),
    ],
)
def test_a_file_in_the_wrong_place_or_coding_is_told(county: Path, where: str, coding: str, says: str) -> None:
    """A pack that would be passed over or misread stops the reading with what to do."""
    text = (county / PACK).read_text(encoding="utf-8")
    (county / PACK).unlink()
    wrong = county / "packs" / where
    wrong.parent.mkdir(exist_ok=True)
    wrong.write_text(text, encoding=coding)
    with pytest.raises(PackError) as caught:
        shelf(county, "packs")
    assert says in str(caught.value)


def test_the_pack_is_clean_and_its_hand_worked_rows_hold(county: Path) -> None:
    """The finished pack has no slip, and every row comes to what was worked out by hand."""
    packs = shelf(county, "packs")
    assert lint(packs.editions()) == []
    number, differences = check_cases(county / CASES, packs, TODAY)
    assert (number >= 8, differences) == (True, [])


def test_the_hand_worked_households_hold(county: Path) -> None:
    """The rows that go with the pack into the project's tests are right there."""
    packs = shelf(county, "packs")
    rows = shipped_rows(county, "premiums.yaml")
    assert rows
    for row in rows:
        answer = premium(read_household(row["household"]), packs, TODAY)
        found = {key: getattr(answer, key) for key in row["expect"]}
        assert {key: value if key in ("status", "year") else yuan(value) for key, value in found.items()} == row["expect"]


def test_every_figure_is_used_by_a_row(county: Path) -> None:
    """What the project wants of a shipped pack the example keeps: no figure that nobody has checked by hand."""
    packs = shelf(county, "packs")
    answers = [estimate(read_case(row["case"]), packs, TODAY) for row in yaml.safe_load((county / CASES).read_text(encoding="utf-8"))]
    charged = [premium(read_household(row["household"]), packs, TODAY) for row in shipped_rows(county, "premiums.yaml")]
    used = {figure.name for answer in answers for layer in answer.layers for figure in layer.figures}
    used |= {figure.name for answer in charged for share in answer.shares for figure in share.figures}
    assert [
        figure.name for figure in all_figures(packs.editions()[0].policy) if figure.basis != "unknown" and figure.name not in used
    ] == []


def shipped_rows(county: Path, name: str) -> list[dict[str, Any]]:
    """The rows that the walk adds to a file of the project's tests."""
    rows: list[dict[str, Any]] = yaml.safe_load((county.parent / "nengbao/tests/engine" / name).read_text(encoding="utf-8"))
    return rows


def test_each_other_reading_comes_to_its_row(county: Path) -> None:
    """Every reading has a row, whose amounts hold without the overlay that takes it and with it."""
    rows = shipped_rows(county, "choices.yaml")
    choices = shelf(county, "packs").editions()[0].policy.choices
    assert [(row["choice"], row["value"]) for row in rows] == [(name, other) for name, choice in choices.items() for other in choice.others]
    for row in rows:
        assert _amounts(row, shelf(county, "packs"), row["shipped"]) == row["shipped"]
        assert _amounts(row, shelf(county, "packs", "confirmed"), row["expect"]) == row["expect"]


def _amounts(row: dict[str, Any], packs: Shelf, wanted: dict[str, str]) -> dict[str, str]:
    answer = estimate(read_case(row["case"]), packs, TODAY)
    assert answer.out_of_pocket is not None
    found = {layer.key: layer.payout for layer in answer.layers} | {"out_of_pocket": answer.out_of_pocket.amount}
    return {key: yuan(found[key]) for key in wanted}


def test_the_overlay_confirms_its_figures(county: Path) -> None:
    """Both figures stand as confirmed, one with its new value and one with the pack's, and no slip appears."""
    packs = shelf(county, "packs", "confirmed")
    found = {figure.name: (figure.value, figure.basis) for figure in all_figures(packs.editions()[0].policy)}
    assert found["critical_illness.cap"] == ("250000", "confirmed")
    assert found["medical_aid.cap"] == ("30000", "confirmed")
    assert lint(packs.editions()) == []


def test_the_page_has_the_place(county: Path) -> None:
    """The server of the walk answers for the place, and the link that is shown opens the page."""
    link = re.search(r"<http://127\.0\.0\.1:8081(/\S+)>", CHINESE.read_text(encoding="utf-8"))
    server = Server(county, NENGBAO_POLICIES=str(county / "packs"))
    server.start()
    try:
        assert link is not None
        assert server.get(link[1])[0] == 200
        assert server.get("/api/v1/policies/example-county/2024")[0] == 200
    finally:
        server.stop()


@pytest.mark.parametrize("path", [ENGLISH, CHINESE], ids=lambda path: path.name)
def test_what_is_named_exists(path: Path) -> None:
    """Files linked to, and the project's tests that are named, are there."""
    text = path.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^):]+)\)", text)
    tests = {name.rpartition("/")[2] for name in re.findall(r"`([a-z_/]*test_\w+\.py)`", text)}
    assert links
    assert [link for link in links if not (path.parent / link).is_file()] == []
    assert tests <= {file.name for file in (ROOT / "tests").rglob("test_*.py")}


@pytest.mark.parametrize("path", [ENGLISH, CHINESE], ids=lambda path: path.name)
def test_every_key_of_a_pack_is_explained(path: Path) -> None:
    """Whatever a pack or an overlay may hold, and every key of the closed lists, stands in the document."""
    named = set(re.findall(r"`([a-z0-9_]+)`", path.read_text(encoding="utf-8")))
    assert sorted({*fields(Policy), *fields(Overlay), *CATEGORIES, *FACILITIES, *CARES, *LAYERS, *BASES} - named) == []


def fields(model: Any) -> set[str]:
    """The keys of a model and of all that stands below it."""
    if isinstance(model, type) and issubclass(model, BaseModel):
        inner = (field.annotation for field in model.model_fields.values())
        return set(model.model_fields).union(*map(fields, inner))
    return set().union(*map(fields, get_args(model)))
