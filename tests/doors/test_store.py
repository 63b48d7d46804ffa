"""The store, in SQLite and in PostgreSQL: nothing is answered before it is on disk, and one change never spoils another."""

import asyncio

import pytest

from bot.store import Change, ConflictError, Parcel, Store, StoreError
from bot.store.clock import Moment
from tests.doors.conftest import Opens

DAY = 86_400


def change(key: str, turn: int, version: int, **more: object) -> Change:
    """A change with a message of its own."""
    return Change(key, version, b"{}", turn, f"{key}-{turn}", f"reply {turn}".encode(), **more)  # type: ignore[arg-type]


async def test_an_outdated_version_is_refused_alone(store: Store) -> None:
    """Of changes waiting together only the one with an old version is refused."""
    await store.keep(change("a", 1, 0))
    kept = await asyncio.gather(
        store.keep(change("a", 2, 1)), store.keep(change("a", 3, 1)), store.keep(change("b", 1, 0)), return_exceptions=True
    )
    assert [type(each) for each in kept] == [type(None), ConflictError, type(None)]
    assert [reply.decode() for reply in await store.replies_after("a", 0)] == ["reply 1", "reply 2"]


async def test_a_first_message_opens_one_conversation(store: Store) -> None:
    """Two openings by the same first message: the second is refused and finds the first."""
    await store.keep(change("a", 1, 0, opened_by="web\nm"))
    with pytest.raises(ConflictError):
        await store.keep(change("b", 1, 0, opened_by="web\nm"))
    kept = await store.opened("web\nm")
    assert kept is not None
    assert kept.key == "a"


async def test_erasing_leaves_only_the_newest_reply(store: Store) -> None:
    """A change that erases takes all earlier replies of its conversation with it, and no others."""
    await store.keep(change("a", 1, 0))
    await store.keep(change("b", 1, 0))
    await store.keep(change("a", 2, 1, erase=True))
    assert await store.replies_after("a", 0) == [b"reply 2"]
    assert await store.replies_after("b", 0) == [b"reply 1"]


async def test_what_was_erased_stays_taken(store: Store) -> None:
    """The ids of erased messages are remembered without their answers, so that one sent again is not played anew."""
    await store.keep(change("a", 1, 0))
    await store.keep(change("a", 2, 1, erase=True))
    assert await store.reply("a", "a-1") == b""
    assert await store.reply("a", "a-2") == b"reply 2"


async def test_one_piece_of_work_that_fails_takes_no_other_with_it(store: Store) -> None:
    """A number too large for the file fails alone; what waited with it is kept and the writer goes on."""
    kept = await asyncio.gather(
        store.keep(change("a", 1, 0)), store.keep(change("b", 2**70, 0)), store.keep(change("c", 1, 0)), return_exceptions=True
    )
    assert [type(each) for each in kept] == [type(None), StoreError, type(None)]
    assert await store.load("b") is None
    await store.keep(change("d", 1, 0))


async def test_unused_conversations_are_swept(store: Store) -> None:
    """What nobody used for so many days is dropped with its turns."""
    await store.keep(change("old", 1, 0))
    await store.keep(change("new", 1, 0))
    await store._do(lambda connection: connection.execute("UPDATE conversations SET used = 0 WHERE key = 'old'"))
    assert await store.sweep(30) == 1
    assert await store.load("old") is None
    assert await store.load("new") is not None


async def test_a_change_that_cannot_be_written_is_an_error(store: Store) -> None:
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


async def swept(opens: Opens, clocks: Clocks) -> int:
    """How many talks a sweep drops that come to their end after thirty days."""
    store = opens(clocks)
    count = await store.sweep(30)
    store.close()
    return count


async def keep_one(opens: Opens, clocks: Clocks, key: str) -> None:
    """Keep one talk and close."""
    store = opens(clocks)
    await store.keep(change(key, 1, 0))
    store.close()


async def test_talks_end_after_their_days(opens: Opens) -> None:
    """With clocks that go right a talk is there on the thirtieth day and gone on the thirty-first, over new starts."""
    clocks = Clocks(20_000)
    await keep_one(opens, clocks, "a")
    clocks.go_on(29.9)
    clocks.start_anew()
    assert await swept(opens, clocks) == 0
    clocks.go_on(0.2)
    assert await swept(opens, clocks) == 1


async def test_a_clock_that_jumps_while_the_server_runs_changes_no_age(opens: Opens) -> None:
    """Neither back by years nor forward again: nothing is swept early, and everything at its time."""
    clocks = Clocks(20_000)
    store = opens(clocks)
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


async def test_a_machine_that_starts_in_the_past_sweeps_nothing_early(opens: Opens) -> None:
    """A start with a clock that is years behind, the right time an hour later, another start: every talk is as old as it is."""
    clocks = Clocks(20_000)
    await keep_one(opens, clocks, "before")
    clocks.start_anew()
    clocks.wall = 10_950
    store = opens(clocks)
    await store.keep(change("behind", 1, 0))
    clocks.go_on(1 / 24)
    clocks.wall = 20_001
    await store.keep(change("right", 1, 0))
    store.close()
    clocks.start_anew()
    clocks.go_on(28)
    assert await swept(opens, clocks) == 0
    clocks.go_on(3)
    assert await swept(opens, clocks) == 3


