"""Does anything stay behind? Parses a million messages, valid and broken, reads and edits them, and weighs the process.

    python tests/leaks.py [PARSES]

Three weights, because each sees what the others do not: live blocks of Python's allocator, live bytes of malloc (the
C library's own count), and the memory that is resident. The last is what an operator sees, but it is coarse.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import itertools
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from every_value import read_every_value
from seeds import MESSAGES, broken

from sipcore import EditError, Framer, ImFilter, ParseError, parse, validate

#: What a million runs may add: caches of the interpreter fill once, and malloc keeps pages that fell empty.
MOST_BLOCKS, MOST_HEAP, MOST_RESIDENT = 200, 64 * 1024, 8 * 1024 * 1024

_FILTER = ImFilter()


class _Mallinfo(ctypes.Structure):
    """What malloc says of itself (mallinfo2 of the GNU C library)."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            "arena",
            "ordblks",
            "smblks",
            "hblks",
            "hblkhd",
            "usmblks",
            "fsmblks",
            "uordblks",
            "fordblks",
            "keepcost",
        )
    )


@dataclass(frozen=True)
class Weight:
    """What the process holds, or by how much that has grown.

    Attributes:
        blocks: live blocks of Python's allocator.
        heap: live bytes of malloc, mapped ones included.
        resident: bytes of memory.
    """

    blocks: int
    heap: int
    resident: int

    def __sub__(self, other: Weight) -> Weight:
        return Weight(self.blocks - other.blocks, self.heap - other.heap, self.resident - other.resident)

    def __str__(self) -> str:
        return f"{self.blocks:+} live blocks, {self.heap:+} bytes of malloc, {self.resident // 1024:+} KiB resident"

    @property
    def leaks(self) -> bool:
        """Whether more has grown than may."""
        return self.blocks > MOST_BLOCKS or self.heap > MOST_HEAP or self.resident > MOST_RESIDENT


def weigh() -> Weight:
    """What the process holds now."""
    gc.collect()
    mallinfo2 = ctypes.CDLL(None).mallinfo2
    mallinfo2.restype = _Mallinfo
    info = mallinfo2()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return Weight(sys.getallocatedblocks(), info.uordblks + info.hblkhd, pages * os.sysconf("SC_PAGESIZE"))


def inputs() -> list[bytes]:
    """As many valid messages as broken ones."""
    bad = broken(300)
    return [*itertools.islice(itertools.cycle(MESSAGES), len(bad)), *bad]


def use(data: bytes) -> None:
    """All that can be done with a message; nothing of it is kept."""
    buffer = bytearray(data)
    _parse_and_edit(buffer)
    buffer.append(0)  # fails while anything still holds the buffer
    framer = Framer()
    with contextlib.suppress(ParseError):
        for half in (data[: len(data) // 2], data[len(data) // 2 :]):
            framer.feed(half)
            for message in framer:
                _ = message.detach().via


def _parse_and_edit(buffer: bytearray) -> None:
    try:
        message = parse(buffer)
    except ParseError:
        return
    read_every_value(message)
    validate(message)
    _FILTER.check(message)
    edit = message.edit().push_via("SIP/2.0/UDP edge.example;branch=z9hG4bK1").set_body(b"other", "text/plain")
    with contextlib.suppress(EditError):
        edit.remove_value("Route").decrement_max_forwards()
    assert b"".join(edit.parts()) == bytes(edit)


def growth(work: Callable[[bytes], object], data: Sequence[bytes], runs: int) -> Weight:
    """What so many runs of the work leave behind; the first rounds, which fill caches, are not counted."""
    for each in [*data, *data]:
        work(each)
    before = weigh()
    for each in itertools.islice(itertools.cycle(data), runs):
        work(each)
    return weigh() - before


if __name__ == "__main__":
    parses = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    grown = growth(use, inputs(), parses)
    print(f"{parses} messages, half of them broken: {grown}")
    sys.exit(grown.leaks)
