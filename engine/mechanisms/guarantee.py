"""Guarantee (保底): a layer pays at least a share of what the bill leaves above the deductible, self-funded cost included.

at_least: {share_above_deductible: {value: 45%, …}}
"""

from engine.cell import PackModel
from engine.figures import Figure
from engine.quantities import RateText


class Guarantee(PackModel):
    """At least this share of (total - deductible); a rate of at most 100% keeps it within that sum."""

    share_above_deductible: Figure[RateText]
