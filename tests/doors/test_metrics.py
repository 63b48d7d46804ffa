"""What a server shows of itself: figures for Prometheus, a name for every request, a dashboard; and never a word of anybody."""

import asyncio
import json
import re
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, make_mocked_request
from prometheus_client.parser import text_string_to_metric_families

from bot.assistant import Assistant, Message, UnknownConversationError
from bot.knowledge import Knowledge
from bot.settings import Settings
from bot.store import ConflictError, Parcel, SqliteStore, StoreError
from bot.web.app import make_app
from bot.web.metrics import _is_local
from tests.server import ROOT, Server
from tests.told import told

DASHBOARD = ROOT / "deploy" / "grafana-dashboard.json"
Clients = Callable[..., Any]


class Figures:
    """What /metrics says at one moment."""

    def __init__(self, text: str) -> None:
        """`text`: the answer of /metrics."""
        self.text = text
        self.samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]

    def value(self, name: str, **labels: str) -> float:
        """The sum of the samples of a name that have these labels."""
        return sum(each.value for each in self.samples if each.name == name and labels.items() <= each.labels.items())


def figures(server: Server) -> Figures:
    """What a server's /metrics says now."""
    status, text = server.get("/metrics")
    assert status == 200
    return Figures(text)


async def shown(client: "TestClient[Any, Any]") -> Figures:
    """The same of an app in this process."""
    return Figures(await (await client.get("/metrics")).text())


def grown(server: Server, ask: Callable[[], Any], name: str, **labels: str) -> float:
    """By how much a figure grows while something is asked."""
    before = figures(server).value(name, **labels)
    ask()
    return figures(server).value(name, **labels) - before


