"""The rule of links as docs/protocol.md "What makes it a link" writes it, a byte at a time. Imports nothing of sipcore.

`naive_matcher.find_links` says what the finder of links owes to its automaton; this says what the filter owes to a
person: which pieces of a plain text count, and what is left of it once each has its underscore.
"""

from __future__ import annotations

#: What `*` in a prefix may stand for: one host label.
_LABEL = b"-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_LONGEST_LABEL = 63
_DELIMITERS = b'"<>'


def links(prefixes: list[str], text: bytes) -> list[tuple[str, int, int]]:
    """(prefix, start, end) of each link, from left to right. No two prefixes may fit at one place."""
    found: list[tuple[str, int, int]] = []
    escaped: set[int] = set()  # where a prefix stands behind one that is escaped, or behind the slashes of that one
    at = 0
    while at < len(text):
        fits = [(prefix, end) for prefix in prefixes for end in _ends(prefix, text, at)]
        for prefix, end in fits:
            if text[at - 1 : at] == b"_":
                escaped.add(end + 2 if text[end : end + 2] == b"//" else end)
            elif at not in escaped and not text[at - 1 : at].isalnum() and _is_visible(text[end : end + 1]):
                found.append((prefix, at, _end_of_link(text, end)))
        at = found[-1][2] if found and found[-1][1] == at else at + 1
    return found


def _ends(prefix: str, text: bytes, at: int) -> list[int]:
    """Where a prefix ends that begins at a place; nowhere, if it does not fit."""
    stem = prefix.removesuffix("*.").encode()
    end = at + len(stem)
    if text[at:end].lower() != stem.lower():
        return []
    if not prefix.endswith("*."):
        return [end]
    label = end
    while label < len(text) and label - end < _LONGEST_LABEL and text[label] in _LABEL:
        label += 1
    return [label + 1] if text[label : label + 1] == b"." else []


def _is_visible(byte: bytes) -> bool:
    """Something that is neither white space nor a control."""
    return byte > b" " and byte != b"\x7f"


def _end_of_link(text: bytes, at: int) -> int:
    while at < len(text) and _is_visible(text[at : at + 1]) and text[at] not in _DELIMITERS:
        at += 1
    return at


def defanged(prefixes: list[str], text: bytes) -> bytes:
    """The text with an underscore before each link, and before what is one then, until there is none."""
    while found := links(prefixes, text):
        for _, start, _ in reversed(found):
            text = text[:start] + b"_" + text[start:]
    return text
