"""An official account as WeChat runs it: signed and sealed deliveries to a real server, and what people see of the answers."""

import hashlib
import itertools
import re
import time
from dataclasses import dataclass, field
from urllib.parse import urlencode
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from tests.server import Server

TOKEN = "TEST-token-of-the-account"
KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
APPID = "wx5823bf96d3bd56c7"
ACCOUNT = "gh_7f083739789a"
PERSON = "oUuW40YnPqXcVbTzAaLkSdJhGfEw"

PLAIN = {"NENGBAO_WECHAT_TOKEN": TOKEN, "NENGBAO_CONVERSATION_RATE": "10000", "NENGBAO_DOOR_RATE": "10000"}
SAFE = PLAIN | {"NENGBAO_WECHAT_AES_KEY": KEY, "NENGBAO_WECHAT_APPID": APPID}

#: What has an answer of three parts to the question why.
LONG = "2018年3月1日出院，建档立卡，省级三级医院花了十万，没有自费"

MORE = "后面还有。回 0 或“更多”，接着看。"
CHOICES = "要点哪一个，回前面的数字："
MOST_BYTES = 2048

_ids = itertools.count(time.time_ns())


def new_id() -> str:
    """The id of a new message."""
    return str(next(_ids))


def signed(*words: str) -> str:
    """WeChat's signature."""
    return hashlib.sha1("".join(sorted(words)).encode()).hexdigest()


def query(token: str = TOKEN, **more: str) -> str:
    """The signed part of an address."""
    timestamp, nonce = str(int(time.time())), "486452656"
    words = {"signature": signed(token, timestamp, nonce), "timestamp": timestamp, "nonce": nonce}
    return urlencode(words | more)


def letter(person: str = PERSON, **fields: str) -> bytes:
    """A message's XML; fields in capitals as WeChat writes them."""
    known = {"ToUserName": ACCOUNT, "FromUserName": person, "CreateTime": str(int(time.time()))}
    return f"<xml>{''.join(f'<{name}>{escape(value)}</{name}>' for name, value in (known | fields).items())}</xml>".encode()


def plain(text: str) -> str:
    """Words without spaces and line ends, which a door may set as it likes."""
    return re.sub(r"\s", "", text)


@dataclass
class Account:
    """Delivers what one person does to a server."""

    server: Server
    person: str = PERSON
    heard: list[str] = field(default_factory=list)

    def deliver(self, body: bytes, token: str = TOKEN) -> tuple[int, str]:
        """Status and answer of one delivery."""
        return self.server.post(f"/wechat?{query(token, openid=self.person)}", body, "text/xml")

    def send(self, **fields: str) -> str:
        """The words that come back; nothing where WeChat would show nothing."""
        status, answer = self.deliver(letter(self.person, **fields))
        assert status == 200, answer
        if answer == "success":
            return ""
        words = self._words(answer)
        assert len(words.encode()) <= MOST_BYTES
        self.heard.append(words)
        return words

    def say(self, text: str, message: str | None = None) -> str:
        """What comes back to a text."""
        return self.send(MsgType="text", Content=text, MsgId=message or new_id())

    def event(self, event: str, key: str = "", **fields: str) -> str:
        """What comes back to an event."""
        return self.send(**({"MsgType": "event", "Event": event, "EventKey": key} | fields))

    def whole(self, words: str) -> str:
        """An answer with all its further parts, each of which is asked for."""
        parts = [words]
        while parts[-1].endswith(MORE):
            parts.append(self.say("0"))
        return "".join([*(part.removesuffix(MORE) for part in parts[:-1]), parts[-1]])

    def _words(self, answer: str) -> str:
        fields = {child.tag: child.text or "" for child in ElementTree.fromstring(answer)}
        assert (fields["ToUserName"], fields["FromUserName"], fields["MsgType"]) == (self.person, ACCOUNT, "text")
        return fields["Content"]
