"""The SQLite store: nothing is answered before it is on disk, and one change never spoils another."""

import asyncio
import contextlib
import os
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bot.store import Change, ConflictError, Parcel, SqliteStore, StoreError
from bot.store.clock import Moment

DAY = 86_400


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


class Clocks:
    """Clocks that are set by hand: days of the clock on the wall since 1970, and days of the steady one."""

    def __init__(self, wall: float) -> None:
        self.wall, self.steady = wall, 0.0

    def __call__(self) -> Moment:
        """One look at them."""
        return Moment(self.wall * DAY, self.steady * DAY)

    def go_on(self, days: float) -> None:
        """Both go on as they should."""
        self.wall += days
        self.steady += days

    def start_anew(self) -> None:
        """The machine starts again: its steady clock begins at nothing."""
        self.steady = 0.0


async def swept(path: Path, clocks: Clocks) -> int:
    """How many talks a sweep drops that come to their end after thirty days."""
    store = SqliteStore(path, clocks)
    count = await store.sweep(30)
    store.close()
    return count


async def keep_one(path: Path, clocks: Clocks, key: str) -> None:
    """Keep one talk and close."""
    store = SqliteStore(path, clocks)
    await store.keep(change(key, 1, 0))
    store.close()


async def test_talks_end_after_their_days(tmp_path: Path) -> None:
    """With clocks that go right a talk is there on the thirtieth day and gone on the thirty-first, over new starts."""
    path, clocks = tmp_path / "talks.sqlite3", Clocks(20_000)
    await keep_one(path, clocks, "a")
    clocks.go_on(29.9)
    clocks.start_anew()
    assert await swept(path, clocks) == 0
    clocks.go_on(0.2)
    assert await swept(path, clocks) == 1


async def test_a_clock_that_jumps_while_the_server_runs_changes_no_age(tmp_path: Path) -> None:
    """Neither back by years nor forward again: nothing is swept early, and everything at its time."""
    path, clocks = tmp_path / "talks.sqlite3", Clocks(20_000)
    store = SqliteStore(path, clocks)
    await store.keep(change("before", 1, 0))
    clocks.wall -= 4000
    await store.keep(change("behind", 1, 0))
    clocks.go_on(29)
    assert await store.sweep(30) == 0
    clocks.wall += 4000
    assert await store.sweep(30) == 0
    clocks.wall += 9000
    assert await store.sweep(30) == 0
    clocks.go_on(2)
    assert await store.sweep(30) == 2
    store.close()


async def test_a_machine_that_starts_in_the_past_sweeps_nothing_early(tmp_path: Path) -> None:
    """A start with a clock that is years behind, the right time an hour later, another start: every talk is as old as it is."""
    path, clocks = tmp_path / "talks.sqlite3", Clocks(20_000)
    await keep_one(path, clocks, "before")
    clocks.start_anew()
    clocks.wall = 10_950
    store = SqliteStore(path, clocks)
    await store.keep(change("behind", 1, 0))
    clocks.go_on(1 / 24)
    clocks.wall = 20_001
    await store.keep(change("right", 1, 0))
    store.close()
    clocks.start_anew()
    clocks.go_on(28)
    assert await swept(path, clocks) == 0
    clocks.go_on(3)
    assert await swept(path, clocks) == 3


async def test_a_clock_that_was_ahead_keeps_nothing_for_ever(tmp_path: Path) -> None:
    """What was kept while the clock was years ahead ends at its time once the clock is right again."""
    path, clocks = tmp_path / "talks.sqlite3", Clocks(23_000)
    await keep_one(path, clocks, "ahead")
    clocks.start_anew()
    clocks.wall = 20_000
    store = SqliteStore(path, clocks)
    await store.keep(change("right", 1, 0))
    clocks.go_on(29)
    assert await store.sweep(30) == 0
    clocks.go_on(2)
    assert await store.sweep(30) == 2
    store.close()


async def test_a_talk_dated_into_the_future_ends_too(store: SqliteStore) -> None:
    """Dates that another clock wrote are taken for today at the next sweep."""
    await store.keep(change("a", 1, 0))
    await store._do(lambda connection: connection.execute("UPDATE conversations SET used = used + 1000000000"))
    assert await store.sweep(30) == 0
    (used,) = await store._do(lambda connection: connection.execute("SELECT used FROM conversations").fetchone())
    assert used < 3_000_000_000 - 500_000_000


