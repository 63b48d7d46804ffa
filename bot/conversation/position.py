"""Where a talk stands: replayed from its answers against today's packs, never saved.

An answer that today's packs do not know any more (a pack removed, a category renamed) counts as not given and is asked again.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from bot.conversation.flow import Flow
from bot.conversation.heard import Ambiguity
from bot.conversation.state import AGREED, DESK, HOUSEHOLD, LANG, Answer, Conversation
from engine import CaseError, Edition, Estimate, Found, Questions, Shelf, asked_lines, estimate, find, own_cost, read_case, read_finding

#: Answers that are no case facts of their own: an opened question, and the two halves of an earlier stay.
ASK, EARLIER, EARLIER_FACILITY, EARLIER_TOTAL = "ask", "earlier", "earlier_facility", "earlier_total"
_HALVES = {EARLIER_FACILITY: "facility", EARLIER_TOTAL: "total"}
#: What a person paid this year and in how many stays, told in place of the earlier stays.
SO_FAR_OWN, SO_FAR_STAYS = "so_far_own", "so_far_stays"
_SO_FAR = {SO_FAR_OWN: "own", SO_FAR_STAYS: "stays"}

#: Series of questions that a person can open: which category they belong to, what their settlement sheet says, what a stay to come may
#: cost. Each answer is a slot of its own (`finder.monitored`, `sheet.basic`, `admission.total`); `unsure` stands for 不知道.
FINDER, SHEET, ADMISSION, UNSURE = "finder", "sheet", "admission", "unsure"
SERIES = (FINDER, SHEET, ADMISSION)
#: The rough total of a stay to come, and between its two ends.
ROUGH_TOTAL, BETWEEN = f"{ADMISSION}.total", "~"

#: A fact was said in a way that cannot be taken: it is asked for, and until it is answered there is no estimate. The answer names the slot
#: and the readings, `total~20000.00~30000.00`; of an amount it has the words as its text.
UNCLEAR = "unclear"

#: A category that is not sure (好像是监测户), and categories that hold at once (既是低保又是监测户), one beside the other.
MAYBE, BOTH = "maybe", "both"
#: Whose categories are not sure may also be this.
ORDINARY = "ordinary"

#: For whom somebody asks, in their own eyes. It shapes the wording and no amount, and is no fact of a case.
WHO, WHOM = "who", ("self", "parent", "child", "spouse", "relative", "neighbour")
#: Whether a grown-up writes for a sick child: None while it is asked, which happens once.
GUARDIAN = "guardian"
#: Below this age what a child tells of itself is a guardian's to decide (个人信息保护法 第三十一条).
_GROWN_ENOUGH = 14

#: What a household at a desk is called, a house number or a nickname: so long at most, and no fact of a case.
LABEL, LONGEST_LABEL = "label", 60

#: The next person of a family, or household of a desk: what was told of the one before is closed.
ANOTHER = "another"
#: What the next person shares with the one before: where they are insured, the hospital, the day, and by which rules they agreed to count.
SHARED = frozenset({"place", "facility", "on", "expired_ok"})

#: Facts that are true or false.
FLAGS = frozenset({"registered", "emergency", "insured", "expired_ok"})


@dataclass(frozen=True, slots=True)
class Rules:
    """What a turn is played by: the packs, the flow of questions and the day; languages spoken, and how long talks are kept."""

    shelf: Shelf
    flow: Flow
    finder: Questions
    today: date
    langs: tuple[str, ...] = ("zh_CN", "en")
    retention_days: int = 30


@dataclass(frozen=True, slots=True)
class Person:
    """One of a family whose bill was told before: the contract case, and who they are to the one who asks."""

    case: dict[str, Any]
    who: str | None


@dataclass(slots=True)
class Position:
    """The facts that hold, settings beside them, the earlier stays told or the sum of the year in their place, and the open question.

    `maybe` are categories in doubt, of which all hold at once when `both`; `people` those of a family who were told before; `guardian`
    says that it is or was asked whether a grown-up writes; `label` is what a household at a desk is called.
    """

    facts: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    earlier: list[dict[str, str]] = field(default_factory=list)
    so_far: dict[str, Any] = field(default_factory=dict)
    said: dict[str, Answer] = field(default_factory=dict)
    stale: list[str] = field(default_factory=list)
    focus: str | None = None
    doubts: dict[str, Ambiguity] = field(default_factory=dict)
    half_stay: dict[str, str] = field(default_factory=dict)
    series: dict[str, dict[str, Any]] = field(default_factory=lambda: {name: {} for name in SERIES})
    found: Found | None = None
    maybe: tuple[str, ...] = ()
    both: bool = False
    people: tuple[Person, ...] = ()
    who: str | None = None
    label: str | None = None
    guardian: Literal["open", "asked"] | None = None
    question: str | None = None

    def case(self) -> dict[str, Any]:
        """The contract case as far as it is known."""
        told = {"earlier": self.earlier, "so_far": self.so_far}
        return self.facts | {name: value for name, value in told.items() if value}


def replay(answers: Iterable[Answer], rules: Rules) -> Position:
    """Play all answers again; later ones replace earlier ones."""
    position = Position()
    for answer in answers:
        if answer.slot == ANOTHER:
            position = _next_person(position, answer.message, rules)
        else:
            _play(position, answer)
    _resolve(position, rules)
    position.question = _question(position, rules)
    return position


def edition_of(position: Position, shelf: Shelf) -> Edition | None:
    """The edition whose categories and hospitals the questions offer: the one of the day that was said, or the newest."""
    place = str(position.facts.get("place", ""))
    if place not in shelf.places:
        return None
    said = position.facts.get("on")
    chosen = shelf.choose(place, date.fromisoformat(said) if said else None, expired_ok=True)
    return chosen if isinstance(chosen, Edition) else shelf.places[place][-1]


def edition_on(place: Any, day: date, shelf: Shelf) -> str | None:
    """The key of the edition in force at a place on a day; None when none is, or the place is not known."""
    chosen = shelf.choose(place, day, expired_ok=True) if place in shelf.places else None
    return chosen.pack.key if isinstance(chosen, Edition) else None


def answer_of(position: Position, rules: Rules) -> Estimate | None:
    """The estimate of a position, or None while a needed fact is missing. Raises CaseError when facts contradict each other."""
    if position.doubts or any(name not in position.facts for name in rules.flow.questions):
        return None
    return estimate(read_case(position.case()), rules.shelf, rules.today)


def estimate_at(conversation: Conversation, rules: Rules) -> Estimate | None:
    """The estimate a talk has come to, or None when it has none (also when its answers do not fit any more)."""
    try:
        return answer_of(replay(conversation.answers, rules), rules)
    except CaseError:
        return None


def is_child_alone(position: Position) -> bool:
    """Whether a sick child may be writing by itself; who asks for their own child is the grown-up."""
    age, category = position.facts.get("age"), position.facts.get("category")
    young = isinstance(age, int) and age < _GROWN_ENOUGH and position.who != "child"
    return young or (category == "child_in_difficulty" and position.who == "self")


def by_category(position: Position, rules: Rules) -> dict[str, Estimate]:
    """The bill as each of the categories in doubt; beside a single one, as an ordinary resident. Raises CaseError like `answer_of`.

    Empty while anything else is missing or in doubt.
    """
    needed = set(rules.flow.questions) - {"category"}
    if not position.maybe or position.doubts or needed - position.facts.keys():
        return {}
    keys = position.maybe if position.both else (*position.maybe, ORDINARY)
    return {key: estimate(read_case(position.case() | {"category": key}), rules.shelf, rules.today) for key in keys}


def _next_person(position: Position, message: str, rules: Rules) -> Position:
    """The family goes on with somebody else; what they share stays. Households of a desk share the same and are no family."""
    facts = {name: value for name, value in position.facts.items() if name in SHARED}
    said = {name: answer for name, answer in position.said.items() if name in SHARED}
    if DESK in position.settings:
        return Position(facts, position.settings | {HOUSEHOLD: message}, said=said)
    _resolve(position, rules)
    return Position(facts, position.settings, said=said, people=(*position.people, Person(position.case(), position.who)))


def _resolve(position: Position, rules: Rules) -> None:
    """What follows from the answers once all are played."""
    _drop_stale(position, rules.shelf)
    _find_category(position, rules)
    _take_better(position, rules)


def _play(position: Position, answer: Answer) -> None:
    """Play one answer; what is no fact of a case has a part of its own."""
    if position.guardian == "open":
        position.guardian = "asked"  # once, and never in the way
    part = _PARTS.get(answer.slot.partition(".")[0], _fact)
    part(position, answer)


def _setting(position: Position, answer: Answer) -> None:
    position.settings[answer.slot] = answer.value


def _opened(position: Position, answer: Answer) -> None:
    """A question the person opened, or left."""
    position.focus, position.half_stay = (None if answer.value is None else str(answer.value)), {}
    if position.focus in SERIES:
        position.series[position.focus] = {}
    if position.focus == FINDER:
        _settled(position, "category")
        position.focus = FINDER
    position.doubts = position.doubts if answer.value else {}


def _doubted(position: Position, answer: Answer) -> None:
    slot, *candidates = str(answer.value).split(BETWEEN)
    position.doubts[slot] = Ambiguity(slot, tuple(candidates), answer.text or "")


def _no_earlier(position: Position, answer: Answer) -> None:
    position.earlier, position.half_stay, position.so_far = [], {}, {}
    _settled(position, answer.slot)


def _of_series(position: Position, answer: Answer) -> None:
    name, _, key = answer.slot.partition(".")
    position.series[name][key] = None if answer.value == UNSURE else answer.value
    _settled(position, answer.slot)


def _for_whom(position: Position, answer: Answer) -> None:
    position.who = None if answer.value is None else str(answer.value)


def _called(position: Position, answer: Answer) -> None:
    position.label = None if answer.value is None else str(answer.value)


def _guardian(position: Position, answer: Answer) -> None:
    position.guardian = "open" if answer.value is None else "asked"


def _categories(position: Position, answer: Answer) -> None:
    """Categories in doubt, or several that hold at once, stand in place of a known one."""
    _fact(position, Answer("category", None, answer.message))
    position.maybe, position.both = tuple(str(answer.value).split(BETWEEN)), answer.slot == BOTH


def _year_so_far(position: Position, answer: Answer) -> None:
    """A sum of the year stands in place of the stays; a number of stays without it says nothing."""
    part, value = _SO_FAR[answer.slot], answer.value
    if part == "own":
        position.earlier, position.half_stay, position.so_far = [], {}, {part: value}
        _settled(position, EARLIER)
        _settled(position, SO_FAR_OWN)
    elif position.so_far:
        position.so_far[part] = value


def _half_stay(position: Position, answer: Answer) -> None:
    """Hospital and sum of an earlier stay come in either order; with both it is told."""
    position.half_stay[_HALVES[answer.slot]] = str(answer.value)
    if len(position.half_stay) == len(_HALVES):
        position.earlier.append(position.half_stay)
        position.half_stay, position.so_far = {}, {}
        _settled(position, EARLIER)


def _fact(position: Position, answer: Answer) -> None:
    if answer.slot == "category":
        position.maybe, position.both = (), False
        position.series[FINDER] = {}
        position.focus = None if position.focus == FINDER else position.focus
    if answer.value is None:
        position.facts.pop(answer.slot, None)
        position.said.pop(answer.slot, None)
    else:
        position.facts[answer.slot] = answer.value
        position.said[answer.slot] = answer
    _settled(position, answer.slot)


def _settled(position: Position, slot: str) -> None:
    """What was asked about a slot is answered."""
    position.doubts.pop(slot, None)
    if position.focus == slot:
        position.focus = None


#: What an answer does, by its slot or series; any other slot is a fact of the case.
_PARTS: Mapping[str, Callable[[Position, Answer], None]] = {
    LANG: _setting,
    AGREED: _setting,
    DESK: _setting,
    HOUSEHOLD: _setting,
    ASK: _opened,
    UNCLEAR: _doubted,
    EARLIER: _no_earlier,
    WHO: _for_whom,
    LABEL: _called,
    GUARDIAN: _guardian,
    MAYBE: _categories,
    BOTH: _categories,
    **dict.fromkeys(SERIES, _of_series),
    **dict.fromkeys(_SO_FAR, _year_so_far),
    **dict.fromkeys(_HALVES, _half_stay),
}


def _drop_stale(position: Position, shelf: Shelf) -> None:
    edition = edition_of(position, shelf)
    lists = {"category": edition.policy.categories, "facility": edition.policy.facilities} if edition else {}
    if edition is None and "place" in position.facts:
        position.stale.append("place")
    for slot, known in lists.items():
        if position.facts.get(slot, known[0]) not in known:
            position.stale.append(slot)
    for slot in position.stale:
        del position.facts[slot]
    if edition is not None:
        position.maybe = tuple(key for key in position.maybe if key in edition.policy.categories)
    if edition is not None and any(stay["facility"] not in edition.policy.facilities for stay in position.earlier):
        position.stale.append(EARLIER)
        position.earlier = []


def _find_category(position: Position, rules: Rules) -> None:
    """Where the questions about the category have led to; once they are through, the bill is computed with what they found."""
    place, answers = position.facts.get("place"), position.series[FINDER]
    if place is None or not (answers or position.focus == FINDER):
        return
    edition = edition_of(position, rules.shelf)
    asked = [question.category for question in rules.finder.of(edition.policy)] if edition else []
    raw = {"place": place, "answers": {key: value for key, value in answers.items() if key in asked}, "expired_ok": True}
    position.found = find(read_finding(raw | {"on": position.facts.get("on")}), rules.finder, rules.shelf, rules.today)
    if position.found.compute_as is not None:
        position.facts["category"] = position.found.compute_as
        position.focus = None if position.focus == FINDER else position.focus


def _take_better(position: Position, rules: Rules) -> None:
    """Of categories that hold at once the one that leaves least to pay of this bill; while it cannot be computed, none."""
    try:
        answers = by_category(position, rules) if position.both and "category" not in position.facts else {}
    except CaseError:
        return
    costs = {key: own_cost(answer) for key, answer in answers.items() if answer.status != "refused"}
    if answers:
        position.facts["category"] = min(costs or answers, key=lambda key: costs.get(key, 0))


def _question(position: Position, rules: Rules) -> str | None:
    """What is asked now: what was left unclear, a series or a question the person opened, else the first fact still needed."""
    flow = rules.flow
    if position.guardian == "open":
        return GUARDIAN
    missing = next((name for name in _in_order(position, flow) if name not in position.facts), None)
    opened = position.focus if missing is None or position.focus in flow.questions else None
    asked = next(iter(position.doubts), None)
    if asked is None and position.focus in SERIES and missing not in _needed_first(position):
        opened = _next_of_series(position, rules)
        if position.focus == ADMISSION and opened is None and missing == "total":
            return missing
    asked = asked or opened
    if asked == EARLIER:
        return EARLIER_FACILITY if "facility" not in position.half_stay else EARLIER_TOTAL
    return asked or missing


def _in_order(position: Position, flow: Flow) -> Iterable[str]:
    """The facts an estimate needs; a category in doubt is settled last, when it can be told what it is worth."""
    if not position.maybe or position.focus == ADMISSION:
        return flow.questions
    return sorted(flow.questions, key=lambda name: name == "category")


def _needed_first(position: Position) -> tuple[str, ...]:
    """What the open series cannot do without."""
    if position.focus != ADMISSION:
        return ("place",)
    return ("place", "category") if "facility" in position.series[ADMISSION] else ("place", "category", "facility")


def _next_of_series(position: Position, rules: Rules) -> str | None:
    """The next question of the series that is open; None when it is through, or has nothing to ask about."""
    if position.focus == FINDER:
        question = position.found.question if position.found else None
        return f"{FINDER}.{question.category}" if question else None
    if position.focus == ADMISSION:
        return None if "total" in position.series[ADMISSION] or "total" in position.facts else ROUGH_TOTAL
    try:
        answer = answer_of(position, rules)
    except CaseError:
        return None
    lines = asked_lines(answer) if answer and answer.status != "refused" else ()
    return next((f"{SHEET}.{key}" for key in lines if key not in position.series[SHEET]), None)
