"""One TCP connection, with TLS or without: bytes in to messages, messages out to one joined write a wake-up.

The loop reads straight into the framer's buffer. Every wake-up does the same steps: feed, take the messages, let the
shell act on each, answer keep-alives, flush. What leaves is collected until the flush, because joining writes is worth
more than anything else on a stream.
"""

from __future__ import annotations

import asyncio
import math
import random
import ssl
from collections.abc import Callable, Sequence
from typing import Protocol, cast

from sipcore._framer import Framer
from sipcore._parser import Message
from sipcore.configuration import LinkLimits
from sipcore.edge.actions import Certificate, Link, Send
from sipcore.edge.tables import Hop, Side, Transport
from sipcore.errors import ParseError
from sipcore.limits import Limits
from sipcore.relay.deadlines import Deadlines
from sipcore.relay.outbox import Budget, Outbox
from sipcore.relay.sources import source_of
from sipcore.relay.tls.handshakes import certificate_of, is_awaiting_verdict, verified_chain
from sipcore.relay.unfinished import Unfinished
from sipcore.relay.unheard import Unheard

__all__ = ["DIALLED", "Stream", "StreamOwner"]

#: The kind of a connection that we opened; one that we accepted has its side's name.
DIALLED = "dialled"

#: One CRLF answers each CRLFCRLF (RFC 5626 section 3.5.1).
_PING, _PONG = b"\r\n\r\n", b"\r\n"
#: Pings come a fifth earlier than they have to, by chance, or those of all links would come at once (RFC 5626 section
#: 4.4.1).
_EARLIEST = 0.8


class StreamOwner(Protocol):
    """Who a stream reports to."""

    def stream_opened(self, stream: Stream, host: str, port: int) -> Link | None:
        """A connection stands; the link it is known by from now on, or None to have it closed at once."""

    def stream_closed(self, stream: Stream, why: str) -> None:
        """A connection that was given a link is gone."""

    def wake(self) -> None:
        """There is something to read; a flush will follow."""

    def receive_some(self, take: Callable[[], Message | None], link: Link) -> bool:
        """Messages may have come in: take some; False when there was none."""

    def garbage(self, side: Side, transport: Transport, code: str) -> None:
        """What came cannot be a message; the connection is closed for it."""

    def flush(self) -> None:
        """A wake-up is over: everything that was queued shall leave."""

    def introduced(self, stream: Stream, first: Message) -> None:
        """A peer that came with a certificate has sent its first request."""

    def lost(self, send: Send) -> None:
        """A message that a stream took, and that its peer never did."""

    def unheard(self, stream: Stream, unheard: Unheard, exc: Exception | None) -> None:
        """A peer has gone before it said anything over TLS: it has refused our certificate, and taken no message."""

    def now(self) -> float:
        """Seconds on the loop's clock."""


