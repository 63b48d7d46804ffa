"""The API over HTTP: what it takes, what it refuses and how it says so."""

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.server import Server

CASE = {"place": "anhui-bozhou", "category": "ordinary", "facility": "county", "total": "20000", "self_funded": 0}


def test_an_estimate_over_http_is_the_contracts(running: Server) -> None:
    """Hand-checked row 1 comes back with money as decimal strings and parts that sum to the bill."""
    status, answer = running.post("/api/v1/estimate", CASE)
    assert (status, answer["status"], answer["edition"]) == (200, "computed", "2022")
    assert answer["out_of_pocket"]["amount"] == "4400.00"
    assert [layer["payout"] for layer in answer["layers"]] == ["15600.00", "0.00", "0.00", "0.00"]
    assert {"place", "on", "total", "eligible", "assumed", "lacking", "causes", "cautions", "advice", "year_to_date", "sources"} <= set(
        answer
    )


def test_the_same_case_gives_the_same_bytes(running: Server) -> None:
    """Asking twice, and writing an amount in another way, changes nothing."""
    spellings = ["20000", 20000, 20000.0, "20000.0", "20000.00"]
    assert len({str(running.post("/api/v1/estimate", CASE | {"total": total})) for total in spellings}) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"total": True}, "total"),
        ({"total": -1}, "total"),
        ({"total": "100000000.01"}, "total"),
        ({"total": 0.001}, "total"),
        ({"total": "很多"}, "total"),
        ({"total": ""}, "total"),
        ({"total": "-0"}, "total"),
        ({"total": "+5"}, "total"),
        ({"total": "٣"}, "total"),
        ({"total": None}, "total"),
        ({"self_funded": "20000.01"}, "self_funded"),
        ({"first_share": "20000.01"}, "first_share"),
        ({"category": "rich"}, "category"),
        ({"facility": "clinic"}, "facility"),
        ({"place": "atlantis"}, "place"),
        ({"on": "2024-02-30"}, "on"),
        ({"on": 20240305}, "on"),
        ({"registered": "yes"}, "registered"),
        ({"insured": 1}, "insured"),
        ({"age": 3.5}, "age"),
        ({"age": True}, "age"),
        ({"name": "张三"}, "name"),
        ({"earlier": [{"facility": "county", "total": -1}]}, "earlier.0.total"),
        ({"on": "2024-03-05", "earlier": [{"facility": "county", "total": 1, "on": "2023-03-05"}]}, "earlier.0.on"),
        ({"on": "2024-03-05", "earlier": [{"facility": "county", "total": 1, "on": "2024-04-05"}]}, "earlier.0.on"),
        ({"earlier": [{"facility": "county", "total": 99_999_999}]}, "earlier"),
        ({"earlier": [{"facility": "county", "total": 1}], "so_far": {"stays": 1}}, "so_far"),
        ({"so_far": {"paid": {"basic": -1}}}, "so_far.paid.basic"),
        ({"earlier": [{"facility": "county", "total": 1, "place": "henan-puyang"}]}, "earlier.0.place"),
    ],
)
def test_a_wrong_field_is_422_and_named(running: Server, change: dict[str, Any], field: str) -> None:
    """A wrong field gives 422 with its name, a stable code and a sentence, and never a stack trace."""
    status, answer = running.post("/api/v1/estimate", CASE | change)
    assert (status, answer["error"]["field"]) == (422, field)
    assert answer["error"]["code"].isidentifier()
    assert field in answer["error"]["say"]


@pytest.mark.parametrize(
    ("change", "caution"),
    [
        ({"on": "2019-06-30"}, "before_rules"),
        ({"on": "2026-01-01"}, "after_rules"),
        ({"category": "registered_poor"}, "category_not_covered"),
        ({"facility": "grade_1"}, "facility_not_covered"),
        ({"care": "outpatient"}, "care_not_covered"),
    ],
)
def test_a_question_no_rule_answers_is_refused_not_an_error(running: Server, change: dict[str, Any], caution: str) -> None:
    """Such a question is answered with 200, no layers and no amounts, and says what is missing."""
    status, answer = running.post("/api/v1/estimate", CASE | change)
    assert (status, answer["status"], answer["layers"], answer["out_of_pocket"]) == (200, "refused", [], None)
    assert answer["cautions"][0]["key"] == caution


