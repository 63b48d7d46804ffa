"""Hand-worked cases: a file of rows, each settled and held against what was worked out by hand, every difference with its place.

    - fact: a county hospital deducts 400 and pays 80% of the rest
      case: {place: example-county, category: ordinary, facility: county, total: "20000", self_funded: "0"}
      expect: {basic: "15680.00", out_of_pocket: "4320.00"}

`expect` holds payouts by layer, `out_of_pocket`, `low`, `high`, `hospital_borne`, `status`, `layers` (the status of each that is named),
`cautions` (keys that must be among them), or `error` alone: the field of the case that is wrong.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from engine.case import read_case
from engine.cell import PackModel
from engine.errors import CaseError, Problem
from engine.estimate import Estimate, estimate
from engine.money import yuan
from engine.policy import mistakes, pack_error
from engine.shelf import Shelf
from engine.yaml_tree import Location, read_tree

#: Fields of a case that are counts; every other scalar of the file stays text.
_COUNTS = frozenset({"age", "stays", "later"})


class _Row(PackModel):
    fact: str
    case: dict[str, Any]
    expect: Annotated[dict[str, Any], Field(min_length=1)]


_ROWS = TypeAdapter(Annotated[tuple[_Row, ...], Field(min_length=1)])


def check_cases(path: Path, shelf: Shelf, today: date) -> tuple[int, list[Problem]]:
    """How many rows a file has, and where the shelf's rules come to something else. Raises PackError for a file that cannot be read."""
    tree = read_tree(path)
    try:
        rows = _ROWS.validate_python(tree.data)
    except ValidationError as error:
        raise pack_error(tree.problem(location, what) for location, what in mistakes(error)) from error
    return len(rows), [
        tree.problem((number, *location), what) for number, row in enumerate(rows) for location, what in _differences(row, shelf, today)
    ]


def _differences(row: _Row, shelf: Shelf, today: date) -> Iterator[tuple[Location, str]]:
    try:
        answer = estimate(read_case(_typed(row.case)), shelf, today)
    except CaseError as error:
        for fault in error.faults:
            if fault.field != row.expect.get("error"):
                told = "".join(f", {name} {value}" for name, value in fault.values.items())
                yield ("case", *fault.field.split(".")), f"`{fault.field}` is refused: {fault.code}{told}"
        return
    if answer.status == "refused" and row.expect.get("status") != "refused":
        yield ("case",), f"no rule answers: {', '.join(note.key for note in answer.cautions)}"
        return
    found = _found(answer)
    for key, wanted in row.expect.items():
        if key not in found:
            yield ("expect", key), f"unknown key `{key}`, expected one of: {', '.join(found)}"
        elif not _agrees(found[key], wanted):
            yield ("expect", key), f"`{key}` comes to {_told(found[key], wanted)}, expected {_told(wanted, wanted)}"


def _typed(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _typed(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_typed(item) for item in value]
    return int(value) if key in _COUNTS and isinstance(value, str) and value.isascii() and value.isdigit() else value


def _found(answer: Estimate) -> dict[str, Any]:
    """What a row may expect, as an answer has it."""
    own = answer.out_of_pocket
    amounts = (
        {} if own is None else {"out_of_pocket": own.amount, "low": own.low, "high": own.high, "hospital_borne": answer.hospital_borne}
    )
    amounts |= {layer.key: layer.payout for layer in answer.layers}
    found: dict[str, Any] = {"error": None, "status": answer.status, "cautions": [note.key for note in answer.cautions]}
    found["layers"] = {layer.key: layer.status for layer in answer.layers}
    return found | {key: yuan(amount) for key, amount in amounts.items()}


def _agrees(found: Any, wanted: Any) -> bool:
    if isinstance(found, Mapping):
        return isinstance(wanted, dict) and wanted.items() <= found.items()
    if isinstance(found, list):
        return isinstance(wanted, list) and all(key in found for key in wanted)
    return bool(found == wanted)


def _told(value: Any, wanted: Any) -> str:
    """A value for a message; of several statuses only those that are wanted."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {status}" for key, status in value.items() if not isinstance(wanted, Mapping) or key in wanted) or "none"
    return ", ".join(map(str, value)) or "none" if isinstance(value, list) else str(value)
