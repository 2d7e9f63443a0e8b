"""A running relay and its peers, for tests: the relay on uvloop in a thread, the peers on plain blocking sockets.

The peers share no code with sipcore: they cut streams by Content-Length and read headers with regular expressions.
"""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

import uvloop
from addresses import family_of, free_port
from patience import PATIENCE_S

from sipcore.configuration import loads
from sipcore.edge.tables import Side, Transport
from sipcore.relay.server import Relay

#: Who lives where.
EDGE_IN, SERVER, EDGE_OUT, PARTNER, STREAM_PARTNER = (f"127.0.0.{number}" for number in range(31, 36))

CONFIG = """
[edge]
fqdn = "edge.contoso.example"
domains = ["contoso.example"]
[inside]
listen = [
    {{ transport = "udp", address = "{EDGE_IN}", port = 0, insecure = true }},
    {{ transport = "tcp", address = "{EDGE_IN}", port = 0, insecure = true }},
]
next_hop = {{ transport = "{next_hop}", address = "{SERVER}", port = {server_port}, insecure = true }}
[outside]
listen = [
    {{ transport = "udp", address = "{EDGE_OUT}", port = 0, insecure = true }},
    {{ transport = "tcp", address = "{EDGE_OUT}", port = 0, insecure = true }},
]
[[partner]]
domain = "fabrikam.example"
proxy = {{ transport = "udp", address = "{PARTNER}", port = {partner_port}, insecure = true }}
[[partner]]
domain = "nwtraders.example"
proxy = {{ transport = "tcp", address = "{STREAM_PARTNER}", port = {stream_partner_port}, insecure = true }}
"""


def text_of_config(next_hop: str = "udp", server: int = 9, partner: int = 9, stream_partner: int = 9) -> str:
    """A configuration: the transport inside, and the ports of the peers; the relay's own are chosen by the system."""
    addresses = {"EDGE_IN": EDGE_IN, "SERVER": SERVER, "EDGE_OUT": EDGE_OUT}
    addresses |= {"PARTNER": PARTNER, "STREAM_PARTNER": STREAM_PARTNER}
    ports = {"server_port": server, "partner_port": partner, "stream_partner_port": stream_partner}
    return CONFIG.format(next_hop=next_hop, **addresses, **ports)


