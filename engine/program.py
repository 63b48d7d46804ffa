"""Program: a plan written out as Python source for one cell, compiled on first use, with what else of the plan settling by it needs.

The same lines write four functions, all in fen:

numbers(total, eligible, *said, *year)    the payouts in the order of the computed layers and, last, what no layer pays of the total
first(total, eligible, *said)             the same for the first bill of a year
working, first_working                    these two with their working: (amounts, one list of steps a layer)

`said` are amounts that the bill tells of layers nobody can compute, `year` what the year came to before; `Program.said` and `Program.year`
name them in order. For a first bill every amount of the year is written as nought, and what nought makes idle is left out.
"""

import linecache
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import cached_property
from math import lcm
from typing import Any, Final, Literal, NamedTuple

import msgspec

from engine.mechanisms.bands import BandsNode
from engine.mechanisms.ceiling import CeilingNode
from engine.mechanisms.deductible import FixedDeductible, ShareDeductible
from engine.mechanisms.said import SaidNode
from engine.mechanisms.top_up import TopUpNode
from engine.plan import PaidLayer, Plan, PlanLayer


class Step(msgspec.Struct, frozen=True, gc=False):
    """One line of a layer's working. `amount` in fen; `of` is the sum it was worked out on; `tier` numbers a tier from 0."""

    key: str
    amount: int
    of: int = 0
    rate: Fraction | None = None
    tier: int = -1


class Input(NamedTuple):
    """One amount that a layer needs: of the year what was `paid` from an account, the `sum` it ran on, the highest ceiling (`peak`); of
    the bill what the layer is `said` to have paid.
    """

    kind: Literal["paid", "sum", "peak", "said"]
    account: str


class Move(NamedTuple):
    """What one layer moves in the year: the sum that what it finds unpaid `counts` in, and the accounts its payout (the number of it among
    the amounts; None for a layer that is not computed) goes to. `ceiling` stands for the first of these.
    """

    counts: str | None
    pays: int | None
    accounts: tuple[str, ...]
    ceiling: int | None


Amounts = tuple[int, ...]
Steps = tuple[list[Step], ...]


class Program:
    """A plan as functions. `layers` are the keys of the payouts; `makes_later`: the pack counts such a stay for its later stays."""

    def __init__(self, plan: Plan, *, makes_later: bool) -> None:
        given = [each for layer in plan.paid() for each in inputs(layer)]
        self.plan: Final = plan
        self.layers: Final = tuple(layer.key for layer in plan.paid())
        self.said: Final = tuple(each.account for each in given if each.kind == "said")
        self.year: Final = tuple(each for each in given if each.kind != "said")
        self.moves: Final = _moves(plan)
        self.insured: Final = plan.cell.insured
        self.makes_later: Final = makes_later

    @cached_property
    def numbers(self) -> Callable[..., Amounts]:
        """`numbers(total, eligible, *said, *year)`: the payouts and what no layer pays."""
        return self._compiled("numbers")  # type: ignore[no-any-return]

    @cached_property
    def first(self) -> Callable[..., Amounts]:
        """`first(total, eligible, *said)`: the same on an empty year."""
        return self._compiled("first")  # type: ignore[no-any-return]

    @cached_property
    def working(self) -> Callable[..., tuple[Amounts, Steps]]:
        """Takes what `numbers` takes and gives each layer's steps too."""
        return self._compiled("working")  # type: ignore[no-any-return]

    @cached_property
    def first_working(self) -> Callable[..., tuple[Amounts, Steps]]:
        """Takes what `first` takes and gives each layer's steps too."""
        return self._compiled("first_working")  # type: ignore[no-any-return]

    @property
    def source(self) -> str:
        """All four functions, to be read."""
        return "\n".join(_source(self.plan, name) for name in _FORMS)

    def _compiled(self, name: str) -> Any:
        """One function; its source is kept for tracebacks."""
        source, file = _source(self.plan, name), f"<plan {' '.join(map(str, self.plan.cell))}: {name}>"
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        made: dict[str, Any] = {"Step": Step, "Fraction": Fraction}
        exec(compile(source, file, "exec"), made)  # noqa: S102 - our own source, made of integers from a proved plan
        return made[name]


def inputs(layer: PaidLayer) -> tuple[Input, ...]:
    """What a layer needs to know of the year and of the bill."""
    node, account = layer.node, layer.account
    if isinstance(node, TopUpNode):
        return ()
    if isinstance(node, SaidNode):
        return (Input("said", account),)
    if isinstance(node, CeilingNode):
        return (Input("paid", account), Input("sum", account), Input("peak", account))
    run = (Input("paid", account), Input("sum", account)) if node.over == "year" else ()
    capped = () if node.cap is None or (run and node.cap_account == account) else (Input("paid", node.cap_account),)
    return (*run, *capped)


