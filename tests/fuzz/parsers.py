"""Every reader of what comes from outside, as a function of bytes that raises nothing: whatever it raises is a defect.

Each reader turns away what it cannot read by an error of its own (or None, or a status), which is caught here and nowhere else; beyond
that each function says what must hold of what was read. `test_parsers.py` feeds them mutations of their seeds, `guided.py` millions.
"""

import asyncio
import base64
import json
import re
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import telegram
from aiohttp.test_utils import make_mocked_request
from aiohttp.web import Application
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from telegram.ext import ExtBot

from bot.assistant import Assistant
from bot.conversation import Conversation, Incoming, Rules, offered, open_question, take_turn
from bot.knowledge import Knowledge, read_knowledge
from bot.langs import LANGS
from bot.settings import Settings
from bot.speech import reply_json
from bot.store import SqliteStore
from bot.store.beside import query_of_code
from bot.tables.errors import TableError
from bot.telegram.door import meaning_of
from bot.understanding import understand
from bot.understanding.money import MONEY_SLOTS
from bot.web import app as web_app
from bot.web import plain
from bot.web.app import make_app
from bot.web.errors import ApiError, dumps, wrong_case
from bot.web.home import Data, Print, Resume, Wrong
from bot.web.questions import QUESTIONS
from bot.web.requests import parse_json, read_model, read_turn
from bot.web.shared import client_of, fields
from bot.wechat.crypto import Seal, SealError, is_signed
from bot.wechat.envelope import EnvelopeError, read_fields, text_answer
from bot.wechat.meaning import read
from engine import CaseError, PackError, fen, read_edition
from tests.fuzz.packs import _pack as random_pack
from tests.tables.files import HEADER, hand_made, rows_of, sheet_xml

TODAY = date(2026, 11, 24)
#: As a deployment writes it; of no account that exists.
_WRITTEN_KEY, _ACCOUNT, _TOKEN = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "wx5823bf96d3bd56c7", "TEST-token"
_SLOTS = (None, "total", "self_funded", "first_share", "category", "facility", "place", "on", "registered", "emergency", "finder", "sheet")
_MOST_STAYS, _MOST_FIELDS = 99, 20
_PLAIN_NAME = re.compile(r"[a-z0-9-]{1,60}")


@dataclass(frozen=True, slots=True)
class Target:
    """A reader: `feed` raises nothing; `seeds` are what it should be able to read, `words` what mutations are made of."""

    feed: Callable[[bytes], None]
    seeds: tuple[bytes, ...]
    words: tuple[bytes, ...] = ()


# --- messages


def message(data: bytes) -> None:
    """Any text, to any question: amounts are whole fen within the limit, and a slot is filled or doubted, never both."""
    expecting, text = _SLOTS[data[0] % len(_SLOTS)] if data else None, data[1:].decode("utf-8", "replace")
    heard = understand(text, _knowledge().vocabulary, expecting)
    assert not {doubt.slot for doubt in heard.ambiguous} & heard.slots.keys()
    for name, slot in heard.slots.items():
        if name in MONEY_SLOTS or name.startswith("sheet."):
            assert isinstance(slot.value, str)
            assert fen(slot.value) >= 0
        if name == "so_far_stays":
            assert 1 <= int(str(slot.value)) <= _MOST_STAYS


def talk(data: bytes) -> None:
    """Messages line by line, each a text or, behind a digit, the button of that number: every answer can be said in each language."""
    rules, conversation = _rules(), Conversation()
    for number, line in enumerate(data.decode("utf-8", "replace").split("\n")[:12]):
        choices = offered(conversation, rules)
        if line[:1].isdecimal() and line[:1].isascii() and choices:
            incoming = Incoming(str(number), choice=choices[int(line[0]) % len(choices)].key)
        else:
            heard = understand(line, _knowledge().vocabulary, open_question(conversation, rules))
            incoming = Incoming(str(number), heard)
        turned = take_turn(conversation, incoming, rules)
        conversation = turned.conversation
        voice = _knowledge().voices[LANGS[number % len(LANGS)]]
        assert turned.replies
        dumps([reply_json(voice, reply) for reply in turned.replies]).encode()


# --- the web door


