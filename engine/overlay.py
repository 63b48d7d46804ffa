"""Overlay: a deployment confirms or corrects single figures of a pack, and takes the other reading of a choice, without copying the pack.

Stands beside packs as <place>/<edition>.overlay.yaml:

    confirms:
      basic.cap: {value: 250000 yuan, number: 某医保〔2022〕5号, day: 2022-01-05, by: 某市医疗保障局}
      basic.deductible.county: {number: 某医保〔2022〕5号, day: 2022-01-05, by: 某市医疗保障局}     the value as it stands
    choose:
      unregistered_in_province: always

Figures are named as `policies show` names them; a confirmed one has the basis `confirmed` and the document as its source.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pydantic import Field, ValidationError
from pydantic_core import ErrorDetails

from engine.cell import PackModel
from engine.errors import PackError, Problem
from engine.text import Text
from engine.yaml_tree import Location, Tree


class Confirmation(PackModel):
    """Who confirmed a figure, when, and by which document; `value` when it differs from the pack's."""

    value: Any = None
    number: str
    day: date
    by: str
    note: Text | None = None


class Overlay(PackModel):
    """The form of an overlay file."""

    confirms: dict[str, Confirmation] = Field(default_factory=dict)
    choose: dict[str, str] = Field(default_factory=dict)


@dataclass(slots=True)
class Patched:
    """A pack's values with overlays laid on, and where in which overlay each changed place was said."""

    data: Any
    said: dict[Location, tuple[Tree, Location]] = field(default_factory=dict)

    def problem(self, tree: Tree, location: Location, what: str) -> Problem:
        """A problem at a place of the pack, or of the overlay that changed it."""
        steps = tuple(step for step in location if step not in _MODEL_STEPS)
        for length in range(len(steps), 0, -1):
            if steps[:length] in self.said:
                overlay, place = self.said[steps[:length]]
                return overlay.problem(place, what)
        return tree.problem(location, what)


#: Names of union members that pydantic puts into its locations.
_MODEL_STEPS = frozenset({"bands", "top_up", "ceiling", "exists", "advice", "by_case"})


class _LostError(LookupError):
    """A name that leads nowhere in the pack."""


def lay(tree: Tree, overlays: list[Tree]) -> Patched:
    """Lay overlays on a pack's values, later ones last. Raises PackError with every mistake of the overlays."""
    patched = Patched(copy.deepcopy(tree.data) if overlays else tree.data)
    problems = [problem for overlay in overlays for problem in _lay_one(patched, overlay)]
    if problems:
        raise PackError(problems)
    return patched


def _lay_one(patched: Patched, tree: Tree) -> Iterator[Problem]:
    try:
        overlay = Overlay.model_validate(tree.data)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            yield tree.problem(detail["loc"], _unfit(detail))
        return
    settings: list[tuple[str, str, Any]] = []
    for choice, taken in overlay.choose.items():
        try:
            settings += [(choice, path, value) for path, value in _reading(patched.data, choice, taken).items()]
        except _LostError as error:
            yield tree.problem(("choose", choice), str(error))
    # What is added to a list comes after what replaces the list whole.
    for choice, path, value in sorted(settings, key=lambda setting: _adds(setting[1])):
        try:
            patched.said[_set(patched.data, path, copy.deepcopy(value))] = (tree, ("choose", choice))
        except _LostError as error:
            yield tree.problem(("choose", choice), str(error))
    for name, confirmation in overlay.confirms.items():
        try:
            _confirm(patched, tree, name, confirmation)
        except _LostError as error:
            yield tree.problem(("confirms", name), str(error))


def _unfit(detail: ErrorDetails) -> str:
    """What is wrong with a confirmation, and what is expected of its note or of itself."""
    name = detail["loc"][-1]
    if name == "note":
        return f"note: `{detail['input']}` stands alone, expected `zh` and `en` below it"
    expected = "`zh` and `en` in a note" if "note" in detail["loc"] else "number, day and by with each figure"
    return f"{name}: {detail['msg']}, expected {expected}"


def _confirm(patched: Patched, tree: Tree, name: str, said: Confirmation) -> None:
    location = _locate(patched.data, name)
    parent, last = _at(patched.data, location[:-1]), location[-1]
    entry = parent[last]
    value = said.value if said.value is not None else entry.get("value") if isinstance(entry, dict) else entry
    if value is None:
        raise _LostError(f"`{name}` has no single value to confirm, expected `value`")
    source = f"confirmed-{len(patched.data['sources']) + 1}"
    patched.data["sources"][source] = {"title": said.number, "number": said.number, "issuer": said.by, "day": said.day.isoformat()}
    parent[last] = {"value": value, "basis": "confirmed", "source": source} | ({"note": said.note.model_dump()} if said.note else {})
    patched.said[location] = (tree, ("confirms", name))


def _reading(data: Any, choice: str, taken: str) -> dict[str, Any]:
    """What a reading sets, by path."""
    choices = data.get("choices") or {}
    if choice not in choices:
        raise _LostError(f"unknown choice `{choice}`, expected one of: {', '.join(choices) or 'none'}")
    others = choices[choice].get("others") or {}
    if taken not in others:
        raise _LostError(f"unknown reading `{taken}`, expected one of: {', '.join(others)}")
    settings: dict[str, Any] = others[taken]["set"]
    return settings


def _adds(path: str) -> bool:
    return path.endswith(".+")


def _set(data: Any, path: str, value: Any) -> Location:
    """Put a value where a reading's path leads, and say where that is. A last step `+` adds it to a list, which may not stand there yet."""
    location: Location = tuple(int(step) if step.isdecimal() else step for step in path.split("."))
    try:
        if _adds(path):
            items = _at(data, location[:-2]).setdefault(location[-2], [])
            items.append(value)
            return (*location[:-1], len(items) - 1)
        _at(data, location[:-1])[location[-1]] = value
    except (KeyError, IndexError, TypeError, AttributeError):
        raise _LostError(f"the reading sets `{path}`, which is nowhere in the pack") from None
    return location


def _locate(data: Any, name: str) -> Location:
    """Where a figure's entry stands in the pack's values, from the name `policies show` gives it."""
    steps = name.split(".")
    location: tuple[str | int, ...] = ("layers",) if steps[0] in data.get("layers", {}) else ()
    here = _at(data, location)
    for step in steps:
        if isinstance(here, dict) and "by" in here and "values" in here:
            here, location = here["values"], (*location, "values")
        key: str | int = int(step) if isinstance(here, list) and step.isdecimal() else step
        try:
            here, location = here[key], (*location, key)
        except (KeyError, IndexError, TypeError):
            raise _LostError(f"unknown figure `{name}`, expected a name that `policies show` prints") from None
    if (
        (isinstance(here, dict) and not {"basis", "value"} & set(here))
        or isinstance(here, list)
        or (isinstance(here, dict) and "by" in here)
    ):
        raise _LostError(f"`{name}` is no single figure, expected a name that `policies show` prints")
    return location


def _at(data: Any, location: Location) -> Any:
    here = data
    for step in location:
        here = here[step]
    return here
