"""`nengbao batch` as a process of its own: signals, a full disk, a terminal, a closed stream, memory, and a bare install."""

import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import polars as pl
import pytest

from bot.cli.ending import own_words_only
from bot.cli.progress import Progress
from bot.knowledge import Knowledge
from tests.server import NENGBAO, environment
from tests.tables.command import GOOD, csv_of, write

MIB = 1 << 20


def many(folder: Path, rows: int, kind: str, *, person: bool) -> Path:
    """A long table, with a rejected row now and then."""
    number = pl.int_range(rows)
    facts = {name: pl.lit(said) for name, said in GOOD.items() if name not in ("total", "on")}
    frame = pl.select(number=number).with_columns(
        **facts,
        on=pl.concat_str(pl.lit("2023-0"), 1 + pl.col("number") % 9, pl.lit("-15")),
        total=pl.when(pl.col("number") % 5_000 == 7).then(-1).otherwise(pl.col("number") % 90_000),
        **({"person": pl.concat_str(pl.lit("p"), pl.col("number") * 7_919 % (rows // 3))} if person else {}),
    )
    return write(frame, folder / f"a.{kind}")


def begun(source: Path, target: Path, *options: str) -> subprocess.Popen[str]:
    """The command at work."""
    return subprocess.Popen(
        [*NENGBAO, "batch", str(source), str(target), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(source.parent),
    )


def results(folder: Path) -> Path:
    """A folder with result and rejects of an earlier run."""
    (folder / "results").mkdir()
    for name in ("out.csv", "out.rejects.csv"):
        (folder / "results" / name).write_text("以前的", encoding="utf-8")
    return folder / "results" / "out.csv"


def left(folder: Path) -> dict[str, str]:
    """What stands in a folder, hidden files too."""
    return {path.name: path.read_text("utf-8") if path.is_file() else "a folder" for path in folder.iterdir()}


def until(found: Any, seconds: float = 60) -> None:
    """Wait for something to be so."""
    end = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.02)


#: What stands in the folder of results when a stage is under way.
STAGES = {"reading": ".nengbao-*", "settling": ".nengbao-*/.results.parquet.*", "writing": ".out.csv.*"}


@pytest.mark.parametrize(
    ("stage", "person", "number"),
    [
        ("reading", False, signal.SIGINT),
        ("writing", False, signal.SIGINT),
        ("writing", False, signal.SIGHUP),
        ("settling", True, signal.SIGTERM),
    ],
)
def test_a_run_that_is_ended_leaves_all_as_it_was(tmp_path: Path, stage: str, person: bool, number: signal.Signals) -> None:
    """Ctrl-C, SIGTERM and a closed terminal: a word, status 1, soon; the old files whole, no half file and no scratch folder."""
    target = results(tmp_path)
    before = left(target.parent)
    running = begun(many(tmp_path, 200_000 if person else 600_000, "csv", person=person), target)
    until(lambda: any(target.parent.glob(STAGES[stage])) or running.poll() is not None)
    asked = time.monotonic()
    running.send_signal(number)
    out, err = running.communicate(timeout=60)
    assert (running.returncode, out, err) == (1, "", "已停下，没有写出任何结果。\n")
    assert time.monotonic() - asked < 20, "ending takes as long as going on"
    assert left(target.parent) == before


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one mebibyte."""
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("no right to mount a small disk here")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.mark.parametrize(("name", "person"), [("out.csv", False), ("out.xlsx", False), ("out.parquet", True)])
def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, small_disk: Path, name: str, person: bool) -> None:
    """Whether result, rejects or what is sorted does not fit: one line that names the disk, status 1, and the disk as it was."""
    (small_disk / "full").write_bytes(bytes(MIB - 100_000))
    running = begun(many(tmp_path, 20_000, "parquet", person=person), small_disk / name)
    out, err = running.communicate(timeout=120)
    assert (running.returncode, out, len(err.splitlines())) == (1, "", 1)
    assert f"磁盘满了，没有写成，原来的文件没有动。请在“{small_disk}”" in err
    assert [path.name for path in small_disk.iterdir()] == ["full"]


def test_a_summary_that_cannot_be_shown_does_not_undo_the_result(tmp_path: Path) -> None:
    """The result is there, a line says so, and the status tells that not all went well."""
    command = [*NENGBAO, "batch", str(csv_of(tmp_path / "a.csv", [GOOD])), str(tmp_path / "b.csv")]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, env=environment(tmp_path), check=False)
    assert (done.returncode, done.stderr) == (1, "结果已经写好，在 b.csv。只是屏幕上的总结没有打出来。\n")
    assert (tmp_path / "b.csv").exists()


def test_a_closed_standard_error_gets_no_file(tmp_path: Path) -> None:
    """A run without standard error is settled as any other: no file of ours gets its number."""
    command = [*NENGBAO, "batch", str(csv_of(tmp_path / "a.csv", [GOOD])), str(tmp_path / "b.csv")]
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" 2>&-', "sh", *command], stdout=subprocess.PIPE, text=True, env=environment(tmp_path), check=False
    )
    assert done.returncode == 0
    assert done.stdout.startswith("算好了：1 行")


def test_a_terminal_shows_how_far_it_is(tmp_path: Path) -> None:
    """On a terminal each stage has its bar with rows a second, also while nobody knows how many rows there are."""
    source = csv_of(tmp_path / "a.csv", [{**GOOD, "person": at % 900, "注": "备" * 250} for at in range(3_000)])
    process, terminal = pty.fork()
    if not process:
        os.environ.update(environment(tmp_path))
        os.execv(NENGBAO[0], [*NENGBAO, "batch", str(source), str(tmp_path / "b.csv")])
    shown = b""
    while part := _read(terminal):
        shown += part
    _, status = os.waitpid(process, 0)
    said = shown.decode()
    assert os.waitstatus_to_exitcode(status) == 0, said
    assert all(re.search(rf"{stage}  \[.*每秒 [\d,]+ 行", said) for stage in ("读表", "按人排好", "计算", "写出结果"))
    assert "Traceback" not in said


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1 << 16)
    except OSError:
        return b""


class _Screen:
    """A terminal that remembers what was written on it."""

    encoding = "utf-8"

    def __init__(self) -> None:
        self.said = ""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.said += text
        return len(text)

    def flush(self) -> None:
        pass


def test_the_time_left_is_told(knowledge: Knowledge, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a third of the rows in ten seconds there are twenty more."""
    screen, clock = _Screen(), [1000.0]
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr("time.time", lambda: clock[0])
    monkeypatch.setattr("bot.cli.progress.monotonic", lambda: clock[0])
    tick = Progress(knowledge.voice("zh_CN")).stage("settling", 300_000)
    clock[0] += 10
    tick(100_000)
    assert "00:00:20" in screen.said
    assert "每秒 10,000 行" in screen.said


def test_away_from_a_terminal_nothing_is_shown(knowledge: Knowledge, capsys: pytest.CaptureFixture[str]) -> None:
    """A log of a nightly run has no bars in it; nor has a process without standard error."""
    Progress(knowledge.voice("zh_CN")).stage("reading", 0)(5)
    assert capsys.readouterr().err == ""


def test_libraries_below_cannot_write_to_standard_error() -> None:
    """What Rust and C print when they break, cells and all, goes nowhere; our own words and the streams afterwards are as before."""
    code = (
        "import os, click\nfrom bot.cli.ending import own_words_only\nwith own_words_only():\n"
        "    os.write(2, '白血病'.encode()); click.echo('ours', err=True)\nos.write(2, b'after')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment(Path()), check=True)
    assert done.stderr == "ours\nafter"
    with own_words_only():
        click.echo("in a test", err=True)


def test_memory_stays_flat_as_the_table_grows(tmp_path: Path) -> None:
    """Ten times the rows take hardly more memory."""
    small, large = (_peak(many(tmp_path, rows, "parquet", person=False)) for rows in (30_000, 300_000))
    assert large - small < 120 * MIB, (small, large)
    assert large < 400 * MIB


def _peak(source: Path) -> int:
    """The most memory that a run took, in bytes: the kernel's mark of the process itself, for `ru_maxrss` holds that of the tests too."""
    code = (
        "import sys\nfrom pathlib import Path\nfrom bot.cli import main\ntry:\n    main()\n"
        "finally:\n    print(Path('/proc/self/status').read_text().partition('VmHWM:')[2].split()[0], file=sys.stderr)\n"
    )
    command = [sys.executable, "-c", code, "batch", str(source), str(source.with_name("b.parquet"))]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(source.parent), check=True)
    return int(done.stderr.splitlines()[-1]) * 1024


def test_a_bare_install_says_which_extra_to_add(tmp_path: Path) -> None:
    """Without what tables need the command says what to run, with status 2, and the other commands work."""
    code = (
        "import sys\nclass Refusing:\n    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'polars':\n            raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, Refusing())\nfrom bot.cli import main\nmain()\n"
    )
    source = csv_of(tmp_path / "a.csv", [GOOD])
    command = [sys.executable, "-c", code, "batch", str(source), str(tmp_path / "b.csv")]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(tmp_path), check=False)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert 'pip install "nengbao[bulk]"' in done.stderr
    other = subprocess.run([*command[:3], "policies", "list"], capture_output=True, text=True, env=environment(tmp_path), check=False)
    assert other.returncode == 0