def _moves(plan: Plan) -> tuple[Move, ...]:
    numbers = {layer.key: number for number, layer in enumerate(plan.paid())}
    return tuple(_move(layer, numbers.get(layer.key)) for layer in plan.layers)


def _move(layer: PlanLayer, pays: int | None) -> Move:
    if not isinstance(layer, PaidLayer):
        return Move(layer.counts, pays, (), None)
    accounts = tuple(dict.fromkeys((layer.key, layer.account, layer.cap_account)))
    return Move(layer.counts, pays, accounts, layer.node.at_most if isinstance(layer.node, CeilingNode) else None)


class _Form(NamedTuple):
    """What a function is written for: only the `first` bill of a year or any, with its `working` or with numbers only."""

    first: bool
    working: bool


_FORMS = {
    "numbers": _Form(first=False, working=False),
    "first": _Form(first=True, working=False),
    "working": _Form(first=False, working=True),
    "first_working": _Form(first=True, working=True),
}


def _source(plan: Plan, name: str) -> str:
    """One of the functions, below the values it names."""
    form, layers, constants = _FORMS[name], plan.paid(), _Constants()
    given = [_given(number, layer, first=form.first) for number, layer in enumerate(layers)]
    said = [argument for names in given for each, argument in names.items() if each.kind == "said"]
    year = [argument for names in given for each, argument in names.items() if each.kind != "said" and argument != _NOUGHT]
    lines = ["unpaid = eligible"]
    for number, layer in enumerate(layers):
        lines += _layer(number, layer, given[number], _Notes(f"s{number}", constants if form.working else None))
        lines += _left(number, layer) if number + 1 < len(layers) else []
    head, answer = f"def {name}({', '.join(['total', 'eligible', *said, *year])}):", _answer(len(layers), working=form.working)
    return "\n".join([*constants.lines(), head, *_inside([*lines, f"return {answer}"])]) + "\n"


def _answer(layers: int, *, working: bool) -> str:
    pays = [f"p{number}" for number in range(layers)]
    amounts = _tuple([*pays, " - ".join(["total", *pays])])
    return f"{amounts}, {_tuple([f's{number}' for number in range(layers)])}" if working else amounts


#: How an input is written that an empty year leaves at nothing.
_NOUGHT = "0"


def _given(number: int, layer: PaidLayer, *, first: bool) -> dict[Input, str]:
    """How each input of a layer is written: its argument or, of the year before a first bill, nought."""
    names: dict[Input, str] = {}
    for given in inputs(layer):
        argument = f"capped{number}" if given.kind == "paid" and given.account != layer.account else f"{given.kind}{number}"
        names[given] = _NOUGHT if first and given.kind != "said" else argument
    return names


def _layer(number: int, layer: PaidLayer, given: Mapping[Input, str], notes: "_Notes") -> list[str]:
    """The lines of one layer; it is passed over when no more is unpaid than its `threshold`."""
    node, threshold = layer.node, 0
    if isinstance(node, BandsNode):
        bands = _Bands(number, node, layer, given, notes)
        body, threshold = bands.lines(), bands.threshold
    elif isinstance(node, TopUpNode):
        body = _top_up(number, node, notes)
    elif isinstance(node, CeilingNode):
        body = _ceiling(number, node, layer, given, notes)
    else:
        body = _said(number, given[Input("said", layer.account)], notes)
    if _pays_beyond(layer):
        return body
    otherwise = ["else:", *_inside(notes.begin())] if notes.wanted else []
    return [f"p{number} = 0", f"if unpaid > {threshold}:", *_inside(body), *otherwise]


def _pays_beyond(layer: PaidLayer) -> bool:
    """Whether a layer may pay for cost that is not eligible, as a guarantee does. It is never passed over."""
    return isinstance(layer.node, BandsNode) and layer.node.guarantee is not None


def _left(number: int, layer: PaidLayer) -> list[str]:
    """What a layer leaves to those after it."""
    return [f"unpaid -= p{number}", *(["if unpaid < 0: unpaid = 0"] if _pays_beyond(layer) else [])]


