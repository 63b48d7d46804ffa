"""One message in, what was understood out. Pure: no clock, no file, no memory of earlier messages but the open question."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from bot.conversation.heard import Ambiguity, Heard, Problem, Slot
from bot.understanding.ages import find_age, mends_age
from bot.understanding.claims import Claim, settle
from bot.understanding.days import find_days
from bot.understanding.household import household
from bot.understanding.intents import command, side_intent
from bot.understanding.money import MONEY_SLOTS, Money, find_money
from bot.understanding.patterns import BLANK
from bot.understanding.scope import CLAUSE, EARLIER, Stays, before, blank
from bot.understanding.sheet import SHEET, find_sheet
from bot.understanding.so_far import find_so_far
from bot.understanding.sounds import Mended
from bot.understanding.tidy import tidy
from bot.understanding.vocabulary import Vocabulary
from bot.understanding.whose import of_the_patient
from bot.understanding.words import Found, find_words
from bot.understanding.yes_no import FINDER, Answer, read_answer

LONGEST = 2000
_NEAR = 10
#: Questions that may be asked in one breath with facts about the person, those about a bill with the bill; and what makes a message speak
#: of a bill.
_BESIDE = frozenset({"premium", "documents"})
_BILL = frozenset({"compare", "changed", "year", "sheet", "finder", "admission"})
_HEDGED = frozenset({"category", "facility"})
_SUMS = frozenset({"total", "self_funded", "first_share", "earlier_total"})
_QUESTION = re.compile("多少|几|什么|啥|怎|咋|吗|要不要|能不能|用不用|[?]")
#: Said to the questions about the category, these leave open whether one that is named is the patient's.
_NOT_THE_PATIENT = re.compile("病人(?:没|不)|停了|过期|不过是")
_NEEDED = frozenset({"place", "category", "facility", "total"})
_AT_ONCE = re.compile("[，,。 ]{0,2}(?:大概|大约|估计|可能|应该|好像)?[是有]?")
_OFFERED_BACK = frozenset({"category", "facility", "place"})
_SHORTEST, _SHORT_ANSWER, _MOST_OFFERED = 2, 8, 3
_AROUND = " \n,，。!?.、~吧啊呀嘛呢的"
#: What makes two categories hold at once, and what says that it is one of them; looked for around both.
_TOGETHER, _EITHER = re.compile("又|既|也|同时|兼|加|和|、|都是"), re.compile("还是|或|不是|吗|[?]|哪|不知|不清")
_BOTH, _JOIN = 2, 4
#: 不是低保，是监测户 corrects, whatever 不是 denies; 没低保，普通居民 tells.
_IS_NOT, _BUT = (
    re.compile("不是|不在|没有?[,，]是"),
    re.compile("不是[^,，。;!?]{1,8}?(?:[,， ]?(?:而|应该|就)?|[,，][^,，。;!?不]{1,4}?)是"),
)
_DOUBTS = re.compile("不|好像|可能|也许|没|吗|[?]|有|是")
_PIECES = re.compile("[,，。 ]+")
_EDGES = re.compile("[\x00\x01\x7f]+")
_SPACES = re.compile(r"\s+")


def understand(text: str, vocabulary: Vocabulary, expecting: str | None = None, place: str | None = None) -> Heard:
    """Read one message.

    `expecting` is the slot of the open question: a bare amount or hospital answers it. `place`: where the person is known to be insured, so
    that a hospital elsewhere is seen from there, unless the message says another. Texts in the answer are parts of the tidied message.
    """
    if len(text) > LONGEST:
        return Heard(problems=(Problem("too_long", ""),))
    tidied = tidy(text)
    if not tidied.strip(" \n\x7f"):
        return Heard(problems=(Problem("empty", ""),))
    mended = vocabulary.sounds.mend(tidied)
    heard = _as_said(_heard(mended.text, vocabulary, expecting, place), mended)
    heard = msgspec.structs.replace(heard, household=household(tidied)) if heard.intent == "premium" else heard
    who = None if heard.intent == "unknown" or expecting == FINDER else _for_whom(tidied, vocabulary)
    return msgspec.structs.replace(heard, slots=heard.slots | {"who": who}) if who else heard


def _for_whom(text: str, vocabulary: Vocabulary) -> Slot | None:
    """For whom the message asks; none when several people are named. A fact of the talk, never of the case."""
    named = {keys: match[0] for match, keys in vocabulary.who.find(text)}
    return Slot(next(iter(named))[0], next(iter(named.values()))) if len(named) == 1 else None


def _as_said(heard: Heard, mended: Mended) -> Heard:
    """What was understood with the words that were written, also where they were misspelled."""
    if not mended.said:
        return heard

    def said(text: str) -> str:
        for word, written in mended.said.items():
            text = text.replace(word, written)
        return text

    slots = {name: msgspec.structs.replace(slot, text=said(slot.text)) for name, slot in heard.slots.items()}
    doubts = tuple(msgspec.structs.replace(doubt, text=said(doubt.text)) for doubt in heard.ambiguous)
    return msgspec.structs.replace(heard, slots=slots, ambiguous=doubts, rest=said(heard.rest))


def _heard(tidied: str, vocabulary: Vocabulary, expecting: str | None, place: str | None) -> Heard:
    wish = command(tidied, vocabulary.commands)
    heard = _facts(tidied, vocabulary, expecting, place)
    if vocabulary.commands.distress.search(tidied):
        return msgspec.structs.replace(heard, intent="human", despair=bool(vocabulary.commands.despair.search(tidied)))
    carries = heard.intent != "unknown"
    # A command's words can look like an answer ("不是", "12393"); then the open question decides.
    if wish and (not carries or wish == "human"):
        return Heard(intent=wish)
    if carries or heard.unsure:
        return _asked_beside(heard, tidied, vocabulary)
    aside = side_intent(tidied, vocabulary.commands)
    near = _nearly(tidied, vocabulary, expecting) if aside == "unknown" else ()
    return msgspec.structs.replace(heard, intent="estimate" if near else aside, ambiguous=near)


def _nearly(text: str, vocabulary: Vocabulary, expecting: str | None) -> tuple[Ambiguity, ...]:
    """A short answer that is no word of the open question but sounds like some: at most three meanings are offered."""
    said = text.strip(_AROUND)
    if expecting not in _OFFERED_BACK or not _SHORTEST <= len(said) <= _SHORT_ANSWER:
        return ()
    meanings = vocabulary.words[expecting].meanings
    keys = dict.fromkeys(key for word in vocabulary.sounds.near(said, meanings) for key in meanings[word])
    return (Ambiguity(expecting, tuple(keys)[:_MOST_OFFERED], said, open=True),) if keys else ()


def _asked_beside(heard: Heard, text: str, vocabulary: Vocabulary) -> Heard:
    """交多少保费 or 带什么材料, asked in one breath with facts about the person, is that question.

    Beside a sum of money or 能报多少 the message is about a bill, and 交了保费 asks nothing. Where to go and what changed are asked about
    a bill; hospitals that are named to be compared leave no doubt which one it was.
    """
    asked = side_intent(text, vocabulary.commands)
    if heard.intent == "estimate" and asked == "another":
        return msgspec.structs.replace(heard, intent=asked)
    if heard.intent == "estimate" and asked in _BILL:
        hospitals = next((doubt for doubt in heard.ambiguous if asked == "compare" and doubt.slot == "facility"), None)
        doubts = tuple(doubt for doubt in heard.ambiguous if doubt is not hospitals)
        return msgspec.structs.replace(heard, intent=asked, ambiguous=doubts, hospitals=hospitals.candidates if hospitals else ())
    named = {*heard.slots, *(doubt.slot for doubt in heard.ambiguous)}
    bill = named & _SUMS or _speaks_of("estimate", text, vocabulary)
    if heard.intent != "estimate" or asked not in _BESIDE or bill or not _QUESTION.search(text):
        return heard
    return msgspec.structs.replace(heard, intent=asked)


def _speaks_of(asked: str, text: str, vocabulary: Vocabulary) -> bool:
    """Whether any words of an intent are said, whatever else is."""
    return bool(vocabulary.commands.contains[asked].search(text))


def _facts(text: str, vocabulary: Vocabulary, expecting: str | None, place: str | None) -> Heard:
    sense = vocabulary.sense
    told = expecting == SHEET or (_speaks_of(SHEET, text, vocabulary) and side_intent(text, vocabulary.commands) == SHEET)
    lines, text = find_sheet(text, vocabulary) if told else ([], text)
    stays = Stays(text, sense)
    so_far = find_so_far(text, stays, expecting)
    if so_far.text != text:
        text, stays = so_far.text, Stays(so_far.text, sense)
    corrected = [match.span() for match in sense.corrects.finditer(text)]
    days, bad_days, undated = find_days(text, expecting, stays, sense)
    words = find_words(text, vocabulary, expecting, stays, place)
    person = any(claim.slot == "category" for claim in words.claims)
    ages = find_age(text, alone=person and expecting not in MONEY_SLOTS)
    undated = blank(undated, [(claim.start, claim.end) for claim in ages if claim.text.isascii()], BLANK)
    money = find_money(undated, words, vocabulary.money, stays, expecting, corrected)
    corrections = money.corrections
    claims = [
        *lines,
        *so_far.claims,
        *days,
        *ages,
        *of_the_patient(words.claims, text, vocabulary.person),
        *_whole_answer(text, vocabulary, expecting),
        *money.claims,
    ]
    claims = _hedged(claims, text, vocabulary, expecting)
    answer = read_answer(text, claims, vocabulary) if expecting == FINDER else Answer(claims)
    claims = answer.claims
    slots, ambiguous = _settled(claims, money.asides, corrections)
    ambiguous = tuple(_at_once(doubt, claims, text) for doubt in ambiguous)
    if expecting == FINDER and _NOT_THE_PATIENT.search(text):
        slots.pop("category", None)  # 我家有低保证，病人没有: asked again
    ambiguous = (*_earlier(text, stays, [*stays.mentions, *words.earlier, *money.earlier], expecting), *_in_order(ambiguous))
    problems = (*bad_days, *words.problems, *money.problems)
    correct = (bool(corrections) or mends_age(text, claims) or bool((slots or ambiguous) and _BUT.search(text))) and not _only_answers(
        text, slots, expecting
    )
    correct = correct or (bool(words.denied & slots.keys() - {expecting}) and bool(_IS_NOT.search(text)))
    return Heard(
        slots=slots,
        ambiguous=ambiguous,
        problems=problems,
        intent=_intent(bool(slots or ambiguous or problems), correct=correct, answer=answer),
        rest=_rest(text, undated, words, money, claims),
        unsure=_unsure(text, vocabulary, expecting, slots, answer) or _without_category(words, slots, expecting),
    )


def _earlier(text: str, stays: Stays, spans: list[tuple[int, int]], expecting: str | None) -> Iterator[Ambiguity]:
    """An earlier stay of the year that was spoken of, unless it is being asked about."""
    if spans and expecting not in EARLIER:
        start, end = stays.clause(min(spans)[0])
        yield Ambiguity("earlier", (), text[start:end].strip())


def _in_order(ambiguous: Iterable[Ambiguity]) -> list[Ambiguity]:
    """What every estimate needs is asked anyway; the rest would be forgotten, so it stands first."""
    return sorted(ambiguous, key=lambda doubt: doubt.slot in _NEEDED)


def _without_category(words: Found, slots: dict[str, Slot], expecting: str | None) -> str | None:
    """没有低保, said to the question about the category, leaves open which one it is."""
    return "category" if expecting == "category" and "category" in words.denied and "category" not in slots else None


def _unknown_slot(text: str, vocabulary: Vocabulary, expecting: str | None, slots: dict[str, Slot]) -> str | None:
    """The slot that 不知道 speaks of: one named in its clause (自费多少我不知道, 不知道自费多少), else the one that was asked."""
    doubt = vocabulary.sense.unsure.search(text)
    if doubt is None:
        return None
    named = [*_named(before(text, doubt.start(), len(text)), vocabulary), *_named(_after(text, doubt), vocabulary)]
    return next((slot for slot in named if slot not in slots), None) if named else None if expecting in slots else expecting


def _unsure(text: str, vocabulary: Vocabulary, expecting: str | None, slots: dict[str, Slot], answer: Answer) -> str | None:
    """What is not known; of a category that is being asked about, the answer tells."""
    slot = _unknown_slot(text, vocabulary, expecting, slots)
    if expecting != FINDER or slot not in {FINDER, "category", None}:
        return slot
    return FINDER if answer.unsure else None


def _named(clause: str, vocabulary: Vocabulary) -> list[str]:
    return [slot for slot, words in vocabulary.unsure_of.items() if words.search(clause)]


def _after(text: str, doubt: re.Match[str]) -> str:
    """The rest of a doubt's clause."""
    rest = CLAUSE.match(text, doubt.end())
    return rest[0] if rest else ""


