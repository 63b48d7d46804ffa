"""What a store in PostgreSQL promises beyond what every store does: it comes back by itself, and what is secret stays so."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest

from bot.store import Change, StoreError
from bot.store.postgres import Postgres, PostgresStore, check
from bot.store.trouble import NOT_UTF8, UNREACHABLE
from tests.doors.test_store import change
from tests.postgres import Postgres as Cluster
from tests.server import NENGBAO, ROOT, environment

pytestmark = pytest.mark.xdist_group("postgres")


@pytest.fixture
def where(postgres: Cluster) -> str:
    """The address of a new database."""
    return postgres.database()


@pytest.fixture
async def pg_store(where: str) -> AsyncIterator[PostgresStore]:
    """A store in it."""
    opened = PostgresStore(where)
    yield opened
    opened.close()


async def test_every_commit_is_synced(pg_store: PostgresStore) -> None:
    """Also where the database is told not to: a session of ours waits for the disk."""
    assert await pg_store._do(lambda connection: connection.execute("SHOW synchronous_commit").fetchone()) == ("on",)


async def test_a_database_that_tells_too_early_is_set_right(postgres: Cluster) -> None:
    """`synchronous_commit = off` of a database is not ours."""
    address = postgres.database()
    name = address.rpartition("/")[2]
    await asyncio.to_thread(postgres.ask, f"ALTER DATABASE {name} SET synchronous_commit = off", database="postgres")
    store = PostgresStore(address)
    assert await store._do(lambda connection: connection.execute("SHOW synchronous_commit").fetchone()) == ("on",)
    store.close()


async def test_what_was_kept_is_there_after_the_database_was_killed(pg_store: PostgresStore, postgres: Cluster) -> None:
    """While it is away turns are refused, and the store says so; then it goes on, with everything it had told of."""
    await pg_store.keep(change("a", 1, 0))
    await asyncio.to_thread(postgres.kill)
    try:
        for work in (pg_store.load("a"), pg_store.keep(change("a", 2, 1))):
            with pytest.raises(StoreError) as refused:
                await work
            assert refused.value.trouble == UNREACHABLE
        assert await pg_store.ready() == UNREACHABLE
    finally:
        await asyncio.to_thread(postgres.start)
    assert await pg_store.ready() is None
    await pg_store.keep(change("a", 2, 1))
    assert await pg_store.replies_after("a", 0) == [b"reply 1", b"reply 2"]


async def test_a_line_that_broke_between_two_turns_is_not_noticed(pg_store: PostgresStore, postgres: Cluster) -> None:
    """Somebody ends all our sessions: the next turn and the next read take new ones."""
    await pg_store.keep(change("a", 1, 0))
    await asyncio.to_thread(_hang_up, postgres)
    assert await pg_store.load("a") is not None
    await pg_store.keep(change("a", 2, 1))


def _hang_up(postgres: Cluster) -> None:
    postgres.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'nengbao'", database="postgres")


async def test_a_role_is_lost_with_the_line(pg_store: PostgresStore, where: str, postgres: Cluster) -> None:
    """Whoever had it and was cut off finds that another one has it now."""
    other = PostgresStore(where)
    assert await pg_store.is_alone("bringer")
    await asyncio.to_thread(_hang_up_holders, postgres)
    assert await other.is_alone("bringer")
    assert not await pg_store.is_alone("bringer")
    other.close()


async def test_who_hangs_in_the_middle_of_writing_stops_nobody_for_ever(pg_store: PostgresStore, where: str, postgres: Cluster) -> None:
    """While another server holds the turn to write, ours waits; when that one is gone, however it went, ours is kept."""
    other = Postgres(where)
    with pytest.raises(psycopg.OperationalError), other.transaction():  # noqa: PT012 - it fails when it is left
        work = asyncio.create_task(pg_store.keep(change("a", 1, 0)))
        await asyncio.sleep(0.3)
        assert not work.done()
        await asyncio.to_thread(_hang_up_holders, postgres)
        await work
    other.close()


def _hang_up_holders(postgres: Cluster) -> None:
    query = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
    postgres.ask(query, database="postgres")


async def test_the_time_is_the_database_s(pg_store: PostgresStore, postgres: Cluster) -> None:
    """Not the clock of whichever server asks."""
    (seconds,) = (await asyncio.to_thread(postgres.ask, "SELECT extract(epoch FROM clock_timestamp())", database="postgres"))[0]
    assert abs(pg_store._clock.now() - float(seconds)) < 60


def test_an_address_is_told_without_its_password(postgres: Cluster) -> None:
    """Neither when nobody answers nor when it cannot be read."""
    for address in (
        f"postgresql://nengbao:geheim@127.0.0.1:{postgres.port}/nowhere",
        "postgresql://nengbao:geheim@127.0.0.1:1/talks",
        "postgresql://nengbao:geheim%@127.0.0.1:1/talks",
    ):
        with pytest.raises(StoreError) as refused:
            PostgresStore(address)
        assert "geheim" not in str(refused.value)


def test_a_database_that_cannot_hold_chinese_is_refused(postgres: Cluster) -> None:
    """Before anybody talks, and by name."""
    postgres.ask("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0", database="postgres")
    with pytest.raises(StoreError) as refused:
        PostgresStore(f"postgresql://nengbao@127.0.0.1:{postgres.port}/latin")
    assert refused.value.trouble == NOT_UTF8


async def test_a_check_finds_what_is_wrong(pg_store: PostgresStore, where: str) -> None:
    """As in a file: a wrong number, an answer that cannot be read, and nothing where all is well."""
    await pg_store.keep(Change("a", 0, b"{}", 1, "m", b"{}"))
    assert (await asyncio.to_thread(check, where)).problems == {}
    await pg_store._do(lambda connection: connection.execute("UPDATE turns SET reply = ?, turn = 3", (b"no",)))
    assert set((await asyncio.to_thread(check, where)).problems) == {"turn_numbers", "replies"}


def nengbao(folder: Path, where: str, *words: str) -> subprocess.CompletedProcess[str]:
    """A command on the store in a database."""
    env = environment(folder) | {"NENGBAO_STORE": where}
    return subprocess.run([*NENGBAO, *words], capture_output=True, text=True, env=env, cwd=ROOT, timeout=60, check=False)


def test_the_commands_of_a_store_know_a_database(where: str, tmp_path: Path) -> None:
    """A check reads it; reports are listed from it; copies are made by the database's own tools, which the command names."""
    PostgresStore(where).close()
    checked = nengbao(tmp_path, where, "store", "check", "--format", "json")
    assert checked.returncode == 0, checked.stderr
    assert json.loads(checked.stdout)["counts"]["turns"] == 0
    assert nengbao(tmp_path, where, "reports", "list").returncode == 0
    for words in (("backup", str(tmp_path / "copy")), ("restore", str(tmp_path / "copy"))):
        refused = nengbao(tmp_path, where, "store", *words)
        assert (refused.returncode, "pg_dump" in refused.stderr) == (2, True)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", [("serve", "--port", "0"), ("store", "check"), ("reports", "list")])
def test_a_database_that_is_not_there_ends_a_command_with_one_line(tmp_path: Path, command: tuple[str, ...]) -> None:
    """It says what cannot be reached and not the password, and nothing of a stack."""
    done = nengbao(tmp_path, "postgresql://nengbao:geheim@127.0.0.1:1/talks", *command)
    assert done.returncode == 1
    assert "127.0.0.1" in done.stderr
    assert "Traceback" not in done.stderr
    assert "geheim" not in done.stderr
    assert len(done.stderr.splitlines()) == 1
