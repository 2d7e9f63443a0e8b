"""Transfer encodings (RFC 2045 section 6) and content encodings (RFC 3261 section 20.12): undone, and done again.

Decoders differ in what they make of bad input: one skips it, one stops, one shows it. So bad input is refused here:
a text that only some readers see must not pass because this one did not. Output is bounded: base64 and quoted-printable
never grow, gzip and deflate stop at the room they are given.
"""

from __future__ import annotations

import binascii
import re
import zlib
from functools import partial

from sipcore.imfilter.places import Data, Redo, UnreadableError

__all__ = ["IDENTITY_CONTENT", "IDENTITY_TRANSFER", "undo_content", "undo_transfer"]

IDENTITY_CONTENT = frozenset({"", "identity"})
IDENTITY_TRANSFER = frozenset({"", "7bit", "8bit", "binary"})

#: RFC 2045 section 6.8 allows no longer lines.
_BASE64_LINE = 76
_SOFT_BREAK = re.compile(rb"=[ \t]*(?:\r\n|\n|\Z)")
_STRAY_MARK = re.compile(rb"=(?![0-9A-Fa-f]{2}|[ \t]*(?:\r\n|\n|\Z))")

#: zlib's window bits say which wrapping it expects.
_GZIP, _ZLIB, _BARE = 31, 15, -15


def undo_transfer(coding: str, data: Data) -> tuple[bytes, Redo]:
    """What a transfer encoding hides, and how to hide it again. Raises: UnreadableError."""
    if coding == "base64":
        return _from_base64(data), partial(_to_base64, *_habits(bytes(data)))
    if coding == "quoted-printable":
        return _from_quoted_printable(bytes(data)), _to_quoted_printable
    raise UnreadableError(f"Content-Transfer-Encoding: {coding}")


def undo_content(coding: str, data: Data, room: int) -> tuple[bytes, Redo]:
    """What a content encoding hides, ``room`` bytes at most, and how to hide it again. Raises: UnreadableError.

    Changed data are compressed anew, so the bytes around a change differ; what they expand to does not.
    """
    if coding in ("gzip", "x-gzip"):
        return _inflated(data, _GZIP, room), partial(_deflated, _GZIP)
    if coding == "deflate":
        return _from_deflate(data, room)
    raise UnreadableError(f"Content-Encoding: {coding}")


# -- base64


def _from_base64(data: Data) -> bytes:
    """Base64 with or without its padding, which some clients leave out, in lines of any length."""
    bare = bytes(data).translate(None, b" \t\r\n").rstrip(b"=")
    try:
        return binascii.a2b_base64(bare + b"=" * (-len(bare) % 4), strict_mode=True)
    except ValueError:
        raise UnreadableError("not base64") from None


def _habits(written: bytes) -> tuple[int, bytes, bool, bool]:
    """How it was written: length of a line, line end, whether one ends the text, whether padding is written."""
    first, newline, _ = written.partition(b"\n")
    eol = b"\r\n" if first.endswith(b"\r") else newline
    bare = written.translate(None, b" \t\r\n")
    padded = bare.endswith(b"=") or len(bare) % 4 == 0
    return len(first.strip()) or _BASE64_LINE, eol, bool(eol) and written.endswith(eol), padded


def _to_base64(width: int, eol: bytes, ended: bool, padded: bool, data: bytes) -> bytes:
    encoded = binascii.b2a_base64(data, newline=False)
    if not padded:
        encoded = encoded.rstrip(b"=")
    if eol:
        encoded = eol.join(encoded[at : at + width] for at in range(0, len(encoded), width))
    return encoded + eol if ended else encoded


# -- quoted-printable


def _from_quoted_printable(data: bytes) -> bytes:
    """RFC 2045 section 6.7. Soft breaks are taken out here: the library loses what follows a lone CR after ``=``."""
    if _STRAY_MARK.search(data):
        raise UnreadableError("not quoted-printable")
    return binascii.a2b_qp(_SOFT_BREAK.sub(b"", data))


def _to_quoted_printable(data: bytes) -> bytes:
    """Line ends that are CRLF stay line ends, any other control is written as ``=XX``."""
    lines = (binascii.b2a_qp(line, istext=False).replace(b"=\n", b"=\r\n") for line in data.split(b"\r\n"))
    return b"\r\n".join(lines)


# -- gzip and deflate


def _inflated(data: Data, wrapping: int, room: int) -> bytes:
    """What one compressed stream expands to. Raises: UnreadableError."""
    machine = zlib.decompressobj(wrapping)
    try:
        found = machine.decompress(data, room + 1)
    except zlib.error:
        raise UnreadableError("not what its Content-Encoding says") from None
    if len(found) > room:
        raise UnreadableError("expands past the limit")
    if not machine.eof or machine.unused_data:
        raise UnreadableError("compressed data cut short, or with something behind it")
    return found


def _from_deflate(data: Data, room: int) -> tuple[bytes, Redo]:
    """Deflate means zlib's wrapping (RFC 9110 section 8.4.1.2), and half the world writes it bare.

    Bytes can be made that are good either way, so both are tried; there must not be two answers.
    """
    answers: list[tuple[bytes, Redo]] = []
    fault = UnreadableError("not what its Content-Encoding says")
    for wrapping in (_BARE, _ZLIB):
        try:
            answers.append((_inflated(data, wrapping, room), partial(_deflated, wrapping)))
        except UnreadableError as error:
            fault = error
    if len(answers) == 1:
        return answers[0]
    raise UnreadableError("deflate that can be read in two ways") if answers else fault


def _deflated(wrapping: int, data: bytes) -> bytes:
    machine = zlib.compressobj(wbits=wrapping)
    return machine.compress(data) + machine.flush()
