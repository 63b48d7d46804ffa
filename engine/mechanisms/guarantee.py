"""Guarantee (保底): a layer pays at least a share of what the bill leaves above the deductible, self-funded cost included.

at_least: {share_above_deductible: {value: 45%, …}}
when: {registered: true}        the stays it holds for, all unless said

It counts the whole bill, so nothing may pay before it and the hospital may bear nothing of the stays it holds for.
"""

from engine.cell import PackModel, When
from engine.figures import Figure
from engine.quantities import RateText


class Guarantee(PackModel):
    """At least this share of (total - deductible); a rate of at most 100% keeps it within that sum."""

    when: When = When()
    share_above_deductible: Figure[RateText]
