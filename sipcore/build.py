"""Messages from parts: a request, a response, and the response to a request (RFC 3261 section 8.2.6).

Nothing is invented here: no branch, no tag, no Call-ID. Who needs one brings it, for this room has no randomness.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from sipcore.errors import EditError, HeaderError
from sipcore.grammar import reason_phrase

if TYPE_CHECKING:
    from sipcore._parser import Message
    from sipcore._values import Uri

__all__ = ["request", "respond", "response"]

#: What a response copies from its request, in the order in which it is written (RFC 3261 section 8.2.6.2).
_COPIED = ("Via", "From", "To", "Call-ID", "CSeq")
#: What 100 Trying copies too, so that the client can tell how long the way is (RFC 3261 section 8.2.6.1).
_COPIED_BY_TRYING = (*_COPIED, "Timestamp")
#: RFC 3261 section 25.1: what a method and a header name are made of.
_TOKEN = re.compile(r"[A-Za-z0-9!%*_+`'~.-]+")
#: What no line may hold: a parser refuses it, or takes it for a line end. HTAB is white space and may stand.
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_NOT_IN_URI = re.compile(r"[\x00-\x20\x7f]")


def request(method: str, uri: str | Uri, headers: Iterable[tuple[str, str]] = (), body: bytes = b"") -> bytes:
    """The bytes of a request.

    Content-Length is written last, unless it is among the headers: then it stands where it was put, and must be right.
    So the parts of a message that was parsed make the same message again.

    Args:
        method: a token; methods are case-sensitive.
        uri: the Request-URI, without white space.
        headers: (name, value) pairs, written in their order; white space around a value is left off.
        body: the body.

    Raises:
        EditError: a part holds a control character such as CR, LF or NUL, the method or a name is no token, the URI is
            empty or has white space, or a Content-Length is not that of the body.
    """
    text = str(uri)
    if not _TOKEN.fullmatch(method):
        raise EditError(f"not a method: {method[:40]!r}")
    if not text or _NOT_IN_URI.search(text):
        raise EditError(f"not a Request-URI: {text[:40]!r}")
    return _joined([_encoded(f"{method} {text} SIP/2.0"), *_fields(headers, body)], body)


def response(
    status: int, reason: str | None = None, headers: Iterable[tuple[str, str]] = (), body: bytes = b""
) -> bytes:
    """The bytes of a response; see `respond` for one that answers a request.

    Args:
        status: 100 to 699.
        reason: the reason phrase; that of the status code when None.
        headers, body: as for `request`.

    Raises:
        ValueError: the status is out of range.
        EditError: as for `request`.
    """
    return _joined([_status_line(status, reason), *_fields(headers, body)], body)


def respond(
    request: Message,
    status: int,
    reason: str | None = None,
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
    to_tag: str | None = None,
) -> bytes:
    """The bytes of a response to a request.

    Every Via and the first From, To, Call-ID and CSeq are copied byte for byte, in a 100 the Timestamp too; what the
    request lacks is left out, so a request that is refused because it lacks one can still be answered.

    Args:
        request: the request that is answered.
        status: 100 to 699.
        reason: the reason phrase; that of the status code when None.
        headers: further (name, value) pairs, written behind the copied ones in their order.
        body: the body; Content-Length is treated as in `request`.
        to_tag: added to a To that has no tag (RFC 3261 section 8.2.6.2); not looked at when it has one.

    Raises:
        ValueError: the status is out of range, or ``request`` is a response.
        EditError: as for `request`.
    """
    if not request.is_request:
        raise ValueError("only a request can be answered")
    lines = [_status_line(status, reason)]
    for name in _COPIED_BY_TRYING if status == 100 else _COPIED:
        lines += _copies(request, name, to_tag if name == "To" else None)
    return _joined([*lines, *_fields(headers, body)], body)


def _status_line(status: int, reason: str | None) -> bytes:
    if not 100 <= status <= 699:
        raise ValueError(f"not a status code: {status}")
    return _encoded(f"SIP/2.0 {status} {reason_phrase(status) if reason is None else reason}")


def _fields(headers: Iterable[tuple[str, str]], body: bytes) -> list[bytes]:
    """A line for each header, the length of the body among them."""
    lines: list[bytes] = []
    has_length = False
    for name, value in headers:
        if not _TOKEN.fullmatch(name):
            raise EditError(f"not a header name: {name[:40]!r}")
        plain = value.strip(" \t")
        if name.lower() in ("content-length", "l"):
            # A wrong length would make this message end elsewhere, and what follows another message.
            if plain != str(len(body)):
                raise EditError(f"Content-Length is {plain[:40]!r}, and the body has {len(body)} bytes")
            has_length = True
        lines.append(_encoded(f"{name}: {plain}" if plain else f"{name}:"))
    if not has_length:
        lines.append(b"Content-Length: %d" % len(body))
    return lines


def _joined(lines: list[bytes], body: bytes) -> bytes:
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def _copies(request: Message, name: str, tag: str | None) -> list[bytes]:
    """All Via fields, or the first of any other name, to which the tag is added where it is missing."""
    fields: list[bytes] = []
    while (value := request.view(name, len(fields))) is not None:
        fields.append(name.encode() + b": " + bytes(value))
        if name != "Via":
            break
    if tag and fields and not _has_tag(request):
        fields[0] += _encoded(f";tag={tag}")
    return fields


def _has_tag(request: Message) -> bool:
    """Whether To has a tag already; a To that cannot be read gets none, for nobody could find it there."""
    try:
        to = request.to
    except HeaderError:
        return True
    return to is not None and to.tag is not None


def _encoded(line: str) -> bytes:
    """The line as bytes. A value with a line end would be another header, or another message (CRLF injection)."""
    if _CONTROL.search(line):
        raise EditError(f"a line must not hold CR, LF, NUL or another control character: {line[:40]!r}")
    return line.encode("utf-8", "surrogateescape")
