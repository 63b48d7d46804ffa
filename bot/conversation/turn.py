"""One turn of a talk, pure: a conversation and an incoming message in, the conversation after it and the replies out."""

from collections.abc import Callable
from dataclasses import replace

import msgspec

from bot.conversation import ask, beside
from bot.conversation.answers import SO_FAR, answer_for, doubted, read_back, without
from bot.conversation.heard import Ambiguity, Heard, Slot
from bot.conversation.hearing import as_meant, corrected, in_series, problem_note
from bot.conversation.incoming import (
    ACTIONS,
    BESIDE,
    CARRIED,
    DESK_DOING,
    DESK_REFUSED,
    EDITED,
    FORWARDED,
    PASS_REFUSED,
    UNSUPPORTED,
    Incoming,
    Turned,
)
from bot.conversation.people import family
from bot.conversation.position import (
    ADMISSION,
    ANOTHER,
    ASK,
    BETWEEN,
    BOTH,
    EARLIER,
    EARLIER_FACILITY,
    EARLIER_TOTAL,
    FINDER,
    GUARDIAN,
    MAYBE,
    ORDINARY,
    SERIES,
    SHARED,
    SHEET,
    SO_FAR_OWN,
    UNSURE,
    WHO,
    Position,
    Rules,
    answer_of,
    by_category,
    edition_of,
    estimate_at,
    is_child_alone,
    replay,
)
from bot.conversation.replies import Choice, Reply
from bot.conversation.state import AGREED, LANG, PRESET, Answer, Conversation
from engine import CaseError, Estimate, Fault, Note, fen

#: What a text that was not plainly written does not bring about.
_WISHES = frozenset({"back", "restart", "forget", "leave", "another", "pass", "data", "lang"})
#: Not knowing these leaves open which rules hold: explained and asked again.
_ASK_AGAIN = ("care", "insured")
#: Whether a grown-up writes for a sick child, and what is said to it.
_GUARDIAN_NOTES = {True: Note("guardian.parent"), False: Note("guardian.alone")}
#: What a person is asked at a door that leads through a foreign service.
_REFUSED = f"{AGREED}=false"
CONSENT = (Choice(f"{AGREED}=true", Note("label.agree")), Choice(_REFUSED, Note("label.refuse")))
#: Doubts within a question that is open already.
_HALVES_ASKED = (EARLIER_FACILITY, EARLIER_TOTAL)
#: So many contradictions of one message are told at most.
MOST_FAULTS = 20
#: Problems that say that the bill goes by rules we do not have.
OTHER_RULES = "other_rules."


def without_stale(conversation: Conversation, incoming: Incoming, rules: Rules) -> tuple[Conversation, tuple[Note, ...]]:
    """The talk without answers that today's packs do not know any more (one was removed meanwhile), and a line for each of them."""
    stale = replay(conversation.answers, rules).stale
    answers = tuple(Answer(slot, None, incoming.message) for slot in stale)
    return Conversation((*conversation.answers, *answers), conversation.turn), tuple(_stale_note(slot) for slot in stale)


def _stale_note(slot: str) -> Note:
    return Note("stale.place") if slot == "place" else Note("stale", {"slot": slot})


