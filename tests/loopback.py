"""A part of loopback for each world: the documentation's addresses move there, and two worlds at once do not meet."""

from __future__ import annotations

import random
import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Protocol

from addresses import Address, family_of, is_free, require_ipv6, written

#: Seconds after which nothing will become free any more.
PATIENCE_S = 60

#: The networks of docs/federation.md, and the third number that each has on loopback.
_NETWORKS = {"192.0.2.": 2, "198.51.100.": 51, "203.0.113.": 113, "172.16.0.": 16}
#: Its addresses and ports.
_HOSTS = ("192.0.2.1", "192.0.2.10", "198.51.100.1", "203.0.113.7", "172.16.0.1", "172.16.0.10")
_PORTS = (5060, 5061, 9090)
#: Whose address a name stands for, there and in the zones of tests.
_NAMES = {
    "sip.contoso.example": "192.0.2.10",
    "edge.contoso.example": "198.51.100.1",
    "edge.fabrikam.example": "203.0.113.7",
    "edge.nwtraders.example": "203.0.113.7",
}
_HOST, _NAME = (rf"\b({'|'.join(map(re.escape, all_of))})\b" for all_of in (_HOSTS, _NAMES))


class Loopback(Protocol):
    """A part that one world has for itself."""

    def moved(self, text: str) -> str:
        """A file or a zone of the documentation with its addresses moved here."""

    def place(self, host: str, port: int) -> Address:
        """An address of the documentation, moved here, with a port."""

    def newcomer(self) -> Address:
        """A place that nobody has been given before, for one who is not in the documentation."""


@contextmanager
def reserved_loopback(version: int) -> Iterator[Loopback]:
    """A part that nobody else has while the context lasts.

    Args:
        version: of IP, 4 or 6.
    """
    with _ipv4_network() if version == 4 else _ipv6_ports() as loopback:
        yield loopback


@contextmanager
def _signed(host: str, port: int) -> Iterator[bool]:
    """Whether a part is ours while the context lasts; a bound socket is the sign that it is taken."""
    with socket.socket(family_of(host), socket.SOCK_DGRAM) as sign:
        try:
            sign.bind((host, port))
        except OSError:
            yield False
        else:
            yield True


# -- IPv4: a network for each world


class Ipv4Network:
    """``127.number.*.*``. So ports may be those of the documentation."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._newcomers = count(1)

    def moved(self, text: str) -> str:
        for network, third in _NETWORKS.items():
            text = text.replace(network, f"127.{self._number}.{third}.")
        return text

    def place(self, host: str, port: int) -> Address:
        return self.moved(host), port

    def newcomer(self) -> Address:
        return f"127.{self._number}.100.{next(self._newcomers)}", 5060


@contextmanager
def _ipv4_network() -> Iterator[Ipv4Network]:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        number = random.randrange(16, 255)
        with _signed(f"127.{number}.255.254", 5060) as is_ours:
            if is_ours:
                yield Ipv4Network(number)
                return
        time.sleep(0.05)  # taken, or somebody has that port of every address, as SIP scanners do for a while
    raise RuntimeError("no part of loopback is free: something has port 5060 of every address")


# -- IPv6: a block of ports for each world, as there is one address only


class Ipv6Ports:
    """A hundred ports of ``::1``: ten for each address of docs/federation.md, the rest for newcomers."""

    SIZE = 100

    def __init__(self, first: int) -> None:
        self._first = first
        self._newcomers = count(first + 10 * len(_HOSTS))

    def place(self, host: str, port: int) -> Address:
        return "::1", self._first + 10 * _HOSTS.index(host) + _PORTS.index(port)

    def newcomer(self) -> Address:
        return "::1", next(self._newcomers)

    def moved(self, text: str) -> str:
        # what has a port: in Kamailio's files and ours; what listens on a default one; what is a name alone
        text = re.sub(rf"{_HOST}:(\d+)", lambda found: written(self.place(found[1], int(found[2]))), text)
        text = re.sub(rf'address = "{_HOST}", port = (\d+)', lambda found: self._table(found[1], int(found[2])), text)
        text = re.sub(rf'address = "{_HOST}"', lambda found: self._table(found[1]), text)
        text = re.sub(rf'(next_hop|proxy) = "{_NAME}"', lambda found: f"{found[1]} = {self._named(found[2])}", text)
        # zones
        text = re.sub(rf" 5061 {_NAME}\.", lambda found: f" {self._tls_port(_NAMES[found[1]])} {found[1]}.", text)
        text = re.sub(rf" A( +){_HOST}", r" AAAA\1::1", text)
        return re.sub(rf"tcp_source_ipv4={_HOST}", "tcp_source_ipv6=::1", text)

    def _table(self, host: str, port: int = 5061) -> str:
        return 'address = "{}", port = {}'.format(*self.place(host, port))

    def _named(self, name: str) -> str:
        return f'{{ address = "{name}", port = {self._tls_port(_NAMES[name])} }}'

    def _tls_port(self, host: str) -> int:
        return self.place(host, 5061)[1]


@contextmanager
def _ipv6_ports() -> Iterator[Ipv6Ports]:
    require_ipv6()
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        first = random.randrange(10_000, 32_000, Ipv6Ports.SIZE)
        *ports, last = range(first, first + Ipv6Ports.SIZE)
        with _signed("::1", last) as is_ours:
            if is_ours and all(is_free(("::1", port)) for port in ports):
                yield Ipv6Ports(first)
                return
    raise RuntimeError("no hundred ports of ::1 are free")
