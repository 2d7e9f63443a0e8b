"""sipcore through `cimport`, without objects: what a proxy in Cython pays, beside the handwritten reader in C.

The module is compiled when it is first asked for, against the declarations of the sipcore that is installed, like the
extension of anybody who cimports it (``examples/cython_embed``). It is no part of the wheel: nobody but the benchmark
would import it, and one that was built against other declarations would measure, or break, something else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

import sipcore
from sipcore_bench.build import cython_extension
from sipcore_bench.contestant import Absent, Contestant, Kind, Rejected, Unavailable
from sipcore_bench.fields import Fields

__all__ = ["Cimported", "contestants"]

_SOURCE = Path(__file__).with_name("cimported.pyx")
_CLOCK = Path(__file__).with_name("limits") / "clock.h"


@dataclass(frozen=True)
class Cimported:
    """The twelve fields as spans; with ``takes_uris_apart`` their three URIs are also split into parts."""

    module: ModuleType
    takes_uris_apart: bool
    name: str
    question: str = "fields"
    kind: Kind = "ours"
    version: str = sipcore.__version__

    def answer(self, item: bytes) -> Fields:
        """The fields as text and numbers."""
        try:
            fields = Fields._make(self.module.read(item, self.takes_uris_apart))
        except ValueError as refusal:
            raise Rejected(str(refusal)) from refusal
        return fields._replace(content_type=fields.content_type and fields.content_type.lower())

    def timed(self, items: list[bytes]) -> Callable[[], int]:
        """One pass without the GIL, all into the same struct."""
        return self.module.Pass(items, self.takes_uris_apart)  # type: ignore[no-any-return] # compiled, so untyped


@cache
def module(flags: tuple[str, ...] = ()) -> ModuleType:
    """The extension with ``read`` and ``Pass``. Raises: Unavailable without Cython or a C compiler."""
    include = Path(sipcore.get_include())
    depends = [*sorted([*include.glob("*.pxd"), *include.glob("*.h")]), _CLOCK]
    folders = (f"-I{include}", f"-I{_CLOCK.parent}")
    return cython_extension("sipcore_bench_cimported", _SOURCE, include.parent, depends, (*folders, *flags))


def contestants() -> Iterator[Contestant | Absent]:
    """Both."""
    try:
        built = module()
    except Unavailable as missing:
        yield Absent("sipcore: 12 fields, cimport", missing.reason)
        return
    yield Cimported(built, False, "sipcore: 12 fields, cimport")
    yield Cimported(built, True, "sipcore: 12 fields and parts of URIs, cimport")
