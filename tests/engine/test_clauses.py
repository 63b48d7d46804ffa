"""The ledger of clauses: complete, in the order of the text, true to the packs, and told in the READMEs."""

import json
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from bot.knowledge import Knowledge
from bot.speech import coverage_json, coverage_lines, coverage_table
from engine import CaseError, Clause, Ledger, PackError, Used, all_figures, estimate, read_case, read_ledgers
from engine.clauses import read_ledger
from tests.doors.test_command import run
from tests.engine.test_coverage import CASES, TOUCHED
from tests.shelf import SHELF

ROOT = Path(__file__).parent.parent.parent
SOURCES = ROOT / "data" / "sources"
LEDGERS = read_ledgers(SOURCES, SHELF)
CLAUSES = [pytest.param(clause, id=clause.id) for ledger in LEDGERS for clause, _ in ledger.clauses]
FIGURES = {f"{edition.pack.key}/{figure.name}": figure for edition in SHELF.editions() for figure in all_figures(edition.policy)}
#: How a number of a clause is written, and the unit of the figure that holds it.
UNITS = {" yuan": "yuan", "%": "percent", " points": "points", "x": "factor"}


def _checks() -> set[str]:
    """The shares a document names as its aim, where a row has them shown beside a computed layer."""
    shown = set()
    for case in CASES:
        try:
            answer = estimate(read_case(case), SHELF, date(2026, 11, 24))
        except CaseError:
            continue
        for index, check in enumerate(answer.policy.checks if answer.policy and answer.layers else ()):
            if answer.case.facility in check.facility and answer.layer(check.layer):
                shown.add(f"{answer.policy.place}/{answer.policy.edition}/checks.{index}.share")
    return shown


SETTLED = {f"{key}/{name}" for key, name in TOUCHED} | _checks()


def test_both_documents_are_covered() -> None:
    """Each founding document has its ledger, with at least 25 clauses."""
    assert {ledger.document for ledger in LEDGERS} == {"bozhou-2021-12-28", "puyang-2017-09-15"}
    assert min(len(ledger.clauses) for ledger in LEDGERS) >= 25


@pytest.mark.parametrize("ledger", LEDGERS, ids=lambda ledger: ledger.document)
def test_clauses_stand_in_the_order_of_the_text(ledger: Ledger) -> None:
    """Ids count up without gaps, places never go back."""
    letter = ledger.document[0]
    assert [clause.id for clause, _ in ledger.clauses] == [f"{letter}{number:02}" for number in range(1, len(ledger.clauses) + 1)]
    places = [(clause.at.paragraph, clause.at.sentence) for clause, _ in ledger.clauses]
    assert places == sorted(places)


def test_no_id_stands_in_two_documents() -> None:
    """An id names one clause."""
    ids = [clause.id for ledger in LEDGERS for clause, _ in ledger.clauses]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("clause", CLAUSES)
def test_every_figure_named_exists(clause: Clause) -> None:
    """A clause points at figures that packs hold."""
    assert set(clause.answered_by.figures or ()) - FIGURES.keys() == set()


@pytest.mark.parametrize("clause", CLAUSES)
def test_a_numeric_clause_has_its_figures_and_each_has_a_case(clause: Clause) -> None:
    """What a sentence states in numbers is computed by figures that a table row is settled with, or the reason why not stands there."""
    if not clause.numbers:
        return
    if clause.answered_by.figures is None:
        assert clause.answered_by.not_modelled
        return
    assert sorted(set(clause.answered_by.figures) - SETTLED) == []


@pytest.mark.parametrize("clause", CLAUSES)
def test_the_numbers_of_a_clause_are_those_of_its_figures(clause: Clause) -> None:
    """An amount, share, factor or points that a sentence states is the value of a figure named, or all of them together."""
    figures = [FIGURES[name] for name in clause.answered_by.figures or ()]
    assert [number for number in clause.numbers if figures and not _held(number, figures)] == []


def _held(number: str, figures: list[Used]) -> bool:
    unit = next((unit for mark, unit in UNITS.items() if number.startswith(mark) or number.endswith(mark)), None)
    if unit is None:
        return True  # a count of diseases or groups is no figure of a pack
    wanted = Decimal(re.sub(r"[^\d.-]", "", number))
    values = {Decimal(value) for figure in figures if figure.unit == unit for value in (figure.value, figure.low, figure.high) if value}
    return wanted in values or (unit == "yuan" and wanted == sum(values))


BROKEN = """\
document: town-2020
title: {zh: 某镇, en: A town}
clauses:
  - id: t01
    at: {paragraph: 1, sentence: 1}
    kind: figure
    numbers: [12000 yuan]
    says: {zh: 起付线, en: The deductible}
    answered_by: {figures: [anhui-bozhou/2022/critical_illness.deductible]}
  - id: t02
    at: {paragraph: 1, sentence: 2}
    kind: service
    says: {zh: 一站结算, en: Settled at once}
    answered_by: {guidance: anhui-bozhou/2022/one_stop}
"""


def ledger_file(folder: Path, text: str) -> Path:
    """A ledger in the folder of its document."""
    path = folder / "town-2020" / "clauses.yaml"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    return path


