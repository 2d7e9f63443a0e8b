"""Our own answers: their bytes, and where they go (RFC 3261 sections 8.2.6, 16.11 and 18.2.2)."""

from __future__ import annotations

from sipcore._parser import Message, parse
from sipcore._values import Via
from sipcore.build import respond
from sipcore.edge.actions import Link, Send
from sipcore.edge.flow import Answer
from sipcore.edge.tables import Hop, Side, Transport
from sipcore.edge.vias import WayBack, stamped
from sipcore.limits import WIDEST

__all__ = ["answer_after", "answer_on"]


def answer_on(link: Link, message: Message, via: Via, answer: Answer, tag: str) -> Send:
    """The answer to a request, on the link that it came on.

    Args:
        via: the request's topmost; the answer has it with our note of where the request came from.
        tag: for a To that has none.
    """
    data = respond(message, answer.status, answer.reason, answer.headers, to_tag=tag)
    if (note := stamped(via, link)) is not None:
        data = bytes(parse(data, WIDEST).edit().replace_value("Via", 0, note))
    return Send(_hop(link, via), link.side, link.id if link.transport is not Transport.UDP else None, data)


def answer_after(message: Message, *, side: Side, back: WayBack, link_id: int | None, answer: Answer, tag: str) -> Send:
    """The answer to a request whose link is past: its topmost Via has our note already, and leads back."""
    data = respond(message, answer.status, answer.reason, answer.headers, to_tag=tag)
    return Send(back.hop, side, link_id, data)


def _hop(link: Link, via: Via) -> Hop:
    """To the source address always; to the source port only where the client asks for it (RFC 3581 section 4).

    On a stream this is where to connect when the connection is gone.
    """
    symmetric = link.transport is Transport.UDP and via.rport is not None
    port = link.remote_port if symmetric else via.port or link.transport.default_port
    return Hop(link.transport, link.remote_host, port)
