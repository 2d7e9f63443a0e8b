"""Every way out of the relay: open connections, UDP sockets by side, and what waits for one (see `dialling`).

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
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from itertools import count

from sipcore._parser import Message
from sipcore.configuration import LinkLimits
from sipcore.edge._runs import Run
from sipcore.edge.actions import Failure, Link, Send
from sipcore.edge.tables import Hop, Side, Transport, is_address
from sipcore.edge.waiting import WaitingRoom
from sipcore.relay.aliases import Aliases, offered_place
from sipcore.relay.datagrams import DatagramPort, port_for
from sipcore.relay.dialling import NOT_CONNECTED, Way
from sipcore.relay.outbox import Budget
from sipcore.relay.sources import Sources
from sipcore.relay.streams import DIALLED, Stream
from sipcore.relay.unfinished import Unfinished

__all__ = ["Links"]

#: How often a shutdown looks whether peers have taken what is queued for them, in seconds.
_BREATH = 0.02
#: How long a connection may take to go that is closed without waiting for anything, in seconds: the loop's next round.
_FAREWELL = 1.0

#: A hop on one side: what the way to it is found by.
_Place = tuple[Side, Hop]

#: A member of an enumeration is found anew each time it is named, which takes longer than to compare with it.
_UDP = Transport.UDP


class Links:
    """Finds, opens and closes links. All calls come from the loop's thread.

    Args:
        limits: how many links, how long, how much may wait.
        aliases: which connections their peers offer for our requests.
        way_to: finds or opens the way to a hop, see `Dialler`.
        undelivered: is told what could not leave, and why.

    Attributes:
        unread: what peers leave unread, of all links.
        unfinished: what links that were accepted outside hold of messages that are not whole.
    """

    def __init__(
        self,
        limits: LinkLimits,
        aliases: Aliases,
        way_to: Callable[[Side, Hop], Awaitable[Way]],
        undelivered: Callable[[Send, str, Failure], None],
    ) -> None:
        self._limits = limits
        self._aliases = aliases
        self._way_to = way_to
        self._undelivered = undelivered
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
        if link_id is not None and (wanted := self._streams.get(link_id)) is not None and wanted.is_open:
            return wanted
        way = self._ways.get(place)
        return way if way is not None and way.is_open else None

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
        way: Way = NOT_CONNECTED
        try:
            way = await self._way_to(side, hop)
        finally:  # a shutdown cancels this task, and then too nobody may be left waiting
            if isinstance(way, Stream):
                # Not earlier: it has stood for a while, and whoever came since then must not overtake those who wait.
                self._ways[side, hop] = way
            for send in self._waiting.leave((side, hop)):
                self._leave_by(way, send)
            self.flush()

    def _leave_by(self, way: Way, send: Send) -> None:
        if isinstance(way, Stream):
            self._queue(way, send)
        elif isinstance(way, Hop):
            self._datagram(send, way)
        else:
            self._undelivered(send, way.why, way.failure)

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
