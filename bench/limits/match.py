"""The limits of the question ``match``: a dense automaton, and a vector search for the ends of prefixes.

`href` is the one default prefix that ends in neither ``:`` nor ``.``. The vector search looks for its ``f`` as well,
behind an ``e``, and for that looks back at every "before" too; prefixes.c says more.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sipcore_bench.build import compiler
from sipcore_bench.contestant import Absent, Contestant, Kind
from sipcore_bench.limits.automaton import Prefixes, dense_table, look_back_table
from sipcore_bench.limits.native import library, pass_in_c
from sipcore_bench.texts import PREFIXES

__all__ = ["Match", "contestants"]

_VECTOR = "limit: vector search for ':', '.' and 'f', looking back"


@dataclass(frozen=True)
class Match:
    """Whether any prefix is in a text; ``way`` is the name that the functions in C have in common."""

    code: ctypes.CDLL
    way: str
    table: Prefixes | bytes
    name: str
    question: str = "match"
    kind: Kind = "limit"
    version: str = field(default_factory=compiler)

    def answer(self, item: bytes) -> bool:
        """Whether there is one."""
        return bool(getattr(self.code, f"find_{self.way}")(item, ctypes.c_size_t(len(item)), self._argument()))

    def timed(self, items: list[bytes]) -> Callable[[], int]:
        """One pass in C, with the table made before."""
        return pass_in_c(getattr(self.code, f"time_{self.way}"), items, self._argument())

    def _argument(self) -> object:
        """The table as `ctypes` passes it."""
        return self.table if isinstance(self.table, bytes) else ctypes.byref(self.table)


def contestants() -> Iterator[Contestant | Absent]:
    """Both. Raises: Unavailable without a C compiler."""
    code = library("prefixes")
    yield Match(code, "dense", dense_table(PREFIXES), "limit: dense automaton")
    if code.has_avx2():
        yield Match(code, "vector", look_back_table(PREFIXES), _VECTOR)
    else:
        yield Absent(_VECTOR, "this processor has no AVX2")
