"""The keys of desks: shown once, kept as a hash, taken back at once, and not to be found by trying."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.desk import Book, Cases, Keys, Room, RoomError
from bot.desk.keys import MOST_OF_ALL, MOST_OF_ONE, PATIENCE
from tests.server import NENGBAO, ROOT, environment

FORM = re.compile(r"[2-9A-HJKMNP-Z]{5}(-[2-9A-HJKMNP-Z]{5}){3}")


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        """Seconds since 1970."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The time."""
    return Clock()


@pytest.fixture
def keys(tmp_path: Path, clock: Callable[[], float]) -> Keys:
    """The keys of a new room."""
    return Keys(Room(tmp_path), clock)


def test_a_key_opens_its_own_desk_however_it_is_typed(keys: Keys) -> None:
    """With small letters, without hyphens, with blanks: desk and owner are known; another village's key opens another desk."""
    mine, other = keys.add("李庄", "张三"), keys.add("王庄")
    assert FORM.fullmatch(mine)
    for typed in (mine, mine.lower(), mine.replace("-", ""), f" {mine.replace('-', ' ')} "):
        opened = keys.open(typed, "me").desk
        assert opened is not None
        assert (opened.name, opened.who, opened.key) == ("李庄", "张三", 1)
    opened = keys.open(other, "me").desk
    assert opened is not None
    assert opened.number == 2


def test_two_keys_of_one_village_open_one_desk(keys: Keys) -> None:
    """A second coordinator gets a key of their own."""
    numbers = {desk.number for key in (keys.add("李庄", "张三"), keys.add("李庄", "李四")) if (desk := keys.open(key, "me").desk)}
    assert len(numbers) == 1


def test_a_key_that_was_taken_back_opens_nothing(keys: Keys) -> None:
    """At once, typed or brought along; the other keys of the desk go on, and it is taken back once."""
    lost, kept = keys.add("李庄", "张三"), keys.add("李庄", "李四")
    assert keys.known(lost) is not None
    assert keys.revoke(1)
    assert not keys.revoke(1)
    assert not keys.revoke(7)
    assert keys.known(lost) is None
    assert keys.open(lost, "me").desk is None
    assert keys.known(kept) is not None


def test_who_misses_five_times_waits_even_with_a_right_key(keys: Keys, clock: Clock) -> None:
    """For a quarter of an hour; others are let in meanwhile, and so are those who opened it before."""
    key = keys.add("李庄")
    for _ in range(MOST_OF_ONE):
        assert not keys.open("WRONG", "thief").locked
    assert keys.open(key, "thief").locked
    assert keys.open(key, "me").desk is not None
    assert keys.known(key) is not None
    clock.now += PATIENCE + 1
    assert keys.open(key, "thief").desk is not None


def test_many_who_miss_keep_nobody_out_who_has_a_key(keys: Keys) -> None:
    """After fifty misses of whomever wrong keys are not even counted any more; a right one opens."""
    key = keys.add("李庄")
    for number in range(MOST_OF_ALL):
        assert not keys.open("WRONG", f"thief {number}").locked
    assert keys.open("WRONG", "another").locked
    assert keys.open(key, "me").desk is not None


def test_no_key_is_on_the_disk(keys: Keys, tmp_path: Path) -> None:
    """Neither as it is shown nor without its hyphens; and nobody else on the machine may read the files."""
    key = keys.add("李庄")
    raw = b"".join(file.read_bytes() for file in (tmp_path / "desks").iterdir())
    assert key.encode() not in raw
    assert key.replace("-", "").encode() not in raw
    assert (tmp_path / "desks").stat().st_mode & 0o077 == 0
    assert {file.stat().st_mode & 0o077 for file in (tmp_path / "desks").iterdir()} == {0}


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    """By its name."""
    (tmp_path / "desks").mkdir()
    (tmp_path / "desks" / "keys.sqlite3").write_bytes(b"no database at all, but long enough to be looked at" * 100)
    with pytest.raises(RoomError, match=r"keys\.sqlite3"):
        Keys(Room(tmp_path)).all()


