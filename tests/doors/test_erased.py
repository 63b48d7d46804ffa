"""What was erased is gone from the disk too: the bytes of the database, its log and its index are read."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.server import UNLIMITED, Server, key_of

SLICE = 16


def raw(folder: Path) -> bytes:
    """Every byte that the store has on the disk."""
    return b"".join(file.read_bytes() for file in sorted(folder.glob("nengbao.sqlite3*")))


def asked(folder: Path, query: str, *values: object) -> list[bytes]:
    """One column of the store."""
    with closing(sqlite3.connect(folder / "nengbao.sqlite3")) as store:
        return [row[0] for row in store.execute(query, values)]


def replies(folder: Path, conversation: str, *, others: bool = False) -> list[bytes]:
    """The replies of a talk, or of all others, as they are on the disk."""
    query = f"SELECT reply FROM turns t JOIN conversations c ON c.id = t.conversation WHERE key {'<>' if others else '='} ?"
    return asked(folder, query, key_of(conversation))


def slices(blobs: list[bytes]) -> set[bytes]:
    """The blobs in small pieces, so that a part of one is found too."""
    return {blob[start : start + SLICE] for blob in blobs for start in range(0, len(blob) - SLICE + 1, SLICE)}


def found(folder: Path, needles: set[bytes]) -> set[bytes]:
    """Which of them are on the disk."""
    whole = raw(folder)
    return {needle for needle in needles if needle in whole}


def until(true: Callable[[], object]) -> None:
    """Wait for something that comes."""
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.05)


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[Server]:
    """A server on which forty others talk as well, so that pages are split and moved."""
    server = Server(tmp_path, **UNLIMITED)
    server.start()
    yield server
    server.stop()


def others_talk(server: Server, name: str) -> None:
    """Forty people ask about the same bill."""
    for number in range(40):
        server.turn(message_id=f"{name}-{number}", text="濮阳普通居民，市医院花了21000", place="henan-puyang")


def talk(server: Server) -> str:
    """A talk with several estimates, between those of others; its id."""
    first = server.turn(message_id="mine-0", text="亳州低保，县医院花了32765.43元，自费1234.56元")
    others_talk(server, "before")
    for number, text in enumerate(("45678.91元", "特困", "省里的医院", "78912.34元"), 1):
        server.turn(message_id=f"mine-{number}", conversation=first["conversation"], text=text)
    others_talk(server, "between")
    return str(first["conversation"])


def needles_of(folder: Path, conversation: str) -> set[bytes]:
    """Pieces that only this talk has, and that are on the disk now."""
    theirs = b"".join(replies(folder, conversation, others=True))
    mine = {piece for piece in slices(replies(folder, conversation)) if piece not in theirs}
    words = {b"extreme_poverty", b"7891234", b"78912.34", b"32765.43", b"3276543", b"45678.91", b"4567891", b"123456", b"1234.56"}
    said = found(folder, words)
    assert b"extreme_poverty" in said
    assert any(b"78912" in each for each in said)
    assert len(mine) > 100
    assert found(folder, mine) == mine
    return mine | said


def test_nothing_of_a_forgotten_talk_is_left_on_the_disk(busy: Server) -> None:
    """Amounts, categories and replies of a talk are in the files before 忘掉我 and nowhere in them afterwards."""
    conversation = talk(busy)
    needles = needles_of(busy.data_dir, conversation)
    gone = busy.turn(message_id="mine-9", conversation=conversation, text="忘掉我")
    assert gone["erased"]
    until(lambda: not found(busy.data_dir, needles))
    others_talk(busy, "after")
    assert found(busy.data_dir, needles) == set()


def test_nothing_of_a_swept_talk_is_left_on_the_disk(busy: Server) -> None:
    """The same after its days are over and the server has swept."""
    conversation = talk(busy)
    needles = needles_of(busy.data_dir, conversation)
    with closing(sqlite3.connect(busy.data_dir / "nengbao.sqlite3", isolation_level=None)) as store:
        store.execute("UPDATE conversations SET used = 0 WHERE key = ?", (key_of(conversation),))
    busy.kill()
    assert found(busy.data_dir, needles) == needles
    busy.start()
    until(lambda: not asked(busy.data_dir, "SELECT key FROM conversations WHERE key = ?", key_of(conversation)))
    until(lambda: not found(busy.data_dir, needles))
    assert len(asked(busy.data_dir, "SELECT key FROM conversations")) == 80


def test_a_reader_delays_the_cleaning_and_does_not_prevent_it(busy: Server) -> None:
    """While somebody copies the store the log cannot be emptied; the talk is answered all the same, and afterwards nothing is left."""
    conversation = talk(busy)
    needles = needles_of(busy.data_dir, conversation)
    with closing(sqlite3.connect(f"file:{busy.data_dir / 'nengbao.sqlite3'}?mode=ro", uri=True, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM turns").fetchone()
        assert busy.turn(message_id="mine-9", conversation=conversation, text="忘掉我")["erased"]
        assert found(busy.data_dir, needles)
        assert busy.turn(message_id="later", text="两万")["turn"] == 1
    until(lambda: not found(busy.data_dir, needles))
