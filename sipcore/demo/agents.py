"""Two little user agents of the demo: one inside, one at the federated partner. Real sockets, no code of the edge.

An agent owns one address: a UDP socket and a TCP listener on the same port, and one TCP connection to the edge. It
keeps every message that it reads and answers each request with 200, except those that nobody answers: ACK (RFC 3261
section 17) and BENOTIFY (docs/protocol.md "BENOTIFY").
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, cast

from sipcore.demo import wire
from sipcore.edge.tables import Hop

__all__ = ["Agent", "Arrival", "TransportName"]

TransportName = Literal["udp", "tcp"]
Address = tuple[str, int]
Watcher = Callable[["Agent", "Arrival"], None]

#: The longest wait for something that must come. Never reached when all is well: nothing here waits for time to pass.
PATIENCE_S = 3.0

UNANSWERED = ("ACK", "BENOTIFY")


@dataclass(frozen=True)
class Arrival:
    """One message as it was read from a socket."""

    transport: TransportName
    data: bytes

    @property
    def status(self) -> int | None:
        """None for a request."""
        return wire.status_of(self.data)

    @property
    def call_id(self) -> str:
        """The exchange that it belongs to."""
        return wire.call_id_of(self.data)


class _Datagrams(asyncio.DatagramProtocol):
    """Hands each datagram to the agent, with a way to answer it."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclasses of asyncio's
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._agent.read("udp", data, lambda answer: self._transport.sendto(answer, addr))


class Agent:
    """A SIP client on one loopback address.

    Args:
        name: what people call it, "inside" or "partner".
        host: its address.
        port: where it listens, UDP and TCP alike; 0 lets the system choose.
        on_read: told of each message that is read; for a person who watches.
    """

    def __init__(self, name: str, host: str, port: int, on_read: Watcher = lambda agent, arrival: None) -> None:
        self.name = name
        self.host = host
        self.port = port
        #: Everything read so far, requests and answers, in the order of reading.
        self.arrivals: list[Arrival] = []
        self._on_read = on_read
        self._news = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def listen(self) -> None:
        """Open the UDP socket and the TCP listener. Raises: OSError, the address is taken."""
        loop = asyncio.get_running_loop()
        stream, datagrams = _bound_pair(self.host, self.port)
        self.port = stream.getsockname()[1]
        self._server = await asyncio.start_server(self._serve, sock=stream)
        self._udp, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self), sock=datagrams)

    async def connect(self, udp: Hop, tcp: Hop) -> None:
        """Open the TCP connection to the edge, which listens there. Raises: OSError, it does not."""
        self._edge = (udp.host, udp.port)
        # The edge knows its partner by the address that the connection comes from.
        reader, self._tcp = await asyncio.open_connection(tcp.host, tcp.port, local_addr=(self.host, 0))
        self._keep(asyncio.create_task(self._serve(reader, self._tcp)))

    async def stop(self) -> None:
        """Close all sockets."""
        self._udp.close()
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def send(self, data: bytes, transport: TransportName) -> None:
        """Send bytes to the edge; they are lost where it has closed the connection, as any sender would find."""
        if transport == "udp":
            self._udp.sendto(data, self._edge)
        elif not self._tcp.is_closing():
            self._tcp.write(data)

    def read(self, transport: TransportName, data: bytes, reply: Callable[[bytes], None]) -> None:
        """Take one message from a socket: keep it, count it, answer it."""
        arrival = Arrival(transport, data)
        self.arrivals.append(arrival)
        self._on_read(self, arrival)
        self._news.set()
        if arrival.status is None and not data.startswith(tuple(method.encode() + b" " for method in UNANSWERED)):
            reply(wire.answer_to(data, 200, "OK", tag=f"{self.name}-tag", extra=[("Contact", self.contact(transport))]))

    async def wait_for(self, wanted: Callable[[Arrival], bool]) -> Arrival:
        """The first arrival of that kind, read already or yet to come. Raises: TimeoutError."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                self._news.clear()
                for arrival in self.arrivals:
                    if wanted(arrival):
                        return arrival
                await self._news.wait()

    def contact(self, transport: TransportName) -> str:
        """Where requests inside a dialog are to reach this agent."""
        return f"<sip:{self.name}@{self.host}:{self.port};transport={transport}>"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read messages from one connection until it ends."""
        task = asyncio.current_task()
        assert task is not None
        self._keep(task)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lstrip(b"\r\n")
                if head:
                    self.read("tcp", head + await reader.readexactly(wire.content_length(head)), writer.write)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _keep(self, task: asyncio.Task[None]) -> None:
        """The loop holds tasks weakly; whoever starts one must keep it (documentation of asyncio.create_task)."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _bound_pair(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    """A TCP and a UDP socket on one port; where the system chooses it, until it is free for both."""
    while True:
        stream = socket.create_server((host, port))
        datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            datagrams.bind(stream.getsockname())
        except OSError as error:
            stream.close()
            datagrams.close()
            if port:
                raise OSError(error.errno, f"{host}:{port} for UDP: {error.strerror}") from None
        else:
            return stream, datagrams
