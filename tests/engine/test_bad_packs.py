"""Broken packs are refused with file, line, column, what is wrong and what was expected."""

import re
from pathlib import Path

import pytest

from engine import PackError
from engine.plan import prove
from engine.policy import read_pack

BAD = sorted(Path(__file__).parent.parent.joinpath("bad").glob("*.yaml"))


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_broken_pack_says_what_is_wrong_and_where(path: Path) -> None:
    """The error stands as file:line:column and contains the words the file's first line promises."""
    wanted = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# error: ")
    with pytest.raises(PackError) as caught:
        prove(read_pack(path))
    assert any(wanted in problem.what for problem in caught.value.problems), str(caught.value)
    assert all(re.match(rf"{re.escape(str(path))}:\d+:\d+: \S", line) for line in str(caught.value).splitlines())


def test_several_mistakes_are_told_at_once() -> None:
    """A pack with two mistakes names both, in the order of the file."""
    with pytest.raises(PackError) as caught:
        read_pack(Path(__file__).parent.parent / "bad" / "several_at_once.yaml")
    lines = [problem.line for problem in caught.value.problems]
    assert len(lines) == 2
    assert lines == sorted(lines)


def test_a_note_that_many_values_share_is_refused_once_where_it_stands() -> None:
    """Not again at each of the values."""
    path = Path(__file__).parent.parent / "bad" / "note_without_english.yaml"
    with pytest.raises(PackError) as caught:
        read_pack(path)
    assert [path.read_text(encoding="utf-8").splitlines()[problem.line - 1].split(":")[0].strip() for problem in caught.value.problems] == [
        "note"
    ]


def test_the_line_named_is_the_line_of_the_mistake() -> None:
    """The position points at the key that is wrong, not at the top of the file."""
    path = Path(__file__).parent.parent / "bad" / "unknown_key.yaml"
    with pytest.raises(PackError) as caught:
        read_pack(path)
    problem = next(problem for problem in caught.value.problems if "ovr" in problem.what)
    assert path.read_text(encoding="utf-8").splitlines()[problem.line - 1].strip().startswith("ovr:")
