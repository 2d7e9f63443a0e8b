"""The embedder's example is run as it stands: an edge on the standard library's selectors, with real sockets around."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from addresses import free_port
from messages import message
from patience import PATIENCE_S

import sipcore
from sipcore import Framer, Message, respond

ROOT = Path(sipcore.__file__).parents[1]
EXAMPLE = ROOT / "examples" / "embedded_edge" / "edge.py"
INSIDE, EDGE_INSIDE, EDGE_OUTSIDE, PARTNER = "127.0.0.11", "127.0.0.10", "127.0.0.20", "127.0.0.21"

CONFIGURATION = """\
[edge]
fqdn = "edge.contoso.example"
domains = ["contoso.example"]

[inside]
listen = [{{ transport = "tcp", address = "{EDGE_INSIDE}", port = {inside}, insecure = true }}]
next_hop = {{ transport = "tcp", address = "{INSIDE}", port = {server}, insecure = true }}

[outside]
listen = [{{ transport = "tcp", address = "{EDGE_OUTSIDE}", port = {outside}, insecure = true }}]

[[partner]]
domain = "fabrikam.example"
proxy = {{ transport = "tcp", address = "{PARTNER}", port = {proxy}, insecure = true }}
"""


class Peer:
    """One end of a connection, with its framer."""

    def __init__(self, sock: socket.socket) -> None:
        sock.settimeout(PATIENCE_S)
        self.sock = sock
        self._framer = Framer()

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def receive(self) -> Message:
        while (found := self._framer.next_message()) is None:
            data = self.sock.recv(1 << 16)
            assert data, "the edge closed the connection"
            self._framer.feed(data)
        return found


@contextmanager
def example_edge(folder: Path, server: int) -> Iterator[tuple[str, int]]:
    """Run the example; gives where it listens outside."""
    ports = {"inside": free_port(EDGE_INSIDE), "outside": free_port(EDGE_OUTSIDE), "proxy": free_port(PARTNER)}
    config = folder / "edge.toml"
    config.write_text(CONFIGURATION.format(server=server, **globals(), **ports))
    command = [sys.executable, str(EXAMPLE), str(config)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            said = [process.stdout.readline() for _ in range(2)]
            assert said[-1].startswith("listening on the outside"), said
            yield EDGE_OUTSIDE, ports["outside"]
        finally:
            process.kill()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Peer, socket.socket]]:
    """A partner connected to the edge, and the inside server's listener."""
    with socket.create_server((INSIDE, 0)) as server:
        server.settimeout(PATIENCE_S)
        folder = tmp_path_factory.mktemp("embedded")
        with (
            example_edge(folder, server.getsockname()[1]) as edge,
            socket.create_connection(edge, source_address=(PARTNER, 0)) as partner,
        ):
            yield Peer(partner), server


def test_a_message_and_its_answer_cross_and_a_link_is_refused(stage):
    partner, server = stage
    over_tcp = {"via": "SIP/2.0/TCP 127.0.0.21:5060;branch=z9hG4bK-a1;rport"}
    partner.send(message(**over_tcp))
    with server.accept()[0] as accepted:
        inside = Peer(accepted)
        forwarded = inside.receive()
        assert forwarded.body.tobytes() == b"Lunch at noon?"
        assert "ms-edge-proxy-message-trust" in forwarded
        inside.send(respond(forwarded, 200))
        assert partner.receive().status == 200
        partner.send(message(body=b"see http://fabrikam.example/a", call_id="c2@192.0.2.10", **over_tcp))
        assert partner.receive().status == 606


def test_the_edge_outlives_a_connection_that_speaks_something_else(stage):
    partner, _ = stage
    host, port = partner.sock.getpeername()
    with socket.create_connection((host, port), timeout=PATIENCE_S) as stranger:
        stranger.sendall(b"GET / HTTP/1.1\r\nHost: edge.contoso.example\r\n\r\n")
        assert stranger.recv(1) == b""
    partner.send(message(uri="sip:bob@elsewhere.example", via="SIP/2.0/TCP 127.0.0.21:5060;branch=z9hG4bK-a3;rport"))
    assert partner.receive().status == 403


def test_the_edge_outlives_connections_that_are_gone_before_it_has_looked(stage):
    partner, _ = stage
    for _ in range(200):
        with socket.create_connection(partner.sock.getpeername(), timeout=PATIENCE_S) as hasty:
            hasty.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closing it resets it
    partner.send(message(uri="sip:bob@elsewhere.example", via="SIP/2.0/TCP 127.0.0.21:5060;branch=z9hG4bK-a4;rport"))
    assert partner.receive().status == 403
