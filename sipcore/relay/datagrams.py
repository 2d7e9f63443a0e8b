"""One UDP socket: it receives for its side and sends for it, so that peers answer to the address they know.

A wake-up reads as many datagrams as are there, up to a bound that keeps the streams alive. Sending has no queue of its
own: the kernel's socket buffer is the queue, and what does not fit is dropped, as UDP may.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from typing import Protocol

from sipcore._parser import Message
from sipcore.edge._runs import Run
from sipcore.edge.actions import Link, Send
from sipcore.edge.tables import Hop, Side, Transport
from sipcore.limits import Limits
from sipcore.relay._batches import Arrivals, send_all

__all__ = ["DatagramOwner", "DatagramPort", "port_for"]

#: Peer addresses that keep their link id; those that are not heard while so many others come are forgotten.
_MAX_PEERS = 8_192


class DatagramOwner(Protocol):
    """Who a port reports to."""

    def next_link_id(self) -> int:
        """A number that no other link has."""

    def wake(self) -> None:
        """There is something to read; a flush will follow."""

    def receive_some(self, take: Callable[[], Message | None], link: Link) -> bool:
        """Messages came in: take some; False when there is none left."""

    def garbage(self, side: Side, transport: Transport, code: str) -> None:
        """A datagram was no message."""

    def flush(self) -> None:
        """A wake-up is over."""


class DatagramPort:
    """A bound UDP socket of one side.

    Args:
        owner: who is told.
        side: the side it listens on.
        bound: a bound, non-blocking socket; from here on it belongs to the port.
        limits: of the messages that come in.
        arrived_at: what its links say of it, see `Link`.
    """

    def __init__(
        self, owner: DatagramOwner, side: Side, bound: socket.socket, limits: Limits, arrived_at: Hop | None = None
    ) -> None:
        self._owner = owner
        self._side = side
        self._arrived_at = arrived_at
        self._socket = bound
        self._arrivals = Arrivals(bound.fileno(), limits, self._link, self._garbage, peers=_MAX_PEERS)

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to read."""
        self._loop = loop
        loop.add_reader(self._socket, self._readable)

    def stop(self) -> None:
        """Stop reading."""
        self._loop.remove_reader(self._socket)

    def close(self) -> None:
        """Stop reading and give the address back."""
        self.stop()
        self._socket.close()

    def reaches(self, hop: Hop) -> bool:
        """Whether it is of the address family of ``hop``."""
        return (self._socket.family == socket.AF_INET6) == hop.is_ipv6

    def hears(self, hop: Hop) -> bool:
        """Whether that very address has sent to it lately."""
        return self._arrivals.hears(hop.host, hop.port)

    def send_all(self, hop: Hop, datas: list[bytes]) -> list[bytes]:
        """Send at once; gives those that the system does not take (buffer full, too long, no route)."""
        # Asked for each time: a closed socket has no descriptor, and its old number may be another's by then.
        return send_all(self._socket.fileno(), hop.host, hop.port, datas)

    def _readable(self) -> None:
        """Take what is there, act on each, flush."""
        self._owner.wake()
        self._arrivals.receive()
        self._deal()

    def _deal(self) -> None:
        arrivals = self._arrivals
        try:
            while link := arrivals.next_link():
                self._owner.receive_some(arrivals.next_message, link)
        finally:
            if arrivals.left:  # an error of ours costs the message that it happened with, and none of the others
                self._loop.call_soon(self._deal)
            self._owner.flush()

    def _link(self, host: str, port: int) -> Link:
        """A peer that has not been heard yet, or not for long."""
        return Link(self._owner.next_link_id(), self._side, Transport.UDP, host, port, None, self._arrived_at)

    def _garbage(self, code: str) -> None:
        """A datagram was no message."""
        self._owner.garbage(self._side, Transport.UDP, code)


def port_for(send: Send | Run, ports: Sequence[DatagramPort]) -> DatagramPort | None:
    """The port of one side that a message leaves by: the address that its receiver will believe it comes from.

    A request leaves by the address that its Via names, the first of the peer's family (see `OwnSide.listening`).
    Anything else answers somebody, and leaves by the address that this very peer sends to (RFC 3581 section 4): a
    firewall on its way lets nothing else in.

    Args:
        ports: in the order of `OwnSide.addresses`.
    """
    if len(ports) == 1:
        return ports[0]
    fitting = [port for port in ports if port.reaches(send.hop)]
    if send.came_from is None:
        fitting.sort(key=lambda port: not port.hears(send.hop))
    return fitting[0] if fitting else None
