"""The slow, obvious matchers: what `Matcher` and `LinkFinder` must agree with. Imports nothing of sipcore."""

from __future__ import annotations

import re

ASCII_LOWER = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"abcdefghijklmnopqrstuvwxyz")

Match = tuple[int, int, int]


def find_overlapping(patterns: list[bytes], text: bytes, ignore_case: bool = True) -> list[Match]:
    """Try every pattern at every place; then put the matches in the promised order."""
    if ignore_case:
        patterns = [pattern.translate(ASCII_LOWER) for pattern in patterns]
        text = text.translate(ASCII_LOWER)
    matches = [
        (index, start, start + len(pattern))
        for index, pattern in enumerate(patterns)
        for start in range(len(text))
        if text[start : start + len(pattern)] == pattern
    ]
    return sorted(matches, key=lambda match: (match[2], match[1], match[0]))


def find_all(patterns: list[bytes], text: bytes, ignore_case: bool = True) -> list[Match]:
    """Of all matches the leftmost, of those the longest, of those the first listed; and so on behind its end."""
    found: list[Match] = []
    for match in sorted(
        find_overlapping(patterns, text, ignore_case), key=lambda match: (match[1], -match[2], match[0])
    ):
        if not found or match[1] >= found[-1][2]:
            found.append(match)
    return found


def find(patterns: list[bytes], text: bytes, start: int = 0, ignore_case: bool = True) -> Match | None:
    """The first of them in the text cut at ``start``."""
    for index, begin, end in find_all(patterns, text[start:], ignore_case):
        return index, begin + start, end + start
    return None


def find_links(prefixes: list[str], text: bytes) -> list[tuple[int, int, int]]:
    """Try every prefix at every place against the rule for links."""
    links: list[tuple[int, int, int]] = []
    resume, escaped_host = 0, -1
    for _, start, index, end in sorted(_occurrences(prefixes, text)):
        if start < resume:
            continue
        if re.search(rb"_\Z", text[:start]):
            escaped_host = end + 2 if text[end:].startswith(b"//") else end
        elif start != escaped_host and not re.search(rb"[A-Za-z0-9]\Z", text[:start]):
            link = re.match(rb'(?=[^\x00-\x20\x7f])[^\x00-\x20\x7f"<>]*', text[end:])
            if link:
                resume = end + link.end()
                links.append((index, start, resume))
    return links


def _occurrences(prefixes: list[str], text: bytes) -> list[tuple[int, int, int, int]]:
    """(end of the literal part, start, prefix index, end) wherever a prefix fits, overlapping ones too."""
    found = []
    for index, prefix in enumerate(prefixes):
        stem = re.escape(prefix.removesuffix("*.").encode())
        tail = rb"[A-Za-z0-9-]{0,63}\." if prefix.endswith("*.") else b""
        for place in re.finditer(b"(?=(?P<stem>(?i:" + stem + b"))(?P<tail>" + tail + b"))", text):
            found.append((place.end("stem"), place.start(), index, place.end("tail")))
    return found
