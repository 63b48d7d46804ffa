"""Any sequence of answers, corrections, going back and starting again ends in a consistent state."""

from dataclasses import replace
from datetime import date

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bot import resources
from bot.conversation import (
    Ambiguity,
    Conversation,
    Heard,
    Household,
    Incoming,
    OpenDesk,
    Rules,
    Slot,
    Turned,
    estimate_at,
    mark_of,
    open_question,
    read_flow,
    summary,
    take_turn,
    to_be_kept,
)
from bot.knowledge import read_vocabulary
from bot.speech import Voice, reply_json
from bot.understanding import understand, understand_at_desk
from engine import estimate, read_case, read_questions
from tests.shelf import SHELF

RULES = Rules(SHELF, read_flow(resources.FLOW), read_questions(resources.FINDER, SHELF), date(2026, 11, 24))
VOCABULARY = read_vocabulary(SHELF)
VOICES = [Voice(resources.LOCALES, lang) for lang in ("zh_CN", "en")]

CHOICES = [
    "place=anhui-bozhou",
    *(f"category={key}" for key in ("extreme_poverty", "monitored", "ordinary", "low_income_margin", "registered_poor", "nobody")),
    *(f"facility={key}" for key in ("township", "city", "outside_province", "grade_1")),
    *(f"total={amount}" for amount in ("0.01", "2000.00", "150000.00", "100000000.00", "-1", "x")),
    *(f"self_funded={amount}" for amount in ("0.00", "1999.99", "200000.00", "none")),
    *(f"ask={slot}" for slot in ("self_funded", "earlier", "on", "facility", "first_share", "total", "none", "nonsense")),
    *(f"earlier_facility={key}" for key in ("county", "grade_1")),
    *(f"earlier_total={amount}" for amount in ("45000.00", "99999999.00")),
    "earlier=none",
    "registered=false",
    "registered=true",
    "emergency=true",
    "on=2024-03-05",
    "on=2020-01-01",
    "on=2026-03-01",
    "on=none",
    "expired_ok=true",
    "care=outpatient",
    "care=inpatient",
    "elsewhere=",
    "unsure=category",
    "unsure=self_funded",
    "unsure=earlier_total",
    "unsure=care",
    *(f"finder.{key}={value}" for key in ("extreme_poverty", "monitored", "registered_poor", "x") for value in ("true", "false", "unsure")),
    *(f"sheet.{key}={value}" for key in ("basic", "medical_aid", "own", "x", "") for value in ("0.00", "15600.00", "unsure", "-1")),
    *(f"so_far_own={amount}" for amount in ("10000.00", "0.00", "99999999.00")),
    "so_far_stays=2",
    "action=sheet",
    *(f"admission.total={ends}" for ends in ("30000.00", "50000.00~30000.00", "x~1", "")),
    "admission.facility=province",
    "admission.facility=nowhere",
    "action=leave",
    *(f"action=why.{name}" for name in ("premium", "compare", "changed", "year", "admission", "x")),
    "care=chronic_outpatient",
    "insured=false",
    "action=why",
    "action=compare",
    "action=another",
    "action=people",
    *(f"action=desk{name}" for name in ("", ".next", ".list", ".compare", ".slip", ".x")),
    "guardian=true",
    "guardian=x",
    "who=neighbour",
    "total=about:30000.00",
    "total=about:x",
    "",
    "=",
]
TEXTS = [
    "三万二",
    "低保",
    "在县医院",
    "花了好几万",
    "自费三千",
    "不知道",
    "我们是阜阳的",
    "亳州",
    "不对，是监测户",
    "2023年5月1日出院",
    "",
    "🙂",
    "-5",
    "大病门诊",
    "没参保，不清楚",
    "没备案，不清楚",
    "自费多少我不知道",
    "2019年出院",
    "2026年出院",
    "2023年3月5日或者2023年3月6日",
    "低保，明年交多少钱",
    "2023年医保要交多少",
    "去县医院要带什么",
    "今年已经住过两次，自己掏了一万多",
    "今年住过三次，自己掏了好几万",
    "结算单上基本医保报了15600，医疗救助3300",
    "低保，两万，县医院和市医院哪个报得多",
    "我属于哪一种",
    "三万到五万",
    "算了",
    "一万五六",
    "98.80",
    "今年自己一共掏了两万",
    "比县医院多掏多少",
    "准备去住院，大概要花三五万，要带多少钱",
    "没有",
    "不知道",
]

#: What is said at a coordinator's desk, and what stands there.
AT_DESK = [
    *(
        "下一位",
        "下一位 3号院",
        "下一户：老张家，低保，县医院，两万",
        "下一位，再算一个人",
        "名单",
        "比一比",
        "对比 1 3",
        "对比 9",
        "单子",
        "单子 2",
    ),
    *("叫 老李家", "门牌 12号", "12号，低保", "收桌子"),
]
_CASE = {"place": "anhui-bozhou", "category": "subsistence_allowance", "facility": "county", "total": "20000.00"}
HOUSEHOLDS = (Household("3号院", _CASE), Household("", _CASE | {"category": "ordinary"}), Household("旧的", {"place": "nowhere"}))

