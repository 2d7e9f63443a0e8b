"""One UDP socket: it receives for its side and sends for it, so that peers answer to the address they know.

A wake-up reads as many datagrams as are there, up to a bound that keeps the streams alive. Sending has no queue of its
own: the kernel's socket buffer is the queue, and what does not fit is dropped, as UDP may.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Protocol

from sipcore._parser import Message, parse
from sipcore.edge._runs import Run
from sipcore.edge.actions import Link, Send
from sipcore.edge.memory import RecentlyUsed
from sipcore.edge.tables import Hop, Side, Transport
from sipcore.errors import ParseError
from sipcore.limits import Limits

__all__ = ["DatagramOwner", "DatagramPort", "port_for"]

#: Datagrams of one wake-up. 32 and more measure the same; more would only delay the streams.
_DRAIN = 64
#: Peer addresses that keep their link id; those that are not heard while so many others come are forgotten.
_MAX_PEERS = 8_192
_LONGEST_DATAGRAM = 65_535
#: CRLF CRLF, or the four zero bytes that some gateways send: kept-alive mappings, no messages.
_KEEP_ALIVE = 4


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
        self._limits = limits
        self._socket = bound
        self._peers: RecentlyUsed[tuple[str, int], Link] = RecentlyUsed(_MAX_PEERS)

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
        return self._peers.get((hop.host, hop.port)) is not None

    def send(self, hop: Hop, data: bytes) -> bool:
        """Send at once; False when the system does not take it (buffer full, too long, no route)."""
        try:
            self._socket.sendto(data, (hop.host, hop.port))
        except OSError:
            return False
        return True

    def send_all(self, hop: Hop, datas: list[bytes]) -> list[bytes]:
        """The same for several; those that the system does not take."""
        send, address, left = self._socket.sendto, (hop.host, hop.port), []
        for data in datas:
            try:
                send(data, address)
            except OSError:
                left.append(data)
        return left

    def _readable(self) -> None:
        """Take what is there, act on each, flush."""
        self._owner.wake()
        self._deal(self._drained())

    def _drained(self) -> deque[tuple[Link, Callable[[], Message | None]]]:
        """What is there, as one source of messages for each peer that sent some, one behind the other."""
        arrived, last, messages = deque[tuple[Link, Callable[[], Message | None]]](), None, list[Message]()
        take = self._socket.recvfrom
        with suppress(BlockingIOError):
            for _ in range(_DRAIN):
                data, address = take(_LONGEST_DATAGRAM)
                message = self._parsed(data)
                if message is None:
                    continue
                if address != last:
                    last, messages = address, []
                    arrived.append((self._link(address), partial(next, iter(messages), None)))
                messages.append(message)
        return arrived

    def _deal(self, arrived: deque[tuple[Link, Callable[[], Message | None]]]) -> None:
        try:
            while arrived:
                link, take = arrived[0]
                while self._owner.receive_some(take, link):
                    pass
                arrived.popleft()
        finally:
            if arrived:  # an error of ours costs the message that it happened with, and none of the others
                self._loop.call_soon(self._deal, arrived)
            self._owner.flush()

    def _parsed(self, data: bytes) -> Message | None:
        """The message that a datagram is; None, and counted, where it is none."""
        # Never answered: on UDP the answer to a keep-alive is STUN (RFC 5626 section 3.5.2), which is not spoken here.
        if len(data) <= _KEEP_ALIVE:
            self._owner.garbage(self._side, Transport.UDP, "keep-alive")
            return None
        try:
            return parse(data, self._limits)
        except ParseError as error:
            self._owner.garbage(self._side, Transport.UDP, error.code)
            return None

    def _link(self, address: tuple[str, int]) -> Link:
        host, port = address[:2]  # behind them IPv6 has a flow and a scope
        link = self._peers.get((host, port))
        if link is not None:
            return link
        link = Link(self._owner.next_link_id(), self._side, Transport.UDP, host, port, None, self._arrived_at)
        self._peers.put((host, port), link)
        return link


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
