"""What a plan's nodes can come to: the proof at load, and sound ranges when earlier stays of the year are only partly known.

Everything here is monotone in its inputs, so an interval goes in by its two ends and comes out by its two ends.
"""

from engine.mechanisms.bands import BandsNode
from engine.mechanisms.ceiling import CeilingNode
from engine.mechanisms.deductible import FixedDeductible
from engine.mechanisms.top_up import TopUpNode
from engine.money import LIMIT

#: The largest dividend a plan may form, so that a table engine dividing through doubles stays exact too.
EXACT = 2**53

Interval = tuple[int, int]


def check_bounds(node: BandsNode) -> None:
    """Raises ValueError when a dividend could reach 2^53 or a rounded value fall below zero for any bill and year up to the limit."""
    parts = node.denominator * node.scale
    top = _earned(node, LIMIT, LIMIT)
    guarantee = 0 if node.guarantee is None else LIMIT * node.scale * node.guarantee.numerator
    if max(top + parts // 2, LIMIT * parts, guarantee) >= EXACT:
        raise ValueError(f"rates and deductible need a denominator of {parts}, too fine to stay exact at the largest bill")
    if min(_earned(node, 0, 0), top) < 0 or top > LIMIT * parts or (node.cap is not None and node.cap < 0):
        raise ValueError("the layer could pay less than nothing or more than its base")


def payout(node: BandsNode, base: int, total: int) -> int:
    """What the bands and the guarantee come to for a base and a stay's total, in whole fen, rounded half up, before any cap."""
    parts = node.denominator * node.scale
    paid = (_earned(node, base, total) + parts // 2) // parts
    if node.guarantee is not None:
        share, over = node.guarantee, max(0, total * node.scale - _deductible(node, total))
        whole = share.denominator * node.scale
        paid = max(paid, (over * share.numerator + whole // 2) // whole)
    return paid


def settle_stay(node: BandsNode, base: Interval, total: int, capped: Interval) -> Interval:
    """The payout of a layer per stay whose yearly cap is used up by what it `capped` before."""
    return _capped(node, (payout(node, base[0], total), payout(node, base[1], total)), capped)


def settle_year(node: BandsNode, before: Interval, now: Interval, paid: Interval, capped: Interval) -> Interval:
    """The payout of a yearly layer: what the sum of the year earns less what was paid, never more than this stay has unpaid."""
    low = payout(node, before[0] + now[0], 0) - paid[1]
    high = payout(node, before[1] + now[1], 0) - paid[0]
    low, high = _capped(node, (low, high), capped)
    return max(0, min(low, now[0])), max(0, min(high, now[1]))


def settle_top_up(node: TopUpNode, cost: Interval, before: Interval, now: Interval) -> Interval:
    """The payout of a top-up: the share of the cost less what layers `before` it paid."""
    return max(0, min(node.target(cost[0]) - before[1], now[0])), max(0, min(node.target(cost[1]) - before[0], now[1]))


def settle_ceiling(node: CeilingNode, before: Interval, now: Interval, paid: Interval, peak: Interval) -> Interval:
    """The payout of a ceiling over the year."""
    low = before[0] + now[0] - node.over(peak[1]) - paid[1]
    high = before[1] + now[1] - node.over(peak[0]) - paid[0]
    return max(0, min(low, now[0])), max(0, min(high, now[1]))


def _capped(node: BandsNode, pays: Interval, capped: Interval) -> Interval:
    if node.cap is None:
        return pays
    return max(0, min(pays[0], node.cap - capped[1])), max(0, min(pays[1], node.cap - capped[0]))


def _earned(node: BandsNode, base: int, total: int) -> int:
    """What the tiers come to before rounding, in 1/(denominator * scale) fen."""
    over = base * node.scale - _deductible(node, total)
    earned = 0
    for tier in node.tiers:
        upper = over if tier.up_to is None else min(over, tier.up_to * node.scale)
        earned += max(0, upper - tier.above * node.scale) * int(tier.rate * node.denominator)
    return earned


def _deductible(node: BandsNode, total: int) -> int:
    """The deductible in 1/scale fen."""
    rule = node.deductible
    if isinstance(rule, FixedDeductible):
        return rule.fen
    return rule.of(total)
