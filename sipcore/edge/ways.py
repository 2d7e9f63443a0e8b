"""The ways to a domain outside, in the order in which the tables are asked.

direct partner, federated domain by its chain, static route, provider, discovered peer, default route; the first that
knows the domain takes it. Records of DNS that are not known yet are asked for; one that is proven to be missing or
breaks the rules is no way.

Source: docs/protocol.md "Who is federated with" (F064, F086, F107, F200, F209, F210).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sipcore.edge import refusals
from sipcore.edge.chains import Line
from sipcore.edge.content import Neighbour
from sipcore.edge.discovery import below_domain, fact_of, is_askable, provider_named, typed_target
from sipcore.edge.facts import Found, SrvFact
from sipcore.edge.flow import Candidate, NeedSrv, Srv, Static
from sipcore.edge.identity import called, where
from sipcore.edge.steps import Case, Closed, Stop, place
from sipcore.edge.tables import DomainType, FederatedDomain, Lookup, Provider, Side, StaticRoute, Transport, served_as

__all__ = ["Way", "ways_to"]


class Way(NamedTuple):
    """Where a domain is.

    Attributes:
        domain: the domain, in the name by which the tables know it.
        candidates: where it may be, best first; never empty.
        line: which table says so, for the chain.
        public: it takes the sender's right for public IM.
        row: which row says so.
    """

    domain: str
    candidates: tuple[Candidate, ...]
    line: Line
    row: Neighbour
    public: bool = False


def ways_to(domain: str, case: Case) -> Way | Stop:
    """How to get to a domain that is not ours."""
    domain, tables = served_as(domain), case.tables
    if (partner := tables.direct_partner(domain)) is not None:
        return Way(domain, (Static(partner.proxy),), lambda: f"{domain} is direct partner {called(partner)}", partner)
    if (federated := tables.federated.find(domain)) is not None:
        return _along_chain(federated, case)
    if (route := tables.static_routes.find(domain)) is not None:
        return Way(domain, (Static(route.next_hop),), lambda: _routed(domain, route), route)
    if (provider := tables.provider_of(domain)) is not None:
        return _to_provider(domain, provider, lambda: f"{domain} is listed for provider {called(provider)}", known=True)
    return _by_record(domain, case)


def _routed(domain: str, route: StaticRoute) -> str:
    return f"{domain} has a static route, for {route.pattern} {where(route)}"


def _to_provider(domain: str, provider: Provider, line: Line, *, known: bool) -> Way:
    candidate = Static(provider.proxy) if known else Srv(domain, provider.proxy)
    return Way(domain, (candidate,), line, provider, provider.public)


# -- chains


def _along_chain(row: FederatedDomain, case: Case) -> Way | Stop:
    """Everything that the chain has, in its order; a record that is not known yet stays in it (F209, F210)."""
    steps = list(_steps(row, case))
    candidates = tuple(candidate for candidate, _ in steps if candidate is not None)
    tried = ", ".join(line for _, line in steps)
    kind = ", of type aol" if row.type is DomainType.AOL else ""
    line = f"{row.domain} is federated{kind} {place('[[federated_domain]]', row.line)}: {tried}"
    if candidates:
        return Way(row.domain, candidates, line, row)
    return Closed(_failure(row, case), line)


def _steps(row: FederatedDomain, case: Case) -> Iterator[tuple[Candidate | None, str]]:
    for lookup, domain in case.tables.federated.chain(row):
        if lookup is Lookup.STATIC_ROUTE:
            route = case.tables.static_routes.find(domain)
            if route is None:
                yield None, f"{domain} has no static route"
            else:
                yield Static(route.next_hop), _routed(domain, route)
        else:
            yield _srv_step(domain, row, case)


def _srv_step(domain: str, row: FederatedDomain, case: Case) -> tuple[Candidate | None, str]:
    if (Side.OUTSIDE, Transport.TLS) not in case.tables.own.listen:
        return None, f"SRV of {domain}: not asked, for there is no TLS address outside"
    fact = case.facts.get(domain)
    if fact is None:
        return Srv(domain), f"SRV of {domain}: not known yet"
    if not fact.targets:
        return None, str(fact)
    fits = typed_target(fact, row, case)
    return (Srv(domain), str(fact)) if fits else (None, f"{fact}, which is not a host of the domain")


def _failure(row: FederatedDomain, case: Case) -> refusals.Row:
    """A record that breaks the rules is another failure than one that is not there."""
    chain = case.tables.federated.chain(row)
    facts = [case.facts.get(domain) for lookup, domain in chain if lookup is Lookup.SRV]
    return refusals.SRV_CONFLICT if any(fact is not None and fact.targets for fact in facts) else refusals.NO_SRV


# -- records


def _by_record(domain: str, case: Case) -> Way | Stop:
    admitted = case.tables.discovered.admits(domain)
    fact: SrvFact | None = None
    if is_askable(domain) and (admitted or case.tables.has_providers):
        found = fact_of(domain, case)
        if isinstance(found, Closed | NeedSrv):
            return found
        provider = provider_named(found, case)
        if provider is not None:
            line = f"{found}, the proxy of provider {called(provider)}"
            return _to_provider(domain, provider, line, known=False)
        if admitted and found.found is Found.RECORDS:
            return _discovered(found, case)
        fact = found
    return _by_default(domain, fact, case)


def _discovered(fact: SrvFact, case: Case) -> Way | Closed:
    domain, discovered = fact.domain, case.tables.discovered
    rule = place("[discovered]", discovered.domains.line(domain)) if domain in discovered.domains else "(any_domain)"
    line = f"{domain} is discovered {rule}: {fact}"
    if below_domain(fact, case):
        return Way(domain, (Srv(domain),), line, discovered)
    return Closed(refusals.SRV_CONFLICT, f"{line}, which is not one label below the domain")


def _by_default(domain: str, fact: SrvFact | None, case: Case) -> Way | Closed:
    default = case.tables.default_route
    if default is not None:
        return Way(
            domain,
            (Static(default.proxy),),
            lambda: f"no other table knows {domain}, so it takes the default route {called(default)}",
            default,
        )
    if fact is None:
        return Closed(refusals.UNREACHABLE, f"no table leads to {domain}")
    if domain in case.tables.discovered.domains and case.tables.discovered.enabled:
        return Closed(refusals.NO_SRV, f"{domain} is to be discovered, but: {fact}")
    return Closed(refusals.UNREACHABLE, f"no table leads to {domain}; {fact}")