async def test_the_newest_code_works_whatever_the_clock_says(tmp_path: Path) -> None:
    """Old codes of a talk make room by their order; one made after the clock went back is not the first to go."""
    clocks = Clocks(20_000)
    store = SqliteStore(tmp_path / "talks.sqlite3", clocks)
    await store.keep(change("a", 1, 0))
    codes = []
    for _ in range(20):
        codes.append(await store.code("a"))
        clocks.go_on(1 / DAY)
    clocks.wall -= 4000
    newest = await store.code("a")
    assert newest is not None
    assert await store.key_of(newest) == "a"
    assert await store.key_of(str(codes[0])) is None
    store.close()


async def test_a_forgotten_answer_is_not_brought_any_more(store: SqliteStore) -> None:
    """What waits to be brought to somebody is gone when they ask to be forgotten; what others wait for is not."""
    parcels = [Parcel("telegram", "chat", f"a-{number}", f"answer {number}".encode()) for number in (1, 2)]
    await store.keep(change("a", 1, 0, parcel=parcels[0]))
    await store.keep(change("b", 1, 0, parcel=Parcel("telegram", "other", "b-1", b"for b")))
    await store.keep(change("a", 2, 1, erase=True, parcel=parcels[1]))
    assert [parcel.body for parcel in await store.parcels("telegram", "chat")] == [b"answer 2"]
    assert [parcel.body for parcel in await store.parcels("telegram", "other")] == [b"for b"]


async def test_a_state_that_changed_on_the_disk_stops_the_store(store: SqliteStore) -> None:
    """Its checksum tells; from then on nothing is read or written, and the store says why."""
    await store.keep(change("a", 1, 0))
    await store.keep(change("b", 1, 0))
    await store._do(lambda connection: connection.execute("UPDATE conversations SET state = x'010000000041' WHERE key = 'a'"))
    assert await store.load("b") is not None
    for work in (store.load("a"), store.load("b"), store.keep(change("b", 2, 1))):
        with pytest.raises(StoreError) as refused:
            await work
        assert refused.value.trouble == "damaged"
    assert await store.ready() == "damaged"


async def test_rows_from_before_checksums_are_read(store: SqliteStore) -> None:
    """A talk that an older version kept goes on."""
    await store.keep(change("a", 1, 0))
    await store._do(lambda connection: connection.execute("""UPDATE conversations SET state = CAST('{"turn":1}' AS BLOB)"""))
    kept = await store.load("a")
    assert kept is not None
    assert kept.state == b'{"turn":1}'


async def test_a_refused_version_is_no_proof_that_turns_can_be_kept(store: SqliteStore) -> None:
    """Trouble ends with something that was written, not with a transaction in which nothing was."""
    await store.keep(change("a", 1, 0))
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    store._health.failed(error)
    with pytest.raises(ConflictError):
        await store.keep(change("a", 2, 9))
    assert store._health.trouble == "full"
    await store.keep(change("a", 2, 1))
    assert store._health.trouble is None


async def test_a_store_is_for_its_owner_alone(store: SqliteStore, tmp_path: Path) -> None:
    """Nobody else on the machine reads the file or its log."""
    await store.keep(change("a", 1, 0))
    modes = [os.stat(tmp_path / f"talks.sqlite3{end}").st_mode & 0o077 for end in ("", "-wal", "-shm")]
    assert modes == [0, 0, 0]


async def test_a_look_at_the_file_ends_when_nobody_waits_for_it(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
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
    look = asyncio.create_task(store.examine())
    await begun.wait()
    await asyncio.sleep(0.2)
    look.cancel()
    with pytest.raises(asyncio.CancelledError):
        await look
    assert await asyncio.to_thread(ended.wait, 30)
    assert await store.ready() is None


async def test_a_store_that_others_keep_locked_refuses_all_who_wait_at_once(store: SqliteStore, tmp_path: Path) -> None:
    """Nobody waits for the end of everybody else's waiting, and the store says `busy` until it is free."""
    await store._do(lambda connection: connection.execute("PRAGMA busy_timeout = 100"))
    with contextlib.closing(sqlite3.connect(tmp_path / "talks.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        kept = await asyncio.gather(*(store.keep(change(f"k{number}", 1, 0)) for number in range(5)), return_exceptions=True)
        assert {each.trouble for each in kept if isinstance(each, StoreError)} == {"busy"}
        assert len(kept) == 5
        other.execute("ROLLBACK")
    assert await store.ready() is None