def _whole_answer(text: str, vocabulary: Vocabulary, expecting: str | None) -> list[Claim]:
    """是, 有, 没办: the whole message answers a yes-or-no question."""
    said = text.strip(" \n,，。!?").rstrip("吧啊呀嘛")
    slot = "earlier" if expecting in EARLIER else expecting or ""
    meant = vocabulary.whole_answer.get(slot, {})
    pieces = {meant.get(piece) for piece in _PIECES.split(said)}  # 没有，俺自己去的
    key = meant.get(said) or (pieces.pop() if len(pieces) == 1 else None) or _first_piece(said, meant)
    return [Claim(slot, (key,), said, 0, len(text))] if key else []


def _first_piece(said: str, meant: Mapping[str, str]) -> str | None:
    """没有，急着看病就直接去了: the answer, and then why; unless what follows doubts or takes it back."""
    first, *rest = _PIECES.split(said, maxsplit=1)
    return meant.get(first) if rest and not _DOUBTS.search(rest[0]) else None


def _hedged(claims: list[Claim], text: str, vocabulary: Vocabulary, expecting: str | None) -> list[Claim]:
    """An answer with "不清楚" right after it is offered back, not taken; so is a word doubted in its own clause (备案没备案记不清)."""
    marks = [mark for mark in vocabulary.sense.unsure.finditer(text) if not _named(_after(text, mark)[:_NEAR], vocabulary)]
    return [
        msgspec.structs.replace(claim, sure=False) if _is_doubtful(claim, marks, text, vocabulary, expecting) else claim for claim in claims
    ]