def test_rules_past_their_day_need_consent(running: Server) -> None:
    """With `expired_ok` the last known rules are used and the answer says so."""
    status, answer = running.post("/api/v1/estimate", CASE | {"on": "2026-01-01", "expired_ok": True})
    assert (status, answer["status"]) == (200, "computed")
    assert "expired_rules" in [caution["key"] for caution in answer["cautions"]]


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b'{"total": NaN}', "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[" * 50_000, "application/json", 400),
        (b"[]", "application/json", 422),
        (b"{}", "text/plain", 415),
        (b" " * 300_000, "application/json", 413),
    ],
)
@pytest.mark.parametrize("path", ["/api/v1/estimate", "/api/v1/turn", "/api/v1/understand"])
def test_a_body_that_cannot_be_read_has_its_own_status(running: Server, path: str, body: bytes, kind: str, status: int) -> None:
    """Broken, foreign and oversized bodies are told apart and never end in a 500."""
    got, answer = running.post(path, body, kind)
    assert got == status
    assert answer["error"]["say"]


@pytest.mark.parametrize("kind", ["application/json; charset=foo", "application/json; charset=utf-8"])
def test_json_is_utf_8_whatever_charset_is_said(running: Server, kind: str) -> None:
    """A foreign charset is no error; a byte order mark, as Windows writes it, is passed over."""
    assert running.post("/api/v1/estimate", b"\xef\xbb\xbf" + json.dumps(CASE).encode(), kind)[0] == 200


def test_an_earlier_stay_may_be_a_whole_case(running: Server) -> None:
    """Place, insured, age and expired_ok may be said again with an earlier stay; an uninsured one counts for nothing."""
    whole = {
        "place": "anhui-bozhou",
        "insured": True,
        "age": 60,
        "expired_ok": False,
        "facility": "county",
        "total": 60_000,
        "self_funded": 0,
    }
    short = {"facility": "county", "total": 60_000, "self_funded": 0}
    bill = CASE | {"category": "ordinary", "total": 60_000}
    said, inherited = (running.post("/api/v1/estimate", bill | {"earlier": [stay]})[1] for stay in (whole, short))
    uninsured = running.post("/api/v1/estimate", bill | {"earlier": [whole | {"insured": False}]})[1]
    assert said == inherited
    assert said["year_to_date"]["stays"] == uninsured["year_to_date"]["stays"] == 2
    assert uninsured["layers"] == running.post("/api/v1/estimate", bill)[1]["layers"]


def test_a_partial_estimate_promises_no_more_than_is_sure(running: Server) -> None:
    """With an unknown self-funded part and a layer nobody can compute, what is surely paid and the most to pay sum to the bill."""
    answer = running.turn(message_id="partial", text="亳州因病致贫，县医院花了两万")
    assert answer["replies"][0]["text"].startswith("至少能报 8,775 元，自己最多掏 11,225 元。")


def test_a_typed_label_presses_its_button(running: Server) -> None:
    """Whoever types what a button says gets what the button gives."""
    first = running.turn(message_id="label", text="亳州低保，县医院花了两万")
    answer = running.turn(message_id="label-2", conversation=first["conversation"], text="不是今年第一次住院")
    assert "还住过院吗" in answer["replies"][-1]["text"]


def test_after_forgetting_nothing_comes_back(running: Server) -> None:
    """忘掉我 says that everything is erased; the first message sent again neither tells nor takes anything."""
    first = running.turn(message_id="forget-1", text="亳州低保，县医院花了两万")
    gone = running.turn(message_id="forget-2", conversation=first["conversation"], text="忘掉我")
    assert gone["erased"] is True
    again = running.turn(message_id="forget-1", text="亳州低保，县医院花了两万")
    assert (again["replies"], again["summary"], again["turn"]) == ([], {}, gone["turn"])


