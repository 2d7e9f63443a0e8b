"""Federated domains with a type: how a domain is reached and, by being listed, that it may reach us (F190, F191).

The type AOL has chains of its own (F208 to F210). With the default routing domain ``aol.com``:

    a hosted domain    its static route, its SRV, the static route of aol.com, the SRV of aol.com
    aol.com itself     its static route, its SRV

The type OCS needs none: a static route if there is one, else SRV.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from sipcore.edge.tables.content import RowContent
from sipcore.edge.tables.names import Fault, domain_name, name_fault

__all__ = ["ALIASES", "DomainType", "FederatedDomain", "FederatedDomains", "Lookup", "Step", "served_as"]

#: A user of the first may be addressed at the second (F194). It leads one way: what is said of ``aol.com`` holds for
#: ``aim.com``, and nothing is ever looked up for ``aim.com`` itself.
ALIASES: Mapping[str, str] = MappingProxyType({"aim.com": "aol.com"})


def served_as(domain: str) -> str:
    """The domain that all tables know a domain by: itself, unless it is an alias."""
    return ALIASES.get(domain, domain)


class DomainType(StrEnum):
    """Whose systems serve a domain."""

    OCS = "ocs"
    AOL = "aol"


class Lookup(StrEnum):
    """Where a next hop is looked for."""

    STATIC_ROUTE = "static route"
    SRV = "SRV"


#: One step of a chain: where to look, and for which domain.
Step = tuple[Lookup, str]


@dataclass(frozen=True, slots=True)
class FederatedDomain:
    """One domain.

    Attributes:
        domain: its name.
        type: OCS for OCS and Lync.
        description: what users are shown.
        line: where the row stands in the file; 0 where there is none.
        content: whether its messages are filtered, and what may be exchanged.
    """

    domain: str
    type: DomainType = DomainType.OCS
    description: str = ""
    line: int = field(default=0, compare=False)
    content: RowContent = field(default_factory=RowContent)

    def __post_init__(self) -> None:
        object.__setattr__(self, "domain", domain_name(self.domain))


@dataclass(frozen=True, slots=True)
class FederatedDomains:
    """All federated domains.

    Attributes:
        rows: by domain.
        default_routing_domain: where AOL's hosted domains are when nothing else tells (F208).
    """

    rows: Mapping[str, FederatedDomain] = field(default_factory=dict)
    default_routing_domain: str = "aol.com"

    def __post_init__(self) -> None:
        rows = {domain_name(domain): row for domain, row in self.rows.items()}
        object.__setattr__(self, "rows", MappingProxyType(rows))
        object.__setattr__(self, "default_routing_domain", domain_name(self.default_routing_domain))

    def find(self, domain: str) -> FederatedDomain | None:
        """The row that a domain is federated by. That it exists is the permission, in both directions."""
        if domain not in ALIASES:
            return self.rows.get(domain)
        row = self.rows.get(served_as(domain))
        return row if row is not None and row.type is DomainType.AOL else None

    def chain(self, row: FederatedDomain) -> tuple[Step, ...]:
        """Where to look for the next hop of a federated domain, in this order."""
        steps = ((Lookup.STATIC_ROUTE, row.domain), (Lookup.SRV, row.domain))
        if row.type is not DomainType.AOL or row.domain == self.default_routing_domain:
            return steps
        default = self.default_routing_domain
        return (*steps, (Lookup.STATIC_ROUTE, default), (Lookup.SRV, default))

    def faults(self) -> Iterator[Fault]:
        """What is wrong with the rows by themselves."""
        for index, (key, row) in enumerate(self.rows.items()):
            where = f"federated_domain[{index}].domain"
            if fault := name_fault(row.domain):
                yield where, f"{row.domain!r} is not a domain name: {fault}"
            if key != row.domain:
                yield where, f"the row for {key} is about {row.domain}"
            if alias := ALIASES.get(row.domain):
                yield where, f"{row.domain} stands for {alias}; list {alias} in its place"
        if fault := name_fault(self.default_routing_domain):
            yield "federation.default_routing_domain", f"{self.default_routing_domain!r} is no domain name: {fault}"
