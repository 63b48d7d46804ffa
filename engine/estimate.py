"""The estimate: one case settled with its working, its range, and everything that was assumed or is doubtful, as values.

Pure: case, shelf and day in, `Estimate` out. Words are found for it in `bot/speech`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from engine.case import Case
from engine.doubts import horizon, is_doubtful
from engine.figures import Used
from engine.note import Note
from engine.plan import PaidLayer, SilentLayer
from engine.policy import Policy, Source
from engine.program import Step
from engine.settling import Refusal, Settling, is_absorbed, open_case
from engine.shelf import Shelf
from engine.year import Outcome, Span, Year

LayerStatus = Literal["paid", "nothing", "advice", "not_computable", "not_applicable"]


@dataclass(frozen=True, slots=True)
class Layer:
    """What one layer does in this settlement. `high` is None where the amount cannot be computed; `reason` says why it pays nothing."""

    key: str
    status: LayerStatus
    payout: int
    low: int
    high: int | None
    steps: tuple[Step, ...]
    figures: tuple[Used, ...]
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class OutOfPocket:
    """What the person still pays, in fen; the three parts sum to `amount`."""

    amount: int
    low: int
    high: int
    self_funded: int
    first_share: int
    eligible_unpaid: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """The answer to a case. Money in fen. `refused` has no layers and no amounts, and says in `cautions` what is missing."""

    case: Case
    status: Literal["computed", "partial", "refused"]
    policy: Policy | None
    eligible: int | None = None
    self_funded: int | None = None
    first_share: int | None = None
    layers: tuple[Layer, ...] = ()
    hospital_borne: int = 0
    borne: tuple[Used, ...] = ()
    out_of_pocket: OutOfPocket | None = None
    assumed: tuple[Note, ...] = ()
    lacking: tuple[str, ...] = ()
    causes: tuple[Note, ...] = ()
    cautions: tuple[Note, ...] = ()
    advice: tuple[Note, ...] = ()
    year_to_date: Year | None = None
    sources: tuple[tuple[str, Source], ...] = ()

    @property
    def edition(self) -> str | None:
        """The edition that answered, or would have to."""
        return self.policy.edition if self.policy else None

    @property
    def paid(self) -> int:
        """The sum of all payouts."""
        return sum(layer.payout for layer in self.layers)

    def layer(self, key: str) -> Layer | None:
        """The layer of that key."""
        return next((layer for layer in self.layers if layer.key == key), None)


def estimate(case: Case, shelf: Shelf, today: date) -> Estimate:
    """Settle a case by the rules of its place and day. `today` only decides whether a verified day has passed.

    Raises CaseError when the place is not on the shelf or an earlier settlement cannot be placed in the same year.
    """
    settling = open_case(case, shelf)
    if isinstance(settling, Refusal):
        return _refused(case, settling.policy, settling.why)
    answer = _Telling(settling, today).estimate()
    return _or_a_later_stay(answer, shelf, today) if settling.may_be_later() else answer


def _or_a_later_stay(answer: Estimate, shelf: Shelf, today: date) -> Estimate:
    """An estimate whose range holds the stay as a later one of the year too: whether the earlier ones count for that, nobody said."""
    so_far = answer.case.so_far
    if so_far is None or answer.out_of_pocket is None:
        return answer
    other = estimate(answer.case.model_copy(update={"so_far": so_far.model_copy(update={"later": 1})}), shelf, today).out_of_pocket
    low = answer.out_of_pocket.low if other is None else min(answer.out_of_pocket.low, other.low)
    return replace(answer, out_of_pocket=replace(answer.out_of_pocket, low=low))


class _Telling:
    """A settled case on its way to an answer."""

    def __init__(self, settling: Settling, today: date) -> None:
        self.settling, self.today = settling, today
        self.case, self.edition, self.cell, self.plan = settling.case, settling.edition, settling.cell, settling.plan
        self.outcome = settling.with_working()
        self.steps = self.outcome.working

    def estimate(self) -> Estimate:
        outcome = self.outcome
        span = self.settling.reach()
        layers = tuple(self._layers(outcome, span))
        open_layers = [layer for layer in layers if layer.status == "not_computable" and not is_absorbed(self.plan, layer.key, outcome)]
        own = OutOfPocket(
            amount=outcome.own,
            low=span.floor if open_layers else span.own[0],
            high=span.own[1],
            self_funded=outcome.self_funded,
            first_share=outcome.first_share,
            eligible_unpaid=outcome.eligible_unpaid,
        )
        figures = [*(self.plan.borne.figures if outcome.hospital else ()), *(figure for layer in layers for figure in layer.figures)]
        causes = (*self.settling.causes(span), *(Note("not_computable", {"layer": layer.key}) for layer in open_layers))
        return Estimate(
            case=self.case,
            status="partial" if open_layers else "computed",
            policy=self.edition.policy,
            eligible=self.settling.bill.eligible,
            self_funded=self.case.self_funded or 0,
            first_share=self.settling.bill.first_share,
            layers=layers,
            hospital_borne=outcome.hospital,
            borne=self.plan.borne.figures if outcome.hospital else (),
            out_of_pocket=own,
            assumed=tuple(self._assumed()),
            lacking=tuple(dict.fromkeys(note.values["fact"] for note in causes if note.key == "fact")),
            causes=causes,
            cautions=tuple(self._cautions(layers)),
            advice=tuple(self._advice(layers, outcome)),
            year_to_date=outcome.year,
            sources=_sources(self.edition.policy, figures),
        )

    def _layers(self, outcome: Outcome, span: Span) -> Iterator[Layer]:
        unknown, payouts = False, outcome.payouts
        for layer in self.plan.layers:
            if isinstance(layer, SilentLayer):
                unknown = unknown or layer.status == "not_computable"
                yield _silent(layer, outcome)
            else:
                settled = _paid(layer, payouts[layer.key], tuple(self.steps[layer.key]), span)
                # What an earlier layer of unknown amount pays is no longer there for this one.
                yield replace(settled, low=0) if unknown else settled

    def _assumed(self) -> Iterator[Note]:
        case, referral = self.case, self.edition.policy.referral
        if case.on is None:
            yield Note("on", {"value": None, "edition": self.edition.policy.edition, "place": self.edition.policy.name})
        if case.self_funded is None:
            yield Note("self_funded", {"value": 0})
        if case.first_share is None:
            yield Note("first_share", {"value": 0})
        if case.facility in referral.required_at and case.registered is None and not referral.exempts(case.emergency):
            yield Note("registered", {"value": True})
        if case.registered is False and case.emergency is None and case.facility in referral.required_at:
            yield Note("emergency", {"value": False})
        if case.age is None and self.edition.policy.ages:
            yield Note("age", {"value": None})
        if self.settling.may_be_later():
            yield Note("so_far.later", {"value": 0})
        if case.fixed_price is None and self.plan.borne.fixed_price:
            yield Note("fixed_price", {"value": None})
        yield from _assumed_year(case)

    def _cautions(self, layers: Sequence[Layer]) -> Iterator[Note]:
        yield from horizon(self.case.on, self.edition.policy, self.today)
        for layer in layers:
            if layer.status == "not_computable":
                yield Note("not_computable", {"layer": layer.key})
        for source, keys in _to_confirm(layers).items():
            yield Note(
                "to_confirm", {"layers": keys, "standard": self.edition.policy.sources[source].called, "place": self.edition.policy.name}
            )
        for remark in self.edition.policy.remarks.values():
            if remark.when.holds(self.cell):
                yield Note("remark", {"text": remark.says})
        unused = tuple(key for key in self.case.paid or () if not any(step.key == "said" for step in self.steps.get(key, ())))
        if unused:
            yield Note("paid_not_used", {"layers": unused})
        unknown_caps = {layer.key for layer in self.plan.paid() if layer.cap_unknown}
        for layer in layers:
            if layer.status == "paid" and layer.key in unknown_caps:
                yield Note("cap_unknown", {"layer": layer.key})

    def _advice(self, layers: Sequence[Layer], outcome: Outcome) -> Iterator[Note]:
        if not self.case.insured:
            yield from _enrol(self.edition.policy, self.case.category)
        if any(layer.status == "advice" and layer.key == "re_aid" for layer in layers):
            yield Note("re_aid", {"amount": outcome.eligible_unpaid})
        if not self.cell.registered:
            yield Note("register", {})
        if any(layer.status == "not_computable" for layer in layers):
            yield Note("ask_category_aid", {"hotline": self.edition.policy.hotline})
        yield from _where_to_ask(self.edition.policy, insured=self.case.insured)


def _paid(layer: PaidLayer, payout: int, steps: tuple[Step, ...], span: Span) -> Layer:
    low, high = span.payouts[layer.key]
    return Layer(layer.key, "paid" if payout else "nothing", payout, low, high, steps, _figures(layer, steps, payout))


def _silent(layer: SilentLayer, outcome: Outcome) -> Layer:
    """Advice and an amount nobody can compute need something left to pay; with nothing left they are `nothing`."""
    status: LayerStatus = layer.status
    if status != "not_applicable" and outcome.eligible_unpaid == 0:
        status = "nothing"
    return Layer(layer.key, status, 0, 0, None if status == "not_computable" else 0, (), layer.figures, layer.reason)


def _figures(layer: PaidLayer, steps: Sequence[Step], payout: int) -> tuple[Used, ...]:
    """The figures that decided the result: rates of tiers reached, edges of tiers passed, the guarantee and the cap where they bind."""
    if not steps:
        return ()
    keys = {step.key for step in steps}
    reached = sum(step.tier >= 0 for step in steps)
    figures = [*layer.figures.always, *layer.figures.rates[:reached]]
    figures += [edge for edge in layer.figures.edges[: max(0, reached - 1)] if edge is not None]
    figures += layer.figures.guarantee if "guarantee" in keys else ()
    # A cap that is unknown or outright lifted matters as soon as something is paid.
    lifted = layer.cap_unknown or any(figure.value == "none" for figure in layer.figures.cap)
    figures += layer.figures.cap if "cap" in keys or (payout and lifted) else ()
    return tuple(figures)


def _refused(case: Case, policy: Policy, note: Note) -> Estimate:
    lacking = ("on",) if note.key in ("before_rules", "after_rules") else ()
    return Estimate(case, "refused", policy, cautions=(note,), advice=tuple(_where_to_ask(policy)), lacking=lacking)


def _enrol(policy: Policy, category: str) -> Iterator[Note]:
    """Where and when to be insured, and that the government pays for it where the rules say so."""
    yield Note("enrol", {"hotline": policy.hotline})
    if policy.premium is not None and policy.premium.share is not None and category in policy.premium.share.values:
        yield Note("enrol.subsidised", {"category": category, "place": policy.name})


def _where_to_ask(policy: Policy, *, insured: bool = True) -> Iterator[Note]:
    yield Note("bring" if insured else "bring.uninsured", {})
    yield Note("ask", {"hotline": policy.hotline, "place": policy.name})


def _assumed_year(case: Case) -> Iterator[Note]:
    if case.so_far is None:
        if not case.earlier:
            yield Note("earlier", {"value": 0, "care": case.care})
        return
    if case.so_far.own is not None:
        yield Note("so_far.own", {"value": case.so_far.own, "own_amount": case.so_far.own})
    for name in () if case.so_far.own is not None else ("stays", "eligible_unpaid", "paid", "counted"):
        if getattr(case.so_far, name) is None:
            yield Note(f"so_far.{name}", {"value": None if name == "counted" else 0})


def _to_confirm(layers: Sequence[Layer]) -> dict[str, tuple[str, ...]]:
    """Which layers rest on figures that nobody has confirmed, by source; caps that are unknown have their own caution."""
    sources: dict[str, dict[str, None]] = {}
    for layer in layers:
        for figure in layer.figures:
            if is_doubtful(figure.basis):
                sources.setdefault(figure.source, {})[layer.key] = None
    return {source: tuple(keys) for source, keys in sources.items()}


def _sources(policy: Policy, figures: Sequence[Used]) -> tuple[tuple[str, Source], ...]:
    return tuple((key, policy.sources[key]) for key in dict.fromkeys(figure.source for figure in figures))
