"""Holds the rule's several ways equal to the engine, to the fen. `python -m benchmarks.rules.check [NUMBER]`"""

import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import click

from benchmarks.rows import NotRun
from benchmarks.rules import interpreter, openfisca_system, straight_line, with_decimal
from benchmarks.rules.bills import Answer, Bill, edgy, usual
from engine import Case, Shelf, estimate, read_shelf

POLICIES = Path(__file__).parents[2] / "data" / "policies"
TODAY = date(2026, 1, 1)

#: The ways in plain Python. OpenFisca's, which settles whole tables, stands apart.
WAYS: dict[str, Callable[..., tuple[int, ...]]] = {
    "straight_line": straight_line.settle,
    "with_decimal": with_decimal.settle,
    "interpreter": interpreter.settle,
}


def case_of(bill: Bill) -> Case:
    """The bill as the engine is asked about it."""
    return Case.model_construct(
        place="anhui-bozhou",
        category=bill.category,
        facility=bill.facility,
        registered=bill.registered,
        total=bill.total,
        self_funded=bill.self_funded,
    )


def engine_answers(bills: Sequence[Bill], shelf: Shelf) -> list[Answer]:
    """What `engine.estimate` says of each bill."""
    return [_answer(bill, shelf) for bill in bills]


def _answer(bill: Bill, shelf: Shelf) -> Answer:
    told = estimate(case_of(bill), shelf, TODAY)
    if told.out_of_pocket is None:
        raise ValueError(f"the engine refuses {bill}")
    layers = {layer.key: layer.payout for layer in told.layers}
    return Answer(layers["basic"], layers["critical_illness"], layers["medical_aid"], told.out_of_pocket.amount)


def differences(way: Callable[..., tuple[int, ...]], bills: Sequence[Bill], wanted: Sequence[Answer]) -> list[str]:
    """Every bill that a way settles otherwise."""
    return _differences(bills, [way(*bill) for bill in bills], wanted)


def openfisca_differences(bills: Sequence[Bill], wanted: Sequence[Answer]) -> list[str]:
    """Every bill that OpenFisca settles otherwise, tuned and as documented, and the first alone. Raises NotRun without it."""
    systems = [openfisca_system.System(tuned=tuned) for tuned in (True, False)]
    import numpy as np

    columns = {name: np.array([getattr(bill, name) for bill in bills]) for name in Bill._fields}
    alone = _differences(bills[:1], [systems[0].settle(*bills[0])], wanted[:1])
    tables = [zip(*(amounts.tolist() for amounts in system.settle_many(columns)), strict=True) for system in systems]
    return alone + [wrong for table in tables for wrong in _differences(bills, list(table), wanted)]


def _differences(bills: Sequence[Bill], found: Sequence[tuple[int, ...]], wanted: Sequence[Answer]) -> list[str]:
    rows = zip(bills, found, wanted, strict=True)
    return [f"{bill}: {answer}, the engine has {tuple(right)}" for bill, answer, right in rows if tuple(answer) != tuple(right)]


def main(number: int = 100_000) -> int:
    """Compare so many bills, half of them near the edges of rules; the number of ways that differ."""
    bills = usual(number // 2) + edgy(number - number // 2)
    wanted, wrong = engine_answers(bills, read_shelf([POLICIES])), 0
    for name, way in WAYS.items():
        wrong += _tell(name, differences(way, bills, wanted), number)
    try:
        wrong += _tell("openfisca_system", openfisca_differences(bills, wanted), number)
    except NotRun as reason:
        click.echo(f"openfisca_system: not run: {reason}")
    return wrong


def _tell(name: str, wrong: Sequence[str], number: int) -> int:
    click.echo("\n  ".join([f"{name}: {len(wrong)} of {number} differ", *wrong[:5]]))
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(min(1, main(*map(int, sys.argv[1:]))))
