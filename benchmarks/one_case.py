"""One bill, one answer: the engine against the same rule written by hand, in Decimal, interpreted, and on OpenFisca.

Every side starts from (category, facility, registered, total, self_funded) in fen and ends with three payouts and own cost; reading text
and telling words is in none. Ours is measured in six depths, each by what any caller may use:

first          the program of the bill's cell, which the caller keeps in a dict by (category, facility, registered), and its
               `first(total, eligible)`: payouts in order and own cost of a bill that is the first of its year, what a loop over many of
               them needs. Eligible cost is taken from the bill within the clock. By this rule the hospital bears nothing and no first
               share is told apart; by another the caller would have both from `bills_of` first, as `settle` does
first_working  the same by `first_working(total, eligible)`: payouts, own cost and the steps of every layer
cell           `first` with the `Cell` made and the program found through `Edition.program`
settle         `settle` whole on an empty year: cell and bill made, program found, own cost asked
year           that, with the payouts by name and the year afterwards asked too
working        `settle_with_working` whole on an empty year: cell and bill made, program found, steps of every layer, own cost asked

`settle` and `settle_with_working` take the same way for a bill that is not the first of its year, only by the functions that take the year.
Programs are compiled before the clock runs.
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
    return [*_rows(times), _whole_estimate(shelf, bills, rounds), _openfisca(ours["first"], bills, rounds)]


def _rows(times: dict[str, list[float]]) -> list[Row]:
    def row(question: str, compared: str, ours: str, theirs: str, goal: float | None = None) -> Row:
        measured = (told(times[ours]), told(times[theirs]), ratio(times[ours], times[theirs]))
        return Row.at_most(question, compared, measured, goal)

    return [
        row(NUMBERS, "compiled program at hand, against a straight-line function", "first", "straight_line", GOAL),
        row(NUMBERS, "cell made, program looked up and called, against a straight-line function", "cell", "straight_line"),
        row(NUMBERS, "`settle` whole, against a straight-line function", "settle", "straight_line"),
        row(NUMBERS, "`settle` whole and the year afterwards, against a straight-line function", "year", "straight_line"),
        row(
            WORKING,
            "compiled program at hand, against a straight-line function without any",
            "first_working",
            "straight_line",
            GOAL_WORKING,
        ),
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
    """The engine in six depths."""
    away, empty = edition.policy.referral.required_at, Year()

    def cell_of(category: str, facility: str, registered: bool) -> Cell:
        return Cell(category, facility, CARE, registered or facility not in away)

    facts = [(category, facility, registered) for category in CATEGORIES for facility in FACILITIES for registered in (True, False)]
    programs = {fact: edition.program(cell_of(*fact))[1] for fact in facts}
    numbers = {fact: program.first for fact, program in programs.items()}
    workings = {fact: program.first_working for fact, program in programs.items()}

    def first(category: str, facility: str, registered: bool, total: int, self_funded: int) -> tuple[int, ...]:
        return numbers[category, facility, registered](total, total - self_funded)

    def first_working(category: str, facility: str, registered: bool, total: int, self_funded: int) -> Any:
        return workings[category, facility, registered](total, total - self_funded)

    def cell(category: str, facility: str, registered: bool, total: int, self_funded: int) -> tuple[int, ...]:
        _, program = edition.program(Cell(category, facility, CARE, registered or facility not in away))
        return program.first(total, total - self_funded)

    def whole(category: str, facility: str, registered: bool, total: int, self_funded: int) -> Any:
        here = Cell(category, facility, CARE, registered or facility not in away)
        outcome = settle(edition, here, YearBill(total, self_funded, 0, total - self_funded), empty, {})
        return outcome, outcome.own

    def year(category: str, facility: str, registered: bool, total: int, self_funded: int) -> Any:
        here = Cell(category, facility, CARE, registered or facility not in away)
        outcome = settle(edition, here, YearBill(total, self_funded, 0, total - self_funded), empty, {})
        return outcome, outcome.own, outcome.payouts, outcome.year

    def working(category: str, facility: str, registered: bool, total: int, self_funded: int) -> Any:
        here = Cell(category, facility, CARE, registered or facility not in away)
        outcome = settle_with_working(edition, here, YearBill(total, self_funded, 0, total - self_funded), empty)
        return outcome, outcome.own

    return {"first": first, "first_working": first_working, "cell": cell, "settle": whole, "year": year, "working": working}


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
    if isinstance(answer[0], tuple):
        return [amount for amount in answer[0] if amount]
    outcome, own, *_ = answer
    return [amount for amount in (*outcome.payouts.values(), own) if amount]


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
