"""Peers that are C libraries: the shim that reads with them, and `Fields` made of what it writes down (peer.h)."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sipcore_bench import build
from sipcore_bench.contestant import Kind, Rejected, Unavailable, Unreadable
from sipcore_bench.fields import Fields

__all__ = ["INDEX", "READ", "REJECTED", "Native", "Shim", "installed_version", "load", "native"]

SHIMS = Path(__file__).parent
#: As peer.h numbers the two questions, and what it says instead of a size or of nanoseconds.
INDEX, READ = 0, 1
REJECTED = -1
_PAGE_BYTES = 1 << 16
_NUMBERS = ("cseq", "content_length", "body_size")


class Shim(Protocol):
    """A C peer that can be asked: in this process, or in one of its own."""

    def page(self, item: bytes) -> bytes | None:
        """What the peer read, as peer.h writes it; None when it rejects the message."""

    def loop(self, question: int, items: list[bytes]) -> Callable[[], int]:
        """A function that makes one pass over all items and returns nanoseconds."""


@dataclass(frozen=True, slots=True)
class Native:
    """A contestant that reads with a C library; ``question_number`` is peer.h's number of the question."""

    name: str
    version: str
    question: str
    question_number: int
    shim: Shim
    kind: Kind = "peer"

    def answer(self, item: bytes) -> object:
        """The fields of the message, or for ``index`` its start. Raises: Rejected, Unreadable."""
        page = self.shim.page(item)
        if page is None:
            raise Rejected("the parser returned an error, or found a needed header missing")
        return _fields(page) if self.question_number == READ else _start(_entries(page))

    def timed(self, items: list[bytes]) -> Callable[[], int]:
        """One pass over all items, the clock in C around the loop."""
        return self.shim.loop(self.question_number, items)


def native(name: str, version: str, shim: Shim) -> Iterator[Native]:
    """The two contestants of a C parser."""
    yield Native(f"{name}: parse", version, "index", INDEX, shim)
    yield Native(f"{name}: 12 fields", version, "fields", READ, shim)


def _entries(page: bytes) -> dict[str, bytes]:
    """Field by field, what the page holds, its mark in front; for ``start`` the status where there is one."""
    method, status, *others = page.split(b"\0")[:-1]
    start = method if status.startswith(b"-") else status
    return dict(zip(Fields._fields, [start, *others], strict=True))


def _text(entry: bytes) -> str | None:
    return entry[1:].decode("utf-8", "surrogateescape") if entry.startswith(b"+") else None


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)


def _start(entries: dict[str, bytes]) -> str | int:
    """The method, or the status as a number."""
    start = _text(entries["start"]) or ""
    return int(start) if start.isdigit() else start


def _fields(page: bytes) -> Fields:
    """Raises: Unreadable."""
    entries = _entries(page)
    if unreadable := [name for name, entry in entries.items() if entry.startswith(b"?")]:
        raise Unreadable(unreadable)
    texts = {name: _text(entry) for name, entry in entries.items()}
    numbers = {name: _number(texts[name]) for name in _NUMBERS}
    media_type = texts["content_type"]
    others = {"start": _start(entries), "content_type": media_type and media_type.lower()}
    return Fields(**{**texts, **numbers, **others})  # type: ignore[arg-type] # peer_read refuses what must be there


class Library:
    """A shim that is loaded into this process."""

    def __init__(self, path: Path) -> None:
        self._c = ctypes.CDLL(str(path))
        self._c.peer_answer.restype = self._c.peer_pass.restype = ctypes.c_int64
        self._c.peer_answer.argtypes = (ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t)
        self._c.peer_pass.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
        if self._c.peer_start() != 0:
            raise Unavailable(f"{path.stem}: the library does not start")

    def page(self, item: bytes) -> bytes | None:
        page = ctypes.create_string_buffer(_PAGE_BYTES)
        size = self._c.peer_answer(item, len(item), page, _PAGE_BYTES)
        if size < REJECTED:
            raise ValueError(f"the answer has no room in {_PAGE_BYTES} bytes")
        return None if size == REJECTED else page.raw[:size]

    def loop(self, question: int, items: list[bytes]) -> Callable[[], int]:
        pointers = (ctypes.c_char_p * len(items))(*items)  # keeps the items alive, too
        sizes = (ctypes.c_size_t * len(items))(*map(len, items))

        def one_pass() -> int:
            return taken(self._c.peer_pass(question, pointers, sizes, len(items)))

        return one_pass


def taken(nanoseconds: int) -> int:
    """The nanoseconds of a pass. Raises: Rejected when it ended at a message that was not taken."""
    if nanoseconds < 0:
        raise Rejected("a message of the pass was not taken")
    return nanoseconds


def load(source: str, package: str) -> Library:
    """Build and load a shim over a library that pkg-config knows. Raises: Unavailable."""
    return Library(build.shared_object(f"peer-{package}", [SHIMS / source], pkg_config=[package]))


def installed_version(package: str) -> str:
    """What pkg-config calls the version. Raises: Unavailable when it does not know the package."""
    command = shutil.which("pkg-config")
    if command is None:
        raise Unavailable(f"no pkg-config to find {package} with (make bench-peers)")
    asked = subprocess.run(  # noqa: S603 - our own arguments
        [command, "--modversion", package], capture_output=True, text=True, timeout=10, check=False
    )
    if asked.returncode != 0:
        raise Unavailable(f"{package} is not installed, or not for building with it (make bench-peers)")
    return asked.stdout.strip()
