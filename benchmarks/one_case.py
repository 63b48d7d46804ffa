"""One bill, one answer: the engine against the same rule written by hand, in Decimal, interpreted, and on OpenFisca.

Every side starts from (category, facility, registered, total, self_funded) in fen and ends with three payouts and own cost; reading text
and telling words is in none. Ours is measured in four depths:

program   the compiled program of the bill's cell found in a dict by (category, facility, registered), called on an empty year, own cost
          taken from the payouts: what a loop over many first bills needs
cell      the same, with the `Cell` made and the program found through `Edition.program`: what any caller can do
settle    `settle` whole: cell, bill, the year's inputs, the split of own cost, the year afterwards
working   `settle_with_working` whole: that, and the steps of every layer

`settle` and `working` so do more than they are compared with: they also carry the year on.
"""

import cProfile
import pstats
from collections.abc import Callable, Sequence
from typing import Any

import click

from benchmarks.rows import NotRun, Row, show
from benchmarks.rules import interpreter, straight_line, with_decimal
from benchmarks.rules.bills import CATEGORIES, FACILITIES, Bill, usual
from benchmarks.rules.check import POLICIES, TODAY, case_of
from benchmarks.rules.openfisca_system import System
from benchmarks.timing import interleaved, over, ratio, told
from engine import Edition, Shelf, estimate, read_shelf
from engine.cell import Cell
from engine.year import Bill as YearBill
from engine.year import Year, settle, settle_with_working

Settle = Callable[..., object]

NUMBERS, WORKING = "one bill, numbers only", "one bill with its full working"
GOAL, GOAL_WORKING = 0.6, 2.0
CARE = "inpatient"


def run(quick: bool) -> list[Row]:
    """Measure, print where our time goes, and compare."""
    shelf = read_shelf([POLICIES])
    edition = shelf.editions()[[each.pack.key for each in shelf.editions()].index("anhui-bozhou/2022")]
    bills, rounds = usual(300), 25 if quick else 200
    ours = _ours(edition)
    sides = ours | {"straight_line": straight_line.settle, "with_decimal": with_decimal.settle, "interpreter": interpreter.settle}
    _agree(sides, bills)
    times = interleaved({name: over(side, bills) for name, side in sides.items()}, rounds, len(bills))
    _profile("settle", ours["settle"], bills)
    _profile("working", ours["working"], bills)
    return [*_rows(times), _whole_estimate(shelf, bills, rounds), _openfisca(ours["program"], bills, rounds)]


def _rows(times: dict[str, list[float]]) -> list[Row]:
    def row(question: str, compared: str, ours: str, theirs: str, goal: float | None = None) -> Row:
        measured = (told(times[ours]), told(times[theirs]), ratio(times[ours], times[theirs]))
        return Row.at_most(question, compared, measured, goal)

    return [
        row(NUMBERS, "compiled program at hand, against a straight-line function", "program", "straight_line", GOAL),
        row(NUMBERS, "cell made, program looked up and called, against a straight-line function", "cell", "straight_line", GOAL),
        row(NUMBERS, "`settle` whole, with the year carried on, against a straight-line function", "settle", "straight_line", GOAL),
        row(WORKING, "`settle_with_working` whole, against a straight-line function without any", "working", "straight_line", GOAL_WORKING),
        row(NUMBERS, "`settle` whole, against Decimal", "settle", "with_decimal"),
        row(NUMBERS, "`settle` whole, against an interpreter of the rule tree", "settle", "interpreter"),
    ]


def _whole_estimate(shelf: Shelf, bills: Sequence[Bill], rounds: int) -> Row:
    """The whole answer with figures, sources, doubts and ranges, of a case already read."""
    some = bills[:50]
    cases = [(case_of(bill),) for bill in some]
    turns = {"estimate": over(lambda case: estimate(case, shelf, TODAY), cases), "line": over(straight_line.settle, some)}
    times = interleaved(turns, rounds, len(some))
    measured = (told(times["estimate"]), told(times["line"]), ratio(times["estimate"], times["line"]))
    compared = "`estimate` with ranges, figures and sources, against a straight-line function"
    return Row.at_most("one bill, the whole answer", compared, measured)


