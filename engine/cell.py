"""A cell: the facts of a settlement that come from short lists. One plan, with all its figures resolved, belongs to each cell."""

from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from engine.keys import Care, Category, Facility


class Cell(NamedTuple):
    """`registered` is what counts for the rules: true where referral does not matter and in an emergency."""

    category: str
    facility: str
    care: str
    registered: bool


class PackModel(BaseModel):
    """Base of everything that is read from a pack: frozen, and no key is accepted that has no meaning."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class When(PackModel):
    """A condition on a cell: every list that is given must hold the cell's key. An empty condition always holds."""

    category: tuple[Category, ...] | None = None
    facility: tuple[Facility, ...] | None = None
    care: tuple[Care, ...] | None = None
    registered: bool | None = None

    def holds(self, cell: Cell) -> bool:
        """Whether the cell meets the condition."""
        lists = ((self.category, cell.category), (self.facility, cell.facility), (self.care, cell.care))
        if any(allowed is not None and key not in allowed for allowed, key in lists):
            return False
        return self.registered is None or self.registered == cell.registered
