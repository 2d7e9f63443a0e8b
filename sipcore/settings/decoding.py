"""Values of a TOML document to structs, with every fault collected instead of the first one raised.

msgspec converts and checks a single value; this file walks the sections around it, so that a fault in one key does not
hide those in the others.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec.structs import FieldInfo, fields

from sipcore.errors import Problem
from sipcore.settings.positions import Path, Positions, dotted

__all__ = ["Decoder"]

_Struct = TypeVar("_Struct", bound=msgspec.Struct)
_LONGEST_QUOTE = 60


class Decoder:
    """Reads one document and keeps what was wrong with it.

    What is wrong is mended: an optional key keeps its default, a required one gets a stand-in. So there is always a
    whole document for further checks, and ``problems`` says whether it may be used for anything else.

    Args:
        file: the file's name as problems shall show it.
        positions: where its keys stand.
        read: msgspec's ``dec_hook`` for types of our own.
        stand_in: a value of a leaf's type that contradicts nothing.
    """

    def __init__(
        self,
        file: str,
        positions: Positions,
        read: Callable[[type[Any], object], object],
        stand_in: Callable[[type[Any]], object],
    ) -> None:
        self.problems: list[Problem] = []
        self._faulty: set[Path] = set()
        self._file = file
        self._positions = positions
        self._read = read
        self._stand_in = stand_in

    def line(self, path: Path) -> int:
        """Where a value stands, counted from 1."""
        return self._positions.line(path)

    def problem(self, path: Path, message: str) -> Problem:
        """A problem at the line of ``path``, not noted."""
        return Problem(f"{self._file}:{self.line(path)}", dotted(path), message)

    def complain(self, path: Path, message: str) -> None:
        """Note a problem at the line of ``path``."""
        self._faulty.add(path)
        self.problems.append(self.problem(path, message))

    def is_mended(self, path: Path) -> bool:
        """Whether the value at ``path``, or something around it, is a stand-in."""
        return any(path[:length] in self._faulty for length in range(len(path) + 1))

    def has_faults(self, path: Path) -> bool:
        """Whether something at or inside ``path`` is wrong."""
        return any(faulty[: len(path)] == path for faulty in self._faulty) or self.is_mended(path)

    def struct(self, kind: type[_Struct], value: object, path: Path = ()) -> _Struct:
        """One section, mended where it is wrong.

        A struct whose class has a ``short_form`` may be written as the text of that one key.
        """
        if isinstance(value, str) and (name := getattr(kind, "short_form", None)):
            value = {name: value}
        if not isinstance(value, dict):
            self.complain(path, f"expected a table, not {_quote(value)}")
            return self._mend(kind)  # type: ignore[no-any-return]
        known = {info.encode_name: info for info in _fields(kind)}
        for name in value:
            if name not in known:
                self.complain((*path, name), f"unknown key{_did_you_mean(name, known)}")
        found = {info.name: self._field(info, value, (*path, name)) for name, info in known.items()}
        return kind(**{name: each for name, each in found.items() if each is not None})

    def _field(self, info: FieldInfo, table: dict[str, Any], path: Path) -> object:
        """The value of one field; None leaves it to its default."""
        found = None
        if info.encode_name in table:
            found = self._value(info.type, table[info.encode_name], path)
        elif info.required:
            self.complain(path, f"missing: expected {_expected(info.type)}")
        return self._mend(info.type) if found is None and info.required else found

    def _value(self, kind: Any, value: object, path: Path) -> object:
        """A value of that type; None where it is wrong."""
        kind = _present(kind)
        bare = _bare(kind)
        if _is_struct(bare):
            return self.struct(bare, value, path)
        if get_origin(bare) is list:
            return self._list(kind, get_args(bare)[0], value, path)
        return self._leaf(kind, value, path)

    def _list(self, kind: Any, element: Any, value: object, path: Path) -> object:
        """An array, element by element, so that each fault has its own line."""
        shape = Annotated[list[Any], *get_args(kind)[1:]] if get_origin(kind) is Annotated else list[Any]
        if self._leaf(shape, value, path, _expected(kind)) is None:
            return None
        assert isinstance(value, list)
        found = [self._value(element, each, (*path, index)) for index, each in enumerate(value)]
        return [self._mend(element) if each is None else each for each in found]

    def _leaf(self, kind: Any, value: object, path: Path, expected: str = "") -> object:
        try:
            return msgspec.convert(value, kind, dec_hook=self._read)
        except msgspec.ValidationError as error:
            because = f": {error.__cause__}" if error.__cause__ else _nearest_choice(kind, value)
            self.complain(path, f"expected {expected or _expected(kind)}, not {_quote(value)}{because}")
            return None

    def _mend(self, kind: Any) -> Any:
        bare = _bare(kind)
        if get_origin(bare) is list:
            return [self._mend(get_args(bare)[0])]
        if not _is_struct(bare):
            return self._stand_in(bare)
        return bare(**{info.name: self._mend(info.type) for info in _fields(bare) if info.required})


@cache
def _fields(kind: type[msgspec.Struct]) -> tuple[FieldInfo, ...]:
    """The fields of a struct. Asking evaluates its annotations, which for a row is dearer than all the rest."""
    return fields(kind)


def _present(kind: Any) -> Any:
    """The type without None: TOML has no null, so only its default can be that."""
    if get_origin(kind) in (Union, UnionType):
        return next(choice for choice in get_args(kind) if choice is not NoneType)
    return kind


def _bare(kind: Any) -> Any:
    """The type without None and without its description."""
    kind = _present(kind)
    return _bare(get_args(kind)[0]) if get_origin(kind) is Annotated else kind


def _is_struct(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _expected(kind: Any) -> str:
    """What is expected in plain words: the description of the type, or its shape where it has none."""
    kind = _present(kind)
    if get_origin(kind) is Annotated:
        return next(str(note.description) for note in get_args(kind)[1:] if isinstance(note, msgspec.Meta))
    return "a table" if _is_struct(_bare(kind)) else "an array of tables"


def _quote(value: object) -> str:
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}..."


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    names = list(known)
    if nearest := difflib.get_close_matches(name, names, n=1):
        return f', did you mean "{nearest[0]}"?'
    return f"; known here: {', '.join(names)}"


def _nearest_choice(kind: Any, value: object) -> str:
    choices = _bare(kind)
    if not (isinstance(choices, type) and issubclass(choices, Enum) and isinstance(value, str)):
        return ""
    nearest = difflib.get_close_matches(value.lower(), [str(choice.value) for choice in choices], n=1)
    return f', did you mean "{nearest[0]}"?' if nearest else ""
