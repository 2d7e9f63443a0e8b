"""Two user agents that keep a dialog by RFC 3261 section 12, on plain sockets, from different code than sipcore's.

They are honest, unless a test changes what they are about to say. Nothing is retransmitted: what is lost is missed.
"""

from __future__ import annotations

import re
import selectors
import socket
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from typing import Self

from addresses import Address
from patience import PATIENCE_S

_DATAGRAM = 65_536
_NUMBERS = count(1)


@dataclass(frozen=True)
class Heard:
    """A message that came, as text, and by what way an answer to it leaves."""

    text: str
    way: socket.socket
    source: Address

    @property
    def first(self) -> str:
        """The method of a request, the status of a response."""
        words = self.text.split(" ", 2)
        return words[1] if words[0] == "SIP/2.0" else words[0]

    @property
    def target(self) -> str:
        """The Request-URI of a request."""
        return self.text.split(" ", 2)[1]

    @property
    def body(self) -> str:
        """What follows the head."""
        return self.text.partition("\r\n\r\n")[2]

    def all(self, name: str) -> list[str]:
        """The values of a header in order; commas between angle brackets do not occur here."""
        head = self.text.partition("\r\n\r\n")[0]
        lines = re.findall(rf"^{name}: *([^\r]*)", head, re.MULTILINE)
        return [value.strip() for line in lines for value in line.split(",")]

    def one(self, name: str) -> str:
        """The only value of a header."""
        (value,) = self.all(name)
        return value

    @property
    def branch(self) -> str:
        """Of the topmost Via."""
        found = re.search(r";branch=([^;]+)", self.all("Via")[0])
        assert found, self.text
        return found[1]


class Agent:
    """One user at one address, who sends everything to the edge on his side.

    Args:
        user: his address of record, "bob@contoso.example".
        place: the address that he listens on, and sends datagrams from.
        edge: where he sends to.
        transport: "udp" or "tcp". Over TCP he listens too: the edge may open a connection to him.
    """

    def __init__(self, user: str, place: Address, edge: Address, transport: str) -> None:
        self.user, self.place, self.edge, self.transport = user, place, edge, transport
        self._held = ExitStack()
        self._ready = selectors.DefaultSelector()
        self._heard: list[Heard] = []
        self._partial: dict[socket.socket, bytes] = {}
        self._out: socket.socket | None = None

    def __enter__(self) -> Self:
        self._held.enter_context(self._ready)
        if self.transport == "udp":
            self._open = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._open.bind(self.place)
        else:
            self._open = socket.create_server(self.place)
        self._watch(self._open)
        return self

    def __exit__(self, *error: object) -> None:
        self._held.close()

    @property
    def contact(self) -> str:
        """Where requests inside a dialog are to go."""
        return f"<sip:{self.user.partition('@')[0]}@{self.place[0]}:{self.place[1]};transport={self.transport}>"

    def via(self, branch: str) -> str:
        """The Via of a request of his."""
        return f"SIP/2.0/{self.transport.upper()} {self.place[0]}:{self.place[1]};branch={branch}"

    def send(self, text: str, way: socket.socket | None = None) -> None:
        """Send to the edge; over TCP by that connection, else by one of his own."""
        data = text.encode()
        if self.transport == "udp":
            self._open.sendto(data, self.edge)
        else:
            (way or self._connection()).sendall(data)

    def hear(self, first: str) -> Heard:
        """The next message, which must be that method or status; whatever else came is the test's failure."""
        while not self._heard:
            ready = self._ready.select(PATIENCE_S)
            assert ready, f"{self.user} waits for {first} in vain"
            for key, _ in ready:
                self._read(key.fileobj)  # type: ignore[arg-type]
        heard = self._heard.pop(0)
        assert heard.first == first, f"{self.user} waits for {first} and hears\n{heard.text}"
        return heard

    def answer(self, heard: Heard, status: str, tag: str = "", *extra: str) -> None:
        """Answer a request; a tag is added to To if it has none."""
        to = heard.one("To")
        lines = [
            f"SIP/2.0 {status}",
            *(f"{name}: {value}" for name in ("Via", "Record-Route") for value in heard.all(name)),
            f"From: {heard.one('From')}",
            f"To: {to if ';tag=' in to or not tag else f'{to};tag={tag}'}",
            *(f"{name}: {heard.one(name)}" for name in ("Call-ID", "CSeq")),
            f"Contact: {self.contact}",
            *extra,
        ]
        self.send(_message(lines), heard.way if self.transport == "tcp" else None)

    def disconnect(self) -> None:
        """Give up every connection, as after a restart of the edge."""
        for connection in [*self._partial]:
            self._forget(connection)

    def _connection(self) -> socket.socket:
        if self._out is None:
            # From any port of the own address, as clients do.
            self._out = socket.create_connection(self.edge, PATIENCE_S, (self.place[0], 0))
            self._partial[self._out] = b""
            self._watch(self._out)
        return self._out

    def _watch(self, opened: socket.socket) -> None:
        opened.settimeout(PATIENCE_S)
        self._held.callback(opened.close)
        self._ready.register(opened, selectors.EVENT_READ)

    def _forget(self, connection: socket.socket) -> None:
        self._ready.unregister(connection)
        del self._partial[connection]
        connection.close()
        if connection is self._out:
            self._out = None

    def _read(self, readable: socket.socket) -> None:
        if self.transport == "udp":
            data, source = readable.recvfrom(_DATAGRAM)
            self._heard.append(Heard(data.decode(), readable, source))
        elif readable is self._open:
            accepted, _ = readable.accept()
            self._partial[accepted] = b""
            self._watch(accepted)
        elif more := readable.recv(_DATAGRAM):
            self._take(readable, self._partial[readable] + more)
        else:
            self._forget(readable)

    def _take(self, connection: socket.socket, data: bytes) -> None:
        """The whole messages of a stream, cut by Content-Length alone."""
        while (end := data.find(b"\r\n\r\n")) >= 0:
            length = re.search(rb"\r\nContent-Length: *(\d+)", data[:end])
            assert length, data
            size = end + 4 + int(length[1])
            if len(data) < size:
                break
            self._heard.append(Heard(data[:size].decode(), connection, connection.getpeername()))
            data = data[size:]
        self._partial[connection] = data


