"""Which media type offers a file in which dialect: the one table that the rest of the filter goes by (F112)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from sipcore.imfilter.offers import ms_filetransfer, msmsgsinvite, msnslp, rcs_http, sdp
from sipcore.imfilter.offers.offer import Offer, OfferedFile, UnreadableOfferError

__all__ = ["OFFER_TYPES", "Offer", "OfferedFile", "UnreadableOfferError"]

#: Media type, in lower case, to its reader: decoded data to an `Offer`, or None where they offer no file. A reader
#: raises nothing but `UnreadableOfferError`, and looks at 64 KiB at most (docs/protocol.md "File-transfer offers").
OFFER_TYPES: Mapping[str, Callable[[bytes | memoryview], Offer | None]] = MappingProxyType({
    "text/x-msmsgsinvite": msmsgsinvite.read,
    "application/ms-filetransfer+xml": ms_filetransfer.read,
    "application/sdp": sdp.read,
    "application/vnd.gsma.rcs-ft-http+xml": rcs_http.read,
    "application/cipher.vnd.gsma.rcs-ft-http+xml": rcs_http.read_sealed,
    "application/x-msnmsgrp2p": msnslp.read,
})  # fmt: skip