def _openfisca(ours: Settle, bills: Sequence[Bill], rounds: int) -> Row:
    """A simulation of one person, as its web API makes for each request, without the request."""
    try:
        theirs = System()
    except NotRun as reason:
        return Row.not_run(NUMBERS, f"against OpenFisca-Core: {reason}")
    some = bills[:20]
    times = interleaved({"ours": over(ours, some), "theirs": over(theirs.settle, some)}, max(5, rounds // 4), len(some))
    measured = (told(times["ours"]), told(times["theirs"]), ratio(times["ours"], times["theirs"]))
    return Row.at_most(NUMBERS, "compiled program at hand, against OpenFisca-Core, one simulation a bill", measured)


def _ours(edition: Edition) -> dict[str, Settle]:
    """The engine in four depths."""
    away, empty = edition.policy.referral.required_at, Year()

    def cell_of(category: str, facility: str, registered: bool) -> Cell:
        return Cell(category, facility, CARE, registered or facility not in away)

    def at_hand(category: str, facility: str, registered: bool) -> tuple[Callable[..., tuple[int, ...]], tuple[int, ...]]:
        _, program = edition.program(cell_of(category, facility, registered))
        return program.numbers, _no_year(program.numbers)

    facts = [(category, facility, registered) for category in CATEGORIES for facility in FACILITIES for registered in (True, False)]
    programs = {fact: at_hand(*fact) for fact in facts}

    def program(category: str, facility: str, registered: bool, total: int, self_funded: int) -> tuple[tuple[int, ...], int]:
        numbers, year = programs[category, facility, registered]
        payouts = numbers(total, total - self_funded, *year)
        return payouts, total - sum(payouts)

    def cell(category: str, facility: str, registered: bool, total: int, self_funded: int) -> tuple[tuple[int, ...], int]:
        _, program = edition.program(Cell(category, facility, CARE, registered or facility not in away))
        payouts = program.numbers(total, total - self_funded, *_no_year(program.numbers))
        return payouts, total - sum(payouts)

    def whole(category: str, facility: str, registered: bool, total: int, self_funded: int) -> Any:
        here = Cell(category, facility, CARE, registered or facility not in away)
        outcome = settle(edition, here, YearBill(total, self_funded, 0, total - self_funded), empty, {})
        return outcome.payouts, outcome.own

    def working(category: str, facility: str, registered: bool, total: int, self_funded: int) -> Any:
        here = Cell(category, facility, CARE, registered or facility not in away)
        outcome, steps = settle_with_working(edition, here, YearBill(total, self_funded, 0, total - self_funded), empty)
        return outcome.payouts, outcome.own, steps

    return {"program": program, "cell": cell, "settle": whole, "working": working}


def _no_year(numbers: Callable[..., Any]) -> tuple[int, ...]:
    """Noughts for the arguments of a program that the year gives."""
    return (0,) * (numbers.__code__.co_argcount - 2)


def _agree(sides: dict[str, Settle], bills: Sequence[Bill]) -> None:
    """No side is measured on wrong answers."""
    for bill in bills:
        right = straight_line.settle(*bill)
        for name in sides:
            if _amounts(sides[name](*bill)) != [amount for amount in right if amount]:
                raise ValueError(f"{name} settles {bill} otherwise than the straight-line function")


def _amounts(answer: Any) -> list[int]:
    """The amounts of an answer of any form that are not nought, in order."""
    if isinstance(answer[0], int):
        return [amount for amount in answer if amount]
    payouts = answer[0] if isinstance(answer[0], tuple) else answer[0].values()
    return [amount for amount in (*payouts, answer[1]) if amount]


def _profile(name: str, side: Settle, bills: Sequence[Bill], most: int = 10) -> None:
    """Where the time goes. The profiler makes small calls look dearer than they are: a hint, not a measure."""
    turn, profile = over(side, bills), cProfile.Profile()
    profile.runcall(turn)
    stats: Any = pstats.Stats(profile)
    whole = stats.total_tt
    click.echo(f"  where `{name}` spends its time, by the profiler:")
    by_own_time = sorted(stats.stats.items(), key=lambda item: -item[1][2])
    for (path, _, function), (_, calls, own, *_) in by_own_time[:most]:
        where = "" if path == "~" else f" in {path.rsplit('/', 1)[-1]}"
        click.echo(f"    {own / whole:6.1%}  {function}{where}, {calls / len(bills):.1f} calls a bill")


if __name__ == "__main__":
    show(run(quick=False))
