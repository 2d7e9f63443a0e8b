"""Many patterns: what it costs to build a matcher of 20, 1,000 or 30,000 words, to keep it, and to search with it.

    python -m sipcore_bench.many [--bytes 1000000]

A block list of a large network has tens of thousands of hosts. The question ``match`` asks about seventeen patterns,
which fit any cache; this table shows what becomes of a search when the tables no longer do. Each figure comes from a
process of its own, because memory that a library has once taken it seldom gives back: *memory* is by how much the
process has grown when the matcher is built. Who does not find exactly as many places as the others is not shown.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from time import perf_counter

from rich.console import Console
from rich.table import Table

from sipcore_bench.contestant import Unavailable
from sipcore_bench.draw import Draw
from sipcore_bench.peers.reading import package

__all__ = ["COUNTS", "MATCHERS", "Measured", "main", "measure", "patterns", "text"]

COUNTS = (20, 1_000, 30_000)
_TIMEOUT_S = 300
_PAGE = 4096
_ROUNDS = 5
_ENDS = (".example", ".test", ".invalid")

#: All places of all patterns, how many there are.
Search = Callable[[bytes], int]


@dataclass(frozen=True, slots=True)
class Measured:
    """One matcher with that many patterns.

    Attributes:
        build_ms, mebibytes: of the matcher.
        ns_per_byte: of a search through ordinary text, the best of some.
        found: how many places it found.
    """

    matcher: str
    count: int
    build_ms: float
    mebibytes: float
    ns_per_byte: float
    found: int


def patterns(count: int) -> list[str]:
    """That many different hosts, 8 to 18 letters long; the smaller sets are the beginnings of the larger ones."""
    random = Random("hosts")  # noqa: S311 - test data, no secret
    letters = "etaoinshrdlucmfwypvbgk"
    made: dict[str, None] = {}
    while len(made) < count:
        made["".join(random.choices(letters, k=random.randint(3, 10))) + random.choice(_ENDS)] = None
    return list(made)


def text(size: int) -> bytes:
    """Prose of that size with a host of the set in every 4,000 bytes or so."""
    random = Random("text")  # noqa: S311 - as above
    hosts, pieces, made = patterns(COUNTS[0]), [], 0
    while made < size:
        pieces.append(Draw(random).mixed_prose(4000).encode() + b" " + random.choice(hosts).encode() + b" ")
        made += len(pieces[-1])
    return b"".join(pieces)[:size]


def _sipcore(words: list[str]) -> Search:
    from sipcore.imfilter import Matcher  # noqa: PLC0415 - each process imports only what it measures

    find = Matcher(words).find_overlapping
    return lambda data: len(find(data))


def _ahocorasick_rs(words: list[str]) -> Search:
    """Left to itself it chooses the implementation by the number of patterns."""
    module, _ = package("ahocorasick_rs", "ahocorasick_rs")
    find = module.BytesAhoCorasick([word.encode() for word in words]).find_matches_as_indexes
    return lambda data: len(find(data.lower(), overlapping=True))


def _pyahocorasick(words: list[str]) -> Search:
    module, _ = package("pyahocorasick", "ahocorasick")
    automaton = module.Automaton()
    for word in words:
        automaton.add_word(word, word)
    automaton.make_automaton()
    return lambda data: sum(1 for _ in automaton.iter(data.lower().decode("latin-1")))


#: Name to what builds it. Every search takes bytes in any case, as `Matcher` does.
MATCHERS: dict[str, Callable[[list[str]], Search]] = {
    "sipcore: Matcher": _sipcore,
    "ahocorasick_rs": _ahocorasick_rs,
    "pyahocorasick": _pyahocorasick,
}


def measure(matcher: str, count: int, size: int) -> Measured:
    """Build and search in this process. Raises: Unavailable."""
    build, words, data = MATCHERS[matcher], patterns(count), text(size)
    build(["warm-up"])
    before, start = _resident(), perf_counter()
    search = build(words)
    built, grown = perf_counter() - start, _resident() - before
    best, found = float("inf"), 0
    for _ in range(_ROUNDS):
        start = perf_counter()
        found = search(data)
        best = min(best, perf_counter() - start)
    return Measured(matcher, count, built * 1e3, grown / 2**20, best / len(data) * 1e9, found)


def _resident() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE


def _measured_apart(matcher: str, count: int, size: int) -> Measured | str:
    """The same in a process of its own; why not, where there is nothing to measure."""
    command = [sys.executable, "-m", "sipcore_bench.many", "--one", matcher, str(count), "--bytes", str(size)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)  # noqa: S603
    if ran.returncode:
        return ran.stderr.strip().rpartition("\n")[2]
    return Measured(**json.loads(ran.stdout))


def _table(size: int, say: Callable[[str], None]) -> Table:
    table = Table("patterns", "matcher", "build ms", "memory MiB", "search ns/byte", "found", box=None)
    for column in (0, 2, 3, 4, 5):
        table.columns[column].justify = "right"
    for count in COUNTS:
        rows = [_measured_apart(matcher, count, size) for matcher in MATCHERS]
        first = rows[0]
        for row in rows:
            if isinstance(row, str):
                say(f"not here: {row}")
            elif isinstance(first, Measured) and row.found != first.found:
                say(f"{row.matcher}: found {row.found} places of {count} patterns instead of {first.found}")
            else:
                figures = (f"{row.build_ms:.1f}", f"{row.mebibytes:.1f}", f"{row.ns_per_byte:.2f}")
                table.add_row(f"{count:,}", row.matcher, *figures, f"{row.found:,}")
    return table


def main(arguments: list[str] | None = None) -> None:
    """Print the table; with ``--one``, the figures of one matcher as JSON. Raises: SystemExit."""
    parser = argparse.ArgumentParser(prog="python -m sipcore_bench.many", description="Matchers of many patterns.")
    parser.add_argument("--bytes", type=int, default=1_000_000, help="of the text; default: 1,000,000")
    parser.add_argument("--one", nargs=2, metavar=("MATCHER", "COUNT"), help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.one:
        try:
            sys.stdout.write(json.dumps(asdict(measure(given.one[0], int(given.one[1]), given.bytes))))
        except Unavailable as missing:
            parser.exit(1, f"{missing.reason}\n")
        return
    console = Console(highlight=False)
    console.print(_table(given.bytes, console.print))


if __name__ == "__main__":
    main()
