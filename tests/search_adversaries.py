"""Texts made to cost a search as much as they can, in any size, and the searches that are meant to suffer from each.

Run as a program it searches each at two sizes, the second twice the first, under `sipcore_bench.callgrind`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sipcore import parse
from sipcore.imfilter._gate import Gate
from sipcore.imfilter._links import LinkFinder
from sipcore.imfilter._matcher import Matcher
from sipcore.imfilter.rules import DEFAULT_PREFIXES
from sipcore_bench import callgrind

#: Bytes of the larger text, and passes over it: a search is short enough to be counted alone.
SIZE = 16_384
PASSES = 1

ENDS = Matcher([prefix.replace("*", "") for prefix in DEFAULT_PREFIXES])
STARTS = Matcher(["http://contoso", "http://fabrikam", "https", "http:x"])
WORDS = Matcher([first + second for first in "etaoin" for second in "etaoinh"])
NESTED = Matcher(["a" * length for length in range(1, 41)])
NEARLY = Matcher(["a", "a" * 40 + "b"])
LINKS = LinkFinder(DEFAULT_PREFIXES)
GATE = Gate(LINKS, dots=True, undone=[0x200B])


def is_clean(text: bytes) -> bool:
    """The gate, over a text as the body of a message."""
    head = b"MESSAGE sip:a SIP/2.0\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(text)
    return GATE.is_clean(parse(head + text))


#: Search and piece; the text is many of these pieces.
ADVERSARIES: dict[str, tuple[Callable[[bytes], object], bytes]] = {
    "colons": (ENDS.find, b":"),
    "pairs of an ending": (ENDS.find, b"p:"),
    "tails of prefixes": (ENDS.find, b"xtp:"),
    "all but the first letter": (ENDS.find, b"ttp:"),
    "every prefix": (ENDS.find_all, b"http:"),
    "every prefix, overlapping": (ENDS.find_overlapping, b"https:"),
    "beginnings": (STARTS.find, b"ht"),
    "whole beginnings": (STARTS.find, b"http"),
    "long beginnings": (STARTS.find, b"http://contos"),
    "long matches": (STARTS.find_all, b"http://contoso"),
    "words everywhere": (WORDS.find_all, b"tea"),
    "a word in every stretch": (WORDS.find_all, b"-" * 510 + b"te"),
    "matches in matches, leftmost": (NESTED.find_all, b"a"),
    "matches that go on and fail": (NEARLY.find_all, b"a"),
    "links": (LINKS.find_all, b"http:x "),
    "prefixes with nothing behind": (LINKS.find_all, b"http: "),
    "prefixes within words": (LINKS.find_all, b"xhttp:"),
    "escaped prefixes": (LINKS.find_all, b"_http://"),
    "labels without an end": (LINKS.find_all, b"www-"),
    "labels that are too long": (LINKS.find_all, b"www" + b"a" * 64 + b" "),
    "dots before spaces": (is_clean, b". "),
    "percent signs": (is_clean, b"% "),
    "letters outside ASCII": (is_clean, "é".encode()),
}


def works() -> Iterator[tuple[str, int, Callable[[], Callable[[], object]]]]:
    """Every search at two sizes, as `run_marked` takes them."""
    for name, (search, piece) in ADVERSARIES.items():
        for part, size in (("half", SIZE // 2), ("whole", SIZE)):
            text = piece * (size // len(piece))
            yield f"{name}/{part}", 1, lambda search=search, text=text: lambda: search(text)


if __name__ == "__main__":
    callgrind.PASSES = PASSES
    callgrind.run_marked(works())
