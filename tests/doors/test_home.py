"""What is taken home from a talk and given back: the sheet, the code that leads back, a figure that is not right."""

import csv
import io
import json
import sqlite3
import urllib.request
from typing import Any
from uuid import uuid4

import pypdfium2
import pytest

from tests.doors.test_command import run
from tests.server import Server


def say(server: Server, text: str, conversation: str | None = None) -> dict[str, Any]:
    """One message of a talk in Bozhou."""
    body = {"message_id": uuid4().hex, "text": text, "place": "anhui-bozhou"} | ({"conversation": conversation} if conversation else {})
    status, answer = server.post("/api/v1/turn", body)
    assert status == 200
    return answer


def test_a_talk_with_an_estimate_can_be_printed(running: Server) -> None:
    """The PDF carries a code; the code, however it is typed, leads back to the talk; a wrong one leads nowhere."""
    talk = say(running, "低保，县医院，两万，没有自费")["conversation"]
    asked = json.dumps({"conversation": talk, "form": "slip"}).encode()
    request = urllib.request.Request(f"{running.address}/api/v1/sheet", asked, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as response:
        sheet = response.read()
        assert response.headers.get_content_type() == "application/pdf"
    words = "".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(sheet))
    code = words.partition("短码")[2].strip().splitlines()[0]
    assert running.post("/api/v1/resume", {"code": code.lower().replace(" ", "-")}) == (200, {"conversation": talk})
    status, answer = running.post("/api/v1/resume", {"code": "ABCDE23456"})
    assert (status, answer["error"]["code"]) == (404, "unknown_code")
    say(running, "忘掉我", talk)
    assert running.post("/api/v1/resume", {"code": code})[0] == 404


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"conversation": "nobody"}, 404, "unknown_conversation"),
        ({"form": "a4"}, 422, "missing"),
        ({"conversation": "nobody", "form": "poster"}, 422, "invalid"),
    ],
)
def test_what_cannot_be_printed_is_said(running: Server, body: dict[str, Any], status: int, code: str) -> None:
    """Each with its code and a sentence."""
    got, answer = running.post("/api/v1/sheet", body)
    assert (got, answer["error"]["code"]) == (status, code)
    assert answer["error"]["say"]


def test_a_talk_without_an_estimate_cannot_be_printed(running: Server) -> None:
    """It says what to do first."""
    talk = say(running, "低保")["conversation"]
    status, answer = running.post("/api/v1/sheet", {"conversation": talk})
    assert (status, answer["error"]["code"]) == (422, "no_estimate")


def test_a_figure_that_is_not_right_reaches_the_operator(server: Server) -> None:
    """With its value and the words; telephone and paper numbers are taken out, and no talk is named."""
    report = {
        "place": "anhui-bozhou",
        "edition": "2022",
        "figure": "basic.deductible.county",
        "words": "=县里现在是 400 元，我电话 13912345678",
    }
    status, answer = server.post("/api/v1/report", report)
    assert (status, answer["say"]) == (200, "记下了，谢谢您。我们会去核对。")
    unknown = server.post("/api/v1/report", report | {"figure": "basic.nothing"})
    assert (unknown[0], unknown[1]["error"]["code"]) == (422, "unknown_figure")
    server.stop()
    folder = server.data_dir
    listed = run("reports", "list", data_dir=folder).stdout
    assert "anhui-bozhou/2022\tbasic.deductible.county 500\t=县里现在是 400 元，我电话 …" in listed
    exported = json.loads(run("reports", "export", "--format", "json", data_dir=folder).stdout)
    assert [each["value"] for each in exported] == ["500"]
    (row,) = csv.DictReader(io.StringIO(run("reports", "export", data_dir=folder).stdout.removeprefix("\ufeff")))
    assert row["words"].startswith("'=")
    columns = [name for _, name, *_ in sqlite3.connect(folder / "nengbao.sqlite3").execute("PRAGMA table_info(reports)")]
    assert "conversation" not in columns


def test_a_person_gets_everything_that_is_kept_of_the_talk(running: Server) -> None:
    """我的数据 says how much it is; the file holds every answer taken and every reply; of a talk that is not there it says so."""
    talk = say(running, "低保，县医院")["conversation"]
    say(running, "两万", talk)
    told = say(running, "我的数据", talk)["replies"][0]
    assert "您的 4 条回答，和我的 2 次回话" in told["text"]
    assert told["attachments"] == [{"kind": "file", "text": "下载我的数据", "address": "/api/v1/data"}]
    status, kept = running.post("/api/v1/data", {"conversation": talk})
    assert status == 200
    assert {answer["slot"]: answer["value"] for answer in kept["answers"]}["total"] == "20000.00"
    assert [turn["turn"] for turn in kept["turns"]] == [1, 2, 3]
    assert running.post("/api/v1/data", {"conversation": "nobody"})[0] == 404
    say(running, "忘掉我", talk)
    assert "20000" not in json.dumps(running.post("/api/v1/data", {"conversation": talk})[1])
