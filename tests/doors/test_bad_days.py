"""Days on which the disk fails a real server: it says so on /readyz, loses nothing it answered, and goes on once the cause is gone."""

import json
import os
import resource
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.server import NENGBAO, ROOT, UNLIMITED, Server, environment

#: No limit of ours may stand in the way of the disk's.
STORE = "nengbao.sqlite3"


class Talk:
    """One talk that remembers what it was answered."""

    def __init__(self, server: Server, name: str = "a") -> None:
        self.server, self.name = server, name
        self.conversation: str | None = None
        self.told: list[dict[str, Any]] = []

    def say(self) -> int:
        """Say the next thing, or once more what was not answered; the status."""
        status, answer = self._send(len(self.told))
        if status == 200:
            self.conversation = answer["conversation"]
            self.told.append(answer)
        return status

    def say_until_refused(self) -> int:
        """Say one thing after the other until one of them is not taken; its status."""
        for _ in range(1000):
            if (status := self.say()) != 200:
                return status
        raise AssertionError("everything was taken")

    def everything_is_known(self) -> bool:
        """Whether each message, sent again, gets the answer it had."""
        return [self._send(number) for number in range(len(self.told))] == [(200, answer) for answer in self.told]

    def _send(self, number: int) -> tuple[int, Any]:
        said = {"conversation": self.conversation} if number and self.conversation else {}
        message = {"message_id": f"{self.name}-{number}", "text": "低保，在县医院，两万", "place": "anhui-bozhou", **said}
        return self.server.post("/api/v1/turn", message)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of three megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a disk of its own cannot be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def readiness(server: Server) -> tuple[int, dict[str, Any], str | None]:
    """Status, answer and Retry-After of /readyz."""
    try:
        with urllib.request.urlopen(f"{server.address}/readyz", timeout=20) as response:
            return response.status, json.load(response), response.headers["Retry-After"]
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error), error.headers["Retry-After"]


def says(server: Server, trouble: str) -> bool:
    """Whether /readyz names a trouble, and when to come again."""
    status, answer, again = readiness(server)
    assert (answer["error"]["code"], again) == ("unavailable", "5") if status == 503 else again is None
    return (status, answer["store"]) == (503, trouble)


def log_of(server: Server) -> list[dict[str, Any]]:
    """The lines the server has logged."""
    lines = (server.data_dir / "server.log").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]


def until(true: Any) -> None:
    """Wait for something that comes."""
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.02)


def fill(folder: Path) -> Path:
    """A file that takes what room is left."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while file.write(bytes(size)):
                    pass
            except OSError:
                continue
    return filler


def test_a_full_disk_refuses_turns_until_there_is_room_again(small_disk: Path) -> None:
    """503 and `full` while there is no room, also for the log; then turns go on without a new start, and none that was answered is lost."""
    server = Server(small_disk, **UNLIMITED)
    server.start()
    talk = Talk(server)
    assert [talk.say() for _ in range(3)] == [200] * 3
    filler = fill(small_disk)
    assert talk.say_until_refused() == 503
    assert says(server, "full")
    assert server.get("/healthz")[0] == 200
    assert talk.everything_is_known()
    filler.unlink()
    assert talk.say() == 200
    assert readiness(server)[1]["store"] == "ok"
    server.kill()
    server.start()
    assert talk.everything_is_known()
    assert talk.say() == 200
    assert server.stop() == 0


def test_a_full_disk_is_seen_before_anybody_is_refused(small_disk: Path) -> None:
    """/readyz tries by itself whether a turn could be kept, and notices by itself that there is room again."""
    server = Server(small_disk)
    server.start()
    until(lambda: readiness(server)[0] == 200)
    filler = fill(small_disk)
    until(lambda: says(server, "full"))
    filler.unlink()
    until(lambda: readiness(server)[0] == 200)
    assert server.stop() == 0


def test_an_error_of_the_disk_passes(server: Server) -> None:
    """While the system refuses every write turns get 503 and /readyz says `disk`; afterwards the same message is taken."""
    talk = Talk(server)
    assert talk.say() == 200
    _, most = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (0, most))
    assert talk.say_until_refused() == 503
    assert says(server, "disk")
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (most, most))
    assert talk.say() == 200
    assert readiness(server)[0] == 200
    assert talk.everything_is_known()


@contextmanager
def unchangeable(*files: Path) -> Iterator[None]:
    """Files that nobody may write, also who has them open. Skips where the disk does not know that."""
    probe = files[0].with_name("probe")
    with probe.open("wb", buffering=0) as file:
        done = subprocess.run(["chattr", "+i", str(probe)], capture_output=True, text=True, check=False)
        try:
            file.write(b"?")
            heeded = False
        except OSError:
            heeded = True
        subprocess.run(["chattr", "-i", str(probe)], capture_output=True, check=False)
    if not heeded:
        pytest.skip(f"files cannot be made unchangeable here: {done.stderr.strip() or 'this kind of disk does not heed it'}")
    subprocess.run(["chattr", "+i", *map(str, files)], check=True)
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", *map(str, files)], check=True)


def test_files_that_become_read_only_refuse_turns_until_they_can_be_written(server: Server) -> None:
    """503 and `read_only` while nothing may be written; reading goes on; then turns are taken again without a new start."""
    talk = Talk(server)
    assert talk.say() == 200
    with unchangeable(server.data_dir / STORE, server.data_dir / f"{STORE}-wal"):
        assert talk.say_until_refused() == 503
        assert says(server, "read_only")
        assert talk.everything_is_known()
    assert talk.say() == 200
    assert readiness(server)[0] == 200
    assert talk.everything_is_known()


def serve(folder: Path) -> subprocess.CompletedProcess[str]:
    """A server that is expected not to start."""
    command = [*NENGBAO, "serve", "--port", "0"]
    return subprocess.run(command, capture_output=True, text=True, env=environment(folder), cwd=ROOT, timeout=60, check=False)


def test_no_server_starts_on_a_read_only_disk(small_disk: Path) -> None:
    """One line says so and what to do; once the disk can be written it starts, and knows everything."""
    server = Server(small_disk)
    server.start()
    talk = Talk(server)
    talk.say()
    server.stop()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    done = serve(small_disk)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
    assert "只能读" in done.stderr
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    server.start()
    assert talk.everything_is_known()
    server.stop()


def nengbao(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command on the same folder."""
    command = [*NENGBAO, *words]
    return subprocess.run(command, capture_output=True, text=True, env=environment(folder), cwd=ROOT, timeout=60, check=False)


