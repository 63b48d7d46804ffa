"""The shelf: all packs by place and day, and the choice of the edition that answers for a settlement."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from engine.cell import Cell
from engine.errors import PackError, Problem
from engine.note import Note
from engine.plan import End, Plan, choices_of, exact_to, lower, prove, unknown_layers
from engine.policy import Pack, Policy, read_pack
from engine.program import Program

#: <edition>.overlay.yaml confirms or corrects figures of <edition>.yaml.
_OVERLAY = ".overlay"


@dataclass(frozen=True, slots=True)
class Edition:
    """A proved pack with the programs compiled from it so far."""

    pack: Pack
    sayable: frozenset[str] = field(init=False, default=frozenset())
    _exact: dict[Cell, int] = field(default_factory=dict)
    _plans: dict[tuple[Cell, frozenset[str]], Plan] = field(default_factory=dict)
    #: By cell alone with all ranges at their lower ends, which is what nearly everybody asks for; and with some at their upper ends.
    _assumed: dict[Cell, tuple[Plan, Program]] = field(default_factory=dict)
    _compiled: dict[tuple[Cell, frozenset[str]], tuple[Plan, Program]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Note the layers of which a case may say what they paid: those with figures that nobody knows, and those others need."""
        object.__setattr__(self, "sayable", unknown_layers(self.pack.policy))

    @property
    def policy(self) -> Policy:
        return self.pack.policy

    def plan(self, cell: Cell, ends: Mapping[str, End] | None = None) -> Plan:
        """The plan of a cell with the chosen ends of `range` figures; lowered once."""
        key = _key(cell, ends)
        if key not in self._plans:
            self._plans[key] = lower(self.policy, cell, ends)
        return self._plans[key]

    def plans(self, cell: Cell) -> tuple[Plan, ...]:
        """The plans of a cell at each choice of ends of its range figures, the assumed one first."""
        choices = choices_of(sorted(set(self.plan(cell).ranges)))
        return tuple(self.plan(cell, dict.fromkeys(high, "high")) for high in choices)

    def exact_to(self, cell: Cell) -> int:
        """Up to which sum of a year's bills the ends of a cell's range figures make no difference, in fen; -1 when they always may."""
        if cell not in self._exact:
            self._exact[cell] = exact_to(self.plans(cell))
        return self._exact[cell]

    def program(self, cell: Cell, ends: Mapping[str, End] | None = None) -> tuple[Plan, Program]:
        """The plan and the program of a cell; compiled once."""
        if ends:
            return self._looked_up(cell, ends)
        try:
            return self._assumed[cell]
        except KeyError:
            return self._looked_up(cell, None)

    def _looked_up(self, cell: Cell, ends: Mapping[str, End] | None) -> tuple[Plan, Program]:
        """The plan and the program by the chosen ends; without upper ends they are noted by cell alone too."""
        key = _key(cell, ends)
        if key not in self._compiled:
            plan, later = self.plan(cell, ends), self.policy.later_stays
            self._compiled[key] = (plan, Program(plan, makes_later=later is not None and later.holds(cell)))
        if key[1] == _ASSUMED:
            self._assumed[cell] = self._compiled[key]
        return self._compiled[key]


def _key(cell: Cell, ends: Mapping[str, End] | None) -> tuple[Cell, frozenset[str]]:
    return (cell, frozenset(name for name, end in ends.items() if end == "high") if ends else _ASSUMED)


#: No range at its upper end.
_ASSUMED: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Shelf:
    """Editions by place, oldest first."""

    places: Mapping[str, tuple[Edition, ...]]

    def editions(self) -> list[Edition]:
        """All editions, by place and then oldest first."""
        return [edition for place in sorted(self.places) for edition in self.places[place]]

    def find(self, key: str) -> Edition | None:
        """The edition named `place/edition`."""
        return next((edition for edition in self.editions() if edition.pack.key == key), None)

    def choose(self, place: str, on: date | None, *, expired_ok: bool) -> "Edition | Note":
        """The edition in force on a day (unsaid: the newest), or why none answers. Raises KeyError for an unknown place."""
        editions = self.places[place]
        if on is None:
            return editions[-1]
        begun = [edition for edition in editions if edition.policy.horizon.valid_from <= on]
        if not begun:
            return _refusal("before_rules", editions[0], on)
        if on > begun[-1].policy.horizon.verified_until and not expired_ok:
            return _refusal("after_rules", begun[-1], on)
        return begun[-1]


def read_shelf(folders: Iterable[Path]) -> Shelf:
    """Read and prove every pack below the folders; a pack of a later folder replaces one with the same key, overlays add up.

    Raises PackError with the mistakes of all packs together, also when a folder is missing or none has a pack.
    """
    editions: dict[str, Edition] = {}
    problems: list[Problem] = []
    packs: dict[str, Path] = {}
    overlays: dict[str, list[Path]] = {}
    for folder in folders:
        problems += _misplaced(folder)
        for path in sorted(folder.glob("*/*.yaml")):
            key = f"{path.parent.name}/{path.name.removesuffix('.yaml').removesuffix(_OVERLAY)}"
            if path.stem.endswith(_OVERLAY):
                overlays.setdefault(key, []).append(path)
            else:
                packs[key] = path
    for key, path in packs.items():
        try:
            editions[key] = read_edition(path, overlays.pop(key, []))
        except PackError as error:
            problems += error.problems
    for key, lost in overlays.items():
        problems += [Problem(str(path), 1, 1, f"there is no pack {key} to lay it on, expected one of: {', '.join(packs)}") for path in lost]
    if not editions and not problems:
        problems.append(Problem("policies", 1, 1, "no pack found, expected <place>/<edition>.yaml"))
    if problems:
        raise PackError(problems)
    return Shelf(_by_place(editions.values()))


def _misplaced(folder: Path) -> Iterator[Problem]:
    if not folder.is_dir():
        yield Problem(str(folder), 1, 1, "is not a folder, expected one with packs in <place>/<edition>.yaml")
    for path in sorted(folder.glob("*.yaml")):
        yield Problem(str(path), 1, 1, "stands directly in the folder, expected <place>/<edition>.yaml")
    for path in sorted(folder.glob("*/*.yml")):
        yield Problem(str(path), 1, 1, "ends in .yml and would be passed over, expected <place>/<edition>.yaml")


def read_edition(path: Path, overlays: Sequence[Path] = ()) -> Edition:
    """Read and prove one pack, which must stand in <place>/<edition>.yaml, with overlays laid on it. Raises PackError."""
    pack = read_pack(path, overlays)
    if (path.parent.name, path.stem) != (pack.policy.place, pack.policy.edition):
        what = f"place and edition say {pack.key}, expected the file to be {pack.key}.yaml"
        raise PackError([pack.tree.problem(("place",), what)])
    prove(pack)
    return Edition(pack)


def _by_place(editions: Iterable[Edition]) -> dict[str, tuple[Edition, ...]]:
    places: dict[str, list[Edition]] = {}
    for edition in sorted(editions, key=lambda edition: edition.policy.horizon.valid_from):
        places.setdefault(edition.policy.place, []).append(edition)
    return {place: tuple(group) for place, group in places.items()}


def _refusal(key: str, edition: Edition, on: date) -> Note:
    horizon = edition.policy.horizon
    missing = horizon.earlier_rules if key == "before_rules" else horizon.later_rules
    limit = horizon.valid_from if key == "before_rules" else horizon.verified_until
    return Note(key, {"place": edition.policy.name, "day": on, "limit": limit, "missing": missing})