#: What is heard in passing, beside the texts.
HEARD = [
    Heard({"who": Slot("parent", "俺妈")}, intent="estimate"),
    Heard({"who": Slot("self", "我"), "age": Slot(9, "9岁")}, intent="estimate"),
    Heard({"who": Slot("spouse", "我爱人"), "total": Slot("30000.00", "三万")}, intent="another"),
    Heard({"who": Slot("child", "我儿子")}, intent="human"),
    Heard(intent="another"),
    Heard(ambiguous=(Ambiguity("category", ("monitored",), "监测户"),), intent="estimate"),
    Heard(ambiguous=(Ambiguity("category", ("ordinary",), "普通"),), intent="another"),
    Heard(ambiguous=(Ambiguity("category", ("extreme_poverty", "low_income_margin"), "特困、低保边缘", both=True),), intent="estimate"),
    Heard(ambiguous=(Ambiguity("category", ("registered_poor", "monitored"), "建档立卡、监测户", both=True),), intent="estimate"),
]


class Talking(RuleBasedStateMachine):
    """A person who says anything in any order."""

    reads = staticmethod(understand)

    def __init__(self) -> None:
        super().__init__()
        self.talk = Conversation()
        self.past: list[Conversation] = []
        self.number = 0

    @initialize(place=st.sampled_from([None, "anhui-bozhou", "nowhere"]))
    def begins(self, place: str | None) -> None:
        """A talk begins on a page that knows its place or does not."""
        self._take(Incoming(self._next(), action="start", place=place))

    @rule(choice=st.one_of(st.sampled_from(CHOICES), st.text(max_size=20)))
    def presses(self, choice: str) -> None:
        """Any button of any time, also one that never was."""
        self._take(Incoming(self._next(), choice=choice))

    @rule(text=st.one_of(st.sampled_from(TEXTS), st.text(max_size=30)))
    def says(self, text: str) -> None:
        """Any sentence."""
        heard = self.reads(text, VOCABULARY, open_question(self.talk, RULES))
        self._take(Incoming(self._next(), heard=heard))

    @rule(heard=st.sampled_from(HEARD))
    def is_heard(self, heard: Heard) -> None:
        """Who it is for, how old they are, and categories in doubt."""
        self._take(Incoming(self._next(), heard=heard))

    @rule(
        action=st.sampled_from(
            [
                "why",
                "help",
                "restart",
                "forget",
                "start",
                "premium",
                "documents",
                "compare",
                "changed",
                "year",
                "finder",
                "sheet",
                "nonsense",
            ]
        )
    )
    def commands(self, action: str) -> None:
        """A command at any point."""
        turned = self._take(Incoming(self._next(), action=action))
        assert turned.erase == (action == "forget")

    @rule(choice=st.sampled_from(CHOICES))
    def answers_and_goes_back(self, choice: str) -> None:
        """Going back right after an answer restores what was known before it."""
        before = self.talk
        self._take(Incoming(self._next(), choice=choice))
        changed = self.talk.answers != before.answers and not choice.startswith("action")
        if changed:
            self._take(Incoming(self._next(), action="back"))
            assert self.talk.answers == before.answers

    @invariant()
    def has_an_answer_or_a_question(self) -> None:
        """There is always an open question or an estimate; what is known is a case the engine takes."""
        question = open_question(self.talk, RULES)
        answer = estimate_at(self.talk, RULES)
        assert question is not None or answer is not None
        if answer is not None:
            again = estimate(read_case(summary(self.talk, RULES)), SHELF, RULES.today)
            assert (again.status, again.out_of_pocket) == (answer.status, answer.out_of_pocket)

    def _take(self, incoming: Incoming) -> Turned:
        turned = take_turn(self.talk, incoming, RULES)
        assert turned.conversation.turn == self.talk.turn + 1
        assert turned.replies
        for voice in VOICES:
            assert all(reply_json(voice, reply)["text"] for reply in turned.replies)
        again = take_turn(self.talk, incoming, RULES)
        assert again == turned
        self.talk = turned.conversation
        return turned

    def _next(self) -> str:
        self.number += 1
        return f"m{self.number}"


class TalkingAtDesk(Talking):
    """A coordinator who says anything in any order, with households at the desk."""

    reads = staticmethod(understand_at_desk)

    @initialize(place=st.sampled_from([None, "anhui-bozhou", "nowhere"]))
    def begins(self, place: str | None) -> None:
        """The desk is opened."""
        turned = take_turn(self.talk, Incoming(self._next(), place=place, desk=OpenDesk("李庄", "1-0", has_just_opened=True)), RULES)
        self.talk = turned.conversation

    @rule(text=st.sampled_from(AT_DESK))
    def asks_the_desk(self, text: str) -> None:
        """What only a desk can be asked; the last of it closes the desk."""
        self.says(text)

    @invariant()
    def stays_small(self) -> None:
        """However many households were told, two of them at most are in the talk while the desk is open."""
        assert mark_of(self.talk) is None or sum(answer.slot == "another" for answer in self.talk.answers) <= 1

    @invariant()
    def keeps_what_the_engine_takes(self) -> None:
        """What is to be kept of a household is a case that is answered."""
        household = to_be_kept(self.talk, RULES)
        assert household is None or estimate(read_case(household.facts), SHELF, RULES.today).out_of_pocket is not None

    def _take(self, incoming: Incoming) -> Turned:
        desk = OpenDesk("李庄", "1-0", HOUSEHOLDS, 2) if mark_of(self.talk) is not None else None
        return super()._take(replace(incoming, desk=desk))


Talking.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestTalking = Talking.TestCase
TalkingAtDesk.TestCase.settings = Talking.TestCase.settings
TestTalkingAtDesk = TalkingAtDesk.TestCase
