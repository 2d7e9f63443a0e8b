"""What an SRV record may say: the rules against records that point where they should not (F059 to F061, F086).

Whoever writes a domain's record chooses where our messages to it go, and who may speak for it. So a record counts only
where its target belongs to the domain, which the target's certificate then has to prove, or is a provider whom the
operator knows.
"""

from __future__ import annotations

from sipcore.edge import refusals
from sipcore.edge.facts import Found, SrvFact
from sipcore.edge.flow import NeedSrv
from sipcore.edge.steps import Case, Closed, Stop
from sipcore.edge.tables import DomainType, FederatedDomain, Provider, is_address, name_fault

__all__ = ["below_domain", "fact_of", "is_askable", "may_be_target", "provider_named", "serves", "typed_target"]


def is_askable(domain: str) -> bool:
    """Whether a domain can have a record at all: addresses and names that are none are never asked for."""
    return not is_address(domain.strip("[]")) and not name_fault(domain)


def fact_of(domain: str, case: Case) -> SrvFact | Stop:
    """The records of a domain; a refusal where the look-up failed, for nobody knows what it would have said."""
    if not is_askable(domain):
        return SrvFact(domain)
    fact = case.facts.get(domain)
    if fact is None:
        return NeedSrv(domain)
    if fact.found is Found.FAILED:
        return Closed(refusals.NO_SRV, str(fact))
    return fact


def provider_named(fact: SrvFact, case: Case) -> Provider | None:
    """The enabled provider that the records name: all of them one, or nobody knows who would get the message."""
    providers = {case.tables.provider_at(host) for host in fact.hosts}
    return providers.pop() if len(providers) == 1 else None


def may_be_target(host: str, domain: str, case: Case, row: FederatedDomain | None = None) -> bool:
    """Whether the record of a domain may name that host: it is exactly one label below (F061).

    Of a federated domain the type decides: any host of AOL's serves AOL's domains (F209).
    """
    if row is None or row.type is DomainType.OCS:
        return host.partition(".")[2] == domain
    return host.endswith((f".{domain}", f".{case.tables.federated.default_routing_domain}"))


def below_domain(fact: SrvFact, case: Case) -> bool:
    """Whether every target is one label below its domain, and not this edge itself."""
    return _names_only(fact, case, None)


def typed_target(fact: SrvFact, row: FederatedDomain, case: Case) -> bool:
    """The same for a federated domain, by its type."""
    return _names_only(fact, case, row)


def _names_only(fact: SrvFact, case: Case, row: FederatedDomain | None) -> bool:
    good = (may_be_target(host, fact.domain, case, row) and not _is_us(host, case) for host in fact.hosts)
    return bool(fact.hosts) and all(good)


def serves(fact: SrvFact, names: tuple[str, ...]) -> bool:
    """Whether a certificate with these names belongs to one of the targets: the record and the certificate agree."""
    return not set(fact.hosts).isdisjoint(names)


def _is_us(host: str, case: Case) -> bool:
    return case.tables.own.is_own_place(host, None)
