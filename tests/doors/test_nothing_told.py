"""What a person says stays between them and the answer: a full run over every door, then a search of all that the server wrote and showed.

Searched are standard error and standard output of the process, /metrics, and every address that a page links to, leads to or sends to.
Amounts have seven digits, so that no moment, no memory and no made-up name of a request looks like one.
"""

import asyncio
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from engine import CATEGORIES, FACILITIES
from tests.doors.pages import Page, Reader
from tests.server import Server
from tests.telegram.botapi import BotApi
from tests.telegram.test_door import agree, heard, newest, wait_for
from tests.told import told
from tests.wechat.official import PLAIN, TOKEN, Account, letter, new_id

CHAT, PERSON = 987654321, "oUuW40YnPqXcVbTzAaLkSdJhGfEw"
FAMILY = ("王秀兰", "秀兰她妈", "肺腺癌", "尿毒症", "谯城区古井镇", "341602195001011234", "13905671234")
LABELS = ("特困", "低保", "返贫", "监测", "脱贫", "建档立卡", "困境儿童", "边缘", "因病致贫", "普通居民", "县医院", "市医院", "三甲")
AMOUNTS = (3217654, 4876543, 1098765, 2765432, 5432198, 6543219, 7654321, 1357924, 2468135, 8642097)
#: Said over each door, with the door's own amounts in them.
SAID = (
    "我叫王秀兰，亳州低保，得了肺腺癌，县医院花了3217654元，自费1098765",
    "不对，是监测户，住谯城区古井镇，市医院4876543",
    "秀兰她妈尿毒症，特困，2765432块，身份证341602195001011234，电话13905671234",
    "普通居民，七百六十五万四千三百二十一元，今年第二次住院，上次自己掏了1357924",
    "家里是低保边缘，孩子困境儿童，5432198",
    "为什么",
    "哪家医院划算",
    "比一比新旧政策",
    "今年花了多少",
    "结算单：总费用6543219，统筹2468135，大病0",
    "我的数据",
)


@dataclass
class Run:
    """A server with all its doors, and what was seen and used on the way."""

    server: Server
    api: BotApi
    used: set[str] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)

    def noted(self, answer: Any) -> Any:
        """Remember every amount of an answer that is large enough to be found again, and every key."""
        self.used |= set(re.findall(r"\b[0-9]{7,}(?=\.[0-9]{2}\b)", json.dumps(answer)))
        if isinstance(answer, dict) and isinstance(answer.get("conversation"), str):
            self.used.add(answer["conversation"])
        return answer

    def turned(self, page: Page) -> Page:
        """Remember every address of a page."""
        self.addresses |= {address.partition("#")[0] for address in page.addresses}
        self.addresses |= {page.headers.get("Location", ""), page.headers.get("Content-Location", "")}
        return page


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """The whole run, over when the tests look at it."""
    with BotApi() as api:
        telegram = {"NENGBAO_TELEGRAM_TOKEN": api.token, "NENGBAO_TELEGRAM_API": api.address, "NENGBAO_TELEGRAM_RATE": "1000"}
        server = Server(tmp_path_factory.mktemp("told"), NENGBAO_CLIENT_BURST="100000", **PLAIN, **telegram)
        server.start()
        whole = Run(server, api)
        for play in (over_http, over_pages, over_wechat, over_telegram, by_questions, by_broken_requests):
            play(whole)
        asyncio.run(over_the_socket(whole))
        spoil(server)
        by_errors(whole)
        (server.data_dir / "metrics").write_text(server.get("/metrics")[1])
        server.stop()
        yield whole


def over_http(run: Run) -> None:
    """A talk by turns."""
    known: dict[str, str] = {}
    for number, text in enumerate(SAID):
        answer = run.noted(run.server.turn(message_id=f"王秀兰-{number}", text=text, place="anhui-bozhou", **known))
        known = {"conversation": answer["conversation"]}
    for choice in ("category=subsistence_allowance", "facility=county", "category=王秀兰"):
        run.noted(run.server.turn(message_id=f"pressed-{choice}", choice=choice, **known))
    run.server.post("/api/v1/data", known)
    run.server.post("/api/v1/report", {"place": "anhui-bozhou", "edition": "2022", "figure": "out_of_pocket", "words": SAID[0]})
    run.server.post("/api/v1/resume", {"code": "王秀兰"})


