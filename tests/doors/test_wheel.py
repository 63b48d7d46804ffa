"""A wheel carries everything: it works in an empty environment, started from another folder."""

import json
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.server import ROOT, environment

#: Built once: two at a time would compile the same catalogues.
pytestmark = pytest.mark.xdist_group("wheel")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from the tree."""
    out = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    return next(out.glob("*.whl"))


def test_a_wheel_holds_packs_catalogues_and_widget(wheel: Path) -> None:
    """The card's folders travel, compiled catalogues with them; tests do not."""
    names = zipfile.ZipFile(wheel).namelist()
    wanted = [
        "data/policies/anhui-bozhou/2022.yaml",
        "data/flows/estimate.yaml",
        "data/finder.yaml",
        "data/samples/households.yaml",
        "data/vocabulary/zh.yaml",
    ]
    wanted += ["locales/zh_CN/LC_MESSAGES/nengbao.mo", "locales/en/LC_MESSAGES/nengbao.mo"]
    wanted += ["bot/web/static/widget.js", "bot/web/static/page.css", "bot/web/pages/home.html", "engine/estimate.py"]
    assert [name for name in wanted if name not in names] == []
    assert [name for name in names if name.startswith("tests/")] == []


def test_the_installed_wheel_estimates_and_talks_elsewhere(wheel: Path, tmp_path: Path) -> None:
    """From a folder of its own, with nothing of the checkout on its path, the command estimates and talks."""
    home = tmp_path / "env"
    venv.create(home, with_pip=False)
    site = next(home.glob("lib/python3*/site-packages"))
    zipfile.ZipFile(wheel).extractall(site)
    # The dependencies are those of this environment; installing them again would only ask the network for the same files.
    (site / "dependencies.pth").write_text(next(path for path in sys.path if path.endswith("site-packages")))
    surroundings = environment(tmp_path / "data")
    del surroundings["PYTHONPATH"]
    command = [str(home / "bin" / "python"), "-c", "import bot.cli; assert 'env' in bot.cli.__file__, bot.cli.__file__; bot.cli.main()"]
    case = {"place": "anhui-bozhou", "category": "ordinary", "facility": "county", "total": 20000, "self_funded": 0}
    given = {"text": True, "capture_output": True, "cwd": tmp_path, "env": surroundings}
    done = subprocess.run([*command, "estimate", "--json", "-", "--format", "json"], input=json.dumps(case), check=True, **given)
    assert json.loads(done.stdout)["out_of_pocket"]["amount"] == "4400.00"
    talked = subprocess.run([*command, "talk"], input="亳州低保，在县医院花了两万\n", check=True, **given)
    assert "大约能报 18,900 元" in talked.stdout
