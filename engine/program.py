"""Program: a plan written out as Python source for one cell and compiled, once with numbers only and once with its working.

Both functions take (total, self_funded, first_share, *year) in fen. `year` holds, for each computed layer in order, what it
has already paid this year and, for a yearly layer, the sum it has run on so far. They give the payouts in the same order;
the second gives the steps of each layer too.
"""

import linecache
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import msgspec

from engine.mechanisms.bands import BandsNode
from engine.mechanisms.deductible import FixedDeductible, ShareDeductible
from engine.plan import PaidLayer, Plan


class Step(msgspec.Struct, frozen=True, gc=False):
    """One line of a layer's working. `amount` in fen; `of` is the sum it was worked out on; `tier` numbers a tier from 0."""

    key: str
    amount: int
    of: int = 0
    rate: Fraction | None = None
    tier: int = -1


class Program(msgspec.Struct, frozen=True):
    """`numbers(total, self_funded, first_share, *year)` gives the payouts; `working` gives them with one list of steps a layer."""

    numbers: Callable[..., tuple[int, ...]]
    working: Callable[..., tuple[tuple[int, ...], tuple[list[Step], ...]]]
    source: str


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
    arguments = [name for index, layer in enumerate(layers) for name in _year_names(index, layer)]
    lines = ["    unpaid = eligible = total - self_funded - first_share"]
    for index, layer in enumerate(layers):
        lines += _layer(index, layer, constants, steps=steps)
    given = f"({''.join(f'p{index}, ' for index in range(len(layers)))})"
    if steps:
        given += f", ({''.join(f's{index}, ' for index in range(len(layers)))})"
    head = f"def {'working' if steps else 'numbers'}({', '.join(['total', 'self_funded', 'first_share', *arguments])}):"
    return [head, *lines, f"    return {given}"]


def _year_names(index: int, layer: PaidLayer) -> list[str]:
    return [f"paid{index}", f"sum{index}"] if layer.node.over == "year" else [f"paid{index}"]


def _layer(index: int, layer: PaidLayer, constants: dict[str, Any], *, steps: bool) -> list[str]:
    """The lines of one layer: nothing to pay for leaves it at once."""
    abouts = tuple(figure.basis == "about" for figure in layer.figures.rates)
    write = _Writer(index, layer.node, abouts, constants if steps else None)
    yearly = layer.node.over == "year"
    opening = [f"p{index} = 0", *([f"s{index} = []"] if steps else [])]
    body = write.year() if yearly else write.stay()
    rest = [*body, f"unpaid -= p{index}"]
    if layer.node.guarantee is None:
        return _inside([*opening, "if unpaid > 0:", *_inside(rest)])
    # A guarantee may pay for cost that is not eligible, so a layer with one never leaves early.
    return _inside([*opening, *rest, "if unpaid < 0: unpaid = 0"])


class _Writer:
    """Writes the lines of one bands node. `p` is the payout's name, `s` the steps' list."""

    def __init__(self, index: int, node: BandsNode, abouts: tuple[bool, ...], constants: dict[str, Any] | None) -> None:
        """`constants` collects the rates the steps name; None writes numbers only. `abouts` marks the tiers whose rate is "about"."""
        self.index, self.node, self.abouts, self.constants = index, node, abouts, constants
        self.p, self.s = f"p{index}", f"s{index}"

    def stay(self) -> list[str]:
        """A layer that settles each stay by itself, under a cap for the year."""
        lines = [*self._note("base", "unpaid"), *self._bands("unpaid"), *self._guarantee()]
        cap = self.node.cap
        if cap is None:
            return lines
        note = self._note("cap", self.p, of=str(cap))
        return [*lines, f"if {self.p} > {cap} - paid{self.index}:", f"    {self.p} = max(0, {cap} - paid{self.index})", *_inside(note)]

    def year(self) -> list[str]:
        """A layer that runs on the sum of the year and pays what is not yet paid, never more than this stay has unpaid."""
        base, paid, cap = f"y{self.index}", f"paid{self.index}", self.node.cap
        lines = [f"{base} = sum{self.index} + unpaid", *self._note("base", base, of="unpaid"), *self._bands(base)]
        if cap is not None:
            lines += [f"if {self.p} > {cap}:", f"    {self.p} = {cap}", *_inside(self._note("cap", self.p, of=str(cap)))]
        note = self._note("paid_before", paid)
        lines += [f"if {paid}:", f"    {self.p} -= {paid}", f"    if {self.p} < 0: {self.p} = 0", *_inside(note)]
        note = self._note("left_over", "unpaid")
        return [*lines, f"if {self.p} > unpaid:", f"    {self.p} = unpaid", *_inside(note)]

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
        name, scale = f"d{self.index}", self.node.scale
        return [
            f"{name} = total * {rule.share.numerator}",
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
        if self.constants is None:
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

    def _note(self, key: str, amount: str, of: str = "0", rate: Fraction | None = None, tier: int = -1) -> list[str]:
        if self.constants is None:
            return []
        rest = ""
        if rate is not None:
            name = f"r{rate.numerator}_{rate.denominator}"
            self.constants[name] = rate
            rest = f", {name}, {tier}"
        return [f"{self.s}.append(Step({key!r}, {amount}, {of}{rest}))"]


def _inside(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _signed(number: int) -> str:
    return f"{'-' if number < 0 else '+'} {abs(number)}"
