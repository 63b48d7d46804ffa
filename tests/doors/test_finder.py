"""The finder of categories over HTTP and on the command line: the same finding, clear errors, and questions at the keyboard."""

import contextlib
import json
import os
import pty
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bot.knowledge import Knowledge
from bot.speech import finder_json, finder_lines
from engine import find, read_finding
from tests.conftest import TODAY
from tests.doors.test_command import run
from tests.server import NENGBAO, Server, environment

ASKED = {"place": "anhui-bozhou", "answers": {"extreme_poverty": None, "subsistence_allowance": True}}
WORDS = ["--place", "anhui-bozhou", "--unsure", "extreme_poverty", "--yes", "subsistence_allowance"]


def test_a_finding_is_the_same_through_both_doors(running: Server, tmp_path: Path) -> None:
    """低保 with 特困 not known: the office, what else is possible, and the text begins with the category."""
    status, answer = running.post("/api/v1/category", ASKED)
    assert (status, answer["status"], answer["category"], answer["compute_as"]) == (200, "found", *["subsistence_allowance"] * 2)
    assert (answer["office"]["basis"], answer["office"]["source"]) == ("stated", {"document": "bozhou-2021-12-28", "clause": "b13"})
    assert [office["category"] for office in answer["possible"]] == ["extreme_poverty"]
    assert json.loads(run("category", *WORDS, "--format", "json", data_dir=tmp_path).stdout) == answer
    told = run("category", *WORDS, data_dir=tmp_path).stdout
    assert told == answer["say"] + "\n"
    assert told.startswith("照您说的，病人算“低保”这一类。\n低保由民政部门认定。")
    assert "以部门的名单为准" in told


def test_the_next_question_is_the_same_through_both_doors(running: Server, tmp_path: Path) -> None:
    """Without answers it is the first one; as text the command says how to go on."""
    status, answer = running.post("/api/v1/category", {"place": "beijing"})
    assert (status, answer["status"], answer["question"]["category"], answer["category"]) == (200, "ask", "extreme_poverty", None)
    done = run("category", "--place", "beijing", "--format", "json", data_dir=tmp_path, given="")
    assert json.loads(done.stdout) == answer
    lines = run("category", "--place", "beijing", data_dir=tmp_path, given="").stdout.splitlines()
    assert lines[0] == answer["question"]["say"]
    assert "--no extreme_poverty" in lines[1]


def test_a_day_without_rules_is_an_answer(running: Server, tmp_path: Path) -> None:
    """It is refused by name with status 200 and exit status 0; with the person's agreement the last known rules are asked."""
    asked = {"place": "henan-puyang", "on": "2020-01-01"}
    status, answer = running.post("/api/v1/category", asked)
    assert (status, answer["status"], answer["edition"], answer["cautions"][0]["key"]) == (200, "refused", None, "after_rules")
    assert running.post("/api/v1/category", asked | {"expired_ok": True})[1]["edition"] == "2017"
    done = run("category", "--place", "henan-puyang", "--on", "2020-01-01", "--expired-ok", "--format", "json", data_dir=tmp_path, given="")
    assert (done.returncode, json.loads(done.stdout)["status"]) == (0, "ask")


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"place": "atlantis"}, "place", "unknown_place"),
        ({"answers": {"rich": True}}, "answers.rich", "not_one_of"),
        ({"answers": {"registered_poor": True}}, "answers.registered_poor", "not_asked"),
        ({"answers": {"monitored": "yes"}}, "answers.monitored", "not_true_or_false"),
        ({"answers": None}, "answers", "dict_type"),
        ({"on": "soon"}, "on", "bad_day"),
        ({"income": 1}, "income", "unknown_key"),
    ],
)
def test_a_wrong_request_names_its_field(running: Server, change: dict[str, Any], field: str, code: str) -> None:
    """422 with the code, the field and a sentence."""
    status, answer = running.post("/api/v1/category", ASKED | change)
    assert (status, answer["error"]["field"], answer["error"]["code"]) == (422, field, code)
    assert answer["error"]["say"]


