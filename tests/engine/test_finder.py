"""The finder of categories: its questions, where answers lead, requests that are wrong, and files of questions that are."""

import re
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import CATEGORIES, CaseError, Edition, Found, PackError, estimate, find, own_cost, read_case, read_finding, read_ledgers
from engine.finder import Question, read_questions
from tests.shelf import POLICIES, SHELF

TODAY = date(2026, 11, 24)
DATA = POLICIES.parent
TEXT = (DATA / "finder.yaml").read_text(encoding="utf-8")
QUESTIONS = read_questions(DATA / "finder.yaml", SHELF)
EDITIONS = SHELF.editions()
ANSWERS = {"yes": True, "no": False, "unsure": None}


def found(place: str, day: str | None = None, answers: dict[str, bool | None] | None = None, **more: Any) -> Found:
    """Where answers lead."""
    return find(read_finding({"place": place, "on": day, "answers": answers or {}} | more), QUESTIONS, SHELF, TODAY)


def asked(edition: Edition) -> list[str]:
    """The categories that an edition asks for."""
    return [question.category for question in QUESTIONS.of(edition.policy)]


# --- the questions ---------------------------------------------------------------------------------------------------------------------


def test_every_category_but_ordinary_has_its_question() -> None:
    """So that no edition's category is passed over; each edition asks for all of its own."""
    assert sorted(question.category for question in QUESTIONS.questions) == sorted(set(CATEGORIES) - {"ordinary"})
    for edition in EDITIONS:
        assert set(asked(edition)) == set(edition.policy.categories) - {"ordinary"}


