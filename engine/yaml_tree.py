"""Reads a YAML file into plain values and remembers where each one stands, so that every error can point at it.

YAML 1.1's traps are off: only `true`, `false` and `null` are not text, so that `no`, 12:30 and 0123 stay what was written.
Duplicate keys, anchors and tags are refused.
"""

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from engine.errors import PackError, Problem

Location = tuple[str | int, ...]

#: The largest pack has 40 kB. What is much larger, or opens far more than any pack (the reader of YAML recurses for each), is a mistake.
_MOST_BYTES, _MOST_OPENED = 1 << 20, 10_000
_OPENING = ("[", "{", "- ", "? ", "-\t", "?\t")

_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}


@dataclass(slots=True)
class Tree:
    """The values of one file and the line and column (both from 1) of each key and item."""

    file: str
    data: Any = None
    marks: dict[Location, tuple[int, int]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def problem(self, location: Location, what: str) -> Problem:
        """A problem at a location, or at the nearest enclosing place that stands in the file."""
        line, column = self.marks.get(self._nearest(location), (1, 1))
        return Problem(self.file, line, column, what)

    def _nearest(self, location: Location) -> Location:
        # pydantic puts names of union members into its locations; steps that are not in the file are passed over.
        # A key may hold dots itself (a figure's name in an overlay), or a location may have joined several keys with them.
        found: Location = ()
        for step in location:
            for part in (step,) if (*found, step) in self.marks else _parts(step):
                if (*found, part) in self.marks:
                    found = (*found, part)
        return found


def read_tree(path: Path) -> Tree:
    """Read a file. Raises PackError for what is not YAML, has duplicate keys, anchors or tags, is not UTF-8, or is too large or deep."""
    tree = Tree(str(path))
    try:
        node = _composed(_text(path))
        if node is None:
            raise PackError([Problem(tree.file, 1, 1, "the file is empty, expected a mapping")])
        tree.data = _value(tree, node, (), set())
    except yaml.MarkedYAMLError as error:
        raise PackError([_not_yaml(tree.file, error)]) from error
    except UnicodeDecodeError as error:
        raise PackError([Problem(tree.file, 1, 1, "not UTF-8 text, save the file as UTF-8")]) from error
    except (yaml.YAMLError, OSError, _TooMuchError) as error:
        cause = error.strerror if isinstance(error, OSError) else error
        raise PackError([Problem(tree.file, 1, 1, f"not readable: {cause}")]) from error
    except RecursionError as error:
        raise PackError([Problem(tree.file, 1, 1, "nested too deep, expected a pack")]) from error
    if tree.problems:
        raise PackError(tree.problems)
    return tree


class _TooMuchError(ValueError):
    """More than any pack holds."""


def _text(path: Path) -> str:
    """The text of a file that the reader of YAML can be trusted with. Raises _TooMuchError, UnicodeDecodeError and OSError."""
    with path.open("rb") as file:
        read = file.read(_MOST_BYTES + 1)
    if len(read) > _MOST_BYTES:
        raise _TooMuchError(f"larger than {_MOST_BYTES // 1024} KiB, expected a pack")
    text = read.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    if sum(text.count(mark) for mark in _OPENING) > _MOST_OPENED:
        raise _TooMuchError(f"more than {_MOST_OPENED:,} lists and mappings, expected a pack")
    return text


def _composed(text: str) -> yaml.Node | None:
    """The nodes of a file: by the fast reader where it is built in; what is wrong, the other one tells better."""
    fast = getattr(yaml, "CSafeLoader", None)
    if fast is not None:
        with suppress(yaml.YAMLError):
            return yaml.compose(text, Loader=fast)
    return yaml.compose(text, Loader=yaml.SafeLoader)


#: What the reader of YAML says, and what is usually behind it. With the first, the mistake stands where the key begins.
_NO_COLON = "could not find expected ':'"
_BEHIND = {
    _NO_COLON: "expected a key with a plain `:` and a blank after it",
    "found character '\\t' that cannot start any token": "indent with blanks, not with a tab",
    "mapping values are not allowed here": "a text that holds `: ` wants quotes",
    "expected <block end>, but found '<block mapping start>'": "indent a key like the keys beside it",
    "expected ',' or '}', but got ':'": "a text that holds `: ` wants quotes",
}


def _not_yaml(file: str, error: yaml.MarkedYAMLError) -> Problem:
    at_context = error.problem == _NO_COLON
    mark = (error.context_mark if at_context else error.problem_mark) or error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    behind = _BEHIND.get(error.problem or "")
    return Problem(file, line, column, f"not readable as YAML: {error.problem}" + (f"; {behind}" if behind else ""))


def _parts(step: str | int) -> list[str | int]:
    return [*step.split(".")] if isinstance(step, str) else [step]


def _value(tree: Tree, node: yaml.Node, location: Location, seen: set[int]) -> Any:
    tree.marks.setdefault(location, _mark(node))
    if id(node) in seen:
        tree.problems.append(tree.problem(location, "anchors and aliases are not used in packs, write the value out"))
        return None
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        return _mapping(tree, node, location, seen)
    if isinstance(node, yaml.SequenceNode):
        return [_value(tree, item, (*location, index), seen) for index, item in enumerate(node.value)]
    return _scalar(node)


def _mapping(tree: Tree, node: yaml.MappingNode, location: Location, seen: set[int]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value)
        place = (*location, key)
        if key in values:
            first = tree.marks[place][0]
            line, column = _mark(key_node)
            tree.problems.append(Problem(tree.file, line, column, f"duplicate key `{key}`, it already stands in line {first}"))
            continue
        tree.marks[place] = _mark(key_node)
        if "：" in key:
            tree.problems.append(tree.problem(place, f"`{key}` holds a Chinese colon, write `:` and a blank"))
        elif node.flow_style and _is_empty(value_node):
            tree.problems.append(tree.problem(place, f"`{key}` has no value; inside {{ }} a text with a comma wants quotes"))
        values[key] = _value(tree, value_node, place, seen)
    return values


def _is_empty(node: yaml.Node) -> bool:
    return _is_plain(node) and node.value == ""


def _is_plain(node: yaml.Node) -> bool:
    """Whether a text stands without quotes; the two readers mark that differently."""
    return isinstance(node, yaml.ScalarNode) and node.style in (None, "")


def _scalar(node: yaml.Node) -> Any:
    text = str(node.value)
    return _WORDS.get(text, text) if _is_plain(node) else text


def _mark(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1
