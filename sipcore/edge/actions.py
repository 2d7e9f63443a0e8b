"""What the engine is told of links, and what it asks of the shell around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, NamedTuple

from sipcore._parser import Message
from sipcore.edge.flow import Final
from sipcore.edge.tables import Hop, LinkClass, Side, Transport
from sipcore.imfilter import Verdict
from sipcore.validate import Refusal

__all__ = ["COUNTERS", "Action", "Certificate", "Count", "Failure", "Link", "Origin", "Resolve", "Send", "Trace"]


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate that was proven valid says of its owner.

    Attributes:
        names: of its subject alternative name: hosts in their canonical spelling; wildcards prove no server and are
            left out. Of a certificate without such names, its common name.
        common_name: of its subject; empty when it has none that is a name.
        classes: the classes of links whose trust roots it was proven by; it counts for no row of another class.
    """

    names: tuple[str, ...]
    common_name: str = ""
    classes: frozenset[LinkClass] = frozenset(LinkClass)


@dataclass(frozen=True, slots=True)
class Link:
    """One connection, or one UDP peer address.

    Attributes:
        id: the shell's number for it; no two links have the same.
        side: on which side of the edge.
        transport: how.
        remote_host: the peer's address, an IP literal.
        remote_port: the peer's port.
        certificate: the peer's; None without TLS, and of a client that has none.
        arrived_at: the address of ours that it came to; None when that is what `OwnSide.listening` says anyway.
    """

    id: int
    side: Side
    transport: Transport
    remote_host: str
    remote_port: int
    certificate: Certificate | None = None
    arrived_at: Hop | None = None


class Origin(NamedTuple):
    """A request as it came, for judging it again."""

    message: Message
    link: Link


class Send(NamedTuple):
    """Bytes that are to leave. A tuple, for one is made of nearly every message.

    Attributes:
        hop: where to.
        side: on which side.
        link_id: an open link to be preferred (an answer goes back on the connection that the request came on); when it
            is None or gone, any link to the hop, or a new one.
        data: one whole message.
        came_from: of a forwarded request, the side that learns of it when this cannot be carried out.
        others: where else it may go then, in this order.
        until: when it is too late for that, on the engine's clock, in seconds.
        origin: of a forwarded request for which judging it again may find other places, what came.
    """

    hop: Hop
    side: Side
    link_id: int | None
    data: bytes
    came_from: Side | None = None
    others: tuple[Hop, ...] = ()
    until: float = 0.0
    origin: Origin | None = None


class Failure(StrEnum):
    """Why a `Send` could not be carried out."""

    DOWN = "down"  #: no connection
    LOCAL = "local"  #: no room here, a link that was lost, an end: nothing that says that the hop is down
    UNRESOLVED = "unresolved"  #: its name has no address
    UNTRUSTED = "untrusted"  #: the certificate at the other end is not whose it should be
    NO_TLS = "no-tls"  #: TLS could not be agreed on


@dataclass(frozen=True, slots=True)
class Resolve:
    """The SRV record ``_sipfederationtls._tcp.<domain>`` is to be looked up, and told by `Engine.resolved`.

    Each side asks once, however many messages of its own wait for it.

    Attributes:
        domain: whose record.
        side: who needs it; what strangers need must leave room for what our users need.
    """

    domain: str
    side: Side


class Count:
    """One more of what `COUNTERS` has under that name. The values of labels are few: nothing a peer writes is one.

    So there is one object for each name and labels, which compares and hashes as itself: two are counted of every
    message, and whoever adds them up finds the sum by the object.

    Args:
        name: the counter's.
        labels: the values of its labels, in their order.
    """

    __slots__ = ("labels", "name")
    name: str
    labels: tuple[str, ...]
    _made: ClassVar[dict[tuple[str, ...], Count]] = {}

    def __new__(cls, name: str, labels: tuple[str, ...]) -> Count:
        key = (name, *map(str, labels))  # a member of an enumeration equals its text, and hashes by its name
        made = cls._made.get(key)
        if made is None:
            made = object.__new__(cls)
            made.name, made.labels = name, key[1:]
            made = cls._made.setdefault(key, made)
        return made

    def __repr__(self) -> str:
        return f"Count({self.name!r}, {self.labels!r})"

    def __reduce__(self) -> tuple[type[Count], tuple[str, tuple[str, ...]]]:
        return Count, (self.name, self.labels)


#: Every counter with its labels. ``why`` is a name of docs/refusals.md, ``rule`` of a forwarded message that of
#: `Forward`. ``waited`` is for DNS. ``filtered`` has the messages in which the filter found something, by what it did
#: about the worst of it, and the kind of that finding; those it blocks are refused or discarded too. ``retargeted`` has
#: what failed to one target and was sent to the next; ``turned`` what left as BENOTIFY and came as NOTIFY, or the
#: reverse, by what it became.
COUNTERS: dict[str, tuple[str, ...]] = {
    "received": ("side", "kind"),
    "forwarded": ("side", "kind", "rule"),
    "refused": ("side", "why", "status"),
    "discarded": ("side", "why"),
    "waited": ("side",),
    "filtered": ("side", "action", "rule"),
    "retargeted": ("side",),
    "turned": ("side", "method"),
}

Action = Send | Resolve | Count


class Trace(NamedTuple):
    """Why a message went the way it went: for `sipcore explain`, the demo and debug logs.

    Attributes:
        message: what came.
        link: where it came from.
        decision: what became of it in the end; its chain has every step.
        found: what the filter said, or what asks it again, for nearly nobody wants to know; None where it was not
            asked.
        refusal: what `validate` found, None where it found nothing.
    """

    message: Message
    link: Link
    decision: Final
    found: Verdict | Callable[[Message], Verdict] | None
    refusal: Refusal | None

    @property
    def verdict(self) -> Verdict | None:
        """What the filter said, None where it was not asked."""
        return self.found(self.message) if callable(self.found) else self.found