def test_a_sound_ledger_is_read(tmp_path: Path) -> None:
    """The text that the broken ones are made from has no mistake itself; numbers may be left out."""
    ledger = read_ledger(ledger_file(tmp_path, BROKEN), SHELF)
    assert [answered for _, answered in ledger.clauses] == ["computed", "guided"]


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("document: town-2020", "document: town", 1, "expected the folder's name `town-2020`"),
        ("    kind: figure\n", "    knd: figure\n", 4, "`kind` is missing here"),
        ("    kind: figure\n", "    knd: figure\n", 6, "unknown key `knd`"),
        ("kind: figure", "kind: number", 6, "`kind` is not a known word"),
        ("[12000 yuan]", "[12000]", 7, "String should match pattern"),
        ("critical_illness.deductible", "critical_illness.deductibel", 9, "did you mean `anhui-bozhou/2022/critical_illness.deductible`?"),
        ("anhui-bozhou/2022/one_stop", "anhui-bozhou/2022/one_shop", 14, "unknown guidance `anhui-bozhou/2022/one_shop`"),
        ("{guidance: anhui-bozhou/2022/one_stop}", "{coordinator: tea}", 14, "`coordinator` is not a known word"),
        ("{guidance: anhui-bozhou/2022/one_stop}", "{}", 14, "expected exactly one of figures, guidance, coordinator, not_modelled"),
        ("{guidance: anhui", "{coordinator: registers, guidance: anhui", 14, "found guidance and coordinator"),
        ("{figures: [anhui-bozhou/2022/critical_illness.deductible]}", "{figures: []}", 9, "at least 1 item"),
        ("{figures: [anhui-bozhou/2022/critical_illness.deductible]}", "{coordinator: registers}", 4, "states numbers"),
        ("id: t02", "id: t01", 10, "already stands above"),
        ("id: t01", "id: t09", 10, "expected ids to rise"),
        ("{paragraph: 1, sentence: 1}", "{paragraph: 2, sentence: 1}", 11, "expected the order of the text"),
        ("{paragraph: 1, sentence: 1}", "{paragraph: 0, sentence: 1}", 5, "greater than or equal to 1"),
        ("says: {zh: 起付线, en: The deductible}", "says: {zh: 起付线}", 8, "`en` is missing here"),
    ],
)
def test_a_broken_ledger_says_what_is_wrong_and_where(tmp_path: Path, old: str, new: str, line: int, what: str) -> None:
    """Every mistake is told as file:line:column."""
    assert old in BROKEN
    path = ledger_file(tmp_path, BROKEN.replace(old, new, 1))
    with pytest.raises(PackError) as caught:
        read_ledger(path, SHELF)
    told = str(caught.value).splitlines()
    assert all(re.match(rf"{re.escape(str(path))}:\d+:\d+: \S", each) for each in told)
    assert any(each.startswith(f"{path}:{line}:") and what in each for each in told), told


def test_the_mistakes_of_all_ledgers_are_told_together(tmp_path: Path) -> None:
    """Two broken files, two mistakes; a folder without ledgers is one."""
    with pytest.raises(PackError, match="no ledger found"):
        read_ledgers(tmp_path, SHELF)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "clauses.yaml").write_text(BROKEN, encoding="utf-8")
    with pytest.raises(PackError) as caught:
        read_ledgers(tmp_path, SHELF)
    assert [Path(problem.file).parent.name for problem in caught.value.problems] == ["one", "two"]


@pytest.mark.parametrize("lang", ["zh_CN", "en"])
def test_the_coverage_is_told_clause_by_clause(knowledge: Knowledge, lang: str) -> None:
    """Each clause has a line that begins with its id, each document a summary line; JSON holds the same counts."""
    voice = knowledge.voice(lang)
    lines = coverage_lines(voice, LEDGERS)
    assert {clause.id for ledger in LEDGERS for clause, _ in ledger.clauses} <= {line[:3] for line in lines}
    for ledger, last, document in zip(LEDGERS, lines[-len(LEDGERS) :], coverage_json(voice, LEDGERS)["documents"], strict=True):
        counts = document["summary"]
        assert counts["clauses"] == len(ledger.clauses) == sum(count for key, count in counts.items() if key != "clauses")
        told = re.findall(r" (\d+) ", last.removeprefix(voice.worded("title", ledger.title)))
        assert list(map(int, told)) == list(counts.values())


def test_the_command_prints_the_ledger(tmp_path: Path) -> None:
    """Text has the clauses, --format json is one document."""
    assert "b24" in run("policies", "coverage", data_dir=tmp_path).stdout
    done = run("policies", "coverage", "--format", "json", "--lang", "en", data_dir=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert [document["document"] for document in json.loads(done.stdout)["documents"]] == [ledger.document for ledger in LEDGERS]


@pytest.mark.parametrize(("name", "lang"), [("README.md", "en"), ("README.zh.md", "zh_CN")])
def test_the_summary_in_the_readme_is_current(knowledge: Knowledge, name: str, lang: str) -> None:
    """What stands between the markers is what `nengbao policies coverage --format markdown` prints."""
    text = (ROOT / name).read_text(encoding="utf-8")
    between = text.partition("<!-- coverage -->\n")[2].partition("<!-- /coverage -->")[0].strip()
    assert between.splitlines() == coverage_table(knowledge.voice(lang), LEDGERS)