class Peer:
    """A user agent's sockets on one address: a UDP socket and a TCP listener at the same port."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.port = free_port(host)
        self.listener = socket.create_server((host, self.port), family=family_of(host))
        self.udp = socket.socket(family_of(host), socket.SOCK_DGRAM)
        self.udp.bind((host, self.port))
        for each in (self.listener, self.udp):
            each.settimeout(PATIENCE_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.udp.close()
        self.listener.close()

    def accept(self) -> Connection:
        """The next connection that somebody opens to us."""
        accepted, _ = self.listener.accept()
        return Connection(accepted)

    def connect(self, place: tuple[str, int]) -> Connection:
        """A connection of ours, from our address."""
        return Connection(socket.create_connection(place, PATIENCE_S, (self.host, 0)))

    def read(self) -> bytes:
        """The next datagram."""
        return self.udp.recv(65_535)


class Connection:
    """A TCP connection that reads whole messages, cut by Content-Length alone."""

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected
        self.socket.settimeout(PATIENCE_S)
        self._read = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.socket.close()

    def send(self, *messages: bytes) -> None:
        """Everything in one piece."""
        self.socket.sendall(b"".join(messages))

    def read(self) -> bytes:
        """The next message."""
        while (end := self._read.find(b"\r\n\r\n")) < 0 or len(self._read) < end + 4 + length_of(self._read):
            more = self.socket.recv(65_536)
            assert more, "closed by the relay"
            self._read += more
        size = end + 4 + length_of(self._read)
        message, self._read = self._read[:size], self._read[size:]
        return message

    def read_to_end(self) -> bytes:
        """All that comes until the relay closes."""
        while more := self.socket.recv(65_536):
            self._read += more
        return self._read


def length_of(message: bytes) -> int:
    """What Content-Length says."""
    found = re.search(rb"\r\nContent-Length: *(\d+)\r\n", message)
    assert found, message
    return int(found[1])


def header(message: bytes, name: str) -> str:
    """The first value of a header, written with this case."""
    found = re.search(rb"\r\n%s: *([^\r]*)" % name.encode(), message)
    assert found, message
    return found[1].decode()


def request(number: int, sender: str, target: str, via: str, method: str, body: str) -> bytes:
    """A request; its Call-ID is its number."""
    return (
        f"{method} sip:{target} SIP/2.0\r\n"
        f"Via: SIP/2.0/{via};branch=z9hG4bK-test-{number};rport\r\n"
        "Max-Forwards: 70\r\n"
        f"From: <sip:{sender}>;tag=f{number}\r\n"
        f"To: <sip:{target}>\r\n"
        f"Call-ID: {number}\r\n"
        f"CSeq: 1 {method}\r\n"
        "Content-Type: text/plain\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def inward(number: int, body: str = "Lunch at noon?", method: str = "MESSAGE", over: str = "UDP") -> bytes:
    """A request from the partner that speaks that transport, to the inside."""
    host, domain = (PARTNER, "fabrikam") if over == "UDP" else (STREAM_PARTNER, "nwtraders")
    return request(number, f"bob@{domain}.example", "alice@contoso.example", f"{over} {host}", method, body)


def outward(number: int, over: str, domain: str, body: str = "Lunch at noon?", method: str = "MESSAGE") -> bytes:
    """A request from the inside server to a partner."""
    return request(number, "alice@contoso.example", f"bob@{domain}.example", f"{over} {SERVER}", method, body)


def ok(message: bytes) -> bytes:
    """200 to a request that was read."""
    copied = re.findall(rb"\r\n((?:Via|From|To|Call-ID|CSeq): [^\r]*)", message)
    return b"\r\n".join([b"SIP/2.0 200 OK", *copied, b"Content-Length: 0", b"", b""])


def status(message: bytes) -> int:
    """The status of a response."""
    assert message.startswith(b"SIP/2.0 "), message
    return int(message[8:11])


class Stage:
    """A running relay between an inside server and two partners."""

    def __init__(self, relay: Relay, server: Peer, partner: Peer, stream_partner: Peer) -> None:
        self.relay = relay
        self.server = server
        self.partner = partner
        self.stream_partner = stream_partner

    def place(self, side: Side, transport: Transport) -> tuple[str, int]:
        """Where the relay listens."""
        hop = self.relay.listen[side, transport]
        return hop.host, hop.port

    def connect(self, peer: Peer) -> Connection:
        """A connection from a peer to its side of the relay."""
        return peer.connect(self.place(Side.INSIDE if peer is self.server else Side.OUTSIDE, Transport.TCP))

    def datagram(self, peer: Peer, data: bytes) -> None:
        """A datagram from a peer to its side of the relay."""
        peer.udp.sendto(data, self.place(Side.INSIDE if peer is self.server else Side.OUTSIDE, Transport.UDP))

    def count(self, name: str, *labels: str) -> int:
        """What a counter stands at."""
        return self.relay.metrics.value(name, *labels)


@contextmanager
def stage(next_hop: str = "udp", more: str = "") -> Iterator[Stage]:
    """The relay in a thread of its own, its peers around it."""
    with ExitStack() as held:
        server, partner, stream = (held.enter_context(Peer(host)) for host in (SERVER, PARTNER, STREAM_PARTNER))
        text = text_of_config(next_hop, server.port, partner.port, stream.port) + more
        yield Stage(held.enter_context(running_relay(text)), server, partner, stream)


@contextmanager
def running_relay(text: str, path: Path | str = "edge.toml") -> Iterator[Relay]:
    """A relay with that configuration, in a thread of its own; the files that it names are beside ``path``."""
    relay = Relay(loads(text, path))
    with running_loop() as loop:
        asyncio.run_coroutine_threadsafe(relay.start(), loop).result(PATIENCE_S)
        try:
            yield relay
        finally:
            asyncio.run_coroutine_threadsafe(relay.stop(), loop).result(PATIENCE_S)


@contextmanager
def running_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop as the relay has it, in a thread."""
    loop = uvloop.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE_S)
        loop.close()
