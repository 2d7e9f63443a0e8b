"""What an operator has configured, frozen: who we are, where each side lies, who our partners are, who is blocked.

Everything in `edge` decides over these tables and over nothing else, so a decision can be repeated from a file and a
message. The tables check themselves: an edge that starts cannot contradict itself.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

from sipcore.errors import ConfigError, Problem
from sipcore.grammar import HEADERS

__all__ = [
    "DEFAULT_PORT",
    "Hop",
    "Partner",
    "Side",
    "Tables",
    "Transport",
    "VerificationLevel",
    "canonical_host",
    "domain_name",
]

#: Where a SIP element listens when nothing else is said (RFC 3261 section 19.1.2). TLS is not spoken here.
DEFAULT_PORT = 5060

_MARK_HEADER = "ms-edge-proxy-message-trust"

_DOMAIN = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*")
_TOKEN = re.compile(r"[A-Za-z0-9.!%*_+`'~-]+")
_LONGEST_DOMAIN = 253
_LAST_PORT = 65535


def domain_name(host: str) -> str:
    """A host as domain tables know it: in lower case, without the root's dot.

    Only ASCII letters are folded: Unicode folding makes KELVIN SIGN a ``k``, and so a stranger a partner.
    """
    return host.rstrip(".").lower() if host.isascii() else host


@lru_cache(maxsize=4096)
def canonical_host(host: str) -> str:
    """A host as addresses are compared: an IP literal in its shortest form and without brackets, else a domain name.

    An IPv4 address mapped into IPv6 is the IPv4 address: a dual-stack socket reports the one, a Via names the other.
    """
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return domain_name(host)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


class Side(StrEnum):
    """The two sides of the edge. What comes from one can only leave on the other."""

    INSIDE = "inside"
    OUTSIDE = "outside"

    @property
    def opposite(self) -> Side:
        """The side that faces this one."""
        return Side.OUTSIDE if self is Side.INSIDE else Side.INSIDE


class Transport(StrEnum):
    """A transport protocol, spelt as in a URI; a Via writes it in upper case."""

    UDP = "udp"
    TCP = "tcp"


@dataclass(frozen=True, slots=True)
class Hop:
    """A place that bytes can be sent to, or that we listen on.

    Attributes:
        transport: how.
        host: an IP literal without brackets, in its canonical form.
        port: 1 to 65535; of an address to listen on 0 too, until the system has chosen one.
    """

    transport: Transport
    host: str
    port: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "host", canonical_host(self.host))

    @property
    def authority(self) -> str:
        """``host:port`` as Via and URIs write it: ``[2001:db8::1]:5060``."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.transport} {self.authority}"


