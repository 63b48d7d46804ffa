"""The households of a day with what each of them comes to: their estimates, what they pay together, what to look out for."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from bot.desk import Visit
from bot.lists.reading import in_words
from bot.lists.warnings import Threshold
from bot.lists.writing import Cell, list_file
from bot.speech import Voice
from bot.speech.contract import fault_words
from bot.speech.people_words import own_together
from engine import LAYERS, Case, CaseError, Estimate, Fault, Layer, Shelf, estimate, own_cost, read_case


@dataclass(frozen=True, slots=True)
class Household:
    """A visit with its estimate by the rules held today, and the threshold of warnings. `nth`: which of its day it is, from one, as the
    chat counts too. `answer` is None where no case can be read, and `faults` say why.
    """

    nth: int
    visit: Visit
    threshold: Threshold
    answer: Estimate | None
    faults: tuple[Fault, ...] = ()

    @property
    def case(self) -> Case | None:
        """What is settled, where it can be read."""
        return self.answer.case if self.answer is not None else None

    @property
    def counted(self) -> Estimate | None:
        """The estimate, where it has amounts."""
        return self.answer if self.answer is not None and self.answer.out_of_pocket is not None else None


@dataclass(frozen=True, slots=True)
class Together:
    """What the households of a day come to, in fen: the sums of their estimates. `left_out`: how many have no amounts.

    `own` is as `firm` as the least firm of its parts, and `most` what it may come to; `paid` is by layer; `self_funded` is None where
    nobody told it.
    """

    count: int = 0
    left_out: int = 0
    total: int = 0
    self_funded: int | None = None
    hospital_borne: int = 0
    own: int = 0
    most: int = 0
    firm: str = "exact"
    paid: dict[str, int] = field(default_factory=dict)


def settled(visits: Iterable[Visit], shelf: Shelf, today: date, threshold: Threshold) -> list[Household]:
    """What each visit of a day comes to. `today` only decides whether a verified day has passed."""
    return [_settled(nth, visit, shelf, today, threshold) for nth, visit in enumerate(visits, start=1)]


def _settled(nth: int, visit: Visit, shelf: Shelf, today: date, threshold: Threshold) -> Household:
    try:
        return Household(nth, visit, threshold, estimate(read_case(visit.facts), shelf, today))
    except CaseError as error:
        return Household(nth, visit, threshold, None, tuple(error.faults))


def by_own(households: Iterable[Household]) -> list[Household]:
    """Who pays most first; households without amounts come last."""
    return sorted(households, key=lambda each: -1 if each.counted is None else own_cost(each.counted), reverse=True)


def together(households: Sequence[Household]) -> Together:
    """The sums of a day."""
    answers = [each.counted for each in households if each.counted is not None]
    told = [answer.case.self_funded for answer in answers if answer.case.self_funded is not None]
    firm, own = own_together(answers)
    return Together(
        count=len(answers),
        left_out=len(households) - len(answers),
        total=sum(answer.case.total for answer in answers),
        self_funded=sum(told) if told else None,
        hospital_borne=sum(answer.hospital_borne for answer in answers),
        own=own,
        most=max(own, sum(answer.out_of_pocket.high for answer in answers if answer.out_of_pocket is not None)),
        firm=firm,
        paid={layer: sum(_payout(answer, layer) for answer in answers) for layer in LAYERS},
    )


def telling_layers(households: Iterable[Household]) -> list[str]:
    """The layers that pay anything to anybody, or may do so by an amount that nobody can compute."""
    return _layers(households, lambda layer: layer.status in ("paid", "not_computable"))


def concerning_layers(households: Iterable[Household]) -> list[str]:
    """The layers that anybody may claim; what they lose only for want of registration among them."""
    return _layers(households, lambda layer: layer.status != "not_applicable" or layer.reason == "unregistered")


def _layers(households: Iterable[Household], wanted: Callable[[Layer], bool]) -> list[str]:
    found = {layer.key for each in households if each.answer for layer in each.answer.layers if wanted(layer)}
    return [layer for layer in LAYERS if layer in found]


def may_fall_back(answer: Estimate, threshold: Threshold) -> bool:
    """Whether eligible cost of the year that nobody pays is above the threshold of warnings."""
    return answer.year_to_date is not None and answer.year_to_date.eligible_unpaid > threshold.amount


def warnings(voice: Voice, answer: Estimate, threshold: Threshold) -> Iterator[str]:
    """What to look out for with a household, as far as its estimate tells, in a few words each."""
    open_layers = tuple(layer.key for layer in answer.layers if layer.status == "not_computable")
    if may_fall_back(answer, threshold):
        yield voice.say("desk.day.warn", warn_amount=threshold.amount)
        if any(note.key == "re_aid" for note in answer.advice):
            yield voice.say("desk.day.re_aid")
    if open_layers and answer.status == "partial":
        yield voice.say("desk.day.open", layers=open_layers, hotline=answer.policy.hotline if answer.policy else "")


def basis_of_warnings(voice: Voice, households: Iterable[Household]) -> str:
    """Where the threshold of warnings comes from; empty where nobody is warned of."""
    warned = [each.threshold for each in households if each.counted is not None and may_fall_back(each.counted, each.threshold)]
    return warned[0].basis(voice) if warned else ""


def why_not(voice: Voice, household: Household) -> str:
    """Why a household has no amounts; empty where it has them."""
    if household.answer is None:
        return " ".join(named_fault(voice, fault) for fault in household.faults)
    return "" if household.counted else " ".join(voice.note(note) for note in household.answer.cautions)


def named_fault(voice: Voice, fault: Fault) -> str:
    """What is wrong with a fact, which is called as people call it."""
    key = f"slot.{fault.field.partition('.')[0]}"
    return fault_words(voice, Fault(voice.say(key) if voice.has(key) else fault.field, fault.code, fault.values))


def households_file(voice: Voice, households: Sequence[Household], name: str, ending: str) -> bytes:
    """The households as a file, xlsx or csv: a column for each layer, own cost with its bounds, the words beside them. Raises ListError."""
    layers = telling_layers(households)
    texts = [*(f"desk.day.column.{key}" for key in ("number", "label")), *(f"slot.{key}" for key in _FACTS)]
    money = [*(f"slot.{key}" for key in _BILL), *(f"layer.{layer}" for layer in layers), *(f"desk.column.{key}" for key in _AMOUNTS)]
    last = ["desk.column.status", "desk.column.edition", "desk.day.column.warnings"]
    headings = [voice.say(key) for key in (*texts, *money, *last)]
    places = range(len(texts), len(texts) + len(money))
    with in_words(name, voice):
        return list_file(headings, ([*_cells(voice, each, layers)] for each in households), places, ending)


_FACTS, _BILL = ("place", "category", "facility", "care", "on"), ("total", "self_funded")
_AMOUNTS = ("hospital_borne", "out_of_pocket", "out_of_pocket_low", "out_of_pocket_high")


def _cells(voice: Voice, household: Household, layers: Sequence[str]) -> Iterator[Cell]:
    case, answer = household.case, household.counted
    yield from (str(household.nth), household.visit.label)
    if case is None:
        yield from (None,) * (len(_FACTS) + len(_BILL) + len(layers) + len(_AMOUNTS))
    else:
        policy = household.answer.policy if household.answer else None
        yield voice.worded("place", policy.name) if policy else case.place
        yield from (voice.say(f"{name}.{getattr(case, name)}") for name in ("category", "facility", "care"))
        yield case.on.isoformat() if case.on else None
        yield from (case.total, case.self_funded)
        yield from (_payout(answer, layer) if answer else None for layer in layers)
        own = answer.out_of_pocket if answer else None
        yield from (answer.hospital_borne, own.amount, own.low, own.high) if answer and own else (None,) * len(_AMOUNTS)
    yield voice.say(f"desk.status.{household.answer.status}") if household.answer else voice.say("desk.status.refused")
    yield household.answer.edition if household.answer else None
    yield why_not(voice, household) or " ".join(warnings(voice, household.answer, household.threshold) if household.answer else ())


def _payout(answer: Estimate, key: str) -> int:
    layer = answer.layer(key)
    return layer.payout if layer is not None else 0
