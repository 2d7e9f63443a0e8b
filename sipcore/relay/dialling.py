"""Opens the way to a hop: finds its addresses, takes the connection that it offers, or makes one and sees it safe.

Nobody waits here: messages do, in `links`, and are told why there is no way when there is none.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from sipcore.edge.actions import Failure
from sipcore.edge.tables import Hop, OwnSide, Side, Transport, canonical_host
from sipcore.relay.aliases import Aliases
from sipcore.relay.streams import Stream
from sipcore.relay.tls.handshakes import SHUTDOWN_SECONDS, Farewell, HandshakeFault, farewell_over, fault_of

__all__ = ["NOT_CONNECTED", "Addresses", "Dialler", "Way"]

#: What a connection has to leave for a handshake, in seconds, or the hop is as good as not there.
_LEAST = 0.1
#: How many addresses of a hop are tried: with the default of 4 s for each, the last is given up long before the 32 s of
#: a transaction are over.
_MOST_ADDRESSES = 4

NOT_CONNECTED = HandshakeFault("connect-failed", "no connection", Failure.DOWN)
_NOWHERE = HandshakeFault("no-address", "the name has no address", Failure.UNRESOLVED)

#: Where a hop is: its side, host and port to addresses and ports, in the order in which to try.
Addresses = Callable[[Side, str, int], Awaitable[Sequence[tuple[str, int]]]]

#: A connection with a hop, or the address that its datagrams go to; or why there is neither.
Way = Stream | Hop | HandshakeFault


class Dialler:
    """Finds ways.

    Args:
        seconds: how long opening a connection may take, with its handshake.
        own: the addresses that new connections come from; peers know us by them.
        aliases: which connections their peers offer for our requests.
        addresses: finds hops.
        make_stream: a new, unconnected stream to a hop on a side.
        client_context: what a connection to a hop is made safe with, and the name to ask for there; it is given what
            sends an alert to the hop.
        may_stand_for: whether who showed that chain in its handshake is as good as a hop that we connect to ourselves.
        tls_failed: is told with whom TLS could not be agreed on, and why.
        reused: is told on which side a connection of a peer has become the way to a hop.
    """

    def __init__(
        self,
        seconds: float,
        own: OwnSide,
        aliases: Aliases,
        *,
        addresses: Addresses,
        make_stream: Callable[[Side, Hop], Stream],
        client_context: Callable[[Side, Hop, Farewell], tuple[ssl.SSLContext, str]],
        may_stand_for: Callable[[Side, Hop, Sequence[bytes]], bool],
        tls_failed: Callable[[Side, str, HandshakeFault], None],
        reused: Callable[[Side], None],
    ) -> None:
        self._seconds = seconds
        self._own = own
        self._aliases = aliases
        self._addresses = addresses
        self._make_stream = make_stream
        self._client_context = client_context
        self._may_stand_for = may_stand_for
        self._tls_failed = tls_failed
        self._reused = reused

    async def way_to(self, side: Side, hop: Hop) -> Way:
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
        fault = NOT_CONNECTED
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
        until = loop.time() + self._seconds
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
            return NOT_CONNECTED
        fault = fault_of(error)
        self._tls_failed(side, str(hop), fault)
        return fault


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
