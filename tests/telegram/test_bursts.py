"""Many chats at once: everybody is answered exactly once and in their order, while the web door goes on.

Each chat costs several turns, so the tests make do with few; `make soak` sets NENGBAO_BURST to five hundred.
"""

import os
import sqlite3
import sys
import time
from pathlib import Path

from tests.server import Server
from tests.telegram.botapi import BotApi
from tests.telegram.test_door import MODES, connected, plain, waiting

CHATS = range(10_000, 10_000 + int(os.environ.get("NENGBAO_BURST", "12")))
#: What each chat writes in one breath, and a piece of the answer to it.
TALK = (
    ("/start anhui-bozhou", "国外的服务"),
    ("同意", "您好，我帮您估一估"),
    ("低保，县医院", "一共花了多少钱"),
    ("{total}元", "总共花了 {total:,} 元"),
)
#: Kilobytes beyond what the server needs at rest.
MOST_MEMORY = 150_000


def burst(api: BotApi) -> None:
    """Everybody writes everything."""
    for words, _ in TALK:
        for chat in CHATS:
            api.write(chat, words.format(total=chat))


def memory(server: Server) -> int:
    """The most memory the process has taken so far, in kilobytes."""
    status = Path(f"/proc/{server.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))


def answered(server: Server, turns: int) -> bool:
    """Whether so many turns are kept and all their answers have arrived."""
    try:
        with sqlite3.connect(server.data_dir / "nengbao.sqlite3") as store:
            (kept,) = store.execute("SELECT count(*) FROM parcels").fetchone()
        store.close()
    except sqlite3.OperationalError:
        return False
    return bool(kept >= turns and waiting(server) == 0)


def check(api: BotApi) -> None:
    """Each chat got the answer to each of its messages once, in the order in which it wrote them."""
    for chat in CHATS:
        said = plain("".join(each.text for each in api.shown(chat)))
        steps = [plain(answer.format(total=chat)) for _, answer in TALK]
        assert [said.count(step) for step in steps] == [1] * len(steps), (chat, said)
        places = [said.index(step) for step in steps]
        assert places == sorted(places)
        assert "没收到就点" not in said


@MODES
def test_a_burst_waiting_at_the_start_is_answered_once_and_the_web_goes_on(tmp_path: Path, mode: str) -> None:
    """With 429 for everything in between, nothing is lost or doubled, memory stays small, and web turns are answered meanwhile."""
    turns = len(CHATS) * len(TALK)
    with BotApi() as api:
        api.fault("sendMessage", 429, retry_after=1, times=len(CHATS) // 2)
        api.limit(rate=30, pause=1)
        burst(api)
        server = connected(api, tmp_path, mode)
        server.start()
        at_rest, slowest, web, started = memory(server), 0.0, 0, time.monotonic()
        while not answered(server, turns):
            asked = time.monotonic()
            assert server.turn(message_id=f"web-{web}", text="低保，县医院，两万", place="anhui-bozhou")["replies"]
            slowest, web = max(slowest, time.monotonic() - asked), web + 1
            assert time.monotonic() - started < 600
        took, grew, refused = time.monotonic() - started, memory(server) - at_rest, sum(call.status == 429 for call in api.calls)
        sys.stderr.write(
            f"\n{mode}: {turns} messages of {len(CHATS)} chats in {took:.1f} s, {refused} refusals; "
            f"{web} web turns, the slowest {slowest:.2f} s; {grew / 1024:.0f} MiB more than at the start\n"
        )
        server.stop()
        assert web > 1
        assert refused > 0
        assert grew < MOST_MEMORY
        check(api)


def test_a_burst_that_arrives_at_once_over_a_kill_is_answered_once(tmp_path: Path) -> None:
    """Killed in the middle of it and started again, the server has each message kept once and each answer sent or offered once."""
    with BotApi() as api:
        server = connected(api, tmp_path)
        server.start()
        burst(api)
        api.wait(lambda: len(api.acknowledged) >= len(CHATS), 60)
        server.kill()
        server.start()
        api.wait(lambda: not api.pending and waiting(server) == 0, 120)
        server.stop()
        with sqlite3.connect(tmp_path / "nengbao.sqlite3") as store:
            messages = [message for (message,) in store.execute("SELECT message FROM turns")]
        store.close()
        assert len(messages) == len(set(messages)) == len(CHATS) * len(TALK)
        for chat in CHATS:
            said = plain("".join(each.text for each in api.shown(chat)))
            counts = [said.count(plain(answer.format(total=chat))) for _, answer in TALK]
            assert max(counts) == 1
            assert counts.count(0) <= said.count("没收到就点")