def answer(server: Server, path: str, **headers: str) -> tuple[int, str, Any]:
    """Status, body and headers of a GET with headers; `_` stands for `-`."""
    request = urllib.request.Request(server.address + path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status, response.read().decode(), response.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(), error.headers


def log_of(server: Server) -> list[dict[str, Any]]:
    """The lines of a server's log."""
    return [json.loads(line) for line in (server.data_dir / "server.log").read_text().splitlines()]


def test_a_turn_is_counted_by_door_and_outcome(running: Server) -> None:
    """A message counts as answered, sent again as repeated, and one of a talk that is gone as not found."""
    name = "nengbao_turns_total"
    once = {"message_id": "count-1", "action": "help"}
    assert grown(running, lambda: running.turn(**once), name, channel="web", outcome="answered") == 1
    assert grown(running, lambda: running.turn(**once), name, channel="web", outcome="repeated") == 1
    gone = {"message_id": "count-2", "action": "help", "conversation": "gone"}
    assert grown(running, lambda: running.post("/api/v1/turn", gone), name, channel="web", outcome="not_found") == 1
    assert figures(running).value("nengbao_turns_under_way") == 0


def test_a_turn_takes_its_time_in_the_histogram(running: Server) -> None:
    """Every turn of a door is in its histogram, and the last bucket holds them all."""
    running.turn(message_id="time", action="help")
    now = figures(running)
    turns = now.value("nengbao_turns_total", channel="web")
    assert turns == now.value("nengbao_turn_seconds_count", channel="web") > 0
    assert now.value("nengbao_turn_seconds_bucket", channel="web", le="+Inf") == turns
    assert now.value("nengbao_turn_seconds_sum", channel="web") > 0


def test_a_channel_that_somebody_makes_up_is_counted_as_other(running: Server) -> None:
    """What a client writes into `channel` becomes no label."""
    ask = {"message_id": "made-up", "action": "help", "channel": "zhangsan"}
    assert grown(running, lambda: running.turn(**ask), "nengbao_turns_total", channel="other", outcome="answered") == 1
    assert "zhangsan" not in figures(running).text


@pytest.mark.parametrize(("text", "lost"), [("咕噜咕噜", 1), ("亳州低保", 0), ("三五万", 0), ("你好", 0), ("不知道", 0)])
def test_a_message_without_fact_or_wish_counts_as_not_understood(running: Server, text: str, lost: int) -> None:
    """Facts, doubts, greetings and not knowing are understood; the rest is not. Both are among the messages in words."""
    asks = iter(f"lost-{text}-{number}" for number in range(2))
    assert grown(running, lambda: running.turn(message_id=next(asks), text=text), "nengbao_messages_not_understood_total") == lost
    assert grown(running, lambda: running.turn(message_id=next(asks), text=text), "nengbao_messages_total", channel="web") == 1


def test_estimates_are_counted_by_place_and_status(running: Server) -> None:
    """An estimate of a talk, one over the API and a refusal each count for their place; what never happened is a zero."""
    name, case = "nengbao_estimates_total", {"place": "henan-puyang", "category": "ordinary", "facility": "county", "total": 10_000}
    talk = {"message_id": "told", "text": "亳州低保，县医院花了两万，自费药零"}
    assert grown(running, lambda: running.turn(**talk), name, place="anhui-bozhou") == 1
    assert grown(running, lambda: running.post("/api/v1/estimate", case), name, place="henan-puyang") == 1
    early = case | {"on": "2001-01-01"}
    assert grown(running, lambda: running.post("/api/v1/estimate", early), name, place="henan-puyang", status="refused") == 1
    beijing = [each for each in figures(running).samples if each.name == name and each.labels["place"] == "beijing"]
    assert {each.labels["status"]: each.value for each in beijing} == {"computed": 0, "partial": 0, "refused": 0}


@pytest.mark.parametrize(
    ("path", "route", "status"),
    [
        ("/policies/anhui-bozhou/2022", "/policies/{place}/{edition}", "2xx"),
        ("/api/v1/policies/nowhere/1234", "/api/v1/policies/{place}/{edition}", "4xx"),
        ("/zhangsan/43210", "-", "4xx"),
    ],
)
def test_requests_are_counted_by_route_template(running: Server, path: str, route: str, status: str) -> None:
    """The template is the label, never what was typed; an unknown address has none."""
    labels = {"route": route, "method": "GET", "status": status}
    assert grown(running, lambda: running.get(path), "nengbao_http_requests_total", **labels) == 1
    assert grown(running, lambda: running.get(path), "nengbao_http_request_seconds_count", route=route) == 1
    assert not any(word in figures(running).text for word in ("zhangsan", "43210", "nowhere", "1234"))


def test_a_method_of_no_use_here_is_counted_as_other(running: Server) -> None:
    """Of the words that stand before an address only those of the web become labels."""
    asked = urllib.request.Request(f"{running.address}/healthz", method="PROPFIND")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(asked, timeout=20)
    refused.value.close()
    assert figures(running).value("nengbao_http_requests_total", method="other", status="4xx") == 1
    assert "PROPFIND" not in figures(running).text + (running.data_dir / "server.log").read_text()


async def test_the_path_of_a_delivery_is_no_label(assistant: Assistant, tmp_path: Path, aiohttp_client: Clients) -> None:
    """Where a messenger delivers may be a secret; the figures call it by one name."""

    async def take(_headers: Any, _body: bytes) -> int:
        return 200

    client = await aiohttp_client(make_app(assistant, Settings(data_dir=tmp_path), {"/hook-secret": take}))
    assert (await client.post("/hook-secret", data=b"{}")).status == 200
    now = await shown(client)
    assert now.value("nengbao_http_requests_total", route="(delivery)", method="POST", status="2xx") == 1
    assert "hook-secret" not in now.text


async def test_open_sockets_are_counted_while_they_are_open(running: Server) -> None:
    """A widget is one open socket; its turns count as the web's; how long it stays is no answering time."""
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{running.address}/ws") as line:
        await line.send_json({"type": "turn", "message_id": "socket", "action": "help", "channel": "web"})
        await line.receive_json()
        assert (await asyncio.to_thread(figures, running)).value("nengbao_websockets_open") == 1
    after = await asyncio.to_thread(figures, running)
    assert after.value("nengbao_websockets_open") == 0
    assert after.value("nengbao_http_request_seconds_count", route="/ws") == 0


def test_the_store_shows_its_commits(running: Server) -> None:
    """A turn is one transaction at most; every transaction has a time and a size; nothing waits, nothing failed."""
    assert grown(running, lambda: running.turn(message_id="commit", action="help"), "nengbao_store_commit_seconds_count") == 1
    now = figures(running)
    assert now.value("nengbao_store_commit_size_count") == now.value("nengbao_store_commit_seconds_count")
    assert now.value("nengbao_store_commit_size_sum") >= now.value("nengbao_turns_total", outcome="answered")
    assert (now.value("nengbao_store_queue"), now.value("nengbao_store_failures_total")) == (0, 0)


def test_the_process_shows_its_memory(running: Server) -> None:
    """Memory, processor time and open files are the server's own."""
    now = figures(running)
    assert now.value("process_resident_memory_bytes") > 10_000_000
    assert now.value("process_cpu_seconds_total") > 0
    assert now.value("process_open_fds") > 0


async def test_what_cannot_be_kept_is_counted_as_failed(assistant: Assistant, tmp_path: Path, aiohttp_client: Clients) -> None:
    """A store that cannot be written shows in its failures and in the turn's outcome; the figures are told all the same."""
    client = await aiohttp_client(make_app(assistant, Settings(data_dir=tmp_path)))
    assistant.store._database._write.execute("DROP TABLE turns")
    with pytest.raises(StoreError):
        await assistant.turn(Message("a", action="help", person="somebody"))
    now = await shown(client)
    assert now.value("nengbao_store_failures_total") == now.value("nengbao_turns_total", channel="web", outcome="failed") == 1


async def test_a_turn_played_again_after_a_conflict_is_counted_as_replayed(assistant: Assistant, monkeypatch: pytest.MonkeyPatch) -> None:
    """When another process was faster, the turn is answered and counted once, as replayed."""
    keep, conflicts = assistant.store.keep, iter([ConflictError])

    async def contested(change: Any) -> None:
        for conflict in conflicts:
            raise conflict
        await keep(change)

    monkeypatch.setattr(assistant.store, "keep", contested)
    await assistant.turn(Message("a", text="亳州"))
    assert dict(assistant.counters.turns) == {("web", "replayed"): 1}
    assert assistant.counters.messages["web"] == 1


async def test_answers_on_their_way_are_counted_until_they_arrive(assistant: Assistant, tmp_path: Path, aiohttp_client: Clients) -> None:
    """A parcel for Telegram waits until it is delivered."""
    client = await aiohttp_client(make_app(assistant, Settings(data_dir=tmp_path)))
    for message in ("a", "b"):
        await assistant.store.post(Parcel("telegram", "7", message, b"{}"))
    assert (await shown(client)).value("nengbao_parcels_waiting", channel="telegram") == 2
    await assistant.store.delivered((await assistant.store.parcels("telegram", "7"))[0].id)
    assert (await shown(client)).value("nengbao_parcels_waiting", channel="telegram") == 1


async def test_a_store_that_cannot_be_read_keeps_no_figure_back(assistant: Assistant, tmp_path: Path, aiohttp_client: Clients) -> None:
    """Without the table of parcels their figure is missing, and all others are told."""
    client = await aiohttp_client(make_app(assistant, Settings(data_dir=tmp_path)))
    assistant.store._database._write.execute("DROP TABLE parcels")
    now = await shown(client)
    assert "nengbao_turns_total" in now.text
    assert not any(each.name == "nengbao_parcels_waiting" for each in now.samples)


async def test_two_apps_in_one_process_share_no_figure(knowledge: Knowledge, tmp_path: Path, aiohttp_client: Clients) -> None:
    """A turn of one app is none of the other's."""
    stores = [SqliteStore(tmp_path / name) for name in ("a.sqlite3", "b.sqlite3")]
    one, other = (Assistant(knowledge, store) for store in stores)
    clients = [await aiohttp_client(make_app(each, Settings(data_dir=tmp_path))) for each in (one, other)]
    await one.turn(Message("a", action="help"))
    assert [(await shown(client)).value("nengbao_turns_total") for client in clients] == [1, 0]
    for store in stores:
        store.close()


async def test_a_turn_of_a_gone_talk_raises_as_before(assistant: Assistant) -> None:
    """Counting swallows no error."""
    with pytest.raises(UnknownConversationError):
        await assistant.turn(Message("a", "gone", action="help"))
    assert dict(assistant.counters.turns) == {("web", "not_found"): 1}


@pytest.mark.parametrize("header", ["X_Forwarded_For", "Forwarded", "X_Real_IP", "Via"])
def test_who_comes_through_a_proxy_gets_the_page_for_an_unknown_address(running: Server, header: str) -> None:
    """The figures are for this machine alone unless set otherwise; others cannot tell that there are any."""
    status, body, _ = answer(running, "/metrics", **{header: "203.0.113.7"})
    assert (status, body) == answer(running, "/nothing", **{header: "203.0.113.7"})[:2]
    assert status == 404


@pytest.mark.parametrize(
    ("peer", "local"),
    [
        (("127.0.0.1", 1), True),
        (("127.8.0.1", 1), True),
        (("::1", 1, 0, 0), True),
        (("::ffff:127.0.0.1", 1, 0, 0), True),
        (("10.0.0.5", 1), False),
        (("192.168.1.2", 1), False),
        (("::ffff:10.0.0.5", 1, 0, 0), False),
        ("", False),
        (None, False),
    ],
)
def test_local_means_loopback(peer: Any, local: bool) -> None:
    """Another machine of the same network is not this one."""
    transport = Mock()
    transport.get_extra_info = lambda name, default=None: peer if name == "peername" else default
    assert _is_local(make_mocked_request("GET", "/metrics", transport=transport)) is local


@pytest.mark.parametrize(("setting", "status"), [("open", 200), ("off", 404)])
def test_the_setting_opens_and_closes(tmp_path: Path, setting: str, status: int) -> None:
    """`open` answers whoever reaches the port, `off` nobody."""
    server = Server(tmp_path, NENGBAO_METRICS=setting)
    server.start()
    try:
        assert answer(server, "/metrics", X_Forwarded_For="203.0.113.7")[0] == status
        assert server.get("/metrics")[0] == status
    finally:
        assert server.stop() == 0


def test_the_format_is_prometheus_text_unless_openmetrics_is_asked_for(running: Server) -> None:
    """Plain text for everybody, OpenMetrics for a scraper that prefers it; neither is kept by a cache."""
    _, _, headers = answer(running, "/metrics")
    assert headers["Content-Type"].startswith("text/plain")
    assert headers["Cache-Control"] == "no-store"
    _, body, headers = answer(running, "/metrics", Accept="application/openmetrics-text; version=1.0.0")
    assert headers["Content-Type"].startswith("application/openmetrics-text")
    assert body.endswith("# EOF\n")


def test_nothing_is_loaded_before_somebody_asks() -> None:
    """Starting the server does not load prometheus-client."""
    code = "import sys, bot.web.serve; sys.exit('prometheus_client' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_every_figure_of_the_dashboard_is_there(running: Server) -> None:
    """Each name in an expression or a variable of the dashboard is a sample of a server that was talked with."""
    running.turn(message_id="board", text="亳州低保，县医院花了两万")
    there = {each.name for each in figures(running).samples}
    board = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    asked = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    asked += [each["definition"] for each in board["templating"]["list"] if "definition" in each]
    used = {name for text in asked for name in re.findall(r"\b(?:nengbao|process)_\w+", text)}
    assert len(used) > 15
    assert used - there == set()


def test_the_dashboard_can_be_imported(running: Server) -> None:
    """It asks for the data source, and every panel uses it, has an id of its own and says what it shows."""
    board = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    source = {"type": "prometheus", "uid": "${datasource}"}
    assert board["templating"]["list"][0]["type"] == "datasource"
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    assert all(panel["datasource"] == source and panel["title"] and panel["description"] for panel in board["panels"])


def test_the_docs_tell_every_figure_of_ours(running: Server) -> None:
    """Every family that a server shows stands in docs/operating.md."""
    text = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    names = re.findall(r"^# TYPE (nengbao_\w+) ", figures(running).text, re.MULTILINE)
    assert len(names) > 10
    assert [name for name in names if f"`{name}`" not in text] == []


def test_every_request_has_a_name(running: Server) -> None:
    """An answer carries it, also an error and a page; two requests have two."""
    names = [answer(running, path)[2]["X-Request-ID"] for path in ("/healthz", "/healthz", "/nothing", "/plain")]
    assert len(set(names)) == 4
    assert all(re.fullmatch(r"[0-9a-f]{16}", name) for name in names)


@pytest.mark.parametrize(
    ("told", "taken"), [("proxy-0123456789", True), ("short", False), ("x" * 65, False), ("eight chars", False), ("lisi@example.cn", False)]
)
def test_a_plain_name_is_taken_over_and_stands_in_the_log(running: Server, told: str, taken: bool) -> None:
    """A name of 8 to 64 letters, digits and hyphens is kept; anything else is replaced and reaches no log."""
    given = answer(running, "/healthz", X_Request_ID=told)[2]["X-Request-ID"]
    assert (given == told) is taken
    assert [line["route"] for line in log_of(running) if line.get("request") == given] == ["/healthz"]
    assert (told in (running.data_dir / "server.log").read_text()) is taken


async def test_every_message_over_the_socket_has_a_name_of_its_own(running: Server) -> None:
    """Its line in the log has the connection's name and the message's number."""
    line, brought = f"{running.address}/ws", {"X-Request-ID": "connection-7"}
    async with aiohttp.ClientSession() as session, session.ws_connect(line, headers=brought) as socket:
        assert socket._response.headers["X-Request-ID"] == "connection-7"
        for number in range(2):
            await socket.send_json({"type": "turn", "message_id": f"named-{number}", "action": "help"})
            await socket.receive_json()
        await socket.send_str("no json")
        await socket.receive_json()
    frames = {line["request"]: line["status"] for line in log_of(running) if line["event"] == "frame"}
    assert [frames.get(f"connection-7-{number}") for number in (1, 2, 3)] == [200, 200, 400]


async def test_no_word_of_a_talk_reaches_the_figures_or_the_log(server: Server) -> None:
    """After a talk over HTTP, the socket, the plain page and the API neither holds an amount, a category, a word or an id of it."""
    said = ["亳州低保，县医院花了43210元，自费药3217元", "不对，是监测户", "特困", "咕噜咕噜张三", "今年第二次住院，上次自己掏了8765"]
    first = await asyncio.to_thread(server.turn, message_id="secret-first", text=said[0], channel="secret-channel")
    key = first["conversation"]
    for number, text in enumerate(said):
        await asyncio.to_thread(server.turn, message_id=f"secret-{number}", conversation=key, text=text)
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{server.address}/ws") as socket:
        await socket.send_json({"type": "hello", "conversation": key, "after": 0})
        await socket.send_json({"type": "turn", "message_id": "secret-ws", "conversation": key, "text": "普通居民，54321块"})
        await socket.send_json({"type": "turn", "message_id": "secret-gone", "conversation": "secret-key", "text": "低保"})
        for _ in range(3):
            await socket.receive_json()
        async with session.post(f"{server.address}/plain", data={"text": "低保边缘 65432元", "message_id": "secret-plain"}) as page:
            assert page.status == 200
    case = {"place": "beijing", "category": "monitored", "facility": "grade_3", "total": 76543}
    await asyncio.to_thread(server.post, "/api/v1/estimate", case)
    await asyncio.to_thread(server.post, "/api/v1/estimate", case | {"place": "secret-place"})
    await asyncio.to_thread(server.get, f"/secret-path/{key}")
    seen = (await asyncio.to_thread(figures, server)).text + (server.data_dir / "server.log").read_text()
    amounts = ["43210", "43,210", "3217", "3,217", "8765", "8,765", "54321", "54,321", "65432", "65,432", "76543", "76,543"]
    words = [
        "低保",
        "监测",
        "特困",
        "普通",
        "张三",
        "咕噜",
        "县医院",
        "subsistence",
        "monitored",
        "poverty",
        "ordinary",
        "low_income",
        "grade_3",
    ]
    assert told((*amounts, *words, key, "secret", "county"), seen) == []


@pytest.mark.parametrize(
    "line", ["GET /低保43210 HTTP/1.1", "GET / HTTP/1.1\r\nCookie 低保43210", "GET / HTTP/1.1\r\nContent-Length: 43210a"]
)
def test_a_request_that_cannot_be_read_reaches_the_log_by_its_kind_alone(running: Server, line: str) -> None:
    """The web library would write out the whole line, with what somebody typed or a cookie in it."""
    with socket.create_connection(("127.0.0.1", running.port)) as client:
        client.sendall(f"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n{line}\r\n\r\n".encode())
        while client.recv(4096):
            pass
    assert [each["level"] for each in log_of(running) if each["event"] == "library"]
    log = (running.data_dir / "server.log").read_bytes()
    assert not any(word in log for word in ("低保".encode(), rb"\xe4", b"43210"))
