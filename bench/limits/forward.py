"""The limits of the question ``relay``: forwarders that do nothing, as programs for the relay benchmark.

Both take ``LISTEN_PORT TARGET_PORT [CORE]``, all on loopback. Each prints ``ready PORT`` when it can be used (a listen
port of 0 is any free one) and ends with status 0 on SIGTERM.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sipcore_bench.build import program
from sipcore_bench.limits.native import sources

__all__ = ["forward_tcp", "forward_udp"]


def forward_udp(flags: Sequence[str] = ()) -> Path:
    """The program that sends on datagrams, both ways. Raises: Unavailable."""
    return program("forward_udp", sources("forward_udp"), flags)


def forward_tcp(flags: Sequence[str] = ()) -> Path:
    """The program that moves bytes between connections, both ways. Raises: Unavailable."""
    return program("forward_tcp", sources("forward_tcp"), flags)
