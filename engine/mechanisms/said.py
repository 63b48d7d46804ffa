"""Said: what a layer that cannot be computed is known to have paid of a bill, from its settlement sheet. No pack writes it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SaidNode:
    """The plan form: the layer pays what the case says, and never more than is unpaid. `counts`: the sum of the year it would run on."""

    counts: str | None = None
