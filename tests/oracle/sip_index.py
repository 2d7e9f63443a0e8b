"""What a parser must say of a message's head, the slow and obvious way: split, unfold, compare.

Imports nothing from sipcore. Made for well-formed heads and for telling broken ones; see RFC 3261 section 7.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

TOKEN = rb"[A-Za-z0-9.!%*_+`'~-]+"

#: RFC 3261 section 7.1 and 7.2.
VERSION = re.compile(rb"SIP/[0-9]+\.[0-9]+", re.IGNORECASE)
REQUEST_LINE = re.compile(rb"(" + TOKEN + rb") (.+) (SIP/[0-9]+\.[0-9]+) *", re.IGNORECASE)
STATUS_LINE = re.compile(rb"(SIP/[0-9]+\.[0-9]+) ([1-6][0-9][0-9])(?: (.*))?", re.IGNORECASE)

#: RFC 3261 section 7.3.1: a line that begins with white space goes on with the one before.
FIELD = re.compile(rb"(" + TOKEN + rb")[ \t]*:[ \t\r\n]*((?s:.*?))[ \t\r\n]*\Z")

FOLD = re.compile(rb"[ \t]*+(?:\r\n[ \t]++)+")

#: Only HTAB among the control bytes may stand in a value, unless it is the second half of a quoted pair (section 25.1).
CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")

COMPACT = {
    b"a": b"accept-contact", b"b": b"referred-by", b"c": b"content-type", b"d": b"request-disposition",
    b"e": b"content-encoding", b"f": b"from", b"i": b"call-id", b"j": b"reject-contact", b"k": b"supported",
    b"l": b"content-length", b"m": b"contact", b"n": b"identity-info", b"o": b"event", b"r": b"refer-to",
    b"s": b"subject", b"t": b"to", b"u": b"allow-events", b"v": b"via", b"x": b"session-expires", b"y": b"identity",
}  # fmt: skip


#: The longest Content-Length that is believed, as in the default limits; one that is wrapped would be below it.
LONGEST_BODY = 1_048_576


class NotSipError(Exception):
    """The bytes are no message that can be represented."""


@dataclass
class Head:
    """The start line's parts, the fields in wire order with folds kept, and the body as far as it is there.

    Attributes:
        spans: where each field's value stands, counted from the first byte of the start line.
        size: bytes of the head, the empty line included.
    """

    start: tuple[bytes, ...]
    fields: list[tuple[bytes, bytes]] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)
    body: bytes = b""
    truncated: bool = False
    length: int | None = None
    size: int = 0

    @property
    def is_response(self) -> bool:
        return VERSION.fullmatch(self.start[0]) is not None

    def places(self, name: bytes) -> list[tuple[int, int]]:
        """The spans of all fields of that name, whatever its case and form."""
        wanted = canonical(name)
        return [span for (other, _), span in zip(self.fields, self.spans, strict=True) if canonical(other) == wanted]


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
    result = Head(_start(start_line), size=len(head) + 4)
    place = len(start_line) + 2
    for line in lines:
        name, value, start = _field(line)
        result.fields.append((name, value))
        result.spans.append((place + start, place + start + len(value)))
        place += len(line) + 2
    result.length = _length(result.fields)
    result.body = rest if result.length is None else rest[: result.length]
    result.truncated = result.length is not None and result.length > len(rest)
    if max(len(result.body), result.length or 0) > LONGEST_BODY:
        raise NotSipError("body too large")
    return result


def _start(line: bytes) -> tuple[bytes, ...]:
    if CONTROL.search(line):
        raise NotSipError("control byte in the start line")
    if match := STATUS_LINE.fullmatch(line):
        return match[1], match[2], match[3] or b""
    if (match := REQUEST_LINE.fullmatch(line)) and not VERSION.fullmatch(line.partition(b" ")[0]):
        return match[1], match[2], match[3]
    raise NotSipError("start line")


def _field(line: bytes) -> tuple[bytes, bytes, int]:
    """Name, value without outer white space, and where the value begins in the line."""
    match = FIELD.fullmatch(line)
    if not match:
        raise NotSipError("no header field")
    if CONTROL.search(_without_quoted_pairs(match[2])):
        raise NotSipError("control byte")
    return match[1], match[2], match.start(2)


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
    return FOLD.sub(b" ", value).decode("utf-8", "surrogateescape")
