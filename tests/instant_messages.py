"""Requests with something to read in them, written for these tests."""

from __future__ import annotations

import base64
from collections.abc import Iterable

from sipcore._parser import Message, parse

Headers = Iterable[tuple[str, str | bytes]]


def request(body: bytes | str, content_type: str | None, method: str = "MESSAGE", headers: Headers = ()) -> Message:
    """A request with that body; no Content-Type where it is None."""
    content = body.encode() if isinstance(body, str) else body
    fields: list[tuple[str, str | bytes]] = [
        ("Via", "SIP/2.0/TCP 192.0.2.7;branch=z9hG4bK74b43"),
        ("Max-Forwards", "70"),
        ("From", "<sip:alice@fabrikam.example>;tag=49583"),
        ("To", "<sip:bob@contoso.example>"),
        ("Call-ID", "asd88asd77a@fabrikam.example"),
        ("CSeq", f"1 {method}"),
        *headers,
        *([("Content-Type", content_type)] if content_type is not None else []),
        ("Content-Length", str(len(content))),
    ]
    head = f"{method} sip:bob@contoso.example SIP/2.0\r\n".encode()
    for name, value in fields:
        head += name.encode() + b": " + (value.encode() if isinstance(value, str) else value) + b"\r\n"
    return parse(head + b"\r\n" + content)


def im(body: bytes | str, charset: str | None = "UTF-8") -> Message:
    """An instant message in plain text."""
    return request(body, "text/plain" if charset is None else f"text/plain; charset={charset}")


def invitation(*first_messages: str | bytes, method: str = "INVITE") -> Message:
    """An INVITE with so many ms-text-format headers, and a session description."""
    headers = [("ms-text-format", value) for value in first_messages]
    return request("v=0\r\nm=message 5060 sip null\r\n", "application/sdp", method, headers)


def first_message(text: bytes | str, essence: str = "text/plain", padded: bool = True) -> str:
    """The value of an ms-text-format header that carries a text."""
    encoded = base64.b64encode(text.encode() if isinstance(text, str) else text).decode()
    return f"{essence}; charset=UTF-8;ms-body={encoded if padded else encoded.rstrip('=')}"


def file_offer(**changed: str | None) -> str:
    """The text that offers report.doc; keywords replace fields (``_`` for ``-``), None leaves one out."""
    fields: dict[str, str | None] = {
        "Application-Name": "File Transfer",
        "Application-GUID": "{5D3E02AB-6190-11d3-BBBB-00C04F795683}",
        "Invitation-Command": "INVITE",
        "Invitation-Cookie": "28113",
        "Application-File": "report.doc",
        "Application-FileSize": "46080",
    }
    fields |= {name.replace("_", "-"): value for name, value in changed.items()}
    return "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value is not None) + "\r\n"