async def over_the_socket(run: Run) -> None:
    """A talk over the WebSocket, with frames that are wrong."""
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{run.server.address}/ws") as socket:
        known: dict[str, str] = {}
        for number, text in enumerate(SAID):
            await socket.send_json({"type": "turn", "message_id": f"socket-{number}", "text": text, **known})
            known = {"conversation": run.noted(await socket.receive_json())["conversation"]}
        for frame in (
            SAID[0],
            '{"type": "低保"}',
            '{"type": "turn", "低保": 3217654}',
            '{"type": "hello", "conversation": "王秀兰"}',
            "{" + SAID[1],
        ):
            await socket.send_str(frame)
            await socket.receive_json()


def over_pages(run: Run) -> None:
    """A talk by forms, in which every link of the answers is followed."""
    reader = Reader(run.server.address)
    page = run.turned(reader.open("/plain?place=anhui-bozhou"))
    for text in SAID:
        page = run.turned(reader.send(page, text=text))
        if page.all("button", name="form"):
            reader.fetch("/plain/file", page.hidden | {"form": "slip"})
        run.used |= set(re.findall(r"[0-9](?:,?[0-9]){6,}(?=\.[0-9]{2}\b)", page.text))
    for choice in page.choices:
        run.turned(reader.send(page, choice=choice["key"]))
    for address in sorted(run.addresses):
        if address.startswith("/") and "." not in address:
            reader.open(address)
    run.turned(reader.open("/plain"))
    run.turned(reader.post("/plain", {"text": SAID[0], "conversation": "王秀兰"}))
    run.turned(reader.post("/plain/file", {"form": "a4", "conversation": "低保"}))
    about = {"place": "anhui-bozhou", "edition": "2022", "figure": "basic.deductible.county"}
    run.turned(reader.post("/wrong", about))
    run.turned(reader.post("/wrong", about | {"words": SAID[2]}))


def over_wechat(run: Run) -> None:
    """A talk with the official account, and deliveries that are none."""
    account = Account(run.server, PERSON)
    for text in SAID:
        account.say(text)
    account.event("subscribe", "qrscene_王秀兰")
    account.deliver(f"<xml><Content>{SAID[0]}".encode())
    account.deliver(letter(PERSON, MsgType="text", Content=SAID[0], MsgId="肺腺癌"))
    account.deliver(letter(PERSON, MsgType="text", Content=SAID[0], MsgId=new_id()), token="wrong")


def over_telegram(run: Run) -> None:
    """A talk in a private chat, what is said in a group, and an update that cannot be read."""
    agree(run.api, CHAT, "/start anhui-bozhou")
    for text in SAID[:4]:
        after = newest(run.api, CHAT)
        run.api.write(CHAT, text)
        run.api.wait(lambda after=after: heard(run.api, CHAT, after), 20)
    run.api.write(-5, f"@{run.api._world.username} {SAID[0]}")
    person = {"id": CHAT, "is_bot": False, "first_name": "王秀兰"}
    wrong = {"message_id": 9, "date": 1, "chat": {"id": CHAT, "type": "private"}, "from": person, "text": {"低保": 3217654}}
    run.api.raw({"message": wrong})


def by_questions(run: Run) -> None:
    """The questions of the API, right and wrong."""
    case: dict[str, Any] = {"place": "anhui-bozhou", "facility": "county", "total": 7654321, "self_funded": 1357924}
    for category in CATEGORIES:
        run.noted(run.server.post("/api/v1/estimate", case | {"category": category})[1])
    for path, body in {
        "compare": case | {"category": "monitored"},
        "year": case | {"category": "ordinary", "earlier": [case | {"total": 2468135, "place": "anhui-bozhou"}]},
        "before": {
            "case": {name: case[name] for name in ("place", "facility")} | {"category": "ordinary"},
            "least": 1098765,
            "most": 8642097,
        },
        "check": {"case": case | {"category": "ordinary"}, "paid": {"basic": 2765432}},
        "understand": {"text": SAID[0]},
    }.items():
        run.noted(run.server.post(f"/api/v1/{path}", body)[1])
    for wrong in (
        case | {"category": "王秀兰"},
        case | {"category": "monitored", "低保3217654": 1},
        case | {"category": "monitored", "total": "三217654"},
    ):
        run.server.post("/api/v1/estimate", wrong)


