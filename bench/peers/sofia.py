"""sofia-sip, through `sofia.c`."""

from __future__ import annotations

from collections.abc import Iterator

from sipcore_bench.contestant import Contestant
from sipcore_bench.peers.native import installed_version, load, native

__all__ = ["contestants"]


def contestants() -> Iterator[Contestant]:
    """Parse, and parse with twelve fields. Raises: Unavailable."""
    version = installed_version("sofia-sip-ua")
    yield from native(f"sofia-sip {version}", version, load("sofia.c", "sofia-sip-ua"))
