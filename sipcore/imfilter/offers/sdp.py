"""RFC 5547: a file described by ``file-*`` attributes of a medium in a session description.

The attributes mean nothing else, so the medium and its transport do not matter: MSRP over TCP and TLS, over WebSocket
(RFC 7977) and over a data channel, where each attribute is wrapped in ``a=dcsa`` (RFC 8873), are found alike. Sessions
that share an application or a whiteboard (``m=application 1503 tcp msdata``, ``m=applicationsharing``, ``m=data``) have
no such attribute and are no files (docs/protocol.md "File-transfer offers").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote

from sipcore.imfilter.offers.offer import Offer, OfferedFile, as_text, files_of, lines

__all__ = ["read"]

_SELECTOR = "file-selector"
_FILE_ATTRIBUTES = frozenset(
    (_SELECTOR, "file-transfer-id", "file-disposition", "file-date", "file-icon", "file-range"),
)
_DIRECTIONS = frozenset(("sendonly", "recvonly", "sendrecv", "inactive"))
_WRAPPED = re.compile(r"dcsa:\s*[0-9]+\s+", re.IGNORECASE)
#: One ``key:value`` of a selector. The value may have quoted pieces, in which there is no escape but %XX. Possessive
#: and never failing, so that each letter is looked at twice at most.
_PIECE = re.compile(r'\s*+(?:([^\s:"]++):)?((?:"[^"]*+"?|[^\s"]++)*+)')


@dataclass(slots=True)
class _Part:
    """The session, or one medium: the attributes that count here."""

    live: bool
    direction: str | None = None
    files: list[str] = field(default_factory=list)


def read(data: bytes | memoryview) -> Offer | None:
    """The files that a session description offers or asks for; None where there are none (F112).

    A medium with port 0 is rejected or has ended (RFC 3264 section 5.1), so its file is not offered. The attributes
    belong to a medium; where one stands before the first medium, it counts for all, as some readers take it.

    Raises:
        UnreadableOfferError: it is too long.
    """
    session, *media = _parts(lines(as_text(data)))
    offering = [medium for medium in media if medium.live and (medium.files or session.files)]
    if not offering:
        return None
    files = [file for medium in offering for file in _files([*session.files, *medium.files])]
    pull = all((medium.direction or session.direction) == "recvonly" for medium in offering)
    return Offer("sdp", tuple(files), pull)


def _parts(description: Iterable[str]) -> list[_Part]:
    """The session and its media, in order."""
    parts = [_Part(live=False)]
    for line in description:
        kind, _, value = line.partition("=")
        if kind.strip().lower() == "m":
            parts.append(_Part(live=_is_live(value)))
        elif kind.strip().lower() == "a":
            _note(parts[-1], _WRAPPED.sub("", value.strip(), count=1))
    return parts


def _is_live(description: str) -> bool:
    """Whether a medium, ``message 7654/1 TCP/MSRP *``, has a port other than 0."""
    port = description.split()[1:2]
    return not port or port[0].partition("/")[0].strip("0") != ""


def _note(part: _Part, attribute: str) -> None:
    name, _, value = attribute.partition(":")
    name = name.strip().lower()
    if name in _DIRECTIONS:
        part.direction = name
    elif name in _FILE_ATTRIBUTES:
        part.files.append(value if name == _SELECTOR else "")


def _files(selectors: list[str]) -> Iterator[OfferedFile]:
    """The files of each selector that says something; one of unknown name where none does."""
    found = [file for selector in selectors if selector.strip() for file in _selected(selector)]
    yield from found or [OfferedFile()]


def _selected(selector: str) -> tuple[OfferedFile, ...]:
    """The file in ``name:"My%20file.txt" type:text/plain size:4092 hash:...``, in any order (RFC 5547 section 6)."""
    values: dict[str, list[str]] = {}
    for piece in _PIECE.finditer(selector):
        if piece[1]:
            values.setdefault(piece[1].lower(), []).append(piece[2].replace('"', ""))
    return files_of(map(unquote, values.get("name", ())), values.get("size", ()))
