"""An estimate in plain words: the two amounts first, then how, how firm, what next and whom to ask."""

from collections.abc import Collection, Iterable, Iterator, Sequence

from bot.speech.voice import Voice
from engine import Estimate, Layer, Note, OutOfPocket, Source, Step, Used, fen

#: The parts of a rule a figure's name may speak of.
_PARTS = (
    *(
        "excluded",
        "above_fixed_price",
        "deductible",
        "up_to",
        "at_least",
        "at_most",
        "cap",
        "threshold",
        "amount",
        "share_of_total",
        "rate",
        "to",
        "personal",
        "share",
    ),
)


def estimate_lines(
    voice: Voice, answer: Estimate, before: Estimate | None = None, notes: Sequence[Note] = (), who: str | None = None
) -> list[str]:
    """All lines of an estimate in the chat; with `before`, what changed stands first. `who` it is for, in the eyes of the one who asks."""
    own = answer.out_of_pocket
    if own is None:
        return [*map(voice.note, notes), *map(voice.note, answer.cautions), *map(voice.note, answer.advice[-1:])]
    return [
        _for_whom(voice, headline(voice, answer, own), who),
        *(corrected_lines(voice, before, answer) if before and not any(note.key == "back" for note in notes) else ()),
        *(difference_lines(voice, before, answer) if before else ()),
        *map(voice.note, notes),
        _based_on(voice, answer),
        *(f"{number}. {line}" for number, line in enumerate(_layer_lines(voice, answer), start=1)),
        *([voice.say("hospital_borne", amount=answer.hospital_borne)] if answer.hospital_borne else []),
        *(_parts(voice, own)),
        *(cause_words(voice, note) for note in answer.causes),
        *assumed_lines(voice, assumptions(answer)),
        *map(voice.note, _spoken_cautions(answer)),
        *(voice.note(note) for note in answer.advice if note.key != "re_aid"),
        voice.say("settlement_decides"),
    ]


def headline(voice: Voice, answer: Estimate, own: OutOfPocket) -> str:
    """The two amounts; the range when there is one."""
    key = "headline.partial" if answer.status == "partial" else "headline.range" if own.low != own.high else "headline"
    if not answer.case.insured and answer.status != "partial":
        key = f"{key}.subsidised" if answer.paid else "headline.uninsured"
    paid = paid_at_least(answer, own)
    return voice.say(key, paid_amount=paid, own_amount=own.amount, low_amount=own.low, high_amount=own.high)


def _for_whom(voice: Voice, words: str, who: str | None) -> str:
    return voice.say("headline.for", who=voice.say(f"who.{who}"), words=words) if who else words


def paid_at_least(answer: Estimate, own: OutOfPocket) -> int:
    """What is reimbursed; with a layer that nobody can compute, what is left of the bill when own cost is highest."""
    return answer.case.total - answer.hospital_borne - own.high if answer.status == "partial" else answer.paid


#: What is said again when it was told otherwise before, in this order.
_CORRECTED = ("place", "category", "facility", "total", "self_funded", "first_share", "on", "registered", "emergency")


def corrected_lines(voice: Voice, before: Estimate, after: Estimate) -> Iterator[str]:
    """What was told otherwise before, as it is taken now. A fact that was not known is no correction."""
    for fact in _CORRECTED:
        was, now = getattr(before.case, fact), getattr(after.case, fact)
        if was is None or now is None or was == now:
            continue
        if isinstance(now, bool):
            yield voice.say("corrected", words=voice.say(f"label.{fact}_{str(now).lower()}"))
        elif fact == "place":
            yield voice.say("corrected.place", place=after.policy.name if after.policy else now)
        else:
            yield voice.say(f"corrected.{fact}", **{"amount" if isinstance(now, int) else fact: now})


