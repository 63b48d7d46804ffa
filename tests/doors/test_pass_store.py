"""The digits that carry a talk, as the store keeps them: hashed, for ten minutes, never for two talks."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.store import Change, ConflictError, SqliteStore, passes


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """A store on a new file."""
    opened = SqliteStore(tmp_path / "talks.sqlite3")
    yield opened
    opened.close()


async def test_digits_end_after_ten_minutes(store: SqliteStore, tmp_path: Path) -> None:
    """A second after it they lead nowhere; only a keyed hash of them was ever on disk."""
    await store.keep(Change("talk", 0, b"{}", 1, "m1", b"{}", code="123456"))
    assert (await store.redeem("123456", "m2", "somebody", None)).key == "talk"
    assert b"123456" not in await asyncio.to_thread(_raw, tmp_path)
    await store.keep(Change("talk", 1, b"{}", 2, "m3", b"{}", code="654321"))
    await asyncio.to_thread(_age, tmp_path / "talks.sqlite3", passes.LIFE + 1)
    assert await store.redeem("654321", "m4", "somebody", None) == passes.Carried(None)


def _raw(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


def _age(path: Path, seconds: int) -> None:
    """Let the codes of a store be older than they are."""
    with sqlite3.connect(path) as other:
        other.execute("UPDATE passes SET at = at - ?", (seconds,))
    other.close()


async def test_two_talks_never_have_the_same_digits(store: SqliteStore) -> None:
    """A turn that would give away digits of another talk is refused whole, and played again with others."""
    await store.keep(Change("one", 0, b"{}", 1, "m1", b"{}", code="123456"))
    with pytest.raises(ConflictError):
        await store.keep(Change("two", 0, b"{}", 1, "m2", b"{}", code="123456"))
    assert await store.load("two") is None
