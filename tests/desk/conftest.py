"""Desks of two villages on one server, and their coordinators."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

import pytest

from bot.desk import Book, Keys, Kind, Registers, Room
from tests.server import Server


@pytest.fixture
def book(tmp_path: Path) -> Book:
    """A new desk, opened by 张三."""
    keys = Keys(Room(tmp_path))
    desk = keys.known(keys.add("李庄", "张三"))
    assert desk is not None
    return Book(Room(tmp_path), desk)


@pytest.fixture(scope="module")
def desks(running: Server) -> tuple[str, str]:
    """The keys of two villages on one server."""
    keys = Keys(Room(running.data_dir))
    return keys.add("李庄", "张三"), keys.add("王庄", "李四")


def written(registers: Registers, kind: Kind, day: str, people: dict[str, str]) -> int:
    """A list of an office that is taken."""
    number = registers.begin(kind, day)
    assert registers.write(number, people) == set()
    registers.finish(number)
    return number


@contextmanager
def source_of(data: bytes, ending: str) -> Iterator[Path]:
    """A list that has come, as a file in a folder of its own."""
    with TemporaryDirectory() as folder:
        source = Path(folder, f"in{ending}")
        source.write_bytes(data)
        yield source


class Person:
    """Somebody with a browser that knows no scripts: cookies are kept, forms are sent from our own pages."""

    def __init__(self, server: Server) -> None:
        self.server, self.cookie, self.given = server, "", ""

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body."""
        sent = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin", "Cookie": self.cookie} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        with closing(HTTPConnection("127.0.0.1", self.server.port, timeout=60)) as line:
            line.request(method, path, body, sent)
            answer: HTTPResponse = line.getresponse()
            given = dict(answer.getheaders())
            if "Set-Cookie" in given:
                self.given = given["Set-Cookie"]
                self.cookie = self.given.partition(";")[0]
            return answer.status, given, answer.read()

    def get(self, path: str) -> str:
        """A page."""
        status, _, body = self.ask("GET", path)
        assert status == 200, body.decode()
        return body.decode()

    def open(self, key: str) -> int:
        """Type a key."""
        return self.ask("POST", "/desk", urlencode({"key": key}).encode(), Content_Type="application/x-www-form-urlencoded")[0]

    def send(self, path: str, **fields: str) -> tuple[int, str, str]:
        """Send a form without a file: status, where it leads, and the page."""
        sent = self.ask("POST", path, urlencode(fields).encode(), Content_Type="application/x-www-form-urlencoded")
        return sent[0], sent[1].get("Location", ""), sent[2].decode()

    def bring(self, file: tuple[str, bytes] | None = None, path: str = "/desk/roster", **fields: str) -> tuple[int, str, str]:
        """Send the form for a list: status, where it leads, and the page."""
        parts = [(f'name="{name}"', value.encode()) for name, value in fields.items()]
        parts += [(f'name="file"; filename="{file[0] if file else ""}"', file[1] if file else b"")]
        body = b"".join(
            b"--edge\r\nContent-Disposition: form-data; " + head.encode() + b"\r\n\r\n" + data + b"\r\n" for head, data in parts
        )
        sent = self.ask("POST", path, body + b"--edge--\r\n", Content_Type="multipart/form-data; boundary=edge")
        return sent[0], sent[1].get("Location", ""), sent[2].decode()


@pytest.fixture
def person(running: Server, desks: tuple[str, str]) -> Person:
    """The coordinator of the first village at an open desk."""
    somebody = Person(running)
    assert somebody.open(desks[0]) == 303
    return somebody
