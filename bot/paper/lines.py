"""The lines of a sheet: an estimate and a voice become plain values for the template, in the order in which they are read.

Pure. A line is {"lead", "text", "marks"}: what it is about, what is said of it, and a word for each way in which it is not certain.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from bot.speech import Voice, who_pays
from bot.speech.estimate_words import assumption_words, assumptions, cause_words, figure_mark, headline, layer_sentence, paid_at_least
from engine import Case, Estimate, Layer, OutOfPocket, Used

Line = dict[str, Any]

#: What the basis of a figure is marked with, the weightiest first. Where the standard comes from, the documents say.
_MARKS = {"unverified": "unverified", "regional": "unverified", "about": "about", "range": "range", "unknown": "unknown"}
#: The paper that shows whether what was assumed is so; the day of discharge is asked for by the rules alone.
_PROOF = {
    "self_funded": "charges",
    "first_share": "charges",
    "fixed_price": "charges",
    "registered": "registration",
    "emergency": "emergency",
    "age": "identity",
    "earlier": "settlements",
    "earlier.self_funded": "earlier_charges",
    "so_far.later": "settlements",
    "so_far.own": "settlements",
    "so_far.stays": "settlements",
    "so_far.eligible_unpaid": "settlements",
    "so_far.paid": "settlements",
    "so_far.counted": "settlements",
}
#: Cautions that a mark with its explanation says, or the layer itself.
_MARKED_CAUTIONS = frozenset({"to_confirm", "cap_unknown", "not_computable"})
_PAST_CAUTIONS = frozenset({"verified_until", "expired_rules"})
#: Advice that stands elsewhere: what to bring under the proofs, further aid as a layer.
_PLACED_ADVICE = frozenset({"bring", "bring.uninsured", "re_aid"})


def sheet_lines(voice: Voice, answer: Estimate, *, made: date, label: str = "") -> dict[str, Any]:
    """Everything that stands on the sheet, as JSON can hold it. The way back is None; the press puts it in.

    `label`: whose it is, as a coordinator calls them; empty for nobody's name.
    """
    picture = who_pays(voice, answer)
    lang, _, region = voice.lang.partition("_")
    return {
        "lang": lang,
        # Hant is a script and no region.
        "region": region.lower() if len(region) == len("CN") else None,
        "title": voice.say("paper.title"),
        "label": label,
        "made": voice.say("paper.made", made=made),
        "day": [made.year, made.month, made.day],
        "strip": [*_strip(voice, answer)],
        "picture": picture and {"data": picture["data"], "alt": picture["text"]},
        "facts": [{"label": label[:1].upper() + label[1:], "value": value} for label, value in _facts(voice, answer)],
        "sections": {name: section for name, section in _sections(voice, answer) if section["lines"]},
        "legend": [*_legend(voice, answer)],
        "foot": [*_foot(voice, answer)],
        "hotline": answer.policy.hotline if answer.policy else "",
        "and": voice.say("and"),
        "back": None,
    }


def _line(text: str, lead: str = "", marks: Sequence[str] = ()) -> Line:
    return {"lead": lead, "text": text, "marks": list(marks)}


def _strip(voice: Voice, answer: Estimate) -> Iterator[dict[str, Any]]:
    """The total and the two amounts; none for a refused estimate."""
    own = answer.out_of_pocket
    if own is None:
        return
    partial = answer.status == "partial"
    kind = "at_least" if partial else "subsidy" if answer.paid and not answer.case.insured else "about"
    marks = _words(voice, [mark for mark in _used(answer) if mark in ("unverified", "about")])
    amount = own.high if partial else own.amount
    between = "" if partial or own.low == own.high else voice.say("paper.between", low_amount=own.low, high_amount=own.high)
    yield _cell(voice, "total", "paper.total", answer.case.total)
    yield _cell(voice, "paid", f"paper.paid.{kind}", paid_at_least(answer, own)) | {"marks": marks}
    yield _cell(voice, "own", "paper.own_at_most" if partial else "paper.own", amount) | {"marks": marks, "note": between}


def _cell(voice: Voice, name: str, label: str, amount: int) -> dict[str, Any]:
    return {"name": name, "label": voice.say(label), "amount": voice.say("paper.amount", amount=amount), "marks": [], "note": ""}


def _facts(voice: Voice, answer: Estimate) -> Iterator[tuple[str, str]]:
    """What the person told, and the rules it is held against."""
    case, policy = answer.case, answer.policy
    yield voice.say("slot.place"), voice.worded("place", policy.name if policy else case.place)
    for name in ("category", "facility", "care"):
        yield voice.say(f"slot.{name}"), voice.worded(name, getattr(case, name))
    if answer.out_of_pocket is None:
        yield voice.say("slot.total"), voice.say("paper.amount", amount=case.total)
    yield from _told(voice, case)
    if policy is not None and answer.out_of_pocket is not None:
        yield voice.say("paper.rules"), voice.say("paper.edition", edition=policy.edition, title=policy.title)


def _told(voice: Voice, case: Case) -> Iterator[tuple[str, str]]:
    """The facts that are told only now and then."""
    for name in ("on", "registered", "emergency"):
        if getattr(case, name) is not None:
            yield voice.say(f"slot.{name}"), voice.worded(name, getattr(case, name))
    if not case.insured:
        yield voice.say("slot.insured"), voice.say("no")
    if case.age is not None:
        yield voice.say("slot.age"), voice.say("paper.years", age=case.age)
    amounts = {
        "slot.self_funded": case.self_funded,
        "understood.first_share": case.first_share,
        "slot.fixed_price": case.fixed_price,
        "slot.so_far_own": case.so_far.own if case.so_far else None,
    }
    for label, amount in amounts.items():
        if amount is not None:
            yield voice.say(label), voice.say("paper.amount", amount=amount)
    if case.earlier:
        yield voice.say("slot.earlier"), voice.say("paper.times", count=len(case.earlier))


def _sections(voice: Voice, answer: Estimate) -> Iterator[tuple[str, dict[str, Any]]]:
    """The parts below the strip, each with its heading."""
    own = answer.out_of_pocket
    ask = [_line(voice.note(note)) for note in answer.advice if note.key not in _PLACED_ADVICE]
    cautions = [_line(voice.note(note)) for note in answer.cautions if note.key not in _MARKED_CAUTIONS]
    parts: dict[str, Iterable[Line]] = (
        {"refused": cautions, "ask": ask}
        if own is None
        else {
            "how": _how(voice, answer, own),
            "own": _own(voice, answer, own),
            "proof": _proof(voice, answer),
            "doubts": cautions,
            "ask": ask,
            "documents": _documents(voice, answer),
        }
    )
    for name, lines in parts.items():
        yield name, {"title": voice.say(f"paper.section.{name}"), "lines": [*lines]}


def _how(voice: Voice, answer: Estimate, own: OutOfPocket) -> Iterator[Line]:
    """Each layer in a sentence; `short` says the same in a few words."""
    if not answer.case.insured:
        words = headline(voice, answer, own)
        yield _line(words) | {"short": words}
    for layer in _shown(answer):
        name = voice.say(f"layer.{layer.key}")
        sentence = layer_sentence(voice, answer, layer).removeprefix(voice.say("layer_line", layer=layer.key, words=""))
        yield _line(sentence, name, _words(voice, _marks(layer.figures, layer))) | {"short": _short(voice, layer)}
    if answer.hospital_borne:
        words = voice.say("hospital_borne", amount=answer.hospital_borne)
        yield _line(words, "", _words(voice, _marks(answer.borne))) | {"short": words}


def _shown(answer: Estimate) -> Iterator[Layer]:
    """The layers that concern this bill."""
    return (layer for layer in answer.layers if layer.status != "not_applicable" or layer.reason == "unregistered")


def _short(voice: Voice, layer: Layer) -> str:
    if layer.status == "not_applicable":
        return voice.say("layer_words.not_applicable.unregistered")
    return voice.say(f"changed.layer.{layer.status}", amount=layer.payout)


def _own(voice: Voice, answer: Estimate, own: OutOfPocket) -> Iterator[Line]:
    """What own cost is made of, and why it is a range where it is one."""
    parts = {"self_funded": own.self_funded, "first_share": own.first_share, "eligible_unpaid": own.eligible_unpaid}
    said = [voice.say(f"part.{name}", amount=amount) for name, amount in parts.items() if amount]
    marks = _words(voice, [mark for mark in _used(answer) if mark in ("unverified", "about")])
    if answer.status == "partial" and own.amount != own.high:
        pass  # what one of several possible amounts is made of would not be that of the strip
    elif answer.case.insured and own.amount:
        words = voice.say("comma").join(said)
        yield _line(voice.say("parts", amount=own.amount, words=words) if len(said) > 1 else words + voice.say("full_stop"), "", marks)
    else:
        yield _line(voice.say("paper.amount", amount=own.amount), "", marks)
    yield from (_line(cause_words(voice, note)) for note in answer.causes)


def _proof(voice: Voice, answer: Estimate) -> Iterator[Line]:
    """What to bring, and the paper that shows whether what was assumed is so."""
    yield from (_line(voice.note(note)) for note in answer.advice if note.key in ("bring", "bring.uninsured"))
    if answer.case.category != "ordinary":
        yield _line(voice.say("finder.list_decides"), voice.say("paper.proof.category", category=answer.case.category))
    assumed: dict[str, list[str]] = {}
    for note in (note for note in assumptions(answer) if note.key in _PROOF):
        assumed.setdefault(_PROOF[note.key], []).append(assumption_words(voice, note))
    for fact in answer.lacking:
        if fact in _PROOF:
            assumed.setdefault(_PROOF[fact], [])
    for proof, words in assumed.items():
        text = voice.say("paper.assumed", words=voice.say("semicolon").join(dict.fromkeys(words))) if words else voice.say("paper.lacking")
        yield _line(text, voice.say(f"paper.proof.{proof}"))


def _documents(voice: Voice, answer: Estimate) -> Iterator[Line]:
    """The documents that the figures come from, with number and day; one whose figures nobody confirmed here is marked."""
    used = [*answer.borne, *(figure for layer in _shown(answer) for figure in layer.figures)]
    for key, source in answer.sources:
        figures = [figure for figure in used if figure.source == key]
        said = [
            voice.worded("source", source),
            source.number and voice.written(source.number),
            source.day and voice.worded("day", source.day),
        ]
        if figures:
            marks = [mark for mark in _marks(figures) if mark == "unverified"]
            yield _line(voice.say("comma").join(part for part in said if part), "", _words(voice, marks))


def _marks(figures: Iterable[Used], layer: Layer | None = None) -> list[str]:
    """The marks of a line. A cap that nobody wrote down leaves an amount; in any other place nothing can be said of one."""
    bases = {figure.basis for figure in figures}
    marks = dict.fromkeys(mark for basis, mark in _MARKS.items() if basis in bases)
    uncapped = layer is not None and layer.status == "paid"
    return ["uncapped" if mark == "unknown" and uncapped else mark for mark in marks]


def _words(voice: Voice, marks: Iterable[str]) -> list[str]:
    return [voice.say("paper.uncapped") if mark == "uncapped" else figure_mark(voice, mark) for mark in marks]


def _used(answer: Estimate) -> list[str]:
    """The marks of the whole sheet. Rules past their verified day are unconfirmed as a whole."""
    past = any(note.key in _PAST_CAUTIONS for note in answer.cautions)
    found = {*_marks(answer.borne), *(mark for layer in _shown(answer) for mark in _marks(layer.figures, layer))}
    return [mark for mark in ("unverified", "about", "range", "unknown", "uncapped") if mark in found or (past and mark == "unverified")]


def _legend(voice: Voice, answer: Estimate) -> Iterator[Line]:
    """What the marks of this sheet mean."""
    if answer.out_of_pocket is not None and answer.policy is not None:
        for mark in _used(answer):
            yield _line(voice.say(f"paper.legend.{mark}", place=answer.policy.name), "", _words(voice, [mark]))


def _foot(voice: Voice, answer: Estimate) -> Iterator[str]:
    """How far the rules were confirmed, unless a caution says it, and what decides in the end."""
    if answer.out_of_pocket is None or answer.policy is None:
        return
    if not any(note.key in _PAST_CAUTIONS for note in answer.cautions):
        yield voice.say("paper.verified", limit=answer.policy.horizon.verified_until)
    yield voice.say("settlement_decides")
