"""Columns: the plans of many cells as one Ibis expression, for a table of bills of which each is the first of its year.

The layer and tier nodes that `program.py` writes out as Python, with each node's numbers chosen by the columns that tell cells apart. The
engine that runs the expression (Polars, DuckDB, Spark, a warehouse) sees whole numbers only.

bills:   an int column for each name of `Key` by which the plans differ, then `total`, `self_funded`, `first_share` and `fixed_price` in fen
         (-1: none agreed); of these the last two may be left out when no row says them
settled: what is `kept` of these, then `paid_<layer>` for each layer, `hospital_borne`, `out_of_pocket` and `eligible_unpaid` in fen,
         and `open` (1 where own cost depends on a layer that nobody can compute)

Exact on every engine: no dividend reaches 2^53, because some divide whole numbers through doubles, and no amount is ever null.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import lcm
from typing import TypeVar

import ibis
import ibis.expr.types as ir

from engine.bounds import EXACT
from engine.decision import decide
from engine.groups import Key
from engine.keys import LAYERS
from engine.mechanisms.bands import BandsNode
from engine.mechanisms.ceiling import CeilingNode
from engine.mechanisms.deductible import FixedDeductible, ShareDeductible
from engine.mechanisms.hospital import Borne, Covers
from engine.mechanisms.said import SaidNode
from engine.mechanisms.top_up import TopUpNode
from engine.money import LIMIT
from engine.plan import Node, PaidLayer, Plan, SilentLayer

V = TypeVar("V", bound=Hashable)

#: What a table holds of a bill, in fen.
AMOUNTS = ("total", "self_funded", "first_share", "fixed_price")


@dataclass(frozen=True, slots=True)
class CellPlan:
    """The plan of a key, and whether its place leaves the first share (先行自付) to the patient."""

    plan: Plan
    first_share: bool


Plans = Mapping[Key, CellPlan]


def settled_columns(bills: ir.Table, plans: Plans, kept: Sequence[str] = ()) -> ir.Table:
    """The expression that settles a table of bills by the plans of all the keys in it; `kept` names columns to carry through.

    Raises ValueError when a plan would not stay exact.
    """
    return _Columns(bills, plans).settled(kept)


def layers_of(plans: Iterable[Plan]) -> list[str]:
    """The layers of plans, each once, in the order in which layers pay."""
    known = {layer.key for plan in plans for layer in plan.layers}
    return [key for key in LAYERS if key in known]


#: What a table means that lacks a column.
_UNSAID = {"first_share": 0, "fixed_price": -1}


class _Columns:
    """A growing table. What is used again becomes a column; what is used once stays an expression, because each level of columns costs."""

    def __init__(self, bills: ir.Table, plans: Plans) -> None:
        self.table, self.plans = bills, plans
        self.unpaid: ir.IntegerValue = _int(0)

    def settled(self, kept: Sequence[str]) -> ir.Table:
        self._bill()
        slots = range(max(len(each.plan.layers) for each in self.plans.values()))
        for slot in slots:
            self._layer(slot)
        layers = layers_of(each.plan for each in self.plans.values())
        paid = _sum(self[f"p{slot}"] for slot in slots)
        self._add(
            **{f"paid_{key}": self._paid(key) for key in layers},
            out_of_pocket=self["total"] - self["hospital_borne"] - paid,
            eligible_unpaid=_positive(self["eligible"] - paid),
        )
        self._add(open=(self["eligible_unpaid"] > 0).ifelse(self._depends(), _int(0)))
        return self.table.select(*kept, *(f"paid_{key}" for key in layers), "hospital_borne", "out_of_pocket", "eligible_unpaid", "open")

    def __getitem__(self, name: str) -> ir.IntegerValue:
        return self.table[name] if name in self.table.columns else _int(_UNSAID[name])

    def _add(self, **columns: ir.IntegerValue) -> None:
        self.table = self.table.mutate(**columns)

    def choose(self, values: Mapping[Key, V], leaf: Callable[[V], ir.IntegerValue]) -> ir.IntegerValue:
        """The leaf (a number or a column) of the value that stands under each row's key."""
        columns = [self[name] if name in self.table.columns else None for name in Key._fields]
        return decide({tuple(key): value for key, value in values.items()}, columns, leaf)

    def number(self, values: Mapping[Key, int]) -> ir.IntegerValue:
        """The number that stands under each row's key."""
        return self.choose(values, _int)

    def either(self, name: str, values: Mapping[Key, V], work: Callable[[V, Mapping[Key, V]], ir.IntegerValue]) -> ir.IntegerValue:
        """What is worked out in one way for some keys and in another for others: each way once, as a column of its own.

        `work` gets a value and the keys that have it.
        """
        ways = list(dict.fromkeys(values.values()))
        if len(ways) == 1:
            return work(ways[0], values)
        for number, way in enumerate(ways):
            self._add(**{f"{name}_{number}": work(way, {key: value for key, value in values.items() if value == way})})
        return self.choose({key: ways.index(value) for key, value in values.items()}, lambda number: self[f"{name}_{number}"])

    def _bill(self) -> None:
        """What of the bill the hospital bears and what is eligible."""
        first = {key: each.first_share for key, each in self.plans.items()}
        beside = self["self_funded"] + self.choose(first, lambda patient: self["first_share"] if patient else _int(0))
        borne = {key: each.plan.borne for key, each in self.plans.items()}
        forms = {key: (rule.share is not None, rule.excess_counted, rule.limit_rounded) for key, rule in borne.items()}
        self._add(
            beside=beside, excess=self.either("excess", forms, lambda form, keys: self._excess(form, {key: borne[key] for key in keys}))
        )
        covers = {key: rule.fixed_price for key, rule in borne.items()}
        beyond = self.either("beyond", covers, lambda cover, _: self._above_price(cover))
        self._add(eligible=self["total"] - self["beside"] - beyond, hospital_borne=self["excess"] + beyond)
        self.unpaid = self["eligible"]

    def _excess(self, form: tuple[bool, bool, bool], borne: Mapping[Key, Borne]) -> ir.IntegerValue:
        """Out-of-catalogue cost above the hospital's limit, as `Borne.out_of_catalogue` has it."""
        limited, counted, limit_rounded = form
        if not limited:
            return _int(0)
        shares = {key: rule.share for key, rule in borne.items() if rule.share is not None}
        common = lcm(*(share.denominator for share in shares.values()))
        numerators = {key: int(share * common) for key, share in shares.items()}
        _prove_exact(common)
        over = self["self_funded"] * common - self["total"] * self.number(numerators)
        parts = {key: common - (0 if counted else numerator) for key, numerator in numerators.items()}
        halves = {key: (part - 1) // 2 if limit_rounded else part // 2 for key, part in parts.items()}
        return _positive((over + self.number(halves)) // self.number(parts))

    def _above_price(self, covers: Covers | None) -> ir.IntegerValue:
        """Eligible cost above a fixed price, as `Borne.above_price` has it."""
        if covers is None:
            return _int(0)
        beside, price = self["beside"], self["fixed_price"]
        held = {"bill": beside, "bill_without_excess": beside - self["excess"], "eligible": _int(0)}[covers]
        return (price < 0).ifelse(_int(0), _positive(self["total"] - beside - _positive(price - held)))

    def _layer(self, slot: int) -> None:
        """What the layer in one place of the order pays, and what it leaves."""
        nodes = {key: layer.node for key, each in self.plans.items() if (layer := _paid_at(each.plan, slot)) is not None}
        groups = _groups(nodes)
        member = {key: next((number for number, group in enumerate(groups) if key in group), None) for key in self.plans}

        def pays(number: int | None, _: Mapping[Key, int | None]) -> ir.IntegerValue:
            return _int(0) if number is None else self._node(f"{slot}_{number}", groups[number], slot)

        self._add(**{f"p{slot}": self.either(f"p{slot}", member, pays)})
        self.unpaid = _positive(self.unpaid - self[f"p{slot}"])

    def _node(self, name: str, group: Mapping[Key, Node], slot: int) -> ir.IntegerValue:
        first = next(iter(group.values()))
        if isinstance(first, TopUpNode):
            return self._top_up({key: node for key, node in group.items() if isinstance(node, TopUpNode)}, slot)
        if isinstance(first, CeilingNode):
            ceilings = {key: node.at_most for key, node in group.items() if isinstance(node, CeilingNode)}
            return _positive(self.unpaid - self.number(ceilings))
        if isinstance(first, SaidNode):
            raise TypeError("a table does not say what a layer paid")
        return self._bands(name, {key: node for key, node in group.items() if isinstance(node, BandsNode)})

    def _top_up(self, group: Mapping[Key, TopUpNode], slot: int) -> ir.IntegerValue:
        """The share of the settlement's cost less what the layers before paid."""
        parts = lcm(*(node.share.denominator for node in group.values()))
        cost = self.choose({key: node.of for key, node in group.items()}, lambda of: self[of])
        share = self.number({key: int(node.share * parts) for key, node in group.items()})
        before = _sum(self[f"p{number}"] for number in range(slot))
        return ibis.least(_positive((cost * share + parts // 2) // parts - before), self.unpaid)

    def _bands(self, name: str, group: Mapping[Key, BandsNode]) -> ir.IntegerValue:
        """The bands, the guarantee and the cap of a layer, on what is unpaid."""
        scale, denominator = _parts(group.values())
        parts, deductible = scale * denominator, self._deductible(name, group, scale)
        self._add(**{f"over{name}": self.unpaid * scale - deductible})
        tiers = range(max(len(node.tiers) for node in group.values()))
        earned = _sum(self._tier(name, number, group, (scale, denominator)) for number in tiers)
        pays = self._guaranteed(name, group, (earned + parts // 2) // parts, (scale, deductible))
        return self._at_most(f"cap{name}", pays, {key: node.cap for key, node in group.items()})

    def _tier(self, name: str, number: int, group: Mapping[Key, BandsNode], parts: tuple[int, int]) -> ir.IntegerValue:
        """What one tier earns, in 1/(scale * denominator) fen; a node without that many tiers earns nothing there."""
        scale, denominator = parts
        tiers = {key: node.tiers[number] if number < len(node.tiers) else None for key, node in group.items()}
        above = self.number({key: tier.above * scale if tier else 0 for key, tier in tiers.items()})
        widths = {key: None if tier is None or tier.up_to is None else (tier.up_to - tier.above) * scale for key, tier in tiers.items()}
        rate = self.number({key: int(tier.rate * denominator) if tier else 0 for key, tier in tiers.items()})
        reached = _positive(self[f"over{name}"] - above)
        return self._at_most(f"tier{name}_{number}", reached, widths) * rate

    def _deductible(self, name: str, group: Mapping[Key, BandsNode], scale: int) -> ir.IntegerValue:
        """The deductible in 1/scale fen: fixed, or a share of the total between its ends."""
        rules = {key: node.deductible for key, node in group.items()}
        fixed = {key: rule.fen * scale for key, rule in rules.items() if isinstance(rule, FixedDeductible)}
        shares = {key: rule for key, rule in rules.items() if isinstance(rule, ShareDeductible)}
        kinds = {key: "fixed" if key in fixed else "rounded" if shares[key].rounded else "exact" for key in rules}

        def deducted(kind: str, keys: Mapping[Key, str]) -> ir.IntegerValue:
            return self.number(fixed) if kind == "fixed" else self._share_of_total({key: shares[key] for key in keys}, scale)

        return self.either(f"d{name}", kinds, deducted)

    def _share_of_total(self, group: Mapping[Key, ShareDeductible], scale: int) -> ir.IntegerValue:
        if next(iter(group.values())).rounded:
            parts = lcm(*(rule.share.denominator for rule in group.values()))
            _prove_exact(parts)
            numerator = self.number({key: int(rule.share * parts) for key, rule in group.items()})
            share = (self["total"] * numerator + parts // 2) // parts * scale
        else:
            share = self["total"] * self.number({key: int(rule.share * scale) for key, rule in group.items()})
        floor, ceiling = ({key: getattr(rule, end) * scale for key, rule in group.items()} for end in ("floor", "ceiling"))
        return ibis.least(ibis.greatest(share, self.number(floor)), self.number(ceiling))

    def _guaranteed(
        self, name: str, group: Mapping[Key, BandsNode], pays: ir.IntegerValue, deducted: tuple[int, ir.IntegerValue]
    ) -> ir.IntegerValue:
        """At least the guaranteed share of the bill above the deductible (with its scale), where there is one."""
        shares = {key: node.guarantee for key, node in group.items() if node.guarantee is not None and node.over == "stay"}
        if not shares:
            return pays
        scale, deductible = deducted
        parts = lcm(*(share.denominator for share in shares.values()))
        _prove_exact(parts * scale)
        numerator = self.number({key: int(share * parts) for key, share in shares.items()})
        least = ((self["total"] * scale - deductible) * numerator + parts * scale // 2) // (parts * scale)
        held = {key: key in shares for key in group}
        return self.either(f"least{name}", held, lambda given, _: ibis.greatest(pays, least) if given else pays)

    def _at_most(self, name: str, value: ir.IntegerValue, limits: Mapping[Key, int | None]) -> ir.IntegerValue:
        """The value, at most the limit where there is one: no limit is no `least`, never a huge number."""
        known = {key: limit for key, limit in limits.items() if limit is not None}
        if not known:
            return value
        held = {key: key in known for key in limits}
        return self.either(name, held, lambda limited, _: ibis.least(value, self.number(known)) if limited else value)

    def _paid(self, layer: str) -> ir.IntegerValue:
        """The payout of a layer, whichever place it has in its edition's order."""
        places = {
            key: next((slot for slot, each in enumerate(cell.plan.layers) if each.key == layer and isinstance(each, PaidLayer)), None)
            for key, cell in self.plans.items()
        }
        return self.choose(places, lambda slot: _int(0) if slot is None else self[f"p{slot}"])

    def _depends(self) -> ir.IntegerValue:
        """1 where a layer that may pay cannot be computed, unless a later one that makes its amount irrelevant has paid."""

        def depends(absorbers: tuple[str | None, ...], _: Mapping[Key, tuple[str | None, ...]]) -> ir.IntegerValue:
            if None in absorbers or not absorbers:
                return _int(1 if absorbers else 0)
            return ibis.greatest(*((self[f"paid_{layer}"] == 0).cast("int64") for layer in absorbers), _int(0))

        return self.either("depends", {key: _absorbers(each.plan) for key, each in self.plans.items()}, depends)


def _absorbers(plan: Plan) -> tuple[str | None, ...]:
    """For each layer that cannot be computed the layer that makes its amount irrelevant, if any."""
    paid = {layer.key for layer in plan.paid()}
    silent = [layer for layer in plan.layers if isinstance(layer, SilentLayer) and layer.status == "not_computable"]
    return tuple(dict.fromkeys(layer.absorbed_by if layer.absorbed_by in paid else None for layer in silent))


def _paid_at(plan: Plan, slot: int) -> PaidLayer | None:
    layer = plan.layers[slot] if slot < len(plan.layers) else None
    return layer if isinstance(layer, PaidLayer) else None


def _groups(nodes: Mapping[Key, Node]) -> list[dict[Key, Node]]:
    """The nodes of one kind together, bands as far as one common denominator keeps them exact."""
    groups: list[list[Node]] = []
    for node in dict.fromkeys(nodes.values()):
        group = next((group for group in groups if _goes_with(group, node)), None)
        if group is None:
            groups.append([node])
        else:
            group.append(node)
    member = {node: number for number, group in enumerate(groups) for node in group}
    keys: list[dict[Key, Node]] = [{} for _ in groups]
    for key, node in nodes.items():
        keys[member[node]][key] = node
    return keys


def _goes_with(group: Sequence[Node], node: Node) -> bool:
    members = [*group, node]
    if type(group[0]) is not type(node):
        return False
    bands = [member for member in members if isinstance(member, BandsNode)]
    shares = [member.share.denominator for member in members if isinstance(member, TopUpNode)]
    return _is_exact(_finest(bands) if bands else lcm(*shares))


def _finest(nodes: Sequence[BandsNode]) -> int:
    """Into how many parts a fen is split at most where nodes are worked out together."""
    scale, denominator = _parts(nodes)
    guarantees = [node.guarantee.denominator for node in nodes if node.guarantee is not None]
    shares = [node.deductible.share.denominator for node in nodes if isinstance(node.deductible, ShareDeductible)]
    return max(scale * denominator, scale * lcm(*guarantees), lcm(*shares))


def _parts(nodes: Iterable[BandsNode]) -> tuple[int, int]:
    """The scale in which all deductibles are whole, and the common denominator of all rates."""
    known = list(nodes)
    return lcm(*(node.scale for node in known)), lcm(*(node.denominator for node in known))


def _is_exact(parts: int) -> bool:
    return LIMIT * parts + parts < EXACT


def _prove_exact(parts: int) -> None:
    if not _is_exact(parts):
        raise ValueError(f"shares need a common denominator of {parts}, too fine to stay exact at the largest bill")


def _int(number: int) -> ir.IntegerValue:
    return ibis.literal(number, "int64")


def _positive(value: ir.IntegerValue) -> ir.IntegerValue:
    return ibis.greatest(value, _int(0))


def _sum(values: Iterable[ir.IntegerValue]) -> ir.IntegerValue:
    total: ir.IntegerValue | None = None
    for value in values:
        total = value if total is None else total + value
    return _int(0) if total is None else total
