"""One turn of a talk, pure: a conversation and an incoming message in, the conversation after it and the replies out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import msgspec

from bot.conversation import ask
from bot.conversation.heard import Ambiguity, Heard, Slot
from bot.conversation.position import (
    ASK,
    EARLIER,
    EARLIER_FACILITY,
    EARLIER_TOTAL,
    FLAGS,
    UNCLEAR,
    Position,
    Rules,
    answer_of,
    edition_of,
    edition_on,
    estimate_at,
    replay,
)
from bot.conversation.replies import Choice, Reply
from bot.conversation.state import PRESET, Answer, Conversation
from engine import CARES, CATEGORIES, FACILITIES, LIMIT, CaseError, Estimate, Fault, MoneyError, Note, fen, yuan

MONEY = frozenset({"total", "self_funded", "first_share", EARLIER_TOTAL})
ACTIONS = frozenset({"start", "back", "restart", "why", "help", "forget", "human", "greeting"})
_KEYED = frozenset({"place", "category", "facility", EARLIER_FACILITY, "care"})
#: Not knowing these leaves open which rules hold: explained and asked again.
_ASK_AGAIN = ("care", "insured")
#: Intents that are understood but whose answer comes with later rules.
NOT_YET = frozenset({"compare", "premium", "documents"})


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message: an understood text, a pressed choice, or an action. `place` is what the door knows of where the person is insured."""

    message: str
    heard: Heard | None = None
    choice: str | None = None
    action: str | None = None
    place: str | None = None


@dataclass(frozen=True, slots=True)
class Turned:
    """The conversation after a turn, its replies, and whether everything before it is to be erased."""

    conversation: Conversation
    replies: tuple[Reply, ...]
    erase: bool = False


def take_turn(conversation: Conversation, incoming: Incoming, rules: Rules) -> Turned:
    """Play one message. Never raises for anything a person can send."""
    start = _with_place(conversation, incoming.place, rules)
    turned = _Turn(start, incoming, rules).play()
    return replace(turned, conversation=Conversation(turned.conversation.answers, conversation.turn + 1))


def summary(conversation: Conversation, rules: Rules) -> dict[str, Any]:
    """What is known so far, by slot."""
    return replay(conversation.answers, rules).case()


def open_question(conversation: Conversation, rules: Rules) -> str | None:
    """The slot that is being asked for, so that a bare answer can be understood."""
    return replay(conversation.answers, rules).question


def offered(conversation: Conversation, rules: Rules) -> tuple[Choice, ...]:
    """The buttons that stand under the newest question or estimate."""
    position = replay(conversation.answers, rules)
    if position.question is not None:
        return ask.question(position, rules).choices
    answer = estimate_at(conversation, rules)
    return ask.changes(answer, position, rules.flow) if answer else ()


def _with_place(conversation: Conversation, place: str | None, rules: Rules) -> Conversation:
    """A talk begun on a page of one place starts with that place answered; the person's own word replaces it."""
    if place not in rules.shelf.places or any(answer.slot == "place" for answer in conversation.answers):
        return conversation
    return Conversation((Answer("place", place, PRESET), *conversation.answers), conversation.turn)


