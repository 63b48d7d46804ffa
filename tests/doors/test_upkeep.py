"""`nengbao store`: a store is checked, copied and brought back without a word of what it holds, and nothing is ever left half-done."""

import asyncio
import fcntl
import json
import os
import pty
import re
import signal
import sqlite3
import stat
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from bot.store import Change, SqliteStore, StoreError
from bot.store.upkeep import UpkeepError, backup, check, restore
from tests.server import NENGBAO, ROOT, Server, environment, key_of

STORE = "nengbao.sqlite3"


def nengbao(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A `nengbao store` command."""
    command = [*NENGBAO, "store", *words]
    return subprocess.run(command, capture_output=True, text=True, env=environment(folder), cwd=ROOT, timeout=60, check=False)


async def fill(path: Path, talks: int = 3, turns: int = 2, reply: bytes = b"{}") -> None:
    """A store with some talks."""
    store = SqliteStore(path)
    for talk in range(talks):
        for turn in range(1, turns + 1):
            state = json.dumps({"turn": turn}).encode()
            await store.keep(Change(f"k{talk}", turn - 1, state, turn, f"{talk}-{turn}", reply))
    await store.code("k0")
    store.close()


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A file with three talks of two turns each."""
    asyncio.run(fill(tmp_path / STORE))
    return tmp_path / STORE


def change(path: Path, query: str) -> None:
    """Change a store behind its back."""
    with closing(sqlite3.connect(path, isolation_level=None)) as store:
        store.execute(query)


def keys(path: Path) -> list[str]:
    """The talks of a file."""
    with closing(sqlite3.connect(path)) as store:
        return [key for (key,) in store.execute("SELECT key FROM conversations ORDER BY key")]


def no_progress(_done: int, _total: int) -> None:
    """Nobody looks on."""


def nothing() -> None:
    """Nothing to be done before the last moment."""


def test_a_good_store_is_fine_and_counted(kept: Path) -> None:
    """Status 0, and how many of everything there are."""
    assert check(kept).problems == {}
    done = nengbao(kept.parent, "check", "--format", "json")
    assert done.returncode == 0
    assert json.loads(done.stdout) == {
        "status": "ok",
        "counts": {"conversations": 3, "turns": 6, "parcels": 0, "reports": 0},
        "problems": [],
    }


@pytest.mark.parametrize(
    ("code", "query"),
    [
        ("turns_without_talk", "DELETE FROM conversations WHERE key = 'k1'"),
        ("codes_without_talk", "UPDATE codes SET conversation = 99"),
        ("parcels_without_address", "INSERT INTO parcels VALUES (1, 'telegram', '', 'm', x'789cabae0500017500f9', 0, 0, 0)"),
        ("versions", "UPDATE conversations SET version = 7 WHERE key = 'k1'"),
        ("turn_numbers", "UPDATE turns SET turn = 5 WHERE message = '1-2'"),
        ("states", "UPDATE conversations SET state = x'7b' WHERE key = 'k1'"),
        ("states", "UPDATE conversations SET state = CAST(replace(CAST(state AS TEXT), '2', '3') AS BLOB) WHERE key = 'k1'"),
        ("replies", "UPDATE turns SET reply = x'00' WHERE message = '1-2'"),
        ("parcels", "INSERT INTO parcels VALUES (1, 'telegram', 'a', 'm', x'00', 0, 0, 0)"),
        ("tables", "DROP TABLE codes"),
    ],
)
def test_what_is_wrong_has_a_code(kept: Path, code: str, query: str) -> None:
    """Each kind of wrong row is found under its own code."""
    change(kept, query)
    assert set(check(kept).problems) == {code}


def test_a_file_that_is_no_store_is_broken(tmp_path: Path) -> None:
    """Text is damaged, an empty database lacks tables, no file is no store; each is status 1."""
    (tmp_path / STORE).write_text("not a database " * 100)
    assert check(tmp_path / STORE).problems == {"damaged": 1}
    (tmp_path / STORE).unlink()
    sqlite3.connect(tmp_path / STORE).close()
    change(tmp_path / STORE, "CREATE TABLE other (id INTEGER)")
    assert check(tmp_path / STORE).problems == {"tables": 5}
    (tmp_path / STORE).unlink()
    done = nengbao(tmp_path, "check")
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)