@pytest.mark.parametrize(
    "words",
    [
        ["--place", "atlantis"],
        ["--place", "beijing", "--yes", "rich"],
        ["--place", "beijing", "--no", "monitored"],
        ["--place", "beijing", "--yes", "extreme_poverty", "--no", "extreme_poverty"],
        ["--place", "beijing", "--on", "2023-02-30"],
        [],
    ],
)
def test_a_wrong_command_is_status_2_with_nothing_on_stdout(tmp_path: Path, words: list[str]) -> None:
    """The message goes to standard error and is no stack trace."""
    done = run("category", *words, data_dir=tmp_path, given="")
    assert (done.returncode, done.stdout, bool(done.stderr)) == (2, "", True)
    assert "Traceback" not in done.stderr


def test_it_is_in_the_api_document(running: Server) -> None:
    """With the fields of what was answered."""
    document = running.get("/api/openapi.json")[1]
    assert set(document["components"]["schemas"]["Finding"]["properties"]) == {"place", "on", "answers", "expired_ok"}
    body = document["paths"]["/api/v1/category"]["post"]["requestBody"]
    assert body["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Finding"}


@pytest.mark.parametrize("lang", ["zh_CN", "en"])
def test_every_category_is_found_and_doubted_in_words(knowledge: Knowledge, lang: str) -> None:
    """Each category of each place as a yes, as the only doubt, and with a no to all: the list decides in both languages."""
    voice = knowledge.voice(lang)
    for place, editions in knowledge.shelf.places.items():
        known = [question.category for question in knowledge.finder.of(editions[-1].policy)]
        for special in known:
            for answer in (True, None, False):
                finding = read_finding({"place": place, "answers": dict.fromkeys(known, False) | {special: answer}})
                told = find(finding, knowledge.finder, knowledge.shelf, TODAY)
                lines = finder_lines(voice, told)
                assert finder_json(voice, told)["say"] == "\n".join(lines)
                assert (voice.say(f"category.{special}") in "".join(lines[:2])) == (answer is not False)
                assert voice.say("finder.list_decides") in lines


class Keyboard:
    """`nengbao category` at a terminal; standard output is a pipe, so that what is printed can be told from what is asked."""

    def __init__(self, data_dir: Path, *words: str) -> None:
        """Start it."""
        self._ours, theirs = pty.openpty()
        command = [*NENGBAO, "category", *words]
        self.process = subprocess.Popen(
            command, stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, env=environment(data_dir), start_new_session=True
        )
        os.close(theirs)
        self.shown = ""

    def wait_for(self, question: str) -> None:
        """Read what is asked until these words and the prompt behind them stand there."""
        while not re.search(f"{re.escape(question)}.*> $", self.shown, re.DOTALL):
            self.shown += os.read(self._ours, 4096).decode()

    def answer(self, line: str) -> None:
        """Type a line."""
        self.shown = ""
        os.write(self._ours, f"{line}\n".encode())

    def end(self) -> tuple[int, str]:
        """Exit status and what was printed."""
        printed, _ = self.process.communicate(timeout=20)
        with contextlib.suppress(OSError):  # nobody is at the other end any more
            while more := os.read(self._ours, 4096):
                self.shown += more.decode()
        os.close(self._ours)
        return self.process.returncode, printed.decode()


def test_at_a_terminal_the_questions_come_one_by_one(tmp_path: Path) -> None:
    """By number or word, anything else is asked again; only the finding is printed."""
    keyboard = Keyboard(tmp_path, "--place", "beijing", "--format", "json")
    for question, line in [("五保户", "2"), ("低保证", "也许"), ("请打 1、2 或 3", "不知道"), ("低保边缘", "否"), ("因病致贫", " 2 ")]:
        keyboard.wait_for(question)
        keyboard.answer(line)
    status, printed = keyboard.end()
    answer = json.loads(printed)
    assert (status, answer["status"]) == (0, "unsure")
    assert [office["category"] for office in answer["possible"]] == ["subsistence_allowance"]


@pytest.mark.parametrize("key", ["Ctrl-C", "Ctrl-D"])
def test_leaving_the_questions_is_clean(tmp_path: Path, key: str) -> None:
    """Either way: status 0, nothing printed and no stack trace."""
    keyboard = Keyboard(tmp_path, "--place", "anhui-bozhou")
    keyboard.wait_for("五保户")
    if key == "Ctrl-C":
        keyboard.process.send_signal(signal.SIGINT)
    else:
        keyboard.answer("\x04")
    assert keyboard.end() == (0, "")
    assert "Traceback" not in keyboard.shown