async def test_a_clock_that_was_ahead_keeps_nothing_for_ever(opens: Opens) -> None:
    """What was kept while the clock was years ahead ends at its time once the clock is right again."""
    clocks = Clocks(23_000)
    await keep_one(opens, clocks, "ahead")
    clocks.start_anew()
    clocks.wall = 20_000
    store = opens(clocks)
    await store.keep(change("right", 1, 0))
    clocks.go_on(29)
    assert await store.sweep(30) == 0
    clocks.go_on(2)
    assert await store.sweep(30) == 2
    store.close()


async def test_a_talk_dated_into_the_future_ends_too(store: Store) -> None:
    """Dates that another clock wrote are taken for today at the next sweep."""
    await store.keep(change("a", 1, 0))
    await store._do(lambda connection: connection.execute("UPDATE conversations SET used = used + 1000000000"))
    assert await store.sweep(30) == 0
    (used,) = await store._do(lambda connection: connection.execute("SELECT used FROM conversations").fetchone())
    assert used < 3_000_000_000 - 500_000_000


async def test_the_newest_code_works_whatever_the_clock_says(opens: Opens) -> None:
    """Old codes of a talk make room by their order; one made after the clock went back is not the first to go."""
    clocks = Clocks(20_000)
    store = opens(clocks)
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


async def test_a_forgotten_answer_is_not_brought_any_more(store: Store) -> None:
    """What waits to be brought to somebody is gone when they ask to be forgotten; what others wait for is not."""
    parcels = [Parcel("telegram", "chat", f"a-{number}", f"answer {number}".encode()) for number in (1, 2)]
    await store.keep(change("a", 1, 0, parcel=parcels[0]))
    await store.keep(change("b", 1, 0, parcel=Parcel("telegram", "other", "b-1", b"for b")))
    await store.keep(change("a", 2, 1, erase=True, parcel=parcels[1]))
    assert [parcel.body for parcel in await store.parcels("telegram", "chat")] == [b"answer 2"]
    assert [parcel.body for parcel in await store.parcels("telegram", "other")] == [b"for b"]


async def test_a_state_that_changed_on_the_disk_stops_the_store(store: Store) -> None:
    """Its checksum tells; from then on nothing is read or written, and the store says why."""
    await store.keep(change("a", 1, 0))
    await store.keep(change("b", 1, 0))
    await store._do(lambda connection: connection.execute("UPDATE conversations SET state = ? WHERE key = 'a'", (b"\x01\0\0\0\0A",)))
    assert await store.load("b") is not None
    for work in (store.load("a"), store.load("b"), store.keep(change("b", 2, 1))):
        with pytest.raises(StoreError) as refused:
            await work
        assert refused.value.trouble == "damaged"
    assert await store.ready() == "damaged"


async def test_rows_from_before_checksums_are_read(store: Store) -> None:
    """A talk that an older version kept goes on."""
    await store.keep(change("a", 1, 0))
    await store._do(lambda connection: connection.execute("UPDATE conversations SET state = ?", (b'{"turn":1}',)))
    kept = await store.load("a")
    assert kept is not None
    assert kept.state == b'{"turn":1}'


async def test_two_servers_on_one_store_keep_one_turn_of_each_number(opens: Opens) -> None:
    """Of two that play the same turn at once one is refused, again and again, and what both keep is there once."""
    one, other = opens(), opens()
    await one.keep(change("a", 1, 0))
    for turn in range(2, 30):
        kept = await asyncio.gather(one.keep(change("a", turn, turn - 1)), other.keep(change("a", turn, turn - 1)), return_exceptions=True)
        assert sorted(type(each).__name__ for each in kept) == ["ConflictError", "NoneType"]
    assert [reply.decode() for reply in await other.replies_after("a", 0)] == [f"reply {turn}" for turn in range(1, 30)]
    one.close()
    other.close()


async def test_what_somebody_takes_up_from_themselves_can_be_forgotten(store: Store) -> None:
    """Digits typed where they were given away lead to the same talk; forgetting it leaves the talk that says so."""
    await store.keep(change("me", 1, 0, code="123456"))
    assert (await store.redeem("123456", "m", "me", "me")).key == "me"
    await store.keep(change("me", 2, 1, erase=True))
    kept = await store.of_person("me")
    assert kept is not None
    assert kept.version == 2
    assert await store.replies_after("me", 0) == [b"reply 2"]


async def test_a_talk_taken_up_by_others_leaves_nothing_when_it_is_forgotten_elsewhere(store: Store) -> None:
    """Who goes on with a talk that its owner then drops for another and forgets, starts anew."""
    await store.keep(change("telegram:1", 1, 0, code="111111"))
    assert (await store.redeem("111111", "m1", "telegram:2", "telegram:2")).key == "telegram:1"
    await store.keep(change("web", 1, 0, code="222222"))
    assert (await store.redeem("222222", "m2", "telegram:1", "telegram:1")).key == "web"
    await store.keep(change("web", 2, 1, erase=True))
    assert await store.load("telegram:1") is None
    assert await store.of_person("telegram:2") is None


async def test_a_role_is_one_server_s_until_it_ends(opens: Opens) -> None:
    """The first who asks has it, however often it asks; the next gets it when that one is gone. Another role is free."""
    one, other = opens(), opens()
    assert [await one.is_alone("bringer"), await other.is_alone("bringer"), await one.is_alone("bringer")] == [True, False, True]
    assert await other.is_alone("another")
    one.close()
    assert await other.is_alone("bringer")
    other.close()
