"""A federation edge in a loop of its own: framer, engine and the standard library's selectors, over TCP.

    python edge.py edge.toml

`sipcore relay` does more: UDP, TLS, DNS, deadlines, bounds on what waits, metrics. This is the shape that all of that
has, for those who have a loop already: bytes to messages, messages to the engine, and what it says to sockets.
"""

from __future__ import annotations

import secrets
import selectors
import socket
import sys
import time
from collections.abc import Iterable
from itertools import count

from sipcore import Framer, ImFilter, ParseError
from sipcore.configuration import Config, load
from sipcore.edge.actions import Action, Count, Link, Send
from sipcore.edge.engine import Engine
from sipcore.edge.facts import Found, SrvFact
from sipcore.edge.hashes import Keys
from sipcore.edge.tables import Hop, Side, Transport

READ_BYTES = 1 << 16
#: How long somebody else may keep all others waiting. A grown edge lets nobody.
PATIENCE_SECONDS = 2.0


class Connection:
    """One socket, the link that the engine knows it by, and the framer of what it says."""

    ids = count(1)

    def __init__(self, sock: socket.socket, side: Side, host: str, port: int) -> None:
        self.sock = sock
        self.link = Link(next(self.ids), side, Transport.TCP, host, port)
        self.framer = Framer()


class Edge:
    """The tables of a configuration, served over TCP until interrupted."""

    def __init__(self, config: Config) -> None:
        keys = config.keys or Keys(secrets.token_bytes(32))
        content = ImFilter(config.filter) if config.filter else None
        self.engine = Engine(config.tables, content, keys, directory=config.users)
        self.selector = selectors.DefaultSelector()
        self.connections: dict[int, Connection] = {}
        self.dialled: dict[tuple[Side, Hop], Connection] = {}
        for (side, transport), hop in config.tables.own.listen.items():
            if transport is Transport.TCP:
                listener = socket.create_server((hop.host, hop.port))
                self.selector.register(listener, selectors.EVENT_READ, side)
                print(f"listening on the {side}: {hop.authority}", flush=True)

    def serve(self) -> None:
        """Take what comes, one socket after the other, and let the engine forget once a second."""
        while True:
            for key, _ in self.selector.select(timeout=1.0):
                if isinstance(key.data, Connection):
                    self.read(key.data)
                else:
                    self.accept(key.fileobj, key.data)
            self.perform(self.engine.tick(time.monotonic()))

    def accept(self, listener: socket.socket, side: Side) -> None:
        """Let somebody in, who may have gone again."""
        try:
            sock, (host, port) = listener.accept()
        except OSError:
            return
        self.add(sock, side, host, port)

    def add(self, sock: socket.socket, side: Side, host: str, port: int) -> Connection:
        """Know a connection, whoever opened it. Its peer gets some seconds to read: nobody else is served meanwhile."""
        sock.settimeout(PATIENCE_SECONDS)
        connection = Connection(sock, side, host, port)
        self.connections[connection.link.id] = connection
        self.selector.register(sock, selectors.EVENT_READ, connection)
        self.engine.link_up(connection.link, time.monotonic())
        return connection

    def remove(self, connection: Connection) -> None:
        """Forget a connection, however often that is said."""
        if self.connections.pop(connection.link.id, None) is None:
            return
        self.dialled = {place: each for place, each in self.dialled.items() if each is not connection}
        self.selector.unregister(connection.sock)
        connection.sock.close()
        self.engine.link_down(connection.link, time.monotonic())

    def read(self, connection: Connection) -> None:
        """Bytes to messages, messages to the engine. What is no SIP ends the connection: nothing behind it can be
        trusted to begin where it seems to."""
        try:
            data = connection.sock.recv(READ_BYTES)
            connection.framer.feed(data)
            for message in connection.framer:
                self.perform(self.engine.receive(message, connection.link, time.monotonic()))
        except (OSError, ParseError) as error:
            print(f"closing {connection.link.remote_host}: {error}", flush=True)
            data = b""
        if not data:
            self.remove(connection)

    def perform(self, actions: Iterable[Action]) -> None:
        """Send what is to be sent, count what is to be counted, and look up what is to be known."""
        for action in actions:
            if isinstance(action, Send):
                self.send(action)
            elif isinstance(action, Count):
                print(action.name, *action.labels, flush=True)
            else:  # no resolver here: what waits for one is told that it has failed
                now = time.monotonic()
                self.perform(self.engine.resolved(SrvFact(action.domain, Found.FAILED, expires=now), now))

    def send(self, send: Send) -> None:
        """Let a message leave; the engine knows what its sender is owed when it cannot.

        A connection that may have taken half a message takes nothing more.
        """
        try:
            connection = self.connection_for(send)
        except OSError:
            self.perform(self.engine.undelivered(send, time.monotonic()))
            return
        try:
            connection.sock.sendall(send.data)
        except OSError:
            self.remove(connection)
            self.perform(self.engine.undelivered(send, time.monotonic()))

    def connection_for(self, send: Send) -> Connection:
        """The one that the engine asks for, the one that we opened to that hop, or a new one. A request never leaves on
        a connection that somebody else opened: an address proves nobody's identity."""
        wanted = self.connections.get(send.link_id) if send.link_id else None
        return wanted or self.dialled.get((send.side, send.hop)) or self.dial(send.hop, send.side)

    def dial(self, hop: Hop, side: Side) -> Connection:
        """A new connection. A grown edge does not wait for it; nor does it dial from an address of another side."""
        sock = socket.create_connection((hop.host, hop.port), PATIENCE_SECONDS)
        self.dialled[side, hop] = connection = self.add(sock, side, hop.host, hop.port)
        return connection


if __name__ == "__main__":
    Edge(load(sys.argv[1])).serve()
