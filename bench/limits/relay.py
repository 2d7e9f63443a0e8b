"""The limit of the question ``relay``: a relay in C that does what is asked, joins what it writes, and nothing else.

Both programs take ``PREFIXES LISTEN_PORT TARGET_PORT [CORE]``, all on loopback. Each prints ``ready PORT`` when it can
be used (a listen port of 0 is any free one) and ends with status 0 on SIGTERM.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sipcore_bench.build import program
from sipcore_bench.contestant import Unavailable
from sipcore_bench.limits.automaton import look_back_table
from sipcore_bench.limits.native import library, sources
from sipcore_bench.texts import PREFIXES

__all__ = ["prefix_table", "relay_tcp", "relay_udp"]

_SHARED = ("relay", "sip_fields", "index", "prefixes")


def prefix_table() -> bytes:
    """What the file PREFIXES holds."""
    return bytes(look_back_table(PREFIXES))


def relay_udp(flags: Sequence[str] = ()) -> Path:
    """The program that relays datagrams. Raises: Unavailable."""
    return _relay("relay_udp", flags)


def relay_tcp(flags: Sequence[str] = ()) -> Path:
    """The program that relays what comes on connections. Raises: Unavailable."""
    return _relay("relay_tcp", flags)


def _relay(name: str, flags: Sequence[str]) -> Path:
    if not library("index").has_avx2():
        raise Unavailable("this processor has no AVX2")
    return program(name, sources(name, *_SHARED), flags)
