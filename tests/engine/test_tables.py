"""Rule cases as tables: one row, one fact, to the fen."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine import CaseError, Estimate, estimate, read_case, yuan
from tests.shelf import SHELF

#: The day the tables were checked for; it only decides whether a verified day has passed.
TODAY = date(2026, 11, 24)

ROWS = [
    pytest.param(row, id=f"{path.stem}: {row['fact']}")
    for path in sorted(Path(__file__).with_name("tables").glob("*.yaml"))
    for row in yaml.safe_load(path.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize("row", ROWS)
def test_a_case_settles_as_its_row_says(row: dict[str, Any]) -> None:
    """Every figure a row expects is what the engine gives, and what the money adds up to is the bill."""
    expect = dict(row["expect"])
    if "error" in expect:
        with pytest.raises(CaseError) as caught:
            estimate(read_case(row["case"]), SHELF, TODAY)
        assert expect["error"] in [fault.field for fault in caught.value.faults]
        return
    answer = estimate(read_case(row["case"]), SHELF, TODAY)
    assert {key: _found(answer, key, wanted) for key, wanted in expect.items()} == expect
    if answer.out_of_pocket is not None:
        assert answer.paid + answer.hospital_borne + answer.out_of_pocket.amount == answer.case.total


def _found(answer: Estimate, key: str, wanted: Any) -> Any:
    if key == "status":
        return answer.status
    if key == "layers":
        return {layer.key: layer.status for layer in answer.layers if layer.key in wanted}
    if key == "cautions":
        return [note.key for note in answer.cautions if note.key in wanted]
    if key == "hospital_borne":
        return yuan(answer.hospital_borne)
    own = answer.out_of_pocket
    if key in ("out_of_pocket", "low", "high"):
        return own and yuan({"out_of_pocket": own.amount, "low": own.low, "high": own.high}[key])
    layer = answer.layer(key)
    return layer and yuan(layer.payout)
