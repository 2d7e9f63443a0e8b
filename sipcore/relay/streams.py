"""One TCP connection, with TLS or without: bytes in to messages, messages out to one joined write a wake-up.

The loop reads straight into the framer's buffer. Every wake-up does the same steps: feed, take the messages, let the
shell act on each, answer keep-alives, flush. What leaves is collected until the flush, because joining writes is worth
more than anything else on a stream.
"""

from __future__ import annotations

import asyncio
from typing import Protocol, cast

from sipcore._framer import Framer
from sipcore._parser import Message
from sipcore.edge.actions import Certificate, Link
from sipcore.edge.tables import Hop, Side, Transport
from sipcore.errors import ParseError
from sipcore.limits import Limits
from sipcore.relay.handshakes import certificate_of

__all__ = ["DIALLED", "Stream", "StreamOwner"]

#: The kind of a connection that we opened; one that we accepted has its side's name.
DIALLED = "dialled"

#: One CRLF answers each CRLFCRLF ping (RFC 5626 section 3.5.1).
_PONG = b"\r\n"


class StreamOwner(Protocol):
    """Who a stream reports to."""

    def stream_opened(self, stream: Stream, host: str, port: int) -> Link | None:
        """A connection stands; the link it is known by from now on, or None to have it closed at once."""

    def stream_closed(self, stream: Stream, why: str) -> None:
        """A connection that was given a link is gone."""

    def receive(self, message: Message, link: Link) -> None:
        """A message came in."""

    def garbage(self, side: Side, transport: Transport, code: str) -> None:
        """What came cannot be a message; the connection is closed for it."""

    def flush(self) -> None:
        """A wake-up is over: everything that was queued shall leave."""

    def now(self) -> float:
        """Seconds on the loop's clock."""


class Stream(asyncio.BufferedProtocol):
    """One connection, in either direction.

    Drop policy: when ``max_queue`` bytes wait for a peer that does not read, what comes last is refused (`send`
    returns False) and what was accepted stays in order; a peer that goes on like that is closed for idleness.

    Args:
        owner: who is told.
        side: on which side of the edge it is.
        kind: what it counts as: `DIALLED`, or the name of the side that accepted it.
        limits: of the messages that come in.
        max_queue: bytes that may wait to be written.
        arrived_at: what its link says of it, see `Link`.
        hop: where it leads to, of one that we open.

    Attributes:
        side, kind, arrived_at, hop: see above.
        transport, certificate: with TLS or without, and what that has proven of the peer; from the moment it stands.
        link: what the engine knows it by, from the moment it stands.
        active_at: when it last carried a whole message or keep-alive; bytes alone do not count, or one byte a minute
            would hold a connection for ever.
    """

    link: Link
    transport: Transport
    certificate: Certificate | None

    def __init__(
        self,
        owner: StreamOwner,
        side: Side,
        kind: str,
        limits: Limits,
        max_queue: int,
        arrived_at: Hop | None = None,
        hop: Hop | None = None,
    ) -> None:
        self.side = side
        self.kind = kind
        self.arrived_at = arrived_at
        self.hop = hop
        self._owner = owner
        self._framer = Framer(limits)
        self._max_queue = max_queue
        self._outbox: list[bytes] = []
        self._outbox_size = 0
        self._closed_because = ""
        self._known = False
        self.active_at = owner.now()

    # -- the loop's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for a link; without one the connection is refused."""
        self._transport = cast(asyncio.Transport, transport)
        handshake = transport.get_extra_info("ssl_object")
        self.transport = Transport.TCP if handshake is None else Transport.TLS
        self.certificate = certificate_of(handshake)
        host, port = self._transport.get_extra_info("peername")[:2]
        link = self._owner.stream_opened(self, host, port)
        if link is None:
            self._transport.abort()
        else:
            self.link, self._known = link, True

    def get_buffer(self, sizehint: int) -> memoryview:
        """Room in the framer's own buffer."""
        return self._framer.get_buffer(sizehint)

    def buffer_updated(self, nbytes: int) -> None:
        """Feed, take messages, act, flush."""
        self._framer.buffer_updated(nbytes)
        try:
            self._take_messages()
        except ParseError as error:
            self._owner.garbage(self.side, self.transport, error.code)
            self.close("garbage")
        self._answer_pings()
        self._owner.flush()

    def connection_lost(self, exc: Exception | None) -> None:
        """Say why, as far as it is known."""
        if not self._known:
            return
        ended = "ended-inside-a-message" if self._framer.pending else "ended-by-peer"
        self._owner.stream_closed(self, self._closed_because or ("connection-error" if exc else ended))

    def _take_messages(self) -> None:
        while not self._closed_because and (message := self._framer.next_message()) is not None:
            self.active_at = self._owner.now()
            self._owner.receive(message, self.link)

    def _answer_pings(self) -> None:
        if pings := self._framer.take_pings():
            self.active_at = self._owner.now()
            self.send(_PONG * pings)
            self.flush()

    # -- the relay's side

    @property
    def is_open(self) -> bool:
        """Whether it may be sent to."""
        return self._known and not self._closed_because

    def send(self, data: bytes) -> bool:
        """Queue ``data`` for the next flush; False when the link is closing or its queue is full."""
        waiting = self._transport.get_write_buffer_size() + self._outbox_size
        if not self.is_open or waiting + len(data) > self._max_queue:
            return False
        self._outbox.append(data)
        self._outbox_size += len(data)
        return True

    def flush(self) -> None:
        """Write what was queued, in one piece."""
        if self._outbox:
            self._transport.write(b"".join(self._outbox))
            self._outbox.clear()
            self._outbox_size = 0
            self.active_at = self._owner.now()

    def close(self, why: str) -> None:
        """Stop reading, write what is queued, close. ``why`` is a short word for logs and metrics."""
        if not self._closed_because:
            self.flush()
            self._closed_because = why
            self._transport.close()

    def abort(self, why: str) -> None:
        """Close without waiting for the peer to read what is queued."""
        self._closed_because = self._closed_because or why
        self._transport.abort()