def _is_doubtful(claim: Claim, marks: list[re.Match[str]], text: str, vocabulary: Vocabulary, expecting: str | None) -> bool:
    if claim.slot in _HEDGED and vocabulary.hedged.search(before(text, claim.start, _NEAR)):
        return True
    if claim.slot == expecting:
        return _is_doubted(claim, marks, text, vocabulary)
    return claim.slot in vocabulary.words and any(
        0 <= mark.start() - claim.end <= _NEAR and CLAUSE.fullmatch(text, claim.start, mark.start()) for mark in marks
    )


def _is_doubted(claim: Claim, marks: list[re.Match[str]], text: str, vocabulary: Vocabulary) -> bool:
    """三千吧，不清楚 and 不清楚，三千吧 doubt the amount; 三万，自费不清楚 does not."""
    index = bisect_left(marks, claim.end, key=re.Match[str].start)
    if index and _AT_ONCE.fullmatch(text[max(0, marks[index - 1].end()) : claim.start]):
        return True
    if index == len(marks) or marks[index].start() - claim.end > _NEAR:
        return False
    between = text[claim.end : marks[index].start()]
    return not (vocabulary.money.self_funded.search(between) or vocabulary.money.sums_up.search(between))


def _settled(claims: Iterable[Claim], asides: Iterable[Claim], corrections: list[int]) -> tuple[dict[str, Slot], tuple[Ambiguity, ...]]:
    grouped: dict[str, list[Claim]] = {}
    for claim in claims:
        grouped.setdefault(claim.slot, []).append(claim)
    offered: dict[str, list[Claim]] = {}
    for aside in asides:
        if aside.slot not in grouped:
            offered.setdefault(aside.slot, []).append(aside)
    results = {slot: settle(found, corrections) for slot, found in {**grouped, **offered}.items()}
    slots = {slot: result for slot, result in results.items() if isinstance(result, Slot)}
    return slots, tuple(result for result in results.values() if isinstance(result, Ambiguity))


