"""What a benchmark found out, and how it is told."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import click


class NotRun(Exception):  # noqa: N818 - not an error: a library is missing
    """A benchmark cannot run here; the message says why."""


class Spread(NamedTuple):
    """The median of some repeats, and between what the middle four fifths of them lie."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """Median, 10th and 90th percentile (the nearest measured values)."""
        known, last = sorted(values), len(values) - 1
        return cls(known[round(last / 2)], known[round(last / 10)], known[round(last * 9 / 10)])


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison. `ratio` is ours by theirs unless `goal` says otherwise; without a goal `ok` is None."""

    question: str
    compared: str
    ours: str
    theirs: str = ""
    ratio: float | None = None
    spread: tuple[float, float] | None = None
    goal: str = ""
    ok: bool | None = None

    @classmethod
    def at_most(cls, question: str, compared: str, measured: tuple[str, str, Spread], goal: float | None = None) -> Self:
        """A row whose ratio should be at most so much; `measured` is ours, theirs and their ratio."""
        ours, theirs, ratio = measured
        met = None if goal is None else ratio.median <= goal
        return cls(question, compared, ours, theirs, ratio.median, (ratio.low, ratio.high), "" if goal is None else f"≤ {goal:g} ×", met)

    @classmethod
    def not_run(cls, question: str, reason: str) -> Self:
        """A comparison that could not be made here."""
        return cls(question, f"not run: {reason}", "")

    def cells(self) -> tuple[str, ...]:
        """The row as it stands in a table."""
        ratio = "" if self.ratio is None else f"{number(self.ratio)} ×"
        spread = "" if self.spread is None else f"{number(self.spread[0])} to {number(self.spread[1])}"
        return (self.question, self.compared, self.ours, self.theirs, ratio, spread, self.goal, _MET[self.ok])


_WHOLE = 100
_MET = {True: "yes", False: "NO", None: ""}

HEAD = ("question", "compared", "ours", "theirs", "ratio", "10th to 90th percentile", "goal", "met")


def number(value: float) -> str:
    """Three figures that count: 0.612, 1.85, 204."""
    return f"{value:.0f}" if abs(value) >= _WHOLE else f"{value:.3g}"


def markdown(rows: Sequence[Row]) -> str:
    """The rows as a table."""
    lines = [HEAD, ("---",) * len(HEAD), *(row.cells() for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def show(rows: Sequence[Row]) -> None:
    """The rows on the screen, one fact a line: a table of eight columns fits none."""
    for row in rows:
        question, compared, ours, theirs, ratio, spread, goal, met = row.cells()
        click.echo(f"  {question}: {compared}")
        if ours:
            against = f" against {theirs}" if theirs else ""
            found = f": {ratio} ({spread})" if spread else f": {ratio}" if ratio else ""
            wanted = f"; goal {goal}" + (f", met: {met}" if met else "") if goal else ""
            click.echo(f"      {ours}{against}{found}{wanted}")
