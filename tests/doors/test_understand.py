"""What one message says, over HTTP and on the command line: the contract's JSON, a case's types, clear errors, nothing in the log."""

import json
from pathlib import Path
from typing import Any

import pytest

from bot.knowledge import Knowledge
from bot.one_message import Said, understood
from bot.speech import understood_json, understood_lines
from bot.understanding.reading import LONGEST
from engine import Case
from engine.yaml_tree import read_tree
from tests.doors.test_command import run
from tests.server import ROOT, Server

MESSAGE = "俺妈低保，65岁，在县医院住院花了三万多，自费好几千，没备案，能报多少"
ROWS = read_tree(ROOT / "tests" / "understanding" / "sentences.yaml").data
#: A case to lay what was understood on.
CASE = {"place": "anhui-bozhou", "category": "ordinary", "facility": "county", "total": "99999999"}


def understand(running: Server, text: str, **more: Any) -> dict[str, Any]:
    """The answer over HTTP."""
    status, answer = running.post("/api/v1/understand", {"text": text} | more)
    assert status == 200, answer
    return dict(answer)


def values(answer: dict[str, Any]) -> dict[str, Any]:
    """What the slots hold."""
    return {name: slot["value"] for name, slot in answer["slots"].items()}


def test_a_message_is_understood_the_same_through_both_doors(running: Server, tmp_path: Path) -> None:
    """The contract's JSON, an age as an integer, 没备案 as a boolean, an amount as a decimal string."""
    answer = understand(running, MESSAGE)
    assert answer == {
        "slots": {
            "age": {"value": 65, "text": "65岁", "approximate": False},
            "category": {"value": "subsistence_allowance", "text": "低保", "approximate": False},
            "facility": {"value": "county", "text": "县医院", "approximate": False},
            "registered": {"value": False, "text": "没备案", "approximate": False},
            "total": {"value": "30000.00", "text": "三万多", "approximate": True},
        },
        "ambiguous": [{"slot": "self_funded", "candidates": [], "text": "好几千"}],
        "intent": "estimate",
        "rest": "俺妈，在 住院花了，自费，能报多少",
        "unsure": None,
        "problems": [],
    }
    done = run("understand", "--format", "json", MESSAGE, data_dir=tmp_path)
    assert (done.returncode, done.stderr, json.loads(done.stdout)) == (0, "", answer)


def test_as_text_it_is_a_line_each(tmp_path: Path) -> None:
    """What was understood, what is unclear, and what the message asks for."""
    assert run("understand", MESSAGE, data_dir=tmp_path).stdout.splitlines() == [
        "年龄：65（原话“65岁”）",
        "家庭类别：低保（原话“低保”）",
        "医院级别：县级医院（原话“县医院”）",
        "转诊备案：否（原话“没备案”）",
        "总费用：大约 30,000 元（原话“三万多”）",
        "自费部分没听准：“好几千”",
        "您的意思：算能报多少",
    ]


@pytest.mark.parametrize(("words", "given"), [(["低保", "两万"], None), (["-"], "低保\n两万\n"), (["--", "低保 两万"], None)])
def test_the_text_may_be_words_or_standard_input(tmp_path: Path, words: list[str], given: str | None) -> None:
    """Several words are one message; - reads it from a pipe."""
    done = run("understand", "--format", "json", *words, data_dir=tmp_path, given=given)
    assert values(json.loads(done.stdout)) == {"category": "subsistence_allowance", "total": "20000.00"}


@pytest.mark.parametrize(
    ("place", "facility"), [("anhui-bozhou", "county"), ("beijing", "grade_2"), (None, None)], ids=["bozhou", "beijing", "not known"]
)
def test_the_place_settles_which_hospital_is_meant(running: Server, place: str | None, facility: str | None) -> None:
    """二级医院 is a county hospital in Bozhou and a level of its own in Beijing; without a place all are offered."""
    answer = understand(running, "二级医院", place=place)
    assert values(answer).get("facility") == facility
    assert [doubt["candidates"] for doubt in answer["ambiguous"]] == (
        [] if place else [["county", "city_secondary", "province_secondary", "grade_2"]]
    )


def test_the_place_that_is_said_goes_before_the_known_one(running: Server) -> None:
    """Whoever writes 北京医保 is insured there, whatever the page knew."""
    said = values(understand(running, "北京医保，二级医院", place="anhui-bozhou"))
    assert said == {"place": "beijing", "facility": "grade_2"}


def test_a_known_place_is_not_doubted_by_a_hospitals_town(running: Server) -> None:
    """在亳州县医院住院 leaves open where somebody is insured only while that is not known."""
    text = "2021年在亳州县医院住院"
    assert [doubt["slot"] for doubt in understand(running, text)["ambiguous"]] == ["place"]
    answer = understand(running, text, place="anhui-bozhou")
    assert (values(answer), answer["ambiguous"]) == ({"on": "2021", "facility": "county"}, [])


def test_what_was_paid_earlier_is_the_so_far_of_a_case(running: Server) -> None:
    """The sum and the number of stays are one key, as a case takes it; a doubt about the sum names the same key."""
    answer = understand(running, "今年已经住过两次，自己掏了一万多")
    assert answer["slots"] == {"so_far": {"value": {"own": "10000.00", "stays": 2}, "text": "一万多", "approximate": True}}
    doubts = understand(running, "今年一共自己掏了两万")["ambiguous"]
    assert doubts == [{"slot": "so_far", "candidates": [{"own": "20000.00"}], "text": "两万"}]


