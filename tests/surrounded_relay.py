"""The running relay with a sink at every place around it, and how to know that all that was said has been dealt with.

A relay reads a socket in order, and on loopback a datagram is there as soon as it was sent. So whatever was said on one
side has been dealt with when a message that is let through, said after it, is heard on the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

from addresses import Address, free_port
from relay_process import Places, RelayProcess, relay_process
from sinks import Sink

#: Other places outside: a second partner, and nobody that the relay knows.
OTHER_PARTNER, STRANGER = "127.0.0.24", "127.0.0.23"
MORE = """
[[partner]]
domain = "nwtraders.example"
proxy = {{ transport = "udp", address = "{0}", port = {1}, insecure = true }}

[blocked]
domains = ["spam.example"]
"""
#: Who is where, and the domain for which he may speak.
DOMAINS = {"server": "contoso.example", "fabrikam": "fabrikam.example", "nwtraders": "nwtraders.example", "nobody": ""}
OUTSIDE = ("fabrikam", "nwtraders", "nobody")


class Surrounded:
    """The relay and the sinks around it, by the names of `DOMAINS`.

    Attributes:
        said: how many datagrams the relay has been told.
    """

    def __init__(self, relay: RelayProcess, sinks: dict[str, Sink]) -> None:
        self.relay, self.sinks = relay, sinks
        self.said = 0
        self._numbers = count(1)

    def edge(self, sender: str) -> Address:
        """Where somebody reaches the relay."""
        return self.relay.edge_inside if sender == "server" else self.relay.edge_outside

    def say(self, sender: str, data: str | bytes) -> None:
        """Send one datagram to the relay."""
        self.sinks[sender].say(data, self.edge(sender))
        self.said += 1

    def request(self, sender: str, method: str, uri: str, near: str, far: str, call_id: str = "", *extra: str) -> str:
        """A request with a number of its own, and its sender's name in a header that nobody touches.

        Args:
            uri: the Request-URI.
            near, far: From and To.
            call_id: by default one that nothing else has.
        """
        host, port = self.sinks[sender].place
        number = next(self._numbers)
        lines = [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK-said-{number}",
            "Max-Forwards: 70",
            f"From: {near}",
            f"To: {far}",
            f"Call-ID: {call_id or f'said-{number}'}",
            f"CSeq: {number} {method}",
            f"Contact: <sip:somebody@{host}:{port}>",
            f"X-Sender: {sender}",
            *extra,
            "Content-Length: 0",
        ]
        return "\r\n".join([*lines, "", ""])

    def settle(self) -> None:
        """Wait until all that was said on either side has been dealt with, and take what has come of it anywhere.

        The relay serves if this returns: a message of either side has reached the other.
        """
        for sender, receiver in (("fabrikam", "server"), ("server", "fabrikam")):
            uri, call_id = f"sip:user@{DOMAINS[receiver]}", f"settles-{next(self._numbers)}"
            near = f"<sip:user@{DOMAINS[sender]}>;tag=s"
            self.say(sender, self.request(sender, "MESSAGE", uri, near, f"<{uri}>", call_id))
            self.sinks[receiver].await_words(f"Call-ID: {call_id}\r\n")
        for sink in self.sinks.values():
            sink.drain()

    def nothing_went_through(self) -> None:
        """Settle; nobody has been sent a request, but for those by which this was waited for, and nothing broke."""
        self.settle()
        for sink in self.sinks.values():
            assert all("Call-ID: settles-" in text for text in sink.requests())
        assert "internal error" not in self.relay.log.read_text()


@contextmanager
def surrounded_relay(folder: Path) -> Iterator[Surrounded]:
    """A relay with two partners, everybody on UDP."""
    places, other = Places.free(), (OTHER_PARTNER, free_port(OTHER_PARTNER))
    around = {"server": places.inside, "fabrikam": places.partner, "nwtraders": other, "nobody": (STRANGER, 0)}
    with ExitStack() as held:
        sinks = {name: held.enter_context(Sink(*place)) for name, place in around.items()}
        more = MORE.format(*other)
        yield Surrounded(held.enter_context(relay_process("udp", "udp", folder, places=places, more=more)), sinks)
