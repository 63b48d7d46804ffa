"""Hand-worked cases in a file: what agrees is counted, what differs stands at its place in the file."""

from datetime import date
from pathlib import Path

import pytest

from engine import PackError, check_cases
from tests.shelf import SHELF

TODAY = date(2026, 11, 24)
ROW = """
- fact: a county stay
  case: {place: anhui-bozhou, category: ordinary, facility: county, total: "20000", self_funded: "0", age: 70}
  expect: {basic: "15600.00", critical_illness: "0.00", out_of_pocket: "4400.00", low: "4400.00", status: computed, layers: {basic: paid}}
"""


def differences(tmp_path: Path, text: str) -> list[str]:
    """The problems of a file of rows, without the file's name."""
    path = tmp_path / "rows.yaml"
    path.write_text(text, encoding="utf-8")
    return [str(problem).removeprefix(f"{path}:") for problem in check_cases(path, SHELF, TODAY)[1]]


def test_rows_that_agree_are_counted(tmp_path: Path) -> None:
    """Two right rows are two rows and no difference; a count such as the age is read as one."""
    (tmp_path / "rows.yaml").write_text(ROW + ROW, encoding="utf-8")
    assert check_cases(tmp_path / "rows.yaml", SHELF, TODAY) == (2, [])


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ('"15600.00"', '"15600"', "4:12: `basic` comes to 15600.00, expected 15600"),
        (
            "basic: paid",
            "basic: nothing, medical_aid: paid",
            "comes to basic paid, medical_aid not_applicable, expected basic nothing, medical_aid paid",
        ),
        ("status: computed", "cautions: [expired]", "`cautions` comes to "),
        ("status: computed", "basci: 0", "4:99: unknown key `basci`, expected one of: error, status, cautions, layers, out_of_pocket"),
        ("status: computed", "error: total", "`error` comes to None, expected total"),
        ("ordinary", "rich", "3:31: `category` is refused: not_one_of, expected extreme_poverty"),
        ("age: 70", "age: old", "`age` is refused: not_a_whole_number"),
        ("age: 70", '"on": "2018-01-01"', "3:3: no rule answers: before_rules"),
    ],
)
def test_a_difference_is_told_at_its_place(tmp_path: Path, before: str, after: str, says: str) -> None:
    """One thing otherwise is one line that says what came and what was expected."""
    assert before in ROW
    found = differences(tmp_path, ROW.replace(before, after, 1))
    assert len(found) == 1
    assert says in found[0]


def test_a_mistake_that_is_expected_is_no_difference(tmp_path: Path) -> None:
    """A row may say which field of its case is wrong, or that no rule answers."""
    wrong = '- {fact: a, case: {place: anhui-bozhou, category: rich, facility: county, total: "1"}, expect: {error: category}}\n'
    early = (
        '- {fact: b, case: {place: anhui-bozhou, "on": "2018-01-01", category: ordinary, facility: county, total: "1"}, '
        "expect: {status: refused, cautions: [before_rules]}}\n"
    )
    assert differences(tmp_path, wrong + early) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- {fact: a, case: {place: x}}\n", "1:3: `expect` is missing here"),
        ("- {fact: a, case: {}, expect: {}}\n", "expect: Dictionary should have at least 1 item"),
        ("fact: a\n", "1:1: is no list, expected items that begin with `- `"),
        ("", "the file is empty"),
    ],
)
def test_a_file_without_rows_is_refused(tmp_path: Path, text: str, says: str) -> None:
    """What is no file of rows is told like a broken pack."""
    with pytest.raises(PackError) as caught:
        differences(tmp_path, text)
    assert says in str(caught.value)
