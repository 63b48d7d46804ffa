"""What can be wrong with a pack or a case, with a stable code for programs."""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as attribute


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a file: where it stands, what is wrong and what was expected."""

    file: str
    line: int
    column: int
    what: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.what}"


class PackError(Exception):
    """A pack that cannot be used; `problems` holds every mistake found, in the order of the file."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Fault:
    """One wrong field of a case. `code` is stable; `values` fill the sentence that a door speaks."""

    field: str
    code: str
    values: Mapping[str, str] = attribute(default_factory=dict)


class CaseError(Exception):
    """A request that is wrong in itself (a field is missing, unknown or impossible); never an answer about rules."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(f"{fault.field}: {fault.code}" for fault in faults))
        self.faults = faults
