"""Messages from parts: a request, a response, and the response to a request (RFC 3261 section 8.2.6).

Nothing is invented here: no branch, no tag, no Call-ID. Who needs one brings it, for this room has no randomness.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from sipcore._respond import copied, takes_tag
from sipcore.errors import EditError
from sipcore.grammar import reason_phrase

if TYPE_CHECKING:
    from sipcore._parser import Message
    from sipcore._values import Uri

__all__ = ["around", "request", "respond", "response", "tag_parameter"]

#: Its response copies Timestamp too, so that the client can tell how long the way is (RFC 3261 section 8.2.6.1).
_TRYING = 100
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
    before = _first_line(status, reason)
    tag = tag_parameter(to_tag) if to_tag and takes_tag(request) else b""
    return copied(request, before, _rest(headers, body), tag, trying=status == _TRYING)


def around(status: int, reason: str | None = None, headers: Iterable[tuple[str, str]] = ()) -> tuple[bytes, bytes]:
    """What stands before and behind the copied fields of a response without a body, for who gives the same often.

    The arguments, and what is raised, as for `respond`.
    """
    return _first_line(status, reason), _rest(headers, b"")


def tag_parameter(tag: str) -> bytes:
    """A tag as it is written behind a To.

    Raises:
        EditError: as for `request`.
    """
    return _encoded(f";tag={tag}")


def _first_line(status: int, reason: str | None) -> bytes:
    return _status_line(status, reason) + b"\r\n"


def _rest(headers: Iterable[tuple[str, str]], body: bytes) -> bytes:
    return _joined(_fields(headers, body), body)


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


def _encoded(line: str) -> bytes:
    """The line as bytes. A value with a line end would be another header, or another message (CRLF injection)."""
    if _CONTROL.search(line):
        raise EditError(f"a line must not hold CR, LF, NUL or another control character: {line[:40]!r}")
    return line.encode("utf-8", "surrogateescape")
