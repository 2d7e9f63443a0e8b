"""A part of loopback for each world: addresses of documentation move there, and two worlds at once do not meet."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

Address = tuple[str, int]

#: Seconds after which nothing will become free any more.
PATIENCE_S = 60
#: The networks of docs/federation.md, and the third number that each has on loopback.
_NETWORKS = {"192.0.2.": 2, "198.51.100.": 51, "203.0.113.": 113, "172.16.0.": 16}


@dataclass(frozen=True)
class Loopback:
    """``127.number.*.*``, which one world has for itself. So ports may be those of the documentation."""

    number: int

    def moved(self, text: str) -> str:
        """The text with the documentation's addresses moved here."""
        for network, third in _NETWORKS.items():
            text = text.replace(network, f"127.{self.number}.{third}.")
        return text

    def place(self, host: str, port: int) -> Address:
        """An address of the documentation, moved here, with a port."""
        return self.moved(host), port

    def host(self, fourth: int) -> str:
        """An address that the documentation does not speak of."""
        return f"127.{self.number}.100.{fourth}"


@contextmanager
def reserved_loopback() -> Iterator[Loopback]:
    """A part that nobody else has while the context lasts; a bound socket is the sign that it is taken."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        number = random.randrange(16, 255)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sign:
            try:
                sign.bind((f"127.{number}.255.254", 5060))
            except OSError:  # taken, or somebody has that port of every address, as SIP scanners do for a while
                time.sleep(0.05)
                continue
            yield Loopback(number)
            return
    raise RuntimeError("no part of loopback is free: something has port 5060 of every address")
