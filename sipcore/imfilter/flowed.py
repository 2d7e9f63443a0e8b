"""Lines that flow (RFC 3676): with ``delsp=yes`` a line that ends in a space goes on in the next one, without it.

Mail is so written, in East Asian scripts above all; a client that shares its reader with mail joins "ht" and "tp:".
Without ``delsp`` the space stays, and what it parts stays parted.
"""

from __future__ import annotations

import re

from sipcore.imfilter.charsets import Decoded

__all__ = ["flowed"]

#: A soft break, with the marks of a quotation and the space that may stuff the next line (sections 4.2 to 4.5).
_SOFT_BREAK = re.compile(rb" (?:\r\n?|\n)>*+ ?")


def flowed(way: Decoded) -> Decoded | None:
    """A text as its reader sees it that joins its lines; None where nothing is joined.

    The line before a signature, ``-- ``, is joined too: one reading more does no harm.
    """
    data, joined = _SOFT_BREAK.subn(b"", bytes(way.data))
    return Decoded(data, way.codec, _refuse, f"{way.variant}@flowed") if joined else None


def _refuse(data: bytes) -> bytes:
    raise ValueError("lines are not broken again")
