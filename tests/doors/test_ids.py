"""Ids of conversations are signed by their store: what it never gave away opens nothing, wherever an id is asked for."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ids import Ids
from tests.server import Server


def asks(server: Server, conversation: str) -> dict[str, tuple[int, Any]]:
    """Everything that an id opens."""
    return {
        "turn": server.post("/api/v1/turn", {"message_id": "x", "conversation": conversation, "text": "两万"}),
        "data": server.post("/api/v1/data", {"conversation": conversation}),
        "sheet": server.post("/api/v1/sheet", {"conversation": conversation, "form": "a4"}),
    }


def statuses(server: Server, conversation: str) -> set[int]:
    """What comes of asking."""
    return {status for status, _ in asks(server, conversation).values()}


@pytest.fixture(scope="module")
def theirs(running: Server) -> str:
    """A talk with an estimate."""
    return str(running.turn(message_id="theirs", text="亳州低保，在县医院花了两万")["conversation"])


def test_an_id_that_was_not_given_away_opens_nothing(running: Server, theirs: str) -> None:
    """The key of a talk without its seal, with another seal, with a seal that is cut, another key with the seal: all are not found."""
    key, _, seal = theirs.rpartition(".")
    assert len(seal) == 16
    for forged in (key, f"{key}.", f"{key}.{'A' * 16}", f"{key}.{seal[:-1]}", f"x{key}.{seal}", f".{seal}", seal, "亳州.二", "a" * 100):
        assert statuses(running, forged) == {404}, forged
    assert running.turn(message_id="after", conversation=theirs, action="help")["turn"] == 2


def test_keys_of_other_doors_open_nothing_in_the_web(running: Server, theirs: str) -> None:
    """Whoever learned how people of a messenger are kept cannot ask for their talks over the API."""
    with closing(sqlite3.connect(running.data_dir / "nengbao.sqlite3")) as store, store:
        key = theirs.rpartition(".")[0]
        store.execute("UPDATE conversations SET key = 'telegram-7' WHERE key = ?", (key,))
    try:
        assert statuses(running, "telegram-7") == {404}
    finally:
        with closing(sqlite3.connect(running.data_dir / "nengbao.sqlite3")) as store, store:
            store.execute("UPDATE conversations SET key = ? WHERE key = 'telegram-7'", (key,))


def test_an_id_works_over_a_new_start_and_at_its_own_store_alone(server: Server, running: Server) -> None:
    """The key that signs is made once and kept with the store."""
    mine = server.turn(message_id="a", text="亳州低保，在县医院花了两万")["conversation"]
    server.kill()
    server.start()
    assert server.turn(message_id="b", conversation=mine, action="help")["turn"] == 2
    assert statuses(running, mine) == {404}


WORDS = st.text(st.characters(codec="utf-8"), max_size=60)


@given(WORDS, WORDS)
def test_only_what_was_signed_is_read(key: str, other: str) -> None:
    """Every key comes back from its id, and no other text is an id."""
    ids = Ids(b"secret")
    assert ids.key_of(ids.id_of(key)) == key
    assert ids.key_of(other) is None
    assert Ids(b"another").key_of(ids.id_of(key)) is None


SITE = "https://www.example.gov.cn"


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A server whose chat one site may carry."""
    server = Server(tmp_path_factory.mktemp("named"), NENGBAO_ORIGINS=f"{SITE}/, http://office.example.cn:8080")
    server.start()
    yield server
    server.stop()


def asked_from(server: Server, origin: str | None, path: str = "/api/v1/policies", **more: str) -> tuple[int, dict[str, str]]:
    """Status and headers of what a page of that origin gets."""
    headers = more | ({"Origin": origin} if origin else {})
    return server.head(path, headers)


def test_pages_of_sites_that_are_not_named_are_sent_away(named: Server) -> None:
    """A browser on another site, on the same name over another scheme, or on a page without a site gets 403; over a WebSocket too."""
    for origin in ("https://evil.example.com", "http://www.example.gov.cn", "null", f"{SITE}.evil.example.com"):
        status, headers = asked_from(named, origin)
        assert (status, headers.get("Access-Control-Allow-Origin")) == (403, None)
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    assert asked_from(named, "https://evil.example.com", "/ws", **upgrade)[0] == 403
    assert asked_from(named, SITE, "/ws", **upgrade)[0] == 101


def test_named_sites_own_pages_and_programs_are_let_in(named: Server) -> None:
    """Each named site is told that its page may read the answer, and no other; who is no browser names no site."""
    for origin in (SITE, "http://office.example.cn:8080"):
        status, headers = asked_from(named, origin)
        assert (status, headers["Access-Control-Allow-Origin"], headers["Vary"]) == (200, origin, "Origin")
    assert asked_from(named, named.address)[0] == 200
    assert asked_from(named, None)[0] == 200


def test_pages_may_stand_within_named_sites_alone(named: Server, running: Server) -> None:
    """The front page says so to the browser; where none is named it says nothing of it, and every page may ask."""
    policy = asked_from(named, None, "/")[1]["Content-Security-Policy"]
    assert policy.endswith(f"frame-ancestors 'self' http://office.example.cn:8080 {SITE}")
    status, headers = asked_from(running, "https://anywhere.example.com")
    assert (status, headers["Access-Control-Allow-Origin"]) == (200, "*")
    assert "frame-ancestors" not in asked_from(running, None, "/")[1]["Content-Security-Policy"]


@pytest.mark.parametrize("wrong", ["example.gov.cn", "https://example.gov.cn/page", "https://a.cn; script-src *", "*"])
def test_what_is_no_site_is_refused_at_the_start(tmp_path: Path, wrong: str) -> None:
    """A wrong setting names itself instead of letting everybody in."""
    server = Server(tmp_path, NENGBAO_ORIGINS=wrong)
    with pytest.raises(AssertionError, match="NENGBAO_ORIGINS"):
        server.start()
    server.ended()
