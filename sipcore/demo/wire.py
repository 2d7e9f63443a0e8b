"""SIP as text, for the demo's own user agents: reading and writing without a line of sipcore's parser.

The demo is to show what the edge did, so the ends of the path must not share its code: what they cannot read with
these few lines, they did not receive.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = [
    "answer_to",
    "body_of",
    "call_id_of",
    "compose",
    "content_length",
    "lines_of",
    "status_of",
    "value_of",
    "values_of",
]

#: Copied from a request into its answer, in this order (RFC 3261 section 8.2.6.2); Record-Route by section 12.1.1.
COPIED = ("Via", "Record-Route", "From", "To", "Call-ID", "CSeq")


def lines_of(data: bytes) -> list[str]:
    """The start line and the header lines."""
    head = data.partition(b"\r\n\r\n")[0]
    return head.decode("utf-8", "replace").split("\r\n")


def body_of(data: bytes) -> str:
    """What follows the head, as text."""
    return data.partition(b"\r\n\r\n")[2].decode("utf-8", "replace")


def values_of(data: bytes, name: str) -> list[str]:
    """The values of all header lines of that name; compact names are never written here, so none are looked for."""
    found = (line.split(":", 1) for line in lines_of(data)[1:] if ":" in line)
    return [value.strip() for key, value in found if key.strip().lower() == name.lower()]


def value_of(data: bytes, name: str) -> str:
    """The first value of that name, "" where there is none."""
    return next(iter(values_of(data, name)), "")


def call_id_of(data: bytes) -> str:
    """What tells one exchange of the demo from another: each scenario has a Call-ID of its own."""
    return value_of(data, "Call-ID")


def status_of(data: bytes) -> int | None:
    """The status of an answer; None for a request."""
    found = re.match(rb"SIP/2\.0 (\d{3}) ", data)
    return int(found[1]) if found else None


def content_length(head: bytes) -> int:
    """How many bytes of body a head on a stream announces."""
    return int(value_of(head, "Content-Length") or 0)


def compose(start_line: str, headers: Iterable[tuple[str, str]], body: str = "") -> bytes:
    """One message, its Content-Length counted."""
    content = body.encode()
    lines = [start_line, *(f"{name}: {value}" for name, value in headers), f"Content-Length: {len(content)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


def answer_to(request: bytes, status: int, reason: str, tag: str, extra: Iterable[tuple[str, str]] = ()) -> bytes:
    """An answer to a request, with our tag in To where there is none yet."""
    to = value_of(request, "To")
    copied = {name: values_of(request, name) for name in COPIED}
    copied["To"] = [to if ";tag=" in to else f"{to};tag={tag}"]
    headers = [(name, value) for name, values in copied.items() for value in values]
    return compose(f"SIP/2.0 {status} {reason}", [*headers, *extra])
