"""Who is where: addresses on loopback, by which an edge tells a partner from a server of its own."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

__all__ = ["TRANSPORTS", "Address", "Places", "Transport", "find_places", "is_listening"]

Transport = Literal["udp", "tcp", "tls"]
TRANSPORTS: tuple[Transport, ...] = ("udp", "tcp", "tls")

Address = tuple[str, int]

#: The states of /proc/net/udp (unconnected) and /proc/net/tcp (LISTEN).
_LISTENING = {"udp": "07", "tcp": "0A"}


@dataclass(frozen=True, slots=True)
class Places:
    """One relay and what is around it.

    Attributes:
        transport: on both sides of the relay.
        partner: where the generator sends from.
        relay: where it sends to.
        relay_inside: the relay's address toward the sink, for an edge with two.
        sink: where everything is to arrive.
    """

    transport: Transport
    partner: Address
    relay: Address
    relay_inside: Address
    sink: Address


def find_places(transport: Transport) -> Places:
    """Free ports, no two alike. The forwarders know no address but 127.0.0.1, so relay and sink are there."""
    while True:
        found = Places(transport, _free("127.0.0.2"), _free("127.0.0.1"), _free("127.0.0.3"), _free("127.0.0.1"))
        # A forwarder over UDP tells by the port alone what comes from the sink.
        if len({found.partner[1], found.relay[1], found.relay_inside[1], found.sink[1]}) == 4:
            return found


def _free(host: str) -> Address:
    """A port that is free for datagrams and streams. Raises: OSError when a hundred were not."""
    for _ in range(100):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as stream:
            stream.bind((host, 0))
            port: int = stream.getsockname()[1]
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
                try:
                    datagrams.bind((host, port))
                except OSError:
                    continue
                return host, port
    raise OSError(f"no port of {host} is free for both UDP and TCP")


def is_listening(transport: Transport, address: Address) -> bool:
    """Whether somebody has this address. It is read from the system's table: asking the address would disturb it."""
    host, port = address
    wanted = f"{int.from_bytes(socket.inet_aton(host), 'little'):08X}:{port:04X}"
    table = "udp" if transport == "udp" else "tcp"
    rows = (line.split() for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:])
    return any(row[1] == wanted and row[3] == _LISTENING[table] for row in rows)
