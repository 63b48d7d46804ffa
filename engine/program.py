"""Program: a plan written out as Python source for one cell and compiled, once with numbers only and once with its working.

Both functions take (total, eligible, *year) in fen. `year` holds, for each computed layer in order, the amounts that `inputs` names.
They give the payouts in the same order; the second gives the steps of each layer too.
"""

import linecache
from collections.abc import Callable
from fractions import Fraction
from typing import Any, Literal, NamedTuple

import msgspec

from engine.mechanisms.bands import BandsNode
from engine.mechanisms.ceiling import CeilingNode
from engine.mechanisms.deductible import FixedDeductible, ShareDeductible
from engine.mechanisms.said import SaidNode
from engine.mechanisms.top_up import TopUpNode
from engine.plan import PaidLayer, Plan


class Step(msgspec.Struct, frozen=True, gc=False):
    """One line of a layer's working. `amount` in fen; `of` is the sum it was worked out on; `tier` numbers a tier from 0."""

    key: str
    amount: int
    of: int = 0
    rate: Fraction | None = None
    tier: int = -1


class Program(msgspec.Struct, frozen=True):
    """`numbers(total, eligible, *year)` gives the payouts; `working` gives them with one list of steps a layer."""

    numbers: Callable[..., tuple[int, ...]]
    working: Callable[..., tuple[tuple[int, ...], tuple[list[Step], ...]]]
    source: str


class Input(NamedTuple):
    """One amount that a layer needs: of the year what was `paid` from an account, the `sum` it ran on, the highest ceiling (`peak`); of
    the bill what the layer is `said` to have paid.
    """

    kind: Literal["paid", "sum", "peak", "said"]
    account: str


def inputs(layer: PaidLayer) -> tuple[Input, ...]:
    """What a layer needs to know of the year, in the order of its arguments."""
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


def compile_plan(plan: Plan) -> Program:
    """The compiled program of a plan; its source is kept for reading and for tracebacks."""
    constants: dict[str, Any] = {"Step": Step}
    source = "\n".join([*_function(plan, constants, steps=False), "", *_function(plan, constants, steps=True)]) + "\n"
    name = f"<plan {' '.join(map(str, plan.cell))}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    exec(compile(source, name, "exec"), constants)  # noqa: S102 - our own source, made of integers from a proved plan
    return Program(constants["numbers"], constants["working"], source)


def _function(plan: Plan, constants: dict[str, Any], *, steps: bool) -> list[str]:
    layers = plan.paid()
    arguments = [name for index, layer in enumerate(layers) for name in _names(index, layer).values()]
    lines = ["    unpaid = eligible"]
    for index, layer in enumerate(layers):
        lines += _layer(index, layer, constants, steps=steps)
    given = f"({''.join(f'p{index}, ' for index in range(len(layers)))})"
    if steps:
        given += f", ({''.join(f's{index}, ' for index in range(len(layers)))})"
    head = f"def {'working' if steps else 'numbers'}({', '.join(['total', 'eligible', *arguments])}):"
    return [head, *lines, f"    return {given}"]


def _names(index: int, layer: PaidLayer) -> dict[Input, str]:
    """The argument for each input of a layer."""
    names: dict[Input, str] = {}
    for given in inputs(layer):
        names[given] = f"capped{index}" if given.kind == "paid" and given.account != layer.account else f"{given.kind}{index}"
    return names


def _layer(index: int, layer: PaidLayer, constants: dict[str, Any], *, steps: bool) -> list[str]:
    """The lines of one layer: nothing to pay for leaves it at once."""
    node, notes = layer.node, _Notes(f"s{index}", constants if steps else None)
    opening = [f"p{index} = 0", *([f"s{index} = []"] if steps else [])]
    if isinstance(node, TopUpNode):
        body = _top_up(index, node, notes)
    elif isinstance(node, CeilingNode):
        body = _ceiling(index, node, notes)
    elif isinstance(node, SaidNode):
        body = [f"p{index} = said{index}", *notes("said", f"p{index}"), *_at_most_unpaid(f"p{index}", notes)]
    else:
        abouts = tuple(figure.basis == "about" for figure in layer.figures.rates)
        body = _Bands(index, layer, node, abouts, notes).lines()
    rest = [*body, f"unpaid -= p{index}"]
    if not isinstance(node, BandsNode) or node.guarantee is None:
        return _inside([*opening, "if unpaid > 0:", *_inside(rest)])
    # A guarantee may pay for cost that is not eligible, so a layer with one never leaves early.
    return _inside([*opening, *rest, "if unpaid < 0: unpaid = 0"])