class _Turn:
    """One message at work."""

    def __init__(self, conversation: Conversation, incoming: Incoming, rules: Rules) -> None:
        self.conversation, self.incoming, self.rules = conversation, incoming, rules
        self.position = replay(conversation.answers, rules)
        self.before = estimate_at(conversation, rules)

    def play(self) -> Turned:
        if self.incoming.action is not None:
            return self._action(self.incoming.action)
        if self.incoming.choice is not None:
            return self._choice(self.incoming.choice)
        return self._text(self.incoming.heard or Heard())

    def _action(self, action: str) -> Turned:
        if action == "back":
            return self._back()
        if action in ("restart", "forget"):
            return self._again(action, erase=action == "forget")
        if action == "why":
            return self._aside(*self._why())
        said = {"start": "greeting", "help": "help", "human": "human", "greeting": "greeting"} | dict.fromkeys(NOT_YET, "not_yet")
        return self._aside(Note(said.get(action, "old_button")))

    def _choice(self, choice: str) -> Turned:
        """A button says `slot=value`, `ask=slot`, `slot=none` or `action=name`; one that means nothing any more is answered kindly."""
        slot, separator, value = choice.partition("=")
        if slot == "action":
            return self._action(value)
        if slot == "elsewhere":
            return self._aside(Note("elsewhere", {"hotline": self._hotline()}))
        if slot == "unsure" and value in (*self.rules.flow.questions, *self.rules.flow.changes, EARLIER_TOTAL, *_ASK_AGAIN):
            return self._unsure(value)
        answer = self._answer(slot, value) if separator else None
        if answer is None:
            return self._aside(Note("old_button"))
        return self._accept([answer])

    def _text(self, heard: Heard) -> Turned:
        if not heard.slots and heard.intent in ACTIONS | NOT_YET and not (heard.problems or heard.ambiguous):
            return self._action(heard.intent)
        notes = [self._problem(problem.code, problem.slot, problem.text) for problem in heard.problems]
        if any(problem.code.startswith("other_rules.") for problem in heard.problems):
            return self._aside(*notes)
        heard = self._with_day(heard)
        answers = [answer for name, slot in heard.slots.items() if (answer := self._heard(name, slot))]
        doubt = next(iter(heard.ambiguous), None)
        if doubt is not None:
            doubt = msgspec.structs.replace(doubt, slot=self._here(doubt.slot))
            answers += self._left_open(doubt.slot)
        if answers or doubt:
            return self._accept(answers, tuple(notes), doubt)
        if notes:
            return Turned(self.conversation, (Reply("text", tuple(notes)), self._ask_again()))
        if heard.unsure:
            return self._unsure(heard.unsure)
        return self._aside(Note("not_understood"))

    def _left_open(self, slot: str) -> list[Answer]:
        """A doubt is asked about until it is answered. Within the question on an earlier stay it is open already."""
        asked = slot in (EARLIER_FACILITY, EARLIER_TOTAL) or (slot == "place" and slot in self.position.facts)
        return [] if asked else [Answer(UNCLEAR, slot, self.incoming.message)]

    def _here(self, slot: str) -> str:
        """Inside the question about an earlier stay, a hospital and a sum are those of that stay."""
        asked = self.position.question
        if asked in (EARLIER_FACILITY, EARLIER_TOTAL):
            return {"facility": EARLIER_FACILITY, "total": EARLIER_TOTAL}.get(slot, slot)
        return slot

    def _heard(self, name: str, said: Slot) -> Answer | None:
        answer = self._answer(self._here(name), said.value)
        if answer is None:
            return None
        return Answer(answer.slot, answer.value, answer.message, said.text, said.approximate)

    def _with_day(self, heard: Heard) -> Heard:
        """A year said alone stands for its last day (this year for today) when one edition holds all year; else the day is asked for."""
        said = heard.slots.get("on")
        if said is None or _is_day(said.value):
            return heard
        year = int(said.value)
        first, last = date(year, 1, 1), date(year, 12, 31)
        place = heard.slots["place"].value if "place" in heard.slots else self.position.facts.get("place")
        if edition_on(place, first, self.rules.shelf) == edition_on(place, last, self.rules.shelf):
            day = self.rules.today if year == self.rules.today.year else last
            return msgspec.structs.replace(heard, slots=heard.slots | {"on": Slot(day.isoformat(), said.text, approximate=True)})
        slots = {name: slot for name, slot in heard.slots.items() if name != "on"}
        return msgspec.structs.replace(heard, slots=slots, ambiguous=(*heard.ambiguous, Ambiguity("on", (), said.text)))

    def _answer(self, slot: str, value: Any) -> Answer | None:
        """An answer whose value fits its slot, or None."""
        message = self.incoming.message
        if slot == ASK:
            known = (*self.rules.flow.questions, *self.rules.flow.changes)
            return Answer(ASK, value if value in known else None, message) if value in (*known, "none") else None
        if value == "none" and slot in (EARLIER, "on", "self_funded", "first_share", "registered", "emergency"):
            return Answer(slot, None, message)
        fitted = self._fitted(slot, value)
        return None if fitted is None else Answer(slot, fitted, message)

    def _fitted(self, slot: str, value: Any) -> Any:
        if slot in MONEY:
            return _amount(value)
        if slot in FLAGS:
            return value if isinstance(value, bool) else {"true": True, "false": False}.get(str(value))
        if slot == "on":
            return value if _is_day(value) else None
        if slot == "age":
            return value if isinstance(value, int) else None
        known = {"place": self.rules.shelf.places, "category": CATEGORIES, "care": CARES}.get(slot, FACILITIES)
        return value if slot in _KEYED and value in known else None

    def _accept(self, answers: list[Answer], notes: tuple[Note, ...] = (), doubt: Ambiguity | None = None) -> Turned:
        """Take new answers; those that contradict the rest are left out again, each with a clear sentence, and nothing else is lost."""
        reasons = [self._not_offered(answer, answers) for answer in answers]
        refused = [note for note in reasons if note is not None]
        kept = [answer for answer, note in zip(answers, reasons, strict=True) if note is None]
        while True:
            trial = Conversation((*self.conversation.answers, *kept), self.conversation.turn)
            position = replay(trial.answers, self.rules)
            try:
                answer_of(position, self.rules)
                break
            except CaseError as error:
                refused += [self._contradiction(fault) for fault in error.faults]
                kept = list(_without(kept, error.faults, self.incoming.message))
        return self._show(trial, (*notes, *refused), doubt, kept)

    def _not_offered(self, answer: Answer, together: list[Answer]) -> Note | None:
        """Why a category or a level of hospital cannot be taken: the place's rules do not know it."""
        place = next((other for other in together if other.slot in ("place", "on")), None)
        position = replay((*self.conversation.answers, *([place] if place else ())), self.rules)
        edition = edition_of(position, self.rules.shelf)
        if edition is None:
            return None
        lists = {"category": edition.policy.categories, "facility": edition.policy.facilities, EARLIER_FACILITY: edition.policy.facilities}
        if answer.value in lists.get(answer.slot, (answer.value,)):
            return None
        slot = "facility" if answer.slot == EARLIER_FACILITY else answer.slot
        values = {slot: answer.value, "place": edition.policy.name, "edition": edition.policy.edition, "hotline": edition.policy.hotline}
        return Note(f"{slot}_not_covered", values)

    def _show(self, after: Conversation, notes: tuple[Note, ...], doubt: Ambiguity | None, new: list[Answer]) -> Turned:
        position = replay(after.answers, self.rules)
        notes += tuple(Note("stale", {"slot": slot}) for slot in position.stale if slot not in self.position.stale)
        answer = answer_of(position, self.rules)
        replies: list[Reply] = []
        if answer is None or (answer == self.before and (position.question or notes)):
            read_back = tuple(_read_back(new, {"total", EARLIER_TOTAL, "self_funded", "first_share"})) if answer is None else ()
            replies += [Reply("text", (*notes, *read_back))] if notes or read_back else []
        else:
            replies.append(self._estimate(answer, notes, new, position))
        if doubt is not None and doubt.slot != EARLIER:
            replies.append(ask.unclear(doubt.slot, doubt.candidates, doubt.text, position, self.rules))
        elif position.question is not None:
            replies.append(ask.question(position, self.rules))
        if not replies:
            replies.append(self._estimate(answer, (), new, position) if answer else self._ask_again())
        return Turned(after, tuple(replies))

    def _estimate(self, answer: Estimate, notes: tuple[Note, ...], new: list[Answer], position: Position) -> Reply:
        before = self.before if self.before is not None and self.before.status != "refused" else None
        back = (
            *_read_back(new, MONEY),
            *(Note("read_back.year", {"text": each.text}) for each in new if each.slot == "on" and each.approximate),
        )
        return Reply("estimate", (*notes, *back), ask.changes(answer, position, self.rules.flow), answer, before)

    def _aside(self, *notes: Note) -> Turned:
        """Answer a side matter and come back to where the talk was."""
        if self.position.question is not None:
            return Turned(self.conversation, (Reply("text", notes), ask.question(self.position, self.rules)))
        choices = ask.changes(self.before, self.position, self.rules.flow) if self.before else ()
        return Turned(self.conversation, (Reply("text", notes, choices),))

    def _unsure(self, slot: str) -> Turned:
        """Not knowing: a needed fact is explained and asked again; an optional one stays open and the talk goes on without it."""
        if slot in (*self.rules.flow.questions, *_ASK_AGAIN):
            return self._aside(Note(f"unsure.{slot}", {"hotline": self._hotline()}))
        message = self.incoming.message
        fact = EARLIER if slot.startswith(EARLIER) else slot
        retract = [] if fact == EARLIER else [Answer(fact, None, message)]
        after = Conversation((*self.conversation.answers, *retract, Answer(ASK, None, message)), self.conversation.turn)
        answer = estimate_at(after, self.rules)
        notes = (Note(f"unsure.{fact}", {"hotline": self._hotline()}),)
        if answer is None:
            return Turned(after, (Reply("text", notes), ask.question(replay(after.answers, self.rules), self.rules)))
        return Turned(after, (self._estimate(answer, notes, [], replay(after.answers, self.rules)),))

    def _back(self) -> Turned:
        """Take the newest message that gave answers away again."""
        messages = [answer.message for answer in self.conversation.answers if answer.message != PRESET]
        if not messages:
            return self._aside(Note("nothing_to_take_back"))
        kept = tuple(answer for answer in self.conversation.answers if answer.message != messages[-1])
        after = Conversation(kept, self.conversation.turn)
        position = replay(after.answers, self.rules)
        answer = estimate_at(after, self.rules)
        if answer is not None and answer != self.before:
            replies = [self._estimate(answer, (Note("back"),), [], position)]
        else:
            choices = ask.changes(answer, position, self.rules.flow) if answer and not position.question else ()
            replies = [Reply("text", (Note("back"),), choices)]
        if position.question is not None:
            replies.append(ask.question(position, self.rules))
        return Turned(after, tuple(replies))

    def _again(self, key: str, *, erase: bool) -> Turned:
        after = Conversation(tuple(answer for answer in self.conversation.answers if answer.message == PRESET), self.conversation.turn)
        question = ask.question(replay(after.answers, self.rules), self.rules)
        return Turned(after, (Reply("text", (Note(key),)), question), erase)

    def _why(self) -> tuple[Note, ...]:
        if self.before is None:
            return (Note(f"why.{self.position.question or 'total'}"),)
        return (Note("why", {"estimate": self.before}),)

    def _ask_again(self) -> Reply:
        if self.position.question is not None:
            return ask.question(self.position, self.rules)
        return Reply("text", (Note("say_what"),), ask.changes(self.before, self.position, self.rules.flow) if self.before else ())

    def _problem(self, code: str, slot: str | None, text: str) -> Note:
        limit = {"limit_amount": LIMIT, "hotline": self._hotline()}
        return Note(f"problem.{code}" if code != "place_unknown" else code, {"text": text, "slot": slot or "total"} | limit)

    def _contradiction(self, fault: Fault) -> Note:
        field = fault.field.split(".")[-1]
        amounts = {f"{name}_amount": fen(value) for name, value in fault.values.items() if name in ("total", "amount", "limit")}
        return Note(f"problem.{fault.code}", {"slot": field} | amounts | {"day": fault.values.get("day", "")})

    def _hotline(self) -> str:
        edition = edition_of(self.position, self.rules.shelf) or self.rules.shelf.editions()[-1]
        return edition.policy.hotline


