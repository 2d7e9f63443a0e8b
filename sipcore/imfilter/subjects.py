"""The subject of a message, in every way in which it may be shown.

SIP and CPIM write UTF-8. CPIM has escapes besides (RFC 3862 section 2.3), mail has encoded words (RFC 2047), and a
client that shares its reader with mail decodes these in a SIP header too. Each is read as it stands and undone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sipcore.imfilter.charsets import Decoded, decoded, kept
from sipcore.imfilter.codings import undo_transfer
from sipcore.imfilter.places import Data

__all__ = ["subject"]

_LETTERS = {"b": "\b", "t": "\t", "n": "\n", "r": "\r"}
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))", re.DOTALL)

#: ``=?charset?B or Q?text?=``; the white space between two of them is not shown (RFC 2047 section 6.2).
_WORD = re.compile(r"=\?([^?\s*]+)(?:\*[^?\s]*)?\?([BbQq])\?([^?\s]*)\?=")
_GAP = re.compile(r"(?<=\?=)\s+(?==\?)")
_TRANSFER = {"b": "base64", "q": "quoted-printable"}


def subject(data: Data, escapes: bool = False) -> Iterator[Decoded]:
    """Every way to read a subject; ``escapes`` where those of CPIM may be in it. Raises: UnreadableError."""
    yield Decoded(data, "utf-8", kept("utf-8", data))
    text = str(data, "utf-8", "replace")
    if escapes and "\\" in text:
        yield Decoded(_unescaped(text).encode("utf-8", "replace"), "utf-8", _refuse, "@unescaped")
    if "=?" in text:
        shown = _WORD.sub(_word, _GAP.sub("", text))
        yield Decoded(shown.encode("utf-8", "replace"), "utf-8", _refuse, "@decoded")


def _unescaped(text: str) -> str:
    def character(match: re.Match[str]) -> str:
        return chr(int(match[1], 16)) if match[1] else _LETTERS.get(match[2], match[2])

    return _ESCAPE.sub(character, text)


def _word(match: re.Match[str]) -> str:
    """What stands for an encoded word."""
    coding = _TRANSFER[match[2].lower()]
    written = match[3].replace("_", " ") if coding == "quoted-printable" else match[3]
    data, _ = undo_transfer(coding, written.encode())
    way = next(decoded(match[1], "text/plain", data))
    return str(way.data, way.codec, "replace")


def _refuse(data: bytes) -> bytes:
    raise ValueError("escapes are not written")
