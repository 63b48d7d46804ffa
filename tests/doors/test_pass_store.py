"""The digits that carry a talk, as the store keeps them: hashed, for ten minutes, never for two talks."""

import asyncio
from pathlib import Path

import pytest

from bot.store import Change, ConflictError, SqliteStore, Store, passes


async def test_digits_end_after_ten_minutes(store: Store) -> None:
    """A second after it they lead nowhere."""
    await store.keep(Change("talk", 0, b"{}", 1, "m1", b"{}", code="123456"))
    assert (await store.redeem("123456", "m2", "somebody", None)).key == "talk"
    await store.keep(Change("talk", 1, b"{}", 2, "m3", b"{}", code="654321"))
    await store._do(lambda connection: connection.execute("UPDATE passes SET at = at - ?", (passes.LIFE + 1,)))
    assert await store.redeem("654321", "m4", "somebody", None) == passes.Carried(None)


async def test_digits_are_never_on_the_disk(tmp_path: Path) -> None:
    """Only a keyed hash of them is."""
    store = SqliteStore(tmp_path / "talks.sqlite3")
    await store.keep(Change("talk", 0, b"{}", 1, "m1", b"{}", code="123456"))
    assert (await store.redeem("123456", "m2", "somebody", None)).key == "talk"
    assert b"123456" not in await asyncio.to_thread(_raw, tmp_path)
    store.close()


def _raw(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


async def test_a_talk_takes_the_person_of_a_door_along(store: Store) -> None:
    """Who opens one that is not their own goes on in it from that very turn; when it is forgotten, so is what they had said before."""
    await store.keep(Change("wechat-1", 0, b"{}", 1, "m1", b"{}"))
    await store.keep(Change("desk", 0, b"[]", 1, "m2", b"{}", opened_by="m2", person="wechat-1"))
    of_person = await store.of_person("wechat-1")
    assert of_person is not None
    assert of_person.key == "desk"
    assert await store.reply("wechat-1", "m2") == b"{}"
    await store.keep(Change("desk", 1, b"[]", 2, "m3", b"{}", erase=True))
    assert await store.load("wechat-1") is None


async def test_two_talks_never_have_the_same_digits(store: Store) -> None:
    """A turn that would give away digits of another talk is refused whole, and played again with others."""
    await store.keep(Change("one", 0, b"{}", 1, "m1", b"{}", code="123456"))
    with pytest.raises(ConflictError):
        await store.keep(Change("two", 0, b"{}", 1, "m2", b"{}", code="123456"))
    assert await store.load("two") is None
