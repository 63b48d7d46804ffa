"""Reads a YAML file into plain values and can tell where each one stands, so that every error can point at it.

YAML 1.1's traps are off: only `true`, `false` and `null` are not text, so that `no`, 12:30 and 0123 stay what was written.
Duplicate keys, anchors and tags are refused.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from engine.errors import PackError, Problem

Location = tuple[str | int, ...]
#: Line and column, both from 1.
Mark = tuple[int, int]

#: The largest pack has 40 kB. What is much larger, or opens far more than any pack (the reader of YAML recurses for each), is a mistake.
_MOST_BYTES, _MOST_OPENED = 1 << 20, 10_000
_OPENING = ("[", "{", "- ", "? ", "-\t", "?\t")

_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}


@dataclass
class Tree:
    """The values of one file, with its text."""

    file: str
    data: Any = None
    text: str = ""
    problems: list[Problem] = field(default_factory=list)

    def problem(self, location: Location, what: str) -> Problem:
        """A problem at a location, or at the nearest enclosing place that stands in the file."""
        return Problem(self.file, *self._marks.get(self._nearest(location), (1, 1)), what)

    @cached_property
    def _marks(self) -> Mapping[Location, Mark]:
        """Where each key and item stands. A good file is never asked, and the marks would outweigh its values."""
        node = _composed(self.text)
        return {} if node is None else dict(_marked(node, (), _mark(node)))

    def _nearest(self, location: Location) -> Location:
        # pydantic puts names of union members into its locations; steps that are not in the file are passed over.
        # A key may hold dots itself (a figure's name in an overlay), or a location may have joined several keys with them.
        found: Location = ()
        for step in location:
            for part in (step,) if (*found, step) in self._marks else _parts(step):
                if (*found, part) in self._marks:
                    found = (*found, part)
        return found


def read_tree(path: Path) -> Tree:
    """Read a file. Raises PackError for what is not YAML, has duplicate keys, anchors or tags, is not UTF-8, or is too large or deep."""
    tree = Tree(str(path))
    try:
        tree.text = _text(path)
        node = _composed(tree.text)
        if node is None:
            raise PackError([Problem(tree.file, 1, 1, "the file is empty, expected a mapping")])
        tree.data = _value(tree, node, _mark(node), set())
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


def _marked(node: yaml.Node, location: Location, mark: Mark) -> Iterator[tuple[Location, Mark]]:
    """The place of a value and of all within it: that of its key, or its own."""
    yield location, mark
    if isinstance(node, yaml.MappingNode):
        for key_node, value_node in node.value:
            yield from _marked(value_node, (*location, str(key_node.value)), _mark(key_node))
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _marked(item, (*location, index), _mark(item))


def _value(tree: Tree, node: yaml.Node, mark: Mark, seen: set[int]) -> Any:
    if id(node) in seen:
        tree.problems.append(Problem(tree.file, *mark, "anchors and aliases are not used in packs, write the value out"))
        return None
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        return _mapping(tree, node, seen)
    if isinstance(node, yaml.SequenceNode):
        return [_value(tree, item, _mark(item), seen) for item in node.value]
    return _scalar(node)


def _mapping(tree: Tree, node: yaml.MappingNode, seen: set[int]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    lines: dict[str, int] = {}
    for key_node, value_node in node.value:
        key, mark = str(key_node.value), _mark(key_node)
        if key in values:
            tree.problems.append(Problem(tree.file, *mark, f"duplicate key `{key}`, it already stands in line {lines[key]}"))
            continue
        if "：" in key:
            tree.problems.append(Problem(tree.file, *mark, f"`{key}` holds a Chinese colon, write `:` and a blank"))
        elif node.flow_style and _is_empty(value_node):
            tree.problems.append(Problem(tree.file, *mark, f"`{key}` has no value; inside {{ }} a text with a comma wants quotes"))
        lines[key] = mark[0]
        values[key] = _value(tree, value_node, mark, seen)
    return values


def _is_empty(node: yaml.Node) -> bool:
    return _is_plain(node) and node.value == ""


def _is_plain(node: yaml.Node) -> bool:
    """Whether a text stands without quotes; the two readers mark that differently."""
    return isinstance(node, yaml.ScalarNode) and node.style in (None, "")


def _scalar(node: yaml.Node) -> Any:
    text = str(node.value)
    return _WORDS.get(text, text) if _is_plain(node) else text


def _mark(node: yaml.Node) -> Mark:
    return node.start_mark.line + 1, node.start_mark.column + 1