@pytest.mark.parametrize("edition", EDITIONS, ids=lambda edition: edition.pack.key)
def test_the_most_favourable_category_is_asked_first(edition: Edition) -> None:
    """No bill costs more in a better category than in one that is asked for later, nor than for an ordinary resident."""
    policy = edition.policy
    day = policy.horizon.verified_until.isoformat()
    for facility in policy.facilities:
        for total in (5000, 60000, 500000):
            case = {"place": policy.place, "on": day, "facility": facility, "total": total, "self_funded": total // 10}
            answers = [estimate(read_case(case | {"category": category}), SHELF, TODAY) for category in (*asked(edition), "ordinary")]
            assert [own_cost(better) <= own_cost(worse) for better, worse in pairwise(answers)] == [True] * (len(answers) - 1)


def test_an_office_is_stated_where_a_clause_names_it() -> None:
    """Each text named is a clause of the ledger of that document, read for that place."""
    clauses = {(ledger.document, clause.id) for ledger in read_ledgers(DATA / "sources", SHELF) for clause, _ in ledger.clauses}
    named = [(key, text) for question in QUESTIONS.questions for key, text in question.named_in.items()]
    assert {(text.document, text.clause) for _, text in named} <= clauses
    assert {(key.partition("/")[0].split("-")[1], text.document.partition("-")[0]) for key, text in named} == {
        ("bozhou", "bozhou"),
        ("puyang", "puyang"),
    }


@pytest.mark.parametrize("question", QUESTIONS.questions, ids=lambda question: question.category)
def test_a_question_is_one_short_kind_sentence(question: Question) -> None:
    """It is one question, without orders or blame; no part of it or of what to ask at the office is longer than 25 characters."""
    assert question.asks.zh.count("？") == 1
    assert question.asks.zh.endswith("？")
    assert question.asks.en.endswith("?")
    assert not re.search("！|错|必须|应当|贫困户", question.asks.zh + question.confirms.zh)
    assert max(map(len, re.split("[，。；：？、（）“”《》]", question.asks.zh + question.confirms.zh))) <= 25


# --- where answers lead ------------------------------------------------------------------------------------------------------------------

BEIJING = ["extreme_poverty", "subsistence_allowance", "low_income_margin", "poor_through_illness"]
BOZHOU = [
    "extreme_poverty",
    "subsistence_allowance",
    "back_in_poverty",
    "monitored",
    "low_income_margin",
    "poor_through_illness",
    "lifted_out",
]


@pytest.mark.parametrize(
    ("said", "status", "category", "possible"),
    [
        ("", "ask", "extreme_poverty", ""),
        ("n", "ask", "subsistence_allowance", ""),
        ("y", "found", "extreme_poverty", ""),
        ("ny", "found", "subsistence_allowance", ""),
        ("uy", "found", "subsistence_allowance", "extreme_poverty"),
        ("nuuy", "found", "monitored", "subsistence_allowance back_in_poverty"),
        (".y", "ask", "extreme_poverty", ""),
        ("n.y", "ask", "subsistence_allowance", ""),
        ("nyyuuyy", "found", "subsistence_allowance", ""),
        ("nnnnnn", "ask", "lifted_out", ""),
        ("nnnnnnn", "ordinary", "ordinary", ""),
        ("nunnnun", "unsure", None, "subsistence_allowance poor_through_illness"),
        ("uuuuuuu", "unsure", None, " ".join(BOZHOU)),
        ("nnnnnny", "found", "lifted_out", ""),
    ],
)
def test_answers_lead_to_the_next_question_or_a_finding(said: str, status: str, category: str | None, possible: str) -> None:
    """A letter for each category of Bozhou 2022 in order: yes, no, unsure, or a point for one not answered yet."""
    letters = {"y": True, "n": False, "u": None}
    answer = found("anhui-bozhou", answers={key: letters[letter] for key, letter in zip(BOZHOU, said, strict=False) if letter in letters})
    assert answer.status == status
    assert (answer.question.category if answer.question else answer.category) == category
    assert [office.category for office in answer.possible] == possible.split()
    assert answer.compute_as == {"ask": None, "found": category, "unsure": "ordinary", "ordinary": "ordinary"}[status]


def test_only_the_categories_of_the_edition_are_asked_for() -> None:
    """Puyang asks for 建档立卡 in 2017 and for 返贫致贫 and 监测 from 2022."""
    assert found("henan-puyang", "2017-06-01").categories == (
        "extreme_poverty",
        "subsistence_allowance",
        "registered_poor",
        "child_in_difficulty",
    )
    assert found("henan-puyang").categories == (
        "extreme_poverty",
        "subsistence_allowance",
        "back_in_poverty",
        "monitored",
        "lifted_out",
    )


def test_an_office_that_no_text_of_the_edition_names_is_doubtful() -> None:
    """民政 for 特困 is stated in Bozhou from 2022, and national practice in Beijing: only there the finding says so."""
    stated, practice = (found(place, answers={"extreme_poverty": True}) for place in ("anhui-bozhou", "beijing"))
    assert stated.office
    assert practice.office
    assert (stated.office.basis, practice.office.basis) == ("stated", "unverified")
    assert stated.office.named_in
    keys = [[note.key for note in answer.cautions] for answer in (stated, practice)]
    assert keys == [["verified_until", "finder.best_counts"], ["verified_until", "finder.to_confirm", "finder.best_counts"]]


def test_that_the_best_category_counts_is_doubted_only_where_another_may_apply() -> None:
    """With a yes behind it or a question not asked the rule is needed; after a no to all others it is not."""
    last = dict.fromkeys(BOZHOU[:-1], False) | {"lifted_out": True}
    both = {"extreme_poverty": True, "monitored": True}
    only = {"extreme_poverty": True} | dict.fromkeys(BOZHOU[1:], False)
    keys = [[note.key for note in found("anhui-bozhou", "2023-01-01", answers).cautions] for answers in (last, both, only)]
    assert keys == [[], ["finder.best_counts"], []]


def test_every_finding_says_that_the_list_decides_and_whom_to_ask() -> None:
    """Nothing is promised, whatever was answered."""
    for answer in (True, False, None):
        told = found("beijing", answers=dict.fromkeys(BEIJING, answer))
        assert [note.key for note in told.advice] == ["finder.list_decides", "ask"]


@pytest.mark.parametrize(("day", "why"), [("2015-01-01", "before_rules"), ("2020-01-01", "after_rules")])
def test_a_day_without_rules_is_refused_by_name(day: str, why: str) -> None:
    """It is an answer that says which rules are missing; going on with the last known ones is the person's choice."""
    refused = found("henan-puyang", day)
    assert (refused.status, refused.category, refused.cautions[0].key) == ("refused", None, why)
    agreed = found("henan-puyang", day, expired_ok=True)
    assert (agreed.status, agreed.cautions[0].key) == (("refused", why) if why == "before_rules" else ("ask", "expired_rules"))


@given(st.sampled_from(EDITIONS), st.lists(st.sampled_from(sorted(ANSWERS)), min_size=9, max_size=9))
def test_the_questions_end_and_never_find_what_was_denied(edition: Edition, script: list[str]) -> None:
    """Answered one by one, no question comes twice, and there are at most as many as the place has categories."""
    day = edition.policy.horizon.verified_until.isoformat()
    answers: dict[str, bool | None] = {}
    told = found(edition.policy.place, day, answers)
    for word in script:
        if told.question is None:
            break
        assert told.question.category not in answers
        answers[told.question.category] = ANSWERS[word]
        told = found(edition.policy.place, day, answers)
    assert told.status in ("found", "unsure", "ordinary")
    assert len(answers) <= len(asked(edition))
    assert told.category is None or told.category == "ordinary" or answers[told.category] is True
    assert {office.category for office in told.possible} == {key for key, answer in answers.items() if answer is None}


@given(st.sampled_from(EDITIONS), st.data())
def test_answers_in_any_order_find_the_first_yes(edition: Edition, data: st.DataObject) -> None:
    """Whatever was told at once, a finding is the best yes, with every better category answered and none of them a yes."""
    known = asked(edition)
    answers = data.draw(st.dictionaries(st.sampled_from(known), st.sampled_from([True, False, None])))
    told = found(edition.policy.place, edition.policy.horizon.verified_until.isoformat(), answers)
    if told.question is not None:
        assert told.question.category not in answers
    if told.status == "found":
        better = known[: known.index(str(told.category))]
        assert answers[str(told.category)] is True
        assert all(answers[key] is not True for key in better)


# --- requests that are wrong ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"place": "atlantis"}, "place", "unknown_place"),
        ({"place": 1}, "place", "string_type"),
        ({"answers": {"rich": True}}, "answers.rich", "not_one_of"),
        ({"answers": {"monitored": False}}, "answers.monitored", "not_asked"),
        ({"answers": {"ordinary": True}}, "answers.ordinary", "not_asked"),
        ({"answers": {"extreme_poverty": "yes"}}, "answers.extreme_poverty", "not_true_or_false"),
        ({"answers": {"extreme_poverty": 1}}, "answers.extreme_poverty", "not_true_or_false"),
        ({"answers": ["extreme_poverty"]}, "answers", "dict_type"),
        ({"on": "2023"}, "on", "bad_day"),
        ({"on": 20230101}, "on", "bad_day"),
        ({"expired_ok": "true"}, "expired_ok", "not_true_or_false"),
        ({"income": 1}, "income", "unknown_key"),
    ],
)
def test_a_wrong_request_names_its_field(change: dict[str, Any], field: str, code: str) -> None:
    """What is wrong in itself is an error with a stable code and never an answer."""
    with pytest.raises(CaseError) as caught:
        find(read_finding({"place": "beijing"} | change), QUESTIONS, SHELF, TODAY)
    assert [(fault.field, fault.code) for fault in caught.value.faults] == [(field, code)]


