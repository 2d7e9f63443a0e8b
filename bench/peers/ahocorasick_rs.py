"""ahocorasick_rs, as its README shows for bytes: `BytesAhoCorasick`, `find_matches_as_indexes`.

It knows no case, so the bytes are put into lower case; it has no search for the first match alone. Of its
implementations the README recommends the DFA where speed is what counts.
"""

from __future__ import annotations

from collections.abc import Iterator

from sipcore_bench.contestant import Contestant
from sipcore_bench.peers.reading import Reader, package
from sipcore_bench.texts import PREFIXES

__all__ = ["contestants"]


def contestants() -> Iterator[Contestant]:
    """All matches, as there is no other search. Raises: Unavailable."""
    module, version = package("ahocorasick_rs", "ahocorasick_rs")
    patterns = [prefix.encode() for prefix in PREFIXES]
    find = module.BytesAhoCorasick(patterns, implementation=module.Implementation.DFA).find_matches_as_indexes

    def holds_one(item: bytes) -> bool:
        return bool(find(item.lower()))

    yield Reader(f"ahocorasick_rs {version}", version, "match", holds_one)
