"""What a plan's nodes can come to: the proof at load, and sound ranges when earlier stays of the year are only partly known.

Everything here is monotone in its inputs, so an interval goes in by its two ends and comes out by its two ends.
"""

from engine.mechanisms.bands import BandsNode
from engine.mechanisms.deductible import FixedDeductible
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
    """What the bands, the guarantee and the cap come to for a base and a stay's total, in whole fen, rounded half up."""
    parts = node.denominator * node.scale
    paid = (_earned(node, base, total) + parts // 2) // parts
    if node.guarantee is not None:
        share, over = node.guarantee, max(0, total * node.scale - _deductible(node, total))
        whole = share.denominator * node.scale
        paid = max(paid, (over * share.numerator + whole // 2) // whole)
    return paid if node.cap is None else min(paid, node.cap)


def settle_stay(node: BandsNode, base: Interval, total: int, paid: Interval) -> Interval:
    """The payout of a layer per stay whose yearly cap is used up by what was `paid` before."""
    low, high = payout(node, base[0], total), payout(node, base[1], total)
    if node.cap is None:
        return low, high
    return max(0, min(low, node.cap - paid[1])), max(0, min(high, node.cap - paid[0]))


def settle_year(node: BandsNode, before: Interval, now: Interval, paid: Interval) -> Interval:
    """The payout of a yearly layer: what the sum of the year earns less what was paid, never more than this stay has unpaid."""
    low = payout(node, before[0] + now[0], 0) - paid[1]
    high = payout(node, before[1] + now[1], 0) - paid[0]
    return max(0, min(low, now[0])), max(0, min(high, now[1]))


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
    return min(max(total * rule.share.numerator, rule.floor * node.scale), rule.ceiling * node.scale)
