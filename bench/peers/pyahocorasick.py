"""pyahocorasick, as its README shows: `add_word`, `make_automaton`, `iter`.

Its package searches text, not bytes, and knows no case. So the bytes are put into lower case and taken as Latin-1,
which makes one character of each byte whatever it is, and costs the least.
"""

from __future__ import annotations

from collections.abc import Iterator

from sipcore_bench.contestant import Contestant
from sipcore_bench.peers.reading import Reader, package
from sipcore_bench.texts import PREFIXES

__all__ = ["contestants"]


def contestants() -> Iterator[Contestant]:
    """Up to the first match. Raises: Unavailable."""
    module, version = package("pyahocorasick", "ahocorasick")
    automaton = module.Automaton()
    for prefix in PREFIXES:
        automaton.add_word(prefix, prefix)
    automaton.make_automaton()

    def holds_one(item: bytes) -> bool:
        return next(automaton.iter(item.lower().decode("latin-1")), None) is not None

    yield Reader(f"pyahocorasick {version}", version, "match", holds_one)
