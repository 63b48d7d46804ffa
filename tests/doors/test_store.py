"""The SQLite store: nothing is answered before it is on disk, and one change never spoils another."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.store import Change, ConflictError, SqliteStore, StoreError


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """A store on a new file."""
    opened = SqliteStore(tmp_path / "talks.sqlite3")
    yield opened
    opened.close()


def change(key: str, turn: int, version: int, **more: object) -> Change:
    """A change with a message of its own."""
    return Change(key, version, b"{}", turn, f"{key}-{turn}", f"reply {turn}".encode(), **more)  # type: ignore[arg-type]


async def test_what_is_kept_is_on_disk_for_another_reader(store: SqliteStore, tmp_path: Path) -> None:
    """After `keep` returns another connection sees the turn."""
    await store.keep(change("a", 1, 0))
    with sqlite3.connect(tmp_path / "talks.sqlite3") as other:
        assert other.execute("SELECT count(*) FROM turns").fetchone() == (1,)
    other.close()


async def test_every_commit_is_synced(store: SqliteStore) -> None:
    """The writing connection keeps its promises over a power cut: WAL with synchronous=FULL."""
    assert await store._do(lambda connection: connection.execute("PRAGMA synchronous").fetchone()) == (2,)
    assert await store._do(lambda connection: connection.execute("PRAGMA journal_mode").fetchone()) == ("wal",)


async def test_an_outdated_version_is_refused_alone(store: SqliteStore) -> None:
    """Of changes waiting together only the one with an old version is refused."""
    await store.keep(change("a", 1, 0))
    kept = await asyncio.gather(
        store.keep(change("a", 2, 1)), store.keep(change("a", 3, 1)), store.keep(change("b", 1, 0)), return_exceptions=True
    )
    assert [type(each) for each in kept] == [type(None), ConflictError, type(None)]
    assert [reply.decode() for reply in await store.replies_after("a", 0)] == ["reply 1", "reply 2"]


async def test_a_first_message_opens_one_conversation(store: SqliteStore) -> None:
    """Two openings by the same first message: the second is refused and finds the first."""
    await store.keep(change("a", 1, 0, opened_by="web\0m"))
    with pytest.raises(ConflictError):
        await store.keep(change("b", 1, 0, opened_by="web\0m"))
    kept = await store.opened("web\0m")
    assert kept is not None
    assert kept.key == "a"


async def test_erasing_leaves_only_the_newest_reply(store: SqliteStore) -> None:
    """A change that erases takes all earlier replies of its conversation with it, and no others."""
    await store.keep(change("a", 1, 0))
    await store.keep(change("b", 1, 0))
    await store.keep(change("a", 2, 1, erase=True))
    assert await store.replies_after("a", 0) == [b"reply 2"]
    assert await store.replies_after("b", 0) == [b"reply 1"]


async def test_what_was_erased_stays_taken(store: SqliteStore) -> None:
    """The ids of erased messages are remembered without their answers, so that one sent again is not played anew."""
    await store.keep(change("a", 1, 0))
    await store.keep(change("a", 2, 1, erase=True))
    assert await store.reply("a", "a-1") == b""
    assert await store.reply("a", "a-2") == b"reply 2"


async def test_one_piece_of_work_that_fails_takes_no_other_with_it(store: SqliteStore) -> None:
    """A number too large for the file fails alone; what waited with it is kept and the writer goes on."""
    kept = await asyncio.gather(
        store.keep(change("a", 1, 0)), store.keep(change("b", 2**70, 0)), store.keep(change("c", 1, 0)), return_exceptions=True
    )
    assert [type(each) for each in kept] == [type(None), StoreError, type(None)]
    assert await store.load("b") is None
    await store.keep(change("d", 1, 0))


async def test_unused_conversations_are_swept(store: SqliteStore, tmp_path: Path) -> None:
    """What nobody used for so many days is dropped with its turns."""
    await store.keep(change("old", 1, 0))
    await store.keep(change("new", 1, 0))
    await store._do(lambda connection: connection.execute("UPDATE conversations SET used = 0 WHERE key = 'old'"))
    assert await store.sweep(30) == 1
    assert await store.load("old") is None
    assert await store.load("new") is not None


async def test_a_change_that_cannot_be_written_is_an_error(store: SqliteStore) -> None:
    """When the table is gone the waiting change fails instead of pretending."""
    await store._do(lambda connection: connection.execute("DROP TABLE turns"))
    with pytest.raises(StoreError):
        await store.keep(change("a", 1, 0))
    assert await store.load("a") is None