def turn(data: bytes) -> None:
    """The body of a turn, of a sheet, of a code, of a report: read, or refused in words that can be sent."""
    for model in (None, Print, Data, Resume, Wrong):
        try:
            raw = parse_json(data)
            read_turn(raw) if model is None else read_model(raw, model)
        except ApiError as error:
            _sendable(error)


def question(data: bytes) -> None:
    """The body of every question of the API: answered or refused, in words that can be sent."""
    voice = _knowledge().voice(None)
    try:
        raw = parse_json(data)
    except ApiError:
        return
    for asked in QUESTIONS if isinstance(raw, dict) else ():
        try:
            dumps(asked.tell(voice, asked.settle(raw, _knowledge(), TODAY))).encode()
        except CaseError as error:
            _sendable(wrong_case(voice, error))
        except ApiError as error:
            _sendable(error)


def frame(data: bytes) -> None:
    """A frame of the WebSocket, as text and as bytes, up to the disk: an answer that is no failure of ours, and that can be sent."""
    request = make_mocked_request("GET", "/ws", app=_app())
    for said in (data, data.decode("utf-8", "replace")):
        status, answer = _loop().run_until_complete(web_app._answer(request, said))
        assert status < 500, answer
        dumps(answer).encode()


def form(data: bytes) -> None:
    """What is typed into pages without scripts and stands in headers: a form and the turn it is, a code, X-Forwarded-For behind a proxy."""
    sent = fields(data)
    assert len(sent) <= _MOST_FIELDS
    query_of_code(sent.get("code", ""))
    try:
        read_turn(plain._form(data).raw)
    except ApiError as error:
        _sendable(error)
    value = data.decode("latin-1").replace("\r", "").replace("\n", "")
    assert client_of(make_mocked_request("GET", "/", headers={"X-Forwarded-For": value}, app=_app(), transport=_Peer()))


# --- other doors


def letter(data: bytes) -> None:
    """The XML of a delivery of WeChat, with whatever as its signature."""
    is_signed(data.decode("utf-8", "replace"), _TOKEN, "1", "2")
    with suppress(EnvelopeError):
        said = read(read_fields(data))
        if said is not None:
            read_fields(text_answer(said.sender, said.account, 0, said.text or "x").encode())


def sealed(data: bytes) -> None:
    """A sealed message of WeChat: as it is sent, and as what would stand in it once it is opened."""
    seal = Seal(_WRITTEN_KEY, _ACCOUNT)
    key = base64.b64decode(f"{_WRITTEN_KEY}=")
    closing = Cipher(AES(key), CBC(key[:16])).encryptor()
    inside = base64.b64encode(closing.update(data + bytes(-len(data) % 16)) + closing.finalize()).decode()
    for sent in (data.decode("utf-8", "replace"), inside):
        with suppress(SealError):
            assert seal.open(sent) in data


def update(data: bytes) -> None:
    """An update of Telegram, in a delivery or a batch: a meaning, or none."""
    try:
        raw = json.loads(data)
    except (ValueError, RecursionError):
        return
    meaning_of(raw, _telegram(), telegram.User(4242, "能报", True, username="nengbao_bot"))


# --- files


def pack(data: bytes) -> None:
    """A rule pack as a file."""
    _read_pack(data)


def pack_values(data: bytes) -> None:
    """A rule pack of which some values are others: the first byte says which pack, then two say where and one what."""
    if not data:
        return
    raw = random_pack(Random(data[0] % 32))
    for at in range(1, len(data) - 2, 3):
        spots = list(_spots(raw))
        holder, key = spots[int.from_bytes(data[at : at + 2], "big") % len(spots)]
        holder[key] = _STRANGE[data[at + 2] % len(_STRANGE)]
    _read_pack(json.dumps(raw).encode(), raw.get("place"), raw.get("edition"))


def csv(data: bytes) -> None:
    """A CSV file as it is uploaded or given: rows, or why not."""
    _read_table("a.csv", lambda path: path.write_bytes(data))


def xlsx(data: bytes) -> None:
    """A workbook whose archive is broken somewhere."""
    _read_table("a.xlsx", lambda path: path.write_bytes(data))


def sheet(data: bytes) -> None:
    """A whole workbook with such XML for its rows, its strings and its styles."""
    rows, _, more = data.decode("utf-8", "replace").partition("\0")
    strings, _, styles = more.partition("\0")
    parts = {"xl/sharedStrings.xml": strings, "xl/styles.xml": styles}
    _read_table("a.xlsx", lambda path: hand_made(path, sheet_xml(HEADER + rows), **{name: text for name, text in parts.items() if text}))


