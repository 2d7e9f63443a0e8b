"""Every way out of the relay: open connections by their peer, UDP sockets by side, and connections being opened.

A message for TCP takes, in this order: the link it asks for, any open connection with that peer's address, a new one.
While a connection is being opened its messages wait, within bounds; whatever cannot leave is handed back with the
reason, so that its sender gets an answer.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import count
from typing import Any

from sipcore.edge.actions import Failure, Link, Send
from sipcore.edge.tables import Hop, OwnSide, Side, Transport
from sipcore.edge.waiting import WaitingRoom
from sipcore.relay.config import LinkLimits
from sipcore.relay.datagrams import DatagramPort, port_for
from sipcore.relay.handshakes import SHUTDOWN_SECONDS, HandshakeFault, fault_of
from sipcore.relay.streams import DIALLED, Stream

__all__ = ["Links"]

#: How often, and how long each time (in seconds), a shutdown waits for peers to take what is queued for them.
_PATIENCE, _BREATH = 20, 0.05

#: A peer's place on one side: what a connection is found by.
_Place = tuple[Side, Hop]

_NOT_CONNECTED = HandshakeFault("connect-failed", "no connection", Failure.DOWN)


class Links:
    """Finds, opens and closes links. All calls come from the loop's thread.

    Args:
        limits: how many links, how long, how much may wait.
        own: the addresses that new connections come from; peers know us by them.
        make_stream: a new, unconnected stream to a hop on a side.
        client_context: what the connection to a hop is made safe with, and the name to ask for there.
        undelivered: is told what could not leave, and why.
        tls_failed: is told with whom TLS could not be agreed on, and why.
    """

    def __init__(
        self,
        limits: LinkLimits,
        own: OwnSide,
        make_stream: Callable[[Side, Hop], Stream],
        client_context: Callable[[Side, Hop], tuple[ssl.SSLContext, str]],
        undelivered: Callable[[Send, str, Failure], None],
        tls_failed: Callable[[Side, str, HandshakeFault], None],
    ) -> None:
        self._limits = limits
        self._own = own
        self._make_stream = make_stream
        self._client_context = client_context
        self._undelivered = undelivered
        self._tls_failed = tls_failed
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
        link = Link(self.next_id(), stream.side, stream.transport, host, port, stream.certificate, stream.arrived_at)
        self._streams[link.id] = stream
        if (place := _place_of(stream, host, port)) is not None:
            self._by_place[place] = stream
        return link

    def remove(self, stream: Stream) -> None:
        """Forget a connection that `add` gave a link."""
        link = stream.link
        self._open[stream.kind] -= 1
        del self._streams[link.id]
        place = _place_of(stream, link.remote_host, link.remote_port)
        if place is not None and self._by_place.get(place) is stream:
            del self._by_place[place]

    def streams(self) -> Iterable[Stream]:
        """The open connections."""
        return tuple(self._streams.values())

    # -- messages leave

    def send(self, send: Send) -> None:
        """Send now, with the next flush, or when the connection stands."""
        place = (send.side, send.hop)
        if send.hop.transport is Transport.UDP:
            port = port_for(send, self.ports[send.side])
            if port is None or not port.send(send.hop, send.data):
                self._undelivered(send, "not-taken", Failure.DOWN)
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
            self._undelivered(send, "queue-full", Failure.DOWN)

    def flush(self) -> None:
        """One write for each link that was sent to since the last flush."""
        while self._written:
            self._written.pop().flush()

    def _wait(self, place: _Place, send: Send) -> None:
        if place not in self._waiting:
            if self._open[DIALLED] + len(self._dials) >= self._limits.max_links:
                self._undelivered(send, "too-many-links", Failure.DOWN)
                return
            self._waiting.open(place)
            task = asyncio.get_running_loop().create_task(self._dial(*place))
            self._dials.add(task)
            task.add_done_callback(self._dials.discard)
        if not self._waiting.admit(place, send, len(send.data)):
            self._undelivered(send, "waiting-room-full", Failure.DOWN)

    async def _dial(self, side: Side, hop: Hop) -> None:
        """Open a connection, then let go who waited for it; or tell them all that it failed."""
        stream, fault = None, _NOT_CONNECTED
        try:
            stream = await self._connect(side, hop)
        except OSError as error:  # TimeoutError is one
            fault = _fault_of(error, hop)
            if fault is not _NOT_CONNECTED:
                self._tls_failed(side, str(hop), fault)
        finally:  # a shutdown cancels this task, and then too nobody may be left waiting
            for send in self._waiting.leave((side, hop)):
                if stream is None:
                    self._undelivered(send, fault.why, fault.failure)
                else:
                    self._queue(stream, send)
            self.flush()

    async def _connect(self, side: Side, hop: Hop) -> Stream:
        """A connection that stands, and with TLS has proven whose it is. Raises: OSError."""
        loop = asyncio.get_running_loop()
        local = self._own.listening(side, hop.transport, hop.host)
        secured = self._secured(side, hop)
        async with asyncio.timeout(self._limits.connect_seconds + secured.get("ssl_handshake_timeout", 0)):
            _, stream = await loop.create_connection(
                lambda: self._make_stream(side, hop), hop.host, hop.port, local_addr=(local.host, 0), **secured
            )
        return stream

    def _secured(self, side: Side, hop: Hop) -> dict[str, Any]:
        """What makes a connection safe."""
        if hop.transport is not Transport.TLS:
            return {}
        context, name = self._client_context(side, hop)
        seconds = self._limits.connect_seconds
        return {
            "ssl": context,
            "server_hostname": name,
            "ssl_handshake_timeout": seconds,
            "ssl_shutdown_timeout": SHUTDOWN_SECONDS,
        }

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


def _place_of(stream: Stream, host: str, port: int) -> _Place | None:
    """Where else than on its own link a stream may be sent to: what we opened, by the hop that it leads to.

    A stream that we accepted is found by its peer's address. With TLS it is not: who has connected has proven who he
    is, and not that he is whom we would have asked for at that address.
    """
    if stream.hop is not None:
        return stream.side, stream.hop
    return None if stream.transport is Transport.TLS else (stream.side, Hop(stream.transport, host, port))


def _fault_of(error: OSError, hop: Hop) -> HandshakeFault:
    """What kept us from connecting to a hop: there was no connection, or it could not be made safe."""
    before_tls = isinstance(error, ConnectionRefusedError) or type(error) in (OSError, TimeoutError)
    return _NOT_CONNECTED if hop.transport is not Transport.TLS or before_tls else fault_of(error)
