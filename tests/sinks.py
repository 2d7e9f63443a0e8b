"""A place on UDP that says what it is told to, and keeps whatever comes."""

from __future__ import annotations

import select
import socket
from typing import Self

from addresses import Address
from patience import PATIENCE_S

_DATAGRAM = 65_536


class Sink:
    """A bound UDP socket and everything that came to it, as text.

    Args:
        host, port: where; 0 for any free port of the host.
    """

    def __init__(self, host: str, port: int) -> None:
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

    def say(self, data: str | bytes, to: Address) -> None:
        """Send one datagram."""
        self.socket.sendto(data.encode() if isinstance(data, str) else data, to)

    def drain(self) -> None:
        """Take what is there already."""
        try:
            while True:
                self.heard.append(self.socket.recv(_DATAGRAM).decode(errors="replace"))
        except BlockingIOError:
            pass

    def await_words(self, words: str) -> None:
        """Take what comes, up to the datagram with these words."""
        while not self.heard or words not in self.heard[-1]:
            ready, _, _ = select.select([self.socket], [], [], PATIENCE_S)
            assert ready, f"waited in vain for {words}"
            self.heard.append(self.socket.recv(_DATAGRAM).decode(errors="replace"))

    def requests(self) -> list[str]:
        """What was heard, without the answers."""
        return [text for text in self.heard if not text.startswith("SIP/2.0 ")]