class VerificationLevel(StrEnum):
    """What an operator believes of a partner's users (docs/protocol.md "Verification levels and marks", F119-F121)."""

    CONTACT_LIST = "contact-list"
    VERIFIED_BY_PROVIDER = "verified-by-provider"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Partner:
    """A domain that is federated with directly.

    Attributes:
        domain: its SIP domain; one partner has one.
        name: what the operator calls it.
        proxy: its edge. Requests go there, and only what comes from its address speaks for the domain.
        verification: the level for what its users send.
    """

    domain: str
    name: str
    proxy: Hop
    verification: VerificationLevel = VerificationLevel.VERIFIED_BY_PROVIDER

    def __post_init__(self) -> None:
        object.__setattr__(self, "domain", domain_name(self.domain))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """The configuration that decisions are made over.

    Domain names and addresses are brought into one spelling, so comparing them is comparing text.

    Attributes:
        fqdn: the edge's own name, as Warning and the mark give it.
        domains: the SIP domains inside.
        inside_next_hop: where everything for the inside goes.
        inside_servers: addresses that may send outward; the next hop's alone when empty.
        listen: for each side and transport, where we listen. Via and Record-Route name these addresses.
        partners: by domain.
        blocked: domains with which nothing is exchanged, exact names.
        answer_blocked: tell a blocked outside peer 403 instead of nothing.
        assertion_header: the header by which edges tell each other that a sender is verified.
        mark_header: the header by which the edge tells the inside.
        mark_own_users: assert outward that our own users are verified (else that they are not).
        benotify: carry BENOTIFY, and say that we know the extension.

    Raises:
        ConfigError: all faults at once, each with the key that `edge.toml` has for it.
    """

    fqdn: str
    domains: frozenset[str]
    inside_next_hop: Hop
    listen: Mapping[tuple[Side, Transport], Hop]
    inside_servers: frozenset[str] = frozenset()
    partners: Mapping[str, Partner] = field(default_factory=dict)
    blocked: frozenset[str] = frozenset()
    answer_blocked: bool = False
    assertion_header: str = "X-Verified-User"
    mark_header: str = _MARK_HEADER
    mark_own_users: bool = True
    benotify: bool = True
    _partner_at: Mapping[str, Partner] = field(init=False, repr=False, compare=False)
    _own_places: frozenset[tuple[str, int]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name, value in _canonical_fields(self).items():
            object.__setattr__(self, name, value)
        problems = [Problem("", key, message) for key, message in _faults(self)]
        if problems:
            raise ConfigError(problems)

    def partner_at(self, address: str) -> Partner | None:
        """The partner whose proxy has this address; there is no TLS, so the address is all that tells."""
        return self._partner_at.get(canonical_host(address))

    def may_send_outward(self, address: str) -> bool:
        """Whether an inside address is one of the servers that speak for our users."""
        return canonical_host(address) in self.inside_servers

    def is_own_place(self, host: str, port: int | None) -> bool:
        """Whether a URI's host and port name this edge: one of its addresses, or its name at any port."""
        place = canonical_host(host)
        return place == self.fqdn or (place, port or DEFAULT_PORT) in self._own_places

    def listening(self, side: Side, transport: Transport) -> Hop:
        """Where we listen on that side for that transport; for another one when there is none for it.

        The second case is a message that came in by a transport which is not configured: then the other is the truth.
        """
        hop = self.listen.get((side, transport))
        return hop or next(hop for (listening, _), hop in self.listen.items() if listening is side)

    def known_peer(self, side: Side, address: str) -> bool:
        """Whether anything may be sent to this address on this side."""
        return self.may_send_outward(address) if side is Side.INSIDE else self.partner_at(address) is not None


def _canonical_fields(tables: Tables) -> dict[str, object]:
    servers = tables.inside_servers or {tables.inside_next_hop.host}
    return {
        "fqdn": domain_name(tables.fqdn),
        "domains": frozenset(map(domain_name, tables.domains)),
        "blocked": frozenset(map(domain_name, tables.blocked)),
        "inside_servers": frozenset(map(canonical_host, servers)),
        "listen": MappingProxyType(dict(tables.listen)),
        "partners": MappingProxyType({domain_name(domain): row for domain, row in tables.partners.items()}),
        "_partner_at": MappingProxyType({row.proxy.host: row for row in tables.partners.values()}),
        "_own_places": frozenset((hop.host, hop.port) for hop in tables.listen.values()),
    }


# -- what can be wrong: each check yields (key in edge.toml, what is wrong)

_Fault = tuple[str, str]


def _faults(tables: Tables) -> Iterator[_Fault]:
    yield from _name_faults(tables)
    yield from _overlap_faults(tables)
    yield from _listen_faults(tables)
    yield from _inside_faults(tables)
    yield from _partner_faults(tables)
    yield from _header_faults(tables)


def _name_faults(tables: Tables) -> Iterator[_Fault]:
    if not tables.domains:
        yield "edge.domains", "at least one SIP domain of ours is needed"
    keyed = [("edge.fqdn", tables.fqdn)]
    keyed += [("edge.domains", domain) for domain in sorted(tables.domains)]
    keyed += [("blocked.domains", domain) for domain in sorted(tables.blocked)]
    keyed += [(f"partner[{i}].domain", row.domain) for i, row in enumerate(tables.partners.values())]
    for key, name in keyed:
        if len(name) > _LONGEST_DOMAIN or not _DOMAIN.fullmatch(name):
            yield key, f"{name!r} is not a domain name"


def _overlap_faults(tables: Tables) -> Iterator[_Fault]:
    for domain in sorted(tables.domains & tables.blocked):
        yield "blocked.domains", f"{domain} is our own domain"
    for index, (key, row) in enumerate(tables.partners.items()):
        where = f"partner[{index}].domain"
        if key != row.domain:
            yield where, f"the row for {key} is about {row.domain}"
        if row.domain in tables.domains:
            yield where, f"{row.domain} is our own domain"
        if row.domain in tables.blocked:
            yield where, f"{row.domain} is blocked too; blocked and federated exclude each other"


def _listen_faults(tables: Tables) -> Iterator[_Fault]:
    for (side, transport), hop in tables.listen.items():
        yield from _hop_faults(f"{side}.listen", hop, lowest_port=0)  # 0 until the system has chosen
        if hop.transport is not transport:
            yield f"{side}.listen", f"the entry for {transport} says {hop.transport}"
    for side in Side:
        if not any(listening is side for listening, _ in tables.listen):
            yield f"{side}.listen", "at least one address to listen on is needed"
    inside, outside = ({(h.host, h.port) for (s, _), h in tables.listen.items() if s is side} for side in Side)
    for host, port in sorted(place for place in inside & outside if place[1]):
        yield "outside.listen", f"{host} port {port} is an inside address too; a Via or Route must tell the sides apart"


def _hop_faults(key: str, hop: Hop, lowest_port: int = 1) -> Iterator[_Fault]:
    try:
        address = ipaddress.ip_address(hop.host)
    except ValueError:
        yield f"{key}.address", f"{hop.host!r} is not an IP address; names are not resolved"
    else:
        if address.is_unspecified or address.is_multicast:
            yield f"{key}.address", f"{hop.host} is not the address of one place"
    if not lowest_port <= hop.port <= 65535:
        yield f"{key}.port", f"{hop.port} is not a port, {lowest_port} to 65535"


def _inside_faults(tables: Tables) -> Iterator[_Fault]:
    yield from _reach_faults(tables, "inside.next_hop", Side.INSIDE, tables.inside_next_hop)
    for server in sorted(tables.inside_servers):
        try:
            ipaddress.ip_address(server)
        except ValueError:
            yield "inside.servers", f"{server!r} is not an IP address"


def _reach_faults(tables: Tables, key: str, side: Side, hop: Hop) -> Iterator[_Fault]:
    yield from _hop_faults(key, hop)
    if (side, hop.transport) not in tables.listen:
        yield f"{key}.transport", f"there is no {hop.transport} address on the {side} that answers could come back to"
    if (hop.host, hop.port) in tables._own_places:
        yield f"{key}.address", f"{hop.authority} is this edge itself"


def _partner_faults(tables: Tables) -> Iterator[_Fault]:
    seen: dict[str, str] = {}
    for index, row in enumerate(tables.partners.values()):
        key = f"partner[{index}].proxy"
        yield from _reach_faults(tables, key, Side.OUTSIDE, row.proxy)
        other = seen.setdefault(row.proxy.host, row.domain)
        if other != row.domain:
            yield f"{key}.address", f"{row.proxy.host} is {other}'s too; the address is what tells partners apart"


def _header_faults(tables: Tables) -> Iterator[_Fault]:
    names = {"assertion_header": tables.assertion_header, "mark_header": tables.mark_header}
    taken = {name.lower() for name in HEADERS} - {_MARK_HEADER}
    for key, name in names.items():
        if not _TOKEN.fullmatch(name):
            yield f"verification.{key}", f"{name!r} is not a header name"
        elif name.lower() in taken or len(name) == 1:
            yield f"verification.{key}", f"{name} has a meaning of its own"
    if tables.assertion_header.lower() == tables.mark_header.lower():
        yield "verification.assertion_header", "assertion and mark must be two headers"
