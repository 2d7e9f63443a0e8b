"""Texts made to cost a reader as much as they can, in any size.

Run as a program it reads each at two sizes, the second twice the first, under `sipcore_bench.callgrind`.
"""

# ruff: noqa: RUF001 - letters that look like others are what this is about

from __future__ import annotations

from collections.abc import Callable, Iterator

from text_readings import text

from sipcore.imfilter.reading import readings
from sipcore_bench import callgrind

#: Bytes of the larger text.
SIZE = 2048


def many(piece: bytes, first: bytes = b"") -> Callable[[int], bytes]:
    """A text of many equal pieces."""
    return lambda size: first + piece * ((size - len(first)) // len(piece))


HTML, RTF, PLAIN = "text/html", "text/rtf", "text/plain"
BEGINNING = b"{\\rtf1 "

ADVERSARIES: dict[str, tuple[str, Callable[[int], bytes]]] = {
    "soft hyphens": (PLAIN, many(b"\xc2\xad")),
    "full-width letters": (PLAIN, many("ｈ".encode())),
    "escapes": (PLAIN, many(b"%68")),
    "escapes within escapes": (PLAIN, many(b"%25")),
    "a percent sign escaped all the way": (PLAIN, many(b"25", b"%")),
    "references": (PLAIN, many(b"&#104;")),
    "references that never end": (PLAIN, many(b"&#1")),
    "one reference of many digits": (PLAIN, many(b"9", b"&#x")),
    "names that are none": (PLAIN, many(b"&nosuch")),
    "ampersands": (PLAIN, many(b"&amp;")),
    "open tags": (HTML, many(b"<")),
    "begun tags": (HTML, many(b"<a")),
    "end tags": (HTML, many(b"</")),
    "begun comments": (HTML, many(b"<!--")),
    "comments that a bracket ends": (HTML, many(b"<!-- >")),
    "begun declarations": (HTML, many(b"<!")),
    "comments": (HTML, many(b"<!-->")),
    "conditional comments": (HTML, many(b"<!--[if")),
    "begun sections": (HTML, many(b"<![CDATA[")),
    "scripts": (HTML, many(b"<script>")),
    "scripts that end at once": (HTML, many(b"<script></script")),
    "attributes": (HTML, many(b" a", b"<a")),
    "links": (HTML, many(b"href=x ", b"<a ")),
    "one quote": (HTML, many(b"<a x=\"'>")),
    "quotes of both kinds": (HTML, many(b"<a x='<a y=\"")),
    "white space in a tag": (HTML, many(b" ", b"<a x")),
    "equals signs": (HTML, many(b" = ", b"<a x")),
    "spaces in a link": (HTML, many(b" x", b'<a href="')),
    "references in a link": (HTML, many(b"&Tab;", b'<a href="')),
    "NULs": (HTML, many(b"\0a")),
    "tags between letters": (HTML, many(b"h<b>")),
    "braces": (RTF, many(b"{", BEGINNING)),
    "closing braces": (RTF, many(b"}", BEGINNING)),
    "groups": (RTF, many(b"{\\b x}", BEGINNING)),
    "backslashes": (RTF, many(b"\\", BEGINNING)),
    "control words": (RTF, many(b"\\b", BEGINNING)),
    "one control word": (RTF, many(b"b", BEGINNING + b"\\")),
    "one number": (RTF, many(b"9", BEGINNING + b"\\u")),
    "hexadecimal bytes": (RTF, many(b"\\'68", BEGINNING)),
    "halves of characters": (RTF, many(b"\\'83", BEGINNING + b"\\ansicpg932")),
    "Unicode": (RTF, many(b"\\u104?", BEGINNING)),
    "halves of Unicode": (RTF, many(b"\\u-10179?", BEGINNING)),
    "binary data": (RTF, many(b"\\bin0", BEGINNING)),
    "fields": (RTF, many(b"{\\*\\fldinst a", BEGINNING)),
    "quotes in a field": (RTF, many(b'" ', BEGINNING + b"{\\*\\fldinst ")),
    "fonts": (RTF, many(b"{\\f1\\fcharset128}", BEGINNING + b"{\\fonttbl")),
}


def works() -> Iterator[tuple[str, int, Callable[[], Callable[[], object]]]]:
    """Every reading at two sizes, as `run_marked` takes them."""
    for name, (essence, make) in ADVERSARIES.items():
        for part, size in (("half", SIZE // 2), ("whole", SIZE)):
            adversary = text(make(size), essence)
            yield f"{name}/{part}", 1, lambda adversary=adversary: lambda: list(readings(adversary))


if __name__ == "__main__":
    callgrind.PASSES = 1
    callgrind.run_marked(works())
