"""What a store in a file of SQLite promises beyond what every store does: syncs, permissions, looks at the file, locks."""

import asyncio
import contextlib
import os
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bot.store import ConflictError, SqliteStore, StoreError
from tests.doors.test_store import change


@pytest.fixture
async def file_store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """A store on a new file."""
    opened = SqliteStore(tmp_path / "talks.sqlite3")
    yield opened
    opened.close()


async def test_what_is_kept_is_on_disk_for_another_reader(file_store: SqliteStore, tmp_path: Path) -> None:
    """After `keep` returns another connection sees the turn."""
    await file_store.keep(change("a", 1, 0))
    with sqlite3.connect(tmp_path / "talks.sqlite3") as other:
        assert other.execute("SELECT count(*) FROM turns").fetchone() == (1,)
    other.close()


async def test_every_commit_is_synced(file_store: SqliteStore) -> None:
    """The writing connection keeps its promises over a power cut: WAL with synchronous=FULL."""
    assert await file_store._do(lambda connection: connection.execute("PRAGMA synchronous").fetchone()) == (2,)
    assert await file_store._do(lambda connection: connection.execute("PRAGMA journal_mode").fetchone()) == ("wal",)


async def test_a_refused_version_is_no_proof_that_turns_can_be_kept(file_store: SqliteStore) -> None:
    """Trouble ends with something that was written, not with a transaction in which nothing was."""
    await file_store.keep(change("a", 1, 0))
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    file_store._health.failed(error)
    with pytest.raises(ConflictError):
        await file_store.keep(change("a", 2, 9))
    assert file_store._health.trouble == "full"
    await file_store.keep(change("a", 2, 1))
    assert file_store._health.trouble is None


async def test_a_store_is_for_its_owner_alone(file_store: SqliteStore, tmp_path: Path) -> None:
    """Nobody else on the machine reads the file or its log."""
    await file_store.keep(change("a", 1, 0))
    modes = [os.stat(tmp_path / f"talks.sqlite3{end}").st_mode & 0o077 for end in ("", "-wal", "-shm")]
    assert modes == [0, 0, 0]


async def test_a_look_at_the_file_ends_when_nobody_waits_for_it(file_store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that is told to end does not read a large file to its end, and takes nothing for damage because of that."""
    begun, ended = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def endless(path: Path, hand_over: Callable[[sqlite3.Connection], None]) -> Exception | None:
        with contextlib.closing(sqlite3.connect(path, check_same_thread=False)) as connection:
            hand_over(connection)
            loop.call_soon_threadsafe(begun.set)
            with pytest.raises(sqlite3.OperationalError, match="interrupted"):
                connection.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n").fetchone()
        ended.set()
        return None

    monkeypatch.setattr("bot.store.sqlite.first_damage", endless)
    look = asyncio.create_task(file_store.examine())
    await begun.wait()
    await asyncio.sleep(0.2)
    look.cancel()
    with pytest.raises(asyncio.CancelledError):
        await look
    assert await asyncio.to_thread(ended.wait, 30)
    assert await file_store.ready() is None


async def test_a_store_that_others_keep_locked_refuses_all_who_wait_at_once(file_store: SqliteStore, tmp_path: Path) -> None:
    """Nobody waits for the end of everybody else's waiting, and the store says `busy` until it is free."""
    await file_store._do(lambda connection: connection.execute("PRAGMA busy_timeout = 100"))
    with contextlib.closing(sqlite3.connect(tmp_path / "talks.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        kept = await asyncio.gather(*(file_store.keep(change(f"k{number}", 1, 0)) for number in range(5)), return_exceptions=True)
        assert {each.trouble for each in kept if isinstance(each, StoreError)} == {"busy"}
        assert len(kept) == 5
        other.execute("ROLLBACK")
    assert await file_store.ready() is None