@pytest.mark.parametrize("lang", ["zh_CN", "zh_Hant", "en"])
def test_every_problem_has_words(tmp_path: Path, lang: str) -> None:
    """In each language, for each way in which rows can be wrong, and without any rules being read."""
    asyncio.run(fill(tmp_path / STORE))
    change(tmp_path / STORE, "UPDATE turns SET reply = x'00', turn = turn + 10")
    change(tmp_path / STORE, "UPDATE conversations SET state = x'00', version = 9")
    change(tmp_path / STORE, "UPDATE codes SET conversation = 99")
    done = nengbao(tmp_path, "check", "--lang", lang)
    assert (done.returncode, done.stderr) == (1, "")
    assert re.findall("^([a-z_]+): .", done.stdout, re.MULTILINE) == [
        "codes_without_talk",
        "versions",
        "turn_numbers",
        "states",
        "replies",
    ]


def test_a_check_says_nothing_of_what_talks_hold(tmp_path: Path) -> None:
    """Neither keys nor states nor replies are printed, however broken the file is."""
    asyncio.run(fill(tmp_path / STORE, reply=b'{"category": "extreme_poverty"}'))
    change(tmp_path / STORE, "UPDATE turns SET turn = 9 WHERE message = '1-2'")
    done = nengbao(tmp_path, "check", "--format", "json")
    assert not any(word in done.stdout + done.stderr for word in ("k1", "1-2", "extreme_poverty"))


def test_a_backup_is_whole_while_a_server_writes(server: Server, tmp_path: Path) -> None:
    """Copied while turns are being kept: one file for its owner alone, with every turn that was answered before."""
    talks = [key_of(server.turn(message_id=f"m{number}", text="低保", place="anhui-bozhou")["conversation"]) for number in range(20)]
    process = subprocess.Popen([*NENGBAO, "store", "backup", str(tmp_path / "copy")], env=environment(tmp_path), cwd=ROOT, stdout=-3)
    number = 20
    while process.poll() is None:
        server.turn(message_id=f"m{number}", text="低保", place="anhui-bozhou")
        number += 1
        time.sleep(0.05)
    assert process.returncode == 0
    assert set(talks) <= set(keys(tmp_path / "copy"))
    assert check(tmp_path / "copy").problems == {}
    assert stat.S_IMODE((tmp_path / "copy").stat().st_mode) == 0o600
    assert sorted(file.name for file in tmp_path.glob("*copy*")) == ["copy"]


def test_a_backup_replaces_a_file_only_when_told(kept: Path) -> None:
    """What stands there is left alone without --force, with status 2; with it, it is the new copy."""
    copy = kept.parent / "copy"
    copy.write_text("precious")
    refused = nengbao(kept.parent, "backup", str(copy))
    assert (refused.returncode, refused.stdout, copy.read_text()) == (2, "", "precious")
    assert nengbao(kept.parent, "backup", str(copy), "--force").returncode == 0
    assert keys(copy) == ["k0", "k1", "k2"]


def test_a_store_is_no_backup_of_itself(kept: Path) -> None:
    """Neither direction writes over the file it reads, whatever is forced."""
    for words in (("backup", str(kept), "--force"), ("restore", str(kept))):
        done = nengbao(kept.parent, *words)
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert keys(kept) == ["k0", "k1", "k2"]


