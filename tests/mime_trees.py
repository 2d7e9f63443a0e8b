"""MIME bodies with their texts known beforehand, written down by the RFCs."""

from __future__ import annotations

import base64
import gzip
import zlib
from typing import NamedTuple

CONTENT = {
    "": lambda data: data,
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "deflate": zlib.compress,
}
TRANSFER = {
    "": lambda data: data,
    "8bit": lambda data: data,
    "binary": lambda data: data,
    "base64": base64.encodebytes,
    "Base64": lambda data: base64.b64encode(data).rstrip(b"="),
    "quoted-printable": lambda data: b"=\r\n".join(
        b"".join(b"=%02X" % byte for byte in data[at : at + 25]) for at in range(0, len(data), 25)
    ),
}


class Entity(NamedTuple):
    """A body, the lines of the header before it, and its texts by the end of their path, with what they may hold."""

    lines: list[str]
    body: bytes
    texts: dict[str, tuple[str, str]]
    subtype: str = ""


def leaf(text: str, charset: tuple[str, str, str], subtype: str, content: str, transfer: str) -> Entity:
    """A text, written down."""
    label, codec, letters = charset
    data = TRANSFER[transfer](CONTENT[content](text.encode(codec)))
    lines = [f"Content-Type: text/{subtype}; charset={label}"]
    lines += [f"Content-Transfer-Encoding: {transfer}"] if transfer else []
    lines += [f"Content-Encoding: {content}"] if content else []
    return Entity(lines, data, {"": (text, letters)} if text else {}, subtype)


def multipart(parts: list[Entity], subtype: str, number: int, preamble: str = "", sized: bool = False) -> Entity:
    """Parts behind one another; ``number`` tells its boundary from others."""
    boundary = f"=_{number:04}"
    written = f"{preamble}\r\n" if preamble else ""
    body, found = written.encode(), {}
    for index, part in enumerate(parts):
        lines = [*part.lines, *([f"Content-Length: {len(part.body)}"] if sized else [])]
        head = "".join(f"{line}\r\n" for line in [f"--{boundary}", *lines, ""])
        body += head.encode() + part.body + b"\r\n"
        for path, text in part.texts.items():
            name = "/" + part.subtype if part.subtype and not path else ""
            found[f"/multipart[{index}]{name}{path}"] = text
    if preamble:
        found["/multipart/preamble"] = (preamble, "ab ")
    return Entity(
        [f'Content-Type: multipart/{subtype};boundary="{boundary}"'], body + f"--{boundary}--".encode(), found
    )


def enclosed(inner: Entity, cpim: bool, subject: str = "") -> Entity:
    """A body in CPIM or in mail, with a subject where there is one."""
    lines = ["From: <im:alice@fabrikam.example>", *([f"Subject: {subject}"] if subject else [])]
    lines += ["", *inner.lines] if cpim else inner.lines
    step = "/cpim" if cpim else "/rfc822"
    found = {step + path: text for path, text in inner.texts.items()}
    if subject:
        found["/subject"] = (subject, "ab")
    body = "".join(f"{line}\r\n" for line in [*lines, ""]).encode() + inner.body
    return Entity([f"Content-Type: message/{'CPIM' if cpim else 'rfc822'}"], body, found)
