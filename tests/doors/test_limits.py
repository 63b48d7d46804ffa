"""Every input has a limit: what is beyond it is refused by name and changes nothing, and docs/operating.md tells each of them."""

import re
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.cli.common import _MOST_JSON
from bot.settings import Settings
from bot.tables.reading import MOST_COLUMNS
from bot.understanding.reading import LONGEST
from bot.web.app import MOST_BYTES
from bot.web.home import LONGEST_REPORT
from bot.wechat import envelope
from engine import MOST_EARLIER, PackError, read_tree
from engine.yaml_tree import _MOST_BYTES
from tests.doors.test_command import run
from tests.server import ROOT, Server

TURN = {"message_id": "a", "text": "低保"}
CASE = {"place": "anhui-bozhou", "category": "ordinary", "facility": "county", "total": 20_000}
STAY = {"facility": "county", "total": 1}
WRONG = {"place": "anhui-bozhou", "edition": "2022", "figure": "out_of_pocket"}

BEYOND: list[tuple[str, dict[str, Any], str]] = [
    *(("turn", TURN | {name: "x" * 101}, name) for name in ("message_id", "conversation")),
    *(("turn", TURN | {name: "x" * 201}, name) for name in ("channel", "place", "lang")),
    *(("turn", {"message_id": "a", name: "x" * 201}, name) for name in ("choice", "action")),
    ("estimate", CASE | {"total": "100000000.01"}, "total"),
    ("estimate", CASE | {"disease": "x" * 101}, "disease"),
    ("estimate", CASE | {"earlier": [STAY] * (MOST_EARLIER + 1)}, "earlier"),
    ("premium", {"place": "anhui-bozhou", "members": [{"category": "ordinary"}] * 51}, "members"),
    ("understand", {"text": "x" * (LONGEST + 1)}, "text"),
    *((path, {"conversation": "x" * 101}, "conversation") for path in ("sheet", "data")),
    ("resume", {"code": "x" * 101}, "code"),
    ("report", WRONG | {"words": "x" * (LONGEST_REPORT + 1)}, "words"),
    ("report", WRONG | {"figure": "x" * 201}, "figure"),
]


@pytest.mark.parametrize(("path", "body", "field"), BEYOND, ids=lambda value: value if isinstance(value, str) else "")
def test_a_field_beyond_its_limit_is_named(running: Server, path: str, body: dict[str, Any], field: str) -> None:
    """422, with the field."""
    status, answer = running.post(f"/api/v1/{path}", body)
    assert (status, answer["error"]["field"]) == (422, field)


def test_a_message_beyond_its_limit_is_answered_and_takes_nothing(running: Server) -> None:
    """2,001 characters are not read, wherever the amount in them stands; 2,000 are."""
    said = {"message_id": "long", "place": "anhui-bozhou"}
    long = running.turn(**said, text="花了两万" + "。" * (LONGEST - 3))
    assert "total" not in long["summary"]
    fits = running.turn(**said | {"message_id": "fits"}, text="花了两万" + "。" * (LONGEST - 4))
    assert fits["summary"]["total"] == "20000.00"


def test_a_form_of_too_many_fields_says_nothing(running: Server) -> None:
    """Twenty-one fields are no form of ours; twenty may be."""
    more = "".join(f"&x{number}=" for number in range(17))
    for body, status in ((f"text=help&message_id=f&lang=en{more}", 200), (f"text=help&message_id=f&lang=en{more}&y=", 422)):
        assert running.post("/plain", body.encode(), "application/x-www-form-urlencoded")[0] == status


async def test_a_body_and_a_frame_may_just_fill_their_limit(running: Server) -> None:
    """256 KiB are read over HTTP and one byte less over the WebSocket; one byte more is 413 and 1009."""
    body = b'{"type": "hello"}'.ljust(MOST_BYTES)
    async with aiohttp.ClientSession(headers={"Content-Type": "application/json"}) as session:
        statuses = []
        for sent in (body, body + b" "):
            async with session.post(f"{running.address}/api/v1/estimate", data=sent) as answer:
                statuses.append(answer.status)
        async with session.ws_connect(f"{running.address}/ws", max_msg_size=0) as socket:
            await socket.send_bytes(body[:-1])
            assert (await socket.receive_json())["type"] == "events"
            await socket.send_bytes(body)
            assert ((await socket.receive()).type, socket.close_code) == (aiohttp.WSMsgType.CLOSE, 1009)
    assert statuses == [422, 413]


def test_a_file_beyond_its_limit_is_no_pack(tmp_path: Path) -> None:
    """A file that is larger than any pack, or opens more lists than any pack, is refused with what was expected; so is a deep one."""
    path = tmp_path / "2022.yaml"
    for text, why in (
        ("a" * (_MOST_BYTES + 1), "larger than 1024 KiB"),
        ("[" * 10_001, "10,000 lists"),
        ("[" * 900 + "]" * 900, "too deep"),
    ):
        path.write_text(text)
        with pytest.raises(PackError, match=why):
            read_tree(path)


def test_the_command_line_reads_no_more_than_it_needs(tmp_path: Path) -> None:
    """A case of more than 256 Ki characters is status 2 and one line; of a line in a talk without end the rest is passed over."""
    done = run("estimate", "--json", "-", data_dir=tmp_path, given=" " * (_MOST_JSON + 1))
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert "太大" in done.stderr
    done = run("estimate", "--json", "-", data_dir=tmp_path, given='{"total": 1e1000000000000000000}')
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    talk = run("talk", "--place", "anhui-bozhou", data_dir=tmp_path, given="长" * 50_000 + "\n低保，县医院，两万\n")
    assert talk.returncode == 0
    assert talk.stdout.count("这段话太长") == 1
    assert "18,900" in talk.stdout


def test_the_docs_tell_the_limits() -> None:
    """The table of docs/operating.md has the numbers that the program has."""
    told = re.search(r"### Limits\n(.*?)\n### ", (ROOT / "docs/operating.md").read_text(encoding="utf-8"), re.DOTALL)
    assert told is not None
    kept = Settings.model_fields
    numbers = [
        *(f"{MOST_BYTES // 1024} KiB", f"{envelope.MOST_BYTES // 1024} KiB", f"{_MOST_BYTES // 1024**2} MiB", f"{LONGEST:,} characters"),
        *(f"{LONGEST_REPORT} characters", f"{MOST_EARLIER} earlier", f"{MOST_COLUMNS} columns", f"{kept['line_seconds'].default} seconds"),
        *(f"{kept['client_rate'].default} requests a second", f"{kept['client_burst'].default} at once"),
        f"{kept['conversation_rate'].default} messages a second",
    ]
    assert [number for number in numbers if number not in told[1]] == []
