"""The command that holds two packs against each other: what it prints in each form, and what it says to a wrong request."""

import json
from itertools import takewhile
from pathlib import Path

import pytest

from tests.doors.test_command import run
from tests.server import ROOT

PACK = (ROOT / "data/policies/anhui-bozhou/2022.yaml").read_text(encoding="utf-8")
BOTH = ["anhui-bozhou/2017", "anhui-bozhou/2022"]


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    """Bozhou's pack with a higher rate at city hospitals, in a file of any name."""
    file = tmp_path / "raised.yaml"
    file.write_text(PACK.replace("            city: 75%", "            city: 77%"), encoding="utf-8")
    return file


def test_a_changed_file_against_the_pack_it_comes_from(tmp_path: Path, draft: Path) -> None:
    """Figures first, then households with those who gain most on top, then the count of each."""
    done = run("policies", "diff", "anhui-bozhou/2022", str(draft), data_dir=tmp_path)
    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert lines[0] == "原来：anhui-bozhou/2022（亳州，2022 年起的规定，三重保障）"
    assert lines[3] == "改了的数，1 个："
    name, numbers = lines[4].split(maxsplit=1)
    assert (name, numbers) == ("basic.tiers.0.rate.city", "75% (unverified, anhui-2019) → 77% (unverified, anhui-2019)")
    first = lines[lines.index("少掏的，3 户：") + 1]
    assert first == "  少掏 886 元：普通居民，50,000 元，其中自费 5,000 元，市级医院。自己掏的，原来：16,775 元，后来：15,889 元"
    assert lines[-2].startswith("3 户少掏，0 户多掏，")
    assert "不是统计" in done.stdout


def test_a_file_may_stand_on_either_side(tmp_path: Path, draft: Path) -> None:
    """Then those who gained lose."""
    done = run("policies", "diff", str(draft), "anhui-bozhou/2022", data_dir=tmp_path)
    assert "0 户少掏，3 户多掏" in done.stdout
    assert "多掏 886 元" in done.stdout


@pytest.mark.parametrize(("lang", "note"), [("zh_CN", "读过两遍"), ("en", "read twice")])
def test_a_note_is_told_in_the_language_asked_for(tmp_path: Path, lang: str, note: str) -> None:
    """As text where it is all that changed, and as one string in JSON."""
    file = tmp_path / "noted.yaml"
    both = "county: {value: 500 yuan, note: {zh: 读过两遍, en: read twice}}"
    file.write_text(PACK.replace("county: 500 yuan", both), encoding="utf-8")
    asked = ["policies", "diff", "anhui-bozhou/2022", str(file), "--lang", lang]
    assert f"500 yuan (unverified, anhui-2019, {note})" in run(*asked, data_dir=tmp_path).stdout
    (change,) = json.loads(run(*asked, "--format", "json", data_dir=tmp_path).stdout)["figures"]["reason"]
    assert (change["before"]["note"], change["after"]["note"]) == (None, note)


def test_the_same_pack_twice_says_that_nothing_differs(tmp_path: Path) -> None:
    """In English too."""
    done = run("policies", "diff", "beijing/2023", "beijing/2023", "--lang", "en", data_dir=tmp_path)
    assert "No figure differs." in done.stdout
    assert "Paying less: 0; paying more: 0" in done.stdout
    assert "not statistics" in done.stdout


def test_the_json_holds_money_as_decimal_strings(tmp_path: Path) -> None:
    """Two editions: figures by kind, households with both sides, the reason where one does not answer."""
    found = json.loads(run("policies", "diff", *BOTH, "--format", "json", data_dir=tmp_path).stdout)
    assert (found["before"]["key"], found["after"]["key"]) == tuple(BOTH)
    assert {kind: len(figures) for kind, figures in found["figures"].items()} == {"changed": 0, "reason": 5, "added": 25, "dropped": 9}
    by_name = {household["name"]: household for household in found["households"]}
    monitored = by_name["监测户，20,000 元"]
    assert (monitored["fate"], monitored["difference"], monitored["firm"]) == ("loses", "560.00", "exact")
    assert (monitored["before"]["category"], monitored["before"]["own"], monitored["after"]["own"]) == (
        "registered_poor",
        "3000.00",
        "3560.00",
    )
    poor = by_name["建档立卡户，20,000 元"]
    assert (poor["fate"], poor["difference"], poor["firm"], poor["after"]["own"]) == ("skipped", None, None, None)
    assert poor["after"]["because"] == "“建档立卡”分成了几类：返贫致贫、监测户、稳定脱贫"
    assert sum(found["totals"].values()) == len(found["households"])
    assert "不是统计" in found["notice"]


