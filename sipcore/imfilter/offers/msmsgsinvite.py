"""``text/x-msmsgsinvite``, the dialect of Messenger and Communicator.

The text is a list of ``Name: value`` lines. It offers a file when it invites (rather than accepts or cancels) to the
application that transfers files, known by its GUID or its name; other applications and the answers to an offer pass
(docs/protocol.md "File-transfer offers").
"""

from __future__ import annotations

from sipcore.imfilter.offers.offer import FILE_TRANSFER_GUID, Offer, as_text, fields, files_of, folded

__all__ = ["read"]

_FILE_TRANSFER_NAME = "file transfer"


def read(data: bytes | memoryview) -> Offer | None:
    """The file offer in an invitation; None where it is another kind of invitation, or an answer (F112).

    Where a field is given more than once, any of its values can make it an offer: it cannot be known which one the
    receiver's client goes by.

    Raises:
        UnreadableOfferError: it is too long.
    """
    found = fields(as_text(data))
    if "invite" not in folded(found, "invitation-command"):
        return None
    guids = {guid.strip("{} ") for guid in folded(found, "application-guid")}
    if FILE_TRANSFER_GUID not in guids and _FILE_TRANSFER_NAME not in folded(found, "application-name"):
        return None
    files = files_of(found.get("application-file", ()), found.get("application-filesize", ()))
    return Offer("msmsgsinvite", files)
