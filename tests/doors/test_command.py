"""The command line: exit status, what goes to standard output, and clear lines for what cannot be."""

import json
import os
import pty
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server import NENGBAO, ROOT, Server, environment

CASE = ["--place", "anhui-bozhou", "--category", "subsistence_allowance", "--facility", "county", "--total", "20000", "--self-funded", "0"]


def run(*words: str, data_dir: Path, given: str | None = None, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the command and wait."""
    return subprocess.run(
        [*NENGBAO, *words], input=given, capture_output=True, text=True, env=environment(data_dir) | more, timeout=60, check=False
    )


def test_estimate_prints_one_json_document(tmp_path: Path) -> None:
    """--format json prints the contract's estimate and nothing else."""
    done = run("estimate", *CASE, "--format", "json", data_dir=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["out_of_pocket"]["amount"] == "1100.00"


def test_estimate_starts_without_what_only_a_talk_needs() -> None:
    """The words that are understood take as long to read as all packs; a command that is given keys has no use for them."""
    command = f"main({['estimate', *CASE]!r}, standalone_mode=False)"
    code = f"import sys; from bot.cli import main; {command}; sys.exit('bot.understanding' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, timeout=60, check=False).returncode == 0


def test_estimate_reads_a_case_from_standard_input(tmp_path: Path) -> None:
    """--json - takes a whole case; options given beside it win."""
    case = {"place": "anhui-bozhou", "category": "ordinary", "facility": "county", "total": 20000, "self_funded": 0}
    done = run("estimate", "--json", "-", "--category", "subsistence_allowance", data_dir=tmp_path, given=json.dumps(case))
    assert done.returncode == 0
    assert done.stdout.startswith("大约能报 18,900 元，自己掏 1,100 元。")


@pytest.mark.parametrize("change", [["--total", "-1"], ["--category", "rich"], ["--place", "atlantis"], ["--age", "x"], ["--nonsense"]])
def test_a_wrong_request_is_status_2_with_nothing_on_stdout(tmp_path: Path, change: list[str]) -> None:
    """The message goes to standard error and is no stack trace."""
    done = run("estimate", *CASE, *change, data_dir=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr
    assert "Traceback" not in done.stderr


def test_a_refusal_is_an_answer_with_status_0(tmp_path: Path) -> None:
    """A day before the rules is refused by name."""
    done = run("estimate", *CASE, "--on", "2018-06-01", data_dir=tmp_path)
    assert done.returncode == 0
    assert "我这里还没有" in done.stdout


def test_policies_are_listed_shown_and_checked(tmp_path: Path) -> None:
    """List names the edition, show every figure with basis, check finds nothing wrong with our own packs."""
    assert "anhui-bozhou/2022" in run("policies", "list", data_dir=tmp_path).stdout
    assert "medical_aid.deductible.monitored" in run("policies", "show", "anhui-bozhou/2022", data_dir=tmp_path).stdout
    assert run("policies", "check", data_dir=tmp_path).returncode == 0
    assert run("policies", "show", "anhui-bozhou/1999", data_dir=tmp_path).returncode == 2


def test_hand_worked_cases_are_settled(tmp_path: Path) -> None:
    """Rows that hold are counted with status 0; one that does not is a line file:line:column and status 1."""
    rows = ROOT / "tests" / "engine" / "tables" / "henan-puyang-2022.yaml"
    assert run("policies", "cases", str(rows), data_dir=tmp_path).returncode == 0
    wrong = tmp_path / "rows.yaml"
    wrong.write_text(rows.read_text(encoding="utf-8").replace('basic: "17735.00"', 'basic: "1.00"', 1), encoding="utf-8")
    done = run("policies", "cases", str(wrong), data_dir=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "`basic` comes to 17735.00, expected 1.00" in done.stderr


def test_check_prints_every_mistake_with_its_place(tmp_path: Path) -> None:
    """A broken pack is status 1 and each mistake a line file:line:column."""
    bad = ROOT / "tests" / "bad" / "several_at_once.yaml"
    done = run("policies", "check", str(bad), data_dir=tmp_path)
    assert done.returncode == 1
    assert len([line for line in done.stderr.splitlines() if line.startswith(f"{bad}:")]) == 2


def test_a_broken_pack_keeps_the_server_from_starting(tmp_path: Path) -> None:
    """The server says what is wrong and exits with 1 before it opens anything."""
    place = tmp_path / "packs" / "somewhere"
    place.mkdir(parents=True)
    (place / "2022.yaml").write_text((ROOT / "tests" / "bad" / "points_for_a_factor.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    done = run("serve", "--port", "0", data_dir=tmp_path / "data", NENGBAO_POLICIES=str(tmp_path / "packs"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "is in points, expected factor" in done.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [("RETENTION_DAYS", "abc"), ("RETENTION_DAYS", "-5"), ("CLIENT_RATE", "0"), ("CONVERSATION_RATE", "nan"), ("CLIENT_BURST", "x")],
)
def test_a_setting_that_cannot_be_used_is_one_clear_line(tmp_path: Path, name: str, value: str) -> None:
    """The line names the setting and not its value, and nothing is started."""
    done = run("serve", "--port", "0", data_dir=tmp_path / "data", **{f"NENGBAO_{name}": value})
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
    assert f"NENGBAO_{name}" in done.stderr
    assert not (tmp_path / "data").exists()


def test_json_that_cannot_be_read_is_status_2(tmp_path: Path) -> None:
    """Endless nesting is a wrong request and no stack trace."""
    done = run("estimate", "--json", "-", data_dir=tmp_path, given="[" * 100_000)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)


def test_a_pack_outside_its_place_is_named(tmp_path: Path) -> None:
    """A pack lying directly in a folder of packs is an error and not passed over; `check` looks into the folders in use."""
    (tmp_path / "2022.yaml").write_text((ROOT / "data/policies/anhui-bozhou/2022.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    listed = run("policies", "list", data_dir=tmp_path, NENGBAO_POLICIES=str(tmp_path))
    assert "stands directly in the folder" in listed.stderr
    assert run("policies", "check", data_dir=tmp_path, NENGBAO_POLICIES=str(tmp_path)).returncode == 1


def test_a_full_disk_behind_the_screen_is_one_clear_line(tmp_path: Path) -> None:
    """A talk whose words cannot be written ends without a stack trace."""
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*NENGBAO, "talk"], input="你好\n", stdout=full, stderr=subprocess.PIPE, text=True, env=environment(tmp_path), check=False
        )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_a_busy_port_is_one_clear_line(tmp_path: Path) -> None:
    """The line says which address is taken and what to do."""
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        done = run("serve", "--port", str(busy.getsockname()[1]), data_dir=tmp_path)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
    assert "换一个端口" in done.stderr


def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    """The line names the file and what to do."""
    (tmp_path / "file").write_text("")
    done = run("serve", "--port", "0", "--data-dir", str(tmp_path / "file"), data_dir=tmp_path)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
    assert "--data-dir" in done.stderr


def test_a_file_that_is_no_database_is_one_clear_line(tmp_path: Path) -> None:
    """A foreign file in the store's place is left alone."""
    (tmp_path / "nengbao.sqlite3").write_text("not a database " * 100)
    done = run("serve", "--port", "0", data_dir=tmp_path)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)


def test_ctrl_c_ends_the_server_cleanly(server: Server) -> None:
    """SIGINT ends it with status 0 and no stack trace."""
    assert server.stop() == 0
    assert "Traceback" not in (server.data_dir / "server.log").read_text()


def test_ctrl_c_ends_a_talk_cleanly(tmp_path: Path) -> None:
    """At the keyboard Ctrl-C leaves without a stack trace and with status 0."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*NENGBAO, "talk"], stdin=theirs, stdout=theirs, stderr=theirs, env=environment(tmp_path), start_new_session=True
    )
    os.close(theirs)
    shown = b""
    while "别的地方".encode() not in shown:
        shown += os.read(ours, 4096)
    process.send_signal(signal.SIGINT)
    status = process.wait(timeout=20)
    os.close(ours)
    assert status == 0
    assert b"Traceback" not in shown


def test_a_terminal_talk_can_be_gone_on_with(tmp_path: Path) -> None:
    """An unknown number of a talk is status 2."""
    done = run("talk", "--conversation", "gone", data_dir=tmp_path, given="你好\n")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
