"""What "parse and read" means, and the answers that every contestant must give before it is timed.

The readers here are slow and plain: regular expressions over bytes, nothing shared with sipcore, so that they may judge
it. They read well-formed messages only; whatever they doubt raises `NotAMessage`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["FORWARD_VIA", "Fields", "NotAMessage", "forwarded", "framed", "read"]

#: The Via value that a contestant of the question ``forward`` puts on top.
FORWARD_VIA = "SIP/2.0/TCP edge.contoso.example:5060;branch=z9hG4bK7c1e0f5a9b3d4e6f"


class NotAMessage(ValueError):  # noqa: N818 - it says what the bytes are
    """The bytes are not one well-formed SIP message; the text says why."""


class Fields(NamedTuple):
    """The twelve fields that a proxy looks at, and the size of the body. What is absent is None.

    Attributes:
        start: the method (str) of a request, the status (int) of a response.
        uri: the Request-URI as written; None for a response.
        from_uri, to_uri: as written, without angle brackets, with the parameters inside them.
        from_tag, to_tag: as written.
        call_id: as written.
        cseq: the number.
        cseq_method: as written.
        branch: of the topmost Via value.
        content_type: ``type/subtype`` in lower case, without parameters.
        content_length: as declared.
        body_size: bytes of the body.
    """

    start: str | int
    uri: str | None
    from_uri: str
    from_tag: str | None
    to_uri: str
    to_tag: str | None
    call_id: str
    cseq: int
    cseq_method: str
    branch: str | None
    content_type: str | None
    content_length: int | None
    body_size: int


_TOKEN = rb"[A-Za-z0-9.!%*_+`'~-]+"
_REQUEST = re.compile(rb"(" + _TOKEN + rb") (\S+) SIP/2\.0")
_STATUS = re.compile(rb"SIP/2\.0 ([1-6][0-9][0-9])(?: .*)?")
_HEADER = re.compile(rb"(" + _TOKEN + rb")[ \t]*:[ \t]*(.*?)[ \t]*", re.DOTALL)
_FOLD = re.compile(rb"[ \t]*\r\n[ \t]+")

#: RFC 3261 section 20.10: with angle brackets their inside is the URI, without them it ends at the first semicolon.
_BRACKETED = re.compile(rb'(?:[^<"]|"(?:[^"\\]|\\.)*")*<([^<>]+)>(.*)', re.DOTALL)
_BARE = re.compile(rb"([^\s;<>]+)(.*)", re.DOTALL)
_TAG = re.compile(rb";[ \t]*tag[ \t]*=[ \t]*(" + _TOKEN + rb")", re.IGNORECASE)
_BRANCH = re.compile(rb"[^,]*?;[ \t]*branch[ \t]*=[ \t]*([^\s;,]+)", re.IGNORECASE)
_CSEQ = re.compile(rb"([0-9]+)[ \t]+(" + _TOKEN + rb")")
_MEDIA_TYPE = re.compile(rb"(" + _TOKEN + rb")[ \t]*/[ \t]*(" + _TOKEN + rb")[ \t]*(?:;.*)?", re.DOTALL)
_DIGITS = re.compile(rb"[0-9]+")

#: RFC 3261 section 7.3.3, as far as these fields have short names.
_SHORT = {b"f": b"from", b"t": b"to", b"i": b"call-id", b"v": b"via", b"c": b"content-type", b"l": b"content-length"}


def read(message: bytes) -> Fields:
    """The fields of one well-formed message. Raises: NotAMessage."""
    head, _, rest = message.partition(b"\r\n\r\n")
    lines = _FOLD.sub(b" ", head).split(b"\r\n")
    headers = _first_of_each(lines[1:])
    start, uri = _start_line(lines[0])
    from_uri, from_tag = _address(headers, b"from")
    to_uri, to_tag = _address(headers, b"to")
    cseq = _matched(_CSEQ, headers, b"cseq")
    branch = _BRANCH.match(_needed(headers, b"via"))
    media_type = _matched(_MEDIA_TYPE, headers, b"content-type") if b"content-type" in headers else None
    length = int(_matched(_DIGITS, headers, b"content-length")[0]) if b"content-length" in headers else None
    if length is not None and length > len(rest):
        raise NotAMessage(f"Content-Length says {length}, the body has {len(rest)} bytes")
    return Fields(
        start=start,
        uri=uri,
        from_uri=from_uri,
        from_tag=from_tag,
        to_uri=to_uri,
        to_tag=to_tag,
        call_id=_text(_needed(headers, b"call-id")),
        cseq=int(cseq[1]),
        cseq_method=_text(cseq[2]),
        branch=_text(branch[1]) if branch else None,
        content_type=_text(media_type[1] + b"/" + media_type[2]).lower() if media_type else None,
        content_length=length,
        body_size=len(rest) if length is None else length,
    )


def framed(stream: bytes) -> list[bytes]:
    """The messages of a stream that holds whole ones, back to back. Raises: NotAMessage."""
    return list(_frames(stream))


def _frames(stream: bytes) -> Iterator[bytes]:
    place = 0
    while place < len(stream):
        head_end = stream.find(b"\r\n\r\n", place) + 4
        length = re.search(rb"\r\n(?:Content-Length|l)[ \t]*:[ \t]*([0-9]+)", stream[place:head_end], re.IGNORECASE)
        if head_end < 4 or length is None or head_end + int(length[1]) > len(stream):
            raise NotAMessage(f"no whole message at byte {place}")
        yield stream[place : head_end + int(length[1])]
        place = head_end + int(length[1])


def forwarded(request: bytes, via: str = FORWARD_VIA) -> bytes:
    """The request as a proxy sends it on (RFC 3261 section 16.6): nothing is moved, nothing respelt.

    The first Route value is gone, with its line when it was alone there; the new Via has a line of its own before the
    first one; Max-Forwards is one less.

    Raises: NotAMessage for what the question is not about: a response, no Via, no Max-Forwards above 0.
    """
    head, end, body = request.partition(b"\r\n\r\n")
    if not _REQUEST.match(head):
        raise NotAMessage("a response is not sent on like a request")
    head = re.sub(rb'(?im)^(Route[ \t]*:[ \t]*)(?:[^,<"\r]|"[^"\r]*"|<[^>\r]*>)+,[ \t]*', rb"\g<1>\0", head, count=1)
    if b"\0" in head:
        head = head.replace(b"\0", b"", 1)
    else:
        head = re.sub(rb"(?i)\r\nRoute[ \t]*:[^\r]*", b"", head, count=1)
    head, pushed = re.subn(rb"(?i)\r\n(?=(?:Via|v)[ \t]*:)", b"\r\nVia: " + via.encode() + b"\r\n", head, count=1)
    hops = re.search(rb"(?i)\r\nMax-Forwards[ \t]*:[ \t]*([0-9]+)", head)
    if not pushed or hops is None or int(hops[1]) == 0:
        raise NotAMessage("a request that is sent on has a Via and a Max-Forwards above 0")
    return head[: hops.start(1)] + str(int(hops[1]) - 1).encode() + head[hops.end(1) :] + end + body


def _start_line(line: bytes) -> tuple[str | int, str | None]:
    """(method, Request-URI) or (status, None)."""
    if request := _REQUEST.fullmatch(line):
        return _text(request[1]), _text(request[2])
    if status := _STATUS.fullmatch(line):
        return int(status[1]), None
    raise NotAMessage(f"no SIP start line: {line[:40]!r}")


def _first_of_each(lines: list[bytes]) -> dict[bytes, bytes]:
    """The first value of each header, by its full name in lower case."""
    headers: dict[bytes, bytes] = {}
    for line in lines:
        header = _HEADER.fullmatch(line)
        if header is None:
            raise NotAMessage(f"no header: {line[:40]!r}")
        name = header[1].lower()
        headers.setdefault(_SHORT.get(name, name), header[2])
    return headers


def _needed(headers: dict[bytes, bytes], name: bytes) -> bytes:
    if name not in headers:
        raise NotAMessage(f"no {name.decode()}")
    return headers[name]


def _matched(pattern: re.Pattern[bytes], headers: dict[bytes, bytes], name: bytes) -> re.Match[bytes]:
    value = _needed(headers, name)
    match = pattern.fullmatch(value)
    if match is None:
        raise NotAMessage(f"malformed {name.decode()}: {value[:40]!r}")
    return match


def _address(headers: dict[bytes, bytes], name: bytes) -> tuple[str, str | None]:
    """(URI, tag)."""
    value = _needed(headers, name)
    match = _BRACKETED.fullmatch(value) or _BARE.fullmatch(value)
    if match is None:
        raise NotAMessage(f"malformed {name.decode()}: {value[:40]!r}")
    tag = _TAG.search(match[2])
    return _text(match[1]), _text(tag[1]) if tag else None


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
