"""hyperscan, as the usage page of its Python package shows: `Database.compile`, `scan` with a handler.

The handler ends the scan at the first match, which the package tells by an exception.
"""

from __future__ import annotations

from collections.abc import Iterator

from sipcore_bench.contestant import Contestant
from sipcore_bench.peers.reading import Reader, package
from sipcore_bench.texts import PREFIXES

__all__ = ["contestants"]


def contestants() -> Iterator[Contestant]:
    """Up to the first match. Raises: Unavailable."""
    module, version = package("hyperscan", "hyperscan")
    database = module.Database()
    database.compile(
        expressions=[prefix.encode() for prefix in PREFIXES],
        ids=list(range(len(PREFIXES))),
        elements=len(PREFIXES),
        flags=module.HS_FLAG_CASELESS | module.HS_FLAG_SINGLEMATCH,
        literal=True,
    )
    scan, ended = database.scan, module.ScanTerminated

    def holds_one(item: bytes) -> bool:
        try:
            scan(item, match_event_handler=_enough)
        except ended:
            return True
        return False

    # "Version: 5.4.12 Features: AVX2 Mode: BLOCK": of the engine, which on Linux is Vectorscan.
    engine = database.info().decode().split()[1]
    yield Reader(f"hyperscan {version} (engine {engine})", version, "match", holds_one)


def _enough(_id: int, _start: int, _end: int, _flags: int, _context: object) -> bool:
    """One match is all that is asked for: end the scan."""
    return True