def difference_lines(voice: Voice, before: Estimate, after: Estimate) -> Iterator[str]:
    """What a change made of the amounts: own cost first, then each layer that pays more or less."""
    if before.out_of_pocket is None or after.out_of_pocket is None:
        return
    change = after.out_of_pocket.amount - before.out_of_pocket.amount
    paid = after.paid - before.paid
    if change == 0 and paid == 0:
        yield voice.say("difference.none")
        return
    yield voice.say(f"difference.paid.{_way(paid)}", amount=abs(paid)) + voice.say(f"difference.own.{_way(change)}", amount=abs(change))
    earlier = {layer.key: layer.payout for layer in before.layers}
    now = {layer.key: layer.payout for layer in after.layers}
    for key in {**earlier, **now}:
        moved = now.get(key, 0) - earlier.get(key, 0)
        if moved:
            yield voice.say(f"difference.layer.{_way(moved)}", layer=key, amount=abs(moved))


def layer_sentence(voice: Voice, answer: Estimate, layer: Layer) -> str:
    """One layer in a sentence with its numbers."""
    return voice.say("layer_line", layer=layer.key, words=_layer_words(voice, answer, layer))


def step_words(voice: Voice, step: Step) -> str:
    """One step of a layer's working in words."""
    return voice.say(f"step.{step.key}", amount=step.amount, of_amount=step.of, rate=step.rate if step.rate is not None else "")


def why_lines(voice: Voice, answer: Estimate) -> list[str]:
    """Everything behind an estimate: each layer's working, every figure with its basis and source, and what is doubtful."""
    if answer.out_of_pocket is None:
        return [*map(voice.note, answer.cautions), *map(voice.note, answer.advice)]
    lines = [voice.say("why.opening")]
    if not answer.case.insured:
        lines.append(voice.say("why.uninsured", layers=tuple(layer.key for layer in answer.layers if layer.reason == "uninsured")))
    for layer in answer.layers:
        if layer.status != "not_applicable" or layer.reason == "unregistered":
            lines.append(layer_sentence(voice, answer, layer))
            lines += [voice.say("why.step", words=step_words(voice, step)) for step in layer.steps]
            lines += figure_lines(voice, layer.figures, answer.sources)
    lines += check_lines(voice, answer)
    lines += [voice.note(note) for note in answer.cautions]
    return [*lines, voice.say("why.closing", hotline=answer.policy.hotline if answer.policy else "")]


def check_lines(voice: Voice, answer: Estimate) -> Iterator[str]:
    """The share a document names as its aim, beside the computed one."""
    for check in answer.policy.checks if answer.policy and answer.case.insured else ():
        layer = answer.layer(check.layer)
        entry = check.share.values.get("")
        if layer is None or not answer.eligible or entry is None or entry.value is None or answer.case.facility not in check.facility:
            continue
        share = f"{layer.payout * 100 / answer.eligible:.1f}".removesuffix(".0")
        yield voice.say("check.share", layer=layer.key, aim=entry.value.text(), share=share)


def figure_mark(voice: Voice, basis: str) -> str:
    """What a resident sees beside a figure of that basis; empty for a firm one."""
    return voice.say(f"mark.{basis}") if voice.has(f"mark.{basis}") else ""


def figure_lines(voice: Voice, figures: Iterable[Used], sources: Iterable[tuple[str, Source]]) -> Iterator[str]:
    """Figures with their basis, a line for each source they come from."""
    groups: dict[str, list[str]] = {}
    for figure in figures:
        groups.setdefault(figure.source, []).append(figure_words(voice, figure))
    named = dict(sources)
    for key, said in groups.items():
        words = voice.say("why.source", words=voice.say("and").join(dict.fromkeys(said)), source=named[key])
        yield voice.say("why.step", words=words)


