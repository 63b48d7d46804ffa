"""The order of questions and of the changes offered under an estimate, read from data/flows."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from engine import PackError, read_tree

Question = Literal["place", "category", "facility", "total"]
Change = Literal["self_funded", "earlier", "registered", "emergency", "first_share", "facility", "category", "total", "on"]
Beside = Literal["compare", "changed", "year", "sheet", "admission", "another", "people"]


class Flow(BaseModel):
    """`questions` are what a first estimate needs; `changes` what is offered afterwards, `beside` what can be asked then."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    questions: tuple[Question, ...]
    changes: tuple[Change, ...]
    beside: tuple[Beside, ...]


def read_flow(path: Path) -> Flow:
    """Read a flow. Raises PackError pointing at the mistake."""
    tree = read_tree(path)
    try:
        return Flow.model_validate(tree.data)
    except ValidationError as error:
        raise PackError([tree.problem(detail["loc"], detail["msg"]) for detail in error.errors()]) from error
