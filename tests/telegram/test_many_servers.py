"""Several servers on one store with one bot: one of them has the door, and another one takes it over when that one is gone."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.doors.conftest import KINDS
from tests.server import Server
from tests.telegram.botapi import BotApi
from tests.telegram.test_door import CHAT, agree, connected, newest, wait_for

#: Each costs a start and some ten seconds of waiting; `make soak` sets more.
ROUNDS = int(os.environ.get("NENGBAO_SWITCHES", "1"))


@pytest.fixture(params=KINDS)
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[BotApi, Server, Server]]:
    """A bot and two servers on one store of each kind, not started yet."""
    store = f"sqlite:///{tmp_path / 'talks.sqlite3'}" if request.param == "sqlite" else request.getfixturevalue("postgres").database()
    with BotApi() as api:
        servers = []
        for name in ("one", "other"):
            (tmp_path / name).mkdir()
            servers.append(connected(api, tmp_path / name, NENGBAO_STORE=store))
        yield api, servers[0], servers[1]
        for server in servers:
            server.stop()


def test_when_the_server_with_the_door_is_killed_the_other_one_brings_every_answer_once(pair: tuple[BotApi, Server, Server]) -> None:
    """Messages come all the time, also while nobody has the door: each is answered, none twice, and nobody is told of it."""
    api, has, waits = pair
    has.start()
    agree(api, CHAT, "/start anhui-bozhou")
    waits.start()
    for number in range(1, ROUNDS + 1):
        api.write(CHAT, f"{number}万{number}千")
        wait_for(api, CHAT, f"{number}{number},000元")
        before = newest(api, CHAT)
        has.kill()
        api.write(CHAT, f"改成{number}万{number}千五")
        wait_for(api, CHAT, f"{number}{number},500元", before, seconds=60)
        time.sleep(1)  # whoever else had the door would have answered by now
        answers = [each for each in api.shown(CHAT) if each.message_id > before and f"{number}{number},500元" in each.text.replace(" ", "")]
        assert len(answers) == 1
        has.start()
        has, waits = waits, has