@pytest.mark.parametrize(
    ("text", "code", "slot"), [("我们是阜阳的", "place_unknown", "place"), ("花了-300", "negative", "total"), ("  ", "empty", None)]
)
def test_what_cannot_be_right_is_named(running: Server, text: str, code: str, slot: str | None) -> None:
    """With a sentence, in the language that was asked for, and no value made of it."""
    answer = understand(running, text)
    assert (answer["slots"], [(problem["code"], problem["slot"]) for problem in answer["problems"]]) == ({}, [(code, slot)])
    english = running.post("/api/v1/understand?lang=en", {"text": text})[1]
    assert "" < english["problems"][0]["say"] != answer["problems"][0]["say"]


def test_not_knowing_is_an_answer(running: Server, tmp_path: Path) -> None:
    """自费多少我不知道 names the key that is not known."""
    assert understand(running, "自费多少我不知道")["unsure"] == "self_funded"
    assert run("understand", "自费多少我不知道", data_dir=tmp_path).stdout == "自费部分：您说不知道\n"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["text"])
def test_what_is_understood_fits_a_case(knowledge: Knowledge, row: dict[str, Any]) -> None:
    """Wherever it is asked, slots and every reading of a doubt may be laid into a case as they are, and both languages can tell it."""
    for place in (None, *knowledge.shelf.places):
        message = understood(Said(text=row["text"], place=place), knowledge)
        answer = understood_json(knowledge.voice(None), message)
        whole = values(answer)
        if len(whole.get("on", "")) == len("2023"):
            assert answer["slots"]["on"]["approximate"]
            del whole["on"]
        readings = [{doubt["slot"]: candidate} for doubt in answer["ambiguous"] for candidate in doubt["candidates"]]
        assert all(Case.model_validate(CASE | said) for said in (whole, *readings))
        assert {doubt["slot"] for doubt in answer["ambiguous"]} <= Case.model_fields.keys()
        assert all(understood_lines(knowledge.voice(lang), message) for lang in ("zh_CN", "en"))


@pytest.mark.parametrize("lang", ["zh_CN", "en"])
def test_every_intent_has_words(knowledge: Knowledge, lang: str) -> None:
    """Whatever the vocabulary lets a message ask for can be told."""
    commands = knowledge.vocabulary.commands
    intents = {*commands.exact.values(), *commands.contains, "unknown"}
    assert [intent for intent in intents if not knowledge.voice(lang).has(f"understood.intent.{intent}")] == []


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "text", "missing"),
        ({"text": None}, "text", "string_type"),
        ({"text": 5}, "text", "string_type"),
        ({"text": "多" * (LONGEST + 1)}, "text", "string_too_long"),
        ({"text": "\ud800"}, "text", "string_unicode"),
        ({"text": "两万", "place": "atlantis"}, "place", "unknown_place"),
        ({"text": "两万", "place": 5}, "place", "string_type"),
        ({"text": "两万", "expecting": "total"}, "expecting", "unknown_key"),
    ],
)
def test_a_wrong_request_names_its_field(running: Server, body: dict[str, Any], field: str, code: str) -> None:
    """422 with the code, the field and a sentence."""
    status, answer = running.post("/api/v1/understand", body)
    assert (status, answer["error"]["field"], answer["error"]["code"]) == (422, field, code)
    assert field in answer["error"]["say"]


@pytest.mark.parametrize(
    ("words", "given"),
    [([], None), (["--place", "atlantis", "两万"], None), (["-"], "多" * (LONGEST + 1)), (["-300"], None)],
    ids=["nothing", "place", "too long", "no option"],
)
def test_a_wrong_command_is_status_2_with_nothing_on_stdout(tmp_path: Path, words: list[str], given: str | None) -> None:
    """The message goes to standard error and is no stack trace."""
    done = run("understand", *words, data_dir=tmp_path, given=given)
    assert (done.returncode, done.stdout, bool(done.stderr)) == (2, "", True)
    assert "Traceback" not in done.stderr


def test_the_longest_message_is_understood(running: Server, tmp_path: Path) -> None:
    """Up to the limit of a talk's messages, also with the line's end behind it."""
    text = "低保" * (LONGEST // 2)
    assert values(understand(running, text)) == {"category": "subsistence_allowance"}
    assert run("understand", "-", data_dir=tmp_path, given=text + "\n").returncode == 0


def test_it_is_limited_like_the_other_routes(tmp_path: Path) -> None:
    """A client that asks too often is told to wait."""
    server = Server(tmp_path, NENGBAO_CLIENT_RATE="0.01", NENGBAO_CLIENT_BURST="1")
    server.start()
    statuses = [server.post("/api/v1/understand", {"text": "两万"})[0] for _ in range(2)]
    server.stop()
    assert statuses == [200, 429]


def test_it_is_in_the_api_document(running: Server) -> None:
    """With the two fields of its body and the longest text."""
    document = running.get("/api/openapi.json")[1]
    known = document["components"]["schemas"]["Said"]
    assert (set(known["properties"]), known["required"], known["properties"]["text"]["maxLength"]) == ({"text", "place"}, ["text"], LONGEST)
    operation = document["paths"]["/api/v1/understand"]["post"]
    assert operation["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Said"}
    assert set(operation["responses"]) == {"200", "400", "413", "415", "422", "429"}


def test_nothing_of_the_text_is_logged(running: Server) -> None:
    """Neither of a message that was understood nor of one that was refused."""
    understand(running, "秘密的低保户花了四万七")
    running.post("/api/v1/understand", {"text": "秘密" * LONGEST})
    log = (running.data_dir / "server.log").read_text(encoding="utf-8")
    assert "/api/v1/understand" in log
    assert not any(word in log for word in ("秘密", "四万七", "47000", "subsistence"))
