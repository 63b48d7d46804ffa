"""One turn of a talk at a coordinator's desk: the same talk, household after household, with what only a desk can be asked. Pure."""

from collections.abc import Callable
from dataclasses import replace

import msgspec

from bot.conversation import ask
from bot.conversation.heard import Ambiguity, Heard, Slot
from bot.conversation.households import (
    FEWEST,
    Household,
    Visited,
    at_the_next,
    called,
    chosen,
    household_of,
    to_be_kept,
    visited,
    without_desk,
    worked_out,
)
from bot.conversation.incoming import DESK_DOING, Turned
from bot.conversation.position import LABEL, SHARED, Position, edition_of
from bot.conversation.replies import Choice, Reply
from bot.conversation.state import HOUSEHOLD, Answer
from bot.conversation.turn import Turn
from engine import Estimate, Note

#: What is asked of a desk, as an action or the intent of a message.
NEXT, LIST, COMPARE, SLIP, CHANGE, CLOSE = (f"{DESK_DOING}.{name}" for name in ("next", "list", "compare", "slip", "change", "close"))
#: What a turn is made of whose desk is not open any more.
REVOKED = f"{DESK_DOING}.revoked"
_HELP = (Note("chat.desk.help"), Note("chat.desk.help.next"), Note("chat.desk.help.wrong"), Note("chat.desk.before"))


def _button(name: str) -> Choice:
    return Choice(f"action={name}", Note(f"label.{name}"))


#: These stand first under every estimate.
_FIRST = (_button(NEXT), _button(LIST))