class _Constants:
    """The definitions above a function: rates, and steps whose amounts are known before any bill."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def named(self, expression: str, name: str) -> str:
        """The name of a value, made once. The name is numbered to tell values apart."""
        return self._names.setdefault(expression, f"{name}_{len(self._names)}")

    def lines(self) -> list[str]:
        """All definitions."""
        return [f"{name} = {expression}" for expression, name in self._names.items()]


class _Draft(NamedTuple):
    """A step to be written; a number where the amount is known, otherwise the expression that gives it."""

    key: str
    amount: int | str
    of: int | str = 0
    rate: Fraction | None = None
    tier: int = -1


class _Notes:
    """Writes the lines that note a layer's steps; without constants nothing is noted."""

    def __init__(self, steps: str, constants: _Constants | None) -> None:
        self._steps, self._constants = steps, constants

    @property
    def wanted(self) -> bool:
        """Whether steps are noted at all."""
        return self._constants is not None

    def begin(self, *drafts: _Draft) -> list[str]:
        """The first steps, or none yet."""
        return [f"{self._steps} = [{self._written(drafts)}]"] if self.wanted else []

    def add(self, draft: _Draft) -> list[str]:
        """One more step."""
        return [f"{self._steps}.append({self._written((draft,))})"] if self.wanted else []

    def _written(self, drafts: tuple[_Draft, ...]) -> str:
        return "" if self._constants is None else ", ".join(_step(draft, self._constants) for draft in drafts)


def _step(draft: _Draft, constants: _Constants) -> str:
    """The expression of a step."""
    key, amount, of, rate, tier = draft
    rated = [] if rate is None else [constants.named(repr(rate), "rate"), *([] if tier < 0 else [str(tier)])]
    arguments = [repr(key), str(amount), *([] if of == 0 and not rated else [str(of)]), *rated]
    written = f"Step({', '.join(arguments)})"
    return constants.named(written, key) if isinstance(amount, int) and isinstance(of, int) else written


def _said(number: int, said: str, notes: _Notes) -> list[str]:
    """What the bill says of the layer."""
    p = f"p{number}"
    return [f"{p} = {said}", *notes.begin(_Draft("said", p)), *_at_most_unpaid(p, notes)]


def _top_up(number: int, node: TopUpNode, notes: _Notes) -> list[str]:
    """The share of the settlement's cost less what the layers before paid."""
    p, target, before, parts = f"p{number}", f"t{number}", f"b{number}", node.share.denominator
    return [
        f"{target} = {_divided(_times(node.of, node.share.numerator), parts)}",
        f"{before} = {' + '.join(f'p{earlier}' for earlier in range(number)) or 0}",
        *notes.begin(_Draft("top_up", target, node.of, node.share), _Draft("paid_by_others", before)),
        f"if {target} > {before}: {p} = {target} - {before}",
        *_at_most_unpaid(p, notes),
    ]


def _ceiling(number: int, node: CeilingNode, layer: PaidLayer, given: Mapping[Input, str], notes: _Notes) -> list[str]:
    """What the year's unpaid cost exceeds the ceiling by."""
    p, base, ceiling = f"p{number}", f"y{number}", f"c{number}"
    paid, before, peak = (given[each] for each in inputs(layer))
    higher = [f"if {peak} > {ceiling}: {ceiling} = {peak}"] if node.highest and peak != _NOUGHT else []
    return [
        f"{base} = {_sum(before, 'unpaid')}",
        f"{ceiling} = {node.at_most}",
        *higher,
        *notes.begin(_Draft("base", base, "unpaid"), _Draft("ceiling", ceiling)),
        f"if {base} > {ceiling}: {p} = {base} - {ceiling}",
        *_less_paid(p, paid, notes),
        *(_at_most_unpaid(p, notes) if paid != _NOUGHT else []),
    ]


def _less_paid(p: str, paid: str, notes: _Notes) -> list[str]:
    """A yearly layer pays what the year earns less what was paid."""
    if paid == _NOUGHT:
        return []
    return [f"if {paid}:", *_inside([f"{p} -= {paid}", f"if {p} < 0: {p} = 0", *notes.add(_Draft("paid_before", paid))])]


def _at_most_unpaid(p: str, notes: _Notes) -> list[str]:
    return [f"if {p} > unpaid:", *_inside([f"{p} = unpaid", *notes.add(_Draft("left_over", "unpaid"))])]


