"""The sides of the edge, and the places on them that bytes come from and go to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from sipcore.edge.tables.names import Fault, canonical_host, host_fault

__all__ = ["DEFAULT_PORT", "TLS_PORT", "Hop", "Side", "Transport", "hop_faults", "tls_faults"]

#: Where a SIP element listens when nothing else is said, without TLS and with it (RFC 3261 section 19.1.2).
DEFAULT_PORT, TLS_PORT = 5060, 5061

_LAST_PORT = 65_535


class Side(StrEnum):
    """The two sides of the edge. What comes from one leaves on the other, unless we are a clearing house."""

    INSIDE = "inside"
    OUTSIDE = "outside"

    # That of an enumeration is Python's, and sides and transports are parts of keys that every message is looked up by.
    __hash__ = str.__hash__

    @property
    def opposite(self) -> Side:
        """The side that faces this one."""
        return Side.OUTSIDE if self is Side.INSIDE else Side.INSIDE


class Transport(StrEnum):
    """A transport protocol, spelt as in a URI; a Via writes it in upper case."""

    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"

    __hash__ = str.__hash__

    @property
    def default_port(self) -> int:
        """Where it is listened on when nothing else is said."""
        return TLS_PORT if self is Transport.TLS else DEFAULT_PORT


@dataclass(frozen=True, slots=True)
class Hop:
    """A place that bytes can be sent to, or that we listen on.

    Attributes:
        transport: how.
        host: an IP literal without brackets, in its canonical form, or a name in lower case.
        port: 1 to 65535; of an address to listen on 0 too, until the system has chosen one.
    """

    transport: Transport
    host: str
    port: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "host", canonical_host(self.host))

    @property
    def is_ipv6(self) -> bool:
        """Whether the host is an IPv6 address."""
        return ":" in self.host

    @property
    def authority(self) -> str:
        """``host:port`` as Via and URIs write it: ``[2001:db8::1]:5060``."""
        return f"[{self.host}]:{self.port}" if self.is_ipv6 else f"{self.host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.transport} {self.authority}"


def hop_faults(key: str, hop: Hop, lowest_port: int = 1) -> Iterator[Fault]:
    """What is wrong with a hop by itself."""
    if fault := host_fault(hop.host):
        yield f"{key}.address", f"{hop.host!r} is no place to send to: {fault}"
    if not lowest_port <= hop.port <= _LAST_PORT:
        yield f"{key}.port", f"{hop.port} is not a port, {lowest_port} to {_LAST_PORT}"


def tls_faults(key: str, hop: Hop, whose: str) -> Iterator[Fault]:
    """What is wrong with a hop that is known by its certificate alone: such a peer has TLS and a name."""
    if hop.transport is not Transport.TLS:
        yield f"{key}.transport", f"{whose} is reached over TLS only; remove transport and insecure"