@pytest.fixture
def talked(tmp_path: Path) -> Iterator[tuple[Server, list[Talk]]]:
    """A server that has stopped after thirty talks, of which a backup was made."""
    server = Server(tmp_path, **UNLIMITED)
    server.start()
    talks = [Talk(server, f"t{number}") for number in range(30)]
    assert {talk.say() for talk in talks for _ in range(2)} == {200}
    assert nengbao(tmp_path, "store", "backup", str(tmp_path / "copy")).returncode == 0
    server.stop()
    yield server, talks
    server.stop()


def test_a_file_cut_short_is_not_opened(talked: tuple[Server, list[Talk]]) -> None:
    """One line tells that the file is damaged and what to do; brought back from the backup it answers as before."""
    server, talks = talked
    store = server.data_dir / STORE
    os.truncate(store, store.stat().st_size // 8192 * 4096)
    done = serve(server.data_dir)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
    assert "nengbao store check" in done.stderr
    assert "nengbao store restore" in done.stderr
    checked = nengbao(server.data_dir, "store", "check")
    assert (checked.returncode, "damaged" in checked.stdout) == (1, True)
    assert nengbao(server.data_dir, "store", "restore", str(server.data_dir / "copy")).returncode == 0
    server.start()
    assert all(talk.everything_is_known() for talk in talks)


def test_a_broken_page_stops_the_store(talked: tuple[Server, list[Talk]]) -> None:
    """The server notices by itself, logs one line with what to do, says `damaged`, and takes no turn any more."""
    server, talks = talked
    with (server.data_dir / STORE).open("r+b") as file:
        file.seek((server.data_dir / STORE).stat().st_size // 8192 * 4096)
        file.write(bytes(range(1, 129)))
    server.start()
    until(lambda: says(server, "damaged"))
    assert {talk.say() for talk in talks} == {503}
    told = [line["do"] for line in log_of(server) if line["event"] == "store_trouble"]
    assert len(told) == 1
    assert "nengbao store check" in told[0]
    assert "nengbao store restore" in told[0]
    assert nengbao(server.data_dir, "store", "check").returncode == 1


def test_a_changed_byte_in_a_talk_is_never_answered(talked: tuple[Server, list[Talk]]) -> None:
    """A category that changed on the disk, in a file that is built as it should be, gives 503 and not the answer to another question."""
    server, talks = talked
    store = server.data_dir / STORE
    store.write_bytes(store.read_bytes().replace(b'"subsistence_allowance"', b'"low_income_margin"    '))
    server.start()
    assert talks[0].say() == 503
    assert says(server, "damaged")
    checked = json.loads(nengbao(server.data_dir, "store", "check", "--format", "json").stdout)
    assert [problem["code"] for problem in checked["problems"]] == ["states"]