def test_a_broken_store_is_not_called_backed_up(kept: Path) -> None:
    """What a check would find wrong is told, and no file is left that one could trust."""
    change(kept, "UPDATE turns SET reply = x'00' WHERE message = '1-2'")
    done = nengbao(kept.parent, "backup", str(kept.parent / "copy"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "replies: " in done.stderr
    assert list(kept.parent.glob("*copy*")) == []


def test_a_place_that_cannot_be_written_is_one_clear_line(kept: Path) -> None:
    """A folder that is not there, and a folder instead of a file."""
    for target in (kept.parent / "nowhere" / "copy", kept.parent):
        done = nengbao(kept.parent, "backup", str(target))
        assert (done.returncode != 0, done.stdout, len(done.stderr.splitlines())) == (True, "", 1)


def test_restoring_puts_the_copy_there_and_keeps_what_was(kept: Path) -> None:
    """The store is what it was when it was copied; what it was before is kept beside it with everything."""
    backup(kept, kept.parent / "copy", no_progress)
    asyncio.run(fill(kept.parent / "more", talks=5))
    kept.unlink()
    (kept.parent / "more").rename(kept)
    done = nengbao(kept.parent, "restore", str(kept.parent / "copy"))
    assert (done.returncode, done.stderr) == (0, "")
    assert keys(kept) == ["k0", "k1", "k2"]
    (before,) = kept.parent.glob(f"{STORE}.before-restore-*")
    assert str(before) in done.stdout
    assert keys(before) == ["k0", "k1", "k2", "k3", "k4"]


def test_restoring_takes_the_log_of_a_killed_server_along(server: Server) -> None:
    """Turns that stand only in the log of what was there are in what is kept of it, and never in the store that was brought back."""
    folder = server.data_dir
    server.turn(message_id="a", text="低保", place="anhui-bozhou")
    assert nengbao(folder, "backup", str(folder / "copy")).returncode == 0
    last = key_of(server.turn(message_id="b", text="低保", place="anhui-bozhou")["conversation"])
    server.kill()
    assert (folder / f"{STORE}-wal").stat().st_size > 0
    assert nengbao(folder, "restore", str(folder / "copy")).returncode == 0
    (before,) = folder.glob(f"{STORE}.before-restore-*")
    assert last in keys(before)
    server.start()
    assert last not in keys(folder / STORE)
    assert server.turn(message_id="c", text="两万")["turn"] == 1


def test_nothing_is_restored_under_a_running_server(server: Server) -> None:
    """Status 1 and one line while a server has the store; checking and copying are allowed meanwhile."""
    folder = server.data_dir
    assert nengbao(folder, "check").returncode == 0
    assert nengbao(folder, "backup", str(folder / "copy")).returncode == 0
    refused = nengbao(folder, "restore", str(folder / "copy"))
    assert (refused.returncode, refused.stdout, len(refused.stderr.splitlines())) == (1, "", 1)
    assert "nengbao serve" in refused.stderr
    assert list(folder.glob("*before-restore*")) == []


async def test_many_programs_may_have_one_store(kept: Path) -> None:
    """Two stores on one file both keep turns; while a copy is brought back none opens."""
    one, two = SqliteStore(kept), SqliteStore(kept)
    await one.keep(Change("x", 0, b"{}", 1, "x", b"{}"))
    await two.keep(Change("y", 0, b"{}", 1, "y", b"{}"))
    one.close()
    two.close()
    with kept.with_name(f"{STORE}.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(StoreError) as refused:
            SqliteStore(kept)
    assert refused.value.trouble == "restoring"


def test_a_copy_that_is_broken_is_not_brought_back(kept: Path) -> None:
    """It is told what is wrong with it; the store and its folder stay as they were."""
    copy = kept.parent / "copy"
    backup(kept, copy, no_progress)
    change(copy, "UPDATE turns SET turn = 9 WHERE message = '1-2'")
    before = {file.name: file.read_bytes() for file in kept.parent.iterdir()}
    done = nengbao(kept.parent, "restore", str(copy))
    assert (done.returncode, done.stdout) == (1, "")
    assert "turn_numbers: " in done.stderr
    assert {file.name: file.read_bytes() for file in kept.parent.iterdir()} == before


def test_a_copy_cut_short_is_not_brought_back(kept: Path) -> None:
    """Half a file is damaged, and the store stays."""
    copy = kept.parent / "copy"
    backup(kept, copy, no_progress)
    os.truncate(copy, copy.stat().st_size // 2)
    assert nengbao(kept.parent, "restore", str(copy)).returncode == 1
    assert keys(kept) == ["k0", "k1", "k2"]


def test_a_copy_comes_back_to_an_empty_machine(kept: Path, tmp_path: Path) -> None:
    """Without a store and without its folder; then nothing is kept aside, because there was nothing."""
    copy = tmp_path / "copy"
    backup(kept, copy, no_progress)
    assert nengbao(tmp_path / "new" / "folder", "restore", str(copy)).returncode == 0
    assert sorted(file.name for file in (tmp_path / "new" / "folder").iterdir()) == [STORE, f"{STORE}.lock"]
    assert keys(tmp_path / "new" / "folder" / STORE) == ["k0", "k1", "k2"]


def test_a_broken_store_can_be_replaced(kept: Path) -> None:
    """What cannot be read any more is kept byte for byte, and does not stand in the way."""
    backup(kept, kept.parent / "copy", no_progress)
    kept.write_bytes(b"nonsense" * 1000)
    assert nengbao(kept.parent, "restore", str(kept.parent / "copy")).returncode == 0
    (before,) = kept.parent.glob(f"{STORE}.before-restore-*")
    assert before.read_bytes() == b"nonsense" * 1000
    assert keys(kept) == ["k0", "k1", "k2"]


def stopped(_done: int, _total: int) -> None:
    """Ctrl-C in the middle of the copy."""
    raise KeyboardInterrupt


@pytest.mark.parametrize("how", ["backup", "restore"])
def test_ctrl_c_in_the_middle_leaves_everything_as_it_was(kept: Path, how: str) -> None:
    """No half file, no second name, the store as before."""
    backup(kept, kept.parent / "copy", no_progress)
    kept.with_name(f"{STORE}.lock").touch()
    before = {file.name: file.read_bytes() for file in kept.parent.iterdir()}
    work: dict[str, Callable[[], object]] = {
        "backup": lambda: backup(kept, kept.parent / "copy", stopped, force=True),
        "restore": lambda: restore(kept.parent / "copy", kept, stopped, nothing),
    }
    with pytest.raises(KeyboardInterrupt):
        work[how]()
    assert {file.name: file.read_bytes() for file in kept.parent.iterdir()} == before


def test_a_disk_that_fails_at_the_last_moment_leaves_everything_as_it_was(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the copy cannot be moved to its place, the store, with the log of a broken one, stands where it stood."""
    copy, log = kept.parent / "copy", kept.with_name(f"{STORE}-wal")
    backup(kept, copy, no_progress)
    kept.write_bytes(b"nonsense" * 1000)
    log.write_bytes(b"a log")
    kept.with_name(f"{STORE}.lock").touch()
    before = {file.name: file.read_bytes() for file in kept.parent.iterdir()}

    def fails(_temporary: Path, _path: Path) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("bot.store.upkeep.put", fails)
    with pytest.raises(OSError, match="Input/output"):
        restore(copy, kept, no_progress, nothing)
    assert {file.name: file.read_bytes() for file in kept.parent.iterdir()} == before


def test_a_second_copy_of_the_same_moment_gets_a_name_of_its_own(kept: Path) -> None:
    """What was kept at an earlier restoring is never written over."""
    backup(kept, kept.parent / "copy", no_progress)
    names = {restore(kept.parent / "copy", kept, no_progress, nothing)[1] for _ in range(3)}
    assert len(names) == 3
    assert len(list(kept.parent.glob("*before-restore*"))) == 3


def test_a_copy_knows_how_far_it_is(tmp_path: Path) -> None:
    """Progress grows from page to page up to all of them."""
    asyncio.run(fill(tmp_path / STORE, talks=40, turns=10, reply=json.dumps({"x": os.urandom(8000).hex()}).encode()))
    seen: list[tuple[int, int]] = []
    backup(tmp_path / STORE, tmp_path / "copy", lambda done, total: seen.append((done, total)))
    assert len(seen) > 1
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1]


def test_a_terminal_shows_a_bar_and_ctrl_c_ends_it_kindly(tmp_path: Path) -> None:
    """On a terminal the copy has a bar; Ctrl-C ends it with one line, status 1 and no file."""
    asyncio.run(fill(tmp_path / STORE, talks=60, turns=10, reply=json.dumps({"x": os.urandom(8000).hex()}).encode()))
    ours, theirs = pty.openpty()
    command = [*NENGBAO, "store", "backup", str(tmp_path / "copy")]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment(tmp_path), cwd=ROOT)
    os.close(theirs)
    shown = ""
    while "正在备份" not in shown:
        shown += os.read(ours, 4096).decode(errors="replace")
    process.send_signal(signal.SIGINT)
    try:
        while part := os.read(ours, 4096):
            shown += part.decode(errors="replace")
    except OSError:  # the other side has closed
        pass
    os.close(ours)
    status = process.wait(timeout=60)
    assert "Traceback" not in shown
    # It may have been done before the signal came.
    assert (status, (tmp_path / "copy").exists()) in {(1, False), (0, True)}
    assert list(tmp_path.glob(".copy*")) == []


def test_a_store_that_may_not_be_read_is_told_so(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the system is no damage: nobody is told to bring a backup back because of a permission."""

    def refused(*_: object, **__: object) -> sqlite3.Connection:
        error = sqlite3.OperationalError("unable to open database file")
        error.sqlite_errorcode = sqlite3.SQLITE_CANTOPEN
        raise error

    monkeypatch.setattr("bot.store.upkeep.sqlite3.connect", refused)
    with pytest.raises(UpkeepError, match="unreadable"):
        check(kept)
