"""Between Python and the loops in C: where the sources are, the inputs as C sees them, the timed pass."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter_ns
from typing import Any

from sipcore_bench.build import shared_object

__all__ = ["library", "pass_in_c", "pass_in_python", "sources"]


class _Item(ctypes.Structure):
    """``struct item`` of clock.h."""

    _fields_ = (("data", ctypes.c_char_p), ("size", ctypes.c_size_t))


def sources(*names: str) -> list[Path]:
    """C sources of this package, named without their ending."""
    return [Path(__file__).with_name(f"{name}.c") for name in names]


def library(*names: str, flags: Sequence[str] = ()) -> ctypes.CDLL:
    """The shared object built from these C sources, called after the first. Raises: Unavailable."""
    return ctypes.CDLL(str(shared_object(names[0], sources(*names), flags)))


def pass_in_c(function: Any, items: list[bytes], *arguments: Any) -> Callable[[], int]:
    """A pass over the items in one call: ``int64_t function(items, count, arguments...)``, which reads the clock.

    The array of pointers and sizes is made here, once.
    """
    kept = tuple(items)
    array = (_Item * len(kept))(*(_Item(item, len(item)) for item in kept))
    function.restype = ctypes.c_int64

    def run(_alive: tuple[bytes, ...] = kept) -> int:
        return int(function(array, ctypes.c_size_t(len(array)), *arguments))

    return run


def pass_in_python(function: Callable[[bytes], object], items: list[bytes]) -> Callable[[], int]:
    """A pass over the items with one call for each, the clock around the loop."""

    def run() -> int:
        start = perf_counter_ns()
        for item in items:
            function(item)
        return perf_counter_ns() - start

    return run
