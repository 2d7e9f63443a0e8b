"""The many-pattern matcher and the link finder, against the slow and obvious ones.

Contract: whatever the patterns, the text and the place to start from, they find what tests/oracle/naive_matcher.py
finds, in every way in which the automaton can be walked.

Allowed: nothing may be raised.
"""

from __future__ import annotations

from oracle import naive_matcher
from pieces import exact, join, split

from sipcore.imfilter._links import LinkFinder
from sipcore.imfilter._matcher import Matcher
from sipcore.imfilter._walking import _ways
from sipcore.imfilter.rules import DEFAULT_PREFIXES

#: The slow matchers try every pattern at every place.
LONGEST_TEXT = 300
PATTERNS = [
    [],
    [b"he", b"she", b"his", b"hers"],
    [b"a", b"ab", b"bab", b"bc", b"bca", b"c", b"caa"],
    [b"a" * length for length in range(1, 13)],
    [b"he", b"HE", b"he", b"\xc3\xa9", b"\xff\xfe", b"\0"],
    [bytes([byte]) for byte in range(0, 256, 5)],
    [b"abababac", b"babababc", b"abac"],
    [prefix.rstrip("*").encode() for prefix in DEFAULT_PREFIXES],
    [b"http://a", b"http://b", b"https:", b"http://ac"],
]
#: Entries of the rows: for the root, for some states, for all.
ROOMS = (0, 200, 1 << 20)
LINKS = LinkFinder(DEFAULT_PREFIXES)
SEEDS = [
    join(b"ushers say HIS", 1, 1, 2),
    join(b"aababcabcaabababacb", 2, 0, 3),
    join(b"abababababacbabababc" * 3, 6, 0),
    join(b"see HTTP://www.x.example/a _http://www2.b.example <a href=c> \xc3\xa9sip:x", 7, 1, 4),
    join(b"-" * 200 + b"http://ac https:" + b"-" * 50, 8, 1, 0, 2),
]


def one_input(data: bytes) -> None:
    """One run of the target. Some patterns are taken from the text itself, so that they occur in it."""
    content, decisions = split(data)
    text, kind = content[:LONGEST_TEXT], next(decisions, 0) % len(PATTERNS)
    ignore_case, start, room = next(decisions, 0) % 2, next(decisions, 0), next(decisions, 0) % len(ROOMS)
    patterns, view = PATTERNS[kind] + cut_out(text, list(decisions)[:4]), exact(text)
    matcher = Matcher(patterns, ignore_case)
    every = naive_matcher.find_overlapping(patterns, text, bool(ignore_case))
    assert matcher.find_overlapping(view) == every
    assert matcher.find_all(view) == naive_matcher.find_all(patterns, text, bool(ignore_case))
    assert matcher.find(view, start) == naive_matcher.find(patterns, text, start, bool(ignore_case))
    links = naive_matcher.find_links(list(DEFAULT_PREFIXES), text)
    assert LINKS.find_all(view) == links
    assert LINKS.find_first(view) == next(iter(links), None)
    if text:
        keys = [pattern.translate(naive_matcher.ASCII_LOWER) if ignore_case else pattern for pattern in patterns]
        ends = sorted({end for _, _, end in every})
        for way, found in _ways(keys, ignore_case, view, ROOMS[room]).items():
            assert [end for end, _ in found] == ends, way


def cut_out(text: bytes, sizes: list[int]) -> list[bytes]:
    """Pieces of the text: of these sizes, one behind the other."""
    pieces, at = [], 0
    for size in sizes:
        pieces.append(text[at : at + size % 24 + 1])
        at += size
    return [piece for piece in pieces if piece]
