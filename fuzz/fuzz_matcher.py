"""The many-pattern matcher and the link finder, against the slow and obvious ones.

Contract: whatever the text and the place to start from, they find what tests/oracle/naive_matcher.py finds.

Allowed: nothing may be raised.

The sets of patterns are fixed. Building is Python and tried exhaustively in tests/test_matcher.py, and pyahocorasick
loses memory each time its trie is read (`dump`): a new matcher for each input would end every run for want of it.
"""

from __future__ import annotations

from oracle import naive_matcher
from pieces import exact, join, split

from sipcore.imfilter._matcher import Matcher, PrefixMatcher
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
    [prefix.rstrip("*.:").encode() for prefix in DEFAULT_PREFIXES],
]
MATCHERS = [[Matcher(patterns, ignore_case) for ignore_case in (False, True)] for patterns in PATTERNS]
LINKS = PrefixMatcher(DEFAULT_PREFIXES)
SEEDS = [
    join(b"ushers say HIS", 1, 1, 2),
    join(b"aababcabcaabababacb", 2, 0, 3),
    join(b"abababababacbabababc" * 3, 6, 0),
    join(b"see HTTP://www.x.example/a _http://www2.b.example <a href=c> \xc3\xa9sip:x", 7, 1, 4),
]


def one_input(data: bytes) -> None:
    """One run of the target."""
    content, decisions = split(data)
    text, kind = content[:LONGEST_TEXT], next(decisions, 0) % len(PATTERNS)
    ignore_case, start = next(decisions, 0) % 2, next(decisions, 0)
    patterns, matcher, view = PATTERNS[kind], MATCHERS[kind][ignore_case], exact(text)
    found = naive_matcher.find_all(patterns, text, bool(ignore_case))
    assert matcher.find_all(view) == found
    assert matcher.find(view) == (found[0] if found else None)
    assert matcher.find(view, start) == naive_matcher.find(patterns, text, start, bool(ignore_case))
    assert LINKS.find_all(view) == naive_matcher.find_links(list(DEFAULT_PREFIXES), text)
