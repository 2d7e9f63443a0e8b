"""Our own side: who the edge is, which domains are inside, where it listens and where the inside is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from sipcore.edge.tables.hops import DEFAULT_PORT, TLS_PORT, Hop, Side, Transport, hop_faults
from sipcore.edge.tables.names import (
    Domains,
    Fault,
    canonical_host,
    domain_name,
    host_fault,
    is_address,
    name_fault,
    name_faults,
)
from sipcore.edge.tables.subjects import Subject, subject_faults

__all__ = ["OwnSide"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSide:
    """The edge itself, and the servers behind it.

    Attributes:
        fqdn: the edge's own name; outside it is what partners see.
        inside_fqdn: its name toward the inside, where both sides share a name space (F081); ``fqdn`` unless given.
        federation_fqdn: the name that SRV records for our domains point to, where it is not the edge's own: that of an
            array, or the federation routing name that all nodes share (F203). Empty for ``fqdn``.
        domains: the SIP domains inside; they need have nothing in common (F008).
        next_hop: where everything for the inside goes: a server, a pool's name or a director (F072).
        servers: addresses or names of those that may send outward; the next hop's alone when empty (F146).
        subjects: certificate names of inside servers, where they are others than these.
        match_cn: believe inside certificates by their common name too.
        listen: for each side and transport, where we listen. Via and Record-Route name these addresses.
        further: where else, by the same keys: another address family, another port. Via and Record-Route name the first
            of the peer's family, so that an answer can come back; to a peer that is known by name they name ``listen``.
    """

    fqdn: str
    domains: Domains
    next_hop: Hop
    listen: Mapping[tuple[Side, Transport], Hop]
    inside_fqdn: str = ""
    federation_fqdn: str = ""
    servers: frozenset[str] = frozenset()
    subjects: tuple[Subject, ...] = ()
    match_cn: bool = False
    further: Mapping[tuple[Side, Transport], tuple[Hop, ...]] = field(default_factory=dict)
    _places: frozenset[tuple[str, int]] = field(init=False, repr=False, compare=False)
    _names: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        names = [domain_name(name) for name in (self.fqdn, self.inside_fqdn or self.fqdn, self.federation_fqdn)]
        canonical: dict[str, object] = dict(zip(("fqdn", "inside_fqdn", "federation_fqdn"), names, strict=True))
        canonical["domains"] = Domains(self.domains)
        canonical["servers"] = frozenset(map(canonical_host, self.servers or {self.next_hop.host}))
        canonical["listen"] = MappingProxyType(dict(self.listen))
        canonical["further"] = MappingProxyType(dict(self.further))
        canonical["_places"] = frozenset((hop.host, hop.port) for _, hop in self.addresses())
        canonical["_names"] = frozenset(filter(None, names))
        for name, value in canonical.items():
            object.__setattr__(self, name, value)

    @property
    def names(self) -> frozenset[str]:
        """What it is called, on either side."""
        return self._names

    @property
    def public_fqdn(self) -> str:
        """The name that partners find us by: what SRV records point to."""
        return self.federation_fqdn or self.fqdn

    def name_on(self, side: Side) -> str:
        """The edge's name as that side knows it."""
        return self.fqdn if side is Side.OUTSIDE else self.inside_fqdn

    def may_send_outward(self, host: str) -> bool:
        """Whether an inside address or name is one of the servers that speak for our users."""
        return canonical_host(host) in self.servers

    def may_speak(self, name: str, *, common_name: bool = False) -> bool:
        """Whether an inside certificate of this name is one of our servers'.

        Args:
            name: a name in it.
            common_name: it is the subject's common name, which has to be asked for.
        """
        name = domain_name(name)
        subjects = self.subjects or tuple(map(Subject, self.servers))
        return any(each.name == name and (not common_name or each.match_cn or self.match_cn) for each in subjects)

    def is_own_place(self, host: str, port: int | None) -> bool:
        """Whether a URI's host and port name this edge: one of its addresses, or one of its names at any port."""
        place = canonical_host(host)
        if place in self._names:
            return True
        if port:
            return (place, port) in self._places
        return (place, DEFAULT_PORT) in self._places or (place, TLS_PORT) in self._places

    def addresses(self) -> Iterator[tuple[Side, Hop]]:
        """Every address that we listen on, first those that peers without an address of their own are told."""
        yield from ((side, hop) for (side, _), hop in self.listen.items())
        yield from ((side, hop) for (side, _), hops in self.further.items() for hop in hops)

    def listening(self, side: Side, transport: Transport, toward: str = "") -> Hop:
        """Where we listen on that side for that transport; for another one when there is none for it.

        The second case is a message that came in by a transport which is not configured: then the other is the truth.

        Args:
            toward: a peer; one at an address is told what is of the same family, where we have one of it. One with a
                name is told the first, for its addresses are not known yet, and is then sent to over that family.
        """
        hop = self.listen.get((side, transport))
        if hop is None:
            return next(hop for (listening, _), hop in self.listen.items() if listening is side)
        if (others := self.further.get((side, transport))) and is_address(toward):
            return next((each for each in (hop, *others) if each.is_ipv6 == (":" in toward)), hop)
        return hop

    def listens(self, side: Side, place: Hop) -> bool:
        """Whether an address is one that we listen on, on that side."""
        key = side, place.transport
        return self.listen.get(key) == place or place in self.further.get(key, ())

    def faults(self) -> Iterator[Fault]:
        """What is wrong with our own side by itself."""
        yield from self._name_faults()
        yield from self._listen_faults()
        yield from self._inside_faults()

    def reach_faults(self, key: str, side: Side, hop: Hop) -> Iterator[Fault]:
        """What keeps us from sending to a hop on that side."""
        yield from hop_faults(key, hop)
        if (side, hop.transport) not in self.listen:
            where = f"there is no {hop.transport} address on the {side} that answers could come back to"
            yield f"{key}.transport", f"{where}; add one to {side}.listen"
        elif is_address(hop.host) and self.listening(side, hop.transport, hop.host).is_ipv6 != hop.is_ipv6:
            family = "IPv6" if hop.is_ipv6 else "IPv4"
            where = f"there is no {family} address for {hop.transport} on the {side} that answers could come back to"
            yield f"{key}.address", f"{where}; add one to {side}.listen"
        if self.is_own_place(hop.host, hop.port):
            yield f"{key}.address", f"{hop.authority} is this edge itself"

    def _name_faults(self) -> Iterator[Fault]:
        if not self.domains:
            yield "edge.domains", "at least one SIP domain of ours is needed"
        yield from name_faults("edge.domains", self.domains)
        named = {"fqdn": self.fqdn}
        if self.inside_fqdn != self.fqdn:
            named["inside_fqdn"] = self.inside_fqdn
        if self.federation_fqdn:
            named["federation_fqdn"] = self.federation_fqdn
        for key, name in named.items():
            if fault := name_fault(name):
                yield f"edge.{key}", f"{name!r} is not a domain name: {fault}"
        yield from self._federation_name_faults()

    def _federation_name_faults(self) -> Iterator[Fault]:
        if not self.federation_fqdn:
            return
        if self.federation_fqdn in {self.fqdn, self.inside_fqdn}:
            what = "is this edge's own name; the federation name is one that all its fellows share"
            yield "edge.federation_fqdn", f"{self.federation_fqdn} {what}; remove the key, or give that name"
        elif not any(self.federation_fqdn.endswith(f".{domain}") for domain in self.domains):
            what = "is below none of edge.domains, so no partner would accept an SRV record that points to it"
            yield "edge.federation_fqdn", f"{self.federation_fqdn} {what}; change it with the domain"

    def _listen_faults(self) -> Iterator[Fault]:
        for side, hop in self.addresses():
            yield from hop_faults(f"{side}.listen", hop, lowest_port=0)  # 0 until the system has chosen
            if not is_address(hop.host):
                yield f"{side}.listen.address", f"{hop.host!r} is a name; what is listened on is an IP address"
        yield from self._entry_faults()
        for side in Side:
            if not any(listening is side for listening, _ in self.listen):
                yield f"{side}.listen", "at least one address to listen on is needed"
        inside, outside = ({(hop.host, hop.port) for at, hop in self.addresses() if at is side} for side in Side)
        for host, port in sorted(place for place in inside & outside if place[1]):
            shared = f"{host} port {port} is an inside address too"
            yield "outside.listen", f"{shared}; a Via or Route must tell the sides apart"

    def _entry_faults(self) -> Iterator[Fault]:
        for side, transport in self.further.keys() - self.listen.keys():
            yield f"{side}.listen", f"there are further addresses for {transport}, and no first one"
        entries = {key: (hop, *self.further.get(key, ())) for key, hop in self.listen.items()}
        for (side, transport), hops in entries.items():
            for hop in hops:
                if hop.transport is not transport:
                    yield f"{side}.listen", f"the entry for {transport} says {hop.transport}"
            for hop in {hop for hop in hops if hop.port and hops.count(hop) > 1}:
                yield f"{side}.listen", f"{hop} is there twice"

    def _inside_faults(self) -> Iterator[Fault]:
        yield from self.reach_faults("inside.next_hop", Side.INSIDE, self.next_hop)
        yield from subject_faults("inside.subjects", self.subjects)
        secure, good = self.next_hop.transport is Transport.TLS, not any(map(host_fault, self.servers))
        if good and not secure and not any(map(is_address, self.servers)):
            where = "without TLS our servers are known by their addresses alone"
            yield "inside.servers", f"{where}; expected those behind {', '.join(sorted(self.servers))}"
        for server in sorted(self.servers - {self.next_hop.host}):
            if fault := host_fault(server):
                yield "inside.servers", f"{server!r} is no server: {fault}"
