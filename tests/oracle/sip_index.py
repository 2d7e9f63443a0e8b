"""What a parser must say of a message's head, the slow and obvious way: split, unfold, compare.

Imports nothing from sipcore. Made for well-formed heads and for telling broken ones; see RFC 3261 section 7.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

TOKEN = rb"[A-Za-z0-9.!%*_+`'~-]+"

#: RFC 3261 section 7.1 and 7.2.
REQUEST_LINE = re.compile(rb"(" + TOKEN + rb") (.+) (SIP/[0-9]+\.[0-9]+) *", re.IGNORECASE)
STATUS_LINE = re.compile(rb"(SIP/[0-9]+\.[0-9]+) ([1-6][0-9][0-9])(?: (.*))?", re.IGNORECASE)

#: RFC 3261 section 7.3.1: a line that begins with white space goes on with the one before.
FIELD = re.compile(rb"(" + TOKEN + rb")[ \t]*:[ \t]*((?s:.*?))\s*\Z")

#: Only HTAB among the control bytes may stand in a value, unless it is the second half of a quoted pair (section 25.1).
CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")

COMPACT = {
    b"a": b"accept-contact", b"b": b"referred-by", b"c": b"content-type", b"d": b"request-disposition",
    b"e": b"content-encoding", b"f": b"from", b"i": b"call-id", b"j": b"reject-contact", b"k": b"supported",
    b"l": b"content-length", b"m": b"contact", b"n": b"identity-info", b"o": b"event", b"r": b"refer-to",
    b"s": b"subject", b"t": b"to", b"u": b"allow-events", b"v": b"via", b"x": b"session-expires", b"y": b"identity",
}  # fmt: skip


class NotSipError(Exception):
    """The bytes are no message that can be represented."""


@dataclass
class Head:
    """The start line's parts, the fields in wire order with folds kept, and the body as far as it is there."""

    start: tuple[bytes, ...]
    fields: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""
    truncated: bool = False


def read(data: bytes) -> Head:
    """Raises: NotSipError."""
    while data.startswith(b"\r\n"):
        data = data[2:]
    head, separator, rest = data.partition(b"\r\n\r\n")
    if not separator:
        raise NotSipError("no end of head")
    if re.search(rb"(?<!\r)\n|\r(?!\n)", head):
        raise NotSipError("bare CR or LF")
    start_line, *lines = re.split(rb"\r\n(?![ \t])", head)
    result = Head(_start(start_line), [_field(line) for line in lines])
    length = _length(result.fields)
    result.body = rest if length is None else rest[:length]
    result.truncated = length is not None and length > len(rest)
    return result


def _start(line: bytes) -> tuple[bytes, ...]:
    if CONTROL.search(line):
        raise NotSipError("control byte in the start line")
    if match := STATUS_LINE.fullmatch(line):
        return match[1], match[2], match[3] or b""
    if (match := REQUEST_LINE.fullmatch(line)) and not re.match(rb"SIP/[0-9]+\.[0-9]+ ", line, re.IGNORECASE):
        return match[1], match[2], match[3]
    raise NotSipError("start line")


def _field(line: bytes) -> tuple[bytes, bytes]:
    match = FIELD.fullmatch(line)
    if not match:
        raise NotSipError("no header field")
    if CONTROL.search(_without_quoted_pairs(match[2])):
        raise NotSipError("control byte")
    return match[1], match[2].strip(b" \t\r\n")


def _without_quoted_pairs(value: bytes) -> bytes:
    """The value without folds and without what a backslash protects inside quotes; an open quote goes to the end."""
    kept = bytearray()
    quoted = escaped = False
    for byte in value.replace(b"\r\n", b""):
        if escaped:
            escaped = False
        elif quoted and byte == 0x5C:
            escaped = True
        else:
            quoted ^= byte == 0x22
            kept.append(byte)
    return bytes(kept)


def _length(fields: list[tuple[bytes, bytes]]) -> int | None:
    lengths = {value for name, value in fields if canonical(name) == b"content-length"}
    if any(not re.fullmatch(rb"[0-9]+", value) for value in lengths):
        raise NotSipError("Content-Length")
    if len({int(value) for value in lengths}) > 1:
        raise NotSipError("two Content-Lengths")
    return int(lengths.pop()) if lengths else None


def canonical(name: bytes) -> bytes:
    """The full name in lower case."""
    return COMPACT.get(name.lower(), name.lower())


def unfolded(value: bytes) -> str:
    """As text, each fold and the white space around it as one space (RFC 3261 section 7.3.1)."""
    parts = [part.strip(b" \t") for part in value.split(b"\r\n")] if b"\r\n" in value else [value]
    return b" ".join(part for part in parts if part).decode("utf-8", "surrogateescape")
