"""Every way out of the relay: open connections, UDP sockets by side, and connections being opened.

A message for a stream takes, in this order: the link it asks for, the way to its hop that stands, a new one. An answer
asks for the link of its request (RFC 3261 section 18.2.2). The way to a hop is a connection that we have opened to it,
or over TLS one that its peer has opened and offers for this, if its certificate is the hop's (RFC 5923, see `aliases`).
Over TCP a request never leaves on a connection that somebody else opened: an address proves nobody's identity, least of
all the port of a machine that others use too.

While a connection is being opened or a name looked up its messages wait, within bounds; whatever cannot leave is
handed back with the reason, so that its sender gets an answer.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from itertools import count
from typing import Any

from sipcore._parser import Message
from sipcore.edge._runs import Run
from sipcore.edge.actions import Failure, Link, Send
from sipcore.edge.tables import Hop, OwnSide, Side, Transport, canonical_host, is_address
from sipcore.edge.waiting import WaitingRoom
from sipcore.relay.aliases import Aliases, offered_place
from sipcore.relay.config import LinkLimits
from sipcore.relay.datagrams import DatagramPort, port_for
from sipcore.relay.handshakes import SHUTDOWN_SECONDS, Farewell, HandshakeFault, farewell_over, fault_of
from sipcore.relay.outbox import Budget
from sipcore.relay.sources import Sources
from sipcore.relay.streams import DIALLED, Stream
from sipcore.relay.unfinished import Unfinished

__all__ = ["Addresses", "Links"]

#: How often a shutdown looks whether peers have taken what is queued for them, in seconds.
_BREATH = 0.02
#: How long a connection may take to go that is closed without waiting for anything, in seconds: the loop's next round.
_FAREWELL = 1.0
#: What a connection has to leave for a handshake, in seconds, or the hop is as good as not there.
_LEAST = 0.1
#: How many addresses of a hop are tried: with the default of 4 s for each, the last is given up long before the 32 s of
#: a transaction are over.
_MOST_ADDRESSES = 4

#: A hop on one side: what the way to it is found by.
_Place = tuple[Side, Hop]

#: A member of an enumeration is found anew each time it is named, which takes longer than to compare with it.
_UDP = Transport.UDP

_NOT_CONNECTED = HandshakeFault("connect-failed", "no connection", Failure.DOWN)
_NOWHERE = HandshakeFault("no-address", "the name has no address", Failure.UNRESOLVED)

#: Where a hop is: its side, host and port to addresses and ports, in the order in which to try.
Addresses = Callable[[Side, str, int], Awaitable[Sequence[tuple[str, int]]]]


class Links:
    """Finds, opens and closes links. All calls come from the loop's thread.

    Args:
        limits: how many links, how long, how much may wait.
        own: the addresses that new connections come from; peers know us by them.
        addresses: finds hops.
        make_stream: a new, unconnected stream to a hop on a side.
        client_context: what a connection to a hop is made safe with, and the name to ask for there; it is given what
            sends an alert to the hop.
        may_stand_for: whether who showed that chain in its handshake is as good as a hop that we connect to ourselves.
        undelivered: is told what could not leave, and why.
        tls_failed: is told with whom TLS could not be agreed on, and why.
        reused: is told on which side a connection of a peer has become the way to a hop.

    Attributes:
        unread: what peers leave unread, of all links.
        unfinished: what links that were accepted outside hold of messages that are not whole.
    """

    def __init__(
        self,
        limits: LinkLimits,
        own: OwnSide,
        *,
        addresses: Addresses,
        make_stream: Callable[[Side, Hop], Stream],
        client_context: Callable[[Side, Hop, Farewell], tuple[ssl.SSLContext, str]],
        may_stand_for: Callable[[Side, Hop, Sequence[bytes]], bool],
        undelivered: Callable[[Send, str, Failure], None],
        tls_failed: Callable[[Side, str, HandshakeFault], None],
        reused: Callable[[Side], None],
    ) -> None:
        self._limits = limits
        self._own = own
        self._addresses = addresses
        self._make_stream = make_stream
        self._client_context = client_context
        self._may_stand_for = may_stand_for
        self._undelivered = undelivered
        self._tls_failed = tls_failed
        self._reused = reused
        self._aliases = Aliases()
        self.unread = Budget(limits.max_unread_bytes)
        self.unfinished: Unfinished[Stream] = Unfinished(limits.max_unfinished_bytes)
        self._ids = count(1)
        self.ports: dict[Side, list[DatagramPort]] = {side: [] for side in Side}
        self._streams: dict[int, Stream] = {}
        self._ways: dict[_Place, Stream] = {}
        self._open: Counter[str] = Counter()
        self._sources = Sources(limits.max_links_per_source, limits.max_new_links_per_source)
        self._written: set[Stream] = set()
        self._waiting: WaitingRoom[_Place, Send] = WaitingRoom(limits.max_queue_bytes, limits.max_waiting_bytes)
        self._dials: set[asyncio.Task[None]] = set()
        self._closing = False

    def next_id(self) -> int:
        """A number that no other link has."""
        return next(self._ids)

    # -- connections come and go

    def refuses(self, stream: Stream, host: str, now: float) -> str:
        """Why a connection that stands is one too many, for metrics; empty when it is not."""
        if self._open[stream.kind] >= self._limits.max_links:
            return "too-many-links"
        return self._sources.refuses(host, now) if stream.kind == Side.OUTSIDE else ""

    def add(self, stream: Stream, host: str, port: int) -> Link:
        """Know a connection from now on."""
        self._open[stream.kind] += 1
        if stream.kind == Side.OUTSIDE:
            self._sources.add(host)
        peer = stream.transport, host, port, stream.certificate
        link = Link(self.next_id(), stream.side, *peer, stream.arrived_at)
        self._streams[link.id] = stream
        return link

    def remove(self, stream: Stream) -> None:
        """Forget a connection that `add` gave a link."""
        link = stream.link
        self._open[stream.kind] -= 1
        del self._streams[link.id]
        if stream.kind == Side.OUTSIDE:
            self._sources.remove(link.remote_host)
        if stream.hop is not None and self._ways.get((stream.side, stream.hop)) is stream:
            del self._ways[stream.side, stream.hop]
        if self._aliases.remove(stream):
            self._abandon(stream)

    def introduced(self, stream: Stream, first: Message) -> None:
        """A peer that has come with a certificate has sent its first request, which may offer the connection to us."""
        if (place := offered_place(stream, first)) is not None:
            replaced = self._aliases.add(stream, place)
            if replaced is not None:
                self._abandon(replaced)

    def _abandon(self, offered: Stream) -> None:
        """Send no more requests by a connection of a peer."""
        for place in [place for place, way in self._ways.items() if way is offered]:
            del self._ways[place]

    def streams(self) -> Iterable[Stream]:
        """The open connections."""
        return tuple(self._streams.values())

    @property
    def waiting(self) -> tuple[int, int]:
        """How many messages wait for a connection or an address, and their bytes."""
        return self._waiting.guests, self._waiting.size

    # -- messages leave

    def send(self, send: Send) -> None:
        """Send now, with the next flush, or when the connection stands."""
        place = (send.side, send.hop)
        if send.hop.transport is Transport.UDP and is_address(send.hop.host):
            self._datagram(send, send.hop)
        elif stream := self._find(send.link_id, place):
            self._queue(stream, send)
        else:
            self._wait(place, send)

    def send_run(self, run: Run) -> None:
        """The same for messages that leave alike."""
        hop = run.hop
        if hop.transport is _UDP and is_address(hop.host):
            port = port_for(run, self.ports[run.side])
            for data in run.datas if port is None else port.send_all(hop, run.datas):
                self._undelivered(run.send(data), "not-taken", Failure.LOCAL)
        elif (stream := self._find(run.link_id, (run.side, hop))) and stream.send_all(run.datas):
            self._written.add(stream)
        else:
            for send in run.sends():
                self.send(send)

    def _find(self, link_id: int | None, place: _Place) -> Stream | None:
        wanted = self._streams.get(link_id) if link_id is not None else None
        for stream in (wanted, self._ways.get(place)):
            if stream is not None and stream.is_open:
                return stream
        return None

    def _queue(self, stream: Stream, send: Send) -> None:
        if stream.send(send):
            self._written.add(stream)
        else:
            self._undelivered(send, "queue-full", Failure.LOCAL)

    def _datagram(self, send: Send, hop: Hop) -> None:
        port = port_for(send._replace(hop=hop), self.ports[send.side])
        if port is None or port.send_all(hop, [send.data]):
            self._undelivered(send, "not-taken", Failure.LOCAL)

    def flush(self) -> None:
        """One write for each link that was sent to since the last flush."""
        while self._written:
            self._written.pop().flush()

    def _wait(self, place: _Place, send: Send) -> None:
        if place not in self._waiting:
            if self._closing or self._open[DIALLED] + len(self._dials) >= self._limits.max_links:
                self._undelivered(send, "shutdown" if self._closing else "too-many-links", Failure.LOCAL)
                return
            self._waiting.open(place)
            task = asyncio.get_running_loop().create_task(self._dial(*place))
            self._dials.add(task)
            task.add_done_callback(self._dials.discard)
        if not self._waiting.admit(place, send, len(send.data)):
            self._undelivered(send, "waiting-room-full", Failure.LOCAL)

    async def _dial(self, side: Side, hop: Hop) -> None:
        """Find a way, then let go who waited for it; or tell them all why there is none."""
        way: Stream | Hop | HandshakeFault = _NOT_CONNECTED
        try:
            way = await self._way_to(side, hop)
        finally:  # a shutdown cancels this task, and then too nobody may be left waiting
            if isinstance(way, Stream):
                # Not earlier: it has stood for a while, and whoever came since then must not overtake those who wait.
                self._ways[side, hop] = way
            for send in self._waiting.leave((side, hop)):
                self._leave_by(way, send)
            self.flush()

    def _leave_by(self, way: Stream | Hop | HandshakeFault, send: Send) -> None:
        if isinstance(way, Stream):
            self._queue(way, send)
        elif isinstance(way, Hop):
            self._datagram(send, way)
        else:
            self._undelivered(send, way.why, way.failure)

    async def _way_to(self, side: Side, hop: Hop) -> Stream | Hop | HandshakeFault:
        """A connection with a hop, or where its datagrams go; why there is neither."""
        told = self._own.listening(side, hop.transport, hop.host)
        found = await self._addresses(side, hop.host, hop.port)
        # The messages that wait name an address of ours: the hop is first tried over the family that this is of.
        addresses = sorted(found, key=lambda place: (":" in place[0]) is not told.is_ipv6)[:_MOST_ADDRESSES]
        if not addresses:
            return _NOWHERE
        if hop.transport is Transport.UDP:
            return Hop(hop.transport, *addresses[0])
        return await self._connect(side, hop, addresses)

    async def _connect(self, side: Side, hop: Hop, addresses: Sequence[tuple[str, int]]) -> Stream | HandshakeFault:
        fault = _NOT_CONNECTED
        for host, port in addresses:
            if (offered := self._offered(side, hop, host, port)) is not None:
                return offered
            try:
                stream = await self._connect_to(side, hop, host, port)
            except OSError as error:  # TimeoutError is one
                fault = self._fault(side, hop, error)
                continue
            if stream.is_open:  # it was not refused for being one too many, nor closed since
                return stream
        return fault

    def _offered(self, side: Side, hop: Hop, host: str, port: int) -> Stream | None:
        """A connection from that address that its peer offers for this, if its certificate is the hop's."""
        if hop.transport is not Transport.TLS:
            return None
        for stream in self._aliases.at((side, canonical_host(host), port)):
            if stream.is_open and self._may_stand_for(side, hop, stream.verified_chain):
                stream.lead_out()
                self._reused(side)
                return stream
        return None

    async def _connect_to(self, side: Side, hop: Hop, host: str, port: int) -> Stream:
        loop = asyncio.get_running_loop()
        until = loop.time() + self._limits.connect_seconds
        async with asyncio.timeout_at(until - _LEAST):
            connected = await _connected(self._own.listening(side, hop.transport, host).host, host, port)
        secured = self._secured(side, hop, connected, until - loop.time())
        _, stream = await loop.create_connection(lambda: self._make_stream(side, hop), sock=connected, **secured)
        return stream

    def _secured(self, side: Side, hop: Hop, connected: socket.socket, seconds: float) -> dict[str, Any]:
        """What makes a connection safe within so long, as `create_connection` takes it."""
        if hop.transport is not Transport.TLS:
            return {}
        context, name = self._client_context(side, hop, farewell_over(connected))
        timeouts = {"ssl_handshake_timeout": seconds, "ssl_shutdown_timeout": SHUTDOWN_SECONDS}
        return {"ssl": context, "server_hostname": name, **timeouts}

    def _fault(self, side: Side, hop: Hop, error: OSError) -> HandshakeFault:
        """What kept us from connecting to a hop: there was no connection, or it could not be made safe."""
        before_tls = isinstance(error, ConnectionRefusedError) or type(error) in (OSError, TimeoutError)
        if hop.transport is not Transport.TLS or before_tls:
            return _NOT_CONNECTED
        fault = fault_of(error)
        self._tls_failed(side, str(hop), fault)
        return fault

    # -- as time goes by

    def tick(self, now: float) -> None:
        """Close the connections that take too long for something, and keep the others alive."""
        for stream in self.streams():
            stream.tick(now)

    # -- the end

    async def close(self) -> None:
        """Give everything back: nothing more is read, what waits is told so, what is queued leaves within a bound."""
        self._closing = True
        for port in self._all_ports():
            port.stop()
        for stream in self.streams():
            stream.stop_listening()
        for task in tuple(self._dials):
            task.cancel()
        await asyncio.gather(*self._dials, return_exceptions=True)
        self.flush()
        await self._let_go(Stream.close_when_empty, self._limits.shutdown_seconds)
        await self._let_go(Stream.abort, _FAREWELL)
        for port in self._all_ports():
            port.close()
        self.ports = {side: [] for side in Side}

    async def _let_go(self, close: Callable[[Stream, str], None], seconds: float) -> None:
        """Close every link in that way, and see it gone; as long as there is time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._streams:
                    for stream in self.streams():
                        close(stream, "shutdown")
                    await asyncio.sleep(_BREATH)

    def _all_ports(self) -> list[DatagramPort]:
        return [port for ports in self.ports.values() for port in ports]


async def _connected(local: str, host: str, port: int) -> socket.socket:
    """A TCP connection between two addresses. Raises: OSError."""
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.bind((local, 0))
        await asyncio.get_running_loop().sock_connect(sock, (host, port))
    except BaseException:  # a time that is up is a cancellation
        sock.close()
        raise
    return sock