def figure_words(voice: Voice, figure: Used, *, marked: bool = True) -> str:
    """A figure with what it is and, where `marked`, how firm: 门槛 500 元（待核实）."""
    mark = figure_mark(voice, figure.basis) if marked else ""
    part = next(name for name in _PARTS if name in figure.name.split("."))
    if figure.value == "none":
        return voice.say("figure", name=voice.say("figure.no_cap"), number="", mark=voice.say("mark", mark=mark) if mark else "")
    name = change_words(voice, figure) or voice.say(f"figure.{'adjusted_' if '.adjustments.' in figure.name else ''}{part}")
    number = "" if figure.unit in ("points", "factor") else number_words(voice, figure)
    return voice.say("figure", name=name, number=number, mark=voice.say("mark", mark=mark) if mark else "")


def change_words(voice: Voice, figure: Used) -> str | None:
    """What an adjustment does, in words: five points more, the deductible halved."""
    value = str(figure.value)
    if figure.unit == "points":
        return voice.say("figure.fewer_points" if value.startswith("-") else "figure.more_points", value=value.removeprefix("-"))
    if figure.unit == "factor":
        key = f"figure.times.{value}"
        return voice.say(key if voice.has(key) else "figure.times", value=value)
    return None


def number_words(voice: Voice, figure: Used) -> str:
    """A figure's number with its unit; empty where nobody knows it or there is no limit."""
    if figure.basis == "unknown" or figure.value == "none":
        return ""
    if figure.unit == "rule":
        return voice.say(f"rule.{figure.value}")
    values = [figure.low, figure.high] if figure.basis == "range" else [figure.value]
    said = [voice.money(fen(value)) if figure.unit == "yuan" else value for value in values if value is not None]
    return voice.say(f"unit.{figure.unit}", value="–".join(said))


def _layer_lines(voice: Voice, answer: Estimate) -> Iterator[str]:
    for layer in answer.layers:
        if layer.status != "not_applicable" or layer.reason == "unregistered":
            yield layer_sentence(voice, answer, layer)


def _layer_words(voice: Voice, answer: Estimate, layer: Layer) -> str:
    if layer.status in ("advice", "not_computable") or layer.reason == "unregistered":
        return voice.say(f"layer_words.{layer.status}.{layer.reason}", hotline=answer.policy.hotline if answer.policy else "")
    if layer.status == "not_applicable":
        return voice.say("layer_words.not_applicable")
    if not layer.steps:
        return voice.say("layer_words.nothing_left")
    return voice.say("comma").join(_sentence(voice, answer, layer)) + voice.say("full_stop")


def _sentence(voice: Voice, answer: Estimate, layer: Layer) -> Iterator[str]:
    """The parts of a layer's sentence, in the order of its working."""
    steps = {step.key: step for step in layer.steps}
    if "said" in steps:
        yield voice.say("sentence.said", amount=layer.payout)
        return
    if "top_up" in steps:
        target = steps["top_up"]
        yield voice.say("sentence.top_up", amount=target.amount, of_amount=target.of, rate=target.rate)
        yield voice.say("sentence.paid_by_others", amount=steps["paid_by_others"].amount)
        yield voice.say("sentence.pays" if layer.payout else "sentence.pays_nothing", amount=layer.payout)
        return
    tiers = [step for step in layer.steps if step.tier >= 0]
    base = steps["base"]
    if base.of:
        so_far = answer.case.so_far
        inferred = voice.say("inferred") if so_far is not None and so_far.own else ""
        key = "sentence.left" if base.of == base.amount else "sentence.left_of_year"
        yield voice.say(key, amount=base.of, sum_amount=base.amount, inferred=inferred)
    if "ceiling" in steps:
        yield voice.say("sentence.ceiling", amount=steps["ceiling"].amount)
    else:
        yield _deductible_words(voice, layer, steps, reached=bool(tiers))
    yield from _tier_words(voice, tiers)
    for key in ("guarantee", "cap", "paid_before", "left_over"):
        if key in steps:
            step = steps[key]
            yield voice.say(f"sentence.{key}", amount=step.amount, of_amount=step.of, rate=step.rate if step.rate is not None else "")
    if len(tiers) != 1 or {"guarantee", "cap", "paid_before", "left_over"} & steps.keys():
        yield voice.say("sentence.pays" if layer.payout else "sentence.pays_nothing", amount=layer.payout)


