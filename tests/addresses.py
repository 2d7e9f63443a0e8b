"""Addresses of tests: a host and a port, how they are written, and ports that nobody uses at the moment."""

from __future__ import annotations

import random
import socket

import pytest
from patience import PATIENCE_S

Address = tuple[str, int]

#: Below what Linux gives whoever asks for any port (32768 and up): what is found here is not taken by chance before the
#: program that it is meant for has come up.
_PORTS = range(10_000, 32_768)
_given: set[Address] = set()
#: Hypothesis seeds the generator that everybody shares: two runs at once would be given the same ports.
_chance = random.SystemRandom()


def family_of(host: str) -> socket.AddressFamily:
    """Of an IP address without brackets."""
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def written(place: Address) -> str:
    """As URIs and Via have it: an IPv6 address in brackets."""
    host, port = place
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def free_port(host: str) -> int:
    """A port that is free on that address for UDP and for TCP alike, and that nobody here has been given before."""
    for port in _chance.sample(_PORTS, 100):
        if (host, port) not in _given and is_free((host, port)):
            _given.add((host, port))
            return port
    raise RuntimeError(f"no port of {host} is free for both UDP and TCP")


def is_free(place: Address) -> bool:
    """Whether nobody has it, for UDP or for TCP."""
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(family_of(place[0]), kind) as candidate:
            try:
                candidate.bind(place)
            except OSError:
                return False
    return True


def is_bound(place: Address) -> bool:
    """Whether somebody listens there for TCP; they are asked by a connection that says nothing."""
    try:
        socket.create_connection(place, PATIENCE_S).close()
    except OSError:
        return False
    return True


def require_ipv6() -> None:
    """No test where loopback has no IPv6, as in some containers."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError as error:
        pytest.skip(f"this machine has no IPv6 on loopback: {error}")
