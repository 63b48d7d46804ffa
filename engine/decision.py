"""Decision: a value for each key of small numbers, as nested CASE expressions over the columns that hold these numbers.

Only the columns a value depends on are asked, so a rate by hospital level becomes one CASE over the level.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TypeVar

import ibis.expr.types as ir

V = TypeVar("V", bound=Hashable)

_Values = dict[tuple[int, ...], V]


def decide(
    values: Mapping[tuple[int, ...], V], columns: Sequence[ir.IntegerValue | None], leaf: Callable[[V], ir.IntegerValue]
) -> ir.IntegerValue:
    """The leaf of the value whose key the columns hold; what comes out for a key that is not among them nobody should ask.

    A column in which no two keys differ may be None. `leaf` may be asked for the same value again, so it gives a number or names a column.
    """
    if len(set(values.values())) == 1:
        return leaf(next(iter(values.values())))
    number, branches = min(((number, _branches(values, number)) for number in _telling(values)), key=lambda split: _leaves(split[1]))
    column, others = columns[number], [*columns[:number], *columns[number + 1 :]]
    branches.sort(key=lambda branch: len(branch[0]))
    *tested, (_, rest) = branches
    otherwise = decide(rest, others, leaf)
    whens = [(number, branch) for numbers, inner in tested for branch in [decide(inner, others, leaf)] for number in numbers]
    return otherwise if column is None or not whens else column.cases(*whens, else_=otherwise)


def _telling(values: Mapping[tuple[int, ...], V]) -> list[int]:
    """The positions in which keys differ."""
    width = len(next(iter(values)))
    return [number for number in range(width) if len({key[number] for key in values}) > 1]


def _branches(values: Mapping[tuple[int, ...], V], number: int) -> list[tuple[list[int], _Values[V]]]:
    """The values split by one position of their keys; coordinates under which nothing differs go together."""
    split: dict[int, _Values[V]] = {}
    for key, value in values.items():
        split.setdefault(key[number], {})[(*key[:number], *key[number + 1 :])] = value
    branches: list[tuple[list[int], _Values[V]]] = []
    for coordinate, inner in split.items():
        same = next((branch for branch in branches if all(branch[1].get(key, value) == value for key, value in inner.items())), None)
        if same is None:
            branches.append(([coordinate], inner))
        else:
            same[0].append(coordinate)
            same[1].update(inner)
    return branches


def _leaves(branches: Sequence[tuple[list[int], _Values[V]]]) -> tuple[int, int]:
    """How large the expression becomes at least."""
    return sum(len(set(inner.values())) for _, inner in branches), len(branches)