class _Notes:
    """Writes the lines that note a layer's steps. Without `constants`, which collects the rates the steps name, nothing is noted."""

    def __init__(self, steps: str, constants: dict[str, Any] | None) -> None:
        self.steps, self.constants = steps, constants

    def __call__(self, key: str, amount: str, of: str = "0", rate: Fraction | None = None, tier: int = -1) -> list[str]:
        if self.constants is None:
            return []
        rest = ""
        if rate is not None:
            name = f"r{rate.numerator}_{rate.denominator}"
            self.constants[name] = rate
            rest = f", {name}, {tier}"
        return [f"{self.steps}.append(Step({key!r}, {amount}, {of}{rest}))"]


def _top_up(index: int, node: TopUpNode, note: _Notes) -> list[str]:
    """The share of the settlement's cost less what the layers before paid."""
    p, parts, before = f"p{index}", node.share.denominator, " + ".join(f"p{number}" for number in range(index)) or "0"
    return [
        f"t{index} = ({node.of} * {node.share.numerator} + {parts // 2}) // {parts}",
        *note("top_up", f"t{index}", of=node.of, rate=node.share),
        f"b{index} = {before}",
        *note("paid_by_others", f"b{index}"),
        f"{p} = max(0, t{index} - b{index})",
        *_at_most_unpaid(p, note),
    ]


def _ceiling(index: int, node: CeilingNode, note: _Notes) -> list[str]:
    """What the year's unpaid cost exceeds the ceiling by."""
    p, base, paid, ceiling = f"p{index}", f"y{index}", f"paid{index}", f"c{index}"
    return [
        f"{base} = sum{index} + unpaid",
        *note("base", base, of="unpaid"),
        f"{ceiling} = peak{index} if peak{index} > {node.at_most} else {node.at_most}" if node.highest else f"{ceiling} = {node.at_most}",
        *note("ceiling", ceiling),
        f"{p} = max(0, {base} - {ceiling})",
        *_less_paid(p, paid, note),
        *_at_most_unpaid(p, note),
    ]


def _less_paid(p: str, paid: str, note: _Notes) -> list[str]:
    return [f"if {paid}:", f"    {p} -= {paid}", f"    if {p} < 0: {p} = 0", *_inside(note("paid_before", paid))]


def _at_most_unpaid(p: str, note: _Notes) -> list[str]:
    return [f"if {p} > unpaid:", f"    {p} = unpaid", *_inside(note("left_over", "unpaid"))]