class Stream(asyncio.BufferedProtocol):
    """One connection, in either direction.

    Args:
        owner: who is told.
        side: on which side of the edge it is.
        kind: what it counts as: `DIALLED`, or the name of the side that accepted it.
        limits: of the messages that come in.
        links: how long things may take, and how much may wait to be written.
        unread: what peers may leave unread, of all links.
        unfinished: what strangers may hold of messages that are not whole; None where the peer is known.
        arrived_at: what its link says of it, see `Link`.
        hop: where it leads to, of one that we open.

    Attributes:
        side, kind, arrived_at, hop: see above.
        transport, certificate: with TLS or without, and what that has proven of the peer; from the moment it stands.
        link: what the engine knows it by, from the moment it stands.
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
        links: LinkLimits,
        unread: Budget,
        unfinished: Unfinished[Stream] | None,
        arrived_at: Hop | None = None,
        hop: Hop | None = None,
    ) -> None:
        self.side = side
        self.kind = kind
        self.arrived_at = arrived_at
        self.hop = hop
        self._owner = owner
        self._framer = Framer(limits)
        self._limits = links
        self._unread = unread
        self._unfinished = unfinished
        self._pending = 0
        self._closed_because = ""
        self._known = False
        self._deaf = False
        self._introduced = self._leads_out = kind == DIALLED
        self._unheard: Unheard | None = None

    # -- the loop's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for a link; without one the connection is refused."""
        self._transport = cast(asyncio.Transport, transport)
        handshake = transport.get_extra_info("ssl_object")
        self.transport = Transport.TCP if handshake is None else Transport.TLS
        self.certificate = certificate_of(handshake)
        self._introduced = self._introduced or self.certificate is None
        if self.hop is not None and is_awaiting_verdict(handshake):
            self._unheard = Unheard(self._limits.max_queue_bytes)
        self._outbox = Outbox(self._transport, self._limits.max_queue_bytes, self._unread)
        now = self._stands_since = self._owner.now()
        self._deadlines = Deadlines(self._limits, dialled=self.kind == DIALLED, now=now)
        self._ping_at = self._next_ping(now)
        peer = self._transport.get_extra_info("peername")  # None when it has gone already
        link = self._owner.stream_opened(self, *peer[:2]) if peer else None
        if link is None:
            self._transport.abort()
        else:
            self.link, self._known = link, True

    def get_buffer(self, sizehint: int) -> memoryview:
        """Room in the framer's own buffer."""
        return self._framer.get_buffer(sizehint)

    def buffer_updated(self, nbytes: int) -> None:
        """Feed, take messages, act, flush; then note what was read, for what leaves need not wait for that."""
        if self._deaf:
            return  # read, so that the system does not reset the connection under what leaves; and not looked at
        self._owner.wake()
        self._unheard = None
        self._framer.buffer_updated(nbytes)
        try:
            taken = self._take_messages()
        except ParseError as error:
            self._owner.garbage(self.side, self.transport, error.code)
            self.close("garbage")
            self._owner.flush()
        else:
            self._owner.flush()
            self._note_reading(taken)
            self._take_keep_alives()

    def pause_writing(self) -> None:
        """The peer does not read; what comes for it now is held."""
        self._outbox.stall()
        self._deadlines.stalled(self._owner.now())

    def resume_writing(self) -> None:
        """It reads again."""
        self._deadlines.flowing()
        self._outbox.resume()

    def connection_lost(self, exc: Exception | None) -> None:
        """Say why, as far as it is known, and give back what the peer has not taken."""
        if not self._known:
            return
        held, unheard = self._outbox.abandon(), self._unheard
        if unheard is not None and not self._closed_because and (unheard.sends or isinstance(exc, ssl.SSLError)):
            self._closed_because = "not-let-in"
            self._owner.unheard(self, unheard, exc)
            answered = set(map(id, unheard.sends))
            held = [send for send in held if id(send) not in answered]
        for send in held:
            self._owner.lost(send)
        self._owner.flush()
        self._note_pending(0)
        ended = "ended-inside-a-message" if self._framer.pending else "ended-by-peer"
        self._owner.stream_closed(self, self._closed_because or ("connection-error" if exc else ended))

    def _take_messages(self) -> bool:
        """Whether there was any."""
        taken, framer = False, self._framer
        take = framer.next_message if self._introduced else self._take_introduction
        while not self._deaf and self._owner.receive_some(take, self.link):
            taken = True
            if not framer.pending:
                break  # spares who reads one message at a time to ask for another
        return taken

    def _note_reading(self, taken: bool) -> None:
        self._deadlines.read(messages=taken, inside=self._framer.in_message, now=self._owner.now())
        if self._pending != (pending := self._framer.pending):
            self._note_pending(pending)

    def _note_pending(self, pending: int) -> None:
        self._pending = pending
        if self._unfinished is not None:
            for greediest in self._unfinished.note(self, source_of(self.link.remote_host), pending):
                greediest.abort("too-much-unfinished")

    def _take_introduction(self) -> Message | None:
        """The next message; the first request of who came with a certificate may say more than one about itself."""
        message = self._framer.next_message()
        if message is not None and message.is_request and not self._introduced:
            self._introduced = True
            self._owner.introduced(self, message)
        return message

    def _take_keep_alives(self) -> None:
        if pings := self._framer.take_pings():
            self._deadlines.active(self._owner.now())
            self._outbox.put_keep_alive(_PONG * pings)
            self.flush()
        if self._deadlines.awaits_pong and self._framer.take_pongs():
            self._deadlines.ponged()

    # -- the relay's side

    @property
    def is_open(self) -> bool:
        """Whether it may be sent to."""
        return self._known and not self._closed_because

    def send(self, send: Send) -> bool:
        """Queue a message for the next flush; False when the link is closing or its queue is full, see `Outbox`."""
        taken = self.is_open and self._outbox.put(send)
        if taken and self._unheard is not None:
            self._unheard.add(send)
        return taken

    def send_all(self, datas: list[bytes]) -> bool:
        """The same for several messages; False when not all of them can be taken at once."""
        return self._known and not self._closed_because and self._unheard is None and self._outbox.put_all(datas)

    def flush(self) -> None:
        """Write what was queued, in one piece."""
        if self._outbox.flush():
            self._deadlines.active(self._owner.now())

    def tick(self, now: float) -> None:
        """Close when something takes too long; else keep alive."""
        if why := self._deadlines.missed(now):
            self.abort(why)
        elif self._unheard is not None and now > self._stands_since + self._limits.connect_seconds:
            self._unheard = None  # long enough to have looked at a certificate
        elif now >= self._ping_at and not self._closed_because:
            self._ping_at = self._next_ping(now)
            self._framer.take_pongs()  # what came before is no answer
            self._outbox.put_keep_alive(_PING)
            self._outbox.flush()
            self._deadlines.pinged(now)

    @property
    def verified_chain(self) -> Sequence[bytes]:
        """The peer's certificates in DER, its own first and the root last; none of a peer that has shown none."""
        handshake = self._transport.get_extra_info("ssl_object")
        return () if handshake is None else verified_chain(handshake)

    def lead_out(self) -> None:
        """Let requests of ours leave by it, whoever opened it: from now on it is ours to keep alive."""
        self._leads_out = True
        self._ping_at = self._next_ping(self._owner.now())

    def _next_ping(self, now: float) -> float:
        """We keep alive what we send requests by (RFC 5626 section 4.4.1); others keep alive what they want to keep."""
        if not self._leads_out or not self._limits.keep_alive_seconds:
            return math.inf
        return now + self._limits.keep_alive_seconds * random.uniform(_EARLIEST, 1)  # noqa: S311 - no secret

    def stop_listening(self) -> None:
        """Take no more messages; what is sent still leaves."""
        self._deaf = True

    def close_when_empty(self, why: str) -> None:
        """Close if everything has left."""
        if self._outbox.is_empty:
            self.close(why)

    def close(self, why: str) -> None:
        """Stop reading, write what is queued, close. ``why`` is a short word for logs and metrics."""
        if not self._closed_because:
            self.flush()
            self._closed_because, self._deaf = why, True
            self._outbox.resume()
            self._deadlines.stalled(self._owner.now())
            self._transport.close()

    def abort(self, why: str) -> None:
        """Close without waiting for the peer to read what is queued."""
        self._closed_because = self._closed_because or why
        self._transport.abort()