class Turn:
    """One message at work."""

    def __init__(self, conversation: Conversation, incoming: Incoming, rules: Rules) -> None:
        self.conversation, self.incoming, self.rules = conversation, incoming, rules
        self.position = replay(conversation.answers, rules)
        self.before = estimate_at(conversation, rules)

    def play(self) -> Turned:
        if self.incoming.action == CARRIED:
            return self._carried()
        if self.incoming.manner == BESIDE and (not self._tells() or (self.incoming.agreement and AGREED not in self.position.settings)):
            return Turned(self.conversation, ())
        if self.incoming.agreement and AGREED not in self.position.settings:
            return self._before_agreement(self.incoming.agreement)
        if self.incoming.choice is not None:
            return self._choice(self.incoming.choice)
        return self._said() if self.incoming.action is None else self._action(self.incoming.action)

    def _said(self) -> Turned:
        """A text, or what came with it and cannot be read."""
        heard, unread, manner = self.incoming.heard or Heard(), self.incoming.unread, self.incoming.manner
        tells = self._tells()
        if manner is not None and heard.intent in _WISHES and not tells:
            return self._aside(Note(f"{manner}.wish"))
        if unread in UNSUPPORTED and not tells:
            return self._action(unread)
        turned = self._text(heard)
        is_new = turned.conversation.answers != self.conversation.answers
        before = [Note(str(manner))] if manner == EDITED or (manner == FORWARDED and is_new) else []
        before += [Note(unread)] if unread in UNSUPPORTED else []
        return replace(turned, replies=(Reply("text", tuple(before)), *turned.replies)) if before else turned

    def _tells(self) -> bool:
        """Whether a text tells anything of the case."""
        heard = self.incoming.heard or Heard()
        return bool(heard.slots or heard.ambiguous or heard.problems)

    def _carried(self) -> Turned:
        """A talk that came from another door goes on where it stands; only who agreed at this one is let in."""
        agreed = self._with_setting(AGREED, True) if self.incoming.agreement else self.conversation
        turned = type(self)(agreed, self.incoming, self.rules)._repeat()
        return replace(turned, replies=(Reply("text", (Note("carried"),)), *turned.replies))

    def _pass(self) -> Turned:
        """The digits with which this talk goes on at another door."""
        code = self.incoming.code
        if code is None:
            return self._aside(Note("old_button"))
        turned = self._aside(Note("pass", {"code": f"{code[:3]} {code[3:]}"}))
        return replace(turned, code=code)

    def _held(self) -> Note:
        """What is kept of this talk, in numbers; a door hands over all of it."""
        kept = {"answers": str(len(self.conversation.answers)), "turns": str(self.conversation.turn)}
        return Note("data", kept | {"days": str(self.rules.retention_days)})

    def _before_agreement(self, door: str) -> Turned:
        """Nothing that is said counts yet; only the consent itself, the language and the wish to be forgotten are heard."""
        said = self.incoming
        if said.choice == _REFUSED:
            return self._refused()
        if said.choice == f"{AGREED}=true":
            agreed = self._with_setting(AGREED, True)
            return Turned(agreed, (Reply("text", (Note("greeting"),)), ask.question(replay(agreed.answers, self.rules), self.rules)))
        if said.action == "forget" or (said.heard and said.heard.intent == "forget"):
            return self._again("forget", erase=True)
        if said.action == "lang" or (said.heard and said.heard.intent == "lang"):
            return self._languages()
        after = self._chosen_language(said.choice or "") or self._newest_link()
        note = Note(f"agreement.{door}", {"days": str(self.rules.retention_days)})
        return Turned(after, (Reply("question", (note,), CONSENT),))

    def _refused(self) -> Turned:
        """Nothing stays of who does not agree. A talk that was carried here from another door is not theirs alone to end."""
        if any(answer.message != PRESET for answer in self.conversation.answers):
            return Turned(self.conversation, (Reply("text", (Note("refused"),)),))
        return Turned(Conversation((), self.conversation.turn), (Reply("text", (Note("refused"),)),), erase=True)

    def _newest_link(self) -> Conversation:
        """The talk with the place of the link that was opened last."""
        known = any(answer.slot == "place" and answer.message != PRESET for answer in self.conversation.answers)
        is_link = self.incoming.action == "start" and self.incoming.place in self.rules.shelf.places
        return self._with_setting("place", str(self.incoming.place)) if is_link and not known else self.conversation

    def _with_setting(self, slot: str, value: str | bool) -> Conversation:
        others = tuple(answer for answer in self.conversation.answers if answer.slot != slot)
        return Conversation((Answer(slot, value, PRESET), *others), self.conversation.turn)

    def _languages(self) -> Turned:
        choices = tuple(Choice(f"{LANG}={lang}", Note(f"label.lang_{lang}")) for lang in self.rules.langs)
        return Turned(self.conversation, (Reply("text", (Note("ask.lang"),), choices),))

    def _chosen_language(self, choice: str) -> Conversation | None:
        slot, _, lang = choice.partition("=")
        return self._with_setting(LANG, lang) if slot == LANG and lang in self.rules.langs else None

    def _repeat(self) -> Turned:
        """Say again where the talk stands: the estimate, the question that is open, or both."""
        replies = [self._estimate_alone(self.before)] if self.before else []
        asked = [ask.question(self.position, self.rules)] if self.position.question is not None else []
        return Turned(self.conversation, tuple(replies + asked))

    def _estimate_alone(self, answer: Estimate) -> Reply:
        return Reply("estimate", (), ask.changes(answer, self.position, self.rules), answer, who=self.position.who)

    def _start(self) -> Turned:
        """A greeting; the link of a place that is another than the talk was about moves the talk there, which is said."""
        place = self.incoming.place
        if place in self.rules.shelf.places and self.position.facts.get("place", place) != place:
            moved = Answer("place", place, self.incoming.message)
            edition = edition_of(replay((*self.conversation.answers, moved), self.rules), self.rules.shelf)
            # An estimate that changes says so by itself.
            told = (Note("corrected.place", {"place": edition.policy.name}),) if edition and not self.before else ()
            return self._accept([moved], told)
        return self._aside(Note("greeting"))

    def _action(self, action: str) -> Turned:
        doing: dict[str, Callable[[], Turned]] = {
            "start": self._start,
            "back": self._back,
            "restart": lambda: self._again("restart", erase=False),
            "forget": lambda: self._again("forget", erase=True),
            "why": lambda: self._aside(*self._why()),
            "repeat": self._repeat,
            "lang": self._languages,
            "leave": self._leave,
            "another": self._another,
            "people": lambda: self._aside(family(self.position, self.rules)),
            "human": lambda: self._with_care(Heard()),
            "pass": self._pass,
            "data": lambda: self._aside(self._held()),
        }
        if action in doing:
            return doing[action]()
        question = action.removeprefix("why.")
        if question != action and question in ask.REASONED:
            return self._aside(*self._reasons(question))
        if action in SERIES:
            return self._begin(action)
        if action in beside.QUESTIONS:
            return self._aside(*self._beside_answer(Heard(intent=action), self.position))
        known = action in ("help", "greeting", *UNSUPPORTED, *PASS_REFUSED, *DESK_REFUSED)
        if not known and action.partition(".")[0] == DESK_DOING:
            return self._aside(Note("chat.desk"))
        return self._aside(Note(action if known else "old_button"))

    def _choice(self, choice: str) -> Turned:
        """A button says `slot=value`, `ask=slot`, `slot=none` or `action=name`; one that means nothing any more is answered kindly."""
        slot, separator, value = choice.partition("=")
        if slot == "action":
            return self._action(value)
        language = self._chosen_language(choice)
        if language is not None:
            return replace(self._aside(Note("lang_set")), conversation=language)
        agreed = Note("already_agreed.refused" if choice == _REFUSED and self.incoming.agreement else "already_agreed")
        asides = {AGREED: agreed, "elsewhere": Note("elsewhere", {"hotline": self._hotline()})}
        if slot in asides:
            return self._aside(asides[slot])
        if slot == UNSURE and value in (*self.rules.flow.questions, *self.rules.flow.changes, EARLIER_TOTAL, SO_FAR_OWN, *_ASK_AGAIN):
            return self._unsure(value)
        answer = answer_for(slot, value, self.incoming.message, self.rules) if separator else None
        if answer is None:
            return self._aside(Note("old_button"))
        return self._accept([answer])

    def _begin(self, series: str, heard: Heard | None = None) -> Turned:
        """Open a series of questions with what was said of it; what it needs of the bill is asked for first."""
        answers = [Answer(ASK, series, self.incoming.message)]
        answers += [answer for name, slot in (heard.slots if heard else {}).items() if (answer := self._heard(name, slot))]
        opened = replay((*self.conversation.answers, *answers), self.rules)
        ready = (opened.question or "").startswith(f"{series}.")
        waits = series == ADMISSION and beside.admission(opened, self.rules) is None
        known = not opened.doubts and opened.facts.keys() >= set(self.rules.flow.questions)
        lacking = (Note("check_bill.lacking"),) if series == SHEET and not known else ()
        notes = (Note(f"{series}.begin"),) if ready or waits else lacking
        doubt = next((each for each in (heard.ambiguous if heard else ()) if self._is_open(each.slot)), None)
        answers += [doubted(doubt, self.incoming.message)] if doubt else []
        return self._accept(answers, notes, doubt)

    def _another(self, heard: Heard | None = None) -> Turned:
        """Go on with the next one of the family; what was said of them already is taken. One that is not settled stays unfinished."""
        if not self.position.facts.keys() - SHARED:
            return self._aside(Note("another.not_yet"))
        begins = "another" if self.before is not None and self.before.out_of_pocket is not None else "another.unfinished"
        begun = Conversation((*self.conversation.answers, Answer(ANOTHER, True, self.incoming.message)), self.conversation.turn)
        following = type(self)(begun, self.incoming, self.rules)
        turned = following._text(heard) if heard else Turned(begun, (following._ask_again(),))
        return replace(turned, replies=(Reply("text", (Note(begins),)), *turned.replies))

    def _leave(self) -> Turned:
        """Leave what was opened; of a sheet what was read so far is told."""
        if self.position.focus is None and not self.position.doubts:
            return self._aside(Note("say_what"))
        return self._accept([Answer(ASK, None, self.incoming.message)])

    def _text(self, heard: Heard) -> Turned:
        if heard.slots.keys() == {WHO} and heard.intent in ACTIONS - {"another", "human"}:
            heard = msgspec.structs.replace(heard, slots={})
        heard = corrected(in_series(heard, self.position), self.conversation.answers)
        if heard.intent in SERIES and (heard.slots or heard.ambiguous) and not heard.problems:
            return self._begin(heard.intent, heard)
        if heard.intent == "human":
            return self._with_care(heard)
        if heard.intent == "another" and (heard.slots or heard.ambiguous or heard.problems):
            said = msgspec.structs.replace(heard, intent="estimate")
            return self._another(said) if self.position.facts.keys() - SHARED else self._told(said)
        if not heard.slots and heard.intent in ACTIONS and not (heard.problems or heard.ambiguous or heard.hospitals):
            return self._action(heard.intent)
        return self._beside(heard) if heard.intent in beside.QUESTIONS else self._told(heard)

    def _with_care(self, heard: Heard) -> Turned:
        """Who is in distress hears a human sentence and whom to call before any number; then the help goes on with what was said."""
        said = msgspec.structs.replace(heard, intent="estimate")
        told = heard.slots or heard.ambiguous or heard.problems
        turned = self._told(said) if told else Turned(self.conversation, (self._ask_again(),) if self.position.question else ())
        asks = any(reply.kind == "question" for reply in turned.replies)
        care = (Note("human.despair"), Note("human")) if heard.despair else (Note("human"),)
        notes = (*care, Note("human.goes_on")) if asks else care
        return replace(turned, replies=(Reply("text", notes), *turned.replies)) if turned.replies else self._aside(*notes)

    def _told(self, heard: Heard) -> Turned:
        """Facts and doubts are taken; without any, the talk comes back to where it was."""
        notes = [problem_note(problem, self._hotline()) for problem in heard.problems]
        if any(problem.code.startswith(OTHER_RULES) for problem in heard.problems):
            return self._aside(*notes)
        heard = as_meant(heard, self.position, self.rules)
        answers = [answer for name, slot in heard.slots.items() if (answer := self._heard(name, slot))]
        doubts = [doubt for doubt in heard.ambiguous if self._is_open(doubt.slot)]
        settled = {doubt: answer for doubt in doubts if (answer := self._of_doubted_category(doubt, answers))}
        answers += settled.values()
        doubts = [doubt for doubt in doubts if doubt not in settled]
        if answers or doubts:
            answers += [doubted(doubt, self.incoming.message) for doubt in doubts if doubt.slot not in _HALVES_ASKED]
            return self._accept(answers, tuple(notes), doubts[0] if doubts else None)
        if notes:
            return Turned(self.conversation, (Reply("text", tuple(notes)), self._ask_again()))
        if heard.unsure:
            return self._unsure(heard.unsure)
        return self._aside(Note("not_understood"))

    def _of_doubted_category(self, doubt: Ambiguity, together: list[Answer]) -> Answer | None:
        """A category that is not sure, or several that hold at once; None for one that has to be asked back."""
        if doubt.slot != "category":
            return None
        position = replay((*self.conversation.answers, *together), self.rules)
        known = ask.held("category", doubt.candidates, position, self.rules)
        if doubt.both and known:
            slot, value = (BOTH, BETWEEN.join(known)) if len(known) > 1 else ("category", known[0])
            return Answer(slot, value, self.incoming.message)
        alone = len(doubt.candidates) == 1 and known not in ((), (ORDINARY,))
        return Answer(MAYBE, known[0], self.incoming.message) if alone else None

    def _beside(self, heard: Heard) -> Turned:
        """A question beside the bill: what was said about the person and the bill is taken first."""
        about = beside.about_the_bill(heard, self.position)
        if beside.says_nothing_new(about, self.position):
            return self._aside(*self._beside_answer(heard, self.position))
        turned = self._told(msgspec.structs.replace(about, intent="estimate"))
        position = replay(turned.conversation.answers, self.rules)
        if not beside.is_taken(about, position):
            return turned
        notes = self._beside_answer(heard, position)
        return replace(turned, replies=(Reply("text", notes, ask.reasons(notes)), *turned.replies))

    def _beside_answer(self, asked: Heard, position: Position) -> tuple[Note, ...]:
        try:
            return beside.answer(asked, position, self.rules)
        except CaseError as error:
            return (self._contradiction(error.faults[0]),)

    def _is_open(self, slot: str) -> bool:
        """A place that is known is not doubted because a hospital's town was named."""
        return slot != "place" or slot not in self.position.facts

    def _heard(self, name: str, said: Slot) -> Answer | None:
        if name == EARLIER and self.position.earlier:
            return Answer(ASK, None, self.incoming.message)  # no further stay; those that were told stand
        answer = answer_for(name, said.value, self.incoming.message, self.rules)
        if answer is None:
            return None
        return Answer(answer.slot, answer.value, answer.message, said.text, said.approximate)

    def _accept(self, answers: list[Answer], notes: tuple[Note, ...] = (), doubt: Ambiguity | None = None) -> Turned:
        """Take new answers; those that contradict the rest are left out again, each with a clear sentence, and nothing else is lost."""
        reasons = [self._not_offered(answer, answers) for answer in answers]
        refused = [note for note in reasons if note is not None]
        kept = [answer for answer, note in zip(answers, reasons, strict=True) if note is None]
        while True:
            trial = Conversation((*self.conversation.answers, *kept), self.conversation.turn)
            position = replay(trial.answers, self.rules)
            try:
                answer = answer_of(position, self.rules)
                by_category(position, self.rules)
                break
            except CaseError as error:
                if len(refused) > 2 * MOST_FAULTS:
                    raise  # what was known before contradicts itself
                refused += [self._contradiction(fault) for fault in error.faults]
                # What still contradicts after every one of them was looked at is not taken at all: a turn always ends.
                kept = list(without(kept, error.faults, self.incoming.message)) if len(refused) < MOST_FAULTS else []
        if answer is not None and any(note.key == "so_far_own_not_enough" for note in answer.cautions):
            asked = (Answer(EARLIER, None, self.incoming.message), Answer(ASK, EARLIER, self.incoming.message))
            return self._show(Conversation((*trial.answers, *asked), trial.turn), (*notes, *refused, answer.cautions[0]), doubt, [])
        return self._show(trial, (*notes, *refused), doubt, kept)

    def _not_offered(self, answer: Answer, together: list[Answer]) -> Note | None:
        """Why a category or a level of hospital cannot be taken: the place's rules do not know it."""
        place = next((other for other in together if other.slot in ("place", "on")), None)
        position = replay((*self.conversation.answers, *([place] if place else ())), self.rules)
        edition = edition_of(position, self.rules.shelf)
        total = position.facts.get("total")
        if total is not None and answer.slot.startswith(f"{SHEET}.") and answer.value != UNSURE and fen(answer.value) > fen(total):
            return Note("check_bill.above_total", {"amount": fen(answer.value), "total_amount": fen(total)})
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
        notes += tuple(_stale_note(slot) for slot in position.stale)
        notes += tuple(_GUARDIAN_NOTES[each.value] for each in new if each.slot == GUARDIAN and isinstance(each.value, bool))
        notes += tuple(read_back([answer for answer in new if answer.slot.startswith(f"{SHEET}.")]))
        after, _ = without_stale(after, self.incoming, self.rules)
        answer = answer_of(position, self.rules)
        replies: list[Reply] = []
        through = self._through(position, new)
        if answer is None or (answer == self.before and (position.question or notes or through)):
            said = tuple(read_back(new)) if answer is None else ()
            replies += [Reply("text", (*notes, *said))] if notes or said else []
        else:
            replies.append(self._estimate(answer, notes, new, position))
        if through:
            changes = ask.changes(answer, position, self.rules) if answer and position.question is None else ()
            replies.append(Reply("text", through, (*ask.reasons(through), *changes)))
            after = Conversation((*after.answers, Answer(ASK, None, self.incoming.message)), after.turn)
        if doubt is None and is_child_alone(position) and position.guardian is None:
            after = Conversation((*after.answers, Answer(GUARDIAN, None, self.incoming.message)), after.turn)
            replies.append(ask.question(replay(after.answers, self.rules), self.rules))
        elif doubt is not None and doubt.slot != EARLIER:
            replies.append(ask.unclear(doubt.slot, doubt.candidates, doubt.text, position, self.rules))
        elif position.question is not None and not any(note.key == ADMISSION for note in through):
            replies.append(ask.question(position, self.rules))
        if not replies:
            replies.append(self._estimate(answer, (), new, position) if answer else self._ask_again())
        return Turned(after, tuple(replies))

    def _through(self, position: Position, new: list[Answer]) -> tuple[Note, ...]:
        """What a series of questions has come to, once its last one is answered or it is left."""
        touched = {slot.partition(".")[0] for slot in (self.position.question or "", *(answer.slot for answer in new))}
        touched |= {str(answer.value) for answer in new if answer.slot == ASK} | {position.focus or ""}
        series = next((name for name in SERIES if name in touched and not (position.question or "").startswith(f"{name}.")), None)
        if series == FINDER:
            return (Note(FINDER, {"answer": position.found}),) if position.found and position.found.compute_as else ()
        tell = {SHEET: beside.checked, ADMISSION: beside.admission}.get(series or "")
        try:
            told = tell(position, self.rules) if tell else None
        except CaseError as error:
            return (self._contradiction(error.faults[0]),)
        return (told,) if told else ()

    def _estimate(self, answer: Estimate, notes: tuple[Note, ...], new: list[Answer], position: Position) -> Reply:
        before = self.before if self.before is not None and self.before.status != "refused" else None
        notes = (*notes, *read_back(new), *self._better(answer, position))
        if position.people and answer != self.before:
            notes += (family(position, self.rules),)
        choices = (*ask.changed_back(before, answer), *ask.changes(answer, position, self.rules))
        return Reply("estimate", notes, choices, answer, before, position.who)

    def _better(self, answer: Estimate, position: Position) -> tuple[Note, ...]:
        """Of two categories that hold at once, which was taken."""
        if not position.both or len(position.maybe) == 1 or answer.policy is None:
            return ()
        values = {"categories": position.maybe, "category": answer.case.category, "place": answer.policy.name}
        return (Note("better_counts", values),)

    def _aside(self, *notes: Note) -> Turned:
        """Answer a side matter and come back to where the talk was."""
        if self.position.question is not None:
            return Turned(self.conversation, (Reply("text", notes, ask.reasons(notes)), ask.question(self.position, self.rules)))
        choices = ask.changes(self.before, self.position, self.rules) if self.before else ()
        return Turned(self.conversation, (Reply("text", notes, (*ask.reasons(notes), *choices)),))

    def _unsure(self, slot: str) -> Turned:
        """Not knowing: a needed fact is explained and asked again; an optional one stays open and the talk goes on without it."""
        if slot == "category":
            return self._begin(FINDER)
        if slot == ADMISSION:
            return self._aside(Note("unsure.admission"))
        if slot == GUARDIAN:
            return self._accept([Answer(GUARDIAN, UNSURE, self.incoming.message)], (Note("unsure.guardian"),))
        if slot in (*self.rules.flow.questions, *_ASK_AGAIN):
            return self._aside(Note(f"unsure.{slot}", {"hotline": self._hotline()}))
        message = self.incoming.message
        fact = EARLIER if slot.startswith((EARLIER, SO_FAR_OWN)) else slot
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
            choices = ask.changes(answer, position, self.rules) if answer and not position.question else ()
            replies = [Reply("text", (Note("back"),), choices)]
        if position.question is not None:
            replies.append(ask.question(position, self.rules))
        return Turned(after, tuple(replies))

    def _again(self, key: str, *, erase: bool) -> Turned:
        kept = [answer for answer in self.conversation.answers if answer.message == PRESET and self._outlives(answer, erase=erase)]
        after = Conversation(tuple(kept), self.conversation.turn)
        told = Reply("text", (Note(key),))
        if erase and self.incoming.agreement:
            return Turned(after, (told,), erase)
        return Turned(after, (told, ask.question(replay(after.answers, self.rules), self.rules)), erase)

    def _outlives(self, answer: Answer, *, erase: bool) -> bool:
        """Forgetting takes what the person agreed to as well, and the place unless the page itself knows it."""
        return not erase or answer.slot == LANG or (answer.slot == "place" and self.incoming.place is not None)

    def _reasons(self, question: str) -> tuple[Note, ...]:
        """What stands behind an answer beside the bill, worked out again; where it cannot be any more, what is missing."""
        notes: tuple[Note, ...]
        if question == ADMISSION:
            notes = (beside.admission(self.position, self.rules) or Note("admission.lacking.total"),)
        else:
            notes = self._beside_answer(Heard(intent=question), self.position)
        return tuple(Note("why.answer", {"answer": note}) if note.key in ask.REASONED else note for note in notes)

    def _why(self) -> tuple[Note, ...]:
        asked = (self.position.question or "").partition(".")[0]
        if self.before is None or asked in (FINDER, SHEET):
            return (Note(f"why.{asked or 'total'}"),)
        return (Note("why", {"answer": self.before}),)

    def _ask_again(self) -> Reply:
        if self.position.question is not None:
            return ask.question(self.position, self.rules)
        return Reply("text", (Note("say_what"),), ask.changes(self.before, self.position, self.rules) if self.before else ())

    def _contradiction(self, fault: Fault) -> Note:
        field = SO_FAR_OWN if fault.field == SO_FAR else fault.field.split(".")[-1]
        amounts = {f"{name}_amount": fen(value) for name, value in fault.values.items() if name in ("total", "amount", "limit")}
        return Note(f"problem.{fault.code}", {"slot": field} | amounts | {"day": fault.values.get("day", "")})

    def _hotline(self) -> str:
        edition = edition_of(self.position, self.rules.shelf) or self.rules.shelf.editions()[-1]
        return edition.policy.hotline
