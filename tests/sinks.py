"""Places on UDP that say and keep whatever they are told, and know when nothing is on its way any more."""

from __future__ import annotations

import re
import select
import socket
from contextlib import ExitStack
from typing import Self

Address = tuple[str, int]

#: Longer than anything takes here on a busy machine.
PATIENCE_S = 30.0
_DATAGRAM = 65_536


class Sink:
    """A bound UDP socket and everything that came to it, as text.

    Args:
        place: where; by default any free port of the host.
    """

    def __init__(self, host: str, port: int = 0) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.bind((host, port))
        self.socket.setblocking(False)
        self.place: Address = self.socket.getsockname()
        self.heard: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.socket.close()

    def say(self, text: str, to: Address) -> None:
        """Send one datagram."""
        self.socket.sendto(text.encode(), to)

    def drain(self) -> None:
        """Take what is there already."""
        try:
            while True:
                self.heard.append(self.socket.recv(_DATAGRAM).decode())
        except BlockingIOError:
            pass

    def await_words(self, words: str) -> None:
        """Take what comes, up to the datagram with these words."""
        while not self.heard or words not in self.heard[-1]:
            ready, _, _ = select.select([self.socket], [], [], PATIENCE_S)
            assert ready, f"waited in vain for {words}"
            self.heard.append(self.socket.recv(_DATAGRAM).decode())

    def requests(self) -> list[str]:
        """What was heard, without the answers."""
        return [text for text in self.heard if not text.startswith("SIP/2.0 ")]


class Sinks:
    """Several sinks by name, and a way through a relay that says when everything before has been dealt with.

    A relay reads a socket in order, and on loopback a datagram is there when it was sent. So what one sender said
    before has been dealt with when a message that is let through, sent after it from the same side, is heard.
    """

    def __init__(self, **hosts: Address) -> None:
        self._held = ExitStack()
        self.by_name = {name: Sink(*place) for name, place in hosts.items()}
        for sink in self.by_name.values():
            self._held.enter_context(sink)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._held.close()

    def __getitem__(self, name: str) -> Sink:
        return self.by_name[name]

    def settle(self, beacon: str, sender: str, edge: Address, receiver: str) -> None:
        """Wait until a request that is let through has come through, then take all that is anywhere.

        Args:
            beacon: the request; its Call-ID tells it from all others.
        """
        found = re.search(r"Call-ID: ([^\r]*)", beacon)
        assert found, beacon
        self[sender].say(beacon, edge)
        self[receiver].await_words(f"Call-ID: {found[1]}\r\n")
        for sink in self.by_name.values():
            sink.drain()