class AtDesk(Turn):
    """A message at an open desk. Where the desk cannot be read just now, the talk goes on without what stands there."""

    def play(self) -> Turned:
        if self.incoming.action == REVOKED:
            return self._ended(Note("chat.desk.revoked"))
        if self.incoming.desk is not None and self.incoming.desk.has_just_opened:
            return self._opened(self.incoming.desk.name)
        return super().play()

    def _opened(self, name: str) -> Turned:
        """The first words at a desk."""
        edition = edition_of(self.position, self.rules.shelf)
        where = (Note("chat.desk.place", {"place": edition.policy.name}),) if edition is not None and self.incoming.place is None else ()
        first = Reply("text", (Note("chat.desk.opened", {"name": name}), Note("chat.desk.first"), *where), (_button(LIST),))
        return Turned(self.conversation, (first, self._ask_again()))

    def _ended(self, note: Note) -> Turned:
        """The desk is closed and nothing of its households stays in the talk, which may be carried to somebody else from now on."""
        ordinary = Turn(without_desk(self.conversation), self.incoming, self.rules)
        return Turned(ordinary.conversation, (Reply("text", (note,)), ordinary._ask_again()), erase=True)

    def _action(self, action: str) -> Turned:
        doing: dict[str, Callable[[], Turned]] = {
            NEXT: self._another,
            LIST: self._list,
            COMPARE: self._compare,
            SLIP: self._slip,
            CHANGE: lambda: self._aside(Note("chat.desk.change"), Note("chat.desk.before")),
            CLOSE: lambda: self._ended(Note("chat.desk.closed")),
            DESK_DOING: lambda: self._aside(Note("chat.desk.is_open")),
            "help": lambda: self._aside(*_HELP),
            "pass": lambda: self._aside(Note("chat.desk.pass")),
        }
        return doing[action]() if action in doing else super()._action(action)

    def _text(self, heard: Heard) -> Turned:
        """A message is about the household of now, unless it says that it is about another one."""
        if heard.begins:
            return self._another(None if heard.intent == "another" else msgspec.structs.replace(heard, begins=False))
        if heard.called and (named := self._by_name(heard)) is not None:
            return named
        if heard.intent in (LIST, COMPARE, SLIP, CHANGE, CLOSE):
            return self._action(heard.intent)
        return self._of_another(heard) or super()._text(heard)

    def _by_name(self, heard: Heard) -> Turned | None:
        """Households compared, or a slip, by what they are called; None where the words may mean something else."""
        numbers = called(heard.called, self._households())
        if numbers:
            self.incoming = replace(self.incoming, heard=msgspec.structs.replace(heard, numbers=numbers))
            return self._slip() if heard.intent == SLIP else self._compare()
        if heard.intent in (COMPARE, SLIP) and self.incoming.desk is not None:
            return self._told_at_desk(Note(f"chat.{heard.intent}.which"), LIST, before=(Note("chat.desk.nobody"),))
        return None

    def _of_another(self, heard: Heard) -> Turned | None:
        """Facts of the next household, or of one that was left; None for those of the household of now."""
        if heard.numbers:
            return self._of_the_nth(heard.numbers[0], msgspec.structs.replace(heard, numbers=()))
        if self._is_of_before(heard):
            return self._aside(Note("chat.desk.known", {"label": heard.slots[LABEL].value}))
        return self._another(heard) if self._is_the_next(heard) else None

    def _of_the_nth(self, number: int, heard: Heard) -> Turned:
        """Facts of a household by its place in the day: of the one of now, of the next one, or of one that was left."""
        if self.incoming.desk is None:
            return self._aside(Note("chat.desk.away"))
        count = len(self.incoming.desk.households)
        now = self.incoming.desk.at or count + 1
        if number == now:
            return super()._text(heard)
        if number == count + 1:
            return self._another(heard)
        return self._aside(Note("chat.desk.change"), Note("chat.desk.before")) if number <= count else self._aside(*self._none_such())

    def _is_of_before(self, heard: Heard) -> bool:
        """Whether facts are told of a household that was left already, by what it is called."""
        label = heard.slots.get(LABEL)
        if label is None or len(heard.slots) == 1 or label.value == self.position.label or not self._is_begun():
            return False
        return any(each.label == label.value for each in self._households())

    def _is_the_next(self, heard: Heard) -> bool:
        """Whether the next household is told though nobody said 下一位: it is called otherwise, and its case is told anew."""
        label = heard.slots.get(LABEL)
        if label is None or heard.intent == "correct" or not self._is_begun():
            return False
        is_worked_out, has_category = self.before is not None, "category" in heard.slots
        if self.position.label:
            return label.value != self.position.label and (has_category or (is_worked_out and "total" in heard.slots))
        return is_worked_out and has_category

    def _is_begun(self) -> bool:
        return bool(self.position.facts.keys() - SHARED)

    def _households(self) -> tuple[Household, ...]:
        return self.incoming.desk.households if self.incoming.desk else ()

    def _none_such(self) -> tuple[Note, ...]:
        """How many there are today, where one beyond them was meant."""
        return (Note("chat.desk.only", {"count": len(self._households())}),)

    def _back(self) -> Turned:
        """Going back to the household before is told as that, and not as a change of the one that is left."""
        turned = super()._back()
        if household_of(turned.conversation, self.rules) == household_of(self.conversation, self.rules):
            return turned
        there = AtDesk(turned.conversation, self.incoming, self.rules)
        household = to_be_kept(turned.conversation, self.rules)
        where = (
            Note("chat.desk.back", {"visited": worked_out(None, household, self.rules)}) if household else Note("chat.desk.back.unfinished")
        )
        stays = (Note("chat.desk.back.stays"),) if to_be_kept(self.conversation, self.rules) is not None else ()
        return replace(turned, replies=(Reply("text", (where, *stays)), *there._repeat().replies))

    def _another(self, heard: Heard | None = None) -> Turned:
        """Go on with the next household, of which something may be told already."""
        if not self.position.facts.keys() - SHARED:
            return self._text(heard) if heard else self._aside(Note("chat.desk.next.empty"))
        begun = at_the_next(self.conversation, self.incoming.message, self.rules)
        following = AtDesk(begun, self.incoming, self.rules)
        turned = following._text(heard) if heard else Turned(begun, (following._ask_again(),))
        return replace(turned, replies=(Reply("text", (self._noted(), Note("chat.desk.next"))), *turned.replies))

    def _noted(self) -> Note:
        """What stands at the desk of the household that is left."""
        household, at = self._of_now()
        if household is None:
            return Note("chat.desk.next.unfinished")
        return Note("chat.desk.noted", {"visited": worked_out(at, household, self.rules)}) if at else Note("chat.desk.next.not_kept")

    def _list(self) -> Turned:
        """The households of today, whoever of this desk told them and wherever."""
        if self.incoming.desk is None:
            return self._aside(Note("chat.desk.away"))
        today = self._today()
        if not today:
            return self._told_at_desk(Note("chat.desk.list.none"), CLOSE)
        others = (COMPARE, CLOSE) if len(today) >= FEWEST else (CLOSE,)
        return self._told_at_desk(Note("chat.desk.list", {"visited": today}), *others)

    def _compare(self) -> Turned:
        """Households beside each other; without two of them, hospitals are."""
        numbers = self.incoming.heard.numbers if self.incoming.heard else ()
        if self.incoming.desk is None:
            return self._aside(Note("chat.desk.away"))
        today = self._today()
        if len(today) < FEWEST:
            return self._aside(Note("chat.desk.compare.few")) if numbers or self.before is None else super()._action("compare")
        which = chosen(numbers, len(today))
        if which is None:
            missing = self._none_such() if max(numbers) > len(today) else ()
            return self._told_at_desk(Note("chat.desk.compare.which"), LIST, before=missing)
        return self._told_at_desk(Note("chat.desk.compare", {"visited": tuple(today[number - 1] for number in which)}), LIST)

    def _slip(self) -> Turned:
        """The slip of a household: of the one of now, or of one of today by its number."""
        numbers = self.incoming.heard.numbers if self.incoming.heard else ()
        household, at = self._numbered(numbers) if numbers else self._of_now()
        if household is None:
            missing = self._none_such() if numbers and max(numbers) > len(self._households()) else ()
            return self._told_at_desk(Note("chat.desk.slip.which" if numbers else "chat.desk.slip.not_yet"), LIST, before=missing)
        visit = worked_out(at, household, self.rules)
        if visit.estimate is None:
            return self._told_at_desk(Note("chat.desk.slip.not_now"), LIST)
        turned = self._told_at_desk(Note("chat.desk.slip", {"visited": visit}), LIST)
        first, *rest = turned.replies
        return replace(turned, replies=(replace(first, case=household.facts, label=household.label), *rest))

    def _numbered(self, numbers: tuple[int, ...]) -> tuple[Household | None, int | None]:
        """A household of today, and which one it is."""
        today, number = self._households(), numbers[0]
        return (today[number - 1], number) if len(numbers) == 1 and 1 <= number <= len(today) else (None, None)

    def _of_now(self) -> tuple[Household | None, int | None]:
        """The household of now, once there is an estimate, and which of its day it is, where it is kept."""
        return to_be_kept(self.conversation, self.rules), self.incoming.desk.at if self.incoming.desk else None

    def _today(self) -> tuple[Visited, ...]:
        return visited(self._households(), self.rules)

    def _told_at_desk(self, note: Note, *others: str, before: tuple[Note, ...] = ()) -> Turned:
        """What was asked of the desk, with what can be done there next; then the talk is where it was."""
        going_on = (NEXT,) if self.position.question is None else ()
        asked = (ask.question(self.position, self.rules),) if self.position.question is not None else ()
        return Turned(self.conversation, (Reply("text", (*before, note), tuple(map(_button, (*going_on, *others)))), *asked))

    def _estimate(self, answer: Estimate, notes: tuple[Note, ...], new: list[Answer], position: Position) -> Reply:
        """What goes on comes first; and a sheet printed later is still this household's."""
        shown = super()._estimate(answer, notes, new, position)
        case = position.case() if answer.out_of_pocket is not None else None
        choices = tuple(sorted(shown.choices, key=lambda choice: choice not in _FIRST))
        return replace(shown, choices=choices, case=case, label=position.label or "")

    def _estimate_alone(self, answer: Estimate) -> Reply:
        case = self.position.case() if answer.out_of_pocket is not None else None
        return replace(super()._estimate_alone(answer), case=case, label=self.position.label or "")

    def _again(self, key: str, *, erase: bool) -> Turned:
        """Beginning again opens a household of its own, so that the one before stays at the desk as it was."""
        if not erase:
            self.conversation = self._with_setting(HOUSEHOLD, self.incoming.message)
            return super()._again(key, erase=False)
        turned = super()._again(key, erase=True)
        return replace(turned, replies=(Reply("text", (Note("chat.desk.forgotten"),)), *turned.replies))

    def _held(self) -> Note:
        """Beside what is said of every talk: that a household may have been called by a name, and that the desk keeps its own."""
        return Note("chat.desk.data", super()._held().values)

    def _accept(self, answers: list[Answer], notes: tuple[Note, ...] = (), doubt: Ambiguity | None = None) -> Turned:
        called = tuple(Note("chat.desk.label", {"label": answer.value}) for answer in answers if answer.slot == LABEL)
        return super()._accept(answers, (*called, *notes), doubt)

    def _heard(self, name: str, said: Slot) -> Answer | None:
        """A house number among other words is no new name of a household that has one."""
        if name != LABEL:
            return super()._heard(name, said)
        return None if said.approximate and self.position.label else Answer(LABEL, said.value, self.incoming.message)
