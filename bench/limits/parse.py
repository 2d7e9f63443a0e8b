"""The limits of the questions ``index`` and ``fields``: memcpy, two indexes, and a handwritten reader of the fields.

The first two questions ask for `Fields`, and copy and index do not give them. What they *made* is given to the slow
reader instead: if a byte were missing in the copy, or a line or a colon in the index, its answer would be wrong.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from types import ModuleType
from typing import Any

from sipcore_bench import fields
from sipcore_bench.build import compiler, extension
from sipcore_bench.contestant import Absent, Contestant, Kind, Rejected, Unavailable
from sipcore_bench.fields import Fields
from sipcore_bench.limits.native import library, pass_in_c, pass_in_python, sources

__all__ = ["Copy", "Index", "NativeFields", "PythonFields", "contestants", "fields_module"]

_MAX_LINES = 512


class _Line(ctypes.Structure):
    """``struct line`` of index.c."""

    _fields_ = (("start", ctypes.c_uint32), ("colon", ctypes.c_uint32))


class _Index(ctypes.Structure):
    """``struct index`` of index.c."""

    _fields_ = (("lines", ctypes.c_uint32), ("head_size", ctypes.c_uint32), ("line", _Line * _MAX_LINES))


class _Piece(ctypes.Structure):
    """``struct piece`` of sip_fields.h."""

    _fields_ = (("at", ctypes.c_void_p), ("size", ctypes.c_size_t))

    def text(self) -> str | None:
        """As Python has it; None for what is absent."""
        return None if self.at is None else ctypes.string_at(self.at, self.size).decode("utf-8", "surrogateescape")


_PIECES = (
    "method",
    "uri",
    "from_uri",
    "from_tag",
    "to_uri",
    "to_tag",
    "call_id",
    "cseq_method",
    "branch",
    "content_type",
)
_NUMBERS = ("status", "cseq", "content_length", "body_size")


class _Fields(ctypes.Structure):
    """``struct sip_fields`` of sip_fields.h, under the names of `sipcore_bench.fields`."""

    _fields_ = (*((name, _Piece) for name in _PIECES), *((name, ctypes.c_int64) for name in _NUMBERS))

    def answer(self) -> Fields:
        """As Python has it."""
        found: dict[str, Any] = {name: getattr(self, name).text() for name in _PIECES}
        found |= {name: None if (value := getattr(self, name)) < 0 else value for name in _NUMBERS}
        method, status = found.pop("method"), found.pop("status")
        return Fields(start=method if status is None else status, **found)


@dataclass(frozen=True)
class Copy:
    """The floor: every byte read and written once by the C library's memcpy."""

    code: ctypes.CDLL
    question: str
    name: str = "limit: memcpy"
    kind: Kind = "limit"
    version: str = field(default_factory=compiler)

    def answer(self, item: bytes) -> Fields:
        """What the slow reader finds in the copy."""
        room = ctypes.create_string_buffer(len(item) + 1)
        pass_in_c(self.code.time_copy, [item], room)()
        return _read(room.raw[:-1])

    def timed(self, items: list[bytes]) -> Callable[[], int]:
        """One pass in C, all copies into the same place."""
        return pass_in_c(self.code.time_copy, items, ctypes.create_string_buffer(max(map(len, items), default=1)))


@dataclass(frozen=True)
class Index:
    """Where each line starts and where its first colon is, for every line of the head."""

    code: ctypes.CDLL
    way: str
    name: str
    question: str = "index"
    kind: Kind = "limit"
    version: str = field(default_factory=compiler)

    def answer(self, item: bytes) -> Fields:
        """What the slow reader finds in a message put together from the indexed lines."""
        index = _Index()
        if getattr(self.code, f"index_{self.way}")(item, ctypes.c_size_t(len(item)), ctypes.byref(index)) < 0:
            raise Rejected("no end of the head, a line without a colon, or more than 512 lines")
        return _read(_put_together(item, index))

    def timed(self, items: list[bytes]) -> Callable[[], int]:
        """One pass in C, all into the same index."""
        return pass_in_c(getattr(self.code, f"time_{self.way}"), items)


