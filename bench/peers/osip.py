"""GNU oSIP, through `osip.c`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sipcore_bench.contestant import Contestant
from sipcore_bench.peers.native import installed_version, load, native

__all__ = ["CANNOT_READ", "contestants"]

#: What it cannot give of which kind: a multipart body is kept as its parts only, without what stands between them.
CANNOT_READ: Mapping[str, tuple[str, ...]] = {"multipart": ("body_size",)}


def contestants() -> Iterator[Contestant]:
    """Parse, and parse with twelve fields. Raises: Unavailable."""
    version = installed_version("libosip2")
    yield from native(f"libosip2 {version}", version, load("osip.c", "libosip2"))