class _Bands:
    """Writes the lines of one bands node. `p` is the payout's name, `base` what the tiers run on, and `over` (on the scale of the node)
    what they are counted on, of which `edge` is the deductible that is not yet taken off.
    """

    def __init__(self, number: int, node: BandsNode, layer: PaidLayer, given: Mapping[Input, str], notes: _Notes) -> None:
        self.number, self.node, self.notes = number, node, notes
        self.abouts = [figure.basis == "about" for figure in layer.figures.rates]
        self.p, self.rule, self.scale = f"p{number}", node.deductible, node.scale
        self.denominator, self.starts = node.denominator, node.starts()
        self.paid = given.get(Input("paid", layer.account), _NOUGHT)
        self.capped = given.get(Input("paid", layer.cap_account), _NOUGHT)
        # A layer that settles each stay by itself has no sum of the year.
        self.before = given.get(Input("sum", layer.account), _NOUGHT)
        self.base = "unpaid" if self.before == _NOUGHT else f"y{number}"
        self.over, self.edge = (self.base, self.rule.fen) if isinstance(self.rule, FixedDeductible) else (f"over{number}", 0)
        fixed, untold = self.over == self.base, self.base == "unpaid" and not notes.wanted
        #: Whether the layer is passed over up to its deductible: that is nothing, or nobody is told of it.
        self.passed_over = fixed and (untold or self.edge == 0) and not _pays_beyond(layer)

    @property
    def threshold(self) -> int:
        """The unpaid cost above which the layer has something to do."""
        return self.edge if self.passed_over else 0

    def lines(self) -> list[str]:
        """The layer whole."""
        guarantee = self.node.guarantee
        if self.node.over == "year":
            return [*self._base(), *self._rounded_tiers(), *self._limits_of_the_year()]
        if guarantee is None:
            return [*self._base(), *self._rounded_tiers(), *self._cap()]
        if self.notes.wanted:
            return [*self._base(), *self._rounded_tiers(), *self._guarantee_above_tiers(guarantee), *self._cap()]
        return [*self._base(), *self._rounded_once(guarantee)]

    def _base(self) -> list[str]:
        """What the tiers run on, and the deductible where it depends on the bill."""
        base = [] if self.base == "unpaid" else [f"{self.base} = {_sum(self.before, 'unpaid')}"]
        return base if isinstance(self.rule, FixedDeductible) else [*base, *self._share(self.rule)]

    def _base_noted(self) -> tuple[_Draft, _Draft]:
        """The steps a layer begins with."""
        base = _Draft("base", self.base, "unpaid" if self.node.over == "year" else 0)
        if isinstance(self.rule, FixedDeductible):
            return base, _Draft("deductible", self.rule.fen)
        return base, _Draft("deductible_share", _divided(f"d{self.number}", self.scale), "total", self.rule.share)

    def _share(self, rule: ShareDeductible) -> list[str]:
        name, parts = f"d{self.number}", rule.share.denominator
        share = _times("total", rule.share.numerator)
        return [
            f"{name} = {_divided(share, parts) if rule.rounded else share}",
            f"if {name} < {rule.floor * self.scale}: {name} = {rule.floor * self.scale}",
            f"elif {name} > {rule.ceiling * self.scale}: {name} = {rule.ceiling * self.scale}",
            f"{self.over} = {_times(self.base, self.scale)} - {name}",
        ]

    def _rounded_tiers(self) -> list[str]:
        """What the tiers come to in whole fen, each tier reached noted."""
        parts = self.denominator * self.scale
        return self._by_tier(lambda tier: [f"{self.p} = ({self._earned(tier, parts, parts // 2)}) // {parts}", *self._noted(tier)])

    def _rounded_once(self, guarantee: Fraction) -> list[str]:
        """The greater of tiers and guarantee, under the cap. Rounding keeps their order, so one division does for both."""
        common = lcm(self.denominator, guarantee.denominator)
        parts, share, p, g = common * self.scale, int(guarantee * common), self.p, f"g{self.number}"
        return [
            # Below the deductible both are less than nothing, which is put right at the end.
            *self._by_tier(lambda tier: [f"{p} = {self._earned(tier, parts)}"], from_deductible=False),
            f"{g} = {_times(f'({self._above_deductible()})', share)}",
            f"if {g} > {p}: {p} = {g}",
            f"if {p} > 0:",
            *_inside([f"{p} = {_divided(p, parts)}", *self._cap()]),
            "else:",
            f"    {p} = 0",
        ]

    def _by_tier(self, lines: Callable[[int], list[str]], *, from_deductible: bool = True) -> list[str]:
        """The lines of the tier that is reached; up to the deductible nothing is paid."""
        branches: list[tuple[str, list[str]]] = []
        if from_deductible and not self.passed_over:
            branches.append((f"{self.over} <= {self.edge}", [f"{self.p} = 0", *self.notes.begin(*self._base_noted())]))
        for number, tier in enumerate(self.node.tiers):
            upper = None if tier.up_to is None else self.edge + tier.up_to * self.scale
            branches.append(("" if upper is None else f"{self.over} <= {upper}", lines(number)))
        return _chain(branches)

    def _earned(self, number: int, parts: int, more: int = 0) -> str:
        """What the tiers up to this one earn, in 1/parts fen, and `more`."""
        tier, unit = self.node.tiers[number], parts // self.scale
        share = int(tier.rate * unit)
        before = self.starts[number] * (parts // self.denominator)
        return _plus(_times(self.over, share), before - (self.edge + tier.above * self.scale) * share + more)

    def _noted(self, reached: int) -> list[str]:
        """The first steps and one for each tier up to the one reached, with amounts that add up: differences of the rounded sums."""
        parts = self.denominator
        sums = [(start + parts // 2) // parts for start in self.starts]
        drafts = [*self._base_noted()]
        for number, tier in enumerate(self.node.tiers[: reached + 1]):
            above = self.edge + tier.above * self.scale
            amount: int | str = _plus(self.p, -sums[number])
            size: int | str = _whole(_plus(self.over, -above), self.scale)
            if number < reached and tier.up_to is not None:
                amount, size = sums[number + 1] - sums[number], tier.up_to - tier.above
            drafts.append(_Draft("tier_about" if self.abouts[number] else "tier", amount, size, tier.rate, number))
        return self.notes.begin(*drafts)

    def _above_deductible(self) -> str:
        """What the whole bill leaves above the deductible, on the node's scale."""
        if isinstance(self.rule, FixedDeductible):
            return _plus("total", -self.rule.fen)
        return f"{_times('total', self.scale)} - d{self.number}"

    def _guarantee_above_tiers(self, guarantee: Fraction) -> list[str]:
        """The guarantee where it comes to more fen than the tiers."""
        g, over, parts = f"g{self.number}", self._above_deductible(), guarantee.denominator * self.scale
        noted = self.notes.add(_Draft("guarantee", g, _whole(over, self.scale), guarantee))
        return [
            f"{g} = {_divided(_times(f'({over})', guarantee.numerator), parts)}",
            f"if {g} > {self.p}:",
            *_inside([f"{self.p} = {g}", *noted]),
        ]

    def _limits_of_the_year(self) -> list[str]:
        """What is not yet paid, never more than this stay has unpaid."""
        less = _less_paid(self.p, self.paid, self.notes)
        # On an empty year no payout exceeds its base: no rate is above 100%, which is proved at load.
        most = _at_most_unpaid(self.p, self.notes) if self.before != _NOUGHT else []
        if self.node.cap_account == self.node.account:
            # The cap limits what this very account pays, so it can be applied before the difference is taken, where it is easier told.
            return [*self._cap(_NOUGHT), *less, *most]
        return [*less, *self._cap(), *most]

    def _cap(self, capped: str | None = None) -> list[str]:
        """What the year's cap still leaves after what was `capped` before."""
        cap, capped = self.node.cap, self.capped if capped is None else capped
        if cap is None:
            return []
        noted = _inside(self.notes.add(_Draft("cap", self.p, cap)))
        if capped == _NOUGHT:
            return [f"if {self.p} > {cap}:", f"    {self.p} = {cap}", *noted]
        return [f"if {self.p} > {cap} - {capped}:", f"    {self.p} = max(0, {cap} - {capped})", *noted]


def _chain(branches: list[tuple[str, list[str]]]) -> list[str]:
    """If, elif, else; a branch without a condition is the last, and alone needs no telling."""
    if len(branches) == 1:
        return branches[0][1]
    lines = []
    for number, (condition, body) in enumerate(branches):
        head = f"{'elif' if number else 'if'} {condition}:" if condition else "else:"
        lines += [head, *_inside(body)]
    return lines


def _inside(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _sum(before: str, now: str) -> str:
    return now if before == _NOUGHT else f"{before} + {now}"


def _times(what: str, factor: int) -> str:
    return what if factor == 1 else f"{what} * {factor}"


def _plus(what: str, number: int) -> str:
    return f"{what} {'-' if number < 0 else '+'} {abs(number)}" if number else what


def _divided(what: str, parts: int) -> str:
    """A sum of parts in whole ones, rounded half up."""
    return what if parts == 1 else f"({what} + {parts // 2}) // {parts}"


def _whole(what: str, parts: int) -> str:
    """A sum of parts in whole ones, the rest dropped."""
    return what if parts == 1 else f"({what}) // {parts}"


def _tuple(items: list[str]) -> str:
    return f"({', '.join(items)}{',' if len(items) == 1 else ''})"
