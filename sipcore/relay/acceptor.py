"""Accepts connections that begin with a TLS handshake.

An `asyncio.Server` would tell nobody which peer has failed a handshake, or why, and would keep its first context for
ever. Here each connection asks for the context of the moment, and a failure is told with the peer's address.
"""

from __future__ import annotations

import asyncio
import functools
import socket
import ssl
from collections.abc import Callable

from sipcore.edge.actions import Failure
from sipcore.edge.tables import Hop, Transport
from sipcore.relay.handshakes import SHUTDOWN_SECONDS, Farewell, HandshakeFault, farewell_over, fault_of
from sipcore.relay.sources import Sources
from sipcore.relay.streams import Stream

__all__ = ["TlsAcceptor"]

#: How long to wait, in seconds, when the system has no descriptor for another connection.
_BREATH = 0.1


class TlsAcceptor:
    """One listening socket.

    Args:
        bound: it listens, and does not block.
        make_stream: a new, unconnected stream.
        context: what the next connection is made safe with; it is given what sends an alert to the peer.
        failed: is told the peer's place and why there is no connection with it.
        seconds: how long a handshake may take.
        most: handshakes at once.
        sources: counts those of each source, so that nobody takes all of them, nor all of the processor that signing
            takes; None where peers are our own servers.
    """

    def __init__(
        self,
        bound: socket.socket,
        make_stream: Callable[[], Stream],
        context: Callable[[Farewell], ssl.SSLContext],
        failed: Callable[[str, HandshakeFault], None],
        *,
        seconds: float,
        most: int,
        sources: Sources | None,
    ) -> None:
        self._bound = bound
        self._make_stream = make_stream
        self._context = context
        self._failed = failed
        self._seconds = seconds
        self._most = most
        self._sources = sources
        self._handshakes: set[asyncio.Task[None]] = set()
        self._accepting = asyncio.get_running_loop().create_task(self._accept())

    async def close(self) -> None:
        """Accept nobody any more, and break off the handshakes that have begun; the socket stays open."""
        tasks = (self._accepting, *self._handshakes)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                accepted, address = await loop.sock_accept(self._bound)
            except OSError as error:  # no descriptor is left, or the peer has gone again
                what = f"nobody can be let in ({error.strerror})"
                self._failed("somebody", HandshakeFault("not-accepted", what, Failure.NO_TLS))
                await asyncio.sleep(_BREATH)
                continue
            self._begin(accepted, Hop(Transport.TLS, *address[:2]))
            await asyncio.sleep(0)  # a connection that is there already is accepted at once: others have their turn too

    def _begin(self, accepted: socket.socket, peer: Hop) -> None:
        if why := self._refuses(peer.host):
            accepted.close()
            self._failed(peer.authority, HandshakeFault(why, "one handshake too many", Failure.NO_TLS))
            return
        if self._sources:
            self._sources.add(peer.host)
        handshake = asyncio.get_running_loop().create_task(self._shake_hands(accepted, peer))
        self._handshakes.add(handshake)
        handshake.add_done_callback(functools.partial(self._over, peer.host))

    def _refuses(self, host: str) -> str:
        """Why one more handshake is too many; empty when it is not. Established links have the same bounds again."""
        if len(self._handshakes) >= self._most:
            return "too-many-handshakes"
        return self._sources.refuses(host, asyncio.get_running_loop().time()) if self._sources else ""

    async def _shake_hands(self, accepted: socket.socket, peer: Hop) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                self._make_stream,
                accepted,
                ssl=self._context(farewell_over(accepted)),
                ssl_handshake_timeout=self._seconds,
                ssl_shutdown_timeout=SHUTDOWN_SECONDS,
            )
        except OSError as error:
            self._failed(peer.authority, fault_of(error))

    def _over(self, host: str, handshake: asyncio.Task[None]) -> None:
        self._handshakes.discard(handshake)
        if self._sources:
            self._sources.remove(host)