def test_the_markdown_has_tables(tmp_path: Path, draft: Path) -> None:
    """One for each kind of figure and one for the households, every row with as many cells as its head."""
    lines = run("policies", "diff", "anhui-bozhou/2022", str(draft), "--format", "markdown", data_dir=tmp_path).stdout.splitlines()
    assert "| basic.tiers.0.rate.city | 75% (unverified, anhui-2019) | 77% (unverified, anhui-2019) |" in lines
    assert "| 少掏 886 元 | 普通居民，50,000 元，其中自费 5,000 元 | 市级医院 | 16,775 元 | 15,889 元 |" in lines
    heads = [number for number, line in enumerate(lines) if line.startswith("| ---")]
    assert len(heads) == 2
    for number in heads:
        table = list(takewhile(lambda line: line.startswith("|"), lines[number - 1 :]))
        assert len({row.count("|") for row in table}) == 1


def test_overlays_of_a_deployment_hold_for_its_packs(tmp_path: Path) -> None:
    """What a deployment confirmed is told against the file as it was shipped."""
    folder = tmp_path / "policies" / "anhui-bozhou"
    folder.mkdir(parents=True)
    overlay = "confirms:\n  basic.tiers.0.rate.city: {value: 77%, number: 亳医保〔2023〕1号, day: 2023-01-05, by: 亳州市医疗保障局}\n"
    (folder / "2022.overlay.yaml").write_text(overlay, encoding="utf-8")
    words = ["policies", "diff", str(ROOT / "data/policies/anhui-bozhou/2022.yaml"), "anhui-bozhou/2022"]
    done = run(*words, data_dir=tmp_path, NENGBAO_POLICIES=str(tmp_path / "policies"))
    assert "77% (confirmed, confirmed-" in done.stdout
    assert "3 户少掏，0 户多掏" in done.stdout


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ("anhui-bozhou/1999", "anhui-bozhou/2022", "现有：anhui-bozhou/2017、anhui-bozhou/2022、beijing/2023"),
        ("anhui-bozhou/2022", "nowhere.yaml", "没有 nowhere.yaml 这一版规则，也没有这个文件"),
        ("anhui-bozhou/2022", "data", "也没有这个文件"),
        ("anhui-bozhou/2022", "beijing/2023", "只能比同一个地方的两份规则"),
    ],
)
def test_a_wrong_request_is_status_2(tmp_path: Path, first: str, second: str, words: str) -> None:
    """With nothing on standard output and no stack trace."""
    done = run("policies", "diff", first, second, data_dir=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_one_pack_alone_is_status_2(tmp_path: Path) -> None:
    """Two are needed."""
    assert run("policies", "diff", "anhui-bozhou/2022", data_dir=tmp_path).returncode == 2


def test_a_broken_file_is_status_1_with_every_mistake_at_its_place(tmp_path: Path) -> None:
    """As `policies check` tells it."""
    file = tmp_path / "broken.yaml"
    file.write_text(
        PACK.replace("            city: 75%", "            city: 75").replace("county: 500 yuan", "county: 500"), encoding="utf-8"
    )
    done = run("policies", "diff", "anhui-bozhou/2022", str(file), data_dir=tmp_path)
    numbers = [
        number for number, line in enumerate(PACK.splitlines(), start=1) if line in ("        county: 500 yuan", "            city: 75%")
    ]
    assert (done.returncode, done.stdout) == (1, "")
    assert [line.startswith(f"{file}:{number}:") for line, number in zip(done.stderr.splitlines(), numbers, strict=True)] == [True, True]
