"""What the engine is told of links, and what it asks of the shell around it."""

from __future__ import annotations

from dataclasses import dataclass

from sipcore._parser import Message
from sipcore.edge.flow import Decision
from sipcore.edge.tables import Hop, Side, Transport
from sipcore.imfilter import Verdict
from sipcore.validate import Refusal

__all__ = ["COUNTERS", "Action", "Count", "Link", "Send", "Trace"]


@dataclass(frozen=True, slots=True)
class Link:
    """One TCP connection, or one UDP peer address.

    Attributes:
        id: the shell's number for it; no two links have the same.
        side: on which side of the edge.
        transport: how.
        remote_host: the peer's address, an IP literal.
        remote_port: the peer's port.
    """

    id: int
    side: Side
    transport: Transport
    remote_host: str
    remote_port: int


@dataclass(frozen=True, slots=True)
class Send:
    """Bytes that are to leave.

    Attributes:
        hop: where to.
        side: on which side.
        link_id: an open link to be preferred (an answer goes back on the connection that the request came on); when it
            is None or gone, any link to the hop, or a new one.
        data: one whole message.
    """

    hop: Hop
    side: Side
    link_id: int | None
    data: bytes


@dataclass(frozen=True, slots=True)
class Count:
    """One more of what `COUNTERS` has under that name. The values of labels are few: nothing a peer writes is one."""

    name: str
    labels: tuple[str, ...]


#: Every counter with its labels. ``why`` is a name of docs/refusals.md. ``filtered`` has the messages that go on though
#: the filter found something, by what it did: observe, defang or warn. Those it blocks are refused or discarded.
COUNTERS: dict[str, tuple[str, ...]] = {
    "received": ("side", "kind"),
    "forwarded": ("side", "kind"),
    "refused": ("side", "why", "status"),
    "discarded": ("side", "why"),
    "filtered": ("side", "action"),
}

Action = Send | Count


@dataclass(frozen=True, slots=True)
class Trace:
    """Why a message went the way it went: for `sipcore explain`, the demo and debug logs.

    Attributes:
        message: what came.
        link: where it came from.
        decision: what became of it in the end; its chain has every step.
        verdict: what the filter said, None where it was not asked.
        refusal: what `validate` found, None where it found nothing.
    """

    message: Message
    link: Link
    decision: Decision
    verdict: Verdict | None
    refusal: Refusal | None