def _without(answers: list[Answer], faults: list[Fault], message: str) -> Iterator[Answer]:
    """The answers less those that a fault names; when the contradiction is with an older answer, that one is taken back instead."""
    named = {fault.field.split(".")[0] for fault in faults}
    named |= {EARLIER_TOTAL} if EARLIER in named else set()
    rest = [answer for answer in answers if answer.slot not in named]
    yield from rest
    if len(rest) == len(answers):
        yield from (Answer(slot, None, message) for slot in named)


def _read_back(answers: list[Answer], slots: frozenset[str] | set[str]) -> Iterator[Note]:
    """Amounts that were spoken rather than typed are said again in figures."""
    for answer in answers:
        if answer.slot in slots and answer.text is not None and isinstance(answer.value, str):
            plain = answer.text.replace(",", "").removesuffix("元").strip()
            if answer.approximate or not plain.replace(".", "").isascii() or not plain.replace(".", "").isdigit():
                key = "read_back.about" if answer.approximate else "read_back"
                yield Note(key, {"text": answer.text, "amount": fen(answer.value), "slot": answer.slot})


def _amount(value: Any) -> str | None:
    try:
        return yuan(fen(value))
    except MoneyError:
        return None


def _is_day(value: Any) -> bool:
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def conversation_facts(conversation: Conversation, rules: Rules) -> Mapping[str, Any]:
    """The facts a talk holds, for tests and tools."""
    return replay(conversation.answers, rules).facts
