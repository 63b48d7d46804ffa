"""A server killed in the middle of a talk loses nothing it has answered, and answers a resent message once."""

import os
import random
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from threading import Event

from bot.store.upkeep import check
from tests.server import UNLIMITED, Server, key_of

#: A kill costs a start of the server, so the test makes do with few; `make soak` sets a hundred.
KILLS = int(os.environ.get("NENGBAO_KILLS", "3"))
PEOPLE = 8


def test_a_talk_goes_on_after_kill_9(kept_server: Server) -> None:
    """After kill -9 and a new start the talk knows every answer it had acknowledged."""
    first = kept_server.turn(message_id="a", text="低保，在县医院", place="anhui-bozhou")
    kept_server.kill()
    kept_server.start()
    second = kept_server.turn(message_id="b", conversation=first["conversation"], text="两万")
    assert second["turn"] == 2
    assert second["replies"][0]["estimate"]["out_of_pocket"]["amount"] == "1100.00"


def test_a_resent_message_gets_its_first_answer_over_a_crash(kept_server: Server) -> None:
    """The same message id after kill -9 gives the same answer byte for byte, and no turn is counted twice."""
    first = kept_server.turn(message_id="a", text="亳州低保，在县医院花了两万")
    kept_server.kill()
    kept_server.start()
    assert kept_server.turn(message_id="a", text="亳州低保，在县医院花了两万") == first
    assert kept_server.turn(message_id="a", conversation=first["conversation"], text="别的话") == first


@dataclass
class Person:
    """Somebody who says one thing after the other; what got no answer is said again until it gets one."""

    name: str
    conversation: str | None = None
    #: The turn that each message was answered with, in order.
    told: dict[str, int] = field(default_factory=dict)

    def talk(self, server: Server, over: Event) -> None:
        """Talk until it is over."""
        while not over.is_set():
            message = f"{self.name}-{len(self.told)}"
            said = {"text": "两万"} if len(self.told) % 3 else {"action": "help"}
            known = {"conversation": self.conversation} if self.conversation else {}
            try:
                status, answer = server.post("/api/v1/turn", {"message_id": message, "place": "anhui-bozhou", **said, **known})
            except (OSError, HTTPException):
                time.sleep(0.02)
                continue
            assert status == 200, answer
            self.conversation, self.told[message] = answer["conversation"], answer["turn"]


def test_kill_9_under_load_loses_no_acknowledged_turn(tmp_path: Path) -> None:
    """Eight people talk all the time while the server is killed at random moments: every answered message is one turn, none is two."""
    chance, over = random.Random(8), Event()
    server = Server(tmp_path, **UNLIMITED)
    people = [Person(f"p{number}") for number in range(PEOPLE)]
    server.start()
    with ThreadPoolExecutor(PEOPLE) as pool:
        talks = [pool.submit(person.talk, server, over) for person in people]
        try:
            for _ in range(KILLS):
                wait_for_more(people)
                time.sleep(chance.uniform(0, 0.2))
                server.kill()
                server.start()
            wait_for_more(people)
        finally:
            over.set()
        for each in talks:
            each.result()
    assert server.stop() == 0
    for person in people:
        assert list(person.told.values()) == list(range(1, len(person.told) + 1))
        assert _kept(tmp_path, person.conversation) == person.told
    assert check(tmp_path / "nengbao.sqlite3").problems == {}


def wait_for_more(people: list[Person]) -> None:
    """Wait until each of them was answered again."""
    before = [len(person.told) for person in people]
    end = time.monotonic() + 60
    while not all(len(person.told) > count for person, count in zip(people, before, strict=True)):
        assert time.monotonic() < end, "the server does not answer any more"
        time.sleep(0.01)


def _kept(folder: Path, conversation: str | None) -> dict[str, int]:
    query = "SELECT message, turn FROM turns t JOIN conversations c ON c.id = t.conversation WHERE c.key = ? ORDER BY turn"
    with closing(sqlite3.connect(folder / "nengbao.sqlite3")) as store:
        return dict(store.execute(query, (key_of(conversation),)).fetchall())


def test_turns_of_one_person_never_overlap(kept_server: Server) -> None:
    """Twenty messages of one conversation sent at once are counted one by one."""
    first = kept_server.turn(message_id="a", action="start")
    with ThreadPoolExecutor(10) as pool:
        sent = [
            pool.submit(kept_server.turn, message_id=f"m{number}", conversation=first["conversation"], action="help")
            for number in range(20)
        ]
    assert sorted(each.result()["turn"] for each in sent) == list(range(2, 22))
