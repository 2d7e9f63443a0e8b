"""Where each key of a TOML text stands, so that an error can name its line.

`tomllib` gives values without places; the concrete syntax tree of tree-sitter has places without values. This file
reads only the places: a path as the values have it, ``("partner", 0, "proxy", "port")``, to a line number.
"""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache

import tree_sitter_toml
from tree_sitter import Language, Node, Parser

__all__ = ["Path", "Positions", "dotted", "undotted"]

#: The way from the top of a TOML document to one value: names of keys and indices of arrays.
Path = tuple[str | int, ...]

_LANGUAGE = Language(tree_sitter_toml.language())
_STEP = re.compile(r"\[(\d+)\]|[^.\[]+")
_KEYS = ("bare_key", "quoted_key", "dotted_key")


class Positions:
    """The line of every table, key and array element of one TOML text.

    Args:
        source: the text, UTF-8. It is expected to be valid TOML (`tomllib` has read it); of a text that is not, the
            places before the first fault are still right.
    """

    def __init__(self, source: bytes) -> None:
        self._lines: dict[Path, int] = {}
        self._elements: dict[Path, int] = {}  # how many [[headers]] of this path have been met
        for node in Parser(_LANGUAGE).parse(source).root_node.named_children:
            self._read_block(node)

    def line(self, path: Path) -> int:
        """The line, counted from 1, of the value at ``path``; of the nearest table around it where it is absent."""
        for length in range(len(path), 0, -1):
            if (line := self._lines.get(path[:length])) is not None:
                return line
        return 1

    def _read_block(self, node: Node) -> None:
        """A ``[table]`` or ``[[element]]`` with its pairs, or a pair that stands before any of them."""
        if node.type == "pair":
            self._read_pair(node, ())
        elif node.type in ("table", "table_array_element"):
            path = self._open(node)
            for child in _parts(node):
                if child.type == "pair":
                    self._read_pair(child, path)

    def _open(self, header: Node) -> Path:
        """The path that a header stands for: a name of an array of tables means its latest element (TOML 1.0)."""
        names, line = _key(header), _line(header)
        path: Path = ()
        for depth, name in enumerate(names, start=1):
            path = (*path, name)
            self._lines.setdefault(path, line)
            if depth == len(names) and header.type == "table_array_element":
                self._elements[path] = self._elements.get(path, 0) + 1
            if path in self._elements:
                path = (*path, self._elements[path] - 1)
                self._lines.setdefault(path, line)
        return path

    def _read_pair(self, node: Node, above: Path) -> None:
        path = above
        for name in _key(node):
            path = (*path, name)
            self._lines.setdefault(path, _line(node))
        self._read_value(_parts(node)[-1], path)

    def _read_value(self, node: Node, path: Path) -> None:
        if node.type == "inline_table":
            for pair in _parts(node):
                self._read_pair(pair, path)
        elif node.type == "array":
            for index, element in enumerate(_parts(node)):
                self._lines[(*path, index)] = _line(element)
                self._read_value(element, (*path, index))


def _line(node: Node) -> int:
    return node.start_point[0] + 1


def _parts(node: Node) -> list[Node]:
    return [child for child in node.named_children if child.type != "comment"]


def _key(node: Node) -> tuple[str, ...]:
    """The names in the key of a pair or a header."""
    key = next((child.text for child in node.named_children if child.type in _KEYS), None)
    return _names(key) if key else ()


@lru_cache(maxsize=1024)
def _names(key: bytes) -> tuple[str, ...]:
    """The names in a key, bare, quoted or dotted; `tomllib` knows the quoting rules, so it is asked."""
    value = tomllib.loads(f"{key.decode()} = 0")
    names: list[str] = []
    while isinstance(value, dict) and value:
        name, value = next(iter(value.items()))
        names.append(name)
    return tuple(names)


def dotted(path: Path) -> str:
    """A path as a person writes it: ``partner[0].proxy.port``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def undotted(key: str) -> Path:
    """The path of a key as `dotted` writes it; names in it have no dots or brackets of their own."""
    return tuple(int(step[1]) if step[1] else step[0] for step in _STEP.finditer(key))
