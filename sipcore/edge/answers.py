"""Our own answers: their bytes, and where they go (RFC 3261 sections 8.2.6, 16.11 and 18.2.2)."""

from __future__ import annotations

from functools import lru_cache

from sipcore._parser import Message
from sipcore._respond import copied, takes_tag
from sipcore._values import Via
from sipcore.build import around, tag_parameter
from sipcore.edge.actions import Link, Send
from sipcore.edge.flow import Answer, Header
from sipcore.edge.tables import Hop, Side, Transport
from sipcore.edge.vias import WayBack, stamped

__all__ = ["answer_after", "answer_on", "said_around"]


def answer_on(link: Link, message: Message, via: Via, answer: Answer, tag: str) -> Send:
    """The answer to a request, on the link that it came on.

    Args:
        via: the request's topmost; the answer has it with our note of where the request came from.
        tag: for a To that has none.
    """
    data = _answered(message, answer, tag, stamped(via, link))
    return Send(_hop(link, via), link.side, link.id if link.transport is not Transport.UDP else None, data)


def answer_after(message: Message, *, side: Side, back: WayBack, link_id: int | None, answer: Answer, tag: str) -> Send:
    """The answer to a request whose link is past: its topmost Via has our note already, and leads back."""
    return Send(back.hop, side, link_id, _answered(message, answer, tag))


def said_around(answer: Answer) -> tuple[bytes, bytes]:
    """What an answer has before and behind the fields that it copies of its request."""
    return _around(answer.status, answer.reason, answer.headers)


#: Nearly all answers are one of a few; those that name what a request had wrong are many.
@lru_cache(maxsize=256)
def _around(status: int, reason: str, headers: tuple[Header, ...]) -> tuple[bytes, bytes]:
    return around(status, reason, headers)


def _answered(message: Message, answer: Answer, tag: str, note: str | None = None) -> bytes:
    """The answer's bytes.

    Args:
        note: stands in the place of the topmost Via.

    Raises:
        EditError: the note has no place, as it cannot be told where that Via ends.
    """
    before, behind = said_around(answer)
    added = tag_parameter(tag) if takes_tag(message) else b""
    via = None if note is None else message.edit().replace_value("Via", 0, note).get("Via")
    return copied(message, before, behind, added, None if via is None else via.encode("utf-8", "surrogateescape"))


def _hop(link: Link, via: Via) -> Hop:
    """To the source address always; to the source port only where the client asks for it (RFC 3581 section 4).

    On a stream this is where to connect when the connection is gone.
    """
    symmetric = link.transport is Transport.UDP and via.rport is not None
    port = link.remote_port if symmetric else via.port or link.transport.default_port
    return Hop(link.transport, link.remote_host, port)