def _read(made: bytes) -> Fields:
    """What the slow reader finds in what a limit made; what it rejects, they reject."""
    try:
        return fields.read(made)
    except fields.NotAMessage as refusal:
        raise Rejected(str(refusal)) from refusal


def _put_together(item: bytes, index: _Index) -> bytes:
    """The message again: head from the lines and colons, body from where the head ends."""
    lines = [item[: index.line[1].start]]
    for here, behind in pairwise(index.line[1 : index.lines + 1]):
        # A colon that is not the first one leaves one in the name, and that must not heal when both are joined.
        name = item[here.start : here.colon].replace(b":", b" not the first colon ")
        lines.append(name + b":" + item[here.colon + 1 : behind.start])
    return b"".join(lines) + b"\r\n" + item[index.head_size :]


@dataclass(frozen=True)
class NativeFields:
    """The twelve fields as pieces of the message, in C: no validation, no folded lines, no compact names."""

    code: ctypes.CDLL
    name: str = "limit: twelve fields in C"
    question: str = "fields"
    kind: Kind = "limit"
    version: str = field(default_factory=compiler)

    def answer(self, item: bytes) -> Fields:
        """The fields, read out of the C struct."""
        found = _Fields()
        if self.code.read_fields(item, ctypes.c_size_t(len(item)), ctypes.byref(found)) < 0:
            raise Rejected("no start line, or no end of the head")
        return found.answer()

    def timed(self, items: list[bytes]) -> Callable[[], int]:
        """One pass in C, all into the same struct."""
        return pass_in_c(self.code.time_fields, items)


@dataclass(frozen=True)
class PythonFields:
    """The same reader behind a Python call with one argument; ``gives`` says what comes back.

    ``nothing`` gives None, so its answer is read through ``texts``: the reading behind both is the same function.
    """

    module: ModuleType
    gives: str
    name: str
    question: str = "fields"
    kind: Kind = "limit"
    version: str = field(default_factory=compiler)

    def answer(self, item: bytes) -> Fields:
        """The fields from the tuple, or one by one from the lazy object."""
        try:
            given = getattr(self.module, self.gives)(item)
            if self.gives == "nothing":
                given = self.module.texts(item)
        except ValueError as refusal:
            raise Rejected(str(refusal)) from refusal
        if isinstance(given, tuple):
            return Fields(*given)
        return Fields(*(getattr(given, name) for name in Fields._fields))

    def timed(self, items: list[bytes]) -> Callable[[], int]:
        """One pass in Python, one call an item; what comes back is dropped at once."""
        return pass_in_python(getattr(self.module, self.gives), items)


@cache
def fields_module(flags: Sequence[str] = ()) -> ModuleType:
    """The extension with ``nothing``, ``lazy`` and ``texts``. Raises: Unavailable."""
    return extension("sipcore_bench_fields", sources("fields_module", "sip_fields", "index"), flags)


def contestants() -> Iterator[Contestant | Absent]:
    """All of them. Raises: Unavailable without a C compiler."""
    copy, index = library("copy"), library("index")
    yield from (Copy(copy, question) for question in ("index", "fields"))
    yield Index(index, "scalar", "limit: lines and colons, byte by byte")
    if index.has_avx2():
        yield Index(index, "avx2", "limit: lines and colons, AVX2")
    else:
        yield Absent("limit: lines and colons, AVX2", "this processor has no AVX2")
    yield NativeFields(library("sip_fields", "index"))
    yield from _behind_a_call()


def _behind_a_call() -> Iterator[Contestant | Absent]:
    """Those that need Python's headers."""
    try:
        module = fields_module()
    except Unavailable as missing:
        yield Absent("limit: twelve fields behind a Python call", missing.reason)
        return
    yield PythonFields(module, "nothing", "limit: Python call, gives nothing")
    yield PythonFields(module, "lazy", "limit: Python call, gives a lazy object")
    yield PythonFields(module, "texts", "limit: Python call, gives twelve str")
