"""``application/ms-filetransfer+xml``, the dialect of Communicator "14" and its successors.

The INVITE that opens the session carries a ``request`` with ``publishFile``. The rest of the exchange follows in INFO
and is nothing without it: ``downloadFile``, ``cancelTransfer``, ``response``, ``notify`` (docs/protocol.md
"File-transfer offers").
"""

from __future__ import annotations

from sipcore.imfilter.offers.offer import Offer, OfferedFile, files_of
from sipcore.imfilter.offers.safe_xml import decoded, parsed

__all__ = ["read"]


def read(data: bytes | memoryview) -> Offer | None:
    """The files that a request publishes; None where it publishes none (F112).

    A document without that word, and without declarations that could compose it, publishes nothing even where it is
    broken. That matters: the ``cancelTransfer`` of one client in wide use is not well-formed.

    Raises:
        UnreadableOfferError: it is too long, or may publish something and is not well-formed.
    """
    text = decoded(data)
    if "publishFile" not in text and "<!" not in text:
        return None
    published = list(parsed(text).all("publishFile"))
    if not published:
        return None
    infos = [info for element in published for info in element.all("fileInfo")]
    files = [file for info in infos for file in files_of(info.texts("name"), info.texts("size"))]
    return Offer("ms-filetransfer", tuple(files) or (OfferedFile(),))