def by_broken_requests(run: Run) -> None:
    """Requests that hold what a person said where nothing of it should be."""
    server, words = run.server, quote("低保3217654王秀兰")
    for path in (
        words,
        f"plain?text={words}",
        f"?total=3217654&category=monitored&{words}",
        f"api/v1/policies/{words}/3217654",
        f"t/{words}",
    ):
        server.get(f"/{path}")
        server.post(f"/{path}", SAID[0].encode(), "text/plain")
    for path in ("/api/v1/turn", "/api/v1/estimate", "/plain"):
        for body in ('{"total": 3217654, "category": "monitored"', '{"低保": [3217654', f'{{"text": "{SAID[0]}"', SAID[0], SAID[0] * 9_000):
            server.post(path, body.encode())
    asked = f"GET /{words} HTTP/1.1\r\nHost: {words}\r\nX-Request-ID: 3217654 monitored\r\nX-Forwarded-For: {words}\r\nCookie: {words}"
    asked += f"\r\nUser-Agent: {words}\r\nReferer: http://x/{words}\r\n\r\n"
    asyncio.run(said(server, asked.encode()))
    asyncio.run(said(server, f"低保3217654 /王秀兰 HTTP/1.1\r\n低保: 3217654\r\n\r\n{SAID[0]}".encode()))


async def said(server: Server, words: bytes) -> None:
    """Send bytes as they are, and hear an answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(words)
    await reader.read(100)
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


def spoil(server: Server) -> None:
    """Make every talk one that cannot be read back, with what was said in it: an error of ours with the words at hand."""
    with sqlite3.connect(server.data_dir / "nengbao.sqlite3") as store:
        state = json.dumps({"answers": SAID[0], "低保": 3217654}, ensure_ascii=False)
        store.execute("UPDATE conversations SET state = CAST(? AS BLOB)", (state,))
    store.close()


def by_errors(run: Run) -> None:
    """Go on over each door where nothing can go on."""
    keys = [word for word in run.used if re.fullmatch(r"[A-Za-z0-9_-]{20,}[.][A-Za-z0-9_-]{16}", word)]
    for key in keys:
        run.server.post("/api/v1/turn", {"message_id": "低保", "conversation": key, "text": SAID[1]})
        run.server.post("/api/v1/data", {"conversation": key})
        run.turned(Reader(run.server.address).post("/plain", {"text": SAID[1], "conversation": key, "message_id": "低保"}))
    asyncio.run(frames(run, keys))
    Account(run.server, PERSON).say(SAID[1])
    run.api.write(CHAT, SAID[1])
    wait_for(run.api, CHAT, "这里出了点问题")


async def frames(run: Run, keys: list[str]) -> None:
    """A turn of each of these talks over the WebSocket."""
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{run.server.address}/ws") as socket:
        for key in keys:
            await socket.send_json({"type": "turn", "message_id": "监测", "conversation": key, "text": SAID[0]})
            await socket.receive_json()


def found(run: Run, text: str) -> list[str]:
    """What of all that was said, used and answered stands in a text."""
    amounts = {str(amount) for amount in AMOUNTS} | {word.replace(",", "") for word in run.used if re.fullmatch(r"[0-9,]+", word)}
    amounts |= {f"{int(amount):,}" for amount in amounts}
    keys = {*CATEGORIES, *FACILITIES} | {word for word in run.used if re.fullmatch(r"[A-Za-z0-9_-]{20,}[.][A-Za-z0-9_-]{16}", word)}
    words = amounts | keys | {*FAMILY, *LABELS, PERSON, str(CHAT), TOKEN, run.api.token} | {quote(label) for label in (*FAMILY, *LABELS)}
    return sorted(told(words, text))


def test_the_run_used_enough_to_be_found(run: Run) -> None:
    """Every amount and every category was said, answers had amounts of their own, and every door met an error of ours."""
    assert len([word for word in run.used if word.isdigit()]) > 20
    log = (run.server.data_dir / "server.log").read_text()
    assert [
        event for event in ("request_failed", "frame_failed", "form_failed", "turn_failed", "update_unreadable") if event not in log
    ] == []


@pytest.mark.parametrize("where", ["server.log", "metrics"])
def test_nothing_that_was_said_is_logged_or_counted(run: Run, where: str) -> None:
    """No amount, no category in words or by key, no name, illness, number, key of a talk or secret, asked or answered, in any spelling."""
    assert found(run, (run.server.data_dir / where).read_text()) == []


def test_nothing_is_printed(run: Run) -> None:
    """Standard output holds nothing that was said either."""
    assert found(run, run.server.printed) == []


def test_no_address_holds_what_was_said(run: Run) -> None:
    """No link, form, picture or redirection of any page has an amount, a category, a word or the key of a talk in its address."""
    assert len(run.addresses) > 10
    assert {address: held for address in run.addresses if (held := found(run, address))} == {}
