"""``application/x-msnmsgrp2p``: MSNSLP, the invitation of Messenger's peer-to-peer sessions, behind a binary header.

A session of display pictures, emoticons or a webcam begins in the same way with another application's GUID, and passes,
as do the answers, the data of a session and its end (docs/protocol.md "File-transfer offers").
"""

from __future__ import annotations

import binascii
import re
import struct

from sipcore.imfilter.offers.offer import (
    FILE_TRANSFER_GUID,
    Offer,
    OfferedFile,
    UnreadableOfferError,
    as_view,
    fields,
    folded,
)

__all__ = ["read"]

#: Session (0: what follows is an invitation or an answer), identifier, offset, size of the whole, size of this piece,
#: flags, and three fields of acknowledgement.
_HEADER = struct.Struct("<IIQQIIIIQ")
_INVITE = re.compile(rb"INVITE[ \t]+MSNMSGR:", re.IGNORECASE)
_FILE_TRANSFER_APP_ID = "2"

#: The context of a file: its own size, a version, the size of the file, a type, and the name in UTF-16, ended by NUL.
_CONTEXT = struct.Struct("<IIQI")
_NAME_BYTES = 520
_CONTEXT_LETTERS = -(-(_CONTEXT.size + _NAME_BYTES) // 3) * 4
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/]")


def read(data: bytes | memoryview) -> Offer | None:
    """The file that an invitation offers; None where it is none, or none to a file transfer (F112).

    The invitation is looked for anywhere in the data: later clients have binary headers of other lengths.

    Raises:
        UnreadableOfferError: it is too long, shorter than its header, or a piece of an invitation sent in several.
    """
    content = bytes(as_view(data))
    invitation = _INVITE.search(content)
    if invitation is None:
        _refuse_pieces(content)
        return None
    found = fields(content[invitation.start() :].decode("utf-8", "replace"))
    # One that is not whole may be where the piece ends.
    guids = {guid for each in folded(found, "euf-guid") if len(guid := each.strip("{} ")) == len(FILE_TRANSFER_GUID)}
    if FILE_TRANSFER_GUID in guids or (not guids and _FILE_TRANSFER_APP_ID in folded(found, "appid")):
        return Offer("msnslp", tuple(_file(context) for context in found.get("context", ())) or (OfferedFile(),))
    if not guids:
        _refuse_pieces(content)
    return None


def _refuse_pieces(content: bytes) -> None:
    """Refuse a piece of an invitation or answer: what it belongs to cannot be known."""
    if len(content) < _HEADER.size:
        raise UnreadableOfferError("MSNSLP shorter than its header")
    session, _, offset, whole, piece, *_ = _HEADER.unpack_from(content)
    if session == 0 and (offset or piece < whole):
        raise UnreadableOfferError("a piece of an MSNSLP message")


def _file(context: str) -> OfferedFile:
    """Name and size out of the context, which may be cut short: the message may be the first of several pieces."""
    letters = _NOT_BASE64.sub("", context)[:_CONTEXT_LETTERS]
    raw = binascii.a2b_base64(letters[: len(letters) // 4 * 4])
    if len(raw) < _CONTEXT.size:
        return OfferedFile()
    _, _, size, _ = _CONTEXT.unpack_from(raw)
    name = raw[_CONTEXT.size : _CONTEXT.size + _NAME_BYTES].decode("utf-16-le", "replace")
    return OfferedFile(name.partition("\0")[0] or None, size)
