"""Messages from parts: the response to a request (RFC 3261 section 8.2.6)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sipcore.errors import EditError, HeaderError
from sipcore.grammar import reason_phrase

if TYPE_CHECKING:
    from sipcore._parser import Message

__all__ = ["respond"]

#: What a response copies from its request, in the order in which it is written (RFC 3261 section 8.2.6.2).
_COPIED = ("Via", "From", "To", "Call-ID", "CSeq")


def respond(
    request: Message,
    status: int,
    reason: str | None = None,
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
    to_tag: str | None = None,
) -> bytes:
    """The bytes of a response to a request.

    Every Via and the first From, To, Call-ID and CSeq are copied byte for byte; what the request lacks is left out, so
    a request that is refused because it lacks one can still be answered.

    Args:
        request: the request that is answered.
        status: 100 to 699.
        reason: the reason phrase; that of the status code when None.
        headers: further (name, value) pairs, written behind the copied ones in their order.
        body: the body; Content-Length is always written.
        to_tag: added to a To that has no tag (RFC 3261 section 8.2.6.2); not looked at when it has one.

    Raises:
        ValueError: the status is out of range, or ``request`` is a response.
        EditError: a reason, name or value holds CR, LF or NUL.
    """
    if not request.is_request:
        raise ValueError("only a request can be answered")
    if not 100 <= status <= 699:
        raise ValueError(f"not a status code: {status}")
    lines = [_clean(f"SIP/2.0 {status} {reason_phrase(status) if reason is None else reason}")]
    for name in _COPIED:
        lines += _copies(request, name, to_tag if name == "To" else None)
    lines += [_clean(f"{name}: {value}") for name, value in headers]
    lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def _copies(request: Message, name: str, tag: str | None) -> list[bytes]:
    """All Via fields, or the first of any other name, to which the tag is added where it is missing."""
    fields: list[bytes] = []
    while (value := request.view(name, len(fields))) is not None:
        fields.append(name.encode() + b": " + bytes(value))
        if name != "Via":
            break
    if tag and fields and not _has_tag(request):
        fields[0] += _clean(f";tag={tag}")
    return fields


def _has_tag(request: Message) -> bool:
    """Whether To has a tag already; a To that cannot be read gets none, for nobody could find it there."""
    try:
        to = request.to
    except HeaderError:
        return True
    return to is not None and to.tag is not None


def _clean(line: str) -> bytes:
    """The line as bytes. A value with a line end would be another header, or another message (CRLF injection)."""
    if any(letter in line for letter in "\r\n\0"):
        raise EditError(f"a header must not hold CR, LF or NUL: {line[:40]!r}")
    return line.encode("utf-8", "surrogateescape")