def nengbao(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command on a folder of its own."""
    return subprocess.run(
        [*NENGBAO, "desk", *words], capture_output=True, text=True, env=environment(folder), cwd=ROOT, timeout=60, check=False
    )


def test_the_command_makes_lists_and_takes_back(tmp_path: Path) -> None:
    """The key alone is on standard output, once; the list knows its number and days and not the key."""
    empty = nengbao(tmp_path, "key", "list")
    assert (empty.returncode, empty.stdout) == (0, "")
    made = nengbao(tmp_path, "key", "add", "李庄", "--who", "张三")
    assert FORM.fullmatch(made.stdout.strip())
    assert "只显示这一次" in made.stderr
    listed = nengbao(tmp_path, "key", "list").stdout
    assert listed.startswith("1\t李庄\t张三\t")
    assert made.stdout.strip() not in listed
    assert nengbao(tmp_path, "key", "revoke", "1").returncode == 0
    again = nengbao(tmp_path, "key", "revoke", "1")
    assert (again.returncode, again.stdout) == (2, "")
    assert "收回" in nengbao(tmp_path, "key", "list").stdout
    assert nengbao(tmp_path, "key", "add", " ").returncode == 2


def test_a_desk_is_thrown_away_alone(tmp_path: Path) -> None:
    """Its file is gone and its keys open nothing; the other desk is as it was. It is asked first, and a name that is not there is told."""
    room = Room(tmp_path)
    keys = Keys(room)
    mine, other = keys.add("李庄", "张三"), keys.add("王庄", "李四")
    for key in (mine, other):
        desk = keys.known(key)
        assert desk is not None
        Cases(Book(room, desk)).open("3号院", "2026-03-01", "住院了")
    refused = subprocess.run(
        [*NENGBAO, "desk", "delete", "李庄"], input="n\n", capture_output=True, text=True, env=environment(tmp_path), cwd=ROOT, check=False
    )
    assert refused.returncode == 1
    assert room.path_of(1).exists()
    assert nengbao(tmp_path, "delete", "李庄", "--yes").returncode == 0
    assert not list(room.folder.glob("desk-1.*"))
    assert keys.known(mine) is None
    kept = keys.known(other)
    assert kept is not None
    assert [case.person for case in Cases(Book(room, kept)).all()] == ["3号院"]
    assert nengbao(tmp_path, "delete", "赵庄", "--yes").returncode == 2


def test_desks_are_copied_while_they_are_written_to(tmp_path: Path) -> None:
    """Keys and desks, each whole, for nobody else to read; a copy brought back is the desk as it was. Without desks this is said."""
    room, folder = Room(tmp_path / "data"), tmp_path / "copy"
    none = nengbao(tmp_path / "empty", "backup", str(folder))
    assert (none.returncode, "还没有桌子" in none.stderr) == (2, True)
    keys = Keys(room)
    key = keys.add("李庄", "张三")
    desk = keys.known(key)
    assert desk is not None
    Cases(Book(room, desk)).open("3号院", "2026-03-01", "住院了")
    with room.desk(desk.number):
        done = nengbao(tmp_path / "data", "backup", str(folder))
    assert (done.returncode, "2 个文件" in done.stdout) == (0, True), done.stderr
    assert {file.name: oct(file.stat().st_mode & 0o777) for file in folder.iterdir()} == {
        "keys.sqlite3": "0o600",
        "desk-1.sqlite3": "0o600",
    }
    Cases(Book(room, desk)).open("5号院", "2026-03-02", "后来的")
    room.delete(desk.number)
    (folder / "desk-1.sqlite3").rename(room.path_of(desk.number))
    assert [case.person for case in Cases(Book(room, desk)).all()] == ["3号院"]
    assert nengbao(tmp_path / "data", "backup", str(folder)).returncode == 0
