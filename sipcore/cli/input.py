"""What the commands read: files, messages, captures."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sipcore import Message, ParseError, parse
from sipcore.cli.output import FAULT, extra, leave
from sipcore.describe import place_of
from sipcore.limits import DEFAULT, Limits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sipcore.capture import Captured

__all__ = ["MessageFile", "captured", "fault", "is_capture", "joined", "read", "read_message"]

#: How captures begin, in both byte orders: pcap with micro- and nanoseconds, modified pcap, pcapng. Known here, because
#: loading what reads them takes longer than showing a message.
_CAPTURES = tuple(
    bytes.fromhex(text) for text in ("a1b2c3d4", "d4c3b2a1", "a1b23c4d", "4d3cb2a1", "a1b2cd34", "34cdb2a1", "0a0d0d0a")
)

MessageFile = Annotated[Path, typer.Argument(metavar="FILE", help="A SIP message; - reads standard input.")]


def read(file: Path) -> bytes:
    """The bytes of a file, or of standard input for ``-``."""
    try:
        return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        leave(FAULT, f"{file}: cannot be read: {error.strerror}")


def read_message(file: Path, limits: Limits = DEFAULT) -> Message:
    """The one message of a file, or say what is wrong with it and leave."""
    data = read(file)
    try:
        return parse(data, limits)
    except ParseError as error:
        leave(FAULT, f"{file}: {error}", *place_of(data, error.offset))


def is_capture(data: bytes) -> bool:
    """Whether the bytes are a packet capture."""
    return data.startswith(_CAPTURES)


def captured(file: Path, data: bytes) -> Iterator[Captured]:
    """Every message of a capture. Leaves where the capture cannot be read on."""
    with extra("cli"):
        from sipcore.capture import CaptureError, read_capture
    try:
        yield from read_capture(data)
    except CaptureError as error:
        leave(FAULT, f"{file}: {error}")


def joined(data: bytes) -> Iterator[tuple[int, Message | ParseError]]:
    """Every message of a file, and where it begins; behind a broken one nobody can tell where the next begins."""
    at = _next_line(data, 0)
    while at < len(data) or not at:
        try:
            message = parse(memoryview(data)[at:])
        except ParseError as error:
            yield at, error
            return
        yield at, message
        at = _next_line(data, at + message.size)


def _next_line(data: bytes, at: int) -> int:
    """The first place from there on that is no line end: keep-alives and editors leave some between messages."""
    while data[at : at + 1] in (b"\r", b"\n"):
        at += 1
    return at


def fault(error: ParseError) -> dict[str, Any]:
    """What is wrong with a message, as JSON has it."""
    return {"error": {"code": error.code, "offset": error.offset}}