def _at_once(doubt: Ambiguity, claims: Iterable[Claim], text: str) -> Ambiguity:
    """既是低保又是监测户 names two categories that both hold; 低保还是监测户 asks or doubts."""
    said = [claim for claim in claims if claim.slot == doubt.slot == "category"]
    if not said or len(doubt.candidates) != _BOTH or not all(claim.sure for claim in said):
        return doubt
    around = text[max(0, min(claim.start for claim in said) - _JOIN) : max(claim.end for claim in said) + _JOIN]
    both = bool(_TOGETHER.search(around)) and not _EITHER.search(around)
    return msgspec.structs.replace(doubt, both=both)


def _only_answers(text: str, slots: dict[str, Slot], expecting: str | None) -> bool:
    """应该是三万二, said to the question, answers it and corrects nothing."""
    return expecting in slots and "不对" not in text and "错" not in text and "改" not in text


def _intent(carries: bool, *, correct: bool, answer: Answer) -> str:
    return ("correct" if correct else "estimate") if carries else answer.intent or "unknown"


def _rest(text: str, undated: str, words: Found, money: Money, claims: list[Claim]) -> str:
    """The message without what was read."""
    chars = [char if dated == char else "\x00" for char, dated in zip(text, undated, strict=True)]
    for start, end in [*words.spans, *money.spans, *((claim.start, claim.end) for claim in claims)]:
        chars[start:end] = "\x00" * (end - start)
    return _SPACES.sub(" ", _EDGES.sub(" ", "".join(chars))).strip()
