"""Every way out of the relay: open connections, UDP sockets by side, and connections being opened.

A message for a stream takes, in this order: the link it asks for, the connection that we opened to its hop, a new one.
An answer asks for the link of its request (RFC 3261 section 18.2.2). A request never leaves on a connection that
somebody else opened: an address proves nobody's identity, least of all the port of a machine that others use too, and
RFC 5923 section 5 lets only TLS turn such a connection around.

While a connection is being opened its messages wait, within bounds; whatever cannot leave is handed back with the
reason, so that its sender gets an answer.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from itertools import count

from sipcore.edge._express import Run
from sipcore.edge.actions import Link, Send
from sipcore.edge.tables import Hop, OwnSide, Side, Transport
from sipcore.edge.waiting import WaitingRoom
from sipcore.relay.config import LinkLimits
from sipcore.relay.datagrams import DatagramPort, port_for
from sipcore.relay.outbox import Budget
from sipcore.relay.sources import Sources
from sipcore.relay.streams import DIALLED, Stream

__all__ = ["Addresses", "Links"]

_UDP = Transport.UDP
#: How often a shutdown looks whether peers have taken what is queued for them, in seconds.
_BREATH = 0.02
#: How long a connection may take to go that is closed without waiting for anything, in seconds: the loop's next round.
_FAREWELL = 1.0
#: How many addresses of a hop are tried: with the default of 4 s for each, the last is given up long before the 32 s of
#: a transaction are over.
_MOST_ADDRESSES = 4

#: A hop on one side: what a connection that we opened is found by.
_Place = tuple[Side, Hop]

#: Where a hop is: its side, host and port to addresses and ports, in the order in which to try.
Addresses = Callable[[Side, str, int], Awaitable[Sequence[tuple[str, int]]]]


async def _as_it_is(side: Side, host: str, port: int) -> Sequence[tuple[str, int]]:
    """The place of a hop that is an address."""
    return ((host, port),)


class Links:
    """Finds, opens and closes links. All calls come from the loop's thread.

    Args:
        limits: how many links, how long, how much may wait.
        own: the addresses that new connections come from; peers know us by them.
        make_stream: a new, unconnected stream to a hop on a side.
        undelivered: is told what could not leave, and why.
        addresses: finds hops.

    Attributes:
        unread: what peers leave unread, of all links.
    """

    def __init__(
        self,
        limits: LinkLimits,
        own: OwnSide,
        make_stream: Callable[[Side, Hop], Stream],
        undelivered: Callable[[Send, str], None],
        addresses: Addresses = _as_it_is,
    ) -> None:
        self._limits = limits
        self._own = own
        self._make_stream = make_stream
        self._undelivered = undelivered
        self._addresses = addresses
        self.unread = Budget(limits.max_unread_bytes)
        self._ids = count(1)
        self.ports: dict[Side, list[DatagramPort]] = {side: [] for side in Side}
        self._streams: dict[int, Stream] = {}
        self._dialled: dict[_Place, Stream] = {}
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
        link = Link(self.next_id(), stream.side, Transport.TCP, host, port, None, stream.arrived_at)
        self._streams[link.id] = stream
        return link

    def remove(self, stream: Stream) -> None:
        """Forget a connection that `add` gave a link."""
        link = stream.link
        self._open[stream.kind] -= 1
        del self._streams[link.id]
        if stream.kind == Side.OUTSIDE:
            self._sources.remove(link.remote_host)
        if stream.hop is not None and self._dialled.get((stream.side, stream.hop)) is stream:
            del self._dialled[stream.side, stream.hop]

    def streams(self) -> Iterable[Stream]:
        """The open connections."""
        return tuple(self._streams.values())

    # -- messages leave

    def send(self, send: Send) -> None:
        """Send now, with the next flush, or when the connection stands."""
        hop = send.hop
        if hop.transport is _UDP:
            port = port_for(send, self.ports[send.side])
            if port is None or not port.send(hop, send.data):
                self._undelivered(send, "not-taken")
        elif stream := self._find(send.link_id, place := (send.side, hop)):
            self._queue(stream, send)
        else:
            self._wait(place, send)

    def send_run(self, run: Run) -> None:
        """The same for messages that leave alike."""
        if run.hop.transport is _UDP:
            port = port_for(run, self.ports[run.side])
            sends = run.sends() if port is None else [run.send(data) for data in port.send_all(run.hop, run.datas)]
            for send in sends:
                self._undelivered(send, "not-taken")
        elif (stream := self._find(run.link_id, (run.side, run.hop))) and stream.send_all(run.datas):
            self._written.add(stream)
        else:
            for send in run.sends():
                self.send(send)

    def _find(self, link_id: int | None, place: _Place) -> Stream | None:
        wanted = self._streams.get(link_id) if link_id is not None else None
        for stream in (wanted, self._dialled.get(place)):
            if stream is not None and stream.is_open:
                return stream
        return None

    def _queue(self, stream: Stream, send: Send) -> None:
        if stream.send(send):
            self._written.add(stream)
        else:
            self._undelivered(send, "queue-full")

    def flush(self) -> None:
        """One write for each link that was sent to since the last flush."""
        while self._written:
            self._written.pop().flush()

    def _wait(self, place: _Place, send: Send) -> None:
        if place not in self._waiting:
            if self._closing or self._open[DIALLED] + len(self._dials) >= self._limits.max_links:
                self._undelivered(send, "shutdown" if self._closing else "too-many-links")
                return
            self._waiting.open(place)
            task = asyncio.get_running_loop().create_task(self._dial(*place))
            self._dials.add(task)
            task.add_done_callback(self._dials.discard)
        if not self._waiting.admit(place, send, len(send.data)):
            self._undelivered(send, "waiting-room-full")

    async def _dial(self, side: Side, hop: Hop) -> None:
        """Open a connection, then let go who waited for it; or tell them all that it failed."""
        stream = None
        try:
            stream = await self._connect(side, hop)
        finally:  # a shutdown cancels this task, and then too nobody may be left waiting
            if stream is not None:
                # Not earlier: it has stood for a while, and whoever came since then must not overtake those who wait.
                self._dialled[side, hop] = stream
            for send in self._waiting.leave((side, hop)):
                if stream is None:
                    self._undelivered(send, "connect-failed")
                else:
                    self._queue(stream, send)
            self.flush()

    async def _connect(self, side: Side, hop: Hop) -> Stream | None:
        for host, port in (await self._addresses(side, hop.host, hop.port))[:_MOST_ADDRESSES]:
            try:
                stream = await self._connect_to(side, hop, host, port)
            except OSError:  # TimeoutError is one
                continue
            if stream.is_open:  # it was not refused for being one too many, nor closed since
                return stream
        return None

    async def _connect_to(self, side: Side, hop: Hop, host: str, port: int) -> Stream:
        loop = asyncio.get_running_loop()
        local = self._own.listening(side, hop.transport, host)
        async with asyncio.timeout(self._limits.connect_seconds):
            _, stream = await loop.create_connection(
                lambda: self._make_stream(side, hop), host, port, local_addr=(local.host, 0)
            )
        return stream

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