def _deductible_words(voice: Voice, layer: Layer, steps: dict[str, Step], *, reached: bool) -> str:
    step = steps.get("deductible") or steps["deductible_share"]
    if step.amount == 0:
        return voice.say("sentence.no_deductible")
    kind = "yearly" if steps["base"].of else "share" if step.key == "deductible_share" else "stay"
    rough = any(figure.basis == "about" and "deductible" in figure.name.split(".") for figure in layer.figures)
    key = f"sentence.deductible.{kind}" if reached else "sentence.below_deductible"
    return voice.say(key, amount=step.amount, about=voice.say("about") if rough else "")


def _tier_words(voice: Voice, tiers: Sequence[Step]) -> Iterator[str]:
    """The first share is said as so much of every 100 yuan; later tiers as percentages."""
    for number, step in enumerate(tiers):
        place = "only" if len(tiers) == 1 else "first" if number == 0 else "next"
        about = voice.say("about") if step.key == "tier_about" else ""
        yield voice.say(f"sentence.tier.{place}", of_amount=step.of, rate=step.rate, amount=step.amount, about=about)


def _based_on(voice: Voice, answer: Estimate) -> str:
    case = answer.case
    place = answer.policy.name if answer.policy else case.place
    return voice.say("based_on", place=place, category=case.category, facility=case.facility, amount=case.total)


def _parts(voice: Voice, own: OutOfPocket) -> Iterator[str]:
    """What own cost is made of, where it is more than one thing."""
    parts = {"self_funded": own.self_funded, "first_share": own.first_share, "eligible_unpaid": own.eligible_unpaid}
    said = [voice.say(f"part.{name}", amount=amount) for name, amount in parts.items() if amount]
    if len(said) > 1:
        yield voice.say("parts", amount=own.amount, words=voice.say("comma").join(said))


def cause_words(voice: Voice, note: Note) -> str:
    """One thing that makes low and high differ."""
    if note.key == "fact":
        return voice.say(f"cause.fact.{note.values['fact']}")
    name = str(note.values.get("figure", ""))
    layer = str(note.values.get("layer") or name.partition(".")[0])
    kind = "rate" if "rate" in name.split(".") else "any"
    return voice.say(f"cause.{note.key}.{kind}", layer=layer)


def assumptions(answer: Estimate) -> list[Note]:
    """What was assumed and may change the amounts: without insurance only what decides the cost that a subsidy is paid on."""
    if answer.case.insured:
        return list(answer.assumed)
    subsidised = any(layer.status != "not_applicable" for layer in answer.layers)
    return [note for note in answer.assumed if subsidised and note.key in ("self_funded", "first_share")]


def assumption_words(voice: Voice, note: Note) -> str:
    """One thing that was taken for granted."""
    outpatient = ".outpatient" if str(note.values.get("care", "")).endswith("outpatient") else ""
    return voice.say(f"assumed.{note.key}{outpatient}", **note.values)


def assumed_lines(voice: Voice, notes: Iterable[Note], left_out: Collection[str] = ("on",), *, told: bool = False) -> list[str]:
    """What was taken for granted, in one line; none when nothing was. `told`: no buttons stand under it to change that."""
    said = dict.fromkeys(assumption_words(voice, note) for note in notes if note.key not in left_out)
    return [voice.say("assumed.told" if told else "assumed", words=voice.say("semicolon").join(said))] if said else []


def _spoken_cautions(answer: Estimate) -> list[Note]:
    """What cannot be computed is already said by its layer."""
    return [note for note in answer.cautions if note.key != "not_computable"]


def _way(amount: int) -> str:
    return "same" if amount == 0 else "more" if amount > 0 else "less"
