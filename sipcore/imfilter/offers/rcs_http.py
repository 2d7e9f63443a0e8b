"""``application/vnd.gsma.rcs-ft-http+xml``: the file lies on a server of the operator, the message says where.

Nothing but an offer has this type. The document is ``file`` with one ``file-info`` for the file and perhaps one for its
thumbnail (docs/protocol.md "File-transfer offers").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from sipcore.imfilter.offers.offer import Offer, OfferedFile, as_view, files_of
from sipcore.imfilter.offers.safe_xml import Element, decoded, parsed

__all__ = ["read", "read_sealed"]

_DIALECT = "rcs-http"
_END_OF_PATH = re.compile(r"[?#]")


def read(data: bytes | memoryview) -> Offer:
    """The file that the document points to (F112).

    Where the document gives no name, which it need not, the name is the last segment of the path of the file's URL.

    Raises:
        UnreadableOfferError: it is too long or not well-formed.
    """
    infos = parsed(decoded(data)).all("file-info")
    files = [file for info in infos if not _is_thumbnail(info) for file in _files(info)]
    return Offer(_DIALECT, tuple(files) or (OfferedFile(),))


def read_sealed(data: bytes | memoryview) -> Offer:
    """The offer in the type's encrypted form: a file of which nothing is known. Raises if it is too long."""
    as_view(data)
    return Offer(_DIALECT)


def _is_thumbnail(info: Element) -> bool:
    return info.attributes.get("type", "").strip().lower() == "thumbnail"


def _files(info: Element) -> tuple[OfferedFile, ...]:
    names = [name for name in info.texts("file-name") if name]
    return files_of(names or _names_in_urls(info), info.texts("file-size"))


def _names_in_urls(info: Element) -> Iterator[str]:
    for data in info.all("data"):
        path = _END_OF_PATH.split(data.attributes.get("url", ""), maxsplit=1)[0]
        yield unquote(path.rpartition("/")[2])
