"""Sample households: bills without a place, made up to show whom a change of rules touches.

How they are written is told at the head of data/samples/households.yaml.
"""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, StrictBool, ValidationError, model_validator

from engine.case import Case, Fen
from engine.cell import PackModel
from engine.keys import Care, Category, Facility
from engine.money import yuan
from engine.policy import Years, mistakes, pack_error
from engine.text import Text
from engine.yaml_tree import read_tree


class Sample(PackModel):
    """One household's bill, money in fen. `facility` holds the same kind of hospital as different places call it."""

    name: Text
    category: Category
    facility: Annotated[tuple[Facility, ...], Field(min_length=1)]
    care: Care = "inpatient"
    total: Fen
    self_funded: Fen
    first_share: Fen = 0
    age: Years | None = None
    registered: StrictBool | None = None
    emergency: StrictBool | None = None
    insured: StrictBool = True

    @model_validator(mode="after")
    def _parts_within_total(self) -> Self:
        if self.self_funded + self.first_share > self.total:
            raise ValueError(f"`self_funded` and `first_share` come to more than the total of {yuan(self.total)}")
        return self

    def case(self, place: str, facility: str) -> Case:
        """The bill as a case of a place, at one of its levels of hospital."""
        money = {name: yuan(getattr(self, name)) for name in ("total", "self_funded", "first_share")}
        facts = {name: getattr(self, name) for name in ("category", "care", "age", "registered", "emergency", "insured")}
        return Case.model_validate({"place": place, "facility": facility} | facts | money)


class Samples(PackModel):
    """The form of the file."""

    households: Annotated[tuple[Sample, ...], Field(min_length=1)]


def read_samples(path: Path) -> tuple[Sample, ...]:
    """Read the sample households. Raises PackError with every mistake, each as file:line:column."""
    tree = read_tree(path)
    try:
        return Samples.model_validate(tree.data).households
    except ValidationError as error:
        raise pack_error(tree.problem(location, what) for location, what in mistakes(error)) from error
