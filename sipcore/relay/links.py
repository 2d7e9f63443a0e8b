"""Every way out of the relay: open connections by their peer, UDP sockets by side, and connections being opened.

A message for TCP takes, in this order: the link it asks for, any open connection with that peer's address, a new one.
While a connection is being opened its messages wait, within bounds; whatever cannot leave is handed back with the
reason, so that its sender gets an answer.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import count

from sipcore.edge.actions import Link, Send
from sipcore.edge.tables import OwnSide, Side, Transport
from sipcore.edge.waiting import WaitingRoom
from sipcore.relay.config import LinkLimits
from sipcore.relay.datagrams import DatagramPort, port_for
from sipcore.relay.streams import DIALLED, Stream

__all__ = ["Links"]

#: How often, and how long each time (in seconds), a shutdown waits for peers to take what is queued for them.
_PATIENCE, _BREATH = 20, 0.05

#: A peer's place on one side: what a connection is found by.
_Place = tuple[Side, str, int]


class Links:
    """Finds, opens and closes links. All calls come from the loop's thread.

    Args:
        limits: how many links, how long, how much may wait.
        own: the addresses that new connections come from; peers know us by them.
        make_stream: a new, unconnected stream for a side.
        undelivered: is told what could not leave, and why.
    """

    def __init__(
        self,
        limits: LinkLimits,
        own: OwnSide,
        make_stream: Callable[[Side], Stream],
        undelivered: Callable[[Send, str], None],
    ) -> None:
        self._limits = limits
        self._own = own
        self._make_stream = make_stream
        self._undelivered = undelivered
        self._ids = count(1)
        self.ports: dict[Side, list[DatagramPort]] = {side: [] for side in Side}
        self._streams: dict[int, Stream] = {}
        self._by_place: dict[_Place, Stream] = {}
        self._open: Counter[str] = Counter()
        self._written: set[Stream] = set()
        self._waiting: WaitingRoom[_Place, Send] = WaitingRoom(limits.max_queue_bytes, limits.max_waiting_bytes)
        self._dials: set[asyncio.Task[None]] = set()

    def next_id(self) -> int:
        """A number that no other link has."""
        return next(self._ids)

    # -- connections come and go

    def add(self, stream: Stream, host: str, port: int) -> Link | None:
        """Know a connection from now on; None when there are too many of its kind already."""
        if self._open[stream.kind] >= self._limits.max_links:
            return None
        self._open[stream.kind] += 1
        link = Link(self.next_id(), stream.side, Transport.TCP, host, port, None, stream.arrived_at)
        self._streams[link.id] = stream
        self._by_place[stream.side, host, port] = stream
        return link

    def remove(self, stream: Stream) -> None:
        """Forget a connection that `add` gave a link."""
        link = stream.link
        self._open[stream.kind] -= 1
        del self._streams[link.id]
        place = (link.side, link.remote_host, link.remote_port)
        if self._by_place.get(place) is stream:
            del self._by_place[place]

    def streams(self) -> Iterable[Stream]:
        """The open connections."""
        return tuple(self._streams.values())

    # -- messages leave

    def send(self, send: Send) -> None:
        """Send now, with the next flush, or when the connection stands."""
        place = (send.side, send.hop.host, send.hop.port)
        if send.hop.transport is Transport.UDP:
            port = port_for(send, self.ports[send.side])
            if port is None or not port.send(send.hop, send.data):
                self._undelivered(send, "not-taken")
        elif stream := self._find(send.link_id, place):
            self._queue(stream, send)
        else:
            self._wait(place, send)

    def _find(self, link_id: int | None, place: _Place) -> Stream | None:
        wanted = self._streams.get(link_id) if link_id is not None else None
        # A connection may stand before those who waited for it have been let go: nobody overtakes them.
        known = self._by_place.get(place) if place not in self._waiting else None
        for stream in (wanted, known):
            if stream is not None and stream.is_open:
                return stream
        return None

    def _queue(self, stream: Stream, send: Send) -> None:
        if stream.send(send.data):
            self._written.add(stream)
        else:
            self._undelivered(send, "queue-full")

    def flush(self) -> None:
        """One write for each link that was sent to since the last flush."""
        while self._written:
            self._written.pop().flush()

    def _wait(self, place: _Place, send: Send) -> None:
        if place not in self._waiting:
            if self._open[DIALLED] + len(self._dials) >= self._limits.max_links:
                self._undelivered(send, "too-many-links")
                return
            self._waiting.open(place)
            task = asyncio.get_running_loop().create_task(self._dial(place))
            self._dials.add(task)
            task.add_done_callback(self._dials.discard)
        if not self._waiting.admit(place, send, len(send.data)):
            self._undelivered(send, "waiting-room-full")

    async def _dial(self, place: _Place) -> None:
        """Open a connection, then let go who waited for it; or tell them all that it failed."""
        stream = None
        try:
            stream = await self._connect(*place)
        finally:  # a shutdown cancels this task, and then too nobody may be left waiting
            for send in self._waiting.leave(place):
                if stream is None:
                    self._undelivered(send, "connect-failed")
                else:
                    self._queue(stream, send)
            self.flush()

    async def _connect(self, side: Side, host: str, port: int) -> Stream | None:
        loop = asyncio.get_running_loop()
        local = self._own.listening(side, Transport.TCP, host)
        try:
            async with asyncio.timeout(self._limits.connect_seconds):
                _, stream = await loop.create_connection(
                    lambda: self._make_stream(side), host, port, local_addr=(local.host, 0)
                )
        except OSError:  # TimeoutError is one
            return None
        return stream

    # -- the end

    def close_idle(self, now: float) -> None:
        """Close the connections that have carried no whole message for too long."""
        for stream in self.streams():
            if now - stream.active_at > self._limits.idle_seconds:
                stream.abort("idle")

    async def close(self) -> None:
        """Give everything back: what waits is told so, what is queued is written as far as peers take it."""
        for task in tuple(self._dials):
            task.cancel()
        await asyncio.gather(*self._dials, return_exceptions=True)
        for stream in self.streams():
            stream.close("shutdown")
        for _ in range(_PATIENCE):
            if not self._streams:
                break
            await asyncio.sleep(_BREATH)
        for stream in self.streams():
            stream.abort("shutdown")
        for ports in self.ports.values():
            for port in ports:
                port.close()