def _read_table(name: str, write: Callable[[Path], object]) -> None:
    with tempfile.TemporaryDirectory(dir=_memory()) as folder:
        path = Path(folder, name)
        write(path)
        with suppress(TableError):
            rows_of(path)


def _read_pack(data: bytes, place: object = "fuzz", edition: object = "2020") -> None:
    names = [f"{name}" if _PLAIN_NAME.fullmatch(f"{name}") else "fuzz" for name in (place, edition)]
    with tempfile.TemporaryDirectory(dir=_memory()) as folder:
        path = Path(folder, names[0], f"{names[1]}.yaml")
        path.parent.mkdir()
        path.write_bytes(data)
        with suppress(PackError):
            read_edition(path)


def _spots(raw: Any) -> Any:
    """Every value in a pack, by what holds it."""
    for key, value in [*(raw.items() if isinstance(raw, dict) else enumerate(raw))]:
        yield raw, key
        if isinstance(value, dict | list):
            yield from _spots(value)


_STRANGE: tuple[Any, ...] = (
    *(None, True, "", "x", "0", "-1", "1e9", "100000000.01", "99999999999999999999", "0.001", "101%", "100%", "-5%", "0.0001%", "２０"),
    *(
        [],
        {},
        [[]],
        {"": None},
        [None],
        "2024-02-30",
        "9999-12-31",
        "county",
        "ordinary",
        "basic",
        "range",
        "unknown",
        "stated",
        0,
        1.5,
        -1,
    ),
    *("\ud7ff\ue000", "nan", "inf", "1/3", "所有", {"value": "1"}, {"zh": "x", "en": "x"}, ["county", "county"], "x" * 5_000),
)


# --- what the readers stand on


def _sendable(error: ApiError) -> None:
    assert error.status < 500
    for lang in LANGS:
        dumps(error.body(_knowledge().voices[lang])).encode()


@cache
def _knowledge() -> Knowledge:
    return read_knowledge()


@cache
def _rules() -> Rules:
    known = _knowledge()
    return Rules(known.shelf, known.flow, known.finder, TODAY, LANGS, 30)