class _Bands:
    """Writes the lines of one bands node. `p` is the payout's name."""

    def __init__(self, index: int, layer: PaidLayer, node: BandsNode, abouts: tuple[bool, ...], note: _Notes) -> None:
        """`abouts` marks the tiers whose rate is "about"."""
        self.index, self.node, self.abouts, self._note = index, node, abouts, note
        self.p = f"p{index}"
        names = _names(index, layer)
        self.capped = names.get(Input("paid", node.cap_account), "")

    def lines(self) -> list[str]:
        """The layer whole."""
        return self._year() if self.node.over == "year" else self._stay()

    def _stay(self) -> list[str]:
        """A layer that settles each stay by itself, under a cap for the year."""
        return [*self._note("base", "unpaid"), *self._bands("unpaid"), *self._guarantee(), *self._cap()]

    def _year(self) -> list[str]:
        """A layer that runs on the sum of the year and pays what is not yet paid, never more than this stay has unpaid."""
        base, paid = f"y{self.index}", f"paid{self.index}"
        lines = [f"{base} = sum{self.index} + unpaid", *self._note("base", base, of="unpaid"), *self._bands(base)]
        if self.node.cap is not None and self.capped == paid:
            # The cap limits what this very account pays, so it can be applied before the difference is taken, where it is easier told.
            cap = self.node.cap
            lines += [f"if {self.p} > {cap}:", f"    {self.p} = {cap}", *_inside(self._note("cap", self.p, of=str(cap)))]
            return [*lines, *_less_paid(self.p, paid, self._note), *_at_most_unpaid(self.p, self._note)]
        return [*lines, *_less_paid(self.p, paid, self._note), *self._cap(), *_at_most_unpaid(self.p, self._note)]

    def _cap(self) -> list[str]:
        """What the year's cap still leaves."""
        cap, capped = self.node.cap, self.capped
        if cap is None:
            return []
        note = self._note("cap", self.p, of=str(cap))
        return [f"if {self.p} > {cap} - {capped}:", f"    {self.p} = max(0, {cap} - {capped})", *_inside(note)]

    def _bands(self, base: str) -> list[str]:
        rule = self.node.deductible
        if isinstance(rule, FixedDeductible):
            opening, over, edge = [], base, rule.fen
        else:
            opening, over, edge = self._share(rule, base), f"over{self.index}", 0
        lines = [*opening, *self._deductible_note(rule)]
        starts, scale, parts = self.node.starts(), self.node.scale, self.node.denominator * self.node.scale
        branches = [f"if {over} <= {edge}:", "    pass"]
        for number, tier in enumerate(self.node.tiers):
            above = edge + tier.above * scale
            share = int(tier.rate * self.node.denominator)
            offset = starts[number] * scale - above * share + parts // 2
            head = "else:" if tier.up_to is None else f"elif {over} <= {edge + tier.up_to * scale}:"
            branches += [head, f"    {self.p} = ({over} * {share} {_signed(offset)}) // {parts}"]
        return [*lines, *branches, *self._tier_notes(over, edge)]

    def _share(self, rule: ShareDeductible, base: str) -> list[str]:
        name, scale, parts = f"d{self.index}", self.node.scale, rule.share.denominator
        share = f"total * {rule.share.numerator}"
        return [
            f"{name} = ({share} + {parts // 2}) // {parts}" if rule.rounded else f"{name} = {share}",
            f"if {name} < {rule.floor * scale}: {name} = {rule.floor * scale}",
            f"elif {name} > {rule.ceiling * scale}: {name} = {rule.ceiling * scale}",
            f"over{self.index} = {base} * {scale} - {name}" if scale != 1 else f"over{self.index} = {base} - {name}",
        ]

    def _deductible_note(self, rule: FixedDeductible | ShareDeductible) -> list[str]:
        if isinstance(rule, FixedDeductible):
            return self._note("deductible", str(rule.fen))
        scale = self.node.scale
        return self._note("deductible_share", f"(d{self.index} + {scale // 2}) // {scale}", of="total", rate=rule.share)

    def _tier_notes(self, over: str, edge: int) -> list[str]:
        """Each tier reached, with amounts that add up to the payout: the difference of the rounded sums."""
        if self._note.constants is None:
            return []
        starts, scale, parts = self.node.starts(), self.node.scale, self.node.denominator * self.node.scale
        lines: list[str] = []
        for number, tier in enumerate(self.node.tiers):
            above = edge + tier.above * scale
            before = (starts[number] * scale + parts // 2) // parts
            last = tier.up_to is None
            width = 0 if tier.up_to is None else (tier.up_to - tier.above) * scale
            part = f"{over} - {above}" if last else f"min({over} - {above}, {width})"
            full = 0 if last else ((starts[number + 1] * scale) + parts // 2) // parts
            amount = f"{self.p} - {before}" if last else f"min({self.p}, {full}) - {before}"
            size = f"({part})" if scale == 1 else f"({part}) // {scale}"
            key = "tier_about" if self.abouts[number] else "tier"
            lines += [f"if {over} > {above}:", *_inside(self._note(key, amount, of=size, rate=tier.rate, tier=number))]
        return lines

    def _guarantee(self) -> list[str]:
        share, rule, scale = self.node.guarantee, self.node.deductible, self.node.scale
        if share is None:
            return []
        name, parts = f"g{self.index}", share.denominator * scale
        over = f"total - {rule.fen}" if isinstance(rule, FixedDeductible) else f"total * {scale} - d{self.index}"
        note = self._note("guarantee", name, of=f"({over}) // {scale}" if scale != 1 else over, rate=share)
        lines = [f"{name} = (({over}) * {share.numerator} + {parts // 2}) // {parts}", f"if {name} > {self.p}:", f"    {self.p} = {name}"]
        return [*lines, *_inside(note)]


def _inside(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _signed(number: int) -> str:
    return f"{'-' if number < 0 else '+'} {abs(number)}"