@pytest.mark.parametrize(
    ("frame", "code", "field"),
    [
        (b"\x00junk", "not_json", None),
        ('{"type": "turn", "message_id": "\\ud800", "text": "hi"}', "invalid", "message_id"),
        ('{"type": "turn", "message_id": NaN, "text": "hi"}', "not_json", None),
        ('{"type": "hello", "conversation": "a", "after": 99999999999999999999999}', "invalid", "after"),
        ('{"type": "hello", "conversation": "a", "after": null}', "invalid", "after"),
        ('{"type": "hello", "conversation": "\\ud800"}', "invalid", "conversation"),
    ],
)
async def test_a_bad_frame_is_answered_and_the_socket_lives_on(running: Server, frame: str | bytes, code: str, field: str | None) -> None:
    """Whatever comes over the WebSocket gets an error with a code and a field, and the next frame is answered."""
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{running.address}/ws") as socket:
        await (socket.send_bytes(frame) if isinstance(frame, bytes) else socket.send_str(frame))
        error = (await socket.receive_json())["error"]
        assert (error["code"], error["field"]) == (code, field)
        await socket.send_json({"type": "hello"})
        assert (await socket.receive_json())["type"] == "events"


def test_the_socket_address_tells_others_what_it_takes(running: Server) -> None:
    """Asking for /ws without an upgrade is the contract's error object."""
    status, answer = running.get("/ws")
    assert (status, answer["error"]["code"]) == (400, "not_websocket")


@pytest.mark.parametrize(
    ("turn", "field"),
    [
        ({}, "message_id"),
        ({"message_id": ""}, "message_id"),
        ({"message_id": "a"}, "text"),
        ({"message_id": "a", "text": "b", "choice": "c"}, "text"),
        ({"message_id": "a", "text": 5}, "text"),
        ({"message_id": "a", "text": "b", "extra": 1}, "extra"),
        ({"message_id": "x" * 101, "text": "b"}, "message_id"),
    ],
)
def test_a_wrong_turn_is_422_and_named(running: Server, turn: dict[str, Any], field: str) -> None:
    """A turn needs an id and exactly one of text, choice and action."""
    status, answer = running.post("/api/v1/turn", turn)
    assert (status, answer["error"]["field"]) == (422, field)


@pytest.mark.parametrize(
    "text", ["x" * 10_000, "三" * 10_000, "\x00\x07\x1b[31m", "🙂" * 50, "<img src=x onerror=alert(1)>", "\u202e", " "]
)
def test_strange_messages_get_a_sentence_and_keep_the_question(running: Server, text: str) -> None:
    """Endless, unprintable and marked-up messages are answered, and the open question comes again."""
    answer = running.turn(message_id="t" + str(abs(hash(text))), text=text, place="anhui-bozhou")
    assert answer["replies"][-1]["kind"] == "question"
    assert all(reply["text"] for reply in answer["replies"])


def test_lone_surrogates_do_not_end_in_an_error(running: Server) -> None:
    """JSON may hold half a character; it is read as nothing, and the answer can be kept."""
    status, answer = running.post("/api/v1/turn", b'{"message_id": "s", "text": "\\ud800\\u4f4e\\u4fdd", "place": "anhui-bozhou"}')
    assert (status, answer["replies"][-1]["kind"]) == (200, "question")


def test_unknown_things_are_404_and_other_methods_405(running: Server) -> None:
    """Unknown addresses, editions and conversations are 404; a wrong method is 405."""
    assert running.get("/nothing")[0] == 404
    assert running.get("/api/v1/policies/anhui-bozhou/1999")[0] == 404
    assert running.post("/api/v1/turn", {"message_id": "a", "conversation": "gone", "text": "b"})[0] == 404
    assert running.get("/api/v1/turn")[0] == 405


def test_policies_are_listed_with_every_figure(running: Server) -> None:
    """The list names each edition; the edition gives each figure with basis and source."""
    assert [policy["edition"] for policy in running.get("/api/v1/policies")[1]["policies"][:2]] == ["2017", "2022"]
    figures = running.get("/api/v1/policies/anhui-bozhou/2022")[1]["figures"]
    found = {figure["name"]: (figure["value"], figure["basis"], figure["source"]) for figure in figures}
    assert found["medical_aid.deductible.monitored"] == ("3000", "stated", "article")


def test_the_api_document_names_every_described_route(running: Server) -> None:
    """OpenAPI 3.1 with estimate, turn, policies and health, and the case's fields."""
    document = running.get("/api/openapi.json")[1]
    assert document["openapi"] == "3.1.0"
    assert {"/api/v1/estimate", "/api/v1/turn", "/api/v1/policies", "/healthz", "/readyz"} <= set(document["paths"])
    assert "category" in document["components"]["schemas"]["Case"]["properties"]


