"""A cell: the facts of a settlement that come from short lists. One plan, with all its figures resolved, belongs to each cell."""

from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from engine.keys import Age, Care, Category, Facility


class Cell(NamedTuple):
    """`registered` is what counts for the rules: true where referral does not matter and in an emergency.

    `age` is the pack's age group; `later` says that a stay of the year came before that the pack counts for its later stays. `said` names
    the layers of which the case says what they paid.
    """

    category: str
    facility: str
    care: str
    registered: bool = True
    insured: bool = True
    age: str = "adult"
    later: bool = False
    said: frozenset[str] = frozenset()


class PackModel(BaseModel):
    """Base of everything that is read from a pack: frozen, and no key is accepted that has no meaning."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class When(PackModel):
    """A condition on a cell: every list that is given must hold the cell's key. An empty condition always holds."""

    category: tuple[Category, ...] | None = None
    facility: tuple[Facility, ...] | None = None
    care: tuple[Care, ...] | None = None
    age: tuple[Age, ...] | None = None
    registered: bool | None = None
    insured: bool | None = None
    later: bool | None = None

    def holds(self, cell: Cell) -> bool:
        """Whether the cell meets the condition."""
        lists = ((self.category, cell.category), (self.facility, cell.facility), (self.care, cell.care), (self.age, cell.age))
        if any(allowed is not None and key not in allowed for allowed, key in lists):
            return False
        flags = ((self.registered, cell.registered), (self.insured, cell.insured), (self.later, cell.later))
        return all(wanted is None or wanted == given for wanted, given in flags)