def test_a_request_without_a_place_is_wrong() -> None:
    """The place is the one thing that is needed."""
    with pytest.raises(CaseError, match="place: missing"):
        read_finding({"answers": {}})


# --- files that are wrong -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "at", "what"),
    [
        ("several:\n  basis: unverified", "several:\n  basis: sure", "basis: sure", "`basis` is not a known word"),
        ("several:\n  basis: unverified\n", "several:\n", "several:", "`basis` is missing here"),
        ("- category: monitored", "- category: rich", "category: rich", "`category` is not a known word"),
        ("- category: monitored", "- category: back_in_poverty", "category: back_in_poverty", "`back_in_poverty` already stands above"),
        ("- category: monitored", "- category: back_in_poverty", "questions:", "no question for monitored"),
        ("- category: monitored", "- category: ordinary", "category: ordinary", "`ordinary` is what is left"),
        ("asks:\n      zh: 病人有特困证吗", "ask:\n      zh: 病人有特困证吗", "ask:", "unknown key `ask`"),
        ("confirms:\n      zh: 特困由", "confirms:\n      cn: 特困由", "confirms:", "`zh` is missing here"),
        ("    note: National practice.\n    named_in:", "    named_in:", "category: extreme_poverty", "`note` is missing here"),
        ("anhui-bozhou/2022: {", "anhui-bozhou/2021: {", "anhui-bozhou/2021", "unknown edition `anhui-bozhou/2021`, expected one of: "),
        ("clause: b14}", "clause: b14, page: 3}", "page: 3", "unknown key `page`"),
        (
            "anhui-bozhou/2022: {document: bozhou-2021-12-28, clause: b14}",
            "beijing/2023: {document: x, clause: b14}",
            "beijing/2023",
            "has no",
        ),
        ("several:", "severl:", "severl:", "unknown key `severl`"),
    ],
)
def test_a_broken_file_says_what_is_wrong_and_where(tmp_path: Path, old: str, new: str, at: str, what: str) -> None:
    """Every mistake is told as file:line:column, at the line that is wrong or at what encloses it."""
    assert old in TEXT
    path = tmp_path / "finder.yaml"
    path.write_text(TEXT.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(PackError) as caught:
        read_questions(path, SHELF)
    lines = path.read_text(encoding="utf-8").splitlines()
    told = [(lines[problem.line - 1], problem.what) for problem in caught.value.problems]
    assert any(at in line and what in words for line, words in told), told
    assert all(re.match(rf"{re.escape(str(path))}:\d+:\d+: \S", line) for line in str(caught.value).splitlines())
