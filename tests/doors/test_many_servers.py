"""Several servers on one PostgreSQL behind one port: whoever answers, the talk is the same, and one that is killed is not missed."""

import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from bot.store.postgres import check
from tests.doors.test_crash import PEOPLE, Person, wait_for_more
from tests.postgres import Postgres
from tests.server import UNLIMITED, Server

pytestmark = pytest.mark.xdist_group("postgres")


@pytest.fixture
def where(postgres: Postgres) -> str:
    """The address of a new database."""
    return postgres.database()


@pytest.fixture
def pair(where: str, tmp_path: Path) -> Iterator[tuple[Server, Server]]:
    """Two servers on one database and one port."""
    folders = [tmp_path / name for name in ("one", "other")]
    for folder in folders:
        folder.mkdir()
    one = Server(folders[0], "--share-port", NENGBAO_STORE=where, **UNLIMITED)
    other = Server(folders[1], "--share-port", port=one.port, NENGBAO_STORE=where, **UNLIMITED)
    for server in (one, other):
        server.start()
    yield one, other
    for server in (one, other):
        server.stop()


def turns_of(server: Server) -> int:
    """How many turns one of the two wrote into its log."""
    return (server.data_dir / "server.log").read_text().count('"/api/v1/turn"')


def test_one_talk_hops_between_two_servers(pair: tuple[Server, Server]) -> None:
    """Forty messages of one talk, each on a line of its own, are counted one by one, and both servers had their part in it."""
    one, other = pair
    first = one.turn(message_id="m0", text="亳州低保，在县医院花了两万")
    for number in range(1, 40):
        said = {"text": f"{number + 1}万"} if number % 2 else {"action": "help"}
        answer = one.turn(message_id=f"m{number}", conversation=first["conversation"], **said)
        assert answer["turn"] == number + 1
    assert one.turn(message_id="m0", text="亳州低保，在县医院花了两万") == first
    assert turns_of(one) + turns_of(other) == 41
    assert min(turns_of(one), turns_of(other)) > 0


def test_messages_of_one_talk_at_once_over_two_servers_are_counted_one_by_one(pair: tuple[Server, Server]) -> None:
    """Thirty messages sent at once by whomever: thirty turns, none lost and none double."""
    one, _ = pair
    first = one.turn(message_id="a", action="start")
    with ThreadPoolExecutor(10) as pool:
        sent = [pool.submit(one.turn, message_id=f"m{number}", conversation=first["conversation"], action="help") for number in range(30)]
    assert sorted(each.result()["turn"] for each in sent) == list(range(2, 32))


def test_one_of_two_servers_killed_again_and_again_is_not_missed(pair: tuple[Server, Server], where: str) -> None:
    """Eight people talk all the time; what was answered was kept, once, whichever server died in the middle of it."""
    chance, over = random.Random(9), Event()
    people = [Person(f"p{number}") for number in range(PEOPLE)]
    with ThreadPoolExecutor(PEOPLE) as pool:
        talks = [pool.submit(person.talk, pair[0], over) for person in people]
        try:
            for number in range(4):
                wait_for_more(people)
                time.sleep(chance.uniform(0, 0.2))
                pair[number % 2].kill()
                wait_for_more(people)  # with the other one alone
                pair[number % 2].start()
            wait_for_more(people)
        finally:
            over.set()
        for each in talks:
            each.result()
    for person in people:
        assert list(person.told.values()) == list(range(1, len(person.told) + 1))
    checked = check(where)
    assert checked.problems == {}
    assert checked.counts["turns"] == sum(len(person.told) for person in people)


def test_digits_are_used_once_on_whichever_server(pair: tuple[Server, Server]) -> None:
    """A talk is carried to somebody else over another line; the same digits a second time lead nowhere."""
    one, _ = pair
    first = one.turn(message_id="a", text="亳州低保，在县医院花了两万")
    given = one.turn(message_id="b", conversation=first["conversation"], text="换个地方接着说")
    digits = "".join(char for char in given["replies"][0]["text"] if char.isdigit())[:6]
    carried = one.turn(message_id="c", text=f"接着说 {digits}")
    assert carried["conversation"] == first["conversation"]
    again = [one.turn(message_id=f"d{number}", text=f"接着说 {digits}") for number in range(3)]
    assert all(answer["conversation"] != first["conversation"] for answer in again)