@dataclass
class Dialog:
    """One end of a dialog, as its agent keeps it (RFC 3261 section 12).

    Attributes:
        near, far: the addresses with their tags, as From and To of what is said by this end.
        routes: the route set, in order.
        target: the remote target.
        branch: of the last request.
    """

    agent: Agent
    call_id: str
    near: str
    far: str
    routes: list[str] = field(default_factory=list)
    target: str = ""
    number: int = 0
    branch: str = ""

    @classmethod
    def begun(cls, agent: Agent, peer: str, call_id: str = "") -> Dialog:
        """The end of an agent who is about to begin one with that user."""
        number = next(_NUMBERS)
        near = f"<sip:{agent.user}>;tag=n{number}"
        return cls(agent, call_id or f"call-{number}", near, f"<sip:{peer}>", target=f"sip:{peer}")

    @classmethod
    def joined(cls, agent: Agent, first: Heard, tag: str) -> Dialog:
        """The end of an agent who accepts a dialog with that tag: the route set is what was recorded, in its order."""
        target = _target(first)
        near = f"{first.one('To')};tag={tag}"
        return cls(agent, first.one("Call-ID"), near, first.one("From"), first.all("Record-Route"), target)

    def accepted(self, answer: Heard) -> None:
        """It stands: the route set is what was recorded, in reverse (section 12.1.2)."""
        self.far, self.target = answer.one("To"), _target(answer)
        self.routes = answer.all("Record-Route")[::-1]

    def say(self, method: str, *extra: str, **changes: str | list[str]) -> None:
        """Send a request, honest or with `changes` to the fields of this end."""
        self.branch = f"z9hG4bK-agents-{next(_NUMBERS)}"
        self.agent.send(self.request(method, *extra, **changes))

    def request(self, method: str, *extra: str, **changes: str | list[str]) -> str:
        """The text of a request. ACK and CANCEL have the number of what they are about, every other one the next."""
        if method not in {"ACK", "CANCEL"}:
            self.number += 1
        said = {**vars(self), **changes}
        lines = [
            f"{method} {said['target']} SIP/2.0",
            f"Via: {self.agent.via(str(said['branch']))}",
            "Max-Forwards: 70",
            *(f"Route: {route}" for route in said["routes"]),
            f"From: {said['near']}",
            f"To: {said['far']}",
            f"Call-ID: {said['call_id']}",
            f"CSeq: {self.number} {method}",
            f"Contact: {self.agent.contact}",
            *extra,
        ]
        return _message(lines)


def _target(message: Heard) -> str:
    return message.one("Contact").strip("<>")


def _message(lines: list[str]) -> str:
    return "\r\n".join([*lines, "Content-Length: 0", "", ""])