@cache
def _memory() -> str | None:
    """A folder in memory, where there is one: files come and go by the million."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


@cache
def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


@cache
def _app() -> Application:
    """An app on a file of its own that refuses nobody for asking often."""
    folder = Path(tempfile.mkdtemp(prefix="nengbao-fuzz-", dir=_memory()))
    often: dict[str, Any] = {"client_rate": 1e6, "client_burst": 1_000_000, "conversation_rate": 1e6}

    async def made() -> Application:
        assistant = Assistant(_knowledge(), SqliteStore(folder / "talks.sqlite3"), lambda: TODAY)
        return make_app(assistant, Settings(data_dir=folder, proxies="127.0.0.1,10.0.0.0/8", **often))

    return _loop().run_until_complete(made())


class _Peer:
    """A connection from our own proxy."""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 5) if name == "peername" else default


@cache
def _telegram() -> ExtBot[None]:
    return ExtBot("1:TEST", base_url="http://127.0.0.1:9/bot")


# --- seeds


def _json(*values: Any) -> tuple[bytes, ...]:
    return tuple(json.dumps(value, ensure_ascii=False).encode() for value in values)


_CASE = {"place": "anhui-bozhou", "category": "subsistence_allowance", "facility": "county", "total": "20000", "self_funded": 0}
_SAID = (
    *(
        "亳州低保，县医院花了两万，没有自费",
        "不对，是三万二",
        "第二次住院，上次自己掏了8765",
        "2024年3月5日出院，郑州市医院",
        "家里四口人，交多少钱",
    ),
    *(
        "我妈是低保，县医院和市医院哪个划算",
        "结算单：总费用20000，统筹13000，大病0",
        "不知道",
        "忘掉我",
        "几万吧，三五万",
        "接着说 482 913",
    ),
)
_WORDS = tuple(
    word.encode()
    for word in (
        *(
            "低保",
            "特困",
            "监测户",
            "县医院",
            "省外",
            "亳州",
            "北京",
            "自费",
            "花了",
            "报销",
            "备案",
            "急诊",
            "门诊",
            "住院",
            "上次",
            "今年",
            "去年",
        ),
        *(
            "三万二",
            "3.2万",
            "两千五",
            "几万",
            "块",
            "元",
            "万",
            "千",
            "零",
            "半",
            "不",
            "没",
            "是",
            "和",
            "还是",
            "，",
            "。",
            "？",
            "岁",
            "第二次",
        ),
        *(
            "2024年3月5日",
            "交多少钱",
            "几口人",
            "结算单",
            "统筹",
            "大病",
            "救助",
            "不知道",
            "为什么",
            "重来",
            "返回",
            "忘掉我",
            "接着说 482 913",
            "\n1",
            "\n2",
        ),
    )
)
_NUMBERS = (
    b"1e1000000000000000000",
    b"1e999999",
    b"-0.0",
    b"1e-400",
    b"0.005",
    b"NaN",
    b"9" * 400,
    b'"\\ud800"',
    b"[" * 99,
    b'{"":0}',
    b"null",
    b"true",
)
_KEYS = tuple(
    f'"{name}"'.encode()
    for name in (
        *(
            "place",
            "on",
            "category",
            "insured",
            "facility",
            "care",
            "total",
            "self_funded",
            "first_share",
            "registered",
            "emergency",
            "age",
        ),
        *(
            "disease",
            "fixed_price",
            "earlier",
            "so_far",
            "expired_ok",
            "text",
            "choice",
            "action",
            "message_id",
            "conversation",
            "channel",
            "lang",
        ),
        *(
            "type",
            "turn",
            "hello",
            "after",
            "case",
            "least",
            "most",
            "paid",
            "members",
            "answers",
            "from",
            "to",
            "beijing",
            "ordinary",
            "inpatient",
        ),
    )
)
_PERSON = {"id": 5, "is_bot": False, "first_name": "x", "language_code": "zh-hans"}
SENT: dict[str, Any] = {
    "message_id": 7,
    "date": 1700000000,
    "chat": {"id": 5, "type": "private", "first_name": "x"},
    "from": _PERSON,
    "text": "/start anhui-bozhou",
    "entities": [{"type": "bot_command", "offset": 0, "length": 6}],
}
_GROUP = SENT | {
    "chat": {"id": -5, "type": "group", "title": "x"},
    "text": "@nengbao_bot 你好",
    "entities": [{"type": "mention", "offset": 0, "length": 12}],
}
_PRESSED = {"id": "9", "from": _PERSON, "chat_instance": "1", "data": "?category=ordinary", "message": SENT}
_LEFT = {
    "chat": {"id": 5, "type": "private"},
    "from": _PERSON,
    "date": 1,
    "old_chat_member": {"user": _PERSON, "status": "member"},
    "new_chat_member": {"user": _PERSON, "status": "kicked", "until_date": 0},
}
_LETTER = (
    "<xml><ToUserName><![CDATA[gh_7]]></ToUserName><FromUserName>o1</FromUserName><CreateTime>1</CreateTime><MsgType>{}</MsgType>{}</xml>"
)
_ROW = '<row r="2"><c r="A2" t="s"><v>0</v></c><c r="B2" s="1"><v>45000.5</v></c></row>'
_STRINGS = '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>低保</t></si><si><r><t>a</t></r></si></sst>'
_STYLES = (
    '<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    '<numFmts><numFmt numFmtId="170" formatCode="yyyy/m/d"/></numFmts>'
    '<cellXfs><xf numFmtId="0"/><xf numFmtId="170"/></cellXfs></styleSheet>'
)


def _workbook() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return hand_made(Path(folder, "a.xlsx"), sheet_xml(HEADER + _ROW), **{"xl/sharedStrings.xml": _STRINGS}).read_bytes()


def _packs() -> tuple[bytes, ...]:
    return tuple(json.dumps(random_pack(Random(seed)) | {"place": "fuzz", "edition": "2020"}, indent=1).encode() for seed in range(4))


def _plaintext(said: bytes) -> bytes:
    whole = bytes(16) + len(said).to_bytes(4, "big") + said + _ACCOUNT.encode()
    padding = 32 - len(whole) % 32
    return whole + bytes([padding]) * padding


TARGETS: dict[str, Target] = {
    "message": Target(message, tuple(b"\1" + said.encode() for said in _SAID), _WORDS),
    "talk": Target(talk, ("\n".join(_SAID).encode(), "亳州\n1\n2\n两万\n1\n3\n0".encode()), _WORDS),
    "turn": Target(
        turn,
        _json(
            {"message_id": "a", "text": "低保", "place": "anhui-bozhou", "lang": "en"},
            {"code": "ABCDE12345"},
            {"conversation": "x", "form": "a4"},
        ),
        _KEYS + _NUMBERS,
    ),
    "question": Target(
        question,
        _json(
            _CASE, _CASE | {"earlier": [{"facility": "city", "total": 60000}]}, {"case": _CASE, "least": 1, "most": "2"}, {"text": "低保"}
        ),
        _KEYS + _NUMBERS,
    ),
    "frame": Target(
        frame,
        _json({"type": "turn", "message_id": "a", "text": "亳州低保县医院两万"}, {"type": "hello", "conversation": "x", "after": 0}),
        _KEYS + _NUMBERS,
    ),
    "form": Target(
        form,
        (
            b"text=%E4%BD%8E%E4%BF%9D&message_id=x&place=",
            b"conversation=a&choice=category%3Dordinary&code=ABC-12",
            b"::ffff:10.0.0.1, 10.0.0.1",
        ),
        (b"%", b"&", b"=", b";", b"%ff", b",", b":", b"10.0.0.1", b"fe80::1%eth0", b"\xff", b"code="),
    ),
    "letter": Target(
        letter,
        (
            _LETTER.format("text", "<Content>低保</Content><MsgId>1</MsgId>").encode(),
            _LETTER.format("event", "<Event>subscribe</Event><EventKey>qrscene_x</EventKey>").encode(),
        ),
        (
            b"<!DOCTYPE x>",
            b"<![CDATA[",
            b"]]>",
            b"&#0;",
            b"&lt;",
            b"<?xml version='1.0' encoding='utf-7'?>",
            b"<Encrypt>",
            b"</Encrypt>",
            b"\xff\xfe",
        ),
    ),
    "sealed": Target(
        sealed, (_plaintext(b"<xml><a>1</a></xml>"), base64.b64encode(bytes(64))), (b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"=", b"\x20")
    ),
    "update": Target(
        update,
        _json(
            {"update_id": 1, "message": SENT},
            {"update_id": 2, "callback_query": _PRESSED},
            {"update_id": 3, "message": _GROUP},
            {"update_id": 4, "my_chat_member": _LEFT},
        ),
        (
            *_NUMBERS,
            b'"photo":[{}]',
            b'"caption":',
            b'"reply_to_message":{}',
            b'"reply_markup":{"inline_keyboard":[[{}]]}',
            b'"media_group_id":0',
        ),
    ),
    "pack": Target(
        pack,
        _packs(),
        (b"&a ", b"*a", b"!!python/none", b"\t", b": ", b"- ", b"{", b"[", b"|\n", b"? ", b"---\n", b"%YAML 9", b"\x00", b"\xff"),
    ),
    "pack_values": Target(pack_values, tuple(bytes([seed, 0, 9 * seed, seed, 0, 30, seed + 3]) for seed in range(8)), ()),
    "csv": Target(
        csv,
        (
            '\ufeffplace,category,total\nbeijing,低保,"1,000"\n'.encode(),
            "地区;类别\n北京;低保\n\n".encode("gb18030"),
            "a\tb\r1\t2\r".encode("utf-16"),
        ),
        (b'"', b",", b"\t", b";", b"\r\n", b"\r", b"\n", b"\x00", b"\xff\xfe", b"\x81", b'""', b"sep=;"),
    ),
    "xlsx": Target(xlsx, (_workbook(),), (b"PK\1\2", b"PK\3\4", b"PK\5\6", b"\xff\xff\xff\xff", b"../", b"\x00\x00")),
    "sheet": Target(
        sheet,
        (f"{_ROW}\0{_STRINGS}\0{_STYLES}".encode(),),
        (
            *(b"<si>", b"<t>", b"<r>", b"&#1;", b"numFmtId", b's="9"', b"e999", b"-1", b"1e309", b"\0", b"<row", b' r="1048577"', b"<c"),
            *(b"<v>", b"</v>", b"<is><t>", b't="s"', b't="b"', b't="e"', b't="str"', b"<f>", b"<mergeCell"),
        ),
    ),
}