def test_health_and_readiness(running: Server) -> None:
    """Both say ok while the store can be asked."""
    assert running.get("/healthz") == (200, {"status": "ok"})
    assert running.get("/readyz")[0] == 200


def test_no_answer_reaches_the_log(running: Server) -> None:
    """The log of all these questions holds no amount (of seven digits: no moment looks like it), category or word of a person."""
    running.turn(message_id="log", text="亳州低保，在县医院花了4321098元", place="anhui-bozhou")
    log = (running.data_dir / "server.log").read_text()
    assert "/api/v1/turn" in log
    assert [word for word in ("4321098", "4,321,098", "低保", "subsistence", "onerror", "张三") if word in log] == []


def test_a_household_with_many_addresses_of_ipv6_is_one_client(tmp_path: Path) -> None:
    """Whoever has a line of IPv6 has 2^64 addresses; they share one limit, and the network beside it has its own."""
    server = Server(tmp_path, NENGBAO_PROXIES="127.0.0.1", NENGBAO_CLIENT_RATE="0.001", NENGBAO_CLIENT_BURST="2")
    server.start()
    asked = [server.head("/plain", {"X-Forwarded-For": address})[0] for address in ("2001:db8::1", "2001:db8::2:3", "2001:db8::ffff:4:5:6")]
    assert asked == [200, 200, 429]
    assert server.head("/plain", {"X-Forwarded-For": "2001:db8:0:1::1"})[0] == 200
    server.stop()


def test_a_flood_at_one_door_is_told_to_come_again(tmp_path: Path) -> None:
    """Many addresses with talks of their own are one door; its limit is told with the time to wait, and what asks for no turn goes on."""
    server = Server(tmp_path, NENGBAO_DOOR_RATE="1", NENGBAO_PROXIES="127.0.0.1")
    server.start()
    said = [json.dumps({"message_id": f"m{number}", "text": "低保"}).encode() for number in range(4)]

    def told(body: bytes, number: int) -> tuple[int, str | None]:
        headers = {"Content-Type": "application/json", "X-Forwarded-For": f"203.0.113.{number}"}
        try:
            with urllib.request.urlopen(urllib.request.Request(f"{server.address}/api/v1/turn", body, headers), timeout=20) as answer:
                return int(answer.status), None
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers["Retry-After"]

    answers = [told(body, number) for number, body in enumerate(said)]
    assert answers.count((200, None)) in (2, 3)  # a token comes back while they are asked
    assert [wait for status, wait in answers if status == 429] in (["1"], ["1", "1"])
    assert server.post("/api/v1/understand", {"text": "低保"})[0] == 200
    server.stop()


def test_behind_a_proxy_each_person_has_a_limit_of_their_own(tmp_path: Path) -> None:
    """Our own proxy names who asks; what others claim to be counts for nothing, nor does what a person puts before the proxy's word."""
    few = {"NENGBAO_CLIENT_RATE": "0.001", "NENGBAO_CLIENT_BURST": "2"}

    def asked(server: Server, sent_for: str) -> int:
        body = json.dumps({"text": "低保"}).encode()
        headers = {"Content-Type": "application/json", "X-Forwarded-For": sent_for}
        try:
            with urllib.request.urlopen(urllib.request.Request(f"{server.address}/api/v1/understand", body, headers), timeout=20) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    trusting, wary = Server(tmp_path, NENGBAO_PROXIES="127.0.0.1, 10.0.0.0/8", **few), Server(tmp_path, **few)
    trusting.start()
    assert [asked(trusting, person) for person in ("203.0.113.5", "203.0.113.5", "203.0.113.5", "203.0.113.6")] == [200, 200, 429, 200]
    assert [asked(trusting, f"{forged}, 203.0.113.5, 10.1.2.3") for forged in ("198.51.100.1", "198.51.100.2")] == [429, 429]
    trusting.stop()
    wary.start()
    assert [asked(wary, f"203.0.113.{person}") for person in range(3)] == [200, 200, 429]
    wary.stop()
